/* The model handle and its files: what is written is read back, and messages name what is
 * wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int32_t aus[3] = {1, 12, 25};
static const char path[] = "model_test.safetensors";

static clile_model *small_model(const char *key, const char *value)
{
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_WIDTH, "0.125"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_EMBEDDING, "8"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_IMAGE_SIZE, "32"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_STEM, "imagenet"), CLILE_OK);
    if (key) assert_int_equal(clile_options_set(options, key, value), CLILE_OK);
    assert_int_equal(clile_model_create(options, 3, aus, &model), CLILE_OK);
    clile_options_destroy(options);
    return model;
}

static void assert_fails(clile_status expected, clile_status found, const char *text)
{
    if (found != expected)
        fail_msg("%s (%s) instead of %s", clile_status_name(found), clile_last_error(),
                 clile_status_name(expected));
    if (!strstr(clile_last_error(), text))
        fail_msg("\"%s\" does not say \"%s\"", clile_last_error(), text);
}

static void test_round_trip(void **state)
{
    (void)state;
    clile_model *model = small_model(CLILE_OPT_NULL_ANCHOR, "1"), *back = NULL;
    const float slope[3] = {10.0f, 3.3333333f, 1e-3f}, offset[3] = {-0.1f, 0.0f, 1.7f};
    float slope2[3], offset2[3], *au = calloc(4 * 8, sizeof *au), *au2 = calloc(4 * 8, sizeof *au2);
    assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
    assert_int_equal(clile_model_set_metadata(model, "protocol", "bp4d"), CLILE_OK);
    assert_int_equal(clile_model_set_metadata(model, "fold", "2"), CLILE_OK);
    assert_int_equal(clile_model_set_metadata(model, "fold", "3"), CLILE_OK);
    assert_int_equal(
        clile_model_set_metadata(model, "note", "quotes \" and \\ and \n and \xc3\xa9"), CLILE_OK);
    assert_int_equal(clile_model_save(model, path), CLILE_OK);
    if (clile_model_load(path, &back) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(clile_model_au_count(back), 3);
    assert_int_equal(clile_model_embedding_size(back), 8);
    assert_int_equal(clile_model_image_size(back), 32);
    assert_int_equal(clile_model_is_trained(back), 1);
    assert_int_equal(back->null_anchor, 1);
    assert_string_equal(clile_model_get_metadata(back, "fold"), "3");
    assert_string_equal(clile_model_get_metadata(back, "note"),
                        "quotes \" and \\ and \n and \xc3\xa9");
    assert_null(clile_model_get_metadata(back, "absent"));
    assert_int_equal(clile_model_copy_decision(back, slope2, offset2), CLILE_OK);
    assert_memory_equal(slope, slope2, sizeof slope);
    assert_memory_equal(offset, offset2, sizeof offset);
    assert_int_equal(clile_model_copy_au_embedding(model, au), CLILE_OK);
    assert_int_equal(clile_model_copy_au_embedding(back, au2), CLILE_OK);
    assert_memory_equal(au, au2, 3 * 8 * sizeof *au);
    for (int32_t i = 0; i < clile_i_net_tensor_count(model->encoder); ++i) {
        const clile_i_net_tensor *a = clile_i_net_tensor_at(model->encoder, i),
                                 *b = clile_i_net_tensor_at(back->encoder, i);
        assert_memory_equal(a->data, b->data, (size_t)a->count * sizeof(float));
    }
    free(au);
    free(au2);
    clile_model_destroy(model);
    clile_model_destroy(back);
    unlink(path);
}

/* Files use the oldest format that can hold the model: those that could be written before keep
 * their bytes. */
