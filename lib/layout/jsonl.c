/* JSON lines as written by FMAE (Ning, Salah, Onal Ertugrul, "Representation learning and
 * identity adversarial training for facial behavior understanding", 2024;
 * github.com/forever208/FMAE-IAT, AU/BP4D_preprocess.py and similar), one object per line:
 *   {"img_path": "F001_T1/frame_12.jpg", "AUs": [4, 10, 12]}  the present AUs, no others
 *   {"img_path": "2F01_T1/frame_12.jpg", "AUs": [999, 999, 4, ...]}  999 in place of an absent one
 * A key "subject" names the subject; without it, the path does. Other keys are ignored. The format
 * cannot say that an AU was not coded (the authors' conversion of BP4D writes code 9 as absent). */
#include "layout/layout.h"

#include "store/json.h"

#include <stdlib.h>
#include <string.h>

enum { ABSENT = 999, MOST_PRESENT = 64, DEEPEST = 16 };

typedef struct {
    const char *image, *subject; /* among the line's strings; subject may be NULL */
    int32_t count;               /* number of present AUs */
    int32_t au[MOST_PRESENT];
} row;

typedef struct {
    const clile_i_layout_request *request;
    clile_i_table *table;
    const char *name; /* of the file */
    clile_i_file file;
    clile_i_lines lines;
    char *strings;         /* room for the strings of the longest line */
    char part[32];         /* "line 12" */
    int32_t c, au[ABSENT]; /* AUs in use */
    char *root;
    clile_i_image_set images;
} reader;

/* ---- one line ---- */

static clile_status fail_at(const reader *r, const char *text)
{
    return clile_i_fail(CLILE_E_FORMAT, "%s: line %lld: %s", r->name, (long long)r->lines.line,
                        text);
}

static clile_status skip_value(clile_i_json *json, int depth);

static clile_status skip_object(clile_i_json *json, int depth)
{
    const char *key = NULL;
    if (clile_i_json_take(json, '}')) return CLILE_OK;
    do {
        CLILE_I_RETURN_IF(clile_i_json_string(json, &key));
        CLILE_I_RETURN_IF(clile_i_json_expect(json, ':'));
        CLILE_I_RETURN_IF(skip_value(json, depth + 1));
    } while (clile_i_json_take(json, ','));
    return clile_i_json_expect(json, '}');
}

static clile_status skip_array(clile_i_json *json, int depth)
{
    if (clile_i_json_take(json, ']')) return CLILE_OK;
    do {
        CLILE_I_RETURN_IF(skip_value(json, depth + 1));
    } while (clile_i_json_take(json, ','));
    return clile_i_json_expect(json, ']');
}

/* Skips true, false, null or a number. */
static clile_status skip_word(clile_i_json *json)
{
    static const char *const words[] = {"true", "false", "null"};
    double number = 0.0;
    const char *begin = json->position, *end = begin;
    while (end < json->end && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *end) != NULL &&
           *end != '\0')
        ++end;
    int known = clile_i_parse_f64(begin, end, &number);
    for (int k = 0; k < 3; ++k)
        known |= (size_t)(end - begin) == strlen(words[k]) &&
                 memcmp(begin, words[k], (size_t)(end - begin)) == 0;
    if (!known) return clile_i_json_fail(json, "a value");
    json->position = end;
    return CLILE_OK;
}

static clile_status skip_value(clile_i_json *json, int depth)
{
    const char *text = NULL;
    if (depth > DEEPEST) return clile_i_json_fail(json, "a less deeply nested value");
    if (clile_i_json_take(json, '{')) return skip_object(json, depth);
    if (clile_i_json_take(json, '[')) return skip_array(json, depth);
    if (json->position < json->end && *json->position == '"')
        return clile_i_json_string(json, &text);
    return skip_word(json);
}

static clile_status read_aus(const reader *r, clile_i_json *json, row *out)
{
    int64_t au = 0;
    CLILE_I_RETURN_IF(clile_i_json_expect(json, '['));
    if (clile_i_json_take(json, ']')) return CLILE_OK;
    do {
        CLILE_I_RETURN_IF(clile_i_json_size(json, &au));
        if (au == ABSENT) continue;
        if (au < 1 || au > ABSENT)
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: line %lld: AU %lld, expected 1 to 998, or 999 (absent)",
                                r->name, (long long)r->lines.line, (long long)au);
        for (int32_t k = 0; k < out->count; ++k)
            if (out->au[k] == au)
                return clile_i_fail(CLILE_E_FORMAT, "%s: line %lld: AU %lld twice", r->name,
                                    (long long)r->lines.line, (long long)au);
        if (out->count == MOST_PRESENT) return fail_at(r, "more than 64 AUs");
        out->au[out->count++] = (int32_t)au;
    } while (clile_i_json_take(json, ','));
    return clile_i_json_expect(json, ']');
}

