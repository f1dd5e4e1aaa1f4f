/* Memory of a compiled net. Training keeps all activations for the backward pass and plans
 * gradients by their lifetimes. Inference plans activations by theirs. */
#include "net/exec.h"
#include "net/plan.h"

/* ---- training -------------------------------------------------------------------------------- */

/* Gradient blocks of a value, one for each of its one or two readers. */
typedef struct {
    int32_t block[2], count;
} value_diffs;

typedef struct {
    clile_i_plan list;
    value_diffs *diffs;
    int32_t *residual, *source; /* blocks of each unit's diff_residual and diff_src; -1: none */
} training_plan;

/* Places the outputs of convolutions and of their norms. If max pooling follows, the norm's output
 * exists only pooled. */
static clile_status place_activations(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    const clile_i_net *net = exec->net;
    int64_t total = clile_i_plan_rounded(exec->pool.dst.count);
    for (int32_t i = 0; i < exec->unit_count; ++i)
        total += clile_i_plan_rounded(exec->units[i].dst.count) +
                 clile_i_plan_rounded(exec->layouts[clile_i_net_after(net, i)].count);
    CLILE_I_ALLOC(exec->activations, total);
    if (net->pooled >= 0) CLILE_I_ALLOC(exec->stem.index, exec->pool.dst.count);
    float *at = exec->activations;
    exec->values[CLILE_I_VALUE_IMAGE] = exec->image;
    for (int32_t i = 0; i < exec->unit_count; ++i) { /* in order of use */
        clile_i_exec_unit *u = &exec->units[i];
        const int32_t value = clile_i_net_after(net, i);
        u->pre = at;
        at += clile_i_plan_rounded(u->dst.count);
        exec->values[value] = at;
        at += clile_i_plan_rounded(exec->layouts[value].count);
    }
    exec->stem.winner = at;
cleanup:
    return status;
}

static void add_diff(value_diffs *diffs, int32_t block)
{
    diffs->block[diffs->count++] = block;
}

/* Follows the backward pass step by step: which gradients are written and read when. A unit's
 * first gradient becomes, in place, the one before its norm; the second becomes its residual's. */
static void plan_gradients(const clile_i_exec *exec, training_plan *plan)
{
    clile_i_plan *list = &plan->list;
    int32_t step = 0;
    add_diff(&plan->diffs[exec->value_count - 1],
             clile_i_plan_add(list, exec->layouts[exec->value_count - 1].count, step));
    for (int32_t i = exec->unit_count - 1; i >= 0; --i) {
        const clile_i_unit *unit = exec->units[i].unit;
        value_diffs *dst = &plan->diffs[unit->dst];
        ++step;
        if (clile_i_net_pools(exec->net, i)) { /* from the gradient after pooling to that before
                                                * the norm */
            value_diffs *pooled = &plan->diffs[exec->net->pooled];
            for (int32_t k = 0; k < pooled->count; ++k)
                clile_i_plan_use(list, pooled->block[k], step);
            add_diff(dst, clile_i_plan_add(list, exec->layouts[unit->dst].count, step));
        }
        for (int32_t k = 0; k < dst->count; ++k) clile_i_plan_use(list, dst->block[k], step);
        plan->residual[i] = -1;
        if (unit->residual >= 0) {
            plan->residual[i] = dst->count > 1
                                    ? dst->block[1]
                                    : clile_i_plan_add(list, exec->layouts[unit->dst].count, step);
            add_diff(&plan->diffs[unit->residual], plan->residual[i]);
        }
        plan->source[i] = -1;
        if (unit->src != CLILE_I_VALUE_IMAGE) {
            plan->source[i] = clile_i_plan_add(list, exec->layouts[unit->src].count, step);
            add_diff(&plan->diffs[unit->src], plan->source[i]);
        }
    }
}

static float *block_at(const clile_i_exec *exec, const training_plan *plan, int32_t block)
{
    return block < 0 ? NULL : exec->gradients + plan->list.blocks[block].offset;
}

static float *diff_at(const clile_i_exec *exec, const training_plan *plan, int32_t value,
                      int32_t which)
{
    const value_diffs *diffs = &plan->diffs[value];
    return block_at(exec, plan, which < diffs->count ? diffs->block[which] : -1);
}

