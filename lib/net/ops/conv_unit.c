/* conv_unit: dst = pool?(relu?(norm(conv(src)) + residual?)), most of a ResNet. Source 0 is src.
 * Source 1, if there is one, is the residual. With an inner value the unit ends in max pooling, and
 * inner is the input of the pooling.
 *
 * Training keeps the convolution's output. Norm, residual and ReLU (or norm, ReLU and pooling) take
 * one pass over memory. Inference folds the norm into the convolution, which adds the residual and
 * applies the ReLU itself. int8 does the same in integers. */
#include "net/ops.h"
#include "net/plan.h"

#include <math.h>

enum { WEIGHTS, GAMMA, BETA, MEAN, VARIANCE, TENSORS };
enum { RESIDUAL = 1 };
enum { POOL_K = 3, POOL_STRIDE = 2, POOL_PAD = 1 };
enum { LEVELS_UNSIGNED = 255, LEVELS_SIGNED = 127 };
/* of torch and torchvision */
static const double EPS = 1e-5, MOMENTUM = 0.1;

static const clile_i_op_tensor tensors[TENSORS] = {{"weight", 0, 1, 1},
                                                   {"weight", 1, 1, 0},
                                                   {"bias", 1, 1, 0},
                                                   {"running_mean", 1, 0, 0},
                                                   {"running_var", 1, 0, 0}};

typedef struct {
    clile_i_conv *conv;
    clile_i_pack *pack; /* owns the folded weights if packs share them */
    clile_i_max_pool pool;
    clile_i_norm_pool norm_pool; /* training, with pooling; without: its norm alone */
} unit_state;

static int has_residual(const clile_i_node *node)
{
    return node->src_count > RESIDUAL;
}

static int pools(const clile_i_node *node)
{
    return node->has_inner;
}

/* ---- tensors --------------------------------------------------------------------------------- */

static int32_t tensor_shape(const clile_i_node *node, int32_t tensor, int64_t shape[4])
{
    shape[0] = node->oc;
    if (tensor != WEIGHTS) return 1;
    shape[1] = node->ic;
    shape[2] = shape[3] = node->k;
    return 4;
}

static void fill(const clile_i_net_tensor *tensor, float value)
{
    for (int64_t i = 0; i < tensor->count; ++i) tensor->data[i] = value;
}

/* torchvision's: convolutions N(0, 2 / fan_out), norms 1 and 0, running mean 0 and variance 1. */
static void init(const clile_i_node *node, clile_i_net_tensor *t, clile_i_rng *rng)
{
    const double deviation = sqrt(2.0 / (double)(node->oc * node->k * node->k));
    for (int64_t i = 0; rng != NULL && i < t[WEIGHTS].count; ++i)
        t[WEIGHTS].data[i] = (float)(deviation * clile_i_rng_normal(rng));
    fill(&t[GAMMA], 1.0F);
    fill(&t[BETA], 0.0F);
    fill(&t[MEAN], 0.0F);
    fill(&t[VARIANCE], 1.0F);
}

/* Folds the norm into the convolution: scale = gamma / sqrt(variance + eps); weights
 * [oc,ic,k,k] * scale, bias = beta - mean * scale. Either output may be NULL. */
static void fold_norm(const clile_i_net_tensor *t, float *weights, float *bias)
{
    const int64_t oc = t[WEIGHTS].shape[0], each = t[WEIGHTS].count / oc;
    for (int64_t c = 0; c < oc; ++c) {
        const double scale = (double)t[GAMMA].data[c] / sqrt((double)t[VARIANCE].data[c] + EPS);
        if (bias != NULL)
            bias[c] = (float)((double)t[BETA].data[c] - (double)t[MEAN].data[c] * scale);
        if (weights == NULL) continue;
        const float *restrict src = t[WEIGHTS].data + c * each;
        float *restrict dst = weights + c * each;
        for (int64_t k = 0; k < each; ++k) dst[k] = (float)((double)src[k] * scale);
    }
}

/* ---- layouts --------------------------------------------------------------------------------- */

