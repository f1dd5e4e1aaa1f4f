#include "net/exec.h"
#include "net/plan.h"

int clile_i_exec_trains(const clile_i_exec *exec)
{
    return exec->mode != CLILE_I_EXEC_INFER;
}

float *clile_i_exec_points(clile_i_exec *exec)
{
    return exec->points;
}

int32_t clile_i_exec_point_count(const clile_i_exec *exec)
{
    return exec->net->config.tail.points;
}

/* ---- layouts and operations ------------------------------------------------------------------ */

/* Whether a node's output is bf16. What overwrites a float32 value is float32. */
static int writes_bf16(const clile_i_exec *exec, const clile_i_op_run *run)
{
    const clile_i_node *node = run->node;
    const int32_t over = node->op->in_place;
    if (!exec->bf16 || clile_i_exec_trains(exec) || !node->op->takes_bf16) return 0;
    return over == 0 || over >= node->src_count || run->src[over].bf16;
}

/* Sets the layouts of all values. */
static void lay_out(clile_i_exec *exec, clile_i_dnn_layout_kind kind)
{
    clile_i_net_lay_out_inputs(exec->net, exec->batch, exec->size, exec->layouts);
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_run *run = &exec->runs[i];
        const clile_i_node *node = run->node;
        for (int32_t k = 0; k < node->src_count; ++k) {
            run->src[k] = exec->layouts[node->src[k]];
            if (!node->op->takes_bf16) run->src[k].bf16 = 0; /* a copy */
        }
        node->op->lay_out(node, run->src, kind, &run->inner, &run->dst);
        run->dst.bf16 = run->inner.bf16 = (uint8_t)writes_bf16(exec, run);
        exec->layouts[node->dst] = run->dst;
        if (node->has_inner) exec->layouts[node->inner] = run->inner;
    }
}

/* Chooses one layout for all maps: the best one for most of the arithmetic. */
static clile_status choose_kind(clile_i_exec *exec, clile_i_dnn_layout_kind *best)
{
    int64_t votes[4] = {0};
    *best = CLILE_I_LAYOUT_NHWC;
    if (exec->bf16 && clile_i_bf16_has_amx()) return CLILE_OK;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_op_run *run = &exec->runs[i];
        clile_i_dnn_layout_kind kind;
        if (run->node->op->prefer == NULL) continue;
        CLILE_I_RETURN_IF(run->node->op->prefer(run, &kind));
        votes[kind] += run->node->op->multiply_adds(run);
    }
    *best = CLILE_I_LAYOUT_C8; /* plain layout would slow all other operations */
    for (int kind = CLILE_I_LAYOUT_NHWC; kind <= CLILE_I_LAYOUT_C16; ++kind)
        if (votes[kind] > votes[*best]) *best = (clile_i_dnn_layout_kind)kind;
    if (clile_i_exec_trains(exec)) return CLILE_OK;
    return clile_i_conv_inference_layout(exec->batch, exec->runs[0].dst.c, best);
}

static void start_runs(clile_i_exec *exec)
{
    for (int32_t i = 0; i < exec->node_count; ++i)
        exec->runs[i] = (clile_i_op_run){.node = &exec->net->nodes[i],
                                         .index = i,
                                         .size = exec->size,
                                         .mode = exec->mode,
                                         .trains = (uint8_t)clile_i_exec_trains(exec),
                                         .bf16 = exec->bf16,
                                         .packs = exec->packs,
                                         .team = exec->threads};
}

static clile_status create_operations(clile_i_exec *exec)
{
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_run *run = &exec->runs[i];
        const clile_i_node *node = run->node;
        for (int32_t k = 0; k < node->op->tensor_count; ++k)
            run->param_count[k] = exec->net->tensors[node->tensor + k].count;
        if (node->op->create != NULL) CLILE_I_RETURN_IF(node->op->create(run));
    }
    return CLILE_OK;
}

static clile_status bind_operations(clile_i_exec *exec)
{
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_run *run = &exec->runs[i];
        if (run->node->op->bind != NULL) CLILE_I_RETURN_IF(run->node->op->bind(run));
    }
    return CLILE_OK;
}

/* ---- parameters ------------------------------------------------------------------------------ */

/* Whether tensor k of a node is in the flat parameters. */
static int is_trained(const clile_i_exec *exec, const clile_i_op_run *run, int32_t k)
{
    return clile_i_exec_trains(exec) && exec->net->tensors[run->node->tensor + k].trainable;
}

