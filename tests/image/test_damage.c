/* What photographs suffer, each against its definition in double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 40, PLANE = SIZE * SIZE, LARGE = 530 };

static float src[3 * LARGE * LARGE], dst[3 * LARGE * LARGE];

/* Smooth patches with noise, so that neither the low nor the high frequencies are missing. */
static void fill(int size)
{
    clile_i_rng rng = clile_i_rng_make(21, 12);
    for (int i = 0; i < 3 * size * size; ++i) {
        const int x = i % size, y = i / size % size, k = i / size / size;
        const double v =
            128 + 70 * sin(0.11 * x + k) + 50 * cos(0.17 * y - k) + 25 * clile_i_rng_normal(&rng);
        src[i] = dst[i] = (float)fmin(fmax(v, 0), 255);
    }
}

static void near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.9g, expected %.9g", value, expected);
}

static double clamp(double value)
{
    return fmin(fmax(value, 0), 255);
}

static void tone_is_a_power_and_a_gain(void **state)
{
    static const double cases[][4] = {
        {0.5, 0, 0, 0}, {-0.7, 0, 0, 0}, {0, 0.3, -0.2, 0.05}, {2, 1, -1, 0}, {-0.3, -0.1, 0, 0.4}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
        fill(SIZE);
        src[0] = dst[0] = 0;
        src[1] = dst[1] = 255;
        clile_i_tone(SIZE, cases[c][0], cases[c] + 1, dst);
        for (int i = 0; i < 3 * PLANE; ++i) {
            const double v = (double)src[i] / 255;
            near(dst[i], clamp(255 * exp(cases[c][1 + i / PLANE]) * pow(v, exp(cases[c][0]))),
                 v > 0 && v < 0.02 ? 2 : 0.02); /* steep in the dark, where the table is coarse */
        }
    }
}

static void shade_is_linear(void **state)
{
    static const double cases[][2] = {{0.4, 0}, {0, -0.9}, {-1, 1}};
    (void)state;
    for (int c = 0; c < 3; ++c) {
        fill(SIZE);
        clile_i_shade(SIZE, cases[c][0], cases[c][1], dst);
        for (int i = 0; i < 3 * PLANE; ++i) {
            const double u = (i % SIZE + 0.5) / SIZE, w = (i / SIZE % SIZE + 0.5) / SIZE;
            near(dst[i],
                 clamp((double)src[i] * (1 + cases[c][0] * (u - 0.5) + cases[c][1] * (w - 0.5))),
                 1e-3);
        }
    }
}

static void edges_repeat(void **state)
{
    static const double cases[][4] = {
        {0.1, 0, 0, 0}, {0, 0.05, 0.15, 0}, {0, 0, 0, 0.12}, {0.1, 0.1, 0.1, 0.1}};
    (void)state;
    for (int c = 0; c < 4; ++c) {
        int32_t at[4];
        for (int k = 0; k < 4; ++k) at[k] = (int32_t)lround(cases[c][k] * SIZE);
        fill(SIZE);
        clile_i_edge(SIZE, cases[c], dst);
        for (int i = 0; i < 3 * PLANE; ++i) {
            int x = i % SIZE, y = i / SIZE % SIZE;
            x = x < at[0] ? at[0] : x > SIZE - 1 - at[2] ? SIZE - 1 - at[2] : x;
            y = y < at[1] ? at[1] : y > SIZE - 1 - at[3] ? SIZE - 1 - at[3] : y;
            assert_true(dst[i] == src[i / PLANE * PLANE + y * SIZE + x]);
        }
    }
}

/* ---- resolution ---- */

static double overlap(int pixel, double begin, double end)
{
    return fmax(fmin(pixel + 1.0, end) - fmax(pixel, begin), 0);
}

/* Pixel (i,j) of the smaller image: the mean over its square, part by part. */
static double square_mean(const float *plane, int size, int small, int i, int j)
{
    const double step = (double)size / small;
    double sum = 0;
    for (int y = (int)(j * step); y < size && y < (j + 1) * step; ++y)
        for (int x = (int)(i * step); x < size && x < (i + 1) * step; ++x)
            sum += overlap(x, i * step, (i + 1) * step) * overlap(y, j * step, (j + 1) * step) *
                   (double)plane[y * size + x];
    return sum / (step * step);
}

