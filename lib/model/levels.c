/* How strong an AU is, from its score, fitted after training to coded intensities:
 *     P(intensity >= j) = s(slope score - threshold_j), j = 1..5, thresholds in rising order
 *     expected intensity = sum over j of P(intensity >= j), 0 to 5 */
#include "model/model.h"

#include <math.h>
#include <string.h>

static const char name[] = "intensity";

void clile_i_levels_apply(const clile_model *model, int64_t n, const float *score, float *intensity)
{
    const int64_t c = model->c;
    for (int64_t i = 0; i < n * c; ++i) {
        const float *au = model->levels + i % c;
        double sum = 0.0;
        for (int64_t j = 1; j < CLILE_I_MODEL_LEVELS; ++j)
            sum += 1.0 / (1.0 + exp((double)au[j * c] - (double)au[0] * (double)score[i]));
        intensity[i] = (float)sum;
    }
}

clile_status clile_model_estimate_intensity(const clile_model *model, int64_t n,
                                            const float *embedding, float *intensity)
{
    float score[CLILE_I_MAX_AUS];
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(embedding);
    CLILE_I_CHECK_NOT_NULL(intensity);
    if (n < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: n is %lld, expected 0 or more faces",
                            __func__, (long long)n);
    if (model->levels == NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: the model knows no intensities: its training data had none coded",
                            __func__);
    for (int64_t i = 0; i < n; ++i) {
        clile_i_model_score(model, 1, embedding + i * model->d, score);
        clile_i_levels_apply(model, 1, score, intensity + i * model->c);
    }
    return CLILE_OK;
}

clile_status clile_i_levels_put(clile_i_st_writer *writer, int32_t c, const float *levels)
{
    const int64_t shape[2] = {CLILE_I_MODEL_LEVELS, c};
    return levels ? clile_i_st_writer_add(writer, name, CLILE_I_ST_F32, 2, shape, levels)
                  : CLILE_OK;
}

/* 1: slope above 0, and thresholds that do not fall. */
static int is_ordered(const float *levels, int64_t c, int64_t au)
{
    int fine = levels[au] > 0.0f;
    for (int64_t j = 2; j < CLILE_I_MODEL_LEVELS; ++j)
        fine &= levels[j * c + au] >= levels[(j - 1) * c + au];
    return fine;
}

clile_status clile_i_levels_get(const clile_i_st *st, int32_t c, float **out)
{
    clile_status status = CLILE_OK;
    const int64_t shape[2] = {CLILE_I_MODEL_LEVELS, c};
    float *levels = NULL;
    if (clile_i_st_find(st, name) == NULL) return CLILE_OK;
    CLILE_I_ALLOC(levels, shape[0] * shape[1]);
    CLILE_I_TRY(clile_i_st_copy(st, name, CLILE_I_ST_F32, 2, shape, levels));
    CLILE_I_TRY(clile_i_check_finite(clile_i_st_path(st), name, shape[0] * shape[1], levels));
    for (int32_t k = 0; k < c; ++k) {
        if (is_ordered(levels, c, k)) continue;
        status = clile_i_fail(CLILE_E_FORMAT,
                              "%s: tensor \"%s\", AU %d of %d: expected a slope above 0, then five "
                              "thresholds in rising order",
                              clile_i_st_path(st), name, (int)k + 1, (int)c);
        goto cleanup;
    }
    *out = levels;
    levels = NULL;
cleanup:
    clile_i_free(levels);
    return status;
}
