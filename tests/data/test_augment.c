/* Random draws for the images of a step, and erased rectangles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/data.h"

#include <math.h>
#include <string.h>

enum { SIZE = 40, PLANE = SIZE * SIZE };

static const clile_i_augment everything = {.flip = 1,
                                           .scale = 0.1,
                                           .shift = 0.05,
                                           .brightness = 0.2,
                                           .contrast = 0.3,
                                           .saturation = 0.4,
                                           .grayscale = 0.2,
                                           .blur = 0.6,
                                           .blur_least = 0.5,
                                           .blur_most = 3,
                                           .erase = 0.7,
                                           .erase_area = 0.33,
                                           .rotate = 25,
                                           .resolution = 0.4,
                                           .resolution_least = 0.3,
                                           .noise = 0.1,
                                           .gamma = 0.5,
                                           .tint = 0.2,
                                           .shade = 0.6,
                                           .jpeg = 0.3,
                                           .edge = 0.5};

/* The draws in their order, repeated here from the generator itself. Switching off the late ones
 * leaves the early ones unchanged. */
static void old_draws_are_what_they_were(void **state)
{
    (void)state;
    for (int64_t step = 0; step < 50; ++step) {
        clile_i_rng rng = clile_i_rng_make(9, (uint64_t)0x52 << 56 | (uint64_t)step << 20 | 5);
        clile_i_augment off = everything;
        off.grayscale = off.blur = off.erase = off.rotate = 0;
        off.resolution = off.jpeg = off.edge = 0;
        const clile_i_jitter a = clile_i_augment_draw(&everything, 9, step, 5),
                             b = clile_i_augment_draw(&off, 9, step, 5);
        assert_int_equal(a.flip, clile_i_rng_uniform(&rng) < 0.5);
        assert_true(a.scale == 1 + clile_i_rng_range(&rng, -0.1, 0.1));
        assert_true(a.shift_x == clile_i_rng_range(&rng, -0.05, 0.05));
        assert_true(a.shift_y == clile_i_rng_range(&rng, -0.05, 0.05));
        assert_true(a.brightness == 1 + clile_i_rng_range(&rng, -0.2, 0.2));
        assert_true(a.contrast == 1 + clile_i_rng_range(&rng, -0.3, 0.3));
        assert_true(a.saturation == 1 + clile_i_rng_range(&rng, -0.4, 0.4));
        assert_true(a.flip == b.flip && a.scale == b.scale && a.shift_x == b.shift_x &&
                    a.shift_y == b.shift_y);
        assert_true(a.brightness == b.brightness && a.contrast == b.contrast &&
                    a.saturation == b.saturation);
        assert_true(b.grey == 0 && b.blur == 0 && b.rotate == 0);
        assert_int_equal(a.grey, clile_i_rng_uniform(&rng) < 0.2);
        const double chance = clile_i_rng_uniform(&rng),
                     deviation = clile_i_rng_range(&rng, 0.5, 3);
        assert_true(a.blur == (chance < 0.6 ? deviation : 0));
        assert_true(a.rotate == clile_i_rng_range(&rng, -25, 25));
        assert_true(b.resolution == 0 && b.jpeg == 0);
        for (int k = 0; k < 4; ++k) assert_true(b.edge[k] == 0);
        const int coarse = clile_i_rng_uniform(&rng) < 0.4;
        const double side = 0.3 * pow(3, clile_i_rng_uniform(&rng));
        assert_true(fabs(a.resolution - (coarse ? side : 0)) < 1e-12);
        assert_true(a.noise == clile_i_rng_range(&rng, 0, 0.1));
        assert_true(a.noise_seed == (uint64_t)(clile_i_rng_uniform(&rng) * 0x1p53));
        assert_true(a.gamma == clile_i_rng_range(&rng, -0.5, 0.5));
        for (int k = 0; k < 3; ++k) assert_true(a.tint[k] == clile_i_rng_range(&rng, -0.2, 0.2));
        assert_true(a.shade_x == clile_i_rng_range(&rng, -0.6, 0.6));
        assert_true(a.shade_y == clile_i_rng_range(&rng, -0.6, 0.6));
        const int coded = clile_i_rng_uniform(&rng) < 0.3;
        const double quality = 15 + 61 * clile_i_rng_uniform(&rng);
        assert_int_equal(a.jpeg, coded ? (int)quality : 0);
    }
}

