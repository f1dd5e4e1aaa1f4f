/* clile/losses.h: the losses of CL-ILE as plain functions on arrays, value and gradient. They
 * need no handle.
 *
 *     double loss;
 *     clile_loss_stage1(n, d, c, s, id_embedding, ile, subject, labels, au_weight, &loss,
 *                       diff_id_embedding, diff_ile);
 *     clile_loss_stage2(n, d, c, embedding, au_embedding, labels, 0.1, &loss, diff_embedding,
 *                       diff_au_embedding);
 *     clile_loss_orthogonal(n, d, embedding, id_embedding, &loss, diff_elimination);
 *     // your own optimiser: the encoder gets diff_embedding + lambda_id * diff_elimination
 *
 * Formulas and their sources: docs/method.md. "The paper" is the CL-ILE paper (Lian, Adama,
 * Machado, Vinkemeier, BMVC 2023); "published" means given there.
 *
 * Sizes: n images in the batch, embedding size d, c AUs, s training subjects. Each is at least 1,
 * and their product at most 2^56. Arrays are row-major float32 unless stated otherwise. No array
 * may overlap an output.
 *   embedding F, id_embedding   [n,d]   one row for each image
 *   au_embedding A              [c,d]   one row for each AU
 *   labels                      [n,c]   int8: 1 present, 0 absent, -1 not coded
 *   subject                     [n]     int32 in 0..s-1
 *   au_weight w                 [c]     finite, >= 0; NULL: all 1
 * An AU that is not coded is left out of all sums of that image. An image with none coded adds 0
 * but still counts in n.
 *
 * Outputs: `loss` is the mean over the n images. diff_X has the shape of X and is the gradient of
 * `loss` by X; it is overwritten, never added to. Each output may be NULL. Sums are computed in
 * double, in a fixed order: the same input gives the same bits. A vector of norm below 1e-8 has
 * similarity 0 with every vector, and gradient 0.
 *
 * Every function returns INVALID_ARGUMENT (a size, label, subject, weight, temperature or
 * similarity out of range, or a required pointer NULL; the error text names the element),
 * OUT_OF_MEMORY, or NOT_FINITE (the loss is NaN or infinite). After a failure `loss` is unchanged
 * and diff_ arrays are unspecified. Thread class: shared (any thread). Since 0.1. */
#ifndef CLILE_LOSSES_H
#define CLILE_LOSSES_H

#include <clile/status.h>

CLILE_BEGIN

#define CLILE_LOSSES_API_VERSION 1
/* The version that the library was built with; compare it with the macro. Cannot fail. Shared.
 * Since 0.1. */
CLILE_API int32_t clile_losses_api_version(void);

/* Similarity of an embedding F and an AU vector A: cosine F.A / (|F| |A|), or dot product F.A. */
enum { CLILE_SIMILARITY_COSINE = 0, CLILE_SIMILARITY_DOT = 1 };

/* ---- the two published losses ---------------------------------------------------------------- */

/* Stage 1, L_BCE. Each image is compared with the c identity-label embeddings of its own subject
 * i(k): z_kc = F_k . ile_{i(k),c}.
 *   loss = (1/n) sum_k (1/C_k) sum_{c coded} -w_c [y log s(z_kc) + (1-y) log(1 - s(z_kc))],
 * with s the logistic sigmoid and C_k the number of coded AUs of image k. It is computed from
 * logits in a form that does not overflow. diff_ile is 0 for subjects not in the batch. Source:
 * the paper; w and the treatment of AUs that are not coded are our choice. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_loss_stage1(int64_t n, int64_t d, int64_t c, int64_t s, const float *id_embedding /*[n,d]*/,
                  const float *ile /*[s,c,d]*/, const int32_t *subject /*[n]*/,
                  const int8_t *labels /*[n,c]*/, const float *au_weight /*[c] or NULL: all 1*/,
                  double *loss, float *diff_id_embedding /*[n,d]*/, float *diff_ile /*[s,c,d]*/);

/* Stage 2, L_Contra, with P_k the AUs present in image k:
 *   loss = (1/n) sum_k (1/|P_k|) sum_{p in P_k}
 *          -log( exp(cos(F_k,A_p)/tau) / sum_{c coded} exp(cos(F_k,A_c)/tau) )
 * An image with none present adds 0 but counts in n. The temperature tau is finite and > 0.
 * Source: the paper; the treatment of AUs that are not coded, and of images without a present AU,
 * is our choice. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_loss_stage2(
    int64_t n, int64_t d, int64_t c, const float *embedding /*[n,d]*/,
    const float *au_embedding /*[c,d]*/, const int8_t *labels /*[n,c]*/, double temperature,
    double *loss, float *diff_embedding /*[n,d]*/, float *diff_au_embedding /*[c,d]*/);

