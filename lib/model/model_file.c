/* Model files: safetensors with torchvision's tensor names after the prefix "encoder.", the AU
 * vectors as "au.embedding", and the rest in __metadata__ (docs/model-format.md). */
#include "model/model.h"

#include <clile/au.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char format_name[] = "clile-model";
static const char float32_name[] = "float32", int8_name[] = "int8";
static const char user_prefix[] = "user.";

/* Writes "<prefix><name>" to the caller's buffer. */
static clile_status full_name(char *buffer, size_t size, const char *prefix, const char *name)
{
    const int length = snprintf(buffer, size, "%s%s", prefix, name);
    if (length < 0 || (size_t)length >= size)
        return clile_i_fail(CLILE_E_INTERNAL, "tensor name %s%s is too long", prefix, name);
    return CLILE_OK;
}

clile_status clile_i_net_put(clile_i_st_writer *writer, const char *prefix, const clile_i_net *net)
{
    char name[160];
    for (int32_t i = 0; i < clile_i_net_tensor_count(net); ++i) {
        const clile_i_net_tensor *t = clile_i_net_tensor_at(net, i);
        CLILE_I_RETURN_IF(full_name(name, sizeof name, prefix, t->name));
        CLILE_I_RETURN_IF(
            clile_i_st_writer_add(writer, name, CLILE_I_ST_F32, t->ndim, t->shape, t->data));
    }
    return CLILE_OK;
}

clile_status clile_i_net_get(const clile_i_st *st, const char *prefix, clile_i_net *net)
{
    char name[160];
    for (int32_t i = 0; i < clile_i_net_tensor_count(net); ++i) {
        const clile_i_net_tensor *t = clile_i_net_tensor_at(net, i);
        CLILE_I_RETURN_IF(full_name(name, sizeof name, prefix, t->name));
        CLILE_I_RETURN_IF(clile_i_st_copy(st, name, CLILE_I_ST_F32, t->ndim, t->shape, t->data));
        CLILE_I_RETURN_IF(clile_i_check_finite(clile_i_st_path(st), name, t->count, t->data));
    }
    return CLILE_OK;
}

/* ---- save ---- */

static void append_floats(clile_i_text *text, int32_t count, const float *values)
{
    for (int32_t i = 0; i < count; ++i)
        clile_i_text_append(text, "%s%.9g", i ? "," : "", (double)values[i]);
}

static clile_status put_text(clile_i_st_writer *writer, const char *key, clile_i_text *text)
{
    clile_status status = text->status;
    if (status == CLILE_OK)
        status = clile_i_st_writer_metadata(writer, key, text->data ? text->data : "");
    clile_i_text_free(text);
    *text = (clile_i_text){0};
    return status;
}

/* The oldest format that can describe the model: older versions can then read it. */
static int32_t format_of(const clile_model *model)
{
    if (model->standardize) return CLILE_I_MODEL_FORMAT_STANDARDIZE;
    if (model->method != NULL) return CLILE_I_MODEL_FORMAT_METHOD;
    if (model->stem != CLILE_I_STEM_IMAGENET) return CLILE_I_MODEL_FORMAT_STEM;
    return model->quant ? CLILE_I_MODEL_FORMAT_INT8 : CLILE_I_MODEL_FORMAT;
}

static const char *weights_of(const clile_model *model)
{
    return model->quant ? int8_name : float32_name;
}

