/* One operation on plain arrays, through the layouts and primitives that a compiled net uses. */
#include "dnn/dnn.h"

#include <math.h>
#include <string.h>

static const double EPS = 1e-5, MOMENTUM = 0.1;

/* ---- convolution ----------------------------------------------------------------------------- */

typedef struct {
    clile_i_conv *conv;
    clile_i_dnn_layout src_layout, dst_layout;
    clile_i_conv_buffers b;
} plain_conv;

static void free_conv(plain_conv *p)
{
    clile_i_conv_destroy(p->conv);
    void *const owned[] = {p->b.src,      p->b.weights,      p->b.bias,     p->b.dst,
                           p->b.diff_dst, p->b.diff_weights, p->b.diff_src, p->b.scratch};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) clile_i_free(owned[i]);
}

/* A net passes the image to its first convolution in plain layout. This does the same for up to 4
 * channels. */
static clile_status make_conv(const clile_i_conv_shape *s, clile_i_conv_options options,
                              plain_conv *p)
{
    clile_status status = CLILE_OK;
    clile_i_dnn_layout_kind kind;
    CLILE_I_TRY(clile_i_conv_preferred(s, options.backward_weights, &kind));
    if (!options.backward_weights) CLILE_I_TRY(clile_i_conv_inference_layout(s->n, s->oc, &kind));
    if (kind == CLILE_I_LAYOUT_NCHW) kind = CLILE_I_LAYOUT_C8;
    options.src = s->ic <= 4 ? CLILE_I_LAYOUT_NCHW : kind;
    options.dst = kind;
    CLILE_I_TRY(clile_i_conv_create(s, &options, &p->conv));
    p->src_layout = clile_i_dnn_layout_make(options.src, s->n, s->ic, s->ih, s->iw);
    p->dst_layout =
        clile_i_dnn_layout_make(options.dst, s->n, s->oc, clile_i_conv_oh(s), clile_i_conv_ow(s));
    CLILE_I_ALLOC(p->b.src, p->src_layout.count);
    CLILE_I_ALLOC(p->b.diff_src, p->src_layout.count);
    CLILE_I_ALLOC(p->b.dst, p->dst_layout.count);
    CLILE_I_ALLOC(p->b.diff_dst, p->dst_layout.count);
    CLILE_I_ALLOC(p->b.weights, clile_i_conv_weights_count(p->conv));
    CLILE_I_ALLOC(p->b.diff_weights, clile_i_conv_weights_count(p->conv));
    CLILE_I_ALLOC(p->b.bias, s->oc);
    p->b.scratch = clile_i_calloc((int64_t)clile_i_conv_scratch_bytes(p->conv), 1);
    if (p->b.scratch == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_conv_bind(p->conv, &p->b));
cleanup:
    return status;
}

static clile_status forward(const clile_i_conv_shape *shape, clile_i_conv_options options,
                            const float *src, const float *weights, const float *bias, float *dst)
{
    clile_status status = CLILE_OK;
    plain_conv p = {0};
    CLILE_I_TRY(make_conv(shape, options, &p));
    clile_i_dnn_layout_from_plain(&p.src_layout, src, p.b.src);
    if (options.sum) clile_i_dnn_layout_from_plain(&p.dst_layout, dst, p.b.dst);
    CLILE_I_TRY(clile_i_conv_weights_from_plain(p.conv, weights, p.b.weights));
    if (bias != NULL) memcpy(p.b.bias, bias, (size_t)shape->oc * sizeof *bias);
    CLILE_I_TRY(clile_i_conv_forward(p.conv));
    clile_i_dnn_layout_to_plain(&p.dst_layout, p.b.dst, dst);
cleanup:
    free_conv(&p);
    return status;
}

clile_status clile_i_dnn_conv_forward_plain(const clile_i_conv_shape *shape, const float *src,
                                            const float *weights, const float *bias, float *dst)
{
    return forward(shape, (clile_i_conv_options){.bias = bias != NULL}, src, weights, bias, dst);
}

