/* Archives built byte by byte: stored and deflated members, zip64, and every kind of
 * contradiction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scratch.h"
#include "store/zip.h"

#include <zlib.h>

enum { ROOM = 4096 };

typedef struct {
    uint8_t bytes[ROOM];
    size_t size;
} archive;

static void put16(archive *a, uint32_t value)
{
    a->bytes[a->size++] = (uint8_t)value;
    a->bytes[a->size++] = (uint8_t)(value >> 8);
}

static void put32(archive *a, uint32_t value)
{
    put16(a, value & 0xffff);
    put16(a, value >> 16);
}

static void put64(archive *a, uint64_t value)
{
    put32(a, (uint32_t)value);
    put32(a, (uint32_t)(value >> 32));
}

static void put_bytes(archive *a, const void *bytes, size_t size)
{
    memcpy(a->bytes + a->size, bytes, size);
    a->size += size;
}

/* How the members of an archive are made; 0 is the correct form. */
typedef struct {
    const char *name, *text;
    uint32_t method, flags, wrong_crc;
    int64_t more_size; /* the directory claims so many bytes more */
    int zip64;
} part;

static size_t deflate_raw(const char *text, uint8_t *out, size_t room)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)strlen(text);
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return room - stream.avail_out;
}

static void make(archive *a, const part *parts, int count, const char *comment)
{
    size_t at[4] = {0}, packed[4] = {0};
    a->size = 0;
    for (int i = 0; i < count; ++i) {
        uint8_t data[ROOM];
        const size_t size = strlen(parts[i].text);
        if (parts[i].method == 8)
            packed[i] = deflate_raw(parts[i].text, data, sizeof data);
        else
            memcpy(data, parts[i].text, packed[i] = size);
        at[i] = a->size;
        put_bytes(a, "PK\3\4\24\0\0\0", 8);
        put16(a, parts[i].method);
        put32(a, 0); /* time and date */
        put32(a, 0); /* CRC and sizes are in the directory */
        put32(a, 0);
        put32(a, 0);
        put16(a, (uint32_t)strlen(parts[i].name));
        put16(a, 3);
        put_bytes(a, parts[i].name, strlen(parts[i].name));
        put_bytes(a, "pad", 3);
        put_bytes(a, data, packed[i]);
    }
    const size_t directory = a->size;
    for (int i = 0; i < count; ++i) {
        const part *p = &parts[i];
        const uint64_t size = strlen(p->text) + (uint64_t)p->more_size;
        put_bytes(a, "PK\1\2\24\0\24\0", 8);
        put16(a, p->flags);
        put16(a, p->method);
        put32(a, 0);
        put32(a, (uint32_t)crc32_z(0, (const Bytef *)p->text, strlen(p->text)) + p->wrong_crc);
        put32(a, p->zip64 ? UINT32_MAX : (uint32_t)packed[i]);
        put32(a, p->zip64 ? UINT32_MAX : (uint32_t)size);
        put16(a, (uint32_t)strlen(p->name));
        put16(a, p->zip64 == 1 ? 5 + 28 : 0);
        put16(a, 0);
        put64(a, 0);
        put32(a, p->zip64 ? UINT32_MAX : (uint32_t)at[i]);
        put_bytes(a, p->name, strlen(p->name));
        if (p->zip64 != 1) continue;
        put_bytes(a, "xx\1\0x\1\0\30\0", 9); /* another program's field before ours */
        put64(a, size);
        put64(a, packed[i]);
        put64(a, at[i]);
    }
    const size_t directory_size = a->size - directory;
    const int zip64 = parts[0].zip64 != 0;
    if (zip64) {
        const size_t end64 = a->size;
        put_bytes(a, "PK\6\6", 4);
        put64(a, 44);
        put32(a, 0);
        put64(a, 0);
        put64(a, (uint64_t)count);
        put64(a, (uint64_t)count);
        put64(a, directory_size);
        put64(a, directory);
        put_bytes(a, "PK\6\7\0\0\0\0", 8);
        put64(a, end64);
        put32(a, 1);
    }
    put_bytes(a, "PK\5\6\0\0\0\0", 8);
    put16(a, zip64 ? 0xffff : (uint32_t)count);
    put16(a, zip64 ? 0xffff : (uint32_t)count);
    put32(a, zip64 ? UINT32_MAX : (uint32_t)directory_size);
    put32(a, zip64 ? UINT32_MAX : (uint32_t)directory);
    put16(a, (uint32_t)strlen(comment));
    put_bytes(a, comment, strlen(comment));
}

