#define _GNU_SOURCE /* memmem */
/* int8 models: their answers beside those of the float32 model, files, what they refuse, damage. */
#include "model_test.h"

#include <stdio.h>
#include <unistd.h>

enum { PICTURES = 12 };
static const char path[] = "quantize_test.safetensors", changed[] = "quantize_changed.safetensors";

static clile_model *quantized(const clile_model *model)
{
    clile_model *small = NULL;
    uint8_t *rgb = test_pictures(PICTURES, TEST_SIZE, TEST_SIZE, 1);
    if (clile_model_quantize(model, PICTURES, rgb, TEST_SIZE, TEST_SIZE, NULL, &small) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    free(rgb);
    return small;
}

/* Root mean square distance of two embeddings relative to the first's length. */
static double distance(int64_t count, const float *a, const float *b)
{
    double difference = 0, length = 0;
    for (int64_t i = 0; i < count; ++i) {
        difference += pow((double)a[i] - (double)b[i], 2);
        length += pow((double)a[i], 2);
    }
    return sqrt(difference / length);
}

static void test_answers_are_close(void **state)
{
    (void)state;
    static const char *const nets[] = {"backbone=resnet10",
                                       "backbone=resnet18",
                                       "backbone=resnet50 width=0.125",
                                       "width=0.19 similarity=cosine",
                                       "stem=small",
                                       "stem=small backbone=resnet50 width=0.125"};
    /* other pictures than those measured */
    uint8_t *rgb = test_pictures(PICTURES, TEST_SIZE, TEST_SIZE, 2);
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; ++i) {
        clile_model *model = test_model(nets[i]), *small = quantized(model);
        clile_predictor *full = test_predictor(model, 1, 1), *int8 = test_predictor(small, 1, 1),
                        *batch = test_predictor(small, 5, 2);
        float p[3][PICTURES * TEST_C], e[3][PICTURES * TEST_D];
        int8_t present[PICTURES * TEST_C];
        assert_int_equal(clile_model_is_quantized(small), 1);
        assert_int_equal(clile_model_is_quantized(model), 0);
        assert_int_equal(
            clile_predictor_run(full, PICTURES, rgb, TEST_SIZE, TEST_SIZE, p[0], NULL, e[0]),
            CLILE_OK);
        assert_int_equal(
            clile_predictor_run(int8, PICTURES, rgb, TEST_SIZE, TEST_SIZE, p[1], present, e[1]),
            CLILE_OK);
        assert_int_equal(
            clile_predictor_run(batch, PICTURES, rgb, TEST_SIZE, TEST_SIZE, p[2], NULL, e[2]),
            CLILE_OK);
        if (getenv("CLILE_VERBOSE_TESTS"))
            print_message("%s: %g\n", nets[i], distance(PICTURES * TEST_D, e[0], e[1]));
        const double far = distance(PICTURES * TEST_D, e[0], e[1]);
        if (!(far < 0.05)) fail_msg("%s: embeddings differ by %g of their length", nets[i], far);
        if (!(far > 1e-6)) fail_msg("%s: int8 gives the very same", nets[i]);
        for (int k = 0; k < PICTURES * TEST_C; ++k) {
            if (!(fabsf(p[0][k] - p[1][k]) < 0.08f))
                fail_msg("%s: probability %g became %g", nets[i], (double)p[0][k], (double)p[1][k]);
            assert_int_equal(present[k], p[1][k] > 0.5f);
        }
        /* integers add up to the same in any order: only the float layer at the end may round
         * otherwise */
        assert_true(distance(PICTURES * TEST_D, e[1], e[2]) < 1e-5);
        clile_predictor_destroy(full);
        clile_predictor_destroy(int8);
        clile_predictor_destroy(batch);
        clile_model_destroy(model);
        clile_model_destroy(small);
    }
    free(rgb);
}

/* Whole files, bytes. */
static char *read_file(const char *name, size_t *size)
{
    clile_i_file file;
    if (clile_i_file_open(name, &file) != CLILE_OK) fail_msg("%s", clile_last_error());
    char *copy = malloc(file.size);
    memcpy(copy, file.data, file.size);
    *size = file.size;
    clile_i_file_close(&file);
    return copy;
}