static clile_status put_metadata(clile_i_st_writer *writer, const clile_model *model)
{
    clile_i_text text = {0};
    char number[32];
    const int32_t version = format_of(model);
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "format", format_name));
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "library", clile_version()));
    if (version >= CLILE_I_MODEL_FORMAT_INT8)
        CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "weights", weights_of(model)));
    if (version >= CLILE_I_MODEL_FORMAT_STEM)
        CLILE_I_RETURN_IF(
            clile_i_st_writer_metadata(writer, "stem", clile_i_stem_name(model->stem)));
    if (model->method != NULL)
        CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "method", model->method->name));
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "backbone", model->backbone));
    CLILE_I_RETURN_IF(
        clile_i_st_writer_metadata(writer, "similarity", clile_i_model_similarity(model)));
    clile_i_text_append(&text, "%.17g", model->width);
    CLILE_I_RETURN_IF(put_text(writer, "width", &text));
    const struct {
        const char *key;
        int32_t value;
    } integers[] = {{"format_version", version}, {"embedding", model->embedding},
                    {"image_size", model->size}, {"null_anchor", model->null_anchor},
                    {"trained", model->trained}, {"standardize", model->standardize}};
    const size_t count = sizeof integers / sizeof integers[0];
    for (size_t i = 0; i < (version < CLILE_I_MODEL_FORMAT_STANDARDIZE ? count - 1 : count); ++i) {
        snprintf(number, sizeof number, "%d", (int)integers[i].value);
        CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, integers[i].key, number));
    }
    for (int32_t i = 0; i < model->c; ++i)
        clile_i_text_append(&text, "%s%d", i ? "," : "", (int)model->au_ids[i]);
    CLILE_I_RETURN_IF(put_text(writer, "au_ids", &text));
    append_floats(&text, model->c, model->slope);
    CLILE_I_RETURN_IF(put_text(writer, "decision_slope", &text));
    append_floats(&text, model->c, model->offset);
    CLILE_I_RETURN_IF(put_text(writer, "decision_offset", &text));
    for (int32_t i = 0; i < model->c;
         ++i) /* for other readers: the AU is present above this score */
        clile_i_text_append(&text, "%s%.9g", i ? "," : "",
                            -(double)model->offset[i] / (double)model->slope[i]);
    CLILE_I_RETURN_IF(put_text(writer, "thresholds", &text));
    for (int32_t i = 0; i < model->metadata_count; ++i) {
        clile_i_text_append(&text, "%s%s", user_prefix, model->metadata[i].key);
        clile_status status = text.status;
        if (status == CLILE_OK)
            status = clile_i_st_writer_metadata(writer, text.data, model->metadata[i].value);
        clile_i_text_free(&text);
        text = (clile_i_text){0};
        CLILE_I_RETURN_IF(status);
    }
    return CLILE_OK;
}

clile_status clile_i_model_put(clile_i_st_writer *writer, const clile_model *model)
{
    const int64_t shape[2] = {model->c + model->null_anchor, model->d};
    CLILE_I_RETURN_IF(model->quant ? clile_i_quant_put(writer, model)
                                   : clile_i_net_put(writer, "encoder.", model->encoder));
    CLILE_I_RETURN_IF(clile_i_st_writer_add(writer, "au.embedding", CLILE_I_ST_F32, 2, shape,
                                            model->au_embedding));
    CLILE_I_RETURN_IF(clile_i_points_put(writer, model->d, &model->points));
    CLILE_I_RETURN_IF(clile_i_person_put(writer, model->c, model->person));
    CLILE_I_RETURN_IF(clile_i_levels_put(writer, model->c, model->levels));
    return put_metadata(writer, model);
}

clile_status clile_model_save(const clile_model *model, const char *path)
{
    clile_i_st_writer *writer = NULL;
    clile_status status = CLILE_OK;
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_TRY(clile_i_st_writer_create(&writer));
    CLILE_I_TRY(clile_i_model_put(writer, model));
    CLILE_I_TRY(clile_i_st_writer_write(writer, path));
cleanup:
    clile_i_st_writer_destroy(writer);
    return status;
}

clile_status clile_model_save_memory(const clile_model *model, uint8_t **bytes, size_t *size)
{
    clile_i_st_writer *writer = NULL;
    clile_status status = CLILE_OK;
    CLILE_I_CHECK_NOT_NULL(bytes);
    CLILE_I_CHECK_NOT_NULL(size);
    *bytes = NULL;
    *size = 0;
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_TRY(clile_i_st_writer_create(&writer));
    CLILE_I_TRY(clile_i_model_put(writer, model));
    CLILE_I_TRY(clile_i_st_writer_write_memory(writer, bytes, size));
cleanup:
    clile_i_st_writer_destroy(writer);
    return status;
}

