/* A CSV file of OpenFace or Py-Feat over two frames. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_picture("film/1.png");
    fuzz_picture("film/2.png");
    fuzz_dataset(fuzz_file("film.csv", data, size), "layout=csv");
    return 0;
}
