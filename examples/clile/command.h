/* What the subcommands of `clile` share: arguments, options, JSON output, the progress line.
 * Public headers only. */
#ifndef COMMAND_H
#define COMMAND_H

#include <clile/clile.h>

#include <stdio.h>

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* One subcommand; the table is in main.c. `run` gets the arguments after its name and returns
 * the exit code. */
typedef struct {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} subcommand;

int run_synth(int argc, char **argv);
int run_train(int argc, char **argv);
int run_eval(int argc, char **argv);
int run_report(int argc, char **argv);
int run_predict(int argc, char **argv);
int run_data(int argc, char **argv);
int run_pack(int argc, char **argv);
int run_info(int argc, char **argv);
int run_import(int argc, char **argv);
int run_export(int argc, char **argv);
int run_compare(int argc, char **argv);
int run_bench(int argc, char **argv);
int run_card(int argc, char **argv);

/* ---- arguments (args.c) ---- */

typedef enum {
    ARG_FLAG,   /* target int *: set to 1 */
    ARG_TEXT,   /* target const char ** */
    ARG_NUMBER, /* target int64_t *: zero or more */
    ARG_LIST    /* target text_list *: may be repeated */
} arg_kind;

typedef struct {
    const char **items; /* the texts are borrowed from argv */
    int count;
} text_list;

typedef struct {
    const char *name; /* "--data" */
    arg_kind kind;
    void *target;
    const char *value; /* the value's name in the help; NULL for a flag */
    const char *help;  /* NULL: the choices of the option of this name */
} arg;

typedef struct {
    const char *usage; /* "clile train --data DIR ..." */
    const char *about; /* printed below the usage */
    const arg *args;
    int count;
    text_list *positional; /* NULL: none are taken */
} arg_spec;

/* Reads the arguments into their targets. EXIT_FINE to go on; ARGS_HELP when --help was printed;
 * EXIT_USAGE with a message on stderr. */
enum { ARGS_HELP = -1 };
int args_parse(const arg_spec *spec, int argc, char **argv);
void text_list_free(text_list *list);
/* "wrong usage" message on stderr; returns EXIT_USAGE. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int usage_error(const arg_spec *spec, const char *format, ...);

/* Prints clile_last_error() on stderr; returns EXIT_FAILED. */
int failed(const char *what);
/* Says so on stderr; returns EXIT_FAILED. */
int out_of_memory(void);
/* With stem=auto, sets it to that of the weights in the file; a file that cannot be read is left to
 * whoever reads it next. EXIT_FAILED after a message. */
int options_take_stem(clile_options *options, const char *file);
/* Applies each key=value. EXIT_USAGE if one is invalid, else as failed(). */
int options_apply(clile_options *options, const arg_spec *spec, const text_list *settings);
/* Makes the options of a command that opens a data set: --layout and every --set. */
int options_open(clile_options **options, const arg_spec *spec, const char *layout,
                 const text_list *settings);

/* ---- models (args.c) ---- */

/* The file of a model that was given by `name`: "default" (and NULL) is the one that comes with
 * the library. NULL with a message on stderr when that is not installed. Static. */
const char *model_file(const char *name);

/* ---- JSON (json.c) ---- */

/* A writer that places the commas. */
typedef struct {
    FILE *out;
    int depth;
    char filled[16]; /* 1: an element was written at this depth */
} json;

/* '{' or '['; key NULL inside an array and at the top */
void json_open(json *j, const char *key, char bracket);
void json_close(json *j, char bracket);                      /* '}' or ']' */
void json_text(json *j, const char *key, const char *value); /* NULL value: null */
void json_integer(json *j, const char *key, int64_t value);
void json_real(json *j, const char *key, double value); /* not finite: null */
void json_raw(json *j, const char *key, const char *value);

/* ---- files and CSV (output.c) ---- */

/* A file that the command writes, completely or not at all. */
typedef struct {
    const char *path;
    FILE *file;               /* to write to; NULL: nothing is open */
    char *temporary, *target; /* NULL: written directly, since it is a pipe or a device */
} output;

/* EXIT_FAILED with a message on stderr. */
int output_open(output *o, const char *path);
/* Flushes to disk and gives the file its name. On failure, EXIT_FAILED with a message, and nothing
 * is written.
 */
int output_commit(output *o);
void output_abort(output *o); /* does nothing to one that is all zero or was committed */

/* A text from data in a file of this form: "csv", "html", "md" or "tex" (clile/escape.h). */
void put_escaped(FILE *out, const char *form, const char *text);
void csv_text(FILE *out, const char *text);
/* clile_au_name, "" for an AU without one. */
const char *au_name(int32_t au);

