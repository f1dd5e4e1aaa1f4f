/* A camera for tests: grey frames of 160 x 120 with a face that finder "square" sees, moving to
 * the right. /dev/video0 never ends, /dev/video1 is unplugged after six frames, others do not
 * exist; a file is a film of six frames. */
#include "video/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { H = 120, W = 160, SIDE = 64, FRAMES = 6 };

typedef struct {
    int32_t endless, unplugged;
    int64_t given;
    uint8_t rgb[H][W][3];
} camera;

static clile_status open_camera(int32_t is_camera, const char *path, int32_t threads,
                                int64_t max_pixels, void **state, char *message, size_t size)
{
    camera *c = NULL;
    (void)threads;
    (void)max_pixels;
    if (is_camera && strcmp(path, "/dev/video0") != 0 && strcmp(path, "/dev/video1") != 0) {
        snprintf(message, size, "no camera: No such file or directory");
        return CLILE_E_IO;
    }
    if ((c = calloc(1, sizeof *c)) == NULL) return CLILE_E_OUT_OF_MEMORY;
    c->endless = is_camera && strcmp(path, "/dev/video0") == 0;
    c->unplugged = is_camera && !c->endless;
    *state = c;
    return CLILE_OK;
}

static void draw(camera *c)
{
    const int32_t left = 10 + (int32_t)(c->given % 40);
    for (int32_t y = 0; y < H; ++y)
        for (int32_t x = 0; x < W; ++x) {
            const int32_t u = x - left, v = y - 30;
            int level = 40 + (x / 8 * 37 + y / 8 * 91) % 80;
            if (u >= 0 && v >= 0 && u < SIDE && v < SIDE)
                level = u < 8 || v < 8 || u >= SIDE - 8 || v >= SIDE - 8
                            ? 240
                            : 60 + (u / 8 * 53 + v / 8 * 29) % 150;
            memset(c->rgb[y][x], level, 3);
        }
}

static clile_status next(void *state, clile_i_video_picture *picture, int32_t *more, char *message,
                         size_t size)
{
    camera *c = state;
    *more = 0;
    if (c->given == FRAMES && c->unplugged) {
        snprintf(message, size, "the camera was unplugged");
        return CLILE_E_IO;
    }
    if (c->given == FRAMES && !c->endless) return CLILE_OK;
    if (c->endless) nanosleep(&(struct timespec){0, 5000000}, NULL);
    draw(c);
    *more = 1;
    *picture = (clile_i_video_picture){H, W, 3 * W, &c->rgb[0][0][0], (double)c->given / 25, 0};
    ++c->given;
    return CLILE_OK;
}

static void close_camera(void *state)
{
    free(state);
}

const clile_i_video_module *clile_video_module(void);
const clile_i_video_module *clile_video_module(void)
{
    static const clile_i_video_module table = {
        sizeof table, CLILE_I_VIDEO_INTERFACE, CLILE_RELEASE, "camera", open_camera, next,
        close_camera};
    return &table;
}
