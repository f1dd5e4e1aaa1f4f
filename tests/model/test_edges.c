/* The limits of clile/model.h and clile/predictor.h: no image, the smallest images, strides that
 * overflow, each output omitted, every kind of invalid face, and metadata of any bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include <clile/predictor.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { C = 2, D = 4, SIDE = 40 };
static clile_model *model;
static clile_predictor *predictor;
static uint8_t pixels[SIDE][SIDE][3];

static void fails(clile_status found, clile_status expected, const char *text)
{
    if (found != expected || strstr(clile_last_error(), text) == NULL)
        fail_msg("%s \"%s\", expected %s \"...%s...\"", clile_status_name(found),
                 clile_last_error(), clile_status_name(expected), text);
}

static clile_model *small(int32_t c)
{
    int32_t ids[64];
    float slope[64], offset[64] = {0};
    clile_options *options = NULL;
    clile_model *out = NULL;
    for (int i = 0; i < c; ++i) {
        ids[i] = 999 - i;
        slope[i] = 1;
    }
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, "width", "0.0625"), CLILE_OK);
    assert_int_equal(clile_options_set(options, "embedding", "4"), CLILE_OK);
    assert_int_equal(clile_options_set(options, "image_size", "32"), CLILE_OK);
    assert_int_equal(clile_model_create(options, c, ids, &out), CLILE_OK);
    assert_int_equal(clile_model_set_decision(out, NULL, slope, offset), CLILE_OK);
    clile_options_destroy(options);
    return out;
}

static int make(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(2, 1);
    for (size_t i = 0; i < sizeof pixels; ++i)
        (&pixels[0][0][0])[i] = (uint8_t)clile_i_rng_below(&rng, 256);
    model = small(C);
    return clile_predictor_create(model, NULL, &predictor) == CLILE_OK ? 0 : -1;
}

static int unmake(void **state)
{
    (void)state;
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
    return 0;
}

static void sizes_of_models(void **state)
{
    (void)state;
    int32_t ids[65];
    clile_model *out = NULL;
    for (int i = 0; i < 65; ++i) ids[i] = i + 1;
    const int32_t wrong[] = {0, -1, 65, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; ++k)
        fails(clile_model_create(NULL, wrong[k], ids, &out), CLILE_E_INVALID_ARGUMENT,
              "expected 1 to 64");
    const int32_t beyond[] = {0, -1, 1000, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof beyond / sizeof *beyond; ++k)
        fails(clile_model_create(NULL, 1, &beyond[k], &out), CLILE_E_INVALID_ARGUMENT,
              "expected a FACS number 1 to 999");
    assert_null(out);
    const int32_t counts[] = {1, 64};
    for (size_t k = 0; k < 2; ++k) {
        float probability[64], alone[64];
        int8_t present[64];
        out = small(counts[k]);
        clile_predictor *p = NULL;
        assert_int_equal(clile_predictor_create(out, NULL, &p), CLILE_OK);
        assert_int_equal(
            clile_predictor_run(p, 1, &pixels[0][0][0], SIDE, SIDE, probability, present, NULL),
            CLILE_OK);
        assert_int_equal(clile_predictor_run(p, 1, &pixels[0][0][0], SIDE, SIDE, alone, NULL, NULL),
                         CLILE_OK);
        for (int32_t c = 0; c < counts[k]; ++c) assert_true(present[c] == (probability[c] > 0.5f));
        assert_memory_equal(alone, probability, (size_t)counts[k] * sizeof *alone);
        clile_predictor_destroy(p);
        clile_model_destroy(out);
    }
}

static void no_image_writes_nothing(void **state)
{
    float probability[C] = {7, 7};
    int8_t present[C] = {7, 7};
    (void)state;
    assert_int_equal(clile_predictor_run(predictor, 0, NULL, 0, 0, probability, present, NULL),
                     CLILE_OK);
    assert_int_equal(
        clile_predictor_run_scores(predictor, 0, NULL, 0, 0, probability, present, NULL), CLILE_OK);
    assert_int_equal(
        clile_predictor_run_strided(predictor, 0, NULL, 0, 0, 0, 0, probability, present, NULL),
        CLILE_OK);
    assert_int_equal(clile_predictor_run_faces(predictor, 0, NULL, probability, present, NULL),
                     CLILE_OK);
    assert_true(probability[0] == 7 && present[1] == 7);
    const int64_t negative[] = {-1, INT64_MIN};
    for (size_t k = 0; k < 2; ++k) {
        fails(clile_predictor_run(predictor, negative[k], &pixels[0][0][0], 1, 1, probability,
                                  present, NULL),
              CLILE_E_INVALID_ARGUMENT, "n is -");
        fails(clile_predictor_run_faces(predictor, negative[k], NULL, probability, present, NULL),
              CLILE_E_INVALID_ARGUMENT, "n is -");
    }
}

static void strides_and_sides_out_of_range(void **state)
{
    float probability[C];
    const uint8_t *rgb = &pixels[0][0][0];
    static const struct {
        int64_t n;
        int32_t h, w;
        int64_t row, image;
        const char *text;
    } cases[] = {
        {1, 0, 1, 0, 0, "0 x 1 pixels"},
        {1, 1, 65536, 0, 0, "1 x 65536 pixels"},
        {1, INT32_MIN, 1, 0, 0, "pixels"},
        {1, 4, 4, 11, 0, "row_stride is 11"},
        {1, 4, 4, -12, 0, "row_stride is -12"},
        {1, 4, 4, INT64_MIN, 0, "row_stride is -"},
        {1, 4, 4, INT64_MAX, 0, "row_stride is 9223372036854775807"},
        {2, 4, 4, 12, 47, "image_stride is 47"},
        {2, 4, 4, 12, -48, "image_stride is -48"},
        {2, 4, 4, 12, INT64_MAX, "image_stride is 9223372036854775807"},
        {INT64_MAX, 4, 4, 12, 48, "image_stride is 48"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k)
        fails(clile_predictor_run_strided(predictor, cases[k].n, rgb, cases[k].h, cases[k].w,
                                          cases[k].row, cases[k].image, probability, NULL, NULL),
              CLILE_E_INVALID_ARGUMENT, cases[k].text);
    /* nothing is wanted */
    assert_int_equal(clile_predictor_run(predictor, 1, rgb, 1, 1, NULL, NULL, NULL), CLILE_OK);
}

