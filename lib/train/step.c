/* One training step of each stage: batch, forward, losses, backward. */
#include "train/internal.h"

#include <string.h>

enum { AUGMENT_STREAM = 2 }; /* the two stages draw from different streams */

static uint64_t stage_seed(const clile_trainer *t) { return t->settings.seed * AUGMENT_STREAM + (uint64_t)(t->stage - 1); }

/* Loads the images, labels and subjects of the next step into the trainer's buffers. */
static clile_status next_batch(clile_trainer *t)
{
    const int64_t epoch = t->step / t->steps_per_epoch;
    if (epoch != t->order_epoch) {
        clile_i_sampler_order(t->n, stage_seed(t), epoch, t->order);
        t->order_epoch = epoch;
    }
    const int64_t *indices = t->order + (t->step % t->steps_per_epoch) * t->batch;
    for (int32_t k = 0; k < t->batch; ++k) {
        memcpy(t->labels + (int64_t)k * t->c, clile_i_dataset_labels(t->train, indices[k]), (size_t)t->c);
        t->subject[k] = clile_i_dataset_subject(t->train, indices[k]);
    }
    return clile_i_batch_load(t->train, t->batch, indices, t->size, &t->settings.augment, stage_seed(t), t->step, t->src);
}

static void add_scaled(int64_t count, double scale, const float *src, float *dst)
{
    for (int64_t i = 0; i < count; ++i) dst[i] += (float)scale * src[i];
}

static void multiply(int64_t count, double scale, float *values)
{
    for (int64_t i = 0; i < count; ++i) values[i] *= (float)scale;
}

/* ---- stage 1 ---- */

static clile_status losses_stage1(clile_trainer *t, clile_i_losses *losses)
{
    const clile_i_head *ile = &t->head[CLILE_I_HEAD_ILE];
    CLILE_I_RETURN_IF(clile_loss_stage1(t->batch, t->d, t->c, t->s, t->embedding, ile->value, t->subject, t->labels, t->au_weight,
                                        &losses->bce, t->diff_embedding, ile->diff));
    losses->total = losses->bce;
    return CLILE_OK;
}

/* ---- stage 2: each part writes diffs of its own, which are added with its weight ---- */

static clile_status add_contra(clile_trainer *t, clile_i_losses *losses)
{
    const clile_i_head *au = &t->head[CLILE_I_HEAD_AU], *null = &t->head[CLILE_I_HEAD_NULL];
    const double weight = t->settings.lambda_contra;
    if (weight == 0) return CLILE_OK;
    float *part_null = t->part_au + au->count;
    if (null->count) {
        CLILE_I_RETURN_IF(clile_loss_stage2_null(t->batch, t->d, t->c, t->embedding, au->value, null->value, t->labels, t->settings.tau,
                                                 &losses->contra, t->part_embedding, t->part_au, part_null));
        add_scaled(null->count, weight, part_null, null->diff);
    } else {
        CLILE_I_RETURN_IF(clile_loss_stage2(t->batch, t->d, t->c, t->embedding, au->value, t->labels, t->settings.tau, &losses->contra,
                                            t->part_embedding, t->part_au));
    }
    add_scaled((int64_t)t->batch * t->d, weight, t->part_embedding, t->diff_embedding);
    add_scaled(au->count, weight, t->part_au, au->diff);
    losses->total += weight * losses->contra;
    return CLILE_OK;
}

static clile_status add_bce(clile_trainer *t, clile_i_losses *losses)
{
    clile_i_head *h = t->head;
    const clile_i_settings *set = &t->settings;
    const double weight = set->lambda_bce;
    if (weight == 0) return CLILE_OK;
    const clile_i_head *au = &h[CLILE_I_HEAD_AU], *bias = &h[CLILE_I_HEAD_BIAS], *scale = &h[CLILE_I_HEAD_SCALE];
    const clile_i_head *deviation = &h[CLILE_I_HEAD_DEVIATION], *deviation_bias = &h[CLILE_I_HEAD_DEVIATION_BIAS];
    const double a = scale->count ? (double)scale->value[0] : 1.0;
    double diff_scale = 0;
    if (deviation->count)
        CLILE_I_RETURN_IF(clile_loss_mixed(t->batch, t->d, t->c, t->s, set->similarity, t->embedding, au->value, a, bias->value,
                                           deviation->value, deviation_bias->value, t->subject, t->labels, t->au_weight, set->lambda_ile,
                                           set->lambda_ile_bias, &losses->bce, t->part_embedding, t->part_au, &diff_scale, bias->diff,
                                           deviation->diff, deviation_bias->diff));
    else
        CLILE_I_RETURN_IF(clile_loss_bce(t->batch, t->d, t->c, set->similarity, t->embedding, au->value, a, bias->value, t->labels,
                                         t->au_weight, &losses->bce, t->part_embedding, t->part_au, &diff_scale, bias->diff));
    add_scaled((int64_t)t->batch * t->d, weight, t->part_embedding, t->diff_embedding);
    add_scaled(au->count, weight, t->part_au, au->diff);
    if (scale->count) scale->diff[0] = (float)(weight * diff_scale);
    multiply(bias->count, weight, bias->diff);
    multiply(deviation->count, weight, deviation->diff);
    multiply(deviation_bias->count, weight, deviation_bias->diff);
    losses->total += weight * losses->bce;
    return CLILE_OK;
}

