/* Damaged and hostile files: each gives a status and a message, and never reads outside the file
 * (run under ASan). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scratch_place.h"
#include "golden_safetensors.h"
#include "store/safetensors.h"

/* Opens a file of this header and `data_size` bytes of data. */
static clile_status open_header(const char *header, size_t data_size, clile_i_st **out)
{
    uint8_t file[2048] = {0};
    const uint64_t length = strlen(header);
    assert_true(8 + length + data_size <= sizeof file);
    memcpy(file, &length, 8);
    memcpy(file + 8, header, length);
    return clile_i_st_open(scratch_write(&place, "file", file, 8 + length + data_size), out);
}

static void accepted(const char *header, size_t data_size)
{
    clile_i_st *st = NULL;
    if (open_header(header, data_size, &st) != CLILE_OK)
        fail_msg("%s: %s", header, clile_last_error());
    clile_i_st_close(st);
}

static void refused(const char *header, size_t data_size, clile_status expected, const char *text)
{
    clile_i_st *st = NULL;
    const clile_status status = open_header(header, data_size, &st);
    if (status != expected)
        fail_msg("%s: %s, %s", header, clile_status_name(status), clile_last_error());
    assert_null(st);
    assert_error_has("file: "); /* the path */
    assert_error_has(text);
}

#define T(shape, begin, end)                                                                       \
    "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static void valid_variants(void **state)
{
    (void)state;
    accepted("{}", 0);
    accepted("{ } \n\t\r ", 0);
    accepted("{\"__metadata__\":{}}", 0);
    accepted("{\"a\":" T("[1]", 0, 4) "}", 4);
    accepted(
        "{ \"a\" : { \"data_offsets\" : [ 0 , 4 ] , \"shape\" : [ ] , \"dtype\" : \"F32\" } } ", 4);
    accepted("{\"b\":" T("[1]", 4, 8) ",\"__metadata__\":{\"k\":\"\"},\"a\":" T("[1]", 0, 4) "}",
             8);
    accepted("{\"a\":" T("[0]", 4, 4) ",\"b\":" T("[1]", 0, 4) ",\"\":" T("[0,9]", 0, 0) "}", 4);
    accepted("{\"a\\u0041\\ud83d\\ude00\\/\\b\":" T("[1]", 0, 4) "}", 4);
    accepted("{\"a\":{\"dtype\":\"F4\",\"shape\":[3,2],\"data_offsets\":[0,3]}}", 3);
    accepted("{\"a\":{\"dtype\":\"F6_E2M3\",\"shape\":[4],\"data_offsets\":[0,3]}}", 3);
    accepted("{\"a\":" T("[1,1,1,1,1,1,1,1]", 0, 4) "}", 4);
}

