/* The report as text for people. F1 is in %, as papers print it, above the published rows. AUC is a
 * fraction. */
#include "eval/report.h"

#include <clile/au.h>

#include <math.h>
#include <string.h>

enum { LABEL_WIDTH = 20, CELL_WIDTH = 7 };

static void put_label(clile_i_text *text, const char *label)
{
    clile_i_text_append(text, "%-*s", LABEL_WIDTH, label);
}

/* Writes one right-aligned number, or "-" if missing. */
static void put_cell(clile_i_text *text, int decimals, double value)
{
    const double shown = fabs(value) < 0.5 * pow(10.0, -decimals) ? 0.0 : value; /* no "-0.00" */
    if (clile_i_is_finite(value))
        clile_i_text_append(text, "%*.*f", CELL_WIDTH, decimals, shown);
    else
        clile_i_text_append(text, "%*s", CELL_WIDTH, "-");
}

static void put_header(clile_i_text *text, const char *title, const clile_report *report,
                       int with_average)
{
    char au[16];
    put_label(text, title);
    for (int32_t i = 0; i < report->c; ++i) {
        snprintf(au, sizeof au, "AU%d", (int)report->au_ids[i]);
        clile_i_text_append(text, "%*s", CELL_WIDTH, au);
    }
    if (with_average) clile_i_text_append(text, "%*s", CELL_WIDTH, "Avg.");
    clile_i_text_append(text, "\n");
}

static void put_row(clile_i_text *text, const char *label, int32_t c,
                    const clile_i_figures *figures, int metric)
{
    const double factor = metric == CLILE_I_F1 ? 100.0 : 1.0;
    const int decimals = metric == CLILE_I_F1 ? 1 : 3;
    put_label(text, label);
    for (int32_t au = 0; au < c; ++au) put_cell(text, decimals, factor * figures->au[metric][au]);
    put_cell(text, decimals, factor * figures->average[metric]);
    clile_i_text_append(text, "\n");
}

static void put_published(clile_i_text *text, const clile_report *report)
{
    const clile_i_published *table = report->published;
    if (table == NULL) return;
    int common = 0;
    for (int32_t au = 0; au < report->c; ++au)
        common += clile_i_published_column(table, report->au_ids[au]) >= 0;
    if (common == 0) {
        clile_i_text_append(text, "published on %s: no AU in common\n", table->title);
        return;
    }
    clile_i_text_append(text, "published on %s, mean of its three folds:\n", table->title);
    for (int32_t row = 0; row < table->rows; ++row) {
        clile_i_text_append(text, "  %-*s", LABEL_WIDTH - 2, table->row[row].name);
        for (int32_t au = 0; au < report->c; ++au) {
            const int32_t column = clile_i_published_column(table, report->au_ids[au]);
            put_cell(text, 1, column < 0 ? NAN : table->row[row].f1[column]);
        }
        put_cell(text, 1, table->row[row].average);
        clile_i_text_append(text, "\n");
    }
    if (!clile_i_published_same_aus(table, report->c, report->au_ids))
        clile_i_text_append(
            text,
            "  The published averages are over other AUs than yours and cannot be compared.\n");
}

static void put_metric(clile_i_text *text, const clile_report *report,
                       const clile_i_summary *summary, int metric)
{
    static const char *const titles[CLILE_I_METRICS] = {"F1 (%)", "AUC", "AUC within subjects"};
    char label[32];
    put_header(text, titles[metric], report, 1);
    for (int64_t f = 0; f < summary->folds; ++f) {
        snprintf(label, sizeof label, "fold %d", (int)report->fold[f].fold);
        put_row(text, label, report->c, &summary->fold[f], metric);
    }
    put_row(text, "mean of folds", report->c, &summary->mean, metric);
    put_row(text, "pooled", report->c, &summary->pooled, metric);
    if (clile_i_is_finite(summary->low[metric])) {
        const double factor = metric == CLILE_I_F1 ? 100.0 : 1.0;
        const int decimals = metric == CLILE_I_F1 ? 1 : 3;
        clile_i_text_append(text,
                            "pooled average, 95 %% interval over test subjects: %.*f to %.*f "
                            "(bootstrap, %d draws)\n",
                            decimals, factor * summary->low[metric], decimals,
                            factor * summary->high[metric], (int)CLILE_I_BOOTSTRAP_DRAWS);
    }
    if (metric == CLILE_I_F1) put_published(text, report);
    clile_i_text_append(text, "\n");
}

static clile_status put_intensity(clile_i_text *text, const clile_report *report)
{
    static const char *const titles[CLILE_I_GRADED] = {"Intensity, ICC(3,1)", "Intensity, PCC",
                                                       "Intensity, MAE"};
    clile_i_graded_table table = {0};
    CLILE_I_RETURN_IF(clile_i_graded_measure(report, &table));
    for (int metric = 0; metric < CLILE_I_GRADED && table.rows > 0; ++metric) {
        put_header(text, titles[metric], report, 1);
        for (int64_t r = 0; r < table.rows; ++r) {
            const double *value = table.row[r].value + metric * (report->c + 1);
            put_label(text, table.row[r].label);
            for (int32_t au = 0; au <= report->c; ++au) put_cell(text, 3, value[au]);
            clile_i_text_append(text, "\n");
        }
        clile_i_text_append(text, "\n");
    }
    clile_i_graded_table_free(&table);
    return CLILE_OK;
}

