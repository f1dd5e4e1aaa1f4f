/* The interface of a codec's module: a picture format that the library does not read by itself. A
 * module is not linked to the library; it only uses the numbers in status.h.
 *
 * A module is a shared object codec_NAME.so that exports one function, clile_codec_module. Changing
 * the meaning or order of anything below needs a new CLILE_I_CODEC_INTERFACE. */
#ifndef CLILE_I_IMAGE_MODULE_H
#define CLILE_I_IMAGE_MODULE_H

#include <clile/status.h>

#include <stddef.h>

enum { CLILE_I_CODEC_INTERFACE = 1 };

typedef struct {
    uint32_t struct_size;
    int32_t interface;   /* CLILE_I_CODEC_INTERFACE of the header that it was compiled with */
    const char *release; /* of libclile, "0.1.0" */
    const char *name;
    /* Both: any thread. bytes [size] is a whole file. Returns CLILE_OK, or a status with a text in
     * message [message_size].
     * measure: the size of the picture that decode gives; reserves no memory for pixels. Sets
     * *orientation to EXIF's number if the library cannot find it itself. */
    clile_status (*measure)(const uint8_t *bytes, size_t size, int32_t *h, int32_t *w,
                            int32_t *orientation, char *message, size_t message_size);
    /* h and w are those of measure; at most max_pixels, of which the module may reserve a few times
     * the memory. Turned and mirrored as the format itself says, but not by EXIF data. */
    clile_status (*decode)(const uint8_t *bytes, size_t size, int64_t max_pixels, int32_t h,
                           int32_t w, uint8_t *rgb /*[h,w,3]*/, char *message, size_t message_size);
} clile_i_codec_module;

typedef const clile_i_codec_module *(*clile_i_codec_entry)(void);
#define CLILE_I_CODEC_ENTRY "clile_codec_module"

#endif
