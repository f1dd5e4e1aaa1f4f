/* A net compiled for one batch, size and mode. Private to net. exec.c creates it, exec_plan.c
 * plans its memory, exec_run.c runs it. */
#ifndef CLILE_I_EXEC_H
#define CLILE_I_EXEC_H

#include "net/graph.h"
#include "net/packs.h"

typedef struct {
    const clile_i_unit *unit;
    clile_i_conv *conv;
    /* layout of the output, and of `pre` */
    clile_i_dnn_layout dst;
    float *pre;                          /* training: the convolution's output, before its norm */
    float *folded_weights, *folded_bias; /* inference */
    clile_i_batch_norm norm;
    clile_i_pack *pack; /* owns folded_weights if they are shared */
    int32_t team;       /* number of threads that run this unit */
    /* segment of the convolution's weights, followed by those of the norm's weight and bias; -1
     * in inference */
    int32_t segment;
} clile_i_exec_unit;

struct clile_i_exec {
    clile_i_net *net;     /* owned; bare: architecture and names */
    clile_i_packs *packs; /* retained; NULL: this net has its own weights */
    int32_t threads;      /* size of the team it was created in */
    int32_t tail_team;    /* threads for average pooling and fc */
    int32_t batch, size;
    clile_i_exec_mode mode;
    clile_i_dnn_layout_kind kind;
    int32_t unit_count, value_count;
    clile_i_exec_unit *units;
    clile_i_dnn_layout *layouts; /* [value_count] */
    float **values;              /* [value_count]; in inference they share an arena */
    /* if the stem has max pooling: */
    clile_i_max_pool pool;
    clile_i_norm_pool stem; /* training: norm, ReLU and pooling after the first convolution */

    int32_t segment_count;
    clile_i_exec_segment *segments;
    int64_t param_count;
    float *params, *diffs;
    float *statistics; /* of each norm, padded: running mean and variance, batch mean and 1/std */
    float *fixed;      /* inference: folded weights and biases, fc */
    float *fc_weights, *fc_bias;
    float *fc_diff_weights, *fc_diff_bias;

    float *image, *activations, *gradients;
    float *features, *diff_features; /* [batch, channels of the last value] */
    float *diff_last;
    double *partial;
    void *scratch;
    uint8_t forward_done;
};

int clile_i_exec_trains(const clile_i_exec *exec);
/* Allocates activations and gradients, and binds each operation to them (exec_plan.c). */
clile_status clile_i_exec_plan_training(clile_i_exec *exec);
clile_status clile_i_exec_plan_inference(clile_i_exec *exec);

/* Inference: forward, calling `observer` with each unit's output, after pooling if that follows
 * (exec_run.c). */
typedef void (*clile_i_exec_observer)(void *context, int32_t unit, const clile_i_dnn_layout *layout,
                                      const float *values);
clile_status clile_i_exec_observe(clile_i_exec *exec, const float *src, float *dst,
                                  clile_i_exec_observer observer, void *context);

#endif
