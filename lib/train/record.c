/* The files that a run leaves: how they are named, begun, cut where a resumed run goes on, and
 * continued after each epoch. What is in them: history.c, events.c. */
#include "train/history.h"

static const clile_i_history_kind *const kinds[CLILE_I_HISTORY_KINDS] = {&clile_i_history_lines,
                                                                         &clile_i_history_events};

void clile_i_history_free(clile_i_history *history)
{
    for (int k = 0; k < CLILE_I_HISTORY_KINDS; ++k) clile_i_free(history->path[k]);
    *history = (clile_i_history){0};
}

/* Takes `path`, which may be NULL. */
static void set_path(clile_trainer *t, int kind, char *path)
{
    clile_i_free(t->history.path[kind]);
    t->history.path[kind] = path;
}

static clile_status check_settable(const clile_trainer *t, const char *function, const char *path,
                                   const char *argument)
{
    if (t->history.begun)
        return clile_i_fail(CLILE_E_STATE, "%s: the trainer has run already", function);
    if (path != NULL && path[0] == '\0')
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %s is empty", function, argument);
    return CLILE_OK;
}

clile_status clile_trainer_set_history(clile_trainer *trainer, const char *path)
{
    CLILE_I_CHECK_NOT_NULL(trainer);
    CLILE_I_RETURN_IF(check_settable(trainer, __func__, path, "path"));
    char *copy = path != NULL ? clile_i_strdup(path) : NULL;
    if (path != NULL && copy == NULL) return CLILE_E_OUT_OF_MEMORY;
    set_path(trainer, CLILE_I_HISTORY_LINES, copy);
    return CLILE_OK;
}

clile_status clile_trainer_set_tensorboard(clile_trainer *trainer, const char *folder)
{
    CLILE_I_CHECK_NOT_NULL(trainer);
    CLILE_I_RETURN_IF(check_settable(trainer, __func__, folder, "folder"));
    char *path = folder != NULL ? clile_i_path_join(folder, "events.out.tfevents.clile") : NULL;
    if (folder != NULL && path == NULL) return CLILE_E_OUT_OF_MEMORY;
    set_path(trainer, CLILE_I_HISTORY_EVENTS, path);
    return CLILE_OK;
}

int clile_i_history_is_wanted(const clile_trainer *t)
{
    if (t->shares.rank > 0) return 0; /* rank 0 writes */
    return t->history.path[CLILE_I_HISTORY_LINES] != NULL ||
           t->history.path[CLILE_I_HISTORY_EVENTS] != NULL;
}

/* Cuts a file to what this run keeps, or makes it. */
static clile_status begin_file(const clile_trainer *t, const char *path,
                               const clile_i_history_kind *kind)
{
    clile_status status = CLILE_OK;
    clile_i_file file = {0};
    clile_i_writer *writer = NULL;
    clile_i_pb start = {0};
    size_t kept = 0;
    if (clile_i_path_exists(path)) {
        CLILE_I_TRY(clile_i_file_open(path, &file));
        CLILE_I_TRY(kind->kept(t, path, &file, &kept));
    }
    if (kept == 0 && kind->start != NULL) kind->start(t, &start);
    CLILE_I_TRY(start.status);
    /* also where nothing changes: it shows that the file can be written */
    CLILE_I_TRY(clile_i_writer_open(path, &writer));
    CLILE_I_TRY(clile_i_writer_put(writer, start.data, (size_t)start.size));
    CLILE_I_TRY(clile_i_writer_put(writer, file.data, kept));
    CLILE_I_TRY(clile_i_writer_commit(&writer));
cleanup:
    clile_i_writer_abort(&writer);
    clile_i_file_close(&file);
    clile_i_pb_free(&start);
    return status;
}

/* Writes the last epoch, again and again until that has worked. */
static clile_status flush(clile_trainer *t)
{
    clile_i_history *history = &t->history;
    for (int k = 0; k < CLILE_I_HISTORY_KINDS; ++k) {
        clile_i_pb out = {0};
        if (!history->owes[k]) continue;
        kinds[k]->epoch(t, &out);
        clile_status status = out.status;
        if (status == CLILE_OK)
            status = clile_i_file_append(history->path[k], out.data, (size_t)out.size);
        clile_i_pb_free(&out);
        CLILE_I_RETURN_IF(status);
        history->owes[k] = 0;
    }
    return CLILE_OK;
}

clile_status clile_i_history_begin(clile_trainer *t)
{
    clile_i_history *history = &t->history;
    if (history->begun) return flush(t);
    history->begun = !clile_i_history_is_wanted(t); /* nothing to begin with */
    if (history->begun) return CLILE_OK;
    if (history->path[CLILE_I_HISTORY_EVENTS] != NULL)
        CLILE_I_RETURN_IF(clile_i_folders_make(history->path[CLILE_I_HISTORY_EVENTS]));
    for (int k = 0; k < CLILE_I_HISTORY_KINDS; ++k)
        if (history->path[k] != NULL) CLILE_I_RETURN_IF(begin_file(t, history->path[k], kinds[k]));
    history->begun = 1;
    return CLILE_OK;
}

clile_status clile_i_history_end_epoch(clile_trainer *t, const clile_progress *progress)
{
    clile_i_history *history = &t->history;
    if (!clile_i_history_is_wanted(t)) return CLILE_OK;
    history->last = t->epoch;
    history->told = *progress;
    for (int k = 0; k < CLILE_I_HISTORY_KINDS; ++k) history->owes[k] = history->path[k] != NULL;
    return flush(t);
}
