/* Loops over the d numbers of a vector, shared by all losses, and a similarity with its gradient
 * (base/similarity.h defines it). */
#ifndef CLILE_I_LOSS_VECTOR_H
#define CLILE_I_LOSS_VECTOR_H

#include "base/similarity.h"

#include <clile/losses.h>

_Static_assert((int)CLILE_I_COSINE == (int)CLILE_SIMILARITY_COSINE &&
                   (int)CLILE_I_DOT == (int)CLILE_SIMILARITY_DOT,
               "losses.h must name the similarities by the numbers that all rooms use");

/* y += factor * x */
static inline void clile_i_vec_add(int64_t d, double factor, const double *restrict x,
                                   double *restrict y)
{
    for (int64_t j = 0; j < d; ++j) y[j] += factor * x[j];
}

static inline void clile_i_vec_add_f32(int64_t d, double factor, const float *restrict x,
                                       double *restrict y)
{
    for (int64_t j = 0; j < d; ++j) y[j] += factor * (double)x[j];
}

static inline void clile_i_vec_zero(int64_t d, double *x)
{
    for (int64_t j = 0; j < d; ++j) x[j] = 0;
}

static inline void clile_i_vec_load(int64_t d, const float *restrict x, double *restrict y)
{
    for (int64_t j = 0; j < d; ++j) y[j] = (double)x[j];
}

static inline void clile_i_vec_store(int64_t d, const double *restrict x, float *restrict y)
{
    for (int64_t j = 0; j < d; ++j) y[j] = (float)x[j];
}

/* What a vector contributes to a similarity. Cosine: x becomes x/|x| and the result is 1/|x|, or
 * both are 0 below the least norm. Dot: x stays and the result is 1. The similarity of two such
 * vectors is then their dot product. */
static inline double clile_i_sim_forward(int32_t similarity, int64_t d, double *x)
{
    if (similarity == CLILE_I_DOT) return 1;
    /* 0 for an infinite norm: x then becomes NaN, and so does the loss */
    const double inverse_norm = clile_i_inverse_norm(clile_i_vec_dot(d, x, x));
    for (int64_t j = 0; j < d; ++j) x[j] *= inverse_norm;
    return inverse_norm;
}

/* Turns the gradient by forward's result (`unit`) into the gradient by the vector itself, in place.
 * Cosine: diff <- (diff - (diff . unit) unit) / |x|. Zeros stay zeros, even if the vector, unused
 * in this batch, is not finite. */
static inline void clile_i_sim_backward(int32_t similarity, int64_t d, const double *restrict unit,
                                        double inverse_norm, double *restrict diff)
{
    if (similarity == CLILE_I_DOT) return;
    if (clile_i_vec_dot(d, diff, diff) == 0) return;
    const double along = clile_i_vec_dot(d, diff, unit);
    for (int64_t j = 0; j < d; ++j) diff[j] = (diff[j] - along * unit[j]) * inverse_norm;
}

/* Rows [n,d] of float32 in the form of clile_i_sim_forward. */
static inline void clile_i_sim_forward_rows(int32_t similarity, int64_t n, int64_t d,
                                            const float *rows, double *unit, double *inverse_norm)
{
    for (int64_t k = 0; k < n; ++k) {
        clile_i_vec_load(d, rows + k * d, unit + k * d);
        inverse_norm[k] = clile_i_sim_forward(similarity, d, unit + k * d);
    }
}

/* Takes the next `count` doubles of a scratch block. */
static inline double *clile_i_vec_take(double **scratch, int64_t count)
{
    double *taken = *scratch;
    *scratch += count;
    return taken;
}

#endif
