/* Tensors from files written by PyTorch (tests/data/torch), intact and damaged. Run under ASan:
 * no damage may make the reader read outside the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scratch_place.h"
#include "store/weights.h"
#include "store/zip.h"

#include <clile/inspect.h>

#include <math.h>

#define DATA(name) CLILE_TEST_DATA "/torch/" name

static clile_i_weights *open_whole(const char *path)
{
    clile_i_weights *weights = NULL;
    if (clile_i_weights_open(path, 1, &weights) != CLILE_OK) fail_msg("%s", clile_last_error());
    return weights;
}

static void expect(const clile_i_weights *weights, const char *name, const char *dtype,
                   int32_t ndim, const int64_t *shape, const float *values)
{
    float found[64];
    int64_t count = 1;
    const clile_i_weight *w = clile_i_weights_find(weights, name);
    if (w == NULL) fail_msg("no tensor %s", name);
    assert_string_equal(w->dtype, dtype);
    assert_int_equal(w->ndim, ndim);
    for (int32_t i = 0; i < ndim; ++i) {
        assert_int_equal(w->shape[i], shape[i]);
        count *= shape[i];
    }
    assert_int_equal(w->count, count);
    assert_true(count <= 64);
    assert_int_equal(clile_i_weight_is_float(w), 1);
    assert_int_equal(clile_i_weight_copy(w, found), CLILE_OK);
    for (int64_t i = 0; i < count; ++i)
        if (memcmp(&found[i], &values[i], sizeof(float)) != 0)
            fail_msg("%s, value %lld: %.9g, expected %.9g", name, (long long)i, (double)found[i],
                     (double)values[i]);
}

#define EXPECT(name, dtype, shape, ...)                                                            \
    expect(weights, name, dtype, (int32_t)(sizeof(shape) / sizeof((shape)[0])), shape,             \
           (const float[]){__VA_ARGS__})
#define SHAPE(...) ((const int64_t[]){__VA_ARGS__})

static void test_layouts(void **state)
{
    (void)state;
    clile_i_weights *weights = open_whole(DATA("layouts.pth"));
    assert_int_equal(clile_i_weights_is_torch(weights), 1);
    assert_int_equal(clile_i_weights_count(weights), 15);
    float rows[24];
    for (int i = 0; i < 24; ++i) rows[i] = (float)i;
    expect(weights, "state_dict.packed", "F32", 3, (const int64_t[]){2, 3, 4}, rows);
    expect(weights, "state_dict.shared", "F32", 2, (const int64_t[]){3, 4}, rows + 12);
    const int64_t two_by_three[] = {2, 3}, three_by_two[] = {3, 2}, image[] = {1, 3, 2, 2},
                  eight[] = {8}, three[] = {3}, column[] = {2, 1}, one[] = {1}, pair[] = {2};
    EXPECT("state_dict.transposed", "F32", three_by_two, 0, 3, 1, 4, 2, 5);
    EXPECT("state_dict.part", "F32", two_by_three, 6, 8, 10, 12, 14, 16);
    EXPECT("state_dict.expanded", "F32", two_by_three, 1.5f, 1.5f, 1.5f, -2.5f, -2.5f, -2.5f);
    expect(weights, "state_dict.channels_last", "F32", 4, image, rows);
    EXPECT("state_dict.half", "F16", eight, 0.0f, -0.0f, 1, -2.5f, 65504, 0x1p-24f, 0x1p-14f,
           INFINITY);
    EXPECT("state_dict.bfloat", "BF16", three, 1, -3.140625f, 0x1p100f);
    EXPECT("state_dict.double", "F64", column, 0.1f, 1e-30f);
    EXPECT("state_dict.parameter", "F32", one, 3);
    EXPECT("optimizer.state.0.exp_avg", "F32", pair, 1, 1);
    expect(weights, "state_dict.scalar", "F32", 0, NULL, (const float[]){0.25f});
    expect(weights, "state_dict.empty", "F32", 2, (const int64_t[]){0, 4}, NULL);
    const clile_i_weight *whole = clile_i_weights_find(weights, "state_dict.long");
    assert_string_equal(whole->dtype, "I64");
    assert_int_equal(clile_i_weight_is_float(whole), 0);
    float nothing[2];
    assert_int_equal(clile_i_weight_copy(whole, nothing), CLILE_E_INTERNAL);
    assert_string_equal(clile_i_weights_find(weights, "state_dict.bool")->dtype, "BOOL");
    assert_null(clile_i_weights_find(weights, "epoch"));
    clile_i_weights_close(weights);
    clile_i_weights_close(NULL);
}

static void refused(const char *path, clile_status expected, const char *text)
{
    clile_i_weights *weights = NULL;
    const clile_status status = clile_i_weights_open(path, 1, &weights);
    assert_null(weights);
    if (status != expected) fail_msg("%s: %s", clile_status_name(status), clile_last_error());
    assert_error_has(path);
    assert_error_has(text);
}

static void test_refused(void **state)
{
    (void)state;
    refused(
        DATA("old.pth"), CLILE_E_UNSUPPORTED,
        "before PyTorch 1.6, which is not supported; convert it in Python: torch.save(torch.load(");
    refused(
        DATA("module.pth"), CLILE_E_UNSUPPORTED,
        "it asks for torch.nn.modules.linear.Linear, which dictionaries of tensors do not need");
    refused("none.pth", CLILE_E_IO, "cannot be opened");
    refused(scratch_write(&place, "text", "PK is no archive", 16), CLILE_E_FORMAT,
            "not a safetensors file");
}

/* ---- damage ---- */

