/* Points and values to learn besides the AUs (docs/method.md). They are standardised once over the
 * training images, and move with each crop in each step. */
#include "train/internal.h"

#include <math.h>
#include <string.h>

/* Sides of the crop that count as 1: about how far a point of a face is from its mean place. */
static const double POINT_SCALE = 0.05;

void clile_i_trainer_free_targets(clile_trainer *t)
{
    clile_i_train_targets *g = &t->targets;
    clile_i_free(g->points);
    clile_i_free(g->values);
    clile_i_free(g->point_mean);
    clile_i_free(g->column);
    clile_i_free(g->value_mean);
    clile_i_free(g->value_scale);
    clile_i_free(g->batch_points);
    clile_i_free(g->batch_values);
    clile_i_free(g->moved);
    clile_i_free(g->shaped);
    memset(g, 0, sizeof *g);
}

/* ---- once ---- */

static clile_status check_mirror(const clile_trainer *t, const char *what, const int32_t *mirror)
{
    if (mirror != NULL || !t->settings.augment.flip) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "clile_trainer_create: augment_flip=1 mirrors half of the images, but the "
                        "targets of the data set have no %s_mirror; add it or set augment_flip=0",
                        what);
}

static clile_status prepare_points(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    clile_i_train_targets *g = &t->targets;
    int64_t *known = NULL;
    const int64_t row = 2 * (int64_t)g->p;
    CLILE_I_RETURN_IF(check_mirror(t, "points", clile_i_dataset_targets(t->train)->points_mirror));
    CLILE_I_ALLOC(known, g->p);
    CLILE_I_ALLOC(g->points, t->n * row);
    CLILE_I_ALLOC(g->point_mean, row);
    CLILE_I_ALLOC(g->batch_points, t->shares.rows * row);
    CLILE_I_ALLOC(g->moved, row);
    CLILE_I_ALLOC(g->shaped, row);
    for (int64_t i = 0; i < t->n; ++i) {
        float *xy = g->points + i * row;
        CLILE_I_TRY(clile_i_dataset_copy_points(t->train, i, xy));
        for (int32_t k = 0; k < g->p; ++k) {
            if (clile_i_is_nan((double)xy[2 * k])) continue;
            ++known[k];
            g->point_mean[2 * k] += (double)xy[2 * k];
            g->point_mean[2 * k + 1] += (double)xy[2 * k + 1];
        }
    }
    for (int32_t k = 0; k < g->p; ++k) {
        if (known[k] == 0) {
            status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                  "clile_trainer_create: point %d of the targets is known in none "
                                  "of the %lld training images; leave it out",
                                  (int)k, (long long)t->n);
            goto cleanup;
        }
        g->point_mean[2 * k] /= (double)known[k];
        g->point_mean[2 * k + 1] /= (double)known[k];
    }
cleanup:
    clile_i_free(known);
    return status;
}

/* Mean of a column, and 1 / standard deviation (0 if the column is constant or never known). */
static void describe_column(const float *values, int64_t n, int64_t stride, double *mean,
                            double *scale)
{
    double sum = 0, squares = 0;
    int64_t known = 0;
    for (int64_t i = 0; i < n; ++i)
        if (!clile_i_is_nan((double)values[i * stride])) {
            sum += (double)values[i * stride];
            ++known;
        }
    *mean = known > 0 ? sum / (double)known : 0;
    for (int64_t i = 0; i < n; ++i)
        if (!clile_i_is_nan((double)values[i * stride])) {
            const double from = (double)values[i * stride] - *mean;
            squares += from * from;
        }
    const double deviation = known > 0 ? sqrt(squares / (double)known) : 0;
    /* the rounding of a constant to float32 is not variation */
    *scale = deviation > 1e-12 && deviation > 1e-7 * fabs(*mean) ? 1 / deviation : 0;
}

static clile_status prepare_values(clile_trainer *t, int32_t all)
{
    clile_status status = CLILE_OK;
    clile_i_train_targets *g = &t->targets;
    CLILE_I_RETURN_IF(check_mirror(t, "values", clile_i_dataset_targets(t->train)->values_mirror));
    g->all = all;
    CLILE_I_ALLOC(g->values, t->n * all);
    CLILE_I_ALLOC(g->column, all);
    CLILE_I_ALLOC(g->value_mean, all);
    CLILE_I_ALLOC(g->value_scale, all);
    for (int64_t i = 0; i < t->n; ++i)
        clile_i_dataset_copy_values(t->train, i, g->values + i * all);
    for (int32_t k = 0; k < all; ++k) {
        double mean = 0, scale = 0;
        describe_column(g->values + k, t->n, all, &mean, &scale);
        if (scale == 0) continue;
        g->column[g->v] = k;
        g->value_mean[g->v] = mean;
        g->value_scale[g->v] = scale;
        ++g->v;
    }
    CLILE_I_ALLOC(g->batch_values, (int64_t)t->shares.rows * g->v);
cleanup:
    return status;
}

