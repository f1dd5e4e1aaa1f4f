/* Area under the ROC curve, over all images and within each subject. */
#include "eval/eval.h"

#include <math.h>

clile_status clile_metrics_auc(int64_t n, int32_t c, const float *score, const int8_t *labels,
                               double *auc)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_RETURN_IF(clile_i_eval_check_finite(__func__, "score", n, c, score));
    CLILE_I_RETURN_IF(clile_i_eval_check_labels(__func__, n, c, labels));
    CLILE_I_CHECK_NOT_NULL(auc);
    clile_status status = CLILE_OK;
    for (int32_t au = 0; au < c && status == CLILE_OK; ++au) {
        clile_i_ranking ranking = {0};
        status = clile_i_ranking_make(n, c, au, score, labels, NULL, &ranking);
        if (status == CLILE_OK) auc[au] = clile_i_ranking_auc(&ranking, NULL);
        clile_i_ranking_free(&ranking);
    }
    return status;
}

clile_status clile_metrics_auc_within(int64_t n, int32_t c, const float *score,
                                      const int8_t *labels, const int32_t *subject, double *auc)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_RETURN_IF(clile_i_eval_check_finite(__func__, "score", n, c, score));
    CLILE_I_RETURN_IF(clile_i_eval_check_labels(__func__, n, c, labels));
    CLILE_I_CHECK_NOT_NULL(subject);
    CLILE_I_CHECK_NOT_NULL(auc);
    clile_status status = CLILE_OK;
    int32_t *dense = NULL;
    double *in_order = NULL, *pairs = NULL;
    int64_t subjects = 0;
    clile_i_ranking ranking = {0};
    CLILE_I_ALLOC(dense, n);
    CLILE_I_TRY(clile_i_subjects_dense(n, subject, dense, &subjects));
    CLILE_I_ALLOC(in_order, subjects);
    CLILE_I_ALLOC(pairs, subjects);
    for (int32_t au = 0; au < c; ++au) {
        CLILE_I_TRY(clile_i_ranking_make(n, c, au, score, labels, dense, &ranking));
        CLILE_I_TRY(clile_i_ranking_within(&ranking, subjects, in_order, pairs));
        clile_i_ranking_free(&ranking);
        double sum = 0.0, total = 0.0;
        for (int64_t s = 0; s < subjects; ++s) {
            sum += in_order[s];
            total += pairs[s];
        }
        auc[au] = total > 0.0 ? sum / total : NAN;
    }
cleanup:
    clile_i_ranking_free(&ranking);
    clile_i_free(pairs);
    clile_i_free(in_order);
    clile_i_free(dense);
    return status;
}
