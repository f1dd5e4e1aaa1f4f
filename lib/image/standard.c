/* Crops of one mean and one spread:
 *     w = round(limit(128 + 56 (v - m) / (s + 8))), halves up, limit to [0, 255]
 * m and s are the mean and the standard deviation of all values v of the crop, channels together.
 * The sums are of integers, so training, which has planes of floats, and prediction, which has
 * pixels, get the same bits from the same crop. */
#include "image/image.h"

#include <math.h>

enum { VALUES = 256 };
const double clile_i_standard[3] = {128.0, 56.0, 8.0}; /* 8: little is made of no contrast */

/* w of each v, from the sums of n values and of their squares. */
static void make_table(int64_t n, int64_t sum, int64_t squares, uint8_t table[VALUES])
{
    const double *to = clile_i_standard, mean = (double)sum / (double)n,
                 variance = (double)squares / (double)n - mean * mean,
                 gain = to[1] / (sqrt(variance > 0.0 ? variance : 0.0) + to[2]);
    for (int32_t v = 0; v < VALUES; ++v) {
        const double w = to[0] + gain * (v - mean);
        table[v] = (uint8_t)(w < 0.0 ? 0.0 : w > 255.0 ? 255.0 : floor(w + 0.5));
    }
}

/* The nearest whole value of a pixel. */
static int32_t whole(float v)
{
    return v < 0.0f ? 0 : v > 255.0f ? 255 : (int32_t)(v + 0.5f);
}

void clile_i_standardize_planes(int32_t size, float *planes)
{
    uint8_t table[VALUES];
    const int64_t n = 3 * (int64_t)size * size;
    int64_t sum = 0, squares = 0;
    for (int64_t row = 0; row < 3 * (int64_t)size; ++row) {
        const float *v = planes + row * size;
        int32_t s = 0, q = 0;
        for (int32_t i = 0; i < size; ++i) {
            const int32_t value = whole(v[i]);
            s += value;
            q += value * value;
        }
        sum += s;
        squares += q;
    }
    make_table(n, sum, squares, table);
    for (int64_t i = 0; i < n; ++i) planes[i] = (float)table[whole(planes[i])];
}

void clile_i_standardize_pixels(const uint8_t *rgb, int64_t row_stride, int32_t size, uint8_t *dst)
{
    uint8_t table[VALUES];
    const int64_t row_size = 3 * (int64_t)size;
    int64_t sum = 0, squares = 0;
    for (int32_t y = 0; y < size; ++y) {
        const uint8_t *v = rgb + y * row_stride;
        int32_t s = 0, q = 0;
        for (int64_t i = 0; i < row_size; ++i) {
            s += v[i];
            q += v[i] * v[i];
        }
        sum += s;
        squares += q;
    }
    make_table(row_size * size, sum, squares, table);
    for (int32_t y = 0; y < size; ++y, dst += row_size) {
        const uint8_t *v = rgb + y * row_stride;
        for (int64_t i = 0; i < row_size; ++i) dst[i] = table[v[i]];
    }
}
