#include "net/plan.h"

static int64_t rounded(int64_t count)
{
    return (count + 15) / 16 * 16;
}

static int overlap_in_time(const clile_i_plan_block *a, const clile_i_plan_block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The end of the first placed block that is in the way of `block` at `offset`; -1 when there is
 * none. */
static int64_t obstacle(const clile_i_plan_block *blocks, const int32_t *order, int32_t placed,
                        const clile_i_plan_block *block, int64_t offset)
{
    for (int32_t i = 0; i < placed; ++i) {
        const clile_i_plan_block *other = &blocks[order[i]];
        if (!overlap_in_time(block, other)) continue;
        if (offset < other->offset + rounded(other->count) &&
            other->offset < offset + rounded(block->count))
            return other->offset + rounded(other->count);
    }
    return -1;
}

int64_t clile_i_plan(clile_i_plan_block *blocks, int32_t n, int32_t *order)
{
    int64_t total = 0;
    for (int32_t i = 0; i < n; ++i) { /* insertion sort by size, stable */
        int32_t k = i;
        for (; k > 0 && blocks[order[k - 1]].count < blocks[i].count; --k) order[k] = order[k - 1];
        order[k] = i;
    }
    for (int32_t i = 0; i < n; ++i) {
        clile_i_plan_block *block = &blocks[order[i]];
        int64_t offset = 0;
        /* Candidates grow: every obstacle moves the block behind it, and what is in front has
         * been tried. */
        for (int64_t end = obstacle(blocks, order, i, block, offset); end >= 0;
             end = obstacle(blocks, order, i, block, offset))
            offset = end;
        block->offset = offset;
        if (offset + rounded(block->count) > total) total = offset + rounded(block->count);
    }
    return total;
}
