/* base: the room that every other room uses. Needs only libc, zlib and the compiler's OpenMP.
 *
 * Conventions of the whole library:
 * - A function that can fail returns clile_status and, on failure, has called clile_i_fail()
 *   exactly once: the innermost failure writes the text and callers pass the status on.
 * - Memory comes from clile_i_alloc_untouched()/clile_i_calloc() and goes back through
 *   clile_i_free().
 * - A function that owns something has one `cleanup:` label; pointers start NULL. */
#ifndef CLILE_I_BASE_H
#define CLILE_I_BASE_H

#include <clile/options.h>
#include <clile/status.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Argument `format` is a printf format; its values begin with argument `first` (0: a va_list). */
#if defined(__GNUC__)
#define CLILE_I_PRINTF(format_, first) __attribute__((format(printf, format_, first)))
#else
#define CLILE_I_PRINTF(format_, first)
#endif

/* ---- errors (error.c) ------------------------------------------------------------------------ */

/* Writes the calling thread's error text (cut to 1023 characters) and returns `status`. */
CLILE_I_PRINTF(2, 3)
clile_status clile_i_fail(clile_status status, const char *format, ...);

/* Prepends "context: " to the current error text and returns `status`. */
CLILE_I_PRINTF(2, 3)
clile_status clile_i_fail_context(clile_status status, const char *format, ...);

/* CLILE_E_IO; appends ": " and the system's text for `error` (an errno value) to the message. */
CLILE_I_PRINTF(2, 3)
clile_status clile_i_fail_system(int error, const char *format, ...);

/* If the expression fails, goto cleanup. For functions with `clile_status status` and
 * `cleanup:`. */
#define CLILE_I_TRY(expression)                                                                    \
    do {                                                                                           \
        status = (expression);                                                                     \
        if (status != CLILE_OK) goto cleanup;                                                      \
    } while (0)

/* The same where there is nothing to clean up. */
#define CLILE_I_RETURN_IF(expression)                                                              \
    do {                                                                                           \
        const clile_status status_ = (expression);                                                 \
        if (status_ != CLILE_OK) return status_;                                                   \
    } while (0)

