/* The interface of the module for MPI. It is not linked to the library; it only uses the numbers in
 * status.h and the functions of communicator.h.
 *
 * The module is a shared object communicator_mpi.so that exports one function,
 * clile_communicator_module. Changing the meaning or order of anything below needs a new
 * CLILE_I_MPI_INTERFACE. */
#ifndef CLILE_I_MPI_MODULE_H
#define CLILE_I_MPI_MODULE_H

#include <clile/communicator.h>

#include <stddef.h>

enum { CLILE_I_MPI_INTERFACE = 1 };

typedef struct {
    uint32_t struct_size;
    int32_t interface;   /* CLILE_I_MPI_INTERFACE of the header that it was compiled with */
    const char *release; /* of libclile, "0.1.0" */
    const char *name;    /* "Open MPI v4.1.4" and so on */
    /* Starts MPI, unless the program has. Returns CLILE_OK, or a status with a text in message
     * [size]. */
    clile_status (*open)(clile_communicator *out, char *message, size_t size);
    /* Ends MPI, if open started it. */
    void (*close)(void *user);
    void (*abort)(void *user, int32_t code); /* ends all ranks */
} clile_i_mpi_module;

typedef const clile_i_mpi_module *(*clile_i_mpi_entry)(void);
#define CLILE_I_MPI_ENTRY "clile_communicator_module"

#endif
