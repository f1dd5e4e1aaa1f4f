/* F1 = 2 TP / (2 TP + FP + FN) of each AU, from counts over all coded images. */
#include "eval/eval.h"

#include <string.h>

double clile_i_f1_of_counts(const int64_t *counts)
{
    const int64_t total = 2 * counts[0] + counts[1] + counts[2];
    return total == 0 ? 0.0 : (double)(2 * counts[0]) / (double)total;
}

void clile_i_f1_count(int64_t n, int32_t c, const int8_t *present, const int8_t *labels,
                      int64_t *counts)
{
    memset(counts, 0, (size_t)c * 3 * sizeof *counts);
    for (int64_t i = 0; i < n; ++i) {
        for (int32_t au = 0; au < c; ++au) {
            const int is = labels[i * c + au], said = present[i * c + au];
            counts[3 * au + 0] += is == 1 && said == 1;
            counts[3 * au + 1] += is == 0 && said == 1;
            counts[3 * au + 2] += is == 1 && said == 0;
        }
    }
}

clile_status clile_metrics_f1(int64_t n, int32_t c, const int8_t *present, const int8_t *labels,
                              double *f1, int64_t *counts)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_RETURN_IF(clile_i_eval_check_present(__func__, n, c, present));
    CLILE_I_RETURN_IF(clile_i_eval_check_labels(__func__, n, c, labels));
    CLILE_I_CHECK_NOT_NULL(f1);
    int64_t *own = NULL;
    if (counts == NULL) {
        own = clile_i_calloc((int64_t)c * 3, sizeof *own);
        if (own == NULL) return CLILE_E_OUT_OF_MEMORY;
        counts = own;
    }
    clile_i_f1_count(n, c, present, labels, counts);
    for (int32_t au = 0; au < c; ++au) f1[au] = clile_i_f1_of_counts(counts + 3 * (int64_t)au);
    clile_i_free(own);
    return CLILE_OK;
}
