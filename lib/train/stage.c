/* The state of a stage from its first step to its last: heads, optimiser state, compiled encoders
 * and the feed. */
#include "train/internal.h"
#include "train/ranks.h"

#include <string.h>

/* Which heads a stage has, and their shapes. */
static void shape_heads(clile_trainer *t, int32_t stage)
{
    const int64_t c = t->c, d = t->d, s = t->s;
    const clile_i_settings *set = &t->settings;
    const int bce = set->term[CLILE_I_LOSS_bce] != NULL;
    clile_i_head *h = t->head;
    memset(h, 0, sizeof t->head);
    if (stage == 1) {
        h[CLILE_I_HEAD_ILE] = (clile_i_head){.name = "ile", .ndim = 3, .shape = {s, c, d}};
        return;
    }
    h[CLILE_I_HEAD_AU] = (clile_i_head){.name = "au", .ndim = 2, .shape = {c, d}};
    if (set->null_anchor)
        h[CLILE_I_HEAD_NULL] = (clile_i_head){.name = "null", .ndim = 1, .shape = {d}};
    if (bce && set->similarity == CLILE_I_COSINE)
        h[CLILE_I_HEAD_SCALE] = (clile_i_head){.name = "scale", .ndim = 1, .shape = {1}};
    if (bce) h[CLILE_I_HEAD_BIAS] = (clile_i_head){.name = "bias", .ndim = 1, .shape = {c}};
    for (int32_t i = 0; i < CLILE_I_LOSS_COUNT; ++i) {
        if (set->term[i] == NULL || set->term[i]->heads == NULL) continue;
        const clile_i_step x = clile_i_trainer_view(t, i);
        set->term[i]->heads(&x);
    }
}

/* Lays out the heads of a stage in one flat block of memory. */
static clile_status create_heads(clile_trainer *t, int32_t stage)
{
    clile_status status = CLILE_OK;
    const clile_i_settings *set = &t->settings;
    shape_heads(t, stage);
    int64_t total = 0;
    int32_t present = 0;
    for (int32_t i = 0; i < CLILE_I_HEAD_COUNT; ++i) {
        clile_i_head *h = &t->head[i];
        if (h->ndim == 0) continue;
        CLILE_I_TRY(clile_i_size_product(h->ndim, h->shape, &h->count));
        total += h->count;
        ++present;
    }
    CLILE_I_ALLOC(t->flat, total);
    CLILE_I_ALLOC(t->flat_diff, total);
    CLILE_I_TRY(clile_i_group_create(set, total, t->flat, t->flat_diff, present, &t->vectors));
    total = 0;
    present = 0;
    for (int32_t i = 0; i < CLILE_I_HEAD_COUNT; ++i) {
        clile_i_head *h = &t->head[i];
        if (h->count == 0) continue;
        h->value = t->flat + total;
        h->diff = t->flat_diff + total;
        t->vectors.spans[present++] =
            (clile_i_span){total, h->count, 0.0f, (float)set->au_rate_scale};
        total += h->count;
    }
cleanup:
    return status;
}

/* Initial values. ILEs: the model's AU vectors, for every subject. AU^G: the model's own, or with
 * init_from_stage1 the mean of the ILEs over subjects. Others: 0, or what their term sets. */
static void init_heads(clile_trainer *t, int32_t stage)
{
    const int64_t cd = (int64_t)t->c * t->d;
    const float *au = t->au_start;
    clile_i_head *h = t->head;
    if (h[CLILE_I_HEAD_ILE].count)
        for (int32_t s = 0; s < t->s; ++s)
            memcpy(h[CLILE_I_HEAD_ILE].value + s * cd, au, (size_t)cd * sizeof *au);
    if (h[CLILE_I_HEAD_AU].count) {
        memcpy(h[CLILE_I_HEAD_AU].value, au, (size_t)cd * sizeof *au);
        if (t->settings.init_from_stage1 && t->ile)
            for (int64_t i = 0; i < cd; ++i) {
                double sum = 0;
                for (int32_t s = 0; s < t->s; ++s) sum += (double)t->ile[s * cd + i];
                h[CLILE_I_HEAD_AU].value[i] = (float)(sum / t->s);
            }
    }
    if (h[CLILE_I_HEAD_NULL].count)
        memcpy(h[CLILE_I_HEAD_NULL].value, au + cd, (size_t)t->d * sizeof *au);
    if (h[CLILE_I_HEAD_SCALE].count) h[CLILE_I_HEAD_SCALE].value[0] = 10.0f;
    for (int32_t i = 0; stage == 2 && i < CLILE_I_LOSS_COUNT; ++i) {
        if (t->settings.term[i] == NULL || t->settings.term[i]->start == NULL) continue;
        const clile_i_step x = clile_i_trainer_view(t, i);
        t->settings.term[i]->start(&x);
    }
}

