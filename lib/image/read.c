/* clile_image_read, clile_image_write_png: image files to plain pixels and back, for callers. */
#include "image/image.h"

#include <clile/image.h>

#include <string.h>

clile_status clile_image_read(const char *path, const clile_options *options, int32_t *h, int32_t *w, uint8_t **rgb)
{
    clile_status status = CLILE_OK;
    clile_i_image image = {0};
    int64_t max_pixels = 0;
    uint8_t *pixels = NULL;
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_CHECK_NOT_NULL(h);
    CLILE_I_CHECK_NOT_NULL(w);
    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_MAX_PIXELS, &max_pixels));
    CLILE_I_TRY(clile_i_image_read(path, max_pixels, &image));
    const size_t row = (size_t)image.w * 3;
    CLILE_I_ALLOC(pixels, (int64_t)image.h * image.w * 3);
    for (int32_t y = 0; y < image.h; ++y) memcpy(pixels + row * (size_t)y, image.rgb + image.row_stride * y, row);
    *h = image.h;
    *w = image.w;
    *rgb = pixels;
cleanup:
    clile_i_image_free(&image);
    return status;
}

clile_status clile_image_write_png(const char *path, int32_t h, int32_t w, const uint8_t *rgb)
{
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_CHECK_NOT_NULL(rgb);
    return clile_i_image_write_png(path, h, w, 3, rgb);
}