static void test_stem(void **state)
{
    (void)state;
    clile_model *model = small_model(CLILE_OPT_STEM, "small"), *back = NULL,
                *torchvision = small_model(CLILE_OPT_STEM, "imagenet");
    clile_i_st *st = NULL;
    char *json = NULL;
    assert_int_equal(clile_model_save(model, path), CLILE_OK);
    assert_int_equal(clile_i_st_open(path, &st), CLILE_OK);
    assert_string_equal(clile_i_st_metadata(st, "format_version"), "3");
    assert_string_equal(clile_i_st_metadata(st, "weights"), "float32");
    assert_string_equal(clile_i_st_metadata(st, "stem"), "small");
    clile_i_st_close(st);
    if (clile_model_load(path, &back) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(back->stem, CLILE_I_STEM_SMALL);
    for (int32_t i = 0; i < clile_i_net_tensor_count(model->encoder); ++i) {
        const clile_i_net_tensor *a = clile_i_net_tensor_at(model->encoder, i),
                                 *b = clile_i_net_tensor_at(back->encoder, i);
        assert_memory_equal(a->data, b->data, (size_t)a->count * sizeof(float));
    }
    assert_int_equal(clile_model_copy_json(back, &json), CLILE_OK);
    assert_non_null(strstr(json, "\"format_version\":3,\"weights\":\"float32\","));
    assert_non_null(strstr(json, "\"stem\":\"small\""));
    clile_free(json);
    assert_int_equal(clile_model_save(torchvision, path), CLILE_OK);
    assert_int_equal(clile_i_st_open(path, &st), CLILE_OK);
    assert_string_equal(clile_i_st_metadata(st, "format_version"), "1");
    assert_null(clile_i_st_metadata(st, "weights"));
    assert_null(clile_i_st_metadata(st, "stem"));
    clile_i_st_close(st);
    assert_int_equal(clile_model_copy_json(torchvision, &json), CLILE_OK);
    assert_non_null(strstr(json, "\"stem\":\"imagenet\""));
    clile_free(json);
    clile_model_destroy(model);
    clile_model_destroy(back);
    clile_model_destroy(torchvision);
    unlink(path);
}

/* The bytes in memory are those of the file, and are checked as strictly. */
static int32_t stem_of(const char *size, const char *key, const char *value)
{
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_WIDTH, "0.0625"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_IMAGE_SIZE, size), CLILE_OK);
    if (key) assert_int_equal(clile_options_set(options, key, value), CLILE_OK);
    assert_int_equal(clile_model_create(options, 3, aus, &model), CLILE_OK);
    const int32_t stem = model->stem;
    clile_model_destroy(model);
    clile_options_destroy(options);
    return stem;
}

/* The size of a crop chooses the stem, unless something else says which. */
static void test_stem_chosen_by_size(void **state)
{
    (void)state;
    assert_int_equal(stem_of("32", NULL, NULL), CLILE_I_STEM_SMALL);
    assert_int_equal(stem_of("95", NULL, NULL), CLILE_I_STEM_SMALL);
    assert_int_equal(stem_of("96", NULL, NULL), CLILE_I_STEM_IMAGENET);
    assert_int_equal(stem_of("112", CLILE_OPT_STEM, "auto"), CLILE_I_STEM_IMAGENET);
    assert_int_equal(stem_of("64", CLILE_OPT_STEM, "auto"), CLILE_I_STEM_SMALL);
    assert_int_equal(stem_of("64", CLILE_OPT_STEM, "imagenet"), CLILE_I_STEM_IMAGENET);
    assert_int_equal(stem_of("112", CLILE_OPT_STEM, "small"), CLILE_I_STEM_SMALL);
    assert_int_equal(stem_of("64", CLILE_OPT_METHOD, "bce"), CLILE_I_STEM_SMALL);
    assert_int_equal(stem_of("64", CLILE_OPT_PRESET, "published"), CLILE_I_STEM_IMAGENET);
}

