/* Alignment and resampling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double canonical[5][2] = CLILE_I_CANONICAL;

static void near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.12g, expected %.12g", value, expected);
}

/* Canonical points of a crop of `size` pixels through a similarity. */
static void place(double size, double scale, double angle, double x, double y, double *xy)
{
    for (int k = 0; k < 5; ++k) {
        const double px = canonical[k][0] * size, py = canonical[k][1] * size;
        xy[2 * k] = scale * (cos(angle) * px - sin(angle) * py) + x;
        xy[2 * k + 1] = scale * (sin(angle) * px + cos(angle) * py) + y;
    }
}

static void a_known_similarity_is_recovered(void **state)
{
    static const double cases[][4] = {
        {1, 0, 0, 0}, {2.5, 0.3, 40, -7}, {0.4, -2.2, 300, 200}, {1, 2.3, 90, 150}};
    (void)state;
    for (size_t k = 0; k < 4; ++k) {
        const double s = cases[k][0], angle = cases[k][1];
        double xy[10];
        clile_i_affine m;
        place(96, s, angle, cases[k][2], cases[k][3], xy);
        assert_int_equal(clile_i_align_landmarks(5, xy, 400, 400, 96, &m), CLILE_OK);
        near(m.a, s * cos(angle), 1e-9);
        near(m.b, -s * sin(angle), 1e-9);
        near(m.c, cases[k][2], 1e-7);
        near(m.d, s * sin(angle), 1e-9);
        near(m.e, s * cos(angle), 1e-9);
        near(m.f, cases[k][3], 1e-7);
    }
}

/* No similarity near the one found carries the landmarks closer to the canonical points. */
static void the_fit_is_the_least_squares_one(void **state)
{
    double xy[10], best = 0.0;
    clile_i_affine m;
    (void)state;
    place(64, 1.7, 0.2, 30, 20, xy);
    for (int k = 0; k < 10; ++k) xy[k] += 3.0 * sin(7.0 * k);
    assert_int_equal(clile_i_align_landmarks(5, xy, 400, 400, 64, &m), CLILE_OK);
    for (int trial = 0; trial < 17; ++trial) {
        const double step = trial % 2 == 0 ? 1e-3 : -1e-3;
        const double det = m.a * m.e - m.b * m.d;
        /* inverse map: crop = R (photo - t) with R = [p -q; q p] */
        double p = m.e / det, q = -m.d / det, tx = m.c, ty = m.f, error = 0.0;
        if (trial >= 1 && trial < 5) p += step;
        if (trial >= 5 && trial < 9) q += step;
        if (trial >= 9 && trial < 13) tx += 10 * step;
        if (trial >= 13) ty += 10 * step;
        for (int k = 0; k < 5; ++k) {
            const double x = xy[2 * k] - tx, y = xy[2 * k + 1] - ty;
            error += pow(p * x - q * y - canonical[k][0] * 64, 2) +
                     pow(q * x + p * y - canonical[k][1] * 64, 2);
        }
        if (trial == 0)
            best = error;
        else
            assert_true(error > best);
    }
    assert_true(best > 1.0);
}

static void sixty_eight_points_reduce_to_five(void **state)
{
    double xy[136], five[10];
    clile_i_affine from68, from5;
    (void)state;
    for (int k = 0; k < 136; ++k) xy[k] = NAN; /* what is not used may be anything */
    for (int k = 0; k < 6; ++k) {
        xy[2 * (36 + k)] = 40 + k;
        xy[2 * (36 + k) + 1] = 50 - k;
        xy[2 * (42 + k)] = 80 + 2 * k;
        xy[2 * (42 + k) + 1] = 51;
    }
    const double rest[3][3] = {{30, 63, 75}, {48, 46, 100}, {54, 84, 101}};
    for (int k = 0; k < 3; ++k) {
        xy[2 * (int)rest[k][0]] = rest[k][1];
        xy[2 * (int)rest[k][0] + 1] = rest[k][2];
    }
    const double expected[10] = {42.5, 47.5, 85, 51, 63, 75, 46, 100, 84, 101};
    clile_i_align_reduce(68, xy, five);
    for (int k = 0; k < 10; ++k) near(five[k], expected[k], 1e-12);
    assert_int_equal(clile_i_align_landmarks(68, xy, 400, 400, 96, &from68), CLILE_OK);
    assert_int_equal(clile_i_align_landmarks(5, expected, 400, 400, 96, &from5), CLILE_OK);
    near(from68.a, from5.a, 1e-12);
    near(from68.f, from5.f, 1e-9);
}

