/* srerl: a graph of AUs from statistics of the labels, and a gated graph network over the features
 * of their regions (Li et al., AAAI 2019). With x_c from maps of two scales around AU c:
 *   x_c = relu(P_c [both maps]), h^0 = x, h^T from T steps of lib/net/ops/gated.c
 *   F_c = relu(O_c [h^T_c, x_c])
 * The graph has an edge from j to i of 1 where j makes i likelier and probable, P(i | j) >= 1/2 and
 * P(i | j) > P(i), and of -1 where it makes it half as likely or less, P(i | j) <= P(i) / 2; each
 * row is divided by the number of its edges. */
#include "method/graph.h"

#include "net/nodes.h"

enum { STEPS = 2 };

/* relu(W_c src_c): [n, c, 1, oc] */
static clile_status add_layer(clile_i_net *net, const char *name, int32_t src, int64_t ic,
                              int64_t oc, int32_t *value)
{
    clile_i_node node = clile_i_node_project(src, net->config.tail.c, ic, oc);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, &name, value));
    node = clile_i_node_activate(*value, CLILE_I_RELU_CURVE);
    return clile_i_method_add(net, &node, NULL, value);
}

static clile_status embed(clile_i_net *net, const clile_i_maps *maps)
{
    const int64_t c = net->config.tail.c, k = net->config.tail.k;
    static const char *const gated[] = {"srerl.ggnn"};
    int64_t size;
    int32_t value, own;
    CLILE_I_RETURN_IF(clile_i_method_add_regions(net, "srerl.region", maps, &value, &size));
    CLILE_I_RETURN_IF(add_layer(net, "srerl.local", value, size, k, &own));
    clile_i_node node = clile_i_node_reshape(own, 123, 1, c, k);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    node = clile_i_node_gated(value, c, k, STEPS);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, gated, &value));
    node = clile_i_node_reshape(value, 123, c, 1, k);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    node = clile_i_node_concat(value, own, 3);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    CLILE_I_RETURN_IF(add_layer(net, "srerl.out", value, 2 * k, k, &value));
    return clile_i_method_join(net, value);
}

static void set_graph(int32_t c, const double *given, const double *present, float *graph)
{
    for (int32_t i = 0; i < c; ++i) {
        int32_t edges = 0;
        for (int32_t j = 0; j < c; ++j) {
            const double p = given[i * c + j];
            const int likelier = p >= 0.5 && p > present[i];
            const int rarer = present[j] > 0.0 && present[i] > 0.0 && p <= 0.5 * present[i];
            graph[i * c + j] = i == j ? 0.0F : likelier ? 1.0F : rarer ? -1.0F : 0.0F;
            edges += graph[i * c + j] != 0.0F;
        }
        for (int32_t j = 0; edges > 0 && j < c; ++j) graph[i * c + j] /= (float)edges;
    }
}

static clile_status start(clile_i_net *net, int32_t c, const int32_t *au_ids, int64_t n,
                          const int8_t *labels)
{
    clile_status status = CLILE_OK;
    double *given = NULL, *present = NULL;
    CLILE_I_ALLOC(given, (int64_t)c * c);
    CLILE_I_ALLOC(present, c);
    clile_i_method_set_centres(net, "srerl.region", c, au_ids);
    clile_i_method_label_statistics(c, n, labels, given, present);
    set_graph(c, given, present, clile_i_method_tensor(net, "srerl.ggnn.graph")->data);
cleanup:
    clile_i_free(given);
    clile_i_free(present);
    return status;
}

static const clile_i_neck neck = {.embed = embed};

const clile_i_method clile_i_method_srerl = {.name = "srerl",
                                             .neck = &neck,
                                             .au = CLILE_I_AU_BLOCKS,
                                             .points = CLILE_I_POINTS_ALWAYS,
                                             .start = start};
