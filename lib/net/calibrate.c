/* Post-training quantisation. Weights: scale[o] = max |w| / 127 of each output channel.
 * Activations: a histogram of each unit's outputs over the observed images. Its step has the
 * least squared error, which is that of rounding below the clip (step^2 / 12) plus that of
 * clipping above it. */
#include "net/exec.h"

#include <math.h>

enum { BINS = 2048, LEAST_CLIP = BINS / 16, LEVELS_UNSIGNED = 255, LEVELS_SIGNED = 127 };

/* Histogram of |x| over [0, range). Zeros are not counted: every step represents them exactly. */
typedef struct {
    double range, greatest;
    double bins[BINS];
} histogram;

struct clile_i_calibration {
    clile_i_exec *exec; /* batch 1 */
    histogram *units;
    float *embedding;
    int64_t observed;
    int32_t finite;
};

clile_status clile_i_calibration_begin(const clile_i_net *net, int32_t size,
                                       clile_i_calibration **out)
{
    clile_status status = CLILE_OK;
    clile_i_calibration *calibration = NULL;
    CLILE_I_ALLOC(calibration, 1);
    CLILE_I_TRY(clile_i_exec_create(net, 1, size, CLILE_I_EXEC_INFER, &calibration->exec));
    CLILE_I_ALLOC(calibration->units, net->unit_count);
    CLILE_I_ALLOC(calibration->embedding, net->config.embedding);
    calibration->finite = 1;
    *out = calibration;
    calibration = NULL;
cleanup:
    clile_i_calibration_destroy(calibration);
    return status;
}

void clile_i_calibration_destroy(clile_i_calibration *calibration)
{
    if (calibration == NULL) return;
    clile_i_exec_destroy(calibration->exec);
    clile_i_free(calibration->units);
    clile_i_free(calibration->embedding);
    clile_i_free(calibration);
}

/* Doubles the range until it exceeds `value`, merging bins in pairs. */
static void widen(histogram *h, double value)
{
    if (h->range == 0.0) h->range = 1.0;
    while (h->range <= value) {
        for (int32_t i = 0; i < BINS / 2; ++i) h->bins[i] = h->bins[2 * i] + h->bins[2 * i + 1];
        for (int32_t i = BINS / 2; i < BINS; ++i) h->bins[i] = 0.0;
        h->range *= 2.0;
    }
}

static void observe_unit(void *context, int32_t unit, const clile_i_dnn_layout *layout,
                         const float *values)
{
    clile_i_calibration *calibration = context;
    histogram *h = &calibration->units[unit];
    double greatest = 0.0;
    for (int64_t i = 0; i < layout->count; ++i) {
        const double value = fabs((double)values[i]);
        if (!clile_i_is_finite(value)) {
            calibration->finite = 0;
            return;
        }
        greatest = value > greatest ? value : greatest;
    }
    if (greatest > h->greatest) h->greatest = greatest;
    widen(h, greatest);
    const double per = (double)BINS / h->range;
    for (int64_t i = 0; i < layout->count; ++i) {
        const double value = fabs((double)values[i]);
        if (value > 0.0) h->bins[(int32_t)(value * per)] += 1.0;
    }
}

clile_status clile_i_calibration_observe(clile_i_calibration *calibration, const float *src)
{
    CLILE_I_RETURN_IF(clile_i_exec_observe(calibration->exec, src, calibration->embedding,
                                           observe_unit, calibration));
    if (!calibration->finite)
        return clile_i_fail(CLILE_E_NOT_FINITE,
                            "calibration: an activation of image %lld is not finite",
                            (long long)calibration->observed);
    ++calibration->observed;
    return CLILE_OK;
}

/* The distance between levels with the least squared error. Beyond the clip t, it is the sum of
 * n (x - t)^2 = s2 - 2 t s1 + t^2 s0 over the bins there; s0, s1 and s2 are sums of n, n x and
 * n x^2. */
