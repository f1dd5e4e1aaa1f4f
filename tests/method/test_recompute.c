/* recompute: the same bits, and never more memory. Every gradient, running statistic and output,
 * over several passes, of backbones and of each method that has layers of its own. */
#include "method_nets.h"

typedef struct {
    const char *backbone;
    double width;
    int32_t batch, size, stem;
    uint8_t bf16;
    double share; /* of the memory without, at most */
} net_case;

static const net_case cases[] = {
    {"resnet10", 0.125, 3, 47, CLILE_I_STEM_SMALL, 0, 1.0},
    {"resnet18", 0.125, 2, 64, CLILE_I_STEM_IMAGENET, 0, 0.77},
    {"resnet50", 0.125, 2, 64, CLILE_I_STEM_IMAGENET, 0, 0.51},
    {"resnet18", 0.125, 2, 64, CLILE_I_STEM_IMAGENET, 1, 0.77},
};
enum { CASES = sizeof cases / sizeof *cases, D = 7, PASSES = 3 };

static clile_i_exec *exec_of(const clile_i_net *net, const net_case *c, clile_i_exec_mode mode,
                             uint8_t recompute)
{
    clile_i_exec *exec = NULL;
    const clile_i_exec_options options = {.mode = mode, .bf16 = c->bf16, .recompute = recompute};
    if (clile_i_exec_create_as(net, c->batch, c->size, &options, &exec) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    return exec;
}

static void assert_same_values(const clile_i_exec *a, const clile_i_exec *b, const clile_i_net *net)
{
    clile_i_net *x = NULL, *y = NULL;
    assert_int_equal(clile_i_net_create(clile_i_net_get_config(net), &x), CLILE_OK);
    assert_int_equal(clile_i_net_create(clile_i_net_get_config(net), &y), CLILE_OK);
    assert_int_equal(clile_i_exec_store(a, x), CLILE_OK);
    assert_int_equal(clile_i_exec_store(b, y), CLILE_OK);
    for (int32_t t = 0; t < clile_i_net_tensor_count(x); ++t)
        assert_memory_equal(clile_i_net_tensor_at(x, t)->data, clile_i_net_tensor_at(y, t)->data,
                            (size_t)clile_i_net_tensor_at(x, t)->count * sizeof(float));
    clile_i_net_destroy(x);
    clile_i_net_destroy(y);
}

static void same_bits(const clile_i_net *net, const net_case *c, clile_i_exec_mode mode)
{
    clile_i_exec *kept = exec_of(net, c, mode, 0), *again = exec_of(net, c, mode, 1);
    const int64_t pixels = (int64_t)c->batch * 3 * c->size * c->size,
                  outputs = (int64_t)c->batch * clile_i_net_get_config(net)->embedding;
    clile_i_rng rng = clile_i_rng_make(5, 0);
    float *a = test_floats(outputs), *b = test_floats(outputs);
    int64_t count = 0;
    clile_i_exec_params(kept, &count);
    method_points(kept, c->batch, NULL);
    method_points(again, c->batch, NULL);
    for (int pass = 0; pass < PASSES; ++pass) {
        float *image = test_normal(&rng, pixels), *diff = test_normal(&rng, outputs);
        assert_int_equal(clile_i_exec_forward(kept, image, a), CLILE_OK);
        assert_int_equal(clile_i_exec_forward(again, image, b), CLILE_OK);
        assert_memory_equal(a, b, (size_t)outputs * sizeof *a);
        assert_int_equal(clile_i_exec_backward(kept, diff), CLILE_OK);
        assert_int_equal(clile_i_exec_backward(again, diff), CLILE_OK);
        assert_int_equal(clile_i_exec_backward(again, diff),
                         CLILE_E_STATE); /* gradients are there */
        assert_true(test_largest(clile_i_exec_diffs(kept), count) > 0.0);
        assert_memory_equal(clile_i_exec_diffs(kept), clile_i_exec_diffs(again),
                            (size_t)count * sizeof(float));
        /* running statistics took one step */
        assert_same_values(kept, again, net);
        free(image);
        free(diff);
    }
    free(a);
    free(b);
    const double share = (double)clile_i_exec_bytes(again) / (double)clile_i_exec_bytes(kept);
    if (!(share <= c->share)) fail_msg("%s: %g of the memory", c->backbone, share);
    clile_i_exec_destroy(kept);
    clile_i_exec_destroy(again);
}

static void backbones(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; ++i) {
        if (cases[i].bf16 && clile_i_bf16_check() != CLILE_OK) continue;
        const net_case *c = &cases[i];
        const clile_i_net_config config = {c->backbone, c->width, D, c->stem, {0}};
        clile_i_net *net = test_net_of(&config, 1);
        for (int32_t team = 1; team <= 2; ++team) {
            clile_i_threads_set(team);
            same_bits(net, c, CLILE_I_EXEC_TRAIN);
        }
        clile_i_threads_set(1);
        same_bits(net, c, CLILE_I_EXEC_TRAIN_FROZEN);
        clile_i_net_destroy(net);
    }
}

static void methods(void **state)
{
    (void)state;
    static const char *const names[] = {"drml", "lpnet",  "augcn",  "srerl",
                                        "piap", "suphcl", "megraph"};
    const net_case c = {"a method", 0.125, 2, METHOD_SIZE, CLILE_I_STEM_SMALL, 0, 1.0};
    for (size_t m = 0; m < sizeof names / sizeof *names; ++m) {
        clile_i_net *net = method_net(names[m]);
        same_bits(net, &c, CLILE_I_EXEC_TRAIN);
        clile_i_net_destroy(net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(backbones), cmocka_unit_test(methods)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
