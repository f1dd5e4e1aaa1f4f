/* The page of `clile report`: one HTML file, which is well-formed XML too, with all it needs. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char page_style[] =
    "body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"
    "\"Segoe UI\",\"Helvetica Neue\",Arial,sans-serif;overflow-wrap:break-word}\n"
    "main{max-width:62rem;margin:0 auto;padding:1rem}\n"
    "h1{font-size:1.7rem;margin:.5rem 0}h2{font-size:1.3rem;margin:2.2rem 0 "
    ".4rem;padding-top:.6rem;"
    "border-top:1px solid var(--rule)}h3{font-size:1.05rem;margin:1.2rem 0 .3rem}\n"
    "p{max-width:44rem}a{color:var(--link)}.muted,figcaption{color:var(--quiet)}\n"
    "nav ul{columns:14rem;padding-left:1.2rem}\n"
    ".figures{display:flex;flex-wrap:wrap;gap:1rem}.figures>div{flex:0 1 440px;max-width:100%}"
    ".small{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:.6rem}\n"
    "svg{max-width:100%;height:auto}\n"
    ".wide{overflow-x:auto;max-width:100%}\n"
    "table{border-collapse:collapse;font-size:.87rem;margin:.6rem 0}"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid var(--rule);text-align:left;"
    "vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;color:var(--quiet);padding:.2rem 0}\n"
    ".faces{display:flex;gap:.4rem}figure{margin:0;width:72px}figcaption{font-size:.75rem;"
    "overflow-wrap:anywhere}img{display:block}pre{white-space:pre-wrap;overflow-wrap:anywhere;"
    "font-size:.85rem;border:1px solid var(--rule);padding:.7rem}\n"
    "@media print{main{max-width:none;padding:0}nav{display:none}h2,h3{break-after:avoid}"
    ".figures>div,.small>div,tr,figure{break-inside:avoid}.wide{overflow:visible}"
    "body{font-size:10pt}}\n";

/* ---- pieces ---- */

static void cell(FILE *out, double value)
{
    if (isnan(value))
        fputs("<td class=\"n\">&#8211;</td>", out);
    else
        fprintf(out, "<td class=\"n\">%.3f</td>", value);
}

static void text_cell(FILE *out, const char *tag, const char *text)
{
    fprintf(out, strcmp(tag, "th") == 0 ? "<th scope=\"row\"><bdi>" : "<td><bdi>");
    markup_text(out, text);
    fprintf(out, "</bdi></%s>", tag);
}

/* A table that scrolls by itself where it is too wide; keyboards reach it. */
static void table_open(FILE *out, const char *caption, const char *head)
{
    fprintf(out,
            "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"%s\"><table>"
            "<caption>%s</caption><thead><tr>%s</tr></thead><tbody>\n",
            caption, caption, head);
}

static void table_close(FILE *out)
{
    fputs("</tbody></table></div>\n", out);
}

#define TH(name) "<th scope=\"col\">" name "</th>"
#define THN(name) "<th scope=\"col\" class=\"n\">" name "</th>"

/* Into the page and, with --figures, into a file. */
static int put_figure(const report *r, FILE *out, report_figure draw, const char *id, int run,
                      int32_t au)
{
    fputs("<div>", out);
    draw(&(report_place){out, 0, id}, r, run, au);
    fputs("</div>\n", out);
    if (r->figures == NULL) return EXIT_FINE;
    const size_t size = strlen(r->figures) + strlen(id) + 8;
    char *path = malloc(size);
    output file = {0};
    if (path == NULL) {
        fprintf(stderr, "clile: out of memory\n");
        return EXIT_FAILED;
    }
    snprintf(path, size, "%s/%s.svg", r->figures, id);
    int code = output_open(&file, path);
    if (code == EXIT_FINE) {
        draw(&(report_place){file.file, 1, id}, r, run, au);
        code = output_commit(&file);
    }
    free(path);
    return code;
}

