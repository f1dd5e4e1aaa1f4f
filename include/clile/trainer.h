/* clile/trainer.h: trains a model by CL-ILE, or by plain weighted BCE for comparison.
 *
 *     clile_trainer *trainer = NULL;
 *     clile_trainer_create(model, train, options, &trainer);
 *     // stage 1: ID encoder and identity-label embeddings (method=cl-ile)
 *     clile_trainer_run(trainer, 1, on_progress, user);
 *     // stage 2: general encoder; ends with the decision rule
 *     clile_trainer_run(trainer, 2, on_progress, user);
 *     clile_trainer_destroy(trainer);                     // all that knows the subjects is gone
 *     clile_model_save(model, "model.safetensors");
 *
 * The same seed, data and thread count give the same bits. After a cancelled run, the next call
 * of run continues. A checkpoint saved at any step and resumed ends in the same bits as an
 * uninterrupted run. Until it is destroyed, a trainer keeps what a checkpoint needs, even after
 * it has finished.
 *
 * Thread class: exclusive. The progress function is called on the calling thread. */
#ifndef CLILE_TRAINER_H
#define CLILE_TRAINER_H

#include <clile/communicator.h>
#include <clile/dataset.h>
#include <clile/model.h>

CLILE_BEGIN

typedef struct clile_trainer clile_trainer;

/* Passed to the progress function after each step; only grows at the end. */
typedef struct clile_progress {
    uint32_t struct_size;
    int32_t stage;         /* 1 or 2 */
    int64_t step, steps;   /* of this stage: completed, and in all */
    int32_t epoch, epochs; /* current (from 1), and in all */
    double loss;           /* total of this step's batch */
    double loss_bce;       /* its parts, unweighted; 0 if unused */
    double loss_contra;
    double loss_elimination;
    double learning_rate;
    double images_per_second; /* since this call of run started */
    double seconds_left;      /* estimate for this stage */
    int32_t epoch_end;        /* 1 on the last step of an epoch */
    /* of the epoch that ended, if the options validation and validation_every ask for it; else
     * NaN */
    double validation_f1;
    double validation_auc;
    double loss_points; /* further parts of the loss, unweighted: of the data set's targets */
    double loss_values;
    /* means over the steps of the epoch so far: at its end, of the epoch */
    double mean_loss, mean_loss_bce, mean_loss_contra, mean_loss_elimination, mean_loss_points,
        mean_loss_values;
    /* of the epoch so far, training only; after a resume, since the resume */
    double epoch_seconds, epoch_images_per_second;
    double loss_method, mean_loss_method; /* a rival method's own part (docs/methods.md) */
} clile_progress;

/* Return 0 to continue, anything else to stop with CLILE_E_CANCELLED. */
typedef int32_t (*clile_progress_fn)(const clile_progress *progress, void *user);

/* Prepares training of `model` on `train`, and keeps both alive. Options: groups method and
 * training, and precision. Errors:
 *   - INVALID_ARGUMENT: model and data set have different AUs; an option of the model (backbone,
 *     stem, width, embedding, image_size, standardize, similarity, null_anchor) was set to a value
 *     that the model does not have; a batch of 1, or one that was set larger than the data set; a
 *     batch that `accumulate` does not divide into parts of at least 2; an AU that is never
 *     present; a validation that holds out everybody; targets without left-right partners with
 *     augment_flip=1, or with a point that is never known; contradictory options
 *   - STATE: another trainer is using the model
 *   - UNSUPPORTED: an int8 model; precision=bf16 on a processor without bf16
 *   - OUT_OF_MEMORY
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_create(clile_model *model,
                                                            const clile_dataset *train,
                                                            const clile_options *options,
                                                            clile_trainer **out);

/* Runs a stage to its end, starting or continuing it. progress may be NULL; then, without a history
 * (clile_trainer_set_history), validation is not computed either. If a step fails (the text gives
 * stage and step), the trainer is unusable, every further call is STATE, and the model keeps its
 * values from before the call. After a failure before the first step, of the history, or after the
 * last step, the call can be repeated. Errors:
 *   - INVALID_ARGUMENT: a stage other than 1 and 2
 *   - STATE: stage 1 with method=bce, stage 2 before a stage 1 that it needs, a finished stage
 *   - CANCELLED
 *   - NOT_FINITE: the loss or a gradient
 *   - INVALID_ARGUMENT, FORMAT, IO: the history
 *   - errors of the data set; OUT_OF_MEMORY, BACKEND
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_run(clile_trainer *trainer, int32_t stage,
                                                         clile_progress_fn progress, void *user);

/* 1 if the options need stage 1 before stage 2; 0 for NULL. Since 0.1. */
CLILE_API int32_t clile_trainer_needs_stage1(const clile_trainer *trainer);

/* The stage to run next, 1 or 2; 0 if training is finished, if a step failed, and for NULL. So a
 * run, new or resumed, is
 *     while ((stage = clile_trainer_next_stage(trainer)) != 0)
 *         if ((status = clile_trainer_run(trainer, stage, progress, user)) != CLILE_OK) break;
 * Since 0.1. */
CLILE_API int32_t clile_trainer_next_stage(const clile_trainer *trainer);

