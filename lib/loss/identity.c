/* Which part of the ID embedding is identity (docs/method.md, `identity_part`; our choice).
 *
 * F^ID carries AUs as well as identity, so taking all of it out of F^G takes the signal too. Two
 * narrower parts:
 *     residual      F_k - (b_0 + sum_c x_kc b_c), b by least squares over the training images
 *     subject_mean  mean of F over the images of the subject, less the mean over all images
 */
#include "loss/check.h"
#include "loss/loss.h"
#include "loss/vector.h"

#include <string.h>

#define RIDGE 1e-8

int32_t clile_i_identity_find(const char *name)
{
    static const char *const names[] = {"all", "residual", "subject_mean"};
    for (int32_t i = 0; name != NULL && i < 3; ++i)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

clile_status clile_i_identity_subject_means(int64_t n, int64_t d, int64_t s,
                                            const float *id_embedding, const int32_t *subject,
                                            float *out)
{
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}, {"s", s}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 3, sizes));
    CLILE_I_CHECK_NOT_NULL(id_embedding);
    CLILE_I_CHECK_NOT_NULL(subject);
    CLILE_I_CHECK_NOT_NULL(out);
    CLILE_I_RETURN_IF(clile_i_loss_check_subjects(__func__, n, s, subject));

    clile_status status = CLILE_OK;
    double *scratch = NULL;
    CLILE_I_ALLOC(scratch, s * d + d + s);
    double *next = scratch;
    double *sums = clile_i_vec_take(&next, s * d), *mean = clile_i_vec_take(&next, d);
    double *count = clile_i_vec_take(&next, s);
    for (int64_t k = 0; k < n; ++k) {
        clile_i_vec_add_f32(d, 1, id_embedding + k * d, sums + subject[k] * d);
        ++count[subject[k]];
    }
    for (int64_t i = 0; i < s; ++i) clile_i_vec_add(d, 1 / (double)n, sums + i * d, mean);
    for (int64_t i = 0; i < s; ++i)
        for (int64_t j = 0; j < d; ++j)
            out[i * d + j] = count[i] == 0 ? 0 : (float)(sums[i * d + j] / count[i] - mean[j]);
cleanup:
    clile_i_free(scratch);
    return status;
}

/* rate [c]: share of 1 among the coded labels of each AU, 0 if there are none. As float, because
 * later users have no more precision. */
static void label_rates(int64_t n, int64_t c, const int8_t *labels, float *rate)
{
    for (int64_t a = 0; a < c; ++a) {
        int64_t coded = 0, present = 0;
        for (int64_t k = 0; k < n; ++k) {
            coded += labels[k * c + a] >= 0;
            present += labels[k * c + a] == 1;
        }
        rate[a] = coded == 0 ? 0 : (float)((double)present / (double)coded);
    }
}

/* Labels enter as x - rate (0 where not coded), with mean 0 over the images. The slopes then need
 * no intercept, and the intercept is mean(F) - sum_c rate_c b_c. */
