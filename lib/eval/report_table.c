/* The report's figures as one table for a paper or a program: CSV, Markdown or LaTeX. One loop over
 * the rows serves all three. A form says how to print a row. */
#include "eval/report.h"

#include <math.h>
#include <string.h>

/* A row: a label, c values and their average, in the metric's units (0..1). NaN is missing. */
typedef struct {
    const char *label;
    const double *value; /* [c + 1] */
    double low, high;    /* interval of the average; NaN: none */
} table_row;

typedef struct {
    const char *name;
    void (*begin)(clile_i_text *text, const clile_report *report);
    void (*head)(clile_i_text *text, const clile_report *report, int metric);
    void (*row)(clile_i_text *text, const clile_report *report, int metric, const table_row *row);
    void (*foot)(clile_i_text *text, const char *note); /* NULL note: none */
    void (*value)(clile_i_text *text, const clile_report *report, const clile_i_value *value);
} table_form;

/* Those of intensities come last, and are numbered so. */
static const char *const titles[CLILE_I_METRICS + CLILE_I_GRADED] = {
    "F1 (%)",         "AUC",           "AUC within subjects", "Intensity, ICC(3,1)",
    "Intensity, PCC", "Intensity, MAE"};

/* As papers print them: F1 in % with one decimal, AUC with three, and a dash for a missing
 * value. */
static void put_printed(clile_i_text *text, int metric, double value)
{
    if (!clile_i_is_finite(value))
        clile_i_text_append(text, "-");
    else if (metric == CLILE_I_F1)
        clile_i_text_append(text, "%.1f", 100.0 * value);
    else
        clile_i_text_append(text, "%.3f", value);
}

/* ---- CSV (RFC 4180): fractions with all digits, nothing for a missing value ---- */

static void put_csv_number(clile_i_text *text, double value)
{
    clile_i_text_append(text, clile_i_is_finite(value) ? ",%.12g" : ",", value);
}

static void begin_csv(clile_i_text *text, const clile_report *report)
{
    clile_i_text_append(text, "metric,part");
    for (int32_t a = 0; a < report->c; ++a)
        clile_i_text_append(text, ",AU%d", (int)report->au_ids[a]);
    clile_i_text_append(text, ",average,low,high\n");
}

static void head_csv(clile_i_text *text, const clile_report *report, int metric)
{
    (void)text;
    (void)report;
    (void)metric;
}

static void row_csv(clile_i_text *text, const clile_report *report, int metric,
                    const table_row *row)
{
    if (metric < CLILE_I_METRICS)
        clile_i_text_append(text, "%s,", clile_i_metric_names[metric]);
    else
        clile_i_text_append(text, "intensity_%s,", clile_i_graded_names[metric - CLILE_I_METRICS]);
    clile_i_text_append_csv(text, row->label);
    for (int32_t a = 0; a <= report->c; ++a) put_csv_number(text, row->value[a]);
    put_csv_number(text, row->low);
    put_csv_number(text, row->high);
    clile_i_text_append(text, "\n");
}

static void foot_csv(clile_i_text *text, const char *note)
{
    (void)text;
    (void)note;
}

static void value_csv(clile_i_text *text, const clile_report *report, const clile_i_value *value)
{
    clile_i_text_append_csv(text, value->name);
    clile_i_text_append(text, ",");
    for (int32_t a = 0; a < report->c; ++a) clile_i_text_append(text, ",");
    put_csv_number(text, value->value);
    clile_i_text_append(text, ",,\n");
}

/* ---- Markdown: one table per metric ---- */

static void begin_md(clile_i_text *text, const clile_report *report)
{
    clile_i_text_append(text, "%lld test images of %lld subjects\n", (long long)report->frames,
                        (long long)report->subjects);
}

static void head_md(clile_i_text *text, const clile_report *report, int metric)
{
    clile_i_text_append(text, "\n| %s |", titles[metric]);
    for (int32_t a = 0; a < report->c; ++a)
        clile_i_text_append(text, " AU%d |", (int)report->au_ids[a]);
    clile_i_text_append(text, " Avg. |\n|---|");
    for (int32_t a = 0; a <= report->c; ++a) clile_i_text_append(text, "---:|");
    clile_i_text_append(text, "\n");
}

