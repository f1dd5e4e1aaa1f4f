/* A communicator of one rank, in the place of MPI's: for tests of the handle. */
#include "mpi/module.h"

static int32_t allreduce(void *user, int32_t type, int64_t count, void *values)
{
    (void)user, (void)type, (void)count, (void)values;
    return 0;
}

static int32_t broadcast(void *user, int32_t root, int64_t bytes, void *data)
{
    (void)user, (void)root, (void)bytes, (void)data;
    return 0;
}

static clile_status open_one(clile_communicator *out, char *message, size_t size)
{
    (void)message, (void)size;
    *out = (clile_communicator){
        .struct_size = sizeof *out, .size = 1, .allreduce = allreduce, .broadcast = broadcast};
    return CLILE_OK;
}

static void close_one(void *user)
{
    (void)user;
}

static void abort_one(void *user, int32_t code)
{
    (void)user, (void)code;
}

const clile_i_mpi_module *clile_communicator_module(void);
const clile_i_mpi_module *clile_communicator_module(void)
{
    static const clile_i_mpi_module table = {
        sizeof table, CLILE_I_MPI_INTERFACE, "0", "stub", open_one, close_one, abort_one};
    return &table;
}
