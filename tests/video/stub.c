/* A decoder for tests: three frames of 4 x 2 pixels, then the end. The path names its fault:
 * "none", "broken". A camera's frames are 2 x 2. */
#include "video/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int32_t camera, broken, given;
} decoder;

static const uint8_t rgb[2][4][3] = {{{1, 2, 3}}, {{4, 5, 6}}};

static clile_status open_video(int32_t camera, const char *path, int32_t threads,
                               int64_t max_pixels, void **state, char *message, size_t size)
{
    decoder *d = NULL;
    (void)threads;
    if (strcmp(path, "none") == 0 || max_pixels < 8) {
        snprintf(message, size, "it was told to");
        return CLILE_E_FORMAT;
    }
    if ((d = calloc(1, sizeof *d)) == NULL) return CLILE_E_OUT_OF_MEMORY;
    d->camera = camera;
    d->broken = strcmp(path, "broken") == 0;
    *state = d;
    return CLILE_OK;
}

static clile_status next(void *state, clile_i_video_picture *picture, int32_t *more, char *message,
                         size_t size)
{
    decoder *d = state;
    if (d->broken && d->given == 1) {
        snprintf(message, size, "it broke");
        return CLILE_E_IO;
    }
    *more = d->given < 3;
    *picture = (clile_i_video_picture){2, d->camera ? 2 : 4, 12, &rgb[0][0][0], 0.5 * d->given, 7};
    ++d->given;
    return CLILE_OK;
}

static void close_video(void *state)
{
    free(state);
}

const clile_i_video_module *clile_video_module(void);
const clile_i_video_module *clile_video_module(void)
{
    static const clile_i_video_module table = {
        sizeof table, CLILE_I_VIDEO_INTERFACE, "0.0.1", "stub", open_video, next, close_video};
    return &table;
}
