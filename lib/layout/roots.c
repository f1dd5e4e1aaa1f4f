/* Folders of a data set that could be mistaken for each other: folders of images, of labels, and of
 * landmarks and boxes. */
#include "layout/roots.h"

#include <string.h>

/* ---- images ---- */

static clile_status join3(const char *path, const char *folder, const char *below, char **out)
{
    char *outer = clile_i_path_join(path, folder);
    *out = outer == NULL ? NULL : clile_i_path_join(outer, below);
    clile_i_free(outer);
    return *out != NULL ? CLILE_OK : CLILE_E_OUT_OF_MEMORY;
}

/* Counts images in path/folder/below and reports each as left out. Without a table, it stops at
 * the first. */
static clile_status count_images(const char *path, const char *folder, const char *below,
                                 clile_i_table *table, int64_t *count)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    char *inner = NULL;
    int64_t number = 0;
    *count = 0;
    CLILE_I_TRY(join3(path, folder, below, &inner));
    if (!clile_i_path_is_folder(inner)) goto cleanup;
    CLILE_I_TRY(clile_i_folder_list(inner, &names));
    for (int64_t i = 0; i < names.count; ++i) {
        if (!clile_i_frame_number(names.names[i], &number)) continue;
        ++*count;
        if (table == NULL) break;
        CLILE_I_TRY(clile_i_table_left_out(table, CLILE_I_LEFT_OUT_IMAGES, inner + strlen(path) + 1,
                                           names.names[i]));
    }
cleanup:
    clile_i_names_free(&names);
    clile_i_free(inner);
    return status;
}

/* *found: the number of sequences with images in `folder`. */
static clile_status count_sequences(const clile_i_sequences *s, const char *folder, int64_t *found)
{
    int64_t images = 0;
    *found = 0;
    for (int64_t i = 0; i < s->count; ++i) {
        CLILE_I_RETURN_IF(count_images(s->request->path, folder, s->each[i].below, NULL, &images));
        *found += images > 0;
    }
    return CLILE_OK;
}

/* Leaves out the images of the other folder. A link to the same images needs no warning. */
static clile_status leave_out(clile_i_sequences *s, const char *taken, const char *other)
{
    clile_status status = CLILE_OK;
    const char *path = s->request->path;
    char *ours = NULL, *theirs = NULL;
    int64_t sequences = 0, images = 0, all = 0;
    for (int64_t i = 0; i < s->count; ++i) {
        const char *below = s->each[i].below;
        clile_i_free(ours);
        clile_i_free(theirs);
        ours = theirs = NULL;
        CLILE_I_TRY(join3(path, taken, below, &ours));
        CLILE_I_TRY(join3(path, other, below, &theirs));
        if (clile_i_path_is_same(ours, theirs)) continue;
        CLILE_I_TRY(count_images(path, other, below, s->table, &images));
        sequences += images > 0;
        all += images;
    }
    if (sequences > 0)
        status = clile_i_table_warn(s->table,
                                    "images are taken from %s; %s also has %lld images of %lld of "
                                    "the %lld sequences: move away those that are not meant",
                                    taken[0] != '\0' ? taken : "the folder itself",
                                    other[0] != '\0' ? other : "it", (long long)all,
                                    (long long)sequences, (long long)s->count);
cleanup:
    clile_i_free(ours);
    clile_i_free(theirs);
    return status;
}

/* Fails because there are no images, and says whether some have unsupported formats. */
static clile_status fail_without_images(clile_i_sequences *s, const clile_i_names *folders)
{
    const char *path = s->request->path;
    clile_i_table *table = s->table;
    for (int64_t k = 0; k <= folders->count; ++k) {
        for (int64_t i = 0; i < s->count && table->not_read == 0; ++i) {
            clile_i_frames frames = {0};
            char *inner = NULL;
            clile_status status =
                join3(path, k == 0 ? "" : folders->names[k - 1], s->each[i].below, &inner);
            if (status == CLILE_OK) status = clile_i_frames_list(inner, table, &frames);
            clile_i_frames_free(&frames);
            clile_i_free(inner);
            CLILE_I_RETURN_IF(status);
        }
    }
    if (table->not_read > 0)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: no images in a supported format; found %s, expected JPEG, PNG, "
                            "BMP, WebP or HEIF files",
                            path, table->first_not_read);
    return clile_i_fail(
        CLILE_E_FORMAT,
        "%s: no images; looked for %s/FRAME.jpg (or jpeg, png, bmp) and the like there and in each "
        "folder directly below",
        path, s->each[0].below);
}