/* Checks a public function's argument; the text names function and argument. */
#define CLILE_I_CHECK_NOT_NULL(argument)                                                           \
    do {                                                                                           \
        if ((argument) == NULL)                                                                    \
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %s is NULL", __func__, #argument);  \
    } while (0)

/* ---- memory (memory.c) ----------------------------------------------------------------------- */

/* Zeroed, 64-byte aligned block of count * size bytes; count 0 gives a valid pointer. NULL, with
 * the error text written, if the product overflows, count is negative or memory runs out. */
void *clile_i_calloc(int64_t count, size_t size);
void *clile_i_alloc_untouched(int64_t bytes); /* not zeroed */
void clile_i_free(void *pointer);             /* NULL does nothing */
char *clile_i_strdup(const char *text);
/* Room for `needed` (1 or more) elements in a block of *capacity of them: the block, or where it
 * was moved to; new bytes are 0. NULL: out of memory, and the block is unchanged. */
void *clile_i_grow(void *block, int64_t *capacity, int64_t needed, size_t element);
/* For an array; returns OUT_OF_MEMORY from the function it is in. */
#define CLILE_I_GROW(array, capacity, needed)                                                      \
    do {                                                                                           \
        void *clile_i_grown = clile_i_grow(array, capacity, needed, sizeof *(array));              \
        if (clile_i_grown == NULL) return CLILE_E_OUT_OF_MEMORY;                                   \
        (array) = clile_i_grown;                                                                   \
    } while (0)

/* Allocates `count` zeroed elements into `pointer`, or goto cleanup. */
#define CLILE_I_ALLOC(pointer, count)                                                              \
    do {                                                                                           \
        (pointer) = clile_i_calloc((int64_t)(count), sizeof *(pointer));                           \
        if ((pointer) == NULL) {                                                                   \
            status = CLILE_E_OUT_OF_MEMORY;                                                        \
            goto cleanup;                                                                          \
        }                                                                                          \
    } while (0)

/* Tests only: the k-th allocation (1 = the next) of this thread fails; 0 turns it off. */
void clile_i_alloc_fail_at(int64_t k);

/* Reference count of a handle. Starts at 1; release returns what is left. Any thread. */
typedef struct {
    int32_t value;
} clile_i_refs;
void clile_i_refs_init(clile_i_refs *refs);
void clile_i_refs_retain(clile_i_refs *refs);
int32_t clile_i_refs_release(clile_i_refs *refs);

/* ---- structures that carry their size (struct.c; the rule: docs/abi.md) ---------------------- */

/* Size in bytes of a structure in the first release, when `last` was its last field. */
#define CLILE_I_STRUCT_LEAST(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))
/* Checks struct_size, a structure's first field. INVALID_ARGUMENT with the numbers if it is below
 * `least` or above 4096. `what` begins the text. */
clile_status clile_i_struct_check(const char *what, const void *theirs, size_t least);
/* Copies a caller's structure into ours [size]. Fields that the caller's lacks become 0; bytes
 * beyond ours are not read. Check struct_size first. */
void clile_i_struct_get(void *ours, size_t size, const void *theirs);
/* Copies ours [size] into a caller's. Keeps its struct_size, writes no byte beyond that size, and
 * writes 0 beyond ours. Check struct_size first. */
void clile_i_struct_put(void *theirs, const void *ours, size_t size);

/* ---- checked sizes (size.c) ------------------------------------------------------------------ */

/* Product of non-negative sizes; CLILE_E_INVALID_ARGUMENT when one is negative or the product
 * overflows int64. */
clile_status clile_i_size_product(int32_t count, const int64_t *sizes, int64_t *out);

/* ---- text (text.c) --------------------------------------------------------------------------- */

/* Growing text; zero-initialise it. A failed append fails the whole text: check `status` once at
 * the end. Numbers are formatted in the C locale. */
typedef struct {
    char *data; /* NUL-terminated after the first append */
    size_t size, capacity;
    clile_status status;
} clile_i_text;
CLILE_I_PRINTF(2, 3)
void clile_i_text_append(clile_i_text *text, const char *format, ...);
void clile_i_text_append_json(clile_i_text *text,
                              /* quoted and escaped; a byte that is not UTF-8 becomes U+FFFD */
                              const char *value);
/* For Markdown: one line, in which the value's characters are no markup. */
void clile_i_text_append_markdown(clile_i_text *text, const char *value);
/* For one line of text: control characters and bytes that are not UTF-8 become U+FFFD. */
void clile_i_text_append_utf8(clile_i_text *text, const char *value);
void clile_i_text_append_bytes(clile_i_text *text, const char *data, size_t size);
void clile_i_text_free(clile_i_text *text);

/* Names from data, escaped (escape.c). CSV: quoted as in RFC 4180 when needed; a text that a
 * spreadsheet would take for a formula (it begins with = + - @, a tab or CR, and is not a number)
 * gets an apostrophe in front, and so does one that looks like that already. */
void clile_i_text_append_csv(clile_i_text *text, const char *value);
/* Text or a quoted attribute of HTML or SVG; Markdown; LaTeX. On one line: line breaks become
 * blanks, other control characters and bytes that are not UTF-8 become U+FFFD. */
void clile_i_text_append_html(clile_i_text *text, const char *value);
void clile_i_text_append_md(clile_i_text *text, const char *value);
void clile_i_text_append_tex(clile_i_text *text, const char *value);
/* Where the name in a CSV field (unquoted) begins: after the apostrophe of append_csv, if any. */
const char *clile_i_csv_name(const char *begin, const char *end);

/* Bytes of the valid UTF-8 character at `begin` (1..4), 0 if there is none. */
int clile_i_utf8_length(const char *begin, const char *end);

/* Natural order: runs of digits compare as numbers, ties bytewise. */
int clile_i_natural_compare(const char *left, const char *right);

/* Parses exactly the bytes [begin, end), in any locale. 0 if anything is left over or out of range;
 * nan and inf are refused. */
int clile_i_parse_f64(const char *begin, const char *end, double *out);
int clile_i_parse_i64(const char *begin, const char *end, int64_t *out);

/* Looks at the bits of the number, because -ffast-math removes isfinite. */
static inline int clile_i_is_finite(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits >> 52 & 0x7FF) != 0x7FF;
}

static inline int clile_i_is_nan(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & INT64_MAX) > (uint64_t)0x7FF << 52;
}

