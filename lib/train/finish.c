/* The end of a stage: from its last step to its results. */
#include "eval/eval.h"
#include "run/run.h"
#include "train/internal.h"
#include "train/ranks.h"

#include <clile/losses.h>
#include <clile/metrics.h>

#include <string.h>

typedef struct {
    const clile_model *model;
    float *score; /* [n,c] */
} score_sink;

static void take_scores(void *context, int64_t first, int64_t count, const float *embedding)
{
    const score_sink *to = context;
    clile_i_model_score(to->model, count, embedding, to->score + first * to->model->c);
}

clile_status clile_i_trainer_scores(const clile_trainer *t, const clile_model *model,
                                    const clile_i_net *net, const clile_dataset *data, float *score)
{
    clile_status status = CLILE_OK;
    clile_i_encoder encoder = {.batch = t->shares.own,
                               .size = t->size,
                               .d = t->d,
                               .rank = t->shares.rank,
                               .ranks = t->shares.ranks,
                               .standardize = model->standardize};
    memset(score, 0, (size_t)(clile_dataset_size(data) * model->c) * sizeof *score);
    CLILE_I_TRY(
        clile_i_exec_create(net, t->shares.own, t->size, CLILE_I_EXEC_INFER, &encoder.exec));
    CLILE_I_TRY(clile_i_run_dataset(&encoder, data, take_scores, &(score_sink){model, score}));
cleanup:
    clile_i_exec_destroy(encoder.exec);
    return clile_i_ranks_sum(t, status, clile_dataset_size(data) * model->c, score);
}

static clile_status copy_labels(const clile_dataset *data, int8_t **out)
{
    clile_status status = CLILE_OK;
    const int64_t n = clile_dataset_size(data);
    CLILE_I_ALLOC(*out, n * clile_dataset_au_count(data));
    CLILE_I_TRY(clile_dataset_copy_labels(data, 0, n, *out));
cleanup:
    return status;
}

static clile_status copy_floats(int64_t count, const float *src, float **out)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(*out, count);
    memcpy(*out, src, (size_t)count * sizeof **out);
cleanup:
    return status;
}

/* What a finished model has besides its decision, from scores and labels of the training images;
 * NULL: from the checkpoint of a finished run. */
static clile_status fit_rest(const clile_trainer *t, const float *score, const int8_t *labels,
                             clile_model *model)
{
    clile_status status = CLILE_OK;
    const int64_t people = CLILE_I_PERSON_ROWS * (int64_t)t->c,
                  levels = CLILE_I_MODEL_LEVELS * (int64_t)t->c;
    if (score == NULL) {
        CLILE_I_TRY(copy_floats(people, t->person, &model->person));
        return t->graded ? copy_floats(levels, t->levels, &model->levels) : CLILE_OK;
    }
    CLILE_I_ALLOC(model->person, people);
    CLILE_I_TRY(clile_i_trainer_fit_person(t, score, labels, model->person));
    if (!t->graded) return CLILE_OK;
    CLILE_I_ALLOC(model->levels, levels);
    CLILE_I_TRY(clile_i_trainer_fit_levels(t, score, model, model->levels));
cleanup:
    return status;
}

/* Sets the model's AU vectors and decision rule from the heads. The thresholds come from scores of
 * the training images.
 *   calibrated: p = s(a sim + b), the sigmoid of the BCE
 *   threshold:  p = s(k (sim - t)), with t the F1-best threshold on the training images, and k the
 *               slope of the BCE, or of a logistic calibration if there is no BCE
 * last: 1 to fit the rest of the model, too. */
