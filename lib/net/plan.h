/* Where blocks of memory lie in one arena: two that live at the same time never overlap. Private
 * to net. */
#ifndef CLILE_I_PLAN_H
#define CLILE_I_PLAN_H

#include "base/base.h"

typedef struct {
    int64_t count;       /* floats */
    int32_t first, last; /* steps in which it is in use, both included */
    int64_t offset;      /* floats; result, a multiple of 16 (64 bytes) */
} clile_i_plan_block;

/* Largest first, each at the lowest place that is free all its life. `order` is scratch of `n`
 * numbers. Total floats.
 */
int64_t clile_i_plan(clile_i_plan_block *blocks, int32_t n, int32_t *order);

#endif
