/* The encoder, float32 or int8, compiled for a batch of faces. Private to model. */
#ifndef CLILE_I_ENGINE_H
#define CLILE_I_ENGINE_H

#include "model/crop.h"
#include "model/model.h"

/* What runs a share of the batch at a time. */
typedef struct {
    clile_i_exec *exec;   /* float32 */
    clile_i_qexec *qexec; /* int8 */
    clile_i_cropper cropper;
    /* of its first failed part, with the error text of the thread that ran it */
    int64_t failed_part;
    clile_status status;
    char text[1024];
} clile_i_lane;

typedef struct {
    int32_t batch; /* faces at most; 0: not created */
    int32_t each;  /* faces of a part: one run of a lane */
    int32_t lane_count;
    clile_i_lane *lanes; /* of the same primitives and weights: any may run any part */
} clile_i_engine;

/* In the caller's team. On failure *out is as it was. */
clile_status clile_i_engine_create(const clile_model *model, int32_t batch, uint8_t bf16,
                                   clile_i_engine *out);
void clile_i_engine_free(clile_i_engine *engine);

/* Puts faces first .. first + count - 1 of the batch into a lane. */
typedef clile_status (*clile_i_engine_load)(void *context, clile_i_lane *lane, int64_t first,
                                            int64_t count);
/* Embeddings [batch,d] of `count` faces; others get any values. */
clile_status clile_i_engine_run(clile_i_engine *engine, int64_t count, int64_t d,
                                clile_i_engine_load load, void *context, float *embedding);

#endif
