/* Lists of images and labels as in ME-GraphAU (Luo et al., IJCAI 2022) and its successors:
 *   NAME_train_img_path_fold1.txt   one image per line, below the image folder or absolute
 *   NAME_train_label_fold1.txt      the AUs of the same line: 0 or 1 (-1, 9: not coded), separated
 *                                   by blanks
 *   NAME_train_weight_fold1.txt     or NAME_weight_fold1.txt: weights of the AUs; optional,
 *                                   checked but not used: clile_dataset_copy_au_weights computes
 *                                   the same
 * All parts (train, test) of a folder's first fold are read, because each fold has all images. */
#include "layout/layout.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LISTS = 256, MOST_COLUMNS = 64, PATH_SIZE = CLILE_I_PATH_SIZE };
static const char mark[] = "_img_path";

/* The lines of one file, without blank ones. */
typedef struct {
    char *name; /* without folder */
    clile_i_file file;
    clile_i_lines lines;
    const char *begin, *end; /* the current line without surrounding blanks */
} list_file;

typedef struct {
    const clile_i_layout_request *request;
    clile_i_table *table;
    char *folder;            /* folder of the lists */
    char *base, *fold;       /* "BP4D" and "_fold1" of BP4D_train_img_path_fold1.txt */
    char *stems[MOST_LISTS]; /* [lists] "BP4D_train" */
    int32_t lists;
    char *root;      /* image paths are relative to it */
    int32_t columns; /* columns of a label line */
    int32_t chosen, at[MOST_COLUMNS], au[MOST_COLUMNS];
    int32_t *owner; /* [subjects] first list with the subject */
    int64_t owners, owner_capacity;
    clile_i_image_set images;
} reader;

/* ---- lines ---- */

static int is_blank(char ch)
{
    return ch == ' ' || ch == '\t';
}

static clile_status fail_at(const list_file *f, const char *text)
{
    return clile_i_fail(CLILE_E_FORMAT, "list %s, line %lld: %s", f->name, (long long)f->lines.line,
                        text);
}

/* Takes ownership of the name. */
static clile_status open_list_file(const reader *r, char *name, list_file *out)
{
    clile_status status = CLILE_OK;
    memset(out, 0, sizeof *out);
    out->name = name;
    char *path = name != NULL ? clile_i_path_join(r->folder, name) : NULL;
    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    CLILE_I_TRY(clile_i_label_file_open("list", path, r->request->max_label_bytes, &out->file));
    out->lines = (clile_i_lines){.data = (const char *)out->file.data, .size = out->file.size};
cleanup:
    clile_i_free(path);
    return status;
}

static void close_list_file(list_file *f)
{
    clile_i_file_close(&f->file);
    clile_i_free(f->name);
    f->name = NULL;
}

static int next_line(list_file *f)
{
    while (clile_i_lines_next(&f->lines, &f->begin, &f->end)) {
        while (f->begin < f->end && is_blank(*f->begin)) ++f->begin;
        while (f->begin < f->end && is_blank(f->end[-1])) --f->end;
        if (f->begin < f->end) return 1;
    }
    return 0;
}

static int64_t count_lines(list_file *f)
{
    const clile_i_lines start = f->lines;
    int64_t count = 0;
    while (next_line(f)) ++count;
    f->lines = start;
    return count;
}

/* Reads the numbers of the current line, separated by blanks or commas. *count may exceed `most`;
 * values beyond it are not stored. */
static clile_status read_numbers(const list_file *f, int32_t most, double *values, int32_t *count)
{
    const char *at = f->begin;
    *count = 0;
    while (at < f->end) {
        const char *stop = at;
        double value = 0.0;
        while (stop < f->end && !is_blank(*stop) && *stop != ',') ++stop;
        if (!clile_i_parse_f64(at, stop, &value))
            return clile_i_fail(CLILE_E_FORMAT, "list %s, line %lld: \"%.*s\" is not a number%s",
                                f->name, (long long)f->lines.line,
                                stop - at < 40 ? (int)(stop - at) : 40, at,
                                clile_i_separators_found(at, stop, 1) != NULL
                                    ? "; the line has semicolons, expected blanks or commas"
                                    : "");
        if (*count < most) values[*count] = value;
        ++*count;
        at = stop;
        while (at < f->end && (is_blank(*at) || *at == ',')) ++at;
    }
    return CLILE_OK;
}

