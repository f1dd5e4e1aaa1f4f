/* Memory of a compiled net, planned by lifetimes. Training keeps activations until their backward
 * pass: with recompute those between stretches of nodes, otherwise all but those that are cheap to
 * make again. */
#include "net/exec.h"
#include "net/plan.h"

/* ---- training -------------------------------------------------------------------------------- */

/* Residual sums are made again only if that saves one in so many bytes. */
enum { LEAST_SHARE = 16 };

/* How many arrays of a value's gradient there are to add up: two if the operation that makes the
 * value adds them itself. Gradients of further readers are added to the last array at once. */
typedef struct {
    int32_t block[2], count;
} value_diffs;

/* Of a node: blocks of its gradients; -1: none. */
typedef struct {
    int32_t inner, source[CLILE_I_MOST_SOURCES], add_to[CLILE_I_MOST_SOURCES];
} node_diffs;

/* When the value of a node is wanted. Steps of the forward pass are below 0. */
typedef struct {
    int32_t read;        /* last in the forward pass */
    int32_t first, last; /* in the backward pass; first > last: never */
    int32_t repeated;    /* where its node's forward runs again; 0: nowhere */
    uint8_t leaves;      /* it does not live between the two passes */
} value_uses;

typedef struct {
    clile_i_plan list;
    value_diffs *values;
    value_uses *uses; /* of each node's value */
    node_diffs *nodes;
    uint8_t *most;        /* arrays of each value: 1 or 2 */
    uint8_t sums;         /* residual sums are made again, too */
    int32_t *kept, *made; /* of each node: blocks of what it keeps and makes */
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

/* Cuts the net into stretches. The forward pass runs again through those that keep something, but
 * the last of them: when it ends, the backward pass gets there. */
static clile_status find_stretches(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    int32_t *last = NULL, first = 0, latest = -1;
    if (!exec->recompute) return CLILE_OK;
    CLILE_I_ALLOC(last, exec->value_count);
    CLILE_I_ALLOC(exec->stretches, exec->node_count);
    for (int32_t v = 0; v < exec->value_count; ++v) last[v] = -1;
    for (int32_t i = 0; i < exec->node_count; ++i)
        for (int32_t k = 0; k < exec->runs[i].node->src_count; ++k)
            last[exec->runs[i].node->src[k]] = i;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        if (!is_cut(exec, i, last)) continue;
        const uint8_t keeps = first < i || exec->runs[i].kept_count > 0;
        if (keeps) latest = exec->stretch_count;
        exec->stretches[exec->stretch_count++] = (clile_i_exec_stretch){first, i, keeps};
        first = i + 1;
    }
    if (latest >= 0) exec->stretches[latest].repeated = 0;
cleanup:
    clile_i_free(last);
    return status;
}

/* The stretch of node i; NULL: there are none. */
static const clile_i_exec_stretch *stretch_of(const clile_i_exec *exec, int32_t i)
{
    int32_t s = 0;
    while (s < exec->stretch_count && exec->stretches[s].last < i) ++s;
    return s < exec->stretch_count ? &exec->stretches[s] : NULL;
}

static void use(value_uses *uses, int32_t step)
{
    if (step < uses->first) uses->first = step;
    if (step > uses->last) uses->last = step;
}

/* The backward pass reads a value in that of its readers, in that of its maker if that reads more
 * than one (clile_i_op's remake), and where a reader's value is made again from it. */
static value_uses uses_of(const clile_i_exec *exec, const training_plan *plan, int32_t i)
{
    const int32_t n = exec->node_count;
    value_uses uses = {.read = i - n, .first = INT32_MAX};
    if (exec->runs[i].node->src_count > 1) use(&uses, n - i);
    for (int32_t r = i + 1; r < n; ++r) {
        const clile_i_node *reader = exec->runs[r].node;
        for (int32_t k = 0; k < reader->src_count; ++k) {
            if (reader->src[k] != exec->runs[i].node->dst) continue;
            uses.read = r - n;
            if (k == 0 || k != reader->op->in_place) use(&uses, n - r);
            if (k > 0 && exec->remade_for[r] >= 0) use(&uses, plan->uses[r].first);
        }
    }
    return uses;
}

static int32_t reader_count(const clile_i_exec *exec, int32_t value)
{
    int32_t count = 0;
    for (int32_t r = 0; r < exec->node_count; ++r)
        for (int32_t k = 0; k < exec->runs[r].node->src_count; ++k)
            count += exec->runs[r].node->src[k] == value;
    return count;
}

/* Whether it pays to make a value again that has several sources or readers, such as a residual
 * sum: it then lives from its first use on. Not if little has been done with by then, nor if a
 * source, such as a shortcut's output, would be made again for it alone. */
