/* Decoding and PNG output. Files: tests/data/image/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"

#include <clile/image.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PIXELS 1000000

static void path_of(const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/image/%s", CLILE_TEST_DATA, name);
}

static clile_status read_named(const char *name, clile_i_image *image)
{
    char path[1024];
    path_of(name, path, sizeof path);
    return clile_i_image_read(path, MAX_PIXELS, image);
}

/* The first `keep` bytes of a file (all when negative), with one byte changed when `flip` >= 0,
 * decoded. */
static clile_status decode_part(const char *name, long keep, long flip, clile_i_image *image)
{
    char path[1024];
    clile_i_file file;
    path_of(name, path, sizeof path);
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    const size_t size = keep < 0 ? file.size : (size_t)keep;
    uint8_t *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, file.data, size);
    if (flip >= 0) copy[flip] ^= 0x40;
    const clile_status status = clile_i_image_decode(name, copy, size, MAX_PIXELS, image);
    free(copy);
    clile_i_file_close(&file);
    return status;
}

static long size_of(const char *name)
{
    char path[1024];
    clile_i_file file;
    path_of(name, path, sizeof path);
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    const long size = (long)file.size;
    clile_i_file_close(&file);
    return size;
}

static void lossless_formats_give_the_exact_pixels(void **state)
{
    static const char *const names[] = {"rgb.png", "rgba.png", "rgb.bmp", "rgb16.png"};
    (void)state;
    for (size_t f = 0; f < 4; ++f) {
        clile_i_image image;
        assert_int_equal(read_named(names[f], &image), CLILE_OK);
        assert_int_equal(image.h, 16);
        assert_int_equal(image.w, 24);
        for (int y = 0; y < 16; ++y) {
            for (int x = 0; x < 24; ++x) {
                const uint8_t *p = image.rgb + y * image.row_stride + 3 * x;
                assert_int_equal(p[0], 10 * x);
                assert_int_equal(p[1], 15 * y);
                assert_int_equal(p[2], 5 * (x + y));
            }
        }
        clile_i_image_free(&image);
        assert_null(image.rgb);
    }
}

static void grey_is_spread(void **state)
{
    clile_i_image image;
    (void)state;
    assert_int_equal(read_named("grey.png", &image), CLILE_OK);
    for (int k = 0; k < 3; ++k) assert_int_equal(image.rgb[3 * 7 + k], 70);
    clile_i_image_free(&image);
}

/* Expected pixels: Pillow 9.4, corners and middle. */
static void lossy_formats_are_near_pillow(void **state)
{
    static const struct {
        const char *name;
        int32_t w, h, tolerance;
        uint8_t middle[3], last[3];
    } cases[] = {
        {"baseline.jpg", 96, 64, 3, {116, 115, 95}, {231, 227, 192}},
        {"progressive.jpg", 96, 64, 3, {116, 115, 95}, {231, 227, 192}},
        {"grey.jpg", 96, 64, 2, {116, 116, 116}, {231, 231, 231}},
        {"cmyk.jpg", 32, 32, 2, {255, 0, 0}, {255, 0, 0}},
        {"palette.png", 24, 16, 0, {135, 120, 108}, {215, 218, 180}},
    };
    (void)state;
    for (size_t f = 0; f < sizeof cases / sizeof *cases; ++f) {
        clile_i_image image;
        assert_int_equal(read_named(cases[f].name, &image), CLILE_OK);
        assert_int_equal(image.w, cases[f].w);
        assert_int_equal(image.h, cases[f].h);
        const uint8_t *middle = image.rgb + image.h / 2 * image.row_stride + 3 * (image.w / 2);
        const uint8_t *last = image.rgb + (image.h - 1) * image.row_stride + 3 * (image.w - 1);
        for (int k = 0; k < 3; ++k) {
            if (abs(middle[k] - cases[f].middle[k]) > cases[f].tolerance ||
                abs(last[k] - cases[f].last[k]) > cases[f].tolerance)
                fail_msg("%s channel %d: %d and %d", cases[f].name, k, middle[k], last[k]);
        }
        clile_i_image_free(&image);
    }
}

