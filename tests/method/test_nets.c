/* The nets of methods that are graphs: gradients, inference, and the graphs and places that they
 * start from. */
#include "gradients.h"
#include "method_nets.h"

static const char *const names[] = {"augcn", "srerl", "megraph"};
enum { NAMES = sizeof names / sizeof *names, BATCH = 3 };

static float *images(void)
{
    clile_i_rng rng = clile_i_rng_make(74, 0);
    return test_normal(&rng, (int64_t)BATCH * 3 * METHOD_SIZE * METHOD_SIZE);
}

/* Inference gives what training with frozen statistics gives, alone as in a batch. */
static void test_inference(void **state)
{
    (void)state;
    for (int m = 0; m < NAMES; ++m) {
        clile_i_net *net = method_net(names[m]);
        const int64_t d = clile_i_net_get_config(net)->embedding;
        float *image = images(), *a = test_floats(BATCH * d), *b = test_floats(BATCH * d);
        clile_i_exec *train = test_exec(net, BATCH, METHOD_SIZE, CLILE_I_EXEC_TRAIN_FROZEN),
                     *infer = test_exec(net, BATCH, METHOD_SIZE, CLILE_I_EXEC_INFER),
                     *one = test_exec(net, 1, METHOD_SIZE, CLILE_I_EXEC_INFER);
        method_points(train, BATCH, NULL);
        method_points(infer, BATCH, NULL);
        method_points(one, 1, NULL);
        assert_int_equal(clile_i_exec_forward(train, image, a), CLILE_OK);
        assert_int_equal(clile_i_exec_forward(infer, image, b), CLILE_OK);
        assert_true(test_largest(a, BATCH * d) > 1e-3);
        test_near(names[m], b, a, BATCH * d, 1e-4);
        assert_int_equal(clile_i_exec_forward(one, image, b), CLILE_OK);
        test_near(names[m], b, a, d, 1e-4);
        clile_i_exec_destroy(train);
        clile_i_exec_destroy(infer);
        clile_i_exec_destroy(one);
        clile_i_net_destroy(net);
        free(image), free(a), free(b);
    }
}

static double length_of(const float *values, const clile_i_exec_segment *s)
{
    double sum = 0.0;
    for (int64_t i = s->offset; i < s->offset + s->count; ++i)
        sum += (double)values[i] * (double)values[i];
    return sqrt(sum);
}

static void check_direction(const char *what, gradient_problem *p, const clile_i_exec_segment *s,
                            const float *diffs)
{
    static const double steps[] = {1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5};
    const double length = length_of(diffs, s);
    double best = HUGE_VAL;
    for (size_t k = 0; k < sizeof steps / sizeof *steps && !(best < 0.02); ++k)
        best = fmin(best, fabs(derivative(p, s, diffs, length, steps[k]) / length - 1.0));
    if (!(best < 0.08)) fail_msg("%s: off by a factor of %.4f", what, 1.0 + best);
}

/* Along the whole gradient, and along that of each tensor that is not tiny: a bias before a softmax
 * or a batch norm has none. */
static void test_gradients(void **state)
{
    (void)state;
    for (int m = 0; m < NAMES; ++m) {
        clile_i_net *net = method_net(names[m]);
        clile_i_rng rng = clile_i_rng_make(75, 0);
        gradient_problem p = {.exec = test_exec(net, BATCH, METHOD_SIZE, CLILE_I_EXEC_TRAIN_FROZEN),
                              .outputs = (int64_t)BATCH * clile_i_net_get_config(net)->embedding};
        int64_t count;
        int checked = 0;
        p.image = images();
        p.diff = test_normal(&rng, p.outputs);
        p.dst = test_floats(p.outputs);
        method_points(p.exec, BATCH, NULL);
        loss_of(&p);
        assert_int_equal(clile_i_exec_backward(p.exec, p.diff), CLILE_OK);
        clile_i_exec_params(p.exec, &count);
        float *diffs = test_floats(count);
        memcpy(diffs, clile_i_exec_diffs(p.exec), (size_t)count * sizeof *diffs);
        const clile_i_exec_segment all = {.count = count};
        check_direction(names[m], &p, &all, diffs);
        for (int32_t s = 0; s < clile_i_exec_segment_count(p.exec); ++s) {
            const clile_i_exec_segment *own = clile_i_exec_segment_at(p.exec, s);
            const char *tensor = clile_i_net_tensor_at(net, own->tensor)->name;
            if (strncmp(tensor, names[m], strlen(names[m])) != 0) continue;
            if (length_of(diffs, own) < 0.01 * length_of(diffs, &all)) continue;
            check_direction(tensor, &p, own, diffs);
            ++checked;
        }
        assert_true(checked >= 3);
        free(diffs), free(p.image), free(p.diff), free(p.dst);
        clile_i_exec_destroy(p.exec);
        clile_i_net_destroy(net);
    }
}

