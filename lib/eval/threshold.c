/* The threshold of each AU that maximises F1 on the given images, which are the training images. */
#include "eval/eval.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

typedef struct {
    float score;
    int8_t label;
} scored;

static int by_score_down(const void *left, const void *right)
{
    const float a = ((const scored *)left)->score, b = ((const scored *)right)->score;
    return (a < b) - (a > b);
}

/* A float t with low <= t < high, as near the middle as floats allow: `> t` separates the two. */
static float between(float low, float high)
{
    const float middle = (float)(0.5 * ((double)low + (double)high));
    return middle < high ? middle : low;
}

/* Tries a cut after the k largest scores, for each k = 1..count at which the next score differs: F1
 * = 2 TP / (k + positives). Compares F1 as fractions of integers: ties are then exact, and the
 * first cut wins. */
static float best_cut(int64_t count, const scored *sorted, int64_t positives)
{
    int64_t true_positives = 0, best = 0, best_true_positives = 0;
    for (int64_t k = 1; k <= count; ++k) {
        true_positives += sorted[k - 1].label;
        if (k < count && sorted[k].score == sorted[k - 1].score) continue;
        if (true_positives * (best + positives) <= best_true_positives * (k + positives)) continue;
        best = k;
        best_true_positives = true_positives;
    }
    if (best < count) return between(sorted[best].score, sorted[best - 1].score);
    const float below = nextafterf(sorted[count - 1].score, -INFINITY);
    return below < -FLT_MAX ? -FLT_MAX : below;
}

clile_status clile_metrics_thresholds(int64_t n, int32_t c, const float *score,
                                      const int8_t *labels, float *threshold)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_RETURN_IF(clile_i_eval_check_finite(__func__, "score", n, c, score));
    CLILE_I_RETURN_IF(clile_i_eval_check_labels(__func__, n, c, labels));
    CLILE_I_CHECK_NOT_NULL(threshold);
    scored *sorted = clile_i_calloc(n, sizeof *sorted);
    if (sorted == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int32_t au = 0; au < c; ++au) {
        int64_t count = 0, positives = 0;
        float largest = -FLT_MAX;
        for (int64_t i = 0; i < n; ++i) {
            const scored image = {score[i * c + au], labels[i * c + au]};
            if (image.score > largest) largest = image.score;
            if (image.label < 0) continue;
            sorted[count++] = image;
            positives += image.label;
        }
        qsort(sorted, (size_t)count, sizeof *sorted, by_score_down);
        threshold[au] = positives == 0 ? largest : best_cut(count, sorted, positives);
    }
    clile_i_free(sorted);
    return CLILE_OK;
}