static void row_md(clile_i_text *text, const clile_report *report, int metric, const table_row *row)
{
    clile_i_text_append(text, "| ");
    clile_i_text_append_md(text, row->label);
    for (int32_t a = 0; a <= report->c; ++a) {
        clile_i_text_append(text, " | ");
        put_printed(text, metric, row->value[a]);
    }
    clile_i_text_append(text, " |\n");
}

static void foot_md(clile_i_text *text, const char *note)
{
    if (note != NULL) clile_i_text_append(text, "\n%s\n", note);
}

static void value_md(clile_i_text *text, const clile_report *report, const clile_i_value *value)
{
    (void)report;
    clile_i_text_append(text, "\n");
    clile_i_text_append_md(text, value->name);
    clile_i_text_append(text, clile_i_is_finite(value->value) ? ": %.6g\n" : ": -\n", value->value);
}

/* ---- LaTeX: one tabular per metric, needing no packages ---- */

static void begin_tex(clile_i_text *text, const clile_report *report)
{
    clile_i_text_append(text, "%% %lld test images of %lld subjects\n", (long long)report->frames,
                        (long long)report->subjects);
}

static void head_tex(clile_i_text *text, const clile_report *report, int metric)
{
    clile_i_text_append(text, "\n\\begin{tabular}{l");
    for (int32_t a = 0; a <= report->c; ++a) clile_i_text_append(text, "r");
    clile_i_text_append(text, "}\n\\hline\n");
    clile_i_text_append_tex(text, titles[metric]);
    for (int32_t a = 0; a < report->c; ++a)
        clile_i_text_append(text, " & AU%d", (int)report->au_ids[a]);
    clile_i_text_append(text, " & Avg. \\\\\n\\hline\n");
}

static void row_tex(clile_i_text *text, const clile_report *report, int metric,
                    const table_row *row)
{
    clile_i_text_append_tex(text, row->label);
    for (int32_t a = 0; a <= report->c; ++a) {
        clile_i_text_append(text, " & ");
        put_printed(text, metric, row->value[a]);
    }
    clile_i_text_append(text, " \\\\\n");
}

static void foot_tex(clile_i_text *text, const char *note)
{
    clile_i_text_append(text, "\\hline\n\\end{tabular}\n");
    if (note == NULL) return;
    clile_i_text_append(text, "\n");
    clile_i_text_append_tex(text, note);
    clile_i_text_append(text, "\n");
}

static void value_tex(clile_i_text *text, const clile_report *report, const clile_i_value *value)
{
    (void)report;
    clile_i_text_append(text, "\n");
    clile_i_text_append_tex(text, value->name);
    clile_i_text_append(text, clile_i_is_finite(value->value) ? ": %.6g\n" : ": -\n", value->value);
}

static const table_form forms[] = {
    {"csv", begin_csv, head_csv, row_csv, foot_csv, value_csv},
    {"md", begin_md, head_md, row_md, foot_md, value_md},
    {"tex", begin_tex, head_tex, row_tex, foot_tex, value_tex},
};

/* ---- the rows ---- */

static void put_figures(clile_i_text *text, const table_form *form, const clile_report *report,
                        int metric, const char *label, const clile_i_figures *figures,
                        const clile_i_summary *interval, double *value)
{
    memcpy(value, figures->au[metric], (size_t)report->c * sizeof *value);
    value[report->c] = figures->average[metric];
    const table_row row = {label, value, interval != NULL ? interval->low[metric] : (double)NAN,
                           interval != NULL ? interval->high[metric] : (double)NAN};
    form->row(text, report, metric, &row);
}

