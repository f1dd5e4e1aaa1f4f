/* Checkpoints: everything a run depends on, as safetensors (docs/model-format.md).
 *   net.*               E_G: in stage 2, its current values; before, those stage 2 starts from
 *   id.*                E_ID likewise (method=cl-ile)
 *   start.au            the AU vectors before training;  stage1.ile: AU^Sub once stage 1
 *                       is finished
 *   head.NAME           vectors of the running stage, with head.NAME.m, .v and .average
 *   m.*, v.*, average.* moments and average of the encoder being trained
 *   decision.slope, decision.offset: [c] each, once stage 2 is finished; person and
 *                       intensity: with them
 * All arrays are plain row-major: a checkpoint does not depend on the layouts that oneDNN chose. */
#include "train/internal.h"
#include "train/ranks.h"

#include <math.h>
#include <string.h>

static const char format_name[] = "clile-checkpoint", user_prefix[] = "user.";
enum { FORMAT_VERSION = 1 };

/* ---- save ---- */

/* Plain copies that live until the file is written. */
typedef struct {
    clile_i_net *current, *m, *v, *average;
} plain_nets;

static void free_plain(plain_nets *p)
{
    clile_i_net_destroy(p->current);
    clile_i_net_destroy(p->m);
    clile_i_net_destroy(p->v);
    clile_i_net_destroy(p->average);
}

static clile_status put_flat(const clile_trainer *t, clile_i_st_writer *writer, const char *prefix,
                             const float *flat, clile_i_net **net)
{
    if (flat == NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_net_create(clile_i_net_get_config(t->net), net));
    CLILE_I_RETURN_IF(clile_i_trainer_plain(t, flat, *net));
    return clile_i_net_put(writer, prefix, *net);
}

static clile_status put_encoders(const clile_trainer *t, clile_i_st_writer *writer,
                                 plain_nets *plain)
{
    const clile_i_net *net = t->net, *id_net = t->id_net;
    if (t->exec) {
        CLILE_I_RETURN_IF(clile_i_net_create(clile_i_net_get_config(t->net), &plain->current));
        CLILE_I_RETURN_IF(clile_i_exec_store(t->exec, plain->current));
        if (t->stage == 1)
            id_net = plain->current;
        else
            net = plain->current;
        CLILE_I_RETURN_IF(put_flat(t, writer, "m.", t->encoder.m, &plain->m));
        CLILE_I_RETURN_IF(put_flat(t, writer, "v.", t->encoder.v, &plain->v));
        CLILE_I_RETURN_IF(put_flat(t, writer, "average.", t->encoder.average, &plain->average));
    }
    CLILE_I_RETURN_IF(clile_i_net_put(writer, "net.", net));
    if (id_net) CLILE_I_RETURN_IF(clile_i_net_put(writer, "id.", id_net));
    return CLILE_OK;
}

/* The four arrays of a head: value, m, v and average (NULL if absent), in the order of their name
 * suffixes. */
static void head_arrays(const clile_trainer *t, const clile_i_head *h, float *arrays[4])
{
    const int64_t offset = h->value - t->flat;
    arrays[0] = h->value;
    arrays[1] = t->vectors.m + offset;
    arrays[2] = t->vectors.v ? t->vectors.v + offset : NULL;
    arrays[3] = t->vectors.average ? t->vectors.average + offset : NULL;
}
static const char *const head_suffix[4] = {"", ".m", ".v", ".average"};

/* Called with every array of every head of the running stage, and its name in the file. */
typedef clile_status (*visit_head)(void *file, const char *name, const clile_i_head *h,
                                   float *values);
static clile_status each_head(const clile_trainer *t, visit_head visit, void *file)
{
    char name[64];
    float *arrays[4];
    for (int32_t i = 0; i < CLILE_I_HEAD_COUNT; ++i) {
        const clile_i_head *h = &t->head[i];
        if (h->count == 0) continue;
        head_arrays(t, h, arrays);
        for (int k = 0; k < 4; ++k) {
            if (arrays[k] == NULL) continue;
            snprintf(name, sizeof name, "head.%s%s", h->name, head_suffix[k]);
            CLILE_I_RETURN_IF(visit(file, name, h, arrays[k]));
        }
    }
    return CLILE_OK;
}

