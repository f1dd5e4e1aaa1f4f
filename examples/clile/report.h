/* What the files of `clile report` share: what it is made from (report.c), the numbers of a figure
 * (report_numbers.c), the figures (report_figures.c, report_pairs.c), the page (report_page.c,
 * report_faces.c). */
#ifndef REPORT_H
#define REPORT_H

#include "command.h"
#include "json_read.h"
#include "svg.h"

enum { REPORT_AUS = 256, REPORT_BINS = 10, REPORT_NAME = 64 };

/* A saved evaluation. */
typedef struct {
    const char *path;
    char name[REPORT_NAME];
    clile_evaluation *file;
    int64_t n;
    int32_t c, subjects, parts;
    int32_t au_ids[REPORT_AUS];
    float *score, *probability; /* [n,c]; probability is NaN where there is none */
    int8_t *present, *labels;   /* [n,c] */
    int32_t *subject;           /* [n] */
    json_value *figures;        /* the library's report: docs/evaluation.md */
} report_run;

/* An epoch of a history of training (docs/history.md). */
typedef struct {
    int stage, epoch;
    double loss, f1, auc;
} report_epoch;

typedef struct {
    const char *path;
    char name[REPORT_NAME];
    report_epoch *epoch;
    int count;
} report_history;

typedef struct {
    report_run run[SVG_SERIES];
    report_history history[SVG_SERIES];
    clile_model *model[SVG_SERIES];
    const char *model_path[SVG_SERIES];
    int runs, histories, models;
    int32_t aus, au_ids[REPORT_AUS]; /* of all runs, in ascending order */
    clile_dataset *faces;            /* NULL: no faces */
    const char *title, *figures;     /* folder of the SVG files; NULL: none */
} report;

/* The column of an AU, -1: the run does not have it. */
int32_t report_column(const report_run *run, int32_t au);

/* ---- numbers (report_numbers.c) ---- */

/* Images from the highest score down: after each score, how many with and without the AU. */
typedef struct {
    int64_t count, positives, negatives;
    int64_t *with, *without; /* [count] */
    double average_precision;
} report_curve;
/* 0: out of memory. count is 0 where a class is missing. */
int report_curve_make(const report_run *run, int32_t column, report_curve *out);
void report_curve_free(report_curve *curve);

/* Probability and labels in bins of equal width. */
typedef struct {
    int64_t all, count[REPORT_BINS], positives[REPORT_BINS];
    double sum[REPORT_BINS], brier, error; /* error: mean |share - probability| (ECE) */
} report_bins;
void report_bins_make(const report_run *run, int32_t column, report_bins *out);

/* Someone's images of an AU. */
typedef struct {
    int64_t images, positives, tp, fp, fn;
} report_person;
/* people [subjects] */
void report_people_make(const report_run *run, int32_t column, report_person *people);
double report_person_f1(const report_person *person); /* NaN: never present, never reported */

/* What the presence of another AU does: the rate of wrong answers for AU i where j is present,
 * less the rate where it is absent. missed: of images with i, else of images without i. NaN:
 * either has no image. difference [c,c], row i, column j. */
void report_pairs_make(const report_run *run, int missed, double *difference);
/* Correlation (phi) of decisions, or of labels, over the coded images. 0: failed, said so. */
int report_phi_make(const report_run *run, int of_decisions, double *phi);

/* A metric ("f1", "auc") of all images together; column -1: the average. low and high: its
 * interval. NaN: there is none. */
double report_metric(const report_run *run, const char *metric, int32_t column, double *low,
                     double *high);

/* ---- figures (report_figures.c, report_pairs.c) ---- */

/* Where a figure goes: into the page, or into a file of its own. */
typedef struct {
    FILE *out;
    int alone;
    const char *id;
} report_place;
/* `run` and `au` say of what; a figure ignores what it does not need. */
typedef void (*report_figure)(const report_place *to, const report *r, int run, int32_t au);
void figure_f1(const report_place *to, const report *r, int run, int32_t au);
void figure_auc(const report_place *to, const report *r, int run, int32_t au);
void figure_folds(const report_place *to, const report *r, int run, int32_t au);
void figure_roc(const report_place *to, const report *r, int run, int32_t au);
void figure_precision(const report_place *to, const report *r, int run, int32_t au);
void figure_reliability(const report_place *to, const report *r, int run, int32_t au);
void figure_people(const report_place *to, const report *r, int run, int32_t au);
void figure_training(const report_place *to, const report *r, int stage, int32_t au);
void figure_validation(const report_place *to, const report *r, int stage, int32_t au);
void figure_phi_labels(const report_place *to, const report *r, int run, int32_t au);
void figure_phi_model(const report_place *to, const report *r, int run, int32_t au);
void figure_false_alarms(const report_place *to, const report *r, int run, int32_t au);
void figure_misses(const report_place *to, const report *r, int run, int32_t au);

/* ---- the page (report_page.c, report_faces.c) ---- */

/* Exit codes. */
int report_page(const report *r, FILE *out);
int report_faces(const report *r, FILE *out);

#endif
