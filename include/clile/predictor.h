/* clile/predictor.h: a trained model made ready to answer.
 *
 *     clile_predictor *predictor = NULL;
 *     clile_predictor_create(model, NULL, &predictor);                    // compiled here; nothing is allocated later
 *     clile_predictor_run(predictor, 1, rgb, h, w, probability, present, NULL);
 *     clile_predictor_destroy(predictor);
 *
 * probability [n,c] in 0..1 and present [n,c] 0/1 come from the same number: present is 1 exactly when probability > 0.5.
 * Thread class: exclusive; make one predictor for each thread over one shared model. Predictors of one model share its weights (also those of
 * another batch, where oneDNN wants the same layout); making and destroying them is locked, answering is not. Small layers, and so small
 * models whole, run on one thread whatever `threads` says: to wake another would take longer.
 */
#ifndef CLILE_PREDICTOR_H
#define CLILE_PREDICTOR_H

#include <clile/model.h>

CLILE_BEGIN

typedef struct clile_predictor clile_predictor;

/* Compiles the model, float32 or int8, for inference. Options: batch (images at once; the default here is 1), threads. The predictor keeps the model alive. STATE when the model is
 * being trained or has never been trained; OUT_OF_MEMORY, BACKEND. Since 0.1. */
CLILE_API clile_status clile_predictor_create(const clile_model *model, const clile_options *options, clile_predictor **out);

/* n face crops [n,h,w,3] uint8 RGB, taken as crops already (resized to the model's image size when they differ). Any output may be NULL:
 * probability [n,c], present [n,c], embedding [n,d]. INVALID_ARGUMENT, BACKEND, NOT_FINITE. Since 0.1. */
CLILE_API clile_status clile_predictor_run(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h, int32_t w,
    float *probability, int8_t *present, float *embedding);

/* As run, for crops that do not lie tightly packed, such as frames of a video decoder: rows row_stride bytes apart (0: w * 3), images
 * image_stride bytes apart (0: h * row_stride). INVALID_ARGUMENT also: rows or images that overlap. Since 0.1. */
CLILE_API clile_status clile_predictor_run_strided(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h, int32_t w,
    int64_t row_stride, int64_t image_stride, float *probability, int8_t *present, float *embedding);

/* One face in an image [h,w,3] with rows row_stride bytes apart (0: w * 3), aligned by 5 or 68 landmarks xy [points,2] in pixels as in training. */
CLILE_API clile_status clile_predictor_run_landmarks(clile_predictor *predictor, const uint8_t *rgb, int32_t h, int32_t w, int64_t row_stride,
    int32_t points, const float *xy, float *probability, int8_t *present, float *embedding);

/* As run_landmarks, for a face of which only a box is known, as face detectors give it: left, top, width and height in pixels. The crop is the
 * square around the middle of the box whose side is (1 + margin) times the longer side of the box; what lies outside the image repeats its edge.
 * Landmarks answer better: the crop neither turns with the head nor fits the place of its features. margin 0.22 fits boxes from the forehead to the
 * chin (docs/data.md). INVALID_ARGUMENT: box not finite, without area, or apart from the image; margin not in -0.5..4. Since 0.1. */
CLILE_API clile_status clile_predictor_run_box(clile_predictor *predictor, const uint8_t *rgb, int32_t h, int32_t w, int64_t row_stride,
    const float *box /*[4]*/, double margin, float *probability, int8_t *present, float *embedding);

/* As run, with the score itself, the similarity to each AU embedding, instead of its probability: what ROC curves are drawn from, since
 * probabilities may saturate. Since 0.1. */
CLILE_API clile_status clile_predictor_run_scores(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h, int32_t w,
    float *score /*[n,c]*/, int8_t *present /*[n,c]*/, float *embedding /*[n,d]*/);

CLILE_API void clile_predictor_destroy(clile_predictor *predictor); /* NULL does nothing */

CLILE_END

#endif
