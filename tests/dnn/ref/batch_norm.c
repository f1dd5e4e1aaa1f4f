#include "dnn/ref/ref.h"

#include <math.h>

/* Element i of channel c, i = 0 .. n h w - 1. */
static int64_t at(const clile_i_ref_batch_norm *v, int64_t c, int64_t i)
{
    const int64_t plane = v->h * v->w;
    return (i / plane * v->c + c) * plane + i % plane;
}

void clile_i_ref_batch_norm_statistics(const clile_i_ref_batch_norm *norm, const double *src,
                                       double *mean, double *variance)
{
    const int64_t m = norm->n * norm->h * norm->w;
    for (int64_t c = 0; c < norm->c; ++c) {
        double sum = 0.0, squares = 0.0;
        for (int64_t i = 0; i < m; ++i) sum += src[at(norm, c, i)];
        mean[c] = sum / (double)m;
        for (int64_t i = 0; i < m; ++i) {
            const double centred = src[at(norm, c, i)] - mean[c];
            squares += centred * centred;
        }
        variance[c] = squares / (double)m;
    }
}

void clile_i_ref_batch_norm_update(const clile_i_ref_batch_norm *norm, double momentum,
                                   const double *mean, const double *variance, double *running_mean,
                                   double *running_variance)
{
    const double m = (double)(norm->n * norm->h * norm->w);
    for (int64_t c = 0; c < norm->c; ++c) {
        running_mean[c] = (1.0 - momentum) * running_mean[c] + momentum * mean[c];
        running_variance[c] =
            (1.0 - momentum) * running_variance[c] + momentum * variance[c] * m / (m - 1.0);
    }
}

void clile_i_ref_batch_norm_forward(const clile_i_ref_batch_norm *norm, const double *src,
                                    const double *mean, const double *variance, const double *scale,
                                    const double *shift, double *dst)
{
    const int64_t m = norm->n * norm->h * norm->w;
    for (int64_t c = 0; c < norm->c; ++c)
        for (int64_t i = 0; i < m; ++i) {
            const double xhat = (src[at(norm, c, i)] - mean[c]) / sqrt(variance[c] + norm->epsilon);
            const double y = scale[c] * xhat + shift[c];
            dst[at(norm, c, i)] = norm->relu && y < 0.0 ? 0.0 : y;
        }
}

void clile_i_ref_batch_norm_backward(const clile_i_ref_batch_norm *norm, int frozen,
                                     const double *src, const double *mean, const double *variance,
                                     const double *scale, const double *shift,
                                     const double *diff_dst, double *diff_src, double *diff_scale,
                                     double *diff_shift)
{
    const int64_t m = norm->n * norm->h * norm->w;
    for (int64_t c = 0; c < norm->c; ++c) {
        const double std = sqrt(variance[c] + norm->epsilon);
        double sum_g = 0.0, sum_g_xhat = 0.0;
        for (int64_t i = 0; i < m; ++i) {
            const double xhat = (src[at(norm, c, i)] - mean[c]) / std;
            const int passes = !norm->relu || scale[c] * xhat + shift[c] > 0.0;
            const double g = passes ? diff_dst[at(norm, c, i)] : 0.0;
            sum_g += g;
            sum_g_xhat += g * xhat;
            diff_src[at(norm, c, i)] = g;
        }
        for (int64_t i = 0; i < m; ++i) {
            const double xhat = (src[at(norm, c, i)] - mean[c]) / std, g = diff_src[at(norm, c, i)];
            const double through_statistics =
                frozen ? 0.0 : (sum_g + xhat * sum_g_xhat) / (double)m;
            diff_src[at(norm, c, i)] = scale[c] / std * (g - through_statistics);
        }
        diff_scale[c] = sum_g_xhat;
        diff_shift[c] = sum_g;
    }
}
