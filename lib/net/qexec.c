/* An int8 net compiled for one batch and size. Images are stored with a border of the mean colour,
 * which equals zero padding of a normalised image. The first convolution then needs no padding and
 * reads the pixels themselves. */
#include "net/graph.h"
#include "net/packs.h"
#include "net/plan.h"

#include <string.h>

struct clile_i_qexec {
    clile_i_net *net; /* owned, bare */
    clile_i_packs *packs;
    int32_t batch, size, border, threads, node_count;
    uint8_t halved; /* activations are within 0..128 (clile_i_qconv_is_exact) */
    clile_i_op_qrun *runs;
    clile_i_op_qvalue *values;
    uint8_t *image, *arena;
    void *scratch;
};

/* ---- making ---------------------------------------------------------------------------------- */

/* Nodes that read the image need no padding: the image has a border. */
static void take_border(clile_i_qexec *exec)
{
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_node *node = &exec->net->nodes[i];
        if (node->src[0] != CLILE_I_VALUE_IMAGE) continue;
        exec->border = (int32_t)node->pad;
        node->pad = 0;
    }
}

/* Sets the sizes and steps of all values. */
static void lay_out(clile_i_qexec *exec, const clile_i_quant *quant)
{
    const float factor = exec->halved ? 2.0F : 1.0F;
    const int64_t side = exec->size + 2 * exec->border;
    exec->values[CLILE_I_VALUE_IMAGE] = (clile_i_op_qvalue){
        .layout = clile_i_dnn_layout_make(CLILE_I_LAYOUT_NHWC, exec->batch, 3, side, side),
        .step = factor};
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_node *node = &exec->net->nodes[i];
        const int32_t levels = node->op->int8->levels(node);
        clile_i_dnn_layout src[CLILE_I_MOST_SOURCES], inner;
        clile_i_op_qvalue value = {.is_signed = levels == 127, .is_float = levels == 0};
        value.step = levels == 255 ? factor * quant->units[i].step : quant->units[i].step;
        for (int32_t k = 0; k < node->src_count; ++k) src[k] = exec->values[node->src[k]].layout;
        node->op->lay_out(node, src, CLILE_I_LAYOUT_NHWC, &inner, &value.layout);
        exec->values[node->dst] = value;
        if (!node->has_inner) continue;
        value.layout = inner;
        exec->values[node->inner] = value;
    }
}

static clile_status create_operations(clile_i_qexec *exec, const clile_i_quant *quant)
{
    size_t scratch = 0;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_node *node = &exec->net->nodes[i];
        clile_i_op_qrun *run = &exec->runs[i];
        *run = (clile_i_op_qrun){.node = node,
                                 .index = i,
                                 .packs = exec->packs,
                                 .dst = &exec->values[node->dst],
                                 .team = exec->threads};
        for (int32_t k = 0; k < node->src_count; ++k) run->src[k] = &exec->values[node->src[k]];
        if (node->has_inner) run->inner = &exec->values[node->inner];
        CLILE_I_RETURN_IF(node->op->int8->create(run, &quant->units[i]));
        scratch = run->scratch_bytes > scratch ? run->scratch_bytes : scratch;
    }
    exec->scratch = clile_i_calloc((int64_t)scratch, 1);
    return exec->scratch == NULL ? CLILE_E_OUT_OF_MEMORY : CLILE_OK;
}

/* Bytes of a value, in lines of 64. */
static int64_t value_bytes(const clile_i_op_qvalue *value)
{
    const int64_t each = value->is_float ? (int64_t)sizeof(float) : 1;
    return (each * value->layout.count + 63) / 64 * 64;
}

/* Places all values in one arena. */
static clile_status place_values(clile_i_qexec *exec)
{
    clile_status status = CLILE_OK;
    const clile_i_net *net = exec->net;
    int64_t *count = NULL, *offset = NULL, total = 0; /* bytes */
    CLILE_I_ALLOC(count, net->value_count);
    CLILE_I_ALLOC(offset, net->value_count);
    for (int32_t v = 0; v < net->value_count; ++v) count[v] = value_bytes(&exec->values[v]);
    CLILE_I_TRY(clile_i_plan_values(net, count, offset, &total));
    CLILE_I_ALLOC(exec->arena, total + 64);
    CLILE_I_ALLOC(exec->image, exec->values[CLILE_I_VALUE_IMAGE].layout.count + 64);
    exec->values[CLILE_I_VALUE_IMAGE].data = exec->image;
    for (int32_t v = 1; v < net->value_count; ++v) exec->values[v].data = exec->arena + offset[v];
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_qrun *run = &exec->runs[i];
        run->scratch = exec->scratch;
        if (run->node->op->int8->bind != NULL) CLILE_I_TRY(run->node->op->int8->bind(run));
    }
cleanup:
    clile_i_free(count);
    clile_i_free(offset);
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
    exec->halved = !clile_i_qconv_is_exact();
    exec->threads = clile_i_threads_set(1); /* returns the previous size */
    clile_i_threads_set(exec->threads);
    CLILE_I_TRY(clile_i_net_copy_bare(net, &exec->net));
    CLILE_I_ALLOC(exec->runs, net->node_count);
    CLILE_I_ALLOC(exec->values, net->value_count);
    exec->node_count = (int32_t)net->node_count;
    take_border(exec);
    lay_out(exec, quant);
    if (!exec->values[exec->net->nodes[exec->node_count - 1].dst].is_float) {
        status = clile_i_fail(CLILE_E_UNSUPPORTED, "int8: the net's result is not float32");
        goto cleanup;
    }
    CLILE_I_TRY(create_operations(exec, quant));
    CLILE_I_TRY(place_values(exec));
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
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_qrun *run = &exec->runs[i];
        if (run->node != NULL && run->node->op->int8->destroy != NULL)
            run->node->op->int8->destroy(run);
    }
    clile_i_packs_release(exec->packs);
    clile_i_net_destroy(exec->net);
    void *const owned[] = {exec->runs, exec->values, exec->image, exec->arena, exec->scratch};
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

clile_status clile_i_qexec_forward(clile_i_qexec *exec, float *dst)
{
    clile_status status = CLILE_OK;
    for (int32_t i = 0; i < exec->node_count && status == CLILE_OK; ++i) {
        clile_i_op_qrun *run = &exec->runs[i];
        clile_i_threads_set(run->team);
        status = run->node->op->int8->forward(run);
    }
    clile_i_threads_set(exec->threads);
    if (status != CLILE_OK) return status;
    const clile_i_op_qvalue *last = exec->runs[exec->node_count - 1].dst;
    clile_i_dnn_layout_to_plain(&last->layout, last->data, dst);
    return CLILE_OK;
}
