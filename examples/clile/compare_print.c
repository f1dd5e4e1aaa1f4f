/* What clile compare prints. One loop serves all formats; a format says how to print a row. */
#include "compare.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* An AU, or the mean of all. F1 and differences in F1 are in %, AUC is a fraction, in all formats
 * but CSV and JSON, which have fractions. */
typedef struct {
    const comparison *all;
    int system, metric;
    const char *label;
    double figure[FIGURES]; /* a, b, low, high, p, p_holm */
} row;

typedef struct {
    const char *ending;
    void (*begin)(FILE *out, const comparison *all);
    void (*head)(FILE *out, const row *r);
    void (*body)(FILE *out, const row *r);
    void (*foot)(FILE *out, const row *r);
    void (*end)(FILE *out, const comparison *all);
} form;

static void begin_none(FILE *out, const comparison *all)
{
    (void)out;
    (void)all;
}

static void row_none(FILE *out, const row *r)
{
    (void)out;
    (void)r;
}

static const char note[] = "Differences: 95 % interval and two-sided p value over 2000 paired "
                           "bootstrap draws of the people; Holm: p corrected for the AUs.";

/* "12.3", "-" if there is none; with a sign if it is a difference. */
static const char *shown(const row *r, double value, int sign, char *text)
{
    const double factor = r->metric == 0 ? 100.0 : 1.0;
    const char *format = r->metric == 0 ? (sign ? "%+.1f" : "%.1f") : (sign ? "%+.3f" : "%.3f");
    if (isnan(value)) return "-";
    snprintf(text, 32, format, factor * value);
    return text;
}

static const char *shown_p(double p, char *text)
{
    if (isnan(p)) return "-";
    snprintf(text, 32, p < 0.001 ? "%.4f" : "%.3f", p);
    return text;
}

/* ---- text, Markdown, LaTeX, HTML: seven cells, and what is before, between and after them ---- */

typedef struct {
    const char *form, *before, *between, *after;
} cells;

static void put_cells(FILE *out, const row *r, const cells *c, int width)
{
    char text[32];
    const double *f = r->figure;
    if (c->form)
        fprintf(out, "%s%s", c->before, r->label);
    else
        fprintf(out, "%s%-8s", c->before, r->label);
    for (int k = 0; k < 7; ++k) {
        const char *cell = k < 2    ? shown(r, f[k], 0, text)
                           : k == 2 ? shown(r, f[1] - f[0], 1, text)
                           : k < 5  ? shown(r, f[k - 1], 1, text)
                                    : shown_p(f[k - 1], text);
        fprintf(out, "%s%*s", c->between, width, cell);
    }
    fprintf(out, "%s\n", c->after);
}

static void begin_text(FILE *out, const comparison *all)
{
    fprintf(out, "%lld images of %d people\n", (long long)all->images, (int)all->subjects);
}

static void head_text(FILE *out, const row *r)
{
    const char *unit = r->metric == 0 ? " (%)" : "";
    fprintf(out, "\n%s%s: A %s, B %s\n%-8s%8s%8s%8s%8s%8s%8s%8s\n", metric_titles[r->metric], unit,
            r->all->names[0], r->all->names[r->system], "", "A", "B", "B - A", "low", "high", "p",
            "Holm");
}

static void body_text(FILE *out, const row *r)
{
    static const cells c = {NULL, "", "", ""};
    put_cells(out, r, &c, 8);
}

static void end_text(FILE *out, const comparison *all)
{
    (void)all;
    fprintf(out, "\n%s\n", note);
}

static void begin_md(FILE *out, const comparison *all)
{
    begin_text(out, all);
}

static void head_md(FILE *out, const row *r)
{
    fprintf(out, "\n%s%s: A is ", metric_titles[r->metric], r->metric == 0 ? " (%)" : "");
    put_escaped(out, "md", r->all->names[0]);
    fprintf(out, ", B is ");
    put_escaped(out, "md", r->all->names[r->system]);
    fprintf(out, "\n\n| | A | B | B - A | low | high | p | Holm |\n"
                 "|---|---:|---:|---:|---:|---:|---:|---:|\n");
}

