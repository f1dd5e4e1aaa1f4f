/* An int8 net compiled for one batch and size. Images are stored with a border of the mean
 * colour, which equals zero padding of a normalised image. So the first convolution needs no
 * padding and reads the pixels themselves. */
#include "net/graph.h"
#include "net/packs.h"
#include "net/plan.h"

#include <math.h>
#include <string.h>

/* About as long as float32 takes for its limit: integers are some three times as fast. */
static const int64_t FLOPS_FOR_A_TEAM = 48000000;

typedef struct {
    clile_i_qconv *conv;
    clile_i_pack *pack;
    int32_t team;
} qunit;

/* An activation: NHWC, one byte each. */
typedef struct {
    clile_i_dnn_layout layout;
    float step;
    uint8_t is_signed;
    uint8_t *bytes;
} qvalue;

struct clile_i_qexec {
    clile_i_net *net; /* owned, bare */
    clile_i_packs *packs;
    int32_t batch, size, border, threads;
    uint8_t halved; /* activations are within 0..128 (clile_i_qconv_is_exact) */
    qunit *units;
    qvalue *values;
    uint8_t *image, *arena;
    void *scratch;
    clile_i_max_pool pool;
    float *features, *fc_weights, *fc_bias;
};

/* ---- making ---------------------------------------------------------------------------------- */

/* Sets the sizes and steps of all values. */
static void lay_out(clile_i_qexec *exec, const clile_i_quant *quant)
{
    const float factor = exec->halved ? 2.0F : 1.0F;
    const int64_t side = exec->size + 2 * exec->border;
    exec->values[CLILE_I_VALUE_IMAGE] =
        (qvalue){.layout = clile_i_dnn_layout_make(CLILE_I_LAYOUT_NHWC, exec->batch, 3, side, side),
                 .step = factor};
    for (int32_t i = 0; i < quant->unit_count; ++i) {
        const clile_i_unit *unit = &exec->net->units[i];
        const clile_i_dnn_layout *src = &exec->values[unit->src].layout;
        clile_i_conv_shape shape = clile_i_unit_shape(unit, src->n, src->h, src->w);
        if (unit->src == CLILE_I_VALUE_IMAGE) shape.pad = 0;
        qvalue *dst = &exec->values[unit->dst];
        *dst = (qvalue){.layout = clile_i_dnn_layout_make(CLILE_I_LAYOUT_NHWC, src->n, unit->oc,
                                                          clile_i_conv_oh(&shape),
                                                          clile_i_conv_ow(&shape)),
                        .step = unit->relu ? factor * quant->units[i].step : quant->units[i].step,
                        .is_signed = !unit->relu};
        if (!clile_i_net_pools(exec->net, i)) continue;
        exec->pool = clile_i_max_pool_make(&dst->layout, CLILE_I_POOL_K, CLILE_I_POOL_STRIDE,
                                           CLILE_I_POOL_PAD);
        exec->values[exec->net->pooled] = (qvalue){.layout = exec->pool.dst, .step = dst->step};
    }
}

typedef struct {
    const clile_i_qconv *conv;
    const int8_t *weights;
} pack_job;

static clile_status pack(void *context, void *weights)
{
    const pack_job *job = context;
    return clile_i_qconv_pack_weights(job->conv, job->weights, weights);
}

static clile_status make_unit(clile_i_qexec *exec, const clile_i_quant_unit *q, int32_t i,
                              float *scale, float *bias)
{
    const clile_i_unit *unit = &exec->net->units[i];
    qunit *u = &exec->units[i];
    const qvalue *src = &exec->values[unit->src], *dst = &exec->values[unit->dst];
    const qvalue *held = unit->residual >= 0 ? &exec->values[unit->residual] : NULL;
    clile_i_weights_layout *layout = NULL;
    clile_i_conv_shape shape =
        clile_i_unit_shape(unit, src->layout.n, src->layout.h, src->layout.w);
    if (unit->src == CLILE_I_VALUE_IMAGE) shape.pad = 0;
    for (int64_t o = 0; o < unit->oc; ++o) {
        scale[o] = q->scale[o] * src->step / dst->step;
        bias[o] = q->bias[o] / dst->step;
    }
    const clile_i_qconv_options options = {.relu = unit->relu,
                                           .sum = held != NULL,
                                           .dst_signed = dst->is_signed,
                                           .sum_signed = held != NULL && held->is_signed,
                                           .sum_scale =
                                               held != NULL ? held->step / dst->step : 0.0F,
                                           .scale = scale,
                                           .bias = bias};
    u->team = clile_i_unit_team(&shape, FLOPS_FOR_A_TEAM, exec->threads);
    clile_i_threads_set(u->team);
    const clile_status status = clile_i_qconv_create(&shape, &options, &u->conv);
    clile_i_threads_set(exec->threads);
    if (status != CLILE_OK) return status;
    CLILE_I_RETURN_IF(clile_i_qconv_weights_layout(u->conv, &layout));
    pack_job job = {u->conv, q->weights};
    return clile_i_packs_take(exec->packs, i, layout, (int64_t)clile_i_qconv_weights_bytes(u->conv),
                              pack, &job, &u->pack);
}

