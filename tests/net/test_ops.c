/* The table of operations, and what a net does for them: several sources, several readers, one that
 * has no ONNX and no int8 form, units after the blocks. */
#include "op_test.h"

static void test_table(void **state)
{
    (void)state;
    for (int i = 0; i < CLILE_I_OP_COUNT; ++i) {
        const clile_i_op *op = clile_i_ops[i];
        assert_non_null(op->name);
        for (int k = 0; k < i; ++k) assert_string_not_equal(op->name, clile_i_ops[k]->name);
        assert_non_null(op->lay_out);
        assert_non_null(op->forward);
        assert_non_null(op->backward);
        assert_true(op->tensor_count <= CLILE_I_MOST_OP_TENSORS);
        assert_true(op->tensor_count == 0 || (op->tensors != NULL && op->tensor_shape != NULL));
        assert_true(op->prefer == NULL || op->multiply_adds != NULL);
        assert_true(op->convolution == NULL || op->multiply_adds != NULL);
        assert_true(op->int8 == NULL || (op->int8->levels && op->int8->create));
    }
}

/* ---- an operation of three sources ----------------------------------------------------------- */

/* dst = a + 2 b + 3 c */
static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    *dst = src[0];
}

static clile_status forward(clile_i_op_run *run)
{
    for (int64_t i = 0; i < run->dst.count; ++i)
        run->dst_data[i] =
            run->src_data[0][i] + 2.0F * run->src_data[1][i] + 3.0F * run->src_data[2][i];
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    for (int32_t k = 0; k < 3; ++k)
        for (int64_t i = 0; run->diff_src[k] != NULL && i < run->dst.count; ++i)
            run->diff_src[k][i] = (float)(k + 1) * run->diff_dst[i];
    return CLILE_OK;
}

static const clile_i_op weighted = {
    .name = "weighted", .lay_out = lay_out, .forward = forward, .backward = backward};

static clile_i_node weighted_node(int32_t a, int32_t b, int32_t c)
{
    return (clile_i_node){
        .op = &weighted, .src = {a, b, c}, .src_count = 3, .ic = OP_CHANNELS, .oc = OP_CHANNELS};
}

static clile_i_node unit_node(int32_t src, int64_t ic, int64_t oc, int64_t k, int64_t pad)
{
    return (clile_i_node){.op = clile_i_ops[CLILE_I_OP_CONV_UNIT],
                          .src = {src},
                          .src_count = 1,
                          .ic = ic,
                          .oc = oc,
                          .k = k,
                          .stride = 1,
                          .pad = pad,
                          .relu = 1};
}

/* Values with four and five readers, of an operation that adds two gradients and of one that adds
 * none; one reads the same value twice. */
static void test_many_readers(void **state)
{
    int32_t maps;
    (void)state;
    clile_i_net *net = test_op_begin(&maps);
    const int32_t a = test_add(net, weighted_node(maps, maps, maps), NULL, NULL);
    const int32_t b =
        test_add(net, unit_node(maps, OP_CHANNELS, OP_CHANNELS, 3, 1), "conv2", "bn2");
    const int32_t c = test_add(net, weighted_node(a, b, a), NULL, NULL);
    const int32_t d = test_add(net, weighted_node(c, a, b), NULL, NULL);
    const int32_t e = test_add(net, weighted_node(a, d, a), NULL, NULL);
    test_op_end(net, e, OP_CHANNELS);
    test_op_net("many readers", net, 32);
    clile_i_net_destroy(net);
}

/* ---- the end of a net ------------------------------------------------------------------------ */

/* A 1 x 1 convolution and one of the size of the last map take the place of the mean; the image has
 * 32 pixels and the map 16. */
static clile_i_net *net_with_units(void)
{
    int32_t maps;
    clile_i_net *net = test_op_begin(&maps);
    const int32_t one = test_add(net, unit_node(maps, OP_CHANNELS, 5, 1, 0), "conv2", "bn2");
    const int32_t all = test_add(net, unit_node(one, 5, 11, 16, 0), "conv3", "bn3");
    test_op_end(net, all, 11);
    return net;
}

static void test_units_at_the_end(void **state)
{
    (void)state;
    clile_i_net *net = net_with_units();
    test_op_net("units at the end", net, 32);
    clile_i_net_destroy(net);
}

/* int8 within a tenth of float32. */
static void test_units_at_the_end_int8(void **state)
{
    enum { SIZE = 32, PIXELS = 3 * SIZE * SIZE };
    const float mean[3] = {0.5F, 0.5F, 0.5F}, deviation[3] = {0.25F, 0.25F, 0.25F};
    clile_i_net *net = net_with_units();
    clile_i_calibration *calibration = NULL;
    clile_i_quant *quant = NULL;
    clile_i_packs *packs = NULL;
    clile_i_qexec *qexec = NULL;
    clile_i_exec *exec = test_exec(net, 1, SIZE, CLILE_I_EXEC_INFER);
    clile_i_rng rng = clile_i_rng_make(33, 0);
    uint8_t rgb[PIXELS];
    float image[PIXELS], a[OP_EMBEDDING], b[OP_EMBEDDING];
    (void)state;
    for (int i = 0; i < PIXELS; ++i) {
        rgb[i] = (uint8_t)clile_i_rng_below(&rng, 256);
        image[i % 3 * SIZE * SIZE + i / 3] = ((float)rgb[i] / 255.0F - 0.5F) / 0.25F;
    }
    assert_int_equal(clile_i_calibration_begin(net, SIZE, &calibration), CLILE_OK);
    assert_int_equal(clile_i_calibration_observe(calibration, image), CLILE_OK);
    assert_int_equal(clile_i_calibration_finish(calibration, net, mean, deviation, &quant),
                     CLILE_OK);
    assert_int_equal(clile_i_packs_create(&packs), CLILE_OK);
    assert_int_equal(clile_i_qexec_create(net, quant, mean, 1, SIZE, packs, &qexec), CLILE_OK);
    clile_i_qexec_set_image(qexec, 0, rgb, INT64_C(3) * SIZE);
    assert_int_equal(clile_i_qexec_forward(qexec, a), CLILE_OK);
    assert_int_equal(clile_i_exec_forward(exec, image, b), CLILE_OK);
    test_near("int8", a, b, OP_EMBEDDING, 0.1);
    clile_i_qexec_destroy(qexec);
    clile_i_packs_release(packs);
    clile_i_quant_destroy(quant);
    clile_i_calibration_destroy(calibration);
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(net);
}

