/* clile/metrics.h: measures how well AUs were recognised: plain functions on arrays, and a report
 * that collects folds.
 *
 *     // on training subjects, never on test
 *     clile_metrics_thresholds(n, c, train_score, train_labels, threshold);
 *     clile_report_create(c, au_ids, "bp4d", &report);
 *     // once for each fold
 *     clile_report_add_fold(report, 1, n, score, present, labels, subject, names);
 *     clile_report_copy_text(report, &text);  puts(text);  clile_free(text);
 *     clile_report_destroy(report);
 *
 * Arrays are row-major and belong to the caller; no function keeps a pointer to them. There are n
 * images and c AUs, both at least 1, n at most 2^29 - 1:
 *   labels    int8 [n,c]    1 present, 0 absent, -1 not coded: left out everywhere
 *   score     float [n,c]   larger = more likely present, any finite range
 *   present   int8 [n,c]    1 reported present, 0 not
 *   subject   int32 [n]     equal number, same person
 * Errors of every function here: INVALID_ARGUMENT (a required pointer is NULL, a size out of
 * range, a label not 1/0/-1, a `present` not 1/0), OUT_OF_MEMORY, NOT_FINITE (a score, vector or
 * matrix element is NaN or infinite, even if the label is -1). A function that fails leaves its
 * outputs unspecified; a call that fails leaves a report unchanged. Results depend only on the
 * arguments (no threads, no clock): the same input gives the same bits. Thread class: plain
 * functions are shared (any thread). For reports see below. All since 0.1. */
#ifndef CLILE_METRICS_H
#define CLILE_METRICS_H

#include <clile/status.h>

CLILE_BEGIN

/* F1 of each AU = 2 TP / (2 TP + FP + FN) over its coded images; 0 if none is positive or
 * reported. f1 [c], 0..1; counts [c,3] gets TP, FP, FN and may be NULL. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_f1(int64_t n, int32_t c,
                                                        const int8_t *present /*[n,c]*/,
                                                        const int8_t *labels /*[n,c]*/,
                                                        double *f1 /*[c]*/,
                                                        int64_t *counts /*[c,3] or NULL*/);

/* Area under the ROC curve of each AU: the share of (positive, negative) pairs in which the
 * positive has the larger score, with ties counting half (Mann and Whitney 1947). auc [c], 0..1;
 * NaN if a class is missing. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_auc(int64_t n, int32_t c,
                                                         const float *score /*[n,c]*/,
                                                         const int8_t *labels /*[n,c]*/,
                                                         double *auc /*[c]*/);

/* The same over pairs of the same person only: a score that merely knows the person gets 0.5.
 * Equals the average AUC of the subjects that have both classes, weighted by their positive x
 * negative pairs. auc [c]; NaN if no subject has both. subject [n]: any numbers. Shared. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_auc_within(int64_t n, int32_t c,
                                                                const float *score /*[n,c]*/,
                                                                const int8_t *labels /*[n,c]*/,
                                                                const int32_t *subject /*[n]*/,
                                                                double *auc /*[c]*/);

/* How well estimated intensities, value [n,c], agree with the coded ones, intensity [n,c]: 0 absent
 * to 5, -1 not coded (clile_dataset_copy_intensities). Of each AU, over its coded images:
 *   icc  ICC(3,1) of estimate and coder (Shrout and Fleiss 1979): (BMS - EMS) / (BMS + EMS), with
 *        BMS the mean square between images and EMS the residual one
 *   pcc  Pearson's correlation
 *   mae, mse  mean absolute and mean squared error
 * Each [c] or NULL. NaN: no image is coded (one, for icc and pcc); both constant (icc); one of them
 * constant (pcc). INVALID_ARGUMENT also for an intensity outside -1..5. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_intensity(int64_t n, int32_t c,
                                                               const float *value /*[n,c]*/,
                                                               const int8_t *intensity /*[n,c]*/,
                                                               double *icc, double *pcc,
                                                               double *mae, double *mse);

/* The threshold of each AU that maximises F1 of `score > threshold` over its coded images; meant
 * for training subjects. threshold [c] is always finite:
 *   - midway between two neighbouring different scores; of equally good cuts the highest, which
 *     reports the fewest images
 *   - if F1 is best with every image reported: the float just below the smallest score
 *   - for an AU without a positive (or never coded): the largest of its n scores, so that none of
 *     these images is reported
 * Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_thresholds(int64_t n, int32_t c,
                                                                const float *score /*[n,c]*/,
                                                                const int8_t *labels /*[n,c]*/,
                                                                float *threshold /*[c]*/);

