/* Max pooling: y[n,c,oy,ox] = max over the part of the k x k window at (oy stride - pad, ox
 * stride - pad) inside x; the gradient goes to the first place that holds the maximum. Average
 * pooling: mean over all pixels; the gradient is spread evenly. A plane is one channel block of
 * one image. */
#include "dnn/dnn.h"
#include "dnn/pool_window.h"

typedef struct {
    const clile_i_max_pool *pool;
    const float *src, *more;
    float *dst;
    uint8_t *index_out;
    const uint8_t *index_in;
} max_job;

clile_i_max_pool clile_i_max_pool_make(const clile_i_dnn_layout *src, int64_t k, int64_t stride,
                                       int64_t pad)
{
    const int64_t oh = (src->h + 2 * pad - k) / stride + 1,
                  ow = (src->w + 2 * pad - k) / stride + 1;
    return (clile_i_max_pool){*src, clile_i_dnn_layout_make(src->kind, src->n, src->c, oh, ow), k,
                              stride, pad};
}

CLILE_I_INLINE void max_window(const float *x, int64_t corner, int64_t row, int64_t block,
                               int64_t k, clile_i_window_span u, clile_i_window_span v, float *y,
                               uint8_t *index, const int64_t width)
{
    static const clile_i_window_span full = {0, 3};
    clile_i_v8 best;
    clile_i_v8i place;
    if (index != NULL) {
        clile_i_window_max(x, corner, row, block, k, u, v, NULL, &best, &place, width);
        CLILE_I_STORE_BYTES(index, place, width);
    } else if (k == 3 && u.begin == 0 && u.end == 3 && v.begin == 0 && v.end == 3) {
        /* unrolled: inference */
        clile_i_window_max(x, corner, row, block, 3, full, full, NULL, &best, NULL, width);
    } else {
        clile_i_window_max(x, corner, row, block, k, u, v, NULL, &best, NULL, width);
    }
    CLILE_I_STORE(y, best, width);
}

/* Rows begin .. end-1 of a plane. */
CLILE_I_CLONES static void max_rows(const clile_i_max_pool *pool, int64_t begin, int64_t end,
                                    const float *x, float *y, uint8_t *index)
{
    const int64_t block = pool->src.block, row = pool->src.w * block;
    for (int64_t oy = begin; oy < end; ++oy) {
        const int64_t sy = oy * pool->stride - pool->pad;
        const clile_i_window_span u = clile_i_span_inside(sy, pool->k, pool->src.h);
        for (int64_t ox = 0; ox < pool->dst.w; ++ox) {
            const int64_t sx = ox * pool->stride - pool->pad;
            const clile_i_window_span v = clile_i_span_inside(sx, pool->k, pool->src.w);
            const int64_t corner = sy * row + sx * block;
            const int64_t at = (oy * pool->dst.w + ox) * block;
            for (int64_t c = 0; c < block; c += CLILE_I_LANES) {
                uint8_t *place = index == NULL ? NULL : index + at + c;
                if (block - c >= CLILE_I_LANES)
                    max_window(x, corner + c, row, block, pool->k, u, v, y + at + c, place,
                               CLILE_I_LANES);
                else
                    max_window(x, corner + c, row, block, pool->k, u, v, y + at + c, place,
                               block - c);
            }
        }
    }
}

static void max_body(int64_t begin, int64_t end, void *context)
{
    const max_job *j = context;
    const clile_i_dnn_layout *src = &j->pool->src, *dst = &j->pool->dst;
    while (begin < end) {
        const int64_t plane = begin / dst->h, oy = begin % dst->h;
        const int64_t rows = dst->h - oy < end - begin ? dst->h - oy : end - begin;
        const int64_t n = plane / src->blocks, cb = plane % src->blocks;
        const int64_t at = n * dst->image_stride + cb * dst->block_stride;
        max_rows(j->pool, oy, oy + rows, j->src + n * src->image_stride + cb * src->block_stride,
                 j->dst + at, j->index_out == NULL ? NULL : j->index_out + at);
        begin += rows;
    }
}

void clile_i_max_pool_forward(const clile_i_max_pool *pool, const float *src, float *dst,
                              uint8_t *index)
{
    enum { GRAIN = 4096 }; /* floats of dst */
    max_job job = {.pool = pool, .src = src, .dst = dst, .index_out = index};
    clile_i_parallel_for(pool->dst.n * pool->dst.blocks * pool->dst.h,
                         1 + (GRAIN - 1) / (pool->dst.w * pool->dst.block), max_body, &job);
}

CLILE_I_INLINE void spread_window(float *dx, int64_t corner, int64_t row, int64_t block, int64_t k,
                                  clile_i_window_span u, clile_i_window_span v, const float *dy,
                                  const float *more, const uint8_t *index, const int64_t width)
{
    clile_i_v8 gradient;
    CLILE_I_LOAD(gradient, dy, width);
    if (more != NULL) {
        clile_i_v8 other;
        CLILE_I_LOAD(other, more, width);
        gradient += other;
    }
    clile_i_window_spread(dx, corner, row, block, k, u, v, &gradient, index, width);
}

