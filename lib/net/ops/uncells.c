/* uncells: plain values [n, g * g, pixels of a square cell, c] put together as a map [n, c, h, h]:
 * what `cells` with k = 1 takes apart. */
#include "net/plain.h"

/* The side of a cell of so many pixels. */
static int64_t side_of(int64_t pixels)
{
    int64_t side = 1;
    while ((side + 1) * (side + 1) <= pixels) ++side;
    return side;
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    const int64_t side = node->stride * side_of(src->h);
    (void)inner;
    *dst = clile_i_dnn_layout_make(kind, src->n, src->w, side, side);
}

static clile_status create(clile_i_op_run *run)
{
    const int64_t g = run->node->stride, side = side_of(run->src[0].h);
    run->team = clile_i_op_team(run, 8 * run->dst.count);
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    return clile_i_plain_expect(run, run->src[0].c == g * g && side * side == run->src[0].h,
                                "the pixels of square cells");
}

static void cell(const clile_i_op_run *run, int64_t n, int64_t g_index, int back)
{
    const clile_i_dnn_layout *src = &run->src[0], *dst = &run->dst;
    const int64_t g = run->node->stride, side = dst->h / g;
    const int64_t top = g_index / g * side, left = g_index % g * side;
    const int64_t at = (n * src->c + g_index) * src->h * src->w;
    for (int64_t i = 0; i < src->h * src->w; ++i) {
        const int64_t c = i % src->w, pixel = i / src->w;
        const int64_t to = n * dst->image_stride + c / dst->block * dst->block_stride +
                           ((top + pixel / side) * dst->w + left + pixel % side) * dst->block +
                           c % dst->block;
        if (back)
            run->diff_src[0][at + i] = run->diff_dst[to];
        else
            run->dst_data[to] = run->src_data[0][at + i];
    }
}

static void forward_cells(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    for (int64_t i = begin; i < end; ++i) cell(run, i / run->src[0].c, i % run->src[0].c, 0);
}

static void backward_cells(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    for (int64_t i = begin; i < end; ++i) cell(run, i / run->src[0].c, i % run->src[0].c, 1);
}

static clile_status forward(clile_i_op_run *run)
{
    if (run->dst.channels > run->dst.c)
        memset(run->dst_data, 0, (size_t)run->dst.count * sizeof(float));
    clile_i_parallel_for(run->src[0].n * run->src[0].c, 1, forward_cells, run);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    if (run->diff_src[0] != NULL)
        clile_i_parallel_for(run->src[0].n * run->src[0].c, 1, backward_cells, run);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    const clile_i_dnn_layout *dst = &names->dst_layout;
    const int64_t g = node->stride, side = dst->h / g;
    const clile_i_part_name cut = clile_i_part(names->dst, "cut"),
                            order = clile_i_part(names->dst, "order");
    (void)t;
    clile_i_write_reshape(w, names->src[0], 6, (const int64_t[]){0, g, g, side, side, dst->c},
                          cut.text);
    clile_i_write_transpose(w, cut.text, 6, (const int64_t[]){0, 5, 1, 3, 2, 4}, order.text);
    clile_i_write_reshape(w, order.text, 4, (const int64_t[]){0, dst->c, dst->h, dst->w},
                          names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_uncells = {.name = "uncells",
                                       .lay_out = lay_out,
                                       .create = create,
                                       .forward = forward,
                                       .backward = backward,
                                       .write = write};
