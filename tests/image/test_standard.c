/* Crops of one mean and one spread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"

#include <math.h>
#include <string.h>

enum { SIZE = 37, STRIDE = 3 * SIZE + 11, VALUES = 3 * SIZE * SIZE };

static uint8_t rgb[SIZE * STRIDE], out[VALUES];
static float planes[VALUES];

/* Values around `mean`, and their planes. */
static void fill(uint64_t seed, double mean, double half)
{
    clile_i_rng rng = clile_i_rng_make(seed, 1);
    memset(rgb, 77, sizeof rgb); /* what lies between rows counts for nothing */
    for (int y = 0; y < SIZE; ++y)
        for (int i = 0; i < 3 * SIZE; ++i) {
            const double v = mean + clile_i_rng_range(&rng, -half, half);
            rgb[y * STRIDE + i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
            planes[(i % 3 * SIZE + y) * SIZE + i / 3] = (float)rgb[y * STRIDE + i];
        }
}

static uint8_t pixel(int k, int y, int x)
{
    return out[3 * (y * SIZE + x) + k];
}

/* The definition, in two passes. */
static double definition(double v)
{
    double mean = 0, variance = 0;
    for (int y = 0; y < SIZE; ++y)
        for (int i = 0; i < 3 * SIZE; ++i) mean += (double)rgb[y * STRIDE + i] / VALUES;
    for (int y = 0; y < SIZE; ++y)
        for (int i = 0; i < 3 * SIZE; ++i)
            variance += pow((double)rgb[y * STRIDE + i] - mean, 2) / VALUES;
    const double w = 128 + 56 / (sqrt(variance) + 8) * (v - mean);
    return w < 0 ? 0 : w > 255 ? 255 : w;
}

static void matches_the_definition(void **state)
{
    static const double crops[][2] = {{128, 60}, {40, 30}, {200, 100}, {128, 300}, {250, 3}};
    (void)state;
    for (uint64_t c = 0; c < sizeof crops / sizeof crops[0]; ++c) {
        double expected[256];
        fill(c, crops[c][0], crops[c][1]);
        for (int v = 0; v < 256; ++v) expected[v] = definition(v);
        clile_i_standardize_pixels(rgb, STRIDE, SIZE, out);
        for (int y = 0; y < SIZE; ++y)
            for (int i = 0; i < 3 * SIZE; ++i) {
                const double w = expected[rgb[y * STRIDE + i]];
                if (!(fabs((double)out[y * 3 * SIZE + i] - w) <= 0.5 + 1e-9))
                    fail_msg("%d became %d, expected %.4f", rgb[y * STRIDE + i],
                             out[y * 3 * SIZE + i], w);
            }
    }
}

/* What training reads of a crop has the bits of what prediction reads of it. */
static void planes_are_as_pixels(void **state)
{
    static float input[VALUES], trained[VALUES];
    const clile_i_jitter none = CLILE_I_JITTER_NONE;
    (void)state;
    for (uint64_t c = 0; c < 20; ++c) {
        static uint8_t packed[VALUES];
        fill(c, 20.0 + 11 * (double)c, 5.0 + 9 * (double)c);
        for (int y = 0; y < SIZE; ++y)
            memcpy(packed + y * 3 * SIZE, rgb + y * STRIDE, (size_t)3 * SIZE);
        clile_i_standardize_pixels(rgb, STRIDE, SIZE, out);
        clile_i_standardize_planes(SIZE, planes);
        for (int k = 0; k < 3; ++k)
            for (int y = 0; y < SIZE; ++y)
                for (int x = 0; x < SIZE; ++x)
                    assert_true(planes[(k * SIZE + y) * SIZE + x] == (float)pixel(k, y, x));
        clile_i_pixels_to_input(out, (int64_t)3 * SIZE, SIZE, input);
        clile_i_crop_to_input(packed, 0, SIZE, &none, 1, trained);
        assert_memory_equal(input, trained, sizeof input);
    }
}

/* After damage, values are no whole numbers, or beyond the ends by a rounding error. */
static void planes_are_rounded_first(void **state)
{
    static float whole[VALUES];
    clile_i_rng rng = clile_i_rng_make(3, 3);
    (void)state;
    fill(1, 128, 127);
    for (int i = 0; i < VALUES; ++i) {
        whole[i] = planes[i];
        planes[i] += (float)clile_i_rng_range(&rng, -0.49, 0.49);
    }
    whole[0] = 0, planes[0] = -0.001f;
    whole[1] = 255, planes[1] = 255.001f;
    clile_i_standardize_planes(SIZE, planes);
    clile_i_standardize_planes(SIZE, whole);
    assert_memory_equal(planes, whole, sizeof whole);
}

/* It comes after all damage: less light and less contrast hardly count. */
static void damage_is_undone(void **state)
{
    static uint8_t packed[VALUES];
    static float plain[VALUES], dark[VALUES];
    clile_i_jitter jitter = CLILE_I_JITTER_NONE;
    (void)state;
    fill(2, 120, 90);
    for (int y = 0; y < SIZE; ++y)
        memcpy(packed + y * 3 * SIZE, rgb + y * STRIDE, (size_t)3 * SIZE);
    jitter.brightness = 0.7;
    for (int standardize = 0; standardize < 2; ++standardize) {
        const clile_i_jitter none = CLILE_I_JITTER_NONE;
        double most = 0;
        clile_i_crop_to_input(packed, 0, SIZE, &none, standardize, plain);
        clile_i_crop_to_input(packed, 0, SIZE, &jitter, standardize, dark);
        for (int i = 0; i < VALUES; ++i) most = fmax(most, fabs((double)(plain[i] - dark[i])));
        assert_true(standardize ? most < 0.15 : most > 0.9);
    }
}

/* A crop without contrast is grey; an extreme one stays in the range. */
static void crops_without_contrast(void **state)
{
    (void)state;
    for (int v = 0; v < 256; v += 5) {
        memset(rgb, v, sizeof rgb);
        clile_i_standardize_pixels(rgb, STRIDE, SIZE, out);
        for (int i = 0; i < VALUES; ++i) assert_int_equal(out[i], 128);
        for (int i = 0; i < VALUES; ++i) planes[i] = (float)v;
        clile_i_standardize_planes(SIZE, planes);
        for (int i = 0; i < VALUES; ++i) assert_true(planes[i] == 128.0f);
    }
    memset(rgb, 0, sizeof rgb);
    rgb[0] = 255; /* one point: 56 / (s + 8) is 4.4 */
    clile_i_standardize_pixels(rgb, STRIDE, SIZE, out);
    assert_int_equal(out[0], 255);
    assert_int_equal(out[1], 128);
    const uint8_t one[3] = {9, 9, 200};
    clile_i_standardize_pixels(one, 3, 1, out);
    assert_true(out[0] == out[1] && out[0] < 128 && out[2] > 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_definition),   cmocka_unit_test(planes_are_as_pixels),
        cmocka_unit_test(planes_are_rounded_first), cmocka_unit_test(damage_is_undone),
        cmocka_unit_test(crops_without_contrast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
