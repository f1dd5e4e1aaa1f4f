#include "eval/eval.h"

#include <math.h>

double clile_i_mean_of_known(int64_t count, const double *values)
{
    double sum = 0.0;
    int64_t known = 0;
    for (int64_t i = 0; i < count; ++i) {
        if (clile_i_is_nan(values[i])) continue;
        sum += values[i];
        ++known;
    }
    return known == 0 ? NAN : sum / (double)known;
}
