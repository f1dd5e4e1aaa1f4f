/* Sums of floats over ranks that are all on one machine, in memory that they share: MPI's own take
 * up to four times as long there (docs/scaling.md). Private to the module for MPI. */
#ifndef CLILE_I_MPI_NODE_H
#define CLILE_I_MPI_NODE_H

#include <mpi.h>

#include <stdint.h>

typedef struct clile_i_node clile_i_node;

/* All ranks of the communicator call it. NULL on all of them: they are on several machines, or one
 * has no memory for it. */
clile_i_node *clile_i_node_open(MPI_Comm comm);
/* Begins a sum; values stay valid and untouched until _wait. Sums that were begun before go on
 * meanwhile, as far as the other ranks are. Returns 0, or 1 without memory. */
int32_t clile_i_node_begin(clile_i_node *node, int64_t count, float *values);
/* Completes all sums. Each is made in the order of the ranks: the same bits each time. */
void clile_i_node_wait(clile_i_node *node);
void clile_i_node_close(clile_i_node *node);

#endif
