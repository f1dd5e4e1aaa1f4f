/* Checkpoints: everything a run depends on, as safetensors (docs/model-format.md).
 *   net.*               E_G: as it stands in stage 2, before that the values it starts from
 *   id.*                E_ID likewise (method=cl-ile)
 *   start.au            the AU vectors of before training;  stage1.ile: AU^Sub once stage 1 is finished
 *   head.NAME           vectors of the running stage, with head.NAME.m, .v and .average
 *   m.*, v.*, average.* moments and average of the encoder that is being trained
 * Everything is plain row-major, so that a checkpoint does not depend on the layout that oneDNN chose. */
#include "train/internal.h"

#include <string.h>

static const char format_name[] = "clile-checkpoint";
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

static clile_status put_flat(const clile_trainer *t, clile_i_st_writer *writer, const char *prefix, const float *flat,
                             clile_i_net **net)
{
    if (flat == NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_net_create(clile_i_net_get_config(t->net), net));
    CLILE_I_RETURN_IF(clile_i_trainer_plain(t, flat, *net));
    return clile_i_net_put(writer, prefix, *net);
}

static clile_status put_encoders(const clile_trainer *t, clile_i_st_writer *writer, plain_nets *plain)
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

/* The four arrays of a head: value, m, v, average (NULL where there is none), and what their names end with. */
static void head_arrays(const clile_trainer *t, const clile_i_head *h, float *arrays[4])
{
    const int64_t offset = h->value - t->flat;
    arrays[0] = h->value;
    arrays[1] = t->vectors.m + offset;
    arrays[2] = t->vectors.v ? t->vectors.v + offset : NULL;
    arrays[3] = t->vectors.average ? t->vectors.average + offset : NULL;
}
static const char *const head_suffix[4] = {"", ".m", ".v", ".average"};

/* Every array of every head of the running stage, with its name in the file. */
typedef clile_status (*visit_head)(void *file, const char *name, const clile_i_head *h, float *values);
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

static clile_status put_state(const clile_trainer *t, clile_i_st_writer *writer)
{
    clile_i_text text = {0};
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
    clile_status status = clile_i_options_to_text(t->options, &text);
    if (status == CLILE_OK) status = text.status;
    if (status == CLILE_OK) status = clile_i_st_writer_metadata(writer, "options", text.data);
    clile_i_text_free(&text);
    return status;
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
        return clile_i_fail(CLILE_E_STATE,
                            "clile_trainer_save: an earlier step failed; there is nothing to go on from");
    if (t->done[2]) return clile_i_fail(CLILE_E_STATE, "clile_trainer_save: training is finished; save the model");
    const int64_t au_shape[2] = {t->c + t->model->null_anchor, t->d}, ile_shape[3] = {t->s, t->c, t->d};
    CLILE_I_TRY(clile_i_st_writer_create(&writer));
    CLILE_I_TRY(put_state(t, writer));
    CLILE_I_TRY(put_encoders(t, writer, &plain));
    CLILE_I_TRY(each_head(t, put_head, writer));
    CLILE_I_TRY(clile_i_st_writer_add(writer, "start.au", CLILE_I_ST_F32, 2, au_shape, t->au_start));
    if (t->ile) CLILE_I_TRY(clile_i_st_writer_add(writer, "stage1.ile", CLILE_I_ST_F32, 3, ile_shape, t->ile));
    CLILE_I_TRY(clile_i_st_writer_write(writer, path));
cleanup:
    clile_i_st_writer_destroy(writer);
    free_plain(&plain);
    return status;
}

/* ---- resume ---- */

static clile_status get_number(const clile_i_st *st, const char *key, int64_t *out)
{
    const char *text = clile_i_st_metadata(st, key);
    if (text == NULL || !clile_i_parse_i64(text, text + strlen(text), out) || *out < 0)
        return clile_i_fail(CLILE_E_FORMAT, "%s: metadata \"%s\" is %s, expected a number", clile_i_st_path(st), key,
                            text ? text : "absent");
    return CLILE_OK;
}

static clile_status check_format(const clile_i_st *st)
{
    int64_t version;
    const char *format = clile_i_st_metadata(st, "format");
    if (format == NULL || strcmp(format, format_name) != 0)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: not a libclile checkpoint: metadata \"format\" is \"%.40s\", expected \"%s\"",
                            clile_i_st_path(st), format ? format : "(absent)", format_name);
    CLILE_I_RETURN_IF(get_number(st, "format_version", &version));
    if (version < 1) return clile_i_fail(CLILE_E_FORMAT, "%s: there is no checkpoint format 0", clile_i_st_path(st));
    if (version > FORMAT_VERSION)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: checkpoint format %lld, this libclile (%s) reads up to %d",
                            clile_i_st_path(st), (long long)version, clile_version(), (int)FORMAT_VERSION);
    return CLILE_OK;
}

/* Options of the checkpoint with the threads and workers that this trainer was given. */
static clile_status get_options(const clile_i_st *st, const clile_i_settings *given, clile_options **out)
{
    const char *text = clile_i_st_metadata(st, "options");
    if (text == NULL) return clile_i_fail(CLILE_E_FORMAT, "%s: no \"options\" in the metadata", clile_i_st_path(st));
    clile_status status = clile_i_options_from_text(text, out);
    if (status == CLILE_OK) status = clile_options_set_i64(*out, CLILE_OPT_THREADS, given->threads);
    if (status == CLILE_OK) status = clile_options_set_i64(*out, CLILE_OPT_INPUT_WORKERS, given->input_workers);
    if (status == CLILE_OK) return CLILE_OK;
    return clile_i_fail_context(status == CLILE_E_OUT_OF_MEMORY ? status : CLILE_E_FORMAT, "%s", clile_i_st_path(st));
}

