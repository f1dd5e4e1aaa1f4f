/* layer_norm: each row of a plain value, its last dimension, with mean 0 and variance 1, times
 * weight [ic] plus bias [ic]. */
#include "net/plain.h"

enum { GAIN, SHIFT, TENSORS };
static const double EPS = 1e-5; /* torch's */

static const clile_i_op_tensor tensors[TENSORS] = {{"weight", 0, 1, 0}, {"bias", 0, 1, 0}};

static int32_t tensor_shape(const clile_i_node *node, int32_t tensor, int64_t shape[4])
{
    (void)tensor;
    shape[0] = node->ic;
    return 1;
}

static void init(const clile_i_node *node, clile_i_net_tensor *t, clile_i_rng *rng)
{
    (void)rng;
    for (int64_t i = 0; i < node->ic; ++i) {
        t[GAIN].data[i] = 1.0F;
        t[SHIFT].data[i] = 0.0F;
    }
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    *dst = *src;
}

/* Keeps, or has as scratch, mean and 1 / deviation of each row. */
static clile_status create(clile_i_op_run *run)
{
    char what[64];
    const int64_t rows = run->dst.count / run->dst.w;
    run->team = clile_i_op_team(run, 16 * run->dst.count);
    if (run->trains)
        run->kept_count = 2 * rows;
    else
        run->scratch_bytes = (size_t)(2 * rows) * sizeof(float);
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    snprintf(what, sizeof what, "rows of %lld", (long long)run->node->ic);
    return clile_i_plain_expect(run, run->src[0].w == run->node->ic, what);
}

static clile_i_layer_norm norm_of(const clile_i_op_run *run)
{
    const int64_t rows = run->dst.count / run->dst.w;
    float *statistics = run->trains ? run->kept : run->scratch;
    return (clile_i_layer_norm){.rows = rows,
                                .width = run->dst.w,
                                .eps = EPS,
                                .src = run->src_data[0],
                                .gain = run->params[GAIN],
                                .shift = run->params[SHIFT],
                                .mean = statistics,
                                .inv_std = statistics + rows,
                                .dst = run->dst_data,
                                .diff_dst = run->diff_dst,
                                .diff_src = run->diff_src[0],
                                .diff_gain = run->diffs[GAIN],
                                .diff_shift = run->diffs[SHIFT]};
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
    const clile_i_part_name unit = clile_i_part(names->dst, "unit"),
                            scaled = clile_i_part(names->dst, "scaled");
    (void)node;
    for (int32_t k = 0; k < TENSORS; ++k)
        w->tensor(w->context, t[k].name, t[k].ndim, t[k].shape, t[k].data);
    clile_i_write_standardised(w, names->src[0], EPS, names->dst, unit.text);
    clile_i_write_op(w, "Mul", unit.text, t[GAIN].name, scaled.text);
    clile_i_write_op(w, "Add", scaled.text, t[SHIFT].name, names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_layer_norm = {.name = "layer_norm",
                                          .tensors = tensors,
                                          .tensor_count = TENSORS,
                                          .tensor_shape = tensor_shape,
                                          .init = init,
                                          .lay_out = lay_out,
                                          .create = create,
                                          .forward = forward,
                                          .backward = backward,
                                          .write = write};
