/* From stored crop to network input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 40, MARGIN = 3, STORED = 46, PLANE = SIZE * SIZE };

static uint8_t stored[3 * STORED * STORED];
static float dst[3 * PLANE], other[3 * PLANE];

static const double mean[3] = {0.485, 0.456, 0.406}, deviation[3] = {0.229, 0.224, 0.225};

static int fill(void **state)
{
    clile_i_rng rng = clile_i_rng_make(11, 12);
    (void)state;
    for (size_t i = 0; i < sizeof stored; ++i) stored[i] = (uint8_t)clile_i_rng_u32(&rng);
    return 0;
}

static void near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.9g, expected %.9g", value, expected);
}

static void margins_are_even(void **state)
{
    static const int32_t sizes[][2] = {{32, 36},  {40, 46},   {64, 72},
                                       {96, 108}, {112, 126}, {224, 252}};
    (void)state;
    for (size_t k = 0; k < 6; ++k) assert_int_equal(clile_i_crop_stored(sizes[k][0]), sizes[k][1]);
    /* the usual margin gives what there was before the option */
    for (int32_t size = 1; size <= CLILE_I_CROP_LARGEST; ++size)
        assert_int_equal(clile_i_crop_margin(size, CLILE_I_CROP_MARGIN_USUAL), (size + 8) / 16);
    assert_int_equal(clile_i_crop_margin(96, 0), 0);
    assert_int_equal(clile_i_crop_margin(96, 0.3), 29);
    assert_int_equal(clile_i_crop_margin(97, 0.5), 49);
}

static double middle(int x, int y, int k)
{
    return stored[3 * ((y + 3) * STORED + x + 3) + k];
}

static void no_jitter_reads_the_middle(void **state)
{
    const clile_i_jitter none = CLILE_I_JITTER_NONE;
    (void)state;
    clile_i_crop_to_input(stored, MARGIN, SIZE, &none, 0, dst);
    for (int k = 0; k < 3; ++k)
        for (int y = 0; y < SIZE; ++y)
            for (int x = 0; x < SIZE; ++x)
                near(dst[k * PLANE + y * SIZE + x],
                     (middle(x, y, k) / 255.0 - mean[k]) / deviation[k], 1e-6);
}

static void flip_mirrors_exactly(void **state)
{
    clile_i_jitter jitter = CLILE_I_JITTER_NONE;
    (void)state;
    for (int window = 0; window < 2; ++window) {
        if (window) jitter.scale = 1.09375; /* exact in binary, so that both sides round alike */
        jitter.flip = 0;
        clile_i_crop_to_input(stored, MARGIN, SIZE, &jitter, 0, dst);
        jitter.flip = 1;
        clile_i_crop_to_input(stored, MARGIN, SIZE, &jitter, 0, other);
        for (int row = 0; row < 3 * SIZE; ++row)
            for (int x = 0; x < SIZE; ++x) {
                const float a = dst[row * SIZE + x], b = other[row * SIZE + SIZE - 1 - x];
                if (window)
                    near(b, a, 1e-5);
                else
                    assert_memory_equal(&a, &b, sizeof a);
            }
    }
}

/* A window of whole pixels reads those pixels, and the same bits as without the window. */
static void whole_shifts_are_exact(void **state)
{
    clile_i_jitter jitter = CLILE_I_JITTER_NONE;
    (void)state;
    jitter.shift_x = 2.0 / SIZE;
    jitter.shift_y = -3.0 / SIZE;
    clile_i_crop_to_input(stored, MARGIN, SIZE, &jitter, 0, dst);
    for (int k = 0; k < 3; ++k)
        for (int y = 0; y < SIZE; ++y)
            for (int x = 0; x < SIZE; ++x)
                near(dst[k * PLANE + y * SIZE + x],
                     (middle(x + 2, y - 3, k) / 255.0 - mean[k]) / deviation[k], 2e-5);
}

/* The definition, in double. */
static double reference(const clile_i_jitter *j, int x, int y, int k)
{
    const double cx = (j->flip ? -1 : 1) * (x + 0.5 - SIZE / 2.0), cy = y + 0.5 - SIZE / 2.0;
    const double angle = j->rotate / 180 * acos(-1), tx = cos(angle) * cx - sin(angle) * cy,
                 ty = sin(angle) * cx + cos(angle) * cy;
    double px = STORED / 2.0 + j->shift_x * SIZE + j->scale * tx - 0.5;
    double py = STORED / 2.0 + j->shift_y * SIZE + j->scale * ty - 0.5;
    px = fmin(fmax(px, 0), STORED - 1);
    py = fmin(fmax(py, 0), STORED - 1);
    const int ix = (int)px, iy = (int)py, jx = ix + 1 < STORED ? ix + 1 : ix,
              jy = iy + 1 < STORED ? iy + 1 : iy;
    const double u = px - ix, v = py - iy;
#define AT(c, r) ((double)stored[3 * ((r) * STORED + (c)) + k])
    return (1 - v) * ((1 - u) * AT(ix, iy) + u * AT(jx, iy)) +
           v * ((1 - u) * AT(ix, jy) + u * AT(jx, jy));
#undef AT
}