static void add_segment(clile_i_exec *exec, int32_t tensor, int64_t count)
{
    exec->segments[exec->segment_count++] =
        (clile_i_exec_segment){tensor, exec->param_count, clile_i_plan_rounded(count)};
    exec->param_count += clile_i_plan_rounded(count);
}

static clile_status make_parameters(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    int64_t fixed = 0;
    CLILE_I_ALLOC(exec->segments, exec->net->tensor_count);
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_op_run *run = &exec->runs[i];
        for (int32_t k = 0; k < run->node->op->tensor_count; ++k)
            if (is_trained(exec, run, k))
                add_segment(exec, run->node->tensor + k, run->param_count[k]);
            else
                fixed += clile_i_plan_rounded(run->param_count[k]);
    }
    if (clile_i_exec_trains(exec)) {
        CLILE_I_ALLOC(exec->params, exec->param_count);
        CLILE_I_ALLOC(exec->diffs, exec->param_count);
    }
    CLILE_I_ALLOC(exec->fixed, fixed);
    int64_t trained_at = 0, fixed_at = 0;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_run *run = &exec->runs[i];
        for (int32_t k = 0; k < run->node->op->tensor_count; ++k) {
            const int trained = is_trained(exec, run, k);
            int64_t *at = trained ? &trained_at : &fixed_at;
            run->params[k] = (trained ? exec->params : exec->fixed) + *at;
            if (trained) run->diffs[k] = exec->diffs + *at;
            *at += clile_i_plan_rounded(run->param_count[k]);
        }
    }
cleanup:
    return status;
}

/* ---- create, destroy ------------------------------------------------------------------------- */

static clile_status make_scratch(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    size_t bytes = 0;
    for (int32_t i = 0; i < exec->node_count; ++i)
        bytes = exec->runs[i].scratch_bytes > bytes ? exec->runs[i].scratch_bytes : bytes;
    exec->scratch = clile_i_calloc((int64_t)bytes, 1);
    if (exec->scratch == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    for (int32_t i = 0; i < exec->node_count; ++i) exec->runs[i].scratch = exec->scratch;
    CLILE_I_ALLOC(exec->image, exec->layouts[CLILE_I_VALUE_IMAGE].count);
    if (clile_i_exec_point_count(exec) > 0)
        CLILE_I_ALLOC(exec->points, exec->layouts[CLILE_I_VALUE_POINTS].count);
cleanup:
    return status;
}

static clile_status load(clile_i_exec *exec, const clile_i_net *net);

clile_status clile_i_exec_create_as(const clile_i_net *net, int32_t batch, int32_t size,
                                    const clile_i_exec_options *options, clile_i_exec **out)
{
    clile_status status = CLILE_OK;
    clile_i_exec *exec = NULL;
    clile_i_dnn_layout_kind kind;
    CLILE_I_TRY(clile_i_net_check_input(batch, size));
    if (options->bf16) CLILE_I_TRY(clile_i_bf16_check());
    CLILE_I_ALLOC(exec, 1);
    exec->batch = batch;
    exec->size = size;
    exec->mode = options->mode;
    exec->bf16 = options->bf16;
    exec->recompute = options->recompute;
    exec->threads = clile_i_threads_set(1); /* returns the previous size */
    clile_i_threads_set(exec->threads);
    if (options->packs != NULL) clile_i_packs_retain(options->packs);
    exec->packs = options->packs;
    CLILE_I_TRY(clile_i_net_copy_bare(net, &exec->net));
    CLILE_I_ALLOC(exec->runs, exec->net->node_count);
    CLILE_I_ALLOC(exec->seconds, exec->net->node_count);
    exec->node_count = (int32_t)exec->net->node_count;
    exec->value_count = exec->net->value_count;
    CLILE_I_ALLOC(exec->layouts, exec->value_count);
    CLILE_I_ALLOC(exec->values, exec->value_count);
    start_runs(exec);
    lay_out(exec, CLILE_I_LAYOUT_NCHW);
    CLILE_I_TRY(choose_kind(exec, &kind));
    lay_out(exec, kind);
    CLILE_I_TRY(create_operations(exec));
    CLILE_I_TRY(make_scratch(exec));
    CLILE_I_TRY(make_parameters(exec));
    CLILE_I_TRY((clile_i_exec_trains(exec) ? clile_i_exec_plan_training
                                           : clile_i_exec_plan_inference)(exec));
    CLILE_I_TRY(load(exec, net));
    CLILE_I_TRY(bind_operations(exec));
    *out = exec;
    exec = NULL;
cleanup:
    clile_i_exec_destroy(exec);
    return status;
}

clile_status clile_i_exec_create(const clile_i_net *net, int32_t batch, int32_t size,
                                 clile_i_exec_mode mode, clile_i_exec **out)
{
    return clile_i_exec_create_as(net, batch, size, &(clile_i_exec_options){.mode = mode}, out);
}

void clile_i_exec_destroy(clile_i_exec *exec)
{
    if (exec == NULL) return;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_run *run = &exec->runs[i];
        if (run->node != NULL && run->node->op->destroy != NULL) run->node->op->destroy(run);
    }
    clile_i_packs_release(exec->packs);
    void *const owned[] = {exec->runs,      exec->layouts,     exec->values,    exec->segments,
                           exec->params,    exec->diffs,       exec->fixed,     exec->image,
                           exec->add_to,    exec->activations, exec->gradients, exec->scratch,
                           exec->points,    exec->seconds,     exec->widened,   exec->stretches,
                           exec->remade_for};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) clile_i_free(owned[i]);
    clile_i_net_destroy(exec->net);
    clile_i_free(exec);
}

