#include "dnn/dnn.h"

#include <string.h>

clile_i_dnn_layout clile_i_dnn_layout_make(clile_i_dnn_layout_kind kind, int64_t n, int64_t c,
                                           int64_t h, int64_t w)
{
    clile_i_dnn_layout layout = {.kind = kind, .n = n, .c = c, .h = h, .w = w};
    layout.block = kind == CLILE_I_LAYOUT_NCHW   ? 1
                   : kind == CLILE_I_LAYOUT_NHWC ? c
                   : kind == CLILE_I_LAYOUT_C8   ? 8
                                                 : 16;
    layout.blocks = (c + layout.block - 1) / layout.block;
    layout.channels = layout.blocks * layout.block;
    layout.block_stride = h * w * layout.block;
    layout.image_stride = layout.blocks * layout.block_stride;
    layout.count = n * layout.image_stride;
    return layout;
}

void clile_i_dnn_layout_from_plain(const clile_i_dnn_layout *layout, const float *plain,
                                   float *blocked)
{
    const int64_t hw = layout->h * layout->w;
    memset(blocked, 0, (size_t)layout->count * sizeof *blocked);
    for (int64_t n = 0; n < layout->n; ++n) {
        for (int64_t c = 0; c < layout->c; ++c) {
            const float *src = plain + (n * layout->c + c) * hw;
            float *dst = blocked + n * layout->image_stride +
                         c / layout->block * layout->block_stride + c % layout->block;
            for (int64_t p = 0; p < hw; ++p) dst[p * layout->block] = src[p];
        }
    }
}

void clile_i_dnn_layout_to_plain(const clile_i_dnn_layout *layout, const float *blocked,
                                 float *plain)
{
    const int64_t hw = layout->h * layout->w;
    for (int64_t n = 0; n < layout->n; ++n) {
        for (int64_t c = 0; c < layout->c; ++c) {
            const float *src = blocked + n * layout->image_stride +
                               c / layout->block * layout->block_stride + c % layout->block;
            float *dst = plain + (n * layout->c + c) * hw;
            for (int64_t p = 0; p < hw; ++p) dst[p] = src[p * layout->block];
        }
    }
}
