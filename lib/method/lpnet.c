/* lpnet: local regions of the map related to one another, and features without the person's shape
 * (Niu, Han, Yang, Huang, Shan, CVPR 2019). Each place of layer 3's map attends to all others:
 *   X' = X + softmax((X Q)(X K)^T / sqrt(k)) X V
 * The shape is taken out by the loss (lib/loss/lpnet.c), which alone reads landmarks. */
#include "method/nodes.h"

#include "net/nodes.h"

#include <math.h>

enum { MAP = 3 };

static clile_status embed(clile_i_net *net, const clile_i_maps *maps)
{
    const int64_t channels = maps->channels[MAP], last = maps->channels[CLILE_I_STAGES - 1];
    const double factor = 1.0 / sqrt((double)channels);
    int32_t regions, query, key, value, whole;
    clile_i_node node = clile_i_node_cells(maps->value[MAP], 1, 1);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &regions));
    CLILE_I_RETURN_IF(
        clile_i_method_project(net, "lpnet.query", regions, channels, channels, &query));
    CLILE_I_RETURN_IF(clile_i_method_project(net, "lpnet.key", regions, channels, channels, &key));
    CLILE_I_RETURN_IF(
        clile_i_method_project(net, "lpnet.value", regions, channels, channels, &value));
    node = clile_i_node_matmul(query, key, 2, factor);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &query));
    node = clile_i_node_softmax(query);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &query));
    node = clile_i_node_matmul(query, value, 0, 1.0);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    node = clile_i_node_combine(regions, value, CLILE_I_ADD);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    node = clile_i_node_layer_norm(value, channels);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, (const char *const[]){"lpnet.norm"}, &value));
    node = clile_i_node_mean(value);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    /* beside the whole face: the last map */
    node = clile_i_node_cells(maps->value[CLILE_I_STAGES - 1], 1, 1);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &whole));
    node = clile_i_node_mean(whole);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &whole));
    node = clile_i_node_concat(value, whole, 3);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    CLILE_I_RETURN_IF(clile_i_method_project(net, "lpnet.fc", value, channels + last,
                                             net->config.embedding, &value));
    return clile_i_method_join(net, value);
}

static const clile_i_neck neck = {.embed = embed};

const clile_i_method clile_i_method_lpnet = {
    .name = "lpnet", .neck = &neck, .points = CLILE_I_POINTS_TRAINING};