/* ---- load ---- */

static clile_status get_integer(const clile_i_st *st, const char *key, int64_t least, int64_t most,
                                int32_t *out)
{
    int64_t value = 0;
    const clile_status status = clile_i_st_need_integer(st, key, least, most, &value);
    *out = (int32_t)value;
    return status;
}

/* Reads a comma-separated list of numbers. *count is the capacity on entry and the length on
 * return. */
static clile_status get_list(const clile_i_st *st, const char *key, int32_t *count, double *values)
{
    const char *text, *begin;
    CLILE_I_RETURN_IF(clile_i_st_need_text(st, key, &text));
    int32_t found = 0;
    for (begin = text;; ++found) {
        const char *end = strchr(begin, ',');
        if (end == NULL) end = begin + strlen(begin);
        if (found >= *count)
            return clile_i_fail(CLILE_E_FORMAT, "%s: metadata \"%s\" has more than %d numbers",
                                clile_i_st_path(st), key, (int)*count);
        if (!clile_i_parse_f64(begin, end, &values[found]) || !clile_i_is_finite(values[found]))
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: metadata \"%s\", entry %d is not a finite number",
                                clile_i_st_path(st), key, (int)found);
        if (*end == '\0') break;
        begin = end + 1;
    }
    *count = found + 1;
    return CLILE_OK;
}

/* A small file must not make the library allocate gigabytes. So the file must hold about as many
 * values as the network it describes. Within SLACK, the tensors are checked one by one, with better
 * messages. */
static clile_status check_holds(const clile_i_st *st, const clile_i_net_config *config)
{
    enum { SLACK = 1 << 21 };
    int64_t held = 0, wanted = 0;
    CLILE_I_RETURN_IF(clile_i_net_values(config, &wanted));
    for (int64_t i = 0; i < clile_i_st_count(st); ++i) held += clile_i_st_at(st, i)->count;
    if (wanted - SLACK <= held) return CLILE_OK;
    return clile_i_fail(
        CLILE_E_FORMAT,
        "%s: %s of width %g with an embedding of %d has %lld values, but the file has %lld",
        clile_i_st_path(st), config->backbone, config->width, (int)config->embedding,
        (long long)wanted, (long long)held);
}

/* The format's version decides which keys there are. *standardize is 0 on entry. */
static clile_status read_version(const clile_i_st *st, int32_t *int8, const char **stem,
                                 const char **method, int32_t *standardize)
{
    int32_t version;
    const char *weights = float32_name;
    CLILE_I_RETURN_IF(get_integer(st, "format_version", 1, INT32_MAX, &version));
    if (version > CLILE_I_MODEL_FORMAT_STANDARDIZE)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: model format %d, this libclile (%s) reads up to %d",
                            clile_i_st_path(st), (int)version, clile_version(),
                            (int)CLILE_I_MODEL_FORMAT_STANDARDIZE);
    if (version >= CLILE_I_MODEL_FORMAT_INT8)
        CLILE_I_RETURN_IF(clile_i_st_need_text(st, "weights", &weights));
    *int8 = strcmp(weights, int8_name) == 0;
    if (!*int8 && (version == CLILE_I_MODEL_FORMAT_INT8 || strcmp(weights, float32_name) != 0))
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: metadata \"weights\" is \"%.40s\", expected \"%s\"%s",
                            clile_i_st_path(st), weights, int8_name,
                            version == CLILE_I_MODEL_FORMAT_INT8 ? "" : " or \"float32\"");
    *stem = clile_i_stem_name(CLILE_I_STEM_IMAGENET);
    *method = NULL;
    if (version >= CLILE_I_MODEL_FORMAT_STEM)
        CLILE_I_RETURN_IF(clile_i_st_need_text(st, "stem", stem));
    if (clile_i_stem_find(*stem) < 0)
        return clile_i_fail(
            CLILE_E_FORMAT,
            "%s: metadata \"stem\" is \"%.40s\", expected \"imagenet\" or \"small\"",
            clile_i_st_path(st), *stem);
    if (version < CLILE_I_MODEL_FORMAT_METHOD) return CLILE_OK;
    if (version >= CLILE_I_MODEL_FORMAT_STANDARDIZE) {
        CLILE_I_RETURN_IF(get_integer(st, "standardize", 0, 1, standardize));
        if (clile_i_st_metadata(st, "method") == NULL) return CLILE_OK; /* the plain encoder */
    }
    CLILE_I_RETURN_IF(clile_i_st_need_text(st, "method", method));
    if (clile_i_method_has_net(clile_i_method_find(*method))) return CLILE_OK;
    return clile_i_fail(CLILE_E_UNSUPPORTED,
                        "%s: metadata \"method\" is \"%.40s\", which this libclile (%s) does not "
                        "know as a method with a net of its own",
                        clile_i_st_path(st), *method, clile_version());
}

