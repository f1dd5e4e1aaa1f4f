/* The loss of method=augcn: the error of its auto-encoders, the last number of each embedding, L =
 * (1/n) sum_k F_k[d]. */
#include "loss/term.h"

static clile_status compute(clile_i_step *x)
{
    const int64_t n = x->n, d = x->d;
    for (int64_t k = 0; k < n; ++k) {
        x->loss += (double)x->embedding[(k + 1) * d - 1] / (double)n;
        x->diff_embedding[(k + 1) * d - 1] = 1.0F / (float)n;
    }
    return CLILE_OK;
}

const clile_i_term clile_i_term_augcn = {.compute = compute};
