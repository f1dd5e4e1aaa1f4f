/* bf16: a compiled net against float32, the oracle being the float32 net of the same weights.
 * bf16 has 8 bits: rounding a number moves it by up to 1 / 512. Where the processor has no bf16,
 * a net is refused, and that is what is tested. */
#include "net_test.h"

static int has_bf16(void)
{
    const clile_i_net_config config = {"resnet10", 0.125, 4, CLILE_I_STEM_SMALL, {0}};
    const clile_i_exec_options options = {.mode = CLILE_I_EXEC_TRAIN, .bf16 = 1};
    clile_i_net *net = test_net_of(&config, 1);
    clile_i_exec *exec = NULL;
    const clile_status status = clile_i_exec_create_as(net, 2, 32, &options, &exec);
    if (status != CLILE_OK) {
        assert_int_equal(status, CLILE_E_UNSUPPORTED);
        assert_non_null(strstr(clile_last_error(), "AVX512_BF16"));
    }
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(net);
    return status == CLILE_OK;
}

static clile_i_exec *exec_of(const clile_i_net *net, int32_t batch, int32_t size,
                             clile_i_exec_mode mode)
{
    clile_i_exec *exec = NULL;
    const clile_i_exec_options options = {.mode = mode, .bf16 = 1};
    if (clile_i_exec_create_as(net, batch, size, &options, &exec) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    for (int64_t i = 0; i < 2 * (int64_t)batch * clile_i_exec_point_count(exec); ++i)
        clile_i_exec_points(exec)[i] = (float)(0.5 + 0.3 * sin(3.0 * (double)i));
    return exec;
}

/* |a - b| / |b| */
static double distance(const float *a, const float *b, int64_t count)
{
    double error = 0.0, norm = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        error += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        norm += (double)b[i] * (double)b[i];
    }
    assert_true(norm > 0.0);
    return sqrt(error / norm);
}

/* Near, and not the same: it did run in bf16. */
static void assert_rounded(const char *what, const float *a, const float *b, int64_t count,
                           double most)
{
    const double found = distance(a, b, count);
    if (!(found > 1e-5 && found < most)) fail_msg("%s: off by %g of %g", what, found, most);
}

typedef struct {
    const char *backbone;
    double width;
    int32_t batch, size, stem;
} net_case;

static const net_case cases[] = {
    {"resnet10", 0.25, 1, 64, CLILE_I_STEM_SMALL},
    {"resnet10", 0.2, 3, 47, CLILE_I_STEM_IMAGENET},
    {"resnet18", 0.25, 2, 64, CLILE_I_STEM_IMAGENET},
    {"resnet18", 1, 1, 64, CLILE_I_STEM_IMAGENET},
    {"resnet50", 0.25, 2, 64, CLILE_I_STEM_IMAGENET},
};
enum { CASES = sizeof cases / sizeof *cases, D = 16 };

static clile_i_net *net_of(const net_case *c)
{
    const clile_i_net_config config = {c->backbone, c->width, D, c->stem, {0}};
    return test_net_of(&config, 1);
}

static void answers_are_near_those_of_float32(void **state)
{
    (void)state;
    if (!has_bf16()) return;
    for (size_t i = 0; i < CASES; ++i) {
        const net_case *c = &cases[i];
        const int64_t count = (int64_t)c->batch * D;
        clile_i_rng rng = clile_i_rng_make(2, i);
        clile_i_net *net = net_of(c);
        float *image = test_normal(&rng, (int64_t)c->batch * 3 * c->size * c->size);
        float *a = test_floats(count), *b = test_floats(count), *again = test_floats(count);
        clile_i_exec *oracle = test_exec(net, c->batch, c->size, CLILE_I_EXEC_INFER);
        assert_int_equal(clile_i_exec_forward(oracle, image, b), CLILE_OK);
        for (int32_t team = 1; team <= 2; ++team) {
            clile_i_threads_set(team);
            clile_i_exec *exec = exec_of(net, c->batch, c->size, CLILE_I_EXEC_INFER);
            assert_int_equal(clile_i_exec_forward(exec, image, a), CLILE_OK);
            assert_rounded(c->backbone, a, b, count, 0.03);
            assert_int_equal(clile_i_exec_forward(exec, image, again), CLILE_OK);
            assert_memory_equal(a, again, (size_t)count * sizeof *a);
            clile_i_exec_destroy(exec);
        }
        clile_i_threads_set(1);
        clile_i_exec_destroy(oracle);
        clile_i_net_destroy(net);
        free(image);
        free(a);
        free(b);
        free(again);
    }
}

/* The gradient of each tensor, as plain values. */
static float *gradients(clile_i_exec *exec, const clile_i_net *net, const float *image,
                        const float *diff, float *dst, int64_t *count)
{
    int64_t total = 0, at = 0;
    for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t)
        total += clile_i_net_tensor_at(net, t)->count;
    float *plain = test_floats(total);
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    assert_int_equal(clile_i_exec_backward(exec, diff), CLILE_OK);
    for (int32_t s = 0; s < clile_i_exec_segment_count(exec); ++s) {
        const int32_t tensor = clile_i_exec_segment_at(exec, s)->tensor;
        assert_int_equal(clile_i_exec_to_plain(exec, s, clile_i_exec_diffs(exec), plain + at),
                         CLILE_OK);
        at += clile_i_net_tensor_at(net, tensor)->count;
    }
    *count = at;
    return plain;
}

/* Of all weights together: an element of a ReLU that rounding turns off or on changes gradients of
 * a single channel a lot. Convolutions are held to the oracle one by one in dnn/bf16. */
static void gradients_are_near_those_of_float32(void **state)
{
    (void)state;
    if (!has_bf16()) return;
    for (size_t i = 0; i < 3; ++i) {
        net_case c = cases[i];
        c.batch = 4;
        clile_i_rng rng = clile_i_rng_make(3, i);
        clile_i_net *net = net_of(&c);
        float *image = test_normal(&rng, (int64_t)c.batch * 3 * c.size * c.size);
        float *diff = test_normal(&rng, (int64_t)c.batch * D), dst[4 * D], rounded[4 * D];
        /* frozen: batch statistics of a few numbers would magnify the rounding */
        clile_i_exec *oracle = test_exec(net, c.batch, c.size, CLILE_I_EXEC_TRAIN_FROZEN);
        int64_t count = 0;
        float *b = gradients(oracle, net, image, diff, dst, &count);
        for (int32_t team = 1; team <= 2; ++team) {
            clile_i_threads_set(team);
            clile_i_exec *exec = exec_of(net, c.batch, c.size, CLILE_I_EXEC_TRAIN_FROZEN);
            float *a = gradients(exec, net, image, diff, rounded, &count);
            assert_rounded(c.backbone, rounded, dst, (int64_t)c.batch * D, 0.03);
            assert_rounded("gradients", a, b, count, 0.15);
            float *more = gradients(exec, net, image, diff, rounded, &count);
            assert_memory_equal(a, more, (size_t)count * sizeof *a);
            free(a);
            free(more);
            clile_i_exec_destroy(exec);
        }
        clile_i_threads_set(1);
        clile_i_exec_destroy(oracle);
        clile_i_net_destroy(net);
        free(image);
        free(diff);
        free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_near_those_of_float32),
        cmocka_unit_test(gradients_are_near_those_of_float32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
