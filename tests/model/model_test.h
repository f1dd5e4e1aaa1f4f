/* Shared by the tests of predictors and int8 models: small trained models, and noise as
 * pictures. */
#ifndef CLILE_TEST_MODEL_H
#define CLILE_TEST_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

#include <clile/predictor.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEST_SIZE = 40, TEST_C = 3, TEST_D = 16 };

/* "key=value key=value" on top of a small network. Norms are not the identity, so that folding
 * them is tested. */
static inline clile_model *test_model(const char *settings)
{
    static const int32_t aus[TEST_C] = {1, 12, 25};
    const float slope[TEST_C] = {5, 3, 4}, offset[TEST_C] = {0, 0.2f, -0.2f};
    char text[256];
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    snprintf(text, sizeof text, "stem=imagenet width=0.25 embedding=16 image_size=40 %s", settings);
    for (char *item = strtok(text, " "); item; item = strtok(NULL, " ")) {
        char *value = strchr(item, '=');
        *value++ = '\0';
        if (clile_options_set(options, item, value) != CLILE_OK) fail_msg("%s", clile_last_error());
    }
    if (clile_model_create(options, TEST_C, aus, &model) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    clile_i_rng rng = clile_i_rng_make(11, 0);
    for (int32_t i = 0; i < clile_i_net_tensor_count(model->encoder); ++i) {
        const clile_i_net_tensor *t = clile_i_net_tensor_at(model->encoder, i);
        if (strstr(t->name, "bn") == NULL && strstr(t->name, "downsample.1") == NULL) continue;
        for (int64_t k = 0; k < t->count; ++k) {
            const double u = clile_i_rng_uniform(&rng);
            t->data[k] = (float)(strstr(t->name, "mean")   ? 0.2 * u - 0.1
                                 : strstr(t->name, "bias") ? 0.4 * u - 0.1
                                                           : 0.6 + 0.6 * u);
        }
    }
    assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
    clile_options_destroy(options);
    return model;
}

static inline clile_predictor *test_predictor(const clile_model *model, int64_t batch,
                                              int64_t threads)
{
    clile_options *options = NULL;
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_PREDICT_BATCH, batch), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_THREADS, threads), CLILE_OK);
    if (clile_predictor_create(model, options, &predictor) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    clile_options_destroy(options);
    return predictor;
}

/* n smooth pictures [n,h,w,3] with some noise. Owned by the caller (free). */
static inline uint8_t *test_pictures(int64_t n, int32_t h, int32_t w, uint64_t seed)
{
    uint8_t *rgb = malloc((size_t)(n * h * w * 3));
    assert_non_null(rgb);
    for (int64_t i = 0; i < n; ++i) {
        clile_i_rng rng = clile_i_rng_make(seed, (uint64_t)i);
        const double a = clile_i_rng_range(&rng, 0.05, 0.4), b = clile_i_rng_range(&rng, 0.05, 0.4),
                     c = clile_i_rng_range(&rng, 90, 160);
        for (int64_t p = 0; p < h * w * 3; ++p)
            rgb[i * h * w * 3 + p] =
                (uint8_t)(c + 40 * sin(a * (double)(p / 3 % w) + (double)(p % 3)) +
                          30 * cos(b * (double)(p / 3 / w)) + clile_i_rng_range(&rng, -15, 15));
    }
    return rgb;
}

static inline void test_fails(clile_status expected, clile_status found, const char *text)
{
    if (found != expected)
        fail_msg("%s (%s) instead of %s", clile_status_name(found), clile_last_error(),
                 clile_status_name(expected));
    if (!strstr(clile_last_error(), text))
        fail_msg("\"%s\" does not say \"%s\"", clile_last_error(), text);
}

#endif
