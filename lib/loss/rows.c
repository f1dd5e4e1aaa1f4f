/* Converts between the images of a batch and rows of one person each. */
#include "loss/term.h"

#include <string.h>

void clile_i_person_rows_gather(const clile_i_person_rows *rows, int64_t d, const float *embedding)
{
    if (rows->image == NULL) return; /* they are the images */
    for (int32_t i = 0; i < rows->n; ++i)
        memcpy(rows->embedding + (int64_t)i * d, embedding + (int64_t)rows->image[i] * d,
               (size_t)d * sizeof(float));
}

void clile_i_person_rows_scatter(const clile_i_person_rows *rows, int64_t n, int64_t d, float *diff)
{
    memset(diff, 0, (size_t)(n * d) * sizeof *diff);
    for (int32_t i = 0; i < rows->n; ++i) {
        const float *restrict src = rows->diff + (int64_t)i * d;
        float *restrict dst = diff + (int64_t)(rows->image ? rows->image[i] : i) * d;
        for (int64_t j = 0; j < d; ++j) dst[j] += src[j];
    }
}
