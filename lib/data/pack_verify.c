/* Verifies the pixel checksums of whole packs. */
#include "data/core.h"

#include <string.h>

/* `before` of `all` images are done, in other packs. */
static clile_status verify(const clile_i_table *t, int64_t before, int64_t all,
                           clile_count_fn progress, void *user)
{
    const int64_t side = t->pack_size + 2 * t->pack_margin, bytes = side * side * 3;
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
        if (progress != NULL && progress(before + last, all, user) != 0)
            return clile_i_fail(CLILE_E_CANCELLED,
                                "clile_dataset_verify: stopped after %lld of %lld images",
                                (long long)(before + last), (long long)all);
    }
    return CLILE_OK;
}

clile_status clile_dataset_verify(const clile_dataset *dataset, clile_count_fn progress, void *user)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    clile_i_core *const *core = &dataset->core;
    int32_t count = 1;
    int64_t all = 0, done = 0;
    if (dataset->core->holder != NULL) {
        core = dataset->core->holder;
        count = dataset->core->holders;
    }
    for (int32_t k = 0; k < count; ++k)
        if (core[k]->table.pack != NULL) all += core[k]->table.n;
    if (all == 0)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: %s is not a pack and has no checksums",
                            __func__, core[0]->table.root);
    for (int32_t k = 0; k < count; ++k) {
        const clile_i_table *table = &core[k]->table;
        if (table->pack == NULL) continue;
        CLILE_I_RETURN_IF(verify(table, done, all, progress, user));
        done += table->n;
    }
    return CLILE_OK;
}
