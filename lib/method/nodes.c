#include "method/nodes.h"

#include "net/nodes.h"

#include <string.h>

clile_status clile_i_method_add(clile_i_net *net, clile_i_node *node, const char *const *names,
                                int32_t *value)
{
    if (node->op->tensor_count > 0) CLILE_I_RETURN_IF(clile_i_net_add_tensors(net, names, node));
    CLILE_I_RETURN_IF(clile_i_net_add(net, node));
    if (value != NULL) *value = node->dst;
    return CLILE_OK;
}

clile_status clile_i_method_add_conv(clile_i_net *net, const char *name, int64_t oc, int64_t k,
                                     int relu, int32_t *value, int64_t *channels)
{
    char conv[48], norm[48];
    clile_i_node node = {.op = clile_i_ops[CLILE_I_OP_CONV_UNIT],
                         .src = {*value},
                         .src_count = 1,
                         .ic = *channels,
                         .oc = oc,
                         .k = k,
                         .stride = 1,
                         .pad = k / 2,
                         .relu = (uint8_t)relu};
    snprintf(conv, sizeof conv, "%s.conv", name);
    snprintf(norm, sizeof norm, "%s.bn", name);
    *channels = oc;
    return clile_i_method_add(net, &node, (const char *const[]){conv, norm}, value);
}

clile_status clile_i_method_project(clile_i_net *net, const char *name, int32_t src, int64_t ic,
                                    int64_t oc, int32_t *value)
{
    clile_i_node node = clile_i_node_project(src, 1, ic, oc);
    return clile_i_method_add(net, &node, &name, value);
}

clile_status clile_i_method_join(clile_i_net *net, int32_t value)
{
    clile_i_node node = clile_i_node_reshape(value, 123, net->config.embedding, 1, 1);
    node.name = "embedding";
    return clile_i_method_add(net, &node, NULL, NULL);
}

clile_i_net_tensor *clile_i_method_tensor(clile_i_net *net, const char *name)
{
    int64_t i = 0;
    while (strcmp(net->tensors[i].name, name) != 0) ++i;
    return &net->tensors[i];
}