static void every_dtype_of_the_format(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int bytes_of_eight;
    } dtypes[] = {{"BOOL", 8}, {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
                  {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
                  {"I16", 16}, {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"F8_E5M2FNUZ", 8},
                  {"I32", 32}, {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
                  {"I64", 64}, {"U64", 64}};
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; ++i) {
        char header[200];
        snprintf(header, sizeof header,
                 "{\"a\":{\"dtype\":\"%s\",\"shape\":[8],\"data_offsets\":[0,%d]}}", dtypes[i].name,
                 dtypes[i].bytes_of_eight);
        clile_i_st *st = NULL;
        assert_int_equal(CLILE_OK, open_header(header, (size_t)dtypes[i].bytes_of_eight, &st));
        assert_string_equal(dtypes[i].name, clile_i_st_at(st, 0)->dtype);
        clile_i_st_close(st);
    }
}

static void bad_json(void **state)
{
    (void)state;
    static const char *const headers[] = {"",
                                          " {}",
                                          "[]",
                                          "{",
                                          "{]",
                                          "{}x",
                                          "{}{}",
                                          "{\"a\"}",
                                          "{\"a\":}",
                                          "{\"a\":1}",
                                          "{\"a\":null}",
                                          "{\"a\":{}}",
                                          "{a:1}",
                                          "{\"a\":" T("[1]", 0, 4) ",}",
                                          "{\"a\":" T("[1]", 0, 4),
                                          "{\"a\":" T("[1,]", 0, 4) "}",
                                          "{\"a\":" T("[,1]", 0, 4) "}",
                                          "{\"a\":" T("[-1]", 0, 4) "}",
                                          "{\"a\":" T("[+1]", 0, 4) "}",
                                          "{\"a\":" T("[01]", 0, 4) "}",
                                          "{\"a\":" T("[1.0]", 0, 4) "}",
                                          "{\"a\":" T("[1e0]", 0, 4) "}",
                                          "{\"a\":" T("[\"1\"]", 0, 4) "}",
                                          "{\"a\":" T("[[1]]", 0, 4) "}",
                                          "{\"a\":" T("1", 0, 4) "}",
                                          "{\"a\":" T("[18446744073709551617]", 0, 4) "}",
                                          "{\"a\":" T("[9223372036854775808]", 0, 4) "}",
                                          "{\"__metadata__\":[]}",
                                          "{\"__metadata__\":{\"k\":1}}",
                                          "{\"__metadata__\":{\"k\":{}}}",
                                          "{\"__metadata__\":{\"k\"}}",
                                          "{\"__metadata__\":{\"k\":\"v\",}}",
                                          "{\"\xFF\":" T("[1]", 0, 4) "}",
                                          "{\"\xED\xA0\x80\":" T("[1]", 0, 4) "}",
                                          "{\"\\x\":" T("[1]", 0, 4) "}",
                                          "{\"\\u12g4\":" T("[1]", 0, 4) "}",
                                          "{\"\\ud800\":" T("[1]", 0, 4) "}",
                                          "{\"\\ud800\\u0041\":" T("[1]", 0, 4) "}",
                                          "{\"\\udc00\":" T("[1]", 0, 4) "}",
                                          "{\"\\u0000\":" T("[1]", 0, 4) "}",
                                          "{\"\t\":" T("[1]", 0, 4) "}",
                                          "{'a':" T("[1]", 0, 4) "}",
                                          "{\"a\":" T("[1]", 0, 4) "/**/}",
                                          "\xEF\xBB\xBF{}",
                                          "{\"a",
                                          "{\"a\\",
                                          "{\"a\\u00",
                                          "{\"a\\ud800\\u",
                                          "{\"__metadata__\":{\"k\":\"v"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; ++i)
        refused(headers[i], 4, CLILE_E_FORMAT, ": expected ");
    refused("{\"a\":7}", 0, CLILE_E_FORMAT, "header, byte 5: expected '{', found '7'");
    refused("{\"a\"", 0, CLILE_E_FORMAT, "header, byte 4: expected ':', found the end");
    refused("{\"\x01\"", 0, CLILE_E_FORMAT, "found the byte 0x01");
}

static void bad_tensors(void **state)
{
    (void)state;
    refused("{\"a\":" T("[1]", 0, 4) ",\"a\":" T("[1]", 4, 8) "}", 8, CLILE_E_FORMAT,
            "two tensors \"a\"");
    refused("{\"a\":" T("[1]", 0, 4) ",\"\\u0061\":" T("[1]", 4, 8) "}", 8, CLILE_E_FORMAT,
            "two tensors \"a\"");
    refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, CLILE_E_FORMAT, "two __metadata__");
    refused("{\"__metadata__\":{\"k\":\"1\",\"j\":\"\",\"k\":\"2\"}}", 0, CLILE_E_FORMAT,
            "two metadata \"k\"");
    refused("{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, CLILE_E_FORMAT,
            "the dtype \"F33\"");
    refused("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, CLILE_E_FORMAT,
            "lacks dtype, shape or data_offsets");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
            CLILE_E_FORMAT, "repeated field \"shape\"");
    refused("{\"a\":{\"extra\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, CLILE_E_FORMAT,
            "field \"extra\"");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, CLILE_E_FORMAT,
            "expected ','");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, CLILE_E_FORMAT,
            "expected ']'");
    refused("{\"a\":" T("[2]", 0, 4) "}", 4, CLILE_E_FORMAT,
            "2 elements of F32 do not fill the bytes 0 to 4");
    refused("{\"a\":" T("[1]", 4, 0) "}", 4, CLILE_E_FORMAT, "do not fill");
    refused("{\"a\":" T("[1]", 0, 9223372036854775807) "}", 4, CLILE_E_FORMAT, "do not fill");
    refused("{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1, CLILE_E_FORMAT,
            "do not fill");
    refused("{\"a\":" T("[4294967296,4294967296]", 0, 0) "}", 0, CLILE_E_FORMAT,
            "too many elements");
    refused("{\"a\":" T("[4611686018427387905]", 0, 4) "}", 4, CLILE_E_FORMAT, "too many elements");
    refused("{\"a\":" T("[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, CLILE_E_UNSUPPORTED,
            "more than 8 dimensions");
    refused("{\"a\":" T("[2]", 0, 8) "}", 7, CLILE_E_CORRUPT,
            "truncated: tensor \"a\" ends at byte 8 of the data, the file has 7");
    refused("{\"a\":" T("[1]", 4, 8) "}", 8, CLILE_E_FORMAT, "a hole at byte 0 of the data");
    refused("{\"a\":" T("[1]", 0, 4) ",\"b\":" T("[1]", 8, 12) "}", 12, CLILE_E_FORMAT,
            "a hole at byte 4");
    refused("{\"a\":" T("[2]", 0, 8) ",\"b\":" T("[1]", 4, 8) "}", 8, CLILE_E_FORMAT,
            "tensors overlap at byte 8");
    refused("{\"a\":" T("[1]", 0, 4) ",\"b\":" T("[1]", 0, 4) "}", 4, CLILE_E_FORMAT,
            "tensors overlap");
    refused("{\"a\":" T("[1]", 0, 4) "}", 5, CLILE_E_CORRUPT,
            "end at byte 4 of the data, the file has 5");
    refused("{}", 1, CLILE_E_CORRUPT, "end at byte 0 of the data, the file has 1");
}

