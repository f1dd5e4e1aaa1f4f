/* The locator of points that is a model: that of points.safetensors, which comes with the library,
 * or one of the caller's. */
#include "face/face.h"
#include "model/model.h"

typedef struct {
    clile_predictor *predictor;
    int32_t given; /* points of the model, of which the first ones are asked for */
    int32_t points;
    float *xy; /* [given,2] */
} net;

static clile_status locate(void *context, const clile_face *face, float *xy)
{
    const net *n = context;
    CLILE_I_RETURN_IF(clile_predictor_run_points(n->predictor, 1, face, n->xy));
    memcpy(xy, n->xy, 2 * (size_t)n->points * sizeof *xy);
    return CLILE_OK;
}

static void free_net(net *n)
{
    if (n == NULL) return;
    clile_predictor_destroy(n->predictor);
    clile_i_free(n->xy);
    clile_i_free(n);
}

void clile_i_locator_free(clile_i_locator *locator)
{
    if (locator->locate == locate) free_net(locator->context);
    *locator = (clile_i_locator){0};
}

/* A finder's boxes are cut as the option is by default, whatever it is for those of the caller.
 * Points are coordinates: they are found in float32. */
static clile_status create_predictor(const clile_model *model, const clile_options *options,
                                     clile_predictor **out)
{
    clile_status status = CLILE_OK;
    clile_options *own = NULL, *defaults = NULL;
    double margin;
    CLILE_I_TRY(clile_options_copy(options, &own));
    CLILE_I_TRY(clile_options_create(&defaults));
    CLILE_I_TRY(clile_options_get_f64(defaults, CLILE_OPT_BOX_MARGIN, &margin));
    CLILE_I_TRY(clile_options_set_f64(own, CLILE_OPT_BOX_MARGIN, margin));
    CLILE_I_TRY(clile_options_set_i64(own, CLILE_OPT_PREDICT_BATCH, 1));
    CLILE_I_TRY(clile_options_set(own, CLILE_OPT_PRECISION, "float32"));
    CLILE_I_TRY(clile_predictor_create(model, own, out));
cleanup:
    clile_options_destroy(defaults);
    clile_options_destroy(own);
    return status;
}

clile_status clile_i_locator_create(const clile_model *model, const clile_options *options,
                                    clile_i_locator *out)
{
    clile_status status = CLILE_OK;
    net *n = NULL;
    const int32_t given = clile_model_point_count(model);
    *out = (clile_i_locator){0};
    if (given != 5 && given < 68)
        return clile_i_fail(given == 0 ? CLILE_E_UNSUPPORTED : CLILE_E_INVALID_ARGUMENT,
                            "the model of the points has %d points, expected 5, or 68 and more of "
                            "which the first 68 are in Multi-PIE order (option keep_points)",
                            (int)given);
    CLILE_I_ALLOC(n, 1);
    n->given = given;
    n->points = given == 5 ? 5 : 68;
    CLILE_I_ALLOC(n->xy, 2 * (int64_t)given);
    CLILE_I_TRY(create_predictor(model, options, &n->predictor));
    *out = (clile_i_locator){locate, n, n->points};
    n = NULL;
cleanup:
    free_net(n);
    return status;
}

clile_status clile_i_locator_create_by_options(const clile_options *options, clile_i_locator *out)
{
    clile_status status = CLILE_OK;
    clile_i_text tried = {0};
    clile_model *model = NULL;
    char *path = NULL;
    const char *named = NULL;
    *out = (clile_i_locator){0};
    CLILE_I_TRY(clile_options_get_str(options, CLILE_OPT_POINTS_MODEL, &named));
    if (strcmp(named, "none") == 0) goto cleanup; /* faces are aligned by their boxes */
    if (strcmp(named, "default") == 0) {
        CLILE_I_TRY(clile_i_data_find("points.safetensors", &path, &tried));
        if (path == NULL) goto cleanup; /* likewise */
        named = path;
    }
    CLILE_I_TRY(clile_model_load(named, &model));
    status = clile_i_locator_create(model, options, out);
    if (status != CLILE_OK) status = clile_i_fail_context(status, "%s", named);
cleanup:
    clile_model_destroy(model);
    clile_i_text_free(&tried);
    clile_i_free(path);
    return status;
}