/* ---- load, store ----------------------------------------------------------------------------- */

static clile_status check_same(const clile_i_exec *exec, const clile_i_net *net)
{
    const clile_i_net_config *a = &exec->net->config, *b = &net->config;
    const int same_tail = a->tail.neck == b->tail.neck && a->tail.c == b->tail.c &&
                          a->tail.k == b->tail.k && a->tail.points == b->tail.points;
    if (strcmp(a->backbone, b->backbone) == 0 && a->width == b->width &&
        a->embedding == b->embedding && a->stem == b->stem && same_tail)
        return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "net: expected %s, width %g, embedding %d, stem %s, found %s, width %g, "
                        "embedding %d, stem %s%s",
                        a->backbone, a->width, a->embedding, clile_i_stem_name(a->stem),
                        b->backbone, b->width, b->embedding, clile_i_stem_name(b->stem),
                        same_tail ? "" : ", and another method");
}

/* Tensor k of a node from plain values, or to them. */
static clile_status from_plain(const clile_i_exec *exec, const clile_i_op_run *run, int32_t k,
                               const float *plain, float *param)
{
    const clile_i_node *node = run->node;
    const int64_t room = clile_i_plan_rounded(run->param_count[k]);
    memset(param, 0, (size_t)room * sizeof *param);
    if (node->op->from_plain != NULL) return node->op->from_plain(run, k, plain, param);
    memcpy(param, plain, (size_t)exec->net->tensors[node->tensor + k].count * sizeof *param);
    return CLILE_OK;
}

static clile_status to_plain(const clile_i_exec *exec, const clile_i_op_run *run, int32_t k,
                             const float *param, float *plain)
{
    const clile_i_node *node = run->node;
    if (node->op->to_plain != NULL) return node->op->to_plain(run, k, param, plain);
    memcpy(plain, param, (size_t)exec->net->tensors[node->tensor + k].count * sizeof *plain);
    return CLILE_OK;
}

/* room: for the largest tensor */
static clile_status load_node(clile_i_exec *exec, const clile_i_net *net, int32_t i, float *room)
{
    clile_i_op_run *run = &exec->runs[i];
    const clile_i_op *op = run->node->op;
    const clile_i_net_tensor *tensors = net->tensors + run->node->tensor;
    if (!clile_i_exec_trains(exec) && op->fold != NULL) return op->fold(run, tensors, room);
    for (int32_t k = 0; k < op->tensor_count; ++k)
        CLILE_I_RETURN_IF(from_plain(exec, run, k, tensors[k].data, run->params[k]));
    return CLILE_OK;
}

static clile_status load(clile_i_exec *exec, const clile_i_net *net)
{
    clile_status status = CLILE_OK;
    float *room = NULL; /* only used if a node folds */
    CLILE_I_RETURN_IF(check_same(exec, net));
    exec->forward_done = 0;
    room = clile_i_alloc_untouched(clile_i_net_largest(net) * (int64_t)sizeof *room);
    if (room == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int32_t i = 0; i < exec->node_count; ++i) CLILE_I_TRY(load_node(exec, net, i, room));
cleanup:
    clile_i_free(room);
    return status;
}

