/* A net compiled for one batch, size and mode. Private to net. exec.c makes it, exec_plan.c lays
 * out its memory, exec_run.c runs it. */
#ifndef CLILE_I_EXEC_H
#define CLILE_I_EXEC_H

#include "net/graph.h"
#include "net/packs.h"

typedef struct {
    const clile_i_unit *unit;
    clile_i_conv *conv;
    /* also of what the convolution gives before its norm */
    clile_i_dnn_layout dst;
    float *pre;                          /* that; training */
    float *folded_weights, *folded_bias; /* inference */
    clile_i_batch_norm norm;
    clile_i_pack *pack; /* whose weights folded_weights are, when they are shared */
    int32_t team;       /* threads this unit runs on */
    /* of the convolution's weights; norm weight and bias follow; -1 in inference */
    int32_t segment;
} clile_i_exec_unit;

struct clile_i_exec {
    clile_i_net *net;     /* own, bare: architecture and names */
    clile_i_packs *packs; /* retained; NULL: the weights are this net's own */
    int32_t threads;      /* of the team it was made in */
    int32_t tail_team;    /* of average pooling and fc */
    int32_t batch, size;
    clile_i_exec_mode mode;
    clile_i_dnn_layout_kind kind;
    int32_t unit_count, value_count;
    clile_i_exec_unit *units;
    clile_i_dnn_layout *layouts; /* of each value */
    float **values;              /* each value's array; in inference they share an arena */
    clile_i_max_pool pool;
    clile_i_norm_pool stem; /* training: norm, ReLU and pooling after the first convolution */

    int32_t segment_count;
    clile_i_exec_segment *segments;
    int64_t param_count;
    float *params, *diffs;
    float *statistics; /* running mean and variance, batch mean and 1/std of every norm, padded */
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
/* Memory of activations and gradients, and every operation bound to it (exec_plan.c). */
clile_status clile_i_exec_plan_training(clile_i_exec *exec);
clile_status clile_i_exec_plan_inference(clile_i_exec *exec);

/* Forward, and after each unit what it gave (of the first one: after pooling); inference
 * (exec_run.c). */
typedef void (*clile_i_exec_observer)(void *context, int32_t unit, const clile_i_dnn_layout *layout,
                                      const float *values);
clile_status clile_i_exec_observe(clile_i_exec *exec, const float *src, float *dst,
                                  clile_i_exec_observer observer, void *context);

#endif
