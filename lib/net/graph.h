/* How a net keeps its architecture (view.h) and parameters. Private to net. */
#ifndef CLILE_I_GRAPH_H
#define CLILE_I_GRAPH_H

#include "dnn/dnn.h"
#include "net/net.h"
#include "net/view.h"

#define CLILE_I_NORM_EPS 1e-5 /* batch norm's, as torch's default */

struct clile_i_net {
    clile_i_refs refs;
    clile_i_net_config config;
    char *backbone;
    int32_t tensor_count, tensor_capacity;
    clile_i_net_tensor *tensors;
    int32_t unit_count, unit_capacity;
    clile_i_unit *units;
    int32_t value_count;
    int32_t pooled;   /* value that max pooling makes of unit 0's; -1: none */
    int32_t fc;       /* tensor index of fc.weight; fc.bias follows */
    int64_t features; /* channels of the last value */
};

enum { CLILE_I_LEAST_SIZE = 32, CLILE_I_MOST_SIZE = 512, CLILE_I_MOST_BATCH = 4096 };
/* Shared by both executors. */
clile_status clile_i_net_check_input(int32_t batch, int32_t size);
clile_i_conv_shape clile_i_unit_shape(const clile_i_unit *unit, int64_t n, int64_t h, int64_t w);
/* Whether max pooling follows a unit. */
static inline int clile_i_net_pools(const clile_i_net *net, int32_t unit)
{
    return unit == 0 && net->pooled >= 0;
}
/* The output of a unit, after pooling if that follows. */
static inline int32_t clile_i_net_after(const clile_i_net *net, int32_t unit)
{
    return clile_i_net_pools(net, unit) ? net->pooled : net->units[unit].dst;
}
/* Number of threads for a unit in inference. Small units are faster on one thread, as waking and
 * awaiting others takes time. */
int32_t clile_i_unit_team(const clile_i_conv_shape *shape, int64_t least_flops, int32_t threads);

#endif
