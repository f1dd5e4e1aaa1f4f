/* Grey images of any size against plain sums in double precision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"

#include <math.h>

enum { H = 37, W = 53 };

static uint8_t rgb[H][W][3];

static double luma(int y, int x)
{
    return (77.0 * rgb[y][x][0] + 150.0 * rgb[y][x][1] + 29.0 * rgb[y][x][2]) / 256.0;
}

static void fill(void)
{
    clile_i_rng rng = clile_i_rng_make(3, 1);
    for (int y = 0; y < H; ++y)
        for (int x = 0; x < W; ++x)
            for (int k = 0; k < 3; ++k) rgb[y][x][k] = (uint8_t)clile_i_rng_below(&rng, 256);
}

static double overlap(double a, double b, int pixel)
{
    return fmax(0.0, fmin(b, pixel + 1.0) - fmax(a, pixel));
}

static void averages_of_the_area(void **state)
{
    (void)state;
    enum { TO_H = 11, TO_W = 20 };
    uint8_t grey[TO_H][TO_W];
    fill();
    const clile_i_image image = {H, W, 3 * W, &rgb[0][0][0], NULL, CLILE_PIXELS_RGB};
    assert_int_equal(CLILE_OK, clile_i_image_grey(&image, TO_H, TO_W, &grey[0][0]));
    for (int v = 0; v < TO_H; ++v)
        for (int u = 0; u < TO_W; ++u) {
            double sum = 0.0, all = 0.0;
            for (int y = 0; y < H; ++y)
                for (int x = 0; x < W; ++x) {
                    const double part = overlap((double)v * H / TO_H, (v + 1.0) * H / TO_H, y) *
                                        overlap((double)u * W / TO_W, (u + 1.0) * W / TO_W, x);
                    sum += part * luma(y, x);
                    all += part;
                }
            assert_true(fabs(grey[v][u] - sum / all) < 1.5);
        }
}

static void bilinear_where_it_grows(void **state)
{
    (void)state;
    enum { TO_H = 90, TO_W = 100 };
    uint8_t grey[TO_H][TO_W];
    fill();
    const clile_i_image image = {H, W, 3 * W, &rgb[0][0][0], NULL, CLILE_PIXELS_RGB};
    assert_int_equal(CLILE_OK, clile_i_image_grey(&image, TO_H, TO_W, &grey[0][0]));
    for (int v = 0; v < TO_H; ++v)
        for (int u = 0; u < TO_W; ++u) {
            const double y = fmin(fmax((v + 0.5) * H / TO_H - 0.5, 0.0), H - 1.0),
                         x = fmin(fmax((u + 0.5) * W / TO_W - 0.5, 0.0), W - 1.0);
            const int y0 = (int)y, x0 = (int)x, y1 = y0 + 1 < H ? y0 + 1 : y0,
                      x1 = x0 + 1 < W ? x0 + 1 : x0;
            const double b = y - y0, a = x - x0;
            const double is = (1 - b) * ((1 - a) * luma(y0, x0) + a * luma(y0, x1)) +
                              b * ((1 - a) * luma(y1, x0) + a * luma(y1, x1));
            assert_true(fabs(grey[v][u] - is) < 3.0);
        }
}

static void the_same_size_and_formats(void **state)
{
    (void)state;
    uint8_t grey[H][W], again[H][W], bgra[H][W][4], single[H][W];
    fill();
    for (int y = 0; y < H; ++y)
        for (int x = 0; x < W; ++x) {
            for (int k = 0; k < 3; ++k) bgra[y][x][k] = rgb[y][x][2 - k];
            bgra[y][x][3] = 7;
        }
    const clile_i_image image = {H, W, 3 * W, &rgb[0][0][0], NULL, CLILE_PIXELS_RGB},
                        other = {H, W, 4 * W, &bgra[0][0][0], NULL, CLILE_PIXELS_BGRA};
    assert_int_equal(CLILE_OK, clile_i_image_grey(&image, H, W, &grey[0][0]));
    for (int y = 0; y < H; ++y)
        for (int x = 0; x < W; ++x) assert_true(fabs(grey[y][x] - luma(y, x)) <= 0.5);
    assert_int_equal(CLILE_OK, clile_i_image_grey(&other, H, W, &again[0][0]));
    assert_memory_equal(grey, again, sizeof grey);
    const clile_i_image own = {H, W, W, &grey[0][0], NULL, CLILE_PIXELS_GREY};
    assert_int_equal(CLILE_OK, clile_i_image_grey(&own, H, W, &single[0][0]));
    assert_memory_equal(grey, single, sizeof grey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages_of_the_area),
        cmocka_unit_test(bilinear_where_it_grows),
        cmocka_unit_test(the_same_size_and_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
