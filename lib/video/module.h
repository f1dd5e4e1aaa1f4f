/* The interface of a decoder's module. A module is not linked to the library; it only uses the
 * numbers in status.h.
 *
 * A module is a shared object video_NAME.so that exports one function, clile_video_module. Changing
 * the meaning or order of anything below needs a new CLILE_I_VIDEO_INTERFACE. */
#ifndef CLILE_I_VIDEO_MODULE_H
#define CLILE_I_VIDEO_MODULE_H

#include <clile/status.h>

#include <stddef.h>

enum { CLILE_I_VIDEO_INTERFACE = 1 };

typedef struct {
    int32_t h, w;
    int64_t row_stride;
    const uint8_t *rgb;
    double time;
    int64_t damaged; /* frames and packets so far */
} clile_i_video_picture;

typedef struct {
    uint32_t struct_size;
    int32_t interface;   /* CLILE_I_VIDEO_INTERFACE of the header that it was compiled with */
    const char *release; /* of libclile, "0.1.0" */
    const char *name;
    /* Path "-" is standard input. Returns CLILE_OK, or a status with a text in message [size].
     * close frees *state. */
    clile_status (*open)(int32_t camera, const char *path, int32_t threads, int64_t max_pixels,
                         void **state, char *message, size_t size);
    /* The module owns the pixels, which are valid until the next call. *more becomes 0 at the end.
     * */
    clile_status (*next)(void *state, clile_i_video_picture *picture, int32_t *more, char *message,
                         size_t size);
    void (*close)(void *state);
} clile_i_video_module;

typedef const clile_i_video_module *(*clile_i_video_entry)(void);
#define CLILE_I_VIDEO_ENTRY "clile_video_module"

#endif
