/* The look of a face at rest: the mean of pictures brought to one shape, and the difference of two
 * such means laid on a picture. */
#include "image/image.h"
#include "image/tap.h"

void clile_i_look_add(const uint8_t *rgb, int32_t size, const clile_i_field *place, int32_t side,
                      float *sum)
{
    const int64_t plane = (int64_t)side * side;
    for (int32_t y = 0; y < side; ++y)
        for (int32_t x = 0; x < side; ++x) {
            const double at[2] = {(x + 0.5) / side, (y + 0.5) / side};
            float move[2];
            clile_i_field_at(place, at[0], at[1], move);
            const clile_i_tap across = clile_i_tap_at((at[0] + (double)move[0]) * size - 0.5, size),
                              down = clile_i_tap_at((at[1] + (double)move[1]) * size - 0.5, size);
            float colour[3];
            clile_i_tap_colour(rgb, size, across, down, colour);
            for (int32_t k = 0; k < 3; ++k) sum[k * plane + (int64_t)y * side + x] += colour[k];
        }
}

/* The place of the mean face is found as if moves were the same all around. */
void clile_i_look_at(const clile_i_look *look, double x, double y, float change[3])
{
    const int32_t side = look->side;
    const int64_t plane = (int64_t)side * side;
    float move[2];
    clile_i_field_at(&look->place, x, y, move);
    const clile_i_tap across = clile_i_tap_at((x - (double)move[0]) * side - 0.5, side),
                      down = clile_i_tap_at((y - (double)move[1]) * side - 0.5, side);
    const int64_t at = (int64_t)down.before * side + across.before,
                  below = (int64_t)down.step * side;
    for (int32_t k = 0; k < 3; ++k) {
        const float *a = look->from + k * plane + at, *b = look->to + k * plane + at;
        float row[2];
        for (int i = 0; i < 2; ++i, a += below, b += below) {
            const float left = b[0] - a[0], right = b[across.step] - a[across.step];
            row[i] = left + across.weight * (right - left);
        }
        change[k] = look->share * (row[0] + down.weight * (row[1] - row[0]));
    }
}
