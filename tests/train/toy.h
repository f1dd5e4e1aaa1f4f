/* A toy data set for trainer tests: AU k is present if patch k of the image is bright. Every
 * subject has its own tint. */
#ifndef CLILE_TESTS_TOY_H
#define CLILE_TESTS_TOY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include <clile/clile.h>

#include <stdlib.h>
#include <string.h>

static inline void require(clile_status status)
{
    if (status != CLILE_OK) fail_msg("%s: %s", clile_status_name(status), clile_last_error());
}

static inline void refused(clile_status found, clile_status expected, const char *text)
{
    if (found != expected || strstr(clile_last_error(), text) == NULL)
        fail_msg("%s, \"%s\"; expected %s, \"...%s...\"", clile_status_name(found),
                 clile_last_error(), clile_status_name(expected), text);
}

static inline void assert_same_file(const char *a, const char *b)
{
    clile_i_file x, y;
    require(clile_i_file_open(a, &x));
    require(clile_i_file_open(b, &y));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    clile_i_file_close(&x);
    clile_i_file_close(&y);
}

enum { TOY_N = 48, TOY_SIZE = 32, TOY_C = 3, TOY_S = 4 };
static const int32_t toy_aus[TOY_C] = {1, 4, 12};

static inline clile_dataset *toy_dataset(void)
{
    static uint8_t rgb[TOY_N][TOY_SIZE][TOY_SIZE][3];
    static int8_t labels[TOY_N][TOY_C];
    static int32_t subject[TOY_N];
    clile_i_rng rng = clile_i_rng_make(7, 1);
    for (int n = 0; n < TOY_N; ++n) {
        subject[n] = n % TOY_S;
        for (int c = 0; c < TOY_C; ++c) labels[n][c] = clile_i_rng_uniform(&rng) < 0.4 ? 1 : 0;
        if (n % 11 == 0) labels[n][n % TOY_C] = -1;
        for (int y = 0; y < TOY_SIZE; ++y)
            for (int x = 0; x < TOY_SIZE; ++x)
                for (int k = 0; k < 3; ++k) {
                    const int patch = y / 11;
                    const int on = patch < TOY_C && labels[n][patch] == 1 && x > 8 && x < 24;
                    rgb[n][y][x][k] = (uint8_t)((on ? 180 : 60) + 12 * subject[n] * (k + 1) / 3 +
                                                (int)clile_i_rng_below(&rng, 20));
                }
    }
    for (int c = 0; c < TOY_C; ++c) labels[c][c] = 1; /* none is never present */
    clile_dataset *data = NULL;
    assert_int_equal(clile_dataset_from_arrays(TOY_N, TOY_SIZE, TOY_SIZE, &rgb[0][0][0][0], TOY_C,
                                               toy_aus, &labels[0][0], subject, &data),
                     CLILE_OK);
    return data;
}

/* Small and quick; `settings` is "key=value key=value". */
static inline clile_options *toy_options(const char *settings)
{
    static const char base[] =
        "backbone=resnet10 stem=imagenet width=0.125 embedding=16 image_size=32 "
        "epochs=3 epochs_stage1=2 batch=16 threads=1 ";
    char text[1024], *save = NULL;
    clile_options *options = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    snprintf(text, sizeof text, "%s%s", base, settings);
    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        if (clile_options_set(options, word, value) != CLILE_OK) fail_msg("%s", clile_last_error());
    }
    return options;
}

static inline clile_model *toy_model(const clile_options *options)
{
    clile_model *model = NULL;
    assert_int_equal(clile_model_create(options, TOY_C, toy_aus, &model), CLILE_OK);
    return model;
}

#endif