/* ---- progress (progress.c) ---- */

/* The results of one stage. */
typedef struct {
    int run; /* 0: the stage was not run */
    double seconds;
    int64_t steps;
    int32_t epochs;
    double images_per_second;
    /* means over the last epoch; loss: the total, then its parts */
    double loss, loss_bce, loss_contra, loss_elimination, loss_points, loss_values, loss_method;
    /* of the last epoch; NaN without validation */
    double validation_f1, validation_auc;
} stage_summary;

typedef struct {
    int terminal;
    int quiet;
    int32_t stop_every; /* epochs between checkpoints; 0: none */
    int at_checkpoint;  /* the run was stopped to write one */
    double last_print;
    stage_summary summary;
} progress_state;

void progress_begin(progress_state *state);
/* a clile_progress_fn; user: progress_state */
int32_t progress_step(const clile_progress *progress, void *user);
/* Progress of work other than training: "reading", done of all. done == all ends the line. */
void progress_count(const char *what, int64_t done, int64_t all, double since);
double now_seconds(void);
/* ---- ranks.c: processes that work together ---- */

/* Joins the others, if a launcher has started several. EXIT_FINE also where there is one;
 * EXIT_FAILED with a message. */
int ranks_open(void);
const clile_communicator *ranks_communicator(void); /* NULL: there is one */
int32_t ranks_count(void);
int32_t ranks_number(void);
int ranks_is_first(void); /* who prints and writes */
/* The next five: all ranks or none. */
int ranks_any(int yes); /* whether any rank says so */
/* Copies data of rank `root` to all. EXIT_FAILED with a message, as the next two. */
int ranks_copy(int32_t root, int64_t bytes, void *data);
/* Whether all have the arguments and the version of rank 0. */
int ranks_compare(int argc, char **argv);
/* Rank 0 gets the rows of all ranks' shares; `rows`: of the own share, on rank 0 room for all n. */
int ranks_collect(void *rows, size_t row, int64_t n, int64_t unit);
/* alone 1: this rank fails with that exit code while others may wait: ends them. */
void ranks_close(int alone, int code);
/* A rank's share of 0..n-1, in whole units: *first..*end - 1. */
void ranks_share(int64_t n, int64_t unit, int32_t rank, int64_t *first, int64_t *end);

/* From now on SIGINT asks for a clean stop instead of ending the program. */
void interrupt_install(void);
int interrupted(void);

/* ---- data sets (dataset_args.c) ---- */

/* Opens a data set and prints its warnings, and how much was left out, on stderr. EXIT_FAILED with
 * the library's message. */
int dataset_open(const char *path, const clile_options *options, clile_dataset **out);
/* How many folds a protocol has on this data set; 1 for "none"; 0 on an error, with the library's
 * message. */
int32_t protocol_folds(const char *protocol, const clile_dataset *dataset);
/* As clile_dataset_fold, and also takes "none": everything trains, and test becomes NULL. */
clile_status protocol_fold(const clile_dataset *dataset, const char *protocol, int32_t fold,
                           clile_dataset **train, clile_dataset **test);
/* Names of all subjects, separated by blanks; free() it. NULL if out of memory. */
char *subject_names(const clile_dataset *dataset);
/* pack.c: compares every checksum of a pack, with a progress line. EXIT_FAILED with a message if
 * one differs. */
int verify_pack(const clile_dataset *data);
/* Writes AU numbers as text for au_set: "1,2,4". */
void au_ids_to_text(int32_t c, const int32_t *au_ids, char *text, size_t size);

/* ---- a person's own neutral (centred.c) ---- */

typedef struct {
    int64_t n;
    int32_t c;
    const int32_t *subject; /* [n] 0..subjects-1 */
    int32_t subjects;
    int64_t frames;             /* to use of each person; 0: all */
    float *probability, *score; /* [n,c] */
    int8_t *present;            /* [n,c] */
} centred_rows;
/* Replaces probability, score (log odds) and decision of each image by those beside its person's
 * own neutral. Exit code. */
int centred_apply(const clile_model *model, const centred_rows *rows);

/* ---- int8 (quantize.c) ---- */

typedef struct {
    const char *data, *layout, *protocol;
    int64_t fold, images;
    int quiet;
} calibration_args;
/* Exit code; writes the int8 model to `path`. */
int quantize_to_file(const clile_model *model, const calibration_args *c,
                     const clile_options *options, const char *path);

#endif
