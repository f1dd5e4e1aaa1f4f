/* Nets with each operation on plain values, for the tests of net and of ONNX: image of 32 pixels ->
 * maps of 16 -> maps [n, 6, 4, 4] -> tokens [n, 1, 16, 6] -> the operation -> fc. */
#ifndef CLILE_TEST_PLAIN_NETS_H
#define CLILE_TEST_PLAIN_NETS_H

#include "net/nodes.h"
#include "op_test.h"

enum { PLAIN_TOKENS = 16, PLAIN_FEATURES = 6, PLAIN_SIZE = 32, PLAIN_NAMES = 24 };

/* What an operation is made from. */
typedef struct {
    clile_i_net *net;
    int32_t map, tokens;
} plain_bed;

static inline int32_t plain_add(const plain_bed *bed, clile_i_node node, const char *name)
{
    return test_add(bed->net, node, name, NULL);
}

static inline int32_t plain_unit(const plain_bed *bed, int32_t src, int64_t k, int64_t stride,
                                 const char *conv, const char *norm)
{
    const clile_i_node node = {.op = clile_i_ops[CLILE_I_OP_CONV_UNIT],
                               .src = {src},
                               .src_count = 1,
                               .ic = OP_CHANNELS,
                               .oc = PLAIN_FEATURES,
                               .k = k,
                               .stride = stride,
                               .pad = k / 2};
    return test_add(bed->net, node, conv, norm);
}

static inline plain_bed plain_begin(void)
{
    int32_t maps;
    plain_bed bed = {.net = test_op_begin(&maps)};
    bed.map = plain_unit(&bed, maps, 5, 4, "conv2", "bn2");
    bed.tokens = plain_add(&bed, clile_i_node_cells(bed.map, 1, 1), NULL);
    return bed;
}

/* The map again; a value needs a reader. */
static inline int32_t plain_map(const plain_bed *bed)
{
    return plain_add(bed, clile_i_node_uncells(bed->tokens, 1), NULL);
}

static inline int32_t plain_cells(const plain_bed *bed, int64_t *features)
{
    *features = INT64_C(16) * 9 * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_cells(plain_map(bed), 2, 3), NULL);
}

static inline int32_t plain_uncells(const plain_bed *bed, int64_t *features)
{
    const int32_t cells = plain_add(bed, clile_i_node_cells(plain_map(bed), 2, 1), NULL);
    const int32_t map = plain_add(bed, clile_i_node_uncells(cells, 2), NULL);
    *features = INT64_C(16) * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_cells(map, 1, 1), NULL);
}

static inline int32_t plain_reshape(const plain_bed *bed, int64_t *features)
{
    *features = INT64_C(16) * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_reshape(bed->tokens, 321, 3, -1, 4), NULL);
}

static inline int32_t plain_project(const plain_bed *bed, int64_t *features)
{
    *features = INT64_C(16) * 3;
    return plain_add(bed, clile_i_node_project(bed->tokens, 1, PLAIN_FEATURES, 3), "project");
}

/* Each of four groups from the tokens they share, then from its own. */
static inline int32_t plain_groups(const plain_bed *bed, int64_t *features)
{
    const int32_t shared =
        plain_add(bed, clile_i_node_project(bed->tokens, 4, PLAIN_FEATURES, 5), "shared");
    *features = INT64_C(4) * 16 * 3;
    return plain_add(bed, clile_i_node_project(shared, 4, 5, 3), "groups");
}

/* Two heads [n, 2, 16, 3] of the tokens, and two more. */
static inline int32_t plain_heads(const plain_bed *bed, const char *name)
{
    const int32_t value =
        plain_add(bed, clile_i_node_project(bed->tokens, 2, PLAIN_FEATURES, 3), name);
    return value;
}

/* All transposes, for one matrix and for many. */
static inline int32_t plain_matmul(const plain_bed *bed, int64_t *features)
{
    const int32_t a = plain_heads(bed, "a"), b = plain_heads(bed, "b");
    const int32_t abt = plain_add(bed, clile_i_node_matmul(a, b, 2, 0.25), NULL); /* 2,16,16 */
    const int32_t ab = plain_add(bed, clile_i_node_matmul(abt, bed->tokens, 0, 0.5), NULL);
    const int32_t atb = plain_add(bed, clile_i_node_matmul(bed->tokens, ab, 1, 0.5), NULL);
    *features = INT64_C(2) * PLAIN_FEATURES * 16; /* atb: 2,6,6; tokens^T: 6,16 */
    return plain_add(bed, clile_i_node_matmul(atb, bed->tokens, 2, 0.5), NULL);
}

