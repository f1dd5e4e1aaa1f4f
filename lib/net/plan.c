#include "net/plan.h"

clile_status clile_i_plan_init(clile_i_plan *plan, int32_t most)
{
    clile_status status = CLILE_OK;
    *plan = (clile_i_plan){0};
    CLILE_I_ALLOC(plan->blocks, most);
    CLILE_I_ALLOC(plan->order, most);
cleanup:
    return status;
}

void clile_i_plan_free(clile_i_plan *plan)
{
    clile_i_free(plan->blocks);
    clile_i_free(plan->order);
}

int32_t clile_i_plan_add(clile_i_plan *plan, int64_t count, int32_t step)
{
    plan->blocks[plan->count] =
        (clile_i_plan_block){.count = count, .first = step, .last = step, .again = 1};
    return plan->count++;
}

void clile_i_plan_use(clile_i_plan *plan, int32_t block, int32_t step)
{
    if (block >= 0 && plan->blocks[block].last < step) plan->blocks[block].last = step;
}

void clile_i_plan_revive(clile_i_plan *plan, int32_t block, int32_t again, int32_t last)
{
    plan->blocks[block].again = again;
    plan->blocks[block].again_last = last;
}

/* ---- placing --------------------------------------------------------------------------------- */

static int overlap_in_time(const clile_i_plan_block *a, const clile_i_plan_block *b)
{
    const int32_t of_a[2][2] = {{a->first, a->last}, {a->again, a->again_last}};
    const int32_t of_b[2][2] = {{b->first, b->last}, {b->again, b->again_last}};
    for (int i = 0; i < 2; ++i)
        for (int k = 0; k < 2; ++k)
            if (of_a[i][0] <= of_b[k][1] && of_b[k][0] <= of_a[i][1] && of_a[i][0] <= of_a[i][1] &&
                of_b[k][0] <= of_b[k][1])
                return 1;
    return 0;
}

/* The end of the first placed block that overlaps `block` at `offset`; -1 if there is none. */
static int64_t obstacle(const clile_i_plan *plan, int32_t placed, const clile_i_plan_block *block,
                        int64_t offset)
{
    for (int32_t i = 0; i < placed; ++i) {
        const clile_i_plan_block *other = &plan->blocks[plan->order[i]];
        const int64_t end = other->offset + clile_i_plan_rounded(other->count);
        if (!overlap_in_time(block, other)) continue;
        if (offset < end && other->offset < offset + clile_i_plan_rounded(block->count)) return end;
    }
    return -1;
}

/* Largest first; equal sizes in the order they were added. */
static void sort(const clile_i_plan *plan)
{
    int32_t *order = plan->order;
    for (int32_t i = 0; i < plan->count; ++i) {
        int32_t k = i;
        for (; k > 0 && plan->blocks[order[k - 1]].count < plan->blocks[i].count; --k)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

int64_t clile_i_plan_place(clile_i_plan *plan)
{
    int64_t total = 0;
    sort(plan);
    for (int32_t i = 0; i < plan->count; ++i) {
        clile_i_plan_block *block = &plan->blocks[plan->order[i]];
        int64_t offset = 0;
        /* Move past the obstacle: everything before its end was tried. */
        for (int64_t end = obstacle(plan, i, block, offset); end >= 0;
             end = obstacle(plan, i, block, offset))
            offset = end;
        block->offset = offset;
        const int64_t end = offset + clile_i_plan_rounded(block->count);
        if (end > total) total = end;
    }
    return total;
}

/* ---- the values of a net --------------------------------------------------------------------- */

clile_status clile_i_plan_values(const clile_i_net *net, const int64_t *count, int64_t *offset,
                                 int64_t *total)
{
    clile_status status = CLILE_OK;
    clile_i_plan plan = {0};
    int32_t *block = NULL; /* of each value */
    const int32_t inputs = clile_i_net_inputs(net);
    CLILE_I_TRY(clile_i_plan_init(&plan, net->value_count));
    CLILE_I_ALLOC(block, net->value_count);
    for (int32_t v = 0; v < inputs; ++v) block[v] = -1;
    for (int32_t i = 0; i < net->node_count; ++i) {
        const clile_i_node *node = &net->nodes[i];
        const int32_t over = node->op->in_place;
        for (int32_t k = 0; k < node->src_count; ++k)
            clile_i_plan_use(&plan, block[node->src[k]], i);
        if (node->has_inner) block[node->inner] = clile_i_plan_add(&plan, count[node->inner], i);
        block[node->dst] = over > 0 && over < node->src_count
                               ? block[node->src[over]]
                               : clile_i_plan_add(&plan, count[node->dst], i);
    }
    /* the caller reads the result last */
    clile_i_plan_use(&plan, block[net->nodes[net->node_count - 1].dst], (int32_t)net->node_count);
    *total = clile_i_plan_place(&plan);
    for (int32_t v = 0; v < inputs; ++v) offset[v] = 0;
    for (int32_t v = inputs; v < net->value_count; ++v) offset[v] = plan.blocks[block[v]].offset;
cleanup:
    clile_i_plan_free(&plan);
    clile_i_free(block);
    return status;
}
