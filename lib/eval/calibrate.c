/* Logistic calibration: p_j = s(slope * score + offset_j), the probability of a code of j or more,
 * j = 1..levels. One level: present or not. Five: intensities, whose levels share the slope (the
 * proportional odds of McCullagh, "Regression models for ordinal data", JRSS B 1980, as a sum of
 * binary losses: Cao, Mirjalili, Raschka, "Rank consistent ordinal regression", 2020).
 *
 * Platt, "Probabilistic outputs for support vector machines" (1999): the log-likelihood of the
 * targets t+ = (N+ + 1) / (N+ + 2) and t- = 1 / (N- + 2), of each level. It is maximised by
 * Newton's method with step halving, as in Lin, Lin and Weng, "A note on Platt's probabilistic
 * outputs for support vector machines" (2007). Scores are standardised first to give the unknowns
 * the same scale. The problem is convex: if its minimum has slope < 0, the minimum over slope >= 0
 * is at slope 0. At a minimum the sum of p_j is that of the targets, which falls as N+ does: no
 * offset is above that of the level before. */
#include "eval/eval.h"

#include <float.h>
#include <math.h>

enum { MOST_STEPS = 100 };

typedef struct {
    int64_t count;
    int32_t levels;
    const double *score;                   /* [count], mean 0 and variance 1 */
    const int8_t *code;                    /* [count], 0 to levels */
    double target[CLILE_I_EVAL_LEVELS][2]; /* of images below a level, and of the others */
} problem;

typedef struct {
    double a, b[CLILE_I_EVAL_LEVELS]; /* logit = a * score + b */
} line;

/* Sum of -t log p - (1 - t) log(1 - p) = max(z,0) - z t + log(1 + exp(-|z|)). */
static double loss_at(const problem *it, const line *at)
{
    double loss = 0.0;
    for (int64_t i = 0; i < it->count; ++i)
        for (int j = 0; j < it->levels; ++j) {
            const double z = at->a * it->score[i] + at->b[j];
            loss += (z > 0.0 ? z : 0.0) - z * it->target[j][it->code[i] > j] + log1p(exp(-fabs(z)));
        }
    return loss;
}

/* Newton's step from `at`: offsets meet only through the slope. *slope gets the directional
 * derivative (negative: downhill). */
static line newton_step(const problem *it, const line *at, double *slope)
{
    double g_a = 0.0, g_b[CLILE_I_EVAL_LEVELS] = {0}, h_aa = 1e-12, h_ab[CLILE_I_EVAL_LEVELS] = {0},
           h_bb[CLILE_I_EVAL_LEVELS] = {0};
    for (int64_t i = 0; i < it->count; ++i)
        for (int j = 0; j < it->levels; ++j) {
            const double x = it->score[i], p = 1.0 / (1.0 + exp(-(at->a * x + at->b[j])));
            const double residual = p - it->target[j][it->code[i] > j], curvature = p * (1.0 - p);
            g_a += residual * x;
            g_b[j] += residual;
            h_aa += curvature * x * x;
            h_ab[j] += curvature * x;
            h_bb[j] += curvature;
        }
    double rest = g_a, left = h_aa;
    for (int j = 0; j < it->levels; ++j) {
        h_bb[j] += 1e-12;
        rest -= h_ab[j] * g_b[j] / h_bb[j];
        left -= h_ab[j] * h_ab[j] / h_bb[j];
    }
    line step = {.a = -rest / left};
    *slope = g_a * step.a;
    for (int j = 0; j < it->levels; ++j) {
        step.b[j] = -(g_b[j] + h_ab[j] * step.a) / h_bb[j];
        *slope += g_b[j] * step.b[j];
    }
    return step;
}

static line moved(const problem *it, const line *from, double length, const line *step)
{
    line to = {.a = from->a + length * step->a};
    for (int j = 0; j < it->levels; ++j) to.b[j] = from->b[j] + length * step->b[j];
    return to;
}

static line fit(const problem *it, line at)
{
    double loss = loss_at(it, &at);
    for (int k = 0; k < MOST_STEPS; ++k) {
        double slope = 0.0;
        const line step = newton_step(it, &at, &slope);
        if (!(slope < -1e-14 * (1.0 + loss))) break; /* flat, up to rounding */
        double length = 1.0;
        for (; length > 1e-10; length *= 0.5) {
            const line next = moved(it, &at, length, &step);
            const double next_loss = loss_at(it, &next);
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

/* offset [levels] */
static void calibrate_one(int64_t count, double *score, const int8_t *code, int32_t levels,
                          float *slope, float *offset)
{
    problem it = {.count = count, .levels = levels, .score = score, .code = code};
    line start = {.a = 0.0};
    int varies = 0;
    for (int j = 0; j < levels; ++j) {
        int64_t positives = 0;
        for (int64_t i = 0; i < count; ++i) positives += code[i] > j;
        const double above = (double)positives, below = (double)(count - positives);
        it.target[j][0] = 1.0 / (below + 2.0);
        it.target[j][1] = (above + 1.0) / (above + 2.0);
        const double mean =
            count == 0 ? 0.5 : (below * it.target[j][0] + above * it.target[j][1]) / (double)count;
        start.b[j] = log(mean / (1.0 - mean));
        offset[j] = (float)start.b[j];
        varies |= positives > 0 && positives < count;
    }
    *slope = 0.0f;
    double mean = 0.0, deviation = 1.0;
    if (!varies || !standardise(count, score, &mean, &deviation)) return;
    line best = fit(&it, start);
    if (best.a <= 0.0) return;
    best.a = fmin(best.a, (double)FLT_MAX * deviation); /* the scores are tiny */
    *slope = (float)(best.a / deviation);
    for (int j = 0; j < levels; ++j) offset[j] = (float)(best.b[j] - best.a * mean / deviation);
}

/* slope [c], offset [levels,c] */
static clile_status calibrate(int64_t n, int32_t c, const float *score, const int8_t *codes,
                              int32_t levels, float *slope, float *offset)
{
    clile_status status = CLILE_OK;
    double *coded = NULL;
    int8_t *code = NULL;
    CLILE_I_ALLOC(coded, n);
    CLILE_I_ALLOC(code, n);
    for (int32_t au = 0; au < c; ++au) {
        float found[CLILE_I_EVAL_LEVELS];
        int64_t count = 0;
        for (int64_t i = 0; i < n; ++i) {
            if (codes[i * c + au] < 0) continue;
            coded[count] = (double)score[i * c + au];
            code[count++] = codes[i * c + au];
        }
        calibrate_one(count, coded, code, levels, &slope[au], found);
        for (int32_t j = 0; j < levels; ++j) offset[j * c + au] = found[j];
    }
cleanup:
    clile_i_free(code);
    clile_i_free(coded);
    return status;
}

clile_status clile_metrics_calibrate(int64_t n, int32_t c, const float *score, const int8_t *labels,
                                     float *slope, float *offset)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_RETURN_IF(clile_i_eval_check_finite(__func__, "score", n, c, score));
    CLILE_I_RETURN_IF(clile_i_eval_check_labels(__func__, n, c, labels));
    CLILE_I_CHECK_NOT_NULL(slope);
    CLILE_I_CHECK_NOT_NULL(offset);
    return calibrate(n, c, score, labels, 1, slope, offset);
}

clile_status clile_i_calibrate_levels(int64_t n, int32_t c, const float *score,
                                      const int8_t *intensity, float *slope, float *offset)
{
    return calibrate(n, c, score, intensity, CLILE_I_EVAL_LEVELS, slope, offset);
}
