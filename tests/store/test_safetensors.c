/* What the reader accepts and returns, and what the writer writes. Damaged files are in
 * test_safetensors_damage.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scratch_place.h"
#include "golden_safetensors.h"
#include "store/safetensors.h"

static const float WEIGHT[] = {-0.5f, -0.25f, 0, 0.25f, 0.5f, 0.75f};

static void file_of_the_reference_implementation(void **state)
{
    (void)state;
    clile_i_st *st = NULL;
    const char *path =
        scratch_write(&place, "golden", GOLDEN_SAFETENSORS, sizeof GOLDEN_SAFETENSORS);
    assert_int_equal(CLILE_OK, clile_i_st_open(path, &st));
    assert_string_equal(path, clile_i_st_path(st));
    static const char *const names[] = {
        "empty",  "encoder.conv1.weight", "flag", "half", "image", "labels", "mean", "steps",
        "subject"};
    assert_int_equal(9, clile_i_st_count(st));
    for (int i = 0; i < 9; ++i) assert_string_equal(names[i], clile_i_st_at(st, i)->name);
    assert_null(clile_i_st_at(st, 9));
    assert_null(clile_i_st_at(st, -1));
    assert_null(clile_i_st_find(st, "encoder"));
    float weight[6];
    assert_int_equal(CLILE_OK, clile_i_st_copy(st, "encoder.conv1.weight", CLILE_I_ST_F32, 3,
                                               (const int64_t[]){1, 2, 3}, weight));
    assert_memory_equal(WEIGHT, weight, sizeof weight);
    int64_t steps = 0;
    assert_int_equal(CLILE_OK, clile_i_st_copy(st, "steps", CLILE_I_ST_I64, 0, NULL, &steps));
    assert_int_equal(7, steps);
    int8_t labels[3];
    assert_int_equal(
        CLILE_OK, clile_i_st_copy(st, "labels", CLILE_I_ST_I8, 2, (const int64_t[]){1, 3}, labels));
    assert_memory_equal(((const int8_t[]){1, 0, -1}), labels, 3);
    uint8_t image[3];
    assert_int_equal(CLILE_OK,
                     clile_i_st_copy(st, "image", CLILE_I_ST_U8, 1, (const int64_t[]){3}, image));
    assert_memory_equal(((const uint8_t[]){255, 0, 128}), image, 3);
    int32_t subject[2];
    assert_int_equal(
        CLILE_OK, clile_i_st_copy(st, "subject", CLILE_I_ST_I32, 1, (const int64_t[]){2}, subject));
    assert_memory_equal(((const int32_t[]){3, -4}), subject, 8);
    double mean = 0;
    assert_int_equal(CLILE_OK,
                     clile_i_st_copy(st, "mean", CLILE_I_ST_F64, 1, (const int64_t[]){1}, &mean));
    assert_true(mean == 0.1);
    assert_int_equal(
        CLILE_OK, clile_i_st_copy(st, "empty", CLILE_I_ST_F32, 2, (const int64_t[]){0, 4}, NULL));
    const clile_i_st_tensor *half = clile_i_st_find(st, "half");
    assert_int_equal(CLILE_I_ST_OTHER, half->type);
    assert_string_equal("F16", half->dtype);
    assert_int_equal(2, half->count);
    assert_int_equal(4, half->bytes);
    assert_memory_equal("\x00\x3e\x00\xc0", half->data, 4);
    assert_string_equal("BOOL", clile_i_st_find(st, "flag")->dtype);
    assert_string_equal("caf\xC3\xA9 \"x\"\n\xF0\x9F\x98\x80", clile_i_st_metadata(st, "note"));
    assert_null(clile_i_st_metadata(st, "other"));
    clile_i_st_close(st);
    clile_i_st_close(NULL);
}

static void copy_says_what_does_not_fit(void **state)
{
    (void)state;
    clile_i_st *st = NULL;
    float weight[6];
    const int64_t shape[] = {1, 2, 4};
    const char *path =
        scratch_write(&place, "golden", GOLDEN_SAFETENSORS, sizeof GOLDEN_SAFETENSORS);
    assert_int_equal(CLILE_OK, clile_i_st_open(path, &st));
    assert_int_equal(CLILE_E_FORMAT,
                     clile_i_st_copy(st, "encoder.conv1.weight", CLILE_I_ST_F32, 3, shape, weight));
    assert_error_has(
        "golden: tensor \"encoder.conv1.weight\": expected F32 [1, 2, 4], found F32 [1, 2, 3]");
    assert_int_equal(CLILE_E_FORMAT,
                     clile_i_st_copy(st, "encoder.conv1.weight", CLILE_I_ST_F32, 2, shape, weight));
    assert_error_has("expected F32 [1, 2]");
    assert_int_equal(CLILE_E_FORMAT,
                     clile_i_st_copy(st, "half", CLILE_I_ST_F32, 1, (const int64_t[]){2}, weight));
    assert_error_has("expected F32 [2], found F16 [2]");
    assert_int_equal(CLILE_E_FORMAT,
                     clile_i_st_copy(st, "fc.weight", CLILE_I_ST_F32, 0, NULL, weight));
    assert_error_has("golden: no tensor \"fc.weight\", expected F32 []");
    clile_i_st_close(st);
}

static const int64_t STEP = 42;
static const double MEAN[] = {1.5, 2.5};
static const uint8_t IMAGE[] = {1, 2, 3};

static void write_sample(const char *path, int reversed)
{
    clile_i_st_writer *writer = NULL;
    assert_int_equal(CLILE_OK, clile_i_st_writer_create(&writer));
    assert_int_equal(CLILE_OK, clile_i_st_writer_metadata(writer, "z", "first \"quoted\"\n"));
    assert_int_equal(CLILE_OK, clile_i_st_writer_metadata(writer, "a", "\xC3\xA9"));
    for (int k = 0; k < 5; ++k) {
        const int which = reversed ? 4 - k : k;
        clile_status status = CLILE_E_INTERNAL;
        if (which == 0)
            status = clile_i_st_writer_add(writer, "image", CLILE_I_ST_U8, 2,
                                           (const int64_t[]){1, 3}, IMAGE);
        if (which == 1)
            status = clile_i_st_writer_add(writer, "weight", CLILE_I_ST_F32, 2,
                                           (const int64_t[]){3, 2}, WEIGHT);
        if (which == 2)
            status = clile_i_st_writer_add(writer, "steps", CLILE_I_ST_I64, 0, NULL, &STEP);
        if (which == 3)
            status = clile_i_st_writer_add(writer, "mean", CLILE_I_ST_F64, 1, (const int64_t[]){2},
                                           MEAN);
        if (which == 4)
            status = clile_i_st_writer_add(writer, "none", CLILE_I_ST_I8, 2,
                                           (const int64_t[]){7, 0}, NULL);
        assert_int_equal(CLILE_OK, status);
    }
    if (clile_i_st_writer_write(writer, path) != CLILE_OK) fail_msg("%s", clile_last_error());
    clile_i_st_writer_destroy(writer);
}

/* The bytes themselves, so that a change of the format is noticed. */
static void written_bytes_are_the_documented_ones(void **state)
{
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"z\":\"first "
        "\\\"quoted\\\"\\n\",\"a\":\"\xC3\xA9\",\"clile_crc32\":\"d82f26b5\"},"
        "\"mean\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"steps\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]},"
        "\"weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[24,48]},"
        "\"image\":{\"dtype\":\"U8\",\"shape\":[1,3],\"data_offsets\":[48,51]},"
        "\"none\":{\"dtype\":\"I8\",\"shape\":[7,0],\"data_offsets\":[51,51]}}";
    clile_i_file file;
    uint64_t length = 0;
    write_sample(scratch_path(&place, "out"), 0);
    assert_int_equal(CLILE_OK, clile_i_file_open(place.path, &file));
    memcpy(&length, file.data, 8);
    assert_int_equal(0, (8 + length) % 64);
    assert_true(length >= sizeof header - 1 && length < sizeof header + 63);
    assert_memory_equal(header, file.data + 8, sizeof header - 1);
    for (size_t i = 8 + sizeof header - 1; i < 8 + length; ++i) assert_int_equal(' ', file.data[i]);
    const uint8_t *data = file.data + 8 + length;
    assert_int_equal(8 + length + 51, file.size);
    assert_memory_equal(MEAN, data, 16);
    assert_memory_equal(&STEP, data + 16, 8);
    assert_memory_equal(WEIGHT, data + 24, 24);
    assert_memory_equal(IMAGE, data + 48, 3);
    clile_i_file_close(&file);
}