clile_status clile_i_dnn_conv_sum_plain(const clile_i_conv_shape *shape, int relu, const float *src,
                                        const float *weights, const float *bias, float *dst)
{
    return forward(shape, (clile_i_conv_options){.bias = bias != NULL, .sum = 1, .relu = relu != 0},
                   src, weights, bias, dst);
}

clile_status clile_i_dnn_conv_backward_plain(const clile_i_conv_shape *shape, const float *src,
                                             const float *weights, const float *diff_dst,
                                             float *diff_src, float *diff_weights)
{
    clile_status status = CLILE_OK;
    plain_conv p = {0};
    const clile_i_conv_options options = {.backward_weights = 1, .backward_data = 1};
    CLILE_I_TRY(make_conv(shape, options, &p));
    clile_i_dnn_layout_from_plain(&p.src_layout, src, p.b.src);
    clile_i_dnn_layout_from_plain(&p.dst_layout, diff_dst, p.b.diff_dst);
    CLILE_I_TRY(clile_i_conv_weights_from_plain(p.conv, weights, p.b.weights));
    CLILE_I_TRY(clile_i_conv_backward_weights(p.conv));
    CLILE_I_TRY(clile_i_conv_backward_data(p.conv));
    if (diff_src != NULL) clile_i_dnn_layout_to_plain(&p.src_layout, p.b.diff_src, diff_src);
    if (diff_weights != NULL)
        CLILE_I_TRY(clile_i_conv_weights_to_plain(p.conv, p.b.diff_weights, diff_weights));
cleanup:
    free_conv(&p);
    return status;
}

/* ---- batch norm ------------------------------------------------------------------------------ */

enum { SRC, DST, RESIDUAL, DIFF_DST, DIFF_SRC, DIFF_RESIDUAL, ARRAYS };
enum { GAMMA, BETA, RUNNING_MEAN, RUNNING_VARIANCE, MEAN, INV_STD, DIFF_GAMMA, DIFF_BETA, VECTORS };

typedef struct {
    float *array[ARRAYS], *vector[VECTORS];
    clile_i_batch_norm norm;
} plain_norm;

static void free_norm(plain_norm *p)
{
    for (int i = 0; i < ARRAYS; ++i) clile_i_free(p->array[i]);
    for (int i = 0; i < VECTORS; ++i) clile_i_free(p->vector[i]);
    clile_i_free(p->norm.partial);
}

static clile_status make_norm(const clile_i_dnn_layout *layout, int frozen, int relu, plain_norm *p)
{
    clile_status status = CLILE_OK;
    for (int i = 0; i < ARRAYS; ++i) CLILE_I_ALLOC(p->array[i], layout->count);
    for (int i = 0; i < VECTORS; ++i) CLILE_I_ALLOC(p->vector[i], layout->channels);
    CLILE_I_ALLOC(p->norm.partial, clile_i_batch_norm_partial_count(layout));
    p->norm.layout = *layout;
    p->norm.eps = EPS;
    p->norm.momentum = MOMENTUM;
    p->norm.frozen = frozen != 0;
    p->norm.relu = relu != 0;
    p->norm.src = p->array[SRC];
    p->norm.dst = p->array[DST];
    p->norm.gamma = p->vector[GAMMA];
    p->norm.beta = p->vector[BETA];
    p->norm.running_mean = p->vector[RUNNING_MEAN];
    p->norm.running_variance = p->vector[RUNNING_VARIANCE];
    p->norm.mean = p->vector[MEAN];
    p->norm.inv_std = p->vector[INV_STD];
    p->norm.diff_dst = p->array[DIFF_DST];
    p->norm.diff_src = p->array[DIFF_SRC];
    p->norm.diff_gamma = p->vector[DIFF_GAMMA];
    p->norm.diff_beta = p->vector[DIFF_BETA];
cleanup:
    return status;
}

