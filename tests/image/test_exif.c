/* The orientation in EXIF, read and applied; colours of JPEGs by their markers. The files are
 * derived here from those of tests/data/image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/exif.h"

#include <clile/image.h>

#include <stdlib.h>
#include <string.h>

#define MAX_PIXELS 1000000

/* ---- EXIF data ---- */

static void put_16(uint8_t *p, int big, uint32_t value)
{
    p[0] = (uint8_t)(big ? value >> 8 : value);
    p[1] = (uint8_t)(big ? value : value >> 8);
}

static void put_32(uint8_t *p, int big, uint32_t value)
{
    put_16(p, big, big ? value >> 16 : value & 0xffff);
    put_16(p + 2, big, big ? value & 0xffff : value >> 16);
}

/* A TIFF header, `before` bytes, a directory of two entries of which the second is the
 * orientation. */
enum { BEFORE = 6, TIFF_SIZE = 8 + BEFORE + 2 + 24 + 4, ENTRY = 8 + BEFORE + 2 + 12 };

static void make_tiff(uint8_t out[TIFF_SIZE], int big, uint32_t type, uint32_t count,
                      uint32_t value)
{
    memset(out, 0, TIFF_SIZE);
    memset(out, big ? 'M' : 'I', 2);
    put_16(out + 2, big, 42);
    put_32(out + 4, big, 8 + BEFORE);
    put_16(out + 8 + BEFORE, big, 2);
    put_16(out + 8 + BEFORE + 2, big, 0x010f); /* the maker's name, 5 bytes at offset 0 */
    put_16(out + 8 + BEFORE + 4, big, 2);
    put_32(out + 8 + BEFORE + 6, big, 5);
    put_16(out + ENTRY, big, 0x0112);
    put_16(out + ENTRY + 2, big, type);
    put_32(out + ENTRY + 4, big, count);
    if (type == 4)
        put_32(out + ENTRY + 8, big, value);
    else
        put_16(out + ENTRY + 8, big, value);
}

/* A copy that ends where the data end, so that a read beyond is seen by the sanitizers. */
static int32_t read_copy(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    if (size > 0) memcpy(copy, bytes, size);
    const int32_t orientation = clile_i_exif_orientation(copy, size);
    free(copy);
    return orientation;
}

static void orientation_is_read_in_both_byte_orders(void **state)
{
    uint8_t tiff[TIFF_SIZE], with_prefix[6 + TIFF_SIZE] = {'E', 'x', 'i', 'f'};
    (void)state;
    for (int big = 0; big <= 1; ++big) {
        for (uint32_t value = 0; value <= 9; ++value) {
            const int32_t expected = value >= 1 && value <= 8 ? (int32_t)value : 1;
            for (uint32_t type = 3; type <= 4; ++type) {
                make_tiff(tiff, big, type, 1, value);
                memcpy(with_prefix + 6, tiff, sizeof tiff);
                assert_int_equal(read_copy(tiff, sizeof tiff), expected);
                assert_int_equal(read_copy(with_prefix, sizeof with_prefix), expected);
            }
        }
        make_tiff(tiff, big, 3, 1, 6 + 256);
        assert_int_equal(read_copy(tiff, sizeof tiff), 1);
        make_tiff(tiff, big, 3, 2, 6); /* neither two values nor a text is an orientation */
        assert_int_equal(read_copy(tiff, sizeof tiff), 1);
        make_tiff(tiff, big, 2, 1, 6);
        assert_int_equal(read_copy(tiff, sizeof tiff), 1);
    }
}

static void damaged_exif_says_nothing(void **state)
{
    static const uint32_t far[] = {TIFF_SIZE - 2, TIFF_SIZE - 1, TIFF_SIZE,
                                   0x7fffffff,    0xfffffffe,    0xffffffff};
    uint8_t tiff[TIFF_SIZE];
    (void)state;
    for (int big = 0; big <= 1; ++big) {
        make_tiff(tiff, big, 3, 1, 6);
        for (size_t keep = 0; keep < TIFF_SIZE; ++keep) /* the entry's 12 bytes must be there */
            assert_int_equal(read_copy(tiff, keep), keep < ENTRY + 12 ? 1 : 6);
        for (size_t k = 0; k < sizeof far / sizeof *far; ++k) {
            make_tiff(tiff, big, 3, 1, 6);
            put_32(tiff + 4, big, far[k]);
            assert_int_equal(read_copy(tiff, sizeof tiff), 1);
        }
        make_tiff(tiff, big, 3, 1, 6);
        put_16(tiff + 8 + BEFORE, big, 65535); /* more entries than there are */
        assert_int_equal(read_copy(tiff, sizeof tiff), 6);
        put_16(tiff + ENTRY, big, 0x0113);
        assert_int_equal(read_copy(tiff, sizeof tiff), 1);
        make_tiff(tiff, big, 3, 1, 6);
        put_16(tiff + 2, big, 43);
        assert_int_equal(read_copy(tiff, sizeof tiff), 1);
        make_tiff(tiff, big, 3, 1, 6);
        tiff[1] ^= 'M' ^ 'I';
        assert_int_equal(read_copy(tiff, sizeof tiff), 1);
    }
}

