/* What the paths in image lists say: where the images are, who they show, which occur twice. */
#include "layout/layout.h"

#include <string.h>

enum { FEW = 100, SUBJECT_SIZE = 256 };

const char *clile_i_paths_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

char *clile_i_paths_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = clile_i_strdup(slash != NULL ? path : ".");
    if (slash != NULL && folder != NULL) folder[slash == path ? 1 : slash - path] = '\0';
    return folder;
}

char *clile_i_paths_below(const char *data, const char *name)
{
    if (name[0] == '/') return clile_i_strdup(name);
    char *folder = clile_i_path_is_folder(data) ? clile_i_strdup(data) : clile_i_paths_folder(data);
    char *path = folder != NULL ? clile_i_path_join(folder, name) : NULL;
    clile_i_free(folder);
    return path;
}

void clile_i_paths_clean(char *path)
{
    char *to = path;
    for (const char *at = path; *at != '\0';) {
        const int starts = to == path || to[-1] == '/';
        if (starts && at[0] == '.' && at[1] == '/')
            at += 2;
        else if (starts && at > path && *at == '/')
            ++at;
        else
            *to++ = *at++;
    }
    if (to == path && path[0] != '\0') *to++ = '.';
    *to = '\0';
}

/* ---- where ---- */

int clile_i_paths_exists(const char *root, const char *image)
{
    char path[2 * CLILE_I_PATH_SIZE];
    if (image[0] == '/') return clile_i_path_exists(image);
    const int size = snprintf(path, sizeof path, "%s/%s", root, image);
    return size > 0 && (size_t)size < sizeof path && clile_i_path_exists(path);
}

/* Where the image is: the first root that has it, and another root with a different file of that
 * name. */
typedef struct {
    char *root, *other;
} found_roots;

/* Takes ownership of `candidate`. */
static clile_status take_root(char *candidate, const char *image, found_roots *found)
{
    char ours[2 * CLILE_I_PATH_SIZE], theirs[2 * CLILE_I_PATH_SIZE];
    if (candidate == NULL) return CLILE_E_OUT_OF_MEMORY;
    char **place = found->root == NULL ? &found->root : &found->other;
    int takes = *place == NULL && clile_i_paths_exists(candidate, image);
    if (takes && found->root != NULL && image[0] != '/') {
        snprintf(ours, sizeof ours, "%s/%s", found->root, image);
        snprintf(theirs, sizeof theirs, "%s/%s", candidate, image);
        takes = !clile_i_path_is_same(ours, theirs);
    }
    if (takes && (found->root == NULL || image[0] != '/'))
        *place = candidate;
    else
        clile_i_free(candidate);
    return CLILE_OK;
}

/* Tries `folder` itself, then its img, then all folders in it. */
static clile_status try_folder(const char *folder, const clile_i_names *inside, const char *image,
                               found_roots *found)
{
    CLILE_I_RETURN_IF(take_root(clile_i_strdup(folder), image, found));
    CLILE_I_RETURN_IF(take_root(clile_i_path_join(folder, "img"), image, found));
    for (int64_t k = 0; k < inside->count && found->other == NULL; ++k)
        CLILE_I_RETURN_IF(take_root(clile_i_path_join(folder, inside->names[k]), image, found));
    return CLILE_OK;
}

clile_status clile_i_paths_root(const char *folder, clile_i_next_image next, void *context,
                                clile_i_table *table, char **root)
{
    clile_status status = CLILE_OK;
    clile_i_names inside = {0}, beside = {0};
    found_roots found = {0};
    char image[CLILE_I_PATH_SIZE];
    char *above = clile_i_path_join(folder, "..");
    *root = NULL;
    if (above == NULL) return CLILE_E_OUT_OF_MEMORY;
    CLILE_I_TRY(clile_i_folder_list(folder, &inside));
    CLILE_I_TRY(clile_i_folder_list(above, &beside));
    for (int k = 0; k < FEW && found.root == NULL && next(context, image); ++k) {
        CLILE_I_TRY(try_folder(folder, &inside, image, &found));
        CLILE_I_TRY(try_folder(above, &beside, image, &found));
    }
    if (found.other != NULL)
        CLILE_I_TRY(clile_i_table_warn(table,
                                       "images are taken from %.400s; %.200s is also in %.400s",
                                       found.root, image, found.other));
    *root = found.root;
    found.root = NULL;
cleanup:
    clile_i_free(found.root);
    clile_i_free(found.other);
    clile_i_names_free(&inside);
    clile_i_names_free(&beside);
    clile_i_free(above);
    return status;
}

/* ---- who ---- */

static size_t digits_at(const char *text)
{
    size_t size = 0;
    while (text[size] >= '0' && text[size] <= '9') ++size;
    return size;
}

/* Whether a folder's name of `size` characters is like F001, M012, SN003; F001_T1, 2F01_T1
 * (BP4D's videos); LeftVideoSN003 (DISFA's). */
static int named_subject(const char *name, size_t size, char *subject)
{
    char text[SUBJECT_SIZE];
    if (size == 0 || size >= sizeof text) return 0;
    memcpy(text, name, size);
    text[size] = '\0';
    const char *front = text[0] == '2' ? text + 1 : text;
    const size_t wanted = front == text ? 3 : 2;
    if ((front[0] == 'F' || front[0] == 'M') && digits_at(front + 1) == wanted &&
        (front[1 + wanted] == '_' || (front == text && front[1 + wanted] == '\0'))) {
        snprintf(subject, SUBJECT_SIZE, "%c%s%.*s", front[0], front == text ? "" : "0", (int)wanted,
                 front + 1);
        return 1;
    }
    const char *back = size >= 5 ? text + size - 5 : text;
    if (back[0] == 'S' && back[1] == 'N' && digits_at(back + 2) == 3 && back[5] == '\0') {
        snprintf(subject, SUBJECT_SIZE, "%s", back);
        return 1;
    }
    return 0;
}