/* 0 for NaN. */
static inline int clile_i_is_within(double value, double least, double most)
{
    return clile_i_is_finite(value) && value >= least && value <= most;
}

/* Index of the first value that is not finite, or -1. */
int64_t clile_i_find_not_finite(int64_t count, const float *values);

/* Little-endian numbers of 1 to 8 bytes, on any machine. */
static inline uint64_t clile_i_load_le(const uint8_t *from, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value |= (uint64_t)from[i] << 8 * i;
    return value;
}

static inline void clile_i_store_le(uint64_t value, size_t bytes, uint8_t *to)
{
    for (size_t i = 0; i < bytes; ++i) to[i] = (uint8_t)(value >> 8 * i);
}

/* ---- random numbers (rng.c): Philox4x32-10, Salmon et al., SC 2011 --------------------------- */

/* Counter-based: the state is these three numbers, and (seed, stream) alone fixes the sequence. */
typedef struct {
    uint64_t seed, stream, counter;
} clile_i_rng;
clile_i_rng clile_i_rng_make(uint64_t seed, uint64_t stream);
uint32_t clile_i_rng_u32(clile_i_rng *rng);
/* Solves (L L^T) x = b for all d right-hand sides [c,d], in place, first turning gram [c,c], which
 * must be positive definite, into L. */
void clile_i_cholesky_solve(int64_t c, int64_t d, double *gram, double *rhs);

double clile_i_rng_uniform(clile_i_rng *rng); /* [0, 1) */
double clile_i_rng_range(clile_i_rng *rng, double low, double high);
double clile_i_rng_normal(clile_i_rng *rng);                /* mean 0, variance 1 */
int64_t clile_i_rng_below(clile_i_rng *rng, int64_t bound); /* 0 .. bound-1, unbiased; bound >= 1 */
/* One block of the raw generator, to compare with the published test vectors. */
void clile_i_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
void clile_i_rng_shuffle(clile_i_rng *rng, int64_t n, int64_t *values); /* Fisher-Yates */

/* ---- threads (threads.c, pool.c) ------------------------------------------------------------- */

/* A call that computes runs between enter and leave. Its loops and oneDNN's regions have
 * `threads` threads, or as many as OpenMP and the system give this thread: `given`. leave
 * restores what the program had set. */
typedef struct {
    int32_t threads, dynamic; /* before enter */
    int32_t given;            /* 1 .. threads asked for */
} clile_i_team;
clile_i_team clile_i_team_enter(int32_t threads);
void clile_i_team_leave(clile_i_team before);

/* Within a call: sets the team size of this thread's loops, 1 .. `given`; returns the
 * previous one. */
int32_t clile_i_threads_set(int32_t threads);
int32_t clile_i_threads_available(void); /* processors this process may use */

/* The team size that threads_set set. */
int32_t clile_i_threads_get(void);

/* Runs body(part, slot, context) for each part in 0 .. parts-1, on up to as many threads as the
 * team has (pool.c). Which thread runs which part is open, so a result must not depend on it.
 * `slot`, below the team size, is of one running body at a time: for scratch memory. Within the
 * body the team has one thread. */
typedef void (*clile_i_part_body)(int64_t part, int32_t slot, void *context);
void clile_i_parallel_parts(int64_t parts, clile_i_part_body body, void *context);
/* Starts the threads of this thread's team, so that its first such loop need not. */
void clile_i_team_start(void);
enum { CLILE_I_MOST_HELPERS = 1023 };

/* Runs body(begin, end, context) over a static partition of [0, n) in this thread's team. The
 * partition depends only on n, grain (least elements in a part) and the team size. */
typedef void (*clile_i_body)(int64_t begin, int64_t end, void *context);
void clile_i_parallel_for(int64_t n, int64_t grain, clile_i_body body, void *context);

/* Called around fork by threads.c. */
void clile_i_pool_before_fork(void);
void clile_i_pool_after_fork(int in_child);

/* No thread of the process forks between hold and allow. Put them around code that could leave a
 * lock taken in the child. May be nested. */
void clile_i_hold_fork(void);
void clile_i_allow_fork(void);

/* ---- a thread besides the team (worker.c) ---------------------------------------------------- */