static clile_status add_elimination(clile_trainer *t, clile_i_losses *losses)
{
    const clile_i_settings *set = &t->settings;
    clile_i_head *classifier = &t->head[CLILE_I_HEAD_CLASSIFIER], *classifier_bias = &t->head[CLILE_I_HEAD_CLASSIFIER_BIAS];
    const double weight = set->lambda_id;
    if (t->id_exec) {
        CLILE_I_RETURN_IF(clile_i_exec_forward(t->id_exec, t->src, t->id_embedding));
        CLILE_I_RETURN_IF(clile_i_identity_part(&t->identity, t->batch, t->labels, t->subject, t->id_embedding, t->id_embedding));
        CLILE_I_RETURN_IF(set->elimination->pair(t->batch, t->d, t->embedding, t->id_embedding, &losses->elimination, t->part_embedding));
    } else if (classifier->count) {
        /* lambda_id scales what reaches the encoder; the classifier itself learns at full strength */
        CLILE_I_RETURN_IF(clile_loss_adversarial(t->batch, t->d, t->s, t->embedding, classifier->value, classifier_bias->value, t->subject,
                                                 &losses->elimination, t->part_embedding, classifier->diff, classifier_bias->diff));
    } else {
        return CLILE_OK;
    }
    add_scaled((int64_t)t->batch * t->d, weight, t->part_embedding, t->diff_embedding);
    losses->total += weight * losses->elimination;
    return CLILE_OK;
}

static clile_status losses_stage2(clile_trainer *t, clile_i_losses *losses)
{
    memset(t->diff_embedding, 0, (size_t)t->batch * (size_t)t->d * sizeof *t->diff_embedding);
    memset(t->flat_diff, 0, (size_t)t->vectors.count * sizeof *t->flat_diff);
    CLILE_I_RETURN_IF(add_contra(t, losses));
    CLILE_I_RETURN_IF(add_bce(t, losses));
    return add_elimination(t, losses);
}

clile_status clile_i_trainer_step(clile_trainer *t, clile_i_losses *losses)
{
    *losses = (clile_i_losses){0};
    CLILE_I_RETURN_IF(next_batch(t));
    CLILE_I_RETURN_IF(clile_i_exec_forward(t->exec, t->src, t->embedding));
    CLILE_I_RETURN_IF(t->stage == 1 ? losses_stage1(t, losses) : losses_stage2(t, losses));
    return clile_i_exec_backward(t->exec, t->diff_embedding);
}

/* ---- which part of F^ID is identity ---- */

/* F^ID [n,d] of the training images, not augmented, and their labels and subjects. */
static clile_status id_embeddings(clile_trainer *t, float *embedding, int8_t *labels, int32_t *subject)
{
    for (int64_t first = 0; first < t->n; first += t->batch) {
        const int64_t count = t->n - first < t->batch ? t->n - first : t->batch;
        for (int64_t k = 0; k < t->batch; ++k) t->order[k] = first + (k < count ? k : 0);
        CLILE_I_RETURN_IF(clile_i_batch_load(t->train, t->batch, t->order, t->size, NULL, 0, 0, t->src));
        CLILE_I_RETURN_IF(clile_i_exec_forward(t->id_exec, t->src, t->id_embedding));
        memcpy(embedding + first * t->d, t->id_embedding, (size_t)(count * t->d) * sizeof *embedding);
    }
    for (int64_t i = 0; i < t->n; ++i) {
        memcpy(labels + i * t->c, clile_i_dataset_labels(t->train, i), (size_t)t->c);
        subject[i] = clile_i_dataset_subject(t->train, i);
    }
    return CLILE_OK;
}

clile_status clile_i_trainer_prepare_identity(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    float *embedding = NULL;
    int8_t *labels = NULL;
    int32_t *subject = NULL;
    t->identity = (clile_i_identity){.part = t->settings.identity_part, .d = t->d, .c = t->c, .s = t->s};
    if (t->settings.identity_part == CLILE_I_IDENTITY_ALL) return CLILE_OK;
    CLILE_I_ALLOC(embedding, t->n * t->d);
    CLILE_I_ALLOC(labels, t->n * t->c);
    CLILE_I_ALLOC(subject, t->n);
    CLILE_I_TRY(id_embeddings(t, embedding, labels, subject));
    if (t->settings.identity_part == CLILE_I_IDENTITY_RESIDUAL) {
        CLILE_I_ALLOC(t->identity_table, (int64_t)(t->c + 1) * t->d);
        CLILE_I_ALLOC(t->identity_rate, t->c);
        CLILE_I_TRY(clile_i_identity_regression(t->n, t->c, t->d, labels, embedding, t->identity_table, t->identity_rate));
    } else {
        CLILE_I_ALLOC(t->identity_table, (int64_t)t->s * t->d);
        CLILE_I_TRY(clile_i_identity_subject_means(t->n, t->d, t->s, embedding, subject, t->identity_table));
    }
    t->identity.coefficients = t->identity.subject_mean = t->identity_table;
    t->identity.rate = t->identity_rate;
cleanup:
    clile_i_free(embedding);
    clile_i_free(labels);
    clile_i_free(subject);
    return status;
}
