/* average_pool: the mean over each map, dst [n, c] plain. */
#include "net/ops.h"

/* An addition moves as much memory as eight multiply-adds of a convolution. */
enum { FLOPS_EACH = 8 };

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)kind;
    (void)inner;
    *dst = clile_i_dnn_layout_make(CLILE_I_LAYOUT_NCHW, src->n, node->oc, 1, 1);
}

static clile_status create(clile_i_op_run *run)
{
    run->team = clile_i_op_team(run, FLOPS_EACH * run->src[0].count);
    return CLILE_OK;
}

static clile_status forward(clile_i_op_run *run)
{
    clile_i_average_pool_forward(&run->src[0], run->src_data[0], run->dst_data);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    if (run->diff_src[0] != NULL)
        clile_i_average_pool_backward(&run->src[0], run->diff_dst, run->diff_src[0]);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *tensors,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    (void)node;
    (void)tensors;
    w->begin(w->context, "GlobalAveragePool", 1, names->src, "pooled"); /* one in a net */
    w->end(w->context);
    w->begin(w->context, "Flatten", 1, (const char *const[]){"pooled"}, names->dst);
    w->number(w->context, "axis", 1);
    w->end(w->context);
    return CLILE_OK;
}

/* ---- int8: of u8, to float32 ----------------------------------------------------------------- */

static int32_t levels(const clile_i_node *node)
{
    (void)node;
    return 0;
}

static clile_status qcreate(clile_i_op_qrun *run, const clile_i_quant_unit *unit)
{
    (void)unit;
    run->team = clile_i_op_qteam(run, FLOPS_EACH * run->src[0]->layout.count);
    if (run->src[0]->is_signed || run->src[0]->is_float)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "int8: average_pool reads what has a ReLU, found a value without");
    return CLILE_OK;
}

static clile_status qforward(clile_i_op_qrun *run)
{
    const clile_i_op_qvalue *src = run->src[0];
    clile_i_average_pool_u8(&src->layout, src->data, src->step, run->dst->data);
    return CLILE_OK;
}

static const clile_i_op_int8 int8 = {.levels = levels, .create = qcreate, .forward = qforward};

const clile_i_op clile_i_op_average_pool = {.name = "average_pool",
                                            .lay_out = lay_out,
                                            .create = create,
                                            .forward = forward,
                                            .backward = backward,
                                            .write = write,
                                            .int8 = &int8};