/* Runs one task at a time; its parallel regions have one thread. Exclusive to the thread that owns
 * it. After fork the child has no such thread. A new task then runs when it is started, and an
 * unfinished task runs again when it is waited for. So a task must be repeatable. */
typedef struct clile_i_worker clile_i_worker;
typedef clile_status (*clile_i_task)(void *context);
/* IO: the system has no thread or lock left */
clile_status clile_i_worker_create(clile_i_worker **out);
/* must be idle */
void clile_i_worker_start(clile_i_worker *worker, clile_i_task task, void *context);
/* Waits until idle. Returns the status of the last task and puts its error text into this
 * thread; OK if there was none. */
clile_status clile_i_worker_wait(clile_i_worker *worker);
void clile_i_worker_destroy(clile_i_worker *worker); /* waits for its task; NULL does nothing */

/* A lock for rare events such as creating a handle; prediction never takes one. */
typedef struct clile_i_mutex clile_i_mutex;
clile_status clile_i_mutex_create(clile_i_mutex **out); /* IO: the system has no lock left */
void clile_i_mutex_destroy(clile_i_mutex *mutex);       /* NULL does nothing */
void clile_i_mutex_lock(clile_i_mutex *mutex);
void clile_i_mutex_unlock(clile_i_mutex *mutex);

/* ---- files (file.c) -------------------------------------------------------------------------- */

/* A whole file, memory-mapped read-only, or read into memory if it cannot be mapped. */
typedef struct {
    const uint8_t *data;
    size_t size;
    void *opaque;
    int borrowed; /* the caller's data: nothing to close */
} clile_i_file;
clile_status clile_i_file_open(const char *path, clile_i_file *out);
void clile_i_file_close(clile_i_file *file);
int clile_i_path_exists(const char *path);
int clile_i_path_is_same(const char *left, const char *right); /* both exist and are one file */
int clile_i_path_is_folder(const char *path);
int clile_i_path_is_file(const char *path); /* a regular file */
/* Names in a folder, sorted bytewise, without . and .. . Free with clile_i_names_free. */
typedef struct {
    char **names;
    int64_t count;
} clile_i_names;
clile_status clile_i_folder_list(const char *path, clile_i_names *out);
void clile_i_names_free(clile_i_names *names);
/* "folder/name"; NULL, with the error text written, if memory runs out. */
char *clile_i_path_join(const char *folder, const char *name);
/* Removes ".", doubled slashes and "x/.." from a name. Only for comparing names: x may be a
 * link, so the result need not open the same file. */
void clile_i_path_plain(char *path);

/* Atomic writer: writes a temporary file next to `path`. commit flushes it to disk and renames it;
 * abort removes it. */
typedef struct clile_i_writer clile_i_writer;
clile_status clile_i_writer_open(const char *path, clile_i_writer **out);
clile_status clile_i_writer_put(clile_i_writer *writer, const void *data, size_t size);
/* Writes at `offset`, before or after the current end (a gap reads as zeros until filled),
 * without moving where put continues. */
clile_status clile_i_writer_put_at(clile_i_writer *writer, int64_t offset, const void *data,
                                   size_t size);
/* For files that can be made again: commit does not wait for the disk, so a power failure may
 * lose the file. */
void clile_i_writer_relax(clile_i_writer *writer);
clile_status clile_i_writer_commit(clile_i_writer **writer); /* frees it, also on failure */
void clile_i_writer_abort(clile_i_writer **writer);          /* *writer may be NULL */

/* Makes the folders that `path`, a file's name, is to be in. (append.c) */
clile_status clile_i_folders_make(const char *path);
/* Adds bytes to the end of a file, all of them or none, and waits for the disk. Makes the file if
 * there is none. (append.c) */
clile_status clile_i_file_append(const char *path, const void *data, size_t size);

/* Lines of a text in memory, ended by CR LF, LF or CR; no copy. Skips a byte order mark; `line`
 * counts from 1. */
typedef struct {
    const char *data;
    size_t size, position;
    int64_t line;
} clile_i_lines;
/* 0 at the end */
int clile_i_lines_next(clile_i_lines *lines, const char **begin, const char **end);
/* Fields of one CSV line; no copy. Drops blanks and quotes around a field; rows.h handles ""
 * within. Returns how many fields the line has (at least 1); at most `most` are stored. */
