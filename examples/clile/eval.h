/* clile eval: what is evaluated (eval.c) and how it is printed (eval_print.c). */
#ifndef EVAL_H
#define EVAL_H

#include "command.h"

enum { MAX_AUS = 256 };

typedef struct {
    text_list models, settings;
    const char *data, *layout, *protocol, *report, *answers, *predictions;
    int64_t fold, centred_frames;
    int json, no_probe, quiet, centred, absent;
} eval_args;

/* One model and the part of the data it is tested on. */
typedef struct {
    const char *path;
    char protocol[4128], warning[256]; /* "file:" and a path */
    int32_t fold;
    int from_model; /* protocol and fold come from the model */
    int64_t images;
    int32_t subjects;
    int64_t train_images;
    double probe; /* NaN: not measured */
    double seconds;
} eval_part;

/* State over all models. */
typedef struct {
    const eval_args *args;
    clile_options *options;
    clile_dataset *data;
    char au_set[1024];
    int32_t c, au_ids[MAX_AUS];
    clile_report *report;
    double *cosine, *phi;      /* sums over models, [c,c] */
    clile_evaluation *answers; /* of --answers; NULL: not asked for */
} evaluation;

/* Runs the models on their test parts, and keeps the answers if `answers` of the arguments is
 * given: as clile eval does, without printing results. Exit code. */
int evaluate_models(evaluation *e, eval_part *parts);
void evaluation_free(evaluation *e);

/* ---- eval_print.c ---- */

/* Whether the file's extension is one of a report. */
int report_name_is_known(const char *path);
/* Writes the report to stdout, and to --report. */
int write_results(const evaluation *e, const eval_part *parts, int count);

#endif
