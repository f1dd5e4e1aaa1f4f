/* eval: how well AUs were recognised. Uses base. The public header is clile/metrics.h; this one is
 * internal. */
#ifndef CLILE_I_EVAL_H
#define CLILE_I_EVAL_H

#include "base/base.h"

#include <clile/metrics.h>

/* ---- checks (check.c): messages name the public `function` ---------------------------------- */

clile_status clile_i_eval_check_sizes(const char *function, int64_t n, int32_t c);
/* 0 to 5, -1: not coded. */
clile_status clile_i_eval_check_intensity(const char *function, int64_t n, int32_t c,
                                          const int8_t *intensity);
clile_status clile_i_eval_check_labels(const char *function, int64_t n, int32_t c,
                                       const int8_t *labels);
clile_status clile_i_eval_check_present(const char *function, int64_t n, int32_t c,
                                        const int8_t *present);
clile_status clile_i_eval_check_finite(const char *function, const char *what, int64_t rows,
                                       int64_t columns, const float *values);
clile_status clile_i_eval_check_finite_f64(const char *function, const char *what, int64_t rows,
                                           int64_t columns, const double *values);

/* ---- intensities as levels of one score (calibrate.c) ---------------------------------------- */

enum { CLILE_I_EVAL_LEVELS = 5 };
/* P(intensity >= j) = s(slope score + offset_j), offsets not rising with j: slope [c], 0 or more;
 * offset [5,c]; from score and intensity [n,c], 0 to 5 or -1 (not coded). */
clile_status clile_i_calibrate_levels(int64_t n, int32_t c, const float *score,
                                      const int8_t *intensity, float *slope, float *offset);

/* ---- ranking of one AU's scores (ranking.c) -------------------------------------------------- */

/* Coded images in ascending order of score. item = subject << 2 | last of its ties << 1 |
 * positive. */
typedef struct {
    int64_t count;
    int32_t *item; /* [count] */
} clile_i_ranking;

/* Ranks AU `au` of score and labels [n,c]; subject [n] in 0..2^29-1, or NULL (all 0). Free with
 * clile_i_ranking_free. */
clile_status clile_i_ranking_make(int64_t n, int32_t c, int32_t au, const float *score,
                                  const int8_t *labels, const int32_t *subject,
                                  clile_i_ranking *out);
void clile_i_ranking_free(clile_i_ranking *ranking);

/* AUC with subject s counted times[s] times (NULL: once each). NaN if a class is missing. One
 * pass. */
double clile_i_ranking_auc(const clile_i_ranking *ranking, const int32_t *times);

/* For each subject 0..subjects-1: the number of pairs of a positive and a negative image, and how
 * many of them are in order (ties count half). */
clile_status clile_i_ranking_within(const clile_i_ranking *ranking, int64_t subjects,
                                    double *in_order, double *pairs);

/* Maps subjects (any numbers) to dense indices 0..*subjects-1, in ascending order of number. */
clile_status clile_i_subjects_dense(int64_t n, const int32_t *subject, int32_t *dense,
                                    int64_t *subjects);

/* Mean of the values that are not NaN; NaN if all are (mean.c). */
double clile_i_mean_of_known(int64_t count, const double *values);

/* F1 from counts [3] TP, FP, FN. */
double clile_i_f1_of_counts(const int64_t *counts);
/* Sums counts [c,3] over the images, overwriting `counts`. */
void clile_i_f1_count(int64_t n, int32_t c, const int8_t *present, const int8_t *labels,
                      int64_t *counts);

#endif