static clile_status check_data(const clile_i_st *st, const clile_trainer *t)
{
    int64_t images, subjects, crc;
    CLILE_I_RETURN_IF(get_number(st, "images", &images));
    CLILE_I_RETURN_IF(get_number(st, "subjects", &subjects));
    CLILE_I_RETURN_IF(get_number(st, "data_crc32", &crc));
    if (images != t->n || subjects != t->s || crc != (int64_t)t->data_crc)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: made on %lld images of %lld subjects (labels CRC %08llx), but the data set here has "
                            "%lld of %d (%08lx)",
                            clile_i_st_path(st), (long long)images, (long long)subjects, (unsigned long long)crc,
                            (long long)t->n, (int)t->s, (unsigned long)t->data_crc);
    return CLILE_OK;
}

static clile_status get_flat(const clile_i_st *st, clile_trainer *t, const char *prefix, clile_i_net *scratch,
                             float *flat)
{
    if (flat == NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_net_get(st, prefix, scratch));
    for (int32_t i = 0; i < clile_i_exec_segment_count(t->exec); ++i) {
        const int32_t tensor = clile_i_exec_segment_at(t->exec, i)->tensor;
        CLILE_I_RETURN_IF(clile_i_exec_from_plain(t->exec, i, clile_i_net_tensor_at(scratch, tensor)->data, flat));
    }
    return CLILE_OK;
}

/* The state inside a running stage. */
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

/* Whether training by the options of `t` can be there. */
static int is_possible(const clile_trainer *t, int64_t stage, int64_t step, int64_t done, int64_t running)
{
    if (stage > 2 || done > 1 || running > 1) return 0;
    if (!t->settings.cl_ile && (stage == 1 || done)) return 0; /* it has no stage 1 */
    if (!running) return 1;
    if (stage == 1 && done) return 0;
    if (stage == 2 && !done && clile_i_settings_need_stage1(&t->settings)) return 0;
    return stage >= 1 && step <= t->settings.epochs[stage] * t->steps_per_epoch;
}

static clile_status restore(const clile_i_st *st, clile_trainer *t)
{
    int64_t stage, step, done, running;
    const int64_t au_shape[2] = {t->c + t->model->null_anchor, t->d}, ile_shape[3] = {t->s, t->c, t->d};
    CLILE_I_RETURN_IF(get_number(st, "stage", &stage));
    CLILE_I_RETURN_IF(get_number(st, "step", &step));
    CLILE_I_RETURN_IF(get_number(st, "stage1_done", &done));
    CLILE_I_RETURN_IF(get_number(st, "running", &running));
    if (!is_possible(t, stage, step, done, running))
        return clile_i_fail(CLILE_E_FORMAT, "%s: stage %lld, step %lld%s do not fit the options in the file",
                            clile_i_st_path(st), (long long)stage, (long long)step, done ? " after stage 1" : "");
    CLILE_I_RETURN_IF(clile_i_st_copy(st, "start.au", CLILE_I_ST_F32, 2, au_shape, t->au_start));
    CLILE_I_RETURN_IF(clile_i_check_finite(clile_i_st_path(st), "start.au", au_shape[0] * au_shape[1], t->au_start));
    CLILE_I_RETURN_IF(clile_i_net_get(st, "net.", t->net));
    if (t->id_net) CLILE_I_RETURN_IF(clile_i_net_get(st, "id.", t->id_net));
    if (done && t->settings.cl_ile) {
        t->ile = clile_i_calloc((int64_t)t->s * t->c * t->d, sizeof *t->ile);
        if (t->ile == NULL) return CLILE_E_OUT_OF_MEMORY;
        CLILE_I_RETURN_IF(clile_i_st_copy(st, "stage1.ile", CLILE_I_ST_F32, 3, ile_shape, t->ile));
        CLILE_I_RETURN_IF(clile_i_check_finite(clile_i_st_path(st), "stage1.ile", (int64_t)t->s * t->c * t->d, t->ile));
    }
    t->done[1] = (int32_t)done;
    t->stage = (int32_t)stage;
    return running ? get_running(st, t, (int32_t)stage, step) : CLILE_OK;
}

clile_status clile_trainer_resume(clile_trainer *trainer, const char *path)
{
    clile_status status = CLILE_OK;
    clile_i_st *st = NULL;
    clile_options *options = NULL;
    clile_trainer *fresh = NULL;
    CLILE_I_CHECK_NOT_NULL(trainer);
    CLILE_I_CHECK_NOT_NULL(path);
    if (trainer->stage != 0 || trainer->broken)
        return clile_i_fail(CLILE_E_STATE, "clile_trainer_resume: this trainer has run already; create a new one");
    CLILE_I_TRY(clile_i_st_open(path, &st));
    CLILE_I_TRY(check_format(st));
    CLILE_I_TRY(get_options(st, &trainer->settings, &options));
    CLILE_I_TRY(clile_i_trainer_new(trainer->model, trainer->data, options, &fresh));
    CLILE_I_TRY(check_data(st, fresh));
    CLILE_I_TRY(restore(st, fresh));
    const clile_trainer swap =
        *trainer; /* the caller's handle takes the restored inside; the old one is destroyed below */
    *trainer = *fresh;
    *fresh = swap;
cleanup:
    clile_trainer_destroy(fresh);
    trainer->model->busy = 1;
    clile_options_destroy(options);
    clile_i_st_close(st);
    return status;
}