static clile_status put_head(void *file, const char *name, const clile_i_head *h, float *values)
{
    return clile_i_st_writer_add(file, name, CLILE_I_ST_F32, h->ndim, h->shape, values);
}

static clile_status get_head(void *file, const char *name, const clile_i_head *h, float *values)
{
    CLILE_I_RETURN_IF(clile_i_st_copy(file, name, CLILE_I_ST_F32, h->ndim, h->shape, values));
    return clile_i_check_finite(clile_i_st_path(file), name, h->count, values);
}

static clile_status put_options(const clile_trainer *t, clile_i_st_writer *writer)
{
    clile_status status = CLILE_OK;
    clile_options *options = NULL;
    clile_i_text text = {0};
    CLILE_I_TRY(clile_i_trainer_options(t, &options));
    CLILE_I_TRY(clile_i_options_to_text(options, &text));
    CLILE_I_TRY(clile_i_st_writer_metadata(writer, "options", text.data));
cleanup:
    clile_i_text_free(&text);
    clile_options_destroy(options);
    return status;
}

static clile_status au_ids_text(const clile_model *model, clile_i_text *out)
{
    for (int32_t i = 0; i < model->c; ++i)
        clile_i_text_append(out, "%s%d", i ? "," : "", (int)model->au_ids[i]);
    return out->status;
}

/* The AUs, and the model's metadata from before training. */
static clile_status put_model_metadata(const clile_trainer *t, clile_i_st_writer *writer)
{
    clile_status status = CLILE_OK;
    clile_i_text text = {0};
    CLILE_I_TRY(au_ids_text(t->model, &text));
    CLILE_I_TRY(clile_i_st_writer_metadata(writer, "au_ids", text.data));
    for (int32_t i = 0; i < t->model->metadata_count; ++i) {
        clile_i_text_free(&text);
        clile_i_text_append(&text, "%s%s", user_prefix, t->model->metadata[i].key);
        CLILE_I_TRY(text.status);
        CLILE_I_TRY(clile_i_st_writer_metadata(writer, text.data, t->model->metadata[i].value));
    }
cleanup:
    clile_i_text_free(&text);
    return status;
}

static clile_status put_margins(const clile_trainer *t, clile_i_st_writer *writer)
{
    clile_i_text text = {0};
    clile_i_dataset_margins(t->data, t->size, &text);
    clile_status status = text.status;
    if (status == CLILE_OK) status = clile_i_st_writer_metadata(writer, "crop_margin", text.data);
    clile_i_text_free(&text);
    return status;
}

/* Which run this is and, in the middle of an epoch, the sums for its line of the history. */
static clile_status put_epoch(const clile_trainer *t, clile_i_st_writer *writer)
{
    const clile_i_epoch *e = &t->epoch;
    char run[16];
    clile_i_text sums = {0};
    snprintf(run, sizeof run, "%08lx", (unsigned long)t->run);
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "run", run));
    if (t->exec == NULL || t->step % t->steps_per_epoch == 0) return CLILE_OK;
    clile_i_text_append(&sums, "%lld %.17g", (long long)e->steps, e->total);
    for (int i = 0; i < CLILE_I_LOSS_COUNT; ++i) clile_i_text_append(&sums, " %.17g", e->term[i]);
    clile_status status = sums.status;
    if (status == CLILE_OK) status = clile_i_st_writer_metadata(writer, "epoch_losses", sums.data);
    clile_i_text_free(&sums);
    return status;
}

static clile_status put_state(const clile_trainer *t, clile_i_st_writer *writer)
{
    char number[32];
    const struct {
        const char *key;
        int64_t value;
    } table[] = {{"format_version", FORMAT_VERSION},
                 {"stage", t->stage},
                 {"step", t->step},
                 {"stage1_done", t->done[1]},
                 {"running", t->exec != NULL},
                 {"images", t->n},
                 {"subjects", t->s},
                 {"data_crc32", (int64_t)t->data_crc}};
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "format", format_name));
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "library", clile_version()));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        snprintf(number, sizeof number, "%lld", (long long)table[i].value);
        CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, table[i].key, number));
    }
    CLILE_I_RETURN_IF(put_epoch(t, writer));
    clile_i_origin origin;
    clile_i_dataset_origin(t->data, &origin);
    snprintf(number, sizeof number, "%d", (int)origin.fold);
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "protocol", origin.protocol));
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "fold", number));
    CLILE_I_RETURN_IF(put_margins(t, writer));
    if (t->targets.p > 0 || t->targets.v > 0) {
        snprintf(number, sizeof number, "%d,%d", (int)t->targets.p, (int)t->targets.v);
        CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "targets", number));
    }
    if (t->own.fn != NULL)
        CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "own_loss", clile_i_own_loss_name(t)));
    CLILE_I_RETURN_IF(put_options(t, writer));
    return put_model_metadata(t, writer);
}