static const clile_i_net_tensor *tensor_of(const clile_i_net *net, const char *name)
{
    for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t)
        if (strcmp(clile_i_net_tensor_at(net, t)->name, name) == 0)
            return clile_i_net_tensor_at(net, t);
    fail_msg("no tensor %s", name);
    return NULL;
}

/* AU 4 makes AU 1 likely and AU 12 impossible. augcn's graph is symmetric, with 1 on the diagonal
 * before it is divided. */
static void test_graphs(void **state)
{
    (void)state;
    clile_i_net *net = method_net("srerl");
    const float *graph = tensor_of(net, "srerl.ggnn.graph")->data;
    assert_true(!tensor_of(net, "srerl.ggnn.graph")->trainable);
    assert_true(graph[0 * METHOD_AUS + 1] > 0.0F && graph[2 * METHOD_AUS + 1] < 0.0F);
    for (int i = 0; i < METHOD_AUS; ++i) assert_true(graph[i * METHOD_AUS + i] == 0.0F);
    clile_i_net_destroy(net);
    net = method_net("augcn");
    graph = tensor_of(net, "augcn.mix1.graph")->data;
    assert_memory_equal(graph, tensor_of(net, "augcn.mix2.graph")->data,
                        METHOD_AUS * METHOD_AUS * sizeof *graph);
    for (int i = 0; i < METHOD_AUS; ++i)
        for (int j = 0; j < METHOD_AUS; ++j)
            assert_true(fabsf(graph[i * METHOD_AUS + j] - graph[j * METHOD_AUS + i]) < 1e-6F);
    assert_true(graph[0 * METHOD_AUS + 1] > 0.0F && graph[1 * METHOD_AUS + 2] == 0.0F);
    clile_i_net_destroy(net);
}

/* A centre moves with the face: its weights add up to 1. AU 1's are above the eyes, AU 25's at the
 * mouth, one at the left and one at the right. */
static void test_centres(void **state)
{
    (void)state;
    const float x[5] = {0.3F, 0.7F, 0.5F, 0.4F, 0.6F}, y[5] = {0.4F, 0.4F, 0.6F, 0.8F, 0.8F};
    clile_i_net *net = method_net("augcn");
    const clile_i_net_tensor *centre = tensor_of(net, "augcn.region3.centre");
    assert_int_equal(centre->shape[0], 2 * METHOD_AUS);
    for (int r = 0; r < 2 * METHOD_AUS; ++r) {
        float sum = 0.0F, at[2] = {0.0F, 0.0F};
        for (int k = 0; k < 5; ++k) {
            sum += centre->data[r * 5 + k];
            at[0] += centre->data[r * 5 + k] * x[k];
            at[1] += centre->data[r * 5 + k] * y[k];
        }
        assert_true(fabsf(sum - 1.0F) < 1e-6F);
        assert_true(r % 2 == 0 ? at[0] < 0.5F : at[0] > 0.5F);
        if (r < 2) assert_true(at[1] < 0.35F);
        if (r >= 6) assert_true(at[1] > 0.75F);
    }
    clile_i_net_destroy(net);
}

int main(void)
{
    clile_i_threads_set(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inference), cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_graphs), cmocka_unit_test(test_centres)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
