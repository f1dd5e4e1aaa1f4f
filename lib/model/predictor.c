/* The predictor: one compiled encoder in inference form and the buffers of one batch, all made at creation. */
#include "model/model.h"
#include "image/image.h"

#include <clile/predictor.h>

#include <math.h>
#include <string.h>

struct clile_predictor {
    const clile_model *model; /* retained */
    clile_i_exec *exec;
    int32_t batch, threads;
    uint8_t *stored;   /* one stored crop */
    float *src;        /* [batch,3,size,size] */
    float *embedding;  /* [batch,d] */
    float *score;      /* [batch,c] */
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
    if (model->busy) return clile_i_fail(CLILE_E_STATE, "clile_predictor_create: the model is being trained; finish stage 2 first");
    if (!model->trained) return clile_i_fail(CLILE_E_STATE, "clile_predictor_create: the model has not been trained");
    if (clile_options_is_set(options, CLILE_OPT_BATCH)) CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_BATCH, &batch));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_THREADS, &threads));

    CLILE_I_ALLOC(p, 1);
    clile_i_model_retain(model);
    p->model = model;
    p->batch = (int32_t)batch;
    p->threads = (int32_t)threads;
    const int64_t stored = clile_i_crop_stored(model->size);
    CLILE_I_ALLOC(p->stored, stored * stored * 3);
    CLILE_I_ALLOC(p->src, batch * 3 * model->size * model->size);
    CLILE_I_ALLOC(p->embedding, batch * model->d);
    CLILE_I_ALLOC(p->score, batch * model->c);
    previous = clile_i_threads_set(p->threads);
    status = clile_i_exec_create(model->encoder, p->batch, model->size, CLILE_I_EXEC_INFER, &p->exec);
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
    clile_i_free(predictor->stored);
    clile_i_free(predictor->src);
    clile_i_free(predictor->embedding);
    clile_i_free(predictor->score);
    clile_model_destroy((clile_model *)(uintptr_t)predictor->model);
    clile_i_free(predictor);
}

/* Renders the canonical crop of `image` into slot `slot` of the batch. */
static clile_status load_slot(clile_predictor *p, int32_t slot, const clile_i_image *image, const clile_i_affine *crop_to_src)
{
    const int32_t size = p->model->size, stored = clile_i_crop_stored(size), margin = (stored - size) / 2;
    const clile_i_jitter none = CLILE_I_JITTER_NONE;
    clile_i_affine affine = *crop_to_src; /* the stored crop begins `margin` pixels before the canonical one */
    affine.c -= margin * (affine.a + affine.b);
    affine.f -= margin * (affine.d + affine.e);
    CLILE_I_RETURN_IF(clile_i_image_warp(image, &affine, stored, stored, p->stored));
    clile_i_crop_to_input(p->stored, size, &none, p->src + (int64_t)slot * 3 * size * size);
    return CLILE_OK;
}

/* Runs the loaded batch: embeddings and scores of its first n images. */
static clile_status run_batch(clile_predictor *p, int64_t n)
{
    const int32_t previous = clile_i_threads_set(p->threads);
    const clile_status status = clile_i_exec_forward(p->exec, p->src, p->embedding);
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
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: image of %d x %d pixels, expected sides from 1 to 65535", function, (int)h, (int)w);
    return CLILE_OK;
}

static clile_status run_crops(clile_predictor *p, const char *function, int64_t n, const uint8_t *rgb, int32_t h, int32_t w, const outputs *out)
{
    if (p == NULL) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: predictor is NULL", function);
    if (n < 0) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: n is %lld, expected 0 or more images", function, (long long)n);
    if (n == 0) return CLILE_OK;
    CLILE_I_RETURN_IF(check_image(function, rgb, h, w));
    clile_i_affine affine;
    clile_i_align_whole(h, w, p->model->size, &affine);
    for (int64_t first = 0; first < n; first += p->batch) {
        const int64_t count = n - first < p->batch ? n - first : p->batch;
        for (int64_t k = 0; k < count; ++k) {
            const clile_i_image image = {h, w, (int64_t)w * 3, rgb + (first + k) * h * w * 3, NULL};
            CLILE_I_RETURN_IF(load_slot(p, (int32_t)k, &image, &affine));
        }
        CLILE_I_RETURN_IF(run_batch(p, count));
        deliver(p, first, count, out);
    }
    return CLILE_OK;
}

clile_status clile_predictor_run(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h, int32_t w, float *probability,
                                 int8_t *present, float *embedding)
{
    const outputs out = {probability, NULL, embedding, present};
    return run_crops(predictor, __func__, n, rgb, h, w, &out);
}

clile_status clile_predictor_run_scores(clile_predictor *predictor, int64_t n, const uint8_t *rgb, int32_t h, int32_t w, float *score,
                                        int8_t *present, float *embedding)
{
    const outputs out = {NULL, score, embedding, present};
    return run_crops(predictor, __func__, n, rgb, h, w, &out);
}

static clile_status check_photo(const char *function, const uint8_t *rgb, int32_t h, int32_t w, int64_t row_stride)
{
    CLILE_I_RETURN_IF(check_image(function, rgb, h, w));
    if (row_stride != 0 && row_stride < (int64_t)w * 3)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: row_stride is %lld bytes, expected 0 or at least %lld", function,
                            (long long)row_stride, (long long)w * 3);
    return CLILE_OK;
}

/* One face of a photograph, by the map that cuts it out. */
static clile_status run_face(clile_predictor *p, const clile_i_image *photo, const clile_i_affine *affine, const outputs *out)
{
    CLILE_I_RETURN_IF(load_slot(p, 0, photo, affine));
    CLILE_I_RETURN_IF(run_batch(p, 1));
    deliver(p, 0, 1, out);
    return CLILE_OK;
}

clile_status clile_predictor_run_landmarks(clile_predictor *predictor, const uint8_t *rgb, int32_t h, int32_t w, int64_t row_stride,
                                           int32_t points, const float *xy, float *probability, int8_t *present, float *embedding)
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

clile_status clile_predictor_run_box(clile_predictor *predictor, const uint8_t *rgb, int32_t h, int32_t w, int64_t row_stride,
                                     const float *box, double margin, float *probability, int8_t *present, float *embedding)
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
