/* Scores of one AU in order, for AUC, AUC within subjects and their bootstrap. */
#include "eval/eval.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    float score;
    int32_t item;
} scored;

static int by_score(const void *left, const void *right)
{
    const scored *a = left, *b = right;
    if (a->score != b->score) return a->score < b->score ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

clile_status clile_i_ranking_make(int64_t n, int32_t c, int32_t au, const float *score,
                                  const int8_t *labels, const int32_t *subject,
                                  clile_i_ranking *out)
{
    clile_status status = CLILE_OK;
    scored *sorted = NULL;
    int64_t count = 0;
    *out = (clile_i_ranking){0};
    CLILE_I_ALLOC(sorted, n);
    for (int64_t i = 0; i < n; ++i) {
        const int8_t label = labels[i * c + au];
        if (label < 0) continue;
        const int32_t person = subject == NULL ? 0 : subject[i];
        sorted[count++] =
            (scored){score[i * c + au], (int32_t)((uint32_t)person << 2 | (uint32_t)label)};
    }
    qsort(sorted, (size_t)count, sizeof *sorted, by_score);
    CLILE_I_ALLOC(out->item, count);
    for (int64_t i = 0; i < count; ++i) {
        const int last = i + 1 == count || sorted[i].score != sorted[i + 1].score;
        out->item[i] = sorted[i].item | (last ? 2 : 0);
    }
    out->count = count;
cleanup:
    clile_i_free(sorted);
    return status;
}

void clile_i_ranking_free(clile_i_ranking *ranking)
{
    clile_i_free(ranking->item);
    *ranking = (clile_i_ranking){0};
}

/* Mann-Whitney: a group of ties with p positives and q negatives adds p (N + q / 2), where N is the
 * number of negatives below it. */
double clile_i_ranking_auc(const clile_i_ranking *ranking, const int32_t *times)
{
    int64_t positives = 0, negatives = 0, p = 0, q = 0;
    double in_order = 0.0;
    for (int64_t i = 0; i < ranking->count; ++i) {
        const int32_t item = ranking->item[i];
        const int64_t weight = times == NULL ? 1 : times[item >> 2];
        const int64_t positive = item & 1;
        p += weight * positive;
        q += weight * (1 - positive);
        if ((item & 2) == 0) continue;
        in_order += (double)p * ((double)negatives + 0.5 * (double)q);
        positives += p;
        negatives += q;
        p = q = 0;
    }
    if (positives == 0 || negatives == 0) return NAN;
    return in_order / ((double)positives * (double)negatives);
}

/* State of one subject during the pass over the order of all images. */
typedef struct {
    int64_t group; /* the group of ties that p and q belong to */
    int64_t p, q;  /* positives and negatives in it */
    int64_t positives, negatives;
    double in_order;
} walker;

static void close_group(walker *walk)
{
    walk->in_order += (double)walk->p * ((double)walk->negatives + 0.5 * (double)walk->q);
    walk->positives += walk->p;
    walk->negatives += walk->q;
    walk->p = walk->q = 0;
}

clile_status clile_i_ranking_within(const clile_i_ranking *ranking, int64_t subjects,
                                    double *in_order, double *pairs)
{
    walker *walks = clile_i_calloc(subjects, sizeof *walks);
    if (walks == NULL) return CLILE_E_OUT_OF_MEMORY;
    int64_t group = 0;
    for (int64_t i = 0; i < ranking->count; ++i) {
        const int32_t item = ranking->item[i];
        walker *walk = &walks[item >> 2];
        if (walk->group != group) close_group(walk);
        walk->group = group;
        walk->p += item & 1;
        walk->q += 1 - (item & 1);
        if (item & 2) ++group;
    }
    for (int64_t s = 0; s < subjects; ++s) {
        close_group(&walks[s]);
        in_order[s] = walks[s].in_order;
        pairs[s] = (double)walks[s].positives * (double)walks[s].negatives;
    }
    clile_i_free(walks);
    return CLILE_OK;
}

static int by_number(const void *left, const void *right)
{
    const int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

clile_status clile_i_subjects_dense(int64_t n, const int32_t *subject, int32_t *dense,
                                    int64_t *subjects)
{
    int32_t *numbers = clile_i_calloc(n, sizeof *numbers);
    if (numbers == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int64_t i = 0; i < n; ++i) numbers[i] = subject[i];
    qsort(numbers, (size_t)n, sizeof *numbers, by_number);
    int64_t count = 0;
    for (int64_t i = 0; i < n; ++i)
        if (i == 0 || numbers[i] != numbers[count - 1]) numbers[count++] = numbers[i];
    for (int64_t i = 0; i < n; ++i) {
        const int32_t *found =
            bsearch(&subject[i], numbers, (size_t)count, sizeof *numbers, by_number);
        /* never NULL: the loop above added it */
        dense[i] = found == NULL ? 0 : (int32_t)(found - numbers);
    }
    *subjects = count;
    clile_i_free(numbers);
    return CLILE_OK;
}
