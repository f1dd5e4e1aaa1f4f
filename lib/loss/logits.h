/* Logits of images and AUs, for the caller's own loss. */
#ifndef CLILE_I_LOSS_LOGITS_H
#define CLILE_I_LOSS_LOGITS_H

#include <clile/losses.h>

/* z_kc = scale * sim(F_k, A_c) + bias_c. Arrays are borrowed. */
typedef struct {
    int64_t n, d, c;
    int32_t similarity;        /* CLILE_SIMILARITY_... */
    const float *embedding;    /* F [n,d] */
    const float *au_embedding; /* A [c,d] */
    double scale;
    const float *bias; /* [c]; NULL: 0 */
} clile_i_logits;

clile_status clile_i_logits_forward(const clile_i_logits *z, float *logits /*[n,c]*/);
/* Adds the gradients from diff_logits to the gradients by F [n,d], A [c,d], scale and bias [c]
 * (NULL: not wanted). */
clile_status clile_i_logits_backward(const clile_i_logits *z, const float *diff_logits /*[n,c]*/,
                                     float *diff_embedding, float *diff_au_embedding,
                                     double *diff_scale, float *diff_bias);

#endif
