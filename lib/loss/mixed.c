/* Identity-label embeddings as random effects (docs/method.md, `mixed`; our choice).
 *
 *     D'_ic = D_ic - mean_i D_ic, B'_ic likewise; D [s,c,d] deviation,
 *     B [s,c] deviation_bias
 *     z_kc = scale * sim(F_k, A_c + D'_ic) + bias_c + B'_ic, i = subject of image k
 *     L = weighted BCE + lambda_deviation * mean over (s,c,d) of D'^2
 *         + lambda_bias * mean over (s,c) of B'^2
 *     H_ic = d BCE / d(A_c + D'_ic);   dL/dA_c = sum_i H_ic
 *     dL/dD_ic = H_ic - (1/s) sum_i H_ic + 2 lambda_deviation D'_ic / (s c d)
 *
 * The last term sums to zero over subjects, and so does the gradient: D stays centred.
 *
 * A face that took a share q of the rest of subject j (exchanged shapes and looks) has
 * (1 - q) B'_ic + q B'_jc in place of B'_ic: an offset belongs to the face at rest. Its gradient
 * goes to both in these shares. D'_ic stays: it is what i's expression makes of F.
 */
#include "loss/bce.h"
#include "loss/check.h"
#include "loss/loss.h"
#include "loss/term.h"
#include "loss/vector.h"

#include <string.h>

static const char function[] = "clile_loss_mixed";

/* A per-subject table [s,m], such as D (m = c*d) and B (m = c). */
typedef struct {
    int64_t s, m;
    const float *value;
    double *mean; /* [m] over subjects */
    double lambda;
    float *diff;      /* [s,m] or NULL */
    double *diff_sum; /* [m]: gradient of the BCE summed over subjects */
    double *diff_of;  /* [s,m]: of each; NULL (D): goes to diff at once */
} deviations;

static void deviations_mean(deviations *t)
{
    for (int64_t i = 0; i < t->s; ++i) clile_i_vec_add_f32(t->m, 1, t->value + i * t->m, t->mean);
    for (int64_t j = 0; j < t->m; ++j) t->mean[j] /= (double)t->s;
}

/* lambda * mean of the squared centred values */
static double deviations_penalty(const deviations *t)
{
    double sum = 0;
    for (int64_t i = 0; i < t->s; ++i) {
        const float *value = t->value + i * t->m;
        double lane[4] = {0, 0, 0, 0};
        int64_t j = 0;
        for (; j + 4 <= t->m; j += 4)
            for (int l = 0; l < 4; ++l) {
                const double centred = (double)value[j + l] - t->mean[j + l];
                lane[l] += centred * centred;
            }
        for (; j < t->m; ++j)
            lane[0] += ((double)value[j] - t->mean[j]) * ((double)value[j] - t->mean[j]);
        sum += (lane[0] + lane[2]) + (lane[1] + lane[3]);
    }
    return t->lambda * sum / ((double)t->s * (double)t->m);
}

/* diff holds the BCE's part. Subtracts its mean over subjects and adds the penalty's gradient. */
static void deviations_finish(const deviations *t)
{
    if (t->diff == NULL) return;
    if (t->s == 1) {
        /* with one subject D' is 0 for any D: make it exactly 0, or an optimiser would scale up a
         * rounding error */
        memset(t->diff, 0, (size_t)t->m * sizeof *t->diff);
        return;
    }
    const double pull = 2 * t->lambda / ((double)t->s * (double)t->m), share = 1 / (double)t->s;
    for (int64_t i = 0; i < t->s; ++i) {
        const float *restrict value = t->value + i * t->m;
        const double *restrict mean = t->mean, *restrict diff_sum = t->diff_sum;
        float *restrict diff = t->diff + i * t->m;
        for (int64_t j = 0; j < t->m; ++j)
            diff[j] = (float)((double)diff[j] - diff_sum[j] * share +
                              pull * ((double)value[j] - mean[j]));
    }
}

/* Scratch of one subject. */
typedef struct {
    double *anchor, *anchor_inverse, *offset; /* A + D' in unit form [c,d], [c]; bias + B' [c] */
    double *diff_anchor, *diff_offset;        /* [c,d], [c]; offsets are an image's */
} subject_scratch;

/* Image k of subject i. */
static void run_image(clile_i_scored *scored, const clile_i_mixed *m, int64_t i, int64_t k,
                      deviations *biases, const subject_scratch *t)
{
    const int64_t c = scored->c, j = m->other == NULL ? i : m->other[k];
    const double q = m->other == NULL ? 0 : (double)m->share[k];
    const float *own = biases->value + i * c, *their = biases->value + j * c;
    for (int64_t a = 0; a < c; ++a)
        t->offset[a] = (double)m->bias[a] +
                       ((1 - q) * (double)own[a] + q * (double)their[a] - biases->mean[a]);
    clile_i_vec_zero(c, t->diff_offset);
    clile_i_scored_image(scored, k, t->anchor, t->offset, t->diff_anchor, t->diff_offset);
    clile_i_vec_add(c, 1 - q, t->diff_offset, biases->diff_of + i * c);
    clile_i_vec_add(c, q, t->diff_offset, biases->diff_of + j * c);
}