/* ---- which files ---- */

static int ends_with(const char *text, const char *ending)
{
    const size_t size = strlen(text), other = strlen(ending);
    return size >= other && strcmp(text + size - other, ending) == 0;
}

/* Where "_img_path" starts in the name of a list of images; NULL if it is not one. */
static const char *find_mark(const char *name)
{
    return ends_with(name, ".txt") ? strstr(name, mark) : NULL;
}

static char *copy(const char *begin, size_t size)
{
    char *text = clile_i_calloc((int64_t)size + 1, 1);
    if (text != NULL) memcpy(text, begin, size);
    return text;
}

static char *make_name(const char *stem, const char *kind, const char *fold)
{
    clile_i_text text = {0};
    clile_i_text_append(&text, "%s%s%s.txt", stem, kind, fold);
    if (text.status == CLILE_OK) return text.data;
    clile_i_text_free(&text);
    return NULL;
}

static char *copy_fold(const char *at)
{
    at += sizeof mark - 1;
    return copy(at, strlen(at) - strlen(".txt"));
}

/* Length of "BP4D" in "BP4D_train". */
static size_t base_size(const char *stem, size_t size)
{
    static const char *const parts[] = {"_train", "_test", "_val"};
    for (int k = 0; k < 3; ++k) {
        const size_t part = strlen(parts[k]);
        if (size > part && strncmp(stem + size - part, parts[k], part) == 0) return size - part;
    }
    return size;
}

/* Adds the first list to be read, or another of the same fold. */
static clile_status add_list(reader *r, const char *name)
{
    const char *at = find_mark(name);
    const size_t stem = (size_t)(at - name), base = base_size(name, stem);
    if (r->lists == MOST_LISTS)
        return clile_i_fail(CLILE_E_FORMAT, "%s: more than %d lists of one fold", r->folder,
                            MOST_LISTS);
    if (r->base == NULL) r->base = copy(name, base);
    if (r->base == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (strlen(r->base) != base || strncmp(r->base, name, base) != 0)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: lists of two data sets, %s and %.*s; give the path of one list",
                            r->folder, r->base, (int)base, name);
    r->stems[r->lists] = copy(name, stem);
    if (r->stems[r->lists] == NULL) return CLILE_E_OUT_OF_MEMORY;
    ++r->lists;
    return CLILE_OK;
}

/* Finds all lists of the first fold in r->folder, if there are any. */
static clile_status find_lists(reader *r)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    CLILE_I_RETURN_IF(clile_i_folder_list(r->folder, &names));
    for (int64_t i = 0; i < names.count; ++i) {
        const char *at = find_mark(names.names[i]);
        if (at == NULL) continue;
        char *fold = copy_fold(at);
        if (fold == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        const int first = r->fold == NULL || clile_i_natural_compare(fold, r->fold) < 0;
        if (first) {
            clile_i_free(r->fold);
            r->fold = fold;
        } else {
            clile_i_free(fold);
        }
    }
    for (int64_t i = 0; i < names.count && r->fold != NULL; ++i) {
        const char *at = find_mark(names.names[i]);
        const size_t size = strlen(r->fold);
        if (at == NULL) continue;
        at += sizeof mark - 1;
        if (strncmp(at, r->fold, size) == 0 && strcmp(at + size, ".txt") == 0)
            CLILE_I_TRY(add_list(r, names.names[i]));
    }
cleanup:
    clile_i_names_free(&names);
    return status;
}

