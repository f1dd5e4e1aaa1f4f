/* A model file: loads it, describes it, and runs it if it says that it is trained. */
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
            FUZZ_CHECK(probability[c] >= 0.0f && probability[c] <= 1.0f &&
                       present[c] == (probability[c] > 0.5f));
    clile_predictor_destroy(predictor);
    clile_options_destroy(options);
}

/* What the file gives, its bytes in memory give too. */
static void same_from_memory(const char *path, clile_status expected)
{
    clile_i_file file = {0};
    clile_model *model = NULL, *again = NULL;
    uint8_t *bytes = NULL;
    size_t count = 0;
    FUZZ_CHECK(clile_i_file_open(path, &file) == CLILE_OK);
    FUZZ_CHECK(clile_model_load_memory(file.data, file.size, &model) == expected);
    clile_i_file_close(&file);
    FUZZ_CHECK((model != NULL) == (expected == CLILE_OK));
    if (model == NULL) return;
    FUZZ_CHECK(clile_model_save_memory(model, &bytes, &count) == CLILE_OK);
    FUZZ_CHECK(clile_model_load_memory(bytes, count, &again) == CLILE_OK);
    clile_free(bytes);
    clile_model_destroy(again);
    clile_model_destroy(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clile_model *model = NULL;
    clile_predictor *none = NULL;
    char *json = NULL;
    const char *path = fuzz_safetensors("model.safetensors", data, size);
    const clile_status status = clile_model_load(path, &model);
    same_from_memory(path, status);
    if (!FUZZ_MADE(status, model)) return 0;
    FUZZ_CHECK(clile_model_copy_json(model, &json) == CLILE_OK);
    clile_free(json);
    if (clile_model_is_trained(model))
        predict(model);
    else
        FUZZ_CHECK(clile_predictor_create(model, NULL, &none) == CLILE_E_STATE && none == NULL);
    clile_model_destroy(model);
    return 0;
}
