/* An image of any format as a grey picture of any size. Averages areas where it shrinks, and is
 * bilinear where it grows. Sums are integers: the same bits everywhere. */
#include "image/image.h"

/* Where a row or column of the result comes from: `count` of the source from `first` on. The outer
 * ones have less weight. Weights are in 1/256 and add up to `sum`. */
typedef struct {
    int32_t first, count;
    uint32_t head, tail, sum;
} span;

/* Pixel i of `to`, of `from` pixels. Where it grows: the two around its middle. */
static span take(int32_t i, int32_t from, int32_t to)
{
    if (to < from) {
        const int64_t begin = (int64_t)i * from * 256 / to,
                      end = (int64_t)(i + 1) * from * 256 / to;
        const int32_t first = (int32_t)(begin / 256), last = (int32_t)((end - 1) / 256);
        const span s = {first, last - first + 1, (uint32_t)(256 - begin % 256),
                        (uint32_t)(end - (int64_t)last * 256), (uint32_t)(end - begin)};
        return s;
    }
    int64_t at = (2 * (int64_t)i + 1) * from * 128 / to - 128; /* middle, in 1/256 */
    if (at < 0) at = 0;
    if (at > ((int64_t)from - 1) * 256) at = ((int64_t)from - 1) * 256;
    const uint32_t part = (uint32_t)(at % 256);
    const span s = {(int32_t)(at / 256), part == 0 ? 1 : 2, 256 - part, part, 256};
    return s;
}

static uint32_t weight(const span *s, int32_t k)
{
    return k == 0 ? s->head : k == s->count - 1 ? s->tail : 256;
}

/* ITU-R BT.601 luma in 1/256, of the pixel's bytes by format. */
static uint32_t luma(const uint8_t *p, int32_t format)
{
    switch (format) {
        case CLILE_PIXELS_GREY: return p[0] * 256u;
        case CLILE_PIXELS_BGR:
        case CLILE_PIXELS_BGRA: return 77u * p[2] + 150u * p[1] + 29u * p[0];
        default: return 77u * p[0] + 150u * p[1] + 29u * p[2];
    }
}

clile_status clile_i_image_grey(const clile_i_image *image, int32_t h, int32_t w, uint8_t *grey)
{
    clile_status status = CLILE_OK;
    const int32_t bytes = clile_i_pixel_bytes(image->format);
    span *columns = NULL;
    uint64_t *sums = NULL;
    CLILE_I_ALLOC(columns, w);
    CLILE_I_ALLOC(sums, w);
    for (int32_t x = 0; x < w; ++x) columns[x] = take(x, image->w, w);
    for (int32_t y = 0; y < h; ++y) {
        const span rows = take(y, image->h, h);
        memset(sums, 0, (size_t)w * sizeof *sums);
        for (int32_t k = 0; k < rows.count; ++k) {
            const uint8_t *row = image->rgb + (rows.first + k) * image->row_stride;
            for (int32_t x = 0; x < w; ++x) {
                const span *s = &columns[x];
                const uint8_t *p = row + (int64_t)s->first * bytes;
                uint64_t sum = 0;
                for (int32_t i = 0; i < s->count; ++i, p += bytes)
                    sum += (uint64_t)luma(p, image->format) * weight(s, i);
                sums[x] += sum * weight(&rows, k);
            }
        }
        for (int32_t x = 0; x < w; ++x) {
            const uint64_t all = (uint64_t)columns[x].sum * rows.sum * 256;
            grey[(int64_t)y * w + x] = (uint8_t)((sums[x] + all / 2) / all);
        }
    }
cleanup:
    clile_i_free(columns);
    clile_i_free(sums);
    return status;
}
