/* Elimination by the correlations between F and F^ID (docs/method.md; our choice). */
#include "loss/check.h"
#include "loss/term.h"
#include "loss/vector.h"

/* [n,d] -> columns centred and of length 1. A constant column (norm below the least) becomes zeros,
 * and its inverse_norm [d] is 0. Centring starts from the first row, so a constant column becomes
 * exactly 0. */
static void standardize_columns(int64_t n, int64_t d, const float *rows, double *out,
                                double *inverse_norm, double *mean)
{
    clile_i_vec_zero(d, mean);
    clile_i_vec_zero(d, inverse_norm);
    for (int64_t k = 0; k < n; ++k)
        for (int64_t j = 0; j < d; ++j) {
            out[k * d + j] = (double)rows[k * d + j] - (double)rows[j];
            mean[j] += out[k * d + j];
        }
    for (int64_t j = 0; j < d; ++j) mean[j] /= (double)n;
    for (int64_t k = 0; k < n; ++k)
        for (int64_t j = 0; j < d; ++j) {
            out[k * d + j] -= mean[j];
            inverse_norm[j] += out[k * d + j] * out[k * d + j];
        }
    for (int64_t j = 0; j < d; ++j) {
        const double norm = sqrt(inverse_norm[j]);
        const int constant = norm < CLILE_I_LEAST_NORM;
        inverse_norm[j] = constant ? 0 : 1 / norm;
        for (int64_t k = 0; k < n && constant; ++k) out[k * d + j] = 0;
    }
    for (int64_t k = 0; k < n; ++k)
        for (int64_t j = 0; j < d; ++j) out[k * d + j] *= inverse_norm[j];
}

/* Turns the gradient by the standardised columns X into the gradient by the columns, in place: per
 * column (g - (g.x) x) / norm. Centring would subtract its mean over the rows, which is already 0:
 * columns of X and Y have mean 0, and g is a combination of them. g.x of all columns is summed row
 * by row in `along` [d]. */
static void standardize_backward(int64_t n, int64_t d, const double *x, const double *inverse_norm,
                                 double *diff, double *along)
{
    clile_i_vec_zero(d, along);
    for (int64_t k = 0; k < n; ++k)
        for (int64_t j = 0; j < d; ++j) along[j] += diff[k * d + j] * x[k * d + j];
    for (int64_t k = 0; k < n; ++k)
        for (int64_t j = 0; j < d; ++j)
            diff[k * d + j] = (diff[k * d + j] - along[j] * x[k * d + j]) * inverse_norm[j];
}

/* decorrelate: L = |X^T Y|_F^2 / d, through the n x n Gram matrices, since a batch has fewer
 * rows than columns:
 *     |X^T Y|_F^2 = sum_kl (x_k.x_l) (y_k.y_l),   dL/dX_k = (2/d) sum_l (y_k.y_l) x_l,
 *     x_k, y_k rows of X, Y. */
clile_status clile_loss_decorrelate(int64_t n, int64_t d, const float *embedding,
                                    const float *id_embedding, double *loss, float *diff_embedding)
{
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 2, sizes));
    CLILE_I_CHECK_NOT_NULL(embedding);
    CLILE_I_CHECK_NOT_NULL(id_embedding);

    clile_status status = CLILE_OK;
    double *scratch = NULL, sum = 0;
    CLILE_I_ALLOC(scratch, 3 * n * d + 4 * d);
    double *next = scratch;
    double *x = clile_i_vec_take(&next, n * d), *y = clile_i_vec_take(&next, n * d);
    double *diff = clile_i_vec_take(&next, n * d);
    double *inverse_norm = clile_i_vec_take(&next, d),
           *id_inverse_norm = clile_i_vec_take(&next, d);
    double *mean = clile_i_vec_take(&next, d), *along = clile_i_vec_take(&next, d);
    standardize_columns(n, d, embedding, x, inverse_norm, mean);
    standardize_columns(n, d, id_embedding, y, id_inverse_norm, mean);
    for (int64_t k = 0; k < n; ++k)
        for (int64_t l = 0; l <= k; ++l) { /* both matrices are symmetric */
            const double gram = clile_i_vec_dot(d, y + k * d, y + l * d);
            sum += (l < k ? 2 : 1) * gram * clile_i_vec_dot(d, x + k * d, x + l * d);
            if (diff_embedding == NULL) continue;
            clile_i_vec_add(d, 2 * gram / (double)d, x + l * d, diff + k * d);
            if (l < k) clile_i_vec_add(d, 2 * gram / (double)d, x + k * d, diff + l * d);
        }
    CLILE_I_TRY(clile_i_loss_finish(__func__, sum / (double)d, loss));
    if (diff_embedding != NULL) {
        standardize_backward(n, d, x, inverse_norm, diff, along);
        clile_i_vec_store(n * d, diff, diff_embedding);
    }
cleanup:
    clile_i_free(scratch);
    return status;
}

static clile_status compute(clile_i_step *x)
{
    return clile_loss_decorrelate(x->n, x->d, x->embedding, x->id_embedding, &x->loss,
                                  x->diff_embedding);
}

const clile_i_term clile_i_elimination_decorrelate = {.needs_id_embedding = 1, .compute = compute};