/* The sum of a clile_i_norm_sync. */
static clile_status sum_statistics(void *context, int64_t count, double *values)
{
    return clile_i_ranks_sum_doubles(context, count, values);
}

void clile_i_trainer_synchronise(clile_trainer *t)
{
    if (t->exec == NULL || t->shares.ranks < 2 || !t->settings.sync_batch_norm) return;
    t->sync = (clile_i_norm_sync){t->shares.ranks, sum_statistics, t, CLILE_OK};
    clile_i_exec_synchronise(t->exec, &t->sync);
}

static clile_status create_encoder(clile_trainer *t, const clile_i_net *net)
{
    clile_status status = CLILE_OK;
    int64_t count = 0;
    const clile_i_exec_options options = {.mode = CLILE_I_EXEC_TRAIN,
                                          .bf16 = t->settings.bf16,
                                          .recompute = (uint8_t)t->settings.recompute};
    CLILE_I_TRY(clile_i_exec_create_as(net, t->shares.own, t->size, &options, &t->exec));
    float *value = clile_i_exec_params(t->exec, &count);
    const int32_t segments = clile_i_exec_segment_count(t->exec);
    CLILE_I_TRY(clile_i_group_create(&t->settings, count, value, clile_i_exec_diffs(t->exec),
                                     segments, &t->encoder));
    for (int32_t i = 0; i < segments; ++i) {
        const clile_i_exec_segment *segment = clile_i_exec_segment_at(t->exec, i);
        const float decay = clile_i_net_tensor_at(net, segment->tensor)->decay ? 1.0f : 0.0f;
        t->encoder.spans[i] = (clile_i_span){segment->offset, segment->count, decay, 1.0f};
    }
    clile_i_trainer_synchronise(t);
    if (t->shares.ranks > 1) {
        t->statistics_count = clile_i_exec_statistics(t->exec, 0, NULL);
        CLILE_I_ALLOC(t->statistics, t->statistics_count);
    }
    if (t->shares.parts > 1) {
        CLILE_I_ALLOC(t->sum, count);
        CLILE_I_ALLOC(t->sum_vectors, t->vectors.count);
    }
cleanup:
    return status;
}

/* Each stage has its own seed. */
static clile_status create_feed(clile_trainer *t, int32_t stage)
{
    enum { STAGES = 2 };
    const clile_i_settings *set = &t->settings;
    const clile_i_feed_config config = {.batch = t->batch,
                                        .size = t->size,
                                        .standardize = t->model->standardize,
                                        .augment = set->augment,
                                        .exchange_halves = set->exchange_halves,
                                        .seed = set->seed * STAGES + (uint64_t)(stage - 1),
                                        .workers = set->input_workers,
                                        .rank = t->shares.rank,
                                        .ranks = t->shares.ranks,
                                        .parts = t->shares.parts};
    return clile_i_feed_create(t->train, &config, set->epochs[stage] * t->steps_per_epoch,
                               &t->feed);
}

clile_status clile_i_trainer_begin_stage(clile_trainer *t, int32_t stage)
{
    clile_status status = CLILE_OK;
    const int from_stage1 = stage == 2 && t->settings.init_from_stage1;
    CLILE_I_TRY(create_heads(t, stage));
    init_heads(t, stage);
    if (t->vectors.average)
        memcpy(t->vectors.average, t->flat, (size_t)t->vectors.count * sizeof *t->flat);
    CLILE_I_TRY(create_encoder(t, stage == 1 || from_stage1 ? t->id_net : t->net));
    CLILE_I_TRY(create_feed(t, stage));
    if (stage == 2 && clile_i_settings_use_id_embedding(&t->settings) && !t->decision) {
        /* there are steps left */
        const clile_i_exec_options infer = {.mode = CLILE_I_EXEC_INFER, .bf16 = t->settings.bf16};
        CLILE_I_TRY(clile_i_exec_create_as(t->id_net, t->shares.own, t->size, &infer, &t->id_exec));
    }
    t->stage = stage;
    t->step = 0;
cleanup:
    if (status != CLILE_OK) clile_i_trainer_end_stage(t);
    return status;
}

void clile_i_trainer_end_stage(clile_trainer *t)
{
    clile_i_group_free(&t->encoder);
    clile_i_group_free(&t->vectors);
    clile_i_exec_destroy(t->exec);
    clile_i_exec_destroy(t->id_exec);
    t->exec = t->id_exec = NULL;
    clile_i_free(t->flat);
    clile_i_free(t->flat_diff);
    t->flat = t->flat_diff = NULL;
    clile_i_free(t->sum);
    clile_i_free(t->sum_vectors);
    clile_i_free(t->statistics);
    t->sum = t->sum_vectors = t->statistics = NULL;
    clile_i_free(t->identity_table);
    clile_i_free(t->identity_rate);
    t->identity_table = t->identity_rate = NULL;
    memset(t->head, 0, sizeof t->head);
    clile_i_feed_destroy(t->feed);
    t->feed = NULL;
}
