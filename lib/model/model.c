/* The model handle: creation, getters, metadata, scores and decisions. */
#include "model/model.h"

#include <math.h>
#include <string.h>

clile_status clile_i_model_check_au_ids(int32_t c, const int32_t *au_ids)
{
    if (c < 1 || c > CLILE_I_MAX_AUS)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_model_create: c is %d, expected 1 to %d AUs", (int)c,
                            (int)CLILE_I_MAX_AUS);
    for (int32_t i = 0; i < c; ++i) {
        if (au_ids[i] < 1 || au_ids[i] > 999)
            return clile_i_fail(
                CLILE_E_INVALID_ARGUMENT,
                "clile_model_create: au_ids[%d] is %d, expected a FACS number 1 to 999", (int)i,
                (int)au_ids[i]);
        for (int32_t k = 0; k < i; ++k)
            if (au_ids[k] == au_ids[i])
                return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                    "clile_model_create: AU %d is twice in au_ids (at %d and %d)",
                                    (int)au_ids[i], (int)k, (int)i);
    }
    return CLILE_OK;
}

enum { MOST_EMBEDDING = 65536 };

clile_status clile_i_model_create_empty(const clile_options *options, int32_t c,
                                        const int32_t *au_ids, int32_t int8, clile_model **out)
{
    clile_status status = CLILE_OK;
    clile_model *model = NULL;
    CLILE_I_ALLOC(model, 1);
    clile_i_refs_init(&model->refs);
    CLILE_I_TRY(clile_i_model_read_shape(model, options));
    model->c = c;
    if (clile_i_method_embedding(model->method, c, model->embedding) > MOST_EMBEDDING) {
        status =
            clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                         "method=%s: embedding=%d for each of %d AUs is more than %d in all",
                         model->method->name, (int)model->embedding, (int)c, (int)MOST_EMBEDDING);
        goto cleanup;
    }
    model->d = (int32_t)clile_i_method_embedding(model->method, c, model->embedding);
    CLILE_I_ALLOC(model->au_ids, c);
    CLILE_I_ALLOC(model->au_embedding, (int64_t)(c + model->null_anchor) * model->d);
    CLILE_I_ALLOC(model->slope, c);
    CLILE_I_ALLOC(model->offset, c);
    memcpy(model->au_ids, au_ids, (size_t)c * sizeof *au_ids);
    for (int32_t i = 0; i < c; ++i) model->slope[i] = 1.0f;
    const clile_i_net_config config = clile_i_model_net_config(model);
    CLILE_I_TRY(int8 ? clile_i_net_create_bare(&config, &model->encoder)
                     : clile_i_net_create(&config, &model->encoder));
    if (int8) CLILE_I_TRY(clile_i_quant_create(model->encoder, &model->quant));
    CLILE_I_TRY(clile_i_packs_create(&model->packs));
    *out = model;
    model = NULL;
cleanup:
    clile_model_destroy(model);
    return status;
}

clile_status clile_model_create(const clile_options *options, int32_t c, const int32_t *au_ids,
                                clile_model **out)
{
    clile_model *model = NULL;
    int64_t seed = 0;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(au_ids);
    CLILE_I_RETURN_IF(clile_i_model_check_au_ids(c, au_ids));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_SEED, &seed));
    CLILE_I_RETURN_IF(clile_i_model_create_empty(options, c, au_ids, 0, &model));

    clile_i_rng rng = clile_i_rng_make((uint64_t)seed, 0x656e636f /* "enco" */);
    clile_i_net_init(model->encoder, &rng);
    rng = clile_i_rng_make((uint64_t)seed, 0x6175656d /* "auem" */);
    const double deviation = 1.0 / sqrt((double)model->embedding);
    for (int64_t i = 0; i < (int64_t)(c + model->null_anchor) * model->d; ++i)
        model->au_embedding[i] = (float)(deviation * clile_i_rng_normal(&rng));
    clile_i_method_limit(model->method, c, model->d, model->au_embedding);
    for (int64_t i = 0; model->method != NULL && model->method->au == CLILE_I_AU_FIXED && i < c;
         ++i)
        model->au_embedding[i * model->d + i] = 1.0f;
    *out = model;
    return CLILE_OK;
}