static clile_i_conv_shape shape_of(const clile_i_node *node, const clile_i_dnn_layout *src)
{
    return (clile_i_conv_shape){.n = src->n,
                                .ic = node->ic,
                                .ih = src->h,
                                .iw = src->w,
                                .oc = node->oc,
                                .kh = node->k,
                                .kw = node->k,
                                .stride = node->stride,
                                .pad = node->pad};
}

static clile_i_max_pool pool_of(const clile_i_dnn_layout *inner)
{
    return clile_i_max_pool_make(inner, POOL_K, POOL_STRIDE, POOL_PAD);
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    const clile_i_conv_shape shape = shape_of(node, src);
    *dst = clile_i_dnn_layout_make(kind, src->n, node->oc, clile_i_conv_oh(&shape),
                                   clile_i_conv_ow(&shape));
    if (!pools(node)) return;
    *inner = *dst;
    *dst = pool_of(inner).dst;
}

static int64_t products(const clile_i_conv_shape *s)
{
    return s->n * s->oc * s->ic * s->kh * s->kw * clile_i_conv_oh(s) * clile_i_conv_ow(s);
}

static int64_t multiply_adds(const clile_i_op_run *run)
{
    const clile_i_conv_shape shape = shape_of(run->node, &run->src[0]);
    return products(&shape);
}

static clile_status prefer(const clile_i_op_run *run, clile_i_dnn_layout_kind *kind)
{
    const clile_i_conv_shape shape = shape_of(run->node, &run->src[0]);
    return clile_i_conv_preferred(&shape, run->trains, kind);
}

/* Of the convolution's output. */
static const clile_i_dnn_layout *map_of(const clile_i_op_run *run)
{
    return pools(run->node) ? &run->inner : &run->dst;
}

/* ---- float32 --------------------------------------------------------------------------------- */

/* Training keeps the convolution's output and, with pooling, the winner of each window and its
 * place in the window (a byte). The batch's mean and 1 / deviation are stored after the running
 * mean and variance. Stored between what is kept and dst, they would shift the two arrays against
 * each other in their pages. That makes a training step one percent slower. */
static void ask_training(clile_i_op_run *run, const unit_state *state)
{
    const clile_i_dnn_layout *map = map_of(run);
    run->param_count[WEIGHTS] = clile_i_conv_weights_count(state->conv);
    run->param_count[GAMMA] = run->param_count[BETA] = map->channels;
    run->param_count[MEAN] = run->param_count[VARIANCE] = 2 * clile_i_plan_rounded(map->channels);
    run->kept_count = clile_i_plan_rounded(map->count);
    if (pools(run->node))
        run->kept_count += clile_i_plan_rounded(run->dst.count) + (run->dst.count + 3) / 4;
    const size_t sums = (size_t)clile_i_batch_norm_partial_count(map) * sizeof(double);
    if (run->scratch_bytes < sums) run->scratch_bytes = sums;
}

/* Inference has a folded bias in the place of beta, and folded weights unless packs share them. */
static void ask_inference(clile_i_op_run *run, const unit_state *state)
{
    memset(run->param_count, 0, sizeof run->param_count);
    run->param_count[BETA] = map_of(run)->channels;
    if (run->packs == NULL) run->param_count[WEIGHTS] = clile_i_conv_weights_count(state->conv);
}

static clile_status check_norm(const clile_i_op_run *run)
{
    const clile_i_dnn_layout *map = map_of(run);
    if (run->mode == CLILE_I_EXEC_TRAIN && map->n * map->h * map->w == 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "batch: expected at least 2 at %d pixels, found 1: batch norm needs "
                            "more than one value per channel",
                            run->size);
    return CLILE_OK;
}

