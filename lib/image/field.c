/* Places of a crop that move: a field given at nodes, bilinear between them. */
#include "image/image.h"

static const double first = -0.1, apart = 1.2 / 23; /* of the nodes, in sides of the crop */

double clile_i_field_node(int32_t index)
{
    return first + apart * index;
}

/* The node before `at`, and how far behind it; outside, the nearest. */
static int32_t node_before(double at, float *behind)
{
    const double place = (at - first) / apart, last = CLILE_I_FIELD_SIDE - 1;
    const int32_t before = place < 0.0     ? 0
                           : place >= last ? CLILE_I_FIELD_SIDE - 2
                                           : (int32_t)place;
    const double rest = place - before;
    *behind = (float)(rest < 0.0 ? 0.0 : rest > 1.0 ? 1.0 : rest);
    return before;
}

void clile_i_field_at(const clile_i_field *field, double x, double y, float move[2])
{
    float u, v;
    const int32_t column = node_before(x, &u), row = node_before(y, &v);
    const float(*above)[2] = field->move + row * CLILE_I_FIELD_SIDE + column,
          (*below)[2] = above + CLILE_I_FIELD_SIDE;
    for (int k = 0; k < 2; ++k) {
        const float top = above[0][k] + u * (above[1][k] - above[0][k]),
                    bottom = below[0][k] + u * (below[1][k] - below[0][k]);
        move[k] = top + v * (bottom - top);
    }
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
