/* clile/video.h: the frames of a film or a camera.
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
 * The library holds no decoder. One that is installed beside it (clile-video, docs/video.md)
 * is loaded when it is asked for. Memory does not grow with the length of a film. Thread class:
 * exclusive; make one for each thread.
 */
#ifndef CLILE_VIDEO_H
#define CLILE_VIDEO_H

#include <clile/image.h>

CLILE_BEGIN

typedef struct clile_video clile_video;

/* A frame as a player shows it: upright by the file's rotation, with square pixels. Only grows at
 * the end. */
typedef struct clile_frame {
    uint32_t struct_size; /* sizeof(clile_frame), set by the caller */
    int32_t reserved;     /* 0 */
    int64_t index;        /* from 0 on, of the frames that were given */
    double time;          /* seconds: presentation time in a file, since the first of a camera */
    int64_t damaged;      /* frames and packets so far that could not be decoded: left out */
    clile_image image;    /* RGB; the video's, until its next call */
} clile_frame;

/* Opens a video file, or what comes through standard input for "-" ("./-": a file of that name).
 * Nothing else is opened, no other file and no network address. Options: threads, max_pixels (of
 * a frame). `*out` is owned by the caller. UNSUPPORTED: no decoder is installed, or it belongs to
 * another release, or it cannot decode this video; IO: no such file; FORMAT: not a video;
 * CORRUPT: damaged at its beginning; INVALID_ARGUMENT: a NULL argument, or too many pixels;
 * OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_video_open(const char *path,
                                                        const clile_options *options,
                                                        clile_video **out);

/* Opens a camera: "0" is /dev/video0, anything else the path of a device (Video4Linux). IO: there
 * is none, it is in use, or must not be used; otherwise as clile_video_open. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_video_open_camera(const char *device,
                                                               const clile_options *options,
                                                               clile_video **out);

/* The next frame; *more is 1, or 0 at the end. The size may change within a video. A frame that
 * cannot be decoded is left out and counted in frame->damaged. CORRUPT, FORMAT: the end is there
 * and not one frame was; IO: it cannot be read on, the camera was unplugged; INVALID_ARGUMENT: a
 * NULL argument, another struct_size, a frame of too many pixels; UNSUPPORTED: turned by no
 * multiple of 90 degrees; OUT_OF_MEMORY. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_video_next(clile_video *video, clile_frame *frame,
                                                        int32_t *more);

/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_video_destroy(clile_video *video);

CLILE_END

#endif