static clile_status create(clile_i_op_run *run)
{
    clile_status status = CLILE_OK;
    const clile_i_node *node = run->node;
    const clile_i_conv_shape shape = shape_of(node, &run->src[0]);
    const clile_i_conv_options options = {.src = run->src[0].kind,
                                          .dst = map_of(run)->kind,
                                          .bias = !run->trains,
                                          .sum = !run->trains && has_residual(node),
                                          .relu = !run->trains && node->relu,
                                          .backward_weights = run->trains,
                                          .backward_data =
                                              run->trains && node->src[0] != CLILE_I_VALUE_IMAGE,
                                          .bf16 = run->bf16,
                                          .src_bf16 = run->src[0].bf16,
                                          .dst_bf16 = map_of(run)->bf16};
    unit_state *state = NULL;
    CLILE_I_TRY(check_norm(run));
    CLILE_I_ALLOC(state, 1);
    run->state = state;
    run->team = clile_i_op_team(run, 2 * products(&shape));
    if (pools(node)) state->pool = pool_of(&run->inner);
    const int32_t before = clile_i_threads_set(run->team);
    status = clile_i_conv_create(&shape, &options, &state->conv);
    clile_i_threads_set(before);
    if (status != CLILE_OK) goto cleanup;
    run->scratch_bytes = clile_i_conv_scratch_bytes(state->conv);
    if (run->trains)
        ask_training(run, state);
    else
        ask_inference(run, state);
cleanup:
    return status;
}

static void bind_training(clile_i_op_run *run, unit_state *state)
{
    const clile_i_dnn_layout *map = map_of(run);
    clile_i_norm_pool *op = &state->norm_pool;
    const int64_t batch = clile_i_plan_rounded(map->channels); /* the batch's statistics */
    op->norm =
        (clile_i_batch_norm){.layout = *map,
                             .eps = EPS,
                             .momentum = MOMENTUM,
                             .frozen = run->mode == CLILE_I_EXEC_TRAIN_FROZEN,
                             .relu = run->node->relu,
                             .src = run->kept,
                             .gamma = run->params[GAMMA],
                             .beta = run->params[BETA],
                             .running_mean = run->params[MEAN],
                             .running_variance = run->params[VARIANCE],
                             .mean = run->params[MEAN] + batch,
                             .inv_std = run->params[VARIANCE] + batch,
                             .residual = has_residual(run->node) ? run->src_data[RESIDUAL] : NULL,
                             .dst = run->dst_data,
                             .diff_dst = run->diff_dst,
                             .diff_dst_more = run->diff_dst_more,
                             .diff_src = run->diff_dst,
                             .diff_residual = run->diff_src[RESIDUAL],
                             .diff_gamma = run->diffs[GAMMA],
                             .diff_beta = run->diffs[BETA],
                             .partial = run->scratch};
    if (!pools(run->node)) return;
    op->pool = state->pool;
    op->dst = run->dst_data;
    op->winner = run->kept + clile_i_plan_rounded(map->count);
    op->index = (uint8_t *)(op->winner + clile_i_plan_rounded(run->dst.count));
    op->diff_dst = run->diff_dst;
    op->diff_dst_more = run->diff_dst_more;
    op->diff_src = run->diff_inner;
}

static clile_status bind(clile_i_op_run *run)
{
    unit_state *state = run->state;
    clile_i_conv_buffers buffers = {
        .src = run->src_data[0], .weights = run->params[WEIGHTS], .scratch = run->scratch};
    if (run->trains) {
        bind_training(run, state);
        buffers.dst = run->kept;
        buffers.diff_dst = pools(run->node) ? run->diff_inner : run->diff_dst;
        buffers.diff_weights = run->diffs[WEIGHTS];
        buffers.diff_src = run->diff_src[0];
    } else {
        if (state->pack != NULL) buffers.weights = clile_i_pack_weights(state->pack);
        buffers.bias = run->params[BETA];
        buffers.dst = pools(run->node) ? run->inner_data : run->dst_data;
    }
    return clile_i_conv_bind(state->conv, &buffers);
}

static clile_status from_plain(const clile_i_op_run *run, int32_t k, const float *plain,
                               float *param)
{
    const unit_state *state = run->state;
    if (k == WEIGHTS) return clile_i_conv_weights_from_plain(state->conv, plain, param);
    memcpy(param, plain, (size_t)run->node->oc * sizeof *param);
    return CLILE_OK;
}

