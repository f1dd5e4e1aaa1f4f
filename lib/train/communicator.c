/* Joins a trainer to others (clile/communicator.h). */
#include "train/ranks.h"

enum { MOST_RANKS = 65536 };

static clile_status check(const clile_trainer *t, const clile_communicator *c)
{
    static const char function[] = "clile_trainer_set_communicator";
    if (t->stage != 0 || t->broken)
        return clile_i_fail(CLILE_E_STATE,
                            "%s: this trainer has run or was resumed; set the communicator before",
                            function);
    if (c == NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(
        clile_i_struct_check(function, c, CLILE_I_STRUCT_LEAST(clile_communicator, wait)));
    if (c->size < 1 || c->size > MOST_RANKS || c->rank < 0 || c->rank >= c->size)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: rank is %d of %d, expected 0 to size - 1, size 1 to %d", function,
                            (int)c->rank, (int)c->size, (int)MOST_RANKS);
    if (c->allreduce == NULL || c->broadcast == NULL || (c->begin == NULL) != (c->wait == NULL))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: allreduce and broadcast are needed, and both of begin and wait or "
                            "neither",
                            function);
    if (t->own.fn != NULL && c->size > 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: a loss of the caller's own (clile_trainer_set_loss) sees the "
                            "images of one process only",
                            function);
    return CLILE_OK;
}

/* What must be the same everywhere: data, options, initial weights. */
static clile_status check_same(const clile_trainer *t)
{
    CLILE_I_RETURN_IF(clile_i_ranks_compare(
        t, t->data_crc, CLILE_E_INVALID_ARGUMENT,
        "clile_trainer_set_communicator: labels or subjects differ from those of rank 0"));
    return clile_i_ranks_compare(
        t, t->run, CLILE_E_INVALID_ARGUMENT,
        "clile_trainer_set_communicator: options or initial weights differ from those of rank 0");
}

clile_status clile_trainer_set_communicator(clile_trainer *trainer,
                                            const clile_communicator *communicator)
{
    clile_trainer *joined = NULL;
    CLILE_I_CHECK_NOT_NULL(trainer);
    CLILE_I_RETURN_IF(check(trainer, communicator));
    clile_status status =
        clile_i_trainer_new(trainer->model, trainer->data, trainer->options, communicator, &joined);
    if (joined == NULL && communicator != NULL) { /* tell the others, with what there is */
        clile_trainer told = *trainer;
        double *statuses = clile_i_calloc((int64_t)communicator->size + 1, sizeof *statuses);
        told.communicator = *communicator;
        told.shares.rank = communicator->rank;
        told.shares.ranks = communicator->size;
        told.statuses = statuses;
        if (statuses != NULL) status = clile_i_ranks_agree(&told, status);
        clile_i_free(statuses);
        goto cleanup;
    }
    if (joined != NULL) status = clile_i_ranks_agree(joined, status);
    if (status == CLILE_OK) status = check_same(joined);
    if (status != CLILE_OK) goto cleanup;
    joined->settings.validation_every = trainer->settings.validation_every;
    CLILE_I_TRY(
        clile_i_own_loss_set(joined, trainer->own.mode, trainer->own.fn, trainer->own.user));
    clile_i_trainer_exchange(trainer, joined);
cleanup:
    clile_trainer_destroy(joined);
    trainer->model->busy = 1;
    return status;
}
