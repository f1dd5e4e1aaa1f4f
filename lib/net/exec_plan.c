/* Memory of a compiled net, planned by lifetimes. Training keeps activations until their backward
 * pass: with recompute those between stretches of nodes (in memory of their own), otherwise all but
 * those that are cheap to make again. */
#include "net/exec.h"
#include "net/plan.h"

/* ---- training -------------------------------------------------------------------------------- */

/* How many arrays of a value's gradient there are to add up: two if the operation that makes the
 * value adds them itself. Gradients of further readers are added to the last array at once. */
typedef struct {
    int32_t block[2], count;
} value_diffs;

/* Of a node: blocks of its gradients; -1: none. */
typedef struct {
    int32_t inner, source[CLILE_I_MOST_SOURCES], add_to[CLILE_I_MOST_SOURCES];
} node_diffs;

typedef struct {
    clile_i_plan list;
    value_diffs *values;
    node_diffs *nodes;
    uint8_t *most; /* arrays of each value: 1 or 2 */
    /* Of each node: blocks of what it keeps and makes; -1: they have memory of their own */
    int32_t *kept, *made;
} training_plan;

static void place_inputs(clile_i_exec *exec)
{
    exec->values[CLILE_I_VALUE_IMAGE] = exec->image;
    if (exec->points != NULL) exec->values[CLILE_I_VALUE_POINTS] = exec->points;
}

/* Whether later nodes read only node i's value of all that were made so far. last: the last reader
 * of each value; -1: none. */
static int is_cut(const clile_i_exec *exec, int32_t i, const int32_t *last)
{
    for (int32_t k = 0; k < i; ++k)
        if (last[exec->runs[k].node->dst] > i) return 0;
    return 1;
}

/* Cuts the net into stretches. One that keeps nothing shares nothing: there is no memory to win. */
static clile_status find_stretches(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    int32_t *last = NULL, first = 0;
    exec->resident = -1;
    if (!exec->recompute) return CLILE_OK;
    CLILE_I_ALLOC(last, exec->value_count);
    CLILE_I_ALLOC(exec->stretches, exec->node_count);
    for (int32_t v = 0; v < exec->value_count; ++v) last[v] = -1;
    for (int32_t i = 0; i < exec->node_count; ++i)
        for (int32_t k = 0; k < exec->runs[i].node->src_count; ++k)
            last[exec->runs[i].node->src[k]] = i;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        if (!is_cut(exec, i, last)) continue;
        const uint8_t shares = first < i || exec->runs[i].kept_count > 0;
        exec->stretches[exec->stretch_count++] = (clile_i_exec_stretch){first, i, shares};
        first = i + 1;
    }
cleanup:
    clile_i_free(last);
    return status;
}

/* Places of what nodes keep and make, from the start of the activations. */
typedef struct {
    int64_t kept, dst;
} node_place;

/* The nodes of a stretch, the values that stay from *fixed on, the shared ones from 0 on. Returns
 * the end of the latter. */
static int64_t place_stretch(const clile_i_exec *exec, const clile_i_exec_stretch *stretch,
                             int64_t *fixed, node_place *places)
{
    int64_t shared = 0;
    for (int32_t i = stretch->first; i <= stretch->last; ++i) {
        const clile_i_op_run *run = &exec->runs[i];
        int64_t *kept = stretch->shares ? &shared : fixed;
        int64_t *dst = stretch->shares && i < stretch->last ? &shared : fixed;
        places[i].kept = *kept;
        *kept += clile_i_plan_rounded(run->kept_count);
        places[i].dst = *dst;
        *dst += clile_i_plan_rounded(run->dst.count);
    }
    return shared;
}

/* Places what each node keeps and makes, in order of use: first what stays until the backward pass,
 * then the memory that stretches share. */
static clile_status place_activations(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    const clile_i_exec_stretch *stretches = exec->stretches;
    const int32_t count = exec->stretch_count;
    node_place *places = NULL;
    int64_t fixed = 0, most = 0;
    CLILE_I_ALLOC(places, exec->node_count);
    for (int32_t s = 0; s < count; ++s) {
        const int64_t shared = place_stretch(exec, &stretches[s], &fixed, places);
        most = shared > most ? shared : most;
    }
    exec->activation_count = fixed + most;
    CLILE_I_ALLOC(exec->activations, exec->activation_count);
    for (int32_t s = 0; s < count; ++s)
        for (int32_t i = stretches[s].first; i <= stretches[s].last; ++i) {
            const int shares = stretches[s].shares;
            float *shared = exec->activations + fixed;
            exec->runs[i].kept = (shares ? shared : exec->activations) + places[i].kept;
            exec->values[exec->runs[i].node->dst] =
                (shares && i < stretches[s].last ? shared : exec->activations) + places[i].dst;
        }
cleanup:
    clile_i_free(places);
    return status;
}

