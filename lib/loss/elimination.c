/* Losses that remove person-specific features from the general embedding (docs/method.md; all
 * our choice). */
#include "loss/check.h"
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

/* [n,d] -> columns centred and of length 1. inverse_norm [d] is 0, and the column zeros, where
 * it is constant (norm below the least). Centring starts from the first row, so that a constant
 * column becomes exactly 0. */
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

/* Turns the gradient by the standardised columns X into that by the columns, in place: per
 * column (g - (g.x) x) / norm. Centring would subtract its mean over the rows, but that is 0
 * already: columns of X and Y have mean 0, and g is made of them. g.x of all columns is summed
 * row by row in `along` [d]. */
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

/* Cross-entropy of logits [s] against class `target`; logits become share * (softmax - one-hot). */
static double softmax_cross_entropy(int64_t s, int64_t target, double share, double *logits)
{
    double most = logits[0], sum = 0;
    for (int64_t i = 1; i < s; ++i)
        if (!(logits[i] <= most)) most = logits[i];
    const double below = most - logits[target];
    for (int64_t i = 0; i < s; ++i) sum += (logits[i] = exp(logits[i] - most));
    for (int64_t i = 0; i < s; ++i) logits[i] = share * (logits[i] / sum - (i == target ? 1 : 0));
    return below + log(sum);
}

/* adversarial: logits W f_k + b with f_k = F_k/|F_k|; L = (1/n) sum_k cross-entropy(logits_k,
 * subject_k); W [s,d], b [s] get dL/dW, dL/db, F gets -dL/dF (gradient reversal: Ganin and
 * Lempitsky, ICML 2015). */
clile_status clile_loss_adversarial(int64_t n, int64_t d, int64_t s, const float *embedding,
                                    const float *weight, const float *bias, const int32_t *subject,
                                    double *loss, float *diff_embedding, float *diff_weight,
                                    float *diff_bias)
{
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}, {"s", s}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 3, sizes));
    CLILE_I_CHECK_NOT_NULL(embedding);
    CLILE_I_CHECK_NOT_NULL(weight);
    CLILE_I_CHECK_NOT_NULL(bias);
    CLILE_I_CHECK_NOT_NULL(subject);
    CLILE_I_RETURN_IF(clile_i_loss_check_subjects(__func__, n, s, subject));

    clile_status status = CLILE_OK;
    double *scratch = NULL, sum = 0;
    CLILE_I_ALLOC(scratch, n * d + n + s * d + n * s + d);
    double *next = scratch;
    double *unit = clile_i_vec_take(&next, n * d), *inverse_norm = clile_i_vec_take(&next, n);
    double *class_weight = clile_i_vec_take(&next, s * d), *logits = clile_i_vec_take(&next, n * s);
    double *row = clile_i_vec_take(&next, d);
    clile_i_sim_forward_rows(CLILE_SIMILARITY_COSINE, n, d, embedding, unit, inverse_norm);
    clile_i_vec_load(s * d, weight, class_weight);
    for (int64_t k = 0; k < n; ++k) {
        for (int64_t i = 0; i < s; ++i)
            logits[k * s + i] =
                clile_i_vec_dot(d, unit + k * d, class_weight + i * d) + (double)bias[i];
        sum += softmax_cross_entropy(s, subject[k], 1 / (double)n, logits + k * s);
    }
    CLILE_I_TRY(clile_i_loss_finish(__func__, sum / (double)n, loss));

    for (int64_t k = 0; k < n && diff_embedding != NULL; ++k) {
        clile_i_vec_zero(d, row);
        for (int64_t i = 0; i < s; ++i)
            clile_i_vec_add(d, -logits[k * s + i], class_weight + i * d, row);
        clile_i_sim_backward(CLILE_SIMILARITY_COSINE, d, unit + k * d, inverse_norm[k], row);
        clile_i_vec_store(d, row, diff_embedding + k * d);
    }
    for (int64_t i = 0; i < s; ++i) {
        double diff = 0;
        clile_i_vec_zero(d, row);
        for (int64_t k = 0; k < n; ++k) {
            diff += logits[k * s + i];
            if (diff_weight != NULL) clile_i_vec_add(d, logits[k * s + i], unit + k * d, row);
        }
        if (diff_bias != NULL) diff_bias[i] = (float)diff;
        if (diff_weight != NULL) clile_i_vec_store(d, row, diff_weight + i * d);
    }
cleanup:
    clile_i_free(scratch);
    return status;
}
