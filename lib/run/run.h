/* run: a data set through a model, for training, validation and thresholds. Uses model, data and
 * eval. */
#ifndef CLILE_I_RUN_H
#define CLILE_I_RUN_H

#include "data/data.h"
#include "net/net.h"

/* An encoder in inference form, and what it was compiled for. */
typedef struct {
    clile_i_exec *exec;
    int32_t batch, size;
    int64_t d;
} clile_i_encoder;

/* Takes the embeddings [count,d] of images first..first+count-1; they are valid until it
 * returns. */
typedef void (*clile_i_embedding_sink)(void *context, int64_t first, int64_t count,
                                       const float *embedding);

/* All images of a data set in their order, not augmented, a batch at a time; an incomplete last
 * batch is filled up with its first image. In the calling thread's team. Errors of
 * clile_i_batch_load; BACKEND, OUT_OF_MEMORY. */
clile_status clile_i_run_dataset(const clile_i_encoder *encoder, const clile_dataset *data,
                                 clile_i_embedding_sink sink, void *context);

#endif
