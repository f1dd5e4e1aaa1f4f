/* clile/faces.h. An index makes look-ups fast: it hashes the part that a row's name and an image's
 * name must share. The text stays in the mapped file. */
#include "layout/columns.h"

#include "image/image.h"

#include <clile/faces.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_FITS = 1, NAME_FITS = 2 }; /* NAME_FITS + its length */

typedef struct {
    const char *begin, *end;
} span;

typedef struct {
    uint64_t key;
    size_t at;      /* first byte of the line */
    int64_t line;   /* line number */
    uint64_t owner; /* hash of the requested image that it fits; 0: none yet */
    int32_t shared; /* it fits several images */
} entry;

struct clile_face_file {
    clile_i_rows rows; /* the open file and the current row */
    char *path;
    /* [rows.file.size + 1] names in their plain form, at the offsets of their rows; NULL if all
     * are plain */
    char *plain;
    int32_t header; /* 1: columns are found by name */
    int64_t columns;
    int64_t name, success; /* columns; -1: none */
    clile_i_place_columns place;
    int64_t count, capacity;
    entry *entries; /* sorted by key, then position */
    int64_t found, found_capacity;
    int64_t *entry_found; /* [found], of the last search */
};

/* ---- names: "dir/0007.jpg" is named by itself, "0007.jpg", "0007" and the number 7 ---- */

static span span_of(const char *text)
{
    return (span){text, text + strlen(text)};
}

static span base_name(span name)
{
    for (const char *p = name.end; p > name.begin; --p)
        if (p[-1] == '/') return (span){p, name.end};
    return name;
}

/* The path without its extension. */
static span without_ending(span name)
{
    const span base = base_name(name);
    for (const char *p = base.end; p > base.begin + 1; --p)
        if (p[-1] == '.') return (span){name.begin, p - 1};
    return name;
}

/* The digits of a number, without leading zeros; empty if it is not a number. */
static span digits(span name)
{
    for (const char *p = name.begin; p < name.end; ++p)
        if (!isdigit((unsigned char)*p)) return (span){name.end, name.end};
    while (name.end - name.begin > 1 && *name.begin == '0') ++name.begin;
    return name;
}

static int same(span a, span b)
{
    return a.end - a.begin == b.end - b.begin &&
           memcmp(a.begin, b.begin, (size_t)(a.end - a.begin)) == 0;
}

static int same_number(span row, span number)
{
    return number.begin < number.end && same(digits(row), number);
}

/* Whether `tail` is all of `path`, or its end after a slash. */
static int ends_in(span path, span tail)
{
    const ptrdiff_t shorter = (path.end - path.begin) - (tail.end - tail.begin);
    if (shorter < 0 || tail.begin == tail.end) return 0;
    return same((span){path.begin + shorter, path.end}, tail) &&
           (shorter == 0 || path.begin[shorter - 1] == '/');
}

/* How well a row's name fits an image; 0 if it does not. */
static ptrdiff_t fit_of(span row, span image)
{
    if (ends_in(image, row) || ends_in(without_ending(image), row))
        return NAME_FITS + (row.end - row.begin);
    return same_number(row, digits(base_name(without_ending(image)))) ? NUMBER_FITS : 0;
}

static uint64_t hash(span text)
{
    uint64_t value = 1469598103934665603ULL; /* FNV-1a */
    for (const char *p = text.begin; p < text.end; ++p)
        value = (value ^ (unsigned char)*p) * 1099511628211ULL;
    return value | 1;
}

/* Equal for rows and images that may match: the hash of the stem or, if it is a number, of its
 * digits. In a name like "a.b" the end may or may not be an extension, so only the part before the
 * first dot counts. */
static uint64_t key_of(span name)
{
    name = base_name(name);
    for (const char *p = name.begin; p < name.end; ++p)
        if (*p == '.') name.end = p;
    const span number = digits(name);
    return hash(number.begin < number.end ? number : name);
}

/* ---- opening ---- */

static span field(const clile_i_rows *rows, int64_t k)
{
    return k >= 0 && k < rows->count ? (span){rows->begin[k], rows->end[k]} : (span){NULL, NULL};
}

