/* clile_image_walk: the image files of a folder and its subfolders. */
#include "image/image.h"

#include <clile/image.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    dev_t device;
    ino_t inode;
} folder_id;

typedef struct {
    clile_path_fn each;
    void *user;
    /* sorted; symbolic links may lead to a folder twice, or in circles */
    folder_id *visited;
    int64_t count, capacity;
} walk;

static int compare_ids(const folder_id *a, const folder_id *b)
{
    if (a->device != b->device) return a->device < b->device ? -1 : 1;
    return a->inode < b->inode ? -1 : a->inode > b->inode;
}

/* *known: 1 if the folder was visited before; it now is. */
static clile_status visit(walk *w, const struct stat *info, int *known)
{
    const folder_id id = {info->st_dev, info->st_ino};
    int64_t low = 0, high = w->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (compare_ids(&w->visited[middle], &id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *known = low < w->count && compare_ids(&w->visited[low], &id) == 0;
    if (*known) return CLILE_OK;
    CLILE_I_GROW(w->visited, &w->capacity, w->count + 1);
    memmove(w->visited + low + 1, w->visited + low, (size_t)(w->count - low) * sizeof *w->visited);
    w->visited[low] = id;
    ++w->count;
    return CLILE_OK;
}

static int by_name(const void *left, const void *right)
{
    return clile_i_natural_compare(*(char *const *)left, *(char *const *)right);
}

static clile_status walk_folder(walk *w, const char *folder)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    char *path = NULL;
    struct stat info;
    int known = 0;
    if (stat(folder, &info) != 0)
        return clile_i_fail_system(errno, "%s: cannot be examined", folder);
    CLILE_I_RETURN_IF(visit(w, &info, &known));
    if (known) return CLILE_OK;
    CLILE_I_TRY(clile_i_folder_list(folder, &names));
    if (names.count > 1) qsort(names.names, (size_t)names.count, sizeof *names.names, by_name);
    for (int64_t k = 0; k < names.count; ++k) {
        if (names.names[k][0] == '.') continue;
        clile_i_free(path);
        path = clile_i_path_join(folder, names.names[k]);
        if (path == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        /* list a dangling link too: reading it will report it */
        const int there = stat(path, &info) == 0;
        if (there && S_ISDIR(info.st_mode)) {
            CLILE_I_TRY(walk_folder(w, path));
        } else if ((!there || S_ISREG(info.st_mode)) &&
                   clile_i_image_kind_of_name(path) != CLILE_I_IMAGE_NONE) {
            if (w->each(path, w->user) != 0) {
                status = clile_i_fail(CLILE_E_CANCELLED, "%s: stopped by the caller", path);
                goto cleanup;
            }
        }
    }
cleanup:
    clile_i_names_free(&names);
    clile_i_free(path);
    return status;
}

clile_status clile_image_walk(const char *folder, clile_path_fn each, void *user)
{
    CLILE_I_CHECK_NOT_NULL(folder);
    CLILE_I_CHECK_NOT_NULL(each);
    walk w = {.each = each, .user = user};
    const clile_status status = walk_folder(&w, folder);
    clile_i_free(w.visited);
    return status;
}