clile_status clile_i_trainer_prepare_targets(clile_trainer *t)
{
    const clile_i_targets *kind = clile_i_dataset_targets(t->train);
    const clile_i_term **term = t->settings.term;
    if (term[CLILE_I_LOSS_points] != NULL && kind->p > 0) {
        t->targets.p = kind->p;
        CLILE_I_RETURN_IF(prepare_points(t));
    }
    if (term[CLILE_I_LOSS_values] != NULL && kind->v > 0)
        CLILE_I_RETURN_IF(prepare_values(t, kind->v));
    if (t->targets.p == 0) term[CLILE_I_LOSS_points] = NULL;
    if (t->targets.v == 0) term[CLILE_I_LOSS_values] = NULL;
    if (t->settings.keep_points && t->targets.p == 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_create: keep_points=1, but there are no points to "
                            "learn: the data set needs targets with points (option targets), and "
                            "lambda_points must be above 0");
    return CLILE_OK;
}

uint32_t clile_i_trainer_crc_of_targets(const clile_trainer *t, uint32_t crc)
{
    const clile_i_train_targets *g = &t->targets;
    if (g->p > 0)
        crc = clile_i_crc32(crc, g->points, 2 * (size_t)(t->n * g->p) * sizeof *g->points);
    if (g->v > 0) crc = clile_i_crc32(crc, g->values, (size_t)(t->n * g->all) * sizeof *g->values);
    return crc;
}

/* The inverse of put_points: W F + b of the standardised coordinates becomes one in sides. */
clile_status clile_i_trainer_keep_points(const clile_trainer *t, const float *vectors,
                                         clile_i_points *out)
{
    const clile_i_head *head =
        t->head + CLILE_I_HEAD_TERMS + CLILE_I_LOSS_points * CLILE_I_TERM_HEADS;
    const int32_t *mirror = clile_i_dataset_targets(t->train)->points_mirror;
    if (!t->settings.keep_points) return CLILE_OK;
    const float *weight = vectors + (head[0].value - t->flat),
                *bias = vectors + (head[1].value - t->flat);
    CLILE_I_RETURN_IF(clile_i_points_create(t->targets.p, t->d, mirror != NULL, out));
    for (int64_t i = 0; i < head[0].count; ++i)
        out->weight[i] = (float)(POINT_SCALE * (double)weight[i]);
    for (int64_t i = 0; i < head[1].count; ++i)
        out->bias[i] = (float)(POINT_SCALE * (double)bias[i] + t->targets.point_mean[i]);
    if (mirror != NULL) memcpy(out->mirror, mirror, (size_t)t->targets.p * sizeof *mirror);
    return CLILE_OK;
}

/* ---- each step ---- */

/* Point k of a mirrored face is where its partner has moved. */
static void put_points(const clile_trainer *t, int64_t image, int64_t slot,
                       const clile_i_jitter *jitter, float *out)
{
    const clile_i_train_targets *g = &t->targets;
    const int32_t *mirror = jitter->flip ? clile_i_dataset_targets(t->train)->points_mirror : NULL;
    const float *own = g->points + 2 * image * g->p;
    clile_i_exchange exchange;
    if (clile_i_feed_exchange(t->feed, t->step, slot, image, &exchange)) {
        memcpy(g->shaped, own, 2 * (size_t)g->p * sizeof *own);
        clile_i_field_move(&exchange.field, g->p, g->shaped);
        own = g->shaped;
    }
    clile_i_jitter_points(jitter, g->p, own, g->moved);
    for (int32_t k = 0; k < g->p; ++k) {
        const float *from = g->moved + 2 * (mirror != NULL ? mirror[k] : k);
        for (int axis = 0; axis < 2; ++axis)
            out[2 * k + axis] =
                (float)(((double)from[axis] - g->point_mean[2 * k + axis]) / POINT_SCALE);
    }
}

static void put_values(const clile_trainer *t, int64_t image, const clile_i_jitter *jitter,
                       float *out)
{
    const clile_i_train_targets *g = &t->targets;
    const int32_t *mirror = jitter->flip ? clile_i_dataset_targets(t->train)->values_mirror : NULL;
    const float *from = g->values + image * g->all;
    for (int32_t k = 0; k < g->v; ++k) {
        const int32_t column = mirror != NULL ? mirror[g->column[k]] : g->column[k];
        out[k] = (float)(((double)from[column] - g->value_mean[k]) * g->value_scale[k]);
    }
}

void clile_i_trainer_next_targets(clile_trainer *t)
{
    clile_i_train_targets *g = &t->targets;
    const int64_t row = 2 * (int64_t)g->p;
    for (int32_t k = 0; k < t->shares.rows; ++k) {
        float *points = g->batch_points + k * row, *values = g->batch_values + (int64_t)k * g->v;
        const int64_t slot = t->shares.first + k, image = t->images->indices[slot];
        if (t->exchange && t->images->partner[slot] >= 0) { /* an image of two people has none */
            for (int64_t i = 0; i < row; ++i) points[i] = NAN;
            for (int32_t i = 0; i < g->v; ++i) values[i] = NAN;
            continue;
        }
        const clile_i_jitter jitter = clile_i_feed_jitter(t->feed, t->step, slot);
        if (g->p > 0) put_points(t, image, slot, &jitter, points);
        if (g->v > 0) put_values(t, image, &jitter, values);
    }
}
