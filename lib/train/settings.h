/* The trainer's settings, read from the options once. */
#ifndef CLILE_I_SETTINGS_H
#define CLILE_I_SETTINGS_H

#include "base/base.h"
#include "data/data.h"
#include "loss/loss.h"
#include "loss/term.h"
#include "method/method.h"

typedef struct {
    int32_t cl_ile;               /* 0: method=bce or a system of lib/method */
    const clile_i_method *method; /* NULL: cl-ile or bce */
    int32_t similarity;           /* CLILE_SIMILARITY_... of the BCE and of the model's score */
    /* the terms of stage 2's loss, with the choices of the options `elimination` and `method`
     * in their places; NULL: left
     * out, because its weight is 0 or it is always 0 */
    const clile_i_term *term[CLILE_I_LOSS_COUNT];
    double weight[CLILE_I_LOSS_COUNT];
    int32_t mixed; /* 1: the elimination is in the BCE's place, with deviations of subjects */
    clile_i_identity_kind identity_part; /* what to remove of F^ID */
    int32_t null_anchor, init_from_stage1;
    int32_t calibrated; /* 1: decide by the sigmoid of the BCE; 0: by thresholds */
    int32_t adamw;      /* 0: SGD with momentum */
    double learning_rate, au_rate_scale, momentum, weight_decay, warmup, clip_norm, ema;
    int32_t cosine;    /* 1: cosine schedule; 0: constant */
    int32_t epochs[3]; /* by stage; [0] unused */
    int32_t batch, accumulate, threads;
    int32_t recompute;       /* 1: the encoder keeps only the outputs of its blocks */
    uint8_t bf16;            /* the encoders run in bf16 */
    int32_t sync_batch_norm; /* 1: batch statistics are those of all ranks */
    double validation;
    int32_t validation_every; /* epochs; 0: never */
    double exchange_halves;   /* probability */
    double feedback;          /* weight within the loss of method=piap */
    int32_t keep_points;      /* 1: the model gets the points' head */
    uint64_t seed;
    clile_i_augment augment;
    int32_t input_workers;
} clile_i_settings;

/* Reads and checks the options that training needs. The caller fills in what the model was
 * created with (size, similarity, null anchor). */
clile_status clile_i_settings_read(const clile_options *options, clile_i_settings *out);

/* 1 if stage 2 uses E_ID, to start from it or to eliminate its features. */
int32_t clile_i_settings_need_stage1(const clile_i_settings *settings);
int32_t clile_i_settings_use_id_embedding(const clile_i_settings *settings);

/* Learning rate of step `step` (from 0) of `steps`, with `per_epoch` steps per epoch: linear
 * warm-up over `warmup` epochs, then cosine to 0, or constant. */
double clile_i_learning_rate(const clile_i_settings *settings, int64_t step, int64_t steps,
                             int64_t per_epoch);

#endif
