/* The codec "heif": libheif, for HEIC, AVIF and their kin. A module of its own; libclile contains
 * none of it. A file's own turns (the properties irot and imir) are applied. */
#include "image/exif.h"
#include "image/module.h"

#include <libheif/heif.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGEST = 65535, /* pixels of a side */
    SLACK = 64       /* by which a coded picture may be larger than the one shown */
};

/* Writes the message and returns the status. */
static clile_status fail(struct heif_error error, char *message, size_t size)
{
    clile_status status = CLILE_E_CORRUPT;
    if (error.code == heif_error_Memory_allocation_error) status = CLILE_E_OUT_OF_MEMORY;
    if (error.subcode == heif_suberror_Security_limit_exceeded) status = CLILE_E_UNSUPPORTED;
    if (error.code == heif_error_Unsupported_feature ||
        error.code == heif_error_Unsupported_filetype ||
        error.code == heif_error_Plugin_loading_error)
        status = CLILE_E_UNSUPPORTED;
    const int no_decoder =
        status == CLILE_E_UNSUPPORTED && error.subcode == heif_suberror_Unsupported_codec;
    snprintf(message, size, "%s%s", error.message != NULL ? error.message : "unknown reason",
             no_decoder ? " (libheif lacks a decoder for it; Debian 13: libheif-plugin-libde265 "
                          "for HEIC, libheif-plugin-dav1d for AVIF)"
                        : "");
    return status;
}

typedef struct {
    struct heif_context *context;
    struct heif_image_handle *handle;
} file;

static void close_file(file *f)
{
    if (f->handle != NULL) heif_image_handle_release(f->handle);
    if (f->context != NULL) heif_context_free(f->context);
}

/* largest: side of the largest picture that is read. */
static clile_status open_file(const uint8_t *bytes, size_t size, int32_t largest, file *f,
                              char *message, size_t message_size)
{
    if ((f->context = heif_context_alloc()) == NULL) return CLILE_E_OUT_OF_MEMORY;
    heif_context_set_maximum_image_size_limit(f->context, largest);
    heif_context_set_max_decoding_threads(f->context, 0); /* in the caller's thread */
    struct heif_error error =
        heif_context_read_from_memory_without_copy(f->context, bytes, size, NULL);
    if (error.code == heif_error_Ok)
        error = heif_context_get_primary_image_handle(f->context, &f->handle);
    return error.code == heif_error_Ok ? CLILE_OK : fail(error, message, message_size);
}

/* Of the first EXIF block: four bytes say how many more come before it. */
static int32_t orientation_of(const struct heif_image_handle *handle)
{
    heif_item_id id;
    int32_t orientation = 1;
    if (heif_image_handle_get_list_of_metadata_block_IDs(handle, "Exif", &id, 1) < 1) return 1;
    const size_t size = heif_image_handle_get_metadata_size(handle, id);
    uint8_t *data = size > 4 ? malloc(size) : NULL;
    if (data != NULL && heif_image_handle_get_metadata(handle, id, data).code == heif_error_Ok) {
        const size_t skip =
            (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | (size_t)data[3];
        if (skip < size - 4)
            orientation = clile_i_exif_orientation(data + 4 + skip, size - 4 - skip);
    }
    free(data);
    return orientation;
}

static clile_status measure(const uint8_t *bytes, size_t size, int32_t *h, int32_t *w,
                            int32_t *orientation, char *message, size_t message_size)
{
    file f = {NULL, NULL};
    const clile_status status = open_file(bytes, size, LARGEST, &f, message, message_size);
    if (status == CLILE_OK) {
        *h = heif_image_handle_get_height(f.handle);
        *w = heif_image_handle_get_width(f.handle);
        *orientation = orientation_of(f.handle);
    }
    close_file(&f);
    return status;
}

static clile_status copy(const struct heif_image *image, int32_t h, int32_t w, uint8_t *rgb,
                         char *message, size_t size)
{
    int stride = 0;
    const uint8_t *plane = heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride);
    const int decoded_h = heif_image_get_height(image, heif_channel_interleaved),
              decoded_w = heif_image_get_width(image, heif_channel_interleaved);
    if (plane == NULL || decoded_h != h || decoded_w != w) {
        snprintf(message, size, "it has %d x %d pixels, its header says %d x %d", decoded_w,
                 decoded_h, (int)w, (int)h);
        return CLILE_E_CORRUPT;
    }
    for (int32_t y = 0; y < h; ++y)
        memcpy(rgb + 3 * (size_t)w * (size_t)y, plane + (ptrdiff_t)stride * y, 3 * (size_t)w);
    return CLILE_OK;
}

static clile_status decode(const uint8_t *bytes, size_t size, int64_t max_pixels, int32_t h,
                           int32_t w, uint8_t *rgb, char *message, size_t message_size)
{
    file f = {NULL, NULL};
    struct heif_image *image = NULL;
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    /* of one side in old releases, of the area's root in new ones */
    const double root = sqrt(4.0 * (double)max_pixels);
    const int32_t largest = SLACK + (int32_t)fmin(fmax(root, h > w ? h : w), INT32_MAX - SLACK);
    clile_status status = options == NULL
                              ? CLILE_E_OUT_OF_MEMORY
                              : open_file(bytes, size, largest, &f, message, message_size);
    if (status == CLILE_OK) {
        options->convert_hdr_to_8bit = 1;
#if LIBHEIF_NUMERIC_VERSION >= 0x010d0000
        options->strict_decoding = 1;
#endif
        const struct heif_error error = heif_decode_image(f.handle, &image, heif_colorspace_RGB,
                                                          heif_chroma_interleaved_RGB, options);
        status = error.code == heif_error_Ok ? copy(image, h, w, rgb, message, message_size)
                                             : fail(error, message, message_size);
    }
    if (image != NULL) heif_image_release(image);
    close_file(&f);
    if (options != NULL) heif_decoding_options_free(options);
    return status;
}

__attribute__((visibility("default"))) const clile_i_codec_module *clile_codec_module(void);
const clile_i_codec_module *clile_codec_module(void)
{
    static const clile_i_codec_module table = {
        sizeof table, CLILE_I_CODEC_INTERFACE, CLILE_RELEASE, "heif", measure, decode};
    return &table;
}
