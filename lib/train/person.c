/* How the training people differ (model/person.c), and the thresholds for scores from which each
 * person's estimated difference is subtracted. */
#include "train/internal.h"

#include <clile/metrics.h>

#include <string.h>

enum { ROUNDS = 20 };

/* Coded images of one AU, those of each subject together. */
typedef struct {
    int64_t *first;  /* [s + 1] of each subject, and the end */
    double *value;   /* [n] scores */
    int8_t *present; /* [n] */
    double *offset;  /* [s] */
} frames;

static void gather(const clile_trainer *t, const float *score, const int8_t *labels, int32_t au,
                   frames *f)
{
    memset(f->first, 0, (size_t)(t->s + 1) * sizeof *f->first);
    for (int64_t i = 0; i < t->n; ++i)
        if (labels[i * t->c + au] >= 0) ++f->first[clile_i_dataset_subject(t->train, i) + 1];
    for (int32_t k = 0; k < t->s; ++k) f->first[k + 1] += f->first[k];
    int64_t *at = f->first; /* counted up to the next subject's, then shifted back */
    for (int64_t i = 0; i < t->n; ++i) {
        if (labels[i * t->c + au] < 0) continue;
        const int64_t place = at[clile_i_dataset_subject(t->train, i)]++;
        f->value[place] = (double)score[i * t->c + au];
        f->present[place] = labels[i * t->c + au];
    }
    memmove(f->first + 1, f->first, (size_t)t->s * sizeof *f->first);
    f->first[0] = 0;
}

/* Means of scores without the people's offsets, and the noise around them. 0: a class is
 * missing. */
static int means(const frames *f, int32_t subjects, clile_i_person_au *a)
{
    double sum[2] = {0, 0}, count[2] = {0, 0}, square = 0.0;
    for (int32_t k = 0; k < subjects; ++k)
        for (int64_t i = f->first[k]; i < f->first[k + 1]; ++i) {
            sum[f->present[i]] += f->value[i] - f->offset[k];
            count[f->present[i]] += 1.0;
        }
    if (count[0] == 0 || count[1] == 0) return 0;
    a->absent = sum[0] / count[0];
    a->present = sum[1] / count[1];
    a->rate = count[1] / (count[0] + count[1]);
    for (int32_t k = 0; k < subjects; ++k)
        for (int64_t i = f->first[k]; i < f->first[k + 1]; ++i) {
            const double rest =
                f->value[i] - f->offset[k] - (f->present[i] ? a->present : a->absent);
            square += rest * rest;
        }
    a->noise = square / (count[0] + count[1]);
    return 1;
}

/* The mixed model of one AU, from labelled frames; a->noise is 0 if it cannot be estimated. */
static void fit(const clile_trainer *t, frames *f, clile_i_person_au *a)
{
    double spread = 0.0;
    memset(f->offset, 0, (size_t)t->s * sizeof *f->offset);
    for (int round = 0; round < ROUNDS; ++round) {
        if (!means(f, t->s, a) || !(a->noise > 0.0) || !(a->present > a->absent)) {
            *a = (clile_i_person_au){.noise = 0.0};
            return;
        }
        const double ratio = round == 0 ? 1.0 : a->noise / spread;
        double sum = 0.0;
        for (int32_t k = 0; k < t->s; ++k) {
            const int64_t n = f->first[k + 1] - f->first[k];
            double rest = 0.0;
            for (int64_t i = f->first[k]; i < f->first[k + 1]; ++i)
                rest += f->value[i] - (f->present[i] ? a->present : a->absent);
            f->offset[k] = rest / ((double)n + ratio);
            sum += f->offset[k] * f->offset[k] + a->noise / ((double)n + ratio);
        }
        spread = sum / (double)t->s;
    }
    a->spread = spread;
}

static void keep(const clile_i_person_au *a, int32_t c, int32_t au, float *person)
{
    person[CLILE_I_PERSON_ABSENT * c + au] = (float)a->absent;
    person[CLILE_I_PERSON_PRESENT * c + au] = (float)a->present;
    person[CLILE_I_PERSON_NOISE * c + au] = (float)a->noise;
    person[CLILE_I_PERSON_RATE * c + au] = (float)a->rate;
    person[CLILE_I_PERSON_SPREAD * c + au] = (float)a->spread;
}

clile_status clile_i_trainer_fit_person(const clile_trainer *t, const float *score,
                                        const int8_t *labels, float *person)
{
    clile_status status = CLILE_OK;
    float *centred = NULL;
    frames f = {0};
    CLILE_I_ALLOC(centred, t->n * t->c);
    CLILE_I_ALLOC(f.first, t->s + 1);
    CLILE_I_ALLOC(f.value, t->n);
    CLILE_I_ALLOC(f.present, t->n);
    CLILE_I_ALLOC(f.offset, t->s);
    for (int32_t au = 0; au < t->c; ++au) {
        clile_i_person_au a = {.noise = 0.0};
        gather(t, score, labels, au, &f);
        if (t->s > 1) fit(t, &f, &a);
        keep(&a, t->c, au, person);
        a = clile_i_person_of(person, t->c, au); /* as it is stored */
        for (int32_t k = 0; k < t->s; ++k)
            f.offset[k] = a.noise > 0.0 ? clile_i_person_offset(&a, f.first[k + 1] - f.first[k],
                                                                f.value + f.first[k], NULL)
                                        : 0.0;
        for (int64_t i = 0; i < t->n; ++i)
            centred[i * t->c + au] = (float)((double)score[i * t->c + au] -
                                             f.offset[clile_i_dataset_subject(t->train, i)]);
    }
    CLILE_I_TRY(clile_metrics_thresholds(t->n, t->c, centred, labels,
                                         person + CLILE_I_PERSON_THRESHOLD * t->c));
cleanup:
    clile_i_free(centred);
    clile_i_free(f.first);
    clile_i_free(f.value);
    clile_i_free(f.present);
    clile_i_free(f.offset);
    return status;
}
