#include "net/exec.h"
#include "net/plan.h"

#include <math.h>
#include <string.h>

static const double MOMENTUM = 0.1; /* default of torch and torchvision */
/* About 50 microseconds of one core. Measured on two idle cores with ResNet-10 of width 0.25: 16
 * million costs a third more time at 224 pixels. 1 million saves a quarter at 112 and nothing at
 * 224, but adds barriers at which a busy neighbour can delay us (docs/results.md). */
static const int64_t FLOPS_FOR_A_TEAM = 4000000;

int clile_i_exec_trains(const clile_i_exec *exec)
{
    return exec->mode != CLILE_I_EXEC_INFER;
}

/* ---- shapes and operations ------------------------------------------------------------------- */

static int64_t multiply_adds(const clile_i_conv_shape *s)
{
    return s->n * s->oc * s->ic * s->kh * s->kw * clile_i_conv_oh(s) * clile_i_conv_ow(s);
}

/* Chooses one layout for all activations: the best one for most of the arithmetic. */
static clile_status choose_kind(clile_i_exec *exec)
{
    int64_t votes[4] = {0};
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        const clile_i_unit *unit = exec->units[i].unit;
        const clile_i_dnn_layout *src = &exec->layouts[unit->src];
        const clile_i_conv_shape shape = clile_i_unit_shape(unit, src->n, src->h, src->w);
        clile_i_dnn_layout_kind kind;
        CLILE_I_RETURN_IF(
            clile_i_conv_preferred(&shape, (uint8_t)clile_i_exec_trains(exec), &kind));
        votes[kind] += multiply_adds(&shape);
    }
    exec->kind = CLILE_I_LAYOUT_C8; /* plain layout would slow all other operations */
    for (int kind = CLILE_I_LAYOUT_NHWC; kind <= CLILE_I_LAYOUT_C16; ++kind)
        if (votes[kind] > votes[exec->kind]) exec->kind = (clile_i_dnn_layout_kind)kind;
    if (clile_i_exec_trains(exec)) return CLILE_OK;
    return clile_i_conv_inference_layout(exec->batch, exec->units[0].unit->oc, &exec->kind);
}

/* Sets the layouts of all values. */
static void lay_out(clile_i_exec *exec, clile_i_dnn_layout_kind kind)
{
    exec->layouts[CLILE_I_VALUE_IMAGE] =
        clile_i_dnn_layout_make(CLILE_I_LAYOUT_NCHW, exec->batch, 3, exec->size, exec->size);
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        clile_i_exec_unit *u = &exec->units[i];
        const clile_i_dnn_layout *src = &exec->layouts[u->unit->src];
        const clile_i_conv_shape shape = clile_i_unit_shape(u->unit, src->n, src->h, src->w);
        u->dst = clile_i_dnn_layout_make(kind, src->n, u->unit->oc, clile_i_conv_oh(&shape),
                                         clile_i_conv_ow(&shape));
        exec->layouts[u->unit->dst] = u->dst;
        if (!clile_i_net_pools(exec->net, i)) continue;
        exec->pool =
            clile_i_max_pool_make(&u->dst, CLILE_I_POOL_K, CLILE_I_POOL_STRIDE, CLILE_I_POOL_PAD);
        exec->layouts[exec->net->pooled] = exec->pool.dst;
    }
}

static clile_status make_convolutions(clile_i_exec *exec)
{
    const uint8_t trains = (uint8_t)clile_i_exec_trains(exec);
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        clile_i_exec_unit *u = &exec->units[i];
        const clile_i_dnn_layout *src = &exec->layouts[u->unit->src];
        const clile_i_conv_shape shape = clile_i_unit_shape(u->unit, src->n, src->h, src->w);
        const clile_i_conv_options options = {.src = src->kind,
                                              .dst = u->dst.kind,
                                              .bias = !trains,
                                              .sum = !trains && u->unit->residual >= 0,
                                              .relu = !trains && u->unit->relu,
                                              .backward_weights = trains,
                                              .backward_data =
                                                  trains && u->unit->src != CLILE_I_VALUE_IMAGE};
        u->team =
            trains ? exec->threads : clile_i_unit_team(&shape, FLOPS_FOR_A_TEAM, exec->threads);
        clile_i_threads_set(u->team);
        const clile_status status = clile_i_conv_create(&shape, &options, &u->conv);
        clile_i_threads_set(exec->threads);
        if (status != CLILE_OK) return status;
    }
    const int64_t tail = 2 * exec->batch * exec->net->features * exec->net->config.embedding;
    exec->tail_team = trains || tail >= FLOPS_FOR_A_TEAM ? exec->threads : 1;
    return CLILE_OK;
}