static clile_status decide(const clile_trainer *t, const float *vectors, const clile_i_net *net,
                           clile_model *model, int last)
{
    clile_status status = CLILE_OK;
    float *score = NULL, *slope = NULL, *offset = NULL, *threshold = NULL;
    int8_t *labels = NULL;
    const clile_i_head *h = t->head;
    const float *au = vectors + (h[CLILE_I_HEAD_AU].value - t->flat);
    const int has_scale = h[CLILE_I_HEAD_SCALE].count > 0, has_bce = h[CLILE_I_HEAD_BIAS].count > 0;
    float a = has_scale ? vectors[h[CLILE_I_HEAD_SCALE].value - t->flat] : 1.0f;
    /* if a < 0: negate a and the vectors, for the same logits */
    const float sign = a < 0 ? -1.0f : 1.0f;
    for (int64_t i = 0; i < h[CLILE_I_HEAD_AU].count; ++i) model->au_embedding[i] = sign * au[i];
    a = a == 0 ? 1e-6f : sign * a;
    if (h[CLILE_I_HEAD_NULL].count)
        memcpy(model->au_embedding + h[CLILE_I_HEAD_AU].count,
               vectors + (h[CLILE_I_HEAD_NULL].value - t->flat), (size_t)t->d * sizeof(float));
    CLILE_I_ALLOC(slope, t->c);
    CLILE_I_ALLOC(offset, t->c);
    for (int32_t c = 0; c < t->c; ++c) {
        slope[c] = a;
        offset[c] = has_bce ? vectors[h[CLILE_I_HEAD_BIAS].value - t->flat + c] : 0.0f;
    }
    const int has_rest = t->person != NULL && (t->levels != NULL || !t->graded),
              from_checkpoint = t->decision != NULL && (!last || has_rest);
    if (!from_checkpoint && (last || !t->settings.calibrated)) {
        CLILE_I_ALLOC(score, t->n * t->c);
        CLILE_I_TRY(copy_labels(t->train, &labels));
        CLILE_I_TRY(clile_i_trainer_scores(t, model, net, t->train, score));
    }
    if (t->decision) { /* from a checkpoint */
        memcpy(slope, t->decision, (size_t)t->c * sizeof *slope);
        memcpy(offset, t->decision + t->c, (size_t)t->c * sizeof *offset);
    } else if (!t->settings.calibrated) {
        CLILE_I_ALLOC(threshold, t->c);
        CLILE_I_TRY(clile_metrics_thresholds(t->n, t->c, score, labels, threshold));
        if (!has_bce)
            CLILE_I_TRY(clile_metrics_calibrate(t->n, t->c, score, labels, slope, offset));
        for (int32_t c = 0; c < t->c; ++c) {
            if (!(slope[c] > 1e-6f)) slope[c] = 1e-6f; /* the scores carry no information */
            offset[c] = -slope[c] * threshold[c];
        }
    }
    memcpy(model->slope, slope, (size_t)t->c * sizeof *slope);
    memcpy(model->offset, offset, (size_t)t->c * sizeof *offset);
    if (last) CLILE_I_TRY(fit_rest(t, score, labels, model));
cleanup:
    clile_i_free(score);
    clile_i_free(slope);
    clile_i_free(offset);
    clile_i_free(threshold);
    clile_i_free(labels);
    return status;
}

clile_status clile_i_trainer_plain(const clile_trainer *t, const float *flat, clile_i_net *net)
{
    for (int32_t i = 0; i < clile_i_exec_segment_count(t->exec); ++i) {
        const clile_i_net_tensor *tensor =
            clile_i_net_tensor_at(net, clile_i_exec_segment_at(t->exec, i)->tensor);
        CLILE_I_RETURN_IF(clile_i_exec_to_plain(t->exec, i, flat, tensor->data));
    }
    return CLILE_OK;
}

/* The encoder being trained: its running statistics, and its values or, if there is one, their
 * average. */
static clile_status encoder_values(const clile_trainer *t, clile_i_net *net)
{
    CLILE_I_RETURN_IF(clile_i_exec_store(t->exec, net));
    return t->encoder.average ? clile_i_trainer_plain(t, t->encoder.average, net) : CLILE_OK;
}

static const float *vector_values(const clile_trainer *t)
{
    return t->vectors.average ? t->vectors.average : t->flat;
}

/* A model of the same shape, to hold values that are not final. */
static clile_status scratch_model(const clile_trainer *t, clile_model **out)
{
    clile_status status = CLILE_OK;
    clile_options *options = NULL;
    CLILE_I_TRY(clile_options_create(&options));
    CLILE_I_TRY(clile_i_model_shape(t->model, options));
    CLILE_I_TRY(clile_model_create(options, t->c, t->model->au_ids, out));
cleanup:
    clile_options_destroy(options);
    return status;
}

static clile_status finish_stage1(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    const clile_i_head *head = &t->head[CLILE_I_HEAD_ILE];
    float *ile = NULL;
    CLILE_I_ALLOC(ile, head->count);
    memcpy(ile, vector_values(t) + (head->value - t->flat), (size_t)head->count * sizeof *ile);
    CLILE_I_TRY(encoder_values(t, t->id_net));
    t->ile = ile;
    ile = NULL;
cleanup:
    clile_i_free(ile);
    return status;
}

clile_status clile_i_trainer_options(const clile_trainer *t, clile_options **out)
{
    clile_status status = CLILE_OK;
    clile_options *options = NULL;
    CLILE_I_TRY(clile_options_copy(t->options, &options));
    CLILE_I_TRY(clile_options_set_i64(options, CLILE_OPT_BATCH, t->shares.all));
    CLILE_I_TRY(clile_options_set_i64(options, CLILE_OPT_EPOCHS_STAGE1, t->settings.epochs[1]));
    CLILE_I_TRY(clile_options_set_i64(options, CLILE_OPT_EPOCHS, t->settings.epochs[2]));
    CLILE_I_TRY(clile_i_model_shape(t->model, options));
    *out = options;
    options = NULL;
cleanup:
    clile_options_destroy(options);
    return status;
}