/* Sets the number of epochs between validations from the next step on, 0: none, in place of the
 * option validation_every. For a progress function that only stops the run. The trained model
 * does not change. INVALID_ARGUMENT: NULL, every outside 0..1000000. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_set_validation_every(clile_trainer *trainer,
                                                                          int32_t every);

/* Names a file for the history of the run: a line of JSON for each epoch (docs/history.md),
 * appended and flushed to disk before the progress function hears of the epoch's end. NULL: none,
 * as before this call. The next call of clile_trainer_run prepares the file. A new run replaces it,
 * but only if it is a history. After a resume, the run's lines up to the checkpoint stay, and
 * training adds the same lines (but for the times) as an uninterrupted run; lines of another run
 * are INVALID_ARGUMENT there. If a line cannot be written (IO, with the file's name), run stops
 * after that step, and the next call writes it before it continues. INVALID_ARGUMENT: trainer is
 * NULL, path is empty; STATE: the trainer has run; OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_set_history(clile_trainer *trainer,
                                                                 const char *path);

/* Names a folder for TensorBoard: its file events.out.tfevents.clile gets the values of the history
 * as scalars, for each epoch, after the same rules (docs/history.md). Folders that do not exist are
 * made. NULL: none. INVALID_ARGUMENT: trainer is NULL, folder is empty; STATE: the trainer has run;
 * OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_set_tensorboard(clile_trainer *trainer,
                                                                     const char *folder);

/* The state of a trainer; only grows at the end. */
typedef struct clile_trainer_state {
    uint32_t struct_size; /* set to sizeof(clile_trainer_state) before the call */
    /* as clile_trainer_next_stage; the numbers below are of this stage or, if it is 0, of the
     * last one that ran */
    int32_t stage;
    int64_t step, steps; /* completed, and in all */
    int64_t steps_per_epoch;
    /* epoch of the last completed step (from 1; 0 before the first), and epochs in all */
    int32_t epoch, epochs;
} clile_trainer_state;

/* Gets the state; also allowed in the progress function. INVALID_ARGUMENT: a NULL argument,
 * struct_size (docs/abi.md). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_get_state(const clile_trainer *trainer,
                                                               clile_trainer_state *state);

/* Joins the trainer to others that train the same model together (docs/scaling.md): each step's
 * batch is size * batch images, of which each rank computes `batch`; the weights, losses,
 * thresholds and answers are the same on all ranks. `communicator` is copied; its user must outlive
 * the trainer.
 * NULL: none, as before this call. All ranks call it, and then create, resume, run and destroy the
 * same way, with the same model, data and options. Then:
 *   - Rank 0 writes: clile_trainer_save and the history do nothing elsewhere. A checkpoint is read
 *     on every rank, from the same path, and may be resumed by any number of ranks that divides
 *     its batch; it is the checkpoint of one process with the whole batch.
 *   - Validation takes place if rank 0 has a progress function or a history.
 *   - A failure or a cancelled run on one rank ends the call on all, with its status, rank and
 *     text. What fails between two sums (memory, oneDNN) leaves the others waiting: then end them.
 * Errors, on all ranks:
 *   - INVALID_ARGUMENT: trainer is NULL; struct_size; rank, size or functions that cannot be; a
 *     batch that the images are too few for; data, options or initial weights that differ; a loss
 *     of the caller's own (clile_trainer_set_loss)
 *   - STATE: the trainer has run or was resumed
 *   - BACKEND: a function of the communicator failed; OUT_OF_MEMORY
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_trainer_set_communicator(clile_trainer *trainer, const clile_communicator *communicator);

/* Writes a checkpoint: everything the run depends on, and the model's metadata (safetensors,
 * atomic). Allowed before a run, between two steps, after the last one, when training is
 * finished, and in the progress function. STATE: a step failed; IO, OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_save(const clile_trainer *trainer,
                                                          const char *path);

/* Restores a checkpoint into a trainer that has not run. The model must have the same shape and
 * AUs, and the data set the same labels of the same subjects (INVALID_ARGUMENT). Options are
 * those of the checkpoint, except:
 *   - threads, input_workers, validation_every, cache_mb and the limits of the data group are the
 *     trainer's own.
 *   - epochs and epochs_stage1 are the trainer's if they were set. From this step on, the
 *     schedule is that of the longer or shorter run (cosine: the learning rate jumps to the new
 *     curve). A finished stage 2 can continue. INVALID_ARGUMENT: fewer epochs than completed, or
 *     a different number for a finished stage 1.
 *   - Any other option that was set for this trainer to a different value is INVALID_ARGUMENT;
 *     the text gives both values.
 * With the same epochs and threads, the run ends in the same bits as an uninterrupted one. After
 * resuming a finished run, the model is as it was at its end, and clile_trainer_next_stage gives
 * 0. Metadata of the checkpoint are added unless the model has an entry of that name. A failure
 * leaves trainer and model unchanged. STATE: the trainer has run; IO, FORMAT, CORRUPT,
 * UNSUPPORTED, NOT_FINITE: the file; OUT_OF_MEMORY, BACKEND. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_trainer_resume(clile_trainer *trainer,
                                                            const char *path);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_trainer_destroy(clile_trainer *trainer);

CLILE_END

#endif