static void every_truncation_is_noticed(void **state)
{
    static const char *const names[] = {"baseline.jpg", "progressive.jpg", "rgb.png", "rgb16.png",
                                        "rgb.bmp"};
    (void)state;
    for (size_t f = 0; f < 5; ++f) {
        const long size = size_of(names[f]);
        /* from where the format can be told; the last two bytes of the BMP are padding after
         * the pixels */
        for (long keep = 8; keep < size - 2; ++keep) {
            clile_i_image image;
            const clile_status status = decode_part(names[f], keep, -1, &image);
            if (status != CLILE_E_CORRUPT || strstr(clile_last_error(), names[f]) == NULL)
                fail_msg("%s cut to %ld of %ld bytes: status %d, %s", names[f], keep, size, status,
                         clile_last_error());
            assert_null(image.rgb);
        }
    }
    clile_i_image image;
    assert_int_equal(decode_part("baseline.jpg", size_of("baseline.jpg") - 1, -1, &image),
                     CLILE_E_CORRUPT);
    assert_string_equal(
        clile_last_error(),
        "image baseline.jpg: the JPEG file is damaged: it ends before the end-of-image marker");
}

static void png_checksums_are_verified(void **state)
{
    (void)state;
    const long size = size_of("rgb16.png");
    for (long flip = 16; flip < size - 12; ++flip) {
        clile_i_image image;
        const clile_status status = decode_part("rgb16.png", -1, flip, &image);
        assert_true(status == CLILE_E_CORRUPT || status == CLILE_E_INVALID_ARGUMENT);
    }
    clile_i_image image;
    assert_int_equal(decode_part("rgb16.png", -1, size / 2, &image), CLILE_E_CORRUPT);
    assert_string_equal(
        clile_last_error(),
        "image rgb16.png: the PNG file is damaged: a checksum does not match its data");
}

/* Any status will do, as long as nothing breaks (run under sanitizers). */
static void mutated_files_do_no_harm(void **state)
{
    static const char *const names[] = {"baseline.jpg", "progressive.jpg", "cmyk.jpg", "rgb.bmp",
                                        "palette.png"};
    (void)state;
    for (size_t f = 0; f < 5; ++f) {
        const long size = size_of(names[f]);
        for (long flip = 0; flip < size; ++flip) {
            clile_i_image image;
            if (decode_part(names[f], -1, flip, &image) == CLILE_OK)
                assert_true((int64_t)image.h * image.w <= MAX_PIXELS);
            clile_i_image_free(&image);
        }
    }
}

static void what_is_no_image_is_named(void **state)
{
    clile_i_image image;
    char path[1024];
    (void)state;
    assert_int_equal(clile_i_image_decode("a.jpg", (const uint8_t *)"", 0, MAX_PIXELS, &image),
                     CLILE_E_FORMAT);
    assert_string_equal(clile_last_error(), "image a.jpg is empty (0 bytes)");
    assert_int_equal(clile_i_image_decode("a.txt", (const uint8_t *)"hello", 5, MAX_PIXELS, &image),
                     CLILE_E_FORMAT);
    assert_string_equal(clile_last_error(),
                        "image a.txt is not a JPEG, PNG, BMP, WebP or HEIF file");
    static const struct {
        const char *bytes, *name;
    } kinds[] = {{"II*\0\x08\0\0\0", "a TIFF"},
                 {"MM\0*\0\0\0\x08", "a TIFF"},
                 {"GIF89a......", "a GIF"},
                 {"\0\0\0\x18"
                  "ftypqt  ",
                  "a video"}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; ++k) {
        char text[96];
        const size_t size = k < 2 ? 8 : 12;
        snprintf(text, sizeof text,
                 "image a.jpg is %s file, not a JPEG, PNG, BMP, WebP or HEIF file", kinds[k].name);
        assert_int_equal(clile_i_image_decode("a.jpg", (const uint8_t *)kinds[k].bytes, size,
                                              MAX_PIXELS, &image),
                         CLILE_E_FORMAT);
        assert_string_equal(clile_last_error(), text);
        for (size_t keep = 1; keep < size; ++keep) /* too short to tell: nothing is read outside */
            assert_int_equal(clile_i_image_decode("a", (const uint8_t *)kinds[k].bytes, keep,
                                                  MAX_PIXELS, &image),
                             CLILE_E_FORMAT);
    }
    path_of("absent.png", path, sizeof path);
    assert_int_equal(clile_i_image_read(path, MAX_PIXELS, &image), CLILE_E_IO);
    assert_non_null(strstr(clile_last_error(), "absent.png"));
}

