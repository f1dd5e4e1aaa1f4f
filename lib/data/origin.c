/* What the images of a data set are, as packs and models record it, and which part of a protocol
 * they form. */
#include "data/core.h"

#include "layout/origin.h"

#include <string.h>

/* One letter per image, or a single one if all are equal. */
static clile_status add_placed(clile_i_st_writer *writer, const clile_dataset *dataset)
{
    clile_status status = CLILE_OK;
    char *letters = NULL;
    int64_t same = 0;
    CLILE_I_ALLOC(letters, dataset->n + 1);
    for (int64_t i = 0; i < dataset->n; ++i) {
        letters[i] = (char)clile_i_origin_placed(&dataset->core->table, dataset->index[i]);
        same += letters[i] == letters[0];
    }
    if (same == dataset->n) letters[1] = '\0';
    status = clile_i_st_writer_metadata(writer, "placed", letters);
cleanup:
    clile_i_free(letters);
    return status;
}

clile_status clile_i_origin_put(clile_i_st_writer *writer, const clile_dataset *dataset)
{
    const clile_i_table *table = &dataset->core->table;
    const char *origin = table->origin != NULL ? table->origin : "arrays";
    clile_i_text text = {0};
    clile_i_text_append(&text, "%s", origin);
    if (table->boxes != NULL)
        clile_i_text_append(&text, " box_margin=%.17g", dataset->core->box_margin);
    clile_status status = text.status;
    if (status == CLILE_OK) status = clile_i_st_writer_metadata(writer, "made_from", text.data);
    clile_i_text_free(&text);
    if (status == CLILE_OK && strcmp(table->kind, "unknown") != 0 && table->kind[0] != '\0')
        status = clile_i_st_writer_metadata(writer, CLILE_I_KIND_MARK, table->kind);
    return status == CLILE_OK ? add_placed(writer, dataset) : status;
}

/* ---- parts ---- */

clile_status clile_i_origin_name_part(clile_dataset *part, const char *protocol, int32_t fold,
                                      int32_t tested)
{
    /* the outermost split decides who stays unseen */
    if (part == NULL || part->protocol != NULL) return CLILE_OK;
    part->protocol = clile_i_strdup(protocol);
    part->fold = fold;
    part->tested = tested;
    return part->protocol != NULL ? CLILE_OK : CLILE_E_OUT_OF_MEMORY;
}

void clile_i_dataset_origin(const clile_dataset *dataset, clile_i_origin *out)
{
    const clile_i_table *table = &dataset->core->table;
    const int named = dataset->protocol != NULL && !dataset->tested;
    *out = (clile_i_origin){.layout = table->layout[0] != '\0' ? table->layout : "arrays",
                            .kind = clile_dataset_get_kind(dataset),
                            .protocol = named ? dataset->protocol : "none",
                            .fold = named ? dataset->fold : 0};
    for (int64_t i = 0; i < dataset->n; ++i) {
        const clile_i_placed placed = clile_i_origin_placed(table, dataset->index[i]);
        out->landmarks += placed == CLILE_I_PLACED_LANDMARKS;
        out->boxes += placed == CLILE_I_PLACED_BOX;
        out->crops += placed == CLILE_I_PLACED_CROP;
    }
}

void clile_i_dataset_margins(const clile_dataset *dataset, int32_t size, clile_i_text *text)
{
    clile_i_core *const *core = &dataset->core;
    int32_t count = 1, last = -1;
    if (dataset->core->holder != NULL) {
        core = dataset->core->holder;
        count = dataset->core->holders;
    }
    for (int32_t k = 0; k < count; ++k) {
        const int32_t margin = clile_i_core_margin(core[k], size);
        if (margin != last) clile_i_text_append(text, "%s%d", last >= 0 ? "," : "", (int)margin);
        last = margin;
    }
}

const char *clile_dataset_get_kind(const clile_dataset *dataset)
{
    const char *kind = dataset != NULL ? dataset->core->table.kind : "";
    return kind[0] != '\0' ? kind : "unknown";
}
