/* The look of a face at rest: the mean of pictures brought to one shape, and the difference of two
 * such means laid on a picture. */
#include "image/image.h"
#include "image/tap.h"

void clile_i_look_add(const uint8_t *rgb, int32_t size, const clile_i_field *place, int32_t side,
                      float *sum)
{
    for (int32_t y = 0; y < side; ++y)
        for (int32_t x = 0; x < side; ++x) {
            const double at[2] = {(x + 0.5) / side, (y + 0.5) / side};
            float move[2];
            clile_i_field_at(place, at[0], at[1], move);
            const clile_i_tap across = clile_i_tap_at((at[0] + (double)move[0]) * size - 0.5, size),
                              down = clile_i_tap_at((at[1] + (double)move[1]) * size - 0.5, size);
            float colour[3];
            clile_i_tap_colour(rgb, size, across, down, colour);
            float *at_place = sum + 4 * ((int64_t)y * side + x);
            for (int32_t k = 0; k < 3; ++k) at_place[k] += colour[k];
        }
}

typedef float four __attribute__((vector_size(16), aligned(4), may_alias)); /* a pixel */

/* The difference b - a, between a pixel and the next. */
static inline four between(const float *a, const float *b, int64_t next, float weight)
{
    const four left = *(const four *)b - *(const four *)a,
               right = *(const four *)(b + next) - *(const four *)(a + next);
    return left + weight * (right - left);
}

/* The place of the mean face is found as if moves were the same all around. */
void clile_i_look_at(const clile_i_look *look, int32_t n, const clile_i_spot *at, float move[][2],
                     float change[][4])
{
    const int32_t side = look->side;
    for (int32_t i = 0; i < n; ++i) {
        const clile_i_tap across =
                              clile_i_tap_at((at[i].x - (double)move[i][0]) * side - 0.5, side),
                          down = clile_i_tap_at((at[i].y - (double)move[i][1]) * side - 0.5, side);
        const int64_t pixel = 4 * ((int64_t)down.before * side + across.before),
                      next = 4 * across.step, below = 4 * (int64_t)down.step * side;
        const float *a = look->from + pixel, *b = look->to + pixel;
        const four top = between(a, b, next, across.weight),
                   bottom = between(a + below, b + below, next, across.weight);
        *(four *)change[i] = look->share * (top + down.weight * (bottom - top));
    }
}
