/* The checksums of a whole pack's pixels. */
#include "data/core.h"

#include <string.h>

clile_status clile_dataset_verify(const clile_dataset *dataset, clile_count_fn progress, void *user)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    const clile_i_table *t = &dataset->core->table;
    if (t->pack == NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: %s is no pack, and has no checksums",
                            __func__, t->root);
    const int64_t side = clile_i_crop_stored(t->pack_size), bytes = side * side * 3;
    for (int64_t first = 0; first < t->n; first += t->pack_block) {
        const int64_t last = t->n - first < t->pack_block ? t->n : first + t->pack_block;
        int64_t expected = 0;
        memcpy(&expected, t->pack_crc + first / t->pack_block * (int64_t)sizeof expected,
               sizeof expected);
        const uint32_t found =
            clile_i_crc32(0, t->pack_crops + first * bytes, (size_t)((last - first) * bytes));
        if (expected != (int64_t)found)
            return clile_i_fail(CLILE_E_CORRUPT,
                                "pack %s is damaged: block %lld (images %lld to %lld): CRC-32 is "
                                "%08x, the file says %08llx",
                                t->root, (long long)(first / t->pack_block), (long long)first,
                                (long long)last - 1, found, (unsigned long long)expected);
        if (progress != NULL && progress(last, t->n, user) != 0)
            return clile_i_fail(CLILE_E_CANCELLED, "%s: stopped after %lld of %lld images",
                                __func__, (long long)last, (long long)t->n);
    }
    return CLILE_OK;
}