static void size_is_limited_before_decoding(void **state)
{
    clile_i_image image;
    (void)state;
    assert_int_equal(read_named("huge.png", &image), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(
        strstr(clile_last_error(), "huge.png has 30000 x 30000 pixels, max_pixels allows 1000000"));
    char path[1024];
    path_of("rgb.png", path, sizeof path);
    assert_int_equal(clile_i_image_read(path, 24 * 16, &image), CLILE_OK);
    clile_i_image_free(&image);
    assert_int_equal(clile_i_image_read(path, 24 * 16 - 1, &image), CLILE_E_INVALID_ARGUMENT);
}

/* 3 MB of zeros after 2 x 2 pixels: nothing of that size is allocated. */
static void a_png_does_not_inflate_far(void **state)
{
    clile_i_image image;
    (void)state;
    assert_int_equal(read_named("../../fuzz/corpus/png/inflates-far", &image), CLILE_E_CORRUPT);
    assert_non_null(strstr(clile_last_error(),
                           "the PNG file is damaged: it has more data than its 2 x 2 pixels"));
    assert_null(image.owned);
}

/* grey.jpg with its only scan written `scans` times. */
static clile_status decode_scans(int scans, clile_i_image *image)
{
    char path[1024];
    clile_i_file file;
    path_of("grey.jpg", path, sizeof path);
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    size_t at = 0;
    /* to the end-of-image marker */
    while (file.data[at] != 0xff || file.data[at + 1] != 0xda) ++at;
    const size_t scan = file.size - 2 - at, size = at + (size_t)scans * scan + 2;
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, file.data, at);
    for (int k = 0; k < scans; ++k) memcpy(copy + at + (size_t)k * scan, file.data + at, scan);
    memcpy(copy + size - 2, file.data + file.size - 2, 2);
    const clile_status status = clile_i_image_decode("scans.jpg", copy, size, MAX_PIXELS, image);
    free(copy);
    clile_i_file_close(&file);
    return status;
}

static void scans_of_a_jpeg_are_limited(void **state)
{
    clile_i_image image;
    (void)state;
    assert_int_equal(decode_scans(4, &image), CLILE_OK);
    clile_i_image_free(&image);
    assert_int_equal(decode_scans(5, &image), CLILE_E_CORRUPT);
    assert_string_equal(clile_last_error(),
                        "image scans.jpg: the JPEG file is damaged: it has too many scans");
}

/* stb_image fails without a reason. */
static void a_failure_without_a_reason(void **state)
{
    clile_i_image image;
    (void)state;
    assert_int_equal(read_named("../../fuzz/corpus/png/found-deflate-block-of-type-3", &image),
                     CLILE_E_CORRUPT);
    assert_non_null(strstr(clile_last_error(), "the PNG file cannot be decoded (unknown reason)"));
}

/* 260 and more codes in a table of at most 256: stb_image 2.27 writes past its end. */
static void huffman_tables_of_a_jpeg_are_checked(void **state)
{
    clile_i_image image;
    (void)state;
    assert_int_equal(
        read_named("../../fuzz/corpus/jpeg/found-huffman-table-of-too-many-codes", &image),
        CLILE_E_CORRUPT);
    assert_non_null(
        strstr(clile_last_error(), "the JPEG file is damaged: a Huffman table is invalid"));
    assert_null(image.owned);
}

