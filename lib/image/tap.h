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

#endif