static void test_round_trip_and_determinism(void **state)
{
    (void)state;
    clile_model *model = test_model("backbone=resnet18 width=0.5 null_anchor=1"), *back = NULL;
    assert_int_equal(clile_model_set_metadata(model, "fold", "2"), CLILE_OK);
    clile_model *small = quantized(model), *again = quantized(model);
    size_t size[3];
    char *bytes[3];
    const char *const names[] = {path, path, path};
    const clile_model *const models[] = {small, again, model};
    for (int i = 0; i < 3; ++i) {
        assert_int_equal(clile_model_save(models[i], names[i]), CLILE_OK);
        bytes[i] = read_file(path, &size[i]);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]); /* the same pictures, the same bits */
    assert_true(size[0] < 0.27 * (double)size[2]);
    assert_non_null(memmem(bytes[0], size[0], "\"format_version\":\"2\"", 20));
    assert_non_null(
        /* float32 files stay readable by older versions */
        memmem(bytes[2], size[2], "\"format_version\":\"1\"", 20));

    assert_int_equal(clile_model_save(small, path), CLILE_OK);
    if (clile_model_load(path, &back) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(clile_model_is_quantized(back), 1);
    assert_int_equal(clile_model_is_trained(back), 1);
    assert_string_equal(clile_model_get_metadata(back, "fold"), "2");
    uint8_t *rgb = test_pictures(2, TEST_SIZE, TEST_SIZE, 3);
    float a[2 * TEST_D], b[2 * TEST_D];
    clile_predictor *one = test_predictor(small, 1, 1), *two = test_predictor(back, 1, 1);
    assert_int_equal(clile_predictor_run(one, 2, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, a),
                     CLILE_OK);
    assert_int_equal(clile_predictor_run(two, 2, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, b),
                     CLILE_OK);
    assert_memory_equal(a, b, sizeof a);
    char *json = NULL;
    assert_int_equal(clile_model_copy_json(back, &json), CLILE_OK);
    assert_non_null(strstr(json, "\"weights\":\"int8\""));
    clile_free(json);
    assert_int_equal(clile_model_save(back, path), CLILE_OK); /* written again: the same file */
    free(bytes[1]);
    bytes[1] = read_file(path, &size[1]);
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    free(rgb);
    for (int i = 0; i < 3; ++i) free(bytes[i]);
    unlink(path);
    clile_predictor_destroy(one);
    clile_predictor_destroy(two);
    clile_model_destroy(model);
    clile_model_destroy(small);
    clile_model_destroy(again);
    clile_model_destroy(back);
}

