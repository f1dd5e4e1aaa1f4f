/* The protocol file:PATH is a text file with the subjects of each part:
 *   # a comment
 *   1: F001 M007 F018       subjects of part 1, separated by blanks or commas; several lines
 *                            may name the same part
 *   2: M011 F003
 * Fold k tests part k and trains on the others. With "train:" and "test:" instead of numbers,
 * there is one fold. */
#include "data/core.h"
#include "layout/layout.h"

#include <string.h>

enum { MOST_PARTS = 10000, MOST_BYTES = 16 << 20, SHOWN = 40, TRAIN = 1, TEST = 2 };

typedef struct {
    const clile_i_table *table;
    const char *path;
    clile_i_lines lines;
    int32_t numbered, named; /* whether there are lines of this kind */
    int32_t parts;           /* highest number */
    int32_t *part;           /* [subjects of the table] 1..; 0: none yet */
    int64_t *line;           /* [subjects of the table] */
} reader;

static int is_separator(char ch)
{
    return ch == ' ' || ch == '\t' || ch == ',';
}

static int equals(const char *begin, const char *end, const char *word)
{
    return (size_t)(end - begin) == strlen(word) && memcmp(begin, word, strlen(word)) == 0;
}

static int shown(const char *begin, const char *end)
{
    return end - begin < SHOWN ? (int)(end - begin) : SHOWN;
}

static clile_status read_part(reader *r, const char *begin, const char *end, int32_t *part)
{
    int64_t number = 0;
    const int train = equals(begin, end, "train"), test = equals(begin, end, "test");
    if (train || test) {
        r->named = 1;
        *part = train ? TRAIN : TEST;
    } else if (clile_i_parse_i64(begin, end, &number) && number >= 1 && number <= MOST_PARTS) {
        r->numbered = 1;
        *part = (int32_t)number;
    } else {
        return clile_i_fail(
            CLILE_E_FORMAT,
            "subject file %s, line %lld: \"%.*s\", expected a part: 1 to %d, train or test",
            r->path, (long long)r->lines.line, shown(begin, end), begin, MOST_PARTS);
    }
    if (r->named && r->numbered)
        return clile_i_fail(
            CLILE_E_FORMAT,
            "subject file %s, line %lld: numbered parts and train or test in one file", r->path,
            (long long)r->lines.line);
    if (*part > r->parts) r->parts = *part;
    return CLILE_OK;
}

static clile_status put_subject(reader *r, const char *begin, const char *end, int32_t part)
{
    int32_t s = 0;
    while (s < r->table->subject_count && !equals(begin, end, r->table->subject_names[s])) ++s;
    if (s == r->table->subject_count)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "subject file %s, line %lld: the data set has no subject \"%.*s\"%s",
                            r->path, (long long)r->lines.line, shown(begin, end), begin,
                            clile_i_separators_found(begin, end, 1) != NULL
                                ? "; the line has semicolons, expected blanks or commas"
                                : "");
    if (r->part[s] != 0)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT, "subject file %s, line %lld: subject %s is in line %lld, too",
            r->path, (long long)r->lines.line, r->table->subject_names[s], (long long)r->line[s]);
    r->part[s] = part;
    r->line[s] = r->lines.line;
    return CLILE_OK;
}

static clile_status read_line(reader *r, const char *begin, const char *end)
{
    int32_t part = 0;
    const char *colon = memchr(begin, ':', (size_t)(end - begin));
    if (colon == NULL)
        return clile_i_fail(
            CLILE_E_FORMAT,
            "subject file %s, line %lld: \"%.*s\", expected \"1: SUBJECT SUBJECT ...\"", r->path,
            (long long)r->lines.line, shown(begin, end), begin);
    const char *stop = colon;
    while (stop > begin && is_separator(stop[-1])) --stop;
    CLILE_I_RETURN_IF(read_part(r, begin, stop, &part));
    for (const char *at = colon + 1; at < end;) {
        while (at < end && is_separator(*at)) ++at;
        stop = at;
        while (stop < end && !is_separator(*stop)) ++stop;
        if (stop > at) CLILE_I_RETURN_IF(put_subject(r, at, stop, part));
        at = stop;
    }
    return CLILE_OK;
}

static clile_status read_lines(reader *r)
{
    const char *begin = NULL, *end = NULL;
    while (clile_i_lines_next(&r->lines, &begin, &end)) {
        while (begin < end && is_separator(*begin)) ++begin;
        if (begin == end || *begin == '#') continue;
        if (memchr(begin, '\0', (size_t)(end - begin)) != NULL)
            return clile_i_fail(CLILE_E_FORMAT, "subject file %s, line %lld: a NUL byte", r->path,
                                (long long)r->lines.line);
        CLILE_I_RETURN_IF(read_line(r, begin, end));
    }
    if (r->parts == 0)
        return clile_i_fail(CLILE_E_FORMAT, "subject file %s has no line \"1: SUBJECT ...\"",
                            r->path);
    if (r->parts == 1)
        return clile_i_fail(CLILE_E_FORMAT,
                            "subject file %s has one part only, so that one side would be empty",
                            r->path);
    return CLILE_OK;
}

/* Rejects parts without a subject, and subjects of the data set without a part. */
static clile_status check(const reader *r, const clile_dataset *dataset)
{
    for (int32_t part = 1; part <= r->parts; ++part) {
        int32_t s = 0;
        while (s < r->table->subject_count && r->part[s] != part) ++s;
        if (s < r->table->subject_count) continue;
        if (r->named)
            return clile_i_fail(CLILE_E_FORMAT, "subject file %s: nobody is in %s", r->path,
                                part == TRAIN ? "train" : "test");
        return clile_i_fail(CLILE_E_FORMAT,
                            "subject file %s: nobody is in part %d, there are parts to %d", r->path,
                            part, r->parts);
    }
    for (int32_t s = 0; s < dataset->subjects; ++s)
        if (r->part[dataset->subject[s]] == 0)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "subject file %s: subject %s of the data set is in no part",
                                r->path, clile_dataset_get_subject_name(dataset, s));
    return CLILE_OK;
}

clile_status clile_i_subject_file_mark(const clile_dataset *dataset, const char *path, int32_t fold,
                                       uint8_t *marks, int32_t *folds)
{
    clile_status status = CLILE_OK;
    clile_i_file file = {0};
    reader r = {.table = &dataset->core->table, .path = path};

    CLILE_I_TRY(clile_i_file_open(path, &file));
    CLILE_I_TRY(clile_i_encoding_check("subject file", path, &file));
    if (file.size > MOST_BYTES) {
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "subject file %s has %zu bytes, at most %d are read", path, file.size,
                              MOST_BYTES);
        goto cleanup;
    }
    r.lines = (clile_i_lines){.data = (const char *)file.data, .size = file.size};
    CLILE_I_ALLOC(r.part, r.table->subject_count);
    CLILE_I_ALLOC(r.line, r.table->subject_count);
    CLILE_I_TRY(read_lines(&r));
    CLILE_I_TRY(check(&r, dataset));
    *folds = r.named ? 1 : r.parts;
    if (marks == NULL || fold < 1 || fold > *folds) goto cleanup;
    for (int32_t s = 0; s < dataset->subjects; ++s)
        marks[s] = r.part[dataset->subject[s]] == (r.named ? TEST : fold);
cleanup:
    clile_i_free(r.part);
    clile_i_free(r.line);
    clile_i_file_close(&file);
    return status;
}
