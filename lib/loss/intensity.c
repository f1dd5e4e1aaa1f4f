/* The loss of intensities (ordinal.c has the formula): public, on any logits, and as a term, on
 * those of the general BCE or, with the mixed form, with each subject's deviations. */
#include "loss/check.h"
#include "loss/logits.h"
#include "loss/loss.h"
#include "loss/ordinal.h"
#include "loss/term.h"
#include "loss/vector.h"

#include <string.h>

clile_status clile_loss_intensity(int64_t n, int64_t c, const float *logits,
                                  const int8_t *intensity, const float *levels,
                                  const float *au_weight, double *loss, float *diff_logits,
                                  float *diff_levels)
{
    const clile_i_loss_size sizes[] = {{"n", n}, {"c", c}};
    const clile_i_loss_array required[] = {
        {"logits", logits}, {"intensity", intensity}, {"levels", levels}};
    CLILE_I_RETURN_IF(clile_i_loss_check_sizes(__func__, 2, sizes));
    CLILE_I_RETURN_IF(clile_i_loss_check_arrays(__func__, 3, required));
    CLILE_I_RETURN_IF(clile_i_loss_check_intensity(__func__, n, c, intensity));
    CLILE_I_RETURN_IF(clile_i_loss_check_weights(__func__, c, au_weight));

    clile_status status = CLILE_OK;
    double *scratch = NULL, sum = 0;
    const int64_t parameters = c * CLILE_I_LEVEL_PARAMETERS;
    CLILE_I_ALLOC(scratch, 2 * c + parameters);
    double *next = scratch;
    double *z = clile_i_vec_take(&next, c), *diff = clile_i_vec_take(&next, c);
    const clile_i_ordinal ordinal = {levels, clile_i_vec_take(&next, parameters)};
    for (int64_t k = 0; k < n; ++k) {
        clile_i_vec_load(c, logits + k * c, z);
        sum += clile_i_ordinal_image(&ordinal, c, z, intensity + k * c, au_weight, 1 / (double)n,
                                     diff);
        if (diff_logits != NULL) clile_i_vec_store(c, diff, diff_logits + k * c);
    }
    const double ridge = clile_i_ordinal_ridge(&ordinal, c);
    CLILE_I_TRY(clile_i_loss_finish(__func__, sum / (double)n + ridge, loss));
    if (diff_levels != NULL) clile_i_vec_store(parameters, ordinal.diff_levels, diff_levels);
cleanup:
    clile_i_free(scratch);
    return status;
}

/* ---- as a term ---- */

static void heads(const clile_i_step *x)
{
    x->head[0] =
        (clile_i_head){.name = "levels", .ndim = 2, .shape = {x->c, CLILE_I_LEVEL_PARAMETERS}};
}

/* Slope 1, and thresholds -1, 0, 1, 2, 3: an AU is present from the second level on. */
static void start(const clile_i_step *x)
{
    for (int64_t a = 0; a < x->c; ++a) x->head[0].value[a * CLILE_I_LEVEL_PARAMETERS + 1] = -1.0f;
}

static clile_status compute_plain(clile_i_step *x)
{
    clile_status status = CLILE_OK;
    float *logits = NULL;
    const int64_t count = x->n * x->c;
    const clile_i_logits z = {x->n,         x->d,  x->c,     x->similarity,
                              x->embedding, x->au, x->scale, x->bias};
    CLILE_I_ALLOC(logits, 2 * count);
    CLILE_I_TRY(clile_i_logits_forward(&z, logits));
    CLILE_I_TRY(clile_loss_intensity(x->n, x->c, logits, x->intensity, x->head[0].value,
                                     x->au_weight, &x->loss, logits + count, x->head[0].diff));
    status = clile_i_logits_backward(&z, logits + count, x->diff_embedding, x->diff_au,
                                     &x->diff_scale, x->diff_bias);
cleanup:
    clile_i_free(logits);
    return status;
}

/* Adds to the gradients of the deviations, which are another term's heads, with the weight. */
static clile_status compute_mixed(clile_i_step *x)
{
    clile_status status = CLILE_OK;
    const clile_i_person_rows *r = x->rows;
    const int64_t parameters = x->c * CLILE_I_LEVEL_PARAMETERS, vectors = x->deviation[0].count,
                  biases = x->deviation[1].count;
    float *diff = NULL;
    double *levels = NULL, weight = 0;
    CLILE_I_ALLOC(diff, vectors + biases);
    CLILE_I_ALLOC(levels, parameters);
    CLILE_I_TRY(clile_options_get_f64(x->options, CLILE_OPT_LAMBDA_INTENSITY, &weight));
    const clile_i_ordinal ordinal = {x->head[0].value, levels};
    clile_i_person_rows_gather(r, x->d, x->embedding);
    CLILE_I_TRY(clile_i_loss_mixed(&(clile_i_mixed){.n = r->n,
                                                    .d = x->d,
                                                    .c = x->c,
                                                    .s = x->s,
                                                    .similarity = x->similarity,
                                                    .embedding = r->embedding,
                                                    .au_embedding = x->au,
                                                    .scale = x->scale,
                                                    .bias = x->bias,
                                                    .deviation = x->deviation[0].value,
                                                    .deviation_bias = x->deviation[1].value,
                                                    .subject = r->subject,
                                                    .labels = r->intensity,
                                                    .ordinal = &ordinal,
                                                    .au_weight = x->au_weight,
                                                    .row_weight = r->weight,
                                                    .loss = &x->loss,
                                                    .diff_embedding = r->diff,
                                                    .diff_au_embedding = x->diff_au,
                                                    .diff_scale = &x->diff_scale,
                                                    .diff_bias = x->diff_bias,
                                                    .diff_deviation = diff,
                                                    .diff_deviation_bias = diff + vectors}));
    clile_i_person_rows_scatter(r, x->n, x->d, x->diff_embedding);
    x->loss += clile_i_ordinal_ridge(&ordinal, x->c);
    clile_i_vec_store(parameters, levels, x->head[0].diff);
    for (int64_t i = 0; i < vectors; ++i) x->deviation[0].diff[i] += (float)weight * diff[i];
    for (int64_t i = 0; i < biases; ++i)
        x->deviation[1].diff[i] += (float)weight * diff[vectors + i];
cleanup:
    clile_i_free(diff);
    clile_i_free(levels);
    return status;
}

static clile_status compute(clile_i_step *x)
{
    return x->deviation != NULL ? compute_mixed(x) : compute_plain(x);
}

const clile_i_term clile_i_term_intensity = {
    .any_method = 1, .needs_bce = 1, .heads = heads, .start = start, .compute = compute};
