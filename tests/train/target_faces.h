/* Drawn faces on disk with points and values, for tests of training and models. */
#ifndef CLILE_TESTS_TARGET_FACES_H
#define CLILE_TESTS_TARGET_FACES_H

#include "train/toy.h"

#include "data/scratch.h"
#include "store/safetensors.h"

#include <clile/synth.h>

#include <math.h>

enum { FACE_SIDE = 64, FACE_POINTS = 7, FACE_VALUES = 4 };
/* outer corners of the eyes, corners of the mouth, and on the middle line: nose, lip, chin */
static const int face_points[FACE_POINTS] = {36, 45, 48, 54, 30, 57, 8};
static const int64_t face_points_mirror[FACE_POINTS] = {1, 0, 3, 2, 4, 5, 6};
/* two that are each other's, one that is its own, one that never varies */
static const int64_t face_values_mirror[FACE_VALUES] = {1, 0, 2, 3};

typedef struct {
    int frames, subjects;
    int mirrors;   /* 0: the file has no partners */
    float unknown; /* share of points and values that are not known */
} faces_request;

/* Face `frame` of `subject`, and a box around it that is off by up to an eighth of its side. */
static inline void face_draw(int subject, int frame, uint8_t *rgb, float *landmarks, float *box)
{
    clile_i_rng rng = clile_i_rng_make(3, (uint64_t)(subject * 1000 + frame));
    assert_int_equal(clile_synth_render(1, subject, frame, NULL, FACE_SIDE, rgb, landmarks),
                     CLILE_OK);
    float least[2] = {1e9f, 1e9f}, most[2] = {0, 0};
    for (int k = 0; k < 2 * CLILE_SYNTH_LANDMARKS; ++k) {
        least[k % 2] = fminf(least[k % 2], landmarks[k]);
        most[k % 2] = fmaxf(most[k % 2], landmarks[k]);
    }
    for (int axis = 0; axis < 2; ++axis) {
        box[2 + axis] = most[axis] - least[axis];
        box[axis] = least[axis] + (float)clile_i_rng_range(&rng, -0.12, 0.12) * box[2 + axis];
    }
}

static inline void faces_write(const scratch *s, const faces_request *r)
{
    const int64_t n = (int64_t)r->frames * r->subjects;
    static uint8_t rgb[FACE_SIDE * FACE_SIDE * 3];
    float landmarks[2 * CLILE_SYNTH_LANDMARKS], box[4];
    float *points = calloc((size_t)n, 2 * FACE_POINTS * sizeof *points),
          *values = calloc((size_t)n, FACE_VALUES * sizeof *values);
    clile_i_text rows = {0};
    clile_i_st_writer *writer = NULL;
    clile_i_rng rng = clile_i_rng_make(5, 1);
    char name[64];
    assert_non_null(points);
    assert_non_null(values);
    clile_i_text_append(&rows, "image,subject,AU1,AU4,AU12,box_x,box_y,box_w,box_h\n");
    for (int i = 0; i < n; ++i) {
        const int subject = i / r->frames, frame = i % r->frames;
        face_draw(subject, frame, rgb, landmarks, box);
        snprintf(name, sizeof name, "s%d/%03d.png", subject, frame);
        scratch_folders(s, name);
        assert_int_equal(
            clile_i_image_write_png(scratch_path(s, name), FACE_SIDE, FACE_SIDE, 3, rgb), CLILE_OK);
        clile_i_text_append(&rows, "%s,s%d,%d,%d,%d,%g,%g,%g,%g\n", name, subject, i % 2,
                            i % 3 == 0, i % 5 < 2, (double)box[0], (double)box[1], (double)box[2],
                            (double)box[3]);
        for (int k = 0; k < FACE_POINTS; ++k) {
            const int gone = clile_i_rng_uniform(&rng) < (double)r->unknown;
            for (int axis = 0; axis < 2; ++axis)
                points[2 * (i * FACE_POINTS + k) + axis] =
                    gone ? NAN : landmarks[2 * face_points[k] + axis];
        }
        float *v = values + i * FACE_VALUES;
        v[0] = (landmarks[2 * 36] - box[0]) / box[2];
        v[1] = (box[0] + box[2] - landmarks[2 * 45]) / box[2];
        v[2] = clile_i_rng_uniform(&rng) < (double)r->unknown
                   ? NAN
                   : (landmarks[2 * 8 + 1] - box[1]) / box[3];
        v[3] = 4.0f;
    }
    scratch_text(s, "manifest.csv", rows.data);
    clile_i_text_free(&rows);
    const int64_t p = FACE_POINTS, v = FACE_VALUES, shape[3] = {n, p, 2}, flat[2] = {n, v};
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    clile_i_st_writer_add(writer, "points", CLILE_I_ST_F32, 3, shape, points);
    clile_i_st_writer_add(writer, "values", CLILE_I_ST_F32, 2, flat, values);
    if (r->mirrors) {
        clile_i_st_writer_add(writer, "points_mirror", CLILE_I_ST_I64, 1, &p, face_points_mirror);
        clile_i_st_writer_add(writer, "values_mirror", CLILE_I_ST_I64, 1, &v, face_values_mirror);
    }
    assert_int_equal(clile_i_st_writer_write(writer, scratch_path(s, "t.safetensors")), CLILE_OK);
    clile_i_st_writer_destroy(writer);
    free(points);
    free(values);
}

#endif
