/* The predictor: batches, sizes, landmarks and bad input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"
#include "model/model.h"

#include <clile/predictor.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 40, N = 5, C = 3, D = 8 };

static clile_model *trained_model(void)
{
    const int32_t aus[C] = {1, 12, 25};
    const float slope[C] = {5, 5, 5}, offset[C] = {0, 0.2f, -0.2f};
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_WIDTH, "0.125"), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_EMBEDDING, D), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, SIZE), CLILE_OK);
    assert_int_equal(clile_model_create(options, C, aus, &model), CLILE_OK);
    assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
    clile_options_destroy(options);
    return model;
}

static clile_predictor *predictor_of(const clile_model *model, int64_t batch)
{
    clile_options *options = NULL;
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_PREDICT_BATCH, batch), CLILE_OK);
    if (clile_predictor_create(model, options, &predictor) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    clile_options_destroy(options);
    return predictor;
}

static void fill(uint8_t *rgb, size_t size)
{
    clile_i_rng rng = clile_i_rng_make(3, 3);
    for (size_t i = 0; i < size; ++i) rgb[i] = (uint8_t)clile_i_rng_below(&rng, 256);
}

static void test_batches_agree(void **state)
{
    (void)state;
    clile_model *model = trained_model();
    clile_predictor *one = predictor_of(model, 1), *three = predictor_of(model, 3);
    static uint8_t rgb[N * SIZE * SIZE * 3];
    float p1[N * C], p3[N * C], e1[N * D], e3[N * D], score[N * C];
    int8_t present[N * C];
    fill(rgb, sizeof rgb);
    clile_model_destroy(model); /* the predictors keep it */
    assert_int_equal(clile_predictor_run(one, N, rgb, SIZE, SIZE, p1, present, e1), CLILE_OK);
    assert_int_equal(clile_predictor_run(three, N, rgb, SIZE, SIZE, p3, NULL, e3), CLILE_OK);
    assert_int_equal(clile_predictor_run_scores(three, N, rgb, SIZE, SIZE, score, NULL, NULL),
                     CLILE_OK);
    for (int i = 0; i < N * C; ++i) {
        assert_true(fabsf(p1[i] - p3[i]) < 1e-5f);
        assert_int_equal(present[i], p1[i] > 0.5f);
    }
    for (int i = 0; i < N * D; ++i) assert_true(fabsf(e1[i] - e3[i]) < 1e-4f * (1 + fabsf(e1[i])));
    assert_int_equal(clile_predictor_run(one, 0, NULL, 0, 0, NULL, NULL, NULL), CLILE_OK);
    clile_predictor_destroy(one);
    clile_predictor_destroy(three);
}

static clile_predictor *mirroring(const clile_model *model, const char *value)
{
    clile_options *options = NULL;
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, "mirror", value), CLILE_OK);
    assert_int_equal(clile_predictor_create(model, options, &predictor), CLILE_OK);
    clile_options_destroy(options);
    return predictor;
}

/* The mean of an image and its mirror image, whichever of them is given; the model's metadata
 * says so where the option does not. */
