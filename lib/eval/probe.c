/* Subject probe: how well a linear classifier reads the subject from the embedding.
 *
 *     minimise f(W, b) = mean cross-entropy(softmax(W x + b), subject) + RIDGE / 2 |W|_F^2
 *
 * over the fitted frames. x is the L2-normalised embedding, centred on the mean of the fitted
 * frames and scaled to mean squared norm 1. Neither changes what a linear classifier can do, but
 * they make the ridge comparable between embeddings, even if an embedding fills only a narrow cone.
 * Solved by Nesterov's accelerated gradient with step 1 / L and momentum (k - 1) / (k + 2),
 * restarted when the gradient points against the step (O'Donoghue and Candes 2015). L = 1/2 |X^T X
 * / m|_F + RIDGE, because the Hessian of the softmax is at most 1/2 (Boehning 1992) and the
 * Frobenius norm bounds the largest eigenvalue.
 *
 * Rows of the weights and of the logits are padded to a multiple of LANE classes. The inner loops
 * run over classes and vectorise. The softmax skips padded classes; their weights stay 0. */
#include "base/similarity.h"
#include "eval/eval.h"

#include <math.h>
#include <string.h>

enum { STEPS = 200, LANE = 8 };
static const float RIDGE = 1e-4f;

typedef struct {
    int64_t m, tests; /* frames to fit and to test */
    int32_t d;        /* inputs; the bias is input d, of constant value `one` */
    int32_t classes;  /* subjects */
    int32_t width;    /* classes rounded up to LANE */
    /* input of the bias; any value gives the same model, this one suits the step size */
    float one;
    float step;         /* 1 / L */
    float *x;           /* [m + tests, d], frames to fit first */
    int32_t *subject;   /* [m + tests] */
    float *residual;    /* [4, width]: logits, then probability minus target */
    int64_t parameters; /* (d + 1) * width */
} probe;

/* L2-normalises, and moves every fourth frame of each subject to the end, for the test. */
static clile_status part_frames(probe *it, int64_t n, const float *embedding, const int32_t *dense)
{
    int64_t *seen = clile_i_calloc(it->classes, sizeof *seen);
    if (seen == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int64_t i = 0; i < n; ++i) {
        const int is_test = ++seen[dense[i]] % 4 == 0;
        const int64_t to = is_test ? n - ++it->tests : it->m++;
        const float *from = embedding + i * it->d;
        const double factor = clile_i_sim_factor(CLILE_I_COSINE, it->d, from);
        for (int32_t j = 0; j < it->d; ++j)
            it->x[to * it->d + j] = (float)((double)from[j] * factor);
        it->subject[to] = dense[i];
    }
    clile_i_free(seen);
    return CLILE_OK;
}

/* Centres on the mean of the fitted frames and scales them to mean squared norm 1. */
static clile_status standardise(probe *it)
{
    const int32_t d = it->d;
    double *mean = clile_i_calloc(d, sizeof *mean), squares = 0.0;
    if (mean == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int64_t i = 0; i < it->m; ++i)
        for (int32_t j = 0; j < d; ++j) mean[j] += (double)it->x[i * d + j];
    for (int64_t i = 0; i < it->m + it->tests; ++i) {
        for (int32_t j = 0; j < d; ++j) it->x[i * d + j] -= (float)(mean[j] / (double)it->m);
        const float *row = it->x + i * d;
        if (i < it->m) squares += clile_i_vec_dot_f32(d, row, row) / (double)it->m;
    }
    /* all equal: nothing to learn */
    const float scale = squares > 1e-12 ? (float)(1.0 / sqrt(squares)) : 0.0f;
    for (int64_t i = 0; i < (it->m + it->tests) * d; ++i) it->x[i] *= scale;
    clile_i_free(mean);
    return CLILE_OK;
}

/* |X^T X|_F of the fitted frames. X^T X [d,d] and X X^T [m,m] have the same norm. This computes the
 * smaller one. */
