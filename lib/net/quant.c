/* The arrays of an int8 net, and the rounding of its weights. */
#include "net/graph.h"

#include <math.h>

const clile_i_net_tensor *clile_i_net_unit_weights(const clile_i_net *net, int32_t unit)
{
    const clile_i_node *node = &net->nodes[unit];
    return node->op->int8->quantise != NULL ? &net->tensors[node->tensor] : NULL;
}

clile_status clile_i_quant_check(const clile_i_net *net)
{
    if (net->config.tail.points > 0)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "int8: the net reads points, and runs in float32 only");
    for (int64_t i = 0; i < net->node_count; ++i)
        if (net->nodes[i].op->int8 == NULL)
            return clile_i_fail(CLILE_E_UNSUPPORTED,
                                "int8: the net's operation %s runs in float32 only",
                                net->nodes[i].op->name);
    return CLILE_OK;
}

static clile_status make_unit(const clile_i_net *net, int32_t i, clile_i_quant_unit *unit)
{
    clile_status status = CLILE_OK;
    const clile_i_node *node = &net->nodes[i];
    const clile_i_net_tensor *weights = clile_i_net_unit_weights(net, i);
    unit->has_step = node->op->int8->levels(node) > 0;
    if (weights == NULL) return CLILE_OK;
    CLILE_I_ALLOC(unit->weights, weights->count);
    CLILE_I_ALLOC(unit->scale, weights->shape[0]);
    CLILE_I_ALLOC(unit->bias, weights->shape[0]);
cleanup:
    return status;
}

clile_status clile_i_quant_create(const clile_i_net *net, clile_i_quant **out)
{
    clile_status status = CLILE_OK;
    clile_i_quant *quant = NULL;
    CLILE_I_TRY(clile_i_quant_check(net));
    CLILE_I_ALLOC(quant, 1);
    clile_i_refs_init(&quant->refs);
    CLILE_I_ALLOC(quant->units, net->node_count);
    quant->unit_count = (int32_t)net->node_count;
    for (int32_t i = 0; i < quant->unit_count; ++i)
        CLILE_I_TRY(make_unit(net, i, &quant->units[i]));
    *out = quant;
    quant = NULL;
cleanup:
    clile_i_quant_destroy(quant);
    return status;
}

static void free_unit(const clile_i_quant_unit *unit)
{
    clile_i_free(unit->weights);
    clile_i_free(unit->scale);
    clile_i_free(unit->bias);
}

void clile_i_quant_retain(clile_i_quant *quant)
{
    clile_i_refs_retain(&quant->refs);
}

void clile_i_quant_destroy(clile_i_quant *quant)
{
    if (quant == NULL || clile_i_refs_release(&quant->refs) > 0) return;
    for (int32_t i = 0; quant->units != NULL && i < quant->unit_count; ++i)
        free_unit(&quant->units[i]);
    clile_i_free(quant->units);
    clile_i_free(quant);
}

void clile_i_quantise_rows(int64_t rows, int64_t each, const float *weights,
                           clile_i_quant_unit *out)
{
    for (int64_t o = 0; o < rows; ++o) {
        const float *row = weights + o * each;
        /* float, because gcc 12 for arm64 crashes on a maximum of doubles here */
        float greatest = 0.0F;
        for (int64_t k = 0; k < each; ++k) greatest = fmaxf(greatest, fabsf(row[k]));
        const float scale = greatest > 1e-30F ? (float)((double)greatest / 127.0) : 1.0F;
        out->scale[o] = scale;
        for (int64_t k = 0; k < each; ++k) {
            const double q = rint((double)row[k] / (double)scale);
            out->weights[o * each + k] = (int8_t)(q > 127.0 ? 127.0 : q < -127.0 ? -127.0 : q);
        }
    }
}
