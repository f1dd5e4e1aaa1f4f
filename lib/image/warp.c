/* Resampling of a photograph into a crop. */
#include "image/image.h"

#include <math.h>
#include <string.h>

/* The part of the source that a crop needs, averaged over boxes of kx x ky pixels: the input of
 * bilinear sampling. */
typedef struct {
    int32_t h, w;
    int64_t row_stride;
    const uint8_t *rgb;
    int32_t format;
    double x0, y0; /* source coordinates of its top left corner */
    int32_t kx, ky;
} sampled;

/* Offsets of red, green and blue in a pixel, and its size in bytes. */
typedef struct {
    int32_t bytes, at[3];
} pixel_format;

static const pixel_format formats[] = {
    [CLILE_PIXELS_RGB] = {3, {0, 1, 2}},  [CLILE_PIXELS_BGR] = {3, {2, 1, 0}},
    [CLILE_PIXELS_RGBA] = {4, {0, 1, 2}}, [CLILE_PIXELS_BGRA] = {4, {2, 1, 0}},
    [CLILE_PIXELS_GREY] = {1, {0, 0, 0}},
};

int32_t clile_i_pixel_bytes(int32_t format)
{
    return format >= 0 && format < (int32_t)(sizeof formats / sizeof formats[0])
               ? formats[format].bytes
               : 0;
}

static int32_t clamp_index(int32_t value, int32_t count)
{
    return value < 0 ? 0 : value >= count ? count - 1 : value;
}

/* Half-open range of source pixels under a crop's extent, plus one on each side, within [0,
 * count). */
static void covered_range(double base, double along_x, double along_y, int32_t w, int32_t h,
                          int32_t count, int32_t *first, int32_t *last)
{
    const double ends[4] = {base, base + along_x * w, base + along_y * h,
                            base + along_x * w + along_y * h};
    double low = ends[0], high = ends[0];
    for (int32_t k = 1; k < 4; ++k) {
        low = fmin(low, ends[k]);
        high = fmax(high, ends[k]);
    }
    *first = (int32_t)fmin(fmax(floor(low) - 1.0, 0.0), count - 1.0);
    *last = (int32_t)fmax(fmin(ceil(high) + 1.0, count), *first + 1.0);
}

/* dst [h,w,3]: means of kx x ky boxes of src, from (x0, y0); beyond the edge the last pixel
 * repeats. */
static void box_reduce(const clile_i_image *src, int32_t x0, int32_t y0, int32_t kx, int32_t ky,
                       int32_t h, int32_t w, uint32_t *sums /*[w,3]*/, uint8_t *dst)
{
    const pixel_format f = formats[src->format];
    const uint32_t area = (uint32_t)kx * (uint32_t)ky;
    for (int32_t y = 0; y < h; ++y) {
        memset(sums, 0, (size_t)w * 3 * sizeof *sums);
        for (int32_t j = 0; j < ky; ++j) {
            const uint8_t *row = src->rgb + clamp_index(y0 + y * ky + j, src->h) * src->row_stride;
            for (int32_t x = 0; x < w; ++x) {
                for (int32_t i = 0; i < kx; ++i) {
                    const uint8_t *pixel =
                        row + f.bytes * (int64_t)clamp_index(x0 + x * kx + i, src->w);
                    for (int32_t k = 0; k < 3; ++k) sums[3 * x + k] += pixel[f.at[k]];
                }
            }
        }
        uint8_t *out = dst + (size_t)y * (size_t)w * 3;
        for (int32_t i = 0; i < 3 * w; ++i) out[i] = (uint8_t)((sums[i] + area / 2) / area);
    }
}

/* Inlined once for RGB, which nearly all pixels are, and once for any format. */
static inline void sample_rows(const sampled *src, const pixel_format f, const clile_i_affine *m,
                               int32_t h, int32_t w, uint8_t *dst)
{
    const double ax = m->a / src->kx, bx = m->b / src->kx, cx = (m->c - src->x0) / src->kx;
    const double ay = m->d / src->ky, by = m->e / src->ky, cy = (m->f - src->y0) / src->ky;
    for (int32_t y = 0; y < h; ++y) {
        for (int32_t x = 0; x < w; ++x, dst += 3) {
            /* centres at .5; positions beyond the centre of an edge pixel read that pixel */
            const double px = ax * (x + 0.5) + bx * (y + 0.5) + cx - 0.5;
            const double py = ay * (x + 0.5) + by * (y + 0.5) + cy - 0.5;
            const double qx = fmin(fmax(px, 0.0), src->w - 1.0),
                         qy = fmin(fmax(py, 0.0), src->h - 1.0);
            const int32_t left = (int32_t)qx, top = (int32_t)qy;
            const float u = (float)(qx - left), v = (float)(qy - top);
            const uint8_t *row = src->rgb + top * src->row_stride + f.bytes * (int64_t)left;
            const int64_t right = left + 1 < src->w ? f.bytes : 0,
                          below = top + 1 < src->h ? src->row_stride : 0;
            for (int32_t k = 0; k < 3; ++k) {
                const uint8_t *p = row + f.at[k];
                const float upper = (float)p[0] + u * (float)(p[right] - p[0]);
                const float lower = (float)p[below] + u * (float)(p[below + right] - p[below]);
                dst[k] = (uint8_t)(upper + v * (lower - upper) + 0.5f);
            }
        }
    }
}

