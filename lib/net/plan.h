/* Where blocks of memory lie in one arena: two that live at the same time never overlap. Both
 * executors plan with it, and inference by the same lifetimes (clile_i_plan_values). Private to
 * net. */
#ifndef CLILE_I_PLAN_H
#define CLILE_I_PLAN_H

#include "net/graph.h"

typedef struct {
    int64_t count;       /* elements */
    int32_t first, last; /* steps in which it is in use, both included */
    int64_t offset;      /* elements; result, a multiple of 16 (64 bytes of floats) */
} clile_i_plan_block;

typedef struct {
    int32_t count;
    clile_i_plan_block *blocks;
    int32_t *order; /* scratch of place */
} clile_i_plan;

/* Up to a multiple of 16. */
static inline int64_t clile_i_plan_rounded(int64_t count)
{
    return (count + 15) / 16 * 16;
}

/* Room for `most` blocks; free it also on failure. */
clile_status clile_i_plan_init(clile_i_plan *plan, int32_t most);
void clile_i_plan_free(clile_i_plan *plan);
/* A block that is made in `step`: its number. */
int32_t clile_i_plan_add(clile_i_plan *plan, int64_t count, int32_t step);
/* It is read in `step`, too. A number below 0 does nothing. */
void clile_i_plan_use(clile_i_plan *plan, int32_t block, int32_t step);
/* Largest first, each at the lowest place that is free all its life. Total elements. */
int64_t clile_i_plan_place(clile_i_plan *plan);

/* The values of a net in inference: each lives from the unit that makes it to the last that reads
 * it; a residual sum is made in place. count [value_count] elements of each; offset [value_count]
 * and *total are results. The image is not in the arena: its count is not read, its offset is
 * 0. */
clile_status clile_i_plan_values(const clile_i_net *net, const int64_t *count, int64_t *offset,
                                 int64_t *total);

#endif
