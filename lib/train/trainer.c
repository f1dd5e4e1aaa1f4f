/* Creation of a trainer, and the loop over steps. The state of a stage is in stage.c. */
#include "train/history.h"
#include "train/internal.h"
#include "train/ranks.h"

#include <math.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

/* ---- creation ---- */

static clile_status check_aus(const clile_model *model, const clile_dataset *data)
{
    int32_t ids[CLILE_I_MAX_AUS];
    const int32_t c = clile_dataset_au_count(data);
    if (c != model->c)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_create: the data set has %d AUs, the model %d", (int)c,
                            (int)model->c);
    CLILE_I_RETURN_IF(clile_dataset_copy_au_ids(data, ids));
    for (int32_t i = 0; i < c; ++i)
        if (ids[i] != model->au_ids[i])
            return clile_i_fail(
                CLILE_E_INVALID_ARGUMENT,
                "clile_trainer_create: column %d is AU %d in the data set and AU %d in the model",
                (int)i, (int)ids[i], (int)model->au_ids[i]);
    return CLILE_OK;
}

/* Pseudo labels are for labels that are not coded. */
static clile_status check_feedback(const clile_trainer *t)
{
    if (t->settings.feedback == 0) return CLILE_OK;
    for (int64_t i = 0; i < t->n; ++i)
        for (int32_t c = 0; c < t->c; ++c)
            if (clile_i_dataset_labels(t->train, i)[c] < 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "clile_trainer_create: lambda_feedback=%g, but every label of the training "
                        "images is coded, so there is nothing to guess",
                        t->settings.feedback);
}

/* Every AU must be present in some image, or there is nothing to learn. */
static clile_status check_present(const clile_trainer *t)
{
    for (int32_t c = 0; c < t->c; ++c) {
        int64_t present = 0, coded = 0;
        for (int64_t i = 0; i < t->n; ++i) {
            const int8_t y = clile_i_dataset_labels(t->train, i)[c];
            present += y == 1;
            coded += y >= 0;
        }
        if (present == 0)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "clile_trainer_create: AU %d is present in none of the %lld "
                                "images that are coded for it; leave it out (au_set)",
                                (int)t->model->au_ids[c], (long long)coded);
    }
    return CLILE_OK;
}

/* Holds out round(validation * subjects) subjects, at least one, drawn by the seed. */
static clile_status hold_out(clile_trainer *t, const clile_dataset *data)
{
    clile_status status = CLILE_OK;
    int64_t *order = NULL;
    int32_t *subjects = NULL;
    const int32_t all = clile_dataset_subject_count(data);
    int32_t held = (int32_t)floor(t->settings.validation * all + 0.5);
    if (held < 1) held = 1;
    if (held >= all)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_create: validation=%g holds out %d of %d subjects: none "
                            "is left to train on",
                            t->settings.validation, (int)held, (int)all);
    CLILE_I_ALLOC(order, all);
    CLILE_I_ALLOC(subjects, held);
    for (int32_t i = 0; i < all; ++i) order[i] = i;
    clile_i_rng rng = clile_i_rng_make(t->settings.seed, 0x76616c69 /* "vali" */);
    clile_i_rng_shuffle(&rng, all, order);
    for (int32_t i = 0; i < held; ++i) subjects[i] = (int32_t)order[i];
    CLILE_I_TRY(clile_i_dataset_split(data, held, subjects, &t->validation, &t->train));
cleanup:
    clile_i_free(order);
    clile_i_free(subjects);
    return status;
}

static uint32_t crc_of_data(const clile_dataset *data, int64_t n, int32_t c)
{
    uint32_t crc = 0;
    for (int64_t i = 0; i < n; ++i) {
        const int32_t subject = clile_i_dataset_subject(data, i);
        crc = clile_i_crc32(crc, clile_i_dataset_labels(data, i), (size_t)c);
        crc = clile_i_crc32(crc, &subject, sizeof subject);
    }
    return crc;
}

