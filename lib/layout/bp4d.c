/* BP4D as distributed (Zhang et al., "BP4D-Spontaneous", Image and Vision Computing 2014):
 *   AUCoding/AU_OCC/SUBJECT_TASK.csv   header 0,AU,AU,...; rows frame,code,code,...; 1 present,
 *                                      0 absent, 9 not coded
 *   .../SUBJECT/TASK/FRAME.jpg         anywhere below the folder or in one folder of it
 *   landmarks/SUBJECT_TASK.csv         optional, and boxes/SUBJECT_TASK.csv */
#include "layout/csv.h"
#include "layout/sequences.h"

#include <string.h>

static const char *const label_folders[] = {"AUCoding/AU_OCC", "AU_OCC", "AUCoding", "", NULL};

/* The parts of "F001_T1.csv". */
typedef struct {
    char subject[32], task[16];
} file_name;

static size_t task_size(const char *text)
{
    const size_t digits = text[0] == 'T' ? strspn(text + 1, "0123456789") : 0;
    return digits > 0 && digits < 15 ? 1 + digits : 0;
}

static int is_task(const char *name)
{
    const size_t size = task_size(name);
    return size > 0 && name[size] == '\0';
}

static int parse_name(const char *name, file_name *out)
{
    const size_t subject = clile_i_subject_name_size(name);
    if (subject == 0 || subject >= sizeof out->subject || name[subject] != '_') return 0;
    const size_t task = task_size(name + subject + 1);
    if (task == 0 || strcmp(name + subject + 1 + task, ".csv") != 0) return 0;
    memset(out, 0, sizeof *out);
    memcpy(out->subject, name, subject);
    memcpy(out->task, name + subject + 1, task);
    return 1;
}

static clile_status find(const char *labels, clile_i_sequences *sequences)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    file_name name;
    CLILE_I_TRY(clile_i_folder_list(labels, &names));
    for (int64_t i = 0; i < names.count; ++i)
        if (parse_name(names.names[i], &name))
            CLILE_I_TRY(clile_i_sequences_add(sequences, name.subject, name.task));
cleanup:
    clile_i_names_free(&names);
    return status;
}

static const clile_i_sequence_rules rules = {
    .name = "BP4D",
    .layout = &clile_i_layout_bp4d,
    .label_folders = label_folders,
    .is_part = is_task,
    .find = find,
    .au_count = 12,
    .au_ids = clile_i_au_set_bp4d,
};

/* The caller frees it; NULL when out of memory. */
static char *label_path(const clile_i_sequences *s, const clile_i_sequence *sequence)
{
    char name[64];
    snprintf(name, sizeof name, "%s.csv", sequence->stem);
    return clile_i_path_join(s->labels, name);
}

/* Looks for label files in the wrong case ("f001_t1.csv", "F001_T1.CSV"), which some file systems
 * ignore. */
static clile_status check_misspelled(const char *folder, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    file_name unused;
    CLILE_I_TRY(clile_i_folder_list(folder, &names));
    for (int64_t i = 0; i < names.count; ++i) {
        char upper[64];
        const size_t size = strlen(names.names[i]);
        if (parse_name(names.names[i], &unused) || size < 4 || size >= sizeof upper) continue;
        for (size_t k = 0; k <= size; ++k) {
            const char ch = names.names[i][k];
            upper[k] = ch >= 'a' && ch <= 'z' ? (char)(ch - 'a' + 'A') : ch;
        }
        if (strcmp(upper + size - 4, ".CSV") != 0) continue;
        memcpy(upper + size - 4, ".csv", 4);
        if (!parse_name(upper, &unused)) continue;
        CLILE_I_TRY(clile_i_table_warn(
            table, "the label file %s is ignored, expected a name such as F001_T1.csv",
            names.names[i]));
        break;
    }
cleanup:
    clile_i_names_free(&names);
    return status;
}

/* A tracker's file may have such a name too, but its header shows what it is. */
static clile_status recognise(const char *path, int32_t *fits)
{
    clile_status status = CLILE_OK;
    const clile_i_layout_request request = {.path = path};
    clile_i_sequences s = {0};
    char *file = NULL;
    int32_t tracker = 0;
    *fits = 0;
    if (!clile_i_path_is_folder(path)) return CLILE_OK;
    CLILE_I_TRY(clile_i_sequences_find(&rules, &request, &s));
    if (s.count == 0) goto cleanup;
    file = label_path(&s, &s.each[0]);
    if (file == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_trackers_recognise(file, &tracker));
    *fits = !tracker;
cleanup:
    clile_i_free(file);
    clile_i_sequences_free(&s);
    return status;
}