/* What was fitted to other scores. */
static void drop_fits(clile_model *model)
{
    clile_i_free(model->person);
    clile_i_free(model->levels);
    model->person = model->levels = NULL;
}

void clile_i_model_swap_encoder(clile_model *model, clile_i_net **encoder, clile_i_packs **packs)
{
    clile_i_net *const old_encoder = model->encoder;
    clile_i_packs *const old_packs = model->packs;
    model->encoder = *encoder;
    model->packs = *packs;
    *encoder = old_encoder;
    *packs = old_packs;
    clile_i_points_free(&model->points);
    drop_fits(model);
}

clile_status clile_i_model_copy_frame(const clile_model *model, clile_model **out)
{
    clile_status status = CLILE_OK;
    clile_model *copy = NULL;
    const int64_t values = (int64_t)(model->c + model->null_anchor) * model->d;
    const size_t aus = (size_t)model->c * sizeof(float);
    CLILE_I_ALLOC(copy, 1);
    clile_i_refs_init(&copy->refs);
    memcpy(copy->backbone, model->backbone, sizeof copy->backbone);
    copy->trained = model->trained;
    copy->width = model->width;
    copy->stem = model->stem;
    copy->standardize = model->standardize;
    copy->method = model->method;
    copy->embedding = model->embedding;
    copy->c = model->c;
    copy->d = model->d;
    copy->size = model->size;
    copy->similarity = model->similarity;
    copy->null_anchor = model->null_anchor;
    CLILE_I_ALLOC(copy->au_ids, model->c);
    CLILE_I_ALLOC(copy->au_embedding, values);
    CLILE_I_ALLOC(copy->slope, model->c);
    CLILE_I_ALLOC(copy->offset, model->c);
    memcpy(copy->au_ids, model->au_ids, (size_t)model->c * sizeof *copy->au_ids);
    memcpy(copy->au_embedding, model->au_embedding, (size_t)values * sizeof(float));
    memcpy(copy->slope, model->slope, aus);
    memcpy(copy->offset, model->offset, aus);
    if (model->person) {
        CLILE_I_ALLOC(copy->person, CLILE_I_PERSON_ROWS * (int64_t)model->c);
        memcpy(copy->person, model->person, CLILE_I_PERSON_ROWS * aus);
    }
    if (model->levels) {
        CLILE_I_ALLOC(copy->levels, CLILE_I_MODEL_LEVELS * (int64_t)model->c);
        memcpy(copy->levels, model->levels, CLILE_I_MODEL_LEVELS * aus);
    }
    CLILE_I_TRY(clile_i_points_copy(&model->points, model->d, &copy->points));
    for (int32_t i = 0; i < model->metadata_count; ++i)
        CLILE_I_TRY(
            clile_model_set_metadata(copy, model->metadata[i].key, model->metadata[i].value));
    *out = copy;
    copy = NULL;
cleanup:
    clile_model_destroy(copy);
    return status;
}

clile_status clile_i_model_snapshot(const clile_model *model, clile_model **out)
{
    CLILE_I_RETURN_IF(clile_i_model_copy_frame(model, out));
    clile_i_net_retain(model->encoder);
    if (model->quant) clile_i_quant_retain(model->quant);
    clile_i_packs_retain(model->packs);
    (*out)->encoder = model->encoder;
    (*out)->quant = model->quant;
    (*out)->packs = model->packs;
    return CLILE_OK;
}

clile_status clile_i_model_read_precision(const clile_options *options, uint8_t *bf16)
{
    const char *precision = NULL;
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_PRECISION, &precision));
    *bf16 = strcmp(precision, "bf16") == 0;
    return *bf16 ? clile_i_bf16_check() : CLILE_OK;
}

clile_status clile_i_model_check_float(const clile_model *model, const char *function)
{
    if (model->quant == NULL) return CLILE_OK;
    return clile_i_fail(CLILE_E_UNSUPPORTED,
                        "%s: the model is int8; this needs the float32 model it was made from",
                        function);
}