static void body_md(FILE *out, const row *r)
{
    static const cells c = {"md", "| ", " | ", " |"};
    put_cells(out, r, &c, 0);
}

static void begin_tex(FILE *out, const comparison *all)
{
    fprintf(out, "%% needs the package booktabs; %lld images of %d people\n",
            (long long)all->images, (int)all->subjects);
}

static void head_tex(FILE *out, const row *r)
{
    fprintf(out, "\n\\begin{tabular}{lrrrrrrr}\n\\toprule\n%s%s & \\multicolumn{7}{l}{A: ",
            metric_titles[r->metric], r->metric == 0 ? " (\\%)" : "");
    put_escaped(out, "tex", r->all->names[0]);
    fprintf(out, "; B: ");
    put_escaped(out, "tex", r->all->names[r->system]);
    fprintf(out, "} \\\\\n & A & B & $B - A$ & low & high & $p$ & Holm \\\\\n\\midrule\n");
}

static void body_tex(FILE *out, const row *r)
{
    static const cells c = {"tex", "", " & ", " \\\\"};
    if (strcmp(r->label, "mean") == 0) fprintf(out, "\\midrule\n");
    put_cells(out, r, &c, 0);
}

static void foot_tex(FILE *out, const row *r)
{
    (void)r;
    fprintf(out, "\\bottomrule\n\\end{tabular}\n");
}

static void end_tex(FILE *out, const comparison *all)
{
    (void)all;
    fprintf(out, "\n");
    put_escaped(out, "tex", note);
    fprintf(out, "\n");
}

static void begin_html(FILE *out, const comparison *all)
{
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width\">\n"
            "<title>Comparison</title>\n<style>\n"
            ":root { color-scheme: light dark; font: 16px/1.5 sans-serif }\n"
            "body { max-width: 50em; margin: 2em auto; padding: 0 1em }\n"
            "div { overflow-x: auto }\n"
            "table { border-collapse: collapse; font-variant-numeric: tabular-nums }\n"
            "caption { text-align: left; padding: 1.5em 0 .5em; overflow-wrap: anywhere }\n"
            "th, td { padding: .2em .8em; text-align: right; border-bottom: 1px solid #8886 }\n"
            "th:first-child { text-align: left }\n</style>\n</head>\n<body>\n"
            "<h1>Comparison</h1>\n<p>%lld images of %d people</p>\n",
            (long long)all->images, (int)all->subjects);
}

static void head_html(FILE *out, const row *r)
{
    static const char *const heads[] = {"", "A", "B", "B − A", "low", "high", "p", "Holm"};
    fprintf(out, "<div><table>\n<caption>%s%s: A is ", metric_titles[r->metric],
            r->metric == 0 ? " (%)" : "");
    put_escaped(out, "html", r->all->names[0]);
    fprintf(out, ", B is ");
    put_escaped(out, "html", r->all->names[r->system]);
    fprintf(out, "</caption>\n<tr>");
    for (size_t k = 0; k < sizeof heads / sizeof heads[0]; ++k)
        fprintf(out, "%s%s", k == 0 ? "<td>" : "<th scope=\"col\">", heads[k]);
    fprintf(out, "</tr>\n");
}

static void body_html(FILE *out, const row *r)
{
    static const cells c = {"html", "<tr><th scope=\"row\">", "<td>", "</tr>"};
    put_cells(out, r, &c, 0);
}

static void foot_html(FILE *out, const row *r)
{
    (void)r;
    fprintf(out, "</table></div>\n");
}

static void end_html(FILE *out, const comparison *all)
{
    (void)all;
    fprintf(out, "<p>%s</p>\n</body>\n</html>\n", note);
}

/* ---- CSV: all digits, nothing for a missing value ---- */

static void begin_csv(FILE *out, const comparison *all)
{
    (void)all;
    fprintf(out, "a,b,metric,au,value_a,value_b,difference,low,high,p,p_holm\n");
}

