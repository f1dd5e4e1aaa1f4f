/* Figures of `clile report` with axes: metrics, curves, people, training. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const line_class[SVG_SERIES] = {"line s1", "line s2", "line s3",
                                                   "line s4", "line s5", "line s6"},
                         *const whisker_class[SVG_SERIES] = {"whisker s1", "whisker s2",
                                                             "whisker s3", "whisker s4",
                                                             "whisker s5", "whisker s6"};

static void run_names(const report *r, const char **names)
{
    for (int k = 0; k < r->runs; ++k) names[k] = r->run[k].name;
}

/* The height that a legend takes. */
static double legend_height(int count, const char *const *names, double w, int with_lines)
{
    double at = 0.0, y = 19.0;
    for (int k = 0; k < count; ++k) {
        const double wide = (with_lines ? 30.0 : 16.0) + svg_text_width(names[k]) + 16.0;
        if (at > 0.0 && at + wide > w) {
            at = 0.0;
            y += 19.0;
        }
        at += wide;
    }
    return y + 8.0;
}

/* ---- a metric of each AU, with intervals ---- */

static void metric_row(svg *s, const report *r, const char *metric, svg_scale x, double y,
                       double row, int32_t au)
{
    char text[REPORT_NAME + 96];
    for (int k = 0; k < r->runs; ++k) {
        const report_run *run = &r->run[k];
        const int32_t column = au > 0 ? report_column(run, au) : -1;
        double low, high;
        if (au > 0 && column < 0) continue;
        const double value = report_metric(run, metric, column, &low, &high),
                     at = y + row * (k + 0.5) / r->runs;
        if (isnan(value)) continue;
        snprintf(text, sizeof text, "%s: %.3f [%.3f, %.3f]", run->name, value, low, high);
        if (!isnan(low) && !isnan(high))
            svg_line(s, whisker_class[k], svg_at(x, low), at, svg_at(x, high), at);
        svg_mark(s, k, svg_at(x, value), at, 4.0, text);
    }
}

static void draw_metric(const report_place *to, const report *r, const char *metric,
                        const char *name)
{
    const char *names[SVG_SERIES];
    char title[64], text[160];
    run_names(r, names);
    const double row = fmax(20.0, 11.0 * r->runs + 6.0), top = 12.0,
                 bottom = top + row * (r->aus + 1),
                 legend = legend_height(r->runs, names, 420.0, 0);
    const svg_scale x = {0.0, 1.0, 78.0, 424.0}, y = {0.0, 0.0, bottom, top};
    svg s;
    snprintf(title, sizeof title, "%s of each AU", name);
    snprintf(text, sizeof text,
             "%s of %d AUs and their average, 0 to 1, with 95 %% intervals over people. The table "
             "below has the numbers.",
             name, (int)r->aus);
    svg_open(&s, to->out, to->alone, to->id, 440.0, bottom + 40.0 + legend, title, text);
    snprintf(text, sizeof text, "%s", name);
    svg_scale no_ticks = y;
    no_ticks.low = no_ticks.high = NAN; /* rows have names */
    svg_axes(&s, x, no_ticks, text, NULL);
    for (int32_t k = 0; k <= r->aus; ++k) {
        const double at = top + row * k;
        if (k < r->aus)
            snprintf(text, sizeof text, "AU%d", (int)r->au_ids[k]);
        else
            snprintf(text, sizeof text, "average");
        svg_line(&s, "grid", x.from, at + row, x.to, at + row);
        svg_text(&s, k < r->aus ? "text end" : "strong end", x.from - 8.0, at + row / 2.0 + 4.5,
                 text);
        metric_row(&s, r, metric, x, at, row, k < r->aus ? r->au_ids[k] : 0);
    }
    svg_legend(&s, 12.0, bottom + 58.0, 420.0, r->runs, names, 0);
    svg_close(&s);
}

void figure_f1(const report_place *to, const report *r, int run, int32_t au)
{
    (void)run;
    (void)au;
    draw_metric(to, r, "f1", "F1");
}

void figure_auc(const report_place *to, const report *r, int run, int32_t au)
{
    (void)run;
    (void)au;
    draw_metric(to, r, "auc", "AUC");
}

/* ---- folds ---- */

