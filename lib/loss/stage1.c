/* Stage 1: the ID encoder against identity-label embeddings (METHOD in docs/method.md, L_BCE).
 *
 *     z_kc = F_k . V_ic, i = subject of image k          F [n,d] id_embedding, V [s,c,d] ile
 *     L = (1/n) sum_k (1/C_k) sum_{c coded} w_c * (max(z,0) - z*y + log1p(exp(-|z|)))
 *     g_kc = dL/dz_kc = w_c * (s(z_kc) - y_kc) / (n C_k)
 *     dL/dF_k  = sum_c g_kc V_ic
 *     dL/dV_ic = sum_{k of subject i} g_kc F_k
 *
 * A face that took a share q of the rest of subject j meets (1 - q) V_ic + q V_jc, and teaches both
 * in these shares.
 */
#include "loss/bce.h"
#include "loss/check.h"
#include "loss/loss.h"
#include "loss/vector.h"

#include <string.h>

/* Image k: returns its loss; writes diff_logits [c] and, unless NULL, its row of
 * diff_id_embedding, through row [d]. */
static double forward_image(int64_t d, int64_t c, const float *vector, const float *ile /*[c,d]*/,
                            const int8_t *labels, const float *au_weight, double share,
                            double *logits, double *diff_logits, double *row, float *diff_vector)
{
    for (int64_t a = 0; a < c; ++a)
        if (labels[a] >= 0) logits[a] = clile_i_vec_dot_f32(d, vector, ile + a * d);
    const double loss = clile_i_bce_image(c, logits, labels, au_weight, share, diff_logits);
    if (diff_vector == NULL) return loss;
    clile_i_vec_zero(d, row);
    for (int64_t a = 0; a < c; ++a)
        if (diff_logits[a] != 0) clile_i_vec_add_f32(d, diff_logits[a], ile + a * d, row);
    clile_i_vec_store(d, row, diff_vector);
    return loss;
}

/* One subject's vectors: diff_ile [c,d] from its `count` entries `rows`: its images k, and n + k
 * for those that have a share of its rest (share NULL: there are none). */
static void backward_subject(int64_t d, int64_t c, int64_t n, int64_t count, const int64_t *rows,
                             const float *share, const float *id_embedding,
                             const double *diff_logits /*[n,c]*/, double *row, float *diff_ile)
{
    for (int64_t a = 0; a < c; ++a) {
        clile_i_vec_zero(d, row);
        for (int64_t i = 0; i < count; ++i) {
            const int64_t k = rows[i] % n;
            double diff = diff_logits[k * c + a];
            if (share != NULL) diff *= rows[i] < n ? 1 - (double)share[k] : (double)share[k];
            if (diff != 0) clile_i_vec_add_f32(d, diff, id_embedding + k * d, row);
        }
        clile_i_vec_store(d, row, diff_ile + a * d);
    }
}

clile_status clile_i_loss_stage1(int64_t n, int64_t d, int64_t c, int64_t s,
                                 const float *id_embedding, const float *ile,
                                 const int32_t *subject, const int32_t *other, const float *share,
                                 const int8_t *labels, const float *au_weight,
                                 const float *row_weight, double *loss, float *diff_id_embedding,
                                 float *diff_ile)
{
    static const char function[] = "clile_loss_stage1";
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}, {"c", c}, {"s", s}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(function, 4, sizes));
    const clile_i_loss_array required[] = {
        {"id_embedding", id_embedding}, {"ile", ile}, {"subject", subject}, {"labels", labels}};
    CLILE_I_RETURN_IF(clile_i_loss_check_arrays(function, 4, required));
    CLILE_I_RETURN_IF(clile_i_loss_check_subjects(function, n, s, subject));
    CLILE_I_RETURN_IF(clile_i_loss_check_labels(function, n, c, labels));
    CLILE_I_RETURN_IF(clile_i_loss_check_weights(function, c, au_weight));

    clile_status status = CLILE_OK;
    double *scratch = NULL;
    int64_t *order = NULL;
    const int64_t entries = other == NULL ? n : 2 * n;
    float *blend = NULL;
    int32_t *both = NULL;
    CLILE_I_ALLOC(scratch, n * c + c + d);
    CLILE_I_ALLOC(order, entries + s + 1);
    if (other != NULL) {
        CLILE_I_ALLOC(blend, c * d);
        CLILE_I_ALLOC(both, entries);
        memcpy(both, subject, (size_t)n * sizeof *both);
        memcpy(both + n, other, (size_t)n * sizeof *both);
    }
    double *next = scratch;
    double *diff_logits = clile_i_vec_take(&next, n * c);
    double *logits = clile_i_vec_take(&next, c), *row = clile_i_vec_take(&next, d);

    double sum = 0;
    for (int64_t k = 0; k < n; ++k) {
        const double weight = row_weight == NULL ? 1 : (double)row_weight[k];
        const float *vectors = ile + subject[k] * c * d;
        if (other != NULL && share[k] != 0) {
            const float *theirs = ile + other[k] * c * d;
            for (int64_t j = 0; j < c * d; ++j)
                blend[j] = vectors[j] + share[k] * (theirs[j] - vectors[j]);
            vectors = blend;
        }
        sum +=
            weight * forward_image(d, c, id_embedding + k * d, vectors, labels + k * c, au_weight,
                                   weight / (double)n, logits, diff_logits + k * c, row,
                                   diff_id_embedding == NULL ? NULL : diff_id_embedding + k * d);
    }
    CLILE_I_TRY(clile_i_loss_finish(function, sum / (double)n, loss));

    if (diff_ile != NULL) {
        int64_t *start = order + entries;
        clile_i_loss_group(entries, s, other == NULL ? subject : both, order, start);
        for (int64_t i = 0; i < s; ++i) {
            const int64_t count = start[i + 1] - start[i];
            if (count == 0)
                memset(diff_ile + i * c * d, 0, (size_t)(c * d) * sizeof *diff_ile);
            else
                backward_subject(d, c, n, count, order + start[i], share, id_embedding, diff_logits,
                                 row, diff_ile + i * c * d);
        }
    }
cleanup:
    clile_i_free(order);
    clile_i_free(scratch);
    clile_i_free(blend);
    clile_i_free(both);
    return status;
}

clile_status clile_loss_stage1(int64_t n, int64_t d, int64_t c, int64_t s,
                               const float *id_embedding, const float *ile, const int32_t *subject,
                               const int8_t *labels, const float *au_weight, double *loss,
                               float *diff_id_embedding, float *diff_ile)
{
    return clile_i_loss_stage1(n, d, c, s, id_embedding, ile, subject, NULL, NULL, labels,
                               au_weight, NULL, loss, diff_id_embedding, diff_ile);
}