static void test_memory(void **state)
{
    (void)state;
    clile_model *model = small_model(NULL, NULL), *back = NULL;
    clile_i_file file = {0};
    uint8_t *bytes = NULL, *shifted;
    size_t size = 0;
    assert_int_equal(clile_model_save(model, path), CLILE_OK);
    assert_int_equal(clile_model_save_memory(model, &bytes, &size), CLILE_OK);
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    assert_int_equal(file.size, size);
    assert_memory_equal(file.data, bytes, size);
    clile_i_file_close(&file);
    unlink(path);
    shifted = malloc(size + 1); /* of any alignment, exactly as long */
    memcpy(shifted + 1, bytes, size);
    if (clile_model_load_memory(shifted + 1, size, &back) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    memset(shifted, 0, size + 1); /* borrowed for the call only */
    clile_free(bytes);
    assert_int_equal(clile_model_save_memory(back, &bytes, &size), CLILE_OK);
    clile_model_destroy(back);
    back = model;
    for (size_t cut = 0; cut < size; cut += 1 + size / 17) {
        const clile_status status = clile_model_load_memory(bytes, cut, &back);
        assert_true(status == CLILE_E_FORMAT || status == CLILE_E_CORRUPT);
        assert_null(back);
        assert_int_equal(strncmp(clile_last_error(), "memory: ", 8), 0);
    }
    bytes[size - 1] ^= 1;
    assert_fails(CLILE_E_CORRUPT, clile_model_load_memory(bytes, size, &back), "memory: damaged");
    assert_fails(CLILE_E_INVALID_ARGUMENT, clile_model_load_memory(NULL, size, &back), "bytes");
    clile_free(bytes);
    free(shifted);
    clile_model_destroy(model);
}

static void test_bad_creation(void **state)
{
    (void)state;
    const int32_t twice[2] = {4, 4}, zero[1] = {0};
    clile_model *model = NULL;
    assert_fails(CLILE_E_INVALID_ARGUMENT, clile_model_create(NULL, 0, aus, &model), "c is 0");
    assert_fails(CLILE_E_INVALID_ARGUMENT, clile_model_create(NULL, 2, twice, &model),
                 "AU 4 is twice");
    assert_fails(CLILE_E_INVALID_ARGUMENT, clile_model_create(NULL, 1, zero, &model),
                 "au_ids[0] is 0");
    assert_fails(CLILE_E_INVALID_ARGUMENT, clile_model_create(NULL, 1, NULL, &model),
                 "au_ids is NULL");
    assert_null(model);
    assert_int_equal(clile_model_au_count(NULL), 0);
    clile_model_destroy(NULL);
}

static void test_bad_decision(void **state)
{
    (void)state;
    clile_model *model = small_model(NULL, NULL);
    const float good[3] = {1, 1, 1}, zero[3] = {1, 0, 1}, nan3[3] = {1, NAN, 1};
    float au[24] = {0};
    au[5] = INFINITY;
    assert_fails(CLILE_E_INVALID_ARGUMENT, clile_model_set_decision(model, NULL, zero, good),
                 "AU 12");
    assert_fails(CLILE_E_INVALID_ARGUMENT, clile_model_set_decision(model, NULL, good, nan3),
                 "AU 12");
    assert_fails(CLILE_E_INVALID_ARGUMENT, clile_model_set_decision(model, au, good, good),
                 "au_embedding[5]");
    assert_int_equal(clile_model_is_trained(model), 0);
    clile_model_destroy(model);
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    clile_model *model = NULL;
    clile_i_st_writer *writer = NULL;
    const int64_t shape[1] = {2};
    const float two[2] = {1, 2};
    assert_fails(CLILE_E_IO, clile_model_load("absent.safetensors", &model), "absent.safetensors");
    FILE *file = fopen(path, "wb");
    fputs("not a model at all, but a text", file);
    fclose(file);
    assert_int_not_equal(clile_model_load(path, &model), CLILE_OK);
    assert_non_null(strstr(clile_last_error(), path));
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    assert_int_equal(clile_i_st_writer_add(writer, "weight", CLILE_I_ST_F32, 1, shape, two),
                     CLILE_OK);
    assert_int_equal(clile_i_st_writer_write(writer, path), CLILE_OK);
    clile_i_st_writer_destroy(writer);
    assert_fails(CLILE_E_FORMAT, clile_model_load(path, &model), "not a libclile model");
    assert_null(model);
    unlink(path);
}

/* Writes the model with one metadata value replaced, or without one tensor, or with one value
 * spoiled. */
static void write_changed(const clile_model *model, const char *key, const char *value)
{
    clile_i_file file;
    assert_int_equal(clile_model_save(model, path), CLILE_OK);
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    char *copy = malloc(file.size), *at = NULL;
    memcpy(copy, file.data, file.size);
    for (size_t i = 8; i + strlen(key) < file.size && at == NULL; ++i)
        if (memcmp(copy + i, key, strlen(key)) == 0) at = copy + i;
    assert_non_null(at);
    assert_int_equal(strlen(key), strlen(value));
    memcpy(at, value, strlen(value));
    FILE *out = fopen("changed.safetensors", "wb");
    fwrite(copy, 1, file.size, out);
    fclose(out);
    free(copy);
    clile_i_file_close(&file);
    unlink(path);
}

static void test_files_that_lie(void **state)
{
    (void)state;
    clile_model *model = small_model(NULL, NULL), *back = NULL;
    const struct {
        const char *from, *to, *text;
        clile_status status;
    } table[] = {
        {"\"format_version\":\"1\"", "\"format_version\":\"9\"", "model format 9",
         CLILE_E_UNSUPPORTED},
        {"\"backbone\":\"resnet10\"", "\"backbone\":\"resnet99\"", "backbone", CLILE_E_FORMAT},
        {"\"backbone\":\"resnet10\"", "\"backbone\":\"resnet18\"", "layer1.1", CLILE_E_FORMAT},
        {"\"embedding\":\"8\"", "\"embedding\":\"9\"", "fc.weight", CLILE_E_FORMAT},
        {"\"image_size\":\"32\"", "\"image_size\":\"31\"", "image_size", CLILE_E_FORMAT},
        {"\"au_ids\":\"1,12,25\"", "\"au_ids\":\"1,12,1x\"", "au_ids", CLILE_E_FORMAT},
        {"\"au_ids\":\"1,12,25\"", "\"au_ids\":\"1,12,12\"", "AU 12 is twice", CLILE_E_FORMAT},
        {"\"decision_slope\":\"1,", "\"decision_slope\":\"0,", "decision_slope", CLILE_E_FORMAT},
        {"\"encoder.fc.bias\"", "\"encoder.fc.bios\"", "encoder.fc.bias", CLILE_E_FORMAT},
        {"\"au.embedding\"", "\"au.embeddung\"", "au.embedding", CLILE_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        write_changed(model, table[i].from, table[i].to);
        assert_fails(table[i].status, clile_model_load("changed.safetensors", &back),
                     table[i].text);
        assert_null(back);
    }
    unlink("changed.safetensors");
    model->au_embedding[7] = NAN;
    assert_int_equal(clile_model_save(model, path), CLILE_OK);
    assert_fails(CLILE_E_NOT_FINITE, clile_model_load(path, &back), "au.embedding, value 7");
    unlink(path);
    clile_model_destroy(model);
}

static void test_import(void **state)
{
    (void)state;
    clile_model *source = small_model(CLILE_OPT_SEED, "5"), *model = small_model(NULL, NULL),
                *deeper = small_model(CLILE_OPT_BACKBONE, "resnet18");
    clile_i_st_writer *writer = NULL;
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    /* torchvision's names have no prefix */
    assert_int_equal(clile_i_net_put(writer, "", source->encoder), CLILE_OK);
    assert_int_equal(clile_i_st_writer_write(writer, path), CLILE_OK);
    clile_i_st_writer_destroy(writer);
    assert_memory_not_equal(clile_i_net_tensor_at(model->encoder, 0)->data,
                            clile_i_net_tensor_at(source->encoder, 0)->data, 64);
    if (clile_model_import_backbone(model, path) != CLILE_OK) fail_msg("%s", clile_last_error());
    for (int32_t i = 0; i < clile_i_net_tensor_count(model->encoder); ++i) {
        const clile_i_net_tensor *a = clile_i_net_tensor_at(model->encoder, i),
                                 *b = clile_i_net_tensor_at(source->encoder, i);
        assert_memory_equal(a->data, b->data, (size_t)a->count * sizeof(float));
    }
    assert_fails(CLILE_E_FORMAT, clile_model_import_backbone(deeper, path),
                 "layer1.1.conv1.weight is missing");
    assert_fails(CLILE_E_IO, clile_model_import_backbone(model, "absent.safetensors"),
                 "absent.safetensors");
    unlink(path);
    clile_model_destroy(source);
    clile_model_destroy(model);
    clile_model_destroy(deeper);
}

static void test_score_and_decision(void **state)
{
    (void)state;
    clile_model *model = small_model(CLILE_OPT_SIMILARITY, "cosine");
    float embedding[2][8] = {{1, 2, 3, 4, 5, 6, 7, 8}, {0}}, score[2][3], p[2][3];
    int8_t present[2][3];
    const float slope[3] = {4, 4, 4}, offset[3] = {0, 100, -100};
    assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
    clile_i_model_score(model, 2, &embedding[0][0], &score[0][0]);
    for (int c = 0; c < 3; ++c) {
        double dot = 0, a = 0, f = 0;
        for (int i = 0; i < 8; ++i) {
            const double x = (double)embedding[0][i], y = (double)model->au_embedding[c * 8 + i];
            dot += x * y, a += y * y, f += x * x;
        }
        assert_true(fabs((double)score[0][c] - dot / sqrt(a * f)) < 1e-6);
        assert_true(score[1][c] == 0.0f); /* a zero embedding is similar to nothing */
    }
    clile_i_model_decide(model, 2, &score[0][0], &p[0][0], &present[0][0]);
    for (int c = 0; c < 3; ++c)
        for (int k = 0; k < 2; ++k) assert_int_equal(present[k][c], p[k][c] > 0.5f);
    assert_true(p[1][0] == 0.5f && present[1][0] == 0 && present[1][1] == 1 && present[1][2] == 0);
    clile_model_destroy(model);
}

static void test_json(void **state)
{
    (void)state;
    clile_model *model = small_model(NULL, NULL);
    char *json = NULL;
    assert_int_equal(clile_model_set_metadata(model, "k", "v\"w"), CLILE_OK);
    assert_int_equal(clile_model_copy_json(model, &json), CLILE_OK);
    assert_non_null(strstr(json, "\"backbone\":\"resnet10\""));
    assert_non_null(strstr(json, "{\"au\":12,"));
    assert_non_null(strstr(json, "\"k\":\"v\\\"w\""));
    clile_i_free(json);
    clile_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_stem),
        cmocka_unit_test(test_stem_chosen_by_size),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_bad_creation),
        cmocka_unit_test(test_bad_decision),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_files_that_lie),
        cmocka_unit_test(test_import),
        cmocka_unit_test(test_score_and_decision),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
