/* standardise: each row of a plain value, its last dimension, with mean 0 and variance 1:
 * layer_norm without weight and bias. */
#include "net/plain.h"

static const double EPS = 1e-5;

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    *dst = *src;
}

static clile_status create(clile_i_op_run *run)
{
    const int64_t rows = run->dst.count / run->dst.w;
    run->team = clile_i_op_team(run, 16 * run->dst.count);
    run->kept_count = run->trains ? 2 * rows : 0;
    run->scratch_bytes = run->trains ? 0 : (size_t)(2 * rows) * sizeof(float);
    return clile_i_plain_check(run);
}

static clile_i_layer_norm norm_of(const clile_i_op_run *run)
{
    const int64_t rows = run->dst.count / run->dst.w;
    float *statistics = run->trains ? run->kept : run->scratch;
    return (clile_i_layer_norm){.rows = rows,
                                .width = run->dst.w,
                                .eps = EPS,
                                .src = run->src_data[0],
                                .mean = statistics,
                                .inv_std = statistics + rows,
                                .dst = run->dst_data,
                                .diff_dst = run->diff_dst,
                                .diff_src = run->diff_src[0]};
}

static clile_status forward(clile_i_op_run *run)
{
    const clile_i_layer_norm norm = norm_of(run);
    clile_i_layer_norm_forward(&norm);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    const clile_i_layer_norm norm = norm_of(run);
    clile_i_layer_norm_backward(&norm);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    (void)node, (void)t;
    clile_i_write_standardised(w, names->src[0], EPS, names->dst, names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_standardise = {.name = "standardise",
                                           .lay_out = lay_out,
                                           .create = create,
                                           .forward = forward,
                                           .backward = backward,
                                           .write = write};