static void failed_allocations_are_reported(void **state)
{
    (void)state;
    clile_i_image image;
    int64_t k = 1;
    clile_status status;
    do {
        clile_i_alloc_fail_at(k);
        status = read_named("baseline.jpg", &image);
        clile_i_alloc_fail_at(0);
        if (status != CLILE_OK) {
            assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
            assert_null(image.rgb);
        }
        ++k;
    } while (status != CLILE_OK && k < 1000);
    assert_true(k > 2 && k < 1000);
    clile_i_image_free(&image);
}

static void png_output_reads_back(void **state)
{
    char path[] = "/tmp/clile_test_png_XXXXXX";
    uint8_t pixels[7 * 5 * 3];
    (void)state;
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    for (size_t i = 0; i < sizeof pixels; ++i) pixels[i] = (uint8_t)(i * 37 + i * i);
    for (int32_t channels = 1; channels <= 3; channels += 2) {
        clile_i_image image;
        assert_int_equal(clile_i_image_write_png(path, 5, 7, channels, pixels), CLILE_OK);
        assert_int_equal(clile_i_image_read(path, 35, &image), CLILE_OK);
        assert_int_equal(image.h, 5);
        assert_int_equal(image.w, 7);
        for (int i = 0; i < 35; ++i)
            for (int k = 0; k < 3; ++k)
                assert_int_equal(image.rgb[3 * i + k],
                                 channels == 3 ? pixels[3 * i + k] : pixels[i]);
        clile_i_image_free(&image);
    }
    int32_t h = 0, w = 0; /* the public pair */
    uint8_t *rgb = NULL;
    assert_int_equal(clile_image_write_png(path, 7, 5, pixels), CLILE_OK);
    assert_int_equal(clile_image_read(path, NULL, &h, &w, &rgb), CLILE_OK);
    assert_int_equal(h, 7);
    assert_int_equal(w, 5);
    assert_memory_equal(rgb, pixels, sizeof pixels);
    clile_free(rgb);
    clile_i_file file; /* and from memory */
    uint8_t *png = NULL;
    size_t size = 0;
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    assert_int_equal(clile_image_encode_png(7, 5, pixels, &png, &size), CLILE_OK);
    assert_int_equal(size, file.size);
    assert_memory_equal(png, file.data, size);
    clile_free(png);
    assert_int_equal(clile_image_encode_png(7, 0, pixels, &png, &size), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "PNG in memory: 0 x 7 pixels"));
    assert_int_equal(clile_image_encode_png(7, 5, NULL, &png, &size), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_image_encode_png(7, 5, pixels, NULL, &size), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_image_decode(file.data, file.size, NULL, &h, &w, &rgb), CLILE_OK);
    assert_memory_equal(rgb, pixels, sizeof pixels);
    clile_free(rgb);
    assert_int_equal(clile_image_decode(file.data, file.size - 1, NULL, &h, &w, &rgb),
                     CLILE_E_CORRUPT);
    assert_int_equal(clile_image_decode(file.data, 0, NULL, &h, &w, &rgb), CLILE_E_FORMAT);
    assert_non_null(strstr(clile_last_error(), "image in memory is empty"));
    clile_i_file_close(&file);
    assert_int_equal(clile_image_write_png(NULL, 7, 5, pixels), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_image_write_png(path, 7, 5, NULL), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_image_write_png(path, 0, 5, pixels), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_i_image_write_png(path, 5, 7, 2, pixels), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_i_image_write_png("/nonexistent/folder/a.png", 5, 7, 3, pixels),
                     CLILE_E_IO);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lossless_formats_give_the_exact_pixels),
        cmocka_unit_test(grey_is_spread),
        cmocka_unit_test(lossy_formats_are_near_pillow),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(png_checksums_are_verified),
        cmocka_unit_test(mutated_files_do_no_harm),
        cmocka_unit_test(what_is_no_image_is_named),
        cmocka_unit_test(size_is_limited_before_decoding),
        cmocka_unit_test(a_png_does_not_inflate_far),
        cmocka_unit_test(scans_of_a_jpeg_are_limited),
        cmocka_unit_test(a_failure_without_a_reason),
        cmocka_unit_test(huffman_tables_of_a_jpeg_are_checked),
        cmocka_unit_test(failed_allocations_are_reported),
        cmocka_unit_test(png_output_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
