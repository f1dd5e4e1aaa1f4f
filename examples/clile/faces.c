/* A CSV that says where the faces are. With a header: `image` or `frame`, a box in x,y,w,h and 5 or 68 landmarks in
 * x0,y0,x1,y1,..., other columns left alone; without one: name or number, then 4, 10 or 136 values. Several rows of an
 * image are several faces. An index by the hash of what a row's name must share with the image's makes each look-up
 * short; the text itself stays in the mapped file. */
#include "predict.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FIELDS = 512, BOX = 4 };

typedef struct {
    const char *begin, *end;
} span;

typedef struct {
    uint64_t key;
    size_t at; /* first byte of the line */
} entry;

struct face_file {
    const char *path, *text;
    size_t size, count, capacity;
    entry *entries; /* sorted by key, then place */
    int header;
    int name, box[BOX], xy[2 * MAX_POINTS]; /* columns; -1 for none */
    int32_t points;
};

/* ---- lines and fields ---- */

static span line_at(const face_file *file, size_t at, size_t *next)
{
    const char *begin = file->text + at;
    const char *newline = memchr(begin, '\n', file->size - at);
    span line = {begin, newline ? newline : file->text + file->size};
    *next = newline ? (size_t)(newline - file->text) + 1 : file->size;
    if (line.end > line.begin && line.end[-1] == '\r') --line.end;
    return line;
}

static span trimmed(const char *begin, const char *end)
{
    while (begin < end && (*begin == ' ' || *begin == '\t')) ++begin;
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t')) --end;
    if (end - begin >= 2 && *begin == '"' && end[-1] == '"') {
        ++begin;
        --end;
    }
    return (span){begin, end};
}

/* Fields of a line; the count may be above MAX_FIELDS, of which the first are stored. */
static int split(span line, span *fields)
{
    int count = 0, quoted = 0;
    const char *begin = line.begin;
    for (const char *p = line.begin;; ++p) {
        if (p < line.end && *p == '"') quoted = !quoted;
        if (p == line.end || (*p == ',' && !quoted)) {
            if (count < MAX_FIELDS) fields[count] = trimmed(begin, p);
            ++count;
            if (p == line.end) return count;
            begin = p + 1;
        }
    }
}

static int is_number(span field, float *out)
{
    char text[48], *stop = NULL;
    const size_t length = (size_t)(field.end - field.begin);
    if (length == 0 || length >= sizeof text) return 0;
    memcpy(text, field.begin, length);
    text[length] = '\0';
    *out = strtof(text, &stop);
    return *stop == '\0' && isfinite(*out);
}

static int is_text(span field, const char *text)
{
    const size_t length = strlen(text);
    return (size_t)(field.end - field.begin) == length && memcmp(field.begin, text, length) == 0;
}

/* ---- names: "dir/0007.jpg" is meant by itself, "0007.jpg", "0007" and the number 7 ---- */

static span base_name(span name)
{
    for (const char *p = name.end; p > name.begin; --p)
        if (p[-1] == '/') return (span){p, name.end};
    return name;
}

static span stem(span name)
{
    name = base_name(name);
    for (const char *p = name.end; p > name.begin + 1; --p)
        if (p[-1] == '.') return (span){name.begin, p - 1};
    return name;
}

/* The digits of a number without leading zeros, or nothing. */
static span digits(span name)
{
    for (const char *p = name.begin; p < name.end; ++p)
        if (!isdigit((unsigned char)*p)) return (span){name.end, name.end};
    while (name.end - name.begin > 1 && *name.begin == '0') ++name.begin;
    return name;
}

static int same(span a, span b)
{
    return a.end - a.begin == b.end - b.begin && memcmp(a.begin, b.begin, (size_t)(a.end - a.begin)) == 0;
}

static int names_image(span row, span image)
{
    const span number = digits(stem(image));
    const ptrdiff_t shorter = (image.end - image.begin) - (row.end - row.begin);
    if (row.begin == row.end || shorter < 0) return number.begin < number.end && same(digits(row), number);
    const span tail = {image.begin + shorter, image.end};
    if (same(row, tail) && (shorter == 0 || tail.begin[-1] == '/')) return 1;
    if (same(row, stem(image))) return 1;
    return number.begin < number.end && same(digits(row), number);
}