static void body_csv(FILE *out, const row *r)
{
    const double *f = r->figure;
    const double values[] = {f[0], f[1], f[1] - f[0], f[2], f[3], f[4], f[5]};
    csv_text(out, r->all->names[0]);
    fputc(',', out);
    csv_text(out, r->all->names[r->system]);
    fprintf(out, ",%s,%s", metric_names[r->metric], r->label);
    for (size_t k = 0; k < sizeof values / sizeof values[0]; ++k) {
        fputc(',', out);
        if (!isnan(values[k])) fprintf(out, "%.12g", values[k]);
    }
    fprintf(out, "\n");
}

/* ---- all ---- */

static const form forms[] = {
    {"txt", begin_text, head_text, body_text, row_none, end_text},
    {"csv", begin_csv, row_none, body_csv, row_none, begin_none},
    {"md", begin_md, head_md, body_md, row_none, end_text},
    {"tex", begin_tex, head_tex, body_tex, foot_tex, end_tex},
    {"html", begin_html, head_html, body_html, foot_html, end_html},
    {"json", NULL, NULL, NULL, NULL, NULL},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

static const form *find_form(const char *path)
{
    const char *point = path ? strrchr(path, '.') : NULL;
    if (path == NULL) return &forms[0];
    for (int k = 0; point && k < FORMS; ++k)
        if (strcasecmp(point + 1, forms[k].ending) == 0) return &forms[k];
    return NULL;
}

int comparison_name_is_known(const char *path)
{
    return find_form(path) != NULL;
}

static row row_of(const comparison *all, int system, int metric, int32_t au, char *label)
{
    const paired *from = &all->results[(system - 1) * METRICS + metric];
    if (au == all->c)
        snprintf(label, 16, "mean");
    else
        snprintf(label, 16, "AU%d", (int)all->au_ids[au]);
    return (row){
        all,
        system,
        metric,
        label,
        {from->a[au], from->b[au], from->low[au], from->high[au], from->p[au], from->p_holm[au]}};
}

void comparison_print(FILE *out, const char *path, const comparison *all)
{
    const form *f = find_form(path);
    char label[16];
    if (f->body == NULL) {
        comparison_print_json(out, all);
        return;
    }
    f->begin(out, all);
    for (int system = 1; system < all->count; ++system)
        for (int metric = 0; metric < METRICS; ++metric) {
            row r = row_of(all, system, metric, 0, label);
            f->head(out, &r);
            for (int32_t au = 0; au <= all->c; ++au) {
                r = row_of(all, system, metric, au, label);
                f->body(out, &r);
            }
            f->foot(out, &r);
        }
    f->end(out, all);
}

static void json_pair(json *j, const comparison *all, int system, int metric)
{
    static const char *const keys[FIGURES] = {"value_a", "value_b", "low", "high", "p", "p_holm"};
    char label[16];
    json_open(j, NULL, '{');
    json_text(j, "a", all->names[0]);
    json_text(j, "b", all->names[system]);
    json_text(j, "metric", metric_names[metric]);
    for (int32_t au = 0; au <= all->c; ++au) {
        const row r = row_of(all, system, metric, au, label);
        if (au == 0) json_open(j, "au", '[');
        if (au == all->c) json_close(j, ']');
        json_open(j, au == all->c ? "mean" : NULL, '{');
        if (au < all->c) json_integer(j, "au", all->au_ids[au]);
        json_real(j, "difference", r.figure[1] - r.figure[0]);
        for (int k = 0; k < FIGURES; ++k) json_real(j, keys[k], r.figure[k]);
        json_close(j, '}');
    }
    json_close(j, '}');
}

void comparison_print_json(FILE *out, const comparison *all)
{
    json j = {.out = out};
    json_open(&j, NULL, '{');
    json_text(&j, "format", "clile-comparison");
    json_integer(&j, "version", 1);
    json_integer(&j, "images", all->images);
    json_integer(&j, "subjects", all->subjects);
    json_open(&j, "au", '[');
    for (int32_t k = 0; k < all->c; ++k) json_integer(&j, NULL, all->au_ids[k]);
    json_close(&j, ']');
    json_open(&j, "comparisons", '[');
    for (int system = 1; system < all->count; ++system)
        for (int metric = 0; metric < METRICS; ++metric) json_pair(&j, all, system, metric);
    json_close(&j, ']');
    json_close(&j, '}');
}