/* A map of step s reads at most sqrt(2) s source pixels along an axis for each crop pixel (turned
 * by 45 degrees), in boxes of k = round(s) >= s / 1.5 pixels. These are at most 1.5 sqrt(2) < 2.125
 * boxes per crop pixel, plus rounding. */
clile_status clile_i_warp_space_init(clile_i_warp_space *space, int32_t size)
{
    clile_status status = CLILE_OK;
    space->side = 2 * (int64_t)size + size / 8 + 8;
    CLILE_I_ALLOC(space->sums, 3 * space->side);
    CLILE_I_ALLOC(space->reduced, 3 * space->side * space->side);
cleanup:
    return status;
}

void clile_i_warp_space_free(clile_i_warp_space *space)
{
    clile_i_free(space->sums);
    clile_i_free(space->reduced);
    *space = (clile_i_warp_space){0};
}

clile_status clile_i_image_warp(const clile_i_image *src, const clile_i_affine *crop_to_src,
                                int32_t h, int32_t w, uint8_t *dst)
{
    clile_i_warp_space none = {0};
    return clile_i_image_warp_in(src, crop_to_src, h, w, &none, dst);
}

clile_status clile_i_image_warp_in(const clile_i_image *src, const clile_i_affine *crop_to_src,
                                   int32_t h, int32_t w, clile_i_warp_space *space, uint8_t *dst)
{
    clile_status status = CLILE_OK;
    const clile_i_affine *m = crop_to_src;
    uint32_t *own_sums = NULL, *sums = space->sums;
    uint8_t *own_reduced = NULL, *reduced = space->reduced;
    sampled from = {src->h, src->w, src->row_stride, src->rgb, src->format, 0.0, 0.0, 1, 1};

    if (h < 1 || w < 1 || src->h < 1 || src->w < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "warp of %d x %d to %d x %d pixels", src->w,
                            src->h, w, h);
    const double step_x = hypot(m->a, m->b), step_y = hypot(m->d, m->e);
    if (!clile_i_is_finite(step_x) || !clile_i_is_finite(step_y) || !clile_i_is_finite(m->c) ||
        !clile_i_is_finite(m->f))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "warp by an affine map that is not finite");

    /* Source pixels per crop pixel along the source's axes, rounded to whole boxes: from 1.5 up
     * they are averaged first. */
    const int32_t kx = (int32_t)fmin(fmax(floor(step_x + 0.5), 1.0), 4096.0);
    const int32_t ky = (int32_t)fmin(fmax(floor(step_y + 0.5), 1.0), 4096.0);
    if (kx > 1 || ky > 1) {
        int32_t x0, x1, y0, y1;
        covered_range(m->c, m->a, m->b, w, h, src->w, &x0, &x1);
        covered_range(m->f, m->d, m->e, w, h, src->h, &y0, &y1);
        from.w = (x1 - x0 + kx - 1) / kx;
        from.h = (y1 - y0 + ky - 1) / ky;
        from.row_stride = 3 * (int64_t)from.w;
        from.x0 = x0;
        from.y0 = y0;
        from.kx = kx;
        from.ky = ky;
        if (from.w > space->side || from.h > space->side) {
            CLILE_I_ALLOC(own_sums, 3 * (int64_t)from.w);
            CLILE_I_ALLOC(own_reduced, from.row_stride * from.h);
            sums = own_sums;
            reduced = own_reduced;
        }
        box_reduce(src, x0, y0, kx, ky, from.h, from.w, sums, reduced);
        from.rgb = reduced;
        from.format = CLILE_PIXELS_RGB;
    }
    if (from.format == CLILE_PIXELS_RGB)
        sample_rows(&from, (pixel_format){3, {0, 1, 2}}, m, h, w, dst);
    else
        sample_rows(&from, formats[from.format], m, h, w, dst);

cleanup:
    clile_i_free(own_reduced);
    clile_i_free(own_sums);
    return status;
}