static clile_status to_plain(const clile_i_op_run *run, int32_t k, const float *param, float *plain)
{
    const unit_state *state = run->state;
    if (k == WEIGHTS) return clile_i_conv_weights_to_plain(state->conv, param, plain);
    memcpy(plain, param, (size_t)run->node->oc * sizeof *plain);
    return CLILE_OK;
}

typedef struct {
    const clile_i_conv *conv;
    const clile_i_net_tensor *tensors;
    float *room;
} fold_job;

/* Writes folded weights in the convolution's layout. */
static clile_status fold_weights(void *context, void *packed)
{
    const fold_job *job = context;
    fold_norm(job->tensors, job->room, NULL);
    return clile_i_conv_weights_from_plain(job->conv, job->room, packed);
}

static clile_status fold(clile_i_op_run *run, const clile_i_net_tensor *t, float *room)
{
    unit_state *state = run->state;
    fold_job job = {state->conv, t, room};
    fold_norm(t, NULL, run->params[BETA]);
    if (run->packs == NULL) return fold_weights(&job, run->params[WEIGHTS]);
    clile_i_weights_layout *layout = NULL;
    CLILE_I_RETURN_IF(clile_i_conv_weights_layout(state->conv, &layout));
    const int64_t bytes = clile_i_conv_weights_count(state->conv) * (int64_t)sizeof(float);
    return clile_i_packs_take(run->packs, run->index, layout, bytes, fold_weights, &job,
                              &state->pack);
}

static clile_status forward(clile_i_op_run *run)
{
    unit_state *state = run->state;
    CLILE_I_RETURN_IF(clile_i_conv_forward(state->conv));
    state->norm_pool.norm.sync = run->sync;
    state->norm_pool.norm.again = run->again;
    if (run->trains && pools(run->node))
        clile_i_norm_pool_forward(&state->norm_pool);
    else if (run->trains)
        clile_i_batch_norm_forward(&state->norm_pool.norm);
    else if (pools(run->node) && run->inner.bf16)
        clile_i_max_pool_bf16(&state->pool, run->inner_data, run->dst_data);
    else if (pools(run->node))
        clile_i_max_pool_forward(&state->pool, run->inner_data, run->dst_data, NULL);
    return CLILE_OK;
}

static clile_status remake(clile_i_op_run *run)
{
    unit_state *state = run->state;
    state->norm_pool.norm.again = 1;
    clile_i_batch_norm_forward(&state->norm_pool.norm);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    unit_state *state = run->state;
    if (pools(run->node))
        clile_i_norm_pool_backward(&state->norm_pool);
    else
        clile_i_batch_norm_backward(&state->norm_pool.norm);
    CLILE_I_RETURN_IF(clile_i_conv_backward_weights(state->conv));
    return run->diff_src[0] == NULL ? CLILE_OK : clile_i_conv_backward_data(state->conv);
}

static void destroy(clile_i_op_run *run)
{
    unit_state *state = run->state;
    if (state == NULL) return;
    clile_i_conv_destroy(state->conv);
    clile_i_packs_give_back(run->packs, state->pack);
    clile_i_free(state);
}

static clile_i_conv *convolution(const clile_i_op_run *run)
{
    return ((const unit_state *)run->state)->conv;
}

/* ---- ONNX ------------------------------------------------------------------------------------ */

/* Kernel, strides and pads of square windows. */
static void write_window(const clile_i_graph_writer *w, int64_t k, int64_t stride, int64_t pad)
{
    w->numbers(w->context, "kernel_shape", 2, (const int64_t[]){k, k});
    w->numbers(w->context, "strides", 2, (const int64_t[]){stride, stride});
    w->numbers(w->context, "pads", 4, (const int64_t[]){pad, pad, pad, pad});
}