clile_status clile_trainer_save(const clile_trainer *trainer, const char *path)
{
    clile_status status = CLILE_OK;
    clile_i_st_writer *writer = NULL;
    plain_nets plain = {NULL, NULL, NULL, NULL};
    const clile_trainer *t = trainer;
    CLILE_I_CHECK_NOT_NULL(trainer);
    CLILE_I_CHECK_NOT_NULL(path);
    if (t->broken)
        return clile_i_fail(
            CLILE_E_STATE,
            "clile_trainer_save: an earlier step failed; there is nothing to go on from");
    if (t->shares.rank > 0) return CLILE_OK; /* rank 0 writes */
    const int64_t au_shape[2] = {t->c + t->model->null_anchor, t->d},
                  ile_shape[3] = {t->s, t->c, t->d};
    const int64_t c = t->c;
    CLILE_I_TRY(clile_i_st_writer_create(&writer));
    CLILE_I_TRY(put_state(t, writer));
    CLILE_I_TRY(put_encoders(t, writer, &plain));
    CLILE_I_TRY(each_head(t, put_head, writer));
    CLILE_I_TRY(
        clile_i_st_writer_add(writer, "start.au", CLILE_I_ST_F32, 2, au_shape, t->au_start));
    if (t->ile)
        CLILE_I_TRY(
            clile_i_st_writer_add(writer, "stage1.ile", CLILE_I_ST_F32, 3, ile_shape, t->ile));
    if (t->decision) {
        CLILE_I_TRY(
            clile_i_st_writer_add(writer, "decision.slope", CLILE_I_ST_F32, 1, &c, t->decision));
        CLILE_I_TRY(clile_i_st_writer_add(writer, "decision.offset", CLILE_I_ST_F32, 1, &c,
                                          t->decision + c));
        CLILE_I_TRY(clile_i_person_put(writer, t->c, t->person));
        CLILE_I_TRY(clile_i_levels_put(writer, t->c, t->levels));
    }
    CLILE_I_TRY(clile_i_st_writer_write(writer, path));
    clile_i_trainer_log_place(t, "checkpoint written", path);
cleanup:
    clile_i_st_writer_destroy(writer);
    free_plain(&plain);
    return status;
}

/* ---- resume ---- */

static clile_status check_format(const clile_i_st *st)
{
    int64_t version;
    const char *format = clile_i_st_metadata(st, "format");
    if (format == NULL || strcmp(format, format_name) != 0)
        return clile_i_fail(
            CLILE_E_FORMAT,
            "%s: not a libclile checkpoint: metadata \"format\" is \"%.40s\", expected \"%s\"",
            clile_i_st_path(st), format ? format : "(absent)", format_name);
    CLILE_I_RETURN_IF(clile_i_st_need_integer(st, "format_version", 0, INT64_MAX, &version));
    if (version < 1)
        return clile_i_fail(CLILE_E_FORMAT, "%s: there is no checkpoint format 0",
                            clile_i_st_path(st));
    if (version > FORMAT_VERSION)
        return clile_i_fail(
            CLILE_E_UNSUPPORTED, "%s: checkpoint format %lld, this libclile (%s) reads up to %d",
            clile_i_st_path(st), (long long)version, clile_version(), (int)FORMAT_VERSION);
    return CLILE_OK;
}

/* Reads the options of the file. Early files lack the AUs and the true shape of the model, so these
 * are not compared; those without a stem are of torchvision's, those without exchange_shapes or
 * exchange_looks knew none, and those without standardize have none. */
