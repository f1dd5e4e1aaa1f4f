/* How a method adds nodes to a net. Private to method. */
#ifndef CLILE_I_METHOD_NODES_H
#define CLILE_I_METHOD_NODES_H

#include "method/method.h"
#include "net/graph.h"

/* Adds a node with its tensors; names as in clile_i_net_add_tensors. Sets *value to what it makes,
 * unless value is NULL. */
clile_status clile_i_method_add(clile_i_net *net, clile_i_node *node, const char *const *names,
                                int32_t *value);
/* A convolution with batch norm and, if relu, ReLU, from *value of *channels to oc channels:
 * tensors "NAME.conv..." and "NAME.bn...". k is odd, the size of the map stays. */
clile_status clile_i_method_add_conv(clile_i_net *net, const char *name, int64_t oc, int64_t k,
                                     int relu, int32_t *value, int64_t *channels);
/* A linear layer over the last dimension of plain values (net/plain.h): tensors "NAME.weight" and
 * "NAME.bias". */
clile_status clile_i_method_project(clile_i_net *net, const char *name, int32_t src, int64_t ic,
                                    int64_t oc, int32_t *value);
/* Ends the net: the numbers of each image one after the other, as its embedding. */
clile_status clile_i_method_join(clile_i_net *net, int32_t value);
/* The tensor of that name; it exists. */
clile_i_net_tensor *clile_i_method_tensor(clile_i_net *net, const char *name);

#endif
