/* The loss of method=lpnet: features that do not follow the person's own shape. With G_k the mean
 * landmarks of the subject of image k, [10], L is that of clile_loss_decorrelate, |X^T Y|_F^2 / d,
 * for F and G. */
#include "loss/term.h"

#include <clile/losses.h>

#include <string.h>

enum { SHAPE = 10 };

static clile_status compute(clile_i_step *x)
{
    clile_status status = CLILE_OK;
    float *shape = NULL; /* [n,d]: constant columns do not count */
    if (x->d < SHAPE)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "method=lpnet: embedding is %d, expected at least %d", (int)x->d,
                            (int)SHAPE);
    CLILE_I_ALLOC(shape, x->n * x->d);
    for (int64_t k = 0; k < x->n; ++k)
        memcpy(shape + k * x->d, x->subject_five + (int64_t)x->subject[k] * SHAPE,
               SHAPE * sizeof *shape);
    status = clile_loss_decorrelate(x->n, x->d, x->embedding, shape, &x->loss, x->diff_embedding);
cleanup:
    clile_i_free(shape);
    return status;
}

const clile_i_term clile_i_term_lpnet = {.compute = compute};
