/* Pooling of 8-bit activations, NHWC. */
#include "dnn/dnn.h"

#include <string.h>

typedef struct {
    const clile_i_max_pool *pool;
    const uint8_t *src;
    uint8_t *dst;
} max_job;

static void greater(int64_t count, const uint8_t *restrict src, uint8_t *restrict dst)
{
    for (int64_t i = 0; i < count; ++i) dst[i] = src[i] > dst[i] ? src[i] : dst[i];
}

/* Rows of dst. Pixels outside the image never win: the maximum starts at 0, and every window
 * overlaps the image. */
static void max_rows(int64_t begin, int64_t end, void *context)
{
    const max_job *job = context;
    const clile_i_max_pool *p = job->pool;
    const int64_t c = p->src.c, h = p->src.h, w = p->src.w;
    for (int64_t row = begin; row < end; ++row) {
        const int64_t n = row / p->dst.h, oy = row % p->dst.h;
        uint8_t *dst = job->dst + row * p->dst.w * c;
        memset(dst, 0, (size_t)(p->dst.w * c));
        for (int64_t y = oy * p->stride - p->pad; y < oy * p->stride - p->pad + p->k; ++y) {
            if (y < 0 || y >= h) continue;
            const uint8_t *src = job->src + (n * h + y) * w * c;
            for (int64_t ox = 0; ox < p->dst.w; ++ox)
                for (int64_t x = ox * p->stride - p->pad; x < ox * p->stride - p->pad + p->k; ++x)
                    if (x >= 0 && x < w) greater(c, src + x * c, dst + ox * c);
        }
    }
}

void clile_i_max_pool_u8(const clile_i_max_pool *pool, const uint8_t *src, uint8_t *dst)
{
    const int64_t row = pool->dst.w * pool->dst.c * pool->k * pool->k;
    clile_i_parallel_for(pool->dst.n * pool->dst.h, 1 + 1000000 / row, max_rows,
                         &(max_job){pool, src, dst});
}

void clile_i_average_pool_u8(const clile_i_dnn_layout *layout, const uint8_t *src, float step,
                             float *dst)
{
    const int64_t pixels = layout->h * layout->w, c = layout->c;
    const float factor = step / (float)pixels;
    for (int64_t n = 0; n < layout->n; ++n) {
        const uint8_t *image = src + n * pixels * c;
        float *out = dst + n * c;
        memset(out, 0, (size_t)c * sizeof *out);
        for (int64_t p = 0; p < pixels; ++p) /* whole numbers below 2^24: exact */
            for (int64_t k = 0; k < c; ++k) out[k] += (float)image[p * c + k];
        for (int64_t k = 0; k < c; ++k) out[k] *= factor;
    }
}
