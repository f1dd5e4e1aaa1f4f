/* The predictor: one compiled encoder in inference form and the buffers of one batch, all made at creation. */
#include "model/crop.h"
#include "model/model.h"

#include <clile/predictor.h>

#include <math.h>
#include <string.h>

struct clile_predictor {
    const clile_model *model; /* retained */
    clile_i_exec *exec;       /* float32 */
    clile_i_qexec *qexec;     /* or int8 */
    int32_t batch, threads;
    clile_i_cropper cropper;
    float *embedding; /* [batch,d] */
    float *score;     /* [batch,c] */
};

clile_status clile_predictor_create(const clile_model *model, const clile_options *options, clile_predictor **out)
{
    clile_status status = CLILE_OK;
    clile_predictor *p = NULL;
    int64_t batch = 1, threads;
    int32_t previous = 0;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    if (model->busy)
        return clile_i_fail(CLILE_E_STATE, "clile_predictor_create: the model is being trained; finish stage 2 first");
    if (!model->trained) return clile_i_fail(CLILE_E_STATE, "clile_predictor_create: the model has not been trained");
    if (clile_options_is_set(options, CLILE_OPT_BATCH))
        CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_BATCH, &batch));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_THREADS, &threads));

    CLILE_I_ALLOC(p, 1);
    clile_i_model_retain(model);
    p->model = model;
    p->batch = (int32_t)batch;
    p->threads = (int32_t)threads;
    CLILE_I_TRY(clile_i_cropper_init(&p->cropper, model->size));
    CLILE_I_ALLOC(p->embedding, batch * model->d);
    CLILE_I_ALLOC(p->score, batch * model->c);
    previous = clile_i_threads_set(p->threads);
    if (model->quant)
        status = clile_i_qexec_create(model->encoder, model->quant, clile_i_input_mean, p->batch, model->size,
                                      model->packs, &p->qexec);
    else
        status = clile_i_exec_create_shared(model->encoder, p->batch, model->size, model->packs, &p->exec);
    clile_i_threads_set(previous);
    if (status != CLILE_OK) goto cleanup;
    *out = p;
    p = NULL;
cleanup:
    clile_predictor_destroy(p);
    return status;
}

void clile_predictor_destroy(clile_predictor *predictor)
{
    if (predictor == NULL) return;
    clile_i_exec_destroy(predictor->exec);
    clile_i_qexec_destroy(predictor->qexec);
    clile_i_cropper_free(&predictor->cropper);
    clile_i_free(predictor->embedding);
    clile_i_free(predictor->score);
    clile_model_destroy((clile_model *)(uintptr_t)predictor->model);
    clile_i_free(predictor);
}

/* Puts the canonical crop of `image` into slot `slot` of the batch. */
static clile_status load_slot(clile_predictor *p, int32_t slot, const clile_i_image *image,
                              const clile_i_affine *crop_to_src)
{
    const int64_t size = p->model->size;
    const uint8_t *rgb;
    int64_t row_stride;
    CLILE_I_RETURN_IF(clile_i_cropper_cut(&p->cropper, image, crop_to_src, &rgb, &row_stride));
    if (p->qexec)
        clile_i_qexec_set_image(p->qexec, slot, rgb, row_stride);
    else
        clile_i_pixels_to_input(rgb, row_stride, p->model->size, clile_i_exec_input(p->exec) + slot * 3 * size * size);
    return CLILE_OK;
}

/* Runs the loaded batch: embeddings and scores of its first n images. */
static clile_status run_batch(clile_predictor *p, int64_t n)
{
    const int32_t previous = clile_i_threads_set(p->threads);
    const clile_status status = p->qexec ? clile_i_qexec_forward(p->qexec, p->embedding)
                                         : clile_i_exec_forward(p->exec, clile_i_exec_input(p->exec), p->embedding);
    clile_i_threads_set(previous);
    if (status != CLILE_OK) return status;
    clile_i_model_score(p->model, n, p->embedding, p->score);
    for (int64_t i = 0; i < n * p->model->c; ++i)
        if (!isfinite(p->score[i])) return clile_i_fail(CLILE_E_NOT_FINITE, "prediction: a score is not finite");
    return CLILE_OK;
}

typedef struct {
    float *probability, *score, *embedding;
    int8_t *present;
} outputs;

static void deliver(const clile_predictor *p, int64_t first, int64_t n, const outputs *out)
{
    const int64_t c = p->model->c, d = p->model->d;
    if (out->probability || out->present)
        clile_i_model_decide(p->model, n, p->score, out->probability ? out->probability + first * c : NULL,
                             out->present ? out->present + first * c : NULL);
    if (out->score) memcpy(out->score + first * c, p->score, (size_t)(n * c) * sizeof(float));
    if (out->embedding) memcpy(out->embedding + first * d, p->embedding, (size_t)(n * d) * sizeof(float));
}

static clile_status check_image(const char *function, const uint8_t *rgb, int32_t h, int32_t w)
{
    if (rgb == NULL) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: rgb is NULL", function);
    if (h < 1 || w < 1 || h > 65535 || w > 65535)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: image of %d x %d pixels, expected sides from 1 to 65535",
                            function, (int)h, (int)w);
    return CLILE_OK;
}

static clile_status check_photo(const char *function, const uint8_t *rgb, int32_t h, int32_t w, int64_t row_stride)
{
    CLILE_I_RETURN_IF(check_image(function, rgb, h, w));
    if (row_stride != 0 && row_stride < (int64_t)w * 3)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: row_stride is %lld bytes, expected 0 or at least %lld",
                            function, (long long)row_stride, (long long)w * 3);
    return CLILE_OK;
}

