/* What the images of a folder or pack are: drawn or photographed, and how each crop was placed. */
#include "layout/origin.h"

#include "layout/layout.h"

#include <string.h>

static const char mark_name[] = CLILE_I_KIND_MARK;
static const char *const kinds[] = {"drawn", "rendered", "photographs", "mixed", "unknown"};

static clile_status set_kind(const char *text, size_t size, const char *file, clile_i_table *table)
{
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; ++k)
        if (strlen(kinds[k]) == size && memcmp(kinds[k], text, size) == 0) {
            snprintf(table->kind, sizeof table->kind, "%s", kinds[k]);
            return CLILE_OK;
        }
    return clile_i_fail(CLILE_E_FORMAT,
                        "%s: data_kind \"%.*s\", expected drawn, rendered, photographs, "
                        "mixed or unknown",
                        file, size < 40 ? (int)size : 40, text);
}

/* Reads the first word of the file `data_kind` in the folder, if it exists. */
static clile_status read_mark(const char *path, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_file file = {0};
    char *folder = clile_i_path_is_folder(path) ? clile_i_strdup(path) : clile_i_paths_folder(path);
    char *mark = folder != NULL ? clile_i_path_join(folder, mark_name) : NULL;
    if (mark == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    if (!clile_i_path_exists(mark) || clile_i_path_is_folder(mark)) goto cleanup;
    CLILE_I_TRY(clile_i_file_open(mark, &file));
    size_t size = 0;
    while (size < file.size && file.data[size] > ' ') ++size;
    status = set_kind((const char *)file.data, size, mark, table);
cleanup:
    clile_i_file_close(&file);
    clile_i_free(mark);
    clile_i_free(folder);
    return status;
}

clile_status clile_i_origin_set_kind(const char *wanted, const char *path, clile_i_table *table)
{
    if (strcmp(wanted, "auto") != 0) return set_kind(wanted, strlen(wanted), path, table);
    if (table->kind[0] == '\0' && table->pack == NULL) CLILE_I_RETURN_IF(read_mark(path, table));
    if (table->kind[0] == '\0') snprintf(table->kind, sizeof table->kind, "unknown");
    return CLILE_OK;
}

/* ---- packs ---- */

clile_i_placed clile_i_origin_placed(const clile_i_table *table, int64_t sample)
{
    if (table->placed != NULL) return (clile_i_placed)table->placed[sample];
    if (table->drawn_size > 0) return CLILE_I_PLACED_LANDMARKS;
    if (table->points != NULL && !clile_i_is_nan(table->points[10 * sample]))
        return CLILE_I_PLACED_LANDMARKS;
    if (table->boxes != NULL && !clile_i_is_nan(table->boxes[4 * sample]))
        return CLILE_I_PLACED_BOX;
    return CLILE_I_PLACED_CROP;
}

/* Older packs do not say. This is what they must have been. */
static clile_i_placed guess_placed(const clile_i_table *table, const char *made_from)
{
    const clile_i_counts *c = &table->counts;
    if (strcmp(made_from, "arrays") == 0) return CLILE_I_PLACED_CROP;
    if (c->images_without_landmarks == 0) return CLILE_I_PLACED_LANDMARKS;
    if (c->images_without_landmarks < table->n) return CLILE_I_PLACED_UNKNOWN;
    return c->images_by_box == 0          ? CLILE_I_PLACED_CROP
           : c->images_by_box == table->n ? CLILE_I_PLACED_BOX
                                          : CLILE_I_PLACED_UNKNOWN;
}

clile_status clile_i_origin_get(const clile_i_st *file, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    static const char layout[] = "layout=";
    const char *made_from = clile_i_st_metadata(file, "made_from"),
               *kind = clile_i_st_metadata(file, mark_name);
    const char *placed = clile_i_st_metadata(file, "placed"), *path = clile_i_st_path(file);
    if (made_from == NULL) made_from = "layout=pack";
    if (strncmp(made_from, layout, sizeof layout - 1) == 0) {
        const char *name = made_from + sizeof layout - 1;
        const size_t size = strcspn(name, " "), most = sizeof table->layout - 1;
        snprintf(table->layout, sizeof table->layout, "%.*s", (int)(size < most ? size : most),
                 name);
    } else {
        snprintf(table->layout, sizeof table->layout, "arrays");
    }
    if (kind != NULL) CLILE_I_RETURN_IF(set_kind(kind, strlen(kind), path, table));
    const size_t letters = placed != NULL ? strlen(placed) : 0;
    if (placed != NULL && letters != 1 && (int64_t)letters != table->n)
        return clile_i_fail(CLILE_E_FORMAT, "pack %s: placed has %zu letters, expected 1 or %lld",
                            path, letters, (long long)table->n);
    CLILE_I_ALLOC(table->placed, table->n);
    for (int64_t i = 0; i < table->n; ++i) {
        const char letter =
            placed == NULL ? (char)guess_placed(table, made_from) : placed[letters == 1 ? 0 : i];
        if (letter == '\0' || strchr("lbcu", letter) == NULL)
            return clile_i_fail(CLILE_E_FORMAT,
                                "pack %s: placed, letter %lld, expected l, b, c or u", path,
                                (long long)i + 1);
        table->placed[i] = (uint8_t)letter;
    }
cleanup:
    return status;
}
