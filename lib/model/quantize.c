/* A float32 model to int8. */
#include "model/crop.h"
#include "model/model.h"

#include <string.h>

/* A model without weights of the same AUs, decision and metadata. */
static clile_status copy_frame(const clile_model *model, clile_model **out)
{
    clile_status status = CLILE_OK;
    clile_options *options = NULL;
    clile_model *copy = NULL;
    CLILE_I_TRY(clile_options_create(&options));
    CLILE_I_TRY(clile_options_set(options, CLILE_OPT_BACKBONE, model->backbone));
    CLILE_I_TRY(clile_options_set(options, CLILE_OPT_SIMILARITY, model->similarity == CLILE_I_DOT ? "dot" : "cosine"));
    CLILE_I_TRY(clile_options_set_f64(options, CLILE_OPT_WIDTH, model->width));
    CLILE_I_TRY(clile_options_set_i64(options, CLILE_OPT_EMBEDDING, model->d));
    CLILE_I_TRY(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, model->size));
    CLILE_I_TRY(clile_options_set_i64(options, CLILE_OPT_NULL_ANCHOR, model->null_anchor));
    CLILE_I_TRY(clile_i_model_create_empty(options, model->c, model->au_ids, 1, &copy));
    const size_t aus = (size_t)model->c * sizeof(float);
    memcpy(copy->au_embedding, model->au_embedding,
           (size_t)(model->c + model->null_anchor) * (size_t)model->d * sizeof(float));
    memcpy(copy->slope, model->slope, aus);
    memcpy(copy->offset, model->offset, aus);
    copy->trained = model->trained;
    for (int32_t i = 0; i < model->metadata_count; ++i)
        CLILE_I_TRY(clile_model_set_metadata(copy, model->metadata[i].key, model->metadata[i].value));
    *out = copy;
    copy = NULL;
cleanup:
    clile_model_destroy(copy);
    clile_options_destroy(options);
    return status;
}

static clile_status calibrate(const clile_model *model, int64_t n, const uint8_t *rgb, int32_t h, int32_t w,
                              clile_i_quant **out)
{
    clile_status status = CLILE_OK;
    clile_i_calibration *calibration = NULL;
    clile_i_cropper cropper = {0};
    float *src = NULL;
    clile_i_affine affine;
    const int64_t size = model->size;
    clile_i_align_whole(h, w, model->size, &affine);
    CLILE_I_TRY(clile_i_cropper_init(&cropper, model->size));
    CLILE_I_ALLOC(src, 3 * size * size);
    CLILE_I_TRY(clile_i_calibration_begin(model->encoder, model->size, &calibration));
    for (int64_t i = 0; i < n; ++i) {
        const clile_i_image image = {h, w, (int64_t)w * 3, rgb + i * h * w * 3, NULL};
        const uint8_t *crop;
        int64_t row_stride;
        CLILE_I_TRY(clile_i_cropper_cut(&cropper, &image, &affine, &crop, &row_stride));
        clile_i_pixels_to_input(crop, row_stride, model->size, src);
        CLILE_I_TRY(clile_i_calibration_observe(calibration, src));
    }
    CLILE_I_TRY(
        clile_i_calibration_finish(calibration, model->encoder, clile_i_input_mean, clile_i_input_deviation, out));
cleanup:
    clile_i_calibration_destroy(calibration);
    clile_i_cropper_free(&cropper);
    clile_i_free(src);
    return status;
}

clile_status clile_model_quantize(const clile_model *model, int64_t n, const uint8_t *rgb, int32_t h, int32_t w,
                                  const clile_options *options, clile_model **out)
{
    clile_status status = CLILE_OK;
    clile_model *copy = NULL;
    clile_i_quant *quant = NULL;
    int64_t threads;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(rgb);
    if (n < 1 || h < 1 || w < 1 || h > 65535 || w > 65535)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: %lld images of %d x %d pixels, expected at least one, with sides from 1 to 65535",
                            __func__, (long long)n, (int)h, (int)w);
    if (model->busy)
        return clile_i_fail(CLILE_E_STATE, "%s: the model is being trained; finish stage 2 first", __func__);
    if (!model->trained) return clile_i_fail(CLILE_E_STATE, "%s: the model has not been trained", __func__);
    if (model->quant) return clile_i_fail(CLILE_E_STATE, "%s: the model is int8 already", __func__);
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_THREADS, &threads));
    CLILE_I_TRY(copy_frame(model, &copy));
    const int32_t previous = clile_i_threads_set((int32_t)threads);
    status = calibrate(model, n, rgb, h, w, &quant);
    clile_i_threads_set(previous);
    if (status != CLILE_OK) goto cleanup;
    clile_i_quant_destroy(copy->quant);
    copy->quant = quant;
    *out = copy;
    copy = NULL;
cleanup:
    clile_model_destroy(copy);
    return status;
}
