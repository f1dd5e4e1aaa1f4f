/* dnn: the operations of a convolutional network, forward and backward, on one engine. Uses base.
 * The only room that knows oneDNN (dnnl.h). It hides what differs between oneDNN 2.x and 3.x.
 *
 * Convolutions, layout changes and matrix products are oneDNN primitives. The operations that only
 * move memory (batch norm, ReLU, residual add, pooling) are our own loops over the layouts that the
 * convolutions chose: one pass over memory then does what takes three primitives (norm + residual +
 * ReLU).
 *
 * All functions run in the calling thread's team (clile_i_threads_set). A convolution must run in a
 * team of the size it was created in; in a smaller one it is slower, with the same bits, unless
 * oneDNN shares it out. Reductions run in a fixed order: same input and team
 * size, same bits.
 *
 *     clile_i_conv_create(&shape, &options, &conv);      // picks implementations and layouts
 *     clile_i_conv_bind(conv, &buffers);                 // once: where the arrays are
 *     loop: clile_i_conv_forward(conv); clile_i_conv_backward_weights(conv);
 *           clile_i_conv_backward_data(conv);
 *
 * The ..._plain functions at the end do one operation on plain NCHW arrays with the same machinery.
 * Tests compare them with tests/dnn/ref.
 */
#ifndef CLILE_I_DNN_H
#define CLILE_I_DNN_H

#include "base/base.h"

/* "2.6.3": the version of the loaded oneDNN, not of its header. */
const char *clile_i_dnn_version(void);
/* Floats in the widest vector that oneDNN uses on this processor: 16 with AVX-512, otherwise 8. */
int clile_i_dnn_vector_floats(void);

/* ---- activations (layout.c) ------------------------------------------------------------------ */

typedef enum {
    CLILE_I_LAYOUT_NCHW, /* plain */
    CLILE_I_LAYOUT_NHWC, /* channels innermost */
    CLILE_I_LAYOUT_C8,   /* nChw8c: blocks of 8 channels, the last one padded with zeros */
    CLILE_I_LAYOUT_C16   /* nChw16c */
} clile_i_dnn_layout_kind;

/* An activation [n, c, h, w] in memory: element (n, c, p), p = y * w + x, is at n * image_stride
 * + (c / block) * block_stride + p * block + c % block. */
typedef struct {
    clile_i_dnn_layout_kind kind;
    int64_t n, c, h, w;
    int64_t block;        /* channels side by side; NCHW 1, NHWC c */
    int64_t blocks;       /* ceil(c / block) */
    int64_t channels;     /* blocks * block: c with its padding */
    int64_t block_stride; /* h * w * block */
    int64_t image_stride; /* blocks * block_stride */
    int64_t count;        /* n * image_stride: elements of the whole array */
    uint8_t bf16;         /* 1: they are bf16 (inference in bf16 only); 0: float32 */
} clile_i_dnn_layout;

/* Floats of memory that hold the array. */
static inline int64_t clile_i_dnn_layout_floats(const clile_i_dnn_layout *layout)
{
    return layout->bf16 ? (layout->count + 1) / 2 : layout->count;
}

clile_i_dnn_layout clile_i_dnn_layout_make(clile_i_dnn_layout_kind kind, int64_t n, int64_t c,
                                           int64_t h, int64_t w);
/* To and from a plain NCHW array. Padding is written as zero. */
void clile_i_dnn_layout_from_plain(const clile_i_dnn_layout *layout, const float *plain,
                                   float *blocked);
void clile_i_dnn_layout_to_plain(const clile_i_dnn_layout *layout, const float *blocked,
                                 float *plain);

/* ---- convolution (conv.c) -------------------------------------------------------------------- */

/* src [n, ic, ih, iw], weights [oc, ic, kh, kw], dst [n, oc, oh, ow], oh = (ih + 2 pad - kh) /
 * stride + 1. */