static clile_status locate(reader *r)
{
    const char *path = r->request->path;
    if (!clile_i_path_is_folder(path)) {
        const char *name = clile_i_paths_name(path);
        const char *at = find_mark(name);
        if (at == NULL)
            return clile_i_fail(CLILE_E_FORMAT, "%s: no list of images; looked for %s", path,
                                clile_i_layout_list.looked_for);
        r->folder = name == path ? clile_i_strdup(".") : copy(path, (size_t)(name - path));
        r->fold = copy_fold(at);
        if (r->folder == NULL || r->fold == NULL) return CLILE_E_OUT_OF_MEMORY;
        return add_list(r, name);
    }
    for (int k = 0; k < 2 && r->lists == 0; ++k) {
        clile_i_free(r->folder);
        r->folder = k == 0 ? clile_i_strdup(path) : clile_i_path_join(path, "list");
        if (r->folder == NULL) return CLILE_E_OUT_OF_MEMORY;
        if (clile_i_path_is_folder(r->folder)) CLILE_I_RETURN_IF(find_lists(r));
    }
    if (r->lists > 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_FORMAT, "%s: no list of images; looked for %s", path,
                        clile_i_layout_list.looked_for);
}

/* ---- images ---- */

/* Copies the current line as a path with slashes. */
static clile_status read_path(const list_file *f, char *out)
{
    const size_t size = (size_t)(f->end - f->begin);
    if (size >= PATH_SIZE || memchr(f->begin, '\0', size) != NULL)
        return fail_at(f, "no usable path");
    for (size_t k = 0; k < size; ++k) out[k] = f->begin[k] == '\\' ? '/' : f->begin[k];
    out[size] = '\0';
    clile_i_paths_clean(out);
    return CLILE_OK;
}

/* A clile_i_next_image. read_pair reports lines that are not a path. */
static int next_image(void *context, char *image)
{
    list_file *f = context;
    return next_line(f) && read_path(f, image) == CLILE_OK;
}

/* Searches with several of the first images, because a part of a data set may lack some. */
static clile_status find_root(reader *r, list_file *f)
{
    char first[PATH_SIZE];
    list_file start = *f;
    if (!next_image(&start, first)) return fail_at(&start, "no usable path");
    CLILE_I_RETURN_IF(clile_i_paths_root(r->folder, next_image, f, r->table, &r->root));
    if (r->root != NULL) return CLILE_OK;
    return clile_i_fail(CLILE_E_FORMAT,
                        "list %s, line %lld: neither image %.200s nor the next ones exist; looked "
                        "in %s and its folders, and in its parent and that one's folders",
                        f->name, (long long)start.lines.line, first, r->folder);
}

/* ---- labels ---- */

static clile_status choose_aus(reader *r, const list_file *f)
{
    clile_status status = CLILE_OK;
    const char *au_set = r->request->au_set;
    const int32_t *known = r->columns == 12  ? clile_i_au_set_bp4d
                           : r->columns == 8 ? clile_i_au_set_disfa
                                             : NULL;
    int32_t *ids = NULL, count = 0;
    if (known == NULL && strcmp(au_set, "auto") == 0)
        return clile_i_fail(CLILE_E_FORMAT,
                            "list %s: %d columns, but BP4D has 12 and DISFA 8; set au_set=1,2,... "
                            "to say which AUs they are",
                            f->name, r->columns);
    CLILE_I_RETURN_IF(clile_i_au_set_parse(au_set, r->columns, known, &count, &ids));
    if (known == NULL && count != r->columns) {
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT, "list %s: %d columns, au_set names %d",
                              f->name, r->columns, count);
        goto cleanup;
    }
    for (int32_t k = 0; k < count; ++k) {
        int32_t a = known == NULL ? k : 0;
        while (known != NULL && a < r->columns && known[a] != ids[k]) ++a;
        if (a == r->columns) {
            status =
                clile_i_fail(CLILE_E_INVALID_ARGUMENT, "list %s: AU %d is not among the %d of %s",
                             f->name, ids[k], r->columns, r->columns == 12 ? "BP4D" : "DISFA");
            goto cleanup;
        }
        r->at[k] = a;
        r->au[k] = ids[k];
    }
    r->chosen = count;
cleanup:
    clile_i_free(ids);
    return status;
}

