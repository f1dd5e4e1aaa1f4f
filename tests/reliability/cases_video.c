/* One call of each function of videos, over the tests' own decoder (video/stub.c), which lies
 * beside the program. */
#include "reliability/world.h"

static clile_video *fresh_video(void)
{
    clile_video *video = NULL;
    return clile_video_open("film", NULL, &video) == CLILE_OK ? video : NULL;
}

static void video_open(world *w)
{
    clile_video *out = NULL;
    WATCH(out);
    CALL(clile_video_open(A(path, "film"), O(options, w->options), A(out, &out)));
    clile_video_destroy(out);
}

static void video_open_camera(world *w)
{
    clile_video *out = NULL;
    WATCH(out);
    CALL(clile_video_open_camera(A(device, "0"), O(options, w->options), A(out, &out)));
    clile_video_destroy(out);
}

static void video_next(world *w)
{
    clile_video *video = fresh_video();
    clile_frame frame = {.struct_size = sizeof frame};
    int32_t more = -1;
    world_need(w, video != NULL, "a video");
    WATCH(more);
    CALL(clile_video_next(A(video, video), A(frame, &frame), A(more, &more)));
    TAKE(more);
    clile_video_destroy(video);
}

static void video_destroy(world *w)
{
    clile_video *video = fresh_video();
    CALL_VALUE(clile_video_destroy(O(video, video)));
    if (w->null_argument != NULL) clile_video_destroy(video);
}

const world_case world_cases_video[] = {
    {"clile_video_open", video_open, NULL, 0},
    {"clile_video_open_camera", video_open_camera, NULL, 0},
    {"clile_video_next", video_next, "the module's pixels are borrowed", 0},
    {"clile_video_destroy", video_destroy, "frees", 0},
    {NULL, NULL, NULL, 0},
};
