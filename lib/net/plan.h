/* Plans memory blocks in one arena: blocks that live at the same time never overlap. Both executors
 * use it, and both take lifetimes in inference from clile_i_plan_values. Private to net. */
#ifndef CLILE_I_PLAN_H
#define CLILE_I_PLAN_H

#include "net/graph.h"

typedef struct {
    int64_t count;       /* elements */
    int32_t first, last; /* first and last step that uses it, inclusive */
    /* it lives again, with other values, in these steps; again > again_last: never */
    int32_t again, again_last;
    int64_t offset; /* result: elements, a multiple of 16 (64 bytes of floats) */
} clile_i_plan_block;

typedef struct {
    int32_t count;
    clile_i_plan_block *blocks;
    int32_t *order; /* scratch of clile_i_plan_place */
} clile_i_plan;

/* Rounds up to a multiple of 16. */
static inline int64_t clile_i_plan_rounded(int64_t count)
{
    return (count + 15) / 16 * 16;
}

/* Makes room for `most` blocks. Free it even on failure. */
clile_status clile_i_plan_init(clile_i_plan *plan, int32_t most);
void clile_i_plan_free(clile_i_plan *plan);
/* Adds a block created in `step` and returns its number. */
int32_t clile_i_plan_add(clile_i_plan *plan, int64_t count, int32_t step);
/* Extends the block's life to `step`, where it is read. A number below 0 does nothing. */
void clile_i_plan_use(clile_i_plan *plan, int32_t block, int32_t step);
/* Lets the block live again, from step `again` to `last`. */
void clile_i_plan_revive(clile_i_plan *plan, int32_t block, int32_t again, int32_t last);
/* Places the largest block first, each at the lowest offset that is free during its life. Returns
 * the number of elements in all. */
int64_t clile_i_plan_place(clile_i_plan *plan);

/* Plans the values of a net in inference: each lives from the node that writes it to the last node
 * that reads it. A value that overwrites a source (clile_i_op's in_place) has the source's place.
 * count [value_count] gives the elements of each; offset [value_count] and *total are results. The
 * net's inputs are not in the arena: their counts are ignored, their offsets are 0. */
clile_status clile_i_plan_values(const clile_i_net *net, const int64_t *count, int64_t *offset,
                                 int64_t *total);

#endif
