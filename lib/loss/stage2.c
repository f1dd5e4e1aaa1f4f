/* Stage 2: the supervised contrast of embeddings with general AU embeddings (docs/method.md,
 * L_Contra).
 *
 *     z_kc = cos(F_k, A_c) / tau                         F [n,d] embedding, A [c,d] au_embedding
 *     L_k = log sum_{c coded} exp(z_kc) - (1/|P_k|) sum_{p in P_k} z_kp,  P_k: AUs
 *     present; 0 when P_k is empty
 *     L = (1/n) sum_k L_k
 *     dL/dz_kc = (softmax_c - [c in P_k]/|P_k|) / n
 *
 * With a null anchor N there is one more z_k0 = cos(F_k, N) / tau in the sum of exponentials. It is
 * the positive of an image that has coded AUs and none present. The form without N is from the
 * CL-ILE paper (BMVC 2023); N is ours.
 */
#include "loss/check.h"
#include "loss/term.h"
#include "loss/vector.h"

typedef struct {
    int64_t n, d, c;
    const int8_t *labels;
    double temperature;
    int has_null;
    double *unit, *inverse_norm;     /* F in unit form: [n,d], [n] */
    double *anchor, *anchor_inverse; /* A and, last, N: [c+1,d], [c+1] */
    double *diff_sim;                /* dL/dcos: [n,c+1] */
    double *logits, *row;            /* scratch [c+1], [d] */
} contrast;

/* One image from its row of labels: returns L_k; diff_sim [c+1] = dL/dcos, 0 for anchors that take
 * no part. */
static double forward_image(const contrast *p, int64_t k, double *diff_sim)
{
    const int64_t d = p->d, c = p->c;
    const int8_t *labels = p->labels + k * c;
    int64_t present = 0, coded = 0;
    for (int64_t a = 0; a < c; ++a) {
        coded += labels[a] >= 0;
        present += labels[a] == 1;
    }
    for (int64_t a = 0; a <= c; ++a) diff_sim[a] = 0;
    if (coded == 0 || (present == 0 && !p->has_null)) return 0;

    const double positive = 1 / (double)(present > 0 ? present : 1);
    double most = -INFINITY, sum = 0, below = 0; /* below: mean over the positives of (most - z) */
    for (int64_t a = 0; a <= c; ++a) {
        if (a < c ? labels[a] < 0 : !p->has_null) continue;
        p->logits[a] = clile_i_vec_dot(d, p->unit + k * d, p->anchor + a * d) / p->temperature;
        if (!(p->logits[a] <= most)) most = p->logits[a]; /* lets NaN through to the loss */
    }
    for (int64_t a = 0; a <= c; ++a) {
        if (a < c ? labels[a] < 0 : !p->has_null) continue;
        const double e = exp(p->logits[a] - most);
        sum += e;
        diff_sim[a] = e;
        if (a < c ? labels[a] == 1 : present == 0) below += positive * (most - p->logits[a]);
    }
    for (int64_t a = 0; a <= c; ++a) {
        if (a < c ? labels[a] < 0 : !p->has_null) continue;
        const double target = (a < c ? labels[a] == 1 : present == 0) ? positive : 0;
        diff_sim[a] = (diff_sim[a] / sum - target) / ((double)p->n * p->temperature);
    }
    return below + log(sum);
}

/* dL/dF_k = sum_c (dL/dcos_kc) A_c in unit form, then back through the norm. */
static void backward_embedding(const contrast *p, float *diff_embedding)
{
    const int64_t d = p->d, c = p->c;
    for (int64_t k = 0; k < p->n; ++k) {
        clile_i_vec_zero(d, p->row);
        for (int64_t a = 0; a <= c; ++a) {
            const double diff = p->diff_sim[k * (c + 1) + a];
            if (diff != 0) clile_i_vec_add(d, diff, p->anchor + a * d, p->row);
        }
        clile_i_sim_backward(CLILE_SIMILARITY_COSINE, d, p->unit + k * d, p->inverse_norm[k],
                             p->row);
        clile_i_vec_store(d, p->row, diff_embedding + k * d);
    }
}

/* Likewise for anchor a: dL/dA_a = sum_k (dL/dcos_ka) F_k in unit form, then back through the
 * norm. */
static void backward_anchor(const contrast *p, int64_t a, float *diff_anchor /*[d]*/)
{
    const int64_t d = p->d, c = p->c;
    clile_i_vec_zero(d, p->row);
    for (int64_t k = 0; k < p->n; ++k) {
        const double diff = p->diff_sim[k * (c + 1) + a];
        if (diff != 0) clile_i_vec_add(d, diff, p->unit + k * d, p->row);
    }
    clile_i_sim_backward(CLILE_SIMILARITY_COSINE, d, p->anchor + a * d, p->anchor_inverse[a],
                         p->row);
    clile_i_vec_store(d, p->row, diff_anchor);
}