static clile_status read_codes(const reader *r, const list_file *f, int8_t *codes)
{
    double values[MOST_COLUMNS];
    int32_t count = 0;
    CLILE_I_RETURN_IF(read_numbers(f, MOST_COLUMNS, values, &count));
    if (count != r->columns)
        return clile_i_fail(CLILE_E_FORMAT, "list %s, line %lld: %d columns, the first line has %d",
                            f->name, (long long)f->lines.line, count, r->columns);
    for (int32_t k = 0; k < count; ++k)
        if (values[k] != 0.0 && values[k] != 1.0 && values[k] != -1.0 && values[k] != 9.0)
            return clile_i_fail(
                CLILE_E_FORMAT,
                "list %s, line %lld: column %d is %g, expected 0, 1 or -1, 9 (not coded)", f->name,
                (long long)f->lines.line, k + 1, values[k]);
    for (int32_t k = 0; k < r->chosen; ++k) {
        const double value = values[r->at[k]];
        codes[k] = value == 1.0 ? 1 : value == 0.0 || r->request->unknown_negative ? 0 : -1;
    }
    return CLILE_OK;
}

/* Checks weights, under both names in use. */
static clile_status check_weights(const reader *r, const char *stem)
{
    clile_status status = CLILE_OK;
    list_file f = {0};
    double values[MOST_COLUMNS];
    int32_t count = 0, sum = 0;
    for (int k = 0; k < 2; ++k) {
        char *name = make_name(k == 0 ? stem : r->base, "_weight", r->fold);
        char *path = name != NULL ? clile_i_path_join(r->folder, name) : NULL;
        const int there = path != NULL && clile_i_path_exists(path);
        clile_i_free(path);
        if (path == NULL || !there) {
            clile_i_free(name);
            if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
            continue;
        }
        status = open_list_file(r, name, &f);
        for (sum = 0; status == CLILE_OK && next_line(&f); sum += count) {
            status = read_numbers(&f, MOST_COLUMNS, values, &count);
            for (int32_t i = 0; status == CLILE_OK && i < count && i < MOST_COLUMNS; ++i)
                if (!(values[i] > 0.0)) status = fail_at(&f, "a weight that is not above 0");
        }
        if (status == CLILE_OK && sum != r->columns)
            status = clile_i_fail(CLILE_E_FORMAT, "list %s: %d weights, the labels have %d columns",
                                  f.name, sum, r->columns);
        close_list_file(&f);
        if (status != CLILE_OK) return status;
    }
    return CLILE_OK;
}

/* ---- the whole folder ---- */

static clile_status begin_table(reader *r, list_file *paths, list_file *labels)
{
    const list_file paths_start = *paths, labels_start = *labels;
    double values[MOST_COLUMNS];
    if (!next_line(labels)) return clile_i_fail(CLILE_E_FORMAT, "list %s is empty", paths->name);
    CLILE_I_RETURN_IF(find_root(r, paths));
    CLILE_I_RETURN_IF(read_numbers(labels, MOST_COLUMNS, values, &r->columns));
    if (r->columns > MOST_COLUMNS)
        return clile_i_fail(CLILE_E_FORMAT, "list %s, line %lld: %d columns, expected at most %d",
                            labels->name, (long long)labels->lines.line, r->columns, MOST_COLUMNS);
    CLILE_I_RETURN_IF(choose_aus(r, labels));
    *paths = paths_start;
    *labels = labels_start;
    return clile_i_table_begin(r->table, r->root, r->chosen, r->au);
}

/* Fails if train and test have a subject in common. */
static clile_status check_owner(reader *r, const list_file *f, int32_t list, int32_t subject)
{
    if (subject >= r->owners) {
        CLILE_I_GROW(r->owner, &r->owner_capacity, (int64_t)subject + 1);
        r->owner[subject] = list;
        r->owners = (int64_t)subject + 1;
    }
    if (r->owner[subject] == list) return CLILE_OK;
    return clile_i_fail(CLILE_E_FORMAT, "list %s, line %lld: subject %s is also in %s%s%s.txt",
                        f->name, (long long)f->lines.line, r->table->subject_names[subject],
                        r->stems[r->owner[subject]], mark, r->fold);
}

