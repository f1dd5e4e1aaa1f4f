/* Shared by the tests of dnn: deterministic data, comparison by magnitude, finite differences. */
#ifndef CLILE_TEST_DNN_H
#define CLILE_TEST_DNN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "dnn/ref/ref.h"

static inline double *test_array(int64_t count)
{
    double *values = calloc((size_t)(count > 0 ? count : 1), sizeof *values);
    assert_non_null(values);
    return values;
}

/* Normal values that a float holds exactly, so that an op in float and the oracle start from the
 * same numbers. */
static inline double *test_normal(clile_i_rng *rng, int64_t count)
{
    double *values = test_array(count);
    for (int64_t i = 0; i < count; ++i) values[i] = (double)(float)clile_i_rng_normal(rng);
    return values;
}

/* Distinct values, at least 0.25 apart and 0.1 from zero, shuffled: no tie and no kink within
 * reach of a finite difference. */
static inline double *test_distinct(clile_i_rng *rng, int64_t count)
{
    double *values = test_array(count);
    int64_t *order = calloc((size_t)count, sizeof *order);
    assert_non_null(order);
    for (int64_t i = 0; i < count; ++i) order[i] = i;
    clile_i_rng_shuffle(rng, count, order);
    for (int64_t i = 0; i < count; ++i) values[i] = 0.25 * (double)(order[i] - count / 2) + 0.125;
    free(order);
    return values;
}

static inline float *test_float(const double *values, int64_t count)
{
    float *out = calloc((size_t)(count > 0 ? count : 1), sizeof *out);
    assert_non_null(out);
    for (int64_t i = 0; i < count; ++i) out[i] = (float)values[i];
    return out;
}

/* Float array full of NaN: an element that an op forgets to write is found by the comparison. */
static inline float *test_unwritten(int64_t count)
{
    float *out = calloc((size_t)(count > 0 ? count : 1), sizeof *out);
    assert_non_null(out);
    for (int64_t i = 0; i < count; ++i) out[i] = NAN;
    return out;
}

static inline double test_magnitude(const double *values, int64_t count)
{
    double magnitude = 0.0;
    for (int64_t i = 0; i < count; ++i) magnitude = fmax(magnitude, fabs(values[i]));
    return magnitude;
}

/* Fails unless every |found - expected| <= tolerance * (greatest |expected|). */
static inline void test_close(const char *what, const float *found, const double *expected,
                              int64_t count, double tolerance)
{
    const double bound = tolerance * fmax(test_magnitude(expected, count), 1e-3);
    for (int64_t i = 0; i < count; ++i)
        if (!(fabs((double)found[i] - expected[i]) <= bound))
            fail_msg("%s: element %lld of %lld is %.9g, expected %.9g within %.3g", what,
                     (long long)i, (long long)count, (double)found[i], expected[i], bound);
}

/* The scalar a gradient test differentiates. */
typedef double (*test_scalar)(void *context);

/* Central differences of scalar(context) at every element of `at`, against `analytic`. */
static inline void test_gradient(const char *what, test_scalar scalar, void *context, double *at,
                                 int64_t count, const double *analytic, double tolerance)
{
    const double step = 1e-4, bound = tolerance * fmax(test_magnitude(analytic, count), 1.0);
    for (int64_t i = 0; i < count; ++i) {
        const double here = at[i];
        /* five points: the error is of order step^4 */
        at[i] = here + step;
        const double up = scalar(context);
        at[i] = here - step;
        const double down = scalar(context);
        at[i] = here + 2.0 * step;
        const double up2 = scalar(context);
        at[i] = here - 2.0 * step;
        const double down2 = scalar(context);
        at[i] = here;
        const double numeric = (8.0 * (up - down) - (up2 - down2)) / (12.0 * step);
        if (!(fabs(numeric - analytic[i]) <= bound))
            fail_msg("%s: gradient %lld is %.12g, finite difference %.12g, bound %.3g", what,
                     (long long)i, analytic[i], numeric, bound);
    }
}

static inline double test_dot(const double *a, const double *b, int64_t count)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
    return sum;
}

#endif
