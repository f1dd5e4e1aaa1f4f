/* Weighted BCE: for one image, for a block of images, and as the public clile_loss_bce. */
#include "loss/bce.h"

#include "loss/check.h"
#include "loss/term.h"
#include "loss/vector.h"

double clile_i_bce_image(int64_t c, const double *logits, const int8_t *labels,
                         const float *au_weight, double share, double *diff_logits)
{
    int64_t coded = 0;
    for (int64_t a = 0; a < c; ++a) coded += labels[a] >= 0;
    double sum = 0;
    for (int64_t a = 0; a < c; ++a) {
        diff_logits[a] = 0;
        if (labels[a] < 0) continue;
        const double z = logits[a], y = labels[a];
        const double weight = au_weight == NULL ? 1 : (double)au_weight[a];
        const double e = exp(-fabs(z));
        const double sigmoid = z >= 0 ? 1 / (1 + e) : e / (1 + e);
        sum += weight * ((z > 0 ? z : 0) - z * y + log1p(e));
        diff_logits[a] = share * weight * (sigmoid - y) / (double)coded;
    }
    return coded == 0 ? 0 : sum / (double)coded;
}

void clile_i_scored_begin(clile_i_scored *scored, int64_t n, const float *embedding,
                          double **scratch)
{
    const int64_t d = scored->d, c = scored->c;
    scored->share = 1 / (double)n;
    scored->unit = clile_i_vec_take(scratch, n * d);
    scored->inverse_norm = clile_i_vec_take(scratch, n);
    scored->row = clile_i_vec_take(scratch, d);
    scored->sim = clile_i_vec_take(scratch, c);
    scored->logits = clile_i_vec_take(scratch, c);
    scored->diff_logits = clile_i_vec_take(scratch, c);
    scored->loss = scored->diff_scale = 0;
    clile_i_sim_forward_rows(scored->similarity, n, d, embedding, scored->unit,
                             scored->inverse_norm);
}

void clile_i_scored_image(clile_i_scored *scored, int64_t k, const double *anchor,
                          const double *bias, double *diff_anchor, double *diff_bias)
{
    const int64_t d = scored->d, c = scored->c;
    const double *unit = scored->unit + k * d;
    const int8_t *labels = scored->labels + k * c;
    for (int64_t a = 0; a < c; ++a) {
        if (labels[a] < 0) continue;
        scored->sim[a] = clile_i_vec_dot(d, unit, anchor + a * d);
        scored->logits[a] = scored->scale * scored->sim[a] + bias[a];
    }
    const double weight = scored->row_weight == NULL ? 1 : (double)scored->row_weight[k];
    const double share = scored->share * weight;
    scored->loss += weight * clile_i_bce_image(c, scored->logits, labels, scored->au_weight, share,
                                               scored->diff_logits);

    clile_i_vec_zero(d, scored->row);
    for (int64_t a = 0; a < c; ++a) {
        const double diff = scored->diff_logits[a];
        /* not coded or weight 0: its vector does not matter, finite or not */
        if (diff == 0) continue;
        diff_bias[a] += diff;
        scored->diff_scale += diff * scored->sim[a];
        if (diff_anchor != NULL)
            clile_i_vec_add(d, diff * scored->scale, unit, diff_anchor + a * d);
        if (scored->diff_embedding != NULL)
            clile_i_vec_add(d, diff * scored->scale, anchor + a * d, scored->row);
    }
    if (scored->diff_embedding == NULL) return;
    clile_i_sim_backward(scored->similarity, d, unit, scored->inverse_norm[k], scored->row);
    clile_i_vec_store(d, scored->row, scored->diff_embedding + k * d);
}

clile_status clile_loss_bce(int64_t n, int64_t d, int64_t c, int32_t similarity,
                            const float *embedding, const float *au_embedding, double scale,
                            const float *bias, const int8_t *labels, const float *au_weight,
                            double *loss, float *diff_embedding, float *diff_au_embedding,
                            double *diff_scale, float *diff_bias)
{
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}, {"c", c}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 3, sizes));
    CLILE_I_RETURN_IF(clile_i_loss_check_similarity(__func__, similarity));
    CLILE_I_CHECK_NOT_NULL(embedding);
    CLILE_I_CHECK_NOT_NULL(au_embedding);
    CLILE_I_CHECK_NOT_NULL(bias);
    CLILE_I_CHECK_NOT_NULL(labels);
    CLILE_I_RETURN_IF(clile_i_loss_check_labels(__func__, n, c, labels));
    CLILE_I_RETURN_IF(clile_i_loss_check_weights(__func__, c, au_weight));

    clile_status status = CLILE_OK;
    double *scratch = NULL;
    CLILE_I_ALLOC(scratch, clile_i_scored_scratch(n, d, c) + 2 * c * d + 3 * c);
    double *next = scratch;
    double *anchor = clile_i_vec_take(&next, c * d), *anchor_inverse = clile_i_vec_take(&next, c);
    double *diff_anchor = clile_i_vec_take(&next, c * d), *diff_offset = clile_i_vec_take(&next, c);
    double *offset = clile_i_vec_take(&next, c);
    clile_i_scored scored = {
        .d = d, .c = c, .similarity = similarity, .scale = scale, .labels = labels};
    scored.au_weight = au_weight;
    scored.diff_embedding = diff_embedding;
    clile_i_scored_begin(&scored, n, embedding, &next);

    clile_i_sim_forward_rows(similarity, c, d, au_embedding, anchor, anchor_inverse);
    clile_i_vec_load(c, bias, offset);
    for (int64_t k = 0; k < n; ++k)
        clile_i_scored_image(&scored, k, anchor, offset,
                             diff_au_embedding == NULL ? NULL : diff_anchor, diff_offset);
    CLILE_I_TRY(clile_i_loss_finish(__func__, scored.loss / (double)n, loss));

    for (int64_t a = 0; a < c && diff_au_embedding != NULL; ++a) {
        clile_i_sim_backward(similarity, d, anchor + a * d, anchor_inverse[a], diff_anchor + a * d);
        clile_i_vec_store(d, diff_anchor + a * d, diff_au_embedding + a * d);
    }
    if (diff_scale != NULL) *diff_scale = scored.diff_scale;
    if (diff_bias != NULL) clile_i_vec_store(c, diff_offset, diff_bias);
cleanup:
    clile_i_free(scratch);
    return status;
}

/* ---- as a term ---- */

static clile_status compute(clile_i_step *x)
{
    return clile_loss_bce(x->n, x->d, x->c, x->similarity, x->embedding, x->au, x->scale, x->bias,
                          x->labels, x->au_weight, &x->loss, x->diff_embedding, x->diff_au,
                          &x->diff_scale, x->diff_bias);
}

const clile_i_term clile_i_term_bce = {.trains_au = 1, .compute = compute};