/* A figure for each run: "people-1". */
static int put_for_run(const report *r, FILE *out, report_figure draw, const char *name, int run)
{
    char id[64];
    snprintf(id, sizeof id, "%s-%d", name, run + 1);
    return put_figure(r, out, draw, id, run, 0);
}

static int put_for_aus(const report *r, FILE *out, report_figure draw, const char *name)
{
    char id[64];
    int code = EXIT_FINE;
    fputs("<div class=\"small\">\n", out);
    for (int32_t k = 0; k < r->aus && code == EXIT_FINE; ++k) {
        snprintf(id, sizeof id, "%s-AU%02d", name, (int)r->au_ids[k]);
        code = put_figure(r, out, draw, id, 0, r->au_ids[k]);
    }
    fputs("</div>\n", out);
    return code;
}

static void run_heading(const report *r, FILE *out, int run)
{
    fputs("<h3>", out);
    markup_text(out, r->run[run].name);
    fputs("</h3>\n", out);
}

/* Which line is whose, where small figures have no legend. */
static void put_key(const report *r, FILE *out, const char *id)
{
    const char *names[SVG_SERIES];
    svg s;
    if (r->runs < 2) return;
    for (int k = 0; k < r->runs; ++k) names[k] = r->run[k].name;
    svg_open(&s, out, 0, id, 440.0, 19.0 * r->runs + 8.0, "Lines and marks of the evaluations",
             "The key to the figures below.");
    svg_legend(&s, 4.0, 16.0, 430.0, r->runs, names, 1);
    svg_close(&s);
}

/* ---- sections ---- */

static int section_summary(const report *r, FILE *out)
{
    table_open(out, "Evaluations",
               TH("evaluation") THN("folds") THN("images") THN("people") THN("F1, mean of folds")
                   THN("F1, pooled [95&#160;%]") THN("AUC, mean of folds")
                       THN("AUC, pooled [95&#160;%]"));
    for (int k = 0; k < r->runs; ++k) {
        const report_run *run = &r->run[k];
        fputs("<tr>", out);
        text_cell(out, "th", run->name);
        fprintf(out, "<td class=\"n\">%d</td><td class=\"n\">%lld</td><td class=\"n\">%d</td>",
                (int)run->parts, (long long)run->n, (int)run->subjects);
        for (int m = 0; m < 2; ++m) {
            const char *const metric = m == 0 ? "f1" : "auc";
            double low, high;
            const double value = report_metric(run, metric, -1, &low, &high);
            cell(out, json_number(json_get(
                          json_get(json_get(run->figures, "mean_of_folds"), metric), "average")));
            if (isnan(low))
                cell(out, value);
            else
                fprintf(out, "<td class=\"n\">%.3f [%.3f, %.3f]</td>", value, low, high);
        }
        fputs("</tr>\n", out);
    }
    table_close(out);
    return EXIT_FINE;
}

static int section_metrics(const report *r, FILE *out)
{
    fputs("<div class=\"figures\">\n", out);
    int code = put_figure(r, out, figure_f1, "f1", 0, 0);
    if (code == EXIT_FINE) code = put_figure(r, out, figure_auc, "auc", 0, 0);
    fputs("</div>\n", out);
    table_open(out, "F1 and AUC of each AU, all folds together",
               TH("AU") TH("evaluation") THN("F1") THN("low") THN("high") THN("AUC") THN("low")
                   THN("high") THN("average precision") THN("share present"));
    for (int32_t a = 0; a < r->aus && code == EXIT_FINE; ++a)
        for (int k = 0; k < r->runs && code == EXIT_FINE; ++k) {
            const report_run *run = &r->run[k];
            const int32_t c = report_column(run, r->au_ids[a]);
            report_curve curve;
            if (c < 0) continue;
            if (!report_curve_make(run, c, &curve)) {
                fprintf(stderr, "clile: out of memory\n");
                return EXIT_FAILED;
            }
            fprintf(out, "<tr><th scope=\"row\">AU%d %s</th>", (int)r->au_ids[a],
                    au_name(r->au_ids[a]));
            text_cell(out, "td", run->name);
            for (int m = 0; m < 2; ++m) {
                double low, high;
                cell(out, report_metric(run, m == 0 ? "f1" : "auc", c, &low, &high));
                cell(out, low);
                cell(out, high);
            }
            cell(out, curve.average_precision);
            const int64_t coded = curve.positives + curve.negatives;
            cell(out, coded > 0 ? (double)curve.positives / (double)coded : NAN);
            fputs("</tr>\n", out);
            report_curve_free(&curve);
        }
    table_close(out);
    return code;
}