static void coarsening_averages_and_enlarges(void **state)
{
    static const struct {
        int size, small;
        double share;
    } cases[] = {{SIZE, 13, 0.33}, {SIZE, 20, 0.5}, {SIZE, 36, 0.9}, {SIZE, 39, 0.975},
                 {SIZE, 2, 0.05},  {13, 7, 0.5},    {5, 1, 0.1},     {LARGE, 477, 0.9}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
        const int size = cases[c].size, small = cases[c].small;
        fill(size);
        clile_i_coarsen(size, cases[c].share, dst);
        for (int i = 0; i < 3 * size * size; i += size == LARGE ? 997 : 1) {
            const double back = (double)small / size;
            const double px = fmin(fmax((i % size + 0.5) * back - 0.5, 0), small - 1),
                         py = fmin(fmax((i / size % size + 0.5) * back - 0.5, 0), small - 1);
            double sum = 0;
            for (int k = 0; k < 4; ++k) {
                const int x = (int)px + k % 2, y = (int)py + k / 2;
                const double weight = (1 - fabs(px - x)) * (1 - fabs(py - y));
                if (weight > 0)
                    sum += weight *
                           square_mean(src + i / (size * size) * size * size, size, small, x, y);
            }
            near(dst[i], sum, 2e-3);
        }
    }
    fill(SIZE);
    clile_i_coarsen(SIZE, 0.999, dst); /* rounds to the whole */
    assert_memory_equal(src, dst, 3 * PLANE * sizeof(float));
}

/* ---- noise ---- */