static inline int32_t plain_matmul_both(const plain_bed *bed, int64_t *features)
{
    const int32_t a = plain_heads(bed, "a"); /* 2,16,3 */
    const int32_t b = plain_add(bed, clile_i_node_reshape(a, 132, 2, 3, 16), NULL);
    const int32_t bt = plain_add(bed, clile_i_node_matmul(b, a, 3, 0.5), NULL); /* 16 x 16 */
    *features = INT64_C(2) * 16 * 16;
    return bt;
}

static inline int32_t plain_combine(const plain_bed *bed, int64_t *features)
{
    const int32_t row = plain_add(bed, clile_i_node_mean(bed->tokens), NULL); /* 1,1,6 */
    const int32_t two = plain_heads(bed, "a");                                /* 2,16,3 */
    const int32_t column = plain_add(bed, clile_i_node_project(bed->tokens, 1, PLAIN_FEATURES, 1),
                                     "column"); /* 1,16,1 */
    const int32_t x =
        plain_add(bed, clile_i_node_combine(bed->tokens, row, CLILE_I_SUBTRACT), NULL);
    const int32_t y = plain_add(bed, clile_i_node_combine(row, x, CLILE_I_MULTIPLY), NULL);
    const int32_t z = plain_add(bed, clile_i_node_combine(column, two, CLILE_I_MULTIPLY), NULL);
    const int32_t u = plain_add(bed, clile_i_node_combine(y, column, CLILE_I_SUBTRACT), NULL);
    const int32_t v = plain_add(bed, clile_i_node_project(z, 1, 3, PLAIN_FEATURES), "v");
    *features = INT64_C(2) * 16 * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_combine(u, v, CLILE_I_ADD), NULL);
}

static inline int32_t plain_activate(const plain_bed *bed, int64_t *features)
{
    const int32_t a =
        plain_add(bed, clile_i_node_activate(bed->tokens, CLILE_I_SIGMOID_CURVE), NULL);
    const int32_t b = plain_add(bed, clile_i_node_activate(bed->tokens, CLILE_I_TANH_CURVE), NULL);
    const int32_t c = plain_add(bed, clile_i_node_activate(bed->tokens, CLILE_I_RELU_CURVE), NULL);
    clile_i_node all = clile_i_node_concat(a, b, 3);
    all.src[2] = c;
    all.src_count = 3;
    *features = INT64_C(16) * 3 * PLAIN_FEATURES;
    return plain_add(bed, all, NULL);
}

static inline int32_t plain_softmax(const plain_bed *bed, int64_t *features)
{
    *features = INT64_C(16) * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_softmax(bed->tokens), NULL);
}

static inline int32_t plain_layer_norm(const plain_bed *bed, int64_t *features)
{
    *features = INT64_C(16) * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_layer_norm(bed->tokens, PLAIN_FEATURES), "norm");
}

static inline int32_t plain_standardise(const plain_bed *bed, int64_t *features)
{
    *features = INT64_C(16) * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_standardise(bed->tokens), NULL);
}

/* Curves between, or a norm would hide what a bias before it does. */
static inline int32_t plain_curved(const plain_bed *bed, int32_t src)
{
    return plain_add(bed, clile_i_node_activate(src, CLILE_I_TANH_CURVE), NULL);
}

static inline int32_t plain_batch_norm(const plain_bed *bed, int64_t *features)
{
    const int32_t two = plain_curved(bed, plain_heads(bed, "a"));
    const int32_t groups = plain_add(bed, clile_i_node_batch_norm(two, 2, 3, 0), "norm2");
    *features = INT64_C(2) * 16 * 3;
    return plain_add(bed, clile_i_node_batch_norm(plain_curved(bed, groups), 1, 3, 1), "norm3");
}

static inline int32_t plain_concat(const plain_bed *bed, int64_t *features)
{
    const int32_t row = plain_add(bed, clile_i_node_mean(bed->tokens), NULL);
    const int32_t h = plain_add(bed, clile_i_node_concat(bed->tokens, row, 2), NULL); /* 1,17,6 */
    *features = INT64_C(2) * 17 * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_concat(h, h, 1), NULL);
}

static inline int32_t plain_mix(const plain_bed *bed, int64_t *features)
{
    *features = INT64_C(5) * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_mix(bed->tokens, 16, 5), "mix");
}

static inline int32_t plain_mean(const plain_bed *bed, int64_t *features)
{
    const int32_t two = plain_heads(bed, "a");
    *features = INT64_C(2) * 3;
    return plain_add(bed, clile_i_node_mean(two), NULL);
}