typedef struct {
    int64_t n, ic, ih, iw, oc, kh, kw, stride, pad;
} clile_i_conv_shape;
int64_t clile_i_conv_oh(const clile_i_conv_shape *shape);
int64_t clile_i_conv_ow(const clile_i_conv_shape *shape);
clile_status clile_i_conv_check(const clile_i_conv_shape *shape);
/* Rows begin .. end-1 of dst, which read rows src_begin .. src_end-1 of src. */
typedef struct {
    int64_t begin, end, src_begin, src_end;
} clile_i_conv_rows;
/* Part `part` of `parts` equal ones; each row of dst reads some of src (pad < kh). */
clile_i_conv_rows clile_i_conv_rows_of(const clile_i_conv_shape *shape, int64_t part,
                                       int64_t parts);

typedef struct {
    /* layouts of the activations; others are used inside where they are much faster */
    clile_i_dnn_layout_kind src, dst;
    uint8_t bias;                            /* dst += bias[oc] */
    uint8_t sum;                             /* dst += what dst held before (forward only) */
    uint8_t relu;                            /* dst = max(dst, 0), last (forward only) */
    uint8_t backward_weights, backward_data; /* gradients that will be needed */
    /* Products of bf16 numbers, summed in float32. With gradients, all arrays are float32 and
     * rounded on the way in (but see clile_i_conv_rounds). Without, the weights are bf16, and src
     * and dst may be. */
    uint8_t bf16, src_bf16, dst_bf16;
} clile_i_conv_options;

typedef struct clile_i_conv clile_i_conv;

/* The activation layout that oneDNN prefers for this convolution on this machine. */
clile_status clile_i_conv_preferred(const clile_i_conv_shape *shape, uint8_t training,
                                    clile_i_dnn_layout_kind *out);
/* What inference of n images uses instead; channels are those of the activations. With AVX-512
 * oneDNN prefers NHWC. But blocks of 16 are faster for more than one image, and also for one image
 * with Winograd, which 3.x dropped (docs/results.md). */
clile_status clile_i_conv_inference_layout(int64_t n, int64_t channels,
                                           clile_i_dnn_layout_kind *kind /* in, out */);
clile_status clile_i_conv_create(const clile_i_conv_shape *shape,
                                 const clile_i_conv_options *options, clile_i_conv **out);
void clile_i_conv_destroy(clile_i_conv *conv);
/* floats of memory of weights and diff_weights in their layout */
int64_t clile_i_conv_weights_count(const clile_i_conv *conv);
/* may be shared with other convolutions */
size_t clile_i_conv_scratch_bytes(const clile_i_conv *conv);
/* oneDNN's name of the forward implementation, after "2 parts, " if a team shares it out and
 * "patches, " if windows are gathered first. */
void clile_i_conv_describe(const clile_i_conv *conv, char *text, size_t size);

/* Arrays in the layouts and types of the options; weights and diff_weights in the convolution's own
 * layout; bias plain [oc]. Unused ones may be NULL. scratch must be 64-byte aligned. */
typedef struct {
    float *src, *weights, *bias, *dst, *diff_dst, *diff_weights, *diff_src;
    void *scratch;
} clile_i_conv_buffers;
clile_status clile_i_conv_bind(clile_i_conv *conv, const clile_i_conv_buffers *buffers);
clile_status clile_i_conv_forward(clile_i_conv *conv);
clile_status clile_i_conv_backward_weights(clile_i_conv *conv); /* diff_weights = ..., overwrites */
clile_status clile_i_conv_backward_data(clile_i_conv *conv);    /* diff_src = ..., overwrites */

/* Seconds of the passes since the last call, or since creation. */
double clile_i_conv_take_seconds(clile_i_conv *conv);

/* For benchmarks: which passes exist, and running one without its reorders on whatever its arrays
 * hold. */
typedef enum {
    CLILE_I_PASS_FORWARD,
    CLILE_I_PASS_BACKWARD_DATA,
    CLILE_I_PASS_BACKWARD_WEIGHTS
} clile_i_pass;
int clile_i_conv_has_pass(const clile_i_conv *conv, clile_i_pass pass);
clile_status clile_i_conv_run_alone(clile_i_conv *conv, clile_i_pass pass);