static clile_status get_options(const clile_i_st *st, const clile_model *model, clile_options **out)
{
    const char *text = NULL;
    CLILE_I_RETURN_IF(clile_i_st_need_text(st, "options", &text));
    clile_status status = clile_i_options_from_text(text, out);
    if (status == CLILE_OK && !clile_options_is_set(*out, CLILE_OPT_STEM))
        status = clile_options_set(*out, CLILE_OPT_STEM, clile_i_stem_name(CLILE_I_STEM_IMAGENET));
    if (status == CLILE_OK && !clile_options_is_set(*out, CLILE_OPT_EXCHANGE_SHAPES))
        status = clile_options_set(*out, CLILE_OPT_EXCHANGE_SHAPES, "0");
    if (status == CLILE_OK && !clile_options_is_set(*out, CLILE_OPT_EXCHANGE_LOOKS))
        status = clile_options_set(*out, CLILE_OPT_EXCHANGE_LOOKS, "0");
    const int no_standardize =
        status == CLILE_OK && !clile_options_is_set(*out, CLILE_OPT_STANDARDIZE);
    if (status == CLILE_OK && clile_i_st_metadata(st, "au_ids") == NULL)
        status = clile_i_model_shape(model, *out);
    if (status == CLILE_OK && no_standardize)
        status = clile_options_set_i64(*out, CLILE_OPT_STANDARDIZE, 0);
    if (status == CLILE_OK) return CLILE_OK;
    return clile_i_fail_context(status == CLILE_E_OUT_OF_MEMORY ? status : CLILE_E_FORMAT, "%s",
                                clile_i_st_path(st));
}

/* Between the batch of a rank and that of all ranks, which is what a checkpoint has. */
static clile_status share_batch(const clile_i_st *st, const clile_trainer *t,
                                clile_options *options)
{
    const int32_t ranks = t->shares.ranks;
    int64_t batch = 0;
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_BATCH, &batch));
    if (batch % ranks != 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: option batch is %lld in the checkpoint, over all ranks, which %d "
                            "ranks cannot share equally",
                            clile_i_st_path(st), (long long)batch, (int)ranks);
    return clile_options_set_i64(options, CLILE_OPT_BATCH, batch / ranks);
}

/* The options to continue with: the stored ones, except for the options that may change, which come
 * from `t`. Options for the model's shape are compared with the model itself. */
static clile_status choose_options(const clile_i_st *st, const clile_trainer *t,
                                   const clile_options *stored, clile_options **out)
{
    clile_status status = CLILE_OK;
    clile_options *here = NULL;
    CLILE_I_TRY(clile_options_copy(t->options, &here));
    CLILE_I_TRY(clile_i_model_shape(t->model, here));
    if (clile_options_is_set(here, CLILE_OPT_BATCH))
        CLILE_I_TRY(clile_options_set_i64(here, CLILE_OPT_BATCH, t->shares.all));
    status = clile_i_options_resume(here, stored, out);
    if (status != CLILE_OK) clile_i_fail_context(status, "%s", clile_i_st_path(st));
    if (status == CLILE_OK) status = share_batch(st, t, *out);
cleanup:
    clile_options_destroy(here);
    return status;
}

static clile_status check_aus(const clile_i_st *st, const clile_model *model)
{
    clile_i_text text = {0};
    const char *stored = clile_i_st_metadata(st, "au_ids");
    clile_status status = au_ids_text(model, &text);
    if (status == CLILE_OK && stored && strcmp(stored, text.data) != 0)
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "%s: made for AUs %.200s, but the model here has %s",
                              clile_i_st_path(st), stored, text.data);
    clile_i_text_free(&text);
    return status;
}

/* Restores metadata the model had, unless it now has an entry of that name. */
static clile_status get_model_metadata(const clile_i_st *st, clile_model *model)
{
    const size_t prefix = sizeof user_prefix - 1;
    for (int64_t i = 0; i < clile_i_st_metadata_count(st); ++i) {
        const char *key, *value;
        clile_i_st_metadata_at(st, i, &key, &value);
        if (strncmp(key, user_prefix, prefix) != 0 || clile_model_get_metadata(model, key + prefix))
            continue;
        const clile_status status = clile_model_set_metadata(model, key + prefix, value);
        if (status != CLILE_OK)
            return clile_i_fail_context(status == CLILE_E_OUT_OF_MEMORY ? status : CLILE_E_FORMAT,
                                        "%s", clile_i_st_path(st));
    }
    return CLILE_OK;
}

