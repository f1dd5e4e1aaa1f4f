/* The term for the points among the data set's targets (docs/method.md): a linear head from the
 * embedding to standardised coordinates, with smooth L1. */
#include "loss/loss.h"
#include "loss/term.h"

enum { WEIGHT, BIAS };
static const double beta = 0.5;

static void heads(const clile_i_step *x)
{
    x->head[WEIGHT] = (clile_i_head){.name = "points", .ndim = 2, .shape = {2 * x->p, x->d}};
    x->head[BIAS] = (clile_i_head){.name = "points_bias", .ndim = 1, .shape = {2 * x->p}};
}

static clile_status compute(clile_i_step *x)
{
    return clile_i_loss_regression(&(clile_i_regression){.n = x->n,
                                                         .d = x->d,
                                                         .k = 2 * x->p,
                                                         .beta = beta,
                                                         .embedding = x->embedding,
                                                         .weight = x->head[WEIGHT].value,
                                                         .bias = x->head[BIAS].value,
                                                         .target = x->points,
                                                         .loss = &x->loss,
                                                         .diff_embedding = x->diff_embedding,
                                                         .diff_weight = x->head[WEIGHT].diff,
                                                         .diff_bias = x->head[BIAS].diff});
}

const clile_i_term clile_i_term_points = {.any_method = 1, .heads = heads, .compute = compute};
