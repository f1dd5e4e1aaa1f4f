/* Two label files of DISFA, separated by a line "%%", over images 0 to 2. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes rest = {data, size}, first = {0}, second = {0};
    fuzz_picture("images/SN001/0.png");
    fuzz_picture("images/SN001/1.png");
    fuzz_picture("images/SN001/2.png");
    fuzz_next_part(&rest, &first);
    fuzz_next_part(&rest, &second);
    fuzz_file("ActionUnit_Labels/SN001/SN001_au1.txt", first.data, first.size);
    fuzz_file("ActionUnit_Labels/SN001/SN001_au2.txt", second.data, second.size);
    fuzz_dataset(fuzz_folder(), "layout=disfa au_set=1,2");
    return 0;
}
