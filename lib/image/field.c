/* Places of a crop that move: a field given at nodes, bilinear between them. */
#include "image/image.h"

static const double first = -0.1, apart = 1.2 / 23; /* of the nodes, in sides of the crop */

double clile_i_field_node(int32_t index)
{
    return first + apart * index;
}

/* Outside, the nearest. */
clile_i_field_tap clile_i_field_tap_at(double at)
{
    const double place = (at - first) / apart, last = CLILE_I_FIELD_SIDE - 1;
    const int32_t before = place < 0.0     ? 0
                           : place >= last ? CLILE_I_FIELD_SIDE - 2
                                           : (int32_t)place;
    const double rest = place - before;
    return (clile_i_field_tap){before, (float)(rest < 0.0 ? 0.0 : rest > 1.0 ? 1.0 : rest)};
}

void clile_i_field_taps(const clile_i_field *field, int32_t n, const clile_i_field_tap *across,
                        const clile_i_field_tap *down, float move[][2])
{
    for (int32_t i = 0; i < n; ++i) {
        const float u = across[i].weight, v = down[i].weight;
        const float(*above)[2] =
            field->move + down[i].before * CLILE_I_FIELD_SIDE + across[i].before,
              (*below)[2] = above + CLILE_I_FIELD_SIDE;
        for (int k = 0; k < 2; ++k) {
            const float top = above[0][k] + u * (above[1][k] - above[0][k]),
                        bottom = below[0][k] + u * (below[1][k] - below[0][k]);
            move[i][k] = top + v * (bottom - top);
        }
    }
}

void clile_i_field_at(const clile_i_field *field, double x, double y, float move[2])
{
    const clile_i_field_tap across = clile_i_field_tap_at(x), down = clile_i_field_tap_at(y);
    float at[1][2];
    clile_i_field_taps(field, 1, &across, &down, at);
    move[0] = at[0][0];
    move[1] = at[0][1];
}

void clile_i_field_move(const clile_i_field *field, int64_t n, float *xy)
{
    for (int64_t i = 0; i < n; ++i) {
        float move[2];
        if (clile_i_is_nan((double)xy[2 * i])) continue;
        clile_i_field_at(field, (double)xy[2 * i], (double)xy[2 * i + 1], move);
        xy[2 * i] += move[0];
        xy[2 * i + 1] += move[1];
    }
}