static void same_content_same_bytes(void **state)
{
    (void)state;
    clile_i_file one, two;
    write_sample(scratch_path(&place, "one"), 0);
    assert_int_equal(CLILE_OK, clile_i_file_open(place.path, &one));
    write_sample(scratch_path(&place, "two"), 1);
    assert_int_equal(CLILE_OK, clile_i_file_open(place.path, &two));
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
    clile_i_file_close(&one);
    clile_i_file_close(&two);
    assert_int_equal(2, scratch_count(&place));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    clile_i_st *st = NULL;
    const char *key = NULL, *value = NULL;
    double mean[2];
    write_sample(scratch_path(&place, "out"), 0);
    assert_int_equal(CLILE_OK, clile_i_st_open(place.path, &st));
    assert_int_equal(5, clile_i_st_count(st));
    assert_int_equal(CLILE_OK,
                     clile_i_st_copy(st, "mean", CLILE_I_ST_F64, 1, (const int64_t[]){2}, mean));
    assert_memory_equal(MEAN, mean, sizeof mean);
    assert_int_equal(7, clile_i_st_find(st, "none")->shape[0]);
    assert_string_equal("first \"quoted\"\n", clile_i_st_metadata(st, "z"));
    assert_int_equal(3, clile_i_st_metadata_count(st));
    clile_i_st_metadata_at(st, 0, &key, &value);
    assert_string_equal("z", key);
    clile_i_st_metadata_at(st, 1, &key, &value);
    assert_string_equal("a", key);
    assert_string_equal("\xC3\xA9", value);
    clile_i_st_metadata_at(st, 2, &key, &value);
    assert_string_equal("clile_crc32", key);
    clile_i_st_metadata_at(st, 3, &key, &value);
    assert_null(key);
    assert_null(value);
    clile_i_st_close(st);
}

