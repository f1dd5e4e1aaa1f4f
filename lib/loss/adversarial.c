/* A classifier of subjects that the encoder learns to mislead (docs/method.md, docs/methods.md): as
 * an elimination and for method=atf by gradient reversal, for method=piap by doubt. */
#include "loss/check.h"
#include "loss/term.h"
#include "loss/vector.h"

/* Cross-entropy of logits [s] against class `target`; logits become share * (softmax - one-hot). */
static double softmax_cross_entropy(int64_t s, int64_t target, double share, double *logits)
{
    double most = logits[0], sum = 0;
    for (int64_t i = 1; i < s; ++i)
        if (!(logits[i] <= most)) most = logits[i];
    const double below = most - logits[target];
    for (int64_t i = 0; i < s; ++i) sum += (logits[i] = exp(logits[i] - most));
    for (int64_t i = 0; i < s; ++i) logits[i] = share * (logits[i] / sum - (i == target ? 1 : 0));
    return below + log(sum);
}

/* From what softmax_cross_entropy leaves to (softmax - 1/s) / n. */
static double doubt_of(double diff, int is_target, int64_t n, int64_t s)
{
    return diff + ((is_target ? 1.0 : 0.0) - 1.0 / (double)s) / (double)n;
}

/* doubt 0: as clile_loss_adversarial. 1: the encoder descends the cross-entropy of the uniform
 * distribution with the classifier's answer: dL/dlogit_ki = (softmax_ki - 1/s) / n. */
static clile_status mislead(int64_t n, int64_t d, int64_t s, int doubt, const float *embedding,
                            const float *weight, const float *bias, const int32_t *subject,
                            double *loss, float *diff_embedding, float *diff_weight,
                            float *diff_bias)
{
    static const char name[] = "clile_loss_adversarial";
    const clile_i_loss_size sizes[] = {{"n", n}, {"d", d}, {"s", s}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(name, 3, sizes));
    CLILE_I_RETURN_IF(clile_i_loss_check_subjects(name, n, s, subject));

    clile_status status = CLILE_OK;
    double *scratch = NULL, sum = 0;
    CLILE_I_ALLOC(scratch, n * d + n + s * d + n * s + d);
    double *next = scratch;
    double *unit = clile_i_vec_take(&next, n * d), *inverse_norm = clile_i_vec_take(&next, n);
    double *class_weight = clile_i_vec_take(&next, s * d), *logits = clile_i_vec_take(&next, n * s);
    double *row = clile_i_vec_take(&next, d);
    clile_i_sim_forward_rows(CLILE_SIMILARITY_COSINE, n, d, embedding, unit, inverse_norm);
    clile_i_vec_load(s * d, weight, class_weight);
    for (int64_t k = 0; k < n; ++k) {
        for (int64_t i = 0; i < s; ++i)
            logits[k * s + i] =
                clile_i_vec_dot(d, unit + k * d, class_weight + i * d) + (double)bias[i];
        sum += softmax_cross_entropy(s, subject[k], 1 / (double)n, logits + k * s);
    }
    CLILE_I_TRY(clile_i_loss_finish(name, sum / (double)n, loss));

    for (int64_t k = 0; k < n && diff_embedding != NULL; ++k) {
        clile_i_vec_zero(d, row);
        for (int64_t i = 0; i < s; ++i)
            clile_i_vec_add(
                d, doubt ? doubt_of(logits[k * s + i], i == subject[k], n, s) : -logits[k * s + i],
                class_weight + i * d, row);
        clile_i_sim_backward(CLILE_SIMILARITY_COSINE, d, unit + k * d, inverse_norm[k], row);
        clile_i_vec_store(d, row, diff_embedding + k * d);
    }
    for (int64_t i = 0; i < s; ++i) {
        double diff = 0;
        clile_i_vec_zero(d, row);
        for (int64_t k = 0; k < n; ++k) {
            diff += logits[k * s + i];
            if (diff_weight != NULL) clile_i_vec_add(d, logits[k * s + i], unit + k * d, row);
        }
        if (diff_bias != NULL) diff_bias[i] = (float)diff;
        if (diff_weight != NULL) clile_i_vec_store(d, row, diff_weight + i * d);
    }
cleanup:
    clile_i_free(scratch);
    return status;
}

/* adversarial: logits W f_k + b with f_k = F_k/|F_k|; L = (1/n) sum_k cross-entropy(logits_k,
 * subject_k); W [s,d], b [s] get dL/dW, dL/db, F gets -dL/dF (gradient reversal: Ganin and
 * Lempitsky, ICML 2015). */
clile_status clile_loss_adversarial(int64_t n, int64_t d, int64_t s, const float *embedding,
                                    const float *weight, const float *bias, const int32_t *subject,
                                    double *loss, float *diff_embedding, float *diff_weight,
                                    float *diff_bias)
{
    CLILE_I_CHECK_NOT_NULL(embedding);
    CLILE_I_CHECK_NOT_NULL(weight);
    CLILE_I_CHECK_NOT_NULL(bias);
    CLILE_I_CHECK_NOT_NULL(subject);
    return mislead(n, d, s, 0, embedding, weight, bias, subject, loss, diff_embedding, diff_weight,
                   diff_bias);
}

/* ---- as a term: lambda_id scales only the encoder's gradient; the classifier learns at full
 *   strength */

enum { WEIGHT, BIAS };

static void heads(const clile_i_step *x)
{
    x->head[WEIGHT] = (clile_i_head){.name = "classifier", .ndim = 2, .shape = {x->s, x->d}};
    x->head[BIAS] = (clile_i_head){.name = "classifier_bias", .ndim = 1, .shape = {x->s}};
}

static void start(const clile_i_step *x)
{
    const double deviation = 1.0 / sqrt((double)x->d);
    clile_i_rng rng = clile_i_rng_make(x->seed, 0x61647665 /* "adve" */);
    for (int64_t i = 0; i < x->head[WEIGHT].count; ++i)
        x->head[WEIGHT].value[i] = (float)(deviation * clile_i_rng_normal(&rng));
}

static clile_status compute(clile_i_step *x)
{
    return clile_loss_adversarial(x->n, x->d, x->s, x->embedding, x->head[WEIGHT].value,
                                  x->head[BIAS].value, x->subject, &x->loss, x->diff_embedding,
                                  x->head[WEIGHT].diff, x->head[BIAS].diff);
}

const clile_i_term clile_i_elimination_adversarial = {
    .heads_unweighted = 1, .heads = heads, .start = start, .compute = compute};

static clile_status compute_doubt(clile_i_step *x)
{
    return mislead(x->n, x->d, x->s, 1, x->embedding, x->head[WEIGHT].value, x->head[BIAS].value,
                   x->subject, &x->loss, x->diff_embedding, x->head[WEIGHT].diff,
                   x->head[BIAS].diff);
}

const clile_i_term clile_i_term_confusion = {
    .heads_unweighted = 1, .heads = heads, .start = start, .compute = compute_doubt};
