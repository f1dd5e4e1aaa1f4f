/* Matrix products and the linear layer: row-major, through oneDNN's sgemm. */
#include "dnn/onednn.h"

#include <string.h>

clile_status clile_i_dnn_matmul(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                                float alpha, const float *a, const float *b, float beta, float *c)
{
    clile_status status = CLILE_OK;
    if (m < 0 || n < 0 || k < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "matrix product: expected sizes >= 0, found %lld x %lld x %lld",
                            (long long)m, (long long)n, (long long)k);
    if (m == 0 || n == 0) return CLILE_OK;
    if (k == 0) {
        for (int64_t i = 0; i < m * n; ++i) c[i] = beta == 0.0F ? 0.0F : beta * c[i];
        return CLILE_OK;
    }
    CLILE_I_DNNL(dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, alpha, a,
                            transpose_a ? m : k, b, transpose_b ? k : n, beta, c, n));
cleanup:
    return status;
}

clile_status clile_i_linear_forward(int64_t n, int64_t in, int64_t out, const float *src,
                                    const float *weights, const float *bias, float *dst)
{
    CLILE_I_RETURN_IF(clile_i_dnn_matmul(0, 1, n, out, in, 1.0F, src, weights, 0.0F, dst));
    if (bias != NULL)
        for (int64_t i = 0; i < n; ++i)
            for (int64_t o = 0; o < out; ++o) dst[i * out + o] += bias[o];
    return CLILE_OK;
}

clile_status clile_i_linear_forward_each(int64_t n, int64_t in, int64_t out, const float *src,
                                         const float *weights, const float *bias, float *dst)
{
    for (int64_t i = 0; i < n; ++i)
        CLILE_I_RETURN_IF(
            clile_i_linear_forward(1, in, out, src + i * in, weights, bias, dst + i * out));
    return CLILE_OK;
}

clile_status clile_i_linear_backward(int64_t n, int64_t in, int64_t out, const float *src,
                                     const float *weights, const float *diff_dst, float *diff_src,
                                     float *diff_weights, float *diff_bias)
{
    if (diff_src != NULL)
        CLILE_I_RETURN_IF(
            clile_i_dnn_matmul(0, 0, n, in, out, 1.0F, diff_dst, weights, 0.0F, diff_src));
    if (diff_weights != NULL)
        CLILE_I_RETURN_IF(
            clile_i_dnn_matmul(1, 0, out, in, n, 1.0F, diff_dst, src, 0.0F, diff_weights));
    if (diff_bias != NULL) {
        memset(diff_bias, 0, (size_t)out * sizeof *diff_bias);
        for (int64_t i = 0; i < n; ++i)
            for (int64_t o = 0; o < out; ++o) diff_bias[o] += diff_dst[i * out + o];
    }
    return CLILE_OK;
}
