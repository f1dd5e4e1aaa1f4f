/* Internals of the trainer, shared by trainer.c (creation and the loop), stage.c (the state of a
 * stage), step.c (one step of each stage), own_loss.c (a loss of the caller's own), finish.c
 * (from the last step to a model), record.c (what it leaves behind) and checkpoint.c. */
#ifndef CLILE_I_TRAIN_INTERNAL_H
#define CLILE_I_TRAIN_INTERNAL_H

#include "loss/loss.h"
#include "loss/term.h"
#include "model/model.h"
#include "net/net.h"
#include "train/optimizer.h"

#include <clile/communicator.h>
#include <clile/experimental_loss.h>

/* Learned arrays besides the encoder. Stage and settings decide which exist (count 0: absent). The
 * heads of stage 2's terms come last, CLILE_I_TERM_HEADS for each term. */
enum {
    CLILE_I_HEAD_ILE,   /* stage 1: AU^Sub [s,c,d] */
    CLILE_I_HEAD_AU,    /* stage 2: AU^G [c,d] */
    CLILE_I_HEAD_NULL,  /* null anchor [d] */
    CLILE_I_HEAD_SCALE, /* a [1], cosine BCE only */
    CLILE_I_HEAD_BIAS,  /* b [c] */
    CLILE_I_HEAD_TERMS,
    CLILE_I_HEAD_COUNT = CLILE_I_HEAD_TERMS + CLILE_I_TERM_HEADS * CLILE_I_LOSS_COUNT
};

/* The caller's own loss and its arguments (own_loss.c). All zero: none. */
typedef struct {
    clile_loss_fn fn;
    void *user;
    int32_t mode;   /* CLILE_LOSS_... */
    int64_t *place; /* [n]: index in `data` of each image of `train` */
    int64_t *index; /* [rows] */
    int32_t *subject;
    float *logits, *diff_logits, *diff_embedding, *diff_au; /* [rows,c], [rows,d], [c,d] */
} clile_i_own_loss;

/* Points and values to learn besides the AUs (targets.c). All zero: none. */
typedef struct {
    int32_t p, v;                       /* points, and values that vary among the training images */
    int32_t all;                        /* values of an image */
    float *points;                      /* [n,p,2] in sides of the crop; NaN: not known */
    float *values;                      /* [n,all] */
    double *point_mean;                 /* [p,2] */
    int32_t *column;                    /* [v] which of all */
    double *value_mean, *value_scale;   /* [v]; scale: 1 / standard deviation */
    float *batch_points, *batch_values; /* [rows,2p], [rows,v] of the current part, standardised */
    float *moved, *shaped;              /* [p,2] */
} clile_i_train_targets;

typedef struct {
    double total;
    double term[CLILE_I_LOSS_COUNT]; /* unweighted; stage 1: as the BCE */
} clile_i_losses;

/* The epoch so far (history.c). */
typedef struct {
    double total, term[CLILE_I_LOSS_COUNT]; /* sums over its steps */
    int64_t steps;
    int64_t timed; /* those that `seconds` are of: of this trainer, not of a checkpoint's */
    double seconds;
} clile_i_epoch;

/* Where the history goes: lines of JSON, and events of TensorBoard. All zero: nowhere. */
enum { CLILE_I_HISTORY_LINES, CLILE_I_HISTORY_EVENTS, CLILE_I_HISTORY_KINDS };
typedef struct {
    char *path[CLILE_I_HISTORY_KINDS];
    int32_t begun;                       /* the files are this run's */
    int32_t owes[CLILE_I_HISTORY_KINDS]; /* the epoch below is not written yet */
    clile_i_epoch last;                  /* the epoch that ended, and what it is told as */
    clile_progress told;
} clile_i_history;

/* The five points of each face (faces.c). All NULL: the method does not need them. */
typedef struct {
    float *five;         /* [n,5,2] in sides of the crop */
    float *subject_five; /* [s,5,2] their means over each subject's images */
    float *batch_five;   /* [rows,5,2] of the current part */
} clile_i_train_faces;

/* How a step's batch is computed: in `parts` parts one after the other (option accumulate), each of
 * them shared by all ranks. Rows of a part are counted over all ranks. */
typedef struct {
    int32_t rank, ranks, parts;
    int32_t own, rows; /* images of a part: this rank's, and all */
    int32_t before;    /* rows of lower ranks */
    int64_t all;       /* images of a step: parts * rows */
    int64_t first;     /* the current part's first image in the step's batch */
} clile_i_shares;