void clile_i_model_retain(const clile_model *model)
{
    clile_i_refs_retain(&((clile_model *)(uintptr_t)model)->refs);
}

void clile_model_destroy(clile_model *model)
{
    if (model == NULL || clile_i_refs_release(&model->refs) > 0) return;
    clile_i_net_destroy(model->encoder);
    clile_i_quant_destroy(model->quant);
    clile_i_packs_release(model->packs);
    for (int32_t i = 0; i < model->metadata_count; ++i) {
        clile_i_free(model->metadata[i].key);
        clile_i_free(model->metadata[i].value);
    }
    clile_i_free(model->metadata);
    clile_i_free(model->au_ids);
    clile_i_free(model->au_embedding);
    clile_i_free(model->slope);
    clile_i_free(model->offset);
    clile_i_free(model->person);
    clile_i_free(model->levels);
    clile_i_points_free(&model->points);
    clile_i_free(model);
}

int32_t clile_model_au_count(const clile_model *model)
{
    return model ? model->c : 0;
}
int32_t clile_model_embedding_size(const clile_model *model)
{
    return model ? model->d : 0;
}
int32_t clile_model_image_size(const clile_model *model)
{
    return model ? model->size : 0;
}
int32_t clile_model_point_count(const clile_model *model)
{
    return model ? model->points.p : 0;
}
int32_t clile_model_has_intensity(const clile_model *model)
{
    return model && model->levels ? 1 : 0;
}
int32_t clile_model_is_quantized(const clile_model *model)
{
    return model && model->quant ? 1 : 0;
}
int32_t clile_model_is_trained(const clile_model *model)
{
    return model ? model->trained : 0;
}

clile_status clile_model_copy_au_ids(const clile_model *model, int32_t *au_ids)
{
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(au_ids);
    memcpy(au_ids, model->au_ids, (size_t)model->c * sizeof *au_ids);
    return CLILE_OK;
}

clile_status clile_model_copy_au_embedding(const clile_model *model, float *au_embedding)
{
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(au_embedding);
    memcpy(au_embedding, model->au_embedding,
           (size_t)model->c * (size_t)model->d * sizeof *au_embedding);
    return CLILE_OK;
}

clile_status clile_model_copy_decision(const clile_model *model, float *slope, float *offset)
{
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(slope);
    CLILE_I_CHECK_NOT_NULL(offset);
    memcpy(slope, model->slope, (size_t)model->c * sizeof *slope);
    memcpy(offset, model->offset, (size_t)model->c * sizeof *offset);
    return CLILE_OK;
}

clile_status clile_model_set_decision(clile_model *model, const float *au_embedding,
                                      const float *slope, const float *offset)
{
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(slope);
    CLILE_I_CHECK_NOT_NULL(offset);
    if (model->busy)
        return clile_i_fail(
            CLILE_E_STATE,
            "clile_model_set_decision: a trainer is using the model; destroy it first");
    for (int32_t i = 0; i < model->c; ++i)
        if (!clile_i_is_finite(slope[i]) || !(slope[i] > 0) || !clile_i_is_finite(offset[i]))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "clile_model_set_decision: AU %d: slope %g and offset %g, "
                                "expected a finite slope > 0 and a finite offset",
                                (int)model->au_ids[i], (double)slope[i], (double)offset[i]);
    const int64_t count = (int64_t)model->c * model->d;
    if (au_embedding) {
        for (int64_t i = 0; i < count; ++i)
            if (!clile_i_is_finite(au_embedding[i]))
                return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                    "clile_model_set_decision: au_embedding[%lld] is not finite",
                                    (long long)i);
        memcpy(model->au_embedding, au_embedding, (size_t)count * sizeof *au_embedding);
        drop_fits(model);
    }
    memcpy(model->slope, slope, (size_t)model->c * sizeof *slope);
    memcpy(model->offset, offset, (size_t)model->c * sizeof *offset);
    model->trained = 1;
    return CLILE_OK;
}

/* ---- metadata ---- */

const char *clile_model_get_metadata(const clile_model *model, const char *key)
{
    if (model == NULL || key == NULL) return NULL;
    for (int32_t i = 0; i < model->metadata_count; ++i)
        if (strcmp(model->metadata[i].key, key) == 0) return model->metadata[i].value;
    return NULL;
}

