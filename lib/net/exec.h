/* A net compiled for one batch size, image size and mode. exec.c creates it, exec_plan.c plans its
 * memory, exec_run.c runs it. Private to net. */
#ifndef CLILE_I_EXEC_H
#define CLILE_I_EXEC_H

#include "net/graph.h"
#include "net/packs.h"

/* Nodes first .. last, of whose values later nodes read only the last one's. */
typedef struct {
    int32_t first, last;
    uint8_t repeated; /* only that value stays, and backward runs the forward again */
} clile_i_exec_stretch;

struct clile_i_exec {
    clile_i_net *net;     /* owned; bare: architecture and names */
    clile_i_packs *packs; /* retained; NULL: this net has its own weights */
    int32_t threads;      /* size of the team it was created in */
    int32_t batch, size;
    clile_i_exec_mode mode;
    uint8_t bf16, recompute;
    int32_t node_count, value_count;
    clile_i_op_run *runs;        /* of each node */
    double *seconds;             /* [node_count], of passes since take_profile */
    double adding;               /* the same, of adding up gradients */
    clile_i_dnn_layout *layouts; /* [value_count] */
    float **values;              /* [value_count]; in inference they share an arena */

    int32_t segment_count;
    clile_i_exec_segment *segments;
    int64_t param_count;
    float *params, *diffs;
    float *fixed; /* parameters that are not trained */

    float *image, *points; /* points: NULL if the net reads none */
    float *activations;    /* inference */
    float *gradients;      /* training; activations share this memory */
    /* Training, for each source of each node: where its gradient is added after backward; NULL:
     * nowhere */
    float *(*add_to)[CLILE_I_MOST_SOURCES];
    float *diff_last; /* by the last value */
    /* Training, of each node: the one before whose backward its value is made again; -1: none */
    int32_t *remade_for;
    /* Inference in bf16: float32 copies of the bf16 values that a node reads, for operations that
     * read float32 only, made before it runs; and of the last value */
    float *widened;
    int64_t activation_count, gradient_count; /* floats */
    int32_t stretch_count;                    /* with recompute */
    clile_i_exec_stretch *stretches;
    void *scratch;
    uint8_t forward_done;
};

int clile_i_exec_trains(const clile_i_exec *exec);
/* Allocates activations and gradients, and tells each node where its own are (exec_plan.c). */
clile_status clile_i_exec_plan_training(clile_i_exec *exec);
clile_status clile_i_exec_plan_inference(clile_i_exec *exec);

/* Inference: forward, calling `observer` with each node's output (exec_run.c). */
typedef void (*clile_i_exec_observer)(void *context, int32_t node, const clile_i_dnn_layout *layout,
                                      const float *values);
clile_status clile_i_exec_observe(clile_i_exec *exec, const float *src, float *dst,
                                  clile_i_exec_observer observer, void *context);

#endif