static clile_status read_pair(reader *r, int32_t list, list_file *paths, list_file *labels)
{
    int8_t codes[MOST_COLUMNS];
    char image[PATH_SIZE];
    while (next_line(paths) && next_line(labels)) {
        char name[256];
        int32_t subject = 0;
        int64_t earlier = 0;
        CLILE_I_RETURN_IF(read_path(paths, image));
        CLILE_I_RETURN_IF(read_codes(r, labels, codes));
        ++r->table->counts.label_rows;
        if (!clile_i_paths_exists(r->root, image)) {
            CLILE_I_RETURN_IF(clile_i_table_left_out(r->table, CLILE_I_LEFT_OUT_LABELS, "", image));
            continue;
        }
        if (!clile_i_paths_subject(image, name))
            return fail_at(paths,
                           "the path names no subject, expected a path such as F001/T1/2440.jpg");
        CLILE_I_RETURN_IF(clile_i_table_subject(r->table, name, name + strlen(name), &subject));
        CLILE_I_RETURN_IF(check_owner(r, paths, list, subject));
        CLILE_I_RETURN_IF(clile_i_image_set_add(&r->images, r->table, image, &earlier));
        if (earlier >= 0) return fail_at(paths, "this image already has a line");
        CLILE_I_RETURN_IF(clile_i_places_add(r->table, "", image, subject, codes, NULL, NULL));
    }
    return CLILE_OK;
}

static clile_status read_list(reader *r, int32_t list)
{
    clile_status status = CLILE_OK;
    list_file paths = {0}, labels = {0};
    CLILE_I_TRY(open_list_file(r, make_name(r->stems[list], mark, r->fold), &paths));
    CLILE_I_TRY(open_list_file(r, make_name(r->stems[list], "_label", r->fold), &labels));
    const int64_t images = count_lines(&paths), rows = count_lines(&labels);
    if (images != rows) {
        status = clile_i_fail(CLILE_E_FORMAT, "list %s has %lld lines, %s has %lld", paths.name,
                              (long long)images, labels.name, (long long)rows);
        goto cleanup;
    }
    if (list == 0) CLILE_I_TRY(begin_table(r, &paths, &labels));
    CLILE_I_TRY(check_weights(r, r->stems[list]));
    status = read_pair(r, list, &paths, &labels);
cleanup:
    close_list_file(&paths);
    close_list_file(&labels);
    return status;
}

static clile_status open_list(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    reader *r = NULL;
    CLILE_I_ALLOC(r, 1);
    r->request = request;
    r->table = table;
    CLILE_I_TRY(locate(r));
    for (int32_t k = 0; k < r->lists; ++k) CLILE_I_TRY(read_list(r, k));
    CLILE_I_TRY(clile_i_image_set_count_others(&r->images, r->root, table));
    if (2 * table->counts.labels_without_image > table->counts.label_rows)
        CLILE_I_TRY(clile_i_table_warn(table, "%lld of %lld lines name an image that is not in %s",
                                       (long long)table->counts.labels_without_image,
                                       (long long)table->counts.label_rows, r->root));
    status = clile_i_table_finish(table);
cleanup:
    if (r != NULL) {
        for (int32_t k = 0; k < r->lists; ++k) clile_i_free(r->stems[k]);
        clile_i_free(r->folder);
        clile_i_free(r->base);
        clile_i_free(r->fold);
        clile_i_free(r->root);
        clile_i_free(r->owner);
        clile_i_image_set_free(&r->images);
    }
    clile_i_free(r);
    return status;
}

static clile_status recognise(const char *path, int32_t *fits)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    char *folder = NULL;
    *fits = 0;
    if (!clile_i_path_is_folder(path)) {
        *fits = find_mark(clile_i_paths_name(path)) != NULL;
        return CLILE_OK;
    }
    for (int k = 0; k < 2 && !*fits; ++k) {
        clile_i_free(folder);
        folder = k == 0 ? clile_i_strdup(path) : clile_i_path_join(path, "list");
        if (folder == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        if (!clile_i_path_is_folder(folder)) continue;
        clile_i_names_free(&names);
        CLILE_I_TRY(clile_i_folder_list(folder, &names));
        for (int64_t i = 0; i < names.count && !*fits; ++i)
            *fits = find_mark(names.names[i]) != NULL;
    }
cleanup:
    clile_i_names_free(&names);
    clile_i_free(folder);
    return status;
}

const clile_i_layout clile_i_layout_list = {
    .looked_for = "NAME_img_path_foldK.txt and NAME_label_foldK.txt in the folder itself and in "
                  "list",
    .recognise = recognise,
    .open = open_list};
