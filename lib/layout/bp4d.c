/* BP4D as distributed (Zhang et al., "BP4D-Spontaneous", Image and Vision Computing 2014):
 *   AUCoding/AU_OCC/SUBJECT_TASK.csv   header 0,AU,AU,...; rows frame,code,code,...; 1 present,
 *                                      0 absent, 9 not coded
 *   .../SUBJECT/TASK/FRAME.jpg         anywhere below the folder or in one folder of it
 *   landmarks/SUBJECT_TASK.csv         optional, and boxes/SUBJECT_TASK.csv */
#include "layout/csv.h"

#include <string.h>

static const char *const label_folders[] = {"AUCoding/AU_OCC", "AU_OCC", "AUCoding", ""};
enum { LABEL_FOLDERS = sizeof label_folders / sizeof *label_folders };

/* "F001_T1.csv" in parts, as they appear in paths. */
typedef struct {
    char subject[32], task[16], stem[52];
} sequence;

static size_t span(const char *text, int digits)
{
    size_t size = 0;
    for (;; ++size) {
        const char ch = text[size];
        const int digit = ch >= '0' && ch <= '9',
                  letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
        if (digits ? !digit : !letter) return size;
    }
}

/* Length of "F001" at the start of text, 0 when there is none. */
static size_t subject_size(const char *text)
{
    const size_t letters = span(text, 0), digits = span(text + letters, 1);
    return letters > 0 && digits > 0 && letters + digits < 32 ? letters + digits : 0;
}

static size_t task_size(const char *text)
{
    const size_t digits = text[0] == 'T' ? span(text + 1, 1) : 0;
    return digits > 0 && digits < 15 ? 1 + digits : 0;
}

static int parse_sequence(const char *name, sequence *out)
{
    const size_t subject = subject_size(name);
    if (subject == 0 || name[subject] != '_') return 0;
    const size_t task = task_size(name + subject + 1);
    if (task == 0 || strcmp(name + subject + 1 + task, ".csv") != 0) return 0;
    memset(out, 0, sizeof *out);
    memcpy(out->subject, name, subject);
    memcpy(out->task, name + subject + 1, task);
    memcpy(out->stem, name, subject + 1 + task);
    return 1;
}

/* The label files in one folder: its path (the caller's) and the sequences in it; a count of 0
 * when there are none. */
static clile_status find_labels_in(const char *path, const char *below, char **folder,
                                   int64_t *count, sequence **sequences)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    sequence *found = NULL;
    char *candidate = clile_i_path_join(path, below);

    *folder = NULL;
    *count = 0;
    *sequences = NULL;
    if (candidate == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_is_folder(candidate)) goto cleanup;
    CLILE_I_TRY(clile_i_folder_list(candidate, &names));
    CLILE_I_ALLOC(found, names.count);
    for (int64_t i = 0; i < names.count; ++i)
        *count += parse_sequence(names.names[i], &found[*count]);
    if (*count > 0) {
        *sequences = found;
        *folder = candidate;
        found = NULL;
        candidate = NULL;
    }
cleanup:
    clile_i_names_free(&names);
    clile_i_free(found);
    clile_i_free(candidate);
    return status;
}

/* The first folder that has any; *at: its number. */
static clile_status find_labels(const char *path, char **folder, int64_t *count,
                                sequence **sequences, int64_t *at)
{
    *folder = NULL;
    *count = 0;
    *sequences = NULL;
    for (*at = 0; *at < LABEL_FOLDERS; ++*at) {
        CLILE_I_RETURN_IF(find_labels_in(path, label_folders[*at], folder, count, sequences));
        if (*count > 0) break;
    }
    return CLILE_OK;
}

/* Label files in a folder after the one that was taken. */
static clile_status check_other_labels(const char *path, int64_t taken, clile_i_table *table)
{
    for (int64_t k = taken + 1; k < LABEL_FOLDERS; ++k) {
        sequence *sequences = NULL;
        char *folder = NULL;
        int64_t count = 0;
        const clile_status status =
            find_labels_in(path, label_folders[k], &folder, &count, &sequences);
        clile_i_free(sequences);
        clile_i_free(folder);
        if (status != CLILE_OK) return status;
        if (count > 0)
            CLILE_I_RETURN_IF(clile_i_roots_warn_labels(path, label_folders, taken, k, table));
    }
    return CLILE_OK;
}