/* Raw frames have no name: "7", "0007" and "img/0007.jpg" are frame 7. */
static int names_frame(span row, span number)
{
    return same(digits(stem(row)), number);
}

/* FNV-1a of the digits of the stem, or of the stem. Rows and images that name each other have the same; a name like
 * "a.b" is ambiguous (a file, or a stem), so that only what precedes the first point counts. */
static uint64_t key_of(span name)
{
    uint64_t hash = 1469598103934665603ULL;
    name = base_name(name);
    for (const char *p = name.begin; p < name.end; ++p)
        if (*p == '.') name.end = p;
    const span number = digits(name);
    if (number.begin < number.end) name = number;
    for (const char *p = name.begin; p < name.end; ++p) hash = (hash ^ (unsigned char)*p) * 1099511628211ULL;
    return hash;
}

/* ---- opening ---- */

static int find_column(const span *fields, int count, const char *name)
{
    for (int i = 0; i < count; ++i)
        if (is_text(fields[i], name)) return i;
    return -1;
}

/* Whether the first line names the columns that are looked for. */
static void read_header(face_file *file, const span *fields, int count)
{
    static const char *const sides[BOX] = {"x", "y", "w", "h"};
    int box = 0;
    char name[16];
    file->name = find_column(fields, count, "image");
    if (file->name < 0) file->name = find_column(fields, count, "frame");
    for (int k = 0; k < BOX; ++k) {
        file->box[k] = find_column(fields, count, sides[k]);
        box += file->box[k] >= 0;
    }
    if (box < BOX) file->box[0] = -1;
    for (int32_t k = 0; k < 2 * MAX_POINTS; ++k) {
        snprintf(name, sizeof name, "%c%d", k % 2 ? 'y' : 'x', (int)(k / 2));
        file->xy[k] = find_column(fields, count, name);
        if (file->xy[k] < 0) break;
        file->points = (k + 1) / 2;
    }
    file->header = file->name >= 0 && (file->points > 0 || file->box[0] >= 0);
}

static int add_entry(face_file *file, span name, size_t at)
{
    if (file->count == file->capacity) {
        const size_t capacity = 2 * file->capacity + 256;
        entry *grown = realloc(file->entries, capacity * sizeof *grown);
        if (grown == NULL) return 0;
        file->entries = grown;
        file->capacity = capacity;
    }
    file->entries[file->count++] = (entry){key_of(name), at};
    return 1;
}