static void expect_mirror(clile_model *model, int n)
{
    uint8_t rgb[N * SIZE * SIZE * 3], other[N * SIZE * SIZE * 3];
    float e[3][N * D], mean[2][N * D], p[2][N * C], said[N * D];
    clile_predictor *plain = mirroring(model, "0"), *mirror = mirroring(model, "1");
    fill(rgb, sizeof rgb);
    for (int row = 0; row < N * SIZE; ++row)
        for (int x = 0; x < SIZE; ++x)
            memcpy(&other[3 * (row * SIZE + x)], &rgb[3 * (row * SIZE + SIZE - 1 - x)], 3);
    assert_int_equal(clile_predictor_run(plain, n, rgb, SIZE, SIZE, NULL, NULL, e[0]), CLILE_OK);
    assert_int_equal(clile_predictor_run(plain, n, other, SIZE, SIZE, NULL, NULL, e[1]), CLILE_OK);
    assert_int_equal(clile_predictor_run(mirror, n, rgb, SIZE, SIZE, p[0], NULL, mean[0]),
                     CLILE_OK);
    assert_int_equal(clile_predictor_run(mirror, n, other, SIZE, SIZE, p[1], NULL, mean[1]),
                     CLILE_OK);
    assert_memory_not_equal(e[0], e[1], (size_t)(n * D) * sizeof(float));
    assert_memory_equal(mean[0], mean[1], (size_t)(n * D) * sizeof(float));
    assert_memory_equal(p[0], p[1], (size_t)(n * C) * sizeof(float));
    for (int i = 0; i < n * D; ++i) {
        const float expected = 0.5f * (e[0][i] + e[1][i]);
        assert_true(fabsf(mean[0][i] - expected) < 1e-4f * (1.0f + fabsf(expected)));
    }
    clile_predictor_destroy(plain);
    plain = mirroring(model, "auto");
    assert_int_equal(clile_predictor_run(plain, n, rgb, SIZE, SIZE, NULL, NULL, said), CLILE_OK);
    assert_memory_equal(said, e[0], (size_t)(n * D) * sizeof(float));
    clile_predictor_destroy(plain);
    assert_int_equal(clile_model_set_metadata(model, "mirror", "1"), CLILE_OK);
    plain = mirroring(model, "auto");
    assert_int_equal(clile_predictor_run(plain, n, rgb, SIZE, SIZE, NULL, NULL, said), CLILE_OK);
    assert_memory_equal(said, mean[0], (size_t)(n * D) * sizeof(float));
    assert_int_equal(clile_model_set_metadata(model, "mirror", "0"), CLILE_OK);
    clile_predictor_destroy(plain);
    clile_predictor_destroy(mirror);
}

static void test_the_mirror_image_counts_as_much(void **state)
{
    (void)state;
    uint8_t rgb[N * SIZE * SIZE * 3];
    clile_model *model = trained_model(), *int8 = NULL;
    for (int n = 1; n <= N; ++n) expect_mirror(model, n);
    fill(rgb, sizeof rgb);
    assert_int_equal(clile_model_quantize(model, N, rgb, SIZE, SIZE, NULL, &int8), CLILE_OK);
    for (int n = 1; n <= N; ++n) expect_mirror(int8, n);
    clile_model_destroy(int8);
    clile_model_destroy(model);
}

/* A face drawn twice as large and at another place, with its landmarks, is the same face. */
static void test_landmarks_find_the_crop(void **state)
{
    (void)state;
    clile_model *model = trained_model();
    clile_predictor *predictor = predictor_of(model, 1);
    static uint8_t crop[SIZE * SIZE * 3], photo[200 * 220 * 3];
    const double canonical[5][2] = CLILE_I_CANONICAL;
    float xy[10], direct[C], aligned[C];
    for (int y = 0; y < SIZE; ++y)
        for (int x = 0; x < SIZE; ++x)
            for (int k = 0; k < 3; ++k)
                crop[(y * SIZE + x) * 3 + k] =
                    (uint8_t)(120 + 50 * sin(0.2 * x + k) + 50 * cos(0.17 * y));
    for (int y = 0; y < 200; ++y)
        for (int x = 0; x < 220; ++x)
            for (int k = 0; k < 3; ++k) {
                /* crop coordinate of the photo's pixel centre, scale 2, moved by (60, 50) */
                const double u = (x + 0.5 - 60) / 2 - 0.5, v = (y + 0.5 - 50) / 2 - 0.5;
                photo[(y * 220 + x) * 3 + k] =
                    (uint8_t)(120 + 50 * sin(0.2 * u + k) + 50 * cos(0.17 * v));
            }
    for (int i = 0; i < 5; ++i) {
        xy[2 * i] = (float)(60 + 2 * SIZE * canonical[i][0]);
        xy[2 * i + 1] = (float)(50 + 2 * SIZE * canonical[i][1]);
    }
    const clile_image image = {sizeof image, CLILE_PIXELS_RGB, 200, 220, 0, photo};
    clile_face face = {sizeof face, CLILE_FACE_POINTS, &image, {0}, 5, 0, xy};
    assert_int_equal(clile_predictor_run(predictor, 1, crop, SIZE, SIZE, direct, NULL, NULL),
                     CLILE_OK);
    assert_int_equal(clile_predictor_run_faces(predictor, 1, &face, aligned, NULL, NULL), CLILE_OK);
    for (int c = 0; c < C; ++c) assert_true(fabsf(direct[c] - aligned[c]) < 0.02f);
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
}