/* Creates the empty model that the metadata describes. */
static clile_status create_described(const clile_i_st *st, clile_model **out)
{
    clile_status status = CLILE_OK;
    clile_options *options = NULL;
    const char *backbone, *stem, *similarity, *width, *format, *method;
    double ids[CLILE_I_MAX_AUS], factor = 0;
    int32_t au_ids[CLILE_I_MAX_AUS], c = CLILE_I_MAX_AUS, int8 = 0, d, size, null_anchor,
                                     standardize = 0;

    format = clile_i_st_metadata(st, "format");
    if (format == NULL || strcmp(format, format_name) != 0)
        return clile_i_fail(
            CLILE_E_FORMAT,
            "%s: not a libclile model: metadata \"format\" is \"%.40s\", expected \"%s\"",
            clile_i_st_path(st), format ? format : "(absent)", format_name);
    CLILE_I_RETURN_IF(read_version(st, &int8, &stem, &method, &standardize));
    CLILE_I_RETURN_IF(clile_i_st_need_text(st, "backbone", &backbone));
    CLILE_I_RETURN_IF(clile_i_st_need_text(st, "similarity", &similarity));
    CLILE_I_RETURN_IF(clile_i_st_need_text(st, "width", &width));
    CLILE_I_RETURN_IF(get_integer(st, "embedding", 1, 65536, &d));
    CLILE_I_RETURN_IF(get_integer(st, "image_size", 32, 512, &size));
    CLILE_I_RETURN_IF(get_integer(st, "null_anchor", 0, 1, &null_anchor));
    CLILE_I_RETURN_IF(get_list(st, "au_ids", &c, ids));
    for (int32_t i = 0; i < c; ++i) {
        if (!(ids[i] >= 1 && ids[i] <= 999) || ids[i] != floor(ids[i]))
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: metadata \"au_ids\", entry %d is not a FACS number",
                                clile_i_st_path(st), (int)i);
        au_ids[i] = (int32_t)ids[i];
    }
    if (clile_i_model_check_au_ids(c, au_ids) != CLILE_OK)
        return clile_i_fail_context(CLILE_E_FORMAT, "%s", clile_i_st_path(st));

    CLILE_I_TRY(clile_options_create(&options));
    status = clile_options_set(options, CLILE_OPT_BACKBONE, backbone);
    if (status == CLILE_OK) status = clile_options_set(options, CLILE_OPT_STEM, stem);
    if (status == CLILE_OK && method != NULL)
        status = clile_options_set(options, CLILE_OPT_METHOD, method);
    if (status == CLILE_OK) status = clile_options_set(options, CLILE_OPT_SIMILARITY, similarity);
    if (status == CLILE_OK) status = clile_options_set(options, CLILE_OPT_WIDTH, width);
    if (status == CLILE_OK) status = clile_options_set_i64(options, CLILE_OPT_EMBEDDING, d);
    if (status == CLILE_OK) status = clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, size);
    if (status == CLILE_OK)
        status = clile_options_set_i64(options, CLILE_OPT_STANDARDIZE, standardize);
    if (status == CLILE_OK)
        status = clile_options_set_i64(options, CLILE_OPT_NULL_ANCHOR, null_anchor);
    if (status == CLILE_OK) status = clile_options_get_f64(options, CLILE_OPT_WIDTH, &factor);
    const clile_i_method *found = method != NULL ? clile_i_method_find(method) : NULL;
    if (status == CLILE_OK)
        CLILE_I_TRY(check_holds(
            st, &(clile_i_net_config){.backbone = backbone,
                                      .width = factor,
                                      .embedding = (int32_t)clile_i_method_embedding(found, c, d),
                                      .stem = clile_i_stem_find(stem),
                                      .tail = clile_i_method_tail(found, c, d)}));
    if (status == CLILE_OK) status = clile_i_model_create_empty(options, c, au_ids, int8, out);
    /* the file is wrong, not the argument */
    if (status == CLILE_E_INVALID_ARGUMENT) status = CLILE_E_FORMAT;
    if (status != CLILE_OK) status = clile_i_fail_context(status, "%s", clile_i_st_path(st));
