/* Converts a float32 model to int8. */
#include "model/crop.h"
#include "model/model.h"

static clile_status calibrate(const clile_model *model, int64_t n, const uint8_t *rgb, int32_t h,
                              int32_t w, clile_i_quant **out)
{
    clile_status status = CLILE_OK;
    clile_i_calibration *calibration = NULL;
    clile_i_cropper cropper = {0};
    float *src = NULL;
    clile_i_affine affine;
    const int64_t size = model->size;
    clile_i_align_whole(h, w, model->size, &affine);
    CLILE_I_TRY(clile_i_cropper_init(&cropper, model->size, model->standardize));
    CLILE_I_ALLOC(src, 3 * size * size);
    CLILE_I_TRY(clile_i_calibration_begin(model->encoder, model->size, &calibration));
    for (int64_t i = 0; i < n; ++i) {
        const clile_i_image image = {
            .h = h, .w = w, .row_stride = (int64_t)w * 3, .rgb = rgb + i * h * w * 3};
        const uint8_t *crop;
        int64_t row_stride;
        CLILE_I_TRY(clile_i_cropper_cut(&cropper, &image, &affine, &crop, &row_stride));
        clile_i_pixels_to_input(crop, row_stride, model->size, src);
        CLILE_I_TRY(clile_i_calibration_observe(calibration, src));
    }
    CLILE_I_TRY(clile_i_calibration_finish(calibration, model->encoder, clile_i_input_mean,
                                           clile_i_input_deviation, out));
cleanup:
    clile_i_calibration_destroy(calibration);
    clile_i_cropper_free(&cropper);
    clile_i_free(src);
    return status;
}

clile_status clile_model_quantize(const clile_model *model, int64_t n, const uint8_t *rgb,
                                  int32_t h, int32_t w, const clile_options *options,
                                  clile_model **out)
{
    clile_status status = CLILE_OK;
    clile_model *copy = NULL;
    clile_i_quant *quant = NULL;
    int64_t threads;
    int32_t told = 0;
    const clile_i_log log = clile_i_options_log(options);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(rgb);
    if (n < 1 || h < 1 || w < 1 || h > 65535 || w > 65535)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "%s: %lld images of %d x %d pixels, expected at least one, with sides from 1 to 65535",
            __func__, (long long)n, (int)h, (int)w);
    if (model->busy)
        return clile_i_fail(CLILE_E_STATE, "%s: the model is being trained; finish stage 2 first",
                            __func__);
    if (!model->trained)
        return clile_i_fail(CLILE_E_STATE, "%s: the model has not been trained", __func__);
    if (model->quant) return clile_i_fail(CLILE_E_STATE, "%s: the model is already int8", __func__);
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_THREADS, &threads));
    CLILE_I_TRY(clile_i_model_copy_frame(model, &copy));
    CLILE_I_TRY(clile_i_net_create_bare(clile_i_net_get_config(model->encoder), &copy->encoder));
    CLILE_I_TRY(clile_i_packs_create(&copy->packs));
    const clile_i_team before = clile_i_team_enter((int32_t)threads);
    clile_i_log_team(log, (int32_t)threads, before, &told);
    status = calibrate(model, n, rgb, h, w, &quant);
    clile_i_team_leave(before);
    if (status != CLILE_OK) goto cleanup;
    clile_i_log_write(log, CLILE_LOG_INFO, "int8 model made, measured on %lld images",
                      (long long)n);
    copy->quant = quant;
    *out = copy;
    copy = NULL;
cleanup:
    clile_model_destroy(copy);
    return status;
}
