#include "dnn/ref/ref.h"

#include <stddef.h>

void clile_i_ref_max_pool_forward(const clile_i_ref_pool *pool, const double *src, double *dst,
                                  int64_t *winner)
{
    const int64_t oh = clile_i_ref_output_size(pool->h, pool->kernel, pool->stride, pool->pad);
    const int64_t ow = clile_i_ref_output_size(pool->w, pool->kernel, pool->stride, pool->pad);
    for (int64_t o = 0; o < pool->n * pool->c * oh * ow; ++o) {
        const double *plane = src + o / (oh * ow) * pool->h * pool->w;
        const int64_t top = o / ow % oh * pool->stride - pool->pad,
                      left = o % ow * pool->stride - pool->pad;
        int64_t best = -1;
        for (int64_t i = 0; i < pool->kernel; ++i)
            for (int64_t j = 0; j < pool->kernel; ++j) {
                const int64_t y = top + i, x = left + j;
                if (y < 0 || y >= pool->h || x < 0 || x >= pool->w) continue;
                if (best < 0 || plane[y * pool->w + x] > plane[best]) best = y * pool->w + x;
            }
        dst[o] = plane[best];
        if (winner != NULL) winner[o] = best;
    }
}

void clile_i_ref_max_pool_backward(const clile_i_ref_pool *pool, const int64_t *winner,
                                   const double *diff_dst, double *diff_src)
{
    const int64_t oh = clile_i_ref_output_size(pool->h, pool->kernel, pool->stride, pool->pad);
    const int64_t ow = clile_i_ref_output_size(pool->w, pool->kernel, pool->stride, pool->pad);
    const int64_t plane = pool->h * pool->w;
    for (int64_t i = 0; i < pool->n * pool->c * plane; ++i) diff_src[i] = 0.0;
    for (int64_t o = 0; o < pool->n * pool->c * oh * ow; ++o)
        diff_src[o / (oh * ow) * plane + winner[o]] += diff_dst[o];
}

void clile_i_ref_global_pool_forward(int64_t n, int64_t c, int64_t h, int64_t w, const double *src,
                                     double *dst)
{
    for (int64_t o = 0; o < n * c; ++o) {
        double sum = 0.0;
        for (int64_t i = 0; i < h * w; ++i) sum += src[o * h * w + i];
        dst[o] = sum / (double)(h * w);
    }
}

void clile_i_ref_global_pool_backward(int64_t n, int64_t c, int64_t h, int64_t w,
                                      const double *diff_dst, double *diff_src)
{
    for (int64_t i = 0; i < n * c * h * w; ++i)
        diff_src[i] = diff_dst[i / (h * w)] / (double)(h * w);
}
