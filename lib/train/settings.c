#include "train/settings.h"

#include "model/model.h"

#include <math.h>
#include <string.h>

typedef struct {
    const char *key;
    double *real;
    int32_t *integer;
} destination;

static clile_status read_numbers(const clile_options *options, clile_i_settings *s)
{
    const destination table[] = {
        {CLILE_OPT_LEARNING_RATE, &s->learning_rate, NULL},
        {CLILE_OPT_AU_RATE_SCALE, &s->au_rate_scale, NULL},
        {CLILE_OPT_MOMENTUM, &s->momentum, NULL},
        {CLILE_OPT_WEIGHT_DECAY, &s->weight_decay, NULL},
        {CLILE_OPT_WARMUP, &s->warmup, NULL},
        {CLILE_OPT_CLIP_NORM, &s->clip_norm, NULL},
        {CLILE_OPT_EMA, &s->ema, NULL},
        {CLILE_OPT_VALIDATION, &s->validation, NULL},
        {CLILE_OPT_EXCHANGE_HALVES, &s->exchange_halves, NULL},
        {CLILE_OPT_INIT_FROM_STAGE1, NULL, &s->init_from_stage1},
        {CLILE_OPT_EPOCHS_STAGE1, NULL, &s->epochs[1]},
        {CLILE_OPT_EPOCHS, NULL, &s->epochs[2]},
        {CLILE_OPT_BATCH, NULL, &s->batch},
        {CLILE_OPT_ACCUMULATE, NULL, &s->accumulate},
        {CLILE_OPT_RECOMPUTE, NULL, &s->recompute},
        {CLILE_OPT_SYNC_BATCH_NORM, NULL, &s->sync_batch_norm},
        {CLILE_OPT_VALIDATION_EVERY, NULL, &s->validation_every},
        {CLILE_OPT_THREADS, NULL, &s->threads},
        {CLILE_OPT_KEEP_POINTS, NULL, &s->keep_points},
        {CLILE_OPT_INPUT_WORKERS, NULL, &s->input_workers},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        if (table[i].real) {
            CLILE_I_RETURN_IF(clile_options_get_f64(options, table[i].key, table[i].real));
        } else {
            int64_t value;
            CLILE_I_RETURN_IF(clile_options_get_i64(options, table[i].key, &value));
            *table[i].integer = (int32_t)value;
        }
    }
    return CLILE_OK;
}

/* Index of the option's value among `choices`. */
static clile_status read_choice(const clile_options *options, const char *key,
                                const char *const *choices, int32_t *out)
{
    const char *value;
    CLILE_I_RETURN_IF(clile_options_get_str(options, key, &value));
    for (*out = 0; choices[*out]; ++*out)
        if (strcmp(choices[*out], value) == 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_INTERNAL, "option %s: unexpected \"%s\"", key, value);
}

static clile_status read_identity_part(const clile_options *options, clile_i_settings *out)
{
    const char *part;
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_IDENTITY_PART, &part));
    const int32_t kind = clile_i_identity_find(part);
    if (kind < 0) return clile_i_fail(CLILE_E_INTERNAL, "identity_part \"%s\" is not known", part);
    out->identity_part = (clile_i_identity_kind)kind;
    return CLILE_OK;
}

/* Reads the weights. Methods other than cl-ile are weighted BCE, and for some a loss of their own:
 * linear head, one stage, no contrast, no identity. */
static clile_status read_weights(const clile_options *options, clile_i_settings *s)
{
    for (int32_t i = 0; i < CLILE_I_LOSS_COUNT; ++i)
        if (s->cl_ile || clile_i_loss_table[i].term->any_method)
            CLILE_I_RETURN_IF(
                clile_options_get_f64(options, clile_i_loss_table[i].key, &s->weight[i]));
        else
            s->weight[i] = i == CLILE_I_LOSS_bce;
    if (!s->cl_ile) s->init_from_stage1 = 0;
    return CLILE_OK;
}

/* Some term must give the AU vectors a gradient. */
static clile_status check_learns(const clile_i_settings *s)
{
    clile_i_text keys = {0};
    int learns = 0;
    for (int32_t i = 0; i < CLILE_I_LOSS_COUNT; ++i) {
        const clile_i_loss_row *row = &clile_i_loss_table[i];
        if (!row->term->trains_au) continue;
        learns |= s->weight[i] > 0;
        clile_i_text_append(&keys, "%s%s", keys.size > 0 ? ", " : "", row->key);
    }
    clile_status status = keys.status;
    if (status == CLILE_OK && !learns)
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "%s: all are 0, so nothing would be learned in stage 2", keys.data);
    clile_i_text_free(&keys);
    return status;
}