static void many_tensors(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static int32_t values[COUNT];
    clile_i_st_writer *writer = NULL;
    clile_i_st *st = NULL;
    char name[32];
    assert_int_equal(CLILE_OK, clile_i_st_writer_create(&writer));
    for (int i = 0; i < COUNT; ++i) {
        values[i] = i * 3;
        snprintf(name, sizeof name, "layer%d", i);
        assert_int_equal(CLILE_OK,
                         clile_i_st_writer_add(writer, name, CLILE_I_ST_I32, 0, NULL, &values[i]));
        assert_int_equal(CLILE_OK, clile_i_st_writer_metadata(writer, name, name));
    }
    assert_int_equal(CLILE_OK, clile_i_st_writer_write(writer, scratch_path(&place, "many")));
    clile_i_st_writer_destroy(writer);
    assert_int_equal(CLILE_OK, clile_i_st_open(place.path, &st));
    assert_int_equal(COUNT, clile_i_st_count(st));
    for (int i = 0; i < COUNT; ++i) {
        int32_t value = -1;
        snprintf(name, sizeof name, "layer%d", i);
        assert_int_equal(CLILE_OK, clile_i_st_copy(st, name, CLILE_I_ST_I32, 0, NULL, &value));
        assert_int_equal(i * 3, value);
        assert_string_equal(name, clile_i_st_metadata(st, name));
    }
    clile_i_st_close(st);
}

static void no_tensors_at_all(void **state)
{
    (void)state;
    clile_i_st_writer *writer = NULL;
    clile_i_st *st = NULL;
    assert_int_equal(CLILE_OK, clile_i_st_writer_create(&writer));
    assert_int_equal(CLILE_OK, clile_i_st_writer_write(writer, scratch_path(&place, "none")));
    clile_i_st_writer_destroy(writer);
    assert_int_equal(CLILE_OK, clile_i_st_open(place.path, &st));
    assert_int_equal(0, clile_i_st_count(st));
    assert_null(clile_i_st_find(st, "x"));
    assert_string_equal("00000000", clile_i_st_metadata(st, "clile_crc32"));
    clile_i_st_close(st);
}