/* The points are means of the image's colours: near 0, and not learned. */
static inline int32_t plain_gather(const plain_bed *bed, int64_t *features)
{
    const int32_t pixels = plain_add(bed, clile_i_node_cells(CLILE_I_VALUE_IMAGE, 1, 1), NULL);
    const int32_t quarters = plain_add(bed, clile_i_node_cells(CLILE_I_VALUE_IMAGE, 2, 1), NULL);
    const int32_t a = plain_add(bed, clile_i_node_mean(pixels), NULL);
    const int32_t b = plain_add(bed, clile_i_node_mean(quarters), NULL); /* 4,1,3 */
    const int32_t all = plain_add(bed, clile_i_node_concat(a, b, 1), NULL);
    const int32_t five = plain_add(bed, clile_i_node_reshape(all, 123, 15, 1, 1), NULL);
    const int32_t ten = plain_add(bed, clile_i_node_concat(five, five, 1), NULL);
    *features = INT64_C(3) * 4 * PLAIN_FEATURES;
    const int32_t flat = plain_add(bed, clile_i_node_reshape(ten, 123, 30, 1, 1), NULL);
    return plain_add(bed, clile_i_node_gather(plain_map(bed), flat, 15, 3, 2, 0.2), "gather");
}

/* The mean over the most similar. */
static inline int32_t plain_neighbours(const plain_bed *bed, int64_t *features)
{
    const int32_t graph = plain_add(bed, clile_i_node_neighbours(bed->tokens, 3), NULL);
    *features = INT64_C(16) * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_matmul(graph, bed->tokens, 0, 1.0), NULL);
}

static inline int32_t plain_gated(const plain_bed *bed, int64_t *features)
{
    *features = INT64_C(16) * PLAIN_FEATURES;
    return plain_add(bed, clile_i_node_gated(bed->tokens, 16, PLAIN_FEATURES, 3), "gated");
}

static const struct {
    const char *name;
    int32_t (*add)(const plain_bed *bed, int64_t *features);
} plain_nets[] = {{"cells", plain_cells},
                  {"uncells", plain_uncells},
                  {"reshape", plain_reshape},
                  {"project", plain_project},
                  {"project, groups", plain_groups},
                  {"matmul", plain_matmul},
                  {"matmul, both transposed", plain_matmul_both},
                  {"combine", plain_combine},
                  {"activate", plain_activate},
                  {"softmax", plain_softmax},
                  {"layer_norm", plain_layer_norm},
                  {"standardise", plain_standardise},
                  {"batch_norm", plain_batch_norm},
                  {"concat", plain_concat},
                  {"mix", plain_mix},
                  {"mean", plain_mean},
                  {"gather", plain_gather},
                  {"neighbours", plain_neighbours},
                  {"gated", plain_gated}};
enum { PLAIN_NETS = sizeof plain_nets / sizeof *plain_nets };

/* The net of a row of the table. */
static inline clile_i_net *plain_net(int row)
{
    const plain_bed bed = plain_begin();
    clile_i_rng rng = clile_i_rng_make(51, 0);
    int64_t features = 0;
    const int32_t value = plain_nets[row].add(&bed, &features);
    const int32_t flat = plain_add(&bed, clile_i_node_reshape(value, 123, features, 1, 1), NULL);
    clile_i_node fc = {.op = clile_i_ops[CLILE_I_OP_LINEAR],
                       .src = {flat},
                       .src_count = 1,
                       .ic = features,
                       .oc = OP_EMBEDDING,
                       .name = "embedding"};
    test_add(bed.net, fc, "fc", NULL);
    assert_int_equal(clile_i_net_allocate(bed.net), CLILE_OK);
    clile_i_net_init(bed.net, &rng);
    test_vary_norms(bed.net, &rng);
    for (int32_t t = 0; t < clile_i_net_tensor_count(bed.net); ++t) { /* fixed ones matter, too */
        const clile_i_net_tensor *tensor = clile_i_net_tensor_at(bed.net, t);
        const int fixed = !tensor->trainable && strstr(tensor->name, "running") == NULL;
        const int bias = strcmp(tensor->name, "gated.bias") == 0;
        const int middle = strstr(tensor->name, "offset") != NULL;
        for (int64_t i = 0; (fixed || bias) && i < tensor->count; ++i)
            tensor->data[i] = (float)(middle ? clile_i_rng_range(&rng, 0.0, 1.0)
                                             : 0.4 * clile_i_rng_normal(&rng));
    }
    return bed.net;
}

#endif
