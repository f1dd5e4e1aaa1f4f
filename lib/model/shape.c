/* A model's shape, and its options. */
#include "model/model.h"

#include <string.h>

/* Choices of the option `similarity`. */
static const char *const similarities[] = {[CLILE_I_COSINE] = "cosine", [CLILE_I_DOT] = "dot"};

const char *clile_i_model_similarity(const clile_model *model)
{
    return similarities[model->similarity];
}

/* Crops below this side keep too few places behind torchvision's stem (docs/results.md). */
enum { SMALL_BELOW = 96 };

/* "auto" is never the name of a stem. */
static int32_t choose_stem(const char *name, int64_t size)
{
    const int32_t stem = clile_i_stem_find(name);
    if (stem >= 0) return stem;
    return size < SMALL_BELOW ? CLILE_I_STEM_SMALL : CLILE_I_STEM_IMAGENET;
}

clile_status clile_i_model_read_shape(clile_model *model, const clile_options *options)
{
    const char *backbone, *stem, *similarity, *method;
    int64_t embedding, size, standardize, null_anchor;
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_BACKBONE, &backbone));
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_STEM, &stem));
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_SIMILARITY, &similarity));
    CLILE_I_RETURN_IF(clile_options_get_f64(options, CLILE_OPT_WIDTH, &model->width));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_EMBEDDING, &embedding));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_IMAGE_SIZE, &size));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_STANDARDIZE, &standardize));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_NULL_ANCHOR, &null_anchor));
    snprintf(model->backbone, sizeof model->backbone, "%s", backbone);
    model->stem = choose_stem(stem, size);
    model->similarity =
        strcmp(similarity, similarities[CLILE_I_DOT]) == 0 ? CLILE_I_DOT : CLILE_I_COSINE;
    model->embedding = model->d = (int32_t)embedding;
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_METHOD, &method));
    model->method = clile_i_method_find(method);
    if (!clile_i_method_has_net(model->method)) model->method = NULL;
    if (model->method != NULL && model->method->au != CLILE_I_AU_FREE &&
        model->similarity != CLILE_I_DOT)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "method=%s makes scores of each AU alone, which need similarity=dot",
                            method);
    model->size = (int32_t)size;
    model->standardize = (int32_t)standardize;
    model->null_anchor = (int32_t)null_anchor;
    return CLILE_OK;
}

clile_status clile_i_model_shape(const clile_model *model, clile_options *options)
{
    CLILE_I_RETURN_IF(clile_options_set(options, CLILE_OPT_BACKBONE, model->backbone));
    CLILE_I_RETURN_IF(clile_options_set(options, CLILE_OPT_STEM, clile_i_stem_name(model->stem)));
    CLILE_I_RETURN_IF(clile_options_set_f64(options, CLILE_OPT_WIDTH, model->width));
    CLILE_I_RETURN_IF(clile_options_set_i64(options, CLILE_OPT_EMBEDDING, model->embedding));
    if (model->method != NULL)
        CLILE_I_RETURN_IF(clile_options_set(options, CLILE_OPT_METHOD, model->method->name));
    CLILE_I_RETURN_IF(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, model->size));
    CLILE_I_RETURN_IF(clile_options_set_i64(options, CLILE_OPT_STANDARDIZE, model->standardize));
    CLILE_I_RETURN_IF(clile_options_set_i64(options, CLILE_OPT_NULL_ANCHOR, model->null_anchor));
    return clile_options_set(options, CLILE_OPT_SIMILARITY, clile_i_model_similarity(model));
}

clile_i_net_config clile_i_model_net_config(const clile_model *model)
{
    return (clile_i_net_config){.backbone = model->backbone,
                                .width = model->width,
                                .embedding = model->d,
                                .stem = model->stem,
                                .tail =
                                    clile_i_method_tail(model->method, model->c, model->embedding)};
}

int clile_i_model_reads_points(const clile_model *model)
{
    return model->method != NULL && model->method->points == CLILE_I_POINTS_ALWAYS;
}

/* Methods that leave the encoder plain share their models. */
static clile_status check_method(const clile_model *model, const clile_options *options)
{
    const char *name;
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_METHOD, &name));
    const clile_i_method *asked = clile_i_method_find(name);
    if (!clile_i_method_has_net(asked)) asked = NULL;
    if (asked == model->method) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "method=%s, but the model was made with %s%s: create it with the method "
                        "that it is to be trained with",
                        name, model->method != NULL ? "method=" : "a method with the plain encoder",
                        model->method != NULL ? model->method->name : "");
}

clile_status clile_i_model_check_shape(const clile_model *model, const clile_options *options)
{
    static const char *const keys[] = {
        CLILE_OPT_BACKBONE,   CLILE_OPT_STEM,        CLILE_OPT_WIDTH,       CLILE_OPT_EMBEDDING,
        CLILE_OPT_IMAGE_SIZE, CLILE_OPT_STANDARDIZE, CLILE_OPT_NULL_ANCHOR, CLILE_OPT_SIMILARITY};
    clile_status status = CLILE_OK;
    clile_options *shape = NULL;
    const char *stem = NULL;
    CLILE_I_TRY(clile_options_create(&shape));
    CLILE_I_TRY(clile_i_model_shape(model, shape));
    CLILE_I_TRY(check_method(model, options));
    CLILE_I_TRY(clile_options_get_str(options, CLILE_OPT_STEM, &stem));
    if (clile_i_stem_find(stem) < 0) /* auto: whichever the model has */
        CLILE_I_TRY(clile_options_set(shape, CLILE_OPT_STEM, stem));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i)
        CLILE_I_TRY(clile_i_options_check_same(options, shape, "the model", keys[i]));
cleanup:
    clile_options_destroy(shape);
    return status;
}
