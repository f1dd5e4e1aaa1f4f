/* FMAE's JSON lines over two images. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_picture("F001_T1/1.png");
    fuzz_picture("F001_T1/2.png");
    fuzz_dataset(fuzz_file("labels.jsonl", data, size), "layout=jsonl");
    return 0;
}
