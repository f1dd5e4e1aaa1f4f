/* Patches: what is moved, scaled, and made brighter is followed; what is something else is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "face/face.h"

#include <math.h>

enum { H = 240, W = 320 };
static uint8_t pixels[H][W][3];
static const clile_i_image image = {H, W, 3 * W, &pixels[0][0][0], NULL, CLILE_PIXELS_RGB};

static clile_i_warp_space space;

/* Soft blobs, other ones for another seed; the picture's (x, y) is at x0 + scale x, y0 + ... */
static void draw(int seed, double x0, double y0, double scale, double gain, double offset)
{
    for (int y = 0; y < H; ++y)
        for (int x = 0; x < W; ++x) {
            const double u = (x - x0) / scale, v = (y - y0) / scale;
            /* waves that change, so that no place is like another */
            const double value = sin(0.0006 * u * u + 0.05 * v + seed) *
                                     cos(0.0005 * v * v - 0.03 * u + 2.0 * seed) +
                                 0.5 * sin(0.0003 * u * v + 3.0 * seed);
            const double level = offset + gain * (100.0 + 50.0 * value);
            for (int k = 0; k < 3; ++k) pixels[y][x][k] = (uint8_t)level;
        }
}

static void what_moves_and_grows_is_followed(void **state)
{
    (void)state;
    static const struct {
        double x, y, scale, gain, offset;
    } moves[] = {{0, 0, 1, 1, 0},     {7.5, -4, 1, 1, 0},  {-20, 15, 1, 1, 0},
                 {3, 2, 1.03, 1, 0},  {0, 0, 0.97, 1, 0},  {10, 0, 1, 0.6, 60},
                 {-29, -29, 1, 1, 0}, {5, 5, 1.04, 1.2, 5}};
    const float start[4] = {130, 90, 60, 60};
    clile_i_patch patch;
    for (size_t k = 0; k < sizeof moves / sizeof *moves; ++k) {
        float box[4] = {start[0], start[1], start[2], start[3]};
        double alike = 0.0;
        const double s = moves[k].scale;
        draw(1, 0, 0, 1.0, 1.0, 0.0);
        assert_int_equal(CLILE_OK, clile_i_patch_take(&space, &image, start, 1.0, &patch));
        /* scaled around the middle of the box */
        draw(1, moves[k].x + 160 * (1 - s), moves[k].y + 120 * (1 - s), s, moves[k].gain,
             moves[k].offset);
        assert_int_equal(CLILE_OK, clile_i_patch_follow(&space, &image, &patch, box, &alike));
        const double dx = (double)box[0] + (double)box[2] / 2 - (160 + moves[k].x),
                     dy = (double)box[1] + (double)box[3] / 2 - (120 + moves[k].y);
        if (!(alike > 0.97) || !(fabs(dx) < 1.3) || !(fabs(dy) < 1.3) ||
            !(fabs((double)box[2] - 60 * s) < 1.2) || box[2] != box[3])
            fail_msg("move %d: %.3f alike, off by %.2f, %.2f, side %.2f", (int)k, alike, dx, dy,
                     (double)box[2]);
    }
}

static void another_picture_is_not_alike(void **state)
{
    (void)state;
    const float start[4] = {130, 90, 60, 60};
    clile_i_patch patch, flat;
    for (int seed = 2; seed < 8; ++seed) {
        float box[4] = {start[0], start[1], start[2], start[3]};
        double alike = 1.0;
        draw(1, 0, 0, 0.4, 1.0, 0.0);
        assert_int_equal(CLILE_OK, clile_i_patch_take(&space, &image, start, 1.0, &patch));
        draw(seed, 0, 0, 0.55, 1.0, 0.0);
        assert_int_equal(CLILE_OK, clile_i_patch_follow(&space, &image, &patch, box, &alike));
        if (!(alike < 0.6)) fail_msg("seed %d: %.3f alike", seed, alike);
    }
    memset(pixels, 90, sizeof pixels);
    assert_int_equal(CLILE_OK, clile_i_patch_take(&space, &image, start, 1.0, &flat));
    assert_true(clile_i_patch_alike(&flat, &flat) == 0.0); /* nothing to follow */
    float box[4] = {start[0], start[1], start[2], start[3]};
    double alike = 1.0;
    assert_int_equal(CLILE_OK, clile_i_patch_follow(&space, &image, &patch, box, &alike));
    assert_true(alike == 0.0 && box[0] == start[0] && box[1] == start[1]);
}

static int open_space(void **state)
{
    (void)state;
    return clile_i_patch_space(&space) != CLILE_OK;
}

static int close_space(void **state)
{
    (void)state;
    clile_i_alloc_fail_at(0);
    clile_i_warp_space_free(&space);
    return 0;
}

/* Of any size and place: no memory is asked for. */
static void nothing_is_allocated(void **state)
{
    static const float boxes[][4] = {{40, 30, 40, 40}, {-20, -20, 30, 90}, {0, 0, 2000, 1500}};
    clile_i_patch patch;
    double alike;
    (void)state;
    draw(1, 0, 0, 1, 1, 0);
    clile_i_alloc_fail_at(1);
    for (size_t k = 0; k < sizeof boxes / sizeof *boxes; ++k) {
        float box[4];
        memcpy(box, boxes[k], sizeof box);
        assert_int_equal(CLILE_OK, clile_i_patch_take(&space, &image, box, 2.0, &patch));
        assert_int_equal(CLILE_OK, clile_i_patch_follow(&space, &image, &patch, box, &alike));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_moves_and_grows_is_followed),
        cmocka_unit_test(another_picture_is_not_alike),
        cmocka_unit_test(nothing_is_allocated),
    };
    return cmocka_run_group_tests(tests, open_space, close_space);
}