/* Weights and bias, with the norm folded in. */
static clile_status write_folded(const clile_i_net_tensor *t, const char *weight, const char *bias,
                                 const clile_i_graph_writer *w)
{
    clile_status status = CLILE_OK;
    float *weights = NULL, *biases = NULL;
    CLILE_I_ALLOC(weights, t[WEIGHTS].count);
    CLILE_I_ALLOC(biases, t[BETA].count);
    fold_norm(t, weights, biases);
    w->tensor(w->context, weight, t[WEIGHTS].ndim, t[WEIGHTS].shape, weights);
    w->tensor(w->context, bias, 1, t[BETA].shape, biases);
cleanup:
    clile_i_free(weights);
    clile_i_free(biases);
    return status;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    char bias[80], before[48], sum[48];
    const char *weight = t[WEIGHTS].name; /* "layer1.0.conv1.weight" */
    const char *dst = pools(node) ? names->inner : names->dst;
    const int residual = has_residual(node), plain = !residual && !node->relu;
    snprintf(bias, sizeof bias, "%.*s.bias", (int)(strrchr(weight, '.') - weight), weight);
    snprintf(before, sizeof before, "%s.convolution", dst);
    snprintf(sum, sizeof sum, "%s.sum", dst);
    CLILE_I_RETURN_IF(write_folded(t, weight, bias, w));
    w->begin(w->context, "Conv", 3, (const char *const[]){names->src[0], weight, bias},
             plain ? dst : before);
    write_window(w, node->k, node->stride, node->pad);
    w->end(w->context);
    if (residual) {
        w->begin(w->context, "Add", 2, (const char *const[]){before, names->src[RESIDUAL]},
                 node->relu ? sum : dst);
        w->end(w->context);
    }
    if (node->relu) {
        w->begin(w->context, "Relu", 1, (const char *const[]){residual ? sum : before}, dst);
        w->end(w->context);
    }
    if (pools(node)) {
        w->begin(w->context, "MaxPool", 1, (const char *const[]){dst}, names->dst);
        write_window(w, POOL_K, POOL_STRIDE, POOL_PAD);
        w->end(w->context);
    }
    return CLILE_OK;
}

/* ---- int8 ------------------------------------------------------------------------------------ */

typedef struct {
    clile_i_qconv *conv;
    clile_i_pack *pack;
    clile_i_max_pool pool;
    const clile_i_quant_unit *unit; /* while it is created */
} qunit_state;

static int32_t levels(const clile_i_node *node)
{
    return node->relu ? LEVELS_UNSIGNED : LEVELS_SIGNED;
}

/* The first convolution reads pixels: w (v / 255 - mean) / deviation = w' (v - 255 mean), with w' =
 * w / (255 deviation). The constant goes into the bias. It is computed from the rounded weights, so
 * a pixel of the mean colour still gives exactly zero. */
static void fold_pixels(const clile_i_node *node, const clile_i_pixels *pixels, float *weights,
                        clile_i_quant_unit *out)
{
    const int64_t plane = node->k * node->k, each = node->ic * plane;
    for (int64_t k = 0; k < node->oc * each; ++k)
        weights[k] =
            (float)((double)weights[k] / (255.0 * (double)pixels->deviation[k / plane % 3]));
    clile_i_quantise_rows(node->oc, each, weights, out);
    for (int64_t o = 0; o < node->oc; ++o) {
        double constant = 0.0;
        for (int64_t k = 0; k < each; ++k)
            constant += out->weights[o * each + k] * 255.0 * (double)pixels->mean[k / plane];
        out->bias[o] = (float)((double)out->bias[o] - (double)out->scale[o] * constant);
    }
}

static void quantise(const clile_i_node *node, const clile_i_net_tensor *t,
                     const clile_i_pixels *pixels, float *room, clile_i_quant_unit *out)
{
    fold_norm(t, room, out->bias);
    if (pixels != NULL)
        fold_pixels(node, pixels, room, out);
    else
        clile_i_quantise_rows(node->oc, node->ic * node->k * node->k, room, out);
}

