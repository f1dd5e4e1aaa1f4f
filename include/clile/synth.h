/* clile/synth.h: drawn faces with action units, for those without a data set (docs/synth.md).
 *
 *     clile_dataset *faces = NULL, *train = NULL, *test = NULL;
 *     // seed, subjects, tasks, frames of a task, pixels
 *     clile_dataset_from_synth(1, 41, 2, 16, 128, &faces);
 *     // like any other data set: train, pack, evaluate
 *     clile_dataset_fold(faces, "bp4d", 1, &train, &test);
 *     ...
 *     uint8_t rgb[128 * 128 * 3];                           // or frame by frame
 *     float intensity[CLILE_SYNTH_AUS], landmarks[2 * CLILE_SYNTH_LANDMARKS];
 *     clile_synth_labels(1, 0, 7, NULL, intensity);         // what frame 7 of subject 0 shows
 *     clile_synth_render(1, 0, 7, intensity, 128, rgb, landmarks);
 *
 * A picture depends only on seed, subject and frame. Subjects and frames are unlimited and can be
 * drawn in any order. Faces are drawn, not photographed: a model trained on them knows nothing
 * about people. */
#ifndef CLILE_SYNTH_H
#define CLILE_SYNTH_H

#include <clile/status.h>

CLILE_BEGIN

enum { CLILE_SYNTH_AUS = 16, CLILE_SYNTH_LANDMARKS = 68 };

/* The FACS numbers of the columns below, in order: 1 2 4 6 7 9 10 12 14 15 17 20 23 24 25 26.
 * Shared (any thread). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_synth_copy_au_ids(int32_t *au_ids /*[CLILE_SYNTH_AUS]*/);

/* Draws what a frame shows: intensity in 0..1, and labels, which are 1 from intensity 0.3 (FACS
 * B) up. FACS A to E start at 0.06, 0.3, 0.45, 0.65, 0.85. Either output may be NULL.
 * INVALID_ARGUMENT: a negative subject or frame. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_synth_labels(uint64_t seed, int64_t subject,
                                                          int64_t frame,
                                                          int8_t *labels /*[CLILE_SYNTH_AUS]*/,
                                                          float *intensity /*[CLILE_SYNTH_AUS]*/);

/* Draws the face of a subject with these intensities (NULL: those of clile_synth_labels), in the
 * pose, gaze and light of the frame. landmarks: 68 x,y in Multi-PIE order, in pixels, with pixel
 * centres at .5; may be NULL. INVALID_ARGUMENT: a negative subject or frame, size outside
 * 32..1024, an intensity outside 0..1, rgb NULL; OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_synth_render(
    uint64_t seed, int64_t subject, int64_t frame, const float *intensity /*[CLILE_SYNTH_AUS]*/,
    int32_t size, uint8_t *rgb /*[size,size,3]*/, float *landmarks /*[CLILE_SYNTH_LANDMARKS,2]*/);

/* Writes the name of a subject in a layout, NUL-terminated. "bp4d": the 41 of BP4D, from its
 * three parts in turn, then F024, M019, ...; "disfa": the 27 of DISFA in the same way, then
 * SN033, ... INVALID_ARGUMENT: another layout, a negative subject, less than 24 bytes. Shared.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_synth_subject_name(const char *layout, int64_t subject,
                                                                char *name /*[size]*/, size_t size);

CLILE_END

#endif