static clile_status read_settings(clile_trainer *t, const clile_options *options)
{
    CLILE_I_RETURN_IF(clile_i_settings_read(options, &t->settings));
    t->settings.similarity = t->model->similarity;
    t->settings.null_anchor = t->settings.term[CLILE_I_LOSS_contra] ? t->model->null_anchor : 0;
    t->batch = t->settings.batch;
    t->threads = t->settings.threads;
    return CLILE_OK;
}

static clile_status create_rows(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    clile_i_person_rows *r = &t->rows;
    t->exchange = t->settings.exchange_halves > 0;
    const int64_t rows = (t->exchange ? 2 : 1) * (int64_t)t->shares.rows;
    CLILE_I_ALLOC(r->diff, rows * t->d);
    if (t->shapes != NULL) {
        CLILE_I_ALLOC(r->other, rows);
        CLILE_I_ALLOC(r->share, rows);
    }
    if (!t->exchange) { /* the other arrays are the batch's own */
        r->n = t->shares.rows;
        r->subject = t->subject;
        r->labels = t->labels;
        r->embedding = t->embedding;
        goto cleanup;
    }
    CLILE_I_ALLOC(r->image, rows);
    CLILE_I_ALLOC(r->subject, rows);
    CLILE_I_ALLOC(r->labels, rows * t->c);
    CLILE_I_ALLOC(r->weight, rows);
    CLILE_I_ALLOC(r->embedding, rows * t->d);
cleanup:
    return status;
}

static void free_rows(clile_trainer *t)
{
    clile_i_free(t->rows.diff);
    clile_i_free(t->rows.other);
    clile_i_free(t->rows.share);
    if (!t->exchange) return; /* the other arrays are the batch's own */
    clile_i_free(t->rows.image);
    clile_i_free(t->rows.subject);
    clile_i_free(t->rows.labels);
    clile_i_free(t->rows.weight);
    clile_i_free(t->rows.embedding);
}

/* Lets the method see the labels that it starts from. */
static clile_status start_method(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    const clile_i_method *method = t->settings.method;
    int8_t *labels = NULL;
    if (method == NULL || method->start == NULL) return CLILE_OK;
    CLILE_I_ALLOC(labels, t->n * t->c);
    CLILE_I_TRY(clile_dataset_copy_labels(t->train, 0, t->n, labels));
    CLILE_I_TRY(method->start(t->net, t->c, t->model->au_ids, t->n, labels));
cleanup:
    clile_i_free(labels);
    return status;
}

/* The parts of a batch of t->batch images, which is made smaller to fit if it is only a default. */
static clile_status share_batch(clile_trainer *t)
{
    clile_i_shares *s = &t->shares;
    s->parts = t->settings.accumulate;
    const int64_t own = t->n / s->ranks,
                  most = (own < t->batch ? own : t->batch) / s->parts * s->parts;
    if (most >= 2 * s->parts && !clile_options_is_set(t->options, CLILE_OPT_BATCH))
        t->batch = (int32_t)most;
    if (t->batch > t->n / s->ranks && s->ranks > 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "batch is %d on each of %d ranks, but there are only %lld images to "
                            "train on",
                            (int)t->batch, (int)s->ranks, (long long)t->n);
    if (t->batch > t->n)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "clile_trainer_create: batch is %d, but there are only %lld images to train on",
            (int)t->batch, (long long)t->n);
    if (t->batch % s->parts != 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_create: batch is %d, which accumulate=%d does not "
                            "divide into equal parts",
                            (int)t->batch, (int)s->parts);
    s->own = t->batch / s->parts;
    if (s->own < 2 && s->parts > 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_create: batch is %d and accumulate %d: parts of one "
                            "image, but batch normalisation needs at least 2",
                            (int)t->batch, (int)s->parts);
    if (s->own < 2)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "clile_trainer_create: batch is 1, but batch normalisation needs at least 2 images");
    s->rows = s->ranks * s->own;
    s->before = s->rank * s->own;
    s->all = (int64_t)s->parts * s->rows;
    t->settings.batch = t->batch;
    /* An incomplete last batch is dropped; the next epoch draws a new order. */
    t->steps_per_epoch = t->n / s->all;
    return CLILE_OK;
}

