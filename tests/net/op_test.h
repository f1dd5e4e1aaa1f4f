/* A small net around one operation, for its test: image -> conv_unit (8 maps, half as wide as the
 * image) -> the operation -> mean -> fc. */
#ifndef CLILE_TEST_OP_H
#define CLILE_TEST_OP_H

#include "gradients.h"

enum { OP_CHANNELS = 8, OP_EMBEDDING = 4 };

/* Adds a node and its tensors; first, second: names of its parts. Returns the value it makes. */
static inline int32_t test_add(clile_i_net *net, clile_i_node node, const char *first,
                               const char *second)
{
    const char *const names[] = {first, second};
    if (node.op->tensor_count > 0)
        assert_int_equal(clile_i_net_add_tensors(net, names, &node), CLILE_OK);
    assert_int_equal(clile_i_net_add(net, &node), CLILE_OK);
    return node.dst;
}

/* The net up to the maps; *value is theirs. */
static inline clile_i_net *test_op_begin(int32_t *value)
{
    const clile_i_net_config config = {"resnet10", 1.0, OP_EMBEDDING, CLILE_I_STEM_SMALL, {0}};
    const clile_i_node first = {.op = clile_i_ops[CLILE_I_OP_CONV_UNIT],
                                .src_count = 1,
                                .ic = 3,
                                .oc = OP_CHANNELS,
                                .k = 3,
                                .stride = 2,
                                .pad = 1,
                                .relu = 1};
    clile_i_net *net = NULL;
    assert_int_equal(clile_i_net_begin(&config, &net), CLILE_OK);
    *value = test_add(net, first, "conv1", "bn1");
    return net;
}

/* Ends the net after maps `value` of `channels` channels, and draws all parameters. */
static inline void test_op_end(clile_i_net *net, int32_t value, int64_t channels)
{
    clile_i_rng rng = clile_i_rng_make(31, 0);
    clile_i_node mean = {.op = clile_i_ops[CLILE_I_OP_AVERAGE_POOL],
                         .src = {value},
                         .src_count = 1,
                         .ic = channels,
                         .oc = channels,
                         .name = "features"};
    const int32_t features = test_add(net, mean, NULL, NULL);
    clile_i_node fc = {.op = clile_i_ops[CLILE_I_OP_LINEAR],
                       .src = {features},
                       .src_count = 1,
                       .ic = channels,
                       .oc = OP_EMBEDDING,
                       .name = "embedding"};
    test_add(net, fc, "fc", NULL);
    assert_int_equal(clile_i_net_allocate(net), CLILE_OK);
    clile_i_net_init(net, &rng);
    test_vary_norms(net, &rng);
}

/* Inference gives what training with frozen statistics gives, alone as in a batch; gradients are
 * those of finite differences. */
static inline void test_op_net(const char *what, clile_i_net *net, int32_t size)
{
    enum { BATCH = 3 };
    clile_i_rng rng = clile_i_rng_make(32, 0);
    const int64_t each = INT64_C(3) * size * size;
    float *image = test_normal(&rng, BATCH * each), frozen[BATCH * OP_EMBEDDING],
          infer[BATCH * OP_EMBEDDING];
    clile_i_exec *a = test_exec(net, BATCH, size, CLILE_I_EXEC_TRAIN_FROZEN),
                 *b = test_exec(net, BATCH, size, CLILE_I_EXEC_INFER),
                 *one = test_exec(net, 1, size, CLILE_I_EXEC_INFER);
    assert_int_equal(clile_i_exec_forward(a, image, frozen), CLILE_OK);
    assert_true(test_largest(frozen, BATCH * OP_EMBEDDING) > 1e-3);
    for (int run = 0; run < 2; ++run) { /* the second run meets a used arena */
        assert_int_equal(clile_i_exec_forward(b, image, infer), CLILE_OK);
        test_near(what, infer, frozen, BATCH * OP_EMBEDDING, 1e-4);
    }
    assert_int_equal(clile_i_exec_forward(one, image + each, infer), CLILE_OK);
    test_near(what, infer, frozen + OP_EMBEDDING, OP_EMBEDDING, 1e-4);
    clile_i_exec_destroy(a);
    clile_i_exec_destroy(b);
    clile_i_exec_destroy(one);
    free(image);
    check_gradients(what, net, BATCH, size, CLILE_I_EXEC_TRAIN);
    check_gradients(what, net, BATCH, size, CLILE_I_EXEC_TRAIN_FROZEN);
}

/* ---- ONNX ------------------------------------------------------------------------------------ */

typedef struct {
    char text[4096];
} test_graph;

static inline void test_graph_add(void *context, const char *text)
{
    test_graph *graph = context;
    const size_t length = strlen(graph->text);
    snprintf(graph->text + length, sizeof graph->text - length, "%s", text);
}

static inline void test_graph_begin(void *context, const char *op, int32_t count,
                                    const char *const *inputs, const char *output)
{
    test_graph_add(context, output);
    test_graph_add(context, " = ");
    test_graph_add(context, op);
    for (int32_t i = 0; i < count; ++i) {
        test_graph_add(context, " ");
        test_graph_add(context, inputs[i]);
    }
}

static inline void test_graph_number(void *context, const char *name, int64_t value)
{
    char text[64];
    snprintf(text, sizeof text, ", %s %lld", name, (long long)value);
    test_graph_add(context, text);
}

static inline void test_graph_numbers(void *context, const char *name, int32_t count,
                                      const int64_t *values)
{
    for (int32_t i = 0; i < count; ++i) test_graph_number(context, name, values[i]);
}

static inline void test_graph_end(void *context)
{
    test_graph_add(context, "\n");
}

static inline void test_graph_tensor(void *context, const char *name, int32_t ndim,
                                     const int64_t *shape, const float *values)
{
    char text[32];
    test_graph_add(context, name);
    for (int32_t i = 0; i < ndim; ++i) {
        snprintf(text, sizeof text, " %lld", (long long)shape[i]);
        test_graph_add(context, text);
    }
    (void)values;
    test_graph_add(context, "\n");
}

/* The graph that a net for images of 32 pixels is written as, one line for each tensor and node. */
static inline clile_status test_write(const clile_i_net *net, test_graph *graph)
{
    const clile_i_graph_writer writer = {
        graph,          test_graph_begin, test_graph_number, test_graph_numbers,
        test_graph_end, test_graph_tensor};
    graph->text[0] = '\0';
    return clile_i_net_write(net, 32, &writer);
}

#endif
