#include "loss/check.h"

clile_status clile_i_loss_check_sizes(const char *function, int32_t count,
                                      const clile_i_loss_size *sizes)
{
    const int64_t most = (int64_t)1 << 56;
    int64_t product = 1;
    for (int32_t i = 0; i < count; ++i) {
        if (sizes[i].value < 1)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %s is %lld, expected at least 1",
                                function, sizes[i].name, (long long)sizes[i].value);
        if (sizes[i].value > most / product)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: %s is %lld, expected a product of all sizes of at most 2^56",
                                function, sizes[i].name, (long long)sizes[i].value);
        product *= sizes[i].value;
    }
    return CLILE_OK;
}

clile_status clile_i_loss_check_labels(const char *function, int64_t n, int64_t c,
                                       const int8_t *labels)
{
    for (int64_t i = 0; i < n * c; ++i)
        if (labels[i] < -1 || labels[i] > 1)
            return clile_i_fail(
                CLILE_E_INVALID_ARGUMENT,
                "%s: labels[%lld,%lld] is %d, expected 1 (present), 0 (absent) or -1 (not coded)",
                function, (long long)(i / c), (long long)(i % c), labels[i]);
    return CLILE_OK;
}

clile_status clile_i_loss_check_subjects(const char *function, int64_t n, int64_t s,
                                         const int32_t *subject)
{
    for (int64_t k = 0; k < n; ++k)
        if (subject[k] < 0 || subject[k] >= s)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: subject[%lld] is %d, expected 0..%lld", function, (long long)k,
                                (int)subject[k], (long long)(s - 1));
    return CLILE_OK;
}

clile_status clile_i_loss_check_weights(const char *function, int64_t c, const float *au_weight)
{
    if (au_weight == NULL) return CLILE_OK;
    for (int64_t i = 0; i < c; ++i)
        if (!clile_i_is_finite(au_weight[i]) || au_weight[i] < 0)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: au_weight[%lld] is %g, expected a finite number >= 0",
                                function, (long long)i, (double)au_weight[i]);
    return CLILE_OK;
}

clile_status clile_i_loss_check_factor(const char *function, const char *name, double value)
{
    if (clile_i_is_finite(value) && value >= 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %s is %g, expected a finite number >= 0",
                        function, name, value);
}

clile_status clile_i_loss_check_temperature(const char *function, double value)
{
    if (clile_i_is_finite(value) && value > 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "%s: temperature is %g, expected a finite number > 0", function, value);
}

clile_status clile_i_loss_check_similarity(const char *function, int32_t similarity)
{
    if (similarity == CLILE_SIMILARITY_COSINE || similarity == CLILE_SIMILARITY_DOT)
        return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "%s: similarity is %d, expected 0 (cosine) or 1 (dot)", function,
                        (int)similarity);
}

clile_status clile_i_loss_finish(const char *function, double value, double *loss)
{
    if (!clile_i_is_finite(value))
        return clile_i_fail(CLILE_E_NOT_FINITE,
                            "%s: the loss is %s, expected a finite number: the inputs hold NaN, "
                            "infinity or numbers too large",
                            function, clile_i_is_nan(value) ? "NaN" : "infinite");
    if (loss != NULL) *loss = value;
    return CLILE_OK;
}

void clile_i_loss_group(int64_t n, int64_t s, const int32_t *subject, int64_t *order,
                        int64_t *start)
{
    for (int64_t i = 0; i <= s; ++i) start[i] = 0;
    for (int64_t k = 0; k < n; ++k) start[subject[k] + 1]++;
    for (int64_t i = 0; i < s; ++i) start[i + 1] += start[i];
    for (int64_t k = 0; k < n; ++k) order[start[subject[k]]++] = k;
    for (int64_t i = s; i > 0; --i) start[i] = start[i - 1];
    start[0] = 0;
}

clile_status clile_i_loss_check_arrays(const char *function, int32_t count,
                                       const clile_i_loss_array *arrays)
{
    for (int32_t i = 0; i < count; ++i)
        if (arrays[i].pointer == NULL)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %s is NULL", function,
                                arrays[i].name);
    return CLILE_OK;
}
