/* ref: the plain-C oracle of every op, forward and backward. Written to be read and believed,
 * not to be fast: simple loops in double over plain row-major arrays, the formula beside the
 * code. Tests hold oneDNN against it, and hold it against finite differences. Activations are
 * [n,c,h,w], convolution weights [k,c,kernel,kernel].
 *
 * Every output is overwritten. An output that says "or NULL" is left out then. No function can
 * fail; sizes are the caller's business. */
#ifndef CLILE_I_REF_H
#define CLILE_I_REF_H

#include <stdint.h>

/* Output pixels along one axis: floor((size + 2 pad - kernel) / stride) + 1. */
int64_t clile_i_ref_output_size(int64_t size, int64_t kernel, int64_t stride, int64_t pad);

/* ---- convolution (conv.c) -------------------------------------------------------------------- */

/* dst[n,k,y,x] = bias[k] + sum_{c,i,j} weights[k,c,i,j] src[n,c, y stride + i - pad, x stride +
 * j - pad], zero outside. diff_src and diff_weights are the same sum read backwards;
 * diff_bias[k] = sum_{n,y,x} diff_dst[n,k,y,x]. */
typedef struct {
    int64_t n, c, h, w; /* src */
    int64_t k;          /* channels of dst */
    int64_t kernel, stride, pad;
} clile_i_ref_conv;

void clile_i_ref_conv_forward(const clile_i_ref_conv *conv, const double *src,
                              const double *weights, const double *bias /*[k] or NULL*/,
                              double *dst);
void clile_i_ref_conv_backward_data(const clile_i_ref_conv *conv, const double *weights,
                                    const double *diff_dst, double *diff_src);
void clile_i_ref_conv_backward_weights(const clile_i_ref_conv *conv, const double *src,
                                       const double *diff_dst, double *diff_weights,
                                       double *diff_bias /*[k] or NULL*/);

/* The same sum in integers, then dst = clamp(round(relu?(scale[k] sum + bias[k] + sum_scale
 * held))) to low .. high, to the nearest, even in the middle. Arrays as above, of small
 * integers; held: what dst held before, or NULL. */
typedef struct {
    const double *scale, *bias; /* [k] */
    double sum_scale, low, high;
    int relu;
} clile_i_ref_requantise;
void clile_i_ref_conv_int8(const clile_i_ref_conv *conv, const clile_i_ref_requantise *q,
                           const int32_t *src, const int32_t *weights, const int32_t *held,
                           int32_t *dst);

/* ---- batch normalisation (batch_norm.c) ------------------------------------------------------ */

/* xhat = (src - mean_c) / sqrt(variance_c + epsilon), y = scale_c xhat + shift_c, dst = relu ?
 * max(y, 0) : y. Training takes mean and biased variance over n, h, w of the batch (Ioffe and
 * Szegedy, 2015). */
typedef struct {
    int64_t n, c, h, w;
    double epsilon;
    int relu; /* fused ReLU */
} clile_i_ref_batch_norm;

/* Fills mean [c] and variance [c] (biased) with the statistics of src. */
void clile_i_ref_batch_norm_statistics(const clile_i_ref_batch_norm *norm, const double *src,
                                       double *mean, double *variance);
/* running = (1 - momentum) running + momentum statistic; the variance is made unbiased (m / (m -
 * 1), m = n h w) first, as PyTorch does. */
void clile_i_ref_batch_norm_update(const clile_i_ref_batch_norm *norm, double momentum,
                                   const double *mean, const double *variance, double *running_mean,
                                   double *running_variance);
/* Training (statistics of src) and frozen (running statistics) alike: mean and variance are
 * given. */
void clile_i_ref_batch_norm_forward(const clile_i_ref_batch_norm *norm, const double *src,
                                    const double *mean, const double *variance, const double *scale,
                                    const double *shift, double *dst);
/* g = diff_dst where y > 0 (everywhere without relu); diff_shift = sum g; diff_scale = sum g
 * xhat; m = n h w:
 * frozen    diff_src = scale / std * g
 * training  diff_src = scale / std * (g - diff_shift / m - xhat diff_scale / m), since mean and
 * variance depend on src.
 */
void clile_i_ref_batch_norm_backward(const clile_i_ref_batch_norm *norm, int frozen,
                                     const double *src, const double *mean, const double *variance,
                                     const double *scale, const double *shift,
                                     const double *diff_dst, double *diff_src, double *diff_scale,
                                     double *diff_shift);

/* ---- pointwise (pointwise.c) ----------------------------------------------------------------- */

/* dst = max(src, 0); diff_src = diff_dst where src > 0, else 0. */
void clile_i_ref_relu_forward(int64_t count, const double *src, double *dst);
void clile_i_ref_relu_backward(int64_t count, const double *src, const double *diff_dst,
                               double *diff_src);

/* dst = max(a + b, 0): the end of a residual block; diff_a = diff_b = diff_dst where dst > 0,
 * else 0. */
void clile_i_ref_add_relu_forward(int64_t count, const double *a, const double *b, double *dst);
void clile_i_ref_add_relu_backward(int64_t count, const double *dst, const double *diff_dst,
                                   double *diff_a, double *diff_b);

/* ---- pooling (pool.c) ------------------------------------------------------------------------ */

typedef struct {
    int64_t n, c, h, w; /* src */
    int64_t kernel, stride, pad;
} clile_i_ref_pool;

/* dst = the greatest src in the window; what lies outside the image never wins. winner
 * [n,c,oh,ow] = y w + x of the first greatest in row-major order. diff_src[winner] += diff_dst. */
void clile_i_ref_max_pool_forward(const clile_i_ref_pool *pool, const double *src, double *dst,
                                  int64_t *winner /* or NULL */);
void clile_i_ref_max_pool_backward(const clile_i_ref_pool *pool, const int64_t *winner,
                                   const double *diff_dst, double *diff_src);

/* dst[n,c] = mean over h, w of src; diff_src[n,c,y,x] = diff_dst[n,c] / (h w). */
void clile_i_ref_global_pool_forward(int64_t n, int64_t c, int64_t h, int64_t w, const double *src,
                                     double *dst);
void clile_i_ref_global_pool_backward(int64_t n, int64_t c, int64_t h, int64_t w,
                                      const double *diff_dst, double *diff_src);

/* ---- matrices (matmul.c) --------------------------------------------------------------------- */

/* dst [m,n] = alpha A B + beta dst, A = a [m,k] (a [k,m] transposed when transpose_a), B = b
 * [k,n] (b [n,k] transposed). */
void clile_i_ref_matmul(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                        double alpha, const double *a, const double *b, double beta, double *dst);

/* dst[n,o] = bias[o] + sum_i weights[o,i] src[n,i]; diff_src = diff_dst W; diff_weights =
 * diff_dst^T src; diff_bias[o] = sum_n diff_dst[n,o]. */
void clile_i_ref_linear_forward(int64_t n, int64_t inputs, int64_t outputs, const double *src,
                                const double *weights, const double *bias /*[outputs] or NULL*/,
                                double *dst);
void clile_i_ref_linear_backward(int64_t n, int64_t inputs, int64_t outputs, const double *src,
                                 const double *weights, const double *diff_dst, double *diff_src,
                                 double *diff_weights, double *diff_bias /*[outputs] or NULL*/);

#endif
