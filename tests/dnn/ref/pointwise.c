#include "dnn/ref/ref.h"

void clile_i_ref_relu_forward(int64_t count, const double *src, double *dst)
{
    for (int64_t i = 0; i < count; ++i) dst[i] = src[i] > 0.0 ? src[i] : 0.0;
}

void clile_i_ref_relu_backward(int64_t count, const double *src, const double *diff_dst,
                               double *diff_src)
{
    for (int64_t i = 0; i < count; ++i) diff_src[i] = src[i] > 0.0 ? diff_dst[i] : 0.0;
}

void clile_i_ref_add_relu_forward(int64_t count, const double *a, const double *b, double *dst)
{
    for (int64_t i = 0; i < count; ++i) dst[i] = a[i] + b[i] > 0.0 ? a[i] + b[i] : 0.0;
}

void clile_i_ref_add_relu_backward(int64_t count, const double *dst, const double *diff_dst,
                                   double *diff_a, double *diff_b)
{
    for (int64_t i = 0; i < count; ++i) diff_a[i] = diff_b[i] = dst[i] > 0.0 ? diff_dst[i] : 0.0;
}
