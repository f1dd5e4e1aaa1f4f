/* How strong an AU is, from the finished score (model/levels.c), where the data have coded
 * intensities. Training does not see them. */
#include "eval/eval.h"
#include "train/internal.h"

#include <math.h>
#include <string.h>

int32_t clile_i_trainer_is_graded(const clile_trainer *t)
{
    for (int64_t i = 0; i < t->n; ++i) {
        const int8_t *intensity = clile_i_dataset_intensity(t->train, i);
        if (intensity == NULL) return 0;
        for (int32_t c = 0; c < t->c; ++c)
            if (intensity[c] >= 0) return 1;
    }
    return 0;
}

uint32_t clile_i_trainer_crc_of_intensity(const clile_trainer *t, uint32_t crc)
{
    for (int64_t i = 0; t->graded && i < t->n; ++i)
        crc = clile_i_crc32(crc, clile_i_dataset_intensity(t->train, i), (size_t)t->c);
    return crc;
}

/* The rule of an AU without coded intensities: present from the second level on, as the model
 * decides, and its levels 1 apart. */
static void assume(const clile_model *model, int32_t au, float *levels)
{
    levels[au] = model->slope[au];
    for (int j = 1; j < CLILE_I_MODEL_LEVELS; ++j)
        levels[j * model->c + au] = (float)(j - 2) - model->offset[au];
}

clile_status clile_i_trainer_fit_levels(const clile_trainer *t, const float *score,
                                        const clile_model *model, float *levels)
{
    clile_status status = CLILE_OK;
    const int32_t c = t->c;
    int8_t *intensity = NULL;
    CLILE_I_ALLOC(intensity, t->n * c);
    for (int64_t i = 0; i < t->n; ++i)
        memcpy(intensity + i * c, clile_i_dataset_intensity(t->train, i), (size_t)c);
    CLILE_I_TRY(clile_i_calibrate_levels(t->n, c, score, intensity, levels, levels + c));
    for (int32_t au = 0; au < c; ++au) {
        int coded = 0;
        for (int64_t i = 0; i < t->n && !coded; ++i) coded = intensity[i * c + au] >= 0;
        if (!coded) {
            assume(model, au, levels);
            continue;
        }
        levels[au] = fmaxf(levels[au], 1e-6f); /* 0: the scores carry no information */
        float least = -INFINITY;
        for (int j = 1; j < CLILE_I_MODEL_LEVELS; ++j)
            least = levels[j * c + au] = fmaxf(-levels[j * c + au], least);
    }
cleanup:
    clile_i_free(intensity);
    return status;
}