static clile_status read_header(clile_face_file *f)
{
    static const char *const names[] = {"image",     "input", "file", "filename",
                                        "file_name", "path",  "frame"};
    const clile_i_rows *rows = &f->rows;
    f->name = -1;
    for (size_t k = 0; k < sizeof names / sizeof names[0] && f->name < 0; ++k)
        f->name = clile_i_columns_named(rows, names[k]);
    f->success = clile_i_columns_named(rows, "success");
    f->columns = rows->count;
    f->header = 1;
    CLILE_I_RETURN_IF(clile_i_columns_find(rows, &f->place));
    if (f->place.points == 0 && f->place.form == CLILE_I_BOX_NONE)
        return clile_i_columns_missing(rows, "a box or landmarks");
    if (f->name >= 0) return CLILE_OK;
    return clile_i_rows_fail(
        rows, "the header has no column for the image, expected \"image\" (or input, file, "
              "filename, file_name, path) or \"frame\"");
}

static clile_status add_entry(clile_face_file *f, size_t at)
{
    const span name = field(&f->rows, f->header ? f->name : 0);
    if (name.begin == name.end) return CLILE_OK; /* the row has no image */
    CLILE_I_GROW(f->entries, &f->capacity, f->count + 1);
    f->entries[f->count++] = (entry){.key = key_of(name), .at = at, .line = f->rows.lines.line - 1};
    return CLILE_OK;
}

static int by_key(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static clile_status build_index(clile_face_file *f)
{
    int32_t more = 0;
    for (int32_t first = 1;; first = 0) {
        CLILE_I_RETURN_IF(clile_i_rows_next(&f->rows, &more));
        if (!more) break;
        const size_t at = (size_t)(f->rows.line_begin - f->rows.lines.data);
        if (first) CLILE_I_RETURN_IF(clile_i_rows_check_separators(&f->rows));
        if (first && clile_i_columns_is_header(&f->rows, 1))
            CLILE_I_RETURN_IF(read_header(f));
        else
            CLILE_I_RETURN_IF(add_entry(f, at));
    }
    if (f->count == 0)
        return clile_i_fail(CLILE_E_FORMAT, "face file %s has no rows of faces", f->path);
    qsort(f->entries, (size_t)f->count, sizeof *f->entries, by_key);
    return CLILE_OK;
}

clile_status clile_face_file_open(const char *path, const clile_options *options,
                                  clile_face_file **out)
{
    clile_status status = CLILE_OK;
    clile_face_file *f = NULL;
    int64_t megabytes = 0;
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_MAX_LABEL_MB, &megabytes));
    CLILE_I_ALLOC(f, 1);
    f->path = clile_i_strdup(path);
    if (f->path == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_rows_open("face file", f->path, megabytes << 20, &f->rows));
    CLILE_I_TRY(build_index(f));
    *out = f;
    f = NULL;
cleanup:
    clile_face_file_destroy(f);
    return status;
}

void clile_face_file_destroy(clile_face_file *file)
{
    if (file == NULL) return;
    clile_i_rows_close(&file->rows);
    clile_i_free(file->path);
    clile_i_free(file->plain);
    clile_i_free(file->entries);
    clile_i_free(file->entry_found);
    clile_i_free(file);
}

/* ---- looking up ---- */

