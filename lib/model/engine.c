/* A batch is cut into parts. The lanes of a team, each with its own executor on one thread, take
 * one part after the other: no layer waits for another thread, and of a thread that others hold up
 * the rest of the team takes the work. */
#include "model/engine.h"

#include "net/share.h"

#include <string.h>

static clile_status create_lane(const clile_model *m, int32_t each, uint8_t bf16, clile_i_lane *out)
{
    CLILE_I_RETURN_IF(clile_i_cropper_init(&out->cropper, m->size, m->standardize));
    if (m->quant)
        return clile_i_qexec_create(m->encoder, m->quant, clile_i_input_mean, each, m->size,
                                    m->packs, &out->qexec);
    return clile_i_exec_create_as(
        m->encoder, each, m->size,
        &(clile_i_exec_options){.mode = CLILE_I_EXEC_INFER, .bf16 = bf16, .packs = m->packs},
        &out->exec);
}

clile_status clile_i_engine_create(const clile_model *model, int32_t batch, uint8_t bf16,
                                   clile_i_engine *out)
{
    clile_status status = CLILE_OK;
    clile_i_engine engine = {.batch = batch};
    clile_i_share share;
    const int32_t team = clile_i_threads_get();
    CLILE_I_TRY(
        clile_i_net_share(model->encoder, batch, model->size, team, model->quant != NULL, &share));
    engine.each = share.each;
    CLILE_I_ALLOC(engine.lanes, share.lanes);
    engine.lane_count = share.lanes;
    if (share.lanes > 1) clile_i_threads_set(1);
    for (int32_t i = 0; i < share.lanes; ++i)
        CLILE_I_TRY(create_lane(model, share.each, bf16, &engine.lanes[i]));
    *out = engine;
    engine = (clile_i_engine){0};
cleanup:
    clile_i_threads_set(team);
    clile_i_engine_free(&engine);
    return status;
}

void clile_i_engine_free(clile_i_engine *engine)
{
    for (int32_t i = 0; engine->lanes != NULL && i < engine->lane_count; ++i) {
        clile_i_exec_destroy(engine->lanes[i].exec);
        clile_i_qexec_destroy(engine->lanes[i].qexec);
        clile_i_cropper_free(&engine->lanes[i].cropper);
    }
    clile_i_free(engine->lanes);
    *engine = (clile_i_engine){0};
}

/* ---- a batch ---- */

typedef struct {
    clile_i_engine *engine;
    int64_t count, d;
    clile_i_engine_load load;
    void *context;
    float *embedding;
} batch_job;

static clile_status run_lane(const batch_job *job, clile_i_lane *lane, int64_t first)
{
    const int64_t each = job->engine->each, left = job->count - first;
    float *embedding = job->embedding + first * job->d;
    CLILE_I_RETURN_IF(job->load(job->context, lane, first, left < each ? left : each));
    return lane->qexec
               ? clile_i_qexec_forward(lane->qexec, embedding)
               : clile_i_exec_forward(lane->exec, clile_i_exec_input(lane->exec), embedding);
}

/* The error text is of this thread, which may be a helper. */
static void run_part(int64_t part, int32_t slot, void *context)
{
    const batch_job *job = context;
    clile_i_lane *lane = &job->engine->lanes[slot];
    const clile_status status = run_lane(job, lane, part * job->engine->each);
    if (status == CLILE_OK || lane->status != CLILE_OK) return;
    lane->status = status;
    lane->failed_part = part;
    strncpy(lane->text, clile_last_error(), sizeof lane->text - 1);
}

/* The failure of the first part that failed. */
static clile_status outcome(const clile_i_engine *engine)
{
    const clile_i_lane *first = NULL;
    for (int32_t i = 0; i < engine->lane_count; ++i) {
        const clile_i_lane *lane = &engine->lanes[i];
        if (lane->status != CLILE_OK && (first == NULL || lane->failed_part < first->failed_part))
            first = lane;
    }
    return first == NULL ? CLILE_OK : clile_i_fail(first->status, "%s", first->text);
}

clile_status clile_i_engine_run(clile_i_engine *engine, int64_t count, int64_t d,
                                clile_i_engine_load load, void *context, float *embedding)
{
    batch_job job = {engine, count, d, load, context, embedding};
    const int64_t parts = (count + engine->each - 1) / engine->each;
    const int32_t team = clile_i_threads_get();
    for (int32_t i = 0; i < engine->lane_count; ++i) engine->lanes[i].status = CLILE_OK;
    if (engine->lane_count == 1) {
        for (int64_t part = 0; part < parts; ++part) run_part(part, 0, &job);
    } else {
        if (team > engine->lane_count) clile_i_threads_set(engine->lane_count);
        clile_i_parallel_parts(parts, run_part, &job);
        clile_i_threads_set(team);
    }
    return outcome(engine);
}
