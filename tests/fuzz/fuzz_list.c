/* Lists of images, labels and weights, separated by lines "%%". The images F001/T1/0.png and
 * 1.png exist. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"list/BP4D_train_img_path_fold1.txt",
                                        "list/BP4D_train_label_fold1.txt",
                                        "list/BP4D_train_weight_fold1.txt"};
    fuzz_bytes rest = {data, size};
    fuzz_picture("img/F001/T1/0.png");
    fuzz_picture("img/F001/T1/1.png");
    fuzz_picture("img/M002/T1/0.png");
    for (int k = 0; k < 3; ++k) {
        fuzz_bytes part = {0};
        fuzz_next_part(&rest, &part);
        fuzz_file(names[k], part.data, part.size);
    }
    fuzz_dataset(fuzz_folder(), "layout=list");
    return 0;
}
