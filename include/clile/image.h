/* clile/image.h: image files to pixels, by the code that reads the training images, and pixels to PNG files.
 *
 *     int32_t h = 0, w = 0;
 *     uint8_t *rgb = NULL;
 *     clile_image_read("face.jpg", NULL, &h, &w, &rgb);
 *     clile_predictor_run(predictor, 1, rgb, h, w, probability, present, NULL);
 *     clile_free(rgb);
 *
 * A program that has pixels already (a camera, a video) needs nothing of this.
 */
#ifndef CLILE_IMAGE_H
#define CLILE_IMAGE_H

#include <clile/options.h>

CLILE_BEGIN

/* Reads a JPEG, PNG or BMP file as [h,w,3] uint8 RGB, rows tightly packed (16 bits are reduced, grey is spread, alpha
 * is dropped), turned upright as its EXIF data say: h and w are those of the upright image. Options: max_pixels.
 * `*rgb` is owned by the caller: clile_free (metrics.h). IO (no such file), FORMAT (not an image), CORRUPT (truncated
 * or damaged), INVALID_ARGUMENT (more than max_pixels, a NULL argument), OUT_OF_MEMORY. Shared (any thread). Since 0.1.
 */
CLILE_API clile_status clile_image_read(const char *path, const clile_options *options, int32_t *h, int32_t *w,
                                        uint8_t **rgb);

/* Writes [h,w,3] uint8 RGB, rows tightly packed, as an 8-bit PNG file: atomically, so that on failure nothing is left
 * behind and an older file stays. INVALID_ARGUMENT (an empty image, a NULL argument), UNSUPPORTED (above 2 GiB of
 * pixels), IO, OUT_OF_MEMORY. It does not wait for the disk: what the system has not written yet is lost when the power fails. Shared (any
 * thread). Since 0.1.
 */
CLILE_API clile_status clile_image_write_png(const char *path, int32_t h, int32_t w, const uint8_t *rgb);

CLILE_END

#endif