/* "f001_t1.csv", "F001_T1.CSV": label files but for capital and small letters, which the file
 * system may not mind. */
static clile_status check_misspelled(const char *folder, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    sequence unused;
    CLILE_I_TRY(clile_i_folder_list(folder, &names));
    for (int64_t i = 0; i < names.count; ++i) {
        char upper[64];
        const size_t size = strlen(names.names[i]);
        if (parse_sequence(names.names[i], &unused) || size < 4 || size >= sizeof upper) continue;
        for (size_t k = 0; k <= size; ++k) {
            const char ch = names.names[i][k];
            upper[k] = ch >= 'a' && ch <= 'z' ? (char)(ch - 'a' + 'A') : ch;
        }
        if (strcmp(upper + size - 4, ".CSV") != 0) continue;
        memcpy(upper + size - 4, ".csv", 4);
        if (!parse_sequence(upper, &unused)) continue;
        CLILE_I_TRY(clile_i_table_warn(
            table, "the label file %s is not read, expected a name such as F001_T1.csv",
            names.names[i]));
        break;
    }
cleanup:
    clile_i_names_free(&names);
    return status;
}

/* A tracker's file may bear such a name, too: its header tells. */
static clile_status recognise(const char *path, int32_t *fits)
{
    clile_status status = CLILE_OK;
    char *folder = NULL, *file = NULL, name[64];
    sequence *sequences = NULL;
    int64_t count = 0, at = 0;
    int32_t tracker = 0;
    *fits = 0;
    if (!clile_i_path_is_folder(path)) return CLILE_OK;
    CLILE_I_TRY(find_labels(path, &folder, &count, &sequences, &at));
    if (count == 0) goto cleanup;
    snprintf(name, sizeof name, "%s.csv", sequences[0].stem);
    file = clile_i_path_join(folder, name);
    if (file == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_trackers_recognise(file, &tracker));
    *fits = !tracker;
cleanup:
    clile_i_free(file);
    clile_i_free(folder);
    clile_i_free(sequences);
    return status;
}

typedef struct {
    const clile_i_layout_request *request;
    clile_i_table *table;
    char *labels; /* folder of the label files */
    char *images; /* folder of the subjects' folders, below the path: "Sequences" or "" */
    sequence *sequences;
    int64_t count;
    int64_t *columns; /* [c] of the present file */
} reader;

/* The columns of the wanted AUs from the header row. */
static clile_status read_header(const clile_i_rows *rows, reader *r)
{
    const clile_i_table *table = r->table;
    if (rows->count < 2) return clile_i_rows_fail(rows, "one column, expected a header 0,1,2,...");
    for (int32_t a = 0; a < table->c; ++a) {
        clile_i_text have = {0};
        r->columns[a] = -1;
        for (int64_t k = 1; k < rows->count; ++k) {
            int64_t au = 0;
            CLILE_I_RETURN_IF(clile_i_rows_whole(rows, k, "an AU number", &au));
            if (au != table->au_ids[a]) continue;
            if (r->columns[a] >= 0)
                return clile_i_rows_fail(rows, "two columns for AU %d", table->au_ids[a]);
            r->columns[a] = k;
        }
        if (r->columns[a] >= 0) continue;
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

static clile_status read_row(const clile_i_rows *rows, const reader *r,
                             const clile_i_frames *frames, const clile_i_faces *faces,
                             const char *folder, int32_t subject, uint8_t *labelled)
{
    clile_i_table *table = r->table;
    int8_t codes[CLILE_I_ROWS_MOST];
    int64_t number = 0;
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, 0, "a frame", &number));
    for (int32_t a = 0; a < table->c; ++a) {
        CLILE_I_RETURN_IF(clile_i_rows_code(rows, r->columns[a], table->au_ids[a], 0, &codes[a]));
        if (codes[a] < 0 && r->request->unknown_negative) codes[a] = 0;
    }
    ++table->counts.label_rows;
    const clile_i_frame *frame = clile_i_frames_find(frames, number);
    if (frame == NULL) {
        char name[32];
        snprintf(name, sizeof name, "%lld", (long long)number);
        return clile_i_table_left_out(table, CLILE_I_LEFT_OUT_LABELS, folder, name);
    }
    if (labelled[frame - frames->frames]++)
        return clile_i_rows_fail(rows, "frame %lld has a row already", (long long)number);
    return clile_i_places_add(table, folder, frame->name, subject, codes,
                              clile_i_places_find(&faces->landmarks, number),
                              clile_i_places_find(&faces->boxes, number));
}

