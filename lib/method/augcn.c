/* augcn: regions around landmarks, each to a latent vector by an auto-encoder, and graph
 * convolution over the AUs (Liu et al., MMM 2020). With x_c the maps around AU c, standardised:
 *   z_c = relu(E_c x_c), and the auto-encoder's error e = mean over c of |D_c z_c - x_c|^2
 *   H = relu(A Z W_0), Z' = A H W_1, F = [W_2 Z' (all nodes joined), e]
 * A is D^(-1/2) (R + I) D^(-1/2), R_ij = the greater of P(i | j) and P(j | i) in the training
 * labels if that is at least LEAST, otherwise 0. The loss (lib/loss/augcn.c) lowers e. */
#include "method/graph.h"

#include "net/nodes.h"

#include <math.h>

enum { LATENT = 32 };
static const double LEAST = 0.4;
static const char *const graphs[] = {"augcn.mix1", "augcn.mix2"};

/* The mean of (a - b)^2: [n, 1, 1, 1]. */
static clile_status add_error(clile_i_net *net, int32_t a, int32_t b, int32_t *value)
{
    clile_i_node node = clile_i_node_combine(a, b, CLILE_I_SUBTRACT);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, value));
    node = clile_i_node_combine(*value, *value, CLILE_I_MULTIPLY);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, value));
    node = clile_i_node_reshape(*value, 123, 1, -1, 1);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, value));
    node = clile_i_node_mean(*value);
    return clile_i_method_add(net, &node, NULL, value);
}

static clile_status add_relu(clile_i_net *net, int32_t *value)
{
    clile_i_node node = clile_i_node_activate(*value, CLILE_I_RELU_CURVE);
    return clile_i_method_add(net, &node, NULL, value);
}

/* The latent vectors [n, c, 1, LATENT] and the error of the auto-encoders. */
static clile_status encode(clile_i_net *net, const clile_i_maps *maps, int32_t *latent,
                           int32_t *error)
{
    const int64_t c = net->config.tail.c;
    int64_t size;
    int32_t x, decoded;
    CLILE_I_RETURN_IF(clile_i_method_add_regions(net, "augcn.region", maps, &x, &size));
    clile_i_node node = clile_i_node_standardise(x);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &x));
    node = clile_i_node_project(x, c, size, LATENT);
    CLILE_I_RETURN_IF(
        clile_i_method_add(net, &node, (const char *const[]){"augcn.encoder"}, latent));
    CLILE_I_RETURN_IF(add_relu(net, latent));
    node = clile_i_node_project(*latent, c, LATENT, size);
    CLILE_I_RETURN_IF(
        clile_i_method_add(net, &node, (const char *const[]){"augcn.decoder"}, &decoded));
    return add_error(net, decoded, x, error);
}

static clile_status embed(clile_i_net *net, const clile_i_maps *maps)
{
    const int64_t c = net->config.tail.c;
    int32_t value, error;
    if (net->config.embedding < 2)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "method=augcn: embedding is %d, expected at least 2",
                            (int)net->config.embedding);
    CLILE_I_RETURN_IF(encode(net, maps, &value, &error));
    clile_i_node node = clile_i_node_reshape(value, 123, 1, c, LATENT);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    for (int layer = 0; layer < 2; ++layer) {
        char name[24];
        node = clile_i_node_mix(value, c, c);
        CLILE_I_RETURN_IF(clile_i_method_add(net, &node, &graphs[layer], &value));
        snprintf(name, sizeof name, "augcn.gcn%d", layer + 1);
        CLILE_I_RETURN_IF(clile_i_method_project(net, name, value, LATENT, LATENT, &value));
        if (layer == 0) CLILE_I_RETURN_IF(add_relu(net, &value));
    }
    node = clile_i_node_reshape(value, 123, 1, 1, c * LATENT);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    CLILE_I_RETURN_IF(clile_i_method_project(net, "augcn.fc", value, c * LATENT,
                                             net->config.embedding - 1, &value));
    node = clile_i_node_concat(value, error, 3);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    return clile_i_method_join(net, value);
}

/* graph [c,c] */
static void set_graph(int32_t c, const double *given, double *degree, float *graph)
{
    for (int32_t i = 0; i < c; ++i) {
        degree[i] = 0.0;
        for (int32_t j = 0; j < c; ++j) {
            const double most = fmax(given[i * c + j], given[j * c + i]);
            const double edge = i == j ? 1.0 : most >= LEAST ? most : 0.0;
            graph[i * c + j] = (float)edge;
            degree[i] += edge;
        }
    }
    for (int32_t i = 0; i < c; ++i)
        for (int32_t j = 0; j < c; ++j)
            graph[i * c + j] = (float)((double)graph[i * c + j] / sqrt(degree[i] * degree[j]));
}

static clile_status start(clile_i_net *net, int32_t c, const int32_t *au_ids, int64_t n,
                          const int8_t *labels)
{
    clile_status status = CLILE_OK;
    double *given = NULL, *present = NULL;
    float *graph[2] = {clile_i_method_tensor(net, "augcn.mix1.graph")->data,
                       clile_i_method_tensor(net, "augcn.mix2.graph")->data};
    CLILE_I_ALLOC(given, (int64_t)c * c);
    CLILE_I_ALLOC(present, c);
    clile_i_method_set_centres(net, "augcn.region", c, au_ids);
    clile_i_method_label_statistics(c, n, labels, given, present);
    set_graph(c, given, present, graph[0]);
    memcpy(graph[1], graph[0], (size_t)c * (size_t)c * sizeof *graph[0]);
cleanup:
    clile_i_free(given);
    clile_i_free(present);
    return status;
}

static const clile_i_neck neck = {.embed = embed};

const clile_i_method clile_i_method_augcn = {
    .name = "augcn", .neck = &neck, .points = CLILE_I_POINTS_ALWAYS, .start = start};