static clile_status read_object(const reader *r, clile_i_json *json, row *out)
{
    const char *key = NULL;
    int aus = 0;
    memset(out, 0, sizeof *out);
    CLILE_I_RETURN_IF(clile_i_json_expect(json, '{'));
    if (!clile_i_json_take(json, '}')) {
        do {
            CLILE_I_RETURN_IF(clile_i_json_string(json, &key));
            CLILE_I_RETURN_IF(clile_i_json_expect(json, ':'));
            const int image = strcmp(key, "img_path") == 0, subject = strcmp(key, "subject") == 0;
            const int labels = strcmp(key, "AUs") == 0;
            if ((image && out->image != NULL) || (subject && out->subject != NULL) ||
                (labels && aus))
                return fail_at(r, "a key twice");
            if (image)
                CLILE_I_RETURN_IF(clile_i_json_string(json, &out->image));
            else if (subject)
                CLILE_I_RETURN_IF(clile_i_json_string(json, &out->subject));
            else if (labels)
                CLILE_I_RETURN_IF(read_aus(r, json, out));
            else
                CLILE_I_RETURN_IF(skip_value(json, 0));
            aus |= labels;
        } while (clile_i_json_take(json, ','));
        CLILE_I_RETURN_IF(clile_i_json_expect(json, '}'));
    }
    CLILE_I_RETURN_IF(clile_i_json_finish(json));
    if (out->image == NULL || !aus)
        return fail_at(r, out->image == NULL
                              ? "no \"img_path\"; expected {\"img_path\": ..., \"AUs\": [...]}"
                              : "no \"AUs\"; expected {\"img_path\": ..., \"AUs\": [...]}");
    clile_i_paths_clean(r->strings + (out->image - r->strings));
    const size_t size = strlen(out->image);
    if (size == 0 || size >= CLILE_I_PATH_SIZE)
        return fail_at(r, "\"img_path\" is not a usable path");
    if (out->subject != NULL && (out->subject[0] == '\0' || strlen(out->subject) > 255))
        return fail_at(r, "\"subject\" is empty or longer than 255 bytes");
    return CLILE_OK;
}

/* Reads the next line that is not blank. *more: 0 at the end. */
static clile_status next_row(reader *r, row *out, int32_t *more)
{
    const char *begin = NULL, *end = NULL;
    *more = 0;
    while (clile_i_lines_next(&r->lines, &begin, &end)) {
        while (begin < end && (*begin == ' ' || *begin == '\t')) ++begin;
        if (begin == end) continue;
        snprintf(r->part, sizeof r->part, "line %lld", (long long)r->lines.line);
        clile_i_json json = {.path = r->name,
                             .part = r->part,
                             .begin = begin,
                             .end = end,
                             .position = begin,
                             .strings = r->strings};
        *more = 1;
        return read_object(r, &json, out);
    }
    return CLILE_OK;
}

static void rewind_lines(reader *r)
{
    r->lines = (clile_i_lines){.data = (const char *)r->file.data, .size = r->file.size};
}

/* ---- the file ---- */

static clile_status open_lines(reader *r, const char *path)
{
    clile_status status = CLILE_OK;
    const char *begin = NULL, *end = NULL;
    int64_t longest = 0;
    CLILE_I_TRY(clile_i_label_file_open("JSON lines", path, r->request->max_label_bytes, &r->file));
    rewind_lines(r);
    while (clile_i_lines_next(&r->lines, &begin, &end))
        if (end - begin > longest) longest = end - begin;
    if (longest == 0) {
        status = clile_i_fail(CLILE_E_FORMAT,
                              "%s is empty, expected lines {\"img_path\": ..., \"AUs\": [...]}",
                              r->name);
        goto cleanup;
    }
    CLILE_I_ALLOC(r->strings, longest + 1);
    rewind_lines(r);
cleanup:
    return status;
}

/* Finds which AUs are present anywhere, and chooses the ones to use. */
static clile_status choose_aus(reader *r)
{
    clile_status status = CLILE_OK;
    clile_i_text have = {0};
    row *line = NULL;
    uint8_t seen[ABSENT] = {0};
    int32_t more = 1, count = 0, known = 0, *ids = NULL, all[ABSENT];
    CLILE_I_ALLOC(line, 1);
    for (;;) {
        CLILE_I_TRY(next_row(r, line, &more));
        if (!more) break;
        for (int32_t k = 0; k < line->count; ++k) seen[line->au[k]] = 1;
    }
    rewind_lines(r);
    for (int32_t au = 1; au < ABSENT; ++au) {
        if (seen[au]) all[known++] = au;
    }
    if (known == 0) {
        status = clile_i_fail(CLILE_E_FORMAT, "%s: no AU is present in any line", r->name);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_au_set_parse(r->request->au_set, known, all, &count, &ids));
    for (int32_t k = 0; k < count; ++k) {
        r->au[k] = ids[k];
        if (ids[k] < ABSENT && seen[ids[k]]) continue;
        for (int32_t a = 0; a < known; ++a) clile_i_text_append(&have, " %d", all[a]);
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "%s: AU %d is not present in any line; these are:%s", r->name, ids[k],
                              have.data != NULL ? have.data : "");
        goto cleanup;
    }
    r->c = count;
