/* clile/predictor.h: a trained model made ready to answer.
 *
 *     clile_predictor *predictor = NULL;
 *     // compiled here; the model may go now
 *     clile_predictor_create(model, NULL, &predictor);
 *     const clile_image image = {sizeof image, CLILE_PIXELS_RGB, h, w, 0, rgb};
 *     clile_face face = {sizeof face, CLILE_FACE_POINTS, &image, {0}, 5, 0, xy};
 *     clile_predictor_run_faces(predictor, 1, &face, probability, present, NULL);
 *     clile_predictor_destroy(predictor);
 *
 * probability [n,c] in 0..1 and present [n,c] 0/1 come from the same number: present is 1
 * exactly when probability > 0.5. A predictor is a snapshot: whatever becomes of its model,
 * trained further, given other weights or another decision, or destroyed, its answers stay the
 * same bits.
 * Thread class: exclusive; make one predictor for each thread over one shared model. Predictors
 * of one model share its weights (also those of another batch, where oneDNN wants the same
 * layout); making and destroying them is locked, answering is not. Small layers, and so small
 * models whole, run on one thread whatever `threads` says: to wake another would take longer.
 */
#ifndef CLILE_PREDICTOR_H
#define CLILE_PREDICTOR_H

#include <clile/image.h>
#include <clile/model.h>

CLILE_BEGIN

typedef struct clile_predictor clile_predictor;

/* Compiles the model, float32 or int8, for inference. Options: predict_batch, threads,
 * box_margin. predict_batch is how many faces go through the encoder at once; fewer pay for as
 * many. 0, the default: one by one, and of an int8 model 8 at once where a call has 4 or more
 * (the first such call allocates; nothing else does after this function). A predictor gives a
 * face the same bits whatever else is in the call, and those of an int8 model do not depend on
 * predict_batch; a float32 model's embeddings differ by some 1e-6 of their size between one
 * predict_batch and another. STATE when the model is being trained or has never been trained;
 * OUT_OF_MEMORY, BACKEND. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_predictor_create(const clile_model *model,
                                                              const clile_options *options,
                                                              clile_predictor **out);

/* What is known of a face in an image. */
enum {
    /* the image is the face, cut out as the training images were; resized to the model's image
     * size */
    CLILE_FACE_CROP = 0,
    CLILE_FACE_BOX = 1,   /* a detector's box */
    CLILE_FACE_POINTS = 2 /* landmarks */
};

/* A face; only grows at the end. */
typedef struct clile_face {
    uint32_t struct_size;     /* sizeof(clile_face), the same for all faces of a call */
    int32_t kind;             /* CLILE_FACE_...: which of the rest is read */
    const clile_image *image; /* faces of one photograph share it */
    float box[4];             /* left, top, width, height in pixels */
    /* 5: centres of the eyes (the left one in the image first), nose tip, corners of the mouth;
     * or 68, Multi-PIE's */
    int32_t points;
    int32_t reserved;
    const float *xy; /* [points,2] x, y in pixels, from the top left corner of the image */
} clile_face;

/* n faces, of one image or of many. Landmarks align as in training and answer best. A box is cut
 * out as the square around its middle whose side is (1 + box_margin) times its longer side,
 * box_margin being an option of the predictor (0.22 fits boxes from the forehead to the chin,
 * docs/data.md); what lies outside the image repeats its edge. Outputs as of
 * clile_predictor_run. INVALID_ARGUMENT, the text naming the first such face: no image, a
 * format, kind, size, stride or struct_size that cannot be, a box not finite, below 8 pixels or
 * with less than a quarter in the image, landmarks not 5 or 68, not finite, or no face's (shares
 * in place of pixels, another order, upside down, outside the image: docs/data.md); nothing is
 * written then. BACKEND, NOT_FINITE, OUT_OF_MEMORY. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_predictor_run_faces(clile_predictor *predictor,
                                                                 int64_t n, const clile_face *faces,
                                                                 float *probability,
                                                                 int8_t *present, float *embedding);

/* Does a face of this kind (CLILE_FACE_...) fit the model, was its training set cut out like
 * that? NULL when it was, at least in a tenth of the images, or when the model does not know
 * (older files, a loop of one's own); else a sentence that says what it was trained on and what
 * to give, for a person to read. Whoever calls clile_predictor_run with crops that were aligned
 * as in training may ignore it. The text is static. Shared. Since 0.1. */
CLILE_API const char *clile_predictor_get_misfit(const clile_predictor *predictor, int32_t kind);

/* n face crops [n,h,w,3] uint8 RGB, taken as crops already (resized to the model's image size
 * when they differ). Any output may be NULL: probability [n,c], present [n,c], embedding [n,d].
 * n 0 does nothing, here and below. INVALID_ARGUMENT: n below 0, sides outside 1..65535, a NULL
 * rgb; BACKEND, NOT_FINITE. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_predictor_run(clile_predictor *predictor, int64_t n,
                                                           const uint8_t *rgb, int32_t h, int32_t w,
                                                           float *probability, int8_t *present,
                                                           float *embedding);

/* As run, for crops that do not lie tightly packed, such as frames of a video decoder: rows
 * row_stride bytes apart (0: w * 3), images image_stride bytes apart (0: h * row_stride).
 * INVALID_ARGUMENT also: rows or images that overlap. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_predictor_run_strided(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h,
                            int32_t w, int64_t row_stride, int64_t image_stride, float *probability,
                            int8_t *present, float *embedding);

/* As run, with the score itself, the similarity to each AU embedding, instead of its
 * probability: what ROC curves are drawn from, since probabilities may saturate. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_predictor_run_scores(
    clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h, int32_t w,
    float *score /*[n,c]*/, int8_t *present /*[n,c]*/, float *embedding /*[n,d]*/);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_predictor_destroy(clile_predictor *predictor);

CLILE_END

#endif