/* Each is refused by its number and nothing is written, although the face before it is good. */
static void faces_that_cannot_be(void **state)
{
    const clile_image whole = {sizeof whole, CLILE_PIXELS_RGB, SIDE, SIDE, 0, &pixels[0][0][0]};
    const clile_face good = {.struct_size = sizeof good, .kind = CLILE_FACE_CROP, .image = &whole};
    static const float points[10] = {12, 14, 28, 14, 20, 22, 14, 30, 26, 30},
                       nan_points[10] = {NAN}, same[10] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
    static const float boxes[][4] = {{NAN, 0, 9, 9}, {0, INFINITY, 9, 9}, {0, 0, 0, 9},
                                     {0, 0, 9, -1},  {SIDE, 0, 9, 9},     {0, -9, 9, 9},
                                     {0, 0, NAN, 9}, {-FLT_MAX, 0, 1, 1}, {0, FLT_MAX, 9, 9}};
    clile_image images[12];
    float probability[2][C];
    (void)state;
    for (int k = 0; k < 12; ++k) images[k] = whole;
    images[0].struct_size = 0;
    images[1].format = -1;
    images[2].format = 5;
    images[3].h = 0;
    images[4].w = 65536;
    images[5].row_stride = 3 * SIDE - 1;
    images[6].row_stride = -3 * SIDE;
    images[7].pixels = NULL;
    images[8].format = INT32_MAX;
    images[9].row_stride = INT64_MAX;
    images[10].row_stride = INT64_MIN;
    images[11].struct_size = (uint32_t)sizeof whole - 1;
    clile_face bad[64];
    int count = 0;
    for (int k = 0; k < 12; ++k) {
        bad[count] = good;
        bad[count++].image = &images[k];
    }
    for (size_t k = 0; k < sizeof boxes / sizeof *boxes; ++k) {
        bad[count] = good;
        bad[count].kind = CLILE_FACE_BOX;
        memcpy(bad[count++].box, boxes[k], sizeof boxes[k]);
    }
    static const struct {
        int32_t points;
        const float *xy;
    } landmarks[] = {{0, points},         {4, points}, {6, points},     {-5, points},
                     {INT32_MAX, points}, {5, NULL},   {5, nan_points}, {5, same}};
    for (size_t k = 0; k < sizeof landmarks / sizeof *landmarks; ++k) {
        bad[count] = good;
        bad[count].kind = CLILE_FACE_POINTS;
        bad[count].points = landmarks[k].points;
        bad[count++].xy = landmarks[k].xy;
    }
    const int32_t kinds[] = {-1, 3, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; ++k) {
        bad[count] = good;
        bad[count++].kind = kinds[k];
    }
    bad[count] = good;
    bad[count++].image = NULL;
    for (int k = 0; k < count; ++k) {
        const clile_face two[2] = {good, bad[k]};
        memset(probability, 0, sizeof probability);
        const clile_status status =
            clile_predictor_run_faces(predictor, 2, two, &probability[0][0], NULL, NULL);
        if (status != CLILE_E_INVALID_ARGUMENT || strstr(clile_last_error(), "faces[1]") == NULL)
            fail_msg("face %d: %s \"%s\"", k, clile_status_name(status), clile_last_error());
        if (probability[0][0] != 0) fail_msg("face %d: something was written", k);
    }
    clile_face other = good;
    const uint32_t sizes[] = {0, 4, (uint32_t)sizeof good - 1};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; ++k) {
        other.struct_size = sizes[k];
        fails(clile_predictor_run_faces(predictor, 1, &other, &probability[0][0], NULL, NULL),
              CLILE_E_INVALID_ARGUMENT, "struct_size");
    }
}