typedef struct {
    uint8_t *data;
    size_t size;
} bytes;

static bytes read_whole(const char *path)
{
    clile_i_file file;
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    bytes all = {malloc(file.size), file.size};
    assert_non_null(all.data);
    memcpy(all.data, file.data, file.size);
    clile_i_file_close(&file);
    return all;
}

/* Whether `whole` has all that is in `found`, to the bit: a damaged file may give no more than
 * that. */
static int is_same(const clile_i_weights *whole, const clile_i_weights *found)
{
    float a[64], b[64];
    for (int64_t i = 0; i < clile_i_weights_count(found); ++i) {
        const clile_i_weight *w = clile_i_weights_at(found, i),
                             *other = clile_i_weights_find(whole, w->name);
        if (other == NULL || other->count != w->count || strcmp(other->dtype, w->dtype) != 0)
            return 0;
        if (!clile_i_weight_is_float(w)) continue;
        assert_int_equal(clile_i_weight_copy(w, a), CLILE_OK);
        assert_int_equal(clile_i_weight_copy(other, b), CLILE_OK);
        if (w->count > 0 && memcmp(a, b, (size_t)w->count * sizeof a[0]) != 0) return 0;
    }
    return clile_i_weights_count(found) == clile_i_weights_count(whole);
}

/* A file with one byte changed is refused, unless the byte does not matter (times, padding). */
static void test_each_byte_changed(void **state)
{
    (void)state;
    clile_i_weights *whole = open_whole(DATA("layouts.pth")), *found = NULL;
    bytes all = read_whole(DATA("layouts.pth"));
    int64_t refusals = 0;
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    for (size_t i = 0; i < all.size; ++i)
        for (size_t k = 0; k < sizeof changes; ++k) {
            all.data[i] ^= changes[k];
            const clile_status status =
                clile_i_weights_open(scratch_write(&place, "file", all.data, all.size), 1, &found);
            all.data[i] ^= changes[k];
            if (status == CLILE_OK && !is_same(whole, found))
                fail_msg("byte %zu: other tensors, and no error", i);
            if (status != CLILE_OK && status != CLILE_E_CORRUPT && status != CLILE_E_FORMAT &&
                status != CLILE_E_UNSUPPORTED)
                fail_msg("byte %zu: %s: %s", i, clile_status_name(status), clile_last_error());
            refusals += status != CLILE_OK;
            clile_i_weights_close(found);
        }
    assert_true(refusals > (int64_t)all.size); /* a third of the changes at least */
    free(all.data);
    clile_i_weights_close(whole);
}

static void test_each_length(void **state)
{
    (void)state;
    clile_i_weights *found = NULL;
    bytes all = read_whole(DATA("layouts.pth"));
    for (size_t size = 0; size < all.size; ++size) {
        const clile_status status =
            clile_i_weights_open(scratch_write(&place, "file", all.data, size), 1, &found);
        if (status != CLILE_E_CORRUPT && status != CLILE_E_FORMAT)
            fail_msg("%zu bytes: %s", size, clile_status_name(status));
        assert_null(found);
    }
    refused(scratch_write(&place, "file", all.data, all.size - 1), CLILE_E_CORRUPT, "truncated");
    free(all.data);
}

/* The pickle changed and the checksums made right again: only the reader itself is left to
 * notice. */
