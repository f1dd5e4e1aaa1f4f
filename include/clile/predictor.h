/* clile/predictor.h: a trained model, compiled for inference.
 *
 *     clile_predictor *predictor = NULL;
 *     // compiles; the model may be destroyed afterwards
 *     clile_predictor_create(model, NULL, &predictor);
 *     const clile_image image = {sizeof image, CLILE_PIXELS_RGB, h, w, 0, rgb};
 *     clile_face face = {sizeof face, CLILE_FACE_POINTS, &image, {0}, 5, 0, xy};
 *     clile_predictor_run_faces(predictor, 1, &face, probability, present, NULL);
 *     clile_predictor_destroy(predictor);
 *
 * probability [n,c] in 0..1 and present [n,c] 0/1 come from the same number: present is 1 exactly
 * when probability > 0.5. A predictor is a snapshot: its answers stay the same bits even if its
 * model is trained further, gets other weights or another decision rule, or is destroyed.
 *
 * Thread class: exclusive; create one predictor per thread over one shared model. Predictors of one
 * model share its weights (also with different batches, if oneDNN wants the same layout). Creating
 * and destroying them takes a lock, predicting does not. Small layers, and thus small models, run
 * on one thread for any value of `threads`, because waking another would take longer. */
#ifndef CLILE_PREDICTOR_H
#define CLILE_PREDICTOR_H

#include <clile/image.h>
#include <clile/model.h>

CLILE_BEGIN

typedef struct clile_predictor clile_predictor;

/* Compiles the model, float32 or int8, for inference. Options: predict_batch, threads, box_margin,
 * mirror, crop_scale, precision. predict_batch is the number of faces at once. Several threads take
 * parts of them, or one thread runs part after part, where that goes better with its cache; a part
 * that is not full costs as much as a full one. With 0, the default, faces run one by one, except
 * that an int8 model runs 8 at once if a call has 4 or more (the first such call allocates; so does
 * the first one in another thread, if it starts that thread's team; nothing else does after this
 * function). A face gets the same bits with any other faces in the call. Answers of an int8 model
 * do not depend on predict_batch; embeddings of a float32 model differ by a relative 1e-6 or so
 * from one predict_batch to another. With mirror=1 an embedding is the mean over the crop and its
 * mirror image. Everything else follows from it. This takes twice the time. auto: 1 if the model's
 * metadata "mirror" is "1", else 0. crop_scale is the side of the crop that CLILE_FACE_POINTS
 * places, as a share of the side in training, about the same centre: landmarks of an automatic
 * locator may lie a little further out than those of training. Not set: the model's metadata
 * "crop_scale", else 1. With precision=bf16 a float32 model's convolutions multiply bf16 numbers:
 * about half the time, with answers a relative 1e-2 or so from those of float32. CORRUPT: the
 * metadata crop_scale is not a number in 0.5 .. 2; STATE: the model is being trained or was never
 * trained; UNSUPPORTED: precision=bf16, and the processor has no bf16 or the model is int8;
 * OUT_OF_MEMORY, BACKEND. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_predictor_create(const clile_model *model,
                                                              const clile_options *options,
                                                              clile_predictor **out);

/* How the face in an image is given. */
enum {
    /* the image is the face, cropped like the training images; resized to the model's image
     * size */
    CLILE_FACE_CROP = 0,
    CLILE_FACE_BOX = 1,   /* a detector's box */
    CLILE_FACE_POINTS = 2 /* landmarks */
};

/* A face; only grows at the end. */
typedef struct clile_face {
    uint32_t struct_size;     /* sizeof(clile_face), the same for all faces of a call */
    int32_t kind;             /* CLILE_FACE_...: which of the fields below are used */
    const clile_image *image; /* faces of one photograph can share it */
    float box[4];             /* left, top, width, height in pixels */
    /* 5: eye centres (first the left one in the image), nose tip, mouth corners; or 68 in
     * Multi-PIE order */
    int32_t points;
    int32_t reserved;
    const float *xy; /* [points,2] x, y in pixels, from the top left corner of the image */
} clile_face;