/* The quantile p of the normal distribution, by bisection. */
static double quantile(double p)
{
    double low = -9, high = 9;
    for (int i = 0; i < 100; ++i) {
        const double middle = 0.5 * (low + high);
        if (0.5 * erfc(-middle / sqrt(2)) < p)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void noise_is_the_generators(void **state)
{
    enum { LEVELS = 512 };
    double level[LEVELS], squares = 0;
    const uint64_t seed = 0x123456789abcdef;
    (void)state;
    for (int i = 0; i < LEVELS; ++i) {
        level[i] = quantile(0.5 + (i + 0.5) / (2 * LEVELS));
        squares += level[i] * level[i] / LEVELS;
    }
    assert_true(squares > 0.99 && squares < 1); /* what the ends lack is made up for below */
    fill(SIZE);
    clile_i_noise(SIZE, 0.08, seed, dst);
    for (uint32_t i = 0; i < 3 * PLANE; ++i) {
        const uint32_t counter[4] = {i / 12}, key[2] = {0x89abcdef, 0x1234567};
        uint32_t words[4];
        clile_i_philox4x32(counter, key, words);
        const uint32_t bits = words[i % 12 / 3] >> (i % 3 * 10) & 1023;
        const double z = level[bits % LEVELS] / sqrt(squares) * (bits < LEVELS ? 1 : -1);
        near(dst[i], clamp((double)src[i] + 0.08 * 255 * z), 1e-3);
    }
}

static void noise_is_normal(void **state)
{
    enum { N = 3 * LARGE * LARGE };
    double mean = 0, variance = 0, fourth = 0, pairs = 0;
    int within[3] = {0};
    (void)state;
    for (int i = 0; i < N; ++i) dst[i] = 128;
    clile_i_noise(LARGE, 0.05, 77, dst);
    for (int i = 0; i < N; ++i) {
        const double z = ((double)dst[i] - 128) / (255 * 0.05);
        mean += z / N;
        variance += z * z / N;
        fourth += z * z * z * z / N;
        if (i > 0) pairs += z * ((double)dst[i - 1] - 128) / (255 * 0.05) / N;
        for (int k = 0; k < 3; ++k) within[k] += fabs(z) < k + 1;
    }
    assert_true(fabs(mean) < 0.005 && fabs(variance - 1) < 0.008 && fabs(fourth - 3) < 0.1);
    assert_true(fabs(pairs) < 0.005);
    near((double)within[0] / N, 0.6827, 0.003);
    near((double)within[1] / N, 0.9545, 0.002);
    near((double)within[2] / N, 0.9973, 0.002); /* a level has 0.002 */
    for (int i = 0; i < 3 * PLANE; ++i) src[i] = 128;
    clile_i_noise(SIZE, 0.05, 78, src);
    int same = 0;
    for (int i = 0; i < 3 * PLANE; ++i) same += src[i] == dst[i];
    assert_true(same < 30); /* another seed: 5 expected */
}

/* ---- JPEG ---- */

/* T.81, tables K.1 and K.2, row by row. */
static const int steps[2][64] = {
    {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
     14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
     18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
     49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99},
    {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
     99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
     99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99}};

/* The block at (left,top) of plane [side,side] through its coefficients, by the definition. */
static void code_block(double *plane, int side, int left, int top, int table, int quality)
{
    const double pi = acos(-1), half = sqrt(0.5);
    double coefficient[64];
    for (int v = 0; v < 8; ++v)
        for (int u = 0; u < 8; ++u) {
            double sum = 0;
            for (int y = 0; y < 8; ++y)
                for (int x = 0; x < 8; ++x)
                    sum += plane[(top + y) * side + left + x] * cos((2 * x + 1) * u * pi / 16) *
                           cos((2 * y + 1) * v * pi / 16);
            sum *= 0.25 * (u ? 1 : half) * (v ? 1 : half);
            const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
            int step = (steps[table][8 * v + u] * scale + 50) / 100;
            step = step < 1 ? 1 : step > 255 ? 255 : step;
            coefficient[8 * v + u] = step * round(sum / step);
        }
    for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x) {
            double sum = 0;
            for (int v = 0; v < 8; ++v)
                for (int u = 0; u < 8; ++u)
                    sum += 0.25 * (u ? 1 : half) * (v ? 1 : half) * coefficient[8 * v + u] *
                           cos((2 * x + 1) * u * pi / 16) * cos((2 * y + 1) * v * pi / 16);
            plane[(top + y) * side + left + x] = sum;
        }
}

static void jpeg_matches_the_standard(void **state)
{
    enum { SIDE = 48, WHOLE = SIDE * SIDE, QUARTER = WHOLE / 4 }; /* 40 to whole units of 16 */
    static double luma[WHOLE], chroma[2][QUARTER];
    static const int qualities[] = {1, 15, 40, 50, 75, 100};
    (void)state;
    for (size_t c = 0; c < sizeof qualities / sizeof *qualities; ++c) {
        fill(SIZE);
        clile_i_jpeg(SIZE, qualities[c], dst);
        memset(chroma, 0, sizeof chroma);
        for (int i = 0; i < WHOLE; ++i) {
            const int x = i % SIDE < SIZE ? i % SIDE : SIZE - 1,
                      y = i / SIDE < SIZE ? i / SIDE : SIZE - 1;
            const double r = (double)src[y * SIZE + x], g = (double)src[PLANE + y * SIZE + x],
                         b = (double)src[2 * PLANE + y * SIZE + x],
                         light = 0.299 * r + 0.587 * g + 0.114 * b;
            const int quarter = i / SIDE / 2 * (SIDE / 2) + i % SIDE / 2;
            luma[i] = light - 128;
            chroma[0][quarter] += (b - light) / 1.772 / 4;
            chroma[1][quarter] += (r - light) / 1.402 / 4;
        }
        for (int y = 0; y < SIDE; y += 8)
            for (int x = 0; x < SIDE; x += 8) {
                code_block(luma, SIDE, x, y, 0, qualities[c]);
                if (x < SIDE / 2 && y < SIDE / 2)
                    for (int k = 0; k < 2; ++k)
                        code_block(chroma[k], SIDE / 2, x, y, 1, qualities[c]);
            }
        for (int i = 0; i < PLANE; ++i) {
            const int x = i % SIZE, y = i / SIZE, quarter = y / 2 * (SIDE / 2) + x / 2;
            const double light = luma[y * SIDE + x] + 128, blue = 1.772 * chroma[0][quarter],
                         red = 1.402 * chroma[1][quarter];
            near(dst[i], clamp(light + red), 0.02);
            near(dst[PLANE + i], clamp(light - (0.299 * red + 0.114 * blue) / 0.587), 0.02);
            near(dst[2 * PLANE + i], clamp(light + blue), 0.02);
        }
    }
}

/* ---- together ---- */

/* The input of a network is the crop after each of them, in the order that image.h gives. */
static void they_come_in_order(void **state)
{
    enum { MARGIN = 3, STORED = SIZE + 2 * MARGIN };
    static uint8_t stored[3 * STORED * STORED];
    static float out[3 * PLANE];
    clile_i_rng rng = clile_i_rng_make(5, 6);
    clile_i_jitter geometry = CLILE_I_JITTER_NONE, all;
    (void)state;
    for (size_t i = 0; i < sizeof stored; ++i)
        stored[i] = (uint8_t)(80 + clile_i_rng_below(&rng, 100));
    geometry.rotate = 12;
    geometry.flip = 1;
    all = geometry;
    all.brightness = 1.1;
    all.resolution = 0.6;
    all.blur = 0.7;
    all.noise = 0.03;
    all.noise_seed = 99;
    all.gamma = 0.2;
    all.tint[0] = 0.1;
    all.tint[2] = -0.1;
    all.shade_x = 0.3;
    all.shade_y = -0.2;
    all.jpeg = 90;
    all.edge[1] = 0.1;
    clile_i_crop_to_input(stored, MARGIN, SIZE, &all, 0, out);
    clile_i_crop_to_input(stored, MARGIN, SIZE, &geometry, 0, dst);
    for (int i = 0; i < 3 * PLANE; ++i)
        dst[i] =
            255 * (dst[i] * clile_i_input_deviation[i / PLANE] + clile_i_input_mean[i / PLANE]);
    clile_i_edge(SIZE, all.edge, dst);
    clile_i_tone(SIZE, all.gamma, all.tint, dst);
    for (int i = 0; i < 3 * PLANE; ++i) dst[i] = (float)clamp(1.1 * (double)dst[i]);
    clile_i_shade(SIZE, all.shade_x, all.shade_y, dst);
    clile_i_coarsen(SIZE, all.resolution, dst);
    clile_i_blur(SIZE, all.blur, dst);
    clile_i_noise(SIZE, all.noise, all.noise_seed, dst);
    clile_i_jpeg(SIZE, all.jpeg, dst);
    for (int i = 0; i < 3 * PLANE; ++i)
        near(255 * (out[i] * clile_i_input_deviation[i / PLANE] + clile_i_input_mean[i / PLANE]),
             dst[i], 0.02);
    /* each alone changes something; without any, nothing changes */
    for (int k = 0; k < 8; ++k) {
        clile_i_jitter one = geometry;
        if (k == 0) one.resolution = 0.6;
        if (k == 1) one.noise = 0.03;
        if (k == 2) one.gamma = 0.2;
        if (k == 3) one.tint[1] = 0.1;
        if (k == 4) one.shade_x = 0.3;
        if (k == 5) one.shade_y = 0.3;
        if (k == 6) one.jpeg = 75;
        if (k == 7) one.edge[3] = 0.1;
        clile_i_crop_to_input(stored, MARGIN, SIZE, &geometry, 0, out);
        clile_i_crop_to_input(stored, MARGIN, SIZE, &one, 0, dst);
        assert_memory_not_equal(out, dst, sizeof out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tone_is_a_power_and_a_gain),
        cmocka_unit_test(shade_is_linear),
        cmocka_unit_test(edges_repeat),
        cmocka_unit_test(coarsening_averages_and_enlarges),
        cmocka_unit_test(noise_is_the_generators),
        cmocka_unit_test(noise_is_normal),
        cmocka_unit_test(jpeg_matches_the_standard),
        cmocka_unit_test(they_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
