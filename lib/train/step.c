/* One training step of each stage: batch, forward, losses, backward. */
#include "run/run.h"
#include "train/internal.h"

#include <string.h>

/* Makes two rows of an image whose halves come from two people: the upper AUs with the image's
 * own subject, the lower ones with the partner. A row's weight is its share of the image's coded
 * AUs, so that both add up to the image's mean over its coded AUs. */
static void split_rows(clile_trainer *t)
{
    const int32_t *partner = t->images->partner;
    clile_i_person_rows *r = &t->rows;
    r->n = 0;
    for (int32_t k = 0; k < t->batch; ++k) {
        int32_t coded = 0;
        for (int32_t c = 0; c < t->c; ++c) coded += t->labels[(int64_t)k * t->c + c] >= 0;
        for (int32_t half = 0; half < (partner[k] < 0 ? 1 : 2); ++half) {
            const int32_t owner = half ? partner[k] : k;
            int8_t *labels = r->labels + (int64_t)r->n * t->c;
            int32_t own = 0;
            for (int32_t c = 0; c < t->c; ++c) {
                const int mine = partner[k] < 0 || clile_i_au_is_lower(t->model->au_ids[c]) == half;
                labels[c] = mine ? t->labels[(int64_t)k * t->c + c] : -1;
                own += labels[c] >= 0;
            }
            r->image[r->n] = k;
            r->subject[r->n] = clile_i_dataset_subject(t->train, t->images->indices[owner]);
            r->weight[r->n] = coded ? (float)own / (float)coded : 0.0f;
            r->n += 1;
        }
    }
    /* the loss is a mean over rows */
    for (int32_t i = 0; i < r->n; ++i) r->weight[i] *= (float)r->n / (float)t->batch;
}

/* Gets images, labels and subjects of the next step. */
static clile_status next_batch(clile_trainer *t)
{
    CLILE_I_RETURN_IF(clile_i_feed_get(t->feed, t->step, &t->images));
    const int64_t *indices = t->images->indices;
    const int32_t *partner = t->images->partner;
    for (int32_t k = 0; k < t->batch; ++k) {
        int8_t *labels = t->labels + (int64_t)k * t->c;
        memcpy(labels, clile_i_dataset_labels(t->train, indices[k]), (size_t)t->c);
        t->subject[k] = clile_i_dataset_subject(t->train, indices[k]);
        for (int32_t c = 0; t->exchange && partner[k] >= 0 && c < t->c; ++c)
            if (clile_i_au_is_lower(t->model->au_ids[c]))
                labels[c] = clile_i_dataset_labels(t->train, indices[partner[k]])[c];
    }
    if (t->exchange) split_rows(t);
    return CLILE_OK;
}

static void add_scaled(int64_t count, double scale, const float *src, float *dst)
{
    for (int64_t i = 0; i < count; ++i) dst[i] += (float)scale * src[i];
}

static void multiply(int64_t count, double scale, float *values)
{
    for (int64_t i = 0; i < count; ++i) values[i] *= (float)scale;
}

/* ---- rows: the batch as stage 1 and the mixed loss see it ---- */

/* Gathers the rows' embeddings. Without exchange, the rows are the batch itself (trainer.c). */
static const clile_i_person_rows *gather_rows(clile_trainer *t)
{
    const clile_i_person_rows *r = &t->rows;
    for (int32_t i = 0; t->exchange && i < r->n; ++i)
        memcpy(r->embedding + (int64_t)i * t->d, t->embedding + (int64_t)r->image[i] * t->d,
               (size_t)t->d * sizeof(float));
    return r;
}

/* Adds the rows' gradients to those of their images. */
static void scatter_rows(clile_trainer *t, float *diff)
{
    const clile_i_person_rows *r = &t->rows;
    memset(diff, 0, (size_t)t->batch * (size_t)t->d * sizeof *diff);
    for (int32_t i = 0; i < r->n; ++i)
        add_scaled(t->d, 1, r->diff + (int64_t)i * t->d,
                   diff + (int64_t)(t->exchange ? r->image[i] : i) * t->d);
}

/* ---- stage 1 ---- */