/* Opens a copy of exactly its size, so that ASan sees a step beyond it; reads each member. */
static clile_status read_all(const archive *a, const part *parts, int count)
{
    clile_status status = CLILE_OK;
    clile_i_zip *zip = NULL;
    uint8_t *copy = malloc(a->size);
    assert_non_null(copy);
    memcpy(copy, a->bytes, a->size);
    const clile_i_file file = {.data = copy, .size = a->size};
    CLILE_I_TRY(clile_i_zip_open(&file, "file.zip", &zip));
    assert_int_equal(clile_i_zip_count(zip), count);
    for (int i = 0; i < count; ++i) {
        const uint8_t *data = NULL, *again = NULL;
        size_t size = 0;
        assert_string_equal(clile_i_zip_name(zip, i), parts[i].name);
        assert_int_equal(clile_i_zip_find(zip, parts[i].name), i);
        CLILE_I_TRY(clile_i_zip_read(zip, i, &data, &size));
        assert_int_equal(size, strlen(parts[i].text));
        assert_memory_equal(data, parts[i].text, size);
        assert_int_equal(clile_i_zip_read(zip, i, &again, &size), CLILE_OK);
        assert_ptr_equal(data, again);
    }
    assert_int_equal(clile_i_zip_find(zip, "none"), -1);
cleanup:
    clile_i_zip_close(zip);
    free(copy);
    return status;
}

static const char long_text[] =
    "one two three one two three one two three one two three one two three one two three";

static void test_members(void **state)
{
    (void)state;
    archive a;
    for (int zip64 = 0; zip64 < 2; ++zip64)
        for (int comment = 0; comment < 2; ++comment) {
            const part parts[] = {
                {.name = "a/stored", .text = "some text", .zip64 = zip64},
                {.name = "a/deflated", .text = long_text, .method = 8, .zip64 = zip64},
                {.name = "\xc3\xa9mpty", .text = "", .zip64 = zip64},
                {.name = "a/nothing", .text = "", .method = 8, .zip64 = zip64}};
            make(&a, parts, 4, comment ? "PK\5\6 a remark" : "");
            if (read_all(&a, parts, 4) != CLILE_OK) fail_msg("%s", clile_last_error());
        }
}

static void refuse(const part *p, clile_status expected, const char *text)
{
    archive a;
    const part parts[] = {*p, {.name = "second", .text = "two", .zip64 = p->zip64}};
    make(&a, parts, 2, "");
    const clile_status status = read_all(&a, parts, 2);
    if (status != expected)
        fail_msg("%s, %s was expected: %s", clile_status_name(status), text, clile_last_error());
    assert_error_has("file.zip: ");
    assert_error_has(text);
}

static void test_lies(void **state)
{
    (void)state;
    refuse(&(part){.name = "m", .text = "abc", .wrong_crc = 1}, CLILE_E_CORRUPT,
           "the zip member m is damaged: its CRC-32 is");
    refuse(&(part){.name = "m", .text = long_text, .method = 8, .wrong_crc = 1}, CLILE_E_CORRUPT,
           "is damaged");
    refuse(&(part){.name = "m", .text = "abc", .more_size = 1}, CLILE_E_CORRUPT,
           "its two sizes differ");
    refuse(&(part){.name = "m", .text = long_text, .method = 8, .more_size = 1}, CLILE_E_CORRUPT,
           "does not inflate to its 84 bytes");
    refuse(&(part){.name = "m", .text = long_text, .method = 8, .more_size = -1}, CLILE_E_CORRUPT,
           "does not inflate to its 82 bytes");
    refuse(&(part){.name = "m", .text = long_text, .method = 8, .more_size = 1 << 30},
           CLILE_E_CORRUPT, "cannot inflate to 1073741907");
    refuse(
        &(part){
            .name = "m", .text = long_text, .method = 8, .more_size = INT64_MAX / 2, .zip64 = 1},
        CLILE_E_CORRUPT, "cannot inflate to");
    refuse(&(part){.name = "m", .text = "abc", .flags = 1}, CLILE_E_UNSUPPORTED, "m is encrypted");
    refuse(&(part){.name = "m", .text = "abc", .method = 12}, CLILE_E_UNSUPPORTED,
           "m is packed by method 12");
    refuse(&(part){.name = "m", .text = "abc", .zip64 = 2}, CLILE_E_CORRUPT,
           "zip64 sizes are missing");
    refuse(&(part){.name = "m\xff", .text = "abc"}, CLILE_E_CORRUPT, "the name is not UTF-8");
}