/* Augmented crops see as much around the face as before. Early files do not say how much. */
static clile_status check_margins(const clile_i_st *st, const clile_trainer *t)
{
    clile_i_text here = {0};
    const char *there = clile_i_st_metadata(st, "crop_margin");
    clile_i_dataset_margins(t->data, t->size, &here);
    clile_status status = here.status;
    if (status == CLILE_OK && there != NULL && strcmp(there, here.data) != 0)
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "%s: made on crops with a margin of %.80s pixels, but the data set "
                              "here keeps %s: set crop_margin as it was",
                              clile_i_st_path(st), there, here.data);
    clile_i_text_free(&here);
    return status;
}

/* How many points and values are learned, as "7,3"; absent: none. */
static clile_status check_targets(const clile_i_st *st, const clile_trainer *t)
{
    char here[32];
    const char *there = clile_i_st_metadata(st, "targets");
    if (there == NULL) there = "0,0";
    snprintf(here, sizeof here, "%d,%d", (int)t->targets.p, (int)t->targets.v);
    if (strcmp(here, there) == 0) return CLILE_OK;
    const int points = (int)strcspn(there, ",");
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "%s: made with targets of %.*s points and %.20s values, but the data set "
                        "here gives %d and %d (option targets)",
                        clile_i_st_path(st), points < 20 ? points : 20, there,
                        there + points + (there[points] != '\0'), (int)t->targets.p,
                        (int)t->targets.v);
}

static clile_status check_data(const clile_i_st *st, const clile_trainer *t)
{
    int64_t images, subjects, crc;
    clile_i_origin here;
    char fold[32];
    const char *protocol = clile_i_st_metadata(st, "protocol"),
               *stored_fold = clile_i_st_metadata(st, "fold");
    clile_i_dataset_origin(t->data, &here);
    snprintf(fold, sizeof fold, "%d", (int)here.fold);
    if (protocol && stored_fold &&
        (strcmp(protocol, here.protocol) != 0 || strcmp(stored_fold, fold) != 0))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: made on protocol %.200s, fold %.20s, but the data set here is of "
                            "protocol %.200s, fold %s",
                            clile_i_st_path(st), protocol, stored_fold, here.protocol, fold);
    CLILE_I_RETURN_IF(clile_i_st_need_integer(st, "images", 0, INT64_MAX, &images));
    CLILE_I_RETURN_IF(clile_i_st_need_integer(st, "subjects", 0, INT64_MAX, &subjects));
    CLILE_I_RETURN_IF(clile_i_st_need_integer(st, "data_crc32", 0, INT64_MAX, &crc));
    CLILE_I_RETURN_IF(check_targets(st, t));
    if (images != t->n || subjects != t->s || crc != (int64_t)t->data_crc)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "%s: made on %lld images of %lld subjects (labels and targets CRC %08llx), but "
            "the data set here has %lld of %d (%08lx)",
            clile_i_st_path(st), (long long)images, (long long)subjects, (unsigned long long)crc,
            (long long)t->n, (int)t->s, (unsigned long)t->data_crc);
    return check_margins(st, t);
}

static clile_status get_flat(const clile_i_st *st, clile_trainer *t, const char *prefix,
                             clile_i_net *scratch, float *flat)
{
    if (flat == NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_net_get(st, prefix, scratch));
    for (int32_t i = 0; i < clile_i_exec_segment_count(t->exec); ++i) {
        const int32_t tensor = clile_i_exec_segment_at(t->exec, i)->tensor;
        CLILE_I_RETURN_IF(clile_i_exec_from_plain(
            t->exec, i, clile_i_net_tensor_at(scratch, tensor)->data, flat));
    }
    return CLILE_OK;
}