static void refused_with(const double *xy, const char *part)
{
    clile_i_affine m;
    assert_int_equal(clile_i_align_landmarks(5, xy, 400, 400, 96, &m), CLILE_E_INVALID_ARGUMENT);
    if (strstr(clile_last_error(), part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, clile_last_error());
}

/* place() with its points in another order. */
static void ordered(const int *order, double *xy)
{
    double right[10];
    place(96, 1.5, 0.1, 100, 80, right);
    for (int k = 0; k < 10; ++k) xy[k] = right[2 * order[k / 2] + k % 2];
}

static void points_in_another_order_are_refused(void **state)
{
    static const struct {
        int order[5];
        const char *message;
    } cases[] = {{{1, 0, 2, 4, 3}, "left and right are swapped"},
                 {{1, 0, 2, 3, 4}, "the eyes are swapped"},
                 {{0, 1, 2, 4, 3}, "the corners of the mouth are swapped"},
                 {{4, 3, 2, 1, 0}, "upside down (turned by 17"},
                 {{3, 4, 2, 0, 1}, "left and right are swapped, or an axis is reversed"},
                 {{2, 0, 1, 3, 4}, "are not in the order of a face"},
                 {{2, 1, 0, 4, 3}, "are not in the order of a face"},
                 {{0, 1, 3, 4, 2}, "are not in the order of a face"}};
    double xy[10];
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; ++k) {
        ordered(cases[k].order, xy);
        refused_with(xy, cases[k].message);
        refused_with(xy, "expected, left and right as seen in the image: left eye, right eye");
    }
}

static void exchanged_and_mirrored_axes_are_refused(void **state)
{
    double right[10], xy[10];
    (void)state;
    place(96, 1.5, 0.1, 100, 80, right);
    for (int k = 0; k < 10; ++k) xy[k] = right[k ^ 1];
    refused_with(xy, "or an axis is");
    for (int k = 0; k < 10; ++k) xy[k] = k % 2 == 0 ? 400 - right[k] : right[k];
    refused_with(xy, "or an axis is");
    for (int k = 0; k < 10; ++k) xy[k] = k % 2 == 1 ? 400 - right[k] : right[k];
    refused_with(xy, "or an axis is");
    refused_with((const double[]){10, 10, 300, 12, 155, 14, 150, 18, 160, 18},
                 "do not have the shape of a face (residue 0.");
}

/* Lying on a side is fine, upside down is not. */
static void a_face_may_lie_but_not_stand_on_its_head(void **state)
{
    double xy[10];
    clile_i_affine m;
    (void)state;
    for (int degrees = -130; degrees <= 130; degrees += 10) {
        place(96, 1, degrees / 57.29578, 200, 200, xy);
        assert_int_equal(clile_i_align_landmarks(5, xy, 400, 400, 96, &m), CLILE_OK);
    }
    for (int degrees = 140; degrees <= 220; degrees += 10) {
        place(96, 1, degrees / 57.29578, 200, 200, xy);
        refused_with(xy, "upside down");
    }
}

/* Five points of faces turned by 60 degrees and looking up or down by 40: the five canonical
 * points on a head of depth, the nose tip before it. */
static void turned_faces_are_faces(void **state)
{
    static const double head[5][3] = {
        {-3, 2, 0}, {3, 2, 0}, {0, -0.5, 3.2}, {-2.1, -3.6, 0.9}, {2.1, -3.6, 0.9}};
    clile_i_affine m;
    (void)state;
    for (int yaw = -60; yaw <= 60; yaw += 20)
        for (int pitch = -40; pitch <= 40; pitch += 20) {
            const double y = yaw / 57.29578, p = pitch / 57.29578;
            double xy[10];
            for (int k = 0; k < 5; ++k) {
                const double up = head[k][1] * cos(p) - head[k][2] * sin(p);
                const double to = head[k][1] * sin(p) + head[k][2] * cos(p);
                xy[2 * k] = 200 + 20 * (head[k][0] * cos(y) + to * sin(y));
                xy[2 * k + 1] = 200 - 20 * up;
            }
            assert_int_equal(clile_i_align_landmarks(5, xy, 400, 400, 96, &m), CLILE_OK);
            /* anywhere in an image and tilted, too: no other reading of the numbers is better */
            for (int k = 0; k < 1000; ++k) {
                const double roll = (k % 10 - 4.5) / 6.0, dx = k / 10 % 10 * 150,
                             dy = k / 100 * 150;
                double moved[10];
                char why[CLILE_I_WHY_SIZE];
                for (int i = 0; i < 5; ++i) {
                    const double u = xy[2 * i] - 200, v = xy[2 * i + 1] - 200;
                    moved[2 * i] = 60 + dx + cos(roll) * u - sin(roll) * v;
                    moved[2 * i + 1] = 70 + dy + sin(roll) * u + cos(roll) * v;
                }
                if (clile_i_align_five_fault(moved, why))
                    fail_msg("yaw %d, pitch %d, move %d: %s", yaw, pitch, k, why);
            }
        }
}

