/* Loops over the d numbers of a vector, shared by all losses: float32 in, double sums, a fixed
 * order of addition.
 *
 * Dot products add into eight lanes, which are summed at the end: the compiler can then use
 * vector registers without being allowed to reorder anything.
 */
#ifndef CLILE_I_LOSS_VECTOR_H
#define CLILE_I_LOSS_VECTOR_H

#include <math.h>
#include <stdint.h>

#include <clile/losses.h>

/* A vector shorter than this has no direction: similarity 0, gradient 0 (losses.h). */
#define CLILE_I_LEAST_NORM 1e-8

#define CLILE_I_VEC_DOT(name, type)                                                                \
    static inline double name(int64_t d, const type *a, const type *b)                             \
    {                                                                                              \
        double lane[8] = {0, 0, 0, 0, 0, 0, 0, 0};                                                 \
        int64_t j = 0;                                                                             \
        for (; j + 8 <= d; j += 8)                                                                 \
            for (int l = 0; l < 8; ++l) lane[l] += (double)a[j + l] * (double)b[j + l];            \
        for (int l = 0; j < d; j++, ++l) lane[l] += (double)a[j] * (double)b[j];                   \
        return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +                                       \
               ((lane[1] + lane[5]) + (lane[3] + lane[7]));                                        \
    }
CLILE_I_VEC_DOT(clile_i_vec_dot, double)
CLILE_I_VEC_DOT(clile_i_vec_dot_f32, float)
#undef CLILE_I_VEC_DOT

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

/* What a vector contributes to a similarity. Cosine: x becomes x/|x| and 1/|x| is returned, or
 * zeros and 0 below the least norm. Dot: x stays, the return value is 1. The similarity of two
 * such vectors is then their dot product. */
static inline double clile_i_sim_forward(int32_t similarity, int64_t d, double *x)
{
    if (similarity == CLILE_SIMILARITY_DOT) return 1;
    const double norm = sqrt(clile_i_vec_dot(d, x, x));
    if (norm < CLILE_I_LEAST_NORM) {
        clile_i_vec_zero(d, x);
        return 0;
    }
    /* 0 for an infinite norm: x then becomes NaN, and the loss with it */
    const double inverse_norm = 1 / norm;
    for (int64_t j = 0; j < d; ++j) x[j] *= inverse_norm;
    return inverse_norm;
}

/* Gradient by what forward made (`unit`) -> gradient by the vector itself, in place. Cosine:
 * diff <- (diff - (diff . unit) unit) / |x|. A diff of zeros stays (also where the vector, being
 * of no use in this batch, is not finite). */
static inline void clile_i_sim_backward(int32_t similarity, int64_t d, const double *restrict unit,
                                        double inverse_norm, double *restrict diff)
{
    if (similarity == CLILE_SIMILARITY_DOT) return;
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

/* The next `count` doubles of a scratch block. */
static inline double *clile_i_vec_take(double **scratch, int64_t count)
{
    double *taken = *scratch;
    *scratch += count;
    return taken;
}

#endif
