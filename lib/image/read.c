/* clile_image_read, clile_image_decode, clile_image_write_png: image files to plain pixels and
 * back, for callers. */
#include "image/image.h"

#include <clile/image.h>

/* Passes a decoded image's pixels to the caller: the decoder's rows are tightly packed. */
static void hand_out(const clile_i_image *image, int32_t *h, int32_t *w, uint8_t **rgb)
{
    *h = image->h;
    *w = image->w;
    *rgb = image->owned;
}

clile_status clile_image_read(const char *path, const clile_options *options, int32_t *h,
                              int32_t *w, uint8_t **rgb)
{
    clile_i_image image = {0};
    int64_t max_pixels = 0;
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_CHECK_NOT_NULL(h);
    CLILE_I_CHECK_NOT_NULL(w);
    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_MAX_PIXELS, &max_pixels));
    CLILE_I_RETURN_IF(clile_i_image_read(path, max_pixels, &image));
    hand_out(&image, h, w, rgb);
    return CLILE_OK;
}

clile_status clile_image_decode(const void *bytes, size_t size, const clile_options *options,
                                int32_t *h, int32_t *w, uint8_t **rgb)
{
    clile_i_image image = {0};
    int64_t max_pixels = 0;
    CLILE_I_CHECK_NOT_NULL(bytes);
    CLILE_I_CHECK_NOT_NULL(h);
    CLILE_I_CHECK_NOT_NULL(w);
    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_MAX_PIXELS, &max_pixels));
    CLILE_I_RETURN_IF(clile_i_image_decode("in memory", bytes, size, max_pixels, &image));
    hand_out(&image, h, w, rgb);
    return CLILE_OK;
}

clile_status clile_image_write_png(const char *path, int32_t h, int32_t w, const uint8_t *rgb)
{
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_CHECK_NOT_NULL(rgb);
    return clile_i_image_write_png(path, h, w, 3, rgb);
}