clile_status clile_i_dnn_batch_norm_forward_plain(clile_i_dnn_layout_kind kind, int64_t n,
                                                  int64_t c, int64_t h, int64_t w, int frozen,
                                                  int relu, const float *src, const float *gamma,
                                                  const float *beta, const float *residual,
                                                  float *running_mean, float *running_variance,
                                                  float *dst, float *mean, float *variance)
{
    clile_status status = CLILE_OK;
    const clile_i_dnn_layout layout = clile_i_dnn_layout_make(kind, n, c, h, w);
    const size_t bytes = (size_t)c * sizeof(float);
    plain_norm p = {0};
    CLILE_I_TRY(make_norm(&layout, frozen, relu, &p));
    clile_i_dnn_layout_from_plain(&layout, src, p.array[SRC]);
    memcpy(p.vector[GAMMA], gamma, bytes);
    memcpy(p.vector[BETA], beta, bytes);
    memcpy(p.vector[RUNNING_MEAN], running_mean, bytes);
    memcpy(p.vector[RUNNING_VARIANCE], running_variance, bytes);
    if (residual != NULL) {
        clile_i_dnn_layout_from_plain(&layout, residual, p.array[RESIDUAL]);
        p.norm.residual = p.array[RESIDUAL];
    }
    clile_i_batch_norm_forward(&p.norm);
    clile_i_dnn_layout_to_plain(&layout, p.array[DST], dst);
    memcpy(running_mean, p.vector[RUNNING_MEAN], bytes);
    memcpy(running_variance, p.vector[RUNNING_VARIANCE], bytes);
    for (int64_t i = 0; i < c; ++i) {
        const double inv = (double)p.vector[INV_STD][i];
        mean[i] = p.vector[MEAN][i];
        variance[i] = frozen ? running_variance[i] : (float)(1.0 / (inv * inv) - EPS);
    }
cleanup:
    free_norm(&p);
    return status;
}

clile_status clile_i_dnn_batch_norm_backward_plain(
    clile_i_dnn_layout_kind kind, int64_t n, int64_t c, int64_t h, int64_t w, int frozen, int relu,
    const float *src, const float *gamma, const float *beta, const float *mean,
    const float *variance, const float *dst, const float *diff_dst, float *diff_src,
    float *diff_gamma, float *diff_beta, float *diff_residual)
{
    clile_status status = CLILE_OK;
    const clile_i_dnn_layout layout = clile_i_dnn_layout_make(kind, n, c, h, w);
    const size_t bytes = (size_t)c * sizeof(float);
    plain_norm p = {0};
    CLILE_I_TRY(make_norm(&layout, frozen, relu, &p));
    clile_i_dnn_layout_from_plain(&layout, src, p.array[SRC]);
    if (dst != NULL) clile_i_dnn_layout_from_plain(&layout, dst, p.array[DST]);
    clile_i_dnn_layout_from_plain(&layout, diff_dst, p.array[DIFF_DST]);
    memcpy(p.vector[GAMMA], gamma, bytes);
    memcpy(p.vector[BETA], beta, bytes);
    memcpy(p.vector[MEAN], mean, bytes);
    for (int64_t i = 0; i < c; ++i)
        p.vector[INV_STD][i] = (float)(1.0 / sqrt((double)variance[i] + EPS));
    if (diff_residual != NULL) {
        p.norm.residual = p.array[RESIDUAL]; /* there is one; its values are not read */
        p.norm.diff_residual = p.array[DIFF_RESIDUAL];
    }
    clile_i_batch_norm_backward(&p.norm);
    clile_i_dnn_layout_to_plain(&layout, p.array[DIFF_SRC], diff_src);
    memcpy(diff_gamma, p.vector[DIFF_GAMMA], bytes);
    memcpy(diff_beta, p.vector[DIFF_BETA], bytes);
    if (diff_residual != NULL)
        clile_i_dnn_layout_to_plain(&layout, p.array[DIFF_RESIDUAL], diff_residual);
cleanup:
    free_norm(&p);
    return status;
}

/* ---- pooling --------------------------------------------------------------------------------- */

