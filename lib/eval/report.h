/* The report: what is kept (report.c), what is computed from it (summary.c, bootstrap.c), how it
 * is shown (report_text.c, report_json.c, report_table.c). */
#ifndef CLILE_I_REPORT_H
#define CLILE_I_REPORT_H

#include "eval/eval.h"

/* In this order everywhere: shown, stored, computed. */
enum { CLILE_I_F1, CLILE_I_AUC, CLILE_I_AUC_WITHIN, CLILE_I_METRICS };
extern const char *const clile_i_metric_names[CLILE_I_METRICS];

enum { CLILE_I_BOOTSTRAP_DRAWS = 1000 };

/* ---- published results (published.c) --------------------------------------------------------- */

enum { CLILE_I_PUBLISHED_MOST = 12 };
typedef struct {
    const char *name;
    double f1[CLILE_I_PUBLISHED_MOST]; /* percent */
    double average;
} clile_i_published_row;
typedef struct {
    const char *name; /* "bp4d" */
    const char *title;
    int32_t aus, rows;
    const int32_t *au; /* [aus] */
    const clile_i_published_row *row;
} clile_i_published;
/* NULL when there is none of that name. */
const clile_i_published *clile_i_published_find(const char *name);
/* Column of an AU number, -1 when the table has none. */
int32_t clile_i_published_column(const clile_i_published *published, int32_t au);
/* 1 when the table has exactly the AUs au_ids [c], in any order: then averages can be compared. */
int clile_i_published_same_aus(const clile_i_published *published, int32_t c,
                               const int32_t *au_ids);

/* ---- the report itself (report.c) ------------------------------------------------------------ */

typedef struct {
    int32_t fold;
    int64_t first, count; /* its rows in the frames of all folds */
} clile_i_fold;

typedef struct {
    char *name;
    double value;
} clile_i_value;

struct clile_i_summary;

struct clile_report {
    int32_t c;
    int32_t *au_ids;                    /* [c] */
    const clile_i_published *published; /* NULL: none */
    int64_t folds, frames, subjects, values;
    clile_i_fold *fold; /* [folds], in the order they were added */
    float *score;       /* [frames, c] */
    int8_t *present, *labels;
    int32_t *subject;     /* [frames], index into subject_names */
    char **subject_names; /* [subjects], in the order they first appeared */
    clile_i_value *value;
    double *model, *label; /* correlation [c,c] each, or NULL */
    double agreement;
    struct clile_i_summary *summary; /* of these folds, made when it is first asked for; atomic */
};

/* INVALID_ARGUMENT when n frames of this fold cannot be added. */
clile_status clile_i_report_check_fold(const char *function, const clile_report *report,
                                       int32_t fold, int64_t n);

/* ---- figures (summary.c) --------------------------------------------------------------------- */

/* One line of results: a fold, the mean of folds, or all frames pooled. */
typedef struct {
    int64_t frames, subjects;
    int64_t *counts;                 /* [c,3] TP FP FN; NULL for the mean of folds */
    double *au[CLILE_I_METRICS];     /* [c] each */
    double average[CLILE_I_METRICS]; /* over the AUs that have a value; NaN when none has */
} clile_i_figures;

typedef struct clile_i_summary {
    int64_t folds;
    clile_i_figures *fold; /* [folds] */
    clile_i_figures mean, pooled;
    double low[CLILE_I_METRICS], high[CLILE_I_METRICS];         /* of pooled.average */
    double *au_low[CLILE_I_METRICS], *au_high[CLILE_I_METRICS]; /* [c] each, of pooled.au */
} clile_i_summary;

/* The figures, made by the first call after a fold was added and kept in the report. Any thread.
 * STATE when the report has no fold; `function` is named in messages. */
clile_status clile_i_summary_get(const char *function, const clile_report *report,
                                 const clile_i_summary **out);
void clile_i_summary_free(clile_i_summary *summary); /* NULL does nothing */

/* ---- interval over subjects (bootstrap.c) ---------------------------------------------------- */

/* The intervals of `out`: 2.5 % and 97.5 % quantiles of the pooled values of each metric, for each
 * AU and their average, over draws of the report's subjects with replacement. NaN where there is
 * none: of one subject, of an AU that lacks a class in every draw. */
clile_status clile_i_bootstrap(const clile_report *report, clile_i_summary *out);

#endif
