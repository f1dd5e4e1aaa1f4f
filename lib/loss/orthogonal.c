/* Elimination by the angle between F and F^ID (docs/method.md; our choice). */
#include "loss/check.h"
#include "loss/term.h"
#include "loss/vector.h"

/* orthogonal: L = (1/n) sum_k cos(F_k, G_k)^2,  dL/dF_k = (2/n) cos_k (g - cos_k f) / |F_k|, f
 * and g of length 1. */
clile_status clile_loss_orthogonal(int64_t n, int64_t d, const float *embedding,
                                   const float *id_embedding, double *loss, float *diff_embedding)
{
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 2, sizes));
    CLILE_I_CHECK_NOT_NULL(embedding);
    CLILE_I_CHECK_NOT_NULL(id_embedding);

    clile_status status = CLILE_OK;
    double *scratch = NULL, sum = 0;
    CLILE_I_ALLOC(scratch, 2 * d);
    double *unit = scratch, *id_unit = scratch + d;
    for (int64_t k = 0; k < n; ++k) {
        double inverse_norm, id_inverse_norm;
        clile_i_sim_forward_rows(CLILE_SIMILARITY_COSINE, 1, d, embedding + k * d, unit,
                                 &inverse_norm);
        clile_i_sim_forward_rows(CLILE_SIMILARITY_COSINE, 1, d, id_embedding + k * d, id_unit,
                                 &id_inverse_norm);
        const double cosine = clile_i_vec_dot(d, unit, id_unit);
        sum += cosine * cosine;
        if (diff_embedding == NULL) continue;
        for (int64_t j = 0; j < d; ++j) id_unit[j] *= 2 * cosine / (double)n;
        clile_i_sim_backward(CLILE_SIMILARITY_COSINE, d, unit, inverse_norm, id_unit);
        clile_i_vec_store(d, id_unit, diff_embedding + k * d);
    }
    CLILE_I_TRY(clile_i_loss_finish(__func__, sum / (double)n, loss));
cleanup:
    clile_i_free(scratch);
    return status;
}

static clile_status compute(clile_i_step *x)
{
    return clile_loss_orthogonal(x->n, x->d, x->embedding, x->id_embedding, &x->loss,
                                 x->diff_embedding);
}

const clile_i_term clile_i_elimination_orthogonal = {.needs_id_embedding = 1, .compute = compute};
