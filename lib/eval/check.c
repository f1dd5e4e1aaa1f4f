/* Argument checks shared by the metrics. */
#include "eval/eval.h"

/* There can be as many subjects as images. A subject index shares an int32 with two flags
 * (clile_i_ranking). */
static const int64_t MOST_IMAGES = ((int64_t)1 << 29) - 1;

clile_status clile_i_eval_check_sizes(const char *function, int64_t n, int32_t c)
{
    if (n < 1 || n > MOST_IMAGES)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: n is %lld, expected 1..%lld", function,
                            (long long)n, (long long)MOST_IMAGES);
    if (c < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: c is %d, expected at least 1", function,
                            (int)c);
    return CLILE_OK;
}

clile_status clile_i_eval_check_labels(const char *function, int64_t n, int32_t c,
                                       const int8_t *labels)
{
    if (labels == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: labels is NULL", function);
    for (int64_t i = 0; i < n * c; ++i)
        if (labels[i] < -1 || labels[i] > 1)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: labels[%lld,%lld] is %d, expected 1, 0 or -1", function,
                                (long long)(i / c), (long long)(i % c), labels[i]);
    return CLILE_OK;
}

clile_status clile_i_eval_check_present(const char *function, int64_t n, int32_t c,
                                        const int8_t *present)
{
    if (present == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: present is NULL", function);
    for (int64_t i = 0; i < n * c; ++i)
        if (present[i] < 0 || present[i] > 1)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: present[%lld,%lld] is %d, expected 1 or 0", function,
                                (long long)(i / c), (long long)(i % c), present[i]);
    return CLILE_OK;
}

static clile_status not_finite(const char *function, const char *what, int64_t row, int64_t column,
                               double value)
{
    return clile_i_fail(CLILE_E_NOT_FINITE, "%s: %s[%lld,%lld] is %g, expected a finite number",
                        function, what, (long long)row, (long long)column, value);
}

clile_status clile_i_eval_check_finite(const char *function, const char *what, int64_t rows,
                                       int64_t columns, const float *values)
{
    if (values == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %s is NULL", function, what);
    for (int64_t i = 0; i < rows * columns; ++i)
        if (!clile_i_is_finite(values[i]))
            return not_finite(function, what, i / columns, i % columns, (double)values[i]);
    return CLILE_OK;
}

clile_status clile_i_eval_check_finite_f64(const char *function, const char *what, int64_t rows,
                                           int64_t columns, const double *values)
{
    if (values == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %s is NULL", function, what);
    for (int64_t i = 0; i < rows * columns; ++i)
        if (!clile_i_is_finite(values[i]))
            return not_finite(function, what, i / columns, i % columns, values[i]);
    return CLILE_OK;
}
