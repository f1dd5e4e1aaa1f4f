/* The file that the option targets names. */
#include "layout/layout.h"

#include <string.h>

/* Every tensor has a meaning. */
static clile_status check_names(const clile_i_st *file)
{
    for (int64_t i = 0; i < clile_i_st_count(file); ++i) {
        const char *name = clile_i_st_at(file, i)->name;
        if (!clile_i_targets_is_name(name))
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: tensor \"%.100s\" is none of points, points_mirror, values "
                                "and values_mirror",
                                clile_i_st_path(file), name);
    }
    return CLILE_OK;
}

static clile_status note(const char *name, clile_i_table *table)
{
    clile_i_text_append(&table->notes, "targets: %d points and %d values an image from %s\n",
                        (int)table->targets.p, (int)table->targets.v, name);
    return table->notes.status;
}

clile_status clile_i_targets_open(const char *name, const char *data, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    char *path = NULL;
    clile_i_st *file = NULL;
    if (name[0] == '\0') return CLILE_OK;
    if (table->rows == 0)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: option targets: the layout %s has no one file whose rows could be "
                            "counted; csv manifests and jsonl have%s",
                            data, table->layout,
                            table->pack != NULL ? ", and a pack keeps the targets it was made with"
                                                : "");
    path = clile_i_paths_below(data, name);
    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    CLILE_I_TRY(clile_i_st_open(path, &file));
    CLILE_I_TRY(check_names(file));
    CLILE_I_TRY(clile_i_targets_get(file, table->rows, table->n, table->row, &table->targets));
    status = note(name, table);
cleanup:
    if (status != CLILE_OK && status != CLILE_E_OUT_OF_MEMORY)
        clile_i_fail_context(status, "option targets");
    clile_i_st_close(file);
    clile_i_free(path);
    return status;
}
