/* The loss of method=piap (docs/methods.md): doubt about who the person is (adversarial.c), and if
 * lambda_feedback is above 0, pseudo labels of what is not coded, with a discrete feedback.
 *   p_kc = sigmoid(A_c . F_k + b_c);  y_kc = 1 where p_kc >= 0.8, 0 where p_kc <= 0.2, else none
 *   G_c, g_c: the gradient by A_c, b_c of the BCE of the coded labels of the batch
 *   a pseudo label counts if a step on it lowers that BCE, to first order in A_c and b_c:
 *       (p_kc - y_kc) (F_k . G_c + g_c) > 0
 *   L = (1/labels not coded) sum over those that count of BCE(p_kc, y_kc)
 * Neither y nor what counts has a gradient. */
#include "loss/bce.h"
#include "loss/logits.h"
#include "loss/term.h"
#include "loss/vector.h"

#include <clile/options.h>

static const double CONFIDENT = 0.8;

static void heads(const clile_i_step *x)
{
    clile_i_term_confusion.heads(x);
}

static void start(const clile_i_step *x)
{
    clile_i_term_confusion.start(x);
}

static double sigmoid(double z)
{
    return 1.0 / (1.0 + exp(-z));
}

/* G [c,d] and g [c]. */
static void coded_gradient(const clile_i_step *x, const float *logits, double *by_au,
                           double *by_bias)
{
    clile_i_vec_zero(x->c * x->d, by_au);
    clile_i_vec_zero(x->c, by_bias);
    for (int64_t k = 0; k < x->n; ++k)
        for (int64_t c = 0; c < x->c; ++c) {
            const int8_t label = x->labels[k * x->c + c];
            if (label < 0) continue;
            const double share = sigmoid((double)logits[k * x->c + c]) - (double)label;
            by_bias[c] += share;
            for (int64_t i = 0; i < x->d; ++i)
                by_au[c * x->d + i] += share * (double)x->embedding[k * x->d + i];
        }
}

/* p_kc - y_kc; 0 if there is no pseudo label, or it does not count. */
static double told(const clile_i_step *x, int64_t k, int64_t c, double logit, const double *by_au,
                   const double *by_bias)
{
    const double p = sigmoid(logit);
    const double off = p >= CONFIDENT ? p - 1.0 : p <= 1.0 - CONFIDENT ? p : 0.0;
    double along = by_bias[c];
    for (int64_t i = 0; i < x->d; ++i)
        along += (double)x->embedding[k * x->d + i] * by_au[c * x->d + i];
    return off * along > 0.0 ? off : 0.0;
}

/* Adds `weight` times the loss and its gradients. */
static clile_status add_feedback(clile_i_step *x, double weight)
{
    clile_status status = CLILE_OK;
    float *logits = NULL, *diff = NULL;
    double *by_au = NULL, *by_bias = NULL, sum = 0.0;
    const clile_i_logits z = {.n = x->n,
                              .d = x->d,
                              .c = x->c,
                              .similarity = CLILE_SIMILARITY_DOT,
                              .embedding = x->embedding,
                              .au_embedding = x->au,
                              .scale = x->scale,
                              .bias = x->bias};
    int64_t open = 0;
    for (int64_t i = 0; i < x->n * x->c; ++i) open += x->labels[i] < 0;
    if (open == 0) return CLILE_OK;
    CLILE_I_ALLOC(logits, x->n * x->c);
    CLILE_I_ALLOC(diff, x->n * x->c);
    CLILE_I_ALLOC(by_au, x->c * x->d);
    CLILE_I_ALLOC(by_bias, x->c);
    CLILE_I_TRY(clile_i_logits_forward(&z, logits));
    coded_gradient(x, logits, by_au, by_bias);
    for (int64_t i = 0; i < x->n * x->c; ++i) {
        if (x->labels[i] >= 0) continue;
        const double off = told(x, i / x->c, i % x->c, (double)logits[i], by_au, by_bias);
        if (off == 0.0) continue;
        sum -= log(1.0 - fabs(off)); /* the probability of the pseudo label */
        diff[i] = (float)(weight * off / (double)open);
    }
    x->loss += weight * sum / (double)open;
    status = clile_i_logits_backward(&z, diff, x->diff_embedding, x->diff_au, &x->diff_scale,
                                     x->diff_bias);
cleanup:
    clile_i_free(logits);
    clile_i_free(diff);
    clile_i_free(by_au);
    clile_i_free(by_bias);
    return status;
}

static clile_status compute(clile_i_step *x)
{
    double weight = 0.0;
    CLILE_I_RETURN_IF(clile_i_term_confusion.compute(x));
    CLILE_I_RETURN_IF(clile_options_get_f64(x->options, CLILE_OPT_LAMBDA_FEEDBACK, &weight));
    return weight > 0.0 ? add_feedback(x, weight) : CLILE_OK;
}

const clile_i_term clile_i_term_piap = {
    .heads_unweighted = 1, .heads = heads, .start = start, .compute = compute};
