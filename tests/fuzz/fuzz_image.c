/* JPEG, PNG and BMP through the one decoder, with a small limit on pixels. */
#include "fuzz.h"

#include "image/image.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST_PIXELS = 1 << 16 };
    clile_i_image image;
    const clile_status status = clile_i_image_decode("input", data, size, MOST_PIXELS, &image);
    if (!FUZZ_MADE(status, image.owned)) return 0;
    FUZZ_CHECK(image.h > 0 && image.w > 0 && (int64_t)image.h * image.w <= MOST_PIXELS &&
               image.row_stride >= image.w * 3);
    uint32_t crc = 0;
    for (int32_t y = 0; y < image.h; ++y)
        crc = clile_i_crc32(crc, image.rgb + y * image.row_stride, (size_t)image.w * 3);
    (void)crc;
    clile_i_image_free(&image);
    return 0;
}