/* The epochs that are the default are too few steps for a small set (docs/results.md). A step
 * counts less where it has fewer than 64 images. */
static void lengthen(clile_trainer *t)
{
    enum { ENOUGH_STEPS = 1400, FULL_STEP = 64, MOST_EPOCHS = 100 };
    const int64_t step = t->shares.all < FULL_STEP ? t->shares.all : FULL_STEP;
    const int64_t enough = ENOUGH_STEPS * FULL_STEP / step;
    if (clile_options_is_set(t->options, CLILE_OPT_EPOCHS) ||
        clile_options_is_set(t->options, CLILE_OPT_EPOCHS_STAGE1))
        return;
    const int bce = !t->settings.cl_ile && t->settings.method == NULL;
    const int64_t stages = bce ? 2 : 1; /* its one stage has the epochs of two */
    for (int stage = 1; stage <= 2; ++stage) {
        int32_t *epochs = &t->settings.epochs[stage];
        if (*epochs * t->steps_per_epoch >= stages * enough) continue;
        const int64_t more = (enough + t->steps_per_epoch - 1) / t->steps_per_epoch;
        *epochs = (int32_t)(stages * (more < MOST_EPOCHS ? more : MOST_EPOCHS));
    }
}

/* Sets up all that follows from settings and data: parts, sizes, weights, buffers. */
static clile_status set_up(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    if (t->settings.validation > 0)
        CLILE_I_TRY(hold_out(t, t->data));
    else
        CLILE_I_TRY(clile_i_dataset_retain(t->data, &t->train));
    t->n = clile_dataset_size(t->train);
    t->s = clile_dataset_subject_count(t->train);
    t->c = t->model->c;
    t->d = t->model->d;
    t->size = t->model->size;
    CLILE_I_TRY(share_batch(t));
    lengthen(t);
    CLILE_I_TRY(check_present(t));
    CLILE_I_TRY(check_feedback(t));
    if (t->settings.augment.exchange_shapes > 0)
        CLILE_I_TRY(clile_i_shapes_create(t->train, &t->shapes));
    if (t->shapes != NULL && t->settings.augment.exchange_looks > 0)
        CLILE_I_TRY(clile_i_shapes_add_looks(t->shapes, t->train, t->size));
    t->settings.augment.shapes = t->shapes;
    CLILE_I_TRY(clile_i_trainer_prepare_targets(t));
    CLILE_I_TRY(clile_i_trainer_prepare_faces(t));
    t->data_crc = clile_i_trainer_crc_of_targets(t, crc_of_data(t->train, t->n, t->c));
    t->data_crc = clile_i_trainer_crc_of_faces(t, t->data_crc);
    t->graded = clile_i_trainer_is_graded(t);
    t->data_crc = clile_i_trainer_crc_of_intensity(t, t->data_crc);
    CLILE_I_ALLOC(t->au_weight, t->c);
    CLILE_I_TRY(clile_dataset_copy_au_weights(t->train, t->au_weight));

    const int64_t vectors = (int64_t)t->shares.rows * t->d;
    CLILE_I_ALLOC(t->labels, (int64_t)t->shares.rows * t->c);
    CLILE_I_ALLOC(t->subject, t->shares.rows);
    CLILE_I_ALLOC(t->embedding, vectors);
    CLILE_I_ALLOC(t->id_embedding, vectors);
    CLILE_I_ALLOC(t->diff_embedding, vectors);
    CLILE_I_ALLOC(t->part_embedding, vectors);
    CLILE_I_ALLOC(t->part_vectors, (int64_t)(t->c + 1) * t->d + t->c);
    CLILE_I_TRY(create_rows(t));
    const int64_t au_count = (int64_t)(t->c + t->model->null_anchor) * t->d;
    CLILE_I_ALLOC(t->au_start, au_count);
    memcpy(t->au_start, t->model->au_embedding, (size_t)au_count * sizeof *t->au_start);
    CLILE_I_TRY(clile_i_net_create(clile_i_net_get_config(t->model->encoder), &t->net));
    clile_i_net_copy(t->net, t->model->encoder);
    CLILE_I_TRY(start_method(t));
    if (t->settings.cl_ile) {
        CLILE_I_TRY(clile_i_net_create(clile_i_net_get_config(t->model->encoder), &t->id_net));
        clile_i_net_copy(t->id_net, t->model->encoder);
    }
cleanup:
    return status;
}

