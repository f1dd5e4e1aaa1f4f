/* Intensities in a report: estimates beside coded ones, and beside two that need no training for
 * them, five times the probability of occurrence and 0 for every image. */
#include "eval/report.h"

#include <clile/metrics.h>

#include <math.h>
#include <string.h>

const char *const clile_i_graded_names[CLILE_I_GRADED] = {"icc", "pcc", "mae"};

static clile_status check_probability(const char *function, int64_t n, int32_t c,
                                      const float *probability)
{
    for (int64_t i = 0; probability != NULL && i < n * c; ++i)
        if (!(probability[i] >= 0.0f && probability[i] <= 1.0f))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: probability[%lld,%lld] is %g, expected 0 to 1", function,
                                (long long)(i / c), (long long)(i % c), (double)probability[i]);
    return CLILE_OK;
}

clile_status clile_i_graded_copy(const char *function, int64_t n, int32_t c,
                                 const clile_i_graded *from, clile_i_graded *to)
{
    clile_status status = CLILE_OK;
    clile_i_graded copy = {0};
    float *values = NULL, *probabilities = NULL;
    int8_t *codes = NULL;
    const size_t count = (size_t)n * (size_t)c;
    CLILE_I_TRY(clile_i_eval_check_finite(function, "value", n, c, from->value));
    CLILE_I_TRY(check_probability(function, n, c, from->probability));
    CLILE_I_TRY(clile_i_eval_check_intensity(function, n, c, from->intensity));
    CLILE_I_ALLOC(values, (int64_t)count);
    CLILE_I_ALLOC(codes, (int64_t)count);
    if (from->probability != NULL) CLILE_I_ALLOC(probabilities, (int64_t)count);
    memcpy(values, from->value, count * sizeof *values);
    memcpy(codes, from->intensity, count);
    if (from->probability != NULL)
        memcpy(probabilities, from->probability, count * sizeof *probabilities);
    copy = (clile_i_graded){values, probabilities, codes};
    *to = copy;
    values = probabilities = NULL;
    codes = NULL;
cleanup:
    clile_i_free(values);
    clile_i_free(probabilities);
    clile_i_free(codes);
    return status;
}

void clile_i_graded_free(const clile_i_graded *graded)
{
    clile_i_free((void *)(uintptr_t)graded->value);
    clile_i_free((void *)(uintptr_t)graded->probability);
    clile_i_free((void *)(uintptr_t)graded->intensity);
}

clile_status clile_report_add_intensity(clile_report *report, int32_t fold, int64_t n,
                                        const float *value, const float *probability,
                                        const int8_t *intensity)
{
    CLILE_I_CHECK_NOT_NULL(report);
    for (int64_t f = 0; f < report->folds; ++f) {
        clile_i_fold *to = &report->fold[f];
        clile_i_graded graded = {0};
        if (to->fold != fold) continue;
        if (to->count != n)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: n is %lld, but fold %d has %lld images", __func__,
                                (long long)n, (int)fold, (long long)to->count);
        CLILE_I_RETURN_IF(clile_i_graded_copy(__func__, to->count, report->c,
                                              &(clile_i_graded){value, probability, intensity},
                                              &graded));
        clile_i_graded_free(&to->graded);
        to->graded = graded;
        return CLILE_OK;
    }
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: fold %d was not added", __func__, (int)fold);
}

/* ---- the figures ----------------------------------------------------------------------------- */

/* row [CLILE_I_GRADED, c + 1] */
static clile_status measure(int64_t n, int32_t c, const float *value, const int8_t *intensity,
                            double *row)
{
    double *const icc = row, *const pcc = row + (c + 1), *const mae = row + 2 * (c + 1);
    CLILE_I_RETURN_IF(clile_metrics_intensity(n, c, value, intensity, icc, pcc, mae, NULL));
    for (int k = 0; k < CLILE_I_GRADED; ++k)
        row[k * (c + 1) + c] = clile_i_mean_of_known(c, row + k * (c + 1));
    return CLILE_OK;
}

/* Means over the first `count` rows of what they know. */
static void average(const clile_i_graded_table *t, int64_t count, int64_t size, double *row)
{
    for (int64_t i = 0; i < size; ++i) {
        double sum = 0.0, known = 0.0;
        for (int64_t f = 0; f < count; ++f) {
            const double value = t->row[f].value[i];
            if (!clile_i_is_finite(value)) continue;
            sum += value;
            known += 1.0;
        }
        row[i] = known > 0.0 ? sum / known : (double)NAN;
    }
}