static clile_status make_units(clile_i_qexec *exec, const clile_i_quant *quant)
{
    clile_status status = CLILE_OK;
    float *scale = NULL, *bias = NULL;
    int64_t most = 0;
    size_t scratch = 0;
    for (int32_t i = 0; i < quant->unit_count; ++i)
        most = exec->net->units[i].oc > most ? exec->net->units[i].oc : most;
    CLILE_I_ALLOC(scale, most);
    CLILE_I_ALLOC(bias, most);
    for (int32_t i = 0; i < quant->unit_count; ++i) {
        CLILE_I_TRY(make_unit(exec, &quant->units[i], i, scale, bias));
        const size_t needed = clile_i_qconv_scratch_bytes(exec->units[i].conv);
        scratch = needed > scratch ? needed : scratch;
    }
    exec->scratch = clile_i_calloc((int64_t)scratch, 1);
    if (exec->scratch == NULL) status = CLILE_E_OUT_OF_MEMORY;
cleanup:
    clile_i_free(scale);
    clile_i_free(bias);
    return status;
}

/* Places all values in one arena. */
static clile_status place_values(clile_i_qexec *exec)
{
    clile_status status = CLILE_OK;
    const clile_i_net *net = exec->net;
    int64_t *count = NULL, *offset = NULL, total = 0; /* bytes */
    CLILE_I_ALLOC(count, net->value_count);
    CLILE_I_ALLOC(offset, net->value_count);
    for (int32_t v = 0; v < net->value_count; ++v) /* lines of 64 bytes */
        count[v] = (exec->values[v].layout.count + 63) / 64 * 64;
    CLILE_I_TRY(clile_i_plan_values(net, count, offset, &total));
    CLILE_I_ALLOC(exec->arena, total + 64);
    CLILE_I_ALLOC(exec->image, exec->values[CLILE_I_VALUE_IMAGE].layout.count + 64);
    exec->values[CLILE_I_VALUE_IMAGE].bytes = exec->image;
    for (int32_t v = 1; v < net->value_count; ++v) exec->values[v].bytes = exec->arena + offset[v];
    for (int32_t i = 0; i < net->unit_count; ++i) {
        const clile_i_unit *unit = &net->units[i];
        CLILE_I_TRY(clile_i_qconv_bind(exec->units[i].conv, exec->values[unit->src].bytes,
                                       clile_i_pack_weights(exec->units[i].pack),
                                       exec->values[unit->dst].bytes, exec->scratch));
    }
cleanup:
    clile_i_free(count);
    clile_i_free(offset);
    return status;
}

static clile_status make_fc(clile_i_qexec *exec, const clile_i_quant *quant)
{
    clile_status status = CLILE_OK;
    const int64_t rows = exec->net->config.embedding, each = exec->net->features;
    CLILE_I_ALLOC(exec->features, exec->batch * each);
    CLILE_I_ALLOC(exec->fc_weights, rows * each);
    CLILE_I_ALLOC(exec->fc_bias, rows);
    for (int64_t o = 0; o < rows; ++o) {
        exec->fc_bias[o] = quant->fc.bias[o];
        for (int64_t k = o * each; k < (o + 1) * each; ++k)
            exec->fc_weights[k] = quant->fc.scale[o] * (float)quant->fc.weights[k];
    }
cleanup:
    return status;
}

/* Converts a pixel to what the first convolution reads. */
static uint8_t pixel(const clile_i_qexec *exec, uint8_t value)
{
    if (!exec->halved) return value;
    return (uint8_t)((value + 1) / 2);
}

static void fill_border(clile_i_qexec *exec, const float *mean)
{
    const int64_t pixels = exec->values[CLILE_I_VALUE_IMAGE].layout.count / 3;
    for (int64_t p = 0; p < pixels; ++p)
        for (int k = 0; k < 3; ++k)
            exec->image[3 * p + k] = pixel(exec, (uint8_t)(255.0F * mean[k] + 0.5F));
}

