/* Points and values of the images of a data set, wherever they are stored. */
#include "data/core.h"

#include <math.h>
#include <string.h>

const clile_i_targets *clile_i_dataset_targets(const clile_dataset *dataset)
{
    return &dataset->core->table.targets;
}

/* The core that holds an image, and its index there. */
static const clile_i_core *find_holder(const clile_dataset *dataset, int64_t index, int64_t *at)
{
    const clile_i_core *core = dataset->core;
    *at = dataset->index[index];
    if (core->holder == NULL) return core;
    const clile_i_core *holder = core->holder[core->holder_of[*at]];
    *at = core->holder_index[*at];
    return holder;
}

/* From pixels of an image to sides of its crop, which `m` maps the other way. */
static void to_crop(const clile_i_affine *m, const double *pixels, float *xy)
{
    const double determinant = m->a * m->e - m->b * m->d, x = pixels[0] - m->c,
                 y = pixels[1] - m->f;
    xy[0] = (float)((m->e * x - m->b * y) / determinant);
    xy[1] = (float)((m->a * y - m->d * x) / determinant);
}

static void fill_unknown(int64_t count, float *values)
{
    for (int64_t k = 0; k < count; ++k) values[k] = NAN;
}

clile_status clile_i_dataset_copy_points(const clile_dataset *dataset, int64_t index, float *xy)
{
    int64_t at = 0, known = 0;
    const clile_i_core *core = find_holder(dataset, index, &at);
    const clile_i_targets *targets = &core->table.targets;
    const int32_t p = dataset->core->table.targets.p;
    if (targets->p == 0) {
        fill_unknown(2 * (int64_t)p, xy);
        return CLILE_OK;
    }
    memcpy(xy, targets->points + 2 * at * p, 2 * (size_t)p * sizeof *xy);
    if (targets->in_crop) return CLILE_OK;
    for (int32_t k = 0; k < p; ++k) known += !clile_i_is_nan((double)xy[2 * k]);
    if (known == 0) return CLILE_OK;
    clile_i_affine m = {0};
    CLILE_I_RETURN_IF(clile_i_crop_place(core, at, &m));
    for (int32_t k = 0; k < p; ++k) {
        const double at_k[2] = {(double)xy[2 * k], (double)xy[2 * k + 1]};
        to_crop(&m, at_k, xy + 2 * k);
    }
    return CLILE_OK;
}

clile_status clile_i_dataset_copy_landmarks(const clile_dataset *dataset, int64_t index, float *xy)
{
    int64_t at = 0;
    clile_i_affine m = {0};
    const clile_i_core *core = find_holder(dataset, index, &at);
    const float *all = core->table.landmarks;
    if (all == NULL || clile_i_is_nan((double)all[at * CLILE_I_LANDMARKS])) {
        fill_unknown(CLILE_I_LANDMARKS, xy);
        return CLILE_OK;
    }
    memcpy(xy, all + at * CLILE_I_LANDMARKS, CLILE_I_LANDMARKS * sizeof *xy);
    if (core->table.pack != NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_crop_place(core, at, &m));
    for (int32_t k = 0; k < CLILE_I_LANDMARKS / 2; ++k) {
        const double at_k[2] = {(double)xy[2 * k], (double)xy[2 * k + 1]};
        to_crop(&m, at_k, xy + 2 * k);
    }
    return CLILE_OK;
}

clile_status clile_i_dataset_copy_five(const clile_dataset *dataset, int64_t index, float *xy)
{
    int64_t at = 0;
    double five[10];
    clile_i_affine m = {0};
    const clile_i_core *core = find_holder(dataset, index, &at);
    CLILE_I_RETURN_IF(clile_i_crop_five(core, at, five, &m));
    for (int k = 0; k < 5; ++k) {
        const double at_k[2] = {five[2 * k], five[2 * k + 1]};
        to_crop(&m, at_k, xy + 2 * k);
    }
    return CLILE_OK;
}

void clile_i_dataset_copy_values(const clile_dataset *dataset, int64_t index, float *values)
{
    int64_t at = 0;
    const clile_i_core *core = find_holder(dataset, index, &at);
    const int32_t v = dataset->core->table.targets.v;
    if (core->table.targets.v == 0)
        fill_unknown(v, values);
    else
        memcpy(values, core->table.targets.values + at * v, (size_t)v * sizeof *values);
}