void figure_folds(const report_place *to, const report *r, int unused, int32_t au)
{
    const char *names[SVG_SERIES];
    char text[REPORT_NAME + 96];
    int most = 1;
    (void)unused;
    (void)au;
    run_names(r, names);
    for (int k = 0; k < r->runs; ++k)
        if (r->run[k].parts > most) most = r->run[k].parts;
    const double legend = legend_height(r->runs, names, 420.0, 0);
    const svg_scale x = {0.0, most, 60.0, 424.0}, y = {0.0, 1.0, 220.0, 14.0};
    svg_scale no_ticks = x;
    svg s;
    svg_open(&s, to->out, to->alone, to->id, 440.0, 264.0 + legend, "Average F1 of each fold",
             "F1, averaged over AUs, of each fold of each evaluation. The table below has the "
             "numbers.");
    no_ticks.low = no_ticks.high = NAN;
    svg_axes(&s, no_ticks, y, "fold", "average F1");
    for (int k = 0; k < r->runs; ++k) {
        const json_value *folds = json_get(r->run[k].figures, "folds");
        for (int f = 0; f < r->run[k].parts; ++f) {
            const json_value *fold = json_item(folds, f);
            const double value = json_number(json_get(json_get(fold, "f1"), "average")),
                         at = svg_at(x, f + (k + 1.0) / (r->runs + 1.0));
            if (isnan(value)) continue;
            snprintf(text, sizeof text, "%s, fold %.0f: %.3f", names[k],
                     json_number(json_get(fold, "fold")), value);
            svg_mark(&s, k, at, svg_at(y, value), 4.5, text);
        }
    }
    for (int f = 0; f < most && most <= 40; ++f) {
        snprintf(text, sizeof text, "%d", f + 1);
        svg_text(&s, "quiet mid", svg_at(x, f + 0.5), 236.0, text);
    }
    svg_legend(&s, 12.0, 278.0, 420.0, r->runs, names, 0);
    svg_close(&s);
}

/* ---- ROC, precision-recall, reliability: small, one for each AU ---- */

enum { SMALL_W = 260, SMALL_H = 260 };
static const svg_scale small_x = {0.0, 1.0, 50.0, 248.0}, small_y = {0.0, 1.0, 212.0, 24.0};

static void small_open(svg *s, const report_place *to, int32_t au, const char *title,
                       const char *about, const char *x_name, const char *y_name)
{
    char text[96];
    snprintf(text, sizeof text, "%s of AU%d", title, (int)au);
    svg_open(s, to->out, to->alone, to->id, SMALL_W, SMALL_H, text, about);
    svg_axes(s, small_x, small_y, x_name, y_name);
    snprintf(text, sizeof text, "AU%d %s", (int)au, au_name(au));
    svg_text(s, "strong", small_x.from, 15.0, text);
}

static void draw_curves(svg *s, const report *r, int32_t au, int precision)
{
    for (int k = 0; k < r->runs; ++k) {
        const int32_t column = report_column(&r->run[k], au);
        report_curve curve;
        if (column < 0 || !report_curve_make(&r->run[k], column, &curve)) continue;
        svg_line_begin(s, line_class[k]);
        if (!precision && curve.count > 0)
            svg_line_point(s, svg_at(small_x, 0.0), svg_at(small_y, 0.0));
        for (int64_t i = 0; i < curve.count; ++i) {
            const double with = (double)curve.with[i], without = (double)curve.without[i],
                         recall = with / (double)curve.positives,
                         other = precision ? with / (with + without)
                                           : without / (double)curve.negatives;
            svg_line_point(s, svg_at(small_x, precision ? recall : other),
                           svg_at(small_y, precision ? other : recall));
        }
        svg_line_end(s);
        report_curve_free(&curve);
    }
}

void figure_roc(const report_place *to, const report *r, int run, int32_t au)
{
    svg s;
    (void)run;
    small_open(&s, to, au, "ROC curve",
               "Share of images with the AU that are found, against the share of images without "
               "it that are reported, as the threshold falls.",
               "false alarms", "found");
    svg_line(&s, "grid", svg_at(small_x, 0.0), svg_at(small_y, 0.0), svg_at(small_x, 1.0),
             svg_at(small_y, 1.0));
    draw_curves(&s, r, au, 0);
    svg_close(&s);
}

void figure_precision(const report_place *to, const report *r, int run, int32_t au)
{
    svg s;
    (void)run;
    small_open(&s, to, au, "Precision-recall curve",
               "Share of reported images that have the AU, against the share of images with it "
               "that are found, as the threshold falls.",
               "found (recall)", "precision");
    draw_curves(&s, r, au, 1);
    svg_close(&s);
}

void figure_reliability(const report_place *to, const report *r, int unused, int32_t au)
{
    char text[REPORT_NAME + 96];
    svg s;
    (void)unused;
    small_open(&s, to, au, "Reliability curve",
               "Share of images that have the AU, against the probability that the model gave "
               "them, in ten bins. On the diagonal, probabilities mean what they say.",
               "probability", "share present");
    svg_line(&s, "axis", svg_at(small_x, 0.0), svg_at(small_y, 0.0), svg_at(small_x, 1.0),
             svg_at(small_y, 1.0));
    for (int k = 0; k < r->runs; ++k) {
        const int32_t column = report_column(&r->run[k], au);
        report_bins bins;
        if (column < 0) continue;
        report_bins_make(&r->run[k], column, &bins);
        for (int line = 1; line >= 0; --line) {
            if (line) svg_line_begin(&s, line_class[k]);
            for (int b = 0; b < REPORT_BINS; ++b) {
                const double count = (double)bins.count[b];
                if (bins.count[b] == 0) continue;
                const double share = (double)bins.positives[b] / count, mean = bins.sum[b] / count,
                             x = svg_at(small_x, mean), y = svg_at(small_y, share);
                snprintf(text, sizeof text, "%s: probability %.2f, present %.2f of %lld images",
                         r->run[k].name, mean, share, (long long)bins.count[b]);
                if (line)
                    svg_line_point(&s, x, y);
                else
                    svg_mark(&s, k, x, y, 2.0 + 3.5 * sqrt(count / (double)bins.all), text);
            }
            if (line) svg_line_end(&s);
        }
    }
    svg_close(&s);
}

