/* clile/communicator.h: how several processes train one model together (docs/scaling.md).
 *
 *     clile_communicator c = {.struct_size = sizeof c, .rank = r, .size = n, .user = mine,
 *                             .allreduce = sum_over_ranks, .broadcast = from_one_rank};
 *     clile_trainer_create(model, train, options, &trainer);
 *     clile_trainer_set_communicator(trainer, &c);
 *     // every rank: the same calls in the same order, with the same model, data and options
 *
 * clile/mpi.h supplies one for MPI; any other means of adding up numbers over
 * processes, or threads, will do. */
#ifndef CLILE_COMMUNICATOR_H
#define CLILE_COMMUNICATOR_H

#include <clile/status.h>

CLILE_BEGIN

/* Types of numbers. */
#define CLILE_COMMUNICATOR_F32 0
#define CLILE_COMMUNICATOR_F64 1

/* Each returns 0, or anything else for a failure, which ends the call of the trainer with
 * CLILE_E_BACKEND. All ranks make the same calls in the same order, on the thread that called the
 * trainer. Results must have the same bits on all ranks; for repeatable training, the same bits
 * each time. */

/* Replaces values [count] of the type by their sums over all ranks. */
typedef int32_t (*clile_allreduce_fn)(void *user, int32_t type, int64_t count, void *values);
/* Copies data [bytes] of rank `root` to all ranks. */
typedef int32_t (*clile_broadcast_fn)(void *user, int32_t root, int64_t bytes, void *data);
/* Begins such a sum of floats, which may go on after the call; values stay valid and untouched
 * until the next call of clile_wait_fn. Several may be on their way. */
typedef int32_t (*clile_begin_fn)(void *user, int64_t count, float *values);
/* Waits until all sums that were begun are complete. */
typedef int32_t (*clile_wait_fn)(void *user);

/* Only grows at the end. */
typedef struct clile_communicator {
    uint32_t struct_size; /* set to sizeof(clile_communicator) */
    int32_t rank, size;   /* this rank, 0..size-1; size 1 or more */
    void *user;           /* handed to the functions */
    clile_allreduce_fn allreduce;
    clile_broadcast_fn broadcast;
    /* both, or NULL: gradients are then summed by allreduce, not behind the backward pass */
    clile_begin_fn begin;
    clile_wait_fn wait;
} clile_communicator;

CLILE_END

#endif