/* Only the loss of piap has it. */
static clile_status check_feedback(const clile_options *options, const char *method,
                                   clile_i_settings *s)
{
    CLILE_I_RETURN_IF(clile_options_get_f64(options, CLILE_OPT_LAMBDA_FEEDBACK, &s->feedback));
    if (s->feedback == 0) return CLILE_OK;
    if (strcmp(method, "piap") != 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "lambda_feedback=%g: only method=piap has a feedback, the method is %s",
                            s->feedback, method);
    if (s->weight[CLILE_I_LOSS_method] == 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "lambda_feedback=%g is a weight within the loss of the method, but "
                            "lambda_method is 0",
                            s->feedback);
    return CLILE_OK;
}

/* An elimination is either a term of its own or a replacement for the BCE. */
static clile_status choose_terms(const clile_options *options, const char *method,
                                 clile_i_settings *s)
{
    const char *name = "none";
    if (s->cl_ile) CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_ELIMINATION, &name));
    const clile_i_term *elimination = clile_i_elimination_find(name);
    if (elimination == NULL)
        return clile_i_fail(CLILE_E_INTERNAL, "elimination \"%s\" is not known", name);
    const int32_t place = elimination->replaces_bce ? CLILE_I_LOSS_bce : CLILE_I_LOSS_elimination;
    if (elimination->replaces_bce && s->weight[place] == 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "elimination=%s acts in the general BCE, but lambda_bce is 0; set "
                            "lambda_bce > 0 or another elimination",
                            name);
    for (int32_t i = 0; i < CLILE_I_LOSS_COUNT; ++i) {
        const clile_i_term *term = i == place                 ? elimination
                                   : i == CLILE_I_LOSS_method ? clile_i_method_term(method)
                                                              : clile_i_loss_table[i].term;
        s->term[i] = s->weight[i] > 0 && term->compute != NULL ? term : NULL;
    }
    s->mixed = s->cl_ile && elimination->replaces_bce;
    return CLILE_OK;
}

clile_status clile_i_settings_read(const clile_options *options, clile_i_settings *out)
{
    static const char *const optimizers[] = {"adamw", "sgd", NULL};
    static const char *const schedules[] = {"cosine", "constant", NULL};
    static const char *const decisions[] = {"auto", "threshold", "calibrated", NULL};
    int32_t optimizer, schedule, decision;
    const char *method;
    int64_t seed;
    memset(out, 0, sizeof *out);
    CLILE_I_RETURN_IF(read_numbers(options, out));
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_METHOD, &method));
    CLILE_I_RETURN_IF(read_identity_part(options, out));
    CLILE_I_RETURN_IF(read_choice(options, CLILE_OPT_OPTIMIZER, optimizers, &optimizer));
    CLILE_I_RETURN_IF(read_choice(options, CLILE_OPT_SCHEDULE, schedules, &schedule));
    CLILE_I_RETURN_IF(read_choice(options, CLILE_OPT_DECISION, decisions, &decision));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_SEED, &seed));
    CLILE_I_RETURN_IF(clile_i_model_read_precision(options, &out->bf16));
    CLILE_I_RETURN_IF(clile_i_augment_from_options(options, &out->augment));
    out->seed = (uint64_t)seed;
    out->cl_ile = strcmp(method, "cl-ile") == 0;
    out->method = clile_i_method_find(method);
    out->adamw = optimizer == 0;
    out->cosine = schedule == 0;
    out->calibrated = decision == 2;
    CLILE_I_RETURN_IF(read_weights(options, out));
    CLILE_I_RETURN_IF(check_learns(out));
    CLILE_I_RETURN_IF(check_feedback(options, method, out));
    CLILE_I_RETURN_IF(choose_terms(options, method, out));
    if (out->calibrated && out->term[CLILE_I_LOSS_bce] == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "decision=calibrated needs the general BCE, but lambda_bce is 0");
    return CLILE_OK;
}

int32_t clile_i_settings_use_id_embedding(const clile_i_settings *s)
{
    for (int32_t i = 0; i < CLILE_I_LOSS_COUNT; ++i)
        if (s->term[i] != NULL && s->term[i]->needs_id_embedding) return 1;
    return 0;
}

int32_t clile_i_settings_need_stage1(const clile_i_settings *s)
{
    return s->cl_ile && (s->init_from_stage1 || clile_i_settings_use_id_embedding(s));
}

double clile_i_learning_rate(const clile_i_settings *s, int64_t step, int64_t steps,
                             int64_t per_epoch)
{
    const double warm = s->warmup * (double)per_epoch, done = (double)step;
    if (done + 1 < warm) return s->learning_rate * (done + 1) / warm;
    if (!s->cosine) return s->learning_rate;
    const double left = (double)steps - warm;
    const double fraction = left > 0 ? (done - warm > 0 ? done - warm : 0) / left : 1;
    return s->learning_rate * 0.5 * (1.0 + cos(3.14159265358979323846 * fraction));
}
