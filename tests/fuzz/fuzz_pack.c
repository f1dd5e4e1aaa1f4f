/* A packed data set: opened, verified, read. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clile_options *options = NULL;
    clile_dataset *pack = NULL;
    FUZZ_CHECK(clile_options_create(&options) == CLILE_OK);
    FUZZ_CHECK(clile_options_set(options, CLILE_OPT_LAYOUT, "pack") == CLILE_OK);
    if (FUZZ_MADE(
            clile_dataset_open(fuzz_safetensors("pack.safetensors", data, size), options, &pack),
            pack)) {
        fuzz_ok(clile_dataset_verify(pack, NULL, NULL));
        fuzz_dataset_read(pack);
    }
    clile_dataset_destroy(pack);
    clile_options_destroy(options);
    return 0;
}