/* Read as pairs, many of these look like a turned face. */
static void all_x_before_all_y_is_no_order(void **state)
{
    (void)state;
    for (int k = 0; k < 4000; ++k) {
        double right[10], xy[10];
        place(96, 0.5 + k % 4, (k / 4 % 10 - 4.5) / 6.0, 60 + k / 40 % 10 * 150, 70 + k / 400 * 150,
              right);
        for (int i = 0; i < 5; ++i) {
            xy[i] = right[2 * i];
            xy[5 + i] = right[2 * i + 1];
        }
        refused_with(xy, "the numbers make a face if all x come before all y");
        for (int i = 0; i < 5; ++i) {
            xy[i] = right[2 * i + 1];
            xy[5 + i] = right[2 * i];
        }
        refused_with(xy, "the numbers make a face if all y come before all x");
    }
}

static void shares_and_dots_are_no_pixels(void **state)
{
    const double shares[10] = {0.3444, 0.7524, 0.3952, 0.7480, 0.3776,
                               0.7903, 0.3461, 0.8193, 0.3985, 0.8127};
    double xy[10];
    clile_i_affine m;
    (void)state;
    refused_with(shares, "from 0 to 1: coordinates are pixels, not fractions");
    for (int axis = 0; axis < 2; ++axis) {
        place(96, 1.5, 0.1, 200, 180, xy);
        for (int k = axis; k < 10; k += 2) xy[k] /= 400;
        refused_with(xy, axis == 0 ? "x of all landmarks is from 0 to 1: coordinates are pixels"
                                   : "y of all landmarks is from 0 to 1: coordinates are pixels");
    }
    for (int some = 1; some < 31; ++some) { /* each set of points */
        place(96, 1.5, 0.1, 200, 180, xy);
        for (int k = 0; k < 10; ++k)
            if (some >> k / 2 & 1) xy[k] /= 400;
        refused_with(xy, "are from 0 to 1: coordinates are pixels, not fractions");
    }
    place(96, 7.9 / 96, 0, 20, 20, xy);
    refused_with(
        xy, "a face of 7.9 pixels, expected at least 8; coordinates are pixels, not fractions");
    place(96, 8.1 / 96, 0, 20, 20, xy);
    assert_int_equal(clile_i_align_landmarks(5, xy, 400, 400, 96, &m), CLILE_OK);
    assert_int_equal(
        clile_i_align_box((const double[]){0.3, 0.6, 0.1, 0.2}, 0.22, 400, 400, 96, &m),
        CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "coordinates are pixels, not fractions"));
    assert_int_equal(clile_i_align_box((const double[]){3, 6, 5, 8}, 0.22, 400, 400, 96, &m),
                     CLILE_OK);
}

static void a_face_must_be_in_the_image(void **state)
{
    double xy[10];
    clile_i_affine m;
    (void)state;
    place(100, 1, 0, 300 + 70, 100, xy); /* the last 30 of 100 columns are in it */
    assert_int_equal(clile_i_align_landmarks(5, xy, 400, 400, 96, &m), CLILE_OK);
    place(100, 1, 0, 300 + 80, 100, xy);
    refused_with(xy, "lies outside the image of 400 x 400");
    place(100, 1, 0, 9000, 100, xy);
    refused_with(xy, "lies outside the image of 400 x 400");
    place(100, 1, 0, 100, -9000, xy);
    refused_with(xy, "lies outside the image of 400 x 400");
    for (int k = 0; k < 10; ++k) xy[k] *= 1e30;
    refused_with(xy, "lies outside the image of 400 x 400");
    assert_int_equal(clile_i_align_box((const double[]){370, 0, 100, 90}, 0.22, 400, 400, 96, &m),
                     CLILE_OK);
    assert_int_equal(clile_i_align_box((const double[]){380, 0, 100, 90}, 0.22, 400, 400, 96, &m),
                     CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "lies outside the image of 400 x 400"));
    assert_int_equal(clile_i_align_box((const double[]){0, 0, 1e9, 1e9}, 0.22, 400, 400, 96, &m),
                     CLILE_E_INVALID_ARGUMENT);
}