/* ---- our additions to stage 2 ---------------------------------------------------------------- */

/* Stage 2 with a null anchor N: one more vector in the denominator of every image that has a
 * coded AU. It is the only positive of images whose coded AUs are all absent, so that these train
 * as well. Our choice. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_loss_stage2_null(int64_t n, int64_t d, int64_t c, const float *embedding /*[n,d]*/,
                       const float *au_embedding /*[c,d]*/, const float *null_embedding /*[d]*/,
                       const int8_t *labels /*[n,c]*/, double temperature, double *loss,
                       float *diff_embedding /*[n,d]*/, float *diff_au_embedding /*[c,d]*/,
                       float *diff_null_embedding /*[d]*/);

/* L_BCE(general): the weighted BCE of stage 1 on z_kc = scale * sim(F_k, A_c) + bias_c, with sim
 * given by `similarity` (CLILE_SIMILARITY_...). Our choice. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_loss_bce(
    int64_t n, int64_t d, int64_t c, int32_t similarity, const float *embedding /*[n,d]*/,
    const float *au_embedding /*[c,d]*/, double scale, const float *bias /*[c]*/,
    const int8_t *labels /*[n,c]*/, const float *au_weight /*[c] or NULL: all 1*/, double *loss,
    float *diff_embedding /*[n,d]*/, float *diff_au_embedding /*[c,d]*/, double *diff_scale /*[1]*/,
    float *diff_bias /*[c]*/);

/* Identity-label embeddings as random effects ("mixed"), with i the subject of image k, D' = D -
 * mean of D over all s subjects, and B' likewise:
 *   z_kc = scale * sim(F_k, A_c + D'_ic) + bias_c + B'_ic
 *   loss = weighted BCE + lambda_deviation * mean over (s,c,d) of D'^2
 *          + lambda_bias * mean over (s,c) of B'^2
 * Both lambdas are finite and >= 0. The gradients by D and B sum to 0 over subjects; with s = 1,
 * D' and B' vanish and the gradients are exactly 0. Discard D yourself after training. Our
 * choice, after the mixed models of statistics. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_loss_mixed(
    int64_t n, int64_t d, int64_t c, int64_t s, int32_t similarity,
    const float *embedding /*[n,d]*/, const float *au_embedding /*[c,d]*/, double scale,
    const float *bias /*[c]*/, const float *deviation /*[s,c,d]*/,
    const float *deviation_bias /*[s,c]*/, const int32_t *subject /*[n]*/,
    const int8_t *labels /*[n,c]*/, const float *au_weight /*[c] or NULL: all 1*/,
    double lambda_deviation, double lambda_bias, double *loss, float *diff_embedding /*[n,d]*/,
    float *diff_au_embedding /*[c,d]*/, double *diff_scale /*[1]*/, float *diff_bias /*[c]*/,
    float *diff_deviation /*[s,c,d]*/, float *diff_deviation_bias /*[s,c]*/);

/* ---- elimination of person-specific features from F: published without a mechanism, so the
 *   mechanisms are our choice */

/* loss = (1/n) sum_k cos(F_k, G_k)^2, with G = id_embedding frozen: it gets no gradient. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_loss_orthogonal(int64_t n, int64_t d,
                                                             const float *embedding /*[n,d]*/,
                                                             const float *id_embedding /*[n,d]*/,
                                                             double *loss,
                                                             float *diff_embedding /*[n,d]*/);

/* loss = |X^T Y|_F^2 / d. X and Y are the columns of F and G = id_embedding (frozen), centred and
 * L2-normalised over the batch, or zeros if a column is constant (norm below 1e-8; always so with
 * n = 1). Time grows with n^2 d. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_loss_decorrelate(int64_t n, int64_t d,
                                                              const float *embedding /*[n,d]*/,
                                                              const float *id_embedding /*[n,d]*/,
                                                              double *loss,
                                                              float *diff_embedding /*[n,d]*/);

/* A subject classifier on f_k = F_k/|F_k|: loss = (1/n) sum_k cross-entropy of softmax(weight f_k
 * + bias) with subject_k. diff_weight and diff_bias are ordinary gradients (the classifier
 * descends). diff_embedding is already reversed, -dloss/dF (the encoder ascends). Source of the
 * reversal: Ganin and Lempitsky, ICML 2015. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_loss_adversarial(
    int64_t n, int64_t d, int64_t s, const float *embedding /*[n,d]*/,
    const float *weight /*[s,d]*/, const float *bias /*[s]*/, const int32_t *subject /*[n]*/,
    double *loss, float *diff_embedding /*[n,d]*/, float *diff_weight /*[s,d]*/,
    float *diff_bias /*[s]*/);

CLILE_END

#endif
