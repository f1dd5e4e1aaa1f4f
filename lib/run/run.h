/* run: runs a data set through a model, for training, validation and thresholds. Uses model, data
 * and eval. */
#ifndef CLILE_I_RUN_H
#define CLILE_I_RUN_H

#include "data/data.h"
#include "net/net.h"

/* An encoder compiled for inference, and its sizes. */
typedef struct {
    clile_i_exec *exec;
    int32_t batch, size;
    int64_t d;
    int32_t rank, ranks; /* of `ranks` processes, this one runs every `ranks`-th batch; 0: all */
    int32_t standardize; /* of the model */
} clile_i_encoder;

/* Receives the embeddings [count,d] of images first..first+count-1, which are valid until it
 * returns. */
typedef void (*clile_i_embedding_sink)(void *context, int64_t first, int64_t count,
                                       const float *embedding);

/* Runs all images of a data set, in order and not augmented, a batch at a time. An incomplete
 * last batch is padded with its first image. Uses the calling thread's team. Errors of
 * clile_i_batch_load_slots and, of a net that reads points, clile_i_dataset_copy_five; BACKEND,
 * OUT_OF_MEMORY. */
clile_status clile_i_run_dataset(const clile_i_encoder *encoder, const clile_dataset *data,
                                 clile_i_embedding_sink sink, void *context);

#endif