static void bad_landmarks_are_refused(void **state)
{
    double xy[136] = {0};
    clile_i_affine m;
    (void)state;
    assert_int_equal(clile_i_align_landmarks(5, xy, 400, 400, 96, &m), CLILE_E_INVALID_ARGUMENT);
    assert_string_equal(clile_last_error(), "the landmarks are all the same");
    assert_int_equal(clile_i_align_landmarks(7, xy, 400, 400, 96, &m), CLILE_E_INVALID_ARGUMENT);
    assert_string_equal(clile_last_error(), "alignment: 7 landmarks, expected 5 or 68");
    place(96, 1, 0, 0, 0, xy);
    xy[3] = INFINITY;
    assert_int_equal(clile_i_align_landmarks(5, xy, 400, 400, 96, &m), CLILE_E_INVALID_ARGUMENT);
    assert_string_equal(clile_last_error(), "landmark 1 is not finite");
}

static clile_i_image noise(int32_t h, int32_t w, uint8_t *pixels)
{
    clile_i_rng rng = clile_i_rng_make(3, 4);
    for (int64_t i = 0; i < 3 * (int64_t)h * w; ++i) pixels[i] = (uint8_t)clile_i_rng_u32(&rng);
    return (clile_i_image){.h = h, .w = w, .row_stride = 3 * (int64_t)w, .rgb = pixels};
}

static double pixel_at(const clile_i_image *image, int32_t x, int32_t y, int k)
{
    x = x < 0 ? 0 : x >= image->w ? image->w - 1 : x;
    y = y < 0 ? 0 : y >= image->h ? image->h - 1 : y;
    return image->rgb[y * image->row_stride + 3 * x + k];
}

static void whole_shifts_copy_exactly(void **state)
{
    enum { H = 20, W = 30, C = 12 };
    static uint8_t pixels[3 * H * W], dst[3 * C * C];
    const clile_i_image src = noise(H, W, pixels);
    (void)state;
    /* inside, and beyond each edge, where the last pixel is repeated */
    static const int shifts[][2] = {{0, 0}, {5, 3}, {-4, -6}, {25, 15}};
    for (size_t s = 0; s < 4; ++s) {
        const clile_i_affine m = {1, 0, shifts[s][0], 0, 1, shifts[s][1]};
        assert_int_equal(clile_i_image_warp(&src, &m, C, C, dst), CLILE_OK);
        for (int y = 0; y < C; ++y)
            for (int x = 0; x < C; ++x)
                for (int k = 0; k < 3; ++k)
                    assert_int_equal(dst[3 * (y * C + x) + k],
                                     (int)pixel_at(&src, x + shifts[s][0], y + shifts[s][1], k));
    }
}

/* Bilinear sampling in double, straight from the definition. */
static double reference(const clile_i_image *src, const clile_i_affine *m, int x, int y, int k)
{
    const double px = m->a * (x + 0.5) + m->b * (y + 0.5) + m->c - 0.5;
    const double py = m->d * (x + 0.5) + m->e * (y + 0.5) + m->f - 0.5;
    const double fx = floor(px), fy = floor(py), u = px - fx, v = py - fy;
    const int32_t ix = (int32_t)fx, iy = (int32_t)fy;
    return (1 - v) * ((1 - u) * pixel_at(src, ix, iy, k) + u * pixel_at(src, ix + 1, iy, k)) +
           v * ((1 - u) * pixel_at(src, ix, iy + 1, k) + u * pixel_at(src, ix + 1, iy + 1, k));
}

static void enlarging_and_turning_match_the_reference(void **state)
{
    enum { H = 40, W = 50, CH = 64, CW = 48 };
    static uint8_t pixels[3 * H * W], dst[3 * CH * CW];
    const clile_i_image src = noise(H, W, pixels);
    (void)state;
    static const clile_i_affine maps[] = {
        {0.5, 0, 3.3, 0, 0.5, 2.2}, {0.6, -0.5, 10, 0.5, 0.6, -4}, {1.2, 0.3, -8, -0.3, 1.2, 5}};
    for (size_t f = 0; f < 3; ++f) {
        assert_int_equal(clile_i_image_warp(&src, &maps[f], CH, CW, dst), CLILE_OK);
        for (int y = 0; y < CH; ++y)
            for (int x = 0; x < CW; ++x)
                for (int k = 0; k < 3; ++k)
                    near(dst[3 * (y * CW + x) + k], reference(&src, &maps[f], x, y, k), 0.502);
    }
}

