/* The predictor: batches, sizes, landmarks and bad input. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
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
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_BATCH, batch), CLILE_OK);
    if (clile_predictor_create(model, options, &predictor) != CLILE_OK) fail_msg("%s", clile_last_error());
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
    assert_int_equal(clile_predictor_run_scores(three, N, rgb, SIZE, SIZE, score, NULL, NULL), CLILE_OK);
    for (int i = 0; i < N * C; ++i) {
        assert_true(fabsf(p1[i] - p3[i]) < 1e-5f);
        assert_int_equal(present[i], p1[i] > 0.5f);
    }
    for (int i = 0; i < N * D; ++i) assert_true(fabsf(e1[i] - e3[i]) < 1e-4f * (1 + fabsf(e1[i])));
    assert_int_equal(clile_predictor_run(one, 0, NULL, 0, 0, NULL, NULL, NULL), CLILE_OK);
    clile_predictor_destroy(one);
    clile_predictor_destroy(three);
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
                crop[(y * SIZE + x) * 3 + k] = (uint8_t)(120 + 50 * sin(0.2 * x + k) + 50 * cos(0.17 * y));
    for (int y = 0; y < 200; ++y)
        for (int x = 0; x < 220; ++x)
            for (int k = 0; k < 3; ++k) { /* crop coordinate of the photo's pixel centre, scale 2, moved by (60, 50) */
                const double u = (x + 0.5 - 60) / 2 - 0.5, v = (y + 0.5 - 50) / 2 - 0.5;
                photo[(y * 220 + x) * 3 + k] = (uint8_t)(120 + 50 * sin(0.2 * u + k) + 50 * cos(0.17 * v));
            }
    for (int i = 0; i < 5; ++i) {
        xy[2 * i] = (float)(60 + 2 * SIZE * canonical[i][0]);
        xy[2 * i + 1] = (float)(50 + 2 * SIZE * canonical[i][1]);
    }
    assert_int_equal(clile_predictor_run(predictor, 1, crop, SIZE, SIZE, direct, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_predictor_run_landmarks(predictor, photo, 200, 220, 0, 5, xy, aligned, NULL, NULL),
                     CLILE_OK);
    for (int c = 0; c < C; ++c) assert_true(fabsf(direct[c] - aligned[c]) < 0.02f);
    assert_int_equal(clile_predictor_run_landmarks(predictor, photo, 200, 220, 100, 5, xy, aligned, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "row_stride is 100"));
    assert_int_equal(clile_predictor_run_landmarks(predictor, photo, 200, 220, 0, 7, xy, aligned, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    xy[3] = NAN;
    assert_int_equal(clile_predictor_run_landmarks(predictor, photo, 200, 220, 0, 5, xy, aligned, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
}

/* A box is the square around its middle, widened by the margin: the same pixels cut out by hand. */
static void test_box_is_a_square_with_margin(void **state)
{
    (void)state;
    clile_model *model = trained_model();
    clile_predictor *predictor = predictor_of(model, 1);
    enum { H = 100, W = 120, STRIDE = 3 * W + 5, SIDE = 50 };
    static uint8_t photo[H * STRIDE], crop[SIDE * SIDE * 3];
    fill(photo, sizeof photo);
    /* 30 x 40 at (45, 20): middle (60, 40), side 40 * 1.25 = 50: from (35, 15) */
    for (int y = 0; y < SIDE; ++y) memcpy(crop + y * SIDE * 3, photo + (15 + y) * STRIDE + 35 * 3, SIDE * 3);
    float box[4] = {45, 20, 30, 40}, cut[C], boxed[C];
    int8_t present[C];
    assert_int_equal(clile_predictor_run(predictor, 1, crop, SIDE, SIDE, cut, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_predictor_run_box(predictor, photo, H, W, STRIDE, box, 0.25, boxed, present, NULL),
                     CLILE_OK);
    for (int c = 0; c < C; ++c) {
        assert_true(fabsf(cut[c] - boxed[c]) <
                    1e-3f); /* pixels on the crop's edge are interpolated with what lies outside */
        assert_int_equal(present[c], boxed[c] > 0.5f);
    }
    assert_int_equal(clile_predictor_run_box(predictor, photo, H, W, STRIDE, box, 0.5, boxed, NULL, NULL), CLILE_OK);
    assert_true(fabsf(cut[0] - boxed[0]) > 2e-3f);
    const struct {
        float box[4];
        double margin;
        const char *text;
    } wrong[] = {
        {{45, 20, 30, NAN}, 0, "value 3 is not finite"},
        {{45, 20, 0, 40}, 0, "face box of 0 x 40 pixels"},
        {{45, 20, 30, 40}, 4.5, "found 4.5"},
        {{45, 20, 30, 40}, NAN, "margin"},
        {{W, 20, 30, 40}, 0, "lies outside"},
        {{45, -40, 30, 40}, 0, "lies outside the image of 120 x 100"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        assert_int_equal(
            clile_predictor_run_box(predictor, photo, H, W, STRIDE, wrong[i].box, wrong[i].margin, boxed, NULL, NULL),
            CLILE_E_INVALID_ARGUMENT);
        if (strstr(clile_last_error(), wrong[i].text) == NULL) fail_msg("%zu: %s", i, clile_last_error());
    }
    assert_int_equal(clile_predictor_run_box(predictor, photo, H, W, 3 * W - 1, box, 0, boxed, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run_box(predictor, photo, H, W, 0, NULL, 0, boxed, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run_box(NULL, photo, H, W, 0, box, 0, boxed, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    clile_predictor_destroy(predictor);
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
    assert_int_equal(clile_predictor_run(predictor, 1, NULL, 1, 1, p, NULL, NULL), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run(predictor, -1, rgb, 1, 1, p, NULL, NULL), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_predictor_run(predictor, 1, rgb, 0, 1, p, NULL, NULL), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "image of 0 x 1 pixels"));
    assert_int_equal(clile_predictor_run(NULL, 1, rgb, 1, 1, p, NULL, NULL), CLILE_E_INVALID_ARGUMENT);
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
        cmocka_unit_test(test_landmarks_find_the_crop),
        cmocka_unit_test(test_box_is_a_square_with_margin),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