static int section_folds(const report *r, FILE *out)
{
    fputs("<div class=\"figures\">\n", out);
    const int code = put_figure(r, out, figure_folds, "folds", 0, 0);
    fputs("</div>\n", out);
    table_open(out, "Folds and seeds",
               TH("evaluation") TH("fold") TH("protocol") TH("seed") TH("model") THN("images")
                   THN("people") THN("F1") THN("AUC"));
    for (int k = 0; k < r->runs; ++k)
        for (int32_t f = 0; f < r->run[k].parts; ++f) {
            clile_evaluation_part part = {.struct_size = sizeof part};
            const json_value *fold = json_item(json_get(r->run[k].figures, "folds"), f);
            if (clile_evaluation_get_part(r->run[k].file, f, &part) != CLILE_OK)
                return failed(r->run[k].path);
            fputs("<tr>", out);
            text_cell(out, "th", r->run[k].name);
            fprintf(out, "<td>%d</td>", (int)part.fold);
            text_cell(out, "td", part.protocol);
            if (part.seed >= 0)
                fprintf(out, "<td>%lld</td>", (long long)part.seed);
            else
                fputs("<td>unknown</td>", out);
            text_cell(out, "td", part.model);
            fprintf(out, "<td class=\"n\">%lld</td><td class=\"n\">%.0f</td>",
                    (long long)part.count, json_number(json_get(fold, "subjects")));
            cell(out, json_number(json_get(json_get(fold, "f1"), "average")));
            cell(out, json_number(json_get(json_get(fold, "auc"), "average")));
            fputs("</tr>\n", out);
        }
    table_close(out);
    return code;
}

/* Whether an evaluation has intensities. */
static int has_intensity(const report_run *run)
{
    return json_get(json_get(run->figures, "intensity"), "icc") != NULL;
}

/* A metric of the estimates, or of what they are compared with; column -1: the average. */
static double intensity_of(const report_run *run, const char *metric, const char *row,
                           int32_t column)
{
    const json_value *all = json_get(json_get(json_get(run->figures, "intensity"), metric), row);
    return json_number(column < 0 ? json_get(all, "average")
                                  : json_item(json_get(all, "au"), column));
}

static void intensity_cells(const report_run *run, int32_t column, FILE *out)
{
    static const char *const cells[][2] = {{"icc", "pooled"},      {"pcc", "pooled"},
                                           {"mae", "pooled"},      {"icc", "probability"},
                                           {"mae", "probability"}, {"mae", "always_0"}};
    text_cell(out, "td", run->name);
    for (size_t k = 0; k < sizeof cells / sizeof cells[0]; ++k)
        cell(out, intensity_of(run, cells[k][0], cells[k][1], column));
    fputs("</tr>\n", out);
}

static int section_intensity(const report *r, FILE *out)
{
    fputs(
        "<p>How strong an AU is, 0 to 5: the model's estimate beside what was coded. ICC(3,1) and "
        "Pearson's correlation (PCC) are 1 at best, the mean absolute error (MAE) is 0. For "
        "comparison: five times the probability of the AU, and 0 for every image.</p>\n",
        out);
    table_open(out, "Intensity of each AU, all folds together",
               TH("AU") TH("evaluation") THN("ICC(3,1)") THN("PCC") THN("MAE")
                   THN("ICC, 5 &#215; probability") THN("MAE, 5 &#215; probability")
                       THN("MAE, always 0"));
    for (int32_t a = 0; a < r->aus; ++a)
        for (int k = 0; k < r->runs; ++k) {
            const int32_t c = report_column(&r->run[k], r->au_ids[a]);
            if (c < 0 || !has_intensity(&r->run[k])) continue;
            fprintf(out, "<tr><th scope=\"row\">AU%d %s</th>", (int)r->au_ids[a],
                    au_name(r->au_ids[a]));
            intensity_cells(&r->run[k], c, out);
        }
    for (int k = 0; k < r->runs; ++k) {
        if (!has_intensity(&r->run[k])) continue;
        fputs("<tr><th scope=\"row\">average</th>", out);
        intensity_cells(&r->run[k], -1, out);
    }
    table_close(out);
    return EXIT_FINE;
}