/* ---- files with segments ---- */

typedef struct {
    uint8_t *data;
    size_t size;
} bytes;

static bytes read_file(const char *name)
{
    char path[1024];
    clile_i_file file;
    snprintf(path, sizeof path, "%s/image/%s", CLILE_TEST_DATA, name);
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    bytes out = {malloc(file.size), file.size};
    assert_non_null(out.data);
    memcpy(out.data, file.data, file.size);
    clile_i_file_close(&file);
    return out;
}

/* Replaces `old_size` bytes at `at`. */
static void splice(bytes *b, size_t at, size_t old_size, const void *new_data, size_t new_size)
{
    bytes out = {malloc(b->size - old_size + new_size), b->size - old_size + new_size};
    assert_non_null(out.data);
    memcpy(out.data, b->data, at);
    if (new_size > 0) memcpy(out.data + at, new_data, new_size);
    memcpy(out.data + at + new_size, b->data + at + old_size, b->size - at - old_size);
    free(b->data);
    *b = out;
}

/* A JPEG segment after SOI. */
static void add_segment(bytes *b, uint8_t marker, const void *data, size_t size)
{
    uint8_t segment[256] = {0xff, marker};
    assert_true(size + 4 <= sizeof segment);
    put_16(segment + 2, 1, (uint32_t)size + 2);
    memcpy(segment + 4, data, size);
    splice(b, 2, 0, segment, size + 4);
}

/* Bytes of a JPEG's segment, its marker included. */
static size_t segment_size(const bytes *b, size_t at)
{
    return 2 + (size_t)b->data[at + 2] * 256 + b->data[at + 3];
}

/* Where a JPEG's first segment of this kind is; 0: it has none. */
static size_t find_segment(const bytes *b, uint8_t marker)
{
    for (size_t at = 2; at + 4 < b->size && b->data[at + 1] != 0xda; at += segment_size(b, at))
        if (b->data[at + 1] == marker) return at;
    return 0;
}

static void remove_segment(bytes *b, uint8_t marker)
{
    const size_t at = find_segment(b, marker);
    if (at > 0) splice(b, at, segment_size(b, at), NULL, 0);
}

static void add_exif(bytes *b, int big, uint32_t orientation)
{
    uint8_t exif[6 + TIFF_SIZE] = {'E', 'x', 'i', 'f'};
    make_tiff(exif + 6, big, 3, 1, orientation);
    add_segment(b, 0xe1, exif, sizeof exif);
}

/* An eXIf chunk after IHDR or, when `late`, before IEND; with `wrong` added to its checksum. */
static void add_exif_chunk(bytes *b, int big, uint32_t orientation, int late, uint32_t wrong)
{
    uint8_t chunk[12 + TIFF_SIZE] = {0, 0, 0, TIFF_SIZE, 'e', 'X', 'I', 'f'};
    make_tiff(chunk + 8, big, 3, 1, orientation);
    put_32(chunk + 8 + TIFF_SIZE, 1, clile_i_crc32(0, chunk + 4, 4 + TIFF_SIZE) + wrong);
    splice(b, late ? b->size - 12 : 33, 0, chunk, sizeof chunk);
}

static clile_i_image decoded(bytes *b)
{
    clile_i_image image;
    const clile_status status =
        clile_i_image_decode("made.jpg", b->data, b->size, MAX_PIXELS, &image);
    if (status != CLILE_OK) fail_msg("%s", clile_last_error());
    free(b->data);
    return image;
}

/* ---- orientation ---- */

/* The side of the upright image at which the first stored row, the first stored column is: EXIF
 * 2.32, 4.6.4 A. */
