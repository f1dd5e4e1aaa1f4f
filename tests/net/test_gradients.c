/* The gradient of the whole net against finite differences, tensor by tensor. Along the gradient,
 * the derivative of the loss must equal the gradient's length: a wrong direction gives less, a
 * wrong length something else. */
#include "net_test.h"

typedef struct {
    clile_i_exec *exec;
    float *image, *diff, *dst;
    int64_t outputs;
} problem;

/* sum of diff * forward(image) */
static double loss(problem *p)
{
    double sum = 0.0;
    assert_int_equal(clile_i_exec_forward(p->exec, p->image, p->dst), CLILE_OK);
    for (int64_t i = 0; i < p->outputs; ++i) sum += (double)p->diff[i] * (double)p->dst[i];
    return sum;
}

/* (loss(params + step u) - loss(params - step u)) / (2 step), u = direction / length, over one
 * segment */
static double derivative(problem *p, const clile_i_exec_segment *segment, const float *direction,
                         double length, double step)
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
        value[k] = loss(p);
    }
    memcpy(params, saved, (size_t)segment->count * sizeof *saved);
    free(saved);
    return (value[0] - value[1]) / (2.0 * step);
}

/* Makes each block's branch small beside its shortcut: a deep net with frozen statistics
 * amplifies rounding otherwise.
 */
static void calm(clile_i_net *net)
{
    const char *last = strcmp(clile_i_net_get_config(net)->backbone, "resnet50") == 0
                           ? ".bn3.weight"
                           : ".bn2.weight";
    for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t) {
        const clile_i_net_tensor *tensor = clile_i_net_tensor_at(net, t);
        if (strstr(tensor->name, last) == NULL) continue;
        for (int64_t i = 0; i < tensor->count; ++i) tensor->data[i] *= 0.25F;
    }
}

static void check_net(const char *backbone, double width, clile_i_stem stem, clile_i_exec_mode mode)
{
    enum { BATCH = 4, SIZE = 64, EMBEDDING = 6 }; /* 16 values in the last norms */
    const clile_i_net_config config = {backbone, width, EMBEDDING, (int32_t)stem};
    clile_i_net *net = test_net_of(&config, 21);
    clile_i_rng rng = clile_i_rng_make(22, 0);
    calm(net);
    problem p = {.exec = test_exec(net, BATCH, SIZE, mode), .outputs = BATCH * EMBEDDING};
    int64_t count = 0;
    p.image = test_normal(&rng, BATCH * 3 * SIZE * SIZE);
    p.diff = test_normal(&rng, p.outputs);
    p.dst = test_floats(p.outputs);
    loss(&p);
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
        assert_true(length > 1e-4);
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
            fail_msg("%s %s, stem %s, mode %d: off by a factor of %.4f", backbone, name,
                     clile_i_stem_name(config.stem), (int)mode, 1.0 + best);
    }
    free(diffs), free(p.image), free(p.diff), free(p.dst);
    clile_i_exec_destroy(p.exec);
    clile_i_net_destroy(net);
}

static void test_basic(void **state)
{
    (void)state;
    check_net("resnet10", 0.125, CLILE_I_STEM_IMAGENET, CLILE_I_EXEC_TRAIN);
    check_net("resnet10", 0.125, CLILE_I_STEM_IMAGENET, CLILE_I_EXEC_TRAIN_FROZEN);
}

static void test_bottleneck(void **state)
{
    (void)state;
    check_net("resnet50", 0.125, CLILE_I_STEM_IMAGENET, CLILE_I_EXEC_TRAIN);
    check_net("resnet50", 0.125, CLILE_I_STEM_IMAGENET, CLILE_I_EXEC_TRAIN_FROZEN);
}

static void test_small_stem(void **state)
{
    (void)state;
    check_net("resnet10", 0.125, CLILE_I_STEM_SMALL, CLILE_I_EXEC_TRAIN);
    check_net("resnet10", 0.125, CLILE_I_STEM_SMALL, CLILE_I_EXEC_TRAIN_FROZEN);
    check_net("resnet50", 0.125, CLILE_I_STEM_SMALL, CLILE_I_EXEC_TRAIN);
}

int main(void)
{
    /* many tiny passes: a team would only wait for itself on a busy machine */
    clile_i_threads_set(1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_basic),
                                       cmocka_unit_test(test_bottleneck),
                                       cmocka_unit_test(test_small_stem)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