static char *join3(const char *first, const char *second, const char *third)
{
    char *front = first[0] == '\0' ? clile_i_strdup(second) : clile_i_path_join(first, second);
    char *whole = front == NULL ? NULL : clile_i_path_join(front, third);
    clile_i_free(front);
    return whole;
}

static clile_status read_sequence(reader *r, const sequence *s)
{
    clile_status status = CLILE_OK;
    clile_i_rows rows = {0};
    clile_i_frames frames = {0};
    clile_i_faces faces = {0};
    uint8_t *labelled = NULL;
    int32_t more = 0, subject = 0;
    char name[64];

    snprintf(name, sizeof name, "%s.csv", s->stem);
    char *label_path = clile_i_path_join(r->labels, name);
    char *folder = join3(r->images, s->subject, s->task); /* below the path */
    char *folder_path = folder == NULL ? NULL : clile_i_path_join(r->request->path, folder);
    if (label_path == NULL || folder_path == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_frames_list(folder_path, r->table, &frames));
    CLILE_I_TRY(clile_i_faces_read(r->request, s->stem, &faces));
    CLILE_I_ALLOC(labelled, frames.count);

    CLILE_I_TRY(
        clile_i_rows_open("BP4D label file", label_path, r->request->max_label_bytes, &rows));
    CLILE_I_TRY(clile_i_rows_next(&rows, &more));
    if (!more) {
        status = clile_i_fail(
            CLILE_E_FORMAT, "BP4D label file %s is empty, expected a header 0,1,2,...", rows.name);
        goto cleanup;
    }
    CLILE_I_TRY(read_header(&rows, r));
    CLILE_I_TRY(
        clile_i_table_subject(r->table, s->subject, s->subject + strlen(s->subject), &subject));
    const int64_t columns = rows.count, before = r->table->counts.label_rows,
                  fitting = r->table->n + r->table->misplaced;
    for (;;) {
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        CLILE_I_TRY(clile_i_rows_expect(&rows, columns));
        CLILE_I_TRY(read_row(&rows, r, &frames, &faces, folder, subject, labelled));
    }
    const int64_t read = r->table->counts.label_rows - before;
    if (read == 0) {
        status = clile_i_fail(CLILE_E_FORMAT, "BP4D label file %s has no rows after its header",
                              rows.name);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_table_fit(r->table, folder, read, frames.count,
                                  r->table->n + r->table->misplaced - fitting));
    for (int64_t k = 0; k < frames.count; ++k)
        if (!labelled[k])
            CLILE_I_TRY(clile_i_table_left_out(r->table, CLILE_I_LEFT_OUT_IMAGES, folder,
                                               frames.frames[k].name));

cleanup:
    clile_i_rows_close(&rows);
    clile_i_frames_free(&frames);
    clile_i_faces_free(&faces);
    clile_i_free(labelled);
    clile_i_free(folder_path);
    clile_i_free(folder);
    clile_i_free(label_path);
    return status;
}

static int is_labelled(const reader *r, const char *subject, const char *task)
{
    for (int64_t i = 0; i < r->count; ++i)
        if (strcmp(r->sequences[i].subject, subject) == 0 &&
            strcmp(r->sequences[i].task, task) == 0)
            return 1;
    return 0;
}