static void grey_and_blur_come_as_often_as_asked(void **state)
{
    enum { DRAWS = 4000 };
    int grey = 0, blur = 0, both = 0;
    double least = 99, most = 0;
    (void)state;
    for (int i = 0; i < DRAWS; ++i) {
        const clile_i_jitter j = clile_i_augment_draw(&everything, 3, i / 8, i % 8);
        grey += j.grey;
        blur += j.blur > 0;
        both += j.grey && j.blur > 0;
        if (j.blur > 0) least = fmin(least, j.blur);
        most = fmax(most, j.blur);
    }
    assert_in_range(grey, 700, 900);   /* 800, deviation 25 */
    assert_in_range(blur, 2276, 2524); /* 2400, deviation 31 */
    assert_in_range(both, 396, 564);   /* 480, deviation 21 */
    assert_true(least >= 0.5 && least < 0.52 && most <= 3 && most > 2.98);
}

/* Every range is filled evenly from end to end. */
static void turns_fill_their_range(void **state)
{
    enum { DRAWS = 4000 };
    double sum = 0, squares = 0, least = 99, most = -99;
    (void)state;
    for (int i = 0; i < DRAWS; ++i) {
        const double turn = clile_i_augment_draw(&everything, 3, i / 8, i % 8).rotate;
        sum += turn;
        squares += turn * turn;
        least = fmin(least, turn);
        most = fmax(most, turn);
    }
    assert_true(least >= -25 && least < -24.9 && most <= 25 && most > 24.9);
    assert_true(fabs(sum / DRAWS) < 1);                      /* deviation 0.23 */
    assert_true(fabs(squares / DRAWS - 25 * 25 / 3.0) < 10); /* deviation 2.9 */
}

/* How often, how much, and independently of each other. */
static void damage_comes_as_often_as_asked(void **state)
{
    enum { DRAWS = 8000 };
    int coarse = 0, coded = 0, cut = 0, sides[4] = {0}, two = 0, both = 0, seeds = 0;
    double log_side = 0, quality = 0, width = 0, widest = 0, noise = 0, least = 9, most = 0;
    int32_t best = 0, worst = 99;
    uint64_t last = 0;
    (void)state;
    for (int i = 0; i < DRAWS; ++i) {
        const clile_i_jitter j = clile_i_augment_draw(&everything, 3, i / 8, i % 8);
        int here = 0;
        for (int k = 0; k < 4; ++k) {
            assert_true(j.edge[k] >= 0 && j.edge[k] <= 0.15);
            sides[k] += j.edge[k] > 0;
            here += j.edge[k] > 0;
            width += j.edge[k];
            widest = fmax(widest, j.edge[k]);
        }
        cut += here > 0;
        two += here == 2;
        assert_true(here <= 2);
        noise += j.noise / DRAWS;
        seeds += j.noise_seed != last;
        last = j.noise_seed;
        both += j.resolution > 0 && j.jpeg > 0;
        if (j.resolution > 0) {
            ++coarse;
            log_side += log(j.resolution);
            least = fmin(least, j.resolution);
            most = fmax(most, j.resolution);
        }
        if (j.jpeg > 0) {
            ++coded;
            quality += j.jpeg;
            best = j.jpeg > best ? j.jpeg : best;
            worst = j.jpeg < worst ? j.jpeg : worst;
        }
    }
    assert_in_range(coarse, 3024, 3376);                               /* 3200, deviation 44 */
    assert_in_range(coded, 2236, 2564);                                /* 2400, deviation 41 */
    assert_in_range(both, 844, 1076);                                  /* 960, deviation 29 */
    assert_in_range(cut, 3820, 4180);                                  /* 4000, deviation 45 */
    assert_in_range(two, 1844, 2156);                                  /* 2000, deviation 39 */
    for (int k = 0; k < 4; ++k) assert_in_range(sides[k], 1352, 1648); /* 1500, deviation 35 */
    assert_int_equal(seeds, DRAWS);
    assert_true(fabs(log_side / coarse - 0.5 * (log(0.3) + log(0.9))) < 0.025);
    assert_true(least >= 0.3 && least < 0.302 && most <= 0.9 && most > 0.897);
    assert_true(fabs(quality / coded - 45) < 1.5 && worst == 15 && best == 75);
    assert_true(fabs(width / (cut + two) - 0.075) < 0.003 && widest > 0.149);
    assert_true(fabs(noise - 0.05) < 0.0015);
}

