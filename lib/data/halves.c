/* Exchanges face halves between people (our choice, docs/method.md). The upper and lower face AUs
 * of an image then come from two identities, so identity alone predicts neither. The idea is that
 * of CutMix (Yun et al., ICCV 2019), cut along the line between FACS's upper and lower face. */
#include "data/core.h"

#include "image/image.h"

#include <math.h>
#include <string.h>

#define STREAM_HALVES ((uint64_t)0x53 << 56)
static const double seam_low = 0.52, seam_high = 0.62, seam_width = 0.08; /* in crop heights */

int32_t clile_i_au_is_lower(int32_t au_id)
{
    return au_id >= 10 && !(au_id >= 41 && au_id <= 46);
}

/* Mean of one channel over cheeks and nose, as a pixel value in [0,1]. */
static double cheek_mean(const float *plane, int32_t size, int channel)
{
    const int32_t top = (int32_t)(0.45 * size), bottom = (int32_t)(0.70 * size),
                  left = (int32_t)(0.3 * size), right = (int32_t)(0.7 * size);
    double sum = 0;
    for (int32_t y = top; y < bottom; ++y)
        for (int32_t x = left; x < right; ++x) sum += (double)plane[y * size + x];
    return sum / ((double)(bottom - top) * (right - left)) *
               (double)clile_i_input_deviation[channel] +
           (double)clile_i_input_mean[channel];
}

/* dst = share * a + (1 - share) * b, row by row, after multiplying b's brightness by the ratio of
 * the cheeks. */
static void blend(int32_t size, double seam, const float *a, const float *b, float *dst)
{
    const int64_t plane = (int64_t)size * size;
    for (int channel = 0; channel < 3; ++channel) {
        const float *pa = a + channel * plane, *pb = b + channel * plane;
        const double mean = (double)clile_i_input_mean[channel],
                     std = (double)clile_i_input_deviation[channel];
        const double dark = 8.0 / 255.0, ratio = (cheek_mean(pa, size, channel) + dark) /
                                                 (cheek_mean(pb, size, channel) + dark);
        const float gain = (float)ratio, shift = (float)((ratio - 1) * mean / std),
                    top = (float)((1 - mean) / std);
        for (int32_t y = 0; y < size; ++y) {
            double share = (seam - (y + 0.5) / size) / seam_width + 0.5;
            share = share < 0 ? 0 : share > 1 ? 1 : share;
            const float keep = (float)share;
            for (int64_t i = (int64_t)y * size; i < (int64_t)(y + 1) * size; ++i) {
                const float other = pb[i] * gain + shift;
                dst[channel * plane + i] =
                    keep * pa[i] + (1.0f - keep) * (other < top ? other : top);
            }
        }
    }
}

typedef struct {
    int32_t size;
    const float *src;
    float *dst;
    const int32_t *other; /* which of src the lower half comes from */
    const int64_t *slots; /* NULL: 0, 1, ... */
    uint64_t seed;
    int64_t step;
} job;

/* One generator per slot: whether, with whom, and where the seam is. */
static clile_i_rng slot_rng(uint64_t seed, int64_t step, int64_t slot)
{
    return clile_i_rng_make(seed, STREAM_HALVES | (uint64_t)step << 20 | (uint64_t)slot);
}

static void exchange(int64_t begin, int64_t end, void *context)
{
    const job *j = context;
    const int64_t image = 3 * (int64_t)j->size * j->size;
    for (int64_t k = begin; k < end; ++k) {
        if (j->other[k] < 0) {
            memcpy(j->dst + k * image, j->src + k * image, (size_t)image * sizeof(float));
            continue;
        }
        clile_i_rng rng = slot_rng(j->seed, j->step, j->slots != NULL ? j->slots[k] : k);
        rng.counter = 2; /* skip the draws that chose the partner */
        const double seam = clile_i_rng_range(&rng, seam_low, seam_high);
        blend(j->size, seam, j->src + k * image, j->src + j->other[k] * image, j->dst + k * image);
    }
}

void clile_i_batch_draw_partners(int64_t n, double probability, uint64_t seed, int64_t step,
                                 int32_t *partner)
{
    for (int64_t k = 0; k < n; ++k) {
        clile_i_rng rng = slot_rng(seed, step, k);
        const int chosen = clile_i_rng_uniform(&rng) < probability;
        const double place = clile_i_rng_uniform(&rng);
        const int32_t other = (int32_t)(place * (double)(n - 1));
        partner[k] = chosen && n > 1 ? (other >= k ? other + 1 : other) : -1;
    }
}

void clile_i_batch_blend(int64_t n, int32_t size, uint64_t seed, int64_t step, const int64_t *slots,
                         const int32_t *other, const float *src, float *dst)
{
    job j = {size, src, dst, other, slots, seed, step};
    clile_i_parallel_for(n, 1, exchange, &j);
}

void clile_i_batch_exchange_halves(int64_t n, int32_t size, double probability, uint64_t seed,
                                   int64_t step, const float *src, float *dst, int32_t *partner)
{
    clile_i_batch_draw_partners(n, probability, seed, step, partner);
    clile_i_batch_blend(n, size, seed, step, NULL, partner, src, dst);
}
