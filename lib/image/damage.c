/* Defects that photographs have and renders do not: light, colour, resolution, noise, and a picture
 * that ends inside the crop. In place on planes [3,size,size] of values in [0,255]. Runs for the
 * input of every step, so it allocates nothing. */
#include "image/image.h"
#include "image/tap.h"

#include <math.h>

static float limit(float value)
{
    value = value < 0.0f ? 0.0f : value;
    return value > 255.0f ? 255.0f : value;
}

/* ---- tone: v <- limit(e^tint 255 (v / 255)^(e^gamma)) ---- */

enum { NODES = 1024 }; /* a table with linear interpolation: pow() is too slow */

void clile_i_tone(int32_t size, double gamma, const double tint[3], float *planes)
{
    float power[NODES + 2];
    const int64_t plane = (int64_t)size * size;
    const double exponent = exp(gamma);
    const float nodes = (float)NODES;
    for (int32_t i = 0; i <= NODES; ++i)
        power[i] = gamma != 0.0 ? 255.0f * powf((float)i / nodes, (float)exponent)
                                : 255.0f * (float)i / nodes;
    power[NODES + 1] = power[NODES];
    for (int32_t k = 0; k < 3; ++k) {
        const float gain = (float)exp(tint[k]);
        float *v = planes + k * plane;
        for (int64_t i = 0; i < plane; ++i) {
            const float at = v[i] * (nodes / 255.0f);
            const int32_t node = at < nodes ? (int32_t)at : NODES;
            v[i] =
                limit(gain * (power[node] + (at - (float)node) * (power[node + 1] - power[node])));
        }
    }
}

/* ---- shade: light that changes across the crop, times 1 + x (u - 1/2) + y (v - 1/2) at (u, v) in
 * units of its side ---- */

void clile_i_shade(int32_t size, double x, double y, float *planes)
{
    const float step = (float)(x / size);
    for (int32_t row = 0; row < 3 * size; ++row) {
        float *v = planes + (int64_t)row * size;
        const float first =
            (float)(1.0 + x * (0.5 / size - 0.5) + y * ((row % size + 0.5) / size - 0.5));
        for (int32_t i = 0; i < size; ++i) v[i] = limit(v[i] * (first + step * (float)i));
    }
}

/* ---- edge: the first and last columns and rows become copies of the next one inside ---- */

void clile_i_edge(int32_t size, const double share[4], float *planes)
{
    const int32_t left = (int32_t)(share[0] * size + 0.5), top = (int32_t)(share[1] * size + 0.5),
                  right = size - 1 - (int32_t)(share[2] * size + 0.5),
                  bottom = size - 1 - (int32_t)(share[3] * size + 0.5);
    for (int32_t k = 0; k < 3; ++k)
        for (int32_t y = 0; y < size; ++y) {
            float *plane = planes + (int64_t)k * size * size, *row = plane + (int64_t)y * size;
            for (int32_t x = 0; x < left; ++x) row[x] = row[left];
            for (int32_t x = right + 1; x < size; ++x) row[x] = row[right];
        }
    for (int32_t k = 0; k < 3; ++k)
        for (int32_t y = 0; y < size; ++y) {
            float *plane = planes + (int64_t)k * size * size;
            const float *inside = plane + (int64_t)(y < top ? top : bottom) * size;
            if (y >= top && y <= bottom) continue;
            for (int32_t x = 0; x < size; ++x) plane[(int64_t)y * size + x] = inside[x];
        }
}

/* ---- resolution: each axis averaged over size / small pixels, then bilinear back ---- */

enum {
    SIZE_MOST = CLILE_I_CROP_LARGEST,
    ROWS = 4,  /* coarsened together: 64 KiB of stack */
    RUN = 512, /* columns coarsened together */
};

/* The pixels under pixel j of the smaller axis: all of those between first and last, and shares of
 * these two. */
typedef struct {
    int32_t first, last;
    float head, tail, inverse; /* inverse: 1 / the number of pixels */
} span;

static span span_at(double step, int32_t j, int32_t size)
{
    const double begin = j * step, end = begin + step < size ? begin + step : size;
    const int32_t first = (int32_t)begin, under = (int32_t)end,
                  last = under < end ? under : under - 1; /* above first, because step is above 1 */
    return (span){.first = first,
                  .last = last,
                  .head = (float)(first + 1 - begin),
                  .tail = (float)(end - last),
                  .inverse = (float)(1.0 / (end - begin))};
}

/* ROWS rows of a plane [size,size], or the same ones several times. */
static void coarsen_rows(int32_t size, int32_t small, float *const row[ROWS])
{
    float mean[SIZE_MOST][ROWS];
    const double step = (double)size / small, back = (double)small / size;
    for (int32_t j = 0; j < small; ++j) {
        const span s = span_at(step, j, size);
        for (int32_t k = 0; k < ROWS; ++k) {
            float sum = s.head * row[k][s.first] + s.tail * row[k][s.last];
            for (int32_t i = s.first + 1; i < s.last; ++i) sum += row[k][i];
            mean[j][k] = s.inverse * sum;
        }
    }
    for (int32_t x = 0; x < size; ++x) {
        const clile_i_tap at = clile_i_tap_at((x + 0.5) * back - 0.5, small);
        const float *before = mean[at.before], *after = mean[at.before + at.step];
        for (int32_t k = 0; k < ROWS; ++k)
            row[k][x] = before[k] + at.weight * (after[k] - before[k]);
    }
}