static clile_predictor *scaling(const clile_model *model, const char *value)
{
    clile_options *options = NULL;
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    if (value) assert_int_equal(clile_options_set(options, "crop_scale", value), CLILE_OK);
    assert_int_equal(clile_predictor_create(model, options, &predictor), CLILE_OK);
    clile_options_destroy(options);
    return predictor;
}

/* crop_scale=0.7 is the crop of landmarks that lie at 0.7 of their distance from its centre; the
 * option comes before the metadata; a crop or a box is what it is. */
static void test_crop_scale(void **state)
{
    (void)state;
    clile_model *model = trained_model();
    enum { SIDE = 120 };
    static uint8_t photo[SIDE * SIDE * 3];
    const double canonical[5][2] = CLILE_I_CANONICAL;
    float wide[10], near[10], p[6][C];
    fill(photo, sizeof photo);
    for (int i = 0; i < 10; ++i) {
        const double at = canonical[i / 2][i % 2] - 0.5;
        wide[i] = (float)(60 + 100 * at);
        near[i] = (float)(60 + 70 * at);
    }
    const clile_image image = {sizeof image, CLILE_PIXELS_RGB, SIDE, SIDE, 0, photo};
    const clile_face faces[] = {
        {sizeof faces[0], CLILE_FACE_POINTS, &image, {0}, 5, 0, wide},
        {sizeof faces[0], CLILE_FACE_POINTS, &image, {0}, 5, 0, near},
        {sizeof faces[0], CLILE_FACE_BOX, &image, {20, 20, 80, 80}, 0, 0, NULL},
    };
    clile_predictor *plain = scaling(model, NULL), *set = scaling(model, "0.7"), *said, *undone;
    clile_predictor *refused = NULL;
    assert_int_equal(clile_model_set_metadata(model, "crop_scale", "0.7"), CLILE_OK);
    said = scaling(model, NULL);
    undone = scaling(model, "1");
    const struct {
        clile_predictor *predictor;
        const clile_face *face;
    } runs[] = {{plain, &faces[1]}, {set, &faces[0]},    {said, &faces[0]},
                {plain, &faces[0]}, {undone, &faces[0]}, {plain, &faces[2]}};
    for (int k = 0; k < 6; ++k) {
        assert_int_equal(
            clile_predictor_run_faces(runs[k].predictor, 1, runs[k].face, p[k], NULL, NULL),
            CLILE_OK);
    }
    for (int c = 0; c < C; ++c) assert_true(fabsf(p[0][c] - p[1][c]) < 1e-3f);
    assert_memory_equal(p[1], p[2], sizeof p[1]);
    assert_memory_equal(p[3], p[4], sizeof p[3]);
    assert_true(fabsf(p[0][0] - p[3][0]) > 1e-2f);
    assert_int_equal(clile_predictor_run_faces(set, 1, &faces[2], p[0], NULL, NULL), CLILE_OK);
    assert_memory_equal(p[0], p[5], sizeof p[0]);
    static const char *const bad[] = {"", "0.4", "2.5", "nan", "0.8x", "wide"};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; ++k) {
        assert_int_equal(clile_model_set_metadata(model, "crop_scale", bad[k]), CLILE_OK);
        assert_int_equal(clile_predictor_create(model, NULL, &refused), CLILE_E_CORRUPT);
        assert_non_null(strstr(clile_last_error(), "expected a number from 0.5 to 2"));
        assert_null(refused);
    }
    clile_predictor_destroy(plain);
    clile_predictor_destroy(set);
    clile_predictor_destroy(said);
    clile_predictor_destroy(undone);
    clile_model_destroy(model);
}

static clile_predictor *predictor_with_margin(const clile_model *model, double margin)
{
    clile_options *options = NULL;
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set_f64(options, CLILE_OPT_BOX_MARGIN, margin), CLILE_OK);
    assert_int_equal(clile_predictor_create(model, options, &predictor), CLILE_OK);
    clile_options_destroy(options);
    return predictor;
}

