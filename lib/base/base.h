/* base: what every other room stands on. Uses libc, zlib and the compiler's OpenMP, nothing
 * else.
 *
 * Conventions of the whole library
 *   - a function that can fail returns clile_status and, on failure, has called clile_i_fail()
 *     exactly once (the innermost failure writes the text; callers pass the status on);
 *   - memory comes from clile_i_alloc()/clile_i_calloc() and goes back by clile_i_free();
 *   - one `cleanup:` label per function that owns something; pointers start NULL.
 */
#ifndef CLILE_I_BASE_H
#define CLILE_I_BASE_H

#include <clile/options.h>
#include <clile/status.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- errors (error.c) ------------------------------------------------------------------------ */

/* Writes the calling thread's error text (cut at 1023 characters) and returns `status`. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
clile_status
clile_i_fail(clile_status status, const char *format, ...);

/* Puts "context: " in front of the present error text and returns `status`. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
clile_status
clile_i_fail_context(clile_status status, const char *format, ...);

/* CLILE_E_IO with ": " and the system's text for `error` (an errno value) behind the message. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
clile_status
clile_i_fail_system(int error, const char *format, ...);

/* if (expression fails) goto cleanup, in functions that have `clile_status status` and
 * `cleanup:` */
#define CLILE_I_TRY(expression)                                                                    \
    do {                                                                                           \
        status = (expression);                                                                     \
        if (status != CLILE_OK) goto cleanup;                                                      \
    } while (0)

/* The same where nothing has to be cleaned up. */
#define CLILE_I_RETURN_IF(expression)                                                              \
    do {                                                                                           \
        const clile_status status_ = (expression);                                                 \
        if (status_ != CLILE_OK) return status_;                                                   \
    } while (0)