/* 1: this pass multiplies bf16 numbers. With the option bf16 all do, except that with AMX, in NHWC,
 * one of training that is faster in float32 is computed in it. */
int clile_i_conv_rounds(const clile_i_conv *conv, clile_i_pass pass);

/* Weights between plain OIHW and the convolution's layout; padding is written as zero. Exact,
 * except for Winograd's transforms, which round. Back to plain works only with gradients. */
clile_status clile_i_conv_weights_from_plain(const clile_i_conv *conv, const float *plain,
                                             float *blocked);
clile_status clile_i_conv_weights_to_plain(const clile_i_conv *conv, const float *blocked,
                                           float *plain);

/* The layout of a convolution's weights. Convolutions with equal layouts can share packed
 * weights. */
typedef struct clile_i_weights_layout clile_i_weights_layout;
clile_status clile_i_conv_weights_layout(const clile_i_conv *conv, clile_i_weights_layout **out);
int clile_i_weights_layout_equal(const clile_i_weights_layout *a, const clile_i_weights_layout *b);
void clile_i_weights_layout_free(clile_i_weights_layout *layout);

/* ---- windows laid side by side (patches.c) --------------------------------------------------- */

/* A convolution as a product at each output pixel: channel (u * kw + v) * ic + i of pixel (y, x)
 * of dst [n, kh * kw * ic, oh, ow] is channel i of pixel (y * stride + u - pad, x * stride + v -
 * pad) of src [n, ic, ih, iw], zero outside. ic is a multiple of the layout's block. */
typedef struct {
    clile_i_conv_shape shape;
    clile_i_dnn_layout src, dst;
} clile_i_patches;
clile_i_patches clile_i_patches_make(const clile_i_conv_shape *shape, clile_i_dnn_layout_kind kind);
void clile_i_patches_gather(const clile_i_patches *patches, const float *src, float *dst);
/* Plain OIHW to the plain [oc, kh * kw * ic] that matches it. */
void clile_i_patches_weights(const clile_i_patches *patches, const float *plain, float *gathered);

/* ---- int8 convolution (conv_int8.c) ---------------------------------------------------------- */

/* dst = clamp(round(relu?(scale[o] * sum + bias[o] + sum_scale * previous dst))), with sum =
 * sum_{i,u,v} weights src in integers, rounding halves to even, clamping to u8 or s8. src is u8;
 * arrays are NHWC; pad reads 0. */
typedef struct {
    uint8_t relu, sum;
    uint8_t dst_signed; /* s8 */
    uint8_t sum_signed; /* the previous dst is s8 */
    float sum_scale;
    const float *scale, *bias; /* [oc], copied; scale > 0, bias in units of dst */
} clile_i_qconv_options;

typedef struct clile_i_qconv clile_i_qconv;
clile_status clile_i_qconv_create(const clile_i_conv_shape *shape,
                                  const clile_i_qconv_options *options, clile_i_qconv **out);
void clile_i_qconv_destroy(clile_i_qconv *conv);
size_t clile_i_qconv_weights_bytes(const clile_i_qconv *conv);
size_t clile_i_qconv_scratch_bytes(const clile_i_qconv *conv);
clile_status clile_i_qconv_weights_layout(const clile_i_qconv *conv, clile_i_weights_layout **out);
clile_status clile_i_qconv_pack_weights(const clile_i_qconv *conv, const int8_t *plain /*OIHW*/,
                                        void *packed);
/* Packed weights are only read. scratch must be 64-byte aligned. */
clile_status clile_i_qconv_bind(clile_i_qconv *conv, const uint8_t *src, const void *weights,
                                void *dst, void *scratch);
clile_status clile_i_qconv_forward(clile_i_qconv *conv);
void clile_i_qconv_describe(const clile_i_qconv *conv, char *text, size_t size);
/* 0: this processor adds pairs of u8 * s8 products in 16 bits, which overflow unless activations
 * stay within 0..128 (x86 without VNNI). */
int clile_i_qconv_is_exact(void);

/* ---- bf16 (bf16.c) --------------------------------------------------------------------------- */

