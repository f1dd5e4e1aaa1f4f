/* A model file: loaded, described, run when it says that it is trained. */
#include "fuzz.h"

#include "model/model.h"

#include <clile/predictor.h>

static void predict(const clile_model *model)
{
    enum { H = 5, W = 7 };
    clile_options *options = NULL;
    clile_predictor *predictor = NULL;
    uint8_t rgb[H * W * 3];
    float probability[CLILE_I_MAX_AUS];
    int8_t present[CLILE_I_MAX_AUS];
    for (int i = 0; i < H * W * 3; ++i) rgb[i] = (uint8_t)(7 * i);
    FUZZ_CHECK(clile_options_create(&options) == CLILE_OK);
    FUZZ_CHECK(clile_options_set(options, CLILE_OPT_THREADS, "1") == CLILE_OK);
    FUZZ_CHECK(clile_predictor_create(model, options, &predictor) == CLILE_OK);
    if (fuzz_ok(clile_predictor_run(predictor, 1, rgb, H, W, probability, present, NULL)))
        for (int32_t c = 0; c < clile_model_au_count(model); ++c)
            FUZZ_CHECK(probability[c] >= 0.0f && probability[c] <= 1.0f && present[c] == (probability[c] > 0.5f));
    clile_predictor_destroy(predictor);
    clile_options_destroy(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clile_model *model = NULL;
    clile_predictor *none = NULL;
    char *json = NULL;
    if (!FUZZ_MADE(clile_model_load(fuzz_safetensors("model.safetensors", data, size), &model), model)) return 0;
    FUZZ_CHECK(clile_model_copy_json(model, &json) == CLILE_OK);
    clile_free(json);
    if (clile_model_is_trained(model))
        predict(model);
    else
        FUZZ_CHECK(clile_predictor_create(model, NULL, &none) == CLILE_E_STATE && none == NULL);
    clile_model_destroy(model);
    return 0;
}