static void writer_refuses(void **state)
{
    (void)state;
    clile_i_st_writer *writer = NULL;
    const int64_t shape[] = {2, 3}, many[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_int_equal(CLILE_OK, clile_i_st_writer_create(&writer));
    assert_int_equal(CLILE_OK,
                     clile_i_st_writer_add(writer, "w", CLILE_I_ST_F32, 2, shape, WEIGHT));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                     clile_i_st_writer_add(writer, "w", CLILE_I_ST_F32, 2, shape, WEIGHT));
    assert_error_has("duplicate name \"w\"");
    assert_int_equal(
        CLILE_E_INVALID_ARGUMENT,
        clile_i_st_writer_add(writer, "__metadata__", CLILE_I_ST_F32, 2, shape, WEIGHT));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                     clile_i_st_writer_add(writer, "\xFF", CLILE_I_ST_F32, 2, shape, WEIGHT));
    assert_error_has("UTF-8");
    assert_int_equal(CLILE_E_UNSUPPORTED,
                     clile_i_st_writer_add(writer, "x", CLILE_I_ST_OTHER, 2, shape, WEIGHT));
    assert_int_equal(CLILE_E_UNSUPPORTED,
                     clile_i_st_writer_add(writer, "x", CLILE_I_ST_F32, 9, many, WEIGHT));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                     clile_i_st_writer_add(writer, "x", CLILE_I_ST_F32, 2, shape, NULL));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                     clile_i_st_writer_add(writer, "x", CLILE_I_ST_F32, 2,
                                           (const int64_t[]){INT64_MAX, 2}, WEIGHT));
    assert_int_equal(CLILE_OK, clile_i_st_writer_metadata(writer, "k", "v"));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_st_writer_metadata(writer, "k", "v"));
    assert_error_has("duplicate metadata key \"k\"");
    assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                     clile_i_st_writer_metadata(writer, "clile_crc32", "0"));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_st_writer_metadata(writer, "l", "\xC3"));
    assert_int_equal(CLILE_E_IO,
                     clile_i_st_writer_write(writer, scratch_path(&place, "no/folder")));
    assert_error_has("No such file or directory");
    /* still usable */
    assert_int_equal(CLILE_OK, clile_i_st_writer_write(writer, scratch_path(&place, "w")));
    clile_i_st_writer_destroy(writer);
    clile_i_st_writer_destroy(NULL);
    assert_int_equal(1, scratch_count(&place));
}

/* Writes and reads; the k-th allocation fails, for every k. */
static clile_status write_and_read(const char *path)
{
    clile_status status = CLILE_OK;
    clile_i_st_writer *writer = NULL;
    clile_i_st *st = NULL;
    CLILE_I_TRY(clile_i_st_writer_create(&writer));
    CLILE_I_TRY(clile_i_st_writer_metadata(writer, "k", "v"));
    CLILE_I_TRY(clile_i_st_writer_add(writer, "step", CLILE_I_ST_I64, 0, NULL, &STEP));
    CLILE_I_TRY(
        clile_i_st_writer_add(writer, "mean", CLILE_I_ST_F64, 1, (const int64_t[]){2}, MEAN));
    CLILE_I_TRY(clile_i_st_writer_write(writer, path));
    CLILE_I_TRY(clile_i_st_open(path, &st));
cleanup:
    clile_i_st_close(st);
    clile_i_st_writer_destroy(writer);
    return status;
}

static void lack_of_memory_is_survived(void **state)
{
    (void)state;
    for (int k = 1; k < 100; ++k) {
        unlink(scratch_path(&place, "out"));
        clile_i_alloc_fail_at(k);
        const clile_status status = write_and_read(place.path);
        clile_i_alloc_fail_at(0);
        assert_true(scratch_count(&place) <= 1);
        if (status == CLILE_OK) {
            assert_true(k > 15);
            return;
        }
        assert_int_equal(CLILE_E_OUT_OF_MEMORY, status);
    }
    fail();
}