/* The only reader of a node's value, and by which source; -1: it has several or none. */
static int32_t only_reader(const clile_i_exec *exec, int32_t i, int32_t *source)
{
    int32_t reader = -1, count = 0;
    for (int32_t r = i + 1; r < exec->node_count; ++r)
        for (int32_t k = 0; k < exec->runs[r].node->src_count; ++k) {
            if (exec->runs[r].node->src[k] != exec->runs[i].node->dst) continue;
            reader = r;
            *source = k;
            ++count;
        }
    return count == 1 ? reader : -1;
}

/* Whether a node's value need not live from the forward pass to the backward pass: the forward pass
 * leaves it to its reader, and the backward pass makes it again if its reader's reads it. */
static int is_remade(const clile_i_exec *exec, int32_t i, int32_t *reader, int *again)
{
    const clile_i_node *node = exec->runs[i].node;
    int32_t source = 0;
    *reader = only_reader(exec, i, &source);
    if (node->op->remake == NULL || node->src_count > 1 || node->has_inner || *reader < 0) return 0;
    *again = source == 0 || source != exec->runs[*reader].node->op->in_place;
    return 1;
}

/* What nodes keep and make lives until their backward pass: then gradients take its place. Steps of
 * the forward pass are below 0. */
static void plan_activations(clile_i_exec *exec, training_plan *plan)
{
    const int32_t n = exec->node_count;
    for (int32_t v = 0; v < exec->value_count; ++v) exec->remade_by[v] = -1;
    for (int32_t i = 0; i < n; ++i) {
        const clile_i_op_run *run = &exec->runs[i];
        int32_t reader = -1;
        int again = 0;
        plan->kept[i] = plan->made[i] = -1;
        if (exec->recompute) continue;
        plan->kept[i] = clile_i_plan_add(&plan->list, run->kept_count, i - n);
        clile_i_plan_use(&plan->list, plan->kept[i], n - i);
        plan->made[i] = clile_i_plan_add(&plan->list, run->dst.count, i - n);
        const int remade = is_remade(exec, i, &reader, &again);
        clile_i_plan_use(&plan->list, plan->made[i], remade ? reader - n : n - i);
        if (!remade || !again) continue;
        clile_i_plan_revive(&plan->list, plan->made[i], n - reader, n - reader);
        exec->remade_by[run->node->dst] = i;
    }
}

/* Plans the gradient by source k of node i. It is written in `step`. */
static void plan_source(const clile_i_exec *exec, training_plan *plan, int32_t i, int32_t k,
                        int32_t step)
{
    const clile_i_node *node = exec->runs[i].node;
    const int32_t value = node->src[k];
    value_diffs *dst = &plan->values[node->dst], *src = &plan->values[value];
    const int takes_over = k > 0 && k == node->op->in_place && dst->count > 1;
    const int32_t block = takes_over
                              ? dst->block[1]
                              : clile_i_plan_add(&plan->list, exec->layouts[value].count, step);
    plan->nodes[i].source[k] = block;
    if (src->count < plan->most[value]) {
        src->block[src->count++] = block;
        return;
    }
    plan->nodes[i].add_to[k] = src->block[src->count - 1]; /* lives until the maker's step */
}

/* Follows the backward pass step by step: which gradients are written and read when. */
static clile_status plan_gradients(const clile_i_exec *exec, training_plan *plan)
{
    clile_i_plan *list = &plan->list;
    const clile_i_op_run *last = &exec->runs[exec->node_count - 1];
    plan->values[last->node->dst].block[0] = clile_i_plan_add(list, last->dst.count, 0);
    plan->values[last->node->dst].count = 1;
    for (int32_t i = exec->node_count - 1; i >= 0; --i) {
        const clile_i_node *node = exec->runs[i].node;
        const value_diffs *dst = &plan->values[node->dst];
        node_diffs *own = &plan->nodes[i];
        const int32_t step = exec->node_count - i;
        if (dst->count == 0)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "net: node %d (%s) has no reader", (int)i,
                                node->op->name);
        own->inner = node->has_inner ? clile_i_plan_add(list, exec->runs[i].inner.count, step) : -1;
        for (int32_t k = 0; k < dst->count; ++k) clile_i_plan_use(list, dst->block[k], step);
        for (int32_t k = CLILE_I_MOST_SOURCES - 1; k >= 0; --k) {
            own->source[k] = own->add_to[k] = -1;
            if (k < node->src_count && node->src[k] >= clile_i_net_inputs(exec->net))
                plan_source(exec, plan, i, k, step);
        }
    }
    return CLILE_OK;
}

static float *block_at(const clile_i_exec *exec, const training_plan *plan, int32_t block)
{
    return block < 0 ? NULL : exec->gradients + plan->list.blocks[block].offset;
}

/* Tells a node where its arrays are. */
static void point(clile_i_exec *exec, const training_plan *plan, int32_t i)
{
    clile_i_op_run *run = &exec->runs[i];
    const clile_i_node *node = run->node;
    const value_diffs *dst = &plan->values[node->dst];
    const node_diffs *own = &plan->nodes[i];
    run->dst_data = exec->values[node->dst];
    run->diff_dst = block_at(exec, plan, dst->block[0]);
    run->diff_dst_more = block_at(exec, plan, dst->count > 1 ? dst->block[1] : -1);
    run->diff_inner = block_at(exec, plan, own->inner);
    for (int32_t k = 0; k < node->src_count; ++k) {
        run->src_data[k] = exec->values[node->src[k]];
        run->diff_src[k] = block_at(exec, plan, own->source[k]);
        exec->add_to[i][k] = block_at(exec, plan, own->add_to[k]);
    }
}

