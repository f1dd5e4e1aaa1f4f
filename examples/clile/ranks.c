/* The processes of mpirun or srun that work together. Their launcher says so in the environment;
 * without one, this process is alone and MPI is not touched. */
#include "command.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static clile_mpi *mpi;

/* How many processes the launcher has started; NULL where the variable is not there. */
typedef struct {
    const char *name;
    const char *value;
} launch;

/* Open MPI's number, that of MPICH and of Slurm with PMI-2, that of a step of Slurm. */
static launch find_launch(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"};
    for (size_t k = 0; k < sizeof names / sizeof *names; ++k)
        if (getenv(names[k]) != NULL) return (launch){names[k], getenv(names[k])};
    /* PMIx gives every rank a number, but not how many there are */
    return (launch){"PMIX_RANK", getenv("PMIX_RANK") ? "" : NULL};
}

/* How to start processes that do not belong together. */
#define APART                                                                                      \
    "for commands that know nothing of each other: env -u OMPI_COMM_WORLD_SIZE -u PMI_SIZE -u "    \
    "PMIX_RANK -u SLURM_STEP_NUM_TASKS clile ..."

/* A copy of a command that the others do not know of would write the files that they write. */
static int refuse(const launch *by, const char *why)
{
    fprintf(
        stderr,
        "clile: the launcher has started %s processes (%s), which cannot work together: %s; " APART
        "\n",
        by->value[0] != '\0' ? by->value : "several", by->name, why);
    return EXIT_FAILED;
}

int ranks_open(void)
{
    const launch by = find_launch();
    if (mpi != NULL || by.value == NULL) return EXIT_FINE;
    const int all = atoi(by.value), is_known = by.value[0] != '\0';
    if (is_known && all <= 1) return EXIT_FINE;
    if (strncmp(by.name, "SLURM", 5) == 0 && getenv("PMIX_RANK") == NULL)
        return refuse(&by, "srun has given them no PMI; srun --mpi=pmix does");
    if (clile_mpi_open(&mpi) != CLILE_OK) return refuse(&by, clile_last_error());
    if (!is_known || ranks_count() == all) return EXIT_FINE;
    const char *why = ranks_count() == 1
                          ? "MPI knows of one, since the module was built with another MPI than "
                            "the launcher's"
                          : "MPI knows of another number";
    ranks_close(0, 0);
    return refuse(&by, why);
}

const clile_communicator *ranks_communicator(void)
{
    return clile_mpi_get_communicator(mpi);
}

int32_t ranks_count(void)
{
    const clile_communicator *c = ranks_communicator();
    return c ? c->size : 1;
}

int32_t ranks_number(void)
{
    const clile_communicator *c = ranks_communicator();
    return c ? c->rank : 0;
}

int ranks_is_first(void)
{
    return ranks_number() == 0;
}

int ranks_any(int yes)
{
    const clile_communicator *c = ranks_communicator();
    double sum = yes != 0;
    if (c == NULL) return yes;
    return c->allreduce(c->user, CLILE_COMMUNICATOR_F64, 1, &sum) != 0 || sum > 0;
}

int ranks_copy(int32_t root, int64_t bytes, void *data)
{
    const clile_communicator *c = ranks_communicator();
    const int32_t result = c && bytes > 0 ? c->broadcast(c->user, root, bytes, data) : 0;
    if (result == 0) return EXIT_FINE;
    fprintf(stderr, "clile: rank %d of %d could not reach the others (error %d of MPI)\n",
            (int)c->rank, (int)c->size, (int)result);
    return EXIT_FAILED;
}

int ranks_compare(int argc, char **argv)
{
    uint32_t own = 2166136261u; /* FNV-1a */
    for (int i = -1; i < argc; ++i)
        for (const char *c = i < 0 ? clile_version() : argv[i];; ++c) {
            own = (own ^ (unsigned char)*c) * 16777619u;
            if (*c == '\0') break;
        }
    uint32_t first = own;
    if (ranks_copy(0, sizeof first, &first) != EXIT_FINE) return EXIT_FAILED;
    if (own == first) return EXIT_FINE;
    fprintf(stderr,
            "clile: rank %d of %d has other arguments than rank 0, or another version (here %s): "
            "ranks share the work of one command; " APART "\n",
            (int)ranks_number(), (int)ranks_count(), clile_version());
    return EXIT_FAILED;
}

void ranks_share(int64_t n, int64_t unit, int32_t rank, int64_t *first, int64_t *end)
{
    const int64_t units = (n + unit - 1) / unit, ranks = ranks_count();
    *first = units * rank / ranks * unit;
    *end = units * (rank + 1) / ranks * unit;
    if (*first > n) *first = n;
    if (*end > n) *end = n;
}

int ranks_collect(void *rows, size_t row, int64_t n, int64_t unit)
{
    enum { PIECE = 1 << 20 };
    char *const other = ranks_count() > 1 ? malloc(PIECE) : NULL;
    int code = ranks_count() > 1 && other == NULL ? out_of_memory() : EXIT_FINE;
    for (int32_t r = 1; r < ranks_count() && code == EXIT_FINE; ++r) {
        int64_t first = 0, end = 0;
        ranks_share(n, unit, r, &first, &end);
        const int64_t bytes = (end - first) * (int64_t)row;
        char *const own = ranks_is_first()      ? (char *)rows + (size_t)first * row
                          : ranks_number() == r ? rows
                                                : NULL;
        for (int64_t at = 0; at < bytes && code == EXIT_FINE; at += PIECE)
            code = ranks_copy(r, bytes - at < PIECE ? bytes - at : PIECE, own ? own + at : other);
    }
    free(other);
    return code;
}

void ranks_close(int alone, int code)
{
    if (mpi != NULL && alone) {
        /* A launcher on a busy machine can lose what was written just before a job is aborted. */
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
        clile_mpi_abort(mpi, code);
    }
    clile_mpi_close(mpi);
    mpi = NULL;
}