static int64_t first_of_key(const clile_face_file *f, uint64_t key)
{
    int64_t low = 0, high = f->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (f->entries[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether clile_i_path_plain leaves the name unchanged. */
static int is_plain(span name)
{
    for (const char *p = name.begin; p < name.end; ++p)
        if ((p == name.begin || p[-1] == '/') && (*p == '.' || *p == '/')) return 0;
    return 1;
}

/* The name of the current row, as compared with images. */
static clile_status row_name(clile_face_file *f, span *name)
{
    *name = field(&f->rows, f->header ? f->name : 0);
    if (is_plain(*name)) return CLILE_OK;
    if (f->plain == NULL) f->plain = clile_i_calloc((int64_t)f->rows.file.size + 1, 1);
    if (f->plain == NULL) return CLILE_E_OUT_OF_MEMORY;
    char *plain = f->plain + (f->rows.line_begin - f->rows.lines.data);
    const size_t size = (size_t)(name->end - name->begin);
    memcpy(plain, name->begin, size);
    plain[size] = '\0';
    clile_i_path_plain(plain);
    *name = span_of(plain);
    return CLILE_OK;
}

/* Makes an entry's row the current one. */
static clile_status go_to(clile_face_file *f, int64_t index, span *name)
{
    int32_t more = 0;
    f->rows.lines.position = f->entries[index].at;
    f->rows.lines.line = f->entries[index].line;
    CLILE_I_RETURN_IF(clile_i_rows_next(&f->rows, &more));
    if (!more) return clile_i_rows_fail(&f->rows, "the file has changed since it was opened");
    return row_name(f, name);
}

/* Collects the best-fitting rows in entry_found. */
static clile_status collect(clile_face_file *f, span image, int frames)
{
    const span number = digits(image);
    const uint64_t key = key_of(image);
    ptrdiff_t best = 0;
    f->found = 0;
    for (int64_t i = first_of_key(f, key); i < f->count && f->entries[i].key == key; ++i) {
        span name = {NULL, NULL};
        CLILE_I_RETURN_IF(go_to(f, i, &name));
        const ptrdiff_t fits =
            frames ? same_number(base_name(without_ending(name)), number) : fit_of(name, image);
        if (fits == 0 || fits < best) continue;
        if (fits > best) f->found = 0;
        best = fits;
        CLILE_I_GROW(f->entry_found, &f->found_capacity, f->found + 1);
        f->entry_found[f->found++] = i;
    }
    return CLILE_OK;
}

clile_status clile_face_file_expect(clile_face_file *file, const char *image)
{
    clile_status status = CLILE_OK;
    CLILE_I_CHECK_NOT_NULL(file);
    CLILE_I_CHECK_NOT_NULL(image);
    char *plain = clile_i_strdup(image);
    if (plain == NULL) return CLILE_E_OUT_OF_MEMORY;
    clile_i_path_plain(plain);
    const uint64_t owner = hash(span_of(plain));
    CLILE_I_TRY(collect(file, span_of(plain), 0));
    for (int64_t k = 0; k < file->found; ++k) {
        entry *e = &file->entries[file->entry_found[k]];
        e->shared |= e->owner != 0 && e->owner != owner;
        e->owner = owner;
    }
    file->found = 0;
cleanup:
    clile_i_free(plain);
    return status;
}

/* Rows of one frame in several folders belong to several images. */
static clile_status check_folders(clile_face_file *f, int64_t frame)
{
    span first = {NULL, NULL};
    for (int64_t k = 0; k < f->found; ++k) {
        span name = {NULL, NULL};
        CLILE_I_RETURN_IF(go_to(f, f->entry_found[k], &name));
        const span folder = {name.begin, base_name(name).begin};
        if (k > 0 && !same(first, folder))
            return clile_i_rows_fail(&f->rows,
                                     "\"%.*s\" and earlier rows of another folder fit frame %lld",
                                     name.end - name.begin < 60 ? (int)(name.end - name.begin) : 60,
                                     name.begin, (long long)frame);
        first = folder;
    }
    return CLILE_OK;
}

static clile_status check_shared(clile_face_file *f, const char *image)
{
    for (int64_t k = 0; k < f->found; ++k) {
        span name = {NULL, NULL};
        if (!f->entries[f->entry_found[k]].shared) continue;
        CLILE_I_RETURN_IF(go_to(f, f->entry_found[k], &name));
        return clile_i_rows_fail(
            &f->rows, "\"%.*s\" also fits other images than %s; expected more of the path",
            name.end - name.begin < 60 ? (int)(name.end - name.begin) : 60, name.begin, image);
    }
    return CLILE_OK;
}

clile_status clile_face_file_find(clile_face_file *file, const char *image, int64_t frame,
                                  int64_t *count)
{
    clile_status status = CLILE_OK;
    char number[24];
    CLILE_I_CHECK_NOT_NULL(file);
    CLILE_I_CHECK_NOT_NULL(count);
    snprintf(number, sizeof number, "%lld", (long long)frame);
    file->found = 0;
    char *plain = clile_i_strdup(image != NULL ? image : number);
    if (plain == NULL) return CLILE_E_OUT_OF_MEMORY;
    clile_i_path_plain(plain);
    CLILE_I_TRY(collect(file, span_of(plain), image == NULL));
    CLILE_I_TRY(image != NULL ? check_shared(file, image) : check_folders(file, frame));
    *count = file->found;
cleanup:
    if (status != CLILE_OK) file->found = 0;
    clile_i_free(plain);
    return status;
}

/* ---- a row ---- */

static int any_filled(const clile_i_rows *rows, const int64_t *column, int32_t count)
{
    for (int32_t k = 0; k < count; ++k)
        if (rows->begin[column[k]] != rows->end[column[k]]) return 1;
    return 0;
}

/* Whether the current row says that no face was found. */
static int is_faceless(const clile_face_file *f)
{
    const span text = field(&f->rows, f->header ? f->success : -1);
    double success = 1.0;
    return text.begin < text.end && clile_i_parse_f64(text.begin, text.end, &success) &&
           success == 0.0;
}

static clile_status read_named(clile_face_file *f, int32_t *has_box, float *box, int32_t *points,
                               float *xy)
{
    const clile_i_rows *rows = &f->rows;
    CLILE_I_RETURN_IF(clile_i_rows_expect(rows, f->columns));
    if (is_faceless(f)) return clile_i_rows_fail(rows, "success is 0: no face was found");
    const int boxed = f->place.form != CLILE_I_BOX_NONE && any_filled(rows, f->place.box, 4);
    const int32_t pairs =
        any_filled(rows, f->place.point, 2 * f->place.points) ? f->place.points : 0;
    if (boxed) CLILE_I_RETURN_IF(clile_i_places_parse_box(rows, &f->place, box));
    for (int32_t k = 0; k < 2 * pairs; ++k)
        CLILE_I_RETURN_IF(clile_i_places_parse_coordinate(rows, f->place.point[k], &xy[k]));
    if (!boxed && pairs == 0) return clile_i_rows_fail(rows, "neither a box nor landmarks");
    *has_box = boxed;
    *points = pairs;
    return CLILE_OK;
}

clile_status clile_face_file_get(clile_face_file *file, int64_t index, int32_t *has_box, float *box,
                                 int32_t *points, float *xy)
{
    static const clile_i_place_columns by_position = {.form = CLILE_I_BOX_SIDES,
                                                      .box = {1, 2, 3, 4}};
    span name = {NULL, NULL};
    CLILE_I_CHECK_NOT_NULL(file);
    CLILE_I_CHECK_NOT_NULL(has_box);
    CLILE_I_CHECK_NOT_NULL(box);
    CLILE_I_CHECK_NOT_NULL(points);
    CLILE_I_CHECK_NOT_NULL(xy);
    if (index < 0 || index >= file->found)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: index is %lld, but %lld faces were found", __func__,
                            (long long)index, (long long)file->found);
    CLILE_I_RETURN_IF(go_to(file, file->entry_found[index], &name));
    if (file->header) return read_named(file, has_box, box, points, xy);
    const int64_t count = file->rows.count - 1;
    if (count != 4 && count != 10 && count != 136)
        return clile_i_rows_fail(
            &file->rows,
            "%lld columns and no header, expected a name and a box of 4 numbers, or 5 or 68 x,y "
            "pairs",
            (long long)count + 1);
    if (count == 4) {
        CLILE_I_RETURN_IF(clile_i_places_parse_box(&file->rows, &by_position, box));
        *has_box = 1;
        *points = 0;
        return CLILE_OK;
    }
    for (int64_t k = 0; k < count; ++k)
        CLILE_I_RETURN_IF(clile_i_places_parse_coordinate(&file->rows, k + 1, &xy[k]));
    *has_box = 0;
    *points = (int32_t)count / 2;
    return CLILE_OK;
}

/* ---- the faces of a data set ---- */

clile_status clile_i_face_file_look_up(clile_face_file *file, const char *image,
                                       clile_i_face_row *out)
{
    int64_t count = 0;
    int32_t points = 0;
    float xy[2 * 68];
    double wide[2 * 68];
    span name = {NULL, NULL};
    *out = (clile_i_face_row){0};
    CLILE_I_RETURN_IF(clile_face_file_expect(file, image));
    CLILE_I_RETURN_IF(clile_face_file_find(file, image, 0, &count));
    if (count == 0) return CLILE_OK;
    CLILE_I_RETURN_IF(go_to(file, file->entry_found[0], &name));
    out->faceless = is_faceless(file);
    if (out->faceless) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_face_file_get(file, 0, &out->has_box, out->box, &points, xy));
    out->has_points = points > 0;
    if (points == 0) return CLILE_OK;
    for (int32_t k = 0; k < 2 * points; ++k) wide[k] = (double)xy[k];
    clile_i_landmarks_set(points, wide, &out->landmarks);
    return CLILE_OK;
}

clile_status clile_i_face_file_note(clile_face_file *file, clile_i_table *table)
{
    int64_t used = 0;
    span name = {NULL, NULL};
    for (int64_t i = 0; i < file->count; ++i) used += file->entries[i].owner != 0;
    if (used > 0) {
        clile_i_text_append(&table->notes, "faces: %lld of %lld rows of %s belong to images\n",
                            (long long)used, (long long)file->count, file->path);
        return table->notes.status;
    }
    CLILE_I_RETURN_IF(go_to(file, 0, &name));
    return clile_i_rows_fail(
        &file->rows,
        "\"%.*s\" is no image of %s, nor is that of any other row; its first is %.400s",
        name.end - name.begin < 400 ? (int)(name.end - name.begin) : 400, name.begin, table->root,
        table->n > 0 ? table->text + table->name[0] : "not known");
}
