/* clile/video.h: decodes the frames of a video file or a camera.
 *
 *     clile_video *video = NULL;
 *     clile_frame frame = {.struct_size = sizeof frame};
 *     int32_t more = 0;
 *     int64_t count = 0;
 *     if (clile_video_open("film.mp4", NULL, &video) != CLILE_OK) // "-": standard input
 *         fprintf(stderr, "%s\n", clile_last_error());
 *     while (clile_video_next(video, &frame, &more) == CLILE_OK && more)
 *         clile_reader_read_image(reader, &frame.image, &count); // clile/reader.h
 *     clile_video_destroy(video);
 *
 * The library contains no decoder. An installed one (clile-video, docs/video.md) is loaded when
 * needed. Memory does not grow with the length of the video. Thread class: exclusive; create one
 * per thread.
 */
#ifndef CLILE_VIDEO_H
#define CLILE_VIDEO_H

#include <clile/image.h>

CLILE_BEGIN

typedef struct clile_video clile_video;

/* A frame as a player shows it: rotated upright, with square pixels. Only grows at the end. */
typedef struct clile_frame {
    uint32_t struct_size; /* sizeof(clile_frame), set by the caller */
    int32_t reserved;     /* 0 */
    int64_t index;        /* from 0, counting the frames returned */
    double time;       /* seconds: presentation time of a file; since the first frame of a camera */
    int64_t damaged;   /* frames and packets skipped so far because they could not be decoded */
    clile_image image; /* RGB, borrowed until the next call on this video */
} clile_frame;

/* Opens a video file, or standard input for "-" ("./-": a file of that name). Opens nothing else:
 * no other file, no network address. Options: threads, max_pixels (of a frame). The caller owns
 * `*out`. UNSUPPORTED: no decoder is installed, it belongs to another release, or it cannot decode
 * this video; IO: no such file; FORMAT: not a video; CORRUPT: damaged at the beginning;
 * INVALID_ARGUMENT: a NULL argument, or too many pixels; OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_video_open(const char *path,
                                                        const clile_options *options,
                                                        clile_video **out);

/* Opens a camera: "0" is /dev/video0, anything else is the path of a device (Video4Linux). IO: no
 * such device, it is busy, or access is denied; otherwise as clile_video_open. Shared.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_video_open_camera(const char *device,
                                                               const clile_options *options,
                                                               clile_video **out);

/* Gets the next frame; *more is 1, or 0 at the end. The size may change within a video. A frame
 * that cannot be decoded is skipped and counted in frame->damaged. CORRUPT, FORMAT: the video ended
 * without a single frame; CORRUPT, once, after the last frame: the file is shorter than its header
 * says; IO: reading failed, or the camera was unplugged; INVALID_ARGUMENT: a NULL argument, another
 * struct_size, a frame of too many pixels; UNSUPPORTED: a rotation that is not a multiple of 90
 * degrees; OUT_OF_MEMORY. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_video_next(clile_video *video, clile_frame *frame,
                                                        int32_t *more);

/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_video_destroy(clile_video *video);

CLILE_END

#endif
