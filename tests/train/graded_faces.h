/* Toy faces whose patches are the brighter, the stronger the AU is, with coded intensities. */
#ifndef CLILE_TESTS_GRADED_FACES_H
#define CLILE_TESTS_GRADED_FACES_H

#include "train/toy.h"

static uint8_t pixels[TOY_N][TOY_SIZE][TOY_SIZE][3];
static int8_t coded[TOY_N][TOY_C];

static inline clile_dataset *graded_dataset(void)
{
    static int32_t subject[TOY_N];
    clile_i_rng rng = clile_i_rng_make(7, 1);
    clile_dataset *data = NULL;
    for (int n = 0; n < TOY_N; ++n) {
        subject[n] = n % TOY_S;
        for (int c = 0; c < TOY_C; ++c) coded[n][c] = (int8_t)((n + 2 * c + n / 5) % 5);
        if (n % 11 == 0) coded[n][n % TOY_C] = -1;
        for (int y = 0; y < TOY_SIZE; ++y)
            for (int x = 0; x < TOY_SIZE; ++x)
                for (int k = 0; k < 3; ++k) {
                    const int patch = y / 11, on = patch < TOY_C && x > 8 && x < 24;
                    const int strength = on && coded[n][patch] > 0 ? coded[n][patch] : 0;
                    pixels[n][y][x][k] =
                        (uint8_t)(60 + 40 * strength + (int)clile_i_rng_below(&rng, 20));
                }
    }
    require(clile_dataset_from_intensities(TOY_N, TOY_SIZE, TOY_SIZE, &pixels[0][0][0][0], TOY_C,
                                           toy_aus, NULL, &coded[0][0], subject, &data));
    return data;
}

#endif