static void bad_crc(void **state)
{
    (void)state;
    /* of four zeros */
    accepted("{\"__metadata__\":{\"clile_crc32\":\"2144df1c\"},\"a\":" T("[1]", 0, 4) "}", 4);
    refused("{\"__metadata__\":{\"clile_crc32\":\"2144df1d\"},\"a\":" T("[1]", 0, 4) "}", 4,
            CLILE_E_CORRUPT,
            "damaged: CRC-32 of the tensors is 2144df1c, the header says 2144df1d");
    refused("{\"__metadata__\":{\"clile_crc32\":\"2144df1\"}}", 0, CLILE_E_FORMAT,
            "8 hexadecimal digits");
    refused("{\"__metadata__\":{\"clile_crc32\":\"0x44df1c\"}}", 0, CLILE_E_FORMAT,
            "8 hexadecimal digits");
    refused("{\"__metadata__\":{\"clile_crc32\":\"\"}}", 0, CLILE_E_FORMAT, "8 hexadecimal digits");
}

static void bad_header_length(void **state)
{
    (void)state;
    clile_i_st *st = NULL;
    uint8_t file[64] = {0};
    for (size_t size = 0; size < 8; ++size) {
        assert_int_equal(CLILE_E_FORMAT,
                         clile_i_st_open(scratch_write(&place, "file", file, size), &st));
        assert_error_has("expected at least 8");
    }
    static const uint64_t lengths[] = {57, 100000001, UINT64_C(1) << 63, UINT64_MAX,
                                       UINT64_MAX - 7};
    for (int i = 0; i < 5; ++i) {
        memcpy(file, &lengths[i], 8);
        assert_int_equal(CLILE_E_FORMAT,
                         clile_i_st_open(scratch_write(&place, "file", file, sizeof file), &st));
        assert_error_has("not a safetensors file, or truncated: a header of");
    }
    assert_int_equal(CLILE_E_IO, clile_i_st_open("no/such/file", &st));
    assert_int_equal(CLILE_E_IO, clile_i_st_open(place.folder, &st));
    assert_error_has("is a folder");
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_st_open(NULL, &st));
    assert_null(st);
}

/* A file of ours in memory: two tensors, metadata, CRC. */
static size_t make_ours(uint8_t *file, size_t capacity)
{
    static const float weight[] = {1, 2, 3, 4, 5, 6};
    static const int8_t labels[] = {1, 0, -1};
    clile_i_st_writer *writer = NULL;
    clile_i_file read;
    assert_int_equal(CLILE_OK, clile_i_st_writer_create(&writer));
    assert_int_equal(CLILE_OK, clile_i_st_writer_add(writer, "w", CLILE_I_ST_F32, 2,
                                                     (const int64_t[]){2, 3}, weight));
    assert_int_equal(CLILE_OK, clile_i_st_writer_add(writer, "y", CLILE_I_ST_I8, 1,
                                                     (const int64_t[]){3}, labels));
    assert_int_equal(CLILE_OK, clile_i_st_writer_metadata(writer, "k\n", "\xC3\xA9"));
    assert_int_equal(CLILE_OK, clile_i_st_writer_write(writer, scratch_path(&place, "ours")));
    clile_i_st_writer_destroy(writer);
    assert_int_equal(CLILE_OK, clile_i_file_open(place.path, &read));
    const size_t size = read.size;
    assert_true(size <= capacity);
    memcpy(file, read.data, size);
    clile_i_file_close(&read);
    return size;
}

