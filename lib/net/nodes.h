/* Nodes of the operations on plain values (net/plain.h), to put nets together from: each function
 * returns a node for clile_i_net_add, without its tensors. Files of lib/net/ops say what each does.
 * Private to net and method. */
#ifndef CLILE_I_NODES_H
#define CLILE_I_NODES_H

#include "net/ops.h"

static inline clile_i_node clile_i_node_of(clile_i_op_number op, int32_t src)
{
    return (clile_i_node){.op = clile_i_ops[op], .src = {src}, .src_count = 1, .k = 1};
}

static inline clile_i_node clile_i_node_of_two(clile_i_op_number op, int32_t a, int32_t b)
{
    clile_i_node node = clile_i_node_of(op, a);
    node.src[1] = b;
    node.src_count = 2;
    return node;
}

/* Map [n, c, h, w] -> plain [n, g * g, pixels of a cell, k * k * c]; g = k = 1: its pixels. */
static inline clile_i_node clile_i_node_cells(int32_t map, int64_t g, int64_t k)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_CELLS, map);
    node.stride = g;
    node.k = k;
    return node;
}

/* Back to a square map. */
static inline clile_i_node clile_i_node_uncells(int32_t src, int64_t g)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_UNCELLS, src);
    node.stride = g;
    return node;
}

/* order: 123, or dimensions in another order; c, h, w: -1 in one place takes what is left. */
static inline clile_i_node clile_i_node_reshape(int32_t src, int64_t order, int64_t c, int64_t h,
                                                int64_t w)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_RESHAPE, src);
    node.k = order;
    node.number[0] = (double)c;
    node.number[1] = (double)h;
    node.number[2] = (double)w;
    return node;
}

/* [n, c, h, ic] -> [n, c, h, oc]; groups: 1, or one for each c. Tensors weight, bias. */
static inline clile_i_node clile_i_node_project(int32_t src, int64_t groups, int64_t ic, int64_t oc)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_PROJECT, src);
    node.k = groups;
    node.ic = ic;
    node.oc = oc;
    return node;
}

/* factor * a b for each c; transpose: 1 a, 2 b, 3 both. */
static inline clile_i_node clile_i_node_matmul(int32_t a, int32_t b, int64_t transpose,
                                               double factor)
{
    clile_i_node node = clile_i_node_of_two(CLILE_I_OP_MATMUL, a, b);
    node.k = transpose;
    node.number[0] = factor;
    return node;
}

typedef enum { CLILE_I_ADD, CLILE_I_SUBTRACT, CLILE_I_MULTIPLY } clile_i_combination;
static inline clile_i_node clile_i_node_combine(int32_t a, int32_t b, clile_i_combination how)
{
    clile_i_node node = clile_i_node_of_two(CLILE_I_OP_COMBINE, a, b);
    node.k = (int64_t)how;
    return node;
}

typedef enum { CLILE_I_RELU_CURVE, CLILE_I_SIGMOID_CURVE, CLILE_I_TANH_CURVE } clile_i_curve;
static inline clile_i_node clile_i_node_activate(int32_t src, clile_i_curve curve)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_ACTIVATE, src);
    node.k = (int64_t)curve;
    return node;
}

/* Over the last dimension. */
static inline clile_i_node clile_i_node_softmax(int32_t src)
{
    return clile_i_node_of(CLILE_I_OP_SOFTMAX, src);
}

/* Over the last dimension, of `features`. Tensors weight, bias. */
static inline clile_i_node clile_i_node_layer_norm(int32_t src, int64_t features)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_LAYER_NORM, src);
    node.ic = features;
    return node;
}

/* The same without tensors. */
static inline clile_i_node clile_i_node_standardise(int32_t src)
{
    return clile_i_node_of(CLILE_I_OP_STANDARDISE, src);
}

/* Tensors weight, bias, running_mean, running_var. groups: 1, or one for each c. */
static inline clile_i_node clile_i_node_batch_norm(int32_t src, int64_t groups, int64_t features,
                                                   int relu)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_BATCH_NORM, src);
    node.k = groups;
    node.ic = features;
    node.relu = (uint8_t)relu;
    return node;
}

/* Two values joined along 1 (c), 2 (h) or 3 (w); the node holds up to four. */
static inline clile_i_node clile_i_node_concat(int32_t a, int32_t b, int64_t axis)
{
    clile_i_node node = clile_i_node_of_two(CLILE_I_OP_CONCAT, a, b);
    node.k = axis;
    return node;
}

/* [n, c, from, w] -> [n, c, to, w]. Tensor graph [to, from], not trained. */
static inline clile_i_node clile_i_node_mix(int32_t src, int64_t from, int64_t to)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_MIX, src);
    node.ic = from;
    node.oc = to;
    return node;
}

/* [n, c, h, w] -> [n, c, 1, w] */
static inline clile_i_node clile_i_node_mean(int32_t src)
{
    return clile_i_node_of(CLILE_I_OP_MEAN, src);
}

/* Map and points [n, 2 count] -> [n, regions, k * k, c]; spacing in sides of the image. Tensors
 * centre [regions, count], offset [regions, 2], not trained. */
static inline clile_i_node clile_i_node_gather(int32_t map, int32_t points, int64_t count,
                                               int64_t regions, int64_t k, double spacing)
{
    clile_i_node node = clile_i_node_of_two(CLILE_I_OP_GATHER, map, points);
    node.ic = count;
    node.oc = regions;
    node.k = k;
    node.number[0] = spacing;
    return node;
}

/* [n, c, h, w] -> [n, c, h, h]: 1 / k where row j is among the k most like row i. */
static inline clile_i_node clile_i_node_neighbours(int32_t src, int64_t k)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_NEIGHBOURS, src);
    node.k = k;
    return node;
}

/* [n, 1, rows, features], `steps` steps of a gated graph network. Tensors message, state, bias, and
 * graph [rows, rows], which is not trained. */
static inline clile_i_node clile_i_node_gated(int32_t src, int64_t rows, int64_t features,
                                              int64_t steps)
{
    clile_i_node node = clile_i_node_of(CLILE_I_OP_GATED, src);
    node.oc = rows;
    node.ic = features;
    node.k = steps;
    return node;
}

#endif
