/* Logistic calibration: p = s(slope * score + offset).
 *
 * Platt, "Probabilistic outputs for support vector machines" (1999): the log-likelihood of the
 * targets t+ = (N+ + 1) / (N+ + 2) and t- = 1 / (N- + 2). It is maximised by Newton's method with
 * step halving, as in Lin, Lin and Weng, "A note on Platt's probabilistic outputs for support
 * vector machines" (2007). Scores are standardised first to give both unknowns the same scale. The
 * problem is convex: if its minimum has slope < 0, the minimum over slope >= 0 is at slope 0. */
#include "eval/eval.h"

#include <float.h>
#include <math.h>

enum { MOST_STEPS = 100 };

typedef struct {
    int64_t count;
    const double *score;    /* [count], mean 0 and variance 1 */
    const int8_t *positive; /* [count] */
    double target[2];       /* of a negative and of a positive */
} problem;

typedef struct {
    double a, b; /* logit = a * score + b */
} line;

/* Sum of -t log p - (1 - t) log(1 - p) = max(z,0) - z t + log(1 + exp(-|z|)). */
static double loss_at(const problem *it, line at)
{
    double loss = 0.0;
    for (int64_t i = 0; i < it->count; ++i) {
        const double z = at.a * it->score[i] + at.b;
        loss += (z > 0.0 ? z : 0.0) - z * it->target[it->positive[i]] + log1p(exp(-fabs(z)));
    }
    return loss;
}

/* Returns Newton's step from `at`. *slope gets the directional derivative (negative: downhill). */
static line newton_step(const problem *it, line at, double *slope)
{
    double g_a = 0.0, g_b = 0.0, h_aa = 1e-12, h_ab = 0.0, h_bb = 1e-12;
    for (int64_t i = 0; i < it->count; ++i) {
        const double x = it->score[i];
        const double p = 1.0 / (1.0 + exp(-(at.a * x + at.b)));
        const double residual = p - it->target[it->positive[i]], curvature = p * (1.0 - p);
        g_a += residual * x;
        g_b += residual;
        h_aa += curvature * x * x;
        h_ab += curvature * x;
        h_bb += curvature;
    }
    const double determinant = h_aa * h_bb - h_ab * h_ab;
    const line step = {-(h_bb * g_a - h_ab * g_b) / determinant,
                       -(h_aa * g_b - h_ab * g_a) / determinant};
    *slope = g_a * step.a + g_b * step.b;
    return step;
}

static line fit(const problem *it, line at)
{
    double loss = loss_at(it, at);
    for (int k = 0; k < MOST_STEPS; ++k) {
        double slope = 0.0;
        const line step = newton_step(it, at, &slope);
        if (!(slope < -1e-14 * (1.0 + loss))) break; /* flat, up to rounding */
        double length = 1.0;
        for (; length > 1e-10; length *= 0.5) {
            const line next = {at.a + length * step.a, at.b + length * step.b};
            const double next_loss = loss_at(it, next);
            if (next_loss > loss + 1e-4 * length * slope) continue;
            at = next;
            loss = next_loss;
            break;
        }
        if (length <= 1e-10) break;
    }
    return at;
}

/* Centres and scales in place; 0 when all scores are equal. */
static int standardise(int64_t count, double *score, double *mean, double *deviation)
{
    double sum = 0.0, squares = 0.0;
    int varied = 0;
    for (int64_t i = 0; i < count; ++i) {
        sum += score[i];
        varied |= score[i] != score[0];
    }
    if (!varied) return 0;
    *mean = sum / (double)count;
    for (int64_t i = 0; i < count; ++i) {
        score[i] -= *mean;
        squares += score[i] * score[i];
    }
    *deviation = sqrt(squares / (double)count);
    if (!(*deviation > 0.0)) return 0;
    for (int64_t i = 0; i < count; ++i) score[i] /= *deviation;
    return 1;
}

static void calibrate_one(int64_t count, double *score, const int8_t *positive, float *slope,
                          float *offset)
{
    int64_t positives = 0;
    for (int64_t i = 0; i < count; ++i) positives += positive[i];
    const int64_t negatives = count - positives;
    problem it = {.count = count, .score = score, .positive = positive};
    it.target[0] = 1.0 / ((double)negatives + 2.0);
    it.target[1] = ((double)positives + 1.0) / ((double)positives + 2.0);
    const double mean_target =
        count == 0
            ? 0.5
            : ((double)negatives * it.target[0] + (double)positives * it.target[1]) / (double)count;
    const double logit = log(mean_target / (1.0 - mean_target));
    *slope = 0.0f;
    *offset = (float)logit;
    double mean = 0.0, deviation = 1.0;
    if (positives == 0 || negatives == 0 || !standardise(count, score, &mean, &deviation)) return;
    line best = fit(&it, (line){0.0, logit});
    if (best.a <= 0.0) return;
    best.a = fmin(best.a, (double)FLT_MAX * deviation); /* the scores are tiny */
    *slope = (float)(best.a / deviation);
    *offset = (float)(best.b - best.a * mean / deviation);
}

clile_status clile_metrics_calibrate(int64_t n, int32_t c, const float *score, const int8_t *labels,
                                     float *slope, float *offset)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_RETURN_IF(clile_i_eval_check_finite(__func__, "score", n, c, score));
    CLILE_I_RETURN_IF(clile_i_eval_check_labels(__func__, n, c, labels));
    CLILE_I_CHECK_NOT_NULL(slope);
    CLILE_I_CHECK_NOT_NULL(offset);
    clile_status status = CLILE_OK;
    double *coded = NULL;
    int8_t *positive = NULL;
    CLILE_I_ALLOC(coded, n);
    CLILE_I_ALLOC(positive, n);
    for (int32_t au = 0; au < c; ++au) {
        int64_t count = 0;
        for (int64_t i = 0; i < n; ++i) {
            if (labels[i * c + au] < 0) continue;
            coded[count] = (double)score[i * c + au];
            positive[count++] = labels[i * c + au];
        }
        calibrate_one(count, coded, positive, &slope[au], &offset[au]);
    }
cleanup:
    clile_i_free(positive);
    clile_i_free(coded);
    return status;
}
