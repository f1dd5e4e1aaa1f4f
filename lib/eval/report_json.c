/* The report as one JSON object. Key order is fixed, numbers have 12 digits, and a missing value
 * is null.
 *
 *   format "clile-report", version 1 (fields may be added, never renamed)
 *   au                [c] AU numbers; every [c] list below is in this order
 *   au_name           [c] names from FACS; null if it has none
 *   images, subjects  of all folds together
 *   folds             [{fold, images, subjects, subject_names, counts, f1, auc, auc_within}]
 *   mean_of_folds     {f1, auc, auc_within}
 *   pooled            {counts, f1, auc, auc_within}, each metric with "interval": [low, high] of
 *                     its average, and "au_interval": [[low, high]] [c]
 *       counts        [{tp, fp, fn}] [c]
 *       f1, auc, ...  {au: [c], average}, 0..1
 *   bootstrap         {unit "subject", draws, level}: how the intervals were computed
 *   intensity         null, or of estimated intensities {icc, pcc, mae}, each {folds: [{fold, au,
 *                     average}], mean_of_folds, pooled, probability, always_0}, the last four {au,
 *                     average}; probability: of five times that; null if it is not known
 *   values            {name: number}
 *   correlation       null or {model: [c][c], labels: [c][c], agreement}
 *   published         null or {table, unit "percent", au, same_aus,
 *                             rows: [{name, f1: [au], average}]} */
#include "eval/report.h"

#include <clile/au.h>

static void put_number(clile_i_text *text, double value)
{
    if (clile_i_is_finite(value))
        clile_i_text_append(text, "%.12g", value);
    else
        clile_i_text_append(text, "null");
}

static void put_numbers(clile_i_text *text, int64_t count, const double *values)
{
    clile_i_text_append(text, "[");
    for (int64_t i = 0; i < count; ++i) {
        if (i > 0) clile_i_text_append(text, ", ");
        put_number(text, values[i]);
    }
    clile_i_text_append(text, "]");
}

static void put_integers(clile_i_text *text, int32_t count, const int32_t *values)
{
    clile_i_text_append(text, "[");
    for (int32_t i = 0; i < count; ++i)
        clile_i_text_append(text, "%s%d", i > 0 ? ", " : "", (int)values[i]);
    clile_i_text_append(text, "]");
}

static void put_names(clile_i_text *text, const clile_report *report)
{
    clile_i_text_append(text, ",\n  \"au_name\": [");
    for (int32_t i = 0; i < report->c; ++i) {
        const char *name = clile_au_name(report->au_ids[i]);
        if (i > 0) clile_i_text_append(text, ", ");
        if (name)
            clile_i_text_append_json(text, name);
        else
            clile_i_text_append(text, "null");
    }
    clile_i_text_append(text, "]");
}

static void put_interval(clile_i_text *text, double low, double high)
{
    const double both[2] = {low, high};
    put_numbers(text, 2, both);
}

/* Writes "f1": {...}, "auc": {...}, "auc_within": {...}, with intervals unless NULL. */
static void put_metrics(clile_i_text *text, int32_t c, const clile_i_figures *figures,
                        const clile_i_summary *intervals, const char *indent)
{
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric) {
        clile_i_text_append(text, "%s\n%s\"%s\": {\"au\": ", metric > 0 ? "," : "", indent,
                            clile_i_metric_names[metric]);
        put_numbers(text, c, figures->au[metric]);
        clile_i_text_append(text, ", \"average\": ");
        put_number(text, figures->average[metric]);
        if (intervals != NULL) {
            clile_i_text_append(text, ", \"interval\": ");
            put_interval(text, intervals->low[metric], intervals->high[metric]);
            clile_i_text_append(text, ", \"au_interval\": [");
            for (int32_t au = 0; au < c; ++au) {
                if (au > 0) clile_i_text_append(text, ", ");
                put_interval(text, intervals->au_low[metric][au], intervals->au_high[metric][au]);
            }
            clile_i_text_append(text, "]");
        }
        clile_i_text_append(text, "}");
    }
}

static void put_counts(clile_i_text *text, int32_t c, const int64_t *counts)
{
    clile_i_text_append(text, "\"counts\": [");
    for (int32_t au = 0; au < c; ++au)
        clile_i_text_append(text, "%s{\"tp\": %lld, \"fp\": %lld, \"fn\": %lld}",
                            au > 0 ? ", " : "", (long long)counts[3 * au],
                            (long long)counts[3 * au + 1], (long long)counts[3 * au + 2]);
    clile_i_text_append(text, "],");
}

