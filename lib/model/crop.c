/* From an image to the pixels a network reads. */
#include "model/crop.h"

static int is_whole(const clile_i_affine *m)
{
    return m->a == 1.0 && m->b == 0.0 && m->c == 0.0 && m->d == 0.0 && m->e == 1.0 && m->f == 0.0;
}

clile_status clile_i_cropper_init(clile_i_cropper *cropper, int32_t size, int32_t standardize)
{
    clile_status status = CLILE_OK;
    const int64_t stored = clile_i_crop_stored(size);
    cropper->size = size;
    CLILE_I_ALLOC(cropper->stored, stored * stored * 3);
    if (standardize) CLILE_I_ALLOC(cropper->standard, 3 * (int64_t)size * size);
    CLILE_I_TRY(clile_i_warp_space_init(&cropper->space, (int32_t)stored));
cleanup:
    return status;
}

void clile_i_cropper_free(clile_i_cropper *cropper)
{
    clile_i_free(cropper->stored);
    clile_i_free(cropper->standard);
    clile_i_warp_space_free(&cropper->space);
}

static clile_status cut(clile_i_cropper *cropper, const clile_i_image *image,
                        const clile_i_affine *crop_to_src, const uint8_t **rgb, int64_t *row_stride)
{
    const int32_t size = cropper->size, stored = clile_i_crop_stored(size),
                  margin = (stored - size) / 2;
    if (image->h == size && image->w == size && image->format == CLILE_PIXELS_RGB &&
        is_whole(crop_to_src)) { /* warping would give an exact copy */
        *rgb = image->rgb;
        *row_stride = image->row_stride;
        return CLILE_OK;
    }
    /* the stored crop starts `margin` pixels before the canonical one */
    clile_i_affine affine = *crop_to_src;
    affine.c -= margin * (affine.a + affine.b);
    affine.f -= margin * (affine.d + affine.e);
    CLILE_I_RETURN_IF(
        clile_i_image_warp_in(image, &affine, stored, stored, &cropper->space, cropper->stored));
    *row_stride = 3 * (int64_t)stored;
    *rgb = cropper->stored + margin * *row_stride + 3 * margin;
    return CLILE_OK;
}

clile_status clile_i_cropper_cut(clile_i_cropper *cropper, const clile_i_image *image,
                                 const clile_i_affine *crop_to_src, const uint8_t **rgb,
                                 int64_t *row_stride)
{
    CLILE_I_RETURN_IF(cut(cropper, image, crop_to_src, rgb, row_stride));
    if (cropper->standard == NULL) return CLILE_OK;
    clile_i_standardize_pixels(*rgb, *row_stride, cropper->size, cropper->standard);
    *rgb = cropper->standard;
    *row_stride = 3 * (int64_t)cropper->size;
    return CLILE_OK;
}