/* Its format says both: int8, and which stem. */
static void test_small_stem(void **state)
{
    (void)state;
    clile_model *model = test_model("stem=small"), *small = quantized(model), *back = NULL;
    clile_i_st *st = NULL;
    uint8_t *rgb = test_pictures(2, TEST_SIZE, TEST_SIZE, 3);
    float a[2 * TEST_D], b[2 * TEST_D];
    assert_int_equal(clile_model_save(small, path), CLILE_OK);
    assert_int_equal(clile_i_st_open(path, &st), CLILE_OK);
    assert_string_equal(clile_i_st_metadata(st, "format_version"), "3");
    assert_string_equal(clile_i_st_metadata(st, "weights"), "int8");
    assert_string_equal(clile_i_st_metadata(st, "stem"), "small");
    clile_i_st_close(st);
    if (clile_model_load(path, &back) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(clile_model_is_quantized(back), 1);
    clile_predictor *one = test_predictor(small, 1, 1), *two = test_predictor(back, 1, 1);
    assert_int_equal(clile_predictor_run(one, 2, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, a),
                     CLILE_OK);
    assert_int_equal(clile_predictor_run(two, 2, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, b),
                     CLILE_OK);
    assert_memory_equal(a, b, sizeof a);
    free(rgb);
    unlink(path);
    clile_predictor_destroy(one);
    clile_predictor_destroy(two);
    clile_model_destroy(model);
    clile_model_destroy(small);
    clile_model_destroy(back);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    clile_model *model = test_model(""), *small = quantized(model), *out = NULL, *untrained = NULL;
    const int32_t au = 12;
    uint8_t rgb[3] = {0};
    assert_int_equal(clile_model_create(NULL, 1, &au, &untrained), CLILE_OK);
    test_fails(CLILE_E_STATE, clile_model_quantize(small, 1, rgb, 1, 1, NULL, &out),
               "already int8");
    test_fails(CLILE_E_STATE, clile_model_quantize(untrained, 1, rgb, 1, 1, NULL, &out),
               "not been trained");
    test_fails(CLILE_E_INVALID_ARGUMENT, clile_model_quantize(model, 0, rgb, 1, 1, NULL, &out),
               "0 images");
    test_fails(CLILE_E_INVALID_ARGUMENT, clile_model_quantize(model, 1, rgb, 0, 1, NULL, &out),
               "of 0 x 1 pixels");
    test_fails(CLILE_E_INVALID_ARGUMENT, clile_model_quantize(model, 1, NULL, 1, 1, NULL, &out),
               "rgb is NULL");
    test_fails(CLILE_E_INVALID_ARGUMENT, clile_model_quantize(NULL, 1, rgb, 1, 1, NULL, &out),
               "model is NULL");
    test_fails(CLILE_E_INVALID_ARGUMENT, clile_model_quantize(model, 1, rgb, 1, 1, NULL, NULL),
               "out is NULL");
    assert_null(out);
    test_fails(CLILE_E_UNSUPPORTED, clile_model_export_onnx(small, "q.onnx"), "is int8");
    test_fails(CLILE_E_UNSUPPORTED, clile_model_import_backbone(small, "absent"), "is int8");
    /* one black pixel is an image */
    assert_int_equal(clile_model_quantize(model, 1, rgb, 1, 1, NULL, &out), CLILE_OK);
    assert_int_equal(clile_model_is_quantized(NULL), 0);
    /* a network whose activations overflow */
    for (int64_t i = 0; i < 8; ++i) clile_i_net_tensor_at(model->encoder, 1)->data[i] = 3e38f;
    clile_model_destroy(out);
    test_fails(CLILE_E_NOT_FINITE, clile_model_quantize(model, 1, rgb, 1, 1, NULL, &out),
               "image 0 is not finite");
    assert_null(out);
    clile_model_destroy(model);
    clile_model_destroy(small);
    clile_model_destroy(untrained);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    clile_model *model = test_model("width=0.125");
    uint8_t *rgb = test_pictures(1, TEST_SIZE, TEST_SIZE, 1);
    int64_t k = 1;
    for (; k < 5000; k += k < 40 ? 1 : 11) { /* one allocation after the other fails */
        clile_model *out = NULL;
        clile_predictor *predictor = NULL;
        clile_i_alloc_fail_at(k);
        clile_status status = clile_model_quantize(model, 1, rgb, TEST_SIZE, TEST_SIZE, NULL, &out);
        if (status == CLILE_OK) status = clile_predictor_create(out, NULL, &predictor);
        clile_i_alloc_fail_at(0);
        clile_predictor_destroy(predictor);
        clile_model_destroy(out);
        if (status == CLILE_OK) break;
        assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
    }
    assert_true(k > 100 && k < 5000);
    free(rgb);
    clile_model_destroy(model);
}

/* Writes the file with some bytes of one tensor changed, and a checksum that fits. */
static void spoil(const clile_model *model, const char *name, size_t offset, const void *value,
                  size_t size)
{
    clile_i_st *st = NULL;
    size_t bytes;
    assert_int_equal(clile_model_save(model, path), CLILE_OK);
    char *copy = read_file(path, &bytes);
    assert_int_equal(clile_i_st_open(path, &st), CLILE_OK);
    const clile_i_st_tensor *t = clile_i_st_find(st, name);
    assert_non_null(t);
    clile_i_st_writer *writer = NULL;
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK); /* for the checksum */
    for (int64_t i = 0; i < clile_i_st_metadata_count(st); ++i) {
        const char *key, *text;
        clile_i_st_metadata_at(st, i, &key, &text);
        if (strcmp(key, "clile_crc32") != 0)
            assert_int_equal(clile_i_st_writer_metadata(writer, key, text), CLILE_OK);
    }
    char *data = malloc(t->bytes);
    memcpy(data, t->data, t->bytes);
    memcpy(data + offset, value, size);
    for (int64_t i = 0; i < clile_i_st_count(st); ++i) {
        const clile_i_st_tensor *each = clile_i_st_at(st, i);
        assert_int_equal(clile_i_st_writer_add(writer, each->name, each->type, each->ndim,
                                               each->shape,
                                               each == t ? (void *)data : (const void *)each->data),
                         CLILE_OK);
    }
    assert_int_equal(clile_i_st_writer_write(writer, changed), CLILE_OK);
    clile_i_st_writer_destroy(writer);
    clile_i_st_close(st);
    free(data);
    free(copy);
    unlink(path);
}