int64_t clile_i_csv_split(const char *begin, const char *end, int64_t most,
                          const char **field_begin, const char **field_end);

/* zlib's CRC-32 */
uint32_t clile_i_crc32(uint32_t crc, const void *data, size_t size);
/* CRC-32 of A followed by B, from the CRCs of A and of B. */
uint32_t clile_i_crc32_combine(uint32_t crc_a, uint32_t crc_b, int64_t size_b);

/* ---- modules (shared.c) ---------------------------------------------------------------------- */

/* A kind of module: shared objects KIND_NAME.so next to the library. Their table begins with
 * uint32_t struct_size, int32_t interface. */
typedef struct {
    const char *name;  /* "finder" */
    const char *entry; /* the only function */
    int32_t interface;
    const char *advice; /* what to install */
} clile_i_module_kind;
/* Finds KIND_NAME.so. Copies its entry to *entry, a function pointer of `size` bytes, and its path
 * to *path. The caller frees *path, even on failure. UNSUPPORTED: not installed, cannot be loaded,
 * or not a module of this kind. INVALID_ARGUMENT: the name. */
clile_status clile_i_shared_open(const clile_i_module_kind *kind, const char *name, void **library,
                                 void *entry, size_t size, char **path);
/* UNSUPPORTED: no table, or a table of another release. size: of the expected table. */
clile_status clile_i_shared_check(const clile_i_module_kind *kind, const void *table, size_t size,
                                  const char *path);
void clile_i_shared_close(void *library); /* NULL does nothing */

/* ---- installed data (shared.c) ---- */

/* Looks next to the library (a wheel); from there in ../share/clile (an installation, a build) and
 * ../../share/clile (Debian's lib/TRIPLET, libexec/clile); then where this build is configured to
 * be installed. */
enum { CLILE_I_DATA_PLACES = 4 };
/* *path (the caller frees it): `file` in the first of these folders that has it. NULL: none has it,
 * and `tried` lists them, separated by commas. */
clile_status clile_i_data_find(const char *file, char **path, clile_i_text *tried);

/* ---- log (log.c) ----------------------------------------------------------------------------- */

/* The caller's log function, copied from options into what is created with them. All zero: none. */
typedef struct {
    clile_log_fn fn;
    void *user;
} clile_i_log;
clile_i_log clile_i_options_log(const clile_options *options); /* options.c */
/* Call only on the thread of the API call, outside parallel regions and locks. Allocates nothing
 * and keeps the error text. Text beyond 2047 bytes is cut; control characters and bytes that are
 * not UTF-8 become U+FFFD. */
CLILE_I_PRINTF(3, 4)
void clile_i_log_write(clile_i_log log, int32_t level, const char *format, ...);
/* Warns about a team smaller than asked for, once for each size. *told (initially 0) is the last
 * size. */
void clile_i_log_team(clile_i_log log, int32_t asked, clile_i_team team, int32_t *told);

/* ---- options as text (options.c) ------------------------------------------------------------- */

/* Every value in force as "key=value" lines in table order. Reals are %.17g, which reads back to
 * the same bits. */
clile_status clile_i_options_to_text(const clile_options *options, clile_i_text *out);
/* The reverse; every key in the text counts as set. FORMAT: a line that is not key=value, an
 * unknown key, a value out of range. */
clile_status clile_i_options_from_text(const char *text, clile_options **out);

/* INVALID_ARGUMENT if `key` was set in `here` to a value other than the one in force in `there`:
 * "option K is X in WHERE and Y here". */
clile_status clile_i_options_check_same(const clile_options *here, const clile_options *there,
                                        const char *where, const char *key);
/* The options of a resumed run: those of the checkpoint, except what CLILE_I_OPTIONS_RESUME
 * (options_table.h) takes from `here`. INVALID_ARGUMENT as above. */
clile_status clile_i_options_resume(const clile_options *here, const clile_options *checkpoint,
                                    clile_options **out);
/* Appends "key=value key=value": the options that do not have their defaults, but for those of the
 * data and those that say where and how it is computed. */
clile_status clile_i_options_append_changed(const clile_options *options, clile_i_text *out);
/* CRC-32 of the values in force of all options that a checkpoint keeps, continuing `crc`. */
clile_status clile_i_options_crc(const clile_options *options, uint32_t *crc);

#endif