static int is_worth_it(const clile_i_exec *exec, const clile_i_op_run *run, const value_uses *uses)
{
    int64_t done = 0;
    for (int32_t k = 1; k < run->node->src_count; ++k)
        if (reader_count(exec, run->node->src[k]) == 1) return 0;
    for (int32_t k = exec->node_count - uses->first + 1; k < exec->node_count; ++k)
        done += exec->runs[k].kept_count + exec->runs[k].dst.count;
    return done > run->dst.count;
}

/* Whether a node's value need not live from the forward pass to the backward pass, as it can be
 * made again. */
static int is_remade(const clile_i_exec *exec, const training_plan *plan, int32_t i,
                     const value_uses *uses)
{
    const clile_i_op_run *run = &exec->runs[i];
    if (run->node->op->remake == NULL || run->node->has_inner) return 0;
    if (uses->first > uses->last) return 1;
    if (run->node->src_count == 1 && reader_count(exec, run->node->dst) == 1) return 1;
    return plan->sums && is_worth_it(exec, run, uses);
}

/* Sets when node i's value is wanted, and whether it stays between. */
static void plan_value(clile_i_exec *exec, training_plan *plan, int32_t i)
{
    const clile_i_exec_stretch *stretch = stretch_of(exec, i);
    const int32_t n = exec->node_count;
    value_uses *uses = &plan->uses[i];
    *uses = uses_of(exec, plan, i);
    exec->remade_for[i] = -1;
    if (stretch != NULL && stretch->repeated) {
        uses->first = uses->repeated = n - stretch->last;
        uses->last = n - i;
    }
    if (stretch != NULL && i == stretch->last) return;
    uses->leaves = uses->repeated > 0 || is_remade(exec, plan, i, uses);
    if (uses->leaves && uses->repeated == 0 && uses->first <= uses->last)
        exec->remade_for[i] = n - uses->first;
}

/* What a node keeps and makes lives until its backward pass: then gradients take its place. What is
 * made again leaves its place meanwhile. */
static void plan_node(const clile_i_exec *exec, training_plan *plan, int32_t i)
{
    const clile_i_op_run *run = &exec->runs[i];
    const int32_t begin = i - exec->node_count, end = exec->node_count - i;
    const value_uses *uses = &plan->uses[i];
    plan->kept[i] = clile_i_plan_add(&plan->list, run->kept_count, begin);
    clile_i_plan_use(&plan->list, plan->kept[i], uses->repeated > 0 ? begin : end);
    if (uses->repeated > 0) clile_i_plan_revive(&plan->list, plan->kept[i], uses->repeated, end);
    plan->made[i] = clile_i_plan_add(&plan->list, run->dst.count, begin);
    clile_i_plan_use(&plan->list, plan->made[i], uses->leaves ? uses->read : end);
    if (uses->leaves) clile_i_plan_revive(&plan->list, plan->made[i], uses->first, uses->last);
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

/* sums: residual sums may be made again. */
static clile_status make_plan(clile_i_exec *exec, training_plan *plan, int sums)
{
    plan->list.count = 0;
    plan->sums = (uint8_t)sums;
    memset(plan->values, 0, (size_t)exec->value_count * sizeof *plan->values);
    for (int32_t i = exec->node_count - 1; i >= 0; --i) /* from readers to makers */
        plan_value(exec, plan, i);
    for (int32_t i = 0; i < exec->node_count; ++i) plan_node(exec, plan, i);
    CLILE_I_RETURN_IF(plan_gradients(exec, plan));
    exec->gradient_count = clile_i_plan_place(&plan->list);
    return CLILE_OK;
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
    CLILE_I_ALLOC(plan.uses, exec->node_count);
    CLILE_I_ALLOC(plan.kept, exec->node_count);
    CLILE_I_ALLOC(plan.made, exec->node_count);
    CLILE_I_ALLOC(exec->remade_for, exec->node_count);
    CLILE_I_ALLOC(exec->add_to, exec->node_count);
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_node *node = exec->runs[i].node;
        plan.most[node->dst] = node->op->adds_diffs ? 2 : 1;
    }
    CLILE_I_TRY(find_stretches(exec));
    place_inputs(exec);
    CLILE_I_TRY(make_plan(exec, &plan, 0));
    const int64_t kept = exec->gradient_count;
    CLILE_I_TRY(make_plan(exec, &plan, 1));
    if (exec->gradient_count > kept - kept / LEAST_SHARE) CLILE_I_TRY(make_plan(exec, &plan, 0));
    CLILE_I_ALLOC(exec->gradients, exec->gradient_count);
    for (int32_t i = 0; i < exec->node_count; ++i) {
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
    clile_i_free(plan.uses);
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