clile_status clile_i_trainer_new(clile_model *model, const clile_dataset *data,
                                 const clile_options *options,
                                 const clile_communicator *communicator, clile_trainer **out)
{
    clile_status status = CLILE_OK;
    clile_trainer *t = NULL;
    CLILE_I_ALLOC(t, 1);
    t->shares.ranks = 1;
    if (communicator != NULL) {
        clile_i_struct_get(&t->communicator, sizeof t->communicator, communicator);
        t->shares.rank = communicator->rank;
        t->shares.ranks = communicator->size > 1 ? communicator->size : 1;
    }
    clile_i_model_retain(model);
    model->busy = 1;
    t->model = model;
    CLILE_I_ALLOC(t->statuses, t->shares.ranks + 1);
    CLILE_I_TRY(clile_options_copy(options, &t->options));
    CLILE_I_TRY(clile_i_dataset_retain(data, &t->data));
    CLILE_I_TRY(read_settings(t, t->options));
    CLILE_I_TRY(set_up(t));
    CLILE_I_TRY(clile_i_trainer_make_run(t));
    *out = t;
    t = NULL;
cleanup:
    clile_trainer_destroy(t);
    return status;
}

void clile_i_trainer_exchange(clile_trainer *handle, clile_trainer *other)
{
    const clile_trainer before = *handle;
    const clile_i_history history = other->history;
    *handle = *other;
    *other = before;
    handle->history = before.history;
    other->history = history;
    clile_i_trainer_synchronise(handle); /* norms know where the handle is */
}

clile_status clile_trainer_create(clile_model *model, const clile_dataset *train,
                                  const clile_options *options, clile_trainer **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(train);
    CLILE_I_RETURN_IF(clile_i_model_check_float(model, "clile_trainer_create"));
    if (model->busy)
        return clile_i_fail(CLILE_E_STATE,
                            "clile_trainer_create: another trainer is using the model");
    CLILE_I_RETURN_IF(check_aus(model, train));
    const clile_status status = clile_i_model_check_shape(model, options);
    if (status != CLILE_OK) return clile_i_fail_context(status, "clile_trainer_create");
    CLILE_I_RETURN_IF(clile_i_trainer_new(model, train, options, NULL, out));
    clile_i_trainer_log_data(*out);
    clile_i_trainer_warn_unused(*out);
    return CLILE_OK;
}

void clile_trainer_destroy(clile_trainer *trainer)
{
    clile_trainer *t = trainer;
    if (t == NULL) return;
    clile_i_trainer_end_stage(t);
    clile_i_net_destroy(t->id_net);
    clile_i_net_destroy(t->net);
    clile_i_free(t->ile);
    clile_i_free(t->decision);
    clile_i_free(t->person);
    clile_i_free(t->au_start);
    clile_i_free(t->au_weight);
    clile_i_free(t->labels);
    clile_i_free(t->levels);
    clile_i_free(t->subject);
    free_rows(t);
    clile_i_free(t->embedding);
    clile_i_free(t->id_embedding);
    clile_i_free(t->diff_embedding);
    clile_i_free(t->part_embedding);
    clile_i_free(t->part_vectors);
    clile_i_shapes_destroy(t->shapes);
    clile_i_trainer_free_targets(t);
    clile_i_trainer_free_faces(t);
    clile_i_own_loss_free(t);
    clile_i_history_free(&t->history);
    clile_i_free(t->statuses);
    clile_dataset_destroy(t->data);
    clile_dataset_destroy(t->train);
    clile_dataset_destroy(t->validation);
    clile_options_destroy(t->options);
    if (!t->done[2]) t->model->busy = 0;
    clile_model_destroy(t->model);
    clile_i_free(t);
}

