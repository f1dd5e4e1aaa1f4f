/* cells: a map [n, c, h, w], cut into g x g cells (stride), as plain values [n, g * g, pixels of a
 * cell, k * k * c]: for each pixel the k x k window around it, channels innermost, zero outside its
 * cell. g = 1, k = 1 gives the map's pixels as tokens. A convolution of each cell's own is `cells`
 * with k = 3, then `project` with g * g groups. */
#include "net/plain.h"

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    const int64_t g = node->stride;
    (void)kind, (void)inner;
    *dst = clile_i_plain(src->n, g * g, (src->h / g) * (src->w / g), node->k * node->k * src->c);
}

static clile_status create(clile_i_op_run *run)
{
    char what[64];
    const int64_t g = run->node->stride;
    run->team = clile_i_op_team(run, 8 * run->dst.count);
    snprintf(what, sizeof what, "a map that can be cut into %lld x %lld cells", (long long)g,
             (long long)g);
    return clile_i_plain_expect(run, run->src[0].h % g == 0 && run->src[0].w % g == 0, what);
}

/* Copies between a cell's pixels and their windows; back: adds to the gradient of the map. */
static void cell(const clile_i_op_run *run, int64_t n, int64_t g_index, int back)
{
    const clile_i_node *node = run->node;
    const clile_i_dnn_layout *src = &run->src[0], *dst = &run->dst;
    const int64_t g = node->stride, k = node->k, ch = src->h / g, cw = src->w / g;
    const int64_t top = g_index / g * ch, left = g_index % g * cw;
    const int64_t at = (n * dst->c + g_index) * dst->h * dst->w;
    for (int64_t i = 0; i < dst->h * dst->w; ++i) {
        const int64_t c = i % src->c, window = i / src->c % (k * k), pixel = i / dst->w;
        const int64_t y = pixel / cw + window / k - k / 2, x = pixel % cw + window % k - k / 2;
        const int inside = y >= 0 && y < ch && x >= 0 && x < cw;
        const int64_t from = n * src->image_stride + c / src->block * src->block_stride +
                             ((top + y) * src->w + left + x) * src->block + c % src->block;
        if (!back)
            run->dst_data[at + i] = inside ? run->src_data[0][from] : 0.0F;
        else if (inside)
            run->diff_src[0][from] += run->diff_dst[at + i];
    }
}

static void forward_cells(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    for (int64_t i = begin; i < end; ++i) cell(run, i / run->dst.c, i % run->dst.c, 0);
}

static void backward_cells(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    for (int64_t i = begin; i < end; ++i) cell(run, i / run->dst.c, i % run->dst.c, 1);
}

static clile_status forward(clile_i_op_run *run)
{
    clile_i_parallel_for(run->dst.n * run->dst.c, 1, forward_cells, run);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    if (run->diff_src[0] == NULL) return CLILE_OK;
    memset(run->diff_src[0], 0, (size_t)run->src[0].count * sizeof(float));
    clile_i_parallel_for(run->dst.n * run->dst.c, 1, backward_cells, run);
    return CLILE_OK;
}

/* Windows are a convolution with weights of 0 and 1. */
static clile_status write_windows(int64_t c, int64_t k, const char *src, const char *dst,
                                  const clile_i_graph_writer *w)
{
    clile_status status = CLILE_OK;
    const int64_t shape[4] = {k * k * c, c, k, k}, pad = k / 2;
    const clile_i_part_name weight = clile_i_part(dst, "weight");
    float *weights = NULL;
    CLILE_I_ALLOC(weights, shape[0] * c * k * k);
    for (int64_t o = 0; o < shape[0]; ++o) weights[(o * c + o % c) * k * k + o / c] = 1.0F;
    w->tensor(w->context, weight.text, 4, shape, weights);
    w->begin(w->context, "Conv", 2, (const char *const[]){src, weight.text}, dst);
    w->numbers(w->context, "kernel_shape", 2, (const int64_t[]){k, k});
    w->numbers(w->context, "pads", 4, (const int64_t[]){pad, pad, pad, pad});
    w->end(w->context);
cleanup:
    clile_i_free(weights);
    return status;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    const clile_i_dnn_layout *src = &names->src_layout[0], *dst = &names->dst_layout;
    const int64_t g = node->stride, ch = src->h / g, cw = src->w / g;
    const clile_i_part_name cut = clile_i_part(names->dst, "cut"),
                            order = clile_i_part(names->dst, "order"),
                            cells = clile_i_part(names->dst, "cells"),
                            windows = clile_i_part(names->dst, "windows"),
                            images = clile_i_part(names->dst, "images");
    (void)t;
    clile_i_write_reshape(w, names->src[0], 6, (const int64_t[]){0, src->c, g, ch, g, cw},
                          cut.text);
    clile_i_write_transpose(w, cut.text, 6, (const int64_t[]){0, 2, 4, 1, 3, 5}, order.text);
    clile_i_write_reshape(w, order.text, 4, (const int64_t[]){-1, src->c, ch, cw}, cells.text);
    if (node->k > 1) CLILE_I_RETURN_IF(write_windows(src->c, node->k, cells.text, windows.text, w));
    clile_i_write_reshape(w, node->k > 1 ? windows.text : cells.text, 4,
                          (const int64_t[]){-1, g * g, dst->w, ch * cw}, images.text);
    clile_i_write_transpose(w, images.text, 4, (const int64_t[]){0, 1, 3, 2}, names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_cells = {.name = "cells",
                                     .lay_out = lay_out,
                                     .create = create,
                                     .forward = forward,
                                     .backward = backward,
                                     .write = write};