static int section_curves(const report *r, FILE *out)
{
    fputs("<p>All folds together. The diagonal is chance.</p>\n", out);
    put_key(r, out, "key-roc");
    int code = put_for_aus(r, out, figure_roc, "roc");
    fputs("<h3>Precision and recall</h3>\n", out);
    if (code == EXIT_FINE) code = put_for_aus(r, out, figure_precision, "precision");
    return code;
}

static int section_calibration(const report *r, FILE *out)
{
    fputs("<p>Where a mark lies on the diagonal, a probability of 0.7 is right in 70 % of images. "
          "Larger marks are more images.</p>\n",
          out);
    put_key(r, out, "key-calibration");
    const int code = put_for_aus(r, out, figure_reliability, "calibration");
    table_open(out, "Calibration",
               TH("AU") TH("evaluation") THN("images") THN("calibration error") THN("Brier score"));
    for (int32_t a = 0; a < r->aus; ++a)
        for (int k = 0; k < r->runs; ++k) {
            const int32_t c = report_column(&r->run[k], r->au_ids[a]);
            report_bins bins;
            if (c < 0) continue;
            report_bins_make(&r->run[k], c, &bins);
            fprintf(out, "<tr><th scope=\"row\">AU%d</th>", (int)r->au_ids[a]);
            text_cell(out, "td", r->run[k].name);
            fprintf(out, "<td class=\"n\">%lld</td>", (long long)bins.all);
            cell(out, bins.error);
            cell(out, bins.brier);
            fputs("</tr>\n", out);
        }
    table_close(out);
    return code;
}

/* A row for each person: their images and average F1 over the AUs that they show. */
static int people_table(const report_run *run, FILE *out)
{
    const size_t people = (size_t)run->subjects;
    report_person *person = malloc(people * sizeof *person);
    double *sum = calloc(people, sizeof *sum);
    int64_t *images = calloc(people, sizeof *images);
    int32_t *aus = calloc(people, sizeof *aus);
    const int fine = person && sum && images && aus;
    for (int32_t c = 0; c < run->c && fine; ++c) {
        report_people_make(run, c, person);
        for (size_t p = 0; p < people; ++p) {
            if (person[p].images > images[p]) images[p] = person[p].images;
            if (person[p].positives == 0) continue;
            sum[p] += report_person_f1(&person[p]);
            ++aus[p];
        }
    }
    table_open(out, "People", TH("person") THN("images") THN("AUs shown") THN("average F1"));
    for (size_t p = 0; p < people && fine; ++p) {
        fputs("<tr>", out);
        text_cell(out, "th", clile_evaluation_get_subject_name(run->file, (int32_t)p));
        fprintf(out, "<td class=\"n\">%lld</td><td class=\"n\">%d</td>", (long long)images[p],
                (int)aus[p]);
        cell(out, aus[p] > 0 ? sum[p] / aus[p] : NAN);
        fputs("</tr>\n", out);
    }
    table_close(out);
    if (!fine) fprintf(stderr, "clile: out of memory\n");
    free(person);
    free(sum);
    free(images);
    free(aus);
    return fine ? EXIT_FINE : EXIT_FAILED;
}

static int section_people(const report *r, FILE *out)
{
    int code = EXIT_FINE;
    fputs("<p>Each mark is a person: how far a figure would move with other people.</p>\n", out);
    for (int k = 0; k < r->runs && code == EXIT_FINE; ++k) {
        run_heading(r, out, k);
        fputs("<div class=\"figures\">\n", out);
        code = put_for_run(r, out, figure_people, "people", k);
        fputs("</div>\n", out);
        if (code == EXIT_FINE) code = people_table(&r->run[k], out);
    }
    return code;
}