/* ---- parameters ------------------------------------------------------------------------------ */

static void add_segment(clile_i_exec *exec, int32_t tensor, int64_t count)
{
    exec->segments[exec->segment_count++] =
        (clile_i_exec_segment){tensor, exec->param_count, clile_i_plan_rounded(count)};
    exec->param_count += clile_i_plan_rounded(count);
}

static clile_status make_parameters(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    const clile_i_net *net = exec->net;
    int64_t channels = 0, used = 0;
    CLILE_I_ALLOC(exec->segments, 3 * exec->unit_count + 2);
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        clile_i_exec_unit *u = &exec->units[i];
        u->segment = exec->segment_count;
        add_segment(exec, u->unit->conv, clile_i_conv_weights_count(u->conv));
        add_segment(exec, u->unit->norm, u->dst.channels);
        add_segment(exec, u->unit->norm + 1, u->dst.channels);
        channels += clile_i_plan_rounded(u->dst.channels);
    }
    add_segment(exec, net->fc, net->tensors[net->fc].count);
    add_segment(exec, net->fc + 1, net->config.embedding);
    CLILE_I_ALLOC(exec->params, exec->param_count);
    CLILE_I_ALLOC(exec->diffs, exec->param_count);
    CLILE_I_ALLOC(exec->statistics, 4 * channels);
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        clile_i_exec_unit *u = &exec->units[i];
        const int64_t gamma = exec->segments[u->segment + 1].offset,
                      beta = exec->segments[u->segment + 2].offset;
        float *statistics = exec->statistics + 4 * used;
        const int64_t step = clile_i_plan_rounded(u->dst.channels);
        u->norm = (clile_i_batch_norm){.layout = u->dst,
                                       .eps = CLILE_I_NORM_EPS,
                                       .momentum = MOMENTUM,
                                       .frozen = exec->mode == CLILE_I_EXEC_TRAIN_FROZEN,
                                       .relu = u->unit->relu,
                                       .gamma = exec->params + gamma,
                                       .beta = exec->params + beta,
                                       .running_mean = statistics,
                                       .running_variance = statistics + step,
                                       .mean = statistics + 2 * step,
                                       .inv_std = statistics + 3 * step,
                                       .diff_gamma = exec->diffs + gamma,
                                       .diff_beta = exec->diffs + beta};
        used += step;
    }
    exec->fc_weights = exec->params + exec->segments[exec->segment_count - 2].offset;
    exec->fc_bias = exec->params + exec->segments[exec->segment_count - 1].offset;
    exec->fc_diff_weights = exec->diffs + exec->segments[exec->segment_count - 2].offset;
    exec->fc_diff_bias = exec->diffs + exec->segments[exec->segment_count - 1].offset;
cleanup:
    return status;
}

typedef struct {
    const clile_i_exec_unit *unit;
    const clile_i_net *net;
    float *plain; /* room for the largest tensor */
} fold_job;

static clile_status make_plain(const clile_i_net *net, float **out)
{
    clile_status status = CLILE_OK;
    int64_t most = 0;
    for (int32_t i = 0; i < net->tensor_count; ++i)
        most = net->tensors[i].count > most ? net->tensors[i].count : most;
    CLILE_I_ALLOC(*out, most);
cleanup:
    return status;
}

