/* Optimisers on flat parameter memory, with one fused loop per step. */
#ifndef CLILE_I_OPTIMIZER_H
#define CLILE_I_OPTIMIZER_H

#include "base/base.h"
#include "train/settings.h"

/* A range of parameters treated alike. */
typedef struct {
    int64_t offset, count;
    float decay; /* 1: weight decay applies */
    float rate;  /* learning rate, relative to the schedule's */
} clile_i_span;

/* Parameters updated together. value and diff are borrowed, the rest is owned. */
typedef struct {
    int64_t count;
    float *value, *diff;
    float *m, *v;   /* first and second moment (AdamW), or momentum in m (SGD) */
    double *sums;   /* scratch of the gradient norm */
    float *average; /* exponential moving average of value; NULL if ema is 0 */
    int32_t span_count;
    clile_i_span *spans;
} clile_i_group;

/* Allocates moments and the average, which starts as a copy of value. The caller fills in
 * spans. */
clile_status clile_i_group_create(const clile_i_settings *settings, int64_t count, float *value,
                                  float *diff, int32_t span_count, clile_i_group *out);
void clile_i_group_free(clile_i_group *group);

/* Euclidean norm of all gradients, summed in the same order for any thread count. Not finite if a
 * gradient is not. */
double clile_i_gradient_norm(int32_t groups, clile_i_group *const *group);

/* One step, t counting from 1. Gradients are first multiplied by `gradient_scale` (clipping).
 *   AdamW (Loshchilov and Hutter 2019): m = .9 m + .1 g; v = .999 v + .001 g^2;
 *                                       x -= rate (m^ / (sqrt(v^) + 1e-8) + decay x)
 *   SGD as in PyTorch: g += decay x; m = momentum m + g (m = g at t = 1); x -= rate m */
void clile_i_optimizer_step(const clile_i_settings *settings, clile_i_group *group, double rate,
                            double gradient_scale, int64_t t);

#endif
