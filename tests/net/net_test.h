/* Shared by the tests of net: a small net whose values make every tensor matter, and data
 * for it. */
#ifndef CLILE_TEST_NET_H
#define CLILE_TEST_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/exec.h"

static inline float *test_floats(int64_t count)
{
    float *values = calloc((size_t)count, sizeof *values);
    assert_non_null(values);
    return values;
}

static inline float *test_normal(clile_i_rng *rng, int64_t count)
{
    float *values = test_floats(count);
    for (int64_t i = 0; i < count; ++i) values[i] = (float)clile_i_rng_normal(rng);
    return values;
}

/* Norms and statistics that are not 1 and 0; some gammas are negative. */
static inline void test_vary_norms(clile_i_net *net, clile_i_rng *rng)
{
    for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t) {
        const clile_i_net_tensor *tensor = clile_i_net_tensor_at(net, t);
        const int variance = strstr(tensor->name, "running_var") != NULL;
        const int gamma =
            tensor->ndim == 1 && tensor->trainable && strstr(tensor->name, ".weight") != NULL;
        if (tensor->ndim != 1 || strncmp(tensor->name, "fc", 2) == 0) continue;
        for (int64_t i = 0; i < tensor->count; ++i) {
            const double value = variance || gamma ? clile_i_rng_range(rng, 0.5, 1.5)
                                                   : 0.3 * clile_i_rng_normal(rng);
            tensor->data[i] = (float)(gamma && i % 7 == 3 ? -value : value);
        }
    }
}

/* Initialised, with varied norms. */
static inline clile_i_net *test_net_of(const clile_i_net_config *config, uint64_t seed)
{
    clile_i_net *net = NULL;
    clile_i_rng rng = clile_i_rng_make(seed, 0);
    assert_int_equal(clile_i_net_create(config, &net), CLILE_OK);
    clile_i_net_init(net, &rng);
    test_vary_norms(net, &rng);
    return net;
}

/* Of torchvision's stem. */
static inline clile_i_net *test_net(const char *backbone, double width, int32_t embedding,
                                    uint64_t seed)
{
    const clile_i_net_config config = {backbone, width, embedding, CLILE_I_STEM_IMAGENET, {0}};
    return test_net_of(&config, seed);
}

static inline clile_i_exec *test_exec(const clile_i_net *net, int32_t batch, int32_t size,
                                      clile_i_exec_mode mode)
{
    clile_i_exec *exec = NULL;
    if (clile_i_exec_create(net, batch, size, mode, &exec) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    for (int64_t i = 0; i < 2 * (int64_t)batch * clile_i_exec_point_count(exec); ++i)
        clile_i_exec_points(exec)[i] = (float)(0.5 + 0.3 * sin(3.0 * (double)i));
    return exec;
}

static inline double test_largest(const float *values, int64_t count)
{
    double largest = 0.0;
    for (int64_t i = 0; i < count; ++i) largest = fmax(largest, fabs((double)values[i]));
    return largest;
}

/* Fails unless every |a - b| <= tolerance * (largest |b|). */
static inline void test_near(const char *what, const float *a, const float *b, int64_t count,
                             double tolerance)
{
    const double bound = tolerance * test_largest(b, count);
    for (int64_t i = 0; i < count; ++i)
        if (!(fabs((double)a[i] - (double)b[i]) <= bound))
            fail_msg("%s: element %lld is %.9g, expected %.9g within %.3g", what, (long long)i,
                     (double)a[i], (double)b[i], bound);
}

#endif
