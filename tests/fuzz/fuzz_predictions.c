/* The table of another system, for a data set of three images. */
#include "fuzz.h"

#include "data/data.h"

#include <clile/evaluation.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t rgb[3 * 16 * 16 * 3];
    static const int32_t aus[2] = {1, 12}, subject[3] = {1, 2, 2};
    static const int8_t labels[6] = {1, 0, 0, 1, 1, -1};
    clile_dataset *images = NULL;
    FUZZ_CHECK(clile_dataset_from_arrays(3, 16, 16, rgb, 2, aus, labels, subject, &images) ==
               CLILE_OK);
    for (int32_t absent = 0; absent < 2; ++absent) {
        clile_evaluation *evaluation = NULL;
        char *notes = NULL;
        if (FUZZ_MADE(clile_evaluation_load_predictions(fuzz_file("t.csv", data, size), images,
                                                        "kfold:2", 0, absent, &evaluation, &notes),
                      evaluation))
            FUZZ_CHECK(clile_evaluation_size(evaluation) == 3 && notes != NULL);
        clile_free(notes);
        clile_evaluation_destroy(evaluation);
    }
    clile_dataset_destroy(images);
    return 0;
}
