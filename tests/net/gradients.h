/* Gradients of a net against finite differences. */
#ifndef CLILE_TEST_GRADIENTS_H
#define CLILE_TEST_GRADIENTS_H

#include "net_test.h"

typedef struct {
    clile_i_exec *exec;
    float *image, *diff, *dst;
    int64_t outputs;
} gradient_problem;

/* sum of diff * forward(image) */
static inline double loss_of(gradient_problem *p)
{
    double sum = 0.0;
    assert_int_equal(clile_i_exec_forward(p->exec, p->image, p->dst), CLILE_OK);
    for (int64_t i = 0; i < p->outputs; ++i) sum += (double)p->diff[i] * (double)p->dst[i];
    return sum;
}

/* (loss(params + step u) - loss(params - step u)) / (2 step), u = direction / length, over one
 * segment */
static inline double derivative(gradient_problem *p, const clile_i_exec_segment *segment,
                                const float *direction, double length, double step)
{
    float *params = clile_i_exec_params(p->exec, NULL) + segment->offset;
    float *saved = test_floats(segment->count);
    double value[2];
    memcpy(saved, params, (size_t)segment->count * sizeof *saved);
    for (int k = 0; k < 2; ++k) {
        const double sign = k == 0 ? 1.0 : -1.0;
        for (int64_t i = 0; i < segment->count; ++i)
            params[i] = (float)((double)saved[i] +
                                sign * step * (double)direction[segment->offset + i] / length);
        value[k] = loss_of(p);
    }
    memcpy(params, saved, (size_t)segment->count * sizeof *saved);
    free(saved);
    return (value[0] - value[1]) / (2.0 * step);
}

/* Whether what follows takes no notice of this bias: a softmax, because it adds the same to a whole
 * row, or a norm with the statistics of the batch. */
static inline int test_is_shift(const char *name)
{
    static const char *const shifts[] = {"lpnet.key.bias", "piap.attention2.bias",
                                         "piap.attention3.bias", "piap.attention4.bias",
                                         "drml.region.bias"};
    for (size_t i = 0; i < sizeof shifts / sizeof *shifts; ++i)
        if (strcmp(name, shifts[i]) == 0) return 1;
    return 0;
}

/* Fails unless the derivative along the gradient, tensor by tensor, is the gradient's length: a
 * wrong direction gives less, a wrong length something else. */
static inline void check_gradients(const char *what, clile_i_net *net, int32_t batch, int32_t size,
                                   clile_i_exec_mode mode)
{
    const int32_t embedding = clile_i_net_get_config(net)->embedding;
    clile_i_rng rng = clile_i_rng_make(22, 0);
    gradient_problem p = {.exec = test_exec(net, batch, size, mode),
                          .outputs = (int64_t)batch * embedding};
    int64_t count = 0;
    p.image = test_normal(&rng, (int64_t)batch * 3 * size * size);
    p.diff = test_normal(&rng, p.outputs);
    p.dst = test_floats(p.outputs);
    loss_of(&p);
    assert_int_equal(clile_i_exec_backward(p.exec, p.diff), CLILE_OK);
    clile_i_exec_params(p.exec, &count);
    float *diffs = test_floats(count);
    memcpy(diffs, clile_i_exec_diffs(p.exec), (size_t)count * sizeof *diffs);
    for (int32_t s = 0; s < clile_i_exec_segment_count(p.exec); ++s) {
        const clile_i_exec_segment *segment = clile_i_exec_segment_at(p.exec, s);
        const char *name = clile_i_net_tensor_at(net, segment->tensor)->name;
        double length = 0.0, best = HUGE_VAL;
        for (int64_t i = 0; i < segment->count; ++i)
            length += (double)diffs[segment->offset + i] * (double)diffs[segment->offset + i];
        length = sqrt(length);
        if (test_is_shift(name)) {
            assert_true(length < 1e-4);
            continue;
        }
        if (!(length > 1e-4)) fail_msg("%s, %s: gradient of length %g", what, name, length);
        /* Float rounding spoils small steps, curvature and the kinks of the ReLUs large ones:
         * one of them must agree.
         */
        static const double steps[] = {1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5};
        for (size_t k = 0; k < sizeof steps / sizeof *steps && !(best < 0.02); ++k) {
            const double error =
                fabs(derivative(&p, segment, diffs, length, steps[k]) / length - 1.0);
            best = fmin(best, error);
        }
        if (!(best < 0.08))
            fail_msg("%s, %s, mode %d: off by a factor of %.4f", what, name, (int)mode, 1.0 + best);
    }
    free(diffs), free(p.image), free(p.diff), free(p.dst);
    clile_i_exec_destroy(p.exec);
}

#endif
