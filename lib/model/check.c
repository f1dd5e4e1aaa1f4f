/* Checks shared by all model files. */
#include "model/model.h"

clile_status clile_i_check_finite(const char *file, const char *name, int64_t count,
                                  const float *values)
{
    const int64_t i = clile_i_find_not_finite(count, values);
    if (i >= 0)
        return clile_i_fail(CLILE_E_NOT_FINITE, "%s: tensor %s, value %lld is not finite", file,
                            name, (long long)i);
    return CLILE_OK;
}