clile_status clile_i_qexec_create(const clile_i_net *net, const clile_i_quant *quant,
                                  const float *mean, int32_t batch, int32_t size,
                                  clile_i_packs *packs, clile_i_qexec **out)
{
    clile_status status = CLILE_OK;
    clile_i_qexec *exec = NULL;
    CLILE_I_TRY(clile_i_net_check_input(batch, size));
    CLILE_I_ALLOC(exec, 1);
    clile_i_packs_retain(packs);
    exec->packs = packs;
    exec->batch = batch;
    exec->size = size;
    exec->border = (int32_t)net->units[0].pad;
    exec->halved = !clile_i_qconv_is_exact();
    exec->threads = clile_i_threads_set(1); /* returns the previous size */
    clile_i_threads_set(exec->threads);
    CLILE_I_TRY(clile_i_net_create_bare(&net->config, &exec->net));
    CLILE_I_ALLOC(exec->units, net->unit_count);
    CLILE_I_ALLOC(exec->values, net->value_count);
    lay_out(exec, quant);
    CLILE_I_TRY(make_units(exec, quant));
    CLILE_I_TRY(place_values(exec));
    CLILE_I_TRY(make_fc(exec, quant));
    fill_border(exec, mean);
    *out = exec;
    exec = NULL;
cleanup:
    clile_i_qexec_destroy(exec);
    return status;
}

void clile_i_qexec_destroy(clile_i_qexec *exec)
{
    if (exec == NULL) return;
    for (int32_t i = 0; exec->units != NULL && i < exec->net->unit_count; ++i) {
        clile_i_qconv_destroy(exec->units[i].conv);
        clile_i_packs_give_back(exec->packs, exec->units[i].pack);
    }
    clile_i_packs_release(exec->packs);
    clile_i_net_destroy(exec->net);
    void *const owned[] = {exec->units,   exec->values,   exec->image,      exec->arena,
                           exec->scratch, exec->features, exec->fc_weights, exec->fc_bias};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) clile_i_free(owned[i]);
    clile_i_free(exec);
}

/* ---- running --------------------------------------------------------------------------------- */

void clile_i_qexec_set_image(clile_i_qexec *exec, int32_t index, const uint8_t *rgb,
                             int64_t row_stride)
{
    const int64_t side = exec->size + 2 * exec->border;
    uint8_t *first = exec->image + 3 * ((index * side + exec->border) * side + exec->border);
    for (int64_t y = 0; y < exec->size; ++y) {
        const uint8_t *src = rgb + y * row_stride;
        uint8_t *dst = first + 3 * y * side;
        if (!exec->halved)
            memcpy(dst, src, (size_t)(3 * exec->size));
        else
            for (int64_t i = 0; i < 3 * exec->size; ++i) dst[i] = pixel(exec, src[i]);
    }
}

/* Runs unit i and what is fused into it. */
static clile_status run_unit(clile_i_qexec *exec, int32_t i)
{
    const qvalue *values = exec->values;
    CLILE_I_RETURN_IF(clile_i_qconv_forward(exec->units[i].conv));
    if (clile_i_net_pools(exec->net, i))
        clile_i_max_pool_u8(&exec->pool, values[exec->net->units[0].dst].bytes,
                            values[exec->net->pooled].bytes);
    return CLILE_OK;
}

clile_status clile_i_qexec_forward(clile_i_qexec *exec, float *dst)
{
    clile_status status = CLILE_OK;
    const clile_i_net *net = exec->net;
    const qvalue *last = &exec->values[net->value_count - 1];
    for (int32_t i = 0; i < net->unit_count && status == CLILE_OK; ++i) {
        clile_i_threads_set(exec->units[i].team);
        status = run_unit(exec, i);
    }
    const int64_t tail = 2 * exec->batch * net->features * net->config.embedding;
    clile_i_threads_set(tail < FLOPS_FOR_A_TEAM ? 1 : exec->threads);
    if (status == CLILE_OK) {
        clile_i_average_pool_u8(&last->layout, last->bytes, last->step, exec->features);
        status = clile_i_linear_forward_each(exec->batch, net->features, net->config.embedding,
                                             exec->features, exec->fc_weights, exec->fc_bias, dst);
    }
    clile_i_threads_set(exec->threads);
    return status;
}