/* Logistic calibration of each AU: p = 1 / (1 + exp(-(slope * score + offset))) by maximum
 * likelihood. Platt's smoothed targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2) keep it finite on
 * separable scores (Platt 1999; Newton steps of Lin, Lin and Weng 2007). slope [c] >= 0: if a
 * negative one is more likely, it is 0, and offset is the logit of the mean target. The same
 * holds with one class only, or if all scores are equal. Never coded: both 0 (p = 0.5). Scores
 * too close for floats to tell apart (1e-38) get the largest float as slope. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_calibrate(int64_t n, int32_t c,
                                                               const float *score /*[n,c]*/,
                                                               const int8_t *labels /*[n,c]*/,
                                                               float *slope /*[c]*/,
                                                               float *offset /*[c]*/);

/* Phi coefficients of the labels: for each pair of AUs, the Pearson correlation over the images
 * coded for both. 1 on the diagonal; 0 if one of them is constant or no image is coded for both.
 * phi [c,c], symmetric, -1..1. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_label_correlation(
    int64_t n, int32_t c, const int8_t *labels /*[n,c]*/, double *phi /*[c,c]*/);

/* Cosine similarity between the rows of vectors [c,d] (for AU^G, the AU correlation matrix of the
 * paper). cosine [c,c], symmetric, 1 on the diagonal. A row of norm below 1e-8 has similarity 0
 * with every row, including itself. d >= 1. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_cosine_matrix(int32_t c, int32_t d,
                                                                   const float *vectors /*[c,d]*/,
                                                                   double *cosine /*[c,c]*/);

/* Pearson correlation of the upper triangles (without diagonal) of two [c,c] matrices, e.g.
 * cosine and phi. Other elements are not read. pearson (one number): -1..1; NaN if a triangle is
 * constant or c < 3. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_agreement(int32_t c, const double *a /*[c,c]*/,
                                                               const double *b /*[c,c]*/,
                                                               double *pearson);

/* How well a linear classifier reads the subject from the embedding: accuracy (0..1) on every
 * fourth frame of each subject (in array order: its 4th, 8th, ...), fitted on the others.
 * Embeddings are L2-normalised, centred on the mean of the fitted frames, and divided by one
 * number that makes the fitted frames' mean squared norm 1. Then
 *     minimise mean cross-entropy(softmax(W x + b), subject) + 1e-4 / 2 * |W|_F^2
 * by 200 full-batch accelerated gradient steps (Nesterov 1983, restarted when the step turns
 * uphill) from zero. Chance is about 1 / subjects. embedding [n,d], subject [n] any numbers.
 * Takes about 300 * n * d * subjects + n * d * min(n, d) multiply-adds on one thread: pass a
 * sample of a large set. Fewer than two subjects, or no subject with four frames, are
 * INVALID_ARGUMENT, too. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_metrics_subject_probe(int64_t n, int32_t d,
                                                                   const float *embedding /*[n,d]*/,
                                                                   const int32_t *subject /*[n]*/,
                                                                   double *accuracy);

/* Two systems' answers for the same images, AU by AU: the caller's arrays, each [c+1] or NULL; the
 * last element is of the average over AUs. Only grows at the end. */
typedef struct clile_comparison {
    uint32_t struct_size; /* set to sizeof(clile_comparison) before the call */
    uint32_t reserved;
    double *a; /* the metric over all images, of each system; NaN: no value */
    double *b;
    double *low; /* 95 % interval of b - a over draws of the subjects */
    double *high;
    double *p;      /* two-sided p value of b - a = 0 */
    double *p_holm; /* the same, corrected for c AUs (Holm 1979); the average's is p */
} clile_comparison;

/* Compares system b with system a in the metric "f1", "auc" or "auc_within", by a paired bootstrap
 * over subjects: 2000 draws of as many subjects with replacement, each with all their images, the
 * same for both systems. p = 2 min(#(b - a <= 0) + 1, #(b - a >= 0) + 1) / (draws + 1), at most 1,
 * over the draws in which both have a value (a class may be missing). low, high, p and p_holm are
 * NaN for a single subject and for an AU without such a draw; those do not count in the
 * correction. INVALID_ARGUMENT: also another metric, struct_size. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_metrics_compare(const char *metric, int64_t n, int32_t c, const float *score_a /*[n,c]*/,
                      const int8_t *present_a /*[n,c]*/, const float *score_b /*[n,c]*/,
                      const int8_t *present_b /*[n,c]*/, const int8_t *labels /*[n,c]*/,
                      const int32_t *subject /*[n]*/, const clile_comparison *out);