static clile_status make_qconv(clile_i_op_qrun *run, const clile_i_quant_unit *unit,
                               qunit_state *state, float *scale, float *bias)
{
    const clile_i_node *node = run->node;
    const clile_i_op_qvalue *src = run->src[0], *dst = run->dst;
    const clile_i_op_qvalue *held = has_residual(node) ? run->src[RESIDUAL] : NULL;
    const clile_i_conv_shape shape = shape_of(node, &src->layout);
    for (int64_t o = 0; o < node->oc; ++o) {
        scale[o] = unit->scale[o] * src->step / dst->step;
        bias[o] = unit->bias[o] / dst->step;
    }
    const clile_i_qconv_options options = {.relu = node->relu,
                                           .sum = held != NULL,
                                           .dst_signed = dst->is_signed,
                                           .sum_signed = held != NULL && held->is_signed,
                                           .sum_scale =
                                               held != NULL ? held->step / dst->step : 0.0F,
                                           .scale = scale,
                                           .bias = bias};
    run->team = clile_i_op_qteam(run, 2 * products(&shape));
    const int32_t before = clile_i_threads_set(run->team);
    const clile_status status = clile_i_qconv_create(&shape, &options, &state->conv);
    clile_i_threads_set(before);
    return status;
}

static clile_status pack(void *context, void *weights)
{
    const qunit_state *state = context;
    return clile_i_qconv_pack_weights(state->conv, state->unit->weights, weights);
}

static clile_status qcreate(clile_i_op_qrun *run, const clile_i_quant_unit *unit)
{
    clile_status status = CLILE_OK;
    qunit_state *state = NULL;
    clile_i_weights_layout *layout = NULL;
    float *scale = NULL, *bias = NULL;
    if (run->src[0]->is_signed || run->src[0]->is_float)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "int8: conv_unit reads what has a ReLU, found a value without");
    CLILE_I_ALLOC(state, 1);
    run->state = state;
    state->unit = unit;
    if (pools(run->node)) state->pool = pool_of(&run->inner->layout);
    CLILE_I_ALLOC(scale, run->node->oc);
    CLILE_I_ALLOC(bias, run->node->oc);
    CLILE_I_TRY(make_qconv(run, unit, state, scale, bias));
    run->scratch_bytes = clile_i_qconv_scratch_bytes(state->conv);
    CLILE_I_TRY(clile_i_qconv_weights_layout(state->conv, &layout));
    CLILE_I_TRY(clile_i_packs_take(run->packs, run->index, layout,
                                   (int64_t)clile_i_qconv_weights_bytes(state->conv), pack, state,
                                   &state->pack));
cleanup:
    clile_i_free(scale);
    clile_i_free(bias);
    return status;
}

static clile_status qbind(clile_i_op_qrun *run)
{
    qunit_state *state = run->state;
    return clile_i_qconv_bind(state->conv, run->src[0]->data, clile_i_pack_weights(state->pack),
                              pools(run->node) ? run->inner->data : run->dst->data, run->scratch);
}

static clile_status qforward(clile_i_op_qrun *run)
{
    const qunit_state *state = run->state;
    CLILE_I_RETURN_IF(clile_i_qconv_forward(state->conv));
    if (pools(run->node)) clile_i_max_pool_u8(&state->pool, run->inner->data, run->dst->data);
    return CLILE_OK;
}

static void qdestroy(clile_i_op_qrun *run)
{
    qunit_state *state = run->state;
    if (state == NULL) return;
    clile_i_qconv_destroy(state->conv);
    clile_i_packs_give_back(run->packs, state->pack);
    clile_i_free(state);
}

static const clile_i_op_int8 int8 = {.levels = levels,
                                     .quantise = quantise,
                                     .create = qcreate,
                                     .bind = qbind,
                                     .forward = qforward,
                                     .destroy = qdestroy};

const clile_i_op clile_i_op_conv_unit = {.name = "conv_unit",
                                         .tensors = tensors,
                                         .tensor_count = TENSORS,
                                         .in_place = RESIDUAL,
                                         .adds_diffs = 1,
                                         .takes_bf16 = 1,
                                         .tensor_shape = tensor_shape,
                                         .init = init,
                                         .lay_out = lay_out,
                                         .prefer = prefer,
                                         .multiply_adds = multiply_adds,
                                         .create = create,
                                         .bind = bind,
                                         .from_plain = from_plain,
                                         .to_plain = to_plain,
                                         .fold = fold,
                                         .forward = forward,
                                         .backward = backward,
                                         .remake = remake,
                                         .destroy = destroy,
                                         .convolution = convolution,
                                         .write = write,
                                         .int8 = &int8};