static double clamp(double value)
{
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

static void jitter_matches_the_definition(void **state)
{
#define COLOUR(b, c, s) .brightness = b, .contrast = c, .saturation = s
    static const clile_i_jitter cases[] = {
        {.scale = 0.93, .shift_x = 0.03, .shift_y = -0.02, COLOUR(1, 1, 1)},
        {.flip = 1, .scale = 1.1, .shift_x = -0.05, .shift_y = 0.05, COLOUR(1, 1, 1)},
        {.scale = 1, COLOUR(1.2, 1, 1)},
        {.scale = 1, COLOUR(1, 0.8, 1)},
        {.flip = 1, .scale = 1, COLOUR(1, 1, 1.3)},
        {.flip = 1, .scale = 1.07, .shift_x = 0.01, .shift_y = 0.04, COLOUR(0.85, 1.15, 0.9)},
        /* far outside: edges are repeated */
        {.scale = 1.6, .shift_x = 0.3, .shift_y = -0.3, COLOUR(1.4, 0.5, 0)},
        {.scale = 1, COLOUR(1, 1, 1), .grey = 1},
        {.flip = 1,
         .scale = 1.07,
         .shift_x = 0.01,
         .shift_y = 0.04,
         COLOUR(0.85, 1.15, 1.3),
         .grey = 1},
        {.scale = 1, COLOUR(1, 1, 1), .rotate = 7},
        {.flip = 1, .scale = 1.2, .shift_x = 0.06, COLOUR(1.1, 1, 1), .rotate = -33},
        {.scale = 1.5, .shift_y = -0.2, COLOUR(1, 1, 0.7), .rotate = 151},
    };
#undef COLOUR
    static double values[3][PLANE];
    (void)state;
    for (size_t f = 0; f < sizeof cases / sizeof *cases; ++f) {
        const clile_i_jitter *j = &cases[f];
        double grey = 0.0;
        for (int i = 0; i < PLANE; ++i) {
            for (int k = 0; k < 3; ++k)
                values[k][i] = clamp(j->brightness * reference(j, i % SIZE, i / SIZE, k));
            grey += (0.2989 * values[0][i] + 0.587 * values[1][i] + 0.114 * values[2][i]) / PLANE;
        }
        clile_i_crop_to_input(stored, MARGIN, SIZE, j, 0, dst);
        for (int i = 0; i < PLANE; ++i) {
            double v[3], own = 0.0;
            for (int k = 0; k < 3; ++k)
                v[k] = clamp(j->contrast * values[k][i] + (1 - j->contrast) * grey);
            own = 0.2989 * v[0] + 0.587 * v[1] + 0.114 * v[2];
            for (int k = 0; k < 3; ++k) {
                double colour = clamp(j->saturation * v[k] + (1 - j->saturation) * own);
                if (j->grey) {
                    const double weight[3] = {0.2989, 0.587, 0.114};
                    colour = 0;
                    for (int m = 0; m < 3; ++m)
                        colour +=
                            weight[m] * clamp(j->saturation * v[m] + (1 - j->saturation) * own);
                }
                near(dst[k * PLANE + i], (colour / 255 - mean[k]) / deviation[k], 1e-4);
            }
        }
    }
}

/* Pixel (x, y) of a plane blurred by the two-dimensional kernel, in double; the image is
 * mirrored about its edge pixels. */
static double blurred(const float *plane, int size, int radius, double s, int x, int y)
{
    double sum = 0, weights = 0;
    for (int v = -radius; v <= radius; ++v)
        for (int u = -radius; u <= radius; ++u) {
            const int px = abs(x + u) < size ? abs(x + u) : 2 * size - 2 - (x + u);
            const int py = abs(y + v) < size ? abs(y + v) : 2 * size - 2 - (y + v);
            const double weight = exp(-(u * u + v * v) / (2 * s * s));
            sum += weight * (double)plane[py * size + px];
            weights += weight;
        }
    return sum / weights;
}

static void blur_matches_the_definition(void **state)
{
    static const struct {
        int size, radius;
        double s;
    } cases[] = {{SIZE, 1, 0.1},
                 {SIZE, 3, 0.8},
                 {SIZE, 6, 2.0},
                 {SIZE, 30, 10.0},
                 {13, 12, 7.0} /* no mirror has more */,
                 {1, 0, 1.0}};
    clile_i_jitter jitter = CLILE_I_JITTER_NONE;
    (void)state;
    for (size_t f = 0; f < sizeof cases / sizeof *cases; ++f) {
        const int size = cases[f].size, plane = size * size;
        for (int i = 0; i < 3 * plane; ++i) dst[i] = other[i] = (float)stored[i];
        clile_i_blur(size, cases[f].s, dst);
        for (int k = 0; k < 3; ++k)
            for (int i = 0; i < plane; i += 3)
                near(dst[k * plane + i],
                     blurred(other + k * plane, size, cases[f].radius, cases[f].s, i % size,
                             i / size),
                     1e-3);
    }
    jitter.grey = 1; /* as part of the whole: after the colour */
    clile_i_crop_to_input(stored, MARGIN, SIZE, &jitter, 0, other);
    jitter.blur = 1.5;
    clile_i_crop_to_input(stored, MARGIN, SIZE, &jitter, 0, dst);
    for (int i = 0; i < PLANE; i += 7)
        near(dst[i], blurred(other, SIZE, 5, 1.5, i % SIZE, i / SIZE), 1e-4);
}

/* Right angles move whole pixels: their places need no arithmetic. */
static void right_angles_move_whole_pixels(void **state)
{
    clile_i_jitter jitter = CLILE_I_JITTER_NONE;
    (void)state;
    for (int turn = -2; turn <= 2; ++turn) {
        if (turn == 0) continue;
        jitter.rotate = 90.0 * turn;
        clile_i_crop_to_input(stored, MARGIN, SIZE, &jitter, 0, dst);
        for (int k = 0; k < 3; ++k)
            for (int y = 0; y < SIZE; ++y)
                for (int x = 0; x < SIZE; ++x) {
                    const int px = turn == 1    ? SIZE - 1 - y
                                   : turn == -1 ? y
                                                : SIZE - 1 - x,
                              py = turn == 1    ? x
                                   : turn == -1 ? SIZE - 1 - x
                                                : SIZE - 1 - y;
                    near(dst[k * PLANE + y * SIZE + x],
                         (middle(px, py, k) / 255.0 - mean[k]) / deviation[k], 2e-5);
                }
    }
}

/* More margin shows more of the image and changes nothing of what was seen. */
static void a_wider_margin_shows_more(void **state)
{
    enum { WIDER = 12, ALL = SIZE + 2 * WIDER };
    static uint8_t wide[3 * ALL * ALL];
    clile_i_rng rng = clile_i_rng_make(13, 12);
    clile_i_jitter jitter = {.flip = 1,
                             .scale = 1.4,
                             .shift_x = 0.06,
                             .shift_y = -0.04,
                             .brightness = 1,
                             .contrast = 1,
                             .saturation = 1};
    (void)state;
    for (size_t i = 0; i < sizeof wide; ++i) wide[i] = (uint8_t)clile_i_rng_u32(&rng);
    for (int y = 0; y < STORED; ++y)
        memcpy(wide + 3 * ((y + WIDER - MARGIN) * ALL + WIDER - MARGIN), stored + 3 * y * STORED,
               3 * STORED);
    for (int turned = 0; turned < 2; ++turned) {
        int differ = 0;
        jitter.rotate = 20.0 * turned;
        clile_i_crop_to_input(stored, MARGIN, SIZE, &jitter, 0, dst);
        clile_i_crop_to_input(wide, WIDER, SIZE, &jitter, 0, other);
        for (int i = 0; i < PLANE; ++i) {
            const double angle = turned * 20 / 180.0 * acos(-1), u = 0.5 + i % SIZE - SIZE / 2.0,
                         v = 0.5 + i / SIZE - SIZE / 2.0,
                         x = 1.4 * (-u * cos(angle) - v * sin(angle)) + 0.06 * SIZE,
                         y = 1.4 * (-u * sin(angle) + v * cos(angle)) - 0.04 * SIZE;
            const int seen = fmax(fabs(x), fabs(y)) <= STORED / 2.0 - 0.51;
            for (int k = 0; k < 3; ++k)
                if (seen)
                    near(other[k * PLANE + i], dst[k * PLANE + i], 2e-5);
                else
                    differ += fabs(other[k * PLANE + i] - dst[k * PLANE + i]) > 0.05;
        }
        assert_true(differ > PLANE / 2);
    }
    jitter = (clile_i_jitter)CLILE_I_JITTER_NONE;
    clile_i_crop_to_input(stored, MARGIN, SIZE, &jitter, 0, dst);
    clile_i_crop_to_input(wide, WIDER, SIZE, &jitter, 0, other);
    assert_memory_equal(dst, other, sizeof dst);
}

/* A bright spot of the stored crop turns up where clile_i_jitter_points puts it. */
static void points_go_with_the_pixels(void **state)
{
    static const clile_i_jitter cases[] = {
        CLILE_I_JITTER_NONE,
        {.flip = 1, .scale = 1, .brightness = 1, .contrast = 1, .saturation = 1},
        {.scale = 1.1, .shift_x = 0.1, .brightness = 1, .contrast = 1, .saturation = 1},
        {.scale = 1, .brightness = 1, .contrast = 1, .saturation = 1, .rotate = 90},
        {.scale = 1,
         .shift_x = 0.05,
         .shift_y = -0.1,
         .brightness = 1,
         .contrast = 1,
         .saturation = 1,
         .rotate = 30},
        {.flip = 1,
         .scale = 1.3,
         .shift_x = 0.1,
         .shift_y = 0.05,
         .brightness = 1,
         .contrast = 1,
         .saturation = 1,
         .rotate = -55},
        {.flip = 1,
         .scale = 0.8,
         .shift_x = -0.02,
         .shift_y = 0.03,
         .brightness = 1,
         .contrast = 1,
         .saturation = 1,
         .rotate = 170},
    };
    static uint8_t spot[3 * STORED * STORED];
    static const float places[4][2] = {{0.5f, 0.5f}, {0.4f, 0.55f}, {0.62f, 0.45f}, {0.45f, 0.3f}};
    (void)state;
    for (size_t f = 0; f < sizeof cases / sizeof *cases; ++f)
        for (int p = 0; p < 4; ++p) {
            float to[2];
            double sum = 0, x = 0, y = 0;
            for (int i = 0; i < STORED * STORED; ++i) {
                const double dx = i % STORED + 0.5 - 3 - SIZE * (double)places[p][0],
                             dy = i / STORED + 0.5 - 3 - SIZE * (double)places[p][1];
                spot[3 * i] = (uint8_t)(255 * exp(-(dx * dx + dy * dy) / (2 * 1.5 * 1.5)) + 0.5);
            }
            clile_i_crop_to_input(spot, MARGIN, SIZE, &cases[f], 0, dst);
            for (int i = 0; i < PLANE; ++i) {
                const double light = (double)dst[i] * deviation[0] + mean[0];
                sum += light;
                x += light * (i % SIZE + 0.5) / SIZE;
                y += light * (i / SIZE + 0.5) / SIZE;
            }
            clile_i_jitter_points(&cases[f], 1, places[p], to);
            near(x / sum, to[0], 0.05 / SIZE);
            near(y / sum, to[1], 0.05 / SIZE);
        }
    /* several at once, in place */
    float all[4][2], one[2];
    memcpy(all, places, sizeof all);
    clile_i_jitter_points(&cases[5], 4, &all[0][0], &all[0][0]);
    for (int p = 0; p < 4; ++p) {
        clile_i_jitter_points(&cases[5], 1, places[p], one);
        assert_memory_equal(one, all[p], sizeof one);
    }
}

/* Sizes beyond one run of columns (128). */
static void large_crops_are_sampled_to_the_end(void **state)
{
    enum { LARGE = 300, WIDE = 338 };
    static uint8_t wide[3 * WIDE * WIDE];
    static float out[3 * LARGE * LARGE];
    clile_i_jitter jitter = CLILE_I_JITTER_NONE;
    (void)state;
    assert_int_equal(clile_i_crop_stored(LARGE), WIDE);
    for (int i = 0; i < WIDE * WIDE; ++i) wide[3 * i] = (uint8_t)(i % WIDE / 2);
    jitter.scale = 0.5;
    clile_i_crop_to_input(wide, (WIDE - LARGE) / 2, LARGE, &jitter, 0, out);
    for (int x = 0; x < LARGE; x += 7) {
        const double at = WIDE / 2.0 + 0.5 * (x + 0.5 - LARGE / 2.0) - 0.5;
        near(out[LARGE * 10 + x], ((at / 2 - 0.25) / 255 - mean[0]) / deviation[0],
             0.26 / 255 / deviation[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_are_even),
        cmocka_unit_test(no_jitter_reads_the_middle),
        cmocka_unit_test(flip_mirrors_exactly),
        cmocka_unit_test(whole_shifts_are_exact),
        cmocka_unit_test(jitter_matches_the_definition),
        cmocka_unit_test(right_angles_move_whole_pixels),
        cmocka_unit_test(a_wider_margin_shows_more),
        cmocka_unit_test(points_go_with_the_pixels),
        cmocka_unit_test(blur_matches_the_definition),
        cmocka_unit_test(large_crops_are_sampled_to_the_end),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