/* Restores the state within a running stage. */
static clile_status get_running(const clile_i_st *st, clile_trainer *t, int32_t stage, int64_t step)
{
    clile_status status = CLILE_OK;
    clile_i_net *scratch = NULL;
    clile_i_team before;
    CLILE_I_TRY(clile_i_trainer_enter(t, &before));
    CLILE_I_TRY(clile_i_net_create(clile_i_net_get_config(t->net), &scratch));
    CLILE_I_TRY(clile_i_trainer_begin_stage(t, stage));
    CLILE_I_TRY(clile_i_net_get(st, stage == 1 ? "id." : "net.", scratch));
    CLILE_I_TRY(clile_i_exec_load(t->exec, scratch));
    CLILE_I_TRY(get_flat(st, t, "m.", scratch, t->encoder.m));
    CLILE_I_TRY(get_flat(st, t, "v.", scratch, t->encoder.v));
    CLILE_I_TRY(get_flat(st, t, "average.", scratch, t->encoder.average));
    CLILE_I_TRY(each_head(t, get_head, (void *)(uintptr_t)st));
    t->step = step;
cleanup:
    clile_i_team_leave(before);
    clile_i_net_destroy(scratch);
    return status;
}

/* Whether training with the options of `t` can ever reach this point. */
static int is_possible(const clile_trainer *t, int64_t stage, int64_t step, int64_t done,
                       int64_t running)
{
    if (stage > 2 || done > 1 || running > 1) return 0;
    if (!t->settings.cl_ile && (stage == 1 || done)) return 0; /* it has no stage 1 */
    if (!running) return 1;
    if (stage == 1 && done) return 0;
    if (stage == 2 && !done && clile_i_settings_need_stage1(&t->settings)) return 0;
    return stage >= 1 && step <= t->settings.epochs[stage] * t->steps_per_epoch;
}

/* The number of epochs still to come may change. Completed epochs stay, and so does a finished
 * stage 1. */
static clile_status check_epochs(const clile_i_st *st, const clile_trainer *t,
                                 const clile_options *stored, int64_t stage, int64_t step,
                                 int64_t done, int64_t running)
{
    static const char *const keys[] = {NULL, CLILE_OPT_EPOCHS_STAGE1, CLILE_OPT_EPOCHS};
    int64_t before[3] = {0, 0, 0};
    for (int s = 1; s <= 2; ++s) {
        CLILE_I_RETURN_IF(clile_options_get_i64(stored, keys[s], &before[s]));
        const int64_t now = t->settings.epochs[s];
        if (now == before[s]) continue;
        if (s == 1 && done)
            return clile_i_fail(
                CLILE_E_INVALID_ARGUMENT,
                "%s: option %s is %lld in the checkpoint, where stage 1 is finished, and %lld here",
                clile_i_st_path(st), keys[s], (long long)before[s], (long long)now);
        const int64_t most = before[s] * t->steps_per_epoch;
        if (running && s == stage && step > now * t->steps_per_epoch && step <= most)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: option %s is %lld here, but step %lld of %lld is done in the "
                                "checkpoint: expected at least %lld epochs",
                                clile_i_st_path(st), keys[s], (long long)now, (long long)step,
                                (long long)most,
                                (long long)((step + t->steps_per_epoch - 1) / t->steps_per_epoch));
    }
    return CLILE_OK;
}

/* For a finished run, unless there are more epochs now. The decision rule would need a pass over
 * all images, so it comes from the file. The rest of the model follows from the running state. */
static clile_status get_decision(const clile_i_st *st, clile_trainer *t, int64_t stage,
                                 int64_t step, int64_t running)
{
    static const char *const names[] = {"decision.slope", "decision.offset"};
    const int64_t c = t->c;
    if (clile_i_st_find(st, names[0]) == NULL) return CLILE_OK;
    if (!running || stage != 2 || step != t->settings.epochs[2] * t->steps_per_epoch)
        return CLILE_OK;
    t->decision = clile_i_calloc(2 * c, sizeof *t->decision);
    if (t->decision == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int k = 0; k < 2; ++k) {
        CLILE_I_RETURN_IF(
            clile_i_st_copy(st, names[k], CLILE_I_ST_F32, 1, &c, t->decision + k * c));
        CLILE_I_RETURN_IF(
            clile_i_check_finite(clile_i_st_path(st), names[k], c, t->decision + k * c));
    }
    for (int64_t i = 0; i < c; ++i)
        if (!(t->decision[i] > 0))
            return clile_i_fail(
                CLILE_E_FORMAT, "%s: tensor %s, value %lld is %g, expected a number > 0",
                clile_i_st_path(st), names[0], (long long)i, (double)t->decision[i]);
    CLILE_I_RETURN_IF(clile_i_person_get(st, t->c, &t->person));
    return clile_i_levels_get(st, t->c, &t->levels);
}