/* Light and colour: uniform, centred on no change, from end to end. */
static void tones_fill_their_range(void **state)
{
    enum { DRAWS = 8000 };
    static const double range[6] = {0.5, 0.2, 0.2, 0.2, 0.6, 0.6};
    double sums[6] = {0}, squares[6] = {0}, most[6] = {0};
    (void)state;
    for (int i = 0; i < DRAWS; ++i) {
        const clile_i_jitter j = clile_i_augment_draw(&everything, 3, i / 8, i % 8);
        const double values[6] = {j.gamma, j.tint[0], j.tint[1], j.tint[2], j.shade_x, j.shade_y};
        for (int k = 0; k < 6; ++k) {
            const double share = values[k] / range[k];
            sums[k] += share / DRAWS;
            squares[k] += share * share / DRAWS;
            most[k] = fmax(most[k], fabs(share));
        }
    }
    for (int k = 0; k < 6; ++k) {
        assert_true(fabs(sums[k]) < 0.03 && fabs(squares[k] - 1 / 3.0) < 0.015);
        assert_true(most[k] <= 1 && most[k] > 0.998);
    }
}

static void rectangles_are_those_of_the_paper(void **state)
{
    enum { DRAWS = 4000 };
    int erased = 0, tall = 0, touches[4] = {0};
    double area = 0, largest = 0;
    (void)state;
    for (int i = 0; i < DRAWS; ++i) {
        clile_i_rectangle r = {0}, again = {0};
        if (!clile_i_erase_draw(&everything, SIZE, 3, i / 8, i % 8, &r)) continue;
        assert_int_equal(clile_i_erase_draw(&everything, SIZE, 3, i / 8, i % 8, &again), 1);
        assert_memory_equal(&r, &again, sizeof r);
        assert_true(r.h >= 1 && r.w >= 1 && r.h < SIZE && r.w < SIZE);
        assert_true(r.y >= 0 && r.x >= 0 && r.y + r.h <= SIZE && r.x + r.w <= SIZE);
        const double share = (double)r.h * r.w / PLANE, ratio = (double)r.h / r.w;
        assert_true(share > 0.015 && share < 0.35); /* rounding of the sides */
        assert_true(ratio > 0.24 && ratio < 4.1);
        ++erased;
        tall += r.h > r.w;
        area += share;
        largest = fmax(largest, share);
        touches[0] += r.y == 0;
        touches[1] += r.x == 0;
        touches[2] += r.y + r.h == SIZE;
        touches[3] += r.x + r.w == SIZE;
    }
    assert_in_range(erased, 2684, 2916); /* 2800, deviation 29 */
    assert_true(fabs(area / erased - 0.175) < 0.01 && largest > 0.32);
    assert_true(fabs((double)tall / erased - 0.5) < 0.05);
    for (int k = 0; k < 4; ++k) assert_true(touches[k] > 20); /* reaches every edge */
}