/* UNSUPPORTED, naming the option precision=bf16, where oneDNN does not use instructions for bf16
 * (x86 with AVX512_BF16, which processors with AMX have too). */
clile_status clile_i_bf16_check(void);
/* 1: oneDNN multiplies bf16 in AMX's tiles, for which maps must be NHWC. Vector instructions for
 * bf16 are no faster than those for float32 on such processors. */
int clile_i_bf16_has_amx(void);
/* Exact. */
void clile_i_bf16_widen(int64_t count, const void *src, float *dst);

/* ---- matrix product (matmul.c) --------------------------------------------------------------- */

/* Row-major c [m, n] = alpha * op(a) op(b) + beta * c. op(a) is [m, k]: a is stored [m, k], or
 * [k, m] when transpose_a; op(b) is [k, n]: b is stored [k, n], or [n, k] when transpose_b. Rows
 * are contiguous. m, n, k >= 0. */
clile_status clile_i_dnn_matmul(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                                float alpha, const float *a, const float *b, float beta, float *c);

/* Many small products of one kind: outer x inner matrices, each computed by one thread, so that its
 * bits depend on nothing else. Matrix (i, j) of a is at a + i * a_outer + j * a_inner, and so on; a
 * step of 0 reads one matrix again. c_inner 0: c is the sum over j, in order. c is overwritten. */
typedef struct {
    int64_t outer, inner;
    int transpose_a, transpose_b; /* of each, as in clile_i_dnn_matmul */
    int64_t m, n, k;
    float alpha;
    const float *a, *b;
    float *c;
    int64_t a_outer, a_inner, b_outer, b_inner, c_outer, c_inner;
} clile_i_matmuls;
clile_status clile_i_dnn_matmuls(const clile_i_matmuls *products);

/* dst [n, out] = src [n, in] weights [out, in]^T + bias [out] (bias may be NULL) */
clile_status clile_i_linear_forward(int64_t n, int64_t in, int64_t out, const float *src,
                                    const float *weights, const float *bias, float *dst);
/* The same with each row computed alone: its bits do not depend on the number of rows. */
clile_status clile_i_linear_forward_each(int64_t n, int64_t in, int64_t out, const float *src,
                                         const float *weights, const float *bias, float *dst);
/* diff_src = diff_dst weights; diff_weights = diff_dst^T src; diff_bias = sum over n of
 * diff_dst. Each may be NULL. */
clile_status clile_i_linear_backward(int64_t n, int64_t in, int64_t out, const float *src,
                                     const float *weights, const float *diff_dst, float *diff_src,
                                     float *diff_weights, float *diff_bias);

/* ---- row by row (rows.c) --------------------------------------------------------------------- */

/* dst[r, i] = exp(src[r, i]) / sum_j exp(src[r, j]), over rows of `width` floats */
void clile_i_softmax_forward(int64_t rows, int64_t width, const float *src, float *dst);
/* diff_src[r, i] = dst[r, i] (diff_dst[r, i] - sum_j dst[r, j] diff_dst[r, j]) */
void clile_i_softmax_backward(int64_t rows, int64_t width, const float *dst, const float *diff_dst,
                              float *diff_src);

/* dst = gain * xhat + shift, xhat = (src - mean) / sqrt(variance + eps), with the mean and biased
 * variance of each row (Ba, Kiros and Hinton, 2016). gain, shift [width], or gain NULL for
 * 1 and 0. mean, inv_std [rows] are
 * written by forward and read by backward. */
typedef struct {
    int64_t rows, width;
    double eps;
    const float *src, *gain, *shift;
    float *mean, *inv_std, *dst;
    const float *diff_dst;
    float *diff_src /* or NULL */, *diff_gain, *diff_shift;
} clile_i_layer_norm;
void clile_i_layer_norm_forward(const clile_i_layer_norm *norm);
void clile_i_layer_norm_backward(const clile_i_layer_norm *norm);

/* ---- batch norm (batch_norm.c) --------------------------------------------------------------- */