/* Fills columns [c] of the wanted AUs from the header row. */
static clile_status read_header(const clile_i_rows *rows, const clile_i_table *table,
                                int64_t *columns)
{
    if (rows->count < 2) return clile_i_rows_fail(rows, "one column, expected a header 0,1,2,...");
    for (int32_t a = 0; a < table->c; ++a) {
        clile_i_text have = {0};
        columns[a] = -1;
        for (int64_t k = 1; k < rows->count; ++k) {
            int64_t au = 0;
            CLILE_I_RETURN_IF(clile_i_rows_whole(rows, k, "an AU number", &au));
            if (au != table->au_ids[a]) continue;
            if (columns[a] >= 0)
                return clile_i_rows_fail(rows, "two columns for AU %d", table->au_ids[a]);
            columns[a] = k;
        }
        if (columns[a] >= 0) continue;
        for (int64_t k = 1; k < rows->count; ++k)
            clile_i_text_append(&have, " %.*s", (int)(rows->end[k] - rows->begin[k]),
                                rows->begin[k]);
        clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s %s: AU %d is not coded there; it has%s",
                     rows->kind, rows->name, table->au_ids[a],
                     have.data != NULL ? have.data : " none");
        clile_i_text_free(&have);
        return CLILE_E_INVALID_ARGUMENT;
    }
    return CLILE_OK;
}

/* codes [c] is scratch for the row's codes. */
static clile_status read_row(const clile_i_rows *rows, const int64_t *columns, int8_t *codes,
                             clile_i_samples *samples)
{
    const clile_i_table *table = samples->of->table;
    int64_t number = 0;
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, 0, "a frame", &number));
    for (int32_t a = 0; a < table->c; ++a) {
        CLILE_I_RETURN_IF(clile_i_rows_code(rows, columns[a], table->au_ids[a], 0, &codes[a]));
        if (codes[a] < 0 && samples->of->request->unknown_negative) codes[a] = 0;
    }
    if (clile_i_samples_has(samples, number))
        return clile_i_rows_fail(rows, "frame %lld already has a row", (long long)number);
    return clile_i_samples_add(samples, number, codes);
}

static clile_status read_sequence(clile_i_sequences *s, clile_i_sequence *sequence)
{
    clile_status status = CLILE_OK;
    clile_i_rows rows = {0};
    clile_i_samples samples = {0};
    int64_t *columns = NULL, count = 0;
    int8_t *codes = NULL;
    int32_t more = 0;
    char *path = label_path(s, sequence);

    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    CLILE_I_ALLOC(columns, s->table->c);
    CLILE_I_ALLOC(codes, s->table->c);
    CLILE_I_TRY(clile_i_samples_begin(s, sequence, &samples));
    CLILE_I_TRY(clile_i_rows_open("BP4D label file", path, s->request->max_label_bytes, &rows));
    CLILE_I_TRY(clile_i_rows_next(&rows, &more));
    if (!more) {
        status = clile_i_fail(
            CLILE_E_FORMAT, "BP4D label file %s is empty, expected a header 0,1,2,...", rows.name);
        goto cleanup;
    }
    CLILE_I_TRY(read_header(&rows, s->table, columns));
    count = rows.count;
    for (;;) {
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        CLILE_I_TRY(clile_i_rows_expect(&rows, count));
        CLILE_I_TRY(read_row(&rows, columns, codes, &samples));
    }
    if (samples.rows == 0) {
        status = clile_i_fail(CLILE_E_FORMAT, "BP4D label file %s has no rows after its header",
                              rows.name);
        goto cleanup;
    }
    status = clile_i_samples_end(&samples);
cleanup:
    clile_i_samples_free(&samples);
    clile_i_rows_close(&rows);
    clile_i_free(codes);
    clile_i_free(columns);
    clile_i_free(path);
    return status;
}

static clile_status open_bp4d(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_sequences s = {0};
    CLILE_I_TRY(clile_i_sequences_open(&rules, request, table, &s));
    for (int64_t i = 0; i < s.count; ++i) CLILE_I_TRY(read_sequence(&s, &s.each[i]));
    CLILE_I_TRY(check_misspelled(s.labels, table));
    status = clile_i_sequences_finish(&s);
cleanup:
    clile_i_sequences_free(&s);
    return status;
}

const clile_i_layout clile_i_layout_bp4d = {
    .looked_for = "SUBJECT_TASK.csv (such as F001_T1.csv) in AUCoding/AU_OCC, AU_OCC, AUCoding and "
                  "the folder itself",
    .recognise = recognise,
    .open = open_bp4d,
};