static int is_utf8(const char *text)
{
    const char *end = text + strlen(text);
    int length = 1;
    while (text < end && (length = clile_i_utf8_length(text, end)) > 0) text += length;
    return length > 0;
}

/* Copies text, replacing each byte that is not UTF-8 with U+FFFD, because the file is JSON. NULL
 * when out of memory. */
static char *utf8_of(const char *text)
{
    const char *end = text + strlen(text);
    char *copy = clile_i_calloc(3 * (int64_t)(end - text) + 1, 1), *at = copy;
    while (copy != NULL && text < end) {
        const int length = clile_i_utf8_length(text, end);
        memcpy(at, length > 0 ? text : "\xEF\xBF\xBD", length > 0 ? (size_t)length : 3);
        at += length > 0 ? length : 3;
        text += length > 0 ? length : 1;
    }
    return copy;
}

clile_status clile_model_set_metadata(clile_model *model, const char *key, const char *value)
{
    clile_status status = CLILE_OK;
    char *key_copy = NULL, *value_copy = NULL;
    clile_i_pair *grown = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(key);
    CLILE_I_CHECK_NOT_NULL(value);
    if (key[0] == '\0' || strlen(key) > 63)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_model_set_metadata: key of %zu characters, expected 1 to 63",
                            strlen(key));

    if (!is_utf8(key))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_model_set_metadata: the key is not UTF-8");

    value_copy = utf8_of(value);
    if (value_copy == NULL) return CLILE_E_OUT_OF_MEMORY;
    int32_t at = 0;
    while (at < model->metadata_count && strcmp(model->metadata[at].key, key) < 0) ++at;
    if (at < model->metadata_count && strcmp(model->metadata[at].key, key) == 0) {
        clile_i_free(model->metadata[at].value);
        model->metadata[at].value = value_copy;
        return CLILE_OK;
    }
    if (model->metadata_count == CLILE_I_MAX_METADATA) {
        status =
            clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                         "clile_model_set_metadata: there are already %d keys, the most allowed",
                         (int)CLILE_I_MAX_METADATA);
        goto cleanup;
    }
    key_copy = clile_i_strdup(key);
    if (key_copy == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_ALLOC(grown, model->metadata_count + 1);
    for (int32_t i = 0; i < model->metadata_count; ++i)
        grown[i < at ? i : i + 1] = model->metadata[i];
    grown[at] = (clile_i_pair){key_copy, value_copy};
    clile_i_free(model->metadata);
    model->metadata = grown;
    model->metadata_count += 1;
    return CLILE_OK;
cleanup:
    clile_i_free(key_copy);
    clile_i_free(value_copy);
    return status;
}

/* ---- scores and decisions ---- */

void clile_i_model_score(const clile_model *model, int64_t n, const float *embedding, float *score)
{
    const int64_t d = model->d, c = model->c;
    const float *au = model->au_embedding;
    double au_factor[CLILE_I_MAX_AUS];
    for (int64_t a = 0; a < c; ++a)
        au_factor[a] = clile_i_sim_factor(model->similarity, d, au + a * d);
    for (int64_t k = 0; k < n; ++k) {
        const float *f = embedding + k * d;
        const double factor = clile_i_sim_factor(model->similarity, d, f);
        for (int64_t a = 0; a < c; ++a)
            score[k * c + a] =
                (float)(clile_i_vec_dot_f32(d, f, au + a * d) * factor * au_factor[a]);
    }
}

void clile_i_model_decide(const clile_model *model, int64_t n, const float *score,
                          float *probability, int8_t *present)
{
    for (int64_t k = 0; k < n; ++k)
        for (int32_t c = 0; c < model->c; ++c) {
            const double z = (double)model->slope[c] * (double)score[k * model->c + c] +
                             (double)model->offset[c];
            const float p = (float)(1.0 / (1.0 + exp(-z)));
            if (probability) probability[k * model->c + c] = p;
            if (present) present[k * model->c + c] = p > 0.5f;
        }
}
