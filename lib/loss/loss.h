/* loss: what the trainer needs besides clile/losses.h and the terms of term.h: which part of F^ID
 * counts as identity. Uses base.
 *
 *     // once, with F^ID of all training images (identity_part = residual or subject_mean)
 *     clile_i_identity_regression(n, c, d, labels, id_embedding, coefficients, rate);
 *     clile_i_identity identity = {.part = CLILE_I_IDENTITY_RESIDUAL, .d = d, .c = c,
 *                                  .coefficients = coefficients,
 *                                  .rate = rate};
 *     // each step
 *     clile_i_identity_part(&identity, batch, labels, subject, id_embedding, id_part);
 *     clile_loss_orthogonal(batch, d, embedding, id_part, &loss, diff_embedding);
 */
#ifndef CLILE_I_LOSS_H
#define CLILE_I_LOSS_H

#include <clile/losses.h>

/* clile_loss_stage1 and clile_loss_mixed with a factor on the loss of each image: row_weight [n] >=
 * 0; NULL: 1 for each. An image of two people (exchanged halves) is two rows of the same embedding,
 * each with the labels of one person and -1 for the rest.
 *
 * other [n], share [n]: an image has this share of the rest of another subject (exchanged shapes
 * and looks), and meets vectors between the two: (1 - share) V_subject + share V_other in stage 1,
 * likewise B' of the mixed loss, but D' of its own. NULL: none does. */
clile_status clile_i_loss_stage1(int64_t n, int64_t d, int64_t c, int64_t s,
                                 const float *id_embedding, const float *ile,
                                 const int32_t *subject, const int32_t *other, const float *share,
                                 const int8_t *labels, const float *au_weight,
                                 const float *row_weight, double *loss, float *diff_id_embedding,
                                 float *diff_ile);

/* The arguments of clile_loss_mixed; see there. */
typedef struct {
    int64_t n, d, c, s;
    int32_t similarity;
    const float *embedding, *au_embedding; /* [n,d], [c,d] */
    double scale;
    const float *bias, *deviation, *deviation_bias; /* [c], [s,c,d], [s,c] */
    const int32_t *subject;                         /* [n] */
    const int32_t *other;                           /* [n] or NULL */
    const float *share;                             /* [n] */
    const int8_t *labels;                           /* [n,c] */
    const float *au_weight, *row_weight;            /* [c], [n]; NULL: all 1 */
    double lambda_deviation, lambda_bias;
    double *loss;
    /* gradients by the fields with these names; NULL: not wanted */
    float *diff_embedding, *diff_au_embedding;
    double *diff_scale;
    float *diff_bias, *diff_deviation, *diff_deviation_bias;
} clile_i_mixed;
clile_status clile_i_loss_mixed(const clile_i_mixed *mixed);

/* A linear head on the embedding, fitted to targets (regression.c has the formulas). */
typedef struct {
    int64_t n, d, k;
    double beta;                /* above 0: smooth L1 with this bend; 0: squared error */
    const float *embedding;     /* [n,d] */
    const float *weight, *bias; /* [k,d], [k] */
    const float *target;        /* [n,k]; NaN: not known, left out of the mean */
    double *loss;
    float *diff_embedding, *diff_weight, *diff_bias;
} clile_i_regression;
clile_status clile_i_loss_regression(const clile_i_regression *x);

/* The option `identity_part`: what to eliminate from F^G. */
typedef enum {
    CLILE_I_IDENTITY_ALL,      /* F^ID itself */
    CLILE_I_IDENTITY_RESIDUAL, /* F^ID less its least-squares prediction from the labels */
    /* mean of F^ID over the subject's training images, less the grand mean */
    CLILE_I_IDENTITY_SUBJECT_MEAN
} clile_i_identity_kind;
/* "all", "residual", "subject_mean" -> the numbers above; -1: no such part */
int32_t clile_i_identity_find(const char *name);

/* What a part was fitted to; arrays are borrowed. `all` needs only part and d. */
typedef struct {
    clile_i_identity_kind part;
    int64_t d, c, s;
    const float *coefficients; /* residual: [c+1,d] */
    const float *rate;         /* residual: [c] */
    const float *subject_mean; /* subject_mean: [s,d] */
} clile_i_identity;

/* out [s,d]: mean of F^ID over the images of each subject, less the mean over all n images;
 * zeros for a subject without images. INVALID_ARGUMENT, OUT_OF_MEMORY. */
clile_status clile_i_identity_subject_means(int64_t n, int64_t d, int64_t s,
                                            const float *id_embedding /*[n,d]*/,
                                            const int32_t *subject /*[n]*/, float *out);

/* Least squares of F^ID on the labels: F_k ~ coefficients_0 + sum_c x_kc coefficients_{1+c}, with
 * x_kc the label, or rate_c where it is not coded; rate_c is the rate of AU c among its coded
 * labels, 0 if it has none. A ridge of 1e-8 n on the coefficients (not on the intercept) makes the
 * solution unique if columns are constant or equal. INVALID_ARGUMENT, OUT_OF_MEMORY, NOT_FINITE. */
clile_status clile_i_identity_regression(int64_t n, int64_t c, int64_t d,
                                         const int8_t *labels /*[n,c]*/,
                                         const float *id_embedding /*[n,d]*/,
                                         float *coefficients /*[c+1,d]*/, float *rate /*[c]*/);

/* The part of F^ID of n images. dst [n,d] may be id_embedding itself. residual reads labels [n,c];
 * subject_mean reads subject [n] and not id_embedding. Arrays that are not read may be NULL.
 * INVALID_ARGUMENT. Allocates nothing. */
clile_status clile_i_identity_part(const clile_i_identity *identity, int64_t n,
                                   const int8_t *labels, const int32_t *subject,
                                   const float *id_embedding, float *dst);

#endif
