/* clile/experimental_loss.h: training by a loss of your own. EXPERIMENTAL: what is declared here
 * may change or go in any release (docs/abi.md).
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
 * Everything else stays the trainer's: batches, augmentation, backward pass, optimiser, schedule,
 * validation, checkpoints, the decision rule at the end. A whole example: examples/custom_loss.c,
 * in Python examples/custom_loss.py.
 */
#ifndef CLILE_EXPERIMENTAL_LOSS_H
#define CLILE_EXPERIMENTAL_LOSS_H

#include <clile/trainer.h>

CLILE_BEGIN

/* The batch of a step of stage 2, and what a loss makes of it; only grows at the end. All arrays
 * are row-major, the trainer's, and valid during the call only. */
typedef struct clile_loss_batch {
    uint32_t struct_size; /* set by the trainer */
    int32_t n;            /* images of the batch */
    int32_t d;            /* embedding size */
    int32_t c;            /* AUs */
    int32_t image_size;   /* pixels of the square crop */
    int32_t subjects;     /* of the data set given to clile_trainer_create */
    int64_t step;         /* this one, from 1 */
    int64_t steps;        /* of the stage */
    /* [n] each: which images of the data set given to clile_trainer_create, and whose */
    const int64_t *index;
    const int32_t *subject;
    /* [n] NULL without option exchange_halves; else the image of the batch that the lower half of
     * the face is taken from, and the labels of the AUs there; -1: its own */
    const int32_t *partner;
    const int8_t *labels;      /* [n,c] 1 present, 0 absent, -1 not coded */
    const float *au_weight;    /* [c] clile_dataset_copy_au_weights of what is trained on */
    const float *input;        /* [n,3,image_size,image_size] what the encoder saw, normalised */
    const float *embedding;    /* [n,d] what it made of it */
    const float *au_embedding; /* [c,d] vector of each AU */
    /* [n,c] scale * sim(embedding, au_embedding) + bias: sim is the option similarity; scale and
     * bias are learned with the general BCE (cosine has a scale), else 1 and 0 */
    const float *logits;
    /* to be written; 0 before the call */
    double loss;              /* mean over the batch, shown as clile_progress.loss */
    float *diff_embedding;    /* [n,d] gradient of it by embedding */
    float *diff_au_embedding; /* [c,d] by au_embedding */
    /* [n,c] by logits: the trainer takes it on to embeddings, AU vectors, scale and bias, and adds
     * it to the two above */
    float *diff_logits;
} clile_loss_batch;

/* Return 0 to go on, anything else to fail the step: clile_trainer_run then returns
 * CLILE_E_CANCELLED. Called on the thread that called run. It may call any function of losses.h
 * and metrics.h, and must not touch the trainer or its model. */
typedef int32_t (*clile_loss_fn)(clile_loss_batch *batch, void *user);

enum {
    CLILE_LOSS_REPLACES = 0, /* the only loss of stage 2 */
    CLILE_LOSS_ADDS = 1      /* beside those that the options ask for */
};

/* Gives stage 2 a loss of the caller's own; fn NULL: none, as before. fn and user must live as
 * long as the trainer. Before the first run and before resume: a checkpoint says whether there was
 * such a loss and which mode it had, but not what it is, and is refused by a trainer that differs.
 * A run with the same function, data, seed and thread count gives the same bits where the function
 * does. clile_trainer_run may fail, in addition to what trainer.h says, with CANCELLED (fn returned
 * other than 0) and NOT_FINITE (its loss or a gradient; the text names which and where); a step
 * failed then. Where nothing moves the AU vectors (neither diff_au_embedding nor diff_logits), set
 * vectors and decision of the model after training: clile_model_set_decision. INVALID_ARGUMENT:
 * another mode, trainer NULL; STATE: the trainer has run, or a step failed; OUT_OF_MEMORY.
 * Exclusive. Since 0.1, experimental. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_set_loss(clile_trainer *trainer, int32_t mode,
                                                              clile_loss_fn fn, void *user);

CLILE_END

#endif
