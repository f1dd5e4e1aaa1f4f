/* clile/experimental_loss.h: training with a loss of your own. EXPERIMENTAL: what is declared
 * here may change or disappear in any release (docs/abi.md).
 *
 *     // hinge: labels are 1, 0 and -1 (not coded)
 *     static int32_t hinge(clile_loss_batch *b, void *user)
 *     {
 *         const int64_t count = (int64_t)b->n * b->c;
 *         for (int64_t i = 0; i < count; ++i) {
 *             const float y = b->labels[i] == 1 ? 1.0f : -1.0f, margin = 1.0f - y * b->logits[i];
 *             if (b->labels[i] < 0 || margin <= 0) continue;
 *             b->loss += margin / count;
 *             b->diff_logits[i] = -y / count;
 *         }
 *         return 0;
 *     }
 *     ...
 *     clile_trainer_create(model, train, options, &trainer);    // method=bce
 *     clile_trainer_set_loss(trainer, CLILE_LOSS_REPLACES, hinge, NULL);
 *     clile_trainer_run(trainer, 2, on_progress, user);         // as usual
 *
 * The trainer does everything else: batches, augmentation, backward pass, optimiser, schedule,
 * validation, checkpoints, and the decision rule at the end. Complete examples:
 * examples/custom_loss.c and, in Python, examples/custom_loss.py. */
#ifndef CLILE_EXPERIMENTAL_LOSS_H
#define CLILE_EXPERIMENTAL_LOSS_H

#include <clile/trainer.h>

CLILE_BEGIN

/* The batch of a step of stage 2, and the outputs of the loss; only grows at the end. All arrays
 * are row-major, belong to the trainer, and are valid only during the call. */
typedef struct clile_loss_batch {
    uint32_t struct_size; /* set by the trainer */
    int32_t n;            /* images in the batch */
    int32_t d;            /* embedding size */
    int32_t c;            /* AUs */
    int32_t image_size;   /* pixels of the square crop */
    int32_t subjects;     /* of the data set given to clile_trainer_create */
    int64_t step;         /* this step, from 1 */
    int64_t steps;        /* in the stage */
    /* [n] each: index in the data set given to clile_trainer_create, and subject */
    const int64_t *index;
    const int32_t *subject;
    /* [n] NULL without the option exchange_halves; else the index in the batch of the image that
     * the lower half of the face comes from, with the labels of the AUs there; -1: its own */
    const int32_t *partner;
    const int8_t *labels;      /* [n,c] 1 present, 0 absent, -1 not coded */
    const float *au_weight;    /* [c] clile_dataset_copy_au_weights of the training images */
    const float *input;        /* [n,3,image_size,image_size] input of the encoder, normalised */
    const float *embedding;    /* [n,d] output of the encoder */
    const float *au_embedding; /* [c,d] vector of each AU */
    /* [n,c] scale * sim(embedding, au_embedding) + bias. sim is the option similarity. scale and
     * bias are learned with the general BCE (scale only for cosine), else 1 and 0 */
    const float *logits;
    /* outputs; 0 before the call */
    double loss;              /* mean over the batch, reported as clile_progress.loss */
    float *diff_embedding;    /* [n,d] gradient of the loss by embedding */
    float *diff_au_embedding; /* [c,d] by au_embedding */
    /* [n,c] by logits: the trainer propagates it to embeddings, AU vectors, scale and bias, and
     * adds it to the two above */
    float *diff_logits;
} clile_loss_batch;

/* Return 0 to continue, anything else to fail the step: clile_trainer_run then returns
 * CLILE_E_CANCELLED. Called on the thread that called run. It may call any function of losses.h
 * and metrics.h, but must not use the trainer or its model. */
typedef int32_t (*clile_loss_fn)(clile_loss_batch *batch, void *user);

enum {
    CLILE_LOSS_REPLACES = 0, /* the only loss of stage 2 */
    CLILE_LOSS_ADDS = 1      /* added to those of the options */
};

/* Sets a loss of the caller's own for stage 2; fn NULL: none, the default. fn and user must live
 * as long as the trainer. Call it before the first run and before resume: a checkpoint records
 * whether there was such a loss and its mode, but not the function, and a trainer that differs
 * rejects it. With the same function, data, seed and thread count, a run gives the same bits if
 * the function does. clile_trainer_run can then also fail with CANCELLED (fn returned other than
 * 0) and NOT_FINITE (its loss or a gradient; the text says which and where), both as a failed
 * step. If nothing trains the AU vectors (neither diff_au_embedding nor diff_logits), set the
 * model's vectors and decision rule after training: clile_model_set_decision. INVALID_ARGUMENT:
 * another mode, trainer NULL; STATE: the trainer has run, or a step failed; OUT_OF_MEMORY.
 * Exclusive. Since 0.1, experimental. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_set_loss(clile_trainer *trainer, int32_t mode,
                                                              clile_loss_fn fn, void *user);

CLILE_END

#endif