static void put_counts(clile_i_text *text, const clile_report *report,
                       const clile_i_figures *pooled)
{
    static const char *const labels[3] = {"TP", "FP", "FN"};
    put_header(text, "Counts, pooled", report, 0);
    for (int k = 0; k < 3; ++k) {
        put_label(text, labels[k]);
        for (int32_t au = 0; au < report->c; ++au)
            clile_i_text_append(text, "%*lld", CELL_WIDTH, (long long)pooled->counts[3 * au + k]);
        clile_i_text_append(text, "\n");
    }
}

static void put_matrix(clile_i_text *text, const char *title, const clile_report *report,
                       const double *matrix)
{
    char au[16];
    clile_i_text_append(text, "\n");
    put_header(text, title, report, 0);
    for (int32_t row = 0; row < report->c; ++row) {
        snprintf(au, sizeof au, "AU%d", (int)report->au_ids[row]);
        put_label(text, au);
        for (int32_t column = 0; column < report->c; ++column)
            put_cell(text, 2, matrix[(int64_t)row * report->c + column]);
        clile_i_text_append(text, "\n");
    }
}

static void put_correlation(clile_i_text *text, const clile_report *report)
{
    if (report->model == NULL) return;
    put_matrix(text, "AU corr., model", report, report->model);
    put_matrix(text, "AU corr., labels", report, report->label);
    clile_i_text_append(text, "agreement of the two (Pearson, upper triangles): ");
    if (clile_i_is_finite(report->agreement))
        clile_i_text_append(text, "%.3f\n", report->agreement);
    else
        clile_i_text_append(text, "-\n");
}

static void put_values(clile_i_text *text, const clile_report *report)
{
    if (report->values == 0) return;
    int width = LABEL_WIDTH - 1;
    for (int64_t v = 0; v < report->values; ++v) {
        const size_t length = strlen(report->value[v].name);
        if (length < 80 && (int)length > width) width = (int)length;
    }
    clile_i_text_append(text, "\n");
    for (int64_t v = 0; v < report->values; ++v) {
        const int length = (int)strnlen(report->value[v].name, 80);
        clile_i_text_append_utf8(text, report->value[v].name);
        clile_i_text_append(text, "%*s", 1 + (length < width ? width - length : 0), "");
        if (clile_i_is_finite(report->value[v].value))
            clile_i_text_append(text, "%.6g\n", report->value[v].value);
        else
            clile_i_text_append(text, "-\n");
    }
}

/* Explains the columns, several to a line. */
static void put_names(clile_i_text *text, const clile_report *report)
{
    enum { WIDTH = 100 };
    size_t line = text->size;
    for (int32_t i = 0; i < report->c; ++i) {
        const char *name = clile_au_name(report->au_ids[i]);
        if (i > 0) clile_i_text_append(text, ",");
        if (i > 0 && text->size - line > WIDTH - 30) {
            clile_i_text_append(text, "\n");
            line = text->size;
        } else if (i > 0)
            clile_i_text_append(text, " ");
        clile_i_text_append(text, "AU%d%s%s", (int)report->au_ids[i], name ? " " : "",
                            name ? name : "");
    }
    clile_i_text_append(text, "\n\n");
}

static void put_overview(clile_i_text *text, const clile_report *report,
                         const clile_i_summary *summary)
{
    clile_i_text_append(text, "%lld test images of %lld subjects\n", (long long)report->frames,
                        (long long)report->subjects);
    for (int64_t f = 0; f < summary->folds; ++f)
        clile_i_text_append(text, "fold %d: %lld images of %lld subjects\n",
                            (int)report->fold[f].fold, (long long)summary->fold[f].frames,
                            (long long)summary->fold[f].subjects);
    clile_i_text_append(text, "\n");
}

clile_status clile_report_copy_text(const clile_report *report, char **out)
{
    CLILE_I_CHECK_NOT_NULL(report);
    CLILE_I_CHECK_NOT_NULL(out);
    clile_status status = CLILE_OK;
    clile_i_text text = {0};
    const clile_i_summary *summary = NULL;
    CLILE_I_TRY(clile_i_summary_get(__func__, report, &summary));
    put_overview(&text, report, summary);
    put_names(&text, report);
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric)
        put_metric(&text, report, summary, metric);
    CLILE_I_TRY(put_intensity(&text, report));
    put_counts(&text, report, &summary->pooled);
    put_correlation(&text, report);
    put_values(&text, report);
    CLILE_I_TRY(text.status);
    *out = text.data;
    text.data = NULL;
cleanup:
    clile_i_text_free(&text);
    return status;
}
