/* The operation of the walk, in a net of a library that has it. */
#include "op_test.h"

/* After a convolution without ReLU, whose gradient it gives. */
static clile_i_net *net_with_scale(int64_t channels)
{
    int32_t maps;
    clile_i_net *net = test_op_begin(&maps);
    clile_i_node unit = {.op = clile_i_ops[CLILE_I_OP_CONV_UNIT],
                         .src = {maps},
                         .src_count = 1,
                         .ic = OP_CHANNELS,
                         .oc = channels,
                         .k = 1,
                         .stride = 1};
    maps = test_add(net, unit, "conv2", "bn2");
    clile_i_node scale = {.op = clile_i_ops[CLILE_I_OP_SCALE],
                          .src = {maps},
                          .src_count = 1,
                          .ic = channels,
                          .oc = channels};
    maps = test_add(net, scale, "scale", NULL);
    test_op_end(net, maps, channels);
    clile_i_rng rng = clile_i_rng_make(41, 0);
    for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t) {
        const clile_i_net_tensor *tensor = clile_i_net_tensor_at(net, t);
        if (strcmp(tensor->name, "scale.factor") != 0) continue;
        assert_int_equal(tensor->count, channels);
        assert_true(tensor->trainable && !tensor->decay);
        for (int64_t c = 0; c < channels; ++c)
            tensor->data[c] = (float)clile_i_rng_range(&rng, -2.0, 2.0);
    }
    return net;
}

/* dst = factor src, element by element */
static void check_forward(const clile_i_net *net)
{
    enum { BATCH = 2, SIZE = 32, NODE = 2 };
    clile_i_rng rng = clile_i_rng_make(42, 0);
    float *image = test_normal(&rng, BATCH * 3 * SIZE * SIZE), dst[BATCH * OP_EMBEDDING];
    clile_i_exec *exec = test_exec(net, BATCH, SIZE, CLILE_I_EXEC_TRAIN);
    const clile_i_op_run *run = &exec->runs[NODE];
    const int64_t hw = run->dst.h * run->dst.w, count = run->dst.n * run->dst.c * hw;
    float *before = test_floats(count), *after = test_floats(count), *expected = test_floats(count);
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    /* what it read is not kept; made again, as for its backward */
    clile_i_op_run *source = &exec->runs[NODE - 1];
    assert_int_equal(source->node->op->remake(source), CLILE_OK);
    clile_i_dnn_layout_to_plain(&run->src[0], run->src_data[0], before);
    clile_i_dnn_layout_to_plain(&run->dst, run->dst_data, after);
    const clile_i_net_tensor *factor = clile_i_net_tensor_at(net, run->node->tensor);
    for (int64_t i = 0; i < count; ++i) expected[i] = before[i] * factor->data[i / hw % run->dst.c];
    assert_true(test_largest(expected, count) > 0.1);
    test_near("forward", after, expected, count, 1e-6);
    free(image), free(before), free(after), free(expected);
    clile_i_exec_destroy(exec);
}

static void check_written(const clile_i_net *net)
{
    test_graph graph;
    assert_int_equal(test_write(net, &graph), CLILE_OK);
    assert_non_null(strstr(graph.text, "value3 = Mul value2 scale.factor\n"));
}

static void test_scale(void **state)
{
    (void)state;
    for (int64_t channels = 8; channels <= 13; channels += 5) { /* 13: padded blocks */
        clile_i_net *net = net_with_scale(channels);
        check_forward(net);
        check_written(net);
        test_op_net("scale", net, 32);
        clile_i_net_destroy(net);
    }
}

int main(void)
{
    clile_i_threads_set(1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scale)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
