/* Two label files of a trial of DISFA+, separated by a line "%%", over images 0 and 1. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes rest = {data, size}, first = {0}, second = {0};
    fuzz_picture("Images/SN001/A1_AU1_TrailNo_1/000.png");
    fuzz_picture("Images/SN001/A1_AU1_TrailNo_1/001.png");
    fuzz_next_part(&rest, &first);
    fuzz_next_part(&rest, &second);
    fuzz_file("Labels/SN001/A1_AU1_TrailNo_1/AU1.txt", first.data, first.size);
    fuzz_file("Labels/SN001/A1_AU1_TrailNo_1/AU2.txt", second.data, second.size);
    fuzz_dataset(fuzz_folder(), "layout=disfa+ au_set=1,2");
    return 0;
}