/* Piece by piece gives the file that write gives, to the byte. */
static void pieces_give_the_same_file(void **state)
{
    (void)state;
    static const int64_t late[] = {7, -8, 9};
    static const uint8_t pixels[] = {1, 2, 3, 4, 5};
    const int64_t three = 3, five = 5;
    clile_i_file whole, pieces;
    clile_i_st_writer *writer = NULL;
    clile_i_st *st = NULL;
    assert_int_equal(CLILE_OK, clile_i_st_writer_create(&writer));
    assert_int_equal(CLILE_OK, clile_i_st_writer_add(writer, "a", CLILE_I_ST_U8, 1, &five, pixels));
    assert_int_equal(CLILE_OK,
                     clile_i_st_writer_add(writer, "late", CLILE_I_ST_I64, 1, &three, late));
    assert_int_equal(CLILE_OK, clile_i_st_writer_write(writer, scratch_path(&place, "whole")));
    clile_i_st_writer_destroy(writer);
    assert_int_equal(CLILE_OK, clile_i_file_open(place.path, &whole));

    assert_int_equal(CLILE_OK, clile_i_st_writer_create(&writer));
    assert_int_equal(CLILE_E_STATE, clile_i_st_writer_finish(writer));
    assert_int_equal(CLILE_OK, clile_i_st_writer_add_later(writer, "a", CLILE_I_ST_U8, 1, &five));
    assert_int_equal(CLILE_OK,
                     clile_i_st_writer_add_later(writer, "late", CLILE_I_ST_I64, 1, &three));
    assert_int_equal(CLILE_E_STATE, clile_i_st_writer_put(writer, "a", pixels, 1));
    assert_int_equal(CLILE_OK, clile_i_st_writer_begin(writer, scratch_path(&place, "pieces")));
    assert_int_equal(CLILE_E_STATE, clile_i_st_writer_begin(writer, place.path));
    assert_int_equal(CLILE_E_STATE,
                     clile_i_st_writer_add_later(writer, "b", CLILE_I_ST_I64, 1, &three));
    for (int k = 0; k < 3; ++k) {
        if (k < 2)
            assert_int_equal(CLILE_OK,
                             clile_i_st_writer_put(writer, "a", pixels + 2 * k, k == 0 ? 2 : 3));
        assert_int_equal(CLILE_OK, clile_i_st_writer_put(writer, "late", late + k, 8));
    }
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_st_writer_put(writer, "a", pixels, 1));
    assert_error_has("tensor \"a\": 1 bytes more than its 5");
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_st_writer_put(writer, "b", pixels, 1));
    assert_int_equal(CLILE_OK, clile_i_st_writer_finish(writer));
    clile_i_st_writer_destroy(writer);
    assert_int_equal(CLILE_OK, clile_i_file_open(scratch_path(&place, "pieces"), &pieces));
    assert_int_equal(whole.size, pieces.size);
    assert_memory_equal(whole.data, pieces.data, whole.size);
    clile_i_file_close(&whole);
    clile_i_file_close(&pieces);

    /* bytes missing: no file */
    assert_int_equal(CLILE_OK, clile_i_st_writer_create(&writer));
    assert_int_equal(CLILE_OK, clile_i_st_writer_add_later(writer, "a", CLILE_I_ST_U8, 1, &five));
    assert_int_equal(CLILE_OK, clile_i_st_writer_begin(writer, scratch_path(&place, "short")));
    assert_int_equal(CLILE_OK, clile_i_st_writer_put(writer, "a", pixels, 4));
    assert_int_equal(CLILE_E_STATE, clile_i_st_writer_finish(writer));
    assert_error_has("tensor \"a\": only 4 of its 5 bytes were put");
    clile_i_st_writer_destroy(writer);
    assert_false(clile_i_path_exists(place.path));

    /* a damaged byte of the data: noticed by open, not by open_unverified */
    uint8_t damaged[1024];
    assert_int_equal(CLILE_OK, clile_i_file_open(scratch_path(&place, "pieces"), &pieces));
    const size_t size = pieces.size;
    memcpy(damaged, pieces.data, size);
    clile_i_file_close(&pieces);
    damaged[size - 1] ^= 1;
    assert_int_equal(CLILE_E_CORRUPT,
                     clile_i_st_open(scratch_write(&place, "damaged", damaged, size), &st));
    assert_int_equal(CLILE_OK, clile_i_st_open_unverified(place.path, &st));
    clile_i_st_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pieces_give_the_same_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_of_the_reference_implementation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copy_says_what_does_not_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(written_bytes_are_the_documented_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(same_content_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_tensors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_tensors_at_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writer_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lack_of_memory_is_survived, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
