/* Agreement of estimated and coded intensities. */
#include "eval/eval.h"

#include <clile/metrics.h>

#include <math.h>

typedef struct {
    double icc, pcc, mae, mse;
} agreement;

static agreement compare(int64_t n, int32_t c, int32_t au, const float *value,
                         const int8_t *intensity)
{
    double coded = 0, mean[2] = {0, 0}, absolute = 0, squared = 0;
    for (int64_t i = au; i < n * c; i += c) {
        if (intensity[i] < 0) continue;
        const double x = (double)value[i], y = intensity[i];
        ++coded;
        mean[0] += x;
        mean[1] += y;
        absolute += fabs(x - y);
        squared += (x - y) * (x - y);
    }
    if (coded == 0) return (agreement){NAN, NAN, NAN, NAN};
    mean[0] /= coded;
    mean[1] /= coded;
    double xx = 0, yy = 0, xy = 0;
    for (int64_t i = au; i < n * c; i += c) {
        if (intensity[i] < 0) continue;
        const double x = (double)value[i] - mean[0], y = intensity[i] - mean[1];
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    /* For two raters, BMS - EMS = 2 xy / (n - 1) and BMS + EMS = (xx + yy) / (n - 1). */
    return (agreement){.icc = xx + yy > 0 ? 2 * xy / (xx + yy) : NAN,
                       .pcc = xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : NAN,
                       .mae = absolute / coded,
                       .mse = squared / coded};
}

clile_status clile_i_eval_check_intensity(const char *function, int64_t n, int32_t c,
                                          const int8_t *intensity)
{
    if (intensity == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: intensity is NULL", function);
    for (int64_t i = 0; i < n * c; ++i)
        if (intensity[i] < -1 || intensity[i] > 5)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: intensity[%lld,%lld] is %d, expected -1 to 5", function,
                                (long long)(i / c), (long long)(i % c), intensity[i]);
    return CLILE_OK;
}

clile_status clile_metrics_intensity(int64_t n, int32_t c, const float *value,
                                     const int8_t *intensity, double *icc, double *pcc, double *mae,
                                     double *mse)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_RETURN_IF(clile_i_eval_check_finite(__func__, "value", n, c, value));
    CLILE_I_RETURN_IF(clile_i_eval_check_intensity(__func__, n, c, intensity));
    for (int32_t au = 0; au < c; ++au) {
        const agreement found = compare(n, c, au, value, intensity);
        if (icc != NULL) icc[au] = found.icc;
        if (pcc != NULL) pcc[au] = found.pcc;
        if (mae != NULL) mae[au] = found.mae;
        if (mse != NULL) mse[au] = found.mse;
    }
    return CLILE_OK;
}