/* What set_metadata takes comes back from the file; keys that differ stay different. */
static void metadata_of_any_bytes(void **state)
{
    static const char path[] = "model_edges.safetensors";
    static const char *const keys[] = {"a", "\xff", "\xfe", "k\n", "\"", "\\", "user.", "format"};
    char longest[65];
    clile_model *loaded = NULL;
    (void)state;
    memset(longest, 'k', 64);
    longest[64] = '\0';
    fails(clile_model_set_metadata(model, longest, "v"), CLILE_E_INVALID_ARGUMENT,
          "expected 1 to 63");
    fails(clile_model_set_metadata(model, "", "v"), CLILE_E_INVALID_ARGUMENT, "expected 1 to 63");
    longest[63] = '\0';
    assert_int_equal(clile_model_set_metadata(model, longest, ""), CLILE_OK);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; ++k) {
        const clile_status status = clile_model_set_metadata(model, keys[k], keys[k]);
        if ((unsigned char)keys[k][0] >= 0x80)
            fails(status, CLILE_E_INVALID_ARGUMENT, "UTF-8");
        else
            assert_int_equal(status, CLILE_OK);
    }
    /* a subject's name, say */
    assert_int_equal(clile_model_set_metadata(model, "latin", "caf\xe9"), CLILE_OK);
    assert_string_equal(clile_model_get_metadata(model, "a"), "a");
    assert_int_equal(clile_model_save(model, path), CLILE_OK);
    if (clile_model_load(path, &loaded) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_string_equal(clile_model_get_metadata(loaded, longest), "");
    assert_string_equal(clile_model_get_metadata(loaded, "latin"), "caf\xef\xbf\xbd");
    for (size_t k = 0; k < sizeof keys / sizeof *keys; ++k)
        if ((unsigned char)keys[k][0] < 0x80)
            assert_string_equal(clile_model_get_metadata(loaded, keys[k]), keys[k]);
    clile_model_destroy(loaded);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_models),
        cmocka_unit_test(no_image_writes_nothing),
        cmocka_unit_test(strides_and_sides_out_of_range),
        cmocka_unit_test(faces_that_cannot_be),
        cmocka_unit_test(metadata_of_any_bytes),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