static void put_published(clile_i_text *text, const table_form *form, const clile_report *report,
                          double *value)
{
    const clile_i_published *table = report->published;
    char label[64];
    for (int32_t k = 0; table != NULL && k < table->rows; ++k) {
        for (int32_t a = 0; a < report->c; ++a) {
            const int32_t column = clile_i_published_column(table, report->au_ids[a]);
            value[a] = column < 0 ? (double)NAN : table->row[k].f1[column] / 100.0;
        }
        value[report->c] = table->row[k].average / 100.0;
        snprintf(label, sizeof label, "%s (published)", table->row[k].name);
        const table_row row = {label, value, (double)NAN, (double)NAN};
        form->row(text, report, CLILE_I_F1, &row);
    }
}

static void put_metric(clile_i_text *text, const table_form *form, const clile_report *report,
                       const clile_i_summary *summary, int metric, double *value)
{
    char label[32], note[256] = "";
    form->head(text, report, metric);
    for (int64_t f = 0; f < summary->folds; ++f) {
        snprintf(label, sizeof label, "fold %d", (int)report->fold[f].fold);
        put_figures(text, form, report, metric, label, &summary->fold[f], NULL, value);
    }
    put_figures(text, form, report, metric, "mean of folds", &summary->mean, NULL, value);
    put_figures(text, form, report, metric, "pooled", &summary->pooled, summary, value);
    if (metric == CLILE_I_F1) put_published(text, form, report, value);
    if (clile_i_is_finite(summary->low[metric])) {
        clile_i_text low = {0};
        put_printed(&low, metric, summary->low[metric]);
        clile_i_text_append(&low, " to ");
        put_printed(&low, metric, summary->high[metric]);
        snprintf(note, sizeof note, "Pooled average, 95 %% interval over test subjects: %s.",
                 low.data ? low.data : "");
        if (low.status != CLILE_OK) text->status = low.status;
        clile_i_text_free(&low);
    }
    if (metric == CLILE_I_F1 && report->published != NULL &&
        !clile_i_published_same_aus(report->published, report->c, report->au_ids))
        snprintf(note + strlen(note), sizeof note - strlen(note),
                 "%sThe published averages are over other AUs and cannot be compared.",
                 note[0] != '\0' ? " " : "");
    form->foot(text, note[0] != '\0' ? note : NULL);
}

static clile_status put_intensity(clile_i_text *text, const table_form *form,
                                  const clile_report *report)
{
    clile_i_graded_table table = {0};
    CLILE_I_RETURN_IF(clile_i_graded_measure(report, &table));
    for (int metric = 0; metric < CLILE_I_GRADED && table.rows > 0; ++metric) {
        form->head(text, report, CLILE_I_METRICS + metric);
        for (int64_t r = 0; r < table.rows; ++r) {
            const table_row row = {table.row[r].label,
                                   table.row[r].value + metric * (report->c + 1), (double)NAN,
                                   (double)NAN};
            form->row(text, report, CLILE_I_METRICS + metric, &row);
        }
        form->foot(text, NULL);
    }
    clile_i_graded_table_free(&table);
    return CLILE_OK;
}

clile_status clile_report_copy_table(const clile_report *report, const char *format, char **out)
{
    CLILE_I_CHECK_NOT_NULL(report);
    CLILE_I_CHECK_NOT_NULL(format);
    CLILE_I_CHECK_NOT_NULL(out);
    clile_status status = CLILE_OK;
    clile_i_text text = {0};
    const clile_i_summary *summary = NULL;
    double *value = NULL;
    const table_form *form = NULL;
    for (size_t k = 0; k < sizeof forms / sizeof *forms; ++k)
        if (strcmp(forms[k].name, format) == 0) form = &forms[k];
    if (form == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: format is \"%s\", expected csv, md or tex", __func__, format);
    CLILE_I_TRY(clile_i_summary_get(__func__, report, &summary));
    CLILE_I_ALLOC(value, report->c + 1);
    form->begin(&text, report);
    for (int metric = 0; metric < CLILE_I_METRICS; ++metric)
        put_metric(&text, form, report, summary, metric, value);
    CLILE_I_TRY(put_intensity(&text, form, report));
    for (int64_t v = 0; v < report->values; ++v) form->value(&text, report, &report->value[v]);
    CLILE_I_TRY(text.status);
    *out = text.data;
    text.data = NULL;
cleanup:
    clile_i_text_free(&text);
    clile_i_free(value);
    return status;
}