/* Any answer but a crash; a file that opens must be readable to its last byte. */
static clile_status open_bytes(const uint8_t *file, size_t size)
{
    clile_i_st *st = NULL;
    const clile_status status = clile_i_st_open(scratch_write(&place, "file", file, size), &st);
    if (status != CLILE_OK) {
        assert_null(st);
        assert_true(status == CLILE_E_FORMAT || status == CLILE_E_CORRUPT ||
                    status == CLILE_E_UNSUPPORTED);
        assert_error_has("file: ");
        return status;
    }
    uint32_t crc = 0;
    for (int64_t i = 0; i < clile_i_st_count(st); ++i) {
        const clile_i_st_tensor *tensor = clile_i_st_at(st, i);
        assert_ptr_equal(tensor, clile_i_st_find(st, tensor->name));
        crc = clile_i_crc32(crc, tensor->data, tensor->bytes);
    }
    clile_i_st_close(st);
    return CLILE_OK;
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    uint8_t file[1024];
    const size_t size = make_ours(file, sizeof file);
    assert_int_equal(CLILE_OK, open_bytes(file, size));
    for (size_t cut = 0; cut < size; ++cut) assert_int_not_equal(CLILE_OK, open_bytes(file, cut));
    for (size_t cut = 0; cut < sizeof GOLDEN_SAFETENSORS; ++cut)
        assert_int_not_equal(CLILE_OK, open_bytes(GOLDEN_SAFETENSORS, cut));
}

static void every_damaged_byte(void **state)
{
    (void)state;
    static const uint8_t values[] = {0x00, 0xFF, '"', '\\', '{', '}', '[',
                                     ']',  ',',  ':', '0',  '9', ' ', 0x80};
    uint8_t file[1024];
    const size_t size = make_ours(file, sizeof file);
    uint64_t length = 0;
    memcpy(&length, file, 8);
    for (size_t i = 0; i < size; ++i) {
        const uint8_t good = file[i];
        for (size_t k = 0; k < sizeof values + 8; ++k) {
            const uint8_t flipped = (uint8_t)(good ^ (1u << k % 8));
            file[i] = k < 8 ? flipped : values[k - 8];
            const clile_status status = open_bytes(file, size);
            if (file[i] != good && (i < 8 || i >= 8 + length))
                assert_int_not_equal(CLILE_OK, status);
            if (file[i] != good && i >= 8 + length) assert_int_equal(CLILE_E_CORRUPT, status);
        }
        file[i] = good;
    }
}

/* Several things at once: bytes replaced, removed, doubled. */
static void random_damage(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(2024, 1);
    int opened = 0;
    for (int round = 0; round < 4000; ++round) {
        uint8_t file[2048];
        size_t size = sizeof GOLDEN_SAFETENSORS;
        memcpy(file, GOLDEN_SAFETENSORS, size);
        const int64_t changes = 1 + clile_i_rng_below(&rng, 4);
        for (int64_t k = 0; k < changes; ++k) {
            const size_t at = (size_t)clile_i_rng_below(&rng, (int64_t)size);
            const size_t run = 1 + (size_t)clile_i_rng_below(&rng, 16);
            const int64_t kind = clile_i_rng_below(&rng, 4);
            if (kind == 0) file[at] = (uint8_t)clile_i_rng_below(&rng, 256);
            if (kind == 1) file[at] = (uint8_t)"0123456789{}[],:\""[clile_i_rng_below(&rng, 17)];
            if (kind == 2 && at + run < size && size > 200) {
                memmove(file + at, file + at + run, size - at - run);
                size -= run;
            }
            if (kind == 3 && at + run < size && size + run < 1500) {
                memmove(file + at + run, file + at, size - at);
                size += run;
            }
        }
        if (clile_i_rng_below(&rng, 2) == 0 && size > 68) {
            /* a fitting length, so that the damage is not seen by it */
            const uint64_t length = size - 8 - 60;
            memcpy(file, &length, 8);
        }
        opened += open_bytes(file, size) == CLILE_OK;
    }
    assert_true(opened > 0); /* damage in the data is not noticed without a CRC */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(valid_variants, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_dtype_of_the_format, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_tensors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_crc, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_header_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_truncation_is_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_damaged_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_damage, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
