/* video: the frames of a video file or a camera. Uses image. */
#ifndef CLILE_I_VIDEO_H
#define CLILE_I_VIDEO_H

#include "image/image.h"
#include "video/module.h"

#include <clile/video.h>

/* UNSUPPORTED: an incomplete table, or one from another release. Also for tests. */
clile_status clile_i_video_check(const clile_i_video_module *table, const char *path);

#endif