/* Names of the subjects of a fold, in the report's order. */
static clile_status put_subject_names(clile_i_text *text, const clile_report *report,
                                      const clile_i_fold *fold)
{
    int8_t *seen = clile_i_calloc(report->subjects, sizeof *seen);
    if (seen == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int64_t i = fold->first; i < fold->first + fold->count; ++i) seen[report->subject[i]] = 1;
    const char *separator = "";
    clile_i_text_append(text, "\"subject_names\": [");
    for (int64_t s = 0; s < report->subjects; ++s) {
        if (!seen[s]) continue;
        clile_i_text_append(text, "%s", separator);
        clile_i_text_append_json(text, report->subject_names[s]);
        separator = ", ";
    }
    clile_i_text_append(text, "],");
    clile_i_free(seen);
    return CLILE_OK;
}

static clile_status put_folds(clile_i_text *text, const clile_report *report,
                              const clile_i_summary *summary)
{
    clile_i_text_append(text, "  \"folds\": [");
    for (int64_t f = 0; f < summary->folds; ++f) {
        const clile_i_figures *figures = &summary->fold[f];
        clile_i_text_append(text,
                            "%s\n    {\"fold\": %d, \"images\": %lld, \"subjects\": %lld,\n     ",
                            f > 0 ? "," : "", (int)report->fold[f].fold, (long long)figures->frames,
                            (long long)figures->subjects);
        CLILE_I_RETURN_IF(put_subject_names(text, report, &report->fold[f]));
        clile_i_text_append(text, "\n     ");
        put_counts(text, report->c, figures->counts);
        put_metrics(text, report->c, figures, NULL, "     ");
        clile_i_text_append(text, "}");
    }
    clile_i_text_append(text, "\n  ],\n");
    return CLILE_OK;
}

static void put_matrix(clile_i_text *text, int32_t c, const double *matrix)
{
    clile_i_text_append(text, "[");
    for (int32_t row = 0; row < c; ++row) {
        clile_i_text_append(text, "%s\n      ", row > 0 ? "," : "");
        put_numbers(text, c, matrix + (int64_t)row * c);
    }
    clile_i_text_append(text, "]");
}

static void put_values(clile_i_text *text, const clile_report *report)
{
    clile_i_text_append(text, "  \"values\": {");
    for (int64_t v = 0; v < report->values; ++v) {
        clile_i_text_append(text, "%s", v > 0 ? ", " : "");
        clile_i_text_append_json(text, report->value[v].name);
        clile_i_text_append(text, ": ");
        put_number(text, report->value[v].value);
    }
    clile_i_text_append(text, "},\n");
}

static void put_graded(clile_i_text *text, int32_t c, const double *value)
{
    clile_i_text_append(text, "\"au\": ");
    put_numbers(text, c, value);
    clile_i_text_append(text, ", \"average\": ");
    put_number(text, value[c]);
    clile_i_text_append(text, "}");
}

static void put_graded_metric(clile_i_text *text, int32_t c, const clile_i_graded_table *table,
                              int metric)
{
    static const char *const names[] = {[CLILE_I_GRADED_MEAN] = "mean_of_folds",
                                        [CLILE_I_GRADED_POOLED] = "pooled",
                                        [CLILE_I_GRADED_PROBABILITY] = "probability",
                                        [CLILE_I_GRADED_ZERO] = "always_0"};
    int64_t r = 0;
    clile_i_text_append(text, "%s\n    \"%s\": {\"folds\": [", metric > 0 ? "," : "",
                        clile_i_graded_names[metric]);
    for (; table->row[r].kind == CLILE_I_GRADED_FOLD; ++r) {
        clile_i_text_append(text, "%s{\"fold\": %d, ", r > 0 ? ", " : "", (int)table->row[r].fold);
        put_graded(text, c, table->row[r].value + metric * (c + 1));
    }
    clile_i_text_append(text, "]");
    for (int kind = CLILE_I_GRADED_MEAN; kind <= CLILE_I_GRADED_ZERO; ++kind) {
        const int known = table->row[r].kind == kind;
        clile_i_text_append(text, ",\n      \"%s\": %s", names[kind], known ? "{" : "null");
        if (known) put_graded(text, c, table->row[r++].value + metric * (c + 1));
    }
    clile_i_text_append(text, "}");
}