cleanup:
    clile_i_text_free(&have);
    clile_i_free(ids);
    clile_i_free(line);
    return status;
}

typedef struct {
    reader *r;
    row *line;
} image_source;

/* A clile_i_next_image. All lines were read before: none can fail. */
static int next_image(void *context, char *image)
{
    image_source *source = context;
    int32_t more = 0;
    if (next_row(source->r, source->line, &more) != CLILE_OK || !more) return 0;
    snprintf(image, CLILE_I_PATH_SIZE, "%s", source->line->image);
    return 1;
}

static clile_status find_root(reader *r)
{
    clile_status status = CLILE_OK;
    row *line = NULL;
    char first[CLILE_I_PATH_SIZE];
    char *folder = clile_i_paths_folder(r->request->path);
    CLILE_I_ALLOC(line, 1);
    if (folder == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    image_source source = {.r = r, .line = line};
    next_image(&source, first);
    const int64_t at = r->lines.line;
    rewind_lines(r);
    CLILE_I_TRY(clile_i_paths_root(folder, next_image, &source, r->table, &r->root));
    rewind_lines(r);
    if (r->root == NULL)
        status = clile_i_fail(CLILE_E_FORMAT,
                              "%s: line %lld: neither image %.200s nor the next ones exist; looked "
                              "in %s and its folders, and in its parent and that one's folders",
                              r->name, (long long)at, first, folder);
cleanup:
    clile_i_free(folder);
    clile_i_free(line);
    return status;
}

static clile_status add_row(reader *r, const row *line)
{
    clile_i_table *table = r->table;
    int8_t codes[ABSENT];
    char name[256];
    int64_t earlier = 0;
    int32_t subject = 0;
    ++table->rows;
    ++table->counts.label_rows;
    if (!clile_i_paths_exists(r->root, line->image)) {
        return clile_i_table_left_out(table, CLILE_I_LEFT_OUT_LABELS, "", line->image);
    }
    if (line->subject != NULL)
        snprintf(name, sizeof name, "%s", line->subject);
    else if (!clile_i_paths_subject(line->image, name))
        return fail_at(r, "the path names no subject, expected a path such as F001_T1/frame_12.jpg "
                          "or a key \"subject\"");
    memset(codes, 0, sizeof codes);
    for (int32_t k = 0; k < line->count; ++k)
        for (int32_t a = 0; a < r->c; ++a)
            if (r->au[a] == line->au[k]) codes[a] = 1;
    CLILE_I_RETURN_IF(clile_i_table_subject(table, name, name + strlen(name), &subject));
    CLILE_I_RETURN_IF(clile_i_image_set_add(&r->images, table, line->image, &earlier));
    if (earlier >= 0) return fail_at(r, "this image already has a line");
    return clile_i_places_add(table, "", line->image, subject, codes, NULL, NULL);
}

static clile_status open_jsonl(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    reader *r = NULL;
    row *line = NULL;
    int32_t more = 0;

    CLILE_I_ALLOC(r, 1);
    CLILE_I_ALLOC(line, 1);
    r->request = request;
    r->table = table;
    r->name = clile_i_paths_name(request->path);
    CLILE_I_TRY(open_lines(r, request->path));
    CLILE_I_TRY(choose_aus(r));
    CLILE_I_TRY(find_root(r));
    CLILE_I_TRY(clile_i_table_begin(table, r->root, r->c, r->au));
    for (;;) {
        CLILE_I_TRY(next_row(r, line, &more));
        if (!more) break;
        CLILE_I_TRY(add_row(r, line));
    }
    CLILE_I_TRY(clile_i_image_set_count_others(&r->images, r->root, table));
    if (2 * table->counts.labels_without_image > table->counts.label_rows)
        CLILE_I_TRY(clile_i_table_warn(table, "%lld of %lld lines name an image that is not in %s",
                                       (long long)table->counts.labels_without_image,
                                       (long long)table->counts.label_rows, r->root));
    clile_i_text_append(&table->notes, "\"AUs\" lists the AUs present; the others count as absent, "
                                       "since this format cannot say \"not coded\"\n");
    CLILE_I_TRY(table->notes.status);
    status = clile_i_table_finish(table);
cleanup:
    if (r != NULL) {
        clile_i_image_set_free(&r->images);
        clile_i_file_close(&r->file);
        clile_i_free(r->strings);
        clile_i_free(r->root);
    }
    clile_i_free(line);
    clile_i_free(r);
    return status;
}

static int ends_with(const char *text, const char *ending)
{
    const size_t size = strlen(text), other = strlen(ending);
    return size >= other && strcmp(text + size - other, ending) == 0;
}

static clile_status recognise(const char *path, int32_t *fits)
{
    *fits =
        (ends_with(path, ".jsonl") || ends_with(path, ".json")) && !clile_i_path_is_folder(path);
    return CLILE_OK;
}

const clile_i_layout clile_i_layout_jsonl = {
    .looked_for = "a file *.jsonl or *.json", .recognise = recognise, .open = open_jsonl};