cleanup:
    clile_options_destroy(options);
    return status;
}

static clile_status load_decision(const clile_i_st *st, clile_model *model)
{
    double slope[CLILE_I_MAX_AUS], offset[CLILE_I_MAX_AUS];
    int32_t slopes = model->c, offsets = model->c;
    CLILE_I_RETURN_IF(get_integer(st, "trained", 0, 1, &model->trained));
    CLILE_I_RETURN_IF(get_list(st, "decision_slope", &slopes, slope));
    CLILE_I_RETURN_IF(get_list(st, "decision_offset", &offsets, offset));
    if (slopes != model->c || offsets != model->c)
        return clile_i_fail(
            CLILE_E_FORMAT,
            "%s: %d slopes and %d offsets in the metadata, expected %d of each (one per AU)",
            clile_i_st_path(st), (int)slopes, (int)offsets, (int)model->c);
    for (int32_t i = 0; i < model->c; ++i) {
        model->slope[i] = (float)slope[i];
        model->offset[i] = (float)offset[i];
        if (!(model->slope[i] > 0) || !clile_i_is_finite(model->slope[i]))
            return clile_i_fail(
                CLILE_E_FORMAT,
                "%s: metadata \"decision_slope\", entry %d is %g, expected a finite number > 0",
                clile_i_st_path(st), (int)i, slope[i]);
        if (!clile_i_is_finite(model->offset[i]))
            return clile_i_fail(
                CLILE_E_FORMAT,
                "%s: metadata \"decision_offset\", entry %d is %g, expected a finite number",
                clile_i_st_path(st), (int)i, offset[i]);
    }
    return CLILE_OK;
}

static clile_status load_user_metadata(const clile_i_st *st, clile_model *model)
{
    const size_t prefix = strlen(user_prefix);
    for (int64_t i = 0; i < clile_i_st_metadata_count(st); ++i) {
        const char *key, *value;
        clile_i_st_metadata_at(st, i, &key, &value);
        if (strncmp(key, user_prefix, prefix) != 0) continue;
        const clile_status status = clile_model_set_metadata(model, key + prefix, value);
        if (status == CLILE_E_INVALID_ARGUMENT)
            return clile_i_fail_context(CLILE_E_FORMAT, "%s", clile_i_st_path(st));
        CLILE_I_RETURN_IF(status);
    }
    return CLILE_OK;
}

static clile_status load_from(const clile_i_st *st, clile_model **out)
{
    clile_status status = CLILE_OK;
    clile_model *model = NULL;
    CLILE_I_TRY(create_described(st, &model));
    CLILE_I_TRY(model->quant ? clile_i_quant_get(st, model)
                             : clile_i_net_get(st, "encoder.", model->encoder));
    const int64_t shape[2] = {model->c + model->null_anchor, model->d};
    CLILE_I_TRY(clile_i_st_copy(st, "au.embedding", CLILE_I_ST_F32, 2, shape, model->au_embedding));
    CLILE_I_TRY(clile_i_check_finite(clile_i_st_path(st), "au.embedding", shape[0] * shape[1],
                                     model->au_embedding));
    CLILE_I_TRY(load_decision(st, model));
    CLILE_I_TRY(clile_i_points_get(st, model->d, &model->points));
    CLILE_I_TRY(clile_i_person_get(st, model->c, &model->person));
    CLILE_I_TRY(clile_i_levels_get(st, model->c, &model->levels));
    CLILE_I_TRY(load_user_metadata(st, model));
    *out = model;
    model = NULL;
cleanup:
    clile_model_destroy(model);
    return status;
}

