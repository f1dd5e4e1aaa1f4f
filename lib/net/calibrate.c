/* Post-training quantisation. Weights: scale[o] = max |w| / 127 of each output channel.
 * Activations: a histogram of each node's outputs over the observed images gives the step with the
 * least squared error. The error is that of rounding below the clip (step^2 / 12) plus that of
 * clipping above it. */
#include "net/exec.h"

#include <math.h>

enum { BINS = 2048, LEAST_CLIP = BINS / 16 };

/* Histogram of |x| over [0, range). Zeros are not counted: every step represents them exactly. */
typedef struct {
    double range, greatest;
    double bins[BINS];
} histogram;

struct clile_i_calibration {
    clile_i_exec *exec; /* batch 1 */
    histogram *units;   /* of each node */
    float *embedding;
    int64_t observed;
    int32_t finite;
};

clile_status clile_i_calibration_begin(const clile_i_net *net, int32_t size,
                                       clile_i_calibration **out)
{
    clile_status status = CLILE_OK;
    clile_i_calibration *calibration = NULL;
    CLILE_I_TRY(clile_i_quant_check(net));
    CLILE_I_ALLOC(calibration, 1);
    CLILE_I_TRY(clile_i_exec_create(net, 1, size, CLILE_I_EXEC_INFER, &calibration->exec));
    CLILE_I_ALLOC(calibration->units, net->node_count);
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

static void observe_node(void *context, int32_t node, const clile_i_dnn_layout *layout,
                         const float *values)
{
    clile_i_calibration *calibration = context;
    histogram *h = &calibration->units[node];
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
                                           observe_node, calibration));
    if (!calibration->finite)
        return clile_i_fail(CLILE_E_NOT_FINITE,
                            "calibration: an activation of image %lld is not finite",
                            (long long)calibration->observed);
    ++calibration->observed;
    return CLILE_OK;
}

/* The distance between levels with the least squared error. Beyond the clip t, the error is the sum
 * of n (x - t)^2 = s2 - 2 t s1 + t^2 s0 over the bins there; s0, s1 and s2 are sums of n, n x and n
 * x^2. */
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
    const double greatest = h->greatest / levels; /* levels above it would never be used */
    return (float)(best < greatest ? best : greatest);
}

/* Fills a unit from the node's weights and what was observed. */
static void finish_unit(const clile_i_node *node, const clile_i_net_tensor *tensors,
                        const clile_i_pixels *pixels, const histogram *h, float *room,
                        clile_i_quant_unit *out)
{
    const clile_i_op_int8 *int8 = node->op->int8;
    if (out->has_step) out->step = best_step(h, int8->levels(node));
    if (int8->quantise != NULL)
        int8->quantise(node, tensors, node->src[0] == CLILE_I_VALUE_IMAGE ? pixels : NULL, room,
                       out);
}

clile_status clile_i_calibration_finish(const clile_i_calibration *calibration,
                                        const clile_i_net *net, const float *mean,
                                        const float *deviation, clile_i_quant **out)
{
    clile_status status = CLILE_OK;
    clile_i_quant *quant = NULL;
    float *room = NULL;
    const clile_i_pixels pixels = {mean, deviation};
    CLILE_I_TRY(clile_i_quant_create(net, &quant));
    CLILE_I_ALLOC(room, clile_i_net_largest(net));
    for (int32_t i = 0; i < quant->unit_count; ++i)
        finish_unit(&net->nodes[i], net->tensors + net->nodes[i].tensor, &pixels,
                    &calibration->units[i], room, &quant->units[i]);
    *out = quant;
    quant = NULL;
cleanup:
    clile_i_quant_destroy(quant);
    clile_i_free(room);
    return status;
}
