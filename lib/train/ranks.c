#include "train/ranks.h"

#include <string.h>

enum { TEXT = 1024 };

static int alone(const clile_trainer *t)
{
    return t->shares.ranks < 2;
}

/* After a failure the ranks may be at different places: nothing is called any more. */
static double *is_lost(const clile_trainer *t)
{
    return &t->statuses[t->shares.ranks];
}

static clile_status checked(const clile_trainer *t, int32_t result, const char *function)
{
    if (result == 0) return CLILE_OK;
    *is_lost(t) = 1;
    return clile_i_fail(CLILE_E_BACKEND, "the communicator's %s failed (%d)", function,
                        (int)result);
}

static clile_status allreduce(const clile_trainer *t, int32_t type, int64_t count, void *values)
{
    const clile_communicator *c = &t->communicator;
    if (*is_lost(t) > 0) return CLILE_E_BACKEND; /* with the text of that time */
    return checked(t, c->allreduce(c->user, type, count, values), "allreduce");
}

static clile_status broadcast(const clile_trainer *t, int32_t root, int64_t bytes, void *data)
{
    const clile_communicator *c = &t->communicator;
    if (*is_lost(t) > 0) return CLILE_E_BACKEND; /* with the text of that time */
    return checked(t, c->broadcast(c->user, root, bytes, data), "broadcast");
}

clile_status clile_i_ranks_agree(const clile_trainer *t, clile_status own)
{
    const int32_t ranks = t->shares.ranks;
    char text[TEXT] = "";
    int32_t failed = 0;
    if (alone(t) || (own != CLILE_OK && *is_lost(t) > 0)) return own;
    snprintf(text, sizeof text, "%s", own != CLILE_OK ? clile_last_error() : "");
    memset(t->statuses, 0, (size_t)ranks * sizeof *t->statuses);
    t->statuses[t->shares.rank] = (double)own;
    CLILE_I_RETURN_IF(allreduce(t, CLILE_COMMUNICATOR_F64, ranks, t->statuses));
    while (failed < ranks && t->statuses[failed] == 0) ++failed;
    if (failed == ranks) return CLILE_OK;
    CLILE_I_RETURN_IF(broadcast(t, failed, TEXT, text));
    text[TEXT - 1] = '\0';
    const clile_status status = (clile_status)t->statuses[failed];
    return clile_i_fail(status, "rank %d of %d: %s", (int)failed, (int)ranks, text);
}

clile_status clile_i_ranks_sum(const clile_trainer *t, clile_status own, int64_t count,
                               float *values)
{
    if (alone(t)) return own;
    CLILE_I_RETURN_IF(clile_i_ranks_agree(t, own));
    return allreduce(t, CLILE_COMMUNICATOR_F32, count, values);
}

clile_status clile_i_ranks_sum_doubles(const clile_trainer *t, int64_t count, double *values)
{
    return alone(t) ? CLILE_OK : allreduce(t, CLILE_COMMUNICATOR_F64, count, values);
}

clile_status clile_i_ranks_tell(const clile_trainer *t, int64_t bytes, void *value)
{
    return alone(t) ? CLILE_OK : broadcast(t, 0, bytes, value);
}

clile_status clile_i_ranks_compare(const clile_trainer *t, uint32_t value, clile_status status,
                                   const char *text)
{
    uint32_t first = value;
    CLILE_I_RETURN_IF(clile_i_ranks_tell(t, sizeof first, &first));
    return clile_i_ranks_agree(t, first == value ? CLILE_OK : clile_i_fail(status, "%s", text));
}

clile_status clile_i_ranks_begin(const clile_trainer *t, int64_t count, float *values)
{
    const clile_communicator *c = &t->communicator;
    if (alone(t)) return CLILE_OK;
    if (c->begin == NULL) return allreduce(t, CLILE_COMMUNICATOR_F32, count, values);
    if (*is_lost(t) > 0) return CLILE_E_BACKEND; /* with the text of that time */
    return checked(t, c->begin(c->user, count, values), "begin");
}

clile_status clile_i_ranks_wait(const clile_trainer *t)
{
    const clile_communicator *c = &t->communicator;
    if (alone(t) || c->wait == NULL) return CLILE_OK;
    if (*is_lost(t) > 0) return CLILE_E_BACKEND; /* with the text of that time */
    return checked(t, c->wait(c->user), "wait");
}