static clile_status put_intensity(clile_i_text *text, const clile_report *report)
{
    clile_i_graded_table table = {0};
    CLILE_I_RETURN_IF(clile_i_graded_measure(report, &table));
    clile_i_text_append(text, "  \"intensity\": %s", table.rows > 0 ? "{" : "null");
    for (int metric = 0; metric < CLILE_I_GRADED && table.rows > 0; ++metric)
        put_graded_metric(text, report->c, &table, metric);
    clile_i_text_append(text, table.rows > 0 ? "},\n" : ",\n");
    clile_i_graded_table_free(&table);
    return CLILE_OK;
}

static void put_correlation(clile_i_text *text, const clile_report *report)
{
    clile_i_text_append(text, "  \"correlation\": ");
    if (report->model == NULL) {
        clile_i_text_append(text, "null,\n");
        return;
    }
    clile_i_text_append(text, "{\n    \"model\": ");
    put_matrix(text, report->c, report->model);
    clile_i_text_append(text, ",\n    \"labels\": ");
    put_matrix(text, report->c, report->label);
    clile_i_text_append(text, ",\n    \"agreement\": ");
    put_number(text, report->agreement);
    clile_i_text_append(text, "},\n");
}

static void put_published(clile_i_text *text, const clile_report *report)
{
    const clile_i_published *table = report->published;
    clile_i_text_append(text, "  \"published\": ");
    if (table == NULL) {
        clile_i_text_append(text, "null\n");
        return;
    }
    clile_i_text_append(text, "{\"table\": \"%s\", \"unit\": \"percent\", \"au\": ", table->name);
    put_integers(text, table->aus, table->au);
    clile_i_text_append(text, ", \"same_aus\": %s, \"rows\": [",
                        clile_i_published_same_aus(table, report->c, report->au_ids) ? "true"
                                                                                     : "false");
    for (int32_t row = 0; row < table->rows; ++row) {
        clile_i_text_append(text, "%s\n    {\"name\": \"%s\", \"f1\": ", row > 0 ? "," : "",
                            table->row[row].name);
        put_numbers(text, table->aus, table->row[row].f1);
        clile_i_text_append(text, ", \"average\": %.12g}", table->row[row].average);
    }
    clile_i_text_append(text, "]}\n");
}

clile_status clile_report_copy_json(const clile_report *report, char **out)
{
    CLILE_I_CHECK_NOT_NULL(report);
    CLILE_I_CHECK_NOT_NULL(out);
    clile_status status = CLILE_OK;
    clile_i_text text = {0};
    const clile_i_summary *summary = NULL;
    CLILE_I_TRY(clile_i_summary_get(__func__, report, &summary));
    clile_i_text_append(&text, "{\n  \"format\": \"clile-report\",\n  \"version\": 1,\n  \"au\": ");
    put_integers(&text, report->c, report->au_ids);
    put_names(&text, report);
    clile_i_text_append(&text, ",\n  \"images\": %lld,\n  \"subjects\": %lld,\n",
                        (long long)report->frames, (long long)report->subjects);
    CLILE_I_TRY(put_folds(&text, report, summary));
    clile_i_text_append(&text, "  \"mean_of_folds\": {");
    put_metrics(&text, report->c, &summary->mean, NULL, "    ");
    clile_i_text_append(&text, "},\n  \"pooled\": {\n    ");
    put_counts(&text, report->c, summary->pooled.counts);
    put_metrics(&text, report->c, &summary->pooled, summary, "    ");
    clile_i_text_append(
        &text, "},\n  \"bootstrap\": {\"unit\": \"subject\", \"draws\": %d, \"level\": 0.95},\n",
        (int)CLILE_I_BOOTSTRAP_DRAWS);
    CLILE_I_TRY(put_intensity(&text, report));
    put_values(&text, report);
    put_correlation(&text, report);
    put_published(&text, report);
    clile_i_text_append(&text, "}\n");
    CLILE_I_TRY(text.status);
    *out = text.data;
    text.data = NULL;
cleanup:
    clile_i_text_free(&text);
    return status;
}