static clile_status restore(const clile_i_st *st, clile_trainer *t, const clile_options *stored)
{
    int64_t stage, step, done, running;
    const int64_t au_shape[2] = {t->c + t->model->null_anchor, t->d},
                  ile_shape[3] = {t->s, t->c, t->d};
    CLILE_I_RETURN_IF(clile_i_st_need_integer(st, "stage", 0, INT64_MAX, &stage));
    CLILE_I_RETURN_IF(clile_i_st_need_integer(st, "step", 0, INT64_MAX, &step));
    CLILE_I_RETURN_IF(clile_i_st_need_integer(st, "stage1_done", 0, INT64_MAX, &done));
    CLILE_I_RETURN_IF(clile_i_st_need_integer(st, "running", 0, INT64_MAX, &running));
    CLILE_I_RETURN_IF(check_epochs(st, t, stored, stage, step, done, running));
    if (!is_possible(t, stage, step, done, running))
        return clile_i_fail(
            CLILE_E_FORMAT, "%s: stage %lld, step %lld%s do not fit the options in the file",
            clile_i_st_path(st), (long long)stage, (long long)step, done ? " after stage 1" : "");
    CLILE_I_RETURN_IF(clile_i_st_copy(st, "start.au", CLILE_I_ST_F32, 2, au_shape, t->au_start));
    CLILE_I_RETURN_IF(clile_i_check_finite(clile_i_st_path(st), "start.au",
                                           au_shape[0] * au_shape[1], t->au_start));
    CLILE_I_RETURN_IF(clile_i_net_get(st, "net.", t->net));
    if (t->id_net) CLILE_I_RETURN_IF(clile_i_net_get(st, "id.", t->id_net));
    if (done && t->settings.cl_ile) {
        t->ile = clile_i_calloc((int64_t)t->s * t->c * t->d, sizeof *t->ile);
        if (t->ile == NULL) return CLILE_E_OUT_OF_MEMORY;
        CLILE_I_RETURN_IF(clile_i_st_copy(st, "stage1.ile", CLILE_I_ST_F32, 3, ile_shape, t->ile));
        CLILE_I_RETURN_IF(clile_i_check_finite(clile_i_st_path(st), "stage1.ile",
                                               (int64_t)t->s * t->c * t->d, t->ile));
    }
    t->done[1] = (int32_t)done;
    t->stage = (int32_t)stage;
    CLILE_I_RETURN_IF(get_decision(st, t, stage, step, running));
    return running ? get_running(st, t, (int32_t)stage, step) : CLILE_OK;
}

/* The file records that the caller had a loss of their own. It cannot hold the function. */
static clile_status check_own_loss(const clile_i_st *st, const clile_trainer *t)
{
    const char *there = clile_i_st_metadata(st, "own_loss"), *here = clile_i_own_loss_name(t);
    if (there == NULL) there = "none";
    if (strcmp(there, here) == 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "%s: loss of the caller's own (clile_trainer_set_loss): \"%.20s\" in the "
                        "checkpoint, \"%s\" here",
                        clile_i_st_path(st), there, here);
}

static int next_real(const char **at, double *out)
{
    const char *end = *at + strcspn(*at, " ");
    if (!clile_i_parse_f64(*at, end, out)) return 0;
    *at = end + (*end == ' ');
    return 1;
}

/* Early files have neither: their history begins with the next step. */
static clile_status get_epoch(const clile_i_st *st, clile_trainer *t)
{
    const char *run = clile_i_st_metadata(st, "run"),
               *sums = clile_i_st_metadata(st, "epoch_losses");
    static const char digits[] = "0123456789abcdef";
    if (run != NULL) {
        if (strlen(run) != 8 || strspn(run, digits) != 8)
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: metadata \"run\" is \"%.40s\", expected 8 hexadecimal digits",
                                clile_i_st_path(st), run);
        t->run = 0;
        for (int i = 0; i < 8; ++i)
            t->run = t->run << 4 | (uint32_t)(strchr(digits, run[i]) - digits);
    }
    if (sums == NULL) return CLILE_OK;
    const char *at = sums;
    double steps;
    int fine = next_real(&at, &steps) && next_real(&at, &t->epoch.total);
    for (int i = 0; i < CLILE_I_LOSS_COUNT && fine; ++i) fine = next_real(&at, &t->epoch.term[i]);
    const double most = (double)(t->step % t->steps_per_epoch);
    if (!fine || *at != '\0' || !(steps >= 0 && steps <= most) || steps != floor(steps))
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: metadata \"epoch_losses\" is \"%.80s\", expected at most %g steps "
                            "and %d sums of losses",
                            clile_i_st_path(st), sums, most, CLILE_I_LOSS_COUNT + 1);
    t->epoch.steps = (int64_t)steps;
    return CLILE_OK;
}

