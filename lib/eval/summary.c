/* Figures of a report: each fold, the mean of folds, all frames pooled. */
#include "eval/report.h"

#include <string.h>

const char *const clile_i_metric_names[CLILE_I_METRICS] = {"f1", "auc", "auc_within"};

clile_status clile_i_metric_find(const char *function, const char *metric, int *out)
{
    for (*out = 0; *out < CLILE_I_METRICS; ++*out)
        if (strcmp(metric, clile_i_metric_names[*out]) == 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "%s: there is no metric \"%s\", expected \"f1\", \"auc\" or \"auc_within\"",
                        function, metric);
}

static void figures_free(clile_i_figures *figures)
{
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric) clile_i_free(figures->au[metric]);
    clile_i_free(figures->counts);
}

static clile_status figures_alloc(int32_t c, clile_i_figures *figures)
{
    clile_status status = CLILE_OK;
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric) CLILE_I_ALLOC(figures->au[metric], c);
cleanup:
    return status;
}

/* The number of different subjects among the frames. */
static clile_status count_subjects(const clile_report *report, int64_t first, int64_t count,
                                   int64_t *out)
{
    int8_t *seen = clile_i_calloc(report->subjects, sizeof *seen);
    if (seen == NULL) return CLILE_E_OUT_OF_MEMORY;
    *out = 0;
    for (int64_t i = first; i < first + count; ++i) {
        *out += !seen[report->subject[i]];
        seen[report->subject[i]] = 1;
    }
    clile_i_free(seen);
    return CLILE_OK;
}

/* The metrics of frames first..first+count-1 of the report. */
static clile_status figures_make(const clile_report *report, int64_t first, int64_t count,
                                 clile_i_figures *out)
{
    clile_status status = CLILE_OK;
    const int32_t c = report->c;
    const float *score = report->score + first * c;
    const int8_t *present = report->present + first * c, *labels = report->labels + first * c;
    out->frames = count;
    CLILE_I_TRY(count_subjects(report, first, count, &out->subjects));
    CLILE_I_TRY(figures_alloc(c, out));
    CLILE_I_ALLOC(out->counts, (int64_t)c * 3);
    CLILE_I_TRY(clile_metrics_f1(count, c, present, labels, out->au[CLILE_I_F1], out->counts));
    CLILE_I_TRY(clile_metrics_auc(count, c, score, labels, out->au[CLILE_I_AUC]));
    CLILE_I_TRY(clile_metrics_auc_within(count, c, score, labels, report->subject + first,
                                         out->au[CLILE_I_AUC_WITHIN]));
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric)
        out->average[metric] = clile_i_mean_of_known(c, out->au[metric]);
cleanup:
    return status;
}

/* Means over the folds that have a value. The average is the mean of the folds' averages. */
static clile_status mean_of_folds(const clile_report *report, clile_i_summary *summary)
{
    clile_status status = CLILE_OK;
    double *values = NULL;
    clile_i_figures *mean = &summary->mean;
    mean->frames = summary->pooled.frames;
    mean->subjects = summary->pooled.subjects;
    CLILE_I_TRY(figures_alloc(report->c, mean));
    CLILE_I_ALLOC(values, summary->folds);
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric) {
        for (int32_t au = 0; au < report->c; ++au) {
            for (int64_t f = 0; f < summary->folds; ++f)
                values[f] = summary->fold[f].au[metric][au];
            mean->au[metric][au] = clile_i_mean_of_known(summary->folds, values);
        }
        for (int64_t f = 0; f < summary->folds; ++f) values[f] = summary->fold[f].average[metric];
        mean->average[metric] = clile_i_mean_of_known(summary->folds, values);
    }
cleanup:
    clile_i_free(values);
    return status;
}

static clile_status summary_make(const clile_report *report, clile_i_summary *out)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(out->fold, report->folds);
    out->folds = report->folds;
    for (int64_t f = 0; f < report->folds; ++f)
        CLILE_I_TRY(
            figures_make(report, report->fold[f].first, report->fold[f].count, &out->fold[f]));
    CLILE_I_TRY(figures_make(report, 0, report->frames, &out->pooled));
    CLILE_I_TRY(mean_of_folds(report, out));
    CLILE_I_TRY(clile_i_bootstrap(report, out));
cleanup:
    return status;
}

/* Several threads may call at once. Each computes the same figures; the first to finish stores
 * its own. */
clile_status clile_i_summary_get(const char *function, const clile_report *report,
                                 const clile_i_summary **out)
{
    clile_status status = CLILE_OK;
    clile_i_summary *made = NULL, *kept = __atomic_load_n(&report->summary, __ATOMIC_ACQUIRE);
    clile_report *owner = (clile_report *)(uintptr_t)report; /* a cache: callers see no change */
    if (report->folds == 0)
        return clile_i_fail(CLILE_E_STATE,
                            "%s: the report has no fold yet, expected clile_report_add_fold before",
                            function);
    if (kept == NULL) {
        CLILE_I_ALLOC(made, 1);
        CLILE_I_TRY(summary_make(report, made));
        if (__atomic_compare_exchange_n(&owner->summary, &kept, made, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            kept = made;
            made = NULL;
        }
    }
    *out = kept;
cleanup:
    clile_i_summary_free(made);
    return status;
}

void clile_i_summary_free(clile_i_summary *summary)
{
    if (summary == NULL) return;
    for (int64_t f = 0; f < summary->folds; ++f) figures_free(&summary->fold[f]);
    figures_free(&summary->mean);
    figures_free(&summary->pooled);
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric) {
        clile_i_free(summary->au_low[metric]);
        clile_i_free(summary->au_high[metric]);
    }
    clile_i_free(summary->fold);
    clile_i_free(summary);
}

clile_status clile_report_get_summary(const clile_report *report, const char *metric,
                                      double *mean_of_folds_out, double *pooled, double *low,
                                      double *high)
{
    CLILE_I_CHECK_NOT_NULL(report);
    CLILE_I_CHECK_NOT_NULL(metric);
    int which = 0;
    CLILE_I_RETURN_IF(clile_i_metric_find(__func__, metric, &which));
    const clile_i_summary *summary = NULL;
    CLILE_I_RETURN_IF(clile_i_summary_get(__func__, report, &summary));
    if (mean_of_folds_out != NULL) *mean_of_folds_out = summary->mean.average[which];
    if (pooled != NULL) *pooled = summary->pooled.average[which];
    if (low != NULL) *low = summary->low[which];
    if (high != NULL) *high = summary->high[which];
    return CLILE_OK;
}
