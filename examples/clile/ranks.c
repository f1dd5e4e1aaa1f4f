/* The processes of mpirun or srun that train together. Their launcher says so in the environment;
 * without one, this process is alone and MPI is not touched. */
#include "command.h"

#include <stdlib.h>

static clile_mpi *mpi;

/* Open MPI's number, that of MPICH and Slurm (PMI), and a name that PMIx gives every rank. */
static int is_launched(void)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    if (size == NULL) size = getenv("PMI_SIZE");
    return size != NULL ? atoi(size) > 1 : getenv("PMIX_RANK") != NULL;
}

int ranks_open(void)
{
    if (mpi != NULL || !is_launched()) return EXIT_FINE;
    return clile_mpi_open(&mpi) == CLILE_OK ? EXIT_FINE : failed("several ranks");
}

const clile_communicator *ranks_communicator(void)
{
    return clile_mpi_get_communicator(mpi);
}

int ranks_is_first(void)
{
    const clile_communicator *c = ranks_communicator();
    return c == NULL || c->rank == 0;
}

int ranks_any(int yes)
{
    const clile_communicator *c = ranks_communicator();
    double sum = yes != 0;
    if (c == NULL) return yes;
    return c->allreduce(c->user, CLILE_COMMUNICATOR_F64, 1, &sum) != 0 || sum > 0;
}

void ranks_close(int alone)
{
    if (mpi != NULL && alone) clile_mpi_abort(mpi, EXIT_FAILED);
    clile_mpi_close(mpi);
    mpi = NULL;
}
