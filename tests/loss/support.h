/* Shared by the tests of the losses: random inputs, every loss in float64 written as plainly as
 * its formula, and gradients against central finite differences of that. */
#ifndef CLILE_TEST_LOSS_SUPPORT_H
#define CLILE_TEST_LOSS_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"

#include <clile/losses.h>

/* The call fails with `status_` and its text holds `text_`. */
#define assert_fails(call_, status_, text_)                                                        \
    do {                                                                                           \
        assert_int_equal((call_), (status_));                                                      \
        if (strstr(clile_last_error(), (text_)) == NULL)                                           \
            fail_msg("error text is \"%s\", expected \"%s\" in it", clile_last_error(), (text_));  \
    } while (0)

#define assert_near(value_, expected_, tolerance_)                                                 \
    do {                                                                                           \
        const double v_ = (double)(value_), e_ = (double)(expected_);                              \
        if (!(fabs(v_ - e_) <= (tolerance_)))                                                      \
            fail_msg("%s is %.17g, expected %.17g", #value_, v_, e_);                              \
    } while (0)

/* Every call with the k-th allocation failing, k = 1, 2, ..: OUT_OF_MEMORY until it succeeds,
 * after `least_` failures or more. */
#define assert_survives_no_memory(least_, call_)                                                   \
    do {                                                                                           \
        int64_t k_ = 1;                                                                            \
        for (;; ++k_) {                                                                            \
            clile_i_alloc_fail_at(k_);                                                             \
            const clile_status status_ = (call_);                                                  \
            clile_i_alloc_fail_at(0);                                                              \
            if (status_ == CLILE_OK) break;                                                        \
            assert_int_equal(status_, CLILE_E_OUT_OF_MEMORY);                                      \
        }                                                                                          \
        assert_true(k_ > (least_));                                                                \
    } while (0)

/* An input in both precisions; the float64 one can be moved. */
typedef struct {
    int64_t count;
    float *f;
    double *x;
    float *diff; /* what the library wrote; starts as NaN, so that what is not written shows */
} input;

static inline input make_input(clile_i_rng *rng, int64_t count, double size)
{
    input in = {.count = count};
    in.f = malloc((size_t)count * sizeof *in.f);
    in.x = malloc((size_t)count * sizeof *in.x);
    in.diff = malloc((size_t)count * sizeof *in.diff);
    assert_non_null(in.f);
    assert_non_null(in.x);
    assert_non_null(in.diff);
    for (int64_t i = 0; i < count; ++i) {
        in.f[i] = (float)(size * clile_i_rng_normal(rng));
        in.x[i] = (double)in.f[i];
        in.diff[i] = NAN;
    }
    return in;
}

static inline void set_input(input *in, int64_t i, float value)
{
    in->f[i] = value;
    in->x[i] = (double)value;
}

static inline void free_input(input *in)
{
    free(in->f);
    free(in->x);
    free(in->diff);
}

/* labels [n,c] of 1, 0 and, one in five, -1; image 1 has none coded and image 2 none present
 * (when n > 2). */
static inline void make_labels(clile_i_rng *rng, int64_t n, int64_t c, int8_t *labels)
{
    for (int64_t i = 0; i < n * c; ++i) {
        const int64_t draw = clile_i_rng_below(rng, 5);
        labels[i] = (int8_t)(draw == 4 ? -1 : draw % 2);
    }
    for (int64_t a = 0; a < c && n > 2; ++a) {
        labels[c + a] = -1;
        labels[2 * c + a] = a == 1 ? -1 : 0;
    }
}

typedef double (*objective)(void *context);

/* `diff` against central differences of step 1e-5 of a float64 objective: their own error is
 * about 1e-10 times the third derivative, plus 1e-11; the library's output is rounded to float32
 * (6e-8). So 1e-5 relative, plus 1e-6 of the largest entry. sign -1: the gradient is expected
 * reversed. Returns the largest absolute entry. */
static inline double check_gradient(const char *name, objective f, void *context, input *in,
                                    double sign)
{
    const double step = 1e-5;
    double largest = 0;
    for (int64_t i = 0; i < in->count; ++i) {
        if (!isfinite(in->diff[i]))
            fail_msg("%s[%lld] is %g", name, (long long)i, (double)in->diff[i]);
        if (fabs((double)in->diff[i]) > largest) largest = fabs((double)in->diff[i]);
    }
    for (int64_t i = 0; i < in->count; ++i) {
        const double x = in->x[i];
        in->x[i] = x + step;
        const double above = f(context);
        in->x[i] = x - step;
        const double below = f(context);
        in->x[i] = x;
        const double expected = sign * (above - below) / (2 * step);
        if (fabs(expected - (double)in->diff[i]) > 1e-5 * fabs(expected) + 1e-6 * largest + 1e-10)
            fail_msg("%s[%lld] is %.9g, finite differences give %.9g", name, (long long)i,
                     (double)in->diff[i], expected);
    }
    return largest;
}

/* ---- the losses once more -------------------------------------------------------------------- */

static inline double naive_sim(int32_t similarity, int64_t d, const double *a, const double *b)
{
    double ab = 0, aa = 0, bb = 0;
    for (int64_t j = 0; j < d; ++j) {
        ab += a[j] * b[j];
        aa += a[j] * a[j];
        bb += b[j] * b[j];
    }
    if (similarity == CLILE_SIMILARITY_DOT) return ab;
    return sqrt(aa) < 1e-8 || sqrt(bb) < 1e-8 ? 0 : ab / sqrt(aa) / sqrt(bb);
}

/* logits [n,c] -> mean over n of the weighted BCE over the coded AUs */
static inline double naive_bce(int64_t n, int64_t c, const double *logits, const int8_t *labels,
                               const float *weight)
{
    double loss = 0;
    for (int64_t k = 0; k < n; ++k) {
        double sum = 0, coded = 0;
        for (int64_t a = 0; a < c; ++a) {
            if (labels[k * c + a] < 0) continue;
            /* -log s(z) = log(1 + e^-z), -log(1 - s(z)) = log(1 + e^z) */
            const double z = logits[k * c + a];
            ++coded;
            sum += (weight ? (double)weight[a] : 1.0) * log1p(exp(labels[k * c + a] ? -z : z));
        }
        if (coded > 0) loss += sum / coded / (double)n;
    }
    return loss;
}

/* other may be NULL */
static inline double naive_stage1(int64_t n, int64_t d, int64_t c, const double *f,
                                  const double *ile, const int32_t *subject, const int32_t *other,
                                  const float *share, const int8_t *labels, const float *weight)
{
    double *logits = malloc((size_t)(n * c) * sizeof *logits);
    assert_non_null(logits);
    for (int64_t k = 0; k < n; ++k)
        for (int64_t a = 0; a < c; ++a) {
            const double own =
                naive_sim(CLILE_SIMILARITY_DOT, d, f + k * d, ile + (subject[k] * c + a) * d);
            const double their =
                other ? naive_sim(CLILE_SIMILARITY_DOT, d, f + k * d, ile + (other[k] * c + a) * d)
                      : own;
            logits[k * c + a] = other ? own + (double)share[k] * (their - own) : own;
        }
    const double loss = naive_bce(n, c, logits, labels, weight);
    free(logits);
    return loss;
}

/* null may be NULL */
static inline double naive_stage2(int64_t n, int64_t d, int64_t c, const double *f,
                                  const double *au, const double *null, const int8_t *labels,
                                  double tau)
{
    double loss = 0;
    for (int64_t k = 0; k < n; ++k) {
        double below = 0, sum = 0, present = 0, coded = 0;
        for (int64_t a = 0; a < c; ++a) {
            if (labels[k * c + a] < 0) continue;
            ++coded;
            below += exp(naive_sim(CLILE_SIMILARITY_COSINE, d, f + k * d, au + a * d) / tau);
            present += labels[k * c + a];
        }
        if (coded == 0) continue;
        const double null_sim = null ? naive_sim(CLILE_SIMILARITY_COSINE, d, f + k * d, null) : 0;
        if (null) below += exp(null_sim / tau);
        for (int64_t a = 0; a < c; ++a)
            if (labels[k * c + a] == 1)
                sum -= log(exp(naive_sim(CLILE_SIMILARITY_COSINE, d, f + k * d, au + a * d) / tau) /
                           below) /
                       present;
        if (present == 0 && null) sum = -log(exp(null_sim / tau) / below);
        loss += sum / (double)n;
    }
    return loss;
}

/* deviation NULL: the general BCE; else mixed */
static inline double naive_mixed(int64_t n, int64_t d, int64_t c, int64_t s, int32_t similarity,
                                 const double *f, const double *au, double scale,
                                 const double *bias, const double *deviation,
                                 const double *deviation_bias, const int32_t *subject,
                                 const int32_t *other, const float *share, const int8_t *labels,
                                 const float *weight, double lambda_deviation, double lambda_bias)
{
    double *logits = malloc((size_t)(n * c) * sizeof *logits), *v = malloc((size_t)d * sizeof *v);
    double *centre = calloc((size_t)(c * d), sizeof *centre),
           *centre_bias = calloc((size_t)c, sizeof *centre_bias);
    double loss = 0;
    assert_true(logits && v && centre && centre_bias);
    if (deviation) {
        for (int64_t j = 0; j < s * c * d; ++j) centre[j % (c * d)] += deviation[j] / (double)s;
        for (int64_t j = 0; j < s * c; ++j) centre_bias[j % c] += deviation_bias[j] / (double)s;
        for (int64_t j = 0; j < s * c * d; ++j)
            loss +=
                lambda_deviation * pow(deviation[j] - centre[j % (c * d)], 2) / (double)(s * c * d);
        for (int64_t j = 0; j < s * c; ++j)
            loss += lambda_bias * pow(deviation_bias[j] - centre_bias[j % c], 2) / (double)(s * c);
    }
    for (int64_t k = 0; k < n; ++k)
        for (int64_t a = 0; a < c; ++a) {
            double own = 0; /* of bias, centred */
            if (deviation) own = deviation_bias[subject[k] * c + a] - centre_bias[a];
            if (deviation && other)
                own += (double)share[k] *
                       (deviation_bias[other[k] * c + a] - deviation_bias[subject[k] * c + a]);
            for (int64_t j = 0; j < d; ++j)
                v[j] =
                    au[a * d + j] +
                    (deviation ? deviation[(subject[k] * c + a) * d + j] - centre[a * d + j] : 0);
            logits[k * c + a] = scale * naive_sim(similarity, d, f + k * d, v) + bias[a] + own;
        }
    loss += naive_bce(n, c, logits, labels, weight);
    free(logits);
    free(v);
    free(centre);
    free(centre_bias);
    return loss;
}

static inline double naive_orthogonal(int64_t n, int64_t d, const double *f, const double *g)
{
    double loss = 0;
    for (int64_t k = 0; k < n; ++k)
        loss += pow(naive_sim(CLILE_SIMILARITY_COSINE, d, f + k * d, g + k * d), 2) / (double)n;
    return loss;
}

/* Column j of [n,d], centred, of length 1 or zeros. */
static inline void naive_column(int64_t n, int64_t d, int64_t j, const double *rows, double *out)
{
    double mean = 0, square = 0;
    for (int64_t k = 0; k < n; ++k) mean += rows[k * d + j] / (double)n;
    for (int64_t k = 0; k < n; ++k) square += pow(rows[k * d + j] - mean, 2);
    for (int64_t k = 0; k < n; ++k)
        out[k] = sqrt(square) < 1e-8 ? 0 : (rows[k * d + j] - mean) / sqrt(square);
}

static inline double naive_decorrelate(int64_t n, int64_t d, const double *f, const double *g)
{
    double *x = malloc((size_t)n * sizeof *x), *y = malloc((size_t)n * sizeof *y), loss = 0;
    assert_true(x && y);
    for (int64_t i = 0; i < d; ++i)
        for (int64_t j = 0; j < d; ++j) {
            naive_column(n, d, i, f, x);
            naive_column(n, d, j, g, y);
            loss += pow(naive_sim(CLILE_SIMILARITY_DOT, n, x, y), 2) / (double)d;
        }
    free(x);
    free(y);
    return loss;
}

static inline double naive_adversarial(int64_t n, int64_t d, int64_t s, const double *f,
                                       const double *weight, const double *bias,
                                       const int32_t *subject)
{
    double loss = 0;
    for (int64_t k = 0; k < n; ++k) {
        const double norm = sqrt(naive_sim(CLILE_SIMILARITY_DOT, d, f + k * d, f + k * d));
        double sum = 0, target = 0;
        for (int64_t i = 0; i < s; ++i) {
            const double dot = naive_sim(CLILE_SIMILARITY_DOT, d, f + k * d, weight + i * d);
            const double z = (norm < 1e-8 ? 0 : dot / norm) + bias[i];
            sum += exp(z);
            if (i == subject[k]) target = z;
        }
        loss += (log(sum) - target) / (double)n;
    }
    return loss;
}

#endif
