/* A linear head on the embedding, fitted to targets. Some targets may be unknown.
 *   y_kj = W_j . F_k + b_j,  r = y_kj - target_kj
 *   smooth L1 (Girshick, "Fast R-CNN", ICCV 2015; beta > 0): l = r^2 / (2 beta) for |r| < beta,
 *     else |r| - beta / 2;  squared error (beta = 0): l = r^2
 *   L = mean of l over the known targets; 0 if none is
 *   dL/dy = l'(r) / known;  dF = dy W,  dW = dy^T F,  db = sum_k dy_k */
#include "dnn/dnn.h"
#include "loss/check.h"
#include "loss/loss.h"

#include <math.h>

/* l(r), and its derivative. */
static double penalty(double beta, double r, double *derivative)
{
    if (beta == 0) {
        *derivative = 2 * r;
        return r * r;
    }
    if (fabs(r) < beta) {
        *derivative = r / beta;
        return r * r / (2 * beta);
    }
    *derivative = r < 0 ? -1 : 1;
    return fabs(r) - beta / 2;
}

clile_status clile_i_loss_regression(const clile_i_regression *x)
{
    clile_status status = CLILE_OK;
    const int64_t count = x->n * x->k;
    int64_t known = 0;
    double sum = 0;
    float *y = NULL;
    CLILE_I_ALLOC(y, count);
    CLILE_I_TRY(clile_i_linear_forward(x->n, x->d, x->k, x->embedding, x->weight, x->bias, y));
    for (int64_t i = 0; i < count; ++i) known += !clile_i_is_nan((double)x->target[i]);
    for (int64_t i = 0; i < count; ++i) {
        double derivative = 0;
        if (!clile_i_is_nan((double)x->target[i]))
            sum += penalty(x->beta, (double)y[i] - (double)x->target[i], &derivative);
        y[i] = known == 0 ? 0.0f : (float)(derivative / (double)known);
    }
    CLILE_I_TRY(clile_i_loss_finish("targets", known == 0 ? 0 : sum / (double)known, x->loss));
    status = clile_i_linear_backward(x->n, x->d, x->k, x->embedding, x->weight, y,
                                     x->diff_embedding, x->diff_weight, x->diff_bias);
cleanup:
    clile_i_free(y);
    return status;
}