static clile_status contrast_run(const char *function, int64_t n, int64_t d, int64_t c,
                                 const float *embedding, const float *au_embedding,
                                 const float *null_embedding, const int8_t *labels,
                                 double temperature, double *loss, float *diff_embedding,
                                 float *diff_au_embedding, float *diff_null_embedding)
{
    clile_status status = CLILE_OK;
    double *scratch = NULL;
    contrast p = {.n = n, .d = d, .c = c, .labels = labels, .temperature = temperature};
    CLILE_I_ALLOC(scratch, n * d + n + (c + 1) * d + (c + 1) + n * (c + 1) + (c + 1) + d);
    double *next = scratch;
    p.has_null = null_embedding != NULL;
    p.unit = clile_i_vec_take(&next, n * d);
    p.inverse_norm = clile_i_vec_take(&next, n);
    p.anchor = clile_i_vec_take(&next, (c + 1) * d);
    p.anchor_inverse = clile_i_vec_take(&next, c + 1);
    p.diff_sim = clile_i_vec_take(&next, n * (c + 1));
    p.logits = clile_i_vec_take(&next, c + 1);
    p.row = clile_i_vec_take(&next, d);
    clile_i_sim_forward_rows(CLILE_SIMILARITY_COSINE, n, d, embedding, p.unit, p.inverse_norm);
    clile_i_sim_forward_rows(CLILE_SIMILARITY_COSINE, c, d, au_embedding, p.anchor,
                             p.anchor_inverse);
    if (p.has_null)
        clile_i_sim_forward_rows(CLILE_SIMILARITY_COSINE, 1, d, null_embedding, p.anchor + c * d,
                                 p.anchor_inverse + c);

    double sum = 0;
    for (int64_t k = 0; k < n; ++k) sum += forward_image(&p, k, p.diff_sim + k * (c + 1));
    CLILE_I_TRY(clile_i_loss_finish(function, sum / (double)n, loss));

    if (diff_embedding != NULL) backward_embedding(&p, diff_embedding);
    for (int64_t a = 0; a < c && diff_au_embedding != NULL; ++a)
        backward_anchor(&p, a, diff_au_embedding + a * d);
    if (diff_null_embedding != NULL) backward_anchor(&p, c, diff_null_embedding);
cleanup:
    clile_i_free(scratch);
    return status;
}

clile_status clile_loss_stage2(int64_t n, int64_t d, int64_t c, const float *embedding,
                               const float *au_embedding, const int8_t *labels, double temperature,
                               double *loss, float *diff_embedding, float *diff_au_embedding)
{
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}, {"c", c}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 3, sizes));
    CLILE_I_CHECK_NOT_NULL(embedding);
    CLILE_I_CHECK_NOT_NULL(au_embedding);
    CLILE_I_CHECK_NOT_NULL(labels);
    CLILE_I_RETURN_IF(clile_i_loss_check_labels(__func__, n, c, labels));
    CLILE_I_RETURN_IF(clile_i_loss_check_temperature(__func__, temperature));
    return contrast_run(__func__, n, d, c, embedding, au_embedding, NULL, labels, temperature, loss,
                        diff_embedding, diff_au_embedding, NULL);
}

clile_status clile_loss_stage2_null(int64_t n, int64_t d, int64_t c, const float *embedding,
                                    const float *au_embedding, const float *null_embedding,
                                    const int8_t *labels, double temperature, double *loss,
                                    float *diff_embedding, float *diff_au_embedding,
                                    float *diff_null_embedding)
{
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}, {"c", c}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 3, sizes));
    CLILE_I_CHECK_NOT_NULL(embedding);
    CLILE_I_CHECK_NOT_NULL(au_embedding);
    CLILE_I_CHECK_NOT_NULL(null_embedding);
    CLILE_I_CHECK_NOT_NULL(labels);
    CLILE_I_RETURN_IF(clile_i_loss_check_labels(__func__, n, c, labels));
    CLILE_I_RETURN_IF(clile_i_loss_check_temperature(__func__, temperature));
    return contrast_run(__func__, n, d, c, embedding, au_embedding, null_embedding, labels,
                        temperature, loss, diff_embedding, diff_au_embedding, diff_null_embedding);
}

/* ---- as a term ---- */

static clile_status compute(clile_i_step *x)
{
    double tau;
    CLILE_I_RETURN_IF(clile_options_get_f64(x->options, CLILE_OPT_TAU, &tau));
    if (x->null != NULL)
        return clile_loss_stage2_null(x->n, x->d, x->c, x->embedding, x->au, x->null, x->labels,
                                      tau, &x->loss, x->diff_embedding, x->diff_au, x->diff_null);
    return clile_loss_stage2(x->n, x->d, x->c, x->embedding, x->au, x->labels, tau, &x->loss,
                             x->diff_embedding, x->diff_au);
}

const clile_i_term clile_i_term_contra = {.trains_au = 1, .compute = compute};
