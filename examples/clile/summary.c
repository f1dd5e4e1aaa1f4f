/* The figures of `clile data`. */
#include "data.h"

#include <math.h>
#include <stdlib.h>

double summary_rate(const data_summary *s, int32_t subject, int32_t c)
{
    const int64_t at = (int64_t)subject * s->c + c;
    return s->coded[at] ? (double)s->present[at] / (double)s->coded[at] : NAN;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void make_spread(const data_summary *s, int32_t c, double *rates, spread *out)
{
    int32_t m = 0;
    double sum = 0, squares = 0;
    *out = (spread){0, NAN, NAN, NAN, NAN, NAN};
    for (int32_t i = 0; i < s->subjects; ++i)
        if (s->coded[(int64_t)i * s->c + c] > 0) rates[m++] = summary_rate(s, i, c);
    out->subjects = m;
    if (m == 0) return;
    qsort(rates, (size_t)m, sizeof *rates, compare);
    for (int32_t i = 0; i < m; ++i) sum += rates[i];
    out->mean = sum / m;
    for (int32_t i = 0; i < m; ++i) squares += (rates[i] - out->mean) * (rates[i] - out->mean);
    out->least = rates[0];
    out->most = rates[m - 1];
    out->median = 0.5 * (rates[(m - 1) / 2] + rates[m / 2]);
    if (m > 1) out->sd = sqrt(squares / (m - 1));
}

static void count(data_summary *s)
{
    for (int64_t i = 0; i < s->n; ++i) {
        const int32_t rows[2] = {s->subject[i], s->subjects};
        ++s->frames[s->subject[i]];
        for (int32_t c = 0; c < s->c; ++c)
            for (int k = 0; k < 2; ++k) {
                const int8_t label = s->labels[i * s->c + c];
                s->coded[(int64_t)rows[k] * s->c + c] += label >= 0;
                s->present[(int64_t)rows[k] * s->c + c] += label == 1;
            }
    }
}

static int allocate(data_summary *s)
{
    const size_t n = (size_t)s->n, c = (size_t)s->c, rows = (size_t)s->subjects + 1;
    s->au_ids = calloc(c, sizeof *s->au_ids);
    s->labels = calloc(n * c, sizeof *s->labels);
    s->subject = calloc(n, sizeof *s->subject);
    s->weight = calloc(c, sizeof *s->weight);
    s->coded = calloc(rows * c, sizeof *s->coded);
    s->present = calloc(rows * c, sizeof *s->present);
    s->frames = calloc(rows, sizeof *s->frames);
    s->spread = calloc(c, sizeof *s->spread);
    s->phi = calloc(c * c, sizeof *s->phi);
    return s->au_ids && s->labels && s->subject && s->weight && s->coded && s->present &&
           s->frames && s->spread && s->phi;
}

int summary_make(const clile_dataset *data, data_summary *s)
{
    s->n = clile_dataset_size(data);
    s->c = clile_dataset_au_count(data);
    s->subjects = clile_dataset_subject_count(data);
    s->counts.struct_size = sizeof s->counts;
    double *rates = calloc((size_t)s->subjects + 1, sizeof *rates);
    if (!allocate(s) || rates == NULL) {
        free(rates);
        fprintf(stderr, "clile: out of memory\n");
        return EXIT_FAILED;
    }
    int code = EXIT_FINE;
    if (clile_dataset_copy_counts(data, &s->counts) != CLILE_OK ||
        clile_dataset_copy_au_ids(data, s->au_ids) != CLILE_OK ||
        clile_dataset_copy_au_weights(data, s->weight) != CLILE_OK ||
        clile_dataset_copy_labels(data, 0, s->n, s->labels) != CLILE_OK ||
        clile_dataset_copy_subjects(data, 0, s->n, s->subject) != CLILE_OK ||
        clile_metrics_label_correlation(s->n, s->c, s->labels, s->phi) != CLILE_OK)
        code = failed(NULL);
    else {
        count(s);
        for (int32_t c = 0; c < s->c; ++c) make_spread(s, c, rates, &s->spread[c]);
    }
    free(rates);
    return code;
}

void summary_free(data_summary *s)
{
    free(s->au_ids);
    free(s->labels);
    free(s->subject);
    free(s->weight);
    free(s->coded);
    free(s->present);
    free(s->frames);
    free(s->spread);
    free(s->phi);
}
