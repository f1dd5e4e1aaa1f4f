/* reshape: plain values with their dimensions in another order, then read in another shape. k: the
 * order, as a number whose digits are 1 (c), 2 (h) and 3 (w): 123 keeps it, 132 transposes each
 * matrix. number: the new c, h and w; -1 in one place takes what is left. In ONNX what it makes of
 * shape c x 1 x 1 is [N, c], as for `linear` and the net's inputs and result; other operations on
 * plain values read and write [N, c, h, w]. */
#include "net/plain.h"

static void order_of(const clile_i_node *node, int64_t order[3])
{
    order[0] = node->k / 100 - 1;
    order[1] = node->k / 10 % 10 - 1;
    order[2] = node->k % 10 - 1;
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    int64_t shape[3], known = 1;
    (void)kind, (void)inner;
    for (int i = 0; i < 3; ++i) {
        shape[i] = (int64_t)node->number[i];
        if (shape[i] > 0) known *= shape[i];
    }
    for (int i = 0; i < 3; ++i)
        if (shape[i] < 0) shape[i] = src->c * src->h * src->w / known;
    *dst = clile_i_plain(src->n, shape[0], shape[1], shape[2]);
}

static clile_status create(clile_i_op_run *run)
{
    char what[96];
    const clile_i_dnn_layout *src = &run->src[0], *dst = &run->dst;
    run->team = clile_i_op_team(run, 8 * dst->count);
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    snprintf(what, sizeof what, "what gives %lld x %lld x %lld", (long long)run->node->number[0],
             (long long)run->node->number[1], (long long)run->node->number[2]);
    return clile_i_plain_expect(run, src->c * src->h * src->w == dst->c * dst->h * dst->w, what);
}

/* Calls for images: dst[i] = src[from], or back. */
static void move(const clile_i_op_run *run, int64_t begin, int64_t end, int back)
{
    const clile_i_dnn_layout *src = &run->src[0];
    const int64_t size[3] = {src->c, src->h, src->w};
    const int64_t stride[3] = {src->h * src->w, src->w, 1};
    int64_t order[3];
    order_of(run->node, order);
    for (int64_t n = begin; n < end; ++n) {
        int64_t at = n * src->image_stride;
        const int64_t base = at;
        for (int64_t a = 0; a < size[order[0]]; ++a)
            for (int64_t b = 0; b < size[order[1]]; ++b)
                for (int64_t c = 0; c < size[order[2]]; ++c, ++at) {
                    const int64_t from =
                        base + a * stride[order[0]] + b * stride[order[1]] + c * stride[order[2]];
                    if (back)
                        run->diff_src[0][from] = run->diff_dst[at];
                    else
                        run->dst_data[at] = run->src_data[0][from];
                }
    }
}

static void forward_images(int64_t begin, int64_t end, void *context)
{
    move(context, begin, end, 0);
}

static void backward_images(int64_t begin, int64_t end, void *context)
{
    move(context, begin, end, 1);
}

static clile_status forward(clile_i_op_run *run)
{
    clile_i_parallel_for(run->dst.n, 1, forward_images, run);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    if (run->diff_src[0] != NULL) clile_i_parallel_for(run->dst.n, 1, backward_images, run);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    const clile_i_dnn_layout *src = &names->src_layout[0], *dst = &names->dst_layout;
    const clile_i_part_name whole = clile_i_part(names->dst, "whole"),
                            turned = clile_i_part(names->dst, "turned");
    int64_t order[3];
    (void)t;
    order_of(node, order);
    clile_i_write_reshape(w, names->src[0], 4, (const int64_t[]){0, src->c, src->h, src->w},
                          whole.text);
    clile_i_write_transpose(w, whole.text, 4,
                            (const int64_t[]){0, order[0] + 1, order[1] + 1, order[2] + 1},
                            turned.text);
    clile_i_write_reshape(w, turned.text, dst->h * dst->w > 1 ? 4 : 2,
                          (const int64_t[]){0, dst->c, dst->h, dst->w}, names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_reshape = {.name = "reshape",
                                       .lay_out = lay_out,
                                       .create = create,
                                       .forward = forward,
                                       .backward = backward,
                                       .write = write};
