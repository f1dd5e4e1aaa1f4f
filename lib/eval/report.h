/* The report: its contents (report.c), what is computed from them (summary.c, bootstrap.c), and
 * how it is printed (report_text.c, report_json.c, report_table.c). */
#ifndef CLILE_I_REPORT_H
#define CLILE_I_REPORT_H

#include "eval/eval.h"

/* The order in which metrics are stored, computed and printed. */
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
/* NULL if there is none of that name. */
const clile_i_published *clile_i_published_find(const char *name);
/* Column of an AU number, -1 if the table does not have it. */
int32_t clile_i_published_column(const clile_i_published *published, int32_t au);
/* 1 if the table has exactly the AUs au_ids [c], in any order. Only then are averages
 * comparable. */
int clile_i_published_same_aus(const clile_i_published *published, int32_t c,
                               const int32_t *au_ids);

/* ---- intensities (report_intensity.c) -------------------------------------------------------- */

/* Of the frames of a fold: estimates, probabilities (NULL: not given) and codes, [count,c] each.
 * All NULL: none. */
typedef struct {
    const float *value, *probability;
    const int8_t *intensity;
} clile_i_graded;
/* A copy that clile_i_graded_free frees, checked. */
clile_status clile_i_graded_copy(const char *function, int64_t n, int32_t c,
                                 const clile_i_graded *from, clile_i_graded *to);
void clile_i_graded_free(const clile_i_graded *graded);

/* Metrics of intensities, in their order: "icc", "pcc", "mae". */
enum { CLILE_I_GRADED = 3 };
extern const char *const clile_i_graded_names[CLILE_I_GRADED];
enum {
    CLILE_I_GRADED_FOLD,
    CLILE_I_GRADED_MEAN, /* of the folds */
    CLILE_I_GRADED_POOLED,
    CLILE_I_GRADED_PROBABILITY, /* pooled, of five times the probability; may be missing */
    CLILE_I_GRADED_ZERO         /* pooled, of 0 for every image */
};
typedef struct {
    int kind; /* the above, which is their order */
    int32_t fold;
    char label[32];
    double *value; /* [CLILE_I_GRADED, c + 1], the averages last; NaN: none */
} clile_i_graded_row;
typedef struct {
    int64_t rows; /* 0: the report has no intensities */
    clile_i_graded_row *row;
    double *memory;
} clile_i_graded_table;
clile_status clile_i_graded_measure(const clile_report *report, clile_i_graded_table *out);
void clile_i_graded_table_free(clile_i_graded_table *table);

/* ---- the report itself (report.c) ------------------------------------------------------------ */

typedef struct {
    int32_t fold;
    int64_t first, count; /* its rows among the frames of all folds */
    clile_i_graded graded;
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
    char **subject_names; /* [subjects], in order of first appearance */
    clile_i_value *value;
    double *model, *label; /* correlation [c,c] each, or NULL */
    double agreement;
    struct clile_i_summary *summary; /* of these folds, computed on first use; atomic */
};

/* clile_report_add_fold, with intensities unless graded is NULL. */
clile_status clile_i_report_add_fold(const char *function, clile_report *report, int32_t fold,
                                     int64_t n, const float *score, const int8_t *present,
                                     const int8_t *labels, const int32_t *subject,
                                     const char *const *subject_names,
                                     const clile_i_graded *graded);
/* INVALID_ARGUMENT if n frames cannot be added as this fold. */
clile_status clile_i_report_check_fold(const char *function, const clile_report *report,
                                       int32_t fold, int64_t n);

/* ---- figures (summary.c) --------------------------------------------------------------------- */

/* One line of results: a fold, the mean of folds, or all frames pooled. */
typedef struct {
    int64_t frames, subjects;
    int64_t *counts;                 /* [c,3] TP FP FN; NULL for the mean of folds */
    double *au[CLILE_I_METRICS];     /* [c] each */
    double average[CLILE_I_METRICS]; /* over the AUs that have a value; NaN if none has */
} clile_i_figures;

typedef struct clile_i_summary {
    int64_t folds;
    clile_i_figures *fold; /* [folds] */
    clile_i_figures mean, pooled;
    double low[CLILE_I_METRICS], high[CLILE_I_METRICS];         /* of pooled.average */
    double *au_low[CLILE_I_METRICS], *au_high[CLILE_I_METRICS]; /* [c] each, of pooled.au */
} clile_i_summary;

/* The figures. The first call after adding a fold computes them and the report keeps them. Any
 * thread. STATE if the report has no fold. Messages name `function`. */
clile_status clile_i_summary_get(const char *function, const clile_report *report,
                                 const clile_i_summary **out);
void clile_i_summary_free(clile_i_summary *summary); /* NULL does nothing */

/* ---- interval over subjects (bootstrap.c) ---------------------------------------------------- */

/* Fills the intervals of `out`: the 2.5 % and 97.5 % quantiles of each metric's pooled values, for
 * each AU and for their average, over draws of the report's subjects with replacement. NaN where
 * there is no interval: with a single subject, or for an AU that lacks a class in every draw. */
clile_status clile_i_bootstrap(const clile_report *report, clile_i_summary *out);
/* The pooled values of each draw: value [METRICS, c+1, draws], of each AU and of their average.
 * Draw b takes the same people for every report with as many subjects. */
clile_status clile_i_bootstrap_draws(const clile_report *report, int64_t draws, double *value);
/* The quantiles of `count` values, which are moved; NaN is ignored. */
void clile_i_interval(int64_t count, double *values, double *low, double *high);
/* The place of a metric among clile_i_metric_names. INVALID_ARGUMENT if it is none. */
clile_status clile_i_metric_find(const char *function, const char *metric, int *out);

#endif