/* A box is the square around its middle, widened by the margin: the same pixels cut out by hand. */
static void test_box_is_a_square_with_margin(void **state)
{
    (void)state;
    clile_model *model = trained_model();
    clile_predictor *predictor = predictor_with_margin(model, 0.25),
                    *wide = predictor_with_margin(model, 0.5);
    enum { H = 100, W = 120, STRIDE = 3 * W + 5, SIDE = 50 };
    static uint8_t photo[H * STRIDE], crop[SIDE * SIDE * 3];
    fill(photo, sizeof photo);
    /* 30 x 40 at (45, 20): middle (60, 40), side 40 * 1.25 = 50: from (35, 15) */
    for (int y = 0; y < SIDE; ++y)
        memcpy(crop + y * SIDE * 3, photo + (15 + y) * STRIDE + 35 * 3, SIDE * 3);
    const clile_image image = {sizeof image, CLILE_PIXELS_RGB, H, W, STRIDE, photo};
    const clile_face face = {sizeof face, CLILE_FACE_BOX, &image, {45, 20, 30, 40}, 0, 0, NULL};
    float cut[C], boxed[C];
    int8_t present[C];
    assert_int_equal(clile_predictor_run(predictor, 1, crop, SIDE, SIDE, cut, NULL, NULL),
                     CLILE_OK);
    assert_int_equal(clile_predictor_run_faces(predictor, 1, &face, boxed, present, NULL),
                     CLILE_OK);
    for (int c = 0; c < C; ++c) {
        assert_true(fabsf(cut[c] - boxed[c]) <
                    1e-3f); /* pixels on the crop's edge are interpolated with what lies outside */
        assert_int_equal(present[c], boxed[c] > 0.5f);
    }
    assert_int_equal(clile_predictor_run_faces(wide, 1, &face, boxed, NULL, NULL), CLILE_OK);
    assert_true(fabsf(cut[0] - boxed[0]) > 2e-3f);
    clile_predictor_destroy(predictor);
    clile_predictor_destroy(wide);
    clile_model_destroy(model);
}

/* The same picture in every format, rows with a gap, as a crop, by a box and by landmarks: the
 * same bits. */
static void test_pixel_formats(void **state)
{
    (void)state;
    enum { H = 130, W = 110, GAP = 7 };
    static const struct {
        int32_t bytes, red, green, blue;
    } formats[] = {{3, 0, 1, 2}, {3, 2, 1, 0}, {4, 0, 1, 2}, {4, 2, 1, 0}, {1, 0, 0, 0}};
    const float xy[10] = {40, 50, 70, 52, 54, 66, 42, 82, 67, 84};
    const clile_face kinds[] = {
        {sizeof kinds[0], CLILE_FACE_CROP, NULL, {0}, 0, 0, NULL},
        {sizeof kinds[0], CLILE_FACE_BOX, NULL, {20, 30, 60, 70}, 0, 0, NULL},
        {sizeof kinds[0], CLILE_FACE_POINTS, NULL, {0}, 5, 0, xy},
        /* enlarged: no averaging before */
        {sizeof kinds[0], CLILE_FACE_BOX, NULL, {50, 60, 9, 8}, 0, 0, NULL},
    };
    static uint8_t rgb[H * W * 3], other[H * (W * 4 + GAP)];
    clile_model *model = trained_model();
    clile_predictor *predictor = predictor_of(model, 1);
    for (int32_t f = 0; f < 5; ++f) {
        const int stride = W * formats[f].bytes + GAP;
        fill(rgb, sizeof rgb);
        memset(other, 0xa5, sizeof other);
        for (int i = 0; f == CLILE_PIXELS_GREY && i < H * W; ++i)
            rgb[3 * i + 1] = rgb[3 * i + 2] = rgb[3 * i];
        for (int i = 0; i < H * W; ++i) {
            uint8_t *p = other + i / W * stride + i % W * formats[f].bytes;
            p[formats[f].red] = rgb[3 * i];
            p[formats[f].green] = rgb[3 * i + 1];
            p[formats[f].blue] = rgb[3 * i + 2];
        }
        const clile_image a = {sizeof a, CLILE_PIXELS_RGB, H, W, 0, rgb},
                          b = {sizeof b, f, H, W, stride, other};
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; ++k) {
            clile_face pair[2] = {kinds[k], kinds[k]};
            float e[2][D];
            pair[0].image = &a;
            pair[1].image = &b;
            if (clile_predictor_run_faces(predictor, 2, pair, NULL, NULL, e[0]) != CLILE_OK)
                fail_msg("%s", clile_last_error());
            assert_memory_equal(e[0], e[1], sizeof e[0]);
        }
        /* a crop of just the right size, which need not be resampled */
        const clile_image c = {sizeof c, f, SIZE, SIZE, stride, other};
        const clile_face crop = {sizeof crop, CLILE_FACE_CROP, &c, {0}, 0, 0, NULL};
        float e[2][D];
        assert_int_equal(clile_predictor_run_faces(predictor, 1, &crop, NULL, NULL, e[0]),
                         CLILE_OK);
        assert_int_equal(
            clile_predictor_run_strided(predictor, 1, rgb, SIZE, SIZE, W * 3, 0, NULL, NULL, e[1]),
            CLILE_OK);
        assert_memory_equal(e[0], e[1], sizeof e[0]);
    }
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
}