clile_status clile_model_load(const char *path, clile_model **out)
{
    clile_i_st *st = NULL;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_RETURN_IF(clile_i_st_open(path, &st));
    const clile_status status = load_from(st, out);
    clile_i_st_close(st);
    return status;
}

clile_status clile_model_load_memory(const void *bytes, size_t size, clile_model **out)
{
    clile_i_st *st = NULL;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(bytes);
    CLILE_I_RETURN_IF(clile_i_st_open_memory(bytes, size, &st));
    const clile_status status = load_from(st, out);
    clile_i_st_close(st);
    return status;
}

/* ---- as JSON ---- */

clile_status clile_model_copy_json(const clile_model *model, char **out)
{
    clile_i_text text = {0};
    int64_t parameters = 0;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    for (int32_t i = 0; i < clile_i_net_tensor_count(model->encoder); ++i) {
        const clile_i_net_tensor *t = clile_i_net_tensor_at(model->encoder, i);
        if (t->trainable) parameters += t->count;
    }
    clile_i_text_append(&text,
                        "{\"format\":\"%s\",\"format_version\":%d,\"weights\":\"%s\",\"backbone\":"
                        "\"%s\",\"stem\":\"%s\",\"width\":%.17g",
                        format_name, (int)format_of(model), weights_of(model), model->backbone,
                        clile_i_stem_name(model->stem), model->width);
    clile_i_text_append(&text,
                        ",\"image_size\":%d,\"standardize\":%s,\"embedding\":%d,\"similarity\":\"%"
                        "s\",\"null_anchor\":%s",
                        (int)model->size, model->standardize ? "true" : "false", (int)model->d,
                        clile_i_model_similarity(model), model->null_anchor ? "true" : "false");
    clile_i_text_append(&text, ",\"points\":%d,\"person\":%s,\"intensity\":%s",
                        (int)model->points.p, model->person ? "true" : "false",
                        model->levels ? "true" : "false");
    if (model->method != NULL)
        clile_i_text_append(&text, ",\"method\":\"%s\"", model->method->name);
    clile_i_text_append(
        &text, ",\"encoder_parameters\":%lld,\"au_parameters\":%lld,\"trained\":%s,\"aus\":[",
        (long long)parameters, (long long)model->c * model->d, model->trained ? "true" : "false");
    for (int32_t i = 0; i < model->c; ++i) {
        const char *name = clile_au_name(model->au_ids[i]);
        clile_i_text_append(
            &text,
            "%s{\"au\":%d,\"name\":\"%s\",\"slope\":%.9g,\"offset\":%.9g,\"threshold\":%.9g}",
            i ? "," : "", (int)model->au_ids[i], name ? name : "", (double)model->slope[i],
            (double)model->offset[i], -(double)model->offset[i] / (double)model->slope[i]);
    }
    clile_i_text_append(&text, "]");
    clile_i_model_append_training(&text, model);
    clile_i_text_append(&text, ",\"metadata\":{");
    for (int32_t i = 0; i < model->metadata_count; ++i) {
        if (i) clile_i_text_append(&text, ",");
        clile_i_text_append_json(&text, model->metadata[i].key);
        clile_i_text_append(&text, ":");
        clile_i_text_append_json(&text, model->metadata[i].value);
    }
    clile_i_text_append(&text, "}}");
    const clile_status status = text.status; /* text_free resets it */
    if (status == CLILE_OK)
        *out = text.data;
    else
        clile_i_text_free(&text);
    return status;
}
