/* The handle of MPI's communicator: a module, loaded when it is asked for. */
#include "base/base.h"
#include "mpi/module.h"

#include <clile/mpi.h>

struct clile_mpi {
    void *library; /* of clile_i_shared_open */
    const clile_i_mpi_module *table;
    clile_communicator communicator;
};

static const clile_i_module_kind kind = {
    "communicator", CLILE_I_MPI_ENTRY, CLILE_I_MPI_INTERFACE,
    "install it (Debian: clile-mpi; from source: libopenmpi-dev or libmpich-dev, then cmake "
    "-DCLILE_MPI=ON)"};

clile_status clile_mpi_open(clile_mpi **out)
{
    clile_status status = CLILE_OK;
    clile_mpi *m = NULL;
    clile_i_mpi_entry entry = NULL;
    char message[512] = "", *file = NULL;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_ALLOC(m, 1);
    CLILE_I_TRY(clile_i_shared_open(&kind, "mpi", &m->library, &entry, sizeof entry, &file));
    const clile_i_mpi_module *table = entry();
    CLILE_I_TRY(clile_i_shared_check(&kind, table, sizeof *table, file));
    status = table->open(&m->communicator, message, sizeof message);
    if (status != CLILE_OK) {
        status = clile_i_fail(status, "MPI: %s", message);
        goto cleanup;
    }
    m->table = table;
    *out = m;
    m = NULL;
cleanup:
    clile_mpi_close(m);
    clile_i_free(file);
    return status;
}

const clile_communicator *clile_mpi_get_communicator(const clile_mpi *mpi)
{
    return mpi != NULL ? &mpi->communicator : NULL;
}

void clile_mpi_abort(clile_mpi *mpi, int32_t code)
{
    if (mpi != NULL) mpi->table->abort(mpi->communicator.user, code);
}

void clile_mpi_close(clile_mpi *mpi)
{
    if (mpi == NULL) return;
    if (mpi->table != NULL) mpi->table->close(mpi->communicator.user);
    clile_i_shared_close(mpi->library);
    clile_i_free(mpi);
}