/* Two matrices side by side, for each run. */
static int two_matrices(const report *r, FILE *out, report_figure first, const char *first_name,
                        report_figure second, const char *second_name)
{
    int code = EXIT_FINE;
    for (int k = 0; k < r->runs && code == EXIT_FINE; ++k) {
        run_heading(r, out, k);
        fputs("<div class=\"figures\">\n", out);
        code = put_for_run(r, out, first, first_name, k);
        if (code == EXIT_FINE) code = put_for_run(r, out, second, second_name, k);
        fputs("</div>\n", out);
    }
    return code;
}

static int section_correlation(const report *r, FILE *out)
{
    fputs("<p>Which AUs occur together: labels on the left, the model's decisions on the right "
          "(phi). A pair that is deeper on the right is seen as one.</p>\n",
          out);
    return two_matrices(r, out, figure_phi_labels, "correlation-labels", figure_phi_model,
                        "correlation-model");
}

static int section_pairs(const report *r, FILE *out)
{
    fputs("<p>Left: how much more often an AU (row) is reported where it is absent, when another "
          "(column) is present. Right: how much more often it is missed then.</p>\n",
          out);
    return two_matrices(r, out, figure_false_alarms, "false-alarms", figure_misses, "misses");
}

static int has_epochs(const report *r, int stage, int validation)
{
    for (int k = 0; k < r->histories; ++k)
        for (int i = 0; i < r->history[k].count; ++i)
            if (r->history[k].epoch[i].stage == stage &&
                isfinite(validation ? r->history[k].epoch[i].f1 : r->history[k].epoch[i].loss))
                return 1;
    return 0;
}

static int section_training(const report *r, FILE *out)
{
    char id[32];
    int code = EXIT_FINE;
    fputs("<div class=\"figures\">\n", out);
    for (int stage = 1; stage <= 2; ++stage)
        for (int validation = 0; validation < 2 && code == EXIT_FINE; ++validation) {
            if (!has_epochs(r, stage, validation)) continue;
            snprintf(id, sizeof id, "%s-%d", validation ? "validation" : "loss", stage);
            code =
                put_figure(r, out, validation ? figure_validation : figure_training, id, stage, 0);
        }
    fputs("</div>\n", out);
    table_open(out, "The last epoch of each stage",
               TH("history") TH("stage") THN("epochs") THN("loss") THN("validation F1")
                   THN("validation AUC"));
    for (int k = 0; k < r->histories; ++k)
        for (int i = 0; i < r->history[k].count; ++i) {
            const report_epoch *e = &r->history[k].epoch[i];
            if (i + 1 < r->history[k].count && e[1].stage == e->stage) continue;
            fputs("<tr>", out);
            text_cell(out, "th", r->history[k].name);
            fprintf(out, "<td>%d</td><td class=\"n\">%d</td>", e->stage, e->epoch);
            cell(out, e->loss);
            cell(out, e->f1);
            cell(out, e->auc);
            fputs("</tr>\n", out);
        }
    table_close(out);
    return code;
}

static int section_faces(const report *r, FILE *out)
{
    fputs("<p>At most one face of each person, the surest answers first, with the model's "
          "probability.</p>\n",
          out);
    return report_faces(r, out);
}

