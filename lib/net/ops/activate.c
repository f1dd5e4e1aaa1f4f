/* activate: ReLU, sigmoid or tanh (k) of each element of a plain value. */
#include "net/plain.h"

#include <math.h>

enum { RELU, SIGMOID, TANH };

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    *dst = *src;
}

static clile_status create(clile_i_op_run *run)
{
    run->team = clile_i_op_team(run, 32 * run->dst.count);
    return clile_i_plain_check(run);
}

static void forward_range(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    const float *x = run->src_data[0];
    for (int64_t i = begin; i < end; ++i)
        run->dst_data[i] = run->node->k == RELU      ? (x[i] < 0.0F ? 0.0F : x[i])
                           : run->node->k == SIGMOID ? 1.0F / (1.0F + expf(-x[i]))
                                                     : tanhf(x[i]);
}

static void backward_range(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    const float *y = run->dst_data, *g = run->diff_dst;
    for (int64_t i = begin; i < end; ++i)
        run->diff_src[0][i] = run->node->k == RELU      ? (y[i] > 0.0F ? g[i] : 0.0F)
                              : run->node->k == SIGMOID ? g[i] * y[i] * (1.0F - y[i])
                                                        : g[i] * (1.0F - y[i] * y[i]);
}

static clile_status forward(clile_i_op_run *run)
{
    clile_i_parallel_for(run->dst.count, 2048, forward_range, run);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    if (run->diff_src[0] != NULL) clile_i_parallel_for(run->dst.count, 2048, backward_range, run);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    static const char *const ops[] = {"Relu", "Sigmoid", "Tanh"};
    (void)t;
    clile_i_write_op(w, ops[node->k], names->src[0], NULL, names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_activate = {.name = "activate",
                                        .lay_out = lay_out,
                                        .create = create,
                                        .forward = forward,
                                        .backward = backward,
                                        .write = write};
