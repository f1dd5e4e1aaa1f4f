/* The known layouts, and which of them a folder has. */
#include "layout/layout.h"

#include <string.h>

static const clile_i_layout *const layouts[] = {
    &clile_i_layout_bp4d, &clile_i_layout_disfa, &clile_i_layout_disfa_plus, &clile_i_layout_csv,
    &clile_i_layout_list, &clile_i_layout_jsonl, &clile_i_layout_pack};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static clile_status fail_unrecognised(const char *path)
{
    clile_i_text text = {0};
    for (int k = 0; k < LAYOUTS; ++k)
        clile_i_text_append(&text, "%s%s: %s", k == 0 ? "" : "; ", layouts[k]->name,
                            layouts[k]->looked_for);
    clile_i_fail(CLILE_E_FORMAT, "%s: layout not recognised; looked for %s", path,
                 text.data != NULL ? text.data : "");
    clile_i_text_free(&text);
    return CLILE_E_FORMAT;
}

/* Records how the folder was read, with the values that "auto" options took. */
static clile_status note_origin(const char *name, const clile_i_layout_request *request,
                                clile_i_table *table)
{
    clile_i_text text = {0};
    if (table->layout[0] == '\0') snprintf(table->layout, sizeof table->layout, "%s", name);
    clile_i_text_append(&text, "layout=%s au_set=", table->layout);
    for (int32_t a = 0; a < table->c; ++a)
        clile_i_text_append(&text, "%s%d", a > 0 ? "," : "", table->au_ids[a]);
    clile_i_text_append(&text, " unknown=%s present_from=%d",
                        request->unknown_negative ? "negative" : "mask", request->present_from);
    if (table->numbered) clile_i_text_append(&text, " first_image=%d", table->first_image);
    table->origin = text.data;
    return text.status;
}

clile_status clile_i_layout_open(const char *name, const clile_i_layout_request *request,
                                 clile_i_table *table)
{
    const int any = strcmp(name, "auto") == 0;
    if (!clile_i_path_exists(request->path))
        return clile_i_fail(CLILE_E_IO, "%s: no such folder or file",
                            request->path[0] != '\0' ? request->path
                                                     : "the name of the data set is empty");
    if (any && !clile_i_path_is_folder(request->path) && !clile_i_path_is_file(request->path))
        return clile_i_fail(CLILE_E_IO,
                            "%s: neither a folder nor a regular file; a pipe can be read only "
                            "once, so name its layout",
                            request->path);
    for (int k = 0; k < LAYOUTS; ++k) {
        int32_t fits = 0;
        if (any)
            CLILE_I_RETURN_IF(layouts[k]->recognise(request->path, &fits));
        else
            fits = strcmp(name, layouts[k]->name) == 0;
        if (!fits) continue;
        CLILE_I_RETURN_IF(layouts[k]->open(request, table));
        CLILE_I_RETURN_IF(clile_i_table_check_codes(table));
        return note_origin(layouts[k]->name, request, table);
    }
    return fail_unrecognised(request->path);
}
