/* clile/image.h: reads image files, with the code that reads training images, and writes PNG
 * files.
 *
 *     int32_t h = 0, w = 0;
 *     uint8_t *rgb = NULL;
 *     clile_image_read("photo.jpg", NULL, &h, &w, &rgb);
 *     // for clile_predictor_run_faces
 *     const clile_image image = {sizeof image, CLILE_PIXELS_RGB, h, w, 0, rgb};
 *     ...
 *     clile_free(rgb);
 *
 * A program that already has pixels (a camera, a video) needs only clile_image. */
#ifndef CLILE_IMAGE_H
#define CLILE_IMAGE_H

#include <clile/options.h>

CLILE_BEGIN

/* Pixel formats, one byte per value; alpha is ignored. */
enum {
    CLILE_PIXELS_RGB = 0,
    CLILE_PIXELS_BGR = 1, /* OpenCV */
    CLILE_PIXELS_RGBA = 2,
    CLILE_PIXELS_BGRA = 3,
    CLILE_PIXELS_GREY = 4 /* one byte per pixel */
};

/* An image in the caller's memory, used in place. Only grows at the end. */
typedef struct clile_image {
    uint32_t struct_size;  /* sizeof(clile_image) */
    int32_t format;        /* CLILE_PIXELS_... */
    int32_t h, w;          /* 1..65535 */
    int64_t row_stride;    /* bytes from row to row; 0: rows are tightly packed */
    const uint8_t *pixels; /* the first byte of the top left pixel */
} clile_image;

/* Reads a JPEG, PNG or BMP file as [h,w,3] uint8 RGB, rows tightly packed; WebP, HEIC and AVIF
 * through the modules codec_webp.so and codec_heif.so beside the library (docs/images.md). 16 bits
 * become 8, grey becomes RGB, and alpha is dropped. EXIF orientation is applied: h and w are those
 * of the upright image. Options: max_pixels. The caller owns `*rgb`: clile_free (status.h). IO (no
 * such file), FORMAT (not an image), CORRUPT (truncated or damaged), UNSUPPORTED (its module is not
 * installed; an animation), INVALID_ARGUMENT (more than max_pixels, a NULL argument),
 * OUT_OF_MEMORY. Shared (any thread). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_image_read(const char *path,
                                                        const clile_options *options, int32_t *h,
                                                        int32_t *w, uint8_t **rgb);

/* The same for a file in memory: [size] bytes, borrowed for the call. Zero bytes are FORMAT, too.
 * Shared (any thread). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_image_decode(const void *bytes, size_t size,
                                                          const clile_options *options, int32_t *h,
                                                          int32_t *w, uint8_t **rgb);

/* Called with the path of an image, which is valid during the call. Return anything but 0 to
 * stop. */
typedef int32_t (*clile_path_fn)(const char *path, void *user);

/* Calls `each` for the image files in a folder and its subfolders, by extension: jpg, jpeg, jpe,
 * jif, jfif, png, bmp, webp, heic, heif, hif, avif; and also tif, gif and others that
 * clile_image_read rejects with a message. Names in a folder are in natural order: frame_2 before
 * frame_10. Skips hidden files and folders. Follows symbolic links, but visits no folder twice.
 * IO (no such folder, or one that cannot be read), CANCELLED (`each` stopped), INVALID_ARGUMENT (a
 * NULL argument other than user), OUT_OF_MEMORY. Shared (any thread). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_image_walk(const char *folder, clile_path_fn each,
                                                        void *user);

/* Writes [h,w,3] uint8 RGB, rows tightly packed, as an 8-bit PNG file. The write is atomic: on
 * failure no file is left behind and an older one stays. It does not wait for the disk: unwritten
 * data are lost if power fails. INVALID_ARGUMENT (an empty image, a NULL argument), UNSUPPORTED
 * (above 2 GiB of pixels), IO, OUT_OF_MEMORY. Shared (any thread). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_image_write_png(const char *path, int32_t h, int32_t w,
                                                             const uint8_t *rgb);

/* The same PNG in memory, for a page or a message: the caller owns `*png`, `*size` bytes:
 * clile_free (status.h). INVALID_ARGUMENT, UNSUPPORTED, OUT_OF_MEMORY as above. Shared (any
 * thread). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_image_encode_png(int32_t h, int32_t w,
                                                              const uint8_t *rgb, uint8_t **png,
                                                              size_t *size);

CLILE_END

#endif
