/* mean: over the rows of plain values: dst [n, c, 1, w] of src [n, c, h, w]. */
#include "net/plain.h"

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    *dst = clile_i_plain(src->n, src->c, 1, src->w);
}

static clile_status create(clile_i_op_run *run)
{
    run->team = clile_i_op_team(run, 8 * run->src[0].count);
    return clile_i_plain_check(run);
}

static void forward_range(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    const int64_t h = run->src[0].h, w = run->src[0].w;
    for (int64_t i = begin; i < end; ++i) {
        const float *src = run->src_data[0] + i * h * w;
        float *dst = run->dst_data + i * w;
        memset(dst, 0, (size_t)w * sizeof *dst);
        for (int64_t y = 0; y < h; ++y)
            for (int64_t x = 0; x < w; ++x) dst[x] += src[y * w + x];
        for (int64_t x = 0; x < w; ++x) dst[x] /= (float)h;
    }
}

static void backward_range(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    const int64_t h = run->src[0].h, w = run->src[0].w;
    for (int64_t i = begin; i < end; ++i)
        for (int64_t k = 0; k < h * w; ++k)
            run->diff_src[0][i * h * w + k] = run->diff_dst[i * w + k % w] / (float)h;
}

static clile_status forward(clile_i_op_run *run)
{
    clile_i_parallel_for(run->dst.n * run->dst.c, 1, forward_range, run);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    if (run->diff_src[0] != NULL)
        clile_i_parallel_for(run->dst.n * run->dst.c, 1, backward_range, run);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    (void)node, (void)t;
    w->begin(w->context, "ReduceMean", 1, names->src, names->dst);
    w->numbers(w->context, "axes", 1, (const int64_t[]){2});
    w->number(w->context, "keepdims", 1);
    w->end(w->context);
    return CLILE_OK;
}

const clile_i_op clile_i_op_mean = {.name = "mean",
                                    .lay_out = lay_out,
                                    .create = create,
                                    .forward = forward,
                                    .backward = backward,
                                    .write = write};
