/* The reader with a model of points: which crops it predicts, and the boxes and points that it
 * returns. A model whose points are the same in every crop stands in for a trained one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "face/face.h"
#include "model/model.h"

#include <math.h>

enum { SIDE = 32, C = 2, D = 8 };

static uint8_t pixels[240][320][3];
static const clile_image image = {sizeof image, CLILE_PIXELS_RGB, 240, 320, 0, &pixels[0][0][0]};

static clile_model *make_model(void)
{
    static const int32_t au_ids[C] = {1, 12};
    static const float slope[C] = {1, 1}, offset[C] = {0, 0};
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(CLILE_OK, clile_options_create(&options));
    assert_int_equal(CLILE_OK, clile_options_set(options, "image_size", "32"));
    assert_int_equal(CLILE_OK, clile_options_set(options, "width", "0.0625"));
    assert_int_equal(CLILE_OK, clile_options_set(options, "embedding", "8"));
    assert_int_equal(CLILE_OK, clile_model_create(options, C, au_ids, &model));
    assert_int_equal(CLILE_OK, clile_model_set_decision(model, NULL, slope, offset));
    clile_options_destroy(options);
    return model;
}

/* Its points are those of an aligned crop, enlarged by `scale` and moved by `shift` of the side. */
static clile_model *make_points(int32_t p, double scale, double shift)
{
    static const double canonical[5][2] = CLILE_I_CANONICAL;
    clile_model *model = make_model();
    assert_int_equal(CLILE_OK, clile_i_points_create(p, D, 0, &model->points));
    memset(model->points.weight, 0, sizeof(float) * 2 * (size_t)p * D);
    for (int32_t k = 0; k < p; ++k) {
        /* of 68: the eyes' points lie on their centres, the rest does not matter */
        const int32_t five = p == 5 ? k : k >= 36 && k < 42 ? 0 : k < 48 ? 1 : k == 48 ? 3 : 4;
        const double *at = canonical[p != 5 && k == 30 ? 2 : five];
        for (int axis = 0; axis < 2; ++axis)
            model->points.bias[2 * k + axis] = (float)(0.5 + scale * (at[axis] - 0.5) + shift);
    }
    return model;
}

static int is_doubled; /* the finder sees a second, less sure one beside it */

static int32_t tell(clile_finder *finder, const clile_image *picture, void *user)
{
    const float box[4] = {100, 60, 80, 80}, beside[4] = {150, 60, 81, 81};
    (void)picture;
    (void)user;
    if (is_doubled && clile_finder_add(finder, beside, 0.5f, 0, NULL) != CLILE_OK) return 1;
    return clile_finder_add(finder, box, 1.0f, 0, NULL) != CLILE_OK;
}

static clile_reader *make_reader(const clile_model *model)
{
    clile_finder *finder = NULL;
    clile_reader *reader = NULL;
    for (int y = 0; y < 240; ++y)
        for (int x = 0; x < 320; ++x)
            for (int k = 0; k < 3; ++k)
                pixels[y][x][k] = (uint8_t)(128 + 60 * sin(0.11 * x + k) + 60 * cos(0.13 * y));
    assert_int_equal(CLILE_OK, clile_finder_create(tell, NULL, NULL, &finder));
    assert_int_equal(CLILE_OK, clile_reader_create(model, finder, NULL, &reader));
    assert_int_equal(CLILE_OK, clile_reader_set_points_model(reader, NULL, NULL));
    clile_finder_destroy(finder);
    return reader;
}

static int64_t read_face(clile_reader *reader, clile_found_face *face, float *embedding)
{
    int64_t count = -1;
    *face = (clile_found_face){.struct_size = sizeof *face};
    assert_int_equal(CLILE_OK, clile_reader_read_image(reader, &image, &count));
    if (count > 0)
        assert_int_equal(CLILE_OK, clile_reader_get(reader, 0, face, NULL, NULL, embedding));
    return count;
}

static void expect_crop(const clile_model *model, const clile_face *face, const float *embedding)
{
    clile_predictor *predictor = NULL;
    float expected[D];
    assert_int_equal(CLILE_OK, clile_predictor_create(model, NULL, &predictor));
    assert_int_equal(CLILE_OK, clile_predictor_run_faces(predictor, 1, face, NULL, NULL, expected));
    assert_memory_equal(expected, embedding, sizeof expected);
    clile_predictor_destroy(predictor);
}

