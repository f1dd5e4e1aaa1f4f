/* The numbers of the figures of `clile report`. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int32_t report_column(const report_run *run, int32_t au)
{
    for (int32_t k = 0; k < run->c; ++k)
        if (run->au_ids[k] == au) return k;
    return -1;
}

/* ---- ROC and precision-recall ---- */

typedef struct {
    float score;
    int positive;
} ranked;

static int by_falling_score(const void *a, const void *b)
{
    const float x = ((const ranked *)a)->score, y = ((const ranked *)b)->score;
    return (x < y) - (x > y);
}

int report_curve_make(const report_run *run, int32_t column, report_curve *out)
{
    const size_t n = (size_t)run->n;
    ranked *images = malloc(n * sizeof *images);
    int64_t coded = 0, with = 0, without = 0;
    *out = (report_curve){.average_precision = NAN};
    out->with = malloc(n * sizeof *out->with);
    out->without = malloc(n * sizeof *out->without);
    if (images == NULL || out->with == NULL || out->without == NULL) {
        free(images);
        report_curve_free(out);
        return 0;
    }
    for (int64_t i = 0; i < run->n; ++i) {
        const int8_t label = run->labels[i * run->c + column];
        if (label < 0) continue;
        images[coded++] = (ranked){run->score[i * run->c + column], label};
        out->positives += label;
        out->negatives += !label;
    }
    qsort(images, (size_t)coded, sizeof *images, by_falling_score);
    double area = 0.0;
    if (out->positives > 0 && out->negatives > 0)
        for (int64_t i = 0; i < coded; ++i) {
            const int64_t before = out->count > 0 ? out->with[out->count - 1] : 0;
            with += images[i].positive;
            without += !images[i].positive;
            if (i + 1 < coded && !(images[i + 1].score < images[i].score)) continue; /* ties */
            area += (double)(with - before) * (double)with / (double)(with + without);
            out->with[out->count] = with;
            out->without[out->count++] = without;
        }
    if (out->count > 0) out->average_precision = area / (double)out->positives;
    free(images);
    return 1;
}

void report_curve_free(report_curve *curve)
{
    free(curve->with);
    free(curve->without);
    curve->with = curve->without = NULL;
}

/* ---- calibration ---- */

void report_bins_make(const report_run *run, int32_t column, report_bins *out)
{
    *out = (report_bins){0};
    for (int64_t i = 0; i < run->n; ++i) {
        const int8_t label = run->labels[i * run->c + column];
        const double p = (double)run->probability[i * run->c + column];
        if (label < 0 || isnan(p)) continue;
        const int bin = p >= 1.0 ? REPORT_BINS - 1 : (int)(p * (double)REPORT_BINS);
        ++out->all;
        ++out->count[bin];
        out->positives[bin] += label;
        out->sum[bin] += p;
        out->brier += (p - label) * (p - label);
    }
    for (int k = 0; k < REPORT_BINS; ++k)
        out->error += fabs(out->sum[k] - (double)out->positives[k]);
    out->brier = out->all > 0 ? out->brier / (double)out->all : NAN;
    out->error = out->all > 0 ? out->error / (double)out->all : NAN;
}

/* ---- people ---- */

void report_people_make(const report_run *run, int32_t column, report_person *people)
{
    memset(people, 0, (size_t)run->subjects * sizeof *people);
    for (int64_t i = 0; i < run->n; ++i) {
        const int8_t label = run->labels[i * run->c + column],
                     present = run->present[i * run->c + column];
        report_person *p = &people[run->subject[i]];
        if (label < 0) continue;
        ++p->images;
        p->positives += label;
        p->tp += label && present;
        p->fp += !label && present;
        p->fn += label && !present;
    }
}

double report_person_f1(const report_person *person)
{
    const double all = (double)(2 * person->tp + person->fp + person->fn);
    return all > 0.0 ? 2.0 * (double)person->tp / all : NAN;
}

/* ---- pairs of AUs ---- */

void report_pairs_make(const report_run *run, int missed, double *difference)
{
    for (int32_t a = 0; a < run->c; ++a)
        for (int32_t b = 0; b < run->c; ++b) {
            int64_t images[2] = {0}, wrong[2] = {0};
            for (int64_t i = 0; i < run->n; ++i) {
                const int8_t *labels = run->labels + i * run->c;
                if (labels[a] != missed || labels[b] < 0) continue;
                ++images[labels[b]];
                wrong[labels[b]] += run->present[i * run->c + a] != missed;
            }
            difference[a * run->c + b] =
                a == b || images[0] == 0 || images[1] == 0
                    ? NAN
                    : (double)wrong[1] / (double)images[1] - (double)wrong[0] / (double)images[0];
        }
}

int report_phi_make(const report_run *run, int of_decisions, double *phi)
{
    const size_t cells = (size_t)run->n * (size_t)run->c;
    int8_t *values = malloc(cells);
    if (values == NULL) {
        fprintf(stderr, "clile: out of memory\n");
        return 0;
    }
    for (size_t k = 0; k < cells; ++k)
        values[k] = run->labels[k] < 0 || !of_decisions ? run->labels[k] : run->present[k];
    const int fine = clile_metrics_label_correlation(run->n, run->c, values, phi) == CLILE_OK;
    if (!fine) failed(run->path);
    free(values);
    return fine;
}

/* ---- the library's report ---- */

double report_metric(const report_run *run, const char *metric, int32_t column, double *low,
                     double *high)
{
    const json_value *all = json_get(json_get(run->figures, "pooled"), metric);
    const json_value *interval = json_get(all, column < 0 ? "interval" : "au_interval");
    if (column >= 0) interval = json_item(interval, column);
    *low = json_number(json_item(interval, 0));
    *high = json_number(json_item(interval, 1));
    return json_number(column < 0 ? json_get(all, "average")
                                  : json_item(json_get(all, "au"), column));
}
