/* concat: up to four plain values joined along dimension k: 1 (c), 2 (h) or 3 (w). */
#include "net/plain.h"

static int64_t *size_of(clile_i_dnn_layout *l, int64_t k)
{
    return k == 1 ? &l->c : k == 2 ? &l->h : &l->w;
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    clile_i_dnn_layout sum = src[0];
    (void)kind, (void)inner;
    for (int32_t i = 1; i < node->src_count; ++i) {
        clile_i_dnn_layout one = src[i];
        *size_of(&sum, node->k) += *size_of(&one, node->k);
    }
    *dst = clile_i_plain(src[0].n, sum.c, sum.h, sum.w);
}

static clile_status create(clile_i_op_run *run)
{
    int fits = 1;
    run->team = clile_i_op_team(run, 8 * run->dst.count);
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    for (int32_t i = 0; i < run->node->src_count; ++i) {
        clile_i_dnn_layout one = run->src[i];
        *size_of(&one, run->node->k) = *size_of(&run->dst, run->node->k);
        fits &= one.c == run->dst.c && one.h == run->dst.h && one.w == run->dst.w;
    }
    return clile_i_plain_expect(run, fits, "values that differ in one dimension only");
}

/* Floats of a layout that lie together along dimension k. */
static int64_t piece(const clile_i_dnn_layout *l, int64_t k)
{
    return k == 1 ? l->c * l->h * l->w : k == 2 ? l->h * l->w : l->w;
}

/* Copies to dst, or the gradients back. */
static void copy(const clile_i_op_run *run, int back)
{
    const int64_t k = run->node->k, whole = piece(&run->dst, k);
    int64_t at = 0;
    for (int32_t i = 0; i < run->node->src_count; ++i) {
        const int64_t part = piece(&run->src[i], k);
        for (int64_t p = 0; p < run->dst.count / whole; ++p) {
            const size_t bytes = (size_t)part * sizeof(float);
            if (!back)
                memcpy(run->dst_data + p * whole + at, run->src_data[i] + p * part, bytes);
            else if (run->diff_src[i] != NULL)
                memcpy(run->diff_src[i] + p * part, run->diff_dst + p * whole + at, bytes);
        }
        at += part;
    }
}

static clile_status forward(clile_i_op_run *run)
{
    copy(run, 0);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    copy(run, 1);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    (void)t;
    w->begin(w->context, "Concat", node->src_count, names->src, names->dst);
    w->number(w->context, "axis", node->k);
    w->end(w->context);
    return CLILE_OK;
}

const clile_i_op clile_i_op_concat = {.name = "concat",
                                      .lay_out = lay_out,
                                      .create = create,
                                      .forward = forward,
                                      .backward = backward,
                                      .write = write};