typedef enum { TOP, BOTTOM, LEFT, RIGHT } side;
static const side first_row[9] = {TOP, TOP, TOP, BOTTOM, BOTTOM, LEFT, RIGHT, RIGHT, LEFT};
static const side first_column[9] = {LEFT, LEFT, RIGHT, RIGHT, LEFT, TOP, TOP, BOTTOM, BOTTOM};

static void set_place(side s, int32_t k, int32_t h, int32_t w, int32_t *y, int32_t *x)
{
    if (s == TOP) *y = k;
    if (s == BOTTOM) *y = h - 1 - k;
    if (s == LEFT) *x = k;
    if (s == RIGHT) *x = w - 1 - k;
}

static void assert_turned(const clile_i_image *stored, const clile_i_image *upright,
                          int orientation)
{
    const int32_t h = orientation < 5 ? stored->h : stored->w,
                  w = orientation < 5 ? stored->w : stored->h;
    assert_int_equal(upright->h, h);
    assert_int_equal(upright->w, w);
    for (int32_t r = 0; r < stored->h; ++r) {
        for (int32_t c = 0; c < stored->w; ++c) {
            int32_t y = -1, x = -1;
            set_place(first_row[orientation], r, h, w, &y, &x);
            set_place(first_column[orientation], c, h, w, &y, &x);
            if (memcmp(upright->rgb + y * upright->row_stride + 3 * x,
                       stored->rgb + r * stored->row_stride + 3 * c, 3) != 0)
                fail_msg("orientation %d: the stored pixel %d,%d is not at %d,%d", orientation,
                         (int)c, (int)r, (int)x, (int)y);
        }
    }
}

static void all_orientations_are_applied(void **state)
{
    static const char *const names[] = {"baseline.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg",
                                        "rgb.png"};
    (void)state;
    for (size_t f = 0; f < sizeof names / sizeof *names; ++f) {
        bytes b = read_file(names[f]);
        clile_i_image stored = decoded(&b);
        for (int orientation = 0; orientation <= 9; ++orientation) {
            for (int big = 0; big <= 1; ++big) {
                b = read_file(names[f]);
                if (f == 4)
                    add_exif_chunk(&b, big, (uint32_t)orientation, orientation % 2, 0);
                else
                    add_exif(&b, big, (uint32_t)orientation);
                clile_i_image upright = decoded(&b);
                assert_turned(&stored, &upright,
                              orientation >= 1 && orientation <= 8 ? orientation : 1);
                clile_i_image_free(&upright);
            }
        }
        clile_i_image_free(&stored);
    }
}

static void the_first_exif_counts(void **state)
{
    static const char xmp[] = "http://ns.adobe.com/xap/1.0/";
    (void)state;
    bytes b = read_file("baseline.jpg");
    clile_i_image stored = decoded(&b);
    b = read_file("baseline.jpg");
    add_exif(&b, 0, 3);
    add_exif(&b, 1, 6); /* before the other */
    add_segment(&b, 0xe1, xmp, sizeof xmp);
    clile_i_image upright = decoded(&b);
    assert_turned(&stored, &upright, 6);
    clile_i_image_free(&upright);
    clile_i_image_free(&stored);

    b = read_file("rgb.png"); /* a damaged chunk is ignored */
    stored = decoded(&b);
    b = read_file("rgb.png");
    add_exif_chunk(&b, 1, 6, 0, 1);
    upright = decoded(&b);
    assert_turned(&stored, &upright, 1);
    clile_i_image_free(&upright);
    clile_i_image_free(&stored);
}

/* Each byte of the EXIF data changed: the image stays what it is, turned or not. */
static void mutated_exif_does_no_harm(void **state)
{
    (void)state;
    for (size_t flip = 0; flip < 10 + TIFF_SIZE; ++flip) {
        for (int bit = 0; bit < 8; ++bit) {
            clile_i_image image;
            bytes b = read_file("grey.jpg");
            add_exif(&b, 0, 6);
            b.data[2 + flip] ^= (uint8_t)(1 << bit);
            const clile_status status =
                clile_i_image_decode("a.jpg", b.data, b.size, MAX_PIXELS, &image);
            if (flip >= 4) { /* not the marker or its length */
                assert_int_equal(status, CLILE_OK);
                assert_int_equal(image.h * image.w, 96 * 64);
            }
            clile_i_image_free(&image);
            free(b.data);
        }
    }
}