/* Batch statistics of several processes: sums over all of them. */
typedef struct {
    int32_t ranks; /* each with as many values of a channel */
    clile_status (*sum)(void *context, int64_t count, double *values);
    void *context;
    clile_status status; /* of the first sum that failed */
} clile_i_norm_sync;

/* y = gamma * (x - mean) / sqrt(variance + eps) + beta per channel [+ residual] [then ReLU];
 * variance is the biased one over n, h, w. gamma, beta, running_*, mean, inv_std:
 * layout.channels floats (padding: gamma = beta = 0). */
typedef struct {
    clile_i_dnn_layout layout;
    clile_i_norm_sync *sync; /* NULL: the statistics are this process's */
    double eps, momentum;
    uint8_t frozen; /* running statistics are used and kept, instead of the batch's */
    uint8_t again;  /* forward: mean and inv_std are those of a forward before, of the same src */
    uint8_t relu;
    const float *src;
    const float *gamma, *beta;
    /* training: r += momentum * (batch - r), with the unbiased variance */
    float *running_mean, *running_variance;
    float *mean, *inv_std; /* written by forward, read by backward */
    const float *residual; /* same layout, or NULL */
    float *dst;
    /* backward */
    const float *diff_dst;
    const float *diff_dst_more; /* added to diff_dst (dst had two readers), or NULL */
    float *diff_src;            /* may be diff_dst or diff_dst_more */
    /* the sum of both, masked by the ReLU; NULL without residual; may be either unless
     * diff_src is */
    float *diff_residual;
    float *diff_gamma, *diff_beta;
    double *partial; /* clile_i_batch_norm_partial_count doubles of scratch */
} clile_i_batch_norm;
int64_t clile_i_batch_norm_partial_count(const clile_i_dnn_layout *layout);
void clile_i_batch_norm_forward(const clile_i_batch_norm *norm);
/* With a residual it reads the ReLU mask from dst, which must still hold what forward wrote;
 * without, dst is not read. */
void clile_i_batch_norm_backward(const clile_i_batch_norm *norm);

/* ---- element by element (elementwise.c) ------------------------------------------------------ */

void clile_i_relu_forward(int64_t count, const float *src, float *dst); /* max(src, 0) */
void clile_i_relu_backward(int64_t count, const float *dst, const float *diff_dst,
                           /* dst > 0 ? diff_dst : 0 */
                           float *diff_src);
/* max(a + b, 0) */
void clile_i_add_relu_forward(int64_t count, const float *a, const float *b, float *dst);
/* dst may be a or b */
void clile_i_add(int64_t count, const float *a, const float *b, float *dst);

/* ---- pooling (pool.c) ------------------------------------------------------------------------ */

/* Maximum over k x k windows. Padding never wins; the first of equal values gets the gradient.
 * index, in dst layout: the winner's place in its window; NULL if no gradient is needed. src and
 * dst have the same kind of layout. */
typedef struct {
    clile_i_dnn_layout src, dst;
    int64_t k, stride, pad;
} clile_i_max_pool;
clile_i_max_pool clile_i_max_pool_make(const clile_i_dnn_layout *src, int64_t k, int64_t stride,
                                       int64_t pad);
void clile_i_max_pool_forward(const clile_i_max_pool *pool, const float *src, float *dst,
                              uint8_t *index);
/* more: added to diff_dst (dst had two readers), or NULL */
void clile_i_max_pool_backward(const clile_i_max_pool *pool, const float *diff_dst,
                               const float *more, const uint8_t *index, float *diff_src);

/* Batch norm, ReLU and max pooling in one (norm_pool.c). It ignores norm's dst, residual and
 * backward arrays, except diff_gamma and diff_beta. relu must be set. */
typedef struct {
    clile_i_batch_norm norm;
    clile_i_max_pool pool;
    /* pool.dst: the result; src at the maximum, for backward */
    float *dst, *winner;
    uint8_t *index; /* pool.dst: its place in the window, or none where the ReLU is off */
    const float *diff_dst, *diff_dst_more;
    float *diff_src;
} clile_i_norm_pool;
void clile_i_norm_pool_forward(const clile_i_norm_pool *op);
void clile_i_norm_pool_backward(const clile_i_norm_pool *op);

