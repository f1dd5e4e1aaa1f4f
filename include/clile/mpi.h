/* clile/mpi.h: several processes under mpirun or srun train one model (docs/scaling.md).
 *
 *     clile_mpi *mpi = NULL;
 *     clile_mpi_open(&mpi);                                  // on every rank
 *     clile_trainer_create(model, train, options, &trainer);
 *     clile_trainer_set_communicator(trainer, clile_mpi_get_communicator(mpi));
 *     ... run; a rank that fails alone: clile_mpi_abort(mpi, 1) ...
 *     clile_trainer_destroy(trainer);
 *     clile_mpi_close(mpi);
 *
 * MPI is a module beside the library, loaded by clile_mpi_open; nothing else needs it.
 *
 * Thread class: exclusive, and all calls from one thread, as MPI wants it. */
#ifndef CLILE_MPI_H
#define CLILE_MPI_H

#include <clile/communicator.h>

CLILE_BEGIN

typedef struct clile_mpi clile_mpi;

/* Loads the module and makes a communicator of all processes of the job (a copy of
 * MPI_COMM_WORLD). Starts MPI unless the program has; a process that was not started by mpirun is
 * one rank. UNSUPPORTED: the module is not installed, or of another release; BACKEND: MPI failed;
 * INVALID_ARGUMENT: out is NULL; OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_mpi_open(clile_mpi **out);

/* Its communicator, borrowed until close; NULL for NULL. Since 0.1. */
CLILE_API const clile_communicator *clile_mpi_get_communicator(const clile_mpi *mpi);

/* Ends all processes of the job, this one too, with that exit code: for a rank that fails while
 * others wait. NULL does nothing. Since 0.1. */
CLILE_API void clile_mpi_abort(clile_mpi *mpi, int32_t code);

/* Frees it, and ends MPI if clile_mpi_open started it: MPI cannot be started again in this process.
 * All ranks call it. NULL does nothing. Since 0.1. */
CLILE_API void clile_mpi_close(clile_mpi *mpi);

CLILE_END

#endif
