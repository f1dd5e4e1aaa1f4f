/* WebP and HEIF through their modules beside this program, where these were built. Files:
 * tests/data/image/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/codec.h"

#include <clile/image.h>

#include <stdlib.h>
#include <string.h>

#define MAX_PIXELS 1000000

typedef struct {
    clile_i_file file;
    uint8_t *bytes; /* a block of its own size, so that a read past the end is seen */
} loaded;

static loaded load(const char *name)
{
    char path[1024];
    loaded l;
    snprintf(path, sizeof path, "%s/image/%s", CLILE_TEST_DATA, name);
    assert_int_equal(CLILE_OK, clile_i_file_open(path, &l.file));
    assert_non_null(l.bytes = malloc(l.file.size));
    memcpy(l.bytes, l.file.data, l.file.size);
    return l;
}

static void unload(loaded *l)
{
    clile_i_file_close(&l->file);
    free(l->bytes);
}

static clile_status read_named(const char *name, clile_i_image *image)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/image/%s", CLILE_TEST_DATA, name);
    return clile_i_image_read(path, MAX_PIXELS, image);
}

static void read_well(const char *name, int32_t h, int32_t w, clile_i_image *image)
{
    char path[1024];
    int32_t told_h = 0, told_w = 0;
    if (read_named(name, image) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(h, image->h);
    assert_int_equal(w, image->w);
    snprintf(path, sizeof path, "%s/image/%s", CLILE_TEST_DATA, name);
    assert_int_equal(CLILE_OK, clile_i_image_size(path, MAX_PIXELS, &told_h, &told_w));
    assert_true(told_h == h && told_w == w);
}

static int is_built(const char *module)
{
    return strstr(CLILE_CODECS, module) != NULL;
}

/* The file's codec was built; names what is skipped. */
static int can_read(const char *name)
{
    const char *module = strstr(name, ".webp") != NULL ? "webp" : "heif";
    if (is_built(module)) return 1;
    printf("%s is not read: the codec %s was not built\n", name, module);
    return 0;
}

static void lossless_files_give_the_pixels(void **state)
{
    static const struct {
        const char *name;
        int tolerance;
    } cases[] = {
        {"lossless.webp", 0}, {"turned.webp", 0}, {"lossless.heic", 1}, {"lossless.avif", 1}};
    (void)state;
    for (size_t f = 0; f < sizeof cases / sizeof *cases; ++f) {
        clile_i_image image;
        if (!can_read(cases[f].name)) continue;
        read_well(cases[f].name, 16, 24, &image);
        for (int y = 0; y < 16; ++y)
            for (int x = 0; x < 24; ++x) {
                const uint8_t *p = image.rgb + y * image.row_stride + 3 * x;
                if (abs(p[0] - 10 * x) > cases[f].tolerance ||
                    abs(p[1] - 15 * y) > cases[f].tolerance ||
                    abs(p[2] - 5 * (x + y)) > cases[f].tolerance)
                    fail_msg("%s: pixel %d, %d", cases[f].name, x, y);
            }
        clile_i_image_free(&image);
    }
}

/* All are baseline.jpg's picture: with alpha, which is dropped, and turned by EXIF data alone and
 * by irot with EXIF data beside it. */
static void lossy_and_turned_files_are_near_the_jpeg(void **state)
{
    static const char *const names[] = {"lossy.webp", "exif.heic", "turned.heic"};
    clile_i_image jpeg, image;
    (void)state;
    assert_int_equal(CLILE_OK, read_named("baseline.jpg", &jpeg));
    for (size_t f = 0; f < sizeof names / sizeof *names; ++f) {
        if (!can_read(names[f])) continue;
        read_well(names[f], 64, 96, &image);
        for (int64_t i = 0; i < 64 * 96 * 3; ++i)
            if (abs(image.rgb[i] - jpeg.rgb[i]) > 8) fail_msg("%s: value %d", names[f], (int)i);
        clile_i_image_free(&image);
    }
    if (can_read("mirrored.heic")) { /* by imir, beside which the EXIF data do not count */
        read_well("mirrored.heic", 96, 64, &image);
        clile_i_image_free(&image);
    }
    clile_i_image_free(&jpeg);
}

static void files_in_memory_are_read(void **state)
{
    (void)state;
    for (int k = 0; k < 2; ++k) {
        static const char *const names[] = {"turned.webp", "turned.heic"};
        int32_t h = 0, w = 0;
        uint8_t *rgb = NULL;
        clile_i_image image;
        if (!can_read(names[k])) continue;
        loaded l = load(names[k]);
        assert_int_equal(CLILE_OK, clile_image_decode(l.bytes, l.file.size, NULL, &h, &w, &rgb));
        assert_int_equal(CLILE_OK, read_named(names[k], &image));
        assert_true(h == image.h && w == image.w);
        assert_memory_equal(rgb, image.rgb, (size_t)h * (size_t)w * 3);
        clile_free(rgb);
        clile_i_image_free(&image);
        unload(&l);
    }
}

/* Every prefix of a file, from where the format can be told. */
static void every_truncation_is_noticed(void **state)
{
    static const char *const names[] = {"lossless.webp", "turned.webp", "lossy.webp",
                                        "lossless.heic", "exif.heic",   "lossless.avif"};
    (void)state;
    for (size_t f = 0; f < sizeof names / sizeof *names; ++f) {
        if (!can_read(names[f])) continue;
        loaded l = load(names[f]);
        for (size_t keep = 12; keep < l.file.size; ++keep) {
            clile_i_image image;
            uint8_t *copy = malloc(keep);
            assert_non_null(copy);
            memcpy(copy, l.bytes, keep);
            const clile_status status =
                clile_i_image_decode(names[f], copy, keep, MAX_PIXELS, &image);
            if (status != CLILE_E_CORRUPT || strstr(clile_last_error(), names[f]) == NULL ||
                strstr(clile_last_error(), "is damaged: ") == NULL)
                fail_msg("%s cut to %zu of %zu bytes: status %d, %s", names[f], keep, l.file.size,
                         status, clile_last_error());
            assert_null(image.owned);
            free(copy);
        }
        unload(&l);
    }
}

/* Any status will do, as long as nothing breaks (run under sanitizers). Not AVIF: libheif 1.15
 * loses memory when dav1d refuses data. */
static void mutated_files_do_no_harm(void **state)
{
    static const char *const names[] = {"turned.webp", "lossy.webp", "lossless.heic"};
    (void)state;
    for (size_t f = 0; f < sizeof names / sizeof *names; ++f) {
        if (!can_read(names[f])) continue;
        loaded l = load(names[f]);
        for (size_t flip = 0; flip < l.file.size; ++flip) {
            clile_i_image image;
            l.bytes[flip] ^= 0x40;
            if (clile_i_image_decode("mutated", l.bytes, l.file.size, MAX_PIXELS, &image) ==
                CLILE_OK)
                assert_true((int64_t)image.h * image.w <= MAX_PIXELS);
            clile_i_image_free(&image);
            l.bytes[flip] ^= 0x40;
        }
        unload(&l);
    }
}

static void refused(const char *name, int64_t max_pixels, clile_status expected, const char *text)
{
    char path[1024];
    clile_i_image image;
    int32_t h, w;
    if (!can_read(name)) return;
    snprintf(path, sizeof path, "%s/image/%s", CLILE_TEST_DATA, name);
    assert_int_equal(expected, clile_i_image_read(path, max_pixels, &image));
    if (strstr(clile_last_error(), text) == NULL) fail_msg("%s", clile_last_error());
    assert_null(image.owned);
    assert_int_equal(expected, clile_i_image_size(path, max_pixels, &h, &w));
}

static void what_cannot_be_read_is_told(void **state)
{
    (void)state;
    refused("animation.webp", MAX_PIXELS, CLILE_E_UNSUPPORTED,
            "animation.webp: the WebP file cannot be read: it is an animation, expected a still "
            "picture");
    refused("huge.heic", MAX_PIXELS, CLILE_E_INVALID_ARGUMENT,
            "huge.heic has 30000 x 30000 pixels, max_pixels allows 1000000");
    refused("lossless.webp", 24 * 16 - 1, CLILE_E_INVALID_ARGUMENT,
            "lossless.webp has 24 x 16 pixels, max_pixels allows 383");
    refused("lossless.heic", 24 * 16 - 1, CLILE_E_INVALID_ARGUMENT,
            "lossless.heic has 24 x 16 pixels, max_pixels allows 383");
}

/* What a program appends to a complete file is not part of it. */
static void appended_bytes_do_not_count(void **state)
{
    static const char *const names[] = {"lossless.webp", "lossless.heic"};
    (void)state;
    for (int k = 0; k < 2; ++k) {
        clile_i_image image;
        if (!can_read(names[k])) continue;
        loaded l = load(names[k]);
        uint8_t *longer = calloc(l.file.size + 40, 1);
        assert_non_null(longer);
        memcpy(longer, l.bytes, l.file.size);
        memcpy(longer + l.file.size, "\xff\xff\xff\xffjunk", 8);
        if (clile_i_image_decode(names[k], longer, l.file.size + 40, MAX_PIXELS, &image) !=
            CLILE_OK)
            fail_msg("%s", clile_last_error());
        clile_i_image_free(&image);
        free(longer);
        unload(&l);
    }
}

static void failed_allocations_are_reported(void **state)
{
    static const char *const names[] = {"turned.webp", "exif.heic"};
    (void)state;
    for (int f = 0; f < 2; ++f) {
        clile_i_image image;
        int64_t k = 1;
        clile_status status;
        if (!can_read(names[f])) continue;
        do {
            clile_i_alloc_fail_at(k);
            status = read_named(names[f], &image);
            clile_i_alloc_fail_at(0);
            assert_true(status == CLILE_OK || status == CLILE_E_OUT_OF_MEMORY);
            assert_true((status == CLILE_OK) == (image.owned != NULL));
            ++k;
        } while (status != CLILE_OK && k < 1000);
        assert_true(k > 3 && k < 1000);
        clile_i_image_free(&image);
    }
}

static void modules_of_another_release_are_refused(void **state)
{
    (void)state;
    clile_i_codec_module table = {.struct_size = sizeof table, .interface = 99};
    assert_int_equal(CLILE_E_UNSUPPORTED,
                     clile_i_codec_check(CLILE_I_CODEC_WEBP, &table, "here.so"));
    assert_non_null(strstr(clile_last_error(), "here.so: belongs to another release"));
    table.interface = CLILE_I_CODEC_INTERFACE;
    assert_int_equal(CLILE_E_UNSUPPORTED,
                     clile_i_codec_check(CLILE_I_CODEC_HEIF, &table, "here.so"));
    assert_string_equal("here.so: not a codec module of libclile", clile_last_error());
    assert_int_equal(CLILE_E_UNSUPPORTED, clile_i_codec_check(CLILE_I_CODEC_HEIF, NULL, "here.so"));
}

int main(void)
{
    if (!is_built("webp") && !is_built("heif")) return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lossless_files_give_the_pixels),
        cmocka_unit_test(lossy_and_turned_files_are_near_the_jpeg),
        cmocka_unit_test(files_in_memory_are_read),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(mutated_files_do_no_harm),
        cmocka_unit_test(what_cannot_be_read_is_told),
        cmocka_unit_test(appended_bytes_do_not_count),
        cmocka_unit_test(failed_allocations_are_reported),
        cmocka_unit_test(modules_of_another_release_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