/* Mean over h, w: src in its layout, dst [n, c] plain. */
void clile_i_average_pool_forward(const clile_i_dnn_layout *layout, const float *src, float *dst);
void clile_i_average_pool_backward(const clile_i_dnn_layout *layout, const float *diff_dst,
                                   float *diff_src);

/* The same for bf16 activations >= 0, as they are after a ReLU (bf16.c). */
void clile_i_max_pool_bf16(const clile_i_max_pool *pool, const void *src, void *dst);
/* The same two for u8 activations, NHWC (int8.c); the mean is multiplied by step. */
void clile_i_max_pool_u8(const clile_i_max_pool *pool, const uint8_t *src, uint8_t *dst);
void clile_i_average_pool_u8(const clile_i_dnn_layout *layout, const uint8_t *src, float step,
                             float *dst);

/* ---- one operation on plain arrays (plain.c), for tests -------------------------------------- */

/* src NCHW, weights OIHW, bias [oc] or NULL, dst NCHW. */
clile_status clile_i_dnn_conv_forward_plain(const clile_i_conv_shape *shape, const float *src,
                                            const float *weights, const float *bias, float *dst);
/* diff_src or diff_weights may be NULL. */
clile_status clile_i_dnn_conv_backward_plain(const clile_i_conv_shape *shape, const float *src,
                                             const float *weights, const float *diff_dst,
                                             float *diff_src, float *diff_weights);
/* The inference form: dst = relu?(conv + bias + dst). */
clile_status clile_i_dnn_conv_sum_plain(const clile_i_conv_shape *shape, int relu, const float *src,
                                        const float *weights, const float *bias, float *dst);

/* eps 1e-5, momentum 0.1. frozen: uses running_*; otherwise updates them. mean, variance [c]: the
 * ones used (biased). residual may be NULL. kind: the layout to run in. All must give the same
 * result. */
clile_status clile_i_dnn_batch_norm_forward_plain(clile_i_dnn_layout_kind kind, int64_t n,
                                                  int64_t c, int64_t h, int64_t w, int frozen,
                                                  int relu, const float *src, const float *gamma,
                                                  const float *beta, const float *residual,
                                                  float *running_mean, float *running_variance,
                                                  float *dst, float *mean, float *variance);
/* mean, variance, dst: from forward. diff_residual: NULL without a residual, and dst may be too. */
clile_status clile_i_dnn_batch_norm_backward_plain(
    clile_i_dnn_layout_kind kind, int64_t n, int64_t c, int64_t h, int64_t w, int frozen, int relu,
    const float *src, const float *gamma, const float *beta, const float *mean,
    const float *variance, const float *dst, const float *diff_dst, float *diff_src,
    float *diff_gamma, float *diff_beta, float *diff_residual);

/* oh = (h + 2 pad - k) / stride + 1. Backward recomputes the forward's winners from src. */
clile_status clile_i_dnn_max_pool_forward_plain(clile_i_dnn_layout_kind kind, int64_t n, int64_t c,
                                                int64_t h, int64_t w, int64_t k, int64_t stride,
                                                int64_t pad, const float *src, float *dst);
clile_status clile_i_dnn_max_pool_backward_plain(clile_i_dnn_layout_kind kind, int64_t n, int64_t c,
                                                 int64_t h, int64_t w, int64_t k, int64_t stride,
                                                 int64_t pad, const float *src,
                                                 const float *diff_dst, float *diff_src);
clile_status clile_i_dnn_average_pool_forward_plain(clile_i_dnn_layout_kind kind, int64_t n,
                                                    int64_t c, int64_t h, int64_t w,
                                                    const float *src, float *dst);
clile_status clile_i_dnn_average_pool_backward_plain(clile_i_dnn_layout_kind kind, int64_t n,
                                                     int64_t c, int64_t h, int64_t w,
                                                     const float *diff_dst, float *diff_src);

#endif