/* NULL check of a public function's argument: names function and argument. */
#define CLILE_I_CHECK_NOT_NULL(argument)                                                           \
    do {                                                                                           \
        if ((argument) == NULL)                                                                    \
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %s is NULL", __func__, #argument);  \
    } while (0)

/* ---- memory (memory.c) ----------------------------------------------------------------------- */

/* Zeroed, 64-byte aligned block of count * size bytes (count 0 gives a valid pointer). NULL when
 * the product overflows, count is negative or memory is out; the error text is written then. */
void *clile_i_calloc(int64_t count, size_t size);
void *clile_i_alloc_untouched(int64_t bytes); /* the same without the zeros */
void clile_i_free(void *pointer);             /* NULL does nothing */
char *clile_i_strdup(const char *text);
/* Room for `needed` (1 or more) elements in a block of *capacity of them: the block, or where it
 * was moved to; what is new in it is 0. NULL: memory is out, the block is as it was. */
void *clile_i_grow(void *block, int64_t *capacity, int64_t needed, size_t element);
/* For an array; returns OUT_OF_MEMORY from the function it is in. */
#define CLILE_I_GROW(array, capacity, needed)                                                      \
    do {                                                                                           \
        void *clile_i_grown = clile_i_grow(array, capacity, needed, sizeof *(array));              \
        if (clile_i_grown == NULL) return CLILE_E_OUT_OF_MEMORY;                                   \
        (array) = clile_i_grown;                                                                   \
    } while (0)

/* CLILE_I_ALLOC(pointer, count): allocate `count` zeroed elements into `pointer`, or goto
 * cleanup. */
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

/* Reference count for handles: starts at 1; release returns the count that is left. Any thread. */
typedef struct {
    int32_t value;
} clile_i_refs;
void clile_i_refs_init(clile_i_refs *refs);
void clile_i_refs_retain(clile_i_refs *refs);
int32_t clile_i_refs_release(clile_i_refs *refs);

/* ---- checked sizes (size.c) ------------------------------------------------------------------ */

/* Product of non-negative sizes; CLILE_E_INVALID_ARGUMENT when one is negative or the product
 * overflows int64. */
clile_status clile_i_size_product(int32_t count, const int64_t *sizes, int64_t *out);

/* ---- text (text.c) --------------------------------------------------------------------------- */

/* Growing text, all zero at first. A failed append makes the whole text fail: check `status`
 * once at the end. Numbers are formatted in the C locale. */
typedef struct {
    char *data; /* NUL-terminated once anything was appended */
    size_t size, capacity;
    clile_status status;
} clile_i_text;
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void clile_i_text_append(clile_i_text *text, const char *format, ...);
void clile_i_text_append_json(clile_i_text *text,
                              /* with quotes, escaped; a byte that is not UTF-8 becomes U+FFFD */
                              const char *value);
/* For a line of text: a control character and a byte that is not UTF-8 become U+FFFD. */
void clile_i_text_append_utf8(clile_i_text *text, const char *value);
void clile_i_text_free(clile_i_text *text);

/* Bytes of the valid UTF-8 character at `begin` (1..4), 0 when there is none. */
int clile_i_utf8_length(const char *begin, const char *end);

/* Natural order: runs of digits compare as numbers, ties are broken bytewise. */
int clile_i_natural_compare(const char *left, const char *right);

/* Locale-free number parsing of exactly the bytes [begin, end): false when anything is left over
 * or out of range (nan and inf are refused, too). */
int clile_i_parse_f64(const char *begin, const char *end, double *out);
int clile_i_parse_i64(const char *begin, const char *end, int64_t *out);

/* By the bits of the number, which -ffast-math leaves alone. */
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

/* False for NaN, too. */
static inline int clile_i_is_within(double value, double least, double most)
{
    return clile_i_is_finite(value) && value >= least && value <= most;
}

/* Index of the first value that is not finite, or -1. */
int64_t clile_i_find_not_finite(int64_t count, const float *values);

/* Little-endian numbers of 1 to 8 bytes, whatever the machine. */
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
double clile_i_rng_uniform(clile_i_rng *rng); /* [0, 1) */
double clile_i_rng_range(clile_i_rng *rng, double low, double high);
double clile_i_rng_normal(clile_i_rng *rng);                /* mean 0, variance 1 */
int64_t clile_i_rng_below(clile_i_rng *rng, int64_t bound); /* 0 .. bound-1, unbiased; bound >= 1 */
/* One block of the generator itself: what the published test vectors are about. */
void clile_i_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
void clile_i_rng_shuffle(clile_i_rng *rng, int64_t n, int64_t *values); /* Fisher-Yates */

/* ---- threads (threads.c): the same OpenMP team that oneDNN uses ------------------------------ */

/* A call that computes is between enter and leave: its parallel regions (oneDNN's too) have
 * `threads` threads, or as many as OpenMP and the system give this thread here, which `given`
 * says; leave restores what the program had set. */
typedef struct {
    int32_t threads, dynamic; /* of before */
    int32_t given;            /* 1 .. threads asked for */
} clile_i_team;
clile_i_team clile_i_team_enter(int32_t threads);
void clile_i_team_leave(clile_i_team before);

/* Inside: another team size of this thread's parallel regions, at most `given`; returns the
 * previous one. threads >= 1.
 */
int32_t clile_i_threads_set(int32_t threads);
int32_t clile_i_threads_available(void); /* processors this process may use */

/* Runs body(begin, end, context) over a static partition of [0, n) in this thread's team. The
 * partition depends on n, grain (least elements a part has) and the team size only. */
typedef void (*clile_i_body)(int64_t begin, int64_t end, void *context);
void clile_i_parallel_for(int64_t n, int64_t grain, clile_i_body body, void *context);

/* Between hold and allow no thread of the process forks: around what leaves a lock taken in the
 * child. May be nested.
 */
void clile_i_hold_fork(void);
void clile_i_allow_fork(void);

/* ---- a thread beside the team (worker.c) ----------------------------------------------------- */

/* Does one task at a time, its parallel regions having one thread. Exclusive to the thread that
 * owns it. In a child of the process that made it, where it has no thread, a task runs when it
 * is started, and one that was under way runs anew when it is waited for: a task must bear that. */
typedef struct clile_i_worker clile_i_worker;
typedef clile_status (*clile_i_task)(void *context);
/* IO: the system has no thread or lock left */
clile_status clile_i_worker_create(clile_i_worker **out);
/* must be idle */
void clile_i_worker_start(clile_i_worker *worker, clile_i_task task, void *context);
/* Waits until it is idle. Status and, in this thread, error text of the last task; OK when there
 * was none. */
clile_status clile_i_worker_wait(clile_i_worker *worker);
void clile_i_worker_destroy(clile_i_worker *worker); /* after its task; NULL does nothing */

/* A lock for what happens once, such as making a handle; never on the way of an answer. */
typedef struct clile_i_mutex clile_i_mutex;
clile_status clile_i_mutex_create(clile_i_mutex **out); /* IO: the system has no lock left */
void clile_i_mutex_destroy(clile_i_mutex *mutex);       /* NULL does nothing */
void clile_i_mutex_lock(clile_i_mutex *mutex);
void clile_i_mutex_unlock(clile_i_mutex *mutex);

/* ---- files (file.c) -------------------------------------------------------------------------- */

/* A whole file, memory-mapped read-only (read into memory where mapping is not possible). */
typedef struct {
    const uint8_t *data;
    size_t size;
    void *opaque;
    int borrowed; /* the data are the caller's: nothing to close */
} clile_i_file;
clile_status clile_i_file_open(const char *path, clile_i_file *out);
void clile_i_file_close(clile_i_file *file);
int clile_i_path_exists(const char *path);
int clile_i_path_is_same(const char *left, const char *right); /* both are there, and one file */
int clile_i_path_is_folder(const char *path);
int clile_i_path_is_file(const char *path); /* a regular one */
/* Names in a folder, sorted bytewise, without . and ..; free with clile_i_names_free. */
typedef struct {
    char **names;
    int64_t count;
} clile_i_names;
clile_status clile_i_folder_list(const char *path, clile_i_names *out);
void clile_i_names_free(clile_i_names *names);
/* "folder/name"; NULL + error text when memory is out. */
char *clile_i_path_join(const char *folder, const char *name);
/* Takes ".", doubled slashes and "x/.." out of a name that is only compared with others: x may be
 * a link, so that the path of a file must not be changed like this. */
void clile_i_path_plain(char *path);

/* Atomic writer: a temporary file beside `path`, flushed to disk and renamed by commit; abort
 * removes it. */
typedef struct clile_i_writer clile_i_writer;
clile_status clile_i_writer_open(const char *path, clile_i_writer **out);
clile_status clile_i_writer_put(clile_i_writer *writer, const void *data, size_t size);
/* Bytes at `offset` of the file, before or behind its present end (a gap reads as zeros until it
 * is filled); where put goes on stays. */
clile_status clile_i_writer_put_at(clile_i_writer *writer, int64_t offset, const void *data,
                                   size_t size);
/* For what can be made again: commit does not wait until the bytes are on disk (a computer that
 * loses power may lose the file). */
void clile_i_writer_relax(clile_i_writer *writer);
clile_status clile_i_writer_commit(clile_i_writer **writer); /* frees it, also on failure */
void clile_i_writer_abort(clile_i_writer **writer);          /* NULL content does nothing */

/* Lines of a text in memory, CR LF, LF or CR; no copy. A byte order mark is skipped; `line`
 * counts from 1. */
typedef struct {
    const char *data;
    size_t size, position;
    int64_t line;
} clile_i_lines;
/* 0 at the end */
int clile_i_lines_next(clile_i_lines *lines, const char **begin, const char **end);
/* Fields of one CSV line, quotes allowed around a field (rows.h unescapes "" inside), blanks
 * around it dropped; no copy. Returns how many there are in the line (at least 1), of which at
 * most `most` are stored. */
int64_t clile_i_csv_split(const char *begin, const char *end, int64_t most,
                          const char **field_begin, const char **field_end);

/* CRC-32 of zlib */
uint32_t clile_i_crc32(uint32_t crc, const void *data, size_t size);
/* CRC-32 of A followed by B, from those of A and B. */
uint32_t clile_i_crc32_combine(uint32_t crc_a, uint32_t crc_b, int64_t size_b);

/* ---- log (log.c) ----------------------------------------------------------------------------- */

/* A sink of the caller's, copied out of options into what is made with them. All zero: nowhere. */
typedef struct {
    clile_log_fn fn;
    void *user;
} clile_i_log;
clile_i_log clile_i_options_log(const clile_options *options); /* options.c */
/* Only on the thread of the call, outside of parallel regions and locks. Allocates nothing;
 * keeps the error text. What does not fit in 2047 bytes is cut; control characters and bytes
 * that are not UTF-8 become U+FFFD. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void clile_i_log_write(clile_i_log log, int32_t level, const char *format, ...);
/* Warns of a team smaller than asked for, once for each size: *told (0 at first) is the last. */
void clile_i_log_team(clile_i_log log, int32_t asked, clile_i_team team, int32_t *told);

/* ---- options as text (options.c) ------------------------------------------------------------- */

/* Every value in force as "key=value" lines in the order of the table; reals as %.17g, so that
 * reading gives the same bits. */
clile_status clile_i_options_to_text(const clile_options *options, clile_i_text *out);
/* The reverse; every key in the text counts as set. FORMAT: a line that is none, an unknown key,
 * a value out of range.
 */
clile_status clile_i_options_from_text(const char *text, clile_options **out);

/* INVALID_ARGUMENT when `key` was set in `here` to another value than the one in force in
 * `there`: "option K is X in WHERE and Y here". */
clile_status clile_i_options_check_same(const clile_options *here, const clile_options *there,
                                        const char *where, const char *key);
/* The options of a run that goes on: those of the checkpoint, and what CLILE_I_OPTIONS_RESUME
 * (options_table.h) leaves to those given `here`. INVALID_ARGUMENT as above. */
clile_status clile_i_options_resume(const clile_options *here, const clile_options *checkpoint,
                                    clile_options **out);

#endif