/* Each way in which the second of two faces can be wrong: the message, and that nothing is
 * written. */
static void test_bad_faces(void **state)
{
    (void)state;
    clile_model *model = trained_model();
    clile_predictor *predictor = predictor_of(model, 0);
    static uint8_t rgb[60 * 50 * 3];
    float xy[10] = {20, 20, 30, 20, 25, 27, 20, 34, 30, 34}, same[10] = {0}, nan[10] = {NAN},
          p[2 * C];
    const clile_image good = {sizeof good, CLILE_PIXELS_RGB, 60, 50, 0, rgb};
    clile_image images[] = {good, good, good, good, good, good};
    images[0].struct_size = 8;
    images[1].format = 5;
    images[2].h = 0;
    images[3].w = 65536;
    images[4].row_stride = 149;
    images[5].pixels = NULL;
    const clile_face points = {sizeof points, CLILE_FACE_POINTS, &good, {0}, 5, 0, xy};
    const struct {
        clile_face face;
        const char *text;
    } wrong[] = {
        {{8, CLILE_FACE_CROP, &good, {0}, 0, 0, NULL}, "struct_size is 8"},
        {{sizeof points, 3, &good, {0}, 0, 0, NULL},
         "kind is 3, expected CLILE_FACE_CROP (0) to 2"},
        {{sizeof points, -1, &good, {0}, 0, 0, NULL}, "kind is -1"},
        {{sizeof points, CLILE_FACE_CROP, NULL, {0}, 0, 0, NULL}, "image is NULL"},
        {{sizeof points, CLILE_FACE_CROP, &images[0], {0}, 0, 0, NULL},
         "image: struct_size is 8, expected"},
        {{sizeof points, CLILE_FACE_CROP, &images[1], {0}, 0, 0, NULL}, "format of the image is 5"},
        {{sizeof points, CLILE_FACE_CROP, &images[2], {0}, 0, 0, NULL}, "image of 0 x 50 pixels"},
        {{sizeof points, CLILE_FACE_CROP, &images[3], {0}, 0, 0, NULL},
         "image of 60 x 65536 pixels"},
        {{sizeof points, CLILE_FACE_CROP, &images[4], {0}, 0, 0, NULL},
         "row_stride of the image is 149 bytes"},
        {{sizeof points, CLILE_FACE_CROP, &images[5], {0}, 0, 0, NULL},
         "pixels of the image are NULL"},
        {{sizeof points, CLILE_FACE_BOX, &good, {10, 10, 30, NAN}, 0, 0, NULL},
         "value 3 is not finite"},
        {{sizeof points, CLILE_FACE_BOX, &good, {10, 10, 0, 40}, 0, 0, NULL},
         "face box of 0 x 40 pixels"},
        {{sizeof points, CLILE_FACE_BOX, &good, {50, 10, 30, 40}, 0, 0, NULL},
         "lies outside the image of 50 x 60"},
        {{sizeof points, CLILE_FACE_BOX, &good, {10, -40, 30, 40}, 0, 0, NULL}, "lies outside"},
        {{sizeof points, CLILE_FACE_POINTS, &good, {0}, 5, 0, NULL}, "xy is NULL"},
        {{sizeof points, CLILE_FACE_POINTS, &good, {0}, 7, 0, xy}, "7 landmarks, expected 5 or 68"},
        {{sizeof points, CLILE_FACE_POINTS, &good, {0}, -5, 0, xy}, "-5 landmarks"},
        {{sizeof points, CLILE_FACE_POINTS, &good, {0}, 5, 0, nan}, "not finite"},
        {{sizeof points, CLILE_FACE_POINTS, &good, {0}, 5, 0, same}, "landmarks"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        const clile_face faces[2] = {points, wrong[i].face};
        for (int c = 0; c < 2 * C; ++c) p[c] = 7;
        assert_int_equal(clile_predictor_run_faces(predictor, 2, faces, p, NULL, NULL),
                         CLILE_E_INVALID_ARGUMENT);
        if (strstr(clile_last_error(), wrong[i].text) == NULL ||
            strncmp(clile_last_error(), "faces[1]: ", 10) != 0)
            fail_msg("%zu: %s", i, clile_last_error());
        for (int c = 0; c < 2 * C; ++c) assert_true(p[c] == 7);
    }
    assert_int_equal(clile_predictor_run_faces(predictor, 1, &wrong[0].face, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run_faces(predictor, -1, &points, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run_faces(predictor, 1, NULL, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run_faces(NULL, 1, &points, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run_faces(predictor, 0, NULL, NULL, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_predictor_run_faces(predictor, 1, &points, NULL, NULL, NULL), CLILE_OK);
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
}

static clile_model *quantized(const clile_model *model)
{
    static uint8_t rgb[8 * SIZE * SIZE * 3];
    clile_model *small = NULL;
    fill(rgb, sizeof rgb);
    assert_int_equal(clile_model_quantize(model, 8, rgb, SIZE, SIZE, NULL, &small), CLILE_OK);
    return small;
}

/* A face gets the same bits in a call with many as alone; with an int8 model, whatever the
 * batch, too. */
static void test_a_face_does_not_depend_on_the_others(void **state)
{
    (void)state;
    enum { MOST = 21 };
    static uint8_t rgb[MOST * SIZE * SIZE * 3];
    static float alone[MOST * D], together[MOST * D];
    clile_model *models[2] = {trained_model(), NULL};
    models[1] = quantized(models[0]);
    fill(rgb, sizeof rgb);
    for (int m = 0; m < 2; ++m) {
        const int64_t batches[] = {0, 1, 3, 16};
        for (size_t b = 0; b < sizeof batches / sizeof batches[0]; ++b) {
            clile_predictor *predictor = predictor_of(models[m], batches[b]);
            for (int64_t i = 0; i < MOST && (m == 0 || b == 0); ++i)
                assert_int_equal(clile_predictor_run(predictor, 1, rgb + i * SIZE * SIZE * 3, SIZE,
                                                     SIZE, NULL, NULL, alone + i * D),
                                 CLILE_OK);
            for (int64_t n = 1; n <= MOST; n += n < 9 ? 1 : 6) {
                memset(together, 0, sizeof together);
                assert_int_equal(
                    clile_predictor_run(predictor, n, rgb, SIZE, SIZE, NULL, NULL, together),
                    CLILE_OK);
                assert_memory_equal(together, alone, (size_t)(n * D) * sizeof(float));
            }
            clile_predictor_destroy(predictor);
        }
        clile_model_destroy(models[m]);
    }
}

/* Only the first call with many faces allocates, and only with an int8 model; when it fails, the
 * predictor still works. */
static void test_many_faces_allocate_once(void **state)
{
    (void)state;
    enum { MOST = 9 };
    static uint8_t rgb[MOST * SIZE * SIZE * 3];
    float e[MOST * D];
    clile_model *models[2] = {trained_model(), NULL};
    models[1] = quantized(models[0]);
    for (int m = 0; m < 2; ++m) {
        clile_predictor *predictor = predictor_of(models[m], 0);
        clile_i_alloc_fail_at(1);
        assert_int_equal(clile_predictor_run(predictor, 3, rgb, SIZE, SIZE, NULL, NULL, e),
                         CLILE_OK);
        assert_int_equal(clile_predictor_run(predictor, MOST, rgb, SIZE, SIZE, NULL, NULL, e),
                         m == 0 ? CLILE_OK : CLILE_E_OUT_OF_MEMORY);
        clile_i_alloc_fail_at(0);
        assert_int_equal(clile_predictor_run(predictor, MOST, rgb, SIZE, SIZE, NULL, NULL, e),
                         CLILE_OK);
        clile_i_alloc_fail_at(1);
        assert_int_equal(clile_predictor_run(predictor, MOST, rgb, SIZE, SIZE, NULL, NULL, e),
                         CLILE_OK);
        clile_i_alloc_fail_at(0);
        clile_predictor_destroy(predictor);
        clile_model_destroy(models[m]);
    }
}

/* The training option is not the predictor's: were it read, there would be room for 7 faces at
 * once from the beginning.
 */
static void test_batch_is_of_training_alone(void **state)
{
    (void)state;
    enum { MOST = 9 };
    static uint8_t rgb[MOST * SIZE * SIZE * 3];
    clile_model *model = trained_model(), *small = quantized(model);
    clile_options *options = NULL;
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_BATCH, 7), CLILE_OK);
    assert_int_equal(clile_predictor_create(small, options, &predictor), CLILE_OK);
    clile_i_alloc_fail_at(1);
    assert_int_equal(clile_predictor_run(predictor, 1, rgb, SIZE, SIZE, NULL, NULL, NULL),
                     CLILE_OK);
    assert_int_equal(clile_predictor_run(predictor, MOST, rgb, SIZE, SIZE, NULL, NULL, NULL),
                     CLILE_E_OUT_OF_MEMORY);
    clile_i_alloc_fail_at(0);
    clile_predictor_destroy(predictor);
    clile_options_destroy(options);
    clile_model_destroy(small);
    clile_model_destroy(model);
}

static void test_bad_input(void **state)
{
    (void)state;
    clile_model *model = trained_model(), *untrained = NULL;
    clile_predictor *predictor = NULL;
    const int32_t aus[1] = {12};
    uint8_t rgb[3] = {0};
    float p[C];
    assert_int_equal(clile_model_create(NULL, 1, aus, &untrained), CLILE_OK);
    assert_int_equal(clile_predictor_create(untrained, NULL, &predictor), CLILE_E_STATE);
    assert_non_null(strstr(clile_last_error(), "not been trained"));
    assert_int_equal(clile_predictor_create(NULL, NULL, &predictor), CLILE_E_INVALID_ARGUMENT);
    predictor = predictor_of(model, 1);
    assert_int_equal(clile_predictor_run(predictor, 1, NULL, 1, 1, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run(predictor, -1, rgb, 1, 1, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run(predictor, 1, rgb, 0, 1, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "image of 0 x 1 pixels"));
    assert_int_equal(clile_predictor_run(NULL, 1, rgb, 1, 1, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run(predictor, 1, rgb, 1, 1, p, NULL, NULL),
                     CLILE_OK); /* one grey pixel is an image */
    clile_predictor_destroy(predictor);
    clile_predictor_destroy(NULL);
    clile_model_destroy(model);
    clile_model_destroy(untrained);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_agree),
        cmocka_unit_test(test_the_mirror_image_counts_as_much),
        cmocka_unit_test(test_landmarks_find_the_crop),
        cmocka_unit_test(test_crop_scale),
        cmocka_unit_test(test_box_is_a_square_with_margin),
        cmocka_unit_test(test_pixel_formats),
        cmocka_unit_test(test_bad_faces),
        cmocka_unit_test(test_a_face_does_not_depend_on_the_others),
        cmocka_unit_test(test_many_faces_allocate_once),
        cmocka_unit_test(test_batch_is_of_training_alone),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
