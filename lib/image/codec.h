/* Formats that modules decode (module.h): WebP, and HEIF with HEIC and AVIF. */
#ifndef CLILE_I_IMAGE_CODEC_H
#define CLILE_I_IMAGE_CODEC_H

#include "image/image.h"
#include "image/module.h"

typedef enum { CLILE_I_CODEC_NONE, CLILE_I_CODEC_WEBP, CLILE_I_CODEC_HEIF } clile_i_codec_kind;

/* What the first bytes say. */
clile_i_codec_kind clile_i_codec_of(const uint8_t *bytes, size_t size);
/* UNSUPPORTED: an incomplete table, or one from another release. Also for tests. */
clile_status clile_i_codec_check(clile_i_codec_kind kind, const clile_i_codec_module *table,
                                 const char *path);
/* As clile_i_image_decode and clile_i_image_size, for a file of that kind. UNSUPPORTED: its module
 * is not installed, or its library lacks something that the file needs. */
clile_status clile_i_codec_decode(clile_i_codec_kind kind, const char *name, const uint8_t *bytes,
                                  size_t size, int64_t max_pixels, clile_i_image *out);
clile_status clile_i_codec_size(clile_i_codec_kind kind, const char *name, const uint8_t *bytes,
                                size_t size, int64_t max_pixels, int32_t *h, int32_t *w);

#endif