static clile_status second_moment_norm(const probe *it, double *norm)
{
    const int64_t d = it->d, m = it->m, side = d < m ? d : m;
    double squares = 0.0;
    float *moments = clile_i_calloc(side * side, sizeof *moments);
    if (moments == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int64_t i = 0; i < m; ++i) {
        const float *x = it->x + i * d;
        if (side == d)
            for (int64_t a = 0; a < d; ++a)
                for (int64_t b = 0; b < d; ++b) moments[a * d + b] += x[a] * x[b];
        else
            for (int64_t k = 0; k < m; ++k)
                for (int64_t j = 0; j < d; ++j) moments[i * m + k] += x[j] * it->x[k * d + j];
    }
    for (int64_t k = 0; k < side * side; ++k) squares += (double)moments[k] * (double)moments[k];
    *norm = sqrt(squares);
    clile_i_free(moments);
    return CLILE_OK;
}

static clile_status choose_step(probe *it)
{
    double norm = 0.0;
    CLILE_I_RETURN_IF(second_moment_norm(it, &norm));
    const double bound = fmax(norm / (double)it->m, 1e-6);
    it->one = (float)sqrt(bound);
    it->step = (float)(1.0 / (0.5 * bound + (double)RIDGE));
    return CLILE_OK;
}

/* logits [width] = W x + b; weights [d + 1, width]. */
static void logits_of(const probe *it, const float *restrict x, const float *restrict weights,
                      float *restrict logits)
{
    const int32_t width = it->width;
    const float *restrict bias = weights + (int64_t)it->d * width;
    for (int32_t k = 0; k < width; ++k) logits[k] = it->one * bias[k];
    int32_t j = 0;
    for (; j + 4 <= it->d; j += 4) {
        const float *restrict w = weights + (int64_t)j * width;
        const float x0 = x[j], x1 = x[j + 1], x2 = x[j + 2], x3 = x[j + 3];
        for (int32_t k = 0; k < width; ++k)
            logits[k] +=
                (x0 * w[k] + x1 * w[width + k]) + (x2 * w[2 * width + k] + x3 * w[3 * width + k]);
    }
    for (; j < it->d; ++j)
        for (int32_t k = 0; k < width; ++k) logits[k] += x[j] * weights[(int64_t)j * width + k];
}

/* Turns logits into (probability - target) / m, in place. */
static void residual_of(const probe *it, int32_t subject, float *logits)
{
    float largest = logits[0], sum = 0.0f;
    for (int32_t k = 1; k < it->classes; ++k)
        if (logits[k] > largest) largest = logits[k];
    for (int32_t k = 0; k < it->classes; ++k) {
        logits[k] = expf(logits[k] - largest);
        sum += logits[k];
    }
    const float factor = 1.0f / (sum * (float)it->m);
    for (int32_t k = 0; k < it->classes; ++k) logits[k] *= factor;
    logits[subject] -= 1.0f / (float)it->m;
    for (int32_t k = it->classes; k < it->width; ++k) logits[k] = 0.0f;
}

/* diff [d + 1, width] += sum over four frames of (x, one) residual^T. Frames beyond the last have
 * residual 0. */
static void add_outer(const probe *it, const float *const x[4], const float *restrict residual,
                      float *restrict diff)
{
    const int32_t width = it->width;
    for (int32_t j = 0; j <= it->d; ++j) {
        const int is_bias = j == it->d;
        const float x0 = is_bias ? it->one : x[0][j], x1 = is_bias ? it->one : x[1][j];
        const float x2 = is_bias ? it->one : x[2][j], x3 = is_bias ? it->one : x[3][j];
        float *restrict row = diff + (int64_t)j * width;
        for (int32_t k = 0; k < width; ++k)
            row[k] += (x0 * residual[k] + x1 * residual[width + k]) +
                      (x2 * residual[2 * width + k] + x3 * residual[3 * width + k]);
    }
}

