/* communicator_mpi.so: sums and copies over the ranks of an MPI job. */
#include "mpi/module.h"
#include "mpi/mpi_node.h"

#include <mpi.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 28, REQUESTS = 4096 }; /* values in one call of MPI; sums on their way */

typedef struct {
    MPI_Comm comm;
    clile_i_node *node; /* sums floats; NULL: MPI does */
    int started;        /* by us */
    int count;          /* requests on their way */
    MPI_Request requests[REQUESTS];
} state;

static int32_t sum_by_node(clile_i_node *node, int64_t count, float *values)
{
    const int32_t result = clile_i_node_begin(node, count, values);
    if (result == 0) clile_i_node_wait(node);
    return result;
}

static int32_t allreduce(void *user, int32_t type, int64_t count, void *values)
{
    const state *s = user;
    if (s->node != NULL && type == CLILE_COMMUNICATOR_F32)
        return sum_by_node(s->node, count, values);
    const MPI_Datatype kind = type == CLILE_COMMUNICATOR_F64 ? MPI_DOUBLE : MPI_FLOAT;
    const size_t size = type == CLILE_COMMUNICATOR_F64 ? sizeof(double) : sizeof(float);
    for (int64_t at = 0; at < count; at += MOST) {
        const int part = (int)(count - at < MOST ? count - at : MOST);
        const int result = MPI_Allreduce(MPI_IN_PLACE, (char *)values + (size_t)at * size, part,
                                         kind, MPI_SUM, s->comm);
        if (result != MPI_SUCCESS) return result;
    }
    return 0;
}

static int32_t broadcast(void *user, int32_t root, int64_t bytes, void *data)
{
    const state *s = user;
    for (int64_t at = 0; at < bytes; at += MOST) {
        const int part = (int)(bytes - at < MOST ? bytes - at : MOST);
        const int result = MPI_Bcast((char *)data + at, part, MPI_BYTE, root, s->comm);
        if (result != MPI_SUCCESS) return result;
    }
    return 0;
}

static int32_t wait_all(void *user)
{
    state *s = user;
    const int count = s->count;
    s->count = 0;
    if (s->node != NULL) clile_i_node_wait(s->node);
    return MPI_Waitall(count, s->requests, MPI_STATUSES_IGNORE);
}

static int32_t begin(void *user, int64_t count, float *values)
{
    state *s = user;
    int done = 0;
    if (s->node != NULL) return clile_i_node_begin(s->node, count, values);
    if (s->count == REQUESTS || count > MOST) { /* in order, and never too many */
        const int32_t result = wait_all(user);
        return result != MPI_SUCCESS ? result
                                     : allreduce(user, CLILE_COMMUNICATOR_F32, count, values);
    }
    /* MPI moves data only inside its calls: let the earlier sums go on */
    if (s->count > 0) MPI_Testall(s->count, s->requests, &done, MPI_STATUSES_IGNORE);
    if (done) s->count = 0;
    return MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_FLOAT, MPI_SUM, s->comm,
                          &s->requests[s->count++]);
}

static void close_mpi(void *user)
{
    state *s = user;
    int ended = 0;
    if (s == NULL) return;
    MPI_Finalized(&ended);
    if (!ended) {
        clile_i_node_close(s->node);
        MPI_Comm_free(&s->comm);
        if (s->started) MPI_Finalize();
    }
    free(s);
}

static void abort_mpi(void *user, int32_t code)
{
    const state *s = user;
    MPI_Abort(s->comm, code);
}

static clile_status failed(state *s, const char *function, int result, char *message, size_t size)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(result, text, &length);
    snprintf(message, size, "%s: %s", function, text);
    free(s);
    return CLILE_E_BACKEND;
}

static clile_status open_mpi(clile_communicator *out, char *message, size_t size)
{
    int ready = 0, ended = 0, given = 0, rank = 0, ranks = 1;
    state *s = calloc(1, sizeof *s);
    if (s == NULL) return CLILE_E_OUT_OF_MEMORY;
    MPI_Initialized(&ready);
    MPI_Finalized(&ended);
    if (ended) {
        snprintf(message, size, "it has ended in this process, and cannot be started again");
        free(s);
        return CLILE_E_BACKEND;
    }
    if (!ready) {
        const int result = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given);
        if (result != MPI_SUCCESS) return failed(s, "MPI_Init_thread", result, message, size);
        s->started = 1;
    }
    const int result = MPI_Comm_dup(MPI_COMM_WORLD, &s->comm);
    if (result != MPI_SUCCESS) return failed(s, "MPI_Comm_dup", result, message, size);
    MPI_Comm_set_errhandler(s->comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(s->comm, &rank);
    MPI_Comm_size(s->comm, &ranks);
    s->node = ranks > 1 ? clile_i_node_open(s->comm) : NULL;
    *out = (clile_communicator){.struct_size = sizeof *out,
                                .rank = rank,
                                .size = ranks,
                                .user = s,
                                .allreduce = allreduce,
                                .broadcast = broadcast,
                                .begin = begin,
                                .wait = wait_all};
    return CLILE_OK;
}

__attribute__((visibility("default"))) const clile_i_mpi_module *clile_communicator_module(void);
const clile_i_mpi_module *clile_communicator_module(void)
{
    static char name[MPI_MAX_LIBRARY_VERSION_STRING];
    static clile_i_mpi_module table = {
        sizeof table, CLILE_I_MPI_INTERFACE, CLILE_RELEASE, name, open_mpi, close_mpi, abort_mpi};
    int length = 0;
    MPI_Get_library_version(name, &length);
    return &table;
}
