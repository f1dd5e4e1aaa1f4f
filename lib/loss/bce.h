/* The weighted binary cross-entropy that stage 1, the general BCE and the mixed form share. */
#ifndef CLILE_I_LOSS_BCE_H
#define CLILE_I_LOSS_BCE_H

#include <stdint.h>

/* One image: logits [c], labels [c] -> (1/C_k) sum over coded c of w_c * (max(z,0) - z*y +
 * log1p(exp(-|z|))), with C_k the number of coded AUs; 0 if there are none. diff_logits [c] = share
 * * w_c * (s(z) - y) / C_k, 0 where not coded. */
double clile_i_bce_image(int64_t c, const double *logits, const int8_t *labels,
                         const float *au_weight, double share, double *diff_logits);

/* Images whose AUs have the scores z_kc = scale * sim(F_k, V_c) + bias_c. V and bias may differ
 * between images. F and V are in the form of clile_i_sim_forward (vector.h). */
typedef struct {
    int64_t d, c;
    int32_t similarity;
    double scale, share;                /* share = 1/n */
    const int8_t *labels;               /* [n,c] */
    const float *au_weight;             /* [c] or NULL */
    const float *row_weight;            /* [n]: factor on the loss of each image; NULL: 1 */
    float *diff_embedding;              /* [n,d]; NULL: not wanted */
    double *unit, *inverse_norm;        /* F: [n,d], [n] */
    double *sim, *logits, *diff_logits; /* scratch [c] */
    double *row;                        /* scratch [d] */
    double loss, diff_scale;            /* sums so far; loss is not yet divided by n */
} clile_i_scored;

/* Doubles of scratch that begin takes. */
static inline int64_t clile_i_scored_scratch(int64_t n, int64_t d, int64_t c)
{
    return n * d + n + d + 3 * c;
}
/* Sets sizes and scratch (advancing `*scratch`) and prepares F. The caller has set the other input
 * fields. */
void clile_i_scored_begin(clile_i_scored *scored, int64_t n, const float *embedding,
                          double **scratch);

/* Image k: adds to loss and diff_scale, writes its row of diff_embedding, adds to diff_bias [c]
 * and, unless NULL, to diff_anchor [c,d], the gradient by V in its unit form. */
void clile_i_scored_image(clile_i_scored *scored, int64_t k, const double *anchor /*[c,d]*/,
                          const double *bias /*[c]*/, double *diff_anchor, double *diff_bias);

#endif
