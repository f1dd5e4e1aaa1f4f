/* A CSV manifest, with one image that it may name. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_picture("a.png");
    fuzz_dataset(fuzz_file("manifest.csv", data, size), "layout=csv");
    return 0;
}
