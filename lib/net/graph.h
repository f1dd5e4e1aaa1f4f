/* The architecture of a net as a list of units over values (activations). Private to net, and to what writes a net down
 * for other runtimes.
 *
 * value 0 is the image; unit 0 (conv1) makes value 1; max pooling makes value 2 of it; the units of the blocks follow
 * in the order in which they run; the last value goes through average pooling and `fc`. */
#ifndef CLILE_I_GRAPH_H
#define CLILE_I_GRAPH_H

#include "dnn/dnn.h"
#include "net/net.h"

/* dst = relu?(norm(conv(src)) + residual?) */
typedef struct {
    int32_t conv; /* tensor index of the weights */
    int32_t norm; /* tensor index of weight, bias, running_mean, running_var, in this order */
    int64_t ic, oc, k, stride, pad;
    int32_t src, residual, dst; /* values; residual -1 for none */
    uint8_t relu;
} clile_i_unit;

enum {
    CLILE_I_VALUE_IMAGE = 0,
    CLILE_I_VALUE_POOLED = 2,
    CLILE_I_POOL_K = 3,
    CLILE_I_POOL_STRIDE = 2,
    CLILE_I_POOL_PAD = 1
};

struct clile_i_net {
    clile_i_refs refs;
    clile_i_net_config config;
    char *backbone;
    int32_t tensor_count, tensor_capacity;
    clile_i_net_tensor *tensors;
    int32_t unit_count, unit_capacity;
    clile_i_unit *units;
    int32_t value_count;
    int32_t fc;       /* tensor index of fc.weight; fc.bias follows */
    int64_t features; /* channels of the last value */
};

/* One convolution with its norm folded in: scale = gamma / sqrt(variance + eps); weights [oc, ic, k, k] * scale,
 * bias = beta - mean * scale. Either output may be NULL. */
void clile_i_net_fold(const clile_i_net *net, const clile_i_unit *unit, float *weights, float *bias);
clile_i_conv_shape clile_i_unit_shape(const clile_i_unit *unit, int64_t n, int64_t h, int64_t w);
/* Threads for a unit of an inference net: small ones are faster on one, where no other thread has to be woken and
 * awaited. */
int32_t clile_i_unit_team(const clile_i_conv_shape *shape, int64_t least_flops, int32_t threads);

#endif