static void no_memory_to_turn_is_reported(void **state)
{
    clile_i_image image;
    clile_status status = CLILE_OK;
    int64_t k = 1;
    (void)state;
    do {
        bytes b = read_file("cmyk.jpg");
        remove_segment(&b, 0xee);
        add_exif(&b, 0, 6);
        clile_i_alloc_fail_at(k);
        status = clile_i_image_decode("a.jpg", b.data, b.size, MAX_PIXELS, &image);
        clile_i_alloc_fail_at(0);
        if (status != CLILE_OK) {
            assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
            assert_null(image.owned);
        }
        free(b.data);
        ++k;
    } while (status != CLILE_OK && k < 1000);
    assert_true(k > 4 && k < 1000);
    clile_i_image_free(&image);
}

/* ---- colours ---- */

static const uint8_t adobe[12] = {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0};

static bytes with_adobe(const char *name, int transform)
{
    uint8_t marker[12];
    bytes b = read_file(name);
    remove_segment(&b, 0xee);
    memcpy(marker, adobe, sizeof marker);
    marker[11] = (uint8_t)transform;
    if (transform >= 0) add_segment(&b, 0xee, marker, sizeof marker);
    return b;
}

static void assert_near(clile_i_image *image, const uint8_t *expected)
{
    for (int k = 0; k < 3; ++k)
        if (abs(image->rgb[k] - expected[k]) > 2)
            fail_msg("%d,%d,%d, expected %d,%d,%d", image->rgb[0], image->rgb[1], image->rgb[2],
                     expected[0], expected[1], expected[2]);
    clile_i_image_free(image);
}

/* cmyk.jpg is pure red as CMYK 0,255,255,0, stored inverted. As YCCK those bytes, 255,0,0,255,
 * are Y 255, Cb 0, Cr 0 (values of Pillow 13). */
static void four_channels_are_cmyk_without_a_marker(void **state)
{
    static const uint8_t red[3] = {255, 0, 0}, ycck[3] = {179, 0, 227};
    static const uint8_t jfif[14] = {'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
    (void)state;
    for (int transform = -1; transform <= 3; ++transform) {
        bytes b = with_adobe("cmyk.jpg", transform);
        clile_i_image image = decoded(&b);
        assert_near(&image, transform < 1 ? red : ycck);
    }
    bytes b = with_adobe("cmyk.jpg", -1);
    add_segment(&b, 0xe0, jfif, sizeof jfif);
    clile_i_image image = decoded(&b);
    assert_near(&image, red);
}

/* The upper left corner of baseline.jpg is YCbCr 9,128,123 or so: RGB where Adobe's marker says
 * that it is not transformed and no JFIF says that it is; where the components are called R, G
 * and B. */
static void three_channels_are_rgb_when_marked(void **state)
{
    (void)state;
    for (int jfif = 0; jfif <= 1; ++jfif) {
        for (int transform = -1; transform <= 1; ++transform) {
            bytes b = with_adobe("baseline.jpg", transform);
            if (!jfif) remove_segment(&b, 0xe0);
            clile_i_image image = decoded(&b);
            const uint8_t *p = image.rgb;
            const int is_rgb = p[1] > 100 && p[2] > 100;
            assert_int_equal(is_rgb, !jfif && transform == 0);
            clile_i_image_free(&image);
        }
    }
    bytes b = with_adobe("baseline.jpg", -1);
    remove_segment(&b, 0xe0);
    const size_t frame = find_segment(&b, 0xc0);
    assert_true(frame > 0);
    for (int k = 0; k < 3; ++k) b.data[frame + 10 + 3 * (size_t)k] = (uint8_t)"RGB"[k];
    for (size_t at = frame;; ++at) {
        if (b.data[at] != 0xff || b.data[at + 1] != 0xda) continue;
        for (int k = 0; k < 3; ++k) b.data[at + 5 + 2 * (size_t)k] = (uint8_t)"RGB"[k];
        break;
    }
    clile_i_image image = decoded(&b);
    assert_true(image.rgb[1] > 100 && image.rgb[2] > 100);
    clile_i_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientation_is_read_in_both_byte_orders),
        cmocka_unit_test(damaged_exif_says_nothing),
        cmocka_unit_test(all_orientations_are_applied),
        cmocka_unit_test(the_first_exif_counts),
        cmocka_unit_test(mutated_exif_does_no_harm),
        cmocka_unit_test(no_memory_to_turn_is_reported),
        cmocka_unit_test(four_channels_are_cmyk_without_a_marker),
        cmocka_unit_test(three_channels_are_rgb_when_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
