/* The public side of the drawn faces. */
#include "synth/synth.h"

#include <math.h>
#include <string.h>

enum { LEAST_SIZE = 32, LARGEST_SIZE = 1024 };

const int32_t clile_i_synth_au_ids[AUS] = {1,  2,  4,  6,  7,  9,  10, 12,
                                           14, 15, 17, 20, 23, 24, 25, 26};

clile_status clile_synth_copy_au_ids(int32_t *au_ids)
{
    CLILE_I_CHECK_NOT_NULL(au_ids);
    memcpy(au_ids, clile_i_synth_au_ids, sizeof clile_i_synth_au_ids);
    return CLILE_OK;
}

clile_status clile_i_synth_check_size(const char *function, int32_t size)
{
    if (size < LEAST_SIZE || size > LARGEST_SIZE)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: size is %d, expected %d to %d", function,
                            size, LEAST_SIZE, LARGEST_SIZE);
    return CLILE_OK;
}

void clile_i_synth_present(const float *intensity, int8_t *labels)
{
    for (int k = 0; k < AUS; ++k) labels[k] = intensity[k] >= 0.3f;
}

static clile_status check_place(const char *function, int64_t subject, int64_t frame)
{
    if (subject < 0 || frame < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: subject %lld, frame %lld: each must be 0 or more", function,
                            (long long)subject, (long long)frame);
    return CLILE_OK;
}

clile_status clile_synth_labels(uint64_t seed, int64_t subject, int64_t frame, int8_t *labels,
                                float *intensity)
{
    clile_i_person who;
    float drawn[AUS];
    CLILE_I_RETURN_IF(check_place(__func__, subject, frame));
    clile_i_synth_person(seed, subject, &who);
    clile_i_synth_draw_labels(seed, subject, frame, &who, drawn);
    if (labels != NULL) clile_i_synth_present(drawn, labels);
    if (intensity != NULL) memcpy(intensity, drawn, sizeof drawn);
    return CLILE_OK;
}

clile_status clile_synth_render(uint64_t seed, int64_t subject, int64_t frame,
                                const float *intensity, int32_t size, uint8_t *rgb,
                                float *landmarks)
{
    clile_status status = CLILE_OK;
    clile_i_person who;
    clile_i_scene scene;
    clile_i_face *face = NULL;
    float drawn[AUS];

    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_RETURN_IF(check_place(__func__, subject, frame));
    CLILE_I_RETURN_IF(clile_i_synth_check_size(__func__, size));
    for (int k = 0; intensity != NULL && k < AUS; ++k)
        if (!clile_i_is_within((double)intensity[k], 0.0, 1.0))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: the intensity of AU %d is %g, expected 0 to 1", __func__,
                                clile_i_synth_au_ids[k], (double)intensity[k]);
    clile_i_synth_person(seed, subject, &who);
    clile_i_synth_scene(seed, subject, frame, size, &scene);
    if (intensity == NULL) clile_i_synth_draw_labels(seed, subject, frame, &who, drawn);
    CLILE_I_ALLOC(face, 1);
    clile_i_synth_shape(&who, intensity != NULL ? intensity : drawn, face);
    CLILE_I_TRY(clile_i_synth_paint(&who, &scene, face, size, rgb));
    if (landmarks != NULL) clile_i_synth_landmarks(&who, &scene, face, landmarks);
cleanup:
    clile_i_free(face);
    return status;
}
