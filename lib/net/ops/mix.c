/* mix: a fixed matrix over the rows of plain values, such as a graph over AUs: dst [n, c, oc, w] =
 * graph [oc, ic] src [n, c, ic, w]. The graph is a tensor that is not trained, initially the
 * identity. */
#include "net/plain.h"

enum { GRAPH, TENSORS };

static const clile_i_op_tensor tensors[TENSORS] = {{"graph", 0, 0, 0}};

static int32_t tensor_shape(const clile_i_node *node, int32_t tensor, int64_t shape[4])
{
    (void)tensor;
    shape[0] = node->oc;
    shape[1] = node->ic;
    return 2;
}

static void init(const clile_i_node *node, clile_i_net_tensor *t, clile_i_rng *rng)
{
    (void)rng;
    for (int64_t i = 0; i < node->oc; ++i)
        for (int64_t k = 0; k < node->ic; ++k) t[GRAPH].data[i * node->ic + k] = (float)(i == k);
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)kind, (void)inner;
    *dst = clile_i_plain(src->n, src->c, node->oc, src->w);
}

static clile_status create(clile_i_op_run *run)
{
    char what[64];
    run->team = clile_i_op_team(run, 2 * run->dst.count * run->node->ic);
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    snprintf(what, sizeof what, "%lld rows", (long long)run->node->ic);
    return clile_i_plain_expect(run, run->src[0].h == run->node->ic, what);
}

static clile_status forward(clile_i_op_run *run)
{
    const clile_i_dnn_layout *src = &run->src[0], *dst = &run->dst;
    return clile_i_dnn_matmuls(&(clile_i_matmuls){.outer = dst->n * dst->c,
                                                  .inner = 1,
                                                  .m = dst->h,
                                                  .n = dst->w,
                                                  .k = src->h,
                                                  .alpha = 1.0F,
                                                  .a = run->params[GRAPH],
                                                  .b = run->src_data[0],
                                                  .c = run->dst_data,
                                                  .b_outer = src->h * src->w,
                                                  .c_outer = dst->h * dst->w});
}

static clile_status backward(clile_i_op_run *run)
{
    const clile_i_dnn_layout *src = &run->src[0], *dst = &run->dst;
    if (run->diff_src[0] == NULL) return CLILE_OK;
    return clile_i_dnn_matmuls(&(clile_i_matmuls){.outer = dst->n * dst->c,
                                                  .inner = 1,
                                                  .transpose_a = 1,
                                                  .m = src->h,
                                                  .n = src->w,
                                                  .k = dst->h,
                                                  .alpha = 1.0F,
                                                  .a = run->params[GRAPH],
                                                  .b = run->diff_dst,
                                                  .c = run->diff_src[0],
                                                  .b_outer = dst->h * dst->w,
                                                  .c_outer = src->h * src->w});
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    (void)node;
    w->tensor(w->context, t[GRAPH].name, 2, t[GRAPH].shape, t[GRAPH].data);
    clile_i_write_op(w, "MatMul", t[GRAPH].name, names->src[0], names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_mix = {.name = "mix",
                                   .tensors = tensors,
                                   .tensor_count = TENSORS,
                                   .tensor_shape = tensor_shape,
                                   .init = init,
                                   .lay_out = lay_out,
                                   .create = create,
                                   .forward = forward,
                                   .backward = backward,
                                   .write = write};
