#include "dnn/dnn.h"

#include <string.h>

clile_i_patches clile_i_patches_make(const clile_i_conv_shape *shape, clile_i_dnn_layout_kind kind)
{
    return (clile_i_patches){
        .shape = *shape,
        .src = clile_i_dnn_layout_make(kind, shape->n, shape->ic, shape->ih, shape->iw),
        .dst = clile_i_dnn_layout_make(kind, shape->n, shape->kh * shape->kw * shape->ic,
                                       clile_i_conv_oh(shape), clile_i_conv_ow(shape)),
    };
}

typedef struct {
    const clile_i_patches *patches;
    const float *src;
    float *dst;
} gather_job;

/* Copies the channels of one block at one pixel. With a size known to the compiler this takes a few
 * moves instead of a call. */
static void copy_block(const float *src, float *dst, int64_t block)
{
    if (block == 16)
        memcpy(dst, src, 16 * sizeof *dst);
    else
        memcpy(dst, src, (size_t)block * sizeof *dst);
}

/* One tap of the window over all output pixels, for one block of channels: `from` and `to` point to
 * this block. */
static void gather_tap(const gather_job *job, int64_t tap, int64_t block, const float *from,
                       float *to)
{
    const clile_i_conv_shape *s = &job->patches->shape;
    const clile_i_dnn_layout *dst = &job->patches->dst;
    for (int64_t y = 0; y < dst->h; ++y)
        for (int64_t x = 0; x < dst->w; x++, to += dst->block) {
            const int64_t v = y * s->stride + tap / s->kw - s->pad,
                          u = x * s->stride + tap % s->kw - s->pad;
            if (v >= 0 && v < s->ih && u >= 0 && u < s->iw)
                copy_block(from + (v * s->iw + u) * block, to, block);
            else
                memset(to, 0, (size_t)block * sizeof *to);
        }
}

/* Item i: one block of source channels of one image under one tap. */
static void gather_body(int64_t begin, int64_t end, void *context)
{
    const gather_job *job = context;
    const clile_i_conv_shape *s = &job->patches->shape;
    const clile_i_dnn_layout *src = &job->patches->src, *dst = &job->patches->dst;
    for (int64_t i = begin; i < end; ++i) {
        const int64_t block = i % src->blocks, tap = i / src->blocks % (s->kh * s->kw);
        const int64_t image = i / src->blocks / (s->kh * s->kw),
                      channel = tap * s->ic + block * src->block;
        gather_tap(job, tap, src->block,
                   job->src + image * src->image_stride + block * src->block_stride,
                   job->dst + image * dst->image_stride + channel / dst->block * dst->block_stride +
                       channel % dst->block);
    }
}

void clile_i_patches_gather(const clile_i_patches *patches, const float *src, float *dst)
{
    const clile_i_dnn_layout *to = &patches->dst;
    clile_i_parallel_for(to->n * to->c / patches->src.block, 1, gather_body,
                         &(gather_job){patches, src, dst});
}

void clile_i_patches_weights(const clile_i_patches *patches, const float *plain, float *gathered)
{
    const clile_i_conv_shape *s = &patches->shape;
    const int64_t taps = s->kh * s->kw;
    for (int64_t o = 0; o < s->oc; ++o)
        for (int64_t tap = 0; tap < taps; ++tap)
            for (int64_t i = 0; i < s->ic; ++i)
                gathered[(o * taps + tap) * s->ic + i] = plain[(o * s->ic + i) * taps + tap];
}
