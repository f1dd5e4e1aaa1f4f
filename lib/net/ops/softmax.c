/* softmax: over the last dimension of a plain value. */
#include "net/plain.h"

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

static clile_status forward(clile_i_op_run *run)
{
    const clile_i_dnn_layout *l = &run->dst;
    clile_i_softmax_forward(l->count / l->w, l->w, run->src_data[0], run->dst_data);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    const clile_i_dnn_layout *l = &run->dst;
    if (run->diff_src[0] != NULL)
        clile_i_softmax_backward(l->count / l->w, l->w, run->dst_data, run->diff_dst,
                                 run->diff_src[0]);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    (void)node, (void)t;
    clile_i_write_op_number(w, "Softmax", names->src[0], "axis", 3, names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_softmax = {.name = "softmax",
                                       .lay_out = lay_out,
                                       .create = create,
                                       .forward = forward,
                                       .backward = backward,
                                       .write = write};
