/* What the ranks of a training do together. Each function is called by all ranks or by none, and
 * does nothing where there is one. Private to train. */
#ifndef CLILE_I_RANKS_H
#define CLILE_I_RANKS_H

#include "train/internal.h"

/* The status of the lowest rank that failed, with its text; OK if none did. `own`: this rank's,
 * with its text. */
clile_status clile_i_ranks_agree(const clile_trainer *t, clile_status own);
/* Agrees, then sums values over the ranks. */
clile_status clile_i_ranks_sum(const clile_trainer *t, clile_status own, int64_t count,
                               float *values);
/* Sums without agreeing, in double: for statistics in the middle of a pass. */
clile_status clile_i_ranks_sum_doubles(const clile_trainer *t, int64_t count, double *values);
/* Gives all ranks the value of rank 0. */
clile_status clile_i_ranks_tell(const clile_trainer *t, int64_t bytes, void *value);
/* Fails everywhere if a value differs from that of rank 0. */
clile_status clile_i_ranks_compare(const clile_trainer *t, uint32_t value, clile_status status,
                                   const char *text);
/* Begins a sum of floats that goes on behind other work, until _wait. */
clile_status clile_i_ranks_begin(const clile_trainer *t, int64_t count, float *values);
clile_status clile_i_ranks_wait(const clile_trainer *t);

#endif
