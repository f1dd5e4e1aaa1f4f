/* The video's handle: a module's decoder, loaded when first needed. */
#include "video/video.h"

struct clile_video {
    void *library; /* of clile_i_shared_open */
    const clile_i_video_module *table;
    void *state;
    int64_t index;
    char name[256]; /* for messages */
};

static const clile_i_module_kind kind = {
    "video", CLILE_I_VIDEO_ENTRY, CLILE_I_VIDEO_INTERFACE,
    "install it (Debian: clile-video; from source: libavformat-dev, libavcodec-dev and "
    "libswscale-dev, then cmake -DCLILE_VIDEO=ON), or decode the video yourself and pass frames"};

clile_status clile_i_video_check(const clile_i_video_module *table, const char *path)
{
    CLILE_I_RETURN_IF(clile_i_shared_check(&kind, table, sizeof *table, path));
    if (table->open == NULL || table->next == NULL || table->close == NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: not a video module of libclile", path);
    return CLILE_OK;
}

static clile_status open_video(int32_t camera, const char *path, const clile_options *options,
                               clile_video **out)
{
    clile_status status = CLILE_OK;
    clile_video *v = NULL;
    clile_i_video_entry entry = NULL;
    int64_t threads = 1, max_pixels = 0;
    char message[512] = "", *file = NULL;
    CLILE_I_ALLOC(v, 1);
    snprintf(v->name, sizeof v->name, "%s", strcmp(path, "-") == 0 ? "standard input" : path);
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_THREADS, &threads));
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_MAX_PIXELS, &max_pixels));
    CLILE_I_TRY(clile_i_shared_open(&kind, "ffmpeg", &v->library, &entry, sizeof entry, &file));
    v->table = entry();
    CLILE_I_TRY(clile_i_video_check(v->table, file));
    status = v->table->open(camera, path, (int32_t)threads, max_pixels, &v->state, message,
                            sizeof message);
    if (status != CLILE_OK) {
        v->state = NULL;
        status = clile_i_fail(status, "%s: %s", v->name, message);
        goto cleanup;
    }
    *out = v;
    v = NULL;
cleanup:
    clile_video_destroy(v);
    clile_i_free(file);
    return status;
}

clile_status clile_video_open(const char *path, const clile_options *options, clile_video **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(path);
    return open_video(0, path, options, out);
}

clile_status clile_video_open_camera(const char *device, const clile_options *options,
                                     clile_video **out)
{
    char path[64];
    int64_t number = 0;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(device);
    if (!clile_i_parse_i64(device, device + strlen(device), &number))
        return open_video(1, device, options, out);
    if (number < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "camera %s: expected 0 or more", device);
    snprintf(path, sizeof path, "/dev/video%lld", (long long)number);
    return open_video(1, path, options, out);
}

clile_status clile_video_next(clile_video *video, clile_frame *frame, int32_t *more)
{
    clile_i_video_picture p = {0};
    char message[512] = "";
    int32_t any = 0;
    CLILE_I_CHECK_NOT_NULL(video);
    CLILE_I_CHECK_NOT_NULL(frame);
    CLILE_I_CHECK_NOT_NULL(more);
    CLILE_I_RETURN_IF(
        clile_i_struct_check(__func__, frame, CLILE_I_STRUCT_LEAST(clile_frame, image)));
    const clile_status status = video->table->next(video->state, &p, &any, message, sizeof message);
    if (status != CLILE_OK) return clile_i_fail(status, "%s: %s", video->name, message);
    *more = any;
    const int64_t index = any ? video->index++ : video->index;
    clile_frame ours = {.struct_size = sizeof ours, .index = index, .damaged = p.damaged};
    if (any) {
        ours.time = p.time;
        ours.image =
            (clile_image){sizeof ours.image, CLILE_PIXELS_RGB, p.h, p.w, p.row_stride, p.rgb};
    }
    clile_i_struct_put(frame, &ours, sizeof ours);
    return CLILE_OK;
}

void clile_video_destroy(clile_video *video)
{
    if (video == NULL) return;
    if (video->state != NULL) video->table->close(video->state);
    clile_i_shared_close(video->library);
    clile_i_free(video);
}