/* All images of subject i: adds the BCE and its gradients by F, by A + D' and by bias + B' to their
 * sums. */
static void run_subject(clile_i_scored *scored, const clile_i_mixed *m, int64_t i, int64_t count,
                        const int64_t *rows, deviations *vectors, deviations *biases,
                        const subject_scratch *t)
{
    const int64_t d = scored->d, c = scored->c, cd = c * d;
    for (int64_t j = 0; j < cd; ++j)
        t->anchor[j] =
            (double)m->au_embedding[j] + ((double)vectors->value[i * cd + j] - vectors->mean[j]);
    for (int64_t a = 0; a < c; ++a)
        t->anchor_inverse[a] = clile_i_sim_forward(scored->similarity, d, t->anchor + a * d);
    clile_i_vec_zero(cd, t->diff_anchor);
    for (int64_t r = 0; r < count; ++r) run_image(scored, m, i, rows[r], biases, t);
    for (int64_t a = 0; a < c; ++a)
        clile_i_sim_backward(scored->similarity, d, t->anchor + a * d, t->anchor_inverse[a],
                             t->diff_anchor + a * d);
    clile_i_vec_add(cd, 1, t->diff_anchor, vectors->diff_sum);
    if (vectors->diff != NULL) clile_i_vec_store(cd, t->diff_anchor, vectors->diff + i * cd);
}

static clile_status run(const clile_i_mixed *m, clile_i_scored *scored, deviations *vectors,
                        deviations *biases)
{
    const int64_t n = m->n, d = m->d, c = m->c, s = m->s, cd = c * d;
    clile_status status = CLILE_OK;
    double *scratch = NULL;
    int64_t *order = NULL;
    CLILE_I_ALLOC(scratch, clile_i_scored_scratch(n, d, c) + 4 * cd + 5 * c + s * c);
    CLILE_I_ALLOC(order, n + s + 1);
    double *next = scratch;
    vectors->mean = clile_i_vec_take(&next, cd);
    vectors->diff_sum = clile_i_vec_take(&next, cd);
    biases->mean = clile_i_vec_take(&next, c);
    biases->diff_sum = clile_i_vec_take(&next, c);
    biases->diff_of = clile_i_vec_take(&next, s * c);
    subject_scratch t = {.anchor = clile_i_vec_take(&next, cd),
                         .diff_anchor = clile_i_vec_take(&next, cd)};
    t.anchor_inverse = clile_i_vec_take(&next, c);
    t.offset = clile_i_vec_take(&next, c);
    t.diff_offset = clile_i_vec_take(&next, c);
    clile_i_scored_begin(scored, n, m->embedding, &next);
    deviations_mean(vectors);
    deviations_mean(biases);
    if (vectors->diff != NULL) memset(vectors->diff, 0, (size_t)(s * cd) * sizeof(float));

    int64_t *start = order + n;
    clile_i_loss_group(n, s, m->subject, order, start);
    for (int64_t i = 0; i < s; ++i)
        if (start[i + 1] > start[i])
            run_subject(scored, m, i, start[i + 1] - start[i], order + start[i], vectors, biases,
                        &t);
    for (int64_t i = 0; i < s; ++i)
        clile_i_vec_add(c, 1, biases->diff_of + i * c, biases->diff_sum);
    if (biases->diff != NULL) clile_i_vec_store(s * c, biases->diff_of, biases->diff);
    const double penalty = deviations_penalty(vectors) + deviations_penalty(biases);
    CLILE_I_TRY(clile_i_loss_finish(function, scored->loss / (double)n + penalty, m->loss));

    deviations_finish(vectors);
    deviations_finish(biases);
    if (m->diff_au_embedding != NULL)
        clile_i_vec_store(cd, vectors->diff_sum, m->diff_au_embedding);
    if (m->diff_bias != NULL) clile_i_vec_store(c, biases->diff_sum, m->diff_bias);
    if (m->diff_scale != NULL) *m->diff_scale = scored->diff_scale;
cleanup:
    clile_i_free(order);
    clile_i_free(scratch);
    return status;
}