static void faces_are_aligned_by_their_points(void **state)
{
    (void)state;
    static const int32_t counts[] = {5, 68, 73};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
        const int32_t p = counts[i];
        clile_model *model = make_model(), *points = make_points(p, 1.0, 0.02);
        clile_reader *reader = make_reader(model);
        clile_found_face face;
        float embedding[D];
        assert_int_equal(CLILE_OK, clile_reader_set_points_model(reader, points, NULL));
        clile_model_destroy(points); /* it was copied */
        assert_int_equal(1, read_face(reader, &face, embedding));
        assert_int_equal(p == 5 ? 5 : 68, face.points);
        /* .02 of the crop's side, twice */
        const float moved = 2 * 0.02f * 1.22f * 80, expected[4] = {100 + moved, 60 + moved, 80, 80};
        for (int k = 0; k < 4; ++k) assert_true(fabsf(face.box[k] - expected[k]) < 0.05f);
        const clile_face by_points = {.struct_size = sizeof by_points,
                                      .kind = CLILE_FACE_POINTS,
                                      .image = &image,
                                      .points = face.points,
                                      .xy = face.xy};
        expect_crop(model, &by_points, embedding);
        clile_reader_destroy(reader);
        clile_model_destroy(model);
    }
}

static void a_model_of_boxes_is_given_the_corrected_box(void **state)
{
    (void)state;
    clile_model *model = make_model(), *points = make_points(5, 1.0, 0.02);
    const clile_i_trained_on on = {
        .layout = "list", .kind = "rendered", .protocol = "none", .boxes = 100};
    assert_int_equal(CLILE_OK, clile_i_model_note_training(model, &on));
    clile_reader *reader = make_reader(model);
    clile_found_face face;
    float embedding[D];
    assert_int_equal(CLILE_OK, clile_reader_set_points_model(reader, points, NULL));
    assert_int_equal(1, read_face(reader, &face, embedding));
    assert_int_equal(5, face.points);
    clile_face by_box = {.struct_size = sizeof by_box, .kind = CLILE_FACE_BOX, .image = &image};
    memcpy(by_box.box, face.box, sizeof by_box.box);
    assert_true(by_box.box[0] > 103.0f);
    expect_crop(model, &by_box, embedding);
    clile_reader_destroy(reader);
    clile_model_destroy(points);
    clile_model_destroy(model);
}

static void points_deny_a_face(void **state)
{
    (void)state;
    clile_model *model = make_model(), *small = make_points(5, 0.3, 0.0);
    clile_reader *reader = make_reader(model);
    clile_found_face face;
    assert_int_equal(CLILE_OK, clile_reader_set_points_model(reader, small, NULL));
    assert_int_equal(0, read_face(reader, &face, NULL));
    assert_int_equal(CLILE_OK, clile_reader_set_points_model(reader, NULL, NULL));
    assert_int_equal(1, read_face(reader, &face, NULL));
    assert_true(face.points == 0 && face.box[0] == 100.0f);
    clile_reader_destroy(reader);
    clile_model_destroy(small);
    clile_model_destroy(model);
}

/* Boxes that overlap a little are two faces, until the points enlarge them: then they are one, the
 * surer. */
static void boxes_that_become_one_face_are_one(void **state)
{
    (void)state;
    clile_model *model = make_model(), *points = make_points(5, 1.3, 0.0);
    clile_reader *reader = make_reader(model);
    clile_found_face face;
    is_doubled = 1;
    assert_int_equal(2, read_face(reader, &face, NULL));
    assert_true(face.box[0] == 150.0f && face.score == 0.5f); /* the larger first */
    assert_int_equal(CLILE_OK, clile_reader_set_points_model(reader, points, NULL));
    assert_int_equal(1, read_face(reader, &face, NULL));
    assert_true(face.points == 5 && face.score == 1.0f);
    is_doubled = 0;
    clile_reader_destroy(reader);
    clile_model_destroy(points);
    clile_model_destroy(model);
}

static void models_that_find_no_points(void **state)
{
    (void)state;
    clile_model *model = make_model(), *few = make_points(5, 1.0, 0.0), *none = make_model();
    clile_reader *reader = make_reader(model);
    few->points.p = 4;
    assert_int_equal(CLILE_E_UNSUPPORTED, clile_reader_set_points_model(reader, none, NULL));
    assert_non_null(strstr(clile_last_error(), "0 points, expected 5, or 68"));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_reader_set_points_model(reader, few, NULL));
    assert_non_null(strstr(clile_last_error(), "4 points, expected 5, or 68"));
    few->points.p = 5;
    few->trained = 0;
    assert_int_equal(CLILE_E_STATE, clile_reader_set_points_model(reader, few, NULL));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_reader_set_points_model(NULL, model, NULL));
    clile_reader_destroy(reader);
    clile_model_destroy(none);
    clile_model_destroy(few);
    clile_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_are_aligned_by_their_points),
        cmocka_unit_test(a_model_of_boxes_is_given_the_corrected_box),
        cmocka_unit_test(points_deny_a_face),
        cmocka_unit_test(boxes_that_become_one_face_are_one),
        cmocka_unit_test(models_that_find_no_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
