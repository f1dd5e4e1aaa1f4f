/* The similarity of an embedding and an AU vector, defined once for losses, model, export and
 * evaluation. It is the dot product, or the dot product of the directions (cosine). Float32 in,
 * sums in double, in a fixed order.
 *
 * Dot products add into eight lanes, summed at the end. The compiler can then use vector registers
 * without reordering anything. */
#ifndef CLILE_I_SIMILARITY_H
#define CLILE_I_SIMILARITY_H

#include <math.h>
#include <stdint.h>

/* The values of CLILE_SIMILARITY_... (losses.h). */
enum { CLILE_I_COSINE = 0, CLILE_I_DOT = 1 };

/* A vector shorter than this has no direction: similarity 0, gradient 0 (losses.h). */
#define CLILE_I_LEAST_NORM 1e-8

#define CLILE_I_VEC_DOT(name, type)                                                                \
    static inline double name(int64_t d, const type *a, const type *b)                             \
    {                                                                                              \
        double lane[8] = {0, 0, 0, 0, 0, 0, 0, 0};                                                 \
        int64_t j = 0;                                                                             \
        for (; j + 8 <= d; j += 8)                                                                 \
            for (int l = 0; l < 8; ++l) lane[l] += (double)a[j + l] * (double)b[j + l];            \
        for (int l = 0; j < d; ++j, ++l) lane[l] += (double)a[j] * (double)b[j];                   \
        return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +                                       \
               ((lane[1] + lane[5]) + (lane[3] + lane[7]));                                        \
    }
CLILE_I_VEC_DOT(clile_i_vec_dot, double)
CLILE_I_VEC_DOT(clile_i_vec_dot_f32, float)
#undef CLILE_I_VEC_DOT

/* 1/|x| from x . x; 0 if x has no direction or its norm is infinite. */
static inline double clile_i_inverse_norm(double square)
{
    const double norm = sqrt(square);
    return norm < CLILE_I_LEAST_NORM ? 0 : 1 / norm;
}

/* The factor of a vector in a similarity, which is dot(a, b) * factor(a) * factor(b). */
static inline double clile_i_sim_factor(int32_t similarity, int64_t d, const float *x)
{
    return similarity == CLILE_I_DOT ? 1 : clile_i_inverse_norm(clile_i_vec_dot_f32(d, x, x));
}

#endif
