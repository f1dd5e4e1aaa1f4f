/* clile/image.h: image files to pixels, by the code that reads the training images, and pixels
 * to PNG files.
 *
 *     int32_t h = 0, w = 0;
 *     uint8_t *rgb = NULL;
 *     clile_image_read("photo.jpg", NULL, &h, &w, &rgb);
 *     // for clile_predictor_run_faces
 *     const clile_image image = {sizeof image, CLILE_PIXELS_RGB, h, w, 0, rgb};
 *     ...
 *     clile_free(rgb);
 *
 * A program that has pixels already (a camera, a video) needs clile_image alone.
 */
#ifndef CLILE_IMAGE_H
#define CLILE_IMAGE_H

#include <clile/options.h>

CLILE_BEGIN

/* How the pixels of an image lie in memory, one byte a value; alpha is not read. */
enum {
    CLILE_PIXELS_RGB = 0,
    CLILE_PIXELS_BGR = 1, /* OpenCV */
    CLILE_PIXELS_RGBA = 2,
    CLILE_PIXELS_BGRA = 3,
    CLILE_PIXELS_GREY = 4 /* one byte a pixel */
};

/* An image of the caller's, read where it lies. Only grows at the end. */
typedef struct clile_image {
    uint32_t struct_size;  /* sizeof(clile_image) */
    int32_t format;        /* CLILE_PIXELS_... */
    int32_t h, w;          /* 1..65535 */
    int64_t row_stride;    /* bytes from row to row; 0: rows follow each other without a gap */
    const uint8_t *pixels; /* the top left pixel */
} clile_image;

/* Reads a JPEG, PNG or BMP file as [h,w,3] uint8 RGB, rows tightly packed (16 bits are reduced,
 * grey is spread, alpha is dropped), turned upright as its EXIF data say: h and w are those of
 * the upright image. Options: max_pixels. `*rgb` is owned by the caller: clile_free (status.h).
 * IO (no such file), FORMAT (not an image), CORRUPT (truncated or damaged), INVALID_ARGUMENT
 * (more than max_pixels, a NULL argument), OUT_OF_MEMORY. Shared (any thread). Since 0.1.
 */
CLILE_NODISCARD CLILE_API clile_status clile_image_read(const char *path,
                                                        const clile_options *options, int32_t *h,
                                                        int32_t *w, uint8_t **rgb);

/* The same of a file that is in memory already: [size] bytes, which are needed during the call
 * only. FORMAT also for no bytes. Shared (any thread). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_image_decode(const void *bytes, size_t size,
                                                          const clile_options *options, int32_t *h,
                                                          int32_t *w, uint8_t **rgb);

/* Called with the path of an image, valid during the call; other than 0 stops. */
typedef int32_t (*clile_path_fn)(const char *path, void *user);

/* Calls `each` for the image files of a folder and of the folders in it, by their names'
 * endings: jpg, jpeg, jpe, jif, jfif, png, bmp; and webp, tif, gif, heic, avif and other kinds,
 * which are not read: clile_image_read says so. Names in a folder are in natural order: frame_2
 * before frame_10. Hidden files and folders are left alone; symbolic links are followed, and a
 * folder that was visited is not visited again. IO (no such folder, one that cannot be read),
 * CANCELLED (`each` stopped), INVALID_ARGUMENT (a NULL argument but user), OUT_OF_MEMORY. Shared
 * (any thread). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_image_walk(const char *folder, clile_path_fn each,
                                                        void *user);

/* Writes [h,w,3] uint8 RGB, rows tightly packed, as an 8-bit PNG file: atomically, so that on
 * failure nothing is left behind and an older file stays. INVALID_ARGUMENT (an empty image, a
 * NULL argument), UNSUPPORTED (above 2 GiB of pixels), IO, OUT_OF_MEMORY. It does not wait for
 * the disk: what the system has not written yet is lost when the power fails. Shared (any
 * thread). Since 0.1.
 */
CLILE_NODISCARD CLILE_API clile_status clile_image_write_png(const char *path, int32_t h, int32_t w,
                                                             const uint8_t *rgb);

CLILE_END

#endif
