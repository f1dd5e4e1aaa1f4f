/* Two systems on the same images: a paired bootstrap over subjects (Efron and Tibshirani 1993, ch.
 * 16), corrected for the number of AUs (Holm 1979). */
#include "eval/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 2000 };

typedef clile_status (*metric_fn)(const clile_report *of, double *au);

static clile_status f1_of(const clile_report *of, double *au)
{
    return clile_metrics_f1(of->frames, of->c, of->present, of->labels, au, NULL);
}

static clile_status auc_of(const clile_report *of, double *au)
{
    return clile_metrics_auc(of->frames, of->c, of->score, of->labels, au);
}

static clile_status auc_within_of(const clile_report *of, double *au)
{
    return clile_metrics_auc_within(of->frames, of->c, of->score, of->labels, of->subject, au);
}

static const metric_fn functions[CLILE_I_METRICS] = {
    [CLILE_I_F1] = f1_of, [CLILE_I_AUC] = auc_of, [CLILE_I_AUC_WITHIN] = auc_within_of};

/* The metric of each AU, then their average. */
static clile_status values_of(const clile_report *of, int metric, double *values)
{
    if (values == NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(functions[metric](of, values));
    values[of->c] = clile_i_mean_of_known(of->c, values);
    return CLILE_OK;
}

static double p_of(const double *differences)
{
    int64_t known = 0, below = 0, above = 0;
    for (int64_t b = 0; b < DRAWS; ++b) {
        known += !clile_i_is_nan(differences[b]);
        below += differences[b] <= 0.0;
        above += differences[b] >= 0.0;
    }
    const double least = (double)(below < above ? below : above);
    return known == 0 ? NAN : fmin(1.0, 2.0 * (least + 1.0) / ((double)known + 1.0));
}

typedef struct {
    double p;
    int32_t au;
} ranked;

static int by_p(const void *left, const void *right)
{
    const ranked *a = left, *b = right;
    if (a->p != b->p) return a->p < b->p ? -1 : 1;
    return a->au - b->au;
}

/* holm [c] of p [c]; NaN stays and does not count. */
static clile_status correct(int32_t c, const double *p, double *holm)
{
    ranked *order = clile_i_calloc(c, sizeof *order);
    int32_t known = 0;
    double largest = 0.0;
    if (order == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int32_t au = 0; au < c; ++au) {
        holm[au] = NAN;
        if (!clile_i_is_nan(p[au])) order[known++] = (ranked){p[au], au};
    }
    qsort(order, (size_t)known, sizeof *order, by_p);
    for (int32_t k = 0; k < known; ++k) {
        largest = fmax(largest, fmin(1.0, order[k].p * (known - k)));
        holm[order[k].au] = largest;
    }
    clile_i_free(order);
    return CLILE_OK;
}

static void store(double *to, int32_t c, const double *from)
{
    if (to != NULL) memcpy(to, from, ((size_t)c + 1) * sizeof *to);
}

/* figures [4, c+1]: low, high, p, p_holm. */
static clile_status compare(const clile_report *a, const clile_report *b, int metric,
                            double *figures)
{
    clile_status status = CLILE_OK;
    const int32_t c = a->c;
    const int64_t row = c + 1, size = CLILE_I_METRICS * row * DRAWS;
    double *of_a = NULL, *of_b = NULL;
    for (int64_t k = 0; k < 4 * row; ++k) figures[k] = NAN;
    if (a->subjects < 2) return CLILE_OK; /* a single person has no variance between people */
    CLILE_I_ALLOC(of_a, size);
    CLILE_I_ALLOC(of_b, size);
    CLILE_I_TRY(clile_i_bootstrap_draws(a, DRAWS, of_a));
    CLILE_I_TRY(clile_i_bootstrap_draws(b, DRAWS, of_b));
    for (int64_t au = 0; au < row; ++au) {
        const int64_t at = (metric * row + au) * DRAWS;
        for (int64_t k = 0; k < DRAWS; ++k) of_b[at + k] -= of_a[at + k];
        figures[2 * row + au] = p_of(of_b + at);
        clile_i_interval(DRAWS, of_b + at, &figures[au], &figures[row + au]);
    }
    CLILE_I_TRY(correct(c, figures + 2 * row, figures + 3 * row));
    figures[3 * row + c] = figures[2 * row + c];
cleanup:
    clile_i_free(of_a);
    clile_i_free(of_b);
    return status;
}

static clile_status check(const char *function, int64_t n, int32_t c, const float *const score[2],
                          const int8_t *const present[2])
{
    static const char *const scores[2] = {"score_a", "score_b"};
    for (int k = 0; k < 2; ++k) {
        if (present[k] == NULL)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: present_%c is NULL", function,
                                "ab"[k]);
        CLILE_I_RETURN_IF(clile_i_eval_check_finite(function, scores[k], n, c, score[k]));
        CLILE_I_RETURN_IF(clile_i_eval_check_present(function, n, c, present[k]));
    }
    return CLILE_OK;
}

clile_status clile_metrics_compare(const char *metric, int64_t n, int32_t c, const float *score_a,
                                   const int8_t *present_a, const float *score_b,
                                   const int8_t *present_b, const int8_t *labels,
                                   const int32_t *subject, const clile_comparison *out)
{
    clile_status status = CLILE_OK;
    clile_comparison to = {.struct_size = sizeof to};
    const float *const score[2] = {score_a, score_b};
    const int8_t *const present[2] = {present_a, present_b};
    int32_t *dense = NULL;
    double *figures = NULL;
    int64_t subjects = 0;
    int which = 0;
    CLILE_I_CHECK_NOT_NULL(metric);
    CLILE_I_CHECK_NOT_NULL(subject);
    CLILE_I_CHECK_NOT_NULL(out);
    CLILE_I_RETURN_IF(
        clile_i_struct_check(__func__, out, CLILE_I_STRUCT_LEAST(clile_comparison, p_holm)));
    clile_i_struct_get(&to, sizeof to, out);
    CLILE_I_RETURN_IF(clile_i_metric_find(__func__, metric, &which));
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_RETURN_IF(clile_i_eval_check_labels(__func__, n, c, labels));
    CLILE_I_RETURN_IF(check(__func__, n, c, score, present));
    CLILE_I_ALLOC(dense, n);
    CLILE_I_ALLOC(figures, 4 * ((int64_t)c + 1));
    CLILE_I_TRY(clile_i_subjects_dense(n, subject, dense, &subjects));
    clile_report system[2]; /* without folds and names: what the figures need */
    for (int k = 0; k < 2; ++k)
        system[k] = (clile_report){.c = c,
                                   .frames = n,
                                   .subjects = subjects,
                                   .score = (float *)(uintptr_t)score[k],
                                   .present = (int8_t *)(uintptr_t)present[k],
                                   .labels = (int8_t *)(uintptr_t)labels,
                                   .subject = dense};
    CLILE_I_TRY(compare(&system[0], &system[1], which, figures));
    CLILE_I_TRY(values_of(&system[0], which, to.a));
    CLILE_I_TRY(values_of(&system[1], which, to.b));
    double *const arrays[4] = {to.low, to.high, to.p, to.p_holm};
    for (int k = 0; k < 4; ++k) store(arrays[k], c, figures + k * ((int64_t)c + 1));
cleanup:
    clile_i_free(dense);
    clile_i_free(figures);
    return status;
}
