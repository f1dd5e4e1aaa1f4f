/* A checkpoint, resumed on 8 images of 4 subjects by one trainer of each method. */
#include "fuzz.h"
#include "tiny.h"

typedef struct {
    const char *method;
    clile_options *options;
    clile_model *model;
} setting;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static clile_dataset *images;
    static setting settings[2] = {{"bce", NULL, NULL}, {"cl-ile", NULL, NULL}};
    const char *path = fuzz_safetensors("checkpoint.safetensors", data, size);
    if (images == NULL) FUZZ_CHECK(tiny_dataset(&images) == CLILE_OK);
    for (int k = 0; k < 2; ++k) {
        setting *s = &settings[k];
        clile_trainer *trainer = NULL;
        if (s->model == NULL) {
            FUZZ_CHECK(tiny_options(s->method, &s->options) == CLILE_OK);
            FUZZ_CHECK(tiny_model(s->options, &s->model) == CLILE_OK);
        }
        FUZZ_CHECK(clile_trainer_create(s->model, images, s->options, &trainer) == CLILE_OK);
        fuzz_ok(clile_trainer_resume(trainer, path));
        clile_trainer_destroy(trainer);
    }
    return 0;
}
