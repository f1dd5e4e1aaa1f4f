/* The smallest training set, whose numbers make.py also uses: 8 images of 32 x 32, 4 subjects,
 * AUs 1 and 12. */
#ifndef CLILE_TESTS_TINY_H
#define CLILE_TESTS_TINY_H

#include <clile/clile.h>

enum { TINY_N = 8, TINY_SIZE = 32, TINY_C = 2, TINY_D = 4 };

/* Byte k of all pixels is 37 k mod 251. */
static inline void tiny_pixels(int64_t size, uint8_t *rgb)
{
    for (int64_t k = 0; k < size; ++k) rgb[k] = (uint8_t)(37 * k % 251);
}

static inline clile_status tiny_dataset(clile_dataset **out)
{
    static uint8_t rgb[TINY_N * TINY_SIZE * TINY_SIZE * 3];
    const int32_t aus[TINY_C] = {1, 12};
    int8_t labels[TINY_N * TINY_C];
    int32_t subject[TINY_N];
    tiny_pixels(sizeof rgb, rgb);
    for (int i = 0; i < TINY_N; ++i) {
        subject[i] = i % 4;
        for (int a = 0; a < TINY_C; ++a) labels[i * TINY_C + a] = (i + a) % 3 == 0;
    }
    return clile_dataset_from_arrays(TINY_N, TINY_SIZE, TINY_SIZE, rgb, TINY_C, aus, labels,
                                     subject, out);
}

/* method: "bce" or "cl-ile" */
static inline clile_status tiny_options(const char *method, clile_options **out)
{
    static const char *const settings[][2] = {
        {"backbone", "resnet10"}, {"width", "0.0625"},    {"embedding", "4"},
        {"image_size", "32"},     {"stem", "imagenet"},   {"batch", "4"},
        {"epochs", "1"},          {"epochs_stage1", "1"}, {"threads", "1"}};
    clile_status status = clile_options_create(out);
    for (size_t k = 0; k < sizeof settings / sizeof settings[0] && status == CLILE_OK; ++k)
        status = clile_options_set(*out, settings[k][0], settings[k][1]);
    return status == CLILE_OK ? clile_options_set(*out, CLILE_OPT_METHOD, method) : status;
}

static inline clile_status tiny_model(const clile_options *options, clile_model **out)
{
    const int32_t aus[TINY_C] = {1, 12};
    return clile_model_create(options, TINY_C, aus, out);
}

#endif
