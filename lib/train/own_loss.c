/* The caller's own loss in stage 2 (clile/experimental_loss.h). */
#include "loss/logits.h"
#include "train/internal.h"

#include <string.h>

static void free_buffers(clile_i_own_loss *own)
{
    clile_i_free(own->place);
    clile_i_free(own->index);
    clile_i_free(own->subject);
    clile_i_free(own->logits);
    clile_i_free(own->diff_logits);
    clile_i_free(own->diff_embedding);
    clile_i_free(own->diff_au);
}

void clile_i_own_loss_free(clile_trainer *t)
{
    free_buffers(&t->own);
    memset(&t->own, 0, sizeof t->own);
}

clile_status clile_i_own_loss_set(clile_trainer *t, int32_t mode, clile_loss_fn fn, void *user)
{
    clile_status status = CLILE_OK;
    clile_i_own_loss own = {.fn = fn, .user = user, .mode = mode};
    if (fn != NULL && mode == CLILE_LOSS_REPLACES && t->settings.keep_points)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_set_loss: a loss that replaces all others learns no "
                            "points, but keep_points=1 keeps them in the model");
    if (fn != NULL && t->shares.ranks > 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_set_loss: a loss of the caller's own sees the images of "
                            "one process only, but there are %d (clile_trainer_set_communicator)",
                            (int)t->shares.ranks);
    if (fn != NULL && t->shares.parts > 1 && t->exchange)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_set_loss: with accumulate=%d a loss sees a part of the "
                            "batch, but exchange_halves pairs images of all of it; set "
                            "exchange_halves=0",
                            (int)t->shares.parts);
    if (fn != NULL) {
        const int32_t rows = t->shares.rows;
        CLILE_I_ALLOC(own.place, t->n);
        CLILE_I_ALLOC(own.index, rows);
        CLILE_I_ALLOC(own.subject, rows);
        CLILE_I_ALLOC(own.logits, (int64_t)rows * t->c);
        CLILE_I_ALLOC(own.diff_logits, (int64_t)rows * t->c);
        CLILE_I_ALLOC(own.diff_embedding, (int64_t)rows * t->d);
        CLILE_I_ALLOC(own.diff_au, (int64_t)t->c * t->d);
        clile_i_dataset_places(t->train, t->data, own.place);
    }
    clile_i_own_loss_free(t);
    t->own = own;
    memset(&own, 0, sizeof own);
cleanup:
    free_buffers(&own);
    return status;
}

clile_status clile_trainer_set_loss(clile_trainer *trainer, int32_t mode, clile_loss_fn fn,
                                    void *user)
{
    CLILE_I_CHECK_NOT_NULL(trainer);
    if (mode != CLILE_LOSS_REPLACES && mode != CLILE_LOSS_ADDS)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: mode is %d, expected CLILE_LOSS_REPLACES (0) or CLILE_LOSS_ADDS "
                            "(1)",
                            __func__, (int)mode);
    if (trainer->stage != 0 || trainer->broken)
        return clile_i_fail(CLILE_E_STATE,
                            "%s: this trainer has run or was resumed; set the loss before that",
                            __func__);
    return clile_i_own_loss_set(trainer, mode, fn, user);
}

const char *clile_i_own_loss_name(const clile_trainer *t)
{
    if (t->own.fn == NULL) return "none";
    return t->own.mode == CLILE_LOSS_ADDS ? "adds" : "replaces";
}

/* ---- a step ---- */

static clile_status check_finite(const char *name, int64_t count, const float *values)
{
    const int64_t at = clile_i_find_not_finite(count, values);
    if (at < 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_NOT_FINITE, "the loss function wrote %g to %s[%lld]",
                        (double)values[at], name, (long long)at);
}

/* Calls the function, and checks what it wrote. */
static clile_status call(clile_i_own_loss *own, clile_loss_batch *batch)
{
    const int64_t n = batch->n, c = batch->c, d = batch->d;
    memset(own->diff_logits, 0, (size_t)(n * c) * sizeof(float));
    memset(own->diff_embedding, 0, (size_t)(n * d) * sizeof(float));
    memset(own->diff_au, 0, (size_t)(c * d) * sizeof(float));
    batch->diff_logits = own->diff_logits;
    batch->diff_embedding = own->diff_embedding;
    batch->diff_au_embedding = own->diff_au;
    const int32_t result = own->fn(batch, own->user);
    if (result != 0)
        return clile_i_fail(CLILE_E_CANCELLED, "the loss function returned %d", (int)result);
    if (!clile_i_is_finite(batch->loss))
        return clile_i_fail(CLILE_E_NOT_FINITE, "the loss function gave the loss %g", batch->loss);
    CLILE_I_RETURN_IF(check_finite("diff_embedding", n * d, own->diff_embedding));
    CLILE_I_RETURN_IF(check_finite("diff_au_embedding", c * d, own->diff_au));
    return check_finite("diff_logits", n * c, own->diff_logits);
}

clile_status clile_i_own_loss_add(clile_trainer *t, clile_i_losses *losses)
{
    clile_i_own_loss *own = &t->own;
    const clile_i_head *au = &t->head[CLILE_I_HEAD_AU], *scale = &t->head[CLILE_I_HEAD_SCALE],
                       *bias = &t->head[CLILE_I_HEAD_BIAS];
    const int32_t rows = t->shares.rows;
    const clile_i_logits z = {.n = rows,
                              .d = t->d,
                              .c = t->c,
                              .similarity = t->settings.similarity,
                              .embedding = t->embedding,
                              .au_embedding = au->value,
                              .scale = scale->count ? (double)scale->value[0] : 1.0,
                              .bias = bias->count ? bias->value : NULL};
    double diff_scale = 0;
    CLILE_I_RETURN_IF(clile_i_logits_forward(&z, own->logits));
    for (int32_t k = 0; k < rows; ++k) {
        own->index[k] = own->place[t->images->indices[t->shares.first + k]];
        own->subject[k] = clile_i_dataset_subject(t->data, own->index[k]);
    }
    clile_loss_batch batch = {.struct_size = (uint32_t)sizeof batch,
                              .n = rows,
                              .d = t->d,
                              .c = t->c,
                              .image_size = t->size,
                              .subjects = clile_dataset_subject_count(t->data),
                              .step = t->step + 1,
                              .steps = t->settings.epochs[2] * t->steps_per_epoch,
                              .index = own->index,
                              .subject = own->subject,
                              .partner = t->exchange ? t->images->partner : NULL,
                              .labels = t->labels,
                              .au_weight = t->au_weight,
                              .input = clile_i_trainer_input(t),
                              .embedding = t->embedding,
                              .au_embedding = au->value,
                              .logits = own->logits};
    CLILE_I_RETURN_IF(call(own, &batch));
    CLILE_I_RETURN_IF(clile_i_logits_backward(&z, own->diff_logits, own->diff_embedding,
                                              own->diff_au, &diff_scale,
                                              bias->count ? bias->diff : NULL));
    if (scale->count) scale->diff[0] += (float)diff_scale;
    for (int64_t i = 0; i < au->count; ++i) au->diff[i] += own->diff_au[i];
    for (int64_t i = 0; i < (int64_t)rows * t->d; ++i)
        t->diff_embedding[i] += own->diff_embedding[i];
    losses->total += batch.loss;
    return CLILE_OK;
}
