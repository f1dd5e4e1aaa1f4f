/* A film through the decoder's module: its first frames, of few pixels. */
#include "fuzz.h"

#include <clile/video.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST_PIXELS = 1 << 14, MOST_FRAMES = 40 };
    clile_video *video = NULL;
    clile_options *options = NULL;
    int32_t more = 1;
    FUZZ_CHECK(clile_options_create(&options) == CLILE_OK);
    FUZZ_CHECK(clile_options_set_i64(options, CLILE_OPT_MAX_PIXELS, MOST_PIXELS) == CLILE_OK);
    FUZZ_CHECK(clile_options_set_i64(options, CLILE_OPT_THREADS, 1) == CLILE_OK);
    if (FUZZ_MADE(clile_video_open(fuzz_file("film", data, size), options, &video), video))
        for (int64_t k = 0; k < MOST_FRAMES && more; ++k) {
            clile_frame frame = {.struct_size = sizeof frame};
            uint32_t crc = 0;
            if (!fuzz_ok(clile_video_next(video, &frame, &more))) break;
            FUZZ_CHECK(frame.damaged >= 0 && frame.index == k);
            if (!more) break;
            const clile_image *image = &frame.image;
            FUZZ_CHECK(image->h > 0 && image->w > 0 &&
                       (int64_t)image->h * image->w <= MOST_PIXELS &&
                       image->row_stride >= 3 * (int64_t)image->w);
            for (int32_t y = 0; y < image->h; ++y)
                crc =
                    clile_i_crc32(crc, image->pixels + y * image->row_stride, 3 * (size_t)image->w);
            (void)crc;
        }
    clile_video_destroy(video);
    clile_options_destroy(options);
    return 0;
}
