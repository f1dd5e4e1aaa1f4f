/* The term for the values among the data set's targets (docs/method.md): a linear head from the
 * embedding to standardised values, with mean squared error. */
#include "loss/loss.h"
#include "loss/term.h"

enum { WEIGHT, BIAS };

static void heads(const clile_i_step *x)
{
    x->head[WEIGHT] = (clile_i_head){.name = "values", .ndim = 2, .shape = {x->v, x->d}};
    x->head[BIAS] = (clile_i_head){.name = "values_bias", .ndim = 1, .shape = {x->v}};
}

static clile_status compute(clile_i_step *x)
{
    return clile_i_loss_regression(&(clile_i_regression){.n = x->n,
                                                         .d = x->d,
                                                         .k = x->v,
                                                         .embedding = x->embedding,
                                                         .weight = x->head[WEIGHT].value,
                                                         .bias = x->head[BIAS].value,
                                                         .target = x->values,
                                                         .loss = &x->loss,
                                                         .diff_embedding = x->diff_embedding,
                                                         .diff_weight = x->head[WEIGHT].diff,
                                                         .diff_bias = x->head[BIAS].diff});
}

const clile_i_term clile_i_term_values = {.any_method = 1, .heads = heads, .compute = compute};