int32_t clile_trainer_needs_stage1(const clile_trainer *trainer)
{
    return trainer ? clile_i_settings_need_stage1(&trainer->settings) : 0;
}

int32_t clile_trainer_next_stage(const clile_trainer *trainer)
{
    const clile_trainer *t = trainer;
    if (t == NULL || t->broken || t->done[2]) return 0;
    const int first =
        !t->done[1] &&
        (t->stage == 1 || (t->stage == 0 && clile_i_settings_need_stage1(&t->settings)));
    return first ? 1 : 2;
}

clile_status clile_trainer_set_validation_every(clile_trainer *trainer, int32_t every)
{
    CLILE_I_CHECK_NOT_NULL(trainer);
    if (every < 0 || every > 1000000)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: every is %d, expected 0 to 1000000 epochs", __func__, (int)every);
    trainer->settings.validation_every = every;
    return CLILE_OK;
}

clile_status clile_trainer_get_state(const clile_trainer *trainer, clile_trainer_state *state)
{
    const clile_trainer *t = trainer;
    CLILE_I_CHECK_NOT_NULL(trainer);
    CLILE_I_CHECK_NOT_NULL(state);
    CLILE_I_RETURN_IF(
        clile_i_struct_check(__func__, state, CLILE_I_STRUCT_LEAST(clile_trainer_state, epochs)));
    const int32_t next = clile_trainer_next_stage(t), shown = next > 0 ? next : t->stage;
    const int64_t step = t->stage == shown ? t->step : 0;
    const clile_trainer_state now = {
        .stage = next,
        .step = step,
        .steps = t->settings.epochs[shown] * t->steps_per_epoch,
        .steps_per_epoch = t->steps_per_epoch,
        .epoch = step > 0 ? (int32_t)((step - 1) / t->steps_per_epoch) + 1 : 0,
        .epochs = t->settings.epochs[shown],
    };
    clile_i_struct_put(state, &now, sizeof now);
    return CLILE_OK;
}

/* ---- the loop ---- */

