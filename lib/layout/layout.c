/* The known layouts, and which of them fits a folder. */
#include "layout/layout.h"

#include <string.h>

#define ROW(name, text) {text, &clile_i_layout_##name},
static const struct {
    const char *name; /* value of the option `layout` */
    const clile_i_layout *layout;
} layouts[] = {CLILE_I_LAYOUTS(ROW)};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

/* table->layout has room for the name */
#define CHECK(name, text)                                                                          \
    _Static_assert(sizeof text <= sizeof((clile_i_table *)0)->layout, "a long name");
CLILE_I_LAYOUTS(CHECK)

static clile_status fail_unrecognised(const char *path)
{
    clile_i_text text = {0};
    for (int k = 0; k < LAYOUTS; ++k)
        clile_i_text_append(&text, "%s%s: %s", k == 0 ? "" : "; ", layouts[k].name,
                            layouts[k].layout->looked_for);
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
            CLILE_I_RETURN_IF(layouts[k].layout->recognise(request->path, &fits));
        else
            fits = strcmp(name, layouts[k].name) == 0;
        if (!fits) continue;
        CLILE_I_RETURN_IF(layouts[k].layout->open(request, table));
        CLILE_I_RETURN_IF(clile_i_table_check_codes(table));
        return note_origin(layouts[k].name, request, table);
    }
    return fail_unrecognised(request->path);
}