clile_status clile_i_loss_mixed(const clile_i_mixed *m)
{
    const clile_i_loss_size sizes[] = {{"n", m->n}, {"d", m->d}, {"c", m->c}, {"s", m->s}};
    const clile_i_loss_array required[] = {
        {"embedding", m->embedding}, {"au_embedding", m->au_embedding},     {"bias", m->bias},
        {"deviation", m->deviation}, {"deviation_bias", m->deviation_bias}, {"subject", m->subject},
        {"labels", m->labels}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(function, 4, sizes));
    CLILE_I_RETURN_IF(clile_i_loss_check_similarity(function, m->similarity));
    CLILE_I_RETURN_IF(clile_i_loss_check_arrays(function, 7, required));
    CLILE_I_RETURN_IF(clile_i_loss_check_subjects(function, m->n, m->s, m->subject));
    CLILE_I_RETURN_IF(clile_i_loss_check_labels(function, m->n, m->c, m->labels));
    CLILE_I_RETURN_IF(clile_i_loss_check_weights(function, m->c, m->au_weight));
    CLILE_I_RETURN_IF(clile_i_loss_check_factor(function, "lambda_deviation", m->lambda_deviation));
    CLILE_I_RETURN_IF(clile_i_loss_check_factor(function, "lambda_bias", m->lambda_bias));

    clile_i_scored scored = {
        .d = m->d, .c = m->c, .similarity = m->similarity, .scale = m->scale, .labels = m->labels};
    scored.au_weight = m->au_weight;
    scored.row_weight = m->row_weight;
    scored.diff_embedding = m->diff_embedding;
    deviations vectors = {.s = m->s,
                          .m = m->c * m->d,
                          .value = m->deviation,
                          .lambda = m->lambda_deviation,
                          .diff = m->diff_deviation};
    deviations biases = {.s = m->s,
                         .m = m->c,
                         .value = m->deviation_bias,
                         .lambda = m->lambda_bias,
                         .diff = m->diff_deviation_bias};
    return run(m, &scored, &vectors, &biases);
}

clile_status clile_loss_mixed(int64_t n, int64_t d, int64_t c, int64_t s, int32_t similarity,
                              const float *embedding, const float *au_embedding, double scale,
                              const float *bias, const float *deviation,
                              const float *deviation_bias, const int32_t *subject,
                              const int8_t *labels, const float *au_weight, double lambda_deviation,
                              double lambda_bias, double *loss, float *diff_embedding,
                              float *diff_au_embedding, double *diff_scale, float *diff_bias,
                              float *diff_deviation, float *diff_deviation_bias)
{
    const clile_i_mixed m = {
        .n = n,
        .d = d,
        .c = c,
        .s = s,
        .similarity = similarity,
        .embedding = embedding,
        .au_embedding = au_embedding,
        .scale = scale,
        .bias = bias,
        .deviation = deviation,
        .deviation_bias = deviation_bias,
        .subject = subject,
        .labels = labels,
        .au_weight = au_weight,
        .lambda_deviation = lambda_deviation,
        .lambda_bias = lambda_bias,
        .loss = loss,
        .diff_embedding = diff_embedding,
        .diff_au_embedding = diff_au_embedding,
        .diff_scale = diff_scale,
        .diff_bias = diff_bias,
        .diff_deviation = diff_deviation,
        .diff_deviation_bias = diff_deviation_bias,
    };
    return clile_i_loss_mixed(&m);
}

/* ---- as a term: the general BCE on the rows of one person each ---- */

enum { DEVIATION, DEVIATION_BIAS };

static void heads(const clile_i_step *x)
{
    x->head[DEVIATION] =
        (clile_i_head){.name = "deviation", .ndim = 3, .shape = {x->s, x->c, x->d}};
    x->head[DEVIATION_BIAS] =
        (clile_i_head){.name = "deviation_bias", .ndim = 2, .shape = {x->s, x->c}};
}

static clile_status compute(clile_i_step *x)
{
    const clile_i_person_rows *r = x->rows;
    clile_i_mixed m = {
        .n = r->n,
        .d = x->d,
        .c = x->c,
        .s = x->s,
        .similarity = x->similarity,
        .embedding = r->embedding,
        .au_embedding = x->au,
        .scale = x->scale,
        .bias = x->bias,
        .deviation = x->head[DEVIATION].value,
        .deviation_bias = x->head[DEVIATION_BIAS].value,
        .subject = r->subject,
        .other = r->other,
        .share = r->share,
        .labels = r->labels,
        .au_weight = x->au_weight,
        .row_weight = r->weight,
        .loss = &x->loss,
        .diff_embedding = r->diff,
        .diff_au_embedding = x->diff_au,
        .diff_scale = &x->diff_scale,
        .diff_bias = x->diff_bias,
        .diff_deviation = x->head[DEVIATION].diff,
        .diff_deviation_bias = x->head[DEVIATION_BIAS].diff,
    };
    CLILE_I_RETURN_IF(clile_options_get_f64(x->options, CLILE_OPT_LAMBDA_ILE, &m.lambda_deviation));
    CLILE_I_RETURN_IF(clile_options_get_f64(x->options, CLILE_OPT_LAMBDA_ILE_BIAS, &m.lambda_bias));
    clile_i_person_rows_gather(r, x->d, x->embedding);
    CLILE_I_RETURN_IF(clile_i_loss_mixed(&m));
    clile_i_person_rows_scatter(r, x->n, x->d, x->diff_embedding);
    return CLILE_OK;
}

const clile_i_term clile_i_elimination_mixed = {
    .replaces_bce = 1, .heads = heads, .compute = compute};
