/* A read-only view of a net's architecture, as a list of units over values (activations). For the
 * executors and the exporters.
 *
 * Value 0 is the image. Unit 0 (conv1) makes value 1, and max pooling, if the stem has it, turns
 * it into value `pooled`. The units of the blocks follow in the order they run. The last value goes
 * through average pooling and `fc`. */
#ifndef CLILE_I_VIEW_H
#define CLILE_I_VIEW_H

#include "net/net.h"

/* dst = relu?(norm(conv(src)) + residual?) */
typedef struct {
    int32_t conv; /* tensor index of the weights */
    int32_t norm; /* tensor index of weight; then bias, running_mean, running_var */
    int64_t ic, oc, k, stride, pad;
    int32_t src, residual, dst; /* values; residual is -1 if there is none */
    uint8_t relu;
} clile_i_unit;

enum { CLILE_I_VALUE_IMAGE = 0, CLILE_I_POOL_K = 3, CLILE_I_POOL_STRIDE = 2, CLILE_I_POOL_PAD = 1 };

/* Valid as long as the net. */
typedef struct {
    const clile_i_net_tensor *tensors; /* indexed by unit.conv, unit.norm and fc */
    const clile_i_unit *units;         /* [unit_count] */
    int32_t unit_count, value_count;
    int32_t pooled; /* value; -1: the stem has no max pooling */
    int32_t fc;     /* tensor index of fc.weight; fc.bias follows */
} clile_i_net_view;
clile_i_net_view clile_i_net_look(const clile_i_net *net);
/* Folds a norm into its convolution: scale = gamma / sqrt(variance + eps); weights [oc,ic,k,k] *
 * scale, bias = beta - mean * scale. Either output may be NULL. */
void clile_i_unit_fold(const clile_i_net_tensor *tensors, const clile_i_unit *unit, float *weights,
                       float *bias);

#endif