clile_status clile_i_identity_regression(int64_t n, int64_t c, int64_t d, const int8_t *labels,
                                         const float *id_embedding, float *coefficients,
                                         float *rate)
{
    const clile_i_loss_size sizes[] = {{"n", n}, {"c", c}, {"d", d}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 3, sizes));
    CLILE_I_CHECK_NOT_NULL(labels);
    CLILE_I_CHECK_NOT_NULL(id_embedding);
    CLILE_I_CHECK_NOT_NULL(coefficients);
    CLILE_I_CHECK_NOT_NULL(rate);
    CLILE_I_RETURN_IF(clile_i_loss_check_labels(__func__, n, c, labels));

    clile_status status = CLILE_OK;
    double *scratch = NULL;
    CLILE_I_ALLOC(scratch, c * c + c * d + 2 * d + c);
    double *next = scratch;
    double *gram = clile_i_vec_take(&next, c * c), *slope = clile_i_vec_take(&next, c * d);
    double *mean = clile_i_vec_take(&next, d), *centred = clile_i_vec_take(&next, d),
           *x = clile_i_vec_take(&next, c);
    label_rates(n, c, labels, rate);
    for (int64_t k = 0; k < n; ++k)
        clile_i_vec_add_f32(d, 1 / (double)n, id_embedding + k * d, mean);
    for (int64_t k = 0; k < n; ++k) {
        for (int64_t j = 0; j < d; ++j) centred[j] = (double)id_embedding[k * d + j] - mean[j];
        for (int64_t a = 0; a < c; ++a)
            x[a] = labels[k * c + a] < 0 ? 0 : labels[k * c + a] - (double)rate[a];
        for (int64_t a = 0; a < c; ++a) {
            if (x[a] == 0) continue;
            clile_i_vec_add(c, x[a], x, gram + a * c);
            clile_i_vec_add(d, x[a], centred, slope + a * d);
        }
    }
    for (int64_t a = 0; a < c; ++a) gram[a * c + a] += RIDGE * (double)n;
    clile_i_cholesky_solve(c, d, gram, slope);

    for (int64_t a = 0; a < c; ++a) clile_i_vec_add(d, -(double)rate[a], slope + a * d, mean);
    clile_i_vec_store(d, mean, coefficients);
    clile_i_vec_store(c * d, slope, coefficients + d);
    for (int64_t j = 0; j < (c + 1) * d; ++j)
        if (!clile_i_is_finite(coefficients[j])) {
            status = clile_i_fail(CLILE_E_NOT_FINITE,
                                  "%s: coefficient [%lld,%lld] is %g, expected a finite number: "
                                  "id_embedding holds NaN, infinity or numbers too large",
                                  __func__, (long long)(j / d), (long long)(j % d),
                                  (double)coefficients[j]);
            goto cleanup;
        }
cleanup:
    clile_i_free(scratch);
    return status;
}

static void subtract_prediction(const clile_i_identity *identity, int64_t n, const int8_t *labels,
                                float *dst)
{
    const int64_t d = identity->d, c = identity->c;
    for (int64_t k = 0; k < n; ++k) {
        float *restrict row = dst + k * d;
        for (int64_t a = -1; a < c; ++a) {
            const int8_t label = a < 0 ? 1 : labels[k * c + a];
            const float x = label < 0 ? identity->rate[a] : (float)label;
            const float *restrict coefficient = identity->coefficients + (a + 1) * d;
            if (x == 0) continue;
            for (int64_t j = 0; j < d; ++j) row[j] -= x * coefficient[j];
        }
    }
}

clile_status clile_i_identity_part(const clile_i_identity *identity, int64_t n,
                                   const int8_t *labels, const int32_t *subject,
                                   const float *id_embedding, float *dst)
{
    CLILE_I_CHECK_NOT_NULL(identity);
    CLILE_I_CHECK_NOT_NULL(dst);
    const int64_t d = identity->d;
    if (identity->part == CLILE_I_IDENTITY_SUBJECT_MEAN) {
        const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}, {"s", identity->s}};
        CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 3, sizes));
        CLILE_I_CHECK_NOT_NULL(subject);
        CLILE_I_CHECK_NOT_NULL(identity->subject_mean);
        CLILE_I_RETURN_IF(clile_i_loss_check_subjects(__func__, n, identity->s, subject));
        for (int64_t k = 0; k < n; ++k)
            memcpy(dst + k * d, identity->subject_mean + subject[k] * d, (size_t)d * sizeof *dst);
        return CLILE_OK;
    }
    const int residual = identity->part == CLILE_I_IDENTITY_RESIDUAL;
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}, {"c", residual ? identity->c : 1}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 3, sizes));
    CLILE_I_CHECK_NOT_NULL(id_embedding);
    if (residual) {
        CLILE_I_CHECK_NOT_NULL(labels);
        CLILE_I_CHECK_NOT_NULL(identity->coefficients);
        CLILE_I_CHECK_NOT_NULL(identity->rate);
        CLILE_I_RETURN_IF(clile_i_loss_check_labels(__func__, n, identity->c, labels));
    }
    if (dst != id_embedding) memcpy(dst, id_embedding, (size_t)(n * d) * sizeof *dst);
    if (residual) subtract_prediction(identity, n, labels, dst);
    return CLILE_OK;
}
