/* Folders of numbered images. */
#include "image/image.h"
#include "layout/layout.h"

#include <stdlib.h>
#include <string.h>

static int is_digit(char character)
{
    return character >= '0' && character <= '9';
}

int clile_i_frames_is_image(const char *name)
{
    return clile_i_image_kind_of_name(name) == CLILE_I_IMAGE_READ;
}

int clile_i_frame_number(const char *name, int64_t *number)
{
    if (!clile_i_frames_is_image(name)) return 0;
    const char *dot = strrchr(name, '.');
    const char *first = dot;
    while (first > name && is_digit(first[-1])) --first;
    return clile_i_parse_i64(first, dot, number);
}

static int compare_frames(const void *left, const void *right)
{
    const clile_i_frame *l = left, *r = right;
    if (l->number != r->number) return l->number < r->number ? -1 : 1;
    return strcmp(l->name, r->name);
}

static int compare_numbers(const void *left, const void *right)
{
    const clile_i_frame *l = left, *r = right;
    return l->number < r->number ? -1 : l->number > r->number;
}

clile_status clile_i_frames_list(const char *folder, clile_i_table *table, clile_i_frames *out)
{
    clile_status status = CLILE_OK;
    memset(out, 0, sizeof *out);
    if (!clile_i_path_is_folder(folder)) return CLILE_OK;
    CLILE_I_TRY(clile_i_folder_list(folder, &out->names));
    CLILE_I_ALLOC(out->frames, out->names.count);
    for (int64_t i = 0; i < out->names.count; ++i) {
        clile_i_frame *frame = &out->frames[out->count];
        frame->name = out->names.names[i];
        if (clile_i_frame_number(frame->name, &frame->number)) ++out->count;
        if (clile_i_image_kind_of_name(frame->name) == CLILE_I_IMAGE_OTHER)
            CLILE_I_TRY(clile_i_table_not_read(table, folder, frame->name));
    }
    qsort(out->frames, (size_t)out->count, sizeof *out->frames, compare_frames);
    for (int64_t i = 1; i < out->count; ++i) {
        if (out->frames[i].number == out->frames[i - 1].number) {
            status = clile_i_fail(CLILE_E_FORMAT, "folder %s: %s and %s are the same frame", folder,
                                  out->frames[i - 1].name, out->frames[i].name);
            goto cleanup;
        }
    }
cleanup:
    if (status != CLILE_OK) clile_i_frames_free(out);
    return status;
}

void clile_i_frames_free(clile_i_frames *frames)
{
    clile_i_names_free(&frames->names);
    clile_i_free(frames->frames);
    memset(frames, 0, sizeof *frames);
}

const clile_i_frame *clile_i_frames_find(const clile_i_frames *frames, int64_t number)
{
    const clile_i_frame key = {.number = number};
    if (frames->count == 0) return NULL;
    return bsearch(&key, frames->frames, (size_t)frames->count, sizeof key, compare_numbers);
}
