/* JPEG, PNG and BMP through the decoder they share, WebP and HEIF through their modules; with a
 * small limit on pixels. */
#include "fuzz.h"

#include "image/image.h"

#include <stdlib.h>
#include <string.h>

static void decode(const uint8_t *data, size_t size)
{
    enum { MOST_PIXELS = 1 << 16 };
    clile_i_image image;
    const clile_status status = clile_i_image_decode("input", data, size, MOST_PIXELS, &image);
    uint32_t crc = 0;
    if (!FUZZ_MADE(status, image.owned)) return;
    FUZZ_CHECK(image.h > 0 && image.w > 0 && (int64_t)image.h * image.w <= MOST_PIXELS);
    FUZZ_CHECK(image.row_stride >= (int64_t)image.w * 3);
    for (int32_t y = 0; y < image.h; ++y)
        crc = clile_i_crc32(crc, image.rgb + y * image.row_stride, (size_t)image.w * 3);
    (void)crc;
    clile_i_image_free(&image);
}

static size_t read_be32(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* Makes the checksum of each chunk of a PNG right, so that changed data get to the decoder. */
static void repair_png(uint8_t *data, size_t size)
{
    for (size_t at = 8; size - at >= 12;) {
        const size_t length = read_be32(data + at);
        if (length > size - at - 12) return;
        const uint32_t crc = clile_i_crc32(0, data + at + 4, length + 4);
        for (int k = 0; k < 4; ++k)
            data[at + 8 + length + (size_t)k] = (uint8_t)(crc >> (24 - 8 * k));
        at += 12 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode(data, size);
    if (size < 8 || data[0] != 0x89) return 0;
    uint8_t *copy = malloc(size);
    FUZZ_CHECK(copy != NULL);
    memcpy(copy, data, size);
    repair_png(copy, size);
    decode(copy, size);
    free(copy);
    return 0;
}
