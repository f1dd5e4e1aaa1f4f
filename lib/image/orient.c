/* Turning pixels upright. */
#include "image/exif.h"

#include <string.h>

/* In tiles, because one of the two images is walked along its columns. */
enum { TILE = 32 };

/* What the orientations mean (CIPA DC-008-2019, 4.6.4 A). swap: the stored rows are columns of
 * the upright image. right, bottom: its columns, rows count from the other side. */
static const struct {
    int swap, right, bottom;
} turns[9] = {{0, 0, 0}, {0, 0, 0}, {0, 1, 0}, {0, 1, 1}, {0, 0, 1},
              {1, 0, 0}, {1, 1, 0}, {1, 1, 1}, {1, 0, 1}};

clile_status clile_i_image_orient(clile_i_image *image, int32_t orientation)
{
    clile_status status = CLILE_OK;
    uint8_t *upright = NULL;
    if (orientation < 2 || orientation > 8) return CLILE_OK;
    const int swap = turns[orientation].swap, right = turns[orientation].right,
              bottom = turns[orientation].bottom;
    const int32_t h = swap ? image->w : image->h, w = swap ? image->h : image->w;
    CLILE_I_ALLOC(upright, (int64_t)h * w * 3);
    for (int32_t top = 0; top < h; top += TILE) {
        for (int32_t left = 0; left < w; left += TILE) {
            for (int32_t y = top; y < h && y < top + TILE; ++y) {
                const int32_t row = bottom ? h - 1 - y : y;
                uint8_t *dst = upright + ((int64_t)y * w + left) * 3;
                for (int32_t x = left; x < w && x < left + TILE; ++x, dst += 3) {
                    const int32_t column = right ? w - 1 - x : x;
                    const int64_t offset = swap ? column * image->row_stride + (int64_t)row * 3
                                                : row * image->row_stride + (int64_t)column * 3;
                    memcpy(dst, image->rgb + offset, 3);
                }
            }
        }
    }
    clile_i_free(image->owned);
    *image = (clile_i_image){
        .h = h, .w = w, .row_stride = (int64_t)w * 3, .rgb = upright, .owned = upright};
cleanup:
    return status;
}