/* Predicts n faces, of one image or of many. Landmarks align as in training and give the best
 * answers. A box is cropped to the square around its centre with side (1 + box_margin) times its
 * longer side. box_margin is an option of the predictor; 0.22 fits boxes from the forehead to the
 * chin (docs/data.md). Outside the image, its edge is repeated. Outputs as in
 * clile_predictor_run. INVALID_ARGUMENT, with a text that names the first such face and nothing
 * written:
 *   - no image; an invalid format, kind, size, stride or struct_size
 *   - a box that is not finite, is below 8 pixels, or has less than a quarter in the image
 *   - landmarks that are not 5 or 68, not finite, or cannot be a face's: fractions of the image
 *     size instead of pixels, in another order, upside down, outside the image (docs/data.md)
 * Also BACKEND, NOT_FINITE, OUT_OF_MEMORY. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_predictor_run_faces(clile_predictor *predictor,
                                                                 int64_t n, const clile_face *faces,
                                                                 float *probability,
                                                                 int8_t *present, float *embedding);

/* Finds the points of n faces. The model learned them from the targets of its training data (option
 * keep_points), and they have the same order. xy [n,p,2] is in pixels of each face's image, from
 * its top left corner; p is clile_model_point_count. A face is cropped as it is given. With xy NULL
 * the function only checks. With mirror=1 the points of the mirror image are averaged in, if the
 * model knows left-right partners. UNSUPPORTED: the model has no points; other errors as for
 * clile_predictor_run_faces. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_predictor_run_points(clile_predictor *predictor,
                                                                  int64_t n,
                                                                  const clile_face *faces,
                                                                  float *xy /*[n,p,2]*/);

/* Tells whether faces of this kind (CLILE_FACE_...) fit the model: whether its training images were
 * cropped like that. NULL if at least a tenth of them were, or if the model does not know (older
 * files, a training loop of your own). Otherwise a sentence for people that says what the model was
 * trained on and what to give it. Ignore it if you call clile_predictor_run with crops aligned as
 * in training. Static string. Shared. Since 0.1. */
CLILE_API const char *clile_predictor_get_misfit(const clile_predictor *predictor, int32_t kind);

/* Predicts n face crops [n,h,w,3] uint8 RGB. They are used whole, resized to the model's image
 * size if necessary. Any output may be NULL: probability [n,c], present [n,c], embedding [n,d]. n
 * = 0 does nothing, here and below. INVALID_ARGUMENT: n below 0, sides outside 1..65535, a NULL
 * rgb; BACKEND, NOT_FINITE. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_predictor_run(clile_predictor *predictor, int64_t n,
                                                           const uint8_t *rgb, int32_t h, int32_t w,
                                                           float *probability, int8_t *present,
                                                           float *embedding);

/* As clile_predictor_run, for crops that are not tightly packed, such as frames of a video
 * decoder: rows row_stride bytes apart (0: w * 3), images image_stride bytes apart (0: h *
 * row_stride). Rows or images that overlap are INVALID_ARGUMENT, too. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_predictor_run_strided(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h,
                            int32_t w, int64_t row_stride, int64_t image_stride, float *probability,
                            int8_t *present, float *embedding);

/* As clile_predictor_run, with the score, which is the similarity to each AU embedding, instead of
 * the probability. Use it for ROC curves, because probabilities may saturate. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_predictor_run_scores(
    clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h, int32_t w,
    float *score /*[n,c]*/, int8_t *present /*[n,c]*/, float *embedding /*[n,d]*/);

/* The predictor's copy of its model, borrowed until the predictor is destroyed; NULL for NULL.
 * Shared. Since 0.1. */
CLILE_API const clile_model *clile_predictor_get_model(const clile_predictor *predictor);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_predictor_destroy(clile_predictor *predictor);

CLILE_END

#endif