clile_status clile_i_exec_load(clile_i_exec *exec, const clile_i_net *net)
{
    if (exec->packs != NULL)
        return clile_i_fail(
            CLILE_E_STATE,
            "load: expected a net with weights of its own, found one that shares them");
    return load(exec, net);
}

clile_status clile_i_exec_store(const clile_i_exec *exec, clile_i_net *net)
{
    CLILE_I_RETURN_IF(check_same(exec, net));
    if (!clile_i_exec_trains(exec))
        return clile_i_fail(CLILE_E_STATE,
                            "store: expected a net compiled for training, found one for inference");
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_op_run *run = &exec->runs[i];
        for (int32_t k = 0; k < run->node->op->tensor_count; ++k)
            CLILE_I_RETURN_IF(
                to_plain(exec, run, k, run->params[k], net->tensors[run->node->tensor + k].data));
    }
    return CLILE_OK;
}

int64_t clile_i_exec_bytes(const clile_i_exec *exec)
{
    return (exec->activation_count + exec->gradient_count) * (int64_t)sizeof(float);
}

/* ---- flat parameters ------------------------------------------------------------------------- */

float *clile_i_exec_params(clile_i_exec *exec, int64_t *count)
{
    if (count != NULL) *count = exec->param_count;
    return exec->params;
}

float *clile_i_exec_diffs(clile_i_exec *exec)
{
    return exec->diffs;
}

int32_t clile_i_exec_segment_count(const clile_i_exec *exec)
{
    return exec->segment_count;
}

const clile_i_exec_segment *clile_i_exec_segment_at(const clile_i_exec *exec, int32_t index)
{
    return &exec->segments[index];
}

/* The node whose tensor *k a segment holds. */
static const clile_i_op_run *run_of(const clile_i_exec *exec, const clile_i_exec_segment *segment,
                                    int32_t *k)
{
    const clile_i_op_run *run = exec->runs;
    while (segment->tensor < run->node->tensor ||
           segment->tensor >= run->node->tensor + run->node->op->tensor_count)
        ++run;
    *k = segment->tensor - run->node->tensor;
    return run;
}

clile_status clile_i_exec_to_plain(const clile_i_exec *exec, int32_t segment, const float *flat,
                                   float *plain)
{
    const clile_i_exec_segment *s = &exec->segments[segment];
    int32_t k;
    const clile_i_op_run *run = run_of(exec, s, &k);
    return to_plain(exec, run, k, flat + s->offset, plain);
}

clile_status clile_i_exec_from_plain(const clile_i_exec *exec, int32_t segment, const float *plain,
                                     float *flat)
{
    const clile_i_exec_segment *s = &exec->segments[segment];
    int32_t k;
    const clile_i_op_run *run = run_of(exec, s, &k);
    return from_plain(exec, run, k, plain, flat + s->offset);
}

void clile_i_exec_synchronise(clile_i_exec *exec, clile_i_norm_sync *sync)
{
    for (int32_t i = 0; i < exec->node_count; ++i) exec->runs[i].sync = sync;
}

int64_t clile_i_exec_statistics(clile_i_exec *exec, int put, float *values)
{
    int64_t total = 0;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_op_run *run = &exec->runs[i];
        for (int32_t k = 0; k < run->node->op->tensor_count; ++k) {
            if (strncmp(run->node->op->tensors[k].suffix, "running_", 8) != 0) continue;
            const int64_t count = exec->net->tensors[run->node->tensor + k].count;
            float *own = run->params[k], *theirs = values != NULL ? values + total : NULL;
            if (values != NULL)
                memcpy(put ? own : theirs, put ? theirs : own, (size_t)count * sizeof *own);
            total += count;
        }
    }
    return total;
}

int64_t clile_i_exec_flops(const clile_i_exec *exec)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_op_run *run = &exec->runs[i];
        const clile_i_op *op = run->node->op;
        int64_t passes = 0;
        if (op->convolution == NULL) continue;
        for (int pass = CLILE_I_PASS_FORWARD; pass <= CLILE_I_PASS_BACKWARD_WEIGHTS; ++pass)
            passes += clile_i_conv_has_pass(op->convolution(run), (clile_i_pass)pass);
        sum += 2 * passes * op->multiply_adds(run);
    }
    return sum;
}
