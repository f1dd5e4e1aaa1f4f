/* A model's shape, and its options. */
#include "model/model.h"

#include <string.h>

/* Choices of the option `similarity`. */
static const char *const similarities[] = {[CLILE_I_COSINE] = "cosine", [CLILE_I_DOT] = "dot"};

const char *clile_i_model_similarity(const clile_model *model)
{
    return similarities[model->similarity];
}

clile_status clile_i_model_read_shape(clile_model *model, const clile_options *options)
{
    const char *backbone, *stem, *similarity;
    int64_t embedding, size, null_anchor;
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_BACKBONE, &backbone));
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_STEM, &stem));
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_SIMILARITY, &similarity));
    CLILE_I_RETURN_IF(clile_options_get_f64(options, CLILE_OPT_WIDTH, &model->width));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_EMBEDDING, &embedding));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_IMAGE_SIZE, &size));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_NULL_ANCHOR, &null_anchor));
    snprintf(model->backbone, sizeof model->backbone, "%s", backbone);
    model->stem = clile_i_stem_find(stem);
    model->similarity =
        strcmp(similarity, similarities[CLILE_I_DOT]) == 0 ? CLILE_I_DOT : CLILE_I_COSINE;
    model->d = (int32_t)embedding;
    model->size = (int32_t)size;
    model->null_anchor = (int32_t)null_anchor;
    return CLILE_OK;
}

clile_status clile_i_model_shape(const clile_model *model, clile_options *options)
{
    CLILE_I_RETURN_IF(clile_options_set(options, CLILE_OPT_BACKBONE, model->backbone));
    CLILE_I_RETURN_IF(clile_options_set(options, CLILE_OPT_STEM, clile_i_stem_name(model->stem)));
    CLILE_I_RETURN_IF(clile_options_set_f64(options, CLILE_OPT_WIDTH, model->width));
    CLILE_I_RETURN_IF(clile_options_set_i64(options, CLILE_OPT_EMBEDDING, model->d));
    CLILE_I_RETURN_IF(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, model->size));
    CLILE_I_RETURN_IF(clile_options_set_i64(options, CLILE_OPT_NULL_ANCHOR, model->null_anchor));
    return clile_options_set(options, CLILE_OPT_SIMILARITY, clile_i_model_similarity(model));
}

clile_status clile_i_model_check_shape(const clile_model *model, const clile_options *options)
{
    static const char *const keys[] = {
        CLILE_OPT_BACKBONE,   CLILE_OPT_STEM,        CLILE_OPT_WIDTH,     CLILE_OPT_EMBEDDING,
        CLILE_OPT_IMAGE_SIZE, CLILE_OPT_NULL_ANCHOR, CLILE_OPT_SIMILARITY};
    clile_status status = CLILE_OK;
    clile_options *shape = NULL;
    CLILE_I_TRY(clile_options_create(&shape));
    CLILE_I_TRY(clile_i_model_shape(model, shape));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i)
        CLILE_I_TRY(clile_i_options_check_same(options, shape, "the model", keys[i]));
cleanup:
    clile_options_destroy(shape);
    return status;
}
