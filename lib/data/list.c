/* Layouts that have a name already and are recognised, but cannot be read yet: they say so. */
#include "data/layout.h"

#include <string.h>

static int ends_with(const char *text, const char *ending)
{
    const size_t size = strlen(text), other = strlen(ending);
    return size >= other && strcmp(text + size - other, ending) == 0;
}

static clile_status recognise_list(const char *path, int32_t *fits)
{
    clile_i_names names = {0};
    *fits = 0;
    if (!clile_i_path_is_folder(path)) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_folder_list(path, &names));
    for (int64_t i = 0; i < names.count; ++i)
        if (strstr(names.names[i], "_img_path_fold") != NULL && ends_with(names.names[i], ".txt")) *fits = 1;
    clile_i_names_free(&names);
    return CLILE_OK;
}

static clile_status open_list(const clile_i_layout_request *request, clile_i_table *table)
{
    (void)table;
    return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: layout list (image and label lists) is not supported by this version",
                        request->path);
}

const clile_i_layout clile_i_layout_list = {
    .name = "list", .looked_for = "*_img_path_fold*.txt", .recognise = recognise_list, .open = open_list};
