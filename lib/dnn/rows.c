/* Softmax and layer norm: operations on the rows of a plain array. A row is computed by one thread;
 * sums over rows run in the order of the rows. */
#include "dnn/dnn.h"

#include <math.h>

enum { GRAIN = 4096 }; /* floats: fewer are not worth waking a thread for */

static int64_t grain(int64_t width)
{
    return 1 + GRAIN / width;
}

typedef struct {
    int64_t width;
    const float *a, *b;
    float *dst;
} rows_job;

static void softmax_rows(int64_t begin, int64_t end, void *context)
{
    const rows_job *job = context;
    for (int64_t r = begin; r < end; ++r) {
        const float *src = job->a + r * job->width;
        float *dst = job->dst + r * job->width, most = src[0];
        double sum = 0.0;
        for (int64_t i = 1; i < job->width; ++i) most = src[i] > most ? src[i] : most;
        for (int64_t i = 0; i < job->width; ++i) {
            dst[i] = expf(src[i] - most);
            sum += (double)dst[i];
        }
        for (int64_t i = 0; i < job->width; ++i) dst[i] = (float)((double)dst[i] / sum);
    }
}

void clile_i_softmax_forward(int64_t rows, int64_t width, const float *src, float *dst)
{
    clile_i_parallel_for(rows, grain(width), softmax_rows, &(rows_job){width, src, NULL, dst});
}

static void softmax_backward_rows(int64_t begin, int64_t end, void *context)
{
    const rows_job *job = context;
    for (int64_t r = begin; r < end; ++r) {
        const float *y = job->a + r * job->width, *g = job->b + r * job->width;
        float *dst = job->dst + r * job->width;
        double dot = 0.0;
        for (int64_t i = 0; i < job->width; ++i) dot += (double)y[i] * (double)g[i];
        for (int64_t i = 0; i < job->width; ++i) dst[i] = y[i] * (g[i] - (float)dot);
    }
}

void clile_i_softmax_backward(int64_t rows, int64_t width, const float *dst, const float *diff_dst,
                              float *diff_src)
{
    clile_i_parallel_for(rows, grain(width), softmax_backward_rows,
                         &(rows_job){width, dst, diff_dst, diff_src});
}

/* ---- layer norm ------------------------------------------------------------------------------ */

static float gain_of(const clile_i_layer_norm *norm, int64_t i)
{
    return norm->gain != NULL ? norm->gain[i] : 1.0F;
}

static void norm_rows(int64_t begin, int64_t end, void *context)
{
    const clile_i_layer_norm *norm = context;
    const int64_t width = norm->width;
    for (int64_t r = begin; r < end; ++r) {
        const float *src = norm->src + r * width;
        double mean = 0.0, variance = 0.0;
        for (int64_t i = 0; i < width; ++i) mean += (double)src[i];
        mean /= (double)width;
        for (int64_t i = 0; i < width; ++i) {
            const double gap = (double)src[i] - mean;
            variance += gap * gap;
        }
        norm->mean[r] = (float)mean;
        norm->inv_std[r] = (float)(1.0 / sqrt(variance / (double)width + norm->eps));
        for (int64_t i = 0; i < width; ++i)
            norm->dst[r * width + i] = (src[i] - norm->mean[r]) * norm->inv_std[r];
        for (int64_t i = 0; norm->gain != NULL && i < width; ++i)
            norm->dst[r * width + i] = norm->dst[r * width + i] * norm->gain[i] + norm->shift[i];
    }
}

void clile_i_layer_norm_forward(const clile_i_layer_norm *norm)
{
    clile_i_parallel_for(norm->rows, grain(norm->width), norm_rows, (void *)(uintptr_t)norm);
}

/* diff_src = inv_std (g - mean(g) - xhat mean(g xhat)), g = diff_dst gain */
static void norm_backward_rows(int64_t begin, int64_t end, void *context)
{
    const clile_i_layer_norm *norm = context;
    const int64_t width = norm->width;
    for (int64_t r = begin; r < end; ++r) {
        const float *src = norm->src + r * width, *diff = norm->diff_dst + r * width;
        const float mean = norm->mean[r], inv_std = norm->inv_std[r];
        double sum = 0.0, dot = 0.0;
        for (int64_t i = 0; i < width; ++i) {
            const double g = (double)(diff[i] * gain_of(norm, i));
            sum += g;
            dot += g * (double)((src[i] - mean) * inv_std);
        }
        const float a = (float)(sum / (double)width), b = (float)(dot / (double)width);
        for (int64_t i = 0; i < width; ++i)
            norm->diff_src[r * width + i] =
                inv_std * (diff[i] * gain_of(norm, i) - a - (src[i] - mean) * inv_std * b);
    }
}

static void norm_backward_columns(int64_t begin, int64_t end, void *context)
{
    const clile_i_layer_norm *norm = context;
    for (int64_t i = begin; i < end; ++i) {
        double gain = 0.0, shift = 0.0;
        for (int64_t r = 0; r < norm->rows; ++r) {
            const double g = (double)norm->diff_dst[r * norm->width + i];
            const float x = norm->src[r * norm->width + i];
            shift += g;
            gain += g * (double)((x - norm->mean[r]) * norm->inv_std[r]);
        }
        norm->diff_gain[i] = (float)gain;
        norm->diff_shift[i] = (float)shift;
    }
}

void clile_i_layer_norm_backward(const clile_i_layer_norm *norm)
{
    if (norm->gain != NULL)
        clile_i_parallel_for(norm->width, grain(norm->rows), norm_backward_columns,
                             (void *)(uintptr_t)norm);
    if (norm->diff_src != NULL)
        clile_i_parallel_for(norm->rows, grain(norm->width), norm_backward_rows,
                             (void *)(uintptr_t)norm);
}
