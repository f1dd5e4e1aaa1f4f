/* megraph: a node of each AU that reads the full image, a graph of the K most similar nodes, and
 * edges of many dimensions by cross attention (Luo et al., IJCAI 2022). With X [pixels, D] of the
 * last map, AT(Q, S) = softmax(Q W_q (S W_k)^T / sqrt(D)) S W_v, and N a batch norm:
 *   nodes  U_c = relu(N(X W_c)), v_c = mean of U_c over pixels
 *   graph  v_c <- relu(v_c + N(v_c G + mean over the K nodes j most like c of v_j R))
 *   edges  S_c = AT(U_c, X), e_cj = mean over pixels of AT(S_c, S_j)
 *   gates  e_cj <- e_cj + relu(N(e_cj E + v_c A + v_j B)), g_cj = softmax over j of e_cj
 *          F_c = v_c + relu(N(v_c P + mean over j of g_cj * (v_j Q))) */
#include "method/nodes.h"

#include "net/nodes.h"

#include <math.h>

enum { K = 3 };

/* What all parts read. */
typedef struct {
    clile_i_net *net;
    int64_t c, d; /* AUs, features of each */
} bed;

static clile_status add(const bed *b, clile_i_node node, const char *name, int32_t *value)
{
    return clile_i_method_add(b->net, &node, &name, value);
}

/* src W + bias, from ic features to d */
static clile_status project(const bed *b, const char *name, int32_t src, int64_t ic, int32_t *value)
{
    return clile_i_method_project(b->net, name, src, ic, b->d, value);
}

/* a + relu(N(x)) */
static clile_status add_residual(const bed *b, const char *name, int32_t a, int32_t x,
                                 int32_t *value)
{
    int32_t normed;
    CLILE_I_RETURN_IF(add(b, clile_i_node_batch_norm(x, 1, b->d, 1), name, &normed));
    return add(b, clile_i_node_combine(a, normed, CLILE_I_ADD), NULL, value);
}

/* Feature maps *maps [n, c, pixels, d] of the AUs, and their nodes [n, 1, c, d]. */
static clile_status add_nodes(const bed *b, int32_t pixels, int64_t channels, int32_t *maps,
                              int32_t *nodes)
{
    CLILE_I_RETURN_IF(
        add(b, clile_i_node_project(pixels, b->c, channels, b->d), "megraph.au", maps));
    CLILE_I_RETURN_IF(add(b, clile_i_node_batch_norm(*maps, b->c, b->d, 1), "megraph.au_bn", maps));
    CLILE_I_RETURN_IF(add(b, clile_i_node_mean(*maps), NULL, nodes));
    return add(b, clile_i_node_reshape(*nodes, 123, 1, b->c, b->d), NULL, nodes);
}

static clile_status add_graph(const bed *b, int32_t *nodes)
{
    const int64_t k = b->c < K ? b->c : K;
    int32_t graph, others, own;
    CLILE_I_RETURN_IF(add(b, clile_i_node_neighbours(*nodes, k), NULL, &graph));
    CLILE_I_RETURN_IF(project(b, "megraph.other", *nodes, b->d, &others));
    CLILE_I_RETURN_IF(add(b, clile_i_node_matmul(graph, others, 0, 1.0), NULL, &others));
    CLILE_I_RETURN_IF(project(b, "megraph.own", *nodes, b->d, &own));
    CLILE_I_RETURN_IF(add(b, clile_i_node_combine(own, others, CLILE_I_ADD), NULL, &own));
    CLILE_I_RETURN_IF(add(b, clile_i_node_batch_norm(own, 1, b->d, 0), "megraph.graph_bn", &own));
    CLILE_I_RETURN_IF(add(b, clile_i_node_combine(*nodes, own, CLILE_I_ADD), NULL, nodes));
    return add(b, clile_i_node_activate(*nodes, CLILE_I_RELU_CURVE), NULL, nodes);
}

/* Queries from q, of d features, keys and values from s, of ic: "megraph.NAME_query". */
static clile_status add_three(const bed *b, const char *name, int32_t q, int32_t s, int64_t ic,
                              int32_t three[3])
{
    static const char *const parts[] = {"query", "key", "value"};
    for (int i = 0; i < 3; ++i) {
        char text[40];
        snprintf(text, sizeof text, "megraph.%s_%s", name, parts[i]);
        CLILE_I_RETURN_IF(project(b, text, i == 0 ? q : s, i == 0 ? b->d : ic, &three[i]));
    }
    return CLILE_OK;
}

/* softmax(q k^T / sqrt(d)) v */
static clile_status attend(const bed *b, const int32_t three[3], int32_t *value)
{
    const double factor = 1.0 / sqrt((double)b->d);
    CLILE_I_RETURN_IF(add(b, clile_i_node_matmul(three[0], three[1], 2, factor), NULL, value));
    CLILE_I_RETURN_IF(add(b, clile_i_node_softmax(*value), NULL, value));
    return add(b, clile_i_node_matmul(*value, three[2], 0, 1.0), NULL, value);
}