static void whole_factors_average_boxes(void **state)
{
    enum { C = 8, K = 3, S = C * K };
    static uint8_t pixels[3 * S * S], dst[3 * C * C];
    const clile_i_image src = noise(S, S, pixels);
    clile_i_affine m;
    (void)state;
    clile_i_align_whole(S, S, C, &m);
    assert_int_equal(clile_i_image_warp(&src, &m, C, C, dst), CLILE_OK);
    for (int y = 0; y < C; ++y) {
        for (int x = 0; x < C; ++x) {
            for (int k = 0; k < 3; ++k) {
                double sum = 0.0;
                for (int j = 0; j < K * K; ++j)
                    sum += pixel_at(&src, K * x + j % K, K * y + j / K, k);
                near(dst[3 * (y * C + x) + k], sum / (K * K), 0.501);
            }
        }
    }
}

/* Stripes of one pixel would alias to stripes; averaged they are an even grey. */
static void shrinking_does_not_alias(void **state)
{
    enum { S = 400, C = 90 };
    static uint8_t pixels[3 * S * S], dst[3 * C * C];
    const clile_i_image src = {.h = S, .w = S, .row_stride = 3 * S, .rgb = pixels};
    (void)state;
    for (int i = 0; i < S * S; ++i) memset(pixels + 3 * i, i % S % 2 ? 255 : 0, 3);
    clile_i_affine m;
    clile_i_align_whole(S, S, C, &m);
    assert_int_equal(clile_i_image_warp(&src, &m, C, C, dst), CLILE_OK);
    for (int i = 0; i < 3 * C * C; ++i) assert_true(dst[i] > 90 && dst[i] < 165);
}

/* Smooth pictures keep their values at any scale and angle. */
static void a_gradient_stays_a_gradient(void **state)
{
    enum { S = 250, C = 40 };
    static uint8_t pixels[3 * S * S], dst[3 * C * C];
    const clile_i_image src = {.h = S, .w = S, .row_stride = 3 * S, .rgb = pixels};
    (void)state;
    for (int y = 0; y < S; ++y)
        for (int x = 0; x < S; ++x) {
            uint8_t *p = pixels + 3 * (y * S + x);
            p[0] = (uint8_t)x;
            p[1] = (uint8_t)y;
            p[2] = (uint8_t)((x + y) / 2);
        }
    for (double scale = 0.7; scale < 4.3; scale += 0.5) {
        const clile_i_affine m = {scale * 0.8, -scale * 0.6, 90, scale * 0.6, scale * 0.8, 12};
        assert_int_equal(clile_i_image_warp(&src, &m, C, C, dst), CLILE_OK);
        for (int y = 0; y < C; ++y)
            for (int x = 0; x < C; ++x) {
                const double px = m.a * (x + 0.5) + m.b * (y + 0.5) + m.c - 0.5;
                const double py = m.d * (x + 0.5) + m.e * (y + 0.5) + m.f - 0.5;
                if (px < 3 || py < 3 || px > S - 4 || py > S - 4) continue;
                near(dst[3 * (y * C + x)], px, 1.1);
                near(dst[3 * (y * C + x) + 1], py, 1.1);
            }
    }
}

static void maps_that_are_not_finite_are_refused(void **state)
{
    uint8_t pixels[3 * 4] = {0}, dst[3];
    const clile_i_image src = {.h = 2, .w = 2, .row_stride = 6, .rgb = pixels};
    const clile_i_affine bad = {NAN, 0, 0, 0, 1, 0}, far = {1e6, 0, 1e15, 0, 1e6, -1e15};
    (void)state;
    assert_int_equal(clile_i_image_warp(&src, &bad, 1, 1, dst), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_i_image_warp(&src, &far, 1, 1, dst), CLILE_OK);
    assert_int_equal(clile_i_image_warp(&src, &far, 0, 1, dst), CLILE_E_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_similarity_is_recovered),
        cmocka_unit_test(the_fit_is_the_least_squares_one),
        cmocka_unit_test(sixty_eight_points_reduce_to_five),
        cmocka_unit_test(points_in_another_order_are_refused),
        cmocka_unit_test(exchanged_and_mirrored_axes_are_refused),
        cmocka_unit_test(a_face_may_lie_but_not_stand_on_its_head),
        cmocka_unit_test(turned_faces_are_faces),
        cmocka_unit_test(all_x_before_all_y_is_no_order),
        cmocka_unit_test(shares_and_dots_are_no_pixels),
        cmocka_unit_test(a_face_must_be_in_the_image),
        cmocka_unit_test(bad_landmarks_are_refused),
        cmocka_unit_test(whole_shifts_copy_exactly),
        cmocka_unit_test(enlarging_and_turning_match_the_reference),
        cmocka_unit_test(whole_factors_average_boxes),
        cmocka_unit_test(shrinking_does_not_alias),
        cmocka_unit_test(a_gradient_stays_a_gradient),
        cmocka_unit_test(maps_that_are_not_finite_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
