/* The five points of each face, for methods that read them: once for all training images, and moved
 * with each crop in each step. */
#include "train/internal.h"

#include <string.h>

enum { ROW = 2 * CLILE_I_FIVE, MOUTH = 3 /* first point of the lower half */ };

void clile_i_trainer_free_faces(clile_trainer *t)
{
    clile_i_train_faces *f = &t->faces;
    clile_i_free(f->five);
    clile_i_free(f->subject_five);
    clile_i_free(f->batch_five);
    memset(f, 0, sizeof *f);
}

static void means_by_subject(clile_trainer *t, int64_t *count)
{
    clile_i_train_faces *f = &t->faces;
    for (int64_t i = 0; i < t->n; ++i) {
        const int32_t s = clile_i_dataset_subject(t->train, i);
        ++count[s];
        for (int k = 0; k < ROW; ++k) f->subject_five[s * ROW + k] += f->five[i * ROW + k];
    }
    for (int32_t s = 0; s < t->s; ++s)
        for (int k = 0; k < ROW && count[s] > 0; ++k)
            f->subject_five[s * ROW + k] /= (float)count[s];
}

clile_status clile_i_trainer_prepare_faces(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    clile_i_train_faces *f = &t->faces;
    int64_t *count = NULL;
    const clile_i_method *method = t->settings.method;
    if (method == NULL || method->points == CLILE_I_POINTS_UNUSED) return CLILE_OK;
    if (t->shapes != NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_create: method=%s reads the points of a face, which "
                            "exchange_shapes moves; set exchange_shapes=0",
                            method->name);
    CLILE_I_ALLOC(f->five, t->n * ROW);
    CLILE_I_ALLOC(f->subject_five, (int64_t)t->s * ROW);
    CLILE_I_ALLOC(f->batch_five, (int64_t)t->shares.rows * ROW);
    CLILE_I_ALLOC(count, t->s);
    for (int64_t i = 0; i < t->n; ++i) {
        status = clile_i_dataset_copy_five(t->train, i, f->five + i * ROW);
        if (status == CLILE_OK) continue;
        status = clile_i_fail_context(
            status == CLILE_E_FORMAT ? CLILE_E_INVALID_ARGUMENT : status,
            "clile_trainer_create: method=%s needs the landmarks of every face", method->name);
        goto cleanup;
    }
    means_by_subject(t, count);
cleanup:
    clile_i_free(count);
    return status;
}

uint32_t clile_i_trainer_crc_of_faces(const clile_trainer *t, uint32_t crc)
{
    if (t->faces.five == NULL) return crc;
    return clile_i_crc32(crc, t->faces.five, (size_t)(t->n * ROW) * sizeof *t->faces.five);
}

/* The points of a place in the step's batch, before halves are exchanged. */
static void points_of(const clile_trainer *t, int64_t slot, float *five)
{
    const clile_i_jitter jitter = clile_i_feed_jitter(t->feed, t->step, slot);
    clile_i_jitter_points(&jitter, CLILE_I_FIVE, t->faces.five + t->images->indices[slot] * ROW,
                          five);
    if (jitter.flip) clile_i_method_swap_sides(five);
}

void clile_i_trainer_next_faces(clile_trainer *t)
{
    const clile_i_train_faces *f = &t->faces;
    const clile_i_shares *s = &t->shares;
    float other[ROW];
    if (f->five == NULL) return;
    for (int32_t k = 0; k < s->rows; ++k) {
        float *five = f->batch_five + (int64_t)k * ROW;
        const int32_t partner = t->exchange ? t->images->partner[s->first + k] : -1;
        points_of(t, s->first + k, five);
        if (partner < 0) continue;
        points_of(t, partner, other); /* a face of two people has the mouth of the second */
        memcpy(five + MOUTH * 2, other + MOUTH * 2, (ROW - MOUTH * 2) * sizeof *five);
    }
    if (clile_i_exec_point_count(t->exec) > 0)
        memcpy(clile_i_exec_points(t->exec), f->batch_five + (int64_t)s->before * ROW,
               (size_t)s->own * ROW * sizeof *f->batch_five);
}