clile_status clile_i_exec_plan_training(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    training_plan plan = {0};
    /* of each node: what it keeps and makes, the gradients by each source and by inner; and the
     * first */
    CLILE_I_TRY(clile_i_plan_init(&plan.list, exec->node_count * (CLILE_I_MOST_SOURCES + 3) + 1));
    CLILE_I_ALLOC(plan.values, exec->value_count);
    CLILE_I_ALLOC(plan.nodes, exec->node_count);
    CLILE_I_ALLOC(plan.most, exec->value_count);
    CLILE_I_ALLOC(plan.kept, exec->node_count);
    CLILE_I_ALLOC(plan.made, exec->node_count);
    CLILE_I_ALLOC(exec->remade_by, exec->value_count);
    CLILE_I_ALLOC(exec->add_to, exec->node_count);
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_node *node = exec->runs[i].node;
        plan.most[node->dst] = node->op->adds_diffs ? 2 : 1;
    }
    CLILE_I_TRY(find_stretches(exec));
    if (exec->recompute) CLILE_I_TRY(place_activations(exec));
    place_inputs(exec);
    plan_activations(exec, &plan);
    CLILE_I_TRY(plan_gradients(exec, &plan));
    exec->gradient_count = clile_i_plan_place(&plan.list);
    CLILE_I_ALLOC(exec->gradients, exec->gradient_count);
    for (int32_t i = 0; i < exec->node_count && !exec->recompute; ++i) {
        exec->runs[i].kept = block_at(exec, &plan, plan.kept[i]);
        exec->values[exec->runs[i].node->dst] = block_at(exec, &plan, plan.made[i]);
    }
    for (int32_t i = 0; i < exec->node_count; ++i) point(exec, &plan, i);
    exec->diff_last = exec->runs[exec->node_count - 1].diff_dst;
cleanup:
    clile_i_plan_free(&plan.list);
    clile_i_free(plan.values);
    clile_i_free(plan.nodes);
    clile_i_free(plan.most);
    clile_i_free(plan.kept);
    clile_i_free(plan.made);
    return status;
}

/* ---- inference ------------------------------------------------------------------------------- */

/* Whether node i reads a float32 copy of its source k. */
static int is_widened(const clile_i_exec *exec, int32_t i, int32_t k)
{
    const clile_i_op_run *run = &exec->runs[i];
    return exec->layouts[run->node->src[k]].bf16 && !run->src[k].bf16;
}

/* Makes room for the copies of one node at a time, and for one of the last value. */
static clile_status place_widened(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    const clile_i_dnn_layout *last = &exec->runs[exec->node_count - 1].dst;
    int64_t most = last->bf16 ? last->count : 0;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_op_run *run = &exec->runs[i];
        int64_t total = 0;
        for (int32_t k = 0; k < run->node->src_count; ++k)
            if (is_widened(exec, i, k)) total += clile_i_plan_rounded(run->src[k].count);
        most = total > most ? total : most;
    }
    if (most > 0) CLILE_I_ALLOC(exec->widened, most);
cleanup:
    return status;
}

/* Tells node i where its sources are. */
static void point_at_sources(clile_i_exec *exec, int32_t i)
{
    clile_i_op_run *run = &exec->runs[i];
    float *copy = exec->widened;
    for (int32_t k = 0; k < run->node->src_count; ++k) {
        run->src_data[k] = exec->values[run->node->src[k]];
        if (!is_widened(exec, i, k)) continue;
        run->src_data[k] = copy;
        copy += clile_i_plan_rounded(run->src[k].count);
    }
}

clile_status clile_i_exec_plan_inference(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    int64_t *count = NULL, *offset = NULL, total = 0; /* floats */
    CLILE_I_ALLOC(count, exec->value_count);
    CLILE_I_ALLOC(offset, exec->value_count);
    for (int32_t v = 0; v < exec->value_count; ++v)
        count[v] = clile_i_dnn_layout_floats(&exec->layouts[v]);
    CLILE_I_TRY(place_widened(exec));
    CLILE_I_TRY(clile_i_plan_values(exec->net, count, offset, &total));
    exec->activation_count = total;
    CLILE_I_ALLOC(exec->activations, total);
    place_inputs(exec);
    for (int32_t v = clile_i_net_inputs(exec->net); v < exec->value_count; ++v)
        exec->values[v] = exec->activations + offset[v];
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_run *run = &exec->runs[i];
        const clile_i_node *node = run->node;
        run->dst_data = exec->values[node->dst];
        if (node->has_inner) run->inner_data = exec->values[node->inner];
        point_at_sources(exec, i);
    }
cleanup:
    clile_i_free(count);
    clile_i_free(offset);
    return status;
}