/* Images of one subject's sequences that have no label file. */
static clile_status count_unlabelled(reader *r, const char *images, const char *subject)
{
    clile_status status = CLILE_OK;
    clile_i_names tasks = {0};
    clile_i_frames frames = {0};
    char *task_path = NULL;
    char *folder = clile_i_path_join(images, subject);
    if (folder == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_is_folder(folder)) goto cleanup;
    CLILE_I_TRY(clile_i_folder_list(folder, &tasks));
    for (int64_t t = 0; t < tasks.count; ++t) {
        const char *task = tasks.names[t];
        const size_t size = task_size(task);
        if (size == 0 || task[size] != '\0' || is_labelled(r, subject, task)) continue;
        clile_i_free(task_path);
        task_path = clile_i_path_join(folder, task);
        if (task_path == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        clile_i_frames_free(&frames);
        CLILE_I_TRY(clile_i_frames_list(task_path, r->table, &frames));
        const char *below = task_path + strlen(r->request->path) + 1;
        for (int64_t k = 0; k < frames.count; ++k)
            CLILE_I_TRY(clile_i_table_left_out(r->table, CLILE_I_LEFT_OUT_IMAGES, below,
                                               frames.frames[k].name));
    }
cleanup:
    clile_i_frames_free(&frames);
    clile_i_free(task_path);
    clile_i_names_free(&tasks);
    clile_i_free(folder);
    return status;
}

static clile_status count_all_unlabelled(reader *r)
{
    clile_status status = CLILE_OK;
    clile_i_names subjects = {0};
    char *images = clile_i_path_join(r->request->path, r->images);
    if (images == NULL) return CLILE_E_OUT_OF_MEMORY;
    CLILE_I_TRY(clile_i_folder_list(images, &subjects));
    for (int64_t s = 0; s < subjects.count; ++s) {
        const size_t size = subject_size(subjects.names[s]);
        if (size > 0 && subjects.names[s][size] == '\0')
            CLILE_I_TRY(count_unlabelled(r, images, subjects.names[s]));
    }
cleanup:
    clile_i_names_free(&subjects);
    clile_i_free(images);
    return status;
}

static clile_status find_images(reader *r)
{
    clile_status status = CLILE_OK;
    char **below = NULL;
    CLILE_I_ALLOC(below, r->count);
    for (int64_t i = 0; i < r->count; ++i) {
        below[i] = clile_i_path_join(r->sequences[i].subject, r->sequences[i].task);
        if (below[i] == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
    }
    status = clile_i_frames_root(r->request->path, r->count, below, r->table, &r->images);
cleanup:
    for (int64_t i = 0; below != NULL && i < r->count; ++i) clile_i_free(below[i]);
    clile_i_free(below);
    return status;
}

static clile_status open_bp4d(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    reader r = {.request = request, .table = table};
    int32_t c = 0, *ids = NULL;
    int64_t at = 0;
    const char **stems = NULL;

    CLILE_I_TRY(find_labels(request->path, &r.labels, &r.count, &r.sequences, &at));
    if (r.count == 0) {
        status = clile_i_fail(CLILE_E_FORMAT, "%s: no BP4D label files; looked for %s",
                              request->path, clile_i_layout_bp4d.looked_for);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_au_set_parse(request->au_set, 12, clile_i_au_set_bp4d, &c, &ids));
    CLILE_I_TRY(clile_i_table_begin(table, request->path, c, ids));
    CLILE_I_ALLOC(r.columns, c);
    CLILE_I_TRY(find_images(&r));
    for (int64_t i = 0; i < r.count; ++i) CLILE_I_TRY(read_sequence(&r, &r.sequences[i]));
    CLILE_I_TRY(count_all_unlabelled(&r));
    CLILE_I_TRY(check_misspelled(r.labels, table));
    CLILE_I_TRY(check_other_labels(request->path, at, table));
    CLILE_I_ALLOC(stems, r.count);
    for (int64_t i = 0; i < r.count; ++i) stems[i] = r.sequences[i].stem;
    CLILE_I_TRY(clile_i_roots_check_faces(request->path, r.count, stems, table));
    status = clile_i_table_finish(table);
cleanup:
    clile_i_free(stems);
    clile_i_free(r.columns);
    clile_i_free(r.images);
    clile_i_free(r.labels);
    clile_i_free(r.sequences);
    clile_i_free(ids);
    return status;
}

const clile_i_layout clile_i_layout_bp4d = {
    .name = "bp4d",
    .looked_for = "SUBJECT_TASK.csv (such as F001_T1.csv) in AUCoding/AU_OCC, AU_OCC, AUCoding and "
                  "the folder itself",
    .recognise = recognise,
    .open = open_bp4d,
};
