/* One window of max pooling, up to eight channels at a time. Private to dnn. */
#ifndef CLILE_I_POOL_WINDOW_H
#define CLILE_I_POOL_WINDOW_H

#include "dnn/vector.h"

enum { CLILE_I_NO_WINNER = 255 }; /* an index that says: this window sends no gradient */

/* The part of a window inside the image: [begin, end) of its k rows or columns. */
typedef struct {
    int64_t begin, end;
} clile_i_window_span;

CLILE_I_INLINE clile_i_window_span clile_i_span_inside(int64_t start, int64_t k, int64_t size)
{
    return (clile_i_window_span){start < 0 ? -start : 0, size - start < k ? size - start : k};
}

/* *best = the maximum of sign * x over the window, *place = where it is first found (place NULL:
 * not needed). x: the window's corner, which may be outside the image; u, v: the part inside. */
CLILE_I_INLINE void clile_i_window_max(const float *x, int64_t corner, int64_t row, int64_t block,
                                       const int64_t k, const clile_i_window_span u,
                                       const clile_i_window_span v, const clile_i_v8 *sign,
                                       clile_i_v8 *best, clile_i_v8i *place, const int64_t width)
{
    clile_i_v8 most;
    clile_i_v8i at = (clile_i_v8i){0} + (int32_t)(u.begin * k + v.begin);
    CLILE_I_LOAD(most, x + (corner + u.begin * row + v.begin * block), width);
    if (sign != NULL) most *= *sign;
    for (int64_t i = u.begin; i < u.end; ++i) {
        for (int64_t j = v.begin; j < v.end; ++j) {
            clile_i_v8 value;
            CLILE_I_LOAD(value, x + (corner + i * row + j * block), width);
            if (sign != NULL) value *= *sign;
            /* NaN wins, as in PyTorch */
            const clile_i_v8i wins = (value > most) | (value != value);
            const clile_i_v8i here = (clile_i_v8i){0} + (int32_t)(i * k + j);
            most = (clile_i_v8)(((clile_i_v8i)value & wins) | ((clile_i_v8i)most & ~wins));
            if (place != NULL) at = (here & wins) | (at & ~wins);
        }
    }
    *best = most;
    if (place != NULL) *place = at;
}

/* dx += gradient at the place that `index` names */
CLILE_I_INLINE void clile_i_window_spread(float *dx, int64_t corner, int64_t row, int64_t block,
                                          const int64_t k, const clile_i_window_span u,
                                          const clile_i_window_span v, const clile_i_v8 *gradient,
                                          const uint8_t *index, const int64_t width)
{
    clile_i_v8i place;
    CLILE_I_LOAD_BYTES(place, index, width);
    for (int64_t i = u.begin; i < u.end; ++i) {
        for (int64_t j = v.begin; j < v.end; ++j) {
            float *target = dx + (corner + i * row + j * block);
            const clile_i_v8i here = place == (int32_t)(i * k + j);
            clile_i_v8 value;
            CLILE_I_LOAD(value, target, width);
            value += (clile_i_v8)((clile_i_v8i)*gradient & here);
            CLILE_I_STORE(target, value, width);
        }
    }
}

#endif