static void test_each_byte_of_the_pickle(void **state)
{
    (void)state;
    enum { PICKLE = 1473 };
    bytes all = read_whole(DATA("layouts.pth"));
    clile_i_weights *found = NULL;
    clile_i_zip *zip = NULL;
    const uint8_t *data = NULL;
    size_t size = 0, at_crc = 0;
    clile_i_file file = {.data = all.data, .size = all.size};
    assert_int_equal(clile_i_zip_open(&file, "layouts.pth", &zip), CLILE_OK);
    assert_int_equal(clile_i_zip_read(zip, clile_i_zip_find(zip, "layouts/data.pkl"), &data, &size),
                     CLILE_OK);
    assert_int_equal(size, PICKLE);
    uint8_t *pickle = all.data + (data - all.data);
    const uint32_t old_crc = clile_i_crc32(0, pickle, size);
    clile_i_zip_close(zip);
    for (size_t i = (size_t)(pickle - all.data) + size; i + 4 <= all.size && at_crc == 0; ++i)
        if (memcmp(all.data + i, "PK\1\2", 4) == 0 && memcmp(all.data + i + 16, &old_crc, 4) == 0)
            at_crc = i + 16;
    assert_true(at_crc > 0);
    int64_t opened = 0;
    for (size_t i = 0; i < size; ++i)
        for (int change = 1; change < 256; change += 36) {
            float values[64];
            pickle[i] = (uint8_t)(pickle[i] ^ change);
            const uint32_t crc = clile_i_crc32(0, pickle, size);
            memcpy(all.data + at_crc, &crc, 4);
            const clile_status status =
                clile_i_weights_open(scratch_write(&place, "file", all.data, all.size), 1, &found);
            pickle[i] = (uint8_t)(pickle[i] ^ change);
            if (status == CLILE_E_CORRUPT || status == CLILE_E_FORMAT ||
                status == CLILE_E_UNSUPPORTED)
                continue;
            if (status != CLILE_OK)
                fail_msg("byte %zu: %s: %s", i, clile_status_name(status), clile_last_error());
            ++opened;
            for (int64_t k = 0; k < clile_i_weights_count(found); ++k) {
                /* every element can be reached */
                const clile_i_weight *w = clile_i_weights_at(found, k);
                if (clile_i_weight_is_float(w) && w->count <= 64)
                    assert_int_equal(clile_i_weight_copy(w, values), CLILE_OK);
            }
            clile_i_weights_close(found);
        }
    assert_true(opened > 100); /* the checksums were right: names and numbers may change */
    free(all.data);
}

static void test_memory(void **state)
{
    (void)state;
    clile_status status = CLILE_E_OUT_OF_MEMORY;
    for (int64_t k = 1; status != CLILE_OK; ++k) {
        clile_i_weights *weights = NULL;
        assert_true(k < 10000);
        clile_i_alloc_fail_at(k);
        status = clile_i_weights_open(DATA("layouts.pth"), 1, &weights);
        clile_i_alloc_fail_at(0);
        if (status != CLILE_OK) {
            assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
            assert_null(weights);
        }
        clile_i_weights_close(weights);
    }
}

/* ---- clile_file_inspect ---- */

static int32_t count_tensors(const clile_tensor_info *tensor, void *user)
{
    int64_t *sums = user;
    assert_int_equal(tensor->struct_size, sizeof *tensor);
    ++sums[0];
    sums[1] += tensor->bytes;
    return strcmp(tensor->name, "stop") == 0;
}

static int32_t count_metadata(const char *key, const char *value, void *user)
{
    int64_t *sums = user;
    ++sums[2];
    return strcmp(key, "stop") == 0 && value[0] == '1';
}

static void test_inspect(void **state)
{
    (void)state;
    int64_t sums[3] = {0};
    int32_t kind = -1;
    assert_int_equal(
        clile_file_inspect(DATA("layouts.pth"), count_tensors, count_metadata, sums, &kind),
        CLILE_OK);
    assert_int_equal(kind, CLILE_FILE_PYTORCH);
    assert_int_equal(sums[0], 15);
    assert_int_equal(sums[1], 96 + 24 + 24 + 24 + 48 + 4 + 0 + 16 + 6 + 16 + 16 + 2 + 48 + 4 + 8);
    assert_int_equal(sums[2], 0);
    static const char header[] =
        "{\"__metadata__\":{\"a\":\"b\",\"stop\":\"0\"},\"x\":{\"dtype\":\"BF16\",\"shape\":["
        "2],\"data_offsets\":[0,4]}}";
    uint8_t file[256] = {sizeof header - 1};
    memcpy(file + 8, header, sizeof header - 1);
    const char *path = scratch_write(&place, "x", file, 8 + sizeof header - 1 + 4);
    assert_int_equal(clile_file_inspect(path, count_tensors, count_metadata, sums, &kind),
                     CLILE_OK);
    assert_int_equal(kind, CLILE_FILE_SAFETENSORS);
    assert_int_equal(sums[0], 16);
    assert_int_equal(sums[2], 2);
    assert_int_equal(clile_file_inspect(path, NULL, NULL, NULL, NULL), CLILE_OK);
    file[8 + (strstr(header, "\"0\"") - header) + 1] = '1';
    path = scratch_write(&place, "x", file, 8 + sizeof header - 1 + 4);
    assert_int_equal(clile_file_inspect(path, count_tensors, count_metadata, sums, &kind),
                     CLILE_E_CANCELLED);
    assert_error_has("the caller asked to stop");
    assert_int_equal(clile_file_inspect(NULL, NULL, NULL, NULL, NULL), CLILE_E_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_each_byte_changed),
        cmocka_unit_test(test_each_length),
        cmocka_unit_test(test_each_byte_of_the_pickle),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_inspect),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