CLILE_I_CLONES static void spread_plane(const clile_i_max_pool *pool, const float *dy,
                                        const float *more, const uint8_t *index, float *dx)
{
    const int64_t block = pool->src.block, row = pool->src.w * block;
    memset(dx, 0, (size_t)pool->src.block_stride * sizeof *dx);
    for (int64_t oy = 0; oy < pool->dst.h; ++oy) {
        const int64_t sy = oy * pool->stride - pool->pad;
        const clile_i_window_span u = clile_i_span_inside(sy, pool->k, pool->src.h);
        for (int64_t ox = 0; ox < pool->dst.w; ++ox) {
            const int64_t sx = ox * pool->stride - pool->pad;
            const clile_i_window_span v = clile_i_span_inside(sx, pool->k, pool->src.w);
            const int64_t corner = sy * row + sx * block;
            const int64_t at = (oy * pool->dst.w + ox) * block;
            for (int64_t c = 0; c < block; c += CLILE_I_LANES) {
                const float *m = more == NULL ? NULL : more + at + c;
                if (block - c >= CLILE_I_LANES)
                    spread_window(dx, corner + c, row, block, pool->k, u, v, dy + at + c, m,
                                  index + at + c, CLILE_I_LANES);
                else
                    spread_window(dx, corner + c, row, block, pool->k, u, v, dy + at + c, m,
                                  index + at + c, block - c);
            }
        }
    }
}

static void spread_body(int64_t begin, int64_t end, void *context)
{
    const max_job *j = context;
    const clile_i_dnn_layout *src = &j->pool->src, *dst = &j->pool->dst;
    for (int64_t i = begin; i < end; ++i) {
        const int64_t n = i / src->blocks, cb = i % src->blocks;
        const int64_t at = n * dst->image_stride + cb * dst->block_stride;
        spread_plane(j->pool, j->src + at, j->more == NULL ? NULL : j->more + at, j->index_in + at,
                     j->dst + n * src->image_stride + cb * src->block_stride);
    }
}

void clile_i_max_pool_backward(const clile_i_max_pool *pool, const float *diff_dst,
                               const float *more, const uint8_t *index, float *diff_src)
{
    max_job job = {.pool = pool, .src = diff_dst, .more = more, .dst = diff_src, .index_in = index};
    clile_i_parallel_for(pool->src.n * pool->src.blocks, 1, spread_body, &job);
}

/* ---- average --------------------------------------------------------------------------------- */

enum { GRAIN = 16384 }; /* floats: fewer are not worth waking a thread for */

typedef struct {
    const clile_i_dnn_layout *layout;
    const float *src;
    float *dst;
} average_job;

CLILE_I_CLONES static void average_image(const clile_i_dnn_layout *l, const float *x, float *y)
{
    const int64_t hw = l->h * l->w;
    for (int64_t c = 0; c < l->c; ++c) {
        const float *src = x + c / l->block * l->block_stride + c % l->block;
        double sum = 0.0;
        for (int64_t p = 0; p < hw; ++p) sum += (double)src[p * l->block];
        y[c] = (float)(sum / (double)hw);
    }
}

static void average_body(int64_t begin, int64_t end, void *context)
{
    const average_job *j = context;
    for (int64_t n = begin; n < end; ++n)
        average_image(j->layout, j->src + n * j->layout->image_stride, j->dst + n * j->layout->c);
}

void clile_i_average_pool_forward(const clile_i_dnn_layout *layout, const float *src, float *dst)
{
    clile_i_parallel_for(layout->n, 1 + (GRAIN - 1) / layout->image_stride, average_body,
                         &(average_job){layout, src, dst});
}

static void average_backward_body(int64_t begin, int64_t end, void *context)
{
    const average_job *j = context;
    const clile_i_dnn_layout *l = j->layout;
    const int64_t hw = l->h * l->w;
    const float share = 1.0F / (float)hw;
    for (int64_t n = begin; n < end; ++n) {
        for (int64_t c = 0; c < l->channels; ++c) {
            float *dst =
                j->dst + n * l->image_stride + c / l->block * l->block_stride + c % l->block;
            const float value = c < l->c ? j->src[n * l->c + c] * share : 0.0F;
            for (int64_t p = 0; p < hw; ++p) dst[p * l->block] = value;
        }
    }
}

void clile_i_average_pool_backward(const clile_i_dnn_layout *layout, const float *diff_dst,
                                   float *diff_src)
{
    clile_i_parallel_for(layout->n, 1 + (GRAIN - 1) / layout->image_stride, average_backward_body,
                         &(average_job){layout, diff_dst, diff_src});
}