struct clile_trainer {
    clile_options *options; /* as given */
    clile_i_settings settings;
    /* retained; busy until stage 2 finishes or the trainer is destroyed */
    clile_model *model;
    clile_dataset *data;       /* as given */
    clile_dataset *train;      /* the part to train on */
    clile_dataset *validation; /* held-out training subjects, or NULL */
    int64_t n, steps_per_epoch;
    int32_t c, d, s, size, threads;
    int32_t batch; /* images of a step on this rank */
    clile_i_shares shares;
    clile_communicator communicator; /* of several ranks; functions NULL: there is one */
    double *statuses;                /* [ranks + 1] of ranks.c */
    int32_t reports;   /* this call of run: rank 0 has a progress function or a history */
    int32_t told;      /* the team size in the last log entry */
    int32_t team;      /* threads that `exec` was compiled for: as many as OpenMP granted */
    float *au_weight;  /* [c] */
    int32_t graded;    /* 1: intensities are coded */
    uint32_t data_crc; /* hash of labels and subjects: a checkpoint belongs to one data set */

    int32_t stage;       /* running or last run; 0 before the first */
    int32_t done[3];     /* [1], [2]: 1 if finished */
    int32_t broken;      /* a step failed: the trainer can only be destroyed */
    int64_t step;        /* steps done in `stage` */
    clile_i_net *id_net; /* E_ID: values before stage 1, then after it; NULL once dropped */
    float *au_start;     /* [c+null,d] the model's AU vectors before training */
    float *ile;          /* AU^Sub after stage 1 [s,c,d] */
    float *decision;     /* slopes and offsets [2,c] at the end of stage 2, or NULL */
    float *person;       /* [CLILE_I_PERSON_ROWS,c] with the decision */
    float *levels;       /* [CLILE_I_MODEL_LEVELS,c] with the decision, if graded */
    clile_i_net *net;    /* E_G: initial values of stage 2 */

    clile_i_exec *exec;             /* encoder trained in this stage */
    clile_i_exec *id_exec;          /* stage 2: E_ID, compiled for inference */
    clile_i_group encoder, vectors; /* parameters of exec, and all heads */
    float *flat, *flat_diff;        /* memory of the heads */
    clile_i_head head[CLILE_I_HEAD_COUNT];
    clile_i_identity identity;             /* stage 2: which part of F^ID to eliminate */
    float *identity_table, *identity_rate; /* what it was fitted to */

    clile_i_shapes *shapes;      /* NULL: exchange_shapes is 0 */
    clile_i_feed *feed;          /* images of the current stage */
    const clile_i_batch *images; /* of the current step */
    int8_t *labels;              /* [rows,c] of the current part, like all that follows */
    int32_t *subject;            /* [rows] */
    int32_t exchange;            /* whether halves are exchanged */
    clile_i_person_rows rows;
    clile_i_train_targets targets;
    clile_i_train_faces faces;
    float *embedding, *id_embedding, *diff_embedding, *part_embedding; /* [rows,d] */
    float *part_vectors; /* [c,d] of A, [d] of the null anchor, [c] of the bias */
    /* gradients of the parts before the current one; NULL: there is one part */
    float *sum, *sum_vectors;
    float *statistics; /* running statistics of all norms, between ranks; NULL: there is one */
    int64_t statistics_count;
    clile_i_norm_sync sync; /* with sync_batch_norm; its context is this trainer */
    clile_i_own_loss own;
    uint32_t run; /* which run this is: of its data, options and initial weights */
    clile_i_epoch epoch;
    clile_i_history history;
};

/* Images [own,3,size,size] of the current part. */
static inline const float *clile_i_trainer_input(const clile_trainer *t)
{
    const int64_t part = t->shares.first / t->shares.rows;
    return t->images->src + part * t->shares.own * 3 * t->size * t->size;
}

/* ---- trainer.c ---- */
/* Creates a trainer that has not run, and marks `model` busy. */
clile_status clile_i_trainer_new(clile_model *model, const clile_dataset *data,
                                 const clile_options *options,
                                 const clile_communicator *communicator, clile_trainer **out);
/* Swaps contents: the caller's handle gets the state of `other`, and keeps its history. */
void clile_i_trainer_exchange(clile_trainer *handle, clile_trainer *other);
/* Enters the team for a call that computes. Leave it even after a failure. STATE if a stage is
 * running and its team is not available here: oneDNN's backward passes wait for every thread they
 * were compiled for. */
clile_status clile_i_trainer_enter(clile_trainer *t, clile_i_team *before);

/* ---- stage.c ---- */
/* Creates heads, optimiser state and compiled encoders from the current values; after it, and once
 * all ranks are there, comes clile_i_trainer_prepare_identity. */
clile_status clile_i_trainer_begin_stage(clile_trainer *t, int32_t stage);
void clile_i_trainer_end_stage(clile_trainer *t); /* frees them */
/* With sync_batch_norm: lets the norms of the running stage sum over the ranks of `t`, which must
 * stay where it is. */
void clile_i_trainer_synchronise(clile_trainer *t);

