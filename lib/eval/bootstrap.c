/* The interval over test subjects. People are drawn with replacement, each with all their frames
 * (Efron 1979, percentile interval). A draw only says how many times each subject counts, so
 * nothing is copied or sorted again. F1 needs TP, FP and FN of each subject. AUC within subjects
 * needs the ordered pairs of each subject. AUC needs one pass over the sorted scores. */
#include "eval/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Draw b uses random stream b, so every metric and every call draws the same people. */
static const uint64_t SEED = 1;

typedef struct {
    int32_t c;
    int64_t subjects;
    int64_t *counts;          /* [subjects, c, 3] */
    clile_i_ranking *ranking; /* [c] */
    double *in_order, *pairs; /* [c, subjects] */
    int32_t *times;           /* [subjects], of the current draw */
    double *au;               /* [c], of the current draw */
    int64_t draws;
    double *value; /* [METRICS, c+1, draws]: of each AU, then their average; not owned */
} bootstrap;

static void bootstrap_free(bootstrap *it)
{
    for (int32_t au = 0; it->ranking != NULL && au < it->c; ++au)
        clile_i_ranking_free(&it->ranking[au]);
    clile_i_free(it->ranking);
    clile_i_free(it->au);
    clile_i_free(it->times);
    clile_i_free(it->pairs);
    clile_i_free(it->in_order);
    clile_i_free(it->counts);
}

static clile_status prepare(const clile_report *report, int64_t draws, double *value, bootstrap *it)
{
    clile_status status = CLILE_OK;
    const int32_t c = report->c;
    const int64_t subjects = report->subjects;
    int64_t *one = NULL; /* [c,3], of one frame */
    *it = (bootstrap){.c = c, .subjects = subjects, .draws = draws, .value = value};
    CLILE_I_ALLOC(one, (int64_t)c * 3);
    CLILE_I_ALLOC(it->counts, subjects * c * 3);
    CLILE_I_ALLOC(it->ranking, c);
    CLILE_I_ALLOC(it->in_order, subjects * c);
    CLILE_I_ALLOC(it->pairs, subjects * c);
    CLILE_I_ALLOC(it->times, subjects);
    CLILE_I_ALLOC(it->au, c);
    for (int64_t i = 0; i < report->frames; ++i) {
        clile_i_f1_count(1, c, report->present + i * c, report->labels + i * c, one);
        int64_t *counts = it->counts + (int64_t)report->subject[i] * c * 3;
        for (int32_t k = 0; k < 3 * c; ++k) counts[k] += one[k];
    }
    for (int32_t au = 0; au < c; ++au) {
        CLILE_I_TRY(clile_i_ranking_make(report->frames, c, au, report->score, report->labels,
                                         report->subject, &it->ranking[au]));
        CLILE_I_TRY(clile_i_ranking_within(&it->ranking[au], subjects, it->in_order + au * subjects,
                                           it->pairs + au * subjects));
    }
cleanup:
    clile_i_free(one);
    return status;
}

static double drawn_f1(const bootstrap *it, int32_t au)
{
    int64_t counts[3] = {0, 0, 0};
    for (int64_t s = 0; s < it->subjects; ++s)
        for (int k = 0; k < 3; ++k)
            counts[k] += it->times[s] * it->counts[(s * it->c + au) * 3 + k];
    return clile_i_f1_of_counts(counts);
}

static double drawn_auc_within(const bootstrap *it, int32_t au)
{
    double in_order = 0.0, pairs = 0.0;
    for (int64_t s = 0; s < it->subjects; ++s) {
        in_order += it->times[s] * it->in_order[au * it->subjects + s];
        pairs += it->times[s] * it->pairs[au * it->subjects + s];
    }
    return pairs > 0.0 ? in_order / pairs : NAN;
}

/* The values, over all draws, of one AU or of the average (au = c). */
static double *values_of(const bootstrap *it, int metric, int32_t au)
{
    return it->value + ((int64_t)metric * (it->c + 1) + au) * it->draws;
}

static void draw(bootstrap *it, int64_t number)
{
    clile_i_rng rng = clile_i_rng_make(SEED, (uint64_t)number);
    memset(it->times, 0, (size_t)it->subjects * sizeof *it->times);
    for (int64_t s = 0; s < it->subjects; ++s) it->times[clile_i_rng_below(&rng, it->subjects)]++;
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric) {
        for (int32_t au = 0; au < it->c; ++au) {
            it->au[au] = metric == CLILE_I_F1    ? drawn_f1(it, au)
                         : metric == CLILE_I_AUC ? clile_i_ranking_auc(&it->ranking[au], it->times)
                                                 : drawn_auc_within(it, au);
            values_of(it, metric, au)[number] = it->au[au];
        }
        values_of(it, metric, it->c)[number] = clile_i_mean_of_known(it->c, it->au);
    }
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Quantile by linear interpolation at position q (count - 1), as numpy's default. */
static double quantile(int64_t count, const double *sorted, double q)
{
    const double position = q * (double)(count - 1);
    const int64_t below = (int64_t)position;
    const int64_t above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (position - (double)below) * (sorted[above] - sorted[below]);
}

void clile_i_interval(int64_t count, double *values, double *low, double *high)
{
    int64_t known = 0;
    for (int64_t b = 0; b < count; ++b)
        if (!clile_i_is_nan(values[b])) values[known++] = values[b];
    *low = *high = NAN;
    if (known == 0) return;
    qsort(values, (size_t)known, sizeof *values, by_value);
    *low = quantile(known, values, 0.025);
    *high = quantile(known, values, 0.975);
}

clile_status clile_i_bootstrap_draws(const clile_report *report, int64_t draws, double *value)
{
    bootstrap it = {0};
    const clile_status status = prepare(report, draws, value, &it);
    for (int64_t number = 0; number < draws && status == CLILE_OK; ++number) draw(&it, number);
    bootstrap_free(&it);
    return status;
}

clile_status clile_i_bootstrap(const clile_report *report, clile_i_summary *out)
{
    clile_status status = CLILE_OK;
    const int32_t c = report->c;
    double *value = NULL;
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric) {
        CLILE_I_ALLOC(out->au_low[metric], c);
        CLILE_I_ALLOC(out->au_high[metric], c);
        out->low[metric] = out->high[metric] = NAN;
        for (int32_t au = 0; au < c; ++au) out->au_low[metric][au] = out->au_high[metric][au] = NAN;
    }
    if (report->subjects < 2) goto cleanup; /* a single person has no variance between people */
    CLILE_I_ALLOC(value, ((int64_t)c + 1) * CLILE_I_METRICS * CLILE_I_BOOTSTRAP_DRAWS);
    CLILE_I_TRY(clile_i_bootstrap_draws(report, CLILE_I_BOOTSTRAP_DRAWS, value));
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric) {
        double *of = value + (int64_t)metric * (c + 1) * CLILE_I_BOOTSTRAP_DRAWS;
        for (int32_t au = 0; au <= c; ++au, of += CLILE_I_BOOTSTRAP_DRAWS)
            clile_i_interval(CLILE_I_BOOTSTRAP_DRAWS, of,
                             au < c ? &out->au_low[metric][au] : &out->low[metric],
                             au < c ? &out->au_high[metric][au] : &out->high[metric]);
    }
cleanup:
    clile_i_free(value);
    return status;
}