static clile_status prepare_identity(clile_trainer *t)
{
    clile_i_team before;
    clile_status status = clile_i_trainer_enter(t, &before);
    status = clile_i_ranks_agree(t, status);
    if (status == CLILE_OK) status = clile_i_trainer_prepare_identity(t);
    clile_i_team_leave(before);
    return status;
}

/* A trainer with the state of a file. */
static clile_status read_checkpoint(const clile_trainer *trainer, const char *path,
                                    clile_trainer **out)
{
    clile_status status = CLILE_OK;
    clile_i_st *st = NULL;
    clile_options *stored = NULL, *options = NULL;
    clile_trainer *restored = NULL;
    CLILE_I_TRY(clile_i_st_open(path, &st));
    CLILE_I_TRY(check_format(st));
    CLILE_I_TRY(get_options(st, trainer->model, &stored));
    CLILE_I_TRY(choose_options(st, trainer, stored, &options));
    CLILE_I_TRY(check_aus(st, trainer->model));
    CLILE_I_TRY(clile_i_trainer_new(trainer->model, trainer->data, options,
                                    trainer->shares.ranks > 1 ? &trainer->communicator : NULL,
                                    &restored));
    /* the option may have changed */
    restored->settings.validation_every = trainer->settings.validation_every;
    CLILE_I_TRY(check_data(st, restored));
    CLILE_I_TRY(check_own_loss(st, trainer));
    CLILE_I_TRY(
        clile_i_own_loss_set(restored, trainer->own.mode, trainer->own.fn, trainer->own.user));
    CLILE_I_TRY(restore(st, restored, stored));
    CLILE_I_TRY(get_epoch(st, restored));
    CLILE_I_TRY(get_model_metadata(st, restored->model));
    *out = restored;
    restored = NULL;
cleanup:
    clile_trainer_destroy(restored);
    clile_options_destroy(options);
    clile_options_destroy(stored);
    clile_i_st_close(st);
    return status;
}

/* Whether all ranks have read the same. */
static clile_status check_same(const clile_trainer *t)
{
    const uint32_t place = (uint32_t)t->step * 4 + (uint32_t)t->stage;
    return clile_i_ranks_compare(t, t->run ^ place, CLILE_E_INVALID_ARGUMENT,
                                 "clile_trainer_resume: another checkpoint than on rank 0");
}

clile_status clile_trainer_resume(clile_trainer *trainer, const char *path)
{
    clile_status status = CLILE_OK;
    clile_trainer *restored = NULL;
    CLILE_I_CHECK_NOT_NULL(trainer);
    CLILE_I_CHECK_NOT_NULL(path);
    if (trainer->stage != 0 || trainer->broken)
        return clile_i_fail(CLILE_E_STATE,
                            "clile_trainer_resume: this trainer has run already; create a new one");
    CLILE_I_TRY(clile_i_ranks_agree(trainer, read_checkpoint(trainer, path, &restored)));
    CLILE_I_TRY(check_same(restored));
    if (restored->exec != NULL) CLILE_I_TRY(prepare_identity(restored));
    if (restored->decision)
        CLILE_I_TRY(clile_i_ranks_agree(restored, clile_i_trainer_finish_stage(restored)));
    clile_i_trainer_exchange(trainer, restored);
    clile_i_trainer_log_place(trainer, "resumed", path);
    clile_i_trainer_log_data(trainer);
cleanup:
    clile_trainer_destroy(restored); /* frees the model for others */
    trainer->model->busy = !trainer->done[2];
    return status;
}
