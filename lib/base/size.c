/* Arithmetic on sizes from outside. */
#include "base/base.h"

clile_status clile_i_size_product(int32_t count, const int64_t *sizes, int64_t *out)
{
    int64_t product = 1;
    for (int32_t i = 0; i < count; ++i) {
        if (sizes[i] < 0)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "size %lld is negative",
                                (long long)sizes[i]);
        if (sizes[i] > 0 && product > INT64_MAX / sizes[i])
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "the product of %d sizes does not fit in 64 bits", count);
        product *= sizes[i];
    }
    *out = product;
    return CLILE_OK;
}