/* Averages the rows under row j of the smaller image. */
static void mean_of_rows(int32_t size, double step, int32_t j, int32_t count, const float *plane,
                         float *mean)
{
    const span s = span_at(step, j, size);
    const float *first = plane + (int64_t)s.first * size, *last = plane + (int64_t)s.last * size;
    for (int32_t x = 0; x < count; ++x) mean[x] = s.head * first[x] + s.tail * last[x];
    for (int32_t i = s.first + 1; i < s.last; ++i)
        for (int32_t x = 0; x < count; ++x) mean[x] += plane[(int64_t)i * size + x];
    for (int32_t x = 0; x < count; ++x) mean[x] *= s.inverse;
}

/* `count` columns, from the first of plane [size,size]. Rows are written in order. The two means
 * for a row are taken before any row under them is overwritten. */
static void coarsen_columns(int32_t size, int32_t small, int32_t count, float *plane)
{
    float mean[2][RUN]; /* of the rows 2 i and 2 i + 1 of the smaller image */
    const double step = (double)size / small, back = (double)small / size;
    int32_t done = 0;
    for (int32_t y = 0; y < size; ++y) {
        const clile_i_tap at = clile_i_tap_at((y + 0.5) * back - 0.5, small);
        for (; done <= at.before + at.step; ++done)
            mean_of_rows(size, step, done, count, plane, mean[done % 2]);
        const float *above = mean[at.before % 2], *below = mean[(at.before + at.step) % 2];
        float *row = plane + (int64_t)y * size;
        for (int32_t x = 0; x < count; ++x) row[x] = above[x] + at.weight * (below[x] - above[x]);
    }
}

void clile_i_coarsen(int32_t size, double share, float *planes)
{
    const int32_t rounded = (int32_t)(share * size + 0.5), small = rounded > 0 ? rounded : 1;
    if (small >= size) return;
    for (int32_t y = 0; y < 3 * size; y += ROWS) {
        float *row[ROWS];
        for (int32_t k = 0; k < ROWS; ++k)
            row[k] = planes + (int64_t)(y + k < 3 * size ? y + k : 3 * size - 1) * size;
        coarsen_rows(size, small, row);
    }
    for (int32_t k = 0; k < 3; ++k)
        for (int32_t x = 0; x < size; x += RUN)
            coarsen_columns(size, small, size - x < RUN ? size - x : RUN,
                            planes + (int64_t)k * size * size + x);
}

/* ---- noise: Gaussian, one draw a value ---- */

enum { LEVELS = 512, DRAWS = 12 }; /* levels of |z|; draws from a block of the generator */

/* The quantile of the standard normal distribution at p >= 1/2, to 1e-8: P. J. Acklam's rational
 * approximations (2003). */
static double normal_quantile(double p)
{
    static const double a[6] = {-3.969683028665376e+01, 2.209460984245205e+02,
                                -2.759285104469687e+02, 1.383577518672690e+02,
                                -3.066479806614716e+01, 2.506628277459239e+00},
                        b[5] = {-5.447609879822406e+01, 1.615858368580409e+02,
                                -1.556989798598866e+02, 6.680131188771972e+01,
                                -1.328068155288572e+01},
                        c[6] = {-7.784894002430293e-03, -3.223964580411365e-01,
                                -2.400758277161838e+00, -2.549732539343734e+00,
                                4.374664141464968e+00,  2.938163982698783e+00},
                        d[4] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                                3.754408661907416e+00};
    if (p > 0.97575) {
        const double q = sqrt(-2.0 * log(1.0 - p));
        return -(((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
               ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1.0);
    }
    const double q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1.0);
}

/* level [2 LEVELS]: the normal distribution cut into parts of equal probability, a value for each,
 * the negative ones last; of the given standard deviation. */
static void make_levels(double deviation, float *level)
{
    double z[LEVELS], squares = 0.0;
    const double levels = (double)LEVELS;
    for (int32_t i = 0; i < LEVELS; ++i) {
        z[i] = normal_quantile(0.5 + (i + 0.5) / (2.0 * levels));
        squares += z[i] * z[i];
    }
    const double factor = deviation / sqrt(squares / levels);
    for (int32_t i = 0; i < LEVELS; ++i) {
        level[i] = (float)(factor * z[i]);
        level[i + LEVELS] = -level[i];
    }
}

/* Block b of Philox with the seed as its key gives values 12 b to 12 b + 11: bits 0..9, 10..19 and
 * 20..29 of its first word, then of the others. */
void clile_i_noise(int32_t size, double deviation, uint64_t seed, float *planes)
{
    float level[2 * LEVELS];
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const int64_t n = 3 * (int64_t)size * size;
    make_levels(255.0 * deviation, level);
    for (int64_t i = 0; i < n; i += DRAWS) {
        const uint32_t counter[4] = {(uint32_t)(i / DRAWS), 0, 0, 0};
        uint32_t words[4];
        const int64_t left = n - i < DRAWS ? n - i : DRAWS;
        clile_i_philox4x32(counter, key, words);
        for (int64_t k = 0; k < left; ++k) {
            const uint32_t draw = words[k / 3] >> (10 * (k % 3)) & (2 * LEVELS - 1);
            planes[i + k] = limit(planes[i + k] + level[draw]);
        }
    }
}