clile_status clile_i_roots_find_images(clile_i_sequences *s)
{
    clile_status status = CLILE_OK;
    clile_i_names folders = {0};
    int64_t *found = NULL, best = 0;

    CLILE_I_TRY(clile_i_folder_list(s->request->path, &folders));
    CLILE_I_ALLOC(found, folders.count + 1); /* [0]: the data set's folder */
    for (int64_t k = 0; k <= folders.count; ++k) {
        CLILE_I_TRY(count_sequences(s, k == 0 ? "" : folders.names[k - 1], &found[k]));
        if (found[k] > found[best]) best = k;
    }
    if (found[best] == 0) {
        status = fail_without_images(s, &folders);
        goto cleanup;
    }
    const char *taken = best == 0 ? "" : folders.names[best - 1];
    for (int64_t k = 0; k <= folders.count; ++k)
        if (k != best && found[k] > 0)
            CLILE_I_TRY(leave_out(s, taken, k == 0 ? "" : folders.names[k - 1]));
    s->images = clile_i_strdup(taken);
    if (s->images == NULL) status = CLILE_E_OUT_OF_MEMORY;
cleanup:
    clile_i_free(found);
    clile_i_names_free(&folders);
    return status;
}

/* ---- labels ---- */

clile_status clile_i_roots_warn_labels(const char *path, const char *const *folders, int64_t taken,
                                       int64_t other, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    char *ours = clile_i_path_join(path, folders[taken]),
         *theirs = clile_i_path_join(path, folders[other]);
    if (ours == NULL || theirs == NULL)
        status = CLILE_E_OUT_OF_MEMORY;
    else if (!clile_i_path_is_same(ours, theirs))
        status = clile_i_table_warn(
            table, "labels are taken from %s; %s also has label files", folders[taken],
            folders[other][0] != '\0' ? folders[other] : "the folder itself");
    clile_i_free(ours);
    clile_i_free(theirs);
    return status;
}

/* ---- landmarks and boxes ---- */

static int equal_letters(const char *left, size_t size, const char *right)
{
    for (size_t k = 0; k < size; ++k) {
        char l = left[k], r = right[k];
        if (r == '\0') return 0;
        if (l >= 'A' && l <= 'Z') l = (char)(l - 'A' + 'a');
        if (r >= 'A' && r <= 'Z') r = (char)(r - 'A' + 'a');
        if (l != r) return 0;
    }
    return right[size] == '\0';
}

/* Finds files in a folder that belong to no sequence, and the first one that would if case were
 * ignored. */
static clile_status check_folder(clile_i_sequences *s, const char *folder)
{
    clile_status status = CLILE_OK;
    clile_i_table *table = s->table;
    clile_i_names files = {0};
    int64_t used = 0, unused = 0;
    const char *first = NULL, *alike = NULL;
    char *below = clile_i_path_join(s->request->path, folder);
    if (below == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_is_folder(below)) goto cleanup;
    CLILE_I_TRY(clile_i_folder_list(below, &files));
    for (int64_t i = 0; i < files.count; ++i) {
        const char *name = files.names[i], *dot = strrchr(name, '.');
        if (dot == NULL || !equal_letters(dot, strlen(dot), ".csv")) continue;
        const size_t size = (size_t)(dot - name);
        int exact = 0, near = 0;
        for (int64_t k = 0; k < s->count && !exact; ++k) {
            if (!equal_letters(name, size, s->each[k].stem)) continue;
            near = 1;
            exact = strncmp(name, s->each[k].stem, size) == 0 && strcmp(dot, ".csv") == 0;
        }
        used += exact;
        unused += !exact;
        if (!exact && first == NULL) first = name;
        if (near && !exact && alike == NULL) alike = name;
    }
    if (alike != NULL)
        status = clile_i_table_warn(
            table, "%s/%s is ignored: its case differs from the label file's", folder, alike);
    else if (unused > 0 && used == 0)
        status = clile_i_table_warn(
            table, "no file in %s has the name of a label file: %s is ignored", folder, first);
    else if (unused > 0)
        clile_i_text_append(&table->notes, "%lld files in %s have no label file, the first is %s\n",
                            (long long)unused, folder, first);
    if (status == CLILE_OK) status = table->notes.status;
cleanup:
    clile_i_names_free(&files);
    clile_i_free(below);
    return status;
}

clile_status clile_i_roots_check_faces(clile_i_sequences *s)
{
    static const char *const wanted[2] = {"landmarks", "boxes"};
    clile_status status = CLILE_OK;
    clile_i_names folders = {0};
    for (int k = 0; k < 2; ++k) CLILE_I_TRY(check_folder(s, wanted[k]));
    CLILE_I_TRY(clile_i_folder_list(s->request->path, &folders));
    for (int64_t i = 0; i < folders.count; ++i)
        for (int k = 0; k < 2; ++k)
            if (equal_letters(folders.names[i], strlen(folders.names[i]), wanted[k]) &&
                strcmp(folders.names[i], wanted[k]) != 0)
                CLILE_I_TRY(clile_i_table_warn(s->table, "the folder %s is ignored, expected %s",
                                               folders.names[i], wanted[k]));
cleanup:
    clile_i_names_free(&folders);
    return status;
}