static void only_the_rectangle_is_erased(void **state)
{
    enum { N = 12 };
    static float dst[N][3][PLANE];
    int erased = 0;
    (void)state;
    for (int64_t i = 0; i < (int64_t)N * 3 * PLANE; ++i) (&dst[0][0][0])[i] = (float)(i + 1);
    clile_i_batch_erase(&everything, N, SIZE, 11, 4, NULL, &dst[0][0][0]);
    for (int k = 0; k < N; ++k) {
        clile_i_rectangle r = {0};
        erased += clile_i_erase_draw(&everything, SIZE, 11, 4, k, &r);
        for (int i = 0; i < 3 * PLANE; ++i) {
            const int y = i % PLANE / SIZE, x = i % SIZE;
            const int inside = y >= r.y && y < r.y + r.h && x >= r.x && x < r.x + r.w;
            assert_true((&dst[k][0][0])[i] == (inside ? 0.0f : (float)(k * 3 * PLANE + i + 1)));
        }
    }
    assert_in_range(erased, 4, N);
    clile_i_augment off = everything;
    off.erase = 0;
    dst[0][0][0] = 7;
    clile_i_batch_erase(&off, N, SIZE, 11, 4, NULL, &dst[0][0][0]);
    assert_true(dst[0][0][0] == 7);
}

static void options_are_read_and_checked(void **state)
{
    enum { KEYS = 15 };
    static const char *const keys[KEYS] = {
        CLILE_OPT_AUGMENT_GRAYSCALE,  CLILE_OPT_AUGMENT_BLUR,
        CLILE_OPT_AUGMENT_BLUR_LEAST, CLILE_OPT_AUGMENT_BLUR_MOST,
        CLILE_OPT_AUGMENT_ERASE,      CLILE_OPT_AUGMENT_ERASE_AREA,
        CLILE_OPT_AUGMENT_ROTATE,     CLILE_OPT_AUGMENT_GAMMA,
        CLILE_OPT_AUGMENT_TINT,       CLILE_OPT_AUGMENT_SHADE,
        CLILE_OPT_AUGMENT_JPEG,       CLILE_OPT_AUGMENT_EDGE,
        CLILE_OPT_AUGMENT_RESOLUTION, CLILE_OPT_AUGMENT_RESOLUTION_LEAST,
        CLILE_OPT_AUGMENT_NOISE};
    clile_options *options = NULL;
    clile_i_augment a;
    (void)state;
    assert_int_equal(clile_i_augment_from_options(NULL, &a), CLILE_OK);
    /* off unless asked for */
    assert_true(a.grayscale == 0 && a.blur == 0 && a.erase == 0 && a.rotate == 0);
    assert_true(a.resolution == 0 && a.noise == 0 && a.gamma == 0 && a.tint == 0);
    assert_true(a.shade == 0 && a.jpeg == 0 && a.edge == 0);
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    for (int k = 0; k < KEYS; ++k)
        assert_int_equal(clile_options_set_f64(options, keys[k], (k < 6 ? 0.1 : 0.02) * (k + 1)),
                         CLILE_OK);
    assert_int_equal(clile_i_augment_from_options(options, &a), CLILE_OK);
    const double values[KEYS] = {
        a.grayscale, a.blur, a.blur_least, a.blur_most, a.erase, a.erase_area, a.rotate,
        a.gamma,     a.tint, a.shade,      a.jpeg,      a.edge,  a.resolution, a.resolution_least,
        a.noise};
    for (int k = 0; k < KEYS; ++k) assert_true(values[k] == (k < 6 ? 0.1 : 0.02) * (k + 1));
    assert_int_equal(clile_options_set(options, CLILE_OPT_AUGMENT_BLUR_LEAST, "2.5"), CLILE_OK);
    assert_int_equal(clile_i_augment_from_options(options, &a), CLILE_E_INVALID_ARGUMENT);
    assert_string_equal(clile_last_error(),
                        "augment_blur_least is 2.5, above augment_blur_most, which is 0.4");
    clile_options_destroy(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_draws_are_what_they_were),
        cmocka_unit_test(grey_and_blur_come_as_often_as_asked),
        cmocka_unit_test(turns_fill_their_range),
        cmocka_unit_test(damage_comes_as_often_as_asked),
        cmocka_unit_test(tones_fill_their_range),
        cmocka_unit_test(rectangles_are_those_of_the_paper),
        cmocka_unit_test(only_the_rectangle_is_erased),
        cmocka_unit_test(options_are_read_and_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