static clile_status losses_stage1(clile_trainer *t, clile_i_losses *losses)
{
    const clile_i_head *ile = &t->head[CLILE_I_HEAD_ILE];
    const clile_i_person_rows *r = gather_rows(t);
    CLILE_I_RETURN_IF(clile_i_loss_stage1(r->n, t->d, t->c, t->s, r->embedding, ile->value,
                                          r->subject, r->labels, t->au_weight, r->weight,
                                          &losses->bce, r->diff, ile->diff));
    scatter_rows(t, t->diff_embedding);
    losses->total = losses->bce;
    return CLILE_OK;
}

/* ---- stage 2: each part writes its own diffs, which are then added with its weight ---- */

static clile_status add_contra(clile_trainer *t, clile_i_losses *losses)
{
    const clile_i_head *au = &t->head[CLILE_I_HEAD_AU], *null = &t->head[CLILE_I_HEAD_NULL];
    const double weight = t->settings.lambda_contra;
    if (weight == 0) return CLILE_OK;
    float *part_null = t->part_au + au->count;
    if (null->count) {
        CLILE_I_RETURN_IF(clile_loss_stage2_null(
            t->batch, t->d, t->c, t->embedding, au->value, null->value, t->labels, t->settings.tau,
            &losses->contra, t->part_embedding, t->part_au, part_null));
        add_scaled(null->count, weight, part_null, null->diff);
    } else {
        CLILE_I_RETURN_IF(clile_loss_stage2(t->batch, t->d, t->c, t->embedding, au->value,
                                            t->labels, t->settings.tau, &losses->contra,
                                            t->part_embedding, t->part_au));
    }
    add_scaled((int64_t)t->batch * t->d, weight, t->part_embedding, t->diff_embedding);
    add_scaled(au->count, weight, t->part_au, au->diff);
    losses->total += weight * losses->contra;
    return CLILE_OK;
}

/* The mixed form. Its gradient by F goes to part_embedding. */
static clile_status mixed_loss(clile_trainer *t, double a, clile_i_losses *losses,
                               double *diff_scale)
{
    clile_i_head *h = t->head;
    const clile_i_settings *set = &t->settings;
    const clile_i_person_rows *r = gather_rows(t);
    const clile_i_mixed mixed = {
        .n = r->n,
        .d = t->d,
        .c = t->c,
        .s = t->s,
        .similarity = set->similarity,
        .embedding = r->embedding,
        .au_embedding = h[CLILE_I_HEAD_AU].value,
        .scale = a,
        .bias = h[CLILE_I_HEAD_BIAS].value,
        .deviation = h[CLILE_I_HEAD_DEVIATION].value,
        .deviation_bias = h[CLILE_I_HEAD_DEVIATION_BIAS].value,
        .subject = r->subject,
        .labels = r->labels,
        .au_weight = t->au_weight,
        .row_weight = r->weight,
        .lambda_deviation = set->lambda_ile,
        .lambda_bias = set->lambda_ile_bias,
        .loss = &losses->bce,
        .diff_embedding = r->diff,
        .diff_au_embedding = t->part_au,
        .diff_scale = diff_scale,
        .diff_bias = h[CLILE_I_HEAD_BIAS].diff,
        .diff_deviation = h[CLILE_I_HEAD_DEVIATION].diff,
        .diff_deviation_bias = h[CLILE_I_HEAD_DEVIATION_BIAS].diff,
    };
    CLILE_I_RETURN_IF(clile_i_loss_mixed(&mixed));
    scatter_rows(t, t->part_embedding);
    return CLILE_OK;
}

