/* Random draws for the images of a step. Each generator is created from (seed, step, slot): results
 * depend neither on threads nor on earlier draws. */
#include "data/data.h"

#include <math.h>

#define STREAM_AUGMENT ((uint64_t)0x52 << 56)
#define STREAM_ERASE ((uint64_t)0x54 << 56)
enum { SLOT_BITS = 20 }; /* bits of the slot in a batch; the step has the 36 bits above */

clile_status clile_i_augment_from_options(const clile_options *options, clile_i_augment *out)
{
    int64_t flip = 0;
    const struct {
        const char *key;
        double *value;
    } reals[] = {
        {CLILE_OPT_AUGMENT_SCALE, &out->scale},
        {CLILE_OPT_AUGMENT_SHIFT, &out->shift},
        {CLILE_OPT_AUGMENT_ROTATE, &out->rotate},
        {CLILE_OPT_AUGMENT_BRIGHTNESS, &out->brightness},
        {CLILE_OPT_AUGMENT_CONTRAST, &out->contrast},
        {CLILE_OPT_AUGMENT_SATURATION, &out->saturation},
        {CLILE_OPT_AUGMENT_GRAYSCALE, &out->grayscale},
        {CLILE_OPT_AUGMENT_BLUR, &out->blur},
        {CLILE_OPT_AUGMENT_BLUR_LEAST, &out->blur_least},
        {CLILE_OPT_AUGMENT_BLUR_MOST, &out->blur_most},
        {CLILE_OPT_AUGMENT_ERASE, &out->erase},
        {CLILE_OPT_AUGMENT_ERASE_AREA, &out->erase_area},
        {CLILE_OPT_AUGMENT_RESOLUTION, &out->resolution},
        {CLILE_OPT_AUGMENT_RESOLUTION_LEAST, &out->resolution_least},
        {CLILE_OPT_AUGMENT_NOISE, &out->noise},
        {CLILE_OPT_AUGMENT_GAMMA, &out->gamma},
        {CLILE_OPT_AUGMENT_TINT, &out->tint},
        {CLILE_OPT_AUGMENT_SHADE, &out->shade},
        {CLILE_OPT_AUGMENT_JPEG, &out->jpeg},
        {CLILE_OPT_AUGMENT_EDGE, &out->edge},
        {CLILE_OPT_EXCHANGE_SHAPES, &out->exchange_shapes},
        {CLILE_OPT_EXCHANGE_LOOKS, &out->exchange_looks},
    };
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_AUGMENT_FLIP, &flip));
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; ++i)
        CLILE_I_RETURN_IF(clile_options_get_f64(options, reals[i].key, reals[i].value));
    out->flip = (int32_t)flip;
    if (out->blur > 0 && out->blur_least > out->blur_most)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "augment_blur_least is %g, above augment_blur_most, which is %g",
                            out->blur_least, out->blur_most);
    return CLILE_OK;
}

static const double largest_coarse = 0.9, largest_edge = 0.15;
enum { LEAST_QUALITY = 15, LARGEST_QUALITY = 75 };

/* Defects of photographs. Draws the same count of numbers whether they are used or not. */
static void draw_damage(const clile_i_augment *augment, clile_i_rng *rng, clile_i_jitter *jitter)
{
    const int coarse = clile_i_rng_uniform(rng) < augment->resolution;
    const double side =
        exp(clile_i_rng_range(rng, log(augment->resolution_least), log(largest_coarse)));
    jitter->resolution = coarse ? side : 0.0;
    jitter->noise = clile_i_rng_range(rng, 0.0, augment->noise);
    jitter->noise_seed = (uint64_t)(clile_i_rng_uniform(rng) * 0x1p53);
    jitter->gamma = clile_i_rng_range(rng, -augment->gamma, augment->gamma);
    for (int k = 0; k < 3; ++k)
        jitter->tint[k] = clile_i_rng_range(rng, -augment->tint, augment->tint);
    jitter->shade_x = clile_i_rng_range(rng, -augment->shade, augment->shade);
    jitter->shade_y = clile_i_rng_range(rng, -augment->shade, augment->shade);
    const int coded = clile_i_rng_uniform(rng) < augment->jpeg;
    const double quality = clile_i_rng_range(rng, LEAST_QUALITY, LARGEST_QUALITY + 1);
    jitter->jpeg = coded ? (int32_t)quality : 0;
    const int cut = clile_i_rng_uniform(rng) < augment->edge;
    const int first = (int)(4.0 * clile_i_rng_uniform(rng)),
              second = (first + 1 + (int)(3.0 * clile_i_rng_uniform(rng))) % 4,
              both = clile_i_rng_uniform(rng) < 0.5;
    const double width[2] = {clile_i_rng_range(rng, 0.0, largest_edge),
                             clile_i_rng_range(rng, 0.0, largest_edge)};
    if (!cut) return;
    jitter->edge[first] = width[0];
    if (both) jitter->edge[second] = width[1];
}