static void test_written(void **state)
{
    test_graph graph;
    (void)state;
    clile_i_net *net = net_with_units();
    assert_int_equal(test_write(net, &graph), CLILE_OK);
    assert_string_equal(graph.text,
                        "conv1.weight 8 3 3 3\nconv1.bias 8\n"
                        "value1.convolution = Conv input conv1.weight conv1.bias, kernel_shape 3, "
                        "kernel_shape 3, strides 2, strides 2, pads 1, pads 1, pads 1, pads 1\n"
                        "value1 = Relu value1.convolution\n"
                        "conv2.weight 5 8 1 1\nconv2.bias 5\n"
                        "value2.convolution = Conv value1 conv2.weight conv2.bias, kernel_shape 1, "
                        "kernel_shape 1, strides 1, strides 1, pads 0, pads 0, pads 0, pads 0\n"
                        "value2 = Relu value2.convolution\n"
                        "conv3.weight 11 5 16 16\nconv3.bias 11\n"
                        "value3.convolution = Conv value2 conv3.weight conv3.bias, kernel_shape "
                        "16, kernel_shape 16, strides 1, strides 1, pads 0, pads 0, pads 0, pads "
                        "0\n"
                        "value3 = Relu value3.convolution\n"
                        "pooled = GlobalAveragePool value3\nfeatures = Flatten pooled, axis 1\n"
                        "fc.weight 4 11\nfc.bias 4\n"
                        "embedding = Gemm features fc.weight fc.bias, transB 1\n");
    clile_i_net_destroy(net);
}

/* ---- refused --------------------------------------------------------------------------------- */

static void check_text(const char *text)
{
    if (strstr(clile_last_error(), text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", clile_last_error(), text);
}

/* An operation without the form that is asked for. */
static void test_no_form(void **state)
{
    int32_t maps;
    test_graph graph;
    (void)state;
    clile_i_net *net = test_op_begin(&maps);
    const int32_t a = test_add(net, weighted_node(maps, maps, maps), NULL, NULL);
    clile_i_calibration *calibration = NULL;
    clile_i_quant *quant = NULL;
    test_op_end(net, a, OP_CHANNELS);
    assert_int_equal(test_write(net, &graph), CLILE_E_UNSUPPORTED);
    check_text("ONNX: the net's operation weighted has no form there");
    assert_int_equal(clile_i_quant_create(net, &quant), CLILE_E_UNSUPPORTED);
    check_text("int8: the net's operation weighted runs in float32 only");
    assert_int_equal(clile_i_calibration_begin(net, 32, &calibration), CLILE_E_UNSUPPORTED);
    assert_true(quant == NULL && calibration == NULL);
    clile_i_net_destroy(net);
}

/* Nets that cannot run. */
static void test_wrong(void **state)
{
    int32_t maps;
    (void)state;
    clile_i_net *net = test_op_begin(&maps);
    clile_i_exec *exec = NULL;
    clile_i_node sum = unit_node(maps, OP_CHANNELS, OP_CHANNELS, 1, 0);
    sum.src[1] = maps;
    sum.src[0] = test_add(net, unit_node(maps, OP_CHANNELS, OP_CHANNELS, 1, 0), "conv2", "bn2");
    sum.src_count = 2;
    const int32_t added = test_add(net, sum, "conv3", "bn3");
    clile_i_node late = weighted_node(added, added, maps); /* what `sum` has overwritten */
    assert_int_equal(clile_i_net_add(net, &late), CLILE_E_INVALID_ARGUMENT);
    check_text("net: node 3 (weighted) reads value 1, which is overwritten before");
    test_add(net, weighted_node(added, added, added), NULL, NULL); /* nobody reads it */
    test_op_end(net, added, OP_CHANNELS);
    assert_int_equal(clile_i_exec_create(net, 2, 32, CLILE_I_EXEC_TRAIN, &exec),
                     CLILE_E_INVALID_ARGUMENT);
    check_text("net: node 3 (weighted) has no reader");
    clile_i_net_destroy(net);

    net = test_op_begin(&maps);
    clile_i_node fc = {.op = clile_i_ops[CLILE_I_OP_LINEAR],
                       .src = {maps},
                       .src_count = 1,
                       .ic = OP_CHANNELS,
                       .oc = OP_EMBEDDING};
    test_add(net, fc, "fc", NULL);
    assert_int_equal(clile_i_net_allocate(net), CLILE_OK);
    assert_int_equal(clile_i_exec_create(net, 2, 32, CLILE_I_EXEC_TRAIN, &exec),
                     CLILE_E_INVALID_ARGUMENT);
    check_text("linear: expected 8 plain numbers of each image, found maps of");
    assert_null(exec);
    clile_i_net_destroy(net);
}

int main(void)
{
    clile_i_threads_set(1); /* a team would only wait for itself on a busy machine */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_many_readers),
        cmocka_unit_test(test_units_at_the_end),
        cmocka_unit_test(test_units_at_the_end_int8),
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_no_form),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