clile_status clile_i_trainer_enter(clile_trainer *t, clile_i_team *before)
{
    *before = clile_i_team_enter(t->exec ? t->team : t->threads);
    clile_i_log_team(clile_i_trainer_log(t), t->exec ? t->team : t->threads, *before, &t->told);
    if (t->exec == NULL) t->team = before->given;
    if (before->given == t->team) return CLILE_OK;
    return clile_i_fail(
        CLILE_E_STATE,
        "stage %d was begun with %d threads, and OpenMP gives %d here (a parallel region of the "
        "program, or a limit): go on where it was begun, or resume a checkpoint in a new trainer",
        (int)t->stage, (int)t->team, (int)before->given);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static clile_status check_can_run(const clile_trainer *t, int32_t stage)
{
    if (stage != 1 && stage != 2)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_trainer_run: stage is %d, expected 1 or 2", (int)stage);
    if (t->broken)
        return clile_i_fail(CLILE_E_STATE,
                            "clile_trainer_run: an earlier step failed; create a new trainer");
    if (stage == 1 && !t->settings.cl_ile)
        return clile_i_fail(CLILE_E_STATE,
                            "clile_trainer_run: method=%s has no stage 1; run stage 2",
                            t->settings.method != NULL ? t->settings.method->name : "bce");
    if (t->done[stage] || (stage == 1 && (t->done[2] || t->stage == 2)))
        return clile_i_fail(CLILE_E_STATE, "clile_trainer_run: stage %d is already finished",
                            (int)stage);
    if (stage == 2 && !t->done[1] && (clile_i_settings_need_stage1(&t->settings) || t->stage == 1))
        return clile_i_fail(CLILE_E_STATE,
                            "clile_trainer_run: stage 2 needs stage 1 to be finished first");
    return CLILE_OK;
}

typedef struct {
    clile_progress_fn function;
    void *user;
    double started;
    int64_t first_step;
} reporter;

/* Whether to validate on the held-out subjects after this step. */
static int is_validated(const clile_trainer *t, int64_t steps)
{
    const int32_t every = t->settings.validation_every;
    if (t->stage != 2 || t->validation == NULL || every == 0 || t->step % t->steps_per_epoch != 0)
        return 0;
    return t->step == steps || t->step / t->steps_per_epoch % every == 0;
}

/* Computes nothing without a callback and a history. */
static clile_status report(clile_trainer *t, const reporter *r, int64_t steps, double rate,
                           const clile_i_losses *losses)
{
    const double seconds = now() - r->started, done = (double)(t->step - r->first_step);
    const clile_i_epoch *e = &t->epoch;
    const double n = (double)e->steps;
    double f1 = NAN, auc = NAN;
    if (!t->reports) return CLILE_OK;
    if (is_validated(t, steps)) CLILE_I_RETURN_IF(clile_i_trainer_validate(t, &f1, &auc));
    const clile_progress progress = {
        .struct_size = (uint32_t)sizeof progress,
        .stage = t->stage,
        .step = t->step,
        .steps = steps,
        .epoch = (int32_t)((t->step - 1) / t->steps_per_epoch) + 1,
        .epochs = t->settings.epochs[t->stage],
        .loss = losses->total,
        .loss_bce = losses->term[CLILE_I_LOSS_bce],
        .loss_contra = losses->term[CLILE_I_LOSS_contra],
        .loss_elimination = losses->term[CLILE_I_LOSS_elimination],
        .learning_rate = rate,
        .images_per_second = seconds > 0 ? done * (double)t->shares.all / seconds : 0,
        .seconds_left = done > 0 ? seconds / done * (double)(steps - t->step) : 0,
        .epoch_end = t->step % t->steps_per_epoch == 0,
        .validation_f1 = f1,
        .validation_auc = auc,
        .loss_points = losses->term[CLILE_I_LOSS_points],
        .loss_values = losses->term[CLILE_I_LOSS_values],
        .mean_loss = e->total / n,
        .mean_loss_bce = e->term[CLILE_I_LOSS_bce] / n,
        .mean_loss_contra = e->term[CLILE_I_LOSS_contra] / n,
        .mean_loss_elimination = e->term[CLILE_I_LOSS_elimination] / n,
        .mean_loss_points = e->term[CLILE_I_LOSS_points] / n,
        .mean_loss_values = e->term[CLILE_I_LOSS_values] / n,
        .loss_method = losses->term[CLILE_I_LOSS_method],
        .mean_loss_method = e->term[CLILE_I_LOSS_method] / n,
        .epoch_seconds = e->seconds,
        .epoch_images_per_second =
            e->seconds > 0 ? (double)(e->timed * t->shares.all) / e->seconds : 0,
    };
    /* first the file: the function may write a checkpoint */
    if (progress.epoch_end) CLILE_I_RETURN_IF(clile_i_history_end_epoch(t, &progress));
    if (r->function == NULL || r->function(&progress, r->user) == 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_CANCELLED,
                        "training was cancelled in stage %d after step %lld of %lld", (int)t->stage,
                        (long long)t->step, (long long)steps);
}

/* After backward: clip, step, count. */
static clile_status update(clile_trainer *t, double rate)
{
    clile_i_group *const groups[2] = {&t->encoder, &t->vectors};
    const double norm = clile_i_gradient_norm(2, groups);
    double scale = 1;
    if (!clile_i_is_finite(norm))
        return clile_i_fail(CLILE_E_NOT_FINITE, "the gradient is not finite");
    if (t->settings.clip_norm > 0 && norm > t->settings.clip_norm)
        scale = t->settings.clip_norm / norm;
    for (int g = 0; g < 2; ++g)
        clile_i_optimizer_step(&t->settings, groups[g], rate, scale, t->step + 1);
    t->step += 1;
    return CLILE_OK;
}

/* All ranks have the same weights, unless their communicator's sums differ. */
static clile_status check_ranks(const clile_trainer *t)
{
    if (t->shares.ranks == 1) return CLILE_OK;
    const uint32_t crc =
        clile_i_crc32(0, t->encoder.value, (size_t)t->encoder.count * sizeof *t->encoder.value);
    return clile_i_ranks_compare(
        t, clile_i_crc32(crc, t->vectors.value, (size_t)t->vectors.count * sizeof(float)),
        CLILE_E_BACKEND,
        "the weights are no longer those of rank 0: the communicator's sums must have the same "
        "bits on all ranks");
}

static clile_status loop(clile_trainer *t, int64_t steps, const reporter *r)
{
    while (t->step < steps) {
        clile_i_losses losses;
        if (t->step % t->steps_per_epoch == 0) t->epoch = (clile_i_epoch){0};
        const double begun = now();
        const double rate = clile_i_learning_rate(&t->settings, t->step, steps, t->steps_per_epoch);
        clile_status status = clile_i_trainer_step(t, &losses);
        if (status == CLILE_OK) status = update(t, rate);
        if (status == CLILE_OK && t->step % t->steps_per_epoch == 0) status = check_ranks(t);
        if (status != CLILE_OK) {
            t->broken = 1;
            clile_i_fail_context(status, "stage %d, step %lld", (int)t->stage,
                                 (long long)t->step + 1);
            clile_i_log_write(clile_i_trainer_log(t), CLILE_LOG_ERROR, "%s", clile_last_error());
            return status;
        }
        clile_i_epoch_add(&t->epoch, &losses, now() - begun);
        CLILE_I_RETURN_IF(clile_i_ranks_agree(t, report(t, r, steps, rate, &losses)));
    }
    return CLILE_OK;
}

clile_status clile_trainer_run(clile_trainer *trainer, int32_t stage, clile_progress_fn progress,
                               void *user)
{
    clile_trainer *t = trainer;
    clile_status status = CLILE_OK;
    CLILE_I_CHECK_NOT_NULL(trainer);
    CLILE_I_RETURN_IF(check_can_run(t, stage));
    clile_i_team before;
    status = clile_i_trainer_enter(t, &before);
    if (status == CLILE_OK) status = clile_i_history_begin(t);
    const int begins = t->exec == NULL;
    const int32_t stage_before = t->stage;
    if (status == CLILE_OK && begins) status = clile_i_trainer_begin_stage(t, stage);
    status = clile_i_ranks_agree(t, status);
    if (status == CLILE_OK && begins) status = clile_i_trainer_prepare_identity(t);
    if (status != CLILE_OK && begins) {
        t->stage = stage_before;
        clile_i_trainer_end_stage(t);
    }
    if (status != CLILE_OK) goto cleanup;
    t->reports = progress != NULL || clile_i_history_is_wanted(t);
    CLILE_I_TRY(clile_i_ranks_tell(t, sizeof t->reports, &t->reports));
    clile_i_trainer_log_place(t, begins ? "stage begun" : "stage goes on", "");
    const reporter r = {progress, user, now(), t->step};
    status = loop(t, t->settings.epochs[stage] * t->steps_per_epoch, &r);
    clile_i_feed_rest(t->feed); /* between calls the trainer has no thread */
    if (status != CLILE_OK) goto cleanup;
    CLILE_I_TRY(clile_i_ranks_agree(t, clile_i_trainer_finish_stage(t)));
    clile_i_trainer_log_place(t, "stage ended", "");
cleanup:
    clile_i_team_leave(before);
    return status;
}
