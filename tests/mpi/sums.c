/* The sums of the module for MPI, on as many ranks as mpirun started:
 *
 *     mpirun -np 3 mpi_sums        # in memory that the ranks share
 *     mpirun -np 3 mpi_sums_apart  # by MPI, as on several machines
 *
 * Every rank finds the sums of all, many at a time and with ranks that are late; the same bits on
 * all ranks and each time. Says on stderr what differs, and exits with 1. */
#include "mpi/module.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const clile_i_mpi_module *clile_communicator_module(void);

enum { MOST = 700001 };

/* around the sizes of blocks and of slices, and more than fit in all slots at once */
static const int64_t sizes[] = {1,     2,     15,    16,     17,     47,  1000,
                                32767, 32768, 32769, 262144, 262145, MOST};
enum { SIZES = sizeof sizes / sizeof *sizes };

static float value(int32_t rank, int64_t i, int32_t seed)
{
    uint32_t x = (uint32_t)(i * 31 + rank * 7919 + seed) * 2654435761U;
    x ^= x >> 15;
    return (float)(x % 20011) * 1e-3F - 9.0F + 1e-6F * (float)rank;
}

static void fill(const clile_communicator *c, int32_t seed, int64_t count, float *values)
{
    for (int64_t i = 0; i < count; ++i) values[i] = value(c->rank, i, seed);
}

static int is_sum(const clile_communicator *c, int32_t seed, int64_t count, const float *values)
{
    for (int64_t i = 0; i < count; ++i) {
        double sum = 0;
        for (int32_t r = 0; r < c->size; ++r) sum += (double)value(r, i, seed);
        if (fabs(sum - (double)values[i]) <= 1e-5 * c->size) continue;
        fprintf(stderr, "sums: rank %d, %lld floats, element %lld: %g, expected %g\n", (int)c->rank,
                (long long)count, (long long)i, (double)values[i], sum);
        return 0;
    }
    return 1;
}

static void be_late(const clile_communicator *c, int32_t turn)
{
    const struct timespec time = {0, 2000000};
    if (c->rank == turn % c->size) nanosleep(&time, NULL);
}

/* All sizes, begun one after the other. */
static int many(const clile_communicator *c, int32_t seed, float **sums)
{
    int fine = 1;
    for (int32_t k = 0; k < SIZES; ++k) {
        fill(c, seed + k, sizes[k], sums[k]);
        be_late(c, seed + k);
        if (c->begin(c->user, sizes[k], sums[k]) != 0) return 0;
    }
    be_late(c, seed);
    if (c->wait(c->user) != 0) return 0;
    for (int32_t k = 0; k < SIZES; ++k) fine &= is_sum(c, seed + k, sizes[k], sums[k]);
    return fine;
}

static int same_bits(const clile_communicator *c, int64_t count, const float *values,
                     const float *before, float *room)
{
    const size_t bytes = (size_t)count * sizeof *room;
    memcpy(room, values, bytes);
    if (c->broadcast(c->user, 0, (int64_t)bytes, room) != 0) return 0;
    if (memcmp(room, values, bytes) == 0 && memcmp(before, values, bytes) == 0) return 1;
    fprintf(stderr, "sums: rank %d, %lld floats: other bits\n", (int)c->rank, (long long)count);
    return 0;
}

static int blocking(const clile_communicator *c, float *values)
{
    double numbers[3] = {1.0 + c->rank, 0.25, -2.0};
    const double ranks = c->size;
    int fine = c->allreduce(c->user, CLILE_COMMUNICATOR_F64, 3, numbers) == 0 &&
               numbers[0] == ranks * (ranks + 1) / 2 && numbers[1] == ranks / 4 &&
               numbers[2] == -2 * ranks;
    for (int32_t k = 0; k < SIZES; ++k) {
        fill(c, k, sizes[k], values);
        fine &= c->allreduce(c->user, CLILE_COMMUNICATOR_F32, sizes[k], values) == 0;
        fine &= is_sum(c, k, sizes[k], values);
    }
    return fine;
}

int main(void)
{
    char message[256] = "";
    clile_communicator c = {0};
    float *sums[2][SIZES] = {{0}}, *room = malloc(MOST * sizeof *room);
    double wrong = 0;
    if (clile_communicator_module()->open(&c, message, sizeof message) != CLILE_OK ||
        room == NULL) {
        fprintf(stderr, "sums: %s\n", message);
        return 1;
    }
    for (int32_t k = 0; k < 2 * SIZES; ++k) {
        float **sum = &sums[k / SIZES][k % SIZES];
        *sum = malloc((size_t)sizes[k % SIZES] * sizeof **sum);
        if (*sum == NULL) return 1;
    }
    wrong += !blocking(&c, room);
    for (int32_t turn = 0; turn < 2; ++turn) {
        wrong += !many(&c, 0, sums[0]) + !many(&c, 0, sums[1]);
        for (int32_t k = 0; k < SIZES; ++k)
            wrong += !same_bits(&c, sizes[k], sums[0][k], sums[1][k], room);
    }
    wrong += c.allreduce(c.user, CLILE_COMMUNICATOR_F64, 1, &wrong) != 0;
    if (c.rank == 0 && wrong == 0) printf("sums: fine on %d ranks\n", (int)c.size);
    clile_communicator_module()->close(c.user);
    for (int32_t k = 0; k < 2 * SIZES; ++k) free(sums[k / SIZES][k % SIZES]);
    free(room);
    return wrong == 0 ? 0 : 1;
}
