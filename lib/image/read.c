/* clile_image_read and _decode, clile_image_write_png and _encode_png: image files to plain pixels
 * and back, for callers. */
#include "image/image.h"

#include <clile/image.h>

clile_status clile_i_image_borrow(const clile_image *theirs, clile_i_image *out)
{
    clile_image image, *given = &image;
    if (theirs == NULL) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "image is NULL");
    CLILE_I_RETURN_IF(
        clile_i_struct_check("image", theirs, CLILE_I_STRUCT_LEAST(clile_image, pixels)));
    clile_i_struct_get(given, sizeof *given, theirs);
    if (given->pixels == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "pixels of the image are NULL");
    const int32_t bytes = clile_i_pixel_bytes(given->format);
    if (bytes == 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "format of the image is %d, expected CLILE_PIXELS_RGB (0) to %d",
                            (int)given->format, (int)CLILE_PIXELS_GREY);
    if (given->h < 1 || given->w < 1 || given->h > 65535 || given->w > 65535)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "image of %d x %d pixels, expected sides from 1 to 65535",
                            (int)given->h, (int)given->w);
    const int64_t row = (int64_t)given->w * bytes,
                  stride = given->row_stride != 0 ? given->row_stride : row;
    if (stride < row || stride > INT64_MAX / given->h)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "row_stride of the image is %lld bytes, expected 0 or at least %lld",
                            (long long)stride, (long long)row);
    *out = (clile_i_image){given->h, given->w, stride, given->pixels, NULL, given->format};
    return CLILE_OK;
}

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

clile_status clile_image_encode_png(int32_t h, int32_t w, const uint8_t *rgb, uint8_t **png,
                                    size_t *size)
{
    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_CHECK_NOT_NULL(png);
    CLILE_I_CHECK_NOT_NULL(size);
    return clile_i_image_encode_png("in memory", h, w, 3, rgb, png, size);
}