/* Records in the model's metadata what it was trained on. */
static clile_status note_data(const clile_trainer *t, clile_model *scratch)
{
    const clile_model *model = t->model;
    clile_i_origin origin;
    const char *kind = "auto";
    char seed[32];
    clile_i_dataset_origin(t->train, &origin);
    CLILE_I_RETURN_IF(clile_options_get_str(t->options, CLILE_OPT_DATA_KIND, &kind));
    if (strcmp(kind, "auto") == 0) kind = origin.kind;
    for (int32_t i = 0; i < model->metadata_count; ++i)
        CLILE_I_RETURN_IF(
            clile_model_set_metadata(scratch, model->metadata[i].key, model->metadata[i].value));
    scratch->trained = model->trained;
    const clile_i_trained_on on = {origin.layout,    kind,         origin.protocol, origin.fold,
                                   origin.landmarks, origin.boxes, origin.crops};
    CLILE_I_RETURN_IF(clile_i_model_note_training(scratch, &on));
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)t->settings.seed);
    CLILE_I_RETURN_IF(clile_model_set_metadata(scratch, "seed", seed));
    scratch->trained = 1; /* so the card says */
    clile_options *options = NULL;
    clile_status status = clile_i_trainer_options(t, &options);
    if (status == CLILE_OK) status = clile_i_model_note_card(scratch, options);
    clile_options_destroy(options);
    return status;
}

/* Changes the model only after everything has succeeded. */
static clile_status finish_stage2(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    clile_model *scratch = NULL;
    float *decision = NULL, *person = NULL, *levels = NULL;
    CLILE_I_TRY(scratch_model(t, &scratch));
    CLILE_I_TRY(encoder_values(t, scratch->encoder));
    CLILE_I_TRY(decide(t, vector_values(t), scratch->encoder, scratch, 1));
    CLILE_I_TRY(copy_floats(CLILE_I_PERSON_ROWS * (int64_t)t->c, scratch->person, &person));
    if (scratch->levels != NULL)
        CLILE_I_TRY(copy_floats(CLILE_I_MODEL_LEVELS * (int64_t)t->c, scratch->levels, &levels));
    CLILE_I_TRY(clile_i_trainer_keep_points(t, vector_values(t), &scratch->points));
    CLILE_I_ALLOC(decision, 2 * (int64_t)t->c);
    memcpy(decision, scratch->slope, (size_t)t->c * sizeof *decision);
    memcpy(decision + t->c, scratch->offset, (size_t)t->c * sizeof *decision);
    CLILE_I_TRY(note_data(t, scratch));
    clile_i_free(t->decision);
    clile_i_free(t->person);
    clile_i_free(t->levels);
    t->decision = decision;
    t->person = person;
    t->levels = levels;
    decision = person = levels = NULL;
    clile_i_model_swap_metadata(t->model, scratch);
    clile_i_model_swap_encoder(t->model, &scratch->encoder, &scratch->packs);
    t->model->points = scratch->points;
    scratch->points = (clile_i_points){0};
    t->model->person = scratch->person; /* the old ones went with the old encoder */
    t->model->levels = scratch->levels;
    scratch->person = scratch->levels = NULL;
    const size_t au_count = (size_t)(t->c + t->model->null_anchor) * (size_t)t->d;
    memcpy(t->model->au_embedding, scratch->au_embedding, au_count * sizeof(float));
    memcpy(t->model->slope, scratch->slope, (size_t)t->c * sizeof(float));
    memcpy(t->model->offset, scratch->offset, (size_t)t->c * sizeof(float));
    t->model->trained = 1;
    t->model->busy = 0;
cleanup:
    clile_i_free(decision);
    clile_i_free(person);
    clile_i_free(levels);
    clile_model_destroy(scratch);
    return status;
}

clile_status clile_i_trainer_finish_stage(clile_trainer *t)
{
    CLILE_I_RETURN_IF(t->stage == 1 ? finish_stage1(t) : finish_stage2(t));
    t->done[t->stage] = 1;
    if (t->stage == 1) clile_i_trainer_end_stage(t);
    return CLILE_OK;
}

clile_status clile_i_trainer_validate(clile_trainer *t, double *f1, double *auc)
{
    clile_status status = CLILE_OK;
    clile_model *scratch = NULL;
    float *score = NULL;
    int8_t *labels = NULL, *present = NULL;
    double values[CLILE_I_MAX_AUS];
    const int64_t n = clile_dataset_size(t->validation);
    CLILE_I_TRY(scratch_model(t, &scratch));
    CLILE_I_TRY(encoder_values(t, scratch->encoder));
    CLILE_I_TRY(decide(t, vector_values(t), scratch->encoder, scratch, 0));
    CLILE_I_ALLOC(score, n * t->c);
    CLILE_I_ALLOC(present, n * t->c);
    CLILE_I_TRY(copy_labels(t->validation, &labels));
    CLILE_I_TRY(clile_i_trainer_scores(t, scratch, scratch->encoder, t->validation, score));
    clile_i_model_decide(scratch, n, score, NULL, present);
    CLILE_I_TRY(clile_metrics_f1(n, t->c, present, labels, values, NULL));
    *f1 = clile_i_mean_of_known(t->c, values);
    CLILE_I_TRY(clile_metrics_auc(n, t->c, score, labels, values));
    *auc = clile_i_mean_of_known(t->c, values);
cleanup:
    clile_model_destroy(scratch);
    clile_i_free(score);
    clile_i_free(labels);
    clile_i_free(present);
    return status;
}