/* The frames of all folds that have intensities. */
typedef struct {
    int64_t n, folds;
    int with_probability; /* in all of these folds */
    float *value, *fivefold;
    int8_t *intensity;
} pool;

static clile_status gather(const clile_report *report, pool *p)
{
    clile_status status = CLILE_OK;
    const int64_t c = report->c;
    p->with_probability = 1;
    for (int64_t f = 0; f < report->folds; ++f) {
        const clile_i_fold *fold = &report->fold[f];
        if (fold->graded.value == NULL) continue;
        p->n += fold->count;
        p->folds += 1;
        p->with_probability &= fold->graded.probability != NULL;
    }
    if (p->folds == 0) return CLILE_OK;
    CLILE_I_ALLOC(p->value, p->n * c);
    CLILE_I_ALLOC(p->fivefold, p->n * c);
    CLILE_I_ALLOC(p->intensity, p->n * c);
    int64_t at = 0;
    for (int64_t f = 0; f < report->folds; ++f) {
        const clile_i_graded *graded = &report->fold[f].graded;
        const int64_t count = report->fold[f].count * c;
        if (graded->value == NULL) continue;
        memcpy(p->value + at, graded->value, (size_t)count * sizeof *p->value);
        memcpy(p->intensity + at, graded->intensity, (size_t)count);
        for (int64_t i = 0; p->with_probability && i < count; ++i)
            p->fivefold[at + i] = 5.0f * graded->probability[i];
        at += count;
    }
cleanup:
    return status;
}

clile_status clile_i_graded_measure(const clile_report *report, clile_i_graded_table *out)
{
    clile_status status = CLILE_OK;
    const int32_t c = report->c;
    const int64_t size = CLILE_I_GRADED * ((int64_t)c + 1);
    pool p = {0};
    *out = (clile_i_graded_table){0};
    CLILE_I_TRY(gather(report, &p));
    if (p.folds == 0) goto cleanup;
    CLILE_I_ALLOC(out->row, p.folds + 4);
    CLILE_I_ALLOC(out->memory, (p.folds + 4) * size);
    for (int64_t r = 0; r < p.folds + 4; ++r) out->row[r].value = out->memory + r * size;
    clile_i_graded_row *row = out->row;
    for (int64_t f = 0; f < report->folds; ++f) {
        const clile_i_fold *fold = &report->fold[f];
        if (fold->graded.value == NULL) continue;
        CLILE_I_TRY(
            measure(fold->count, c, fold->graded.value, fold->graded.intensity, row->value));
        row->kind = CLILE_I_GRADED_FOLD;
        row->fold = fold->fold;
        snprintf(row->label, sizeof row->label, "fold %d", (int)fold->fold);
        ++row;
    }
    average(out, p.folds, size, row->value);
    row->kind = CLILE_I_GRADED_MEAN;
    snprintf(row->label, sizeof row->label, "mean of folds");
    ++row;
    CLILE_I_TRY(measure(p.n, c, p.value, p.intensity, row->value));
    row->kind = CLILE_I_GRADED_POOLED;
    snprintf(row->label, sizeof row->label, "pooled");
    ++row;
    if (p.with_probability) {
        CLILE_I_TRY(measure(p.n, c, p.fivefold, p.intensity, row->value));
        row->kind = CLILE_I_GRADED_PROBABILITY;
        snprintf(row->label, sizeof row->label, "5 x probability");
        ++row;
    }
    memset(p.value, 0, (size_t)(p.n * c) * sizeof *p.value);
    CLILE_I_TRY(measure(p.n, c, p.value, p.intensity, row->value));
    row->kind = CLILE_I_GRADED_ZERO;
    snprintf(row->label, sizeof row->label, "always 0");
    out->rows = row + 1 - out->row;
cleanup:
    clile_i_free(p.value);
    clile_i_free(p.fivefold);
    clile_i_free(p.intensity);
    if (status != CLILE_OK) clile_i_graded_table_free(out);
    return status;
}

void clile_i_graded_table_free(clile_i_graded_table *table)
{
    clile_i_free(table->row);
    clile_i_free(table->memory);
    *table = (clile_i_graded_table){0};
}
