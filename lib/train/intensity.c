/* Intensities to learn beside occurrence (loss/ordinal.c), and what the model keeps of them. */
#include "train/history.h"
#include "train/internal.h"

#include <math.h>
#include <string.h>

static int any_coded(const clile_trainer *t)
{
    for (int64_t i = 0; i < t->n; ++i) {
        const int8_t *intensity = clile_i_dataset_intensity(t->train, i);
        if (intensity == NULL) return 0;
        for (int32_t c = 0; c < t->c; ++c)
            if (intensity[c] >= 0) return 1;
    }
    return 0;
}

clile_status clile_i_trainer_prepare_intensity(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    const clile_i_term **term = &t->settings.term[CLILE_I_LOSS_intensity];
    if (*term == NULL) return CLILE_OK;
    if (!any_coded(t)) {
        int32_t asks = 0;
        *term = NULL;
        CLILE_I_RETURN_IF(clile_i_settings_asks(t->options, CLILE_I_LOSS_intensity, &asks));
        if (asks)
            clile_i_log_write(clile_i_trainer_log(t), CLILE_LOG_WARNING,
                              "lambda_intensity=%g has no effect: the training images have no "
                              "intensities, only whether an AU is present",
                              t->settings.weight[CLILE_I_LOSS_intensity]);
        return CLILE_OK;
    }
    CLILE_I_ALLOC(t->intensity, (int64_t)t->shares.rows * t->c);
cleanup:
    return status;
}

uint32_t clile_i_trainer_crc_of_intensity(const clile_trainer *t, uint32_t crc)
{
    for (int64_t i = 0; t->intensity != NULL && i < t->n; ++i)
        crc = clile_i_crc32(crc, clile_i_dataset_intensity(t->train, i), (size_t)t->c);
    return crc;
}

/* P(intensity >= j) = s(e^(p_0) (sign a score + b) - t_j), with a and b of the BCE, becomes one of
 * the score alone. A negative a went into the sign of the model's vectors. */
clile_status clile_i_trainer_keep_levels(const clile_trainer *t, const float *vectors, float **out)
{
    clile_status status = CLILE_OK;
    const clile_i_head *levels = t->head + CLILE_I_HEAD_TERMS +
                                 CLILE_I_LOSS_intensity * CLILE_I_TERM_HEADS,
                       *scale = &t->head[CLILE_I_HEAD_SCALE], *bias = &t->head[CLILE_I_HEAD_BIAS];
    if (t->intensity == NULL || !clile_i_history_has_term(t, 2, CLILE_I_LOSS_intensity))
        return CLILE_OK;
    const double a = scale->count > 0 ? fabs((double)vectors[scale->value - t->flat]) : 1.0;
    CLILE_I_ALLOC(*out, CLILE_I_MODEL_LEVELS * (int64_t)t->c);
    for (int32_t c = 0; c < t->c; ++c) {
        double threshold[CLILE_I_LEVELS];
        const double slope = clile_i_ordinal_thresholds(
            vectors + (levels->value - t->flat) + c * CLILE_I_LEVEL_PARAMETERS, threshold);
        (*out)[c] = (float)(slope * a);
        for (int j = 0; j < CLILE_I_LEVELS; ++j)
            (*out)[(j + 1) * t->c + c] =
                (float)(threshold[j] - slope * (double)vectors[bias->value - t->flat + c]);
    }
cleanup:
    return status;
}