/* n images of h x w pixels at rgb. */
typedef struct {
    int64_t n;
    const uint8_t *rgb;
    int32_t h, w;
    int64_t row_stride, image_stride; /* bytes */
} crops;

static clile_status run_crops(clile_predictor *p, const crops *in, const outputs *out)
{
    clile_i_affine affine;
    clile_i_align_whole(in->h, in->w, p->model->size, &affine);
    for (int64_t first = 0; first < in->n; first += p->batch) {
        const int64_t count = in->n - first < p->batch ? in->n - first : p->batch;
        for (int64_t k = 0; k < count; ++k) {
            const clile_i_image image = {in->h, in->w, in->row_stride, in->rgb + (first + k) * in->image_stride, NULL};
            CLILE_I_RETURN_IF(load_slot(p, (int32_t)k, &image, &affine));
        }
        CLILE_I_RETURN_IF(run_batch(p, count));
        deliver(p, first, count, out);
    }
    return CLILE_OK;
}

/* Strides of 0: tightly packed. */
static clile_status check_and_run_crops(clile_predictor *p, const char *function, const crops *in, const outputs *out)
{
    crops packed = *in;
    if (p == NULL) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: predictor is NULL", function);
    if (in->n < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: n is %lld, expected 0 or more images", function,
                            (long long)in->n);
    if (in->n == 0) return CLILE_OK;
    CLILE_I_RETURN_IF(check_photo(function, in->rgb, in->h, in->w, in->row_stride));
    if (packed.row_stride == 0) packed.row_stride = (int64_t)in->w * 3;
    if (packed.row_stride > INT64_MAX / in->h)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: row_stride is %lld bytes, more than can be addressed",
                            function, (long long)packed.row_stride);
    const int64_t least = (in->h - 1) * packed.row_stride + (int64_t)in->w * 3;
    if (packed.image_stride == 0) packed.image_stride = in->h * packed.row_stride;
    if (packed.image_stride < least || packed.image_stride > INT64_MAX / in->n)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: image_stride is %lld bytes, expected 0 or at least %lld",
                            function, (long long)packed.image_stride, (long long)least);
    return run_crops(p, &packed, out);
}

clile_status clile_predictor_run(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h, int32_t w,
                                 float *probability, int8_t *present, float *embedding)
{
    const outputs out = {probability, NULL, embedding, present};
    return check_and_run_crops(predictor, __func__, &(crops){n, rgb, h, w, 0, 0}, &out);
}

clile_status clile_predictor_run_strided(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h,
                                         int32_t w, int64_t row_stride, int64_t image_stride, float *probability,
                                         int8_t *present, float *embedding)
{
    const outputs out = {probability, NULL, embedding, present};
    return check_and_run_crops(predictor, __func__, &(crops){n, rgb, h, w, row_stride, image_stride}, &out);
}

clile_status clile_predictor_run_scores(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h, int32_t w,
                                        float *score, int8_t *present, float *embedding)
{
    const outputs out = {NULL, score, embedding, present};
    return check_and_run_crops(predictor, __func__, &(crops){n, rgb, h, w, 0, 0}, &out);
}

/* One face of a photograph, by the map that cuts it out. */
static clile_status run_face(clile_predictor *p, const clile_i_image *photo, const clile_i_affine *affine,
                             const outputs *out)
{
    CLILE_I_RETURN_IF(load_slot(p, 0, photo, affine));
    CLILE_I_RETURN_IF(run_batch(p, 1));
    deliver(p, 0, 1, out);
    return CLILE_OK;
}

clile_status clile_predictor_run_landmarks(clile_predictor *predictor, const uint8_t *rgb, int32_t h, int32_t w,
                                           int64_t row_stride, int32_t points, const float *xy, float *probability,
                                           int8_t *present, float *embedding)
{
    double landmarks[2 * 68];
    clile_i_affine affine;
    CLILE_I_CHECK_NOT_NULL(predictor);
    CLILE_I_CHECK_NOT_NULL(xy);
    CLILE_I_RETURN_IF(check_photo(__func__, rgb, h, w, row_stride));
    if (points != 5 && points != 68)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %d landmarks, expected 5 or 68", __func__, (int)points);
    for (int32_t i = 0; i < 2 * points; ++i) landmarks[i] = (double)xy[i];
    CLILE_I_RETURN_IF(clile_i_align_landmarks(points, landmarks, predictor->model->size, &affine));
    const clile_i_image image = {h, w, row_stride ? row_stride : (int64_t)w * 3, rgb, NULL};
    const outputs out = {probability, NULL, embedding, present};
    return run_face(predictor, &image, &affine, &out);
}

clile_status clile_predictor_run_box(clile_predictor *predictor, const uint8_t *rgb, int32_t h, int32_t w,
                                     int64_t row_stride, const float *box, double margin, float *probability,
                                     int8_t *present, float *embedding)
{
    clile_i_affine affine;
    CLILE_I_CHECK_NOT_NULL(predictor);
    CLILE_I_CHECK_NOT_NULL(box);
    CLILE_I_RETURN_IF(check_photo(__func__, rgb, h, w, row_stride));
    const double sides[4] = {(double)box[0], (double)box[1], (double)box[2], (double)box[3]};
    CLILE_I_RETURN_IF(clile_i_align_box(sides, margin, h, w, predictor->model->size, &affine));
    const clile_i_image image = {h, w, row_stride ? row_stride : (int64_t)w * 3, rgb, NULL};
    const outputs out = {probability, NULL, embedding, present};
    return run_face(predictor, &image, &affine, &out);
}