static clile_status bind_unit(clile_i_exec *exec, const training_plan *plan, int32_t i)
{
    clile_i_exec_unit *u = &exec->units[i];
    const clile_i_unit *unit = u->unit;
    float *diff_dst = diff_at(exec, plan, unit->dst, 0);
    u->norm.src = u->pre;
    u->norm.dst = exec->values[unit->dst];
    u->norm.residual = unit->residual >= 0 ? exec->values[unit->residual] : NULL;
    u->norm.partial = exec->partial;
    u->norm.diff_dst = diff_dst;
    u->norm.diff_dst_more = diff_at(exec, plan, unit->dst, 1);
    u->norm.diff_src = diff_dst;
    u->norm.diff_residual = block_at(exec, plan, plan->residual[i]);
    const clile_i_exec_segment *weights = &exec->segments[u->segment];
    const clile_i_conv_buffers buffers = {.src = exec->values[unit->src],
                                          .weights = exec->params + weights->offset,
                                          .dst = u->pre,
                                          .diff_dst = diff_dst,
                                          .diff_weights = exec->diffs + weights->offset,
                                          .diff_src = block_at(exec, plan, plan->source[i]),
                                          .scratch = exec->scratch};
    return clile_i_conv_bind(u->conv, &buffers);
}

static void bind_stem(clile_i_exec *exec, const training_plan *plan, int32_t pooled)
{
    exec->stem.norm = exec->units[0].norm;
    exec->stem.pool = exec->pool;
    exec->stem.dst = exec->values[pooled];
    exec->stem.diff_dst = diff_at(exec, plan, pooled, 0);
    exec->stem.diff_dst_more = diff_at(exec, plan, pooled, 1);
    exec->stem.diff_src = diff_at(exec, plan, exec->units[0].unit->dst, 0);
}

clile_status clile_i_exec_plan_training(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    training_plan plan = {0};
    const int32_t most = 2 * exec->unit_count + 2;
    CLILE_I_TRY(clile_i_plan_init(&plan.list, most));
    CLILE_I_ALLOC(plan.diffs, exec->value_count);
    CLILE_I_ALLOC(plan.residual, exec->unit_count);
    CLILE_I_ALLOC(plan.source, exec->unit_count);
    CLILE_I_TRY(place_activations(exec));
    plan_gradients(exec, &plan);
    CLILE_I_ALLOC(exec->gradients, clile_i_plan_place(&plan.list));
    exec->diff_last = diff_at(exec, &plan, exec->value_count - 1, 0);
    for (int32_t i = 0; i < exec->unit_count; ++i) CLILE_I_TRY(bind_unit(exec, &plan, i));
    if (exec->net->pooled >= 0) bind_stem(exec, &plan, exec->net->pooled);
cleanup:
    clile_i_plan_free(&plan.list);
    clile_i_free(plan.diffs);
    clile_i_free(plan.residual);
    clile_i_free(plan.source);
    return status;
}

/* ---- inference ------------------------------------------------------------------------------- */

clile_status clile_i_exec_plan_inference(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    int64_t *count = NULL, *offset = NULL, total = 0; /* floats */
    CLILE_I_ALLOC(count, exec->value_count);
    CLILE_I_ALLOC(offset, exec->value_count);
    for (int32_t v = 0; v < exec->value_count; ++v) count[v] = exec->layouts[v].count;
    CLILE_I_TRY(clile_i_plan_values(exec->net, count, offset, &total));
    CLILE_I_ALLOC(exec->activations, total);
    exec->values[CLILE_I_VALUE_IMAGE] = exec->image;
    for (int32_t v = 1; v < exec->value_count; ++v) exec->values[v] = exec->activations + offset[v];
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        clile_i_exec_unit *u = &exec->units[i];
        const clile_i_conv_buffers buffers = {.src = exec->values[u->unit->src],
                                              .weights = u->folded_weights,
                                              .bias = u->folded_bias,
                                              .dst = exec->values[u->unit->dst],
                                              .scratch = exec->scratch};
        CLILE_I_TRY(clile_i_conv_bind(u->conv, &buffers));
    }
cleanup:
    clile_i_free(count);
    clile_i_free(offset);
    return status;
}