/* A change of one place: what it was, what it becomes. */
static void refuse_changed(int zip64, const char *signature, size_t offset, uint32_t value,
                           clile_status expected, const char *text)
{
    archive a;
    const part parts[] = {{.name = "first", .text = "one", .zip64 = zip64},
                          {.name = "second", .text = "two", .zip64 = zip64}};
    make(&a, parts, 2, "");
    size_t at = 0;
    while (memcmp(a.bytes + at, signature, 4) != 0) assert_true(++at < a.size);
    for (int i = 0; i < 4; ++i) a.bytes[at + offset + (size_t)i] = (uint8_t)(value >> 8 * i);
    const clile_status status = read_all(&a, parts, 2);
    if (status != expected)
        fail_msg("%s, %s was expected: %s", clile_status_name(status), text, clile_last_error());
    assert_error_has(text);
}

static void test_places(void **state)
{
    (void)state;
    refuse_changed(0, "PK\5\6", 0, 0, CLILE_E_CORRUPT, "without its directory");
    refuse_changed(0, "PK\5\6", 4, 1, CLILE_E_UNSUPPORTED, "part of a split zip archive");
    refuse_changed(0, "PK\5\6", 8, 0xffff0002, CLILE_E_CORRUPT,
                   "65535 members do not fit in a zip directory of 103 bytes");
    refuse_changed(0, "PK\5\6", 12, 0x7fffffff, CLILE_E_CORRUPT,
                   "the zip directory ends outside the file: 2147483647 bytes");
    refuse_changed(0, "PK\5\6", 16, 0xfffffff0, CLILE_E_CORRUPT, "from byte 4294967280");
    refuse_changed(0, "PK\1\2", 0, 0, CLILE_E_CORRUPT, "entry 0 of the zip directory is damaged");
    refuse_changed(0, "PK\1\2", 28, 0xffff, CLILE_E_CORRUPT,
                   "entry 0 of the zip directory is damaged");
    refuse_changed(0, "PK\1\2", 42, 0xffff, CLILE_E_CORRUPT,
                   "first is not at byte 65535, where the directory says");
    refuse_changed(0, "PK\1\2", 42, 1, CLILE_E_CORRUPT,
                   "first is not at byte 1, where the directory says");
    refuse_changed(0, "PK\3\4", 26, 0xffffffff, CLILE_E_CORRUPT,
                   "first ends outside the file: 3 bytes from byte");
    refuse_changed(0, "PK\3\4", 30, 0, CLILE_E_CORRUPT, "first has another name before its data");
    refuse_changed(1, "PK\6\6", 0, 0, CLILE_E_CORRUPT, "no zip64 directory at byte");
    refuse_changed(1, "PK\6\6", 16, 1, CLILE_E_UNSUPPORTED, "part of a split zip archive");
    refuse_changed(1, "PK\6\7", 12, 0xffffffff, CLILE_E_CORRUPT, "no zip64 directory at byte");
}

static void test_is_zip(void **state)
{
    (void)state;
    uint8_t text[64] = "PK\3\4....{\"a\":";
    clile_i_zip *zip = NULL;
    const clile_i_file safetensors = {.data = text, .size = sizeof text};
    assert_int_equal(clile_i_zip_is(&safetensors), 0); /* a header of 67 MB */
    assert_int_equal(clile_i_zip_open(&safetensors, "file", &zip), CLILE_E_FORMAT);
    text[8] = 0;
    assert_int_equal(clile_i_zip_is(&safetensors), 1);
    assert_int_equal(clile_i_zip_open(&safetensors, "file", &zip), CLILE_E_CORRUPT);
    assert_null(zip);
    const clile_i_file empty = {.data = text, .size = 0};
    assert_int_equal(clile_i_zip_is(&empty), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_members), cmocka_unit_test(test_lies),
                                       cmocka_unit_test(test_places),
                                       cmocka_unit_test(test_is_zip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
