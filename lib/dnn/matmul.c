/* Matrix products and the linear layer: row-major, through oneDNN's sgemm. */
#include "dnn/onednn.h"

#include <string.h>

typedef struct {
    int transpose_a, transpose_b;
    int64_t m, n, k, parts;
    float alpha, beta;
    const float *a, *b;
    float *c;
    _Atomic int32_t failed; /* a dnnl_status_t */
} product;

/* A share of the rows of c. */
static void multiply(int64_t part, int32_t slot, void *context)
{
    product *p = context;
    const int64_t begin = p->m * part / p->parts, rows = p->m * (part + 1) / p->parts - begin;
    (void)slot;
    const dnnl_status_t status = dnnl_sgemm(
        p->transpose_a ? 'T' : 'N', p->transpose_b ? 'T' : 'N', rows, p->n, p->k, p->alpha,
        p->a + (p->transpose_a ? begin : begin * p->k), p->transpose_a ? p->m : p->k, p->b,
        p->transpose_b ? p->k : p->n, p->beta, p->c + begin * p->n, p->n);
    if (status != dnnl_success) p->failed = (int32_t)status;
}

clile_status clile_i_dnn_matmul(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                                float alpha, const float *a, const float *b, float beta, float *c)
{
    static const double flops = 1e6; /* of a thread: fewer are not worth waking one for */
    if (m < 0 || n < 0 || k < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "matrix product: expected sizes >= 0, found %lld x %lld x %lld",
                            (long long)m, (long long)n, (long long)k);
    if (m == 0 || n == 0) return CLILE_OK;
    if (k == 0) {
        for (int64_t i = 0; i < m * n; ++i) c[i] = beta == 0.0F ? 0.0F : beta * c[i];
        return CLILE_OK;
    }
    const int32_t team = clile_i_threads_set(1); /* oneDNN's own team would be a second one */
    const double worth = 2.0 * (double)m * (double)n * (double)k / flops;
    const int64_t most = m < team ? m : team;
    product p = {.transpose_a = transpose_a,
                 .transpose_b = transpose_b,
                 .m = m,
                 .n = n,
                 .k = k,
                 .parts = worth < 2.0            ? 1
                          : worth < (double)most ? (int64_t)worth
                                                 : most,
                 .alpha = alpha,
                 .beta = beta,
                 .a = a,
                 .b = b,
                 .c = c};
    if (p.parts > 1) clile_i_threads_set(team);
    clile_i_parallel_parts(p.parts, multiply, &p);
    clile_i_threads_set(team);
    return clile_i_dnnl_check((dnnl_status_t)p.failed, "dnnl_sgemm");
}

typedef struct {
    const clile_i_matmuls *p;
    int64_t each;           /* products of an item: those that are added up, or one */
    _Atomic int32_t failed; /* a status */
} matmuls_job;

static void matmuls_body(int64_t begin, int64_t end, void *context)
{
    matmuls_job *job = context;
    const clile_i_matmuls *p = job->p;
    const int32_t before = clile_i_threads_set(1);
    for (int64_t i = begin * job->each; i < end * job->each; ++i) {
        const int64_t outer = i / p->inner, inner = i % p->inner;
        const clile_status status = clile_i_dnn_matmul(
            p->transpose_a, p->transpose_b, p->m, p->n, p->k, p->alpha,
            p->a + outer * p->a_outer + inner * p->a_inner,
            p->b + outer * p->b_outer + inner * p->b_inner, i % job->each == 0 ? 0.0F : 1.0F,
            p->c + outer * p->c_outer + inner * p->c_inner);
        if (status != CLILE_OK) job->failed = status;
    }
    clile_i_threads_set(before);
}

clile_status clile_i_dnn_matmuls(const clile_i_matmuls *p)
{
    enum { FLOPS = 200000 }; /* of a thread: fewer are not worth waking one for */
    const int64_t each = p->c_inner == 0 ? p->inner : 1, flops = 2 * p->m * p->n * p->k * each;
    matmuls_job job = {p, each, CLILE_OK};
    clile_i_parallel_for(p->outer * p->inner / each, 1 + FLOPS / (flops + 1), matmuls_body, &job);
    if (job.failed != CLILE_OK) /* a thread of the team has the text */
        return clile_i_fail(job.failed, "oneDNN %s: a matrix product of %lld x %lld x %lld failed",
                            clile_i_dnn_version(), (long long)p->m, (long long)p->n,
                            (long long)p->k);
    return CLILE_OK;
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