/* Gradient of f at `weights`; overwrites diff. */
static void gradient_at(const probe *it, const float *weights, float *diff)
{
    memset(diff, 0, (size_t)it->parameters * sizeof *diff);
    for (int64_t first = 0; first < it->m; first += 4) {
        const float *x[4];
        for (int64_t r = 0; r < 4; ++r) {
            float *residual = it->residual + r * it->width;
            const int64_t i = first + r < it->m ? first + r : it->m - 1;
            x[r] = it->x + i * it->d;
            if (first + r < it->m) {
                logits_of(it, x[r], weights, residual);
                residual_of(it, it->subject[i], residual);
            } else {
                memset(residual, 0, (size_t)it->width * sizeof *residual);
            }
        }
        add_outer(it, x, it->residual, diff);
    }
    for (int64_t k = 0; k < (int64_t)it->d * it->width; ++k) diff[k] += RIDGE * weights[k];
}

/* Fits weights [d + 1, width], starting from zero. ahead and diff are scratch of the same size. */
static void fit(const probe *it, float *weights, float *ahead, float *diff)
{
    int momentum_steps = 0;
    for (int step = 0; step < STEPS; ++step) {
        gradient_at(it, ahead, diff);
        ++momentum_steps;
        const float momentum = (float)(momentum_steps - 1) / (float)(momentum_steps + 2);
        double uphill = 0.0;
        for (int64_t k = 0; k < it->parameters; ++k) {
            const float next = ahead[k] - it->step * diff[k];
            const float moved = next - weights[k];
            uphill += (double)diff[k] * (double)moved;
            ahead[k] = next + momentum * moved;
            weights[k] = next;
        }
        if (uphill <= 0.0) continue;
        momentum_steps = 0;
        memcpy(ahead, weights, (size_t)it->parameters * sizeof *ahead);
    }
}

static double accuracy_of(const probe *it, const float *weights)
{
    int64_t right = 0;
    for (int64_t i = it->m; i < it->m + it->tests; ++i) {
        logits_of(it, it->x + i * it->d, weights, it->residual);
        int32_t best = 0;
        for (int32_t k = 1; k < it->classes; ++k)
            if (it->residual[k] > it->residual[best]) best = k;
        right += best == it->subject[i];
    }
    return (double)right / (double)it->tests;
}

clile_status clile_metrics_subject_probe(int64_t n, int32_t d, const float *embedding,
                                         const int32_t *subject, double *accuracy)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, 1));
    if (d < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: d is %d, expected at least 1", __func__,
                            (int)d);
    CLILE_I_RETURN_IF(clile_i_eval_check_finite(__func__, "embedding", n, d, embedding));
    CLILE_I_CHECK_NOT_NULL(subject);
    CLILE_I_CHECK_NOT_NULL(accuracy);
    clile_status status = CLILE_OK;
    probe it = {.d = d};
    int32_t *dense = NULL;
    float *weights = NULL;
    int64_t subjects = 0;
    CLILE_I_ALLOC(dense, n);
    CLILE_I_TRY(clile_i_subjects_dense(n, subject, dense, &subjects));
    if (subjects < 2) {
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %lld subject, expected at least 2",
                              __func__, (long long)subjects);
        goto cleanup;
    }
    it.classes = (int32_t)subjects;
    it.width = (it.classes + LANE - 1) / LANE * LANE;
    it.parameters = ((int64_t)d + 1) * it.width;
    CLILE_I_ALLOC(it.x, n * d);
    CLILE_I_ALLOC(it.subject, n);
    CLILE_I_ALLOC(it.residual, (int64_t)4 * it.width);
    CLILE_I_ALLOC(weights, 3 * it.parameters);
    CLILE_I_TRY(part_frames(&it, n, embedding, dense));
    if (it.tests == 0) {
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "%s: no subject has four frames, so none is left to test", __func__);
        goto cleanup;
    }
    CLILE_I_TRY(standardise(&it));
    CLILE_I_TRY(choose_step(&it));
    fit(&it, weights, weights + it.parameters, weights + 2 * it.parameters);
    *accuracy = accuracy_of(&it, weights);
cleanup:
    clile_i_free(weights);
    clile_i_free(it.residual);
    clile_i_free(it.subject);
    clile_i_free(it.x);
    clile_i_free(dense);
    return status;
}