/* Writes a unit's folded weights in its convolution's layout. */
static clile_status fold_weights(void *context, void *packed)
{
    fold_job *job = context;
    if (job->plain == NULL) CLILE_I_RETURN_IF(make_plain(job->net, &job->plain));
    clile_i_unit_fold(job->net->tensors, job->unit->unit, job->plain, NULL);
    return clile_i_conv_weights_from_plain(job->unit->conv, job->plain, packed);
}

/* Allocates folded weights (unless shared), biases and fc. */
static clile_status make_folded(clile_i_exec *exec, const clile_i_net *net)
{
    clile_status status = CLILE_OK;
    fold_job job = {.net = net};
    const clile_i_net_tensor *fc = &exec->net->tensors[exec->net->fc];
    int64_t count =
        clile_i_plan_rounded(fc->count) + clile_i_plan_rounded(exec->net->config.embedding);
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        count += clile_i_plan_rounded(exec->units[i].dst.channels);
        if (exec->packs == NULL)
            count += clile_i_plan_rounded(clile_i_conv_weights_count(exec->units[i].conv));
    }
    CLILE_I_ALLOC(exec->fixed, count);
    float *at = exec->fixed;
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        clile_i_exec_unit *u = &exec->units[i];
        u->segment = -1;
        u->folded_bias = at;
        at += clile_i_plan_rounded(u->dst.channels);
        if (exec->packs == NULL) {
            u->folded_weights = at;
            at += clile_i_plan_rounded(clile_i_conv_weights_count(u->conv));
            continue;
        }
        clile_i_weights_layout *layout = NULL;
        CLILE_I_TRY(clile_i_conv_weights_layout(u->conv, &layout));
        job.unit = u;
        CLILE_I_TRY(clile_i_packs_take(exec->packs, i, layout,
                                       clile_i_conv_weights_count(u->conv) * (int64_t)sizeof(float),
                                       fold_weights, &job, &u->pack));
        u->folded_weights = clile_i_pack_weights(u->pack);
    }
    exec->fc_weights = at;
    exec->fc_bias = at + clile_i_plan_rounded(fc->count);
cleanup:
    clile_i_free(job.plain);
    return status;
}

/* ---- create, destroy ------------------------------------------------------------------------- */

static clile_status check_norms(const clile_i_exec *exec)
{
    const clile_i_dnn_layout *last = &exec->layouts[exec->value_count - 1];
    if (exec->mode == CLILE_I_EXEC_TRAIN && last->n * last->h * last->w == 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "batch: expected at least 2 at %d pixels, found 1: batch norm needs "
                            "more than one value per channel",
                            exec->size);
    return CLILE_OK;
}

static clile_status make_scratch(clile_i_exec *exec)
{
    clile_status status = CLILE_OK;
    size_t bytes = 0;
    int64_t partial = 0;
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        const size_t needed = clile_i_conv_scratch_bytes(exec->units[i].conv);
        const int64_t doubles = clile_i_batch_norm_partial_count(&exec->units[i].dst);
        bytes = needed > bytes ? needed : bytes;
        partial = doubles > partial ? doubles : partial;
    }
    exec->scratch = clile_i_calloc((int64_t)bytes, 1);
    if (exec->scratch == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    if (clile_i_exec_trains(exec)) CLILE_I_ALLOC(exec->partial, partial);
    CLILE_I_ALLOC(exec->features, exec->batch * exec->net->features);
    if (clile_i_exec_trains(exec))
        CLILE_I_ALLOC(exec->diff_features, exec->batch * exec->net->features);
    CLILE_I_ALLOC(exec->image, exec->layouts[CLILE_I_VALUE_IMAGE].count);
cleanup:
    return status;
}

static clile_status load(clile_i_exec *exec, const clile_i_net *net);

