/* The canonical crop of an image, as in training. Private to model. */
#ifndef CLILE_I_CROP_H
#define CLILE_I_CROP_H

#include "image/image.h"

typedef struct {
    int32_t size;
    uint8_t *stored;   /* one stored crop */
    uint8_t *standard; /* [size,size,3]; NULL: the model has no `standardize` */
    clile_i_warp_space space;
} clile_i_cropper;

/* Free it even on failure. */
clile_status clile_i_cropper_init(clile_i_cropper *cropper, int32_t size, int32_t standardize);
void clile_i_cropper_free(clile_i_cropper *cropper);
/* *rgb gets the [size,size] pixels, with rows *row_stride bytes apart. They are part of `image`, or
 * valid until the next call. */
clile_status clile_i_cropper_cut(clile_i_cropper *cropper, const clile_i_image *image,
                                 const clile_i_affine *crop_to_src, const uint8_t **rgb,
                                 int64_t *row_stride);

#endif