static clile_status add_bce(clile_trainer *t, clile_i_losses *losses)
{
    clile_i_head *h = t->head;
    const clile_i_settings *set = &t->settings;
    const double weight = set->lambda_bce;
    if (weight == 0) return CLILE_OK;
    const clile_i_head *au = &h[CLILE_I_HEAD_AU], *bias = &h[CLILE_I_HEAD_BIAS],
                       *scale = &h[CLILE_I_HEAD_SCALE];
    const clile_i_head *deviation = &h[CLILE_I_HEAD_DEVIATION],
                       *deviation_bias = &h[CLILE_I_HEAD_DEVIATION_BIAS];
    const double a = scale->count ? (double)scale->value[0] : 1.0;
    double diff_scale = 0;
    if (deviation->count)
        CLILE_I_RETURN_IF(mixed_loss(t, a, losses, &diff_scale));
    else
        CLILE_I_RETURN_IF(clile_loss_bce(t->batch, t->d, t->c, set->similarity, t->embedding,
                                         au->value, a, bias->value, t->labels, t->au_weight,
                                         &losses->bce, t->part_embedding, t->part_au, &diff_scale,
                                         bias->diff));
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
    clile_i_head *classifier = &t->head[CLILE_I_HEAD_CLASSIFIER],
                 *classifier_bias = &t->head[CLILE_I_HEAD_CLASSIFIER_BIAS];
    const double weight = set->lambda_id;
    if (t->id_exec) {
        CLILE_I_RETURN_IF(clile_i_exec_forward(t->id_exec, t->images->src, t->id_embedding));
        CLILE_I_RETURN_IF(clile_i_identity_part(&t->identity, t->batch, t->labels, t->subject,
                                                t->id_embedding, t->id_embedding));
        CLILE_I_RETURN_IF(set->elimination->pair(t->batch, t->d, t->embedding, t->id_embedding,
                                                 &losses->elimination, t->part_embedding));
    } else if (classifier->count) {
        /* lambda_id scales only the encoder's gradient; the classifier learns at full strength */
        CLILE_I_RETURN_IF(
            clile_loss_adversarial(t->batch, t->d, t->s, t->embedding, classifier->value,
                                   classifier_bias->value, t->subject, &losses->elimination,
                                   t->part_embedding, classifier->diff, classifier_bias->diff));
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
    if (t->own.fn == NULL || t->own.mode == CLILE_LOSS_ADDS) {
        CLILE_I_RETURN_IF(add_contra(t, losses));
        CLILE_I_RETURN_IF(add_bce(t, losses));
        CLILE_I_RETURN_IF(add_elimination(t, losses));
    }
    return t->own.fn != NULL ? clile_i_own_loss_add(t, losses) : CLILE_OK;
}

clile_status clile_i_trainer_step(clile_trainer *t, clile_i_losses *losses)
{
    *losses = (clile_i_losses){0};
    CLILE_I_RETURN_IF(next_batch(t));
    CLILE_I_RETURN_IF(clile_i_exec_forward(t->exec, t->images->src, t->embedding));
    CLILE_I_RETURN_IF(t->stage == 1 ? losses_stage1(t, losses) : losses_stage2(t, losses));
    return clile_i_exec_backward(t->exec, t->diff_embedding);
}

/* ---- which part of F^ID is identity ---- */

typedef struct {
    int64_t d;
    float *embedding; /* [n,d] */
} embedding_sink;

static void take_embeddings(void *context, int64_t first, int64_t count, const float *embedding)
{
    const embedding_sink *to = context;
    memcpy(to->embedding + first * to->d, embedding, (size_t)(count * to->d) * sizeof *embedding);
}

/* F^ID [n,d] of the training images, not augmented, with their labels and subjects. */
static clile_status id_embeddings(clile_trainer *t, float *embedding, int8_t *labels,
                                  int32_t *subject)
{
    const clile_i_encoder encoder = {t->id_exec, t->batch, t->size, t->d};
    CLILE_I_RETURN_IF(clile_i_run_dataset(&encoder, t->train, take_embeddings,
                                          &(embedding_sink){t->d, embedding}));
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
    t->identity =
        (clile_i_identity){.part = t->settings.identity_part, .d = t->d, .c = t->c, .s = t->s};
    if (t->settings.identity_part == CLILE_I_IDENTITY_ALL) return CLILE_OK;
    CLILE_I_ALLOC(embedding, t->n * t->d);
    CLILE_I_ALLOC(labels, t->n * t->c);
    CLILE_I_ALLOC(subject, t->n);
    CLILE_I_TRY(id_embeddings(t, embedding, labels, subject));
    if (t->settings.identity_part == CLILE_I_IDENTITY_RESIDUAL) {
        CLILE_I_ALLOC(t->identity_table, (int64_t)(t->c + 1) * t->d);
        CLILE_I_ALLOC(t->identity_rate, t->c);
        CLILE_I_TRY(clile_i_identity_regression(t->n, t->c, t->d, labels, embedding,
                                                t->identity_table, t->identity_rate));
    } else {
        CLILE_I_ALLOC(t->identity_table, (int64_t)t->s * t->d);
        CLILE_I_TRY(clile_i_identity_subject_means(t->n, t->d, t->s, embedding, subject,
                                                   t->identity_table));
    }
    t->identity.coefficients = t->identity.subject_mean = t->identity_table;
    t->identity.rate = t->identity_rate;
cleanup:
    clile_i_free(embedding);
    clile_i_free(labels);
    clile_i_free(subject);
    return status;
}
