/* Drawn faces on disk with their 68 landmarks, for tests of what is exchanged between people. */
#ifndef CLILE_TESTS_LANDMARK_FACES_H
#define CLILE_TESTS_LANDMARK_FACES_H

#include "train/toy.h"

#include "data/scratch.h"
#include "image/image.h"

#include <clile/synth.h>

#include <stdio.h>

/* 16 images of each; the toy's AUs, all combinations. */
static inline clile_dataset *people_with_landmarks(const scratch *s, int people)
{
    enum { SIDE = 96, FRAMES = 16 };
    static uint8_t rgb[SIDE * SIDE * 3];
    float xy[2 * CLILE_SYNTH_LANDMARKS];
    char name[16];
    clile_i_text rows = {0};
    clile_dataset *data = NULL;
    clile_i_text_append(&rows, "image,subject,AU1,AU4,AU12");
    for (int k = 0; k < CLILE_SYNTH_LANDMARKS; ++k) clile_i_text_append(&rows, ",x%d,y%d", k, k);
    for (int i = 0; i < people * FRAMES; ++i) {
        require(clile_synth_render(1, i / FRAMES, i % FRAMES, NULL, SIDE, rgb, xy));
        snprintf(name, sizeof name, "%d.png", i);
        require(clile_i_image_write_png(scratch_path(s, name), SIDE, SIDE, 3, rgb));
        clile_i_text_append(&rows, "\n%s,P%d,%d,%d,%d", name, i / FRAMES, i % 2, i / 2 % 2,
                            i / 4 % 2);
        for (int k = 0; k < 2 * CLILE_SYNTH_LANDMARKS; ++k)
            clile_i_text_append(&rows, ",%.3f", (double)xy[k]);
    }
    clile_i_text_append(&rows, "\n");
    require(rows.status);
    scratch_text(s, "manifest.csv", rows.data);
    clile_i_text_free(&rows);
    require(clile_dataset_open(s->path, NULL, &data));
    return data;
}

#endif
