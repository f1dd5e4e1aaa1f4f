/* A person's own neutral: for each person and AU a histogram of log odds, from which the person's
 * offset is estimated (model/person.c) or, without what training learned of people, the median
 * taken. */
#include "model/model.h"

#include <clile/neutral.h>

#include <math.h>

enum { BINS = 256 };
static const double MOST = 16.0;                       /* logits; float probabilities end there */
static const double WIDTH = 2.0 * 16.0 / (double)BINS; /* of a bin */
static const double REST = 0.1;                        /* probability of any AU at rest */

typedef struct {
    int64_t person, count;
    uint32_t *bins; /* [c,BINS] */
    double *level;  /* [c] of the frames so far, if known: see level_of */
    int level_known;
} history;

struct clile_neutral {
    int64_t c;
    clile_i_person_au *people_differ; /* [c] in log odds, or NULL: medians. noise 0: no offset */
    double *threshold;                /* [c] with it */
    int64_t count, capacity;
    history *people; /* sorted by person */
};

/* From units of the score to log odds. */
static clile_status read_person(const clile_model *model, clile_neutral *n)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(n->people_differ, n->c);
    CLILE_I_ALLOC(n->threshold, n->c);
    for (int32_t k = 0; k < model->c; ++k) {
        const double slope = (double)model->slope[k], offset = (double)model->offset[k];
        clile_i_person_au *a = &n->people_differ[k];
        *a = clile_i_person_of(model->person, model->c, k);
        a->absent = slope * a->absent + offset;
        a->present = slope * a->present + offset;
        a->noise *= slope * slope;
        a->spread *= slope * slope;
        n->threshold[k] =
            slope * (double)model->person[CLILE_I_PERSON_THRESHOLD * model->c + k] + offset;
    }
cleanup:
    return status;
}

clile_status clile_neutral_create(const clile_model *model, clile_neutral **out)
{
    clile_status status = CLILE_OK;
    clile_neutral *n = NULL;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_ALLOC(n, 1);
    n->c = model->c;
    if (model->person != NULL) CLILE_I_TRY(read_person(model, n));
    *out = n;
    n = NULL;
cleanup:
    clile_neutral_destroy(n);
    return status;
}

void clile_neutral_destroy(clile_neutral *neutral)
{
    if (neutral == NULL) return;
    for (int64_t i = 0; i < neutral->count; ++i) {
        clile_i_free(neutral->people[i].bins);
        clile_i_free(neutral->people[i].level);
    }
    clile_i_free(neutral->people);
    clile_i_free(neutral->people_differ);
    clile_i_free(neutral->threshold);
    clile_i_free(neutral);
}

/* Of the first person whose number is at least this. */
static int64_t place_of(const clile_neutral *n, int64_t person)
{
    int64_t low = 0, high = n->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (n->people[middle].person < person)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double logit(double p)
{
    if (p <= 0.0) return -MOST;
    if (p >= 1.0) return MOST;
    return fmin(fmax(log(p / (1.0 - p)), -MOST), MOST);
}

static clile_status check(const clile_neutral *n, const float *probability)
{
    for (int64_t k = 0; k < n->c; ++k)
        if (!clile_i_is_finite((double)probability[k]) || probability[k] < 0.0f ||
            probability[k] > 1.0f)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "probability[%lld] is %g, expected 0 to 1", (long long)k,
                                (double)probability[k]);
    return CLILE_OK;
}

clile_status clile_neutral_add(clile_neutral *neutral, int64_t person, const float *probability)
{
    clile_status status = CLILE_OK;
    uint32_t *bins = NULL;
    double *levels = NULL;
    CLILE_I_CHECK_NOT_NULL(neutral);
    CLILE_I_CHECK_NOT_NULL(probability);
    CLILE_I_RETURN_IF(check(neutral, probability));
    const int64_t at = place_of(neutral, person);
    if (at == neutral->count || neutral->people[at].person != person) {
        CLILE_I_ALLOC(bins, neutral->c * BINS);
        CLILE_I_ALLOC(levels, neutral->c);
        history *grown = clile_i_grow(neutral->people, &neutral->capacity, neutral->count + 1,
                                      sizeof *neutral->people);
        if (grown == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        neutral->people = grown;
        memmove(grown + at + 1, grown + at, (size_t)(neutral->count - at) * sizeof *grown);
        grown[at] = (history){person, 0, bins, levels, 0};
        bins = NULL;
        levels = NULL;
        ++neutral->count;
    }
    history *h = &neutral->people[at];
    for (int64_t k = 0; k < neutral->c; ++k) {
        const int64_t bin = (int64_t)((logit((double)probability[k]) + MOST) / WIDTH);
        ++h->bins[k * BINS + (bin < BINS ? bin : BINS - 1)];
    }
    ++h->count;
    h->level_known = 0;
cleanup:
    clile_i_free(bins);
    clile_i_free(levels);
    return status;
}

static double median(const uint32_t *bins, int64_t count)
{
    const double half = (double)count / 2.0;
    double before = 0.0;
    for (int64_t b = 0; b < BINS; ++b) {
        if (bins[b] > 0 && before + bins[b] >= half)
            return -MOST + WIDTH * ((double)b + (half - before) / bins[b]);
        before += bins[b];
    }
    return 0.0;
}

/* What to subtract from a person's log odds, so that 0 is the threshold. */
static double level_of(const clile_neutral *n, const history *h, int64_t k)
{
    double value[BINS], weight[BINS];
    int64_t used = 0;
    if (n->people_differ == NULL) return median(h->bins + k * BINS, h->count) - logit(REST);
    if (!(n->people_differ[k].noise > 0.0)) return n->threshold[k];
    for (int64_t b = 0; b < BINS; ++b) {
        if (h->bins[k * BINS + b] == 0) continue;
        value[used] = -MOST + WIDTH * ((double)b + 0.5);
        weight[used++] = h->bins[k * BINS + b];
    }
    return n->threshold[k] + clile_i_person_offset(&n->people_differ[k], used, value, weight);
}

int32_t clile_neutral_least(const clile_neutral *neutral)
{
    return neutral != NULL && neutral->people_differ == NULL ? CLILE_NEUTRAL_LEAST : 0;
}

clile_status clile_neutral_apply(const clile_neutral *neutral, int64_t person,
                                 const float *probability, float *centred, int8_t *present)
{
    CLILE_I_CHECK_NOT_NULL(neutral);
    CLILE_I_CHECK_NOT_NULL(probability);
    CLILE_I_RETURN_IF(check(neutral, probability));
    const int64_t at = place_of(neutral, person);
    const int known = at < neutral->count && neutral->people[at].person == person;
    const int64_t count = known ? neutral->people[at].count : 0;
    if (count < clile_neutral_least(neutral))
        return clile_i_fail(CLILE_E_STATE, "%lld frames of person %lld, at least %d are needed",
                            (long long)count, (long long)person, (int)CLILE_NEUTRAL_LEAST);
    history *h = known ? &neutral->people[at] : NULL;
    for (int64_t k = 0; h != NULL && !h->level_known && k < neutral->c; ++k)
        h->level[k] = level_of(neutral, h, k);
    if (h != NULL) h->level_known = 1;
    for (int64_t k = 0; k < neutral->c; ++k) {
        const double value =
            logit((double)probability[k]) - (h ? h->level[k] : neutral->threshold[k]);
        const float p = (float)(1.0 / (1.0 + exp(-value)));
        if (centred != NULL) centred[k] = p;
        if (present != NULL) present[k] = p > 0.5f;
    }
    return CLILE_OK;
}