static float best_step(const histogram *h, int32_t levels)
{
    const double width = h->range / (double)BINS;
    double best = 0.0, least = INFINITY, all = 0.0, s0 = 0.0, s1 = 0.0, s2 = 0.0;
    if (h->greatest == 0.0) return 1.0F / (float)levels; /* all zeros */
    for (int32_t i = 0; i < BINS; ++i) all += h->bins[i];
    for (int32_t clip = BINS; clip >= LEAST_CLIP; --clip) {
        const double top = width * clip, step = top / levels, x = (clip - 0.5) * width,
                     n = h->bins[clip - 1];
        const double error = s2 - 2.0 * top * s1 + top * top * s0 + (all - s0) * step * step / 12.0;
        if (error < least) {
            least = error;
            best = step;
        }
        s0 += n; /* the next clip is below this bin */
        s1 += n * x;
        s2 += n * x * x;
    }
    const double greatest = h->greatest / levels; /* levels above it are useless */
    return (float)(best < greatest ? best : greatest);
}

/* Quantises rows [rows, each] to int8, with one scale per row. */
static void quantise_rows(int64_t rows, int64_t each, const float *weights, clile_i_quant_unit *out)
{
    for (int64_t o = 0; o < rows; ++o) {
        const float *row = weights + o * each;
        /* float, because gcc 12 for arm64 crashes on a maximum of doubles here */
        float greatest = 0.0F;
        for (int64_t k = 0; k < each; ++k) greatest = fmaxf(greatest, fabsf(row[k]));
        const float scale = greatest > 1e-30F ? (float)((double)greatest / 127.0) : 1.0F;
        out->scale[o] = scale;
        for (int64_t k = 0; k < each; ++k) {
            const double q = rint((double)row[k] / (double)scale);
            out->weights[o * each + k] = (int8_t)(q > 127.0 ? 127.0 : q < -127.0 ? -127.0 : q);
        }
    }
}

/* The first convolution reads pixels: w (v / 255 - mean) / deviation = w' (v - 255 mean), with
 * w' = w / (255 deviation). The constant goes into the bias, computed from the rounded weights,
 * so that a pixel of the mean colour still gives exactly zero. */
static void fold_pixels(const clile_i_net_tensor *shape, const float *mean, const float *deviation,
                        float *weights, const float *bias, clile_i_quant_unit *out)
{
    const int64_t oc = shape->shape[0], plane = shape->shape[2] * shape->shape[3], each = 3 * plane;
    for (int64_t k = 0; k < oc * each; ++k)
        weights[k] = (float)((double)weights[k] / (255.0 * (double)deviation[k / plane % 3]));
    quantise_rows(oc, each, weights, out);
    for (int64_t o = 0; o < oc; ++o) {
        double constant = 0.0;
        for (int64_t k = 0; k < each; ++k)
            constant += out->weights[o * each + k] * 255.0 * (double)mean[k / plane];
        out->bias[o] = (float)((double)bias[o] - (double)out->scale[o] * constant);
    }
}

clile_status clile_i_calibration_finish(const clile_i_calibration *calibration,
                                        const clile_i_net *net, const float *mean,
                                        const float *deviation, clile_i_quant **out)
{
    clile_status status = CLILE_OK;
    clile_i_quant *quant = NULL;
    float *weights = NULL;
    int64_t most = 0;
    for (int32_t i = 0; i < net->tensor_count; ++i)
        most = net->tensors[i].count > most ? net->tensors[i].count : most;
    CLILE_I_TRY(clile_i_quant_create(net, &quant));
    CLILE_I_ALLOC(weights, most);
    for (int32_t i = 0; i < net->unit_count; ++i) {
        const clile_i_unit *unit = &net->units[i];
        clile_i_quant_unit *q = &quant->units[i];
        clile_i_unit_fold(net->tensors, unit, weights, q->bias);
        q->step = best_step(&calibration->units[i], unit->relu ? LEVELS_UNSIGNED : LEVELS_SIGNED);
        if (unit->src == CLILE_I_VALUE_IMAGE)
            fold_pixels(&net->tensors[unit->conv], mean, deviation, weights, q->bias, q);
        else
            quantise_rows(unit->oc, unit->ic * unit->k * unit->k, weights, q);
    }
    const clile_i_net_tensor *fc = &net->tensors[net->fc];
    quantise_rows(fc->shape[0], fc->shape[1], fc->data, &quant->fc);
    for (int64_t o = 0; o < fc[1].count; ++o) quant->fc.bias[o] = fc[1].data[o];
    *out = quant;
    quant = NULL;
cleanup:
    clile_i_quant_destroy(quant);
    clile_i_free(weights);
    return status;
}
