/* How a batch is shared out between runs of a net and threads.
 *
 * A run of b images reads all weights once. A value (the maps between two operations) that has
 * room in a core's cache is there when it is read; a larger one goes out and comes back. So what an
 * image moves is
 *   weights / b + 2 * (sum of its values v with b * bytes(v) > cache),
 * least for one image of a small net at 224 px, and for a whole batch of a large net. */
#include "net/share.h"
#include "net/graph.h"

/* A core's second cache; one constant, so that bits do not depend on what a system tells of it. */
static const int64_t CACHE = 1 << 20;

/* Bytes of each value of one image. */
static clile_status measure(const clile_i_net *net, int32_t size, int64_t bytes_each,
                            int64_t *bytes)
{
    clile_status status = CLILE_OK;
    clile_i_dnn_layout *layouts = NULL;
    CLILE_I_ALLOC(layouts, net->value_count);
    clile_i_net_lay_out_inputs(net, 1, size, layouts);
    for (int32_t i = 0; i < net->node_count; ++i) {
        const clile_i_node *node = &net->nodes[i];
        clile_i_dnn_layout src[CLILE_I_MOST_SOURCES], inner;
        for (int32_t k = 0; k < node->src_count; ++k) src[k] = layouts[node->src[k]];
        node->op->lay_out(node, src, CLILE_I_LAYOUT_NHWC, &inner, &layouts[node->dst]);
        if (node->has_inner) layouts[node->inner] = inner;
    }
    for (int32_t v = 0; v < net->value_count; ++v) bytes[v] = bytes_each * layouts[v].count;
cleanup:
    clile_i_free(layouts);
    return status;
}

static int64_t weight_bytes(const clile_i_net *net, int64_t bytes_each)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < net->tensor_count; ++i) bytes += bytes_each * net->tensors[i].count;
    return bytes;
}

/* What an image moves in a run of b. */
static int64_t moved(int64_t weights, int64_t count, const int64_t *bytes, int64_t b)
{
    int64_t sum = weights / b;
    for (int64_t v = 0; v < count; ++v)
        if (b * bytes[v] > CACHE) sum += 2 * bytes[v];
    return sum;
}

clile_status clile_i_net_share(const clile_i_net *net, int32_t batch, int32_t size, int32_t team,
                               int int8, clile_i_share *out)
{
    clile_status status = CLILE_OK;
    int64_t *bytes = NULL, least = INT64_MAX;
    const int64_t each = int8 ? 1 : (int64_t)sizeof(float), weights = weight_bytes(net, each);
    *out = (clile_i_share){batch, 1};
    CLILE_I_ALLOC(bytes, net->value_count);
    CLILE_I_TRY(measure(net, size, each, bytes));
    for (int32_t b = 1; b <= batch; ++b) {
        if (batch % b != 0 || batch / b % team != 0) continue; /* no thread idles at the end */
        const int64_t cost = moved(weights, net->value_count, bytes, b);
        if (cost > least) continue;
        least = cost;
        *out = (clile_i_share){b, team};
    }
cleanup:
    clile_i_free(bytes);
    return status;
}
