/* A label file of BP4D over images 0 to 3, then a line "%%" and the landmarks of the sequence. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes rest = {data, size}, labels = {0}, landmarks = {0};
    fuzz_picture("F001/T1/0.png");
    fuzz_picture("F001/T1/1.png");
    fuzz_picture("F001/T1/2.png");
    fuzz_picture("F001/T1/0003.png");
    fuzz_next_part(&rest, &labels);
    fuzz_next_part(&rest, &landmarks);
    fuzz_file("AU_OCC/F001_T1.csv", labels.data, labels.size);
    fuzz_file("landmarks/F001_T1.csv", landmarks.data, landmarks.size);
    fuzz_dataset(fuzz_folder(), "layout=bp4d au_set=1,2,4");
    return 0;
}
