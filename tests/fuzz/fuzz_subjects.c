/* A file of subjects, the protocol file:PATH, over the subjects 1, 2 and 3: nobody is in both
 * training and test. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t pixels[3 * 8 * 8 * 3] = {0};
    static const int32_t aus[1] = {1}, subjects[3] = {1, 2, 3};
    static const int8_t labels[3] = {1, 0, 1};
    clile_dataset *whole = NULL;
    char protocol[512];
    int32_t folds = 0;
    FUZZ_CHECK(clile_dataset_from_arrays(3, 8, 8, pixels, 1, aus, labels, subjects, &whole) ==
               CLILE_OK);
    snprintf(protocol, sizeof protocol, "file:%s", fuzz_file("subjects.txt", data, size));
    if (fuzz_ok(clile_dataset_fold_count(whole, protocol, &folds))) {
        FUZZ_CHECK(folds >= 1 && folds <= 3);
        for (int32_t fold = 1; fold <= folds; ++fold) {
            clile_dataset *train = NULL, *test = NULL;
            FUZZ_CHECK(clile_dataset_fold(whole, protocol, fold, &train, &test) == CLILE_OK);
            FUZZ_CHECK(clile_dataset_size(train) + clile_dataset_size(test) == 3);
            FUZZ_CHECK(clile_dataset_size(test) > 0 && clile_dataset_size(train) > 0);
            clile_dataset_destroy(train);
            clile_dataset_destroy(test);
        }
    }
    clile_dataset_destroy(whole);
    return 0;
}