/* *edges [n, j, c, d] from maps [n, c, pixels, d]. The pixels of all AUs are queries to each j. */
static clile_status add_edges(const bed *b, int32_t pixels, int64_t channels, int32_t maps,
                              int32_t *edges)
{
    int32_t three[3], seen;
    CLILE_I_RETURN_IF(add_three(b, "image", maps, pixels, channels, three));
    CLILE_I_RETURN_IF(attend(b, three, &seen));
    CLILE_I_RETURN_IF(add_three(b, "pair", seen, seen, b->d, three));
    CLILE_I_RETURN_IF(add(b, clile_i_node_reshape(three[0], 123, 1, -1, b->d), NULL, &three[0]));
    CLILE_I_RETURN_IF(attend(b, three, edges));
    CLILE_I_RETURN_IF(
        add(b, clile_i_node_reshape(*edges, 123, b->c * b->c, -1, b->d), NULL, edges));
    CLILE_I_RETURN_IF(add(b, clile_i_node_mean(*edges), NULL, edges));
    return add(b, clile_i_node_reshape(*edges, 123, b->c, b->c, b->d), NULL, edges);
}

/* src W, for j [n, c, 1, d] of nodes [n, 1, c, d] */
static clile_status project_j(const bed *b, const char *name, int32_t nodes, int32_t *value)
{
    CLILE_I_RETURN_IF(project(b, name, nodes, b->d, value));
    return add(b, clile_i_node_reshape(*value, 123, b->c, 1, b->d), NULL, value);
}

/* The edges with what their nodes say. */
static clile_status update_edges(const bed *b, int32_t nodes, int32_t *edges)
{
    int32_t sum, part;
    CLILE_I_RETURN_IF(project(b, "megraph.edge", *edges, b->d, &sum));
    CLILE_I_RETURN_IF(project(b, "megraph.edge_c", nodes, b->d, &part));
    CLILE_I_RETURN_IF(add(b, clile_i_node_combine(sum, part, CLILE_I_ADD), NULL, &sum));
    CLILE_I_RETURN_IF(project_j(b, "megraph.edge_j", nodes, &part));
    CLILE_I_RETURN_IF(add(b, clile_i_node_combine(sum, part, CLILE_I_ADD), NULL, &sum));
    return add_residual(b, "megraph.edge_bn", *edges, sum, edges);
}

/* The nodes with what passes their gates: F [n, 1, c, d]. */
static clile_status update_nodes(const bed *b, int32_t nodes, int32_t edges, int32_t *value)
{
    int32_t gates, messages, own;
    CLILE_I_RETURN_IF(/* [n, c, d, j], for the softmax over j */
                      add(b, clile_i_node_reshape(edges, 231, b->c, b->d, b->c), NULL, &gates));
    CLILE_I_RETURN_IF(add(b, clile_i_node_softmax(gates), NULL, &gates));
    CLILE_I_RETURN_IF(project(b, "megraph.message", nodes, b->d, &messages));
    CLILE_I_RETURN_IF(add(b, clile_i_node_reshape(messages, 132, 1, b->d, b->c), NULL, &messages));
    CLILE_I_RETURN_IF(add(b, clile_i_node_combine(gates, messages, CLILE_I_MULTIPLY), NULL, value));
    CLILE_I_RETURN_IF(add(b, clile_i_node_reshape(*value, 132, b->c, b->c, b->d), NULL, value));
    CLILE_I_RETURN_IF(add(b, clile_i_node_mean(*value), NULL, value));
    CLILE_I_RETURN_IF(add(b, clile_i_node_reshape(*value, 123, 1, b->c, b->d), NULL, value));
    CLILE_I_RETURN_IF(project(b, "megraph.node", nodes, b->d, &own));
    CLILE_I_RETURN_IF(add(b, clile_i_node_combine(own, *value, CLILE_I_ADD), NULL, value));
    return add_residual(b, "megraph.node_bn", nodes, *value, value);
}

static clile_status embed(clile_i_net *net, const clile_i_maps *maps)
{
    const bed b = {net, net->config.tail.c, net->config.tail.k};
    const int64_t channels = maps->channels[CLILE_I_STAGES - 1];
    int32_t pixels, au_maps, nodes, edges, value;
    CLILE_I_RETURN_IF(
        add(&b, clile_i_node_cells(maps->value[CLILE_I_STAGES - 1], 1, 1), NULL, &pixels));
    CLILE_I_RETURN_IF(add_nodes(&b, pixels, channels, &au_maps, &nodes));
    CLILE_I_RETURN_IF(add_graph(&b, &nodes));
    CLILE_I_RETURN_IF(add_edges(&b, pixels, channels, au_maps, &edges));
    CLILE_I_RETURN_IF(update_edges(&b, nodes, &edges));
    CLILE_I_RETURN_IF(update_nodes(&b, nodes, edges, &value));
    return clile_i_method_join(net, value);
}

static const clile_i_neck neck = {.embed = embed};

const clile_i_method clile_i_method_megraph = {
    .name = "megraph", .neck = &neck, .au = CLILE_I_AU_BLOCKS};
