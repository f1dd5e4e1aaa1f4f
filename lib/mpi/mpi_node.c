/* The floats to sum are one row of blocks, the same on all ranks. A block passes three steps:
 *
 *     published: each rank has copied its values into a slot of its own
 *     summed:    each rank has added up its slice of all ranks' slots, into its own slot
 *     taken:     each rank has copied all slices back, and the slots are free
 *
 * A rank says by counters in shared memory how many blocks it has brought how far, and takes a step
 * when all ranks have completed the one before. Slots are few: they stay in the cache. */
#include "mpi/mpi_node.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 15, SLOTS = 8, PART = 1 << 10 }; /* floats; blocks; floats */
/* Looks before a waiting rank offers its processor to others: some .1 ms. A program that takes it
 * has it for longer than ranks mostly wait. */
enum { PATIENCE = 4096 };
enum { PUBLISHED, SUMMED, TAKEN, STEPS };

typedef struct {
    _Alignas(64) _Atomic int64_t done[STEPS]; /* blocks since the beginning */
    _Alignas(64) float slots[SLOTS][BLOCK];
} share;

typedef struct {
    float *values;
    int64_t count; /* up to BLOCK */
} block;

struct clile_i_node {
    MPI_Comm comm;
    MPI_Win window;
    int rank, ranks;
    share **shares;                 /* [ranks] */
    block *blocks;                  /* begun since the last wait */
    int64_t first, count, capacity; /* first: its number since the beginning */
};

static int64_t least_done(const clile_i_node *n, int step)
{
    int64_t least = INT64_MAX;
    for (int r = 0; r < n->ranks; ++r) {
        const int64_t done = atomic_load_explicit(&n->shares[r]->done[step], memory_order_acquire);
        if (done < least) least = done;
    }
    return least;
}

/* The first float of a rank's slice; at `ranks`, the end. */
static int64_t slice(const clile_i_node *n, const block *b, int rank)
{
    return rank == n->ranks ? b->count : b->count * rank / n->ranks / 16 * 16;
}

static void add_up(const clile_i_node *n, const block *b, int64_t slot)
{
    const int64_t end = slice(n, b, n->rank + 1);
    float sum[PART];
    for (int64_t at = slice(n, b, n->rank); at < end; at += PART) {
        const int64_t count = end - at < PART ? end - at : PART;
        memcpy(sum, n->shares[0]->slots[slot] + at, (size_t)count * sizeof *sum);
        for (int r = 1; r < n->ranks; ++r) {
            const float *own = n->shares[r]->slots[slot] + at;
            for (int64_t i = 0; i < count; ++i) sum[i] += own[i];
        }
        memcpy(n->shares[n->rank]->slots[slot] + at, sum, (size_t)count * sizeof *sum);
    }
}

/* Takes this step with its next block, if there is one and the other ranks are so far. */
static int take_step(clile_i_node *n, int step)
{
    share *own = n->shares[n->rank];
    const int64_t next = atomic_load_explicit(&own->done[step], memory_order_relaxed);
    const int64_t limit =
        step == PUBLISHED ? least_done(n, TAKEN) + SLOTS : least_done(n, step - 1);
    if (next == n->first + n->count || next >= limit) return 0;
    const block *b = &n->blocks[next - n->first];
    const int64_t slot = next % SLOTS;
    if (step == PUBLISHED) memcpy(own->slots[slot], b->values, (size_t)b->count * sizeof(float));
    if (step == SUMMED) add_up(n, b, slot);
    for (int r = 0; step == TAKEN && r < n->ranks; ++r) {
        const int64_t begin = slice(n, b, r), end = slice(n, b, r + 1);
        memcpy(b->values + begin, n->shares[r]->slots[slot] + begin,
               (size_t)(end - begin) * sizeof(float));
    }
    atomic_store_explicit(&own->done[step], next + 1, memory_order_release);
    return 1;
}

/* Returns 0 if there is nothing to do before another rank is further. */
static int go_on(clile_i_node *n)
{
    int moved = 0;
    for (int step = PUBLISHED; step < STEPS; ++step) moved |= take_step(n, step);
    return moved;
}

int32_t clile_i_node_begin(clile_i_node *n, int64_t count, float *values)
{
    const int64_t blocks = (count + BLOCK - 1) / BLOCK;
    if (n->count + blocks > n->capacity) {
        const int64_t capacity = 2 * (n->count + blocks);
        block *larger = realloc(n->blocks, (size_t)capacity * sizeof *larger);
        if (larger == NULL) return 1;
        n->blocks = larger;
        n->capacity = capacity;
    }
    for (int64_t at = 0; at < count; at += BLOCK)
        n->blocks[n->count++] = (block){values + at, count - at < BLOCK ? count - at : BLOCK};
    while (go_on(n));
    return 0;
}

void clile_i_node_wait(clile_i_node *n)
{
    const share *own = n->shares[n->rank];
    const int64_t end = n->first + n->count;
    for (int32_t idle = 0; atomic_load_explicit(&own->done[TAKEN], memory_order_relaxed) < end;)
        if (!go_on(n) && ++idle % PATIENCE == 0) sched_yield();
    n->first = end;
    n->count = 0;
}

/* Shared memory of all ranks, zeroed. Returns 0, or anything else for a failure. */
static int share_memory(clile_i_node *n)
{
    enum { LINE = _Alignof(share) };
    char *memory = NULL;
    int result = MPI_Win_allocate_shared((MPI_Aint)sizeof(share) + LINE, 1, MPI_INFO_NULL, n->comm,
                                         &memory, &n->window);
    for (int r = 0; r < n->ranks && result == MPI_SUCCESS; ++r) {
        MPI_Aint size = 0;
        int unit = 0;
        result = MPI_Win_shared_query(n->window, r, &size, &unit, &memory);
        /* mappings differ by pages */
        n->shares[r] = (share *)(void *)(memory + (LINE - (uintptr_t)memory % LINE) % LINE);
    }
    if (result != MPI_SUCCESS) return result;
    memset(n->shares[n->rank], 0, sizeof(share));
    return MPI_Barrier(n->comm);
}

clile_i_node *clile_i_node_open(MPI_Comm comm)
{
    clile_i_node *n = calloc(1, sizeof *n);
    MPI_Comm node = MPI_COMM_NULL;
    int all = 0, rank = 0, ranks = 0, failed = 1;
    MPI_Comm_size(comm, &all);
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);
    MPI_Comm_rank(node, &rank);
    MPI_Comm_size(node, &ranks);
    if (n != NULL) {
        *n = (clile_i_node){.comm = node, .window = MPI_WIN_NULL, .rank = rank, .ranks = ranks};
        n->shares = calloc((size_t)ranks, sizeof *n->shares);
        failed = n->shares == NULL || ranks != all;
    }
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, comm);
    if (!failed) {
        failed = share_memory(n) != MPI_SUCCESS;
        MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, comm);
    }
    if (!failed) return n;
    if (n == NULL) MPI_Comm_free(&node);
    clile_i_node_close(n);
    return NULL;
}

void clile_i_node_close(clile_i_node *n)
{
    if (n == NULL) return;
    if (n->window != MPI_WIN_NULL) MPI_Win_free(&n->window);
    MPI_Comm_free(&n->comm);
    free(n->shares);
    free(n->blocks);
    free(n);
}
