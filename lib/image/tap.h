/* Where a position falls on an axis of pixels, for bilinear sampling: the pixel before it, the
 * step to the one after it, and that one's weight. Edges repeat. */
#ifndef CLILE_I_IMAGE_TAP_H
#define CLILE_I_IMAGE_TAP_H

#include <stdint.h>

typedef struct {
    int32_t before, step;
    float weight;
} clile_i_tap;

static inline clile_i_tap clile_i_tap_at(double position, int32_t width)
{
    const double last = width - 1.0, at = position < 0.0 ? 0.0 : position,
                 clamped = at > last ? last : at;
    const int32_t before = (int32_t)clamped;
    return (clile_i_tap){
        .before = before, .step = before + 1 < width, .weight = (float)(clamped - before)};
}

/* The colour of rgb [height,width,3] there. */
static inline void clile_i_tap_colour(const uint8_t *rgb, int32_t width, clile_i_tap across,
                                      clile_i_tap down, float colour[3])
{
    const int64_t line = 3 * (int64_t)width;
    const uint8_t *p = rgb + down.before * line + 3 * across.before, *q = p + down.step * line;
    const int32_t step = 3 * across.step;
    for (int32_t k = 0; k < 3; ++k) {
        const float above = (float)p[k] + across.weight * (float)(p[k + step] - p[k]),
                    below = (float)q[k] + across.weight * (float)(q[k + step] - q[k]);
        colour[k] = above + down.weight * (below - above);
    }
}

#endif
