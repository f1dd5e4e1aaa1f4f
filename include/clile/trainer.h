/* clile/trainer.h: trains a model by CL-ILE, or by plain weighted BCE for comparison.
 *
 *     clile_trainer *trainer = NULL;
 *     clile_trainer_create(model, train, options, &trainer);
 *     // stage 1: ID encoder and identity-label embeddings (method=cl-ile)
 *     clile_trainer_run(trainer, 1, on_progress, user);
 *     // stage 2: general encoder; ends with the decision rule
 *     clile_trainer_run(trainer, 2, on_progress, user);
 *     clile_trainer_destroy(trainer);                     // whatever knew the subjects is gone
 *     clile_model_save(model, "model.safetensors");
 *
 * Same seed, data and thread count: same bits. A run that was cancelled goes on with the next
 * call of run; a checkpoint saved at any step and resumed ends in the same bits as the run that
 * was never interrupted. A trainer keeps what it needs for a checkpoint, also of the finished
 * run, until it is destroyed.
 * Thread class: exclusive. The progress function is called on the calling thread.
 */
#ifndef CLILE_TRAINER_H
#define CLILE_TRAINER_H

#include <clile/dataset.h>
#include <clile/model.h>

CLILE_BEGIN

typedef struct clile_trainer clile_trainer;

/* What a progress function is told after each step; only grows at the end. */
typedef struct clile_progress {
    uint32_t struct_size;
    int32_t stage;         /* 1 or 2 */
    int64_t step, steps;   /* done, in all, of this stage */
    int32_t epoch, epochs; /* running (from 1), in all */
    double loss;           /* total of this step's batch */
    double loss_bce;       /* unweighted parts of it; 0 where a part is not used */
    double loss_contra;
    double loss_elimination;
    double learning_rate;
    double images_per_second; /* since this call of run began */
    double seconds_left;      /* estimate for this stage */
    int32_t epoch_end;        /* 1 on the last step of an epoch */
    /* of the epoch that ended, where options validation and validation_every ask for it, else
     * NaN */
    double validation_f1;
    double validation_auc;
} clile_progress;

/* Return 0 to go on, anything else to stop with CLILE_E_CANCELLED. */
typedef int32_t (*clile_progress_fn)(const clile_progress *progress, void *user);

/* Prepares training of `model` on `train`; keeps both alive. Options: groups method and
 * training. INVALID_ARGUMENT: AUs of model and data set differ, an option of the model
 * (backbone, width, embedding, image_size, similarity, null_anchor) was set to another value
 * than the model has, a batch of 1 or one that was set larger than the data set, an AU that is
 * never present, a validation that holds out everybody, options that contradict each other;
 * STATE: another trainer is using the model; UNSUPPORTED: an int8 model; OUT_OF_MEMORY. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_create(clile_model *model,
                                                            const clile_dataset *train,
                                                            const clile_options *options,
                                                            clile_trainer **out);

/* Runs a stage to its end, or on from where it stopped. INVALID_ARGUMENT: a stage other than 1
 * and 2; STATE: stage 1 with method=bce, stage 2 before stage 1 where it is needed, a stage that
 * is finished; CANCELLED; NOT_FINITE: the loss or a gradient is not finite; errors of the data
 * set; OUT_OF_MEMORY, BACKEND. When a step fails (the text gives stage and step) the trainer is
 * unusable, every further call is STATE, and the model keeps its values of before the call; what
 * fails before the first step or after the last can be called again. progress may be NULL: then
 * no validation is computed either. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_run(clile_trainer *trainer, int32_t stage,
                                                         clile_progress_fn progress, void *user);

/* 1 when the options need stage 1 before stage 2; NULL: 0. Since 0.1. */
CLILE_API int32_t clile_trainer_needs_stage1(const clile_trainer *trainer);

/* The stage to run next, 1 or 2; 0 when training is finished, when a step failed, and for NULL.
 * So a run, new or resumed, is
 *     while ((stage = clile_trainer_next_stage(trainer)) != 0)
 *         if ((status = clile_trainer_run(trainer, stage, progress, user)) != CLILE_OK) break;
 * Since 0.1. */
CLILE_API int32_t clile_trainer_next_stage(const clile_trainer *trainer);

/* Epochs between two validations from the next step on, 0: none, in place of option
 * validation_every: for a progress function that is there only to stop the run. The model is the
 * same. INVALID_ARGUMENT: NULL, every not in 0..1000000. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_set_validation_every(clile_trainer *trainer,
                                                                          int32_t every);

/* Where a trainer is; only grows at the end. */
typedef struct clile_trainer_state {
    uint32_t struct_size; /* set to sizeof(clile_trainer_state) before the call */
    /* as clile_trainer_next_stage; the numbers below are of this stage, of the last one that ran
     * when it is 0 */
    int32_t stage;
    int64_t step, steps; /* done, in all */
    int64_t steps_per_epoch;
    /* epoch of the last step that is done (from 1; 0 before the first), in all */
    int32_t epoch, epochs;
} clile_trainer_state;

/* Also in the progress function. INVALID_ARGUMENT: a NULL, struct_size (docs/abi.md).
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_get_state(const clile_trainer *trainer,
                                                               clile_trainer_state *state);

/* Writes everything the run depends on (safetensors, atomic): before a run, between two steps,
 * also after the last one, and when training is finished; from the progress function, too; with
 * it the model's metadata. STATE: a step failed; IO, OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_save(const clile_trainer *trainer,
                                                          const char *path);

/* Puts a trainer that has not run where the checkpoint was: its model has the same shape and
 * AUs, its data set the same labels of the same subjects (INVALID_ARGUMENT). Options: those of
 * the checkpoint, but
 *   - threads, input_workers, validation_every, cache_mb and the limits of the data group are
 *     the trainer's own;
 *   - epochs and epochs_stage1 are the trainer's where they were set: a schedule goes on as that
 *     of the longer or shorter run from this step (cosine: the learning rate jumps to the new
 *     curve). Fewer epochs than are done, or other ones for a stage 1 that is finished:
 *     INVALID_ARGUMENT; a finished stage 2 goes on;
 *   - any other option that was set for this trainer to another value is INVALID_ARGUMENT, and
 *     the text gives both values.
 * With the same epochs and threads the run ends in the same bits as one that was never
 * interrupted. Of a finished run the model is what it was, and clile_trainer_next_stage gives 0.
 * Metadata of the checkpoint is set where the model has none of that name. After a failure
 * trainer and model are as they were. STATE: the trainer has run; IO, FORMAT, CORRUPT,
 * UNSUPPORTED, NOT_FINITE: the file; OUT_OF_MEMORY, BACKEND. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_resume(clile_trainer *trainer,
                                                            const char *path);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_trainer_destroy(clile_trainer *trainer);

CLILE_END

#endif