static int by_key(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static int build_index(face_file *file)
{
    span fields[MAX_FIELDS];
    size_t next = 0;
    int first = 1;
    for (size_t at = 0; at < file->size; at = next) {
        if (at == 0 && file->size >= 3 && memcmp(file->text, "\xef\xbb\xbf", 3) == 0) at = 3;
        const span line = line_at(file, at, &next);
        if (trimmed(line.begin, line.end).begin == line.end) continue;
        int count = split(line, fields);
        if (count > MAX_FIELDS) count = MAX_FIELDS;
        float number;
        if (first && count > 1 && !is_number(fields[1], &number)) read_header(file, fields, count);
        /* a first row without numbers is a header, also one with other names: its columns are taken by place then */
        const int skip = first && (file->header || (count > 1 && !is_number(fields[1], &number)));
        first = 0;
        const int name = file->header ? file->name : 0;
        if (!skip && name < count && !add_entry(file, fields[name], at)) return 0;
    }
    if (file->count > 0) qsort(file->entries, file->count, sizeof *file->entries, by_key);
    return 1;
}

int faces_open(const char *path, face_file **out)
{
    struct stat info;
    face_file *file = calloc(1, sizeof *file);
    const int descriptor = open(path, O_RDONLY);
    const char *problem = NULL;
    char text[128];
    if (file == NULL)
        problem = "out of memory";
    else if (descriptor < 0 || fstat(descriptor, &info) != 0)
        problem = strerror(errno);
    else if (S_ISDIR(info.st_mode))
        problem = "is a folder";
    else if (info.st_size > 0) {
        void *mapping = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (mapping == MAP_FAILED)
            problem = strerror(errno);
        else {
            file->text = mapping;
            file->size = (size_t)info.st_size;
        }
    }
    if (descriptor >= 0) close(descriptor);
    if (file) file->path = path;
    if (problem == NULL && !build_index(file)) problem = "out of memory";
    if (problem == NULL && file->header && file->points != 0 && file->points != 5 && file->points != MAX_POINTS) {
        /* the first five of more are no eyes */
        snprintf(text, sizeof text, "its header has the landmarks x0,y0 to x%d,y%d, expected 5 or %d of them",
                 (int)file->points - 1, (int)file->points - 1, MAX_POINTS);
        problem = text;
    }
    if (problem == NULL && file->count == 0) problem = "has no rows of faces";
    if (problem) {
        fprintf(stderr, "clile: %s: %s\n", path, problem);
        faces_close(file);
        return EXIT_FAILED;
    }
    *out = file;
    return EXIT_FINE;
}

void faces_close(face_file *file)
{
    if (file == NULL) return;
    if (file->text) munmap((void *)(uintptr_t)file->text, file->size);
    free(file->entries);
    free(file);
}

/* ---- looking up ---- */

static size_t first_of_key(const face_file *file, uint64_t key)
{
    size_t low = 0, high = file->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (file->entries[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int faces_next(const face_file *file, const char *image, int64_t frame, size_t *cursor)
{
    char number[24];
    span fields[MAX_FIELDS];
    size_t next;
    snprintf(number, sizeof number, "%lld", (long long)frame);
    const char *text = image ? image : number;
    const span name = {text, text + strlen(text)};
    const uint64_t key = key_of(name);
    const int column = file->header ? file->name : 0;
    for (size_t i = *cursor ? *cursor : first_of_key(file, key); i < file->count && file->entries[i].key == key; ++i) {
        const int columns = split(line_at(file, file->entries[i].at, &next), fields);
        if (column >= columns || column >= MAX_FIELDS) continue;
        if (!(image ? names_image(fields[column], name) : names_frame(fields[column], name))) continue;
        *cursor = i + 1;
        return 1;
    }
    return 0;
}

/* `count` numbers from these columns: 1; 0 when all are empty; -1 when some are no number. */
static int read_numbers(const span *fields, int fields_count, int count, const int *columns, float *out)
{
    int good = 0, empty = 0;
    for (int k = 0; k < count; ++k) {
        if (columns[k] >= fields_count || fields[columns[k]].begin == fields[columns[k]].end)
            ++empty;
        else if (is_number(fields[columns[k]], &out[k]))
            ++good;
    }
    return good == count ? 1 : empty == count ? 0 : -1;
}

int faces_get(const face_file *file, size_t cursor, face *out, char message[MESSAGE_SIZE])
{
    span fields[MAX_FIELDS];
    int columns[2 * MAX_POINTS];
    size_t next;
    const span line = line_at(file, file->entries[cursor - 1].at, &next);
    const int all = split(line, fields), count = all > MAX_FIELDS ? MAX_FIELDS : all;
    memset(out, 0, sizeof *out);
    if (file->header) {
        const int points = file->points ? read_numbers(fields, count, 2 * file->points, file->xy, out->xy) : 0;
        const int box = file->box[0] >= 0 ? read_numbers(fields, count, BOX, file->box, out->box) : 0;
        out->points = points == 1 ? file->points : 0;
        out->has_box = box == 1;
        if (points >= 0 && box >= 0 && (points || box)) return 1;
    } else if (all == 1 + BOX || all == 11 || all == 1 + 2 * MAX_POINTS) {
        for (int k = 0; k < all - 1; ++k) columns[k] = k + 1;
        out->has_box = all == 1 + BOX;
        out->points = out->has_box ? 0 : (all - 1) / 2;
        if (read_numbers(fields, count, all - 1, columns, out->has_box ? out->box : out->xy) == 1) return 1;
    }
    const int shown = (int)(line.end - line.begin < 40 ? line.end - line.begin : 40);
    snprintf(message, MESSAGE_SIZE, "%s: the row \"%.*s%s\" does not hold a box of 4 numbers, or 5 or 68 x,y pairs",
             file->path, shown, line.begin, shown < line.end - line.begin ? "..." : "");
    return 0;
}