static clile_status create(const clile_i_net *net, int32_t batch, int32_t size,
                           clile_i_exec_mode mode, clile_i_packs *packs, clile_i_exec **out)
{
    clile_status status = CLILE_OK;
    clile_i_exec *exec = NULL;
    CLILE_I_TRY(clile_i_net_check_input(batch, size));
    CLILE_I_ALLOC(exec, 1);
    exec->batch = batch;
    exec->size = size;
    exec->mode = mode;
    exec->threads = clile_i_threads_set(1); /* returns the previous size */
    clile_i_threads_set(exec->threads);
    if (packs != NULL) clile_i_packs_retain(packs);
    exec->packs = packs;
    CLILE_I_TRY(clile_i_net_create_bare(&net->config, &exec->net));
    exec->unit_count = exec->net->unit_count;
    exec->value_count = exec->net->value_count;
    CLILE_I_ALLOC(exec->units, exec->unit_count);
    CLILE_I_ALLOC(exec->layouts, exec->value_count);
    CLILE_I_ALLOC(exec->values, exec->value_count);
    for (int32_t i = 0; i < exec->unit_count; ++i) exec->units[i].unit = &exec->net->units[i];
    lay_out(exec, CLILE_I_LAYOUT_NCHW);
    CLILE_I_TRY(check_norms(exec));
    CLILE_I_TRY(choose_kind(exec));
    lay_out(exec, exec->kind);
    CLILE_I_TRY(make_convolutions(exec));
    CLILE_I_TRY(make_scratch(exec));
    if (clile_i_exec_trains(exec)) {
        CLILE_I_TRY(make_parameters(exec));
        CLILE_I_TRY(clile_i_exec_plan_training(exec));
    } else {
        CLILE_I_TRY(make_folded(exec, net));
        CLILE_I_TRY(clile_i_exec_plan_inference(exec));
    }
    CLILE_I_TRY(load(exec, net));
    *out = exec;
    exec = NULL;
cleanup:
    clile_i_exec_destroy(exec);
    return status;
}

clile_status clile_i_exec_create(const clile_i_net *net, int32_t batch, int32_t size,
                                 clile_i_exec_mode mode, clile_i_exec **out)
{
    return create(net, batch, size, mode, NULL, out);
}

clile_status clile_i_exec_create_shared(const clile_i_net *net, int32_t batch, int32_t size,
                                        clile_i_packs *packs, clile_i_exec **out)
{
    return create(net, batch, size, CLILE_I_EXEC_INFER, packs, out);
}

void clile_i_exec_destroy(clile_i_exec *exec)
{
    if (exec == NULL) return;
    for (int32_t i = 0; exec->units != NULL && i < exec->unit_count; ++i) {
        clile_i_conv_destroy(exec->units[i].conv);
        clile_i_packs_give_back(exec->packs, exec->units[i].pack);
    }
    clile_i_packs_release(exec->packs);
    void *const owned[] = {exec->units,    exec->layouts,       exec->values,      exec->stem.index,
                           exec->segments, exec->params,        exec->diffs,       exec->statistics,
                           exec->fixed,    exec->image,         exec->activations, exec->gradients,
                           exec->features, exec->diff_features, exec->partial,     exec->scratch};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) clile_i_free(owned[i]);
    clile_i_net_destroy(exec->net);
    clile_i_free(exec);
}

/* ---- load, store ----------------------------------------------------------------------------- */

static clile_status check_same(const clile_i_exec *exec, const clile_i_net *net)
{
    const clile_i_net_config *a = &exec->net->config, *b = &net->config;
    if (strcmp(a->backbone, b->backbone) == 0 && a->width == b->width &&
        a->embedding == b->embedding && a->stem == b->stem)
        return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "net: expected %s, width %g, embedding %d, stem %s, found %s, width %g, "
                        "embedding %d, stem %s",
                        a->backbone, a->width, a->embedding, clile_i_stem_name(a->stem),
                        b->backbone, b->width, b->embedding, clile_i_stem_name(b->stem));
}

static clile_status load_folded(clile_i_exec *exec, const clile_i_net *net)
{
    clile_status status = CLILE_OK;
    fold_job job = {.net = net};
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        clile_i_exec_unit *u = &exec->units[i];
        job.unit = u;
        clile_i_unit_fold(net->tensors, u->unit, NULL, u->folded_bias);
        if (u->pack == NULL) CLILE_I_TRY(fold_weights(&job, u->folded_weights));
    }
    const clile_i_net_tensor *fc = &net->tensors[net->fc];
    memcpy(exec->fc_weights, fc[0].data, (size_t)fc[0].count * sizeof *exec->fc_weights);
    memcpy(exec->fc_bias, fc[1].data, (size_t)fc[1].count * sizeof *exec->fc_bias);