/* Draws every number for all settings: switching one off does not change the others. Add new draws
 * at the end. */
clile_i_jitter clile_i_augment_draw(const clile_i_augment *augment, uint64_t seed, int64_t step,
                                    int64_t slot)
{
    clile_i_rng rng =
        clile_i_rng_make(seed, STREAM_AUGMENT | (uint64_t)step << SLOT_BITS | (uint64_t)slot);
    clile_i_jitter jitter = CLILE_I_JITTER_NONE;
    jitter.flip = clile_i_rng_uniform(&rng) < 0.5 && augment->flip;
    jitter.scale = 1.0 + clile_i_rng_range(&rng, -augment->scale, augment->scale);
    jitter.shift_x = clile_i_rng_range(&rng, -augment->shift, augment->shift);
    jitter.shift_y = clile_i_rng_range(&rng, -augment->shift, augment->shift);
    jitter.brightness = 1.0 + clile_i_rng_range(&rng, -augment->brightness, augment->brightness);
    jitter.contrast = 1.0 + clile_i_rng_range(&rng, -augment->contrast, augment->contrast);
    jitter.saturation = 1.0 + clile_i_rng_range(&rng, -augment->saturation, augment->saturation);
    jitter.grey = clile_i_rng_uniform(&rng) < augment->grayscale;
    const int blurred = clile_i_rng_uniform(&rng) < augment->blur;
    const double deviation = clile_i_rng_range(&rng, augment->blur_least, augment->blur_most);
    jitter.blur = blurred ? deviation : 0.0;
    jitter.rotate = clile_i_rng_range(&rng, -augment->rotate, augment->rotate);
    draw_damage(augment, &rng, &jitter);
    return jitter;
}

/* Random erasing: Zhong, Zheng, Kang, Li, Yang, "Random Erasing Data Augmentation", AAAI 2020,
 * with the numbers of torchvision's RandomErasing. Area is drawn from [0.02, erase_area] of the
 * image, height / width log-uniform in [0.3, 1 / 0.3], up to ten times until the rectangle is
 * smaller than the image. */
static const double least_area = 0.02, least_ratio = 0.3;
enum { ATTEMPTS = 10 };

int32_t clile_i_erase_draw(const clile_i_augment *augment, int32_t size, uint64_t seed,
                           int64_t step, int64_t slot, clile_i_rectangle *out)
{
    clile_i_rng rng =
        clile_i_rng_make(seed, STREAM_ERASE | (uint64_t)step << SLOT_BITS | (uint64_t)slot);
    if (clile_i_rng_uniform(&rng) >= augment->erase) return 0;
    for (int attempt = 0; attempt < ATTEMPTS; ++attempt) {
        const double area = clile_i_rng_range(&rng, least_area, augment->erase_area) * size * size;
        const double ratio = exp(clile_i_rng_range(&rng, log(least_ratio), -log(least_ratio)));
        const double h = floor(sqrt(area * ratio) + 0.5), w = floor(sqrt(area / ratio) + 0.5);
        if (h < 1 || w < 1 || h >= size || w >= size) continue;
        out->h = (int32_t)h;
        out->w = (int32_t)w;
        out->y = (int32_t)clile_i_rng_below(&rng, size - out->h + 1);
        out->x = (int32_t)clile_i_rng_below(&rng, size - out->w + 1);
        return 1;
    }
    return 0;
}

void clile_i_batch_erase(const clile_i_augment *augment, int64_t n, int32_t size, uint64_t seed,
                         int64_t step, const int64_t *slots, float *dst)
{
    const int64_t plane = (int64_t)size * size;
    if (augment->erase == 0) return;
    for (int64_t k = 0; k < n; ++k) {
        clile_i_rectangle r;
        const int64_t slot = slots != NULL ? slots[k] : k;
        if (!clile_i_erase_draw(augment, size, seed, step, slot, &r)) continue;
        for (int64_t channel = 0; channel < 3; ++channel)
            for (int64_t y = r.y; y < r.y + r.h; ++y)
                for (int64_t x = r.x; x < r.x + r.w; ++x)
                    dst[(3 * k + channel) * plane + y * size + x] = 0.0f;
    }
}
