/* The arrays of an int8 net. */
#include "net/graph.h"

static clile_status make_unit(const clile_i_net_tensor *weights, clile_i_quant_unit *unit)
{
    clile_status status = CLILE_OK;
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
    CLILE_I_ALLOC(quant, 1);
    clile_i_refs_init(&quant->refs);
    CLILE_I_ALLOC(quant->units, net->unit_count);
    quant->unit_count = net->unit_count;
    for (int32_t i = 0; i < net->unit_count; ++i)
        CLILE_I_TRY(make_unit(&net->tensors[net->units[i].conv], &quant->units[i]));
    CLILE_I_TRY(make_unit(&net->tensors[net->fc], &quant->fc));
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
    free_unit(&quant->fc);
    clile_i_free(quant->units);
    clile_i_free(quant);
}
