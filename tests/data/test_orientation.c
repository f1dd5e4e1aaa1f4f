/* A photograph stored sideways by a camera gives the same crops as the upright one: whole, by
 * landmarks and by boxes, in a data set of files and in a pack of it. Coordinates are those of
 * the upright image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/data.h"
#include "data/scratch.h"

#include <clile/image.h>

enum { H = 40, W = 30, SIZE = 32 };

static void pixel(int y, int x, uint8_t *rgb)
{
    rgb[0] = (uint8_t)(5 * y);
    rgb[1] = (uint8_t)(7 * x);
    rgb[2] = (uint8_t)(x * y % 251);
}

/* Writes a PNG and puts an eXIf chunk with the orientation after its header. */
static void write_stored(const scratch *s, const char *name, int h, int w, const uint8_t *rgb,
                         uint8_t orientation)
{
    uint8_t chunk[12 + 26] = {0, 0, 0, 26, 'e',  'X',  'I', 'f', 'M', 'M', 0, 42, 0, 0,
                              0, 8, 0, 1,  0x01, 0x12, 0,   3,   0,   0,   0, 1,  0, orientation};
    clile_i_file file;
    const uint32_t crc = clile_i_crc32(0, chunk + 4, 4 + 26);
    for (int k = 0; k < 4; ++k) chunk[34 + k] = (uint8_t)(crc >> (24 - 8 * k));
    assert_int_equal(clile_image_write_png(scratch_path(s, name), h, w, rgb), CLILE_OK);
    assert_int_equal(clile_i_file_open(scratch_path(s, name), &file), CLILE_OK);
    uint8_t *bytes = malloc(file.size + sizeof chunk);
    assert_non_null(bytes);
    memcpy(bytes, file.data, 33);
    memcpy(bytes + 33, chunk, sizeof chunk);
    memcpy(bytes + 33 + sizeof chunk, file.data + 33, file.size - 33);
    const size_t size = file.size + sizeof chunk;
    clile_i_file_close(&file);
    scratch_write(s, name, bytes, size);
    free(bytes);
}

/* upright.png and turned.png, which a camera held on its side (orientation 6: the first stored
 * row is on the right). */
static void write_images(const scratch *s)
{
    uint8_t upright[H * W * 3], stored[W * H * 3];
    for (int y = 0; y < H; ++y) {
        for (int x = 0; x < W; ++x) {
            pixel(y, x, upright + 3 * (y * W + x));
            pixel(y, x, stored + 3 * ((W - 1 - x) * H + y));
        }
    }
    assert_int_equal(clile_image_write_png(scratch_path(s, "upright.png"), H, W, upright),
                     CLILE_OK);
    write_stored(s, "turned.png", W, H, stored, 6);
}

static void assert_same_crops(const clile_dataset *dataset, int64_t a, int64_t b)
{
    uint8_t one[SIZE * SIZE * 3], other[SIZE * SIZE * 3];
    assert_int_equal(clile_dataset_copy_crop(dataset, a, SIZE, one), CLILE_OK);
    assert_int_equal(clile_dataset_copy_crop(dataset, b, SIZE, other), CLILE_OK);
    assert_memory_equal(one, other, sizeof one);
}

static void a_turned_photograph_trains_as_the_upright_one(void **state)
{
    static const char *const places[] = {",,,,,,,,,,,,,", "10,12,20,13,15,18,11,24,19,24,,,,",
                                         ",,,,,,,,,,6,8,20,22"};
    const scratch s = scratch_make();
    (void)state;
    write_images(&s);
    for (size_t k = 0; k < 3; ++k) {
        char text[600];
        clile_dataset *dataset = NULL, *pack = NULL;
        clile_options *options = NULL;
        snprintf(text, sizeof text,
                 "image,subject,AU1,AU2,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4,box_x,box_y,box_w,box_h\n"
                 "upright.png,a,1,0,%s\nturned.png,b,0,1,%s\n",
                 places[k], places[k]);
        scratch_text(&s, "manifest.csv", text);
        if (clile_dataset_open(scratch_path(&s, "manifest.csv"), NULL, &dataset) != CLILE_OK)
            fail_msg("%s", clile_last_error());
        assert_same_crops(dataset, 0, 1);
        assert_int_equal(clile_options_create(&options), CLILE_OK);
        assert_int_equal(clile_options_set(options, "image_size", "32"), CLILE_OK);
        assert_int_equal(
            clile_dataset_pack(dataset, scratch_path(&s, "p.safetensors"), options, NULL, NULL),
            CLILE_OK);
        assert_int_equal(clile_dataset_open(scratch_path(&s, "p.safetensors"), NULL, &pack),
                         CLILE_OK);
        assert_same_crops(pack, 0, 1);
        clile_options_destroy(options);
        clile_dataset_destroy(pack);
        clile_dataset_destroy(dataset);
    }
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turned_photograph_trains_as_the_upright_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
