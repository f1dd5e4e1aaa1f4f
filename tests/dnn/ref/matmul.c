#include "dnn/ref/ref.h"

#include <stddef.h>

void clile_i_ref_matmul(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                        double alpha, const double *a, const double *b, double beta, double *dst)
{
    for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) {
            double sum = 0.0;
            for (int64_t l = 0; l < k; ++l)
                sum += (transpose_a ? a[l * m + i] : a[i * k + l]) *
                       (transpose_b ? b[j * k + l] : b[l * n + j]);
            /* beta 0 must not let a NaN in dst through, as in BLAS */
            dst[i * n + j] = alpha * sum + (beta == 0.0 ? 0.0 : beta * dst[i * n + j]);
        }
}

void clile_i_ref_linear_forward(int64_t n, int64_t inputs, int64_t outputs, const double *src,
                                const double *weights, const double *bias, double *dst)
{
    for (int64_t i = 0; i < n; ++i)
        for (int64_t o = 0; o < outputs; ++o) {
            double sum = bias != NULL ? bias[o] : 0.0;
            for (int64_t k = 0; k < inputs; ++k)
                sum += weights[o * inputs + k] * src[i * inputs + k];
            dst[i * outputs + o] = sum;
        }
}

void clile_i_ref_linear_backward(int64_t n, int64_t inputs, int64_t outputs, const double *src,
                                 const double *weights, const double *diff_dst, double *diff_src,
                                 double *diff_weights, double *diff_bias)
{
    clile_i_ref_matmul(0, 0, n, inputs, outputs, 1.0, diff_dst, weights, 0.0, diff_src);
    clile_i_ref_matmul(1, 0, outputs, inputs, n, 1.0, diff_dst, src, 0.0, diff_weights);
    if (diff_bias == NULL) return;
    for (int64_t o = 0; o < outputs; ++o) {
        diff_bias[o] = 0.0;
        for (int64_t i = 0; i < n; ++i) diff_bias[o] += diff_dst[i * outputs + o];
    }
}
