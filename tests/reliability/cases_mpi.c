/* The handle of MPI's communicator, with the stub of tests/mpi in its place. */
#include "world.h"

static void mpi_open(world *w)
{
    clile_mpi *out = NULL;
    WATCH(out);
    CALL(clile_mpi_open(A(out, &out)));
    clile_mpi_close(out);
}

static void mpi_get_communicator(world *w)
{
    clile_mpi *mpi = NULL;
    const clile_communicator *found = NULL;
    NEED(clile_mpi_open(&mpi));
    CALL_VALUE(found = clile_mpi_get_communicator(O(mpi, mpi)));
    (void)found;
    clile_mpi_close(mpi);
}

static void mpi_abort(world *w)
{
    clile_mpi *mpi = NULL;
    NEED(clile_mpi_open(&mpi));
    CALL_VALUE(clile_mpi_abort(O(mpi, mpi), 1));
    clile_mpi_close(mpi);
}

static void mpi_close(world *w)
{
    clile_mpi *mpi = NULL;
    NEED(clile_mpi_open(&mpi));
    clile_mpi *given = O(mpi, mpi);
    CALL_VALUE(clile_mpi_close(given));
    if (given == NULL) clile_mpi_close(mpi);
}

const world_case world_cases_mpi[] = {
    {"clile_mpi_open", mpi_open, NULL, 0},
    {"clile_mpi_get_communicator", mpi_get_communicator, "borrowed", 0},
    {"clile_mpi_abort", mpi_abort, "ends the job", 0},
    {"clile_mpi_close", mpi_close, "frees", 0},
    {NULL, NULL, NULL, 0},
};
