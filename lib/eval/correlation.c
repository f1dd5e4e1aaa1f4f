/* How AUs occur together in the labels, how similar their general embeddings are, and how well
 * the two agree. */
#include "base/similarity.h"
#include "eval/eval.h"

#include <math.h>

/* Phi of the 2 x 2 table of two AUs. `both` images have both AUs coded; one_a and one_b of them
 * show each AU, and `ones` show both. */
static double phi_of(double both, double one_a, double one_b, double ones)
{
    const double variance = one_a * (both - one_a) * one_b * (both - one_b);
    return variance > 0.0 ? (both * ones - one_a * one_b) / sqrt(variance) : 0.0;
}

clile_status clile_metrics_label_correlation(int64_t n, int32_t c, const int8_t *labels,
                                             double *phi)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_RETURN_IF(clile_i_eval_check_labels(__func__, n, c, labels));
    CLILE_I_CHECK_NOT_NULL(phi);
    for (int32_t a = 0; a < c; ++a) {
        phi[(int64_t)a * c + a] = 1.0;
        for (int32_t b = a + 1; b < c; ++b) {
            int64_t both = 0, one_a = 0, one_b = 0, ones = 0;
            for (int64_t i = 0; i < n; ++i) {
                const int8_t label_a = labels[i * c + a], label_b = labels[i * c + b];
                if (label_a < 0 || label_b < 0) continue;
                ++both;
                one_a += label_a;
                one_b += label_b;
                ones += label_a & label_b;
            }
            const double value = phi_of((double)both, (double)one_a, (double)one_b, (double)ones);
            phi[(int64_t)a * c + b] = phi[(int64_t)b * c + a] = value;
        }
    }
    return CLILE_OK;
}

clile_status clile_metrics_cosine_matrix(int32_t c, int32_t d, const float *vectors, double *cosine)
{
    if (c < 1 || d < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: c is %d and d is %d, expected at least 1", __func__, (int)c,
                            (int)d);
    CLILE_I_RETURN_IF(clile_i_eval_check_finite(__func__, "vectors", c, d, vectors));
    CLILE_I_CHECK_NOT_NULL(cosine);
    for (int32_t a = 0; a < c; ++a) {
        const float *row_a = vectors + (int64_t)a * d;
        const double factor = clile_i_sim_factor(CLILE_I_COSINE, d, row_a);
        for (int32_t b = a; b < c; ++b) {
            const float *row_b = vectors + (int64_t)b * d;
            const double both = factor * clile_i_sim_factor(CLILE_I_COSINE, d, row_b);
            double value = both > 0.0; /* on the diagonal */
            if (a != b) value = fmax(-1.0, fmin(1.0, clile_i_vec_dot_f32(d, row_a, row_b) * both));
            cosine[(int64_t)a * c + b] = cosine[(int64_t)b * c + a] = value;
        }
    }
    return CLILE_OK;
}

/* 1 if all are 0. */
static double largest_above_diagonal(int32_t c, const double *matrix)
{
    double largest = 0.0;
    for (int32_t i = 0; i < c; ++i)
        for (int32_t j = i + 1; j < c; ++j)
            largest = fmax(largest, fabs(matrix[(int64_t)i * c + j]));
    return largest > 0.0 ? largest : 1.0;
}

clile_status clile_metrics_agreement(int32_t c, const double *a, const double *b, double *pearson)
{
    if (c < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: c is %d, expected at least 1", __func__,
                            (int)c);
    CLILE_I_CHECK_NOT_NULL(a);
    CLILE_I_CHECK_NOT_NULL(b);
    CLILE_I_CHECK_NOT_NULL(pearson);
    for (int32_t i = 0; i < c; ++i)
        for (int32_t j = i + 1; j < c; ++j)
            if (!clile_i_is_finite(a[(int64_t)i * c + j]) ||
                !clile_i_is_finite(b[(int64_t)i * c + j]))
                return clile_i_fail(
                    CLILE_E_NOT_FINITE,
                    "%s: element [%d,%d] is %g in a and %g in b, expected finite numbers", __func__,
                    (int)i, (int)j, a[(int64_t)i * c + j], b[(int64_t)i * c + j]);
    /* Divide by the largest: the squares below then neither overflow nor vanish. */
    const double unit_a = largest_above_diagonal(c, a), unit_b = largest_above_diagonal(c, b);
    const double pairs = 0.5 * (double)c * (double)(c - 1);
    double mean_a = 0.0, mean_b = 0.0, aa = 0.0, ab = 0.0, bb = 0.0;
    /* Compare values: rounding in the mean could make a constant seem to vary. */
    int a_varies = 0, b_varies = 0;
    for (int32_t i = 0; i < c; ++i) {
        for (int32_t j = i + 1; j < c; ++j) {
            mean_a += a[(int64_t)i * c + j] / unit_a / pairs;
            mean_b += b[(int64_t)i * c + j] / unit_b / pairs;
            a_varies |= a[(int64_t)i * c + j] != a[1];
            b_varies |= b[(int64_t)i * c + j] != b[1];
        }
    }
    for (int32_t i = 0; i < c; ++i) {
        for (int32_t j = i + 1; j < c; ++j) {
            const double x = a[(int64_t)i * c + j] / unit_a - mean_a,
                         y = b[(int64_t)i * c + j] / unit_b - mean_b;
            aa += x * x;
            ab += x * y;
            bb += y * y;
        }
    }
    const int defined = c >= 3 && a_varies && b_varies && aa > 0.0 && bb > 0.0;
    *pearson = defined ? fmax(-1.0, fmin(1.0, ab / (sqrt(aa) * sqrt(bb)))) : NAN;
    return CLILE_OK;
}
