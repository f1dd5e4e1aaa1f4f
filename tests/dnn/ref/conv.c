#include "dnn/ref/ref.h"

#include <math.h>
#include <stddef.h>

int64_t clile_i_ref_output_size(int64_t size, int64_t kernel, int64_t stride, int64_t pad)
{
    return (size + 2 * pad - kernel) / stride + 1;
}

/* One term of the sum that defines the convolution: dst[dst_at] takes weights[weights_at] *
 * src[src_at]. */
typedef void (*term_fn)(int64_t dst_at, int64_t weights_at, int64_t src_at, void *context);

/* Visits every term whose source pixel is inside the image. Forward and both backwards are this
 * walk with another line.
 */
static void walk(const clile_i_ref_conv *v, term_fn term, void *context)
{
    const int64_t oh = clile_i_ref_output_size(v->h, v->kernel, v->stride, v->pad);
    const int64_t ow = clile_i_ref_output_size(v->w, v->kernel, v->stride, v->pad);
    for (int64_t n = 0; n < v->n; ++n)
        for (int64_t k = 0; k < v->k; ++k)
            for (int64_t oy = 0; oy < oh; ++oy)
                for (int64_t ox = 0; ox < ow; ++ox)
                    for (int64_t c = 0; c < v->c; ++c)
                        for (int64_t i = 0; i < v->kernel; ++i)
                            for (int64_t j = 0; j < v->kernel; ++j) {
                                const int64_t y = oy * v->stride + i - v->pad,
                                              x = ox * v->stride + j - v->pad;
                                if (y < 0 || y >= v->h || x < 0 || x >= v->w) continue;
                                term(((n * v->k + k) * oh + oy) * ow + ox,
                                     ((k * v->c + c) * v->kernel + i) * v->kernel + j,
                                     ((n * v->c + c) * v->h + y) * v->w + x, context);
                            }
}

typedef struct {
    const double *src, *weights, *diff_dst; /* what is read; the rest is NULL */
    double *out;
} operands;

static void term_forward(int64_t dst_at, int64_t weights_at, int64_t src_at, void *context)
{
    const operands *o = context;
    o->out[dst_at] += o->weights[weights_at] * o->src[src_at];
}

static void term_data(int64_t dst_at, int64_t weights_at, int64_t src_at, void *context)
{
    const operands *o = context;
    o->out[src_at] += o->weights[weights_at] * o->diff_dst[dst_at];
}

static void term_weights(int64_t dst_at, int64_t weights_at, int64_t src_at, void *context)
{
    const operands *o = context;
    o->out[weights_at] += o->src[src_at] * o->diff_dst[dst_at];
}

static int64_t plane_of(const clile_i_ref_conv *v)
{
    return clile_i_ref_output_size(v->h, v->kernel, v->stride, v->pad) *
           clile_i_ref_output_size(v->w, v->kernel, v->stride, v->pad);
}

void clile_i_ref_conv_forward(const clile_i_ref_conv *conv, const double *src,
                              const double *weights, const double *bias, double *dst)
{
    const int64_t plane = plane_of(conv);
    for (int64_t i = 0; i < conv->n * conv->k * plane; ++i)
        dst[i] = bias != NULL ? bias[i / plane % conv->k] : 0.0;
    operands o = {.src = src, .weights = weights, .out = dst};
    walk(conv, term_forward, &o);
}

void clile_i_ref_conv_backward_data(const clile_i_ref_conv *conv, const double *weights,
                                    const double *diff_dst, double *diff_src)
{
    for (int64_t i = 0; i < conv->n * conv->c * conv->h * conv->w; ++i) diff_src[i] = 0.0;
    operands o = {.weights = weights, .diff_dst = diff_dst, .out = diff_src};
    walk(conv, term_data, &o);
}

void clile_i_ref_conv_backward_weights(const clile_i_ref_conv *conv, const double *src,
                                       const double *diff_dst, double *diff_weights,
                                       double *diff_bias)
{
    const int64_t plane = plane_of(conv);
    for (int64_t i = 0; i < conv->k * conv->c * conv->kernel * conv->kernel; ++i)
        diff_weights[i] = 0.0;
    operands o = {.src = src, .diff_dst = diff_dst, .out = diff_weights};
    walk(conv, term_weights, &o);
    if (diff_bias == NULL) return;
    for (int64_t k = 0; k < conv->k; ++k) diff_bias[k] = 0.0;
    for (int64_t i = 0; i < conv->n * conv->k * plane; ++i)
        diff_bias[i / plane % conv->k] += diff_dst[i];
}

/* ---- int8 ------------------------------------------------------------------------------------ */

void clile_i_ref_conv_int8(const clile_i_ref_conv *conv, const clile_i_ref_requantise *q,
                           const int32_t *src, const int32_t *weights, const int32_t *held,
                           int32_t *dst)
{
    const int64_t oh = clile_i_ref_output_size(conv->h, conv->kernel, conv->stride, conv->pad);
    const int64_t ow = clile_i_ref_output_size(conv->w, conv->kernel, conv->stride, conv->pad);
    for (int64_t at = 0; at < conv->n * conv->k * oh * ow; ++at) {
        const int64_t ox = at % ow, oy = at / ow % oh, k = at / (ow * oh) % conv->k,
                      n = at / (ow * oh * conv->k);
        int64_t sum = 0;
        for (int64_t c = 0; c < conv->c; ++c)
            for (int64_t i = 0; i < conv->kernel; ++i)
                for (int64_t j = 0; j < conv->kernel; ++j) {
                    const int64_t y = oy * conv->stride + i - conv->pad,
                                  x = ox * conv->stride + j - conv->pad;
                    if (y < 0 || y >= conv->h || x < 0 || x >= conv->w) continue;
                    sum += (int64_t)
                               weights[((k * conv->c + c) * conv->kernel + i) * conv->kernel + j] *
                           src[((n * conv->c + c) * conv->h + y) * conv->w + x];
                }
        double value = q->scale[k] * (double)sum + q->bias[k];
        if (held != NULL) value += q->sum_scale * held[at];
        if (q->relu && value < 0.0) value = 0.0;
        value = rint(value);
        dst[at] = (int32_t)(value < q->low ? q->low : value > q->high ? q->high : value);
    }
}