static int section_models(const report *r, FILE *out)
{
    static const char *const rows[][2] = {
        {"data_kind", "faces it was trained on"},
        {"photographs", "has it seen photographs"},
        {"layout", "layout"},
        {"protocol", "protocol"},
        {"fold", "fold that was left out"},
        {"train_images_by_landmarks", "training images, aligned by landmarks"},
        {"train_images_by_boxes", "training images, cropped by boxes"},
        {"train_images_as_crops", "training images, crops"},
        {"train_subjects", "training people"},
        {"imported", "weights imported from"},
        {"seed", "seed"}};
    for (int k = 0; k < r->models; ++k) {
        const char *card = clile_model_get_metadata(r->model[k], "card");
        fputs("<h3>", out);
        markup_text(out, r->model_path[k]);
        fputs("</h3>\n", out);
        table_open(out, "What the file says", TH("what") TH("value"));
        fprintf(out, "<tr><th scope=\"row\">AUs</th><td>%d</td></tr>\n",
                (int)clile_model_au_count(r->model[k]));
        fprintf(out, "<tr><th scope=\"row\">crop</th><td>%d &#215; %d</td></tr>\n",
                (int)clile_model_image_size(r->model[k]), (int)clile_model_image_size(r->model[k]));
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
            const char *value = clile_model_get_metadata(r->model[k], rows[i][0]);
            if (value == NULL || value[0] == '\0') continue;
            fprintf(out, "<tr><th scope=\"row\">%s</th>", rows[i][1]);
            text_cell(out, "td", value);
            fputs("</tr>\n", out);
        }
        table_close(out);
        if (card == NULL) continue;
        fputs("<pre>", out);
        for (const char *line = card; *line;) { /* markup_text makes blanks of line breaks */
            char text[512];
            const size_t size = strcspn(line, "\n"),
                         taken = size < sizeof text ? size : sizeof text - 1;
            memcpy(text, line, taken);
            text[taken] = '\0';
            markup_text(out, text);
            line += taken;
            if (*line == '\n') {
                fputc('\n', out);
                ++line;
            }
        }
        fputs("</pre>\n", out);
    }
    return EXIT_FINE;
}

/* ---- the page ---- */

typedef struct {
    const char *id, *heading;
    int (*write)(const report *, FILE *);
} section;

static int is_shown(const report *r, const section *s)
{
    if (s->write == section_intensity) {
        for (int k = 0; k < r->runs; ++k)
            if (has_intensity(&r->run[k])) return 1;
        return 0;
    }
    if (s->write == section_training) return r->histories > 0;
    if (s->write == section_faces) return r->faces != NULL;
    if (s->write == section_models) return r->models > 0;
    return 1;
}

static void put_head(const report *r, FILE *out)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
          /* nothing is fetched and nothing runs, whatever a name holds */
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "img-src data:; style-src 'unsafe-inline'\"/>\n<title>",
          out);
    markup_text(out, r->title);
    fprintf(out, "</title>\n<style>\n%s%s</style>\n</head>\n<body>\n<main>\n<h1>", svg_style,
            page_style);
    markup_text(out, r->title);
    fprintf(out, "</h1>\n<p class=\"muted\">Made by clile %s.</p>\n", clile_version());
}

int report_page(const report *r, FILE *out)
{
    static const section sections[] = {
        {"summary", "Summary", section_summary},
        {"aus", "F1 and AUC of each AU", section_metrics},
        {"fold", "Folds and seeds", section_folds},
        {"intensity", "Intensity", section_intensity},
        {"curves", "ROC", section_curves},
        {"calibration", "Calibration", section_calibration},
        {"people", "People", section_people},
        {"correlation", "AUs that occur together", section_correlation},
        {"pairs", "Errors by AU pair", section_pairs},
        {"training", "Training", section_training},
        {"faces", "Faces", section_faces},
        {"models", "Models and their data", section_models},
    };
    enum { SECTIONS = (int)(sizeof sections / sizeof sections[0]) };
    int code = EXIT_FINE;
    put_head(r, out);
    fputs("<nav aria-label=\"Contents\"><ul>\n", out);
    for (int k = 0; k < SECTIONS; ++k)
        if (is_shown(r, &sections[k]))
            fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n", sections[k].id, sections[k].heading);
    fputs("</ul></nav>\n", out);
    for (int k = 0; k < SECTIONS && code == EXIT_FINE; ++k) {
        if (!is_shown(r, &sections[k])) continue;
        fprintf(out, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", sections[k].id,
                sections[k].id, sections[k].heading);
        code = sections[k].write(r, out);
        fputs("</section>\n", out);
    }
    fputs("</main>\n</body>\n</html>\n", out);
    return code;
}