/* ---- report ------------------------------------------------------------------------------------
 * A report holds the test frames of one or more folds, and what is computed from them. Functions
 * with a const report are shared among themselves; create, add, set and destroy are exclusive.
 * Protocol and fields: docs/evaluation.md. */

typedef struct clile_report clile_report;

/* Creates an empty report for the AUs au_ids [c] (positive, all different, copied). published:
 * the table to print next to the figures, "bp4d", "disfa" or NULL for none; its columns are
 * matched by AU number. The caller owns `*out`: clile_report_destroy. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_report_create(int32_t c, const int32_t *au_ids /*[c]*/,
                                                           const char *published,
                                                           clile_report **out);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_report_destroy(clile_report *report);

/* Adds the test frames of one fold (copied), once per fold number. Subjects are identified by
 * name across folds: subject_names[subject[k]] is the name of image k (entries that no image uses
 * are not read; subjects are then >= 0). With subject_names NULL the number itself is the name,
 * so equal numbers in two folds are the same person. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_report_add_fold(clile_report *report, int32_t fold, int64_t n, const float *score /*[n,c]*/,
                      const int8_t *present /*[n,c]*/, const int8_t *labels /*[n,c]*/,
                      const int32_t *subject /*[n]*/, const char *const *subject_names);

/* Adds intensities of the n images of a fold that was added (copied): value [n,c], the estimates;
 * intensity [n,c], the coded ones, 0 to 5, -1 not coded; probability [n,c] of occurrence, 0 to 1,
 * NULL: none. Text, JSON and tables then have ICC(3,1), PCC and MAE (clile_metrics_intensity) of
 * the estimates, beside those of five times the probability and of 0 for every image. A second call
 * for a fold replaces the first. INVALID_ARGUMENT: also a fold that was not added, or another n.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_report_add_intensity(
    clile_report *report, int32_t fold, int64_t n, const float *value /*[n,c]*/,
    const float *probability /*[n,c] or NULL*/, const int8_t *intensity /*[n,c]*/);

/* Adds a named number to the report (e.g. "subject probe"), shown in text and JSON. A second
 * value of the same name replaces the first. NaN is allowed and shown as missing. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_report_add_value(clile_report *report,
                                                              const char *name, double value);

/* Sets the AU correlation of the model (clile_metrics_cosine_matrix) and of the labels
 * (clile_metrics_label_correlation), [c,c] each (copied), shown with their agreement. A second
 * call replaces the first. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_report_set_correlation(clile_report *report,
                                                                    const double *model /*[c,c]*/,
                                                                    const double *labels /*[c,c]*/);

/* Averages over AUs of the metric "f1", "auc" or "auc_within", 0..1. mean_of_folds is the mean of
 * the folds' averages (the papers' number). pooled is the average of the metric over the frames
 * of all folds together. low and high are its 95 % interval: the 2.5 and 97.5 % quantiles (linear
 * between order statistics) of 1000 draws of the test subjects with replacement, with a fixed
 * seed. AUs without a value (AUC with a class missing) are left out of an average. An average
 * without any value is NaN, and so is the interval of a single subject. Any output may be NULL.
 * INVALID_ARGUMENT: also another metric; STATE: no fold was added. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_report_get_summary(const clile_report *report,
                                                                const char *metric,
                                                                double *mean_of_folds,
                                                                double *pooled, double *low,
                                                                double *high);

/* The report as text for people (UTF-8, lines of any length), and as one JSON object (fields:
 * docs/evaluation.md). `*out` is NUL-terminated, and owned by the caller: clile_free (status.h).
 * STATE: no fold was added. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_report_copy_text(const clile_report *report,
                                                              char **out);
CLILE_NODISCARD CLILE_API clile_status clile_report_copy_json(const clile_report *report,
                                                              char **out);

/* The report's figures as tables. format: "csv" (all digits, F1 as a fraction, an empty field for
 * a missing value; names quoted as in RFC 4180), "md" (Markdown) or "tex" (LaTeX tabulars, no
 * packages needed), with special characters of names escaped. `*out` as above. INVALID_ARGUMENT:
 * another format. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_report_copy_table(const clile_report *report,
                                                               const char *format, char **out);

CLILE_END

#endif