/* ---- log.c ---- */
clile_i_log clile_i_trainer_log(const clile_trainer *t);
/* Logs what is trained on and what is held out. */
void clile_i_trainer_log_data(const clile_trainer *t);
/* Warns of options that were set but need what the data does not have. Not after a resume: all
 * options of a checkpoint are set. */
void clile_i_trainer_warn_unused(const clile_trainer *t);
/* Logs what happened ("stage 2 begun", "resumed from PATH: stage 2"), the step, and the number of
 * steps. */
void clile_i_trainer_log_place(const clile_trainer *t, const char *what, const char *path);

/* ---- step.c ---- */
/* What term `i` sees of the current step; its outputs are not set. */
clile_i_step clile_i_trainer_view(clile_trainer *t, int32_t i);
clile_status clile_i_trainer_step(clile_trainer *t, clile_i_losses *losses);
/* Computes the tables of E_ID over the training images, if the running stage needs them
 * (identity_part). */
clile_status clile_i_trainer_prepare_identity(clile_trainer *t);

/* ---- targets.c ---- */
/* Reads and standardises the targets of the training images. Drops terms without targets.
 * INVALID_ARGUMENT: mirrored images without partners, a point that is never known; errors of the
 * data set. */
clile_status clile_i_trainer_prepare_targets(clile_trainer *t);
void clile_i_trainer_free_targets(clile_trainer *t);
uint32_t clile_i_trainer_crc_of_targets(const clile_trainer *t, uint32_t crc);
/* With keep_points: the points' head from `vectors` (the values of all heads), in sides of the
 * crop. Without: nothing. */
clile_status clile_i_trainer_keep_points(const clile_trainer *t, const float *vectors,
                                         clile_i_points *out);
/* Fills batch_points and batch_values for the current part of t->images. */
void clile_i_trainer_next_targets(clile_trainer *t);

/* ---- intensity.c ---- */
/* 1 if an intensity of a training image is coded. */
int32_t clile_i_trainer_is_graded(const clile_trainer *t);
uint32_t clile_i_trainer_crc_of_intensity(const clile_trainer *t, uint32_t crc);
/* Fills levels [CLILE_I_MODEL_LEVELS,c] from scores [n,c] of the training images, which are graded.
 * An AU without coded intensities gets them from the model's decision. */
clile_status clile_i_trainer_fit_levels(const clile_trainer *t, const float *score,
                                        const clile_model *model, float *levels);

/* ---- person.c ---- */
/* Fills person [CLILE_I_PERSON_ROWS,c] from scores and labels [n,c] of the training images. */
clile_status clile_i_trainer_fit_person(const clile_trainer *t, const float *score,
                                        const int8_t *labels, float *person);

/* ---- faces.c ---- */
/* Reads the points of the training images, if the method needs them. INVALID_ARGUMENT, with the
 * method's name and the image's: there are none. */
clile_status clile_i_trainer_prepare_faces(clile_trainer *t);
void clile_i_trainer_free_faces(clile_trainer *t);
uint32_t clile_i_trainer_crc_of_faces(const clile_trainer *t, uint32_t crc);
/* Fills batch_five for the current part of t->images, and gives it to a net that reads points. */
void clile_i_trainer_next_faces(clile_trainer *t);

/* ---- own_loss.c ---- */
/* fn NULL: no such loss */
clile_status clile_i_own_loss_set(clile_trainer *t, int32_t mode, clile_loss_fn fn, void *user);
void clile_i_own_loss_free(clile_trainer *t);
const char *clile_i_own_loss_name(const clile_trainer *t); /* "none", "replaces" or "adds" */
/* Adds its value and its gradients to the current step. */
clile_status clile_i_own_loss_add(clile_trainer *t, clile_i_losses *losses);

/* ---- finish.c ---- */
/* The options in effect: as given, completed by chosen values and by the model's own options. */
clile_status clile_i_trainer_options(const clile_trainer *t, clile_options **out);
/* Converts a flat array in the layout of the encoder being trained (values, moments) to the plain
 * tensors of `net`. */
clile_status clile_i_trainer_plain(const clile_trainer *t, const float *flat, clile_i_net *net);
/* Scores [n,c] of a data set, not augmented, with `net` compiled for inference. */
clile_status clile_i_trainer_scores(const clile_trainer *t, const clile_model *model,
                                    const clile_i_net *net, const clile_dataset *data,
                                    float *score);
/* Ends a stage. Stage 1 keeps E_ID and the ILEs for stage 2. Stage 2 writes E_G, AU^G and the
 * decision rule to the model. It keeps its own state: training can continue from a checkpoint of
 * the finished run. */
clile_status clile_i_trainer_finish_stage(clile_trainer *t);
/* F1 and AUC of the current encoder on the held-out training subjects; NaN without any. */
clile_status clile_i_trainer_validate(clile_trainer *t, double *f1, double *auc);

#endif