/* ---- people ---- */

void figure_people(const report_place *to, const report *r, int k, int32_t unused)
{
    const report_run *run = &r->run[k];
    char text[512];
    const double row = 24.0, top = 12.0, bottom = top + row * run->c;
    const svg_scale x = {0.0, 1.0, 78.0, 424.0}, none = {NAN, NAN, bottom, top};
    report_person *people = malloc((size_t)run->subjects * sizeof *people);
    svg s;
    (void)unused;
    svg_open(&s, to->out, to->alone, to->id, 440.0, bottom + 44.0, "F1 of each person",
             "A row for each AU; each mark is a person's F1 over their own images. People in whom "
             "the AU is never present are left out.");
    svg_axes(&s, x, none, "F1 of a person", NULL);
    for (int32_t c = 0; c < run->c && people; ++c) {
        snprintf(text, sizeof text, "AU%d", (int)run->au_ids[c]);
        svg_text(&s, "text end", x.from - 8.0, top + row * (c + 0.5) + 4.5, text);
        svg_line(&s, "grid", x.from, top + row * (c + 1), x.to, top + row * (c + 1));
        report_people_make(run, c, people);
        for (int32_t p = 0; p < run->subjects; ++p) {
            const double f1 = report_person_f1(&people[p]);
            if (people[p].positives == 0 || isnan(f1)) continue;
            snprintf(text, sizeof text, "%.200s, AU%d: F1 %.2f (%lld of %lld images have it)",
                     clile_evaluation_get_subject_name(run->file, p), (int)run->au_ids[c], f1,
                     (long long)people[p].positives, (long long)people[p].images);
            /* people beside one another, always at the same height */
            svg_mark(&s, k, svg_at(x, f1), top + row * c + 4.0 + (p * 7 % 17), 2.5, text);
        }
    }
    free(people);
    svg_close(&s);
}

/* ---- training ---- */

static void draw_training(const report_place *to, const report *r, int stage, int validation)
{
    const char *names[SVG_SERIES];
    char title[64];
    double most = 0.0, last = 1.0;
    for (int k = 0; k < r->histories; ++k) {
        names[k] = r->history[k].name;
        for (int i = 0; i < r->history[k].count; ++i) {
            const report_epoch *e = &r->history[k].epoch[i];
            if (e->stage != stage) continue;
            last = fmax(last, e->epoch);
            if (isfinite(e->loss)) most = fmax(most, e->loss);
        }
    }
    const double legend = legend_height(r->histories, names, 420.0, 1);
    const svg_scale x = {1.0, fmax(last, 2.0), 60.0, 424.0}, y = {0.0,
                                                                  validation   ? 1.0
                                                                  : most > 0.0 ? 1.05 * most
                                                                               : 1.0,
                                                                  220.0, 14.0};
    svg s;
    snprintf(title, sizeof title, "%s by epoch, stage %d", validation ? "Validation F1" : "Loss",
             stage);
    svg_open(&s, to->out, to->alone, to->id, 440.0, 264.0 + legend, title,
             validation ? "Average F1 on held-out training people after each epoch."
                        : "Mean loss of the training images in each epoch.");
    svg_axes(&s, x, y, "epoch", validation ? "validation F1" : "loss");
    for (int k = 0; k < r->histories; ++k) {
        svg_line_begin(&s, line_class[k]);
        for (int i = 0; i < r->history[k].count; ++i) {
            const report_epoch *e = &r->history[k].epoch[i];
            const double value = validation ? e->f1 : e->loss;
            if (e->stage == stage && isfinite(value))
                svg_line_point(&s, svg_at(x, e->epoch), svg_at(y, value));
        }
        svg_line_end(&s);
    }
    svg_legend(&s, 12.0, 278.0, 420.0, r->histories, names, 1);
    svg_close(&s);
}

void figure_training(const report_place *to, const report *r, int stage, int32_t au)
{
    (void)au;
    draw_training(to, r, stage, 0);
}

void figure_validation(const report_place *to, const report *r, int stage, int32_t au)
{
    (void)au;
    draw_training(to, r, stage, 1);
}
