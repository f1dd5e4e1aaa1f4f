/* w_c = (1/r_c) * C / sum_j (1/r_j), with r_c = present / coded of AU c, over the C AUs that
 * occur; 0 for the others (docs/method.md). */
#include "data/core.h"

clile_status clile_dataset_copy_au_weights(const clile_dataset *dataset, float *weights)
{
    clile_status status = CLILE_OK;
    int64_t *present = NULL, *coded = NULL;
    double sum = 0.0;
    int32_t occurring = 0;

    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(weights);
    const int32_t c = dataset->core->table.c;
    CLILE_I_ALLOC(present, c);
    CLILE_I_ALLOC(coded, c);
    for (int64_t i = 0; i < dataset->n; ++i) {
        const int8_t *labels = clile_i_dataset_labels(dataset, i);
        for (int32_t a = 0; a < c; ++a) {
            present[a] += labels[a] == 1;
            coded[a] += labels[a] >= 0;
        }
    }
    for (int32_t a = 0; a < c; ++a) {
        if (present[a] == 0) continue;
        sum += (double)coded[a] / (double)present[a];
        ++occurring;
    }
    for (int32_t a = 0; a < c; ++a)
        weights[a] = present[a] == 0
                         ? 0.0f
                         : (float)((double)coded[a] / (double)present[a] * occurring / sum);
cleanup:
    clile_i_free(present);
    clile_i_free(coded);
    return status;
}