int clile_i_paths_subject(const char *given, char *subject)
{
    int found = 0, first = 0;
    char path[CLILE_I_PATH_SIZE];
    snprintf(path, sizeof path, "%s", given);
    clile_i_path_plain(path);
    const char *at = path;
    for (const char *slash; (slash = strchr(at, '/')) != NULL; at = slash + 1) {
        const size_t size = (size_t)(slash - at);
        if (named_subject(at, size, subject)) {
            found = 1;
        } else if (at == path && size > 0 && size < SUBJECT_SIZE && at[0] != '.' && !found) {
            memcpy(subject, at, size);
            subject[size] = '\0';
            first = 1;
        }
    }
    return found || first;
}

/* ---- which ---- */

/* FNV-1a, 64 bits. */
static uint64_t hash_text(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text != '\0'; ++text) hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

static const char *name_of(const clile_i_table *table, int64_t sample)
{
    return table->text + table->name[sample];
}

/* The name as compared with others, written to `room` if it differs. */
static const char *plain_name(const char *image, char *room /* [2 * CLILE_I_PATH_SIZE] */)
{
    if (strstr(image, "..") == NULL) return image;
    snprintf(room, (size_t)2 * CLILE_I_PATH_SIZE, "%s", image);
    clile_i_path_plain(room);
    return room;
}

/* The slot of the image, or the free one where it belongs. */
static int64_t find_slot(const clile_i_image_set *set, const char *image)
{
    char room[2 * CLILE_I_PATH_SIZE], other[2 * CLILE_I_PATH_SIZE];
    const char *name = plain_name(image, room);
    const uint64_t mask = (uint64_t)set->capacity - 1;
    uint64_t at = hash_text(name) & mask;
    while (set->slot[at] != 0 &&
           strcmp(plain_name(name_of(set->table, set->slot[at] - 1), other), name) != 0)
        at = (at + 1) & mask;
    return (int64_t)at;
}

static clile_status enlarge(clile_i_image_set *set)
{
    clile_status status = CLILE_OK;
    int64_t *old = set->slot;
    const int64_t before = set->capacity, capacity = before == 0 ? 1024 : 2 * before;
    int64_t *slot = NULL;
    CLILE_I_ALLOC(slot, capacity);
    set->slot = slot;
    set->capacity = capacity;
    for (int64_t k = 0; k < before; ++k)
        if (old[k] != 0) set->slot[find_slot(set, name_of(set->table, old[k] - 1))] = old[k];
    clile_i_free(old);
cleanup:
    return status;
}

clile_status clile_i_image_set_add(clile_i_image_set *set, const clile_i_table *table,
                                   const char *image, int64_t *earlier)
{
    set->table = table;
    if (2 * set->count >= set->capacity) CLILE_I_RETURN_IF(enlarge(set));
    const int64_t at = find_slot(set, image);
    *earlier = set->slot[at] - 1;
    if (*earlier >= 0) return CLILE_OK;
    set->slot[at] = table->n + 1;
    ++set->count;
    return CLILE_OK;
}

/* Counts images in root/folder that the set does not name. */
static clile_status count_in_folder(const clile_i_image_set *set, const char *root,
                                    const char *folder, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    char image[2 * CLILE_I_PATH_SIZE];
    char *path = folder[0] == '/' ? clile_i_strdup(folder) : clile_i_path_join(root, folder);
    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    CLILE_I_TRY(clile_i_folder_list(path, &names));
    for (int64_t i = 0; i < names.count; ++i) {
        if (!clile_i_frames_is_image(names.names[i])) continue;
        snprintf(image, sizeof image, "%s%s%s", folder, folder[0] != '\0' ? "/" : "",
                 names.names[i]);
        if (set->slot[find_slot(set, image)] == 0)
            CLILE_I_TRY(
                clile_i_table_left_out(table, CLILE_I_LEFT_OUT_IMAGES, folder, names.names[i]));
    }
cleanup:
    clile_i_names_free(&names);
    clile_i_free(path);
    return status;
}

/* Samples of one folder need not be consecutive, so `seen` keeps the folders already counted. */
clile_status clile_i_image_set_count_others(const clile_i_image_set *set, const char *root,
                                            clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_table seen = {0};
    clile_i_image_set folders = {0};
    char folder[CLILE_I_PATH_SIZE], before[CLILE_I_PATH_SIZE] = "/";
    const int32_t one = 1;
    const int8_t label = 0;

    CLILE_I_TRY(clile_i_table_begin(&seen, "", 1, &one));
    for (int64_t i = 0; i < table->n; ++i) {
        const char *image = name_of(table, i), *name = clile_i_paths_name(image);
        const size_t size = name == image ? 0 : (size_t)(name - image) - 1;
        int64_t earlier = 0;
        if (size >= sizeof folder) continue;
        memcpy(folder, image, size);
        folder[size] = '\0';
        if (strcmp(folder, before) == 0) continue;
        memcpy(before, folder, sizeof before);
        CLILE_I_TRY(clile_i_image_set_add(&folders, &seen, folder, &earlier));
        if (earlier >= 0) continue;
        CLILE_I_TRY(clile_i_table_add(&seen, "", folder, 0, &label, NULL, NULL));
        CLILE_I_TRY(count_in_folder(set, root, folder, table));
    }
cleanup:
    clile_i_image_set_free(&folders);
    clile_i_table_free(&seen);
    return status;
}

void clile_i_image_set_free(clile_i_image_set *set)
{
    clile_i_free(set->slot);
    memset(set, 0, sizeof *set);
}
