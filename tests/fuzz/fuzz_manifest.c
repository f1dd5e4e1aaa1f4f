/* A CSV manifest and one image that it can name. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_picture("a.png");
    fuzz_dataset(fuzz_file("manifest.csv", data, size), "layout=csv");
    return 0;
}