static void test_files_that_lie(void **state)
{
    (void)state;
    clile_model *model = test_model(""), *small = quantized(model), *back = NULL;
    const float zero = 0, negative = -1, huge = 2e30f, none = NAN;
    const int8_t least = -128;
    const struct {
        const char *name;
        size_t offset;
        const void *value;
        size_t size;
        clile_status status;
        const char *text;
    } table[] = {
        {"encoder.layer2.0.conv1.scale", 8, &zero, 4, CLILE_E_FORMAT,
         "layer2.0.conv1.scale, value 2 is 0"},
        {"encoder.conv1.step", 0, &negative, 4, CLILE_E_FORMAT, "conv1.step, value 0 is -1"},
        {"encoder.fc.scale", 4, &huge, 4, CLILE_E_FORMAT, "fc.scale, value 1"},
        {"encoder.layer1.0.conv2.bias", 0, &none, 4, CLILE_E_NOT_FINITE,
         "layer1.0.conv2.bias, value 0"},
        {"encoder.layer4.0.downsample.0.weight", 7, &least, 1, CLILE_E_FORMAT,
         "downsample.0.weight, value 7 is -128"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        spoil(small, table[i].name, table[i].offset, table[i].value, table[i].size);
        test_fails(table[i].status, clile_model_load(changed, &back), table[i].text);
        assert_null(back);
    }
    /* metadata, tensor names, and every cut of the end */
    const struct {
        const char *from, *to, *text;
        clile_status status;
    } edits[] = {
        {"\"format_version\":\"2\"", "\"format_version\":\"6\"", "model format 6",
         CLILE_E_UNSUPPORTED},
        {"\"format_version\":\"2\"", "\"format_version\":\"3\"", "no \"stem\"", CLILE_E_FORMAT},
        {"\"format_version\":\"2\"", "\"format_version\":\"1\"", "encoder.", CLILE_E_FORMAT},
        {"\"weights\":\"int8\"", "\"weights\":\"int4\"", "\"int4\"", CLILE_E_UNSUPPORTED},
        {"\"weights\":\"int8\"", "\"weighty\":\"int8\"", "no \"weights\"", CLILE_E_FORMAT},
        {"\"encoder.conv1.step\"", "\"encoder.conv1.stop\"", "encoder.conv1.step", CLILE_E_FORMAT},
    };
    size_t size;
    assert_int_equal(clile_model_save(small, path), CLILE_OK);
    char *bytes = read_file(path, &size);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; ++i) {
        char *at = memmem(bytes, size, edits[i].from, strlen(edits[i].from));
        assert_non_null(at);
        memcpy(at, edits[i].to, strlen(edits[i].to));
        FILE *out = fopen(changed, "wb");
        fwrite(bytes, 1, size, out);
        fclose(out);
        test_fails(edits[i].status, clile_model_load(changed, &back), edits[i].text);
        memcpy(at, edits[i].from, strlen(edits[i].from));
    }
    clile_i_rng rng = clile_i_rng_make(9, 9);
    for (int i = 0; i < 200; ++i) {
        /* cut somewhere, or one byte turned: an error, never a crash or a silent change */
        char *copy = malloc(size);
        memcpy(copy, bytes, size);
        size_t keep = size;
        if (i % 2)
            keep = (size_t)clile_i_rng_below(&rng, (int64_t)size);
        else
            copy[clile_i_rng_below(&rng, (int64_t)size)] ^=
                (char)(1 + clile_i_rng_below(&rng, 255));
        FILE *out = fopen(changed, "wb");
        fwrite(copy, 1, keep, out);
        fclose(out);
        free(copy);
        if (clile_model_load(changed, &back) == CLILE_OK)
            assert_int_equal(i % 2, 0); /* a byte of metadata text may be harmless */
        clile_model_destroy(back);
        back = NULL;
    }
    free(bytes);
    unlink(path);
    unlink(changed);
    clile_model_destroy(model);
    clile_model_destroy(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_are_close), cmocka_unit_test(test_round_trip_and_determinism),
        cmocka_unit_test(test_small_stem),        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_out_of_memory),     cmocka_unit_test(test_files_that_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