cleanup:
    clile_i_free(job.plain);
    return status;
}

static clile_status load(clile_i_exec *exec, const clile_i_net *net)
{
    CLILE_I_RETURN_IF(check_same(exec, net));
    exec->forward_done = 0;
    if (!clile_i_exec_trains(exec)) return load_folded(exec, net);
    for (int32_t s = 0; s < exec->segment_count; ++s)
        CLILE_I_RETURN_IF(clile_i_exec_from_plain(
            exec, s, net->tensors[exec->segments[s].tensor].data, exec->params));
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        const clile_i_exec_unit *u = &exec->units[i];
        const size_t bytes = (size_t)u->unit->oc * sizeof(float);
        memcpy(u->norm.running_mean, net->tensors[u->unit->norm + 2].data, bytes);
        memcpy(u->norm.running_variance, net->tensors[u->unit->norm + 3].data, bytes);
    }
    return CLILE_OK;
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
    for (int32_t s = 0; s < exec->segment_count; ++s)
        CLILE_I_RETURN_IF(clile_i_exec_to_plain(exec, s, exec->params,
                                                net->tensors[exec->segments[s].tensor].data));
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        const clile_i_exec_unit *u = &exec->units[i];
        const size_t bytes = (size_t)u->unit->oc * sizeof(float);
        memcpy(net->tensors[u->unit->norm + 2].data, u->norm.running_mean, bytes);
        memcpy(net->tensors[u->unit->norm + 3].data, u->norm.running_variance, bytes);
    }
    return CLILE_OK;
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

/* The convolution whose weights a segment holds; NULL for norms and fc, which are stored plain. */
static const clile_i_conv *convolution_of(const clile_i_exec *exec, int32_t segment)
{
    return segment < 3 * exec->unit_count && segment % 3 == 0 ? exec->units[segment / 3].conv
                                                              : NULL;
}

clile_status clile_i_exec_to_plain(const clile_i_exec *exec, int32_t segment, const float *flat,
                                   float *plain)
{
    const clile_i_exec_segment *s = &exec->segments[segment];
    const clile_i_conv *conv = convolution_of(exec, segment);
    if (conv != NULL) return clile_i_conv_weights_to_plain(conv, flat + s->offset, plain);
    memcpy(plain, flat + s->offset, (size_t)exec->net->tensors[s->tensor].count * sizeof *plain);
    return CLILE_OK;
}

clile_status clile_i_exec_from_plain(const clile_i_exec *exec, int32_t segment, const float *plain,
                                     float *flat)
{
    const clile_i_exec_segment *s = &exec->segments[segment];
    const clile_i_conv *conv = convolution_of(exec, segment);
    memset(flat + s->offset, 0, (size_t)s->count * sizeof *flat);
    if (conv != NULL) return clile_i_conv_weights_from_plain(conv, plain, flat + s->offset);
    memcpy(flat + s->offset, plain, (size_t)exec->net->tensors[s->tensor].count * sizeof *plain);
    return CLILE_OK;
}

int64_t clile_i_exec_flops(const clile_i_exec *exec)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        const clile_i_exec_unit *u = &exec->units[i];
        const clile_i_dnn_layout *src = &exec->layouts[u->unit->src];
        const clile_i_conv_shape shape = clile_i_unit_shape(u->unit, src->n, src->h, src->w);
        int64_t passes = 0;
        for (int pass = CLILE_I_PASS_FORWARD; pass <= CLILE_I_PASS_BACKWARD_WEIGHTS; ++pass)
            passes += clile_i_conv_has_pass(u->conv, (clile_i_pass)pass);
        sum += 2 * passes * multiply_adds(&shape);
    }
    return sum;
}