typedef struct {
    float *src, *dst;
    uint8_t *index;
} plain_pool;

static void free_pool(plain_pool *p)
{
    clile_i_free(p->src);
    clile_i_free(p->dst);
    clile_i_free(p->index);
}

static clile_status make_pool(const clile_i_dnn_layout *src, int64_t dst_count, plain_pool *p)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(p->src, src->count);
    CLILE_I_ALLOC(p->dst, dst_count);
    CLILE_I_ALLOC(p->index, dst_count);
cleanup:
    return status;
}

clile_status clile_i_dnn_max_pool_forward_plain(clile_i_dnn_layout_kind kind, int64_t n, int64_t c,
                                                int64_t h, int64_t w, int64_t k, int64_t stride,
                                                int64_t pad, const float *src, float *dst)
{
    clile_status status = CLILE_OK;
    const clile_i_dnn_layout layout = clile_i_dnn_layout_make(kind, n, c, h, w);
    const clile_i_max_pool pool = clile_i_max_pool_make(&layout, k, stride, pad);
    plain_pool p = {0};
    CLILE_I_TRY(make_pool(&layout, pool.dst.count, &p));
    clile_i_dnn_layout_from_plain(&layout, src, p.src);
    clile_i_max_pool_forward(&pool, p.src, p.dst, NULL);
    clile_i_dnn_layout_to_plain(&pool.dst, p.dst, dst);
cleanup:
    free_pool(&p);
    return status;
}

clile_status clile_i_dnn_max_pool_backward_plain(clile_i_dnn_layout_kind kind, int64_t n, int64_t c,
                                                 int64_t h, int64_t w, int64_t k, int64_t stride,
                                                 int64_t pad, const float *src,
                                                 const float *diff_dst, float *diff_src)
{
    clile_status status = CLILE_OK;
    const clile_i_dnn_layout layout = clile_i_dnn_layout_make(kind, n, c, h, w);
    const clile_i_max_pool pool = clile_i_max_pool_make(&layout, k, stride, pad);
    plain_pool p = {0};
    CLILE_I_TRY(make_pool(&layout, pool.dst.count, &p));
    clile_i_dnn_layout_from_plain(&layout, src, p.src);
    clile_i_max_pool_forward(&pool, p.src, p.dst, p.index);
    clile_i_dnn_layout_from_plain(&pool.dst, diff_dst, p.dst);
    clile_i_max_pool_backward(&pool, p.dst, NULL, p.index, p.src);
    clile_i_dnn_layout_to_plain(&layout, p.src, diff_src);
cleanup:
    free_pool(&p);
    return status;
}

clile_status clile_i_dnn_average_pool_forward_plain(clile_i_dnn_layout_kind kind, int64_t n,
                                                    int64_t c, int64_t h, int64_t w,
                                                    const float *src, float *dst)
{
    clile_status status = CLILE_OK;
    const clile_i_dnn_layout layout = clile_i_dnn_layout_make(kind, n, c, h, w);
    plain_pool p = {0};
    CLILE_I_TRY(make_pool(&layout, 1, &p));
    clile_i_dnn_layout_from_plain(&layout, src, p.src);
    clile_i_average_pool_forward(&layout, p.src, dst);
cleanup:
    free_pool(&p);
    return status;
}

clile_status clile_i_dnn_average_pool_backward_plain(clile_i_dnn_layout_kind kind, int64_t n,
                                                     int64_t c, int64_t h, int64_t w,
                                                     const float *diff_dst, float *diff_src)
{
    clile_status status = CLILE_OK;
    const clile_i_dnn_layout layout = clile_i_dnn_layout_make(kind, n, c, h, w);
    plain_pool p = {0};
    CLILE_I_TRY(make_pool(&layout, 1, &p));
    clile_i_average_pool_backward(&layout, diff_dst, p.src);
    clile_i_dnn_layout_to_plain(&layout, p.src, diff_src);
cleanup:
    free_pool(&p);
    return status;
}
