/* DISFA+ (Mavadati, Sanger, Mahoor, "Extended DISFA Dataset", CVPR Workshops 2016). The data are
 * licensed; this layout is what public code reads (docs/data.md says which, and what could not
 * be verified):
 *   Labels/SUBJECT/TRIAL/AUn.txt     rows "000.jpg     2": image, intensity 0..5;
 *                                    up to two other lines come first
 *   Images/SUBJECT/TRIAL/000.jpg     such as SN001/A1_AU1_TrailNo_1/000.jpg
 *   landmarks/SUBJECT_TRIAL.csv      optional, and boxes/; their frame is the number in the
 *                                    image's name
 * Rows name their image, so that there is no first image to be found out. */
#include "layout/layout.h"

#include <string.h>

enum { HEADER_LINES = 2 };

static const char *const label_folders[] = {"Labels", ""};
enum { LABEL_FOLDERS = sizeof label_folders / sizeof *label_folders };

typedef struct {
    char *subject, *trial, *below; /* "SN001", "A1_AU1_TrailNo_1", "SN001/A1_AU1_TrailNo_1" */
} sequence;

typedef struct {
    const clile_i_layout_request *request;
    clile_i_table *table;
    char *labels, *images; /* folders: a path; below the request's path */
    sequence *sequences;
    int64_t count, capacity, taken; /* taken: of label_folders */
} reader;

typedef struct {
    int64_t n, frames_capacity, codes_capacity;
    int64_t *frame; /* [n] */
    int8_t *codes;  /* [n,c] */
} trial_labels;

/* The AU of a label file, 0 when the name is none. */
static int32_t file_au(const char *name)
{
    const char *dot = strrchr(name, '.');
    int64_t au = 0;
    if (dot == NULL || strcmp(dot, ".txt") != 0 || strncmp(name, "AU", 2) != 0) return 0;
    if (!clile_i_parse_i64(name + 2, dot, &au)) return 0;
    return au >= 1 && au <= 999 ? (int32_t)au : 0;
}

static int is_subject(const char *name)
{
    if (strncmp(name, "SN", 2) != 0 || name[2] == '\0') return 0;
    return strspn(name + 2, "0123456789") == strlen(name + 2);
}

static clile_status add_sequence(reader *r, const char *subject, const char *trial)
{
    void *block = r->sequences;
    const clile_status status =
        clile_i_grow(&block, &r->capacity, r->count + 1, sizeof *r->sequences);
    r->sequences = block;
    if (status != CLILE_OK) return status;
    sequence *s = &r->sequences[r->count++];
    s->subject = clile_i_strdup(subject);
    s->trial = clile_i_strdup(trial);
    s->below = clile_i_path_join(subject, trial);
    return s->subject != NULL && s->trial != NULL && s->below != NULL ? CLILE_OK
                                                                      : CLILE_E_OUT_OF_MEMORY;
}

static void free_reader(reader *r)
{
    for (int64_t i = 0; i < r->count; ++i) {
        clile_i_free(r->sequences[i].subject);
        clile_i_free(r->sequences[i].trial);
        clile_i_free(r->sequences[i].below);
    }
    clile_i_free(r->sequences);
    clile_i_free(r->labels);
    clile_i_free(r->images);
    r->sequences = NULL;
    r->labels = r->images = NULL;
    r->count = r->capacity = 0;
}

/* The trials of one subject that have label files. */
static clile_status find_trials(reader *r, const char *subject)
{
    clile_status status = CLILE_OK;
    clile_i_names trials = {0}, files = {0};
    char *trial = NULL, *folder = clile_i_path_join(r->labels, subject);
    if (folder == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_is_folder(folder)) goto cleanup;
    CLILE_I_TRY(clile_i_folder_list(folder, &trials));
    for (int64_t t = 0; t < trials.count; ++t) {
        int32_t au = 0;
        clile_i_free(trial);
        trial = clile_i_path_join(folder, trials.names[t]);
        if (trial == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        if (!clile_i_path_is_folder(trial)) continue;
        clile_i_names_free(&files);
        CLILE_I_TRY(clile_i_folder_list(trial, &files));
        for (int64_t i = 0; i < files.count && au == 0; ++i) au = file_au(files.names[i]);
        if (au > 0) CLILE_I_TRY(add_sequence(r, subject, trials.names[t]));
    }
cleanup:
    clile_i_names_free(&files);
    clile_i_names_free(&trials);
    clile_i_free(trial);
    clile_i_free(folder);
    return status;
}

static clile_status find_labels_in(reader *r, const char *folder)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    free_reader(r);
    r->labels = clile_i_path_join(r->request->path, folder);
    if (r->labels == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_is_folder(r->labels)) return CLILE_OK;
    CLILE_I_TRY(clile_i_folder_list(r->labels, &names));
    for (int64_t i = 0; i < names.count; ++i)
        if (is_subject(names.names[i])) CLILE_I_TRY(find_trials(r, names.names[i]));
cleanup:
    clile_i_names_free(&names);
    return status;
}

/* From the first folder that has any. */
static clile_status find_labels(reader *r)
{
    for (r->taken = 0; r->taken < LABEL_FOLDERS; ++r->taken) {
        CLILE_I_RETURN_IF(find_labels_in(r, label_folders[r->taken]));
        if (r->count > 0) break;
    }
    return CLILE_OK;
}

/* Label files in a folder after the one that was taken. */
static clile_status check_other_labels(const reader *r)
{
    for (int64_t k = r->taken + 1; k < LABEL_FOLDERS; ++k) {
        reader other = {.request = r->request};
        clile_status status = find_labels_in(&other, label_folders[k]);
        const int64_t count = other.count;
        free_reader(&other);
        if (status == CLILE_OK && count > 0)
            status =
                clile_i_roots_warn_labels(r->request->path, label_folders, r->taken, k, r->table);
        if (status != CLILE_OK) return status;
    }
    return CLILE_OK;
}

static clile_status check_faces(const reader *r)
{
    clile_status status = CLILE_OK;
    char **stems = NULL;
    CLILE_I_ALLOC(stems, r->count);
    for (int64_t i = 0; i < r->count; ++i) {
        stems[i] = clile_i_strdup(r->sequences[i].below);
        if (stems[i] == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        stems[i][strlen(r->sequences[i].subject)] = '_';
    }
    status =
        clile_i_roots_check_faces(r->request->path, r->count, (const char *const *)stems, r->table);
cleanup:
    for (int64_t i = 0; stems != NULL && i < r->count; ++i) clile_i_free(stems[i]);
    clile_i_free(stems);
    return status;
}

static clile_status recognise(const char *path, int32_t *fits)
{
    const clile_i_layout_request request = {.path = path};
    reader r = {.request = &request};
    *fits = 0;
    if (!clile_i_path_is_folder(path)) return CLILE_OK;
    const clile_status status = find_labels(&r);
    *fits = r.count > 0;
    free_reader(&r);
    return status;
}

/* ---- one trial ---- */

/* INVALID_ARGUMENT with the AUs that the trial has. */
static clile_status fail_without(const char *folder, const sequence *s, int32_t au)
{
    clile_status status = CLILE_OK;
    clile_i_names files = {0};
    clile_i_text have = {0};
    CLILE_I_TRY(clile_i_folder_list(folder, &files));
    for (int64_t i = 0; i < files.count; ++i)
        if (file_au(files.names[i]) > 0) clile_i_text_append(&have, " %d", file_au(files.names[i]));
    status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                          "DISFA+ labels of %s: AU %d is not coded there; it has%s", s->below, au,
                          have.data != NULL ? have.data : " none");
cleanup:
    clile_i_text_free(&have);
    clile_i_names_free(&files);
    return status;
}

/* "000.jpg   2" as its two words: 1, or 0 when it is no such row. */
static int split_row(const clile_i_rows *rows, char *image, size_t size, const char **word,
                     const char **end)
{
    int64_t number = 0;
    const char *at = rows->begin[0], *stop = rows->end[rows->count - 1], *blank = at;
    while (blank < stop && *blank != ' ' && *blank != '\t' && *blank != ',') ++blank;
    if (blank == at || (size_t)(blank - at) >= size) return 0;
    memcpy(image, at, (size_t)(blank - at));
    image[blank - at] = '\0';
    while (blank < stop && (*blank == ' ' || *blank == '\t' || *blank == ',')) ++blank;
    *word = blank;
    *end = stop;
    return clile_i_frame_number(image, &number);
}

static clile_status parse_row(const clile_i_rows *rows, const reader *r, int64_t *frame,
                              int8_t *code)
{
    char image[64];
    const char *begin = NULL, *end = NULL;
    double intensity = 0.0;
    if (!split_row(rows, image, sizeof image, &begin, &end))
        return clile_i_rows_fail(rows, "expected an image and an intensity, such as \"000.jpg 2\"");
    clile_i_frame_number(image, frame);
    if (!clile_i_parse_f64(begin, end, &intensity) ||
        !(intensity == 9.0 ||
          (intensity >= 0.0 && intensity <= 5.0 && intensity == (double)(int32_t)intensity)))
        return clile_i_rows_fail(rows, "intensity \"%.*s\", expected 0 to 5 or 9 (not coded)",
                                 end - begin < 40 ? (int)(end - begin) : 40, begin);
    if (intensity == 9.0)
        *code = r->request->unknown_negative ? 0 : -1;
    else
        *code = intensity >= r->request->present_from;
    return CLILE_OK;
}

static clile_status reserve(trial_labels *labels, int32_t c)
{
    void *block = labels->frame;
    clile_status status =
        clile_i_grow(&block, &labels->frames_capacity, labels->n + 1, sizeof *labels->frame);
    labels->frame = block;
    if (status != CLILE_OK) return status;
    block = labels->codes;
    status = clile_i_grow(&block, &labels->codes_capacity, labels->n + 1, (size_t)c);
    labels->codes = block;
    return status;
}

/* Row n of column a; the first AU read fixes the images, the others must have the same. */
static clile_status put_row(const clile_i_rows *rows, const reader *r, int32_t a, int64_t n,
                            trial_labels *labels)
{
    const int32_t c = r->table->c;
    int64_t frame = 0;
    int8_t code = 0;
    CLILE_I_RETURN_IF(parse_row(rows, r, &frame, &code));
    if (a == 0) {
        if (n > 0 && frame <= labels->frame[n - 1])
            return clile_i_rows_fail(rows, "image %lld after image %lld", (long long)frame,
                                     (long long)labels->frame[n - 1]);
        CLILE_I_RETURN_IF(reserve(labels, c));
        labels->frame[labels->n++] = frame;
    } else if (n >= labels->n || labels->frame[n] != frame) {
        return clile_i_rows_fail(rows, "image %lld, which AU%d.txt does not have in this place",
                                 (long long)frame, r->table->au_ids[0]);
    }
    labels->codes[n * c + a] = code;
    return CLILE_OK;
}

static clile_status read_au(const reader *r, const sequence *s, const char *folder, int32_t a,
                            trial_labels *labels)
{
    clile_status status = CLILE_OK;
    clile_i_rows rows = {0};
    int32_t more = 0;
    int64_t n = 0;
    char name[32], image[64];
    const char *word = NULL, *end = NULL;
    snprintf(name, sizeof name, "AU%d.txt", r->table->au_ids[a]);
    char *path = clile_i_path_join(folder, name);
    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_exists(path)) {
        status = fail_without(folder, s, r->table->au_ids[a]);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_rows_open("DISFA+ label file", path, r->request->max_label_bytes, &rows));
    rows.blanks = 1;
    /* SUBJECT/TRIAL/AUn.txt */
    rows.name = path + strlen(r->labels) + (r->labels[strlen(r->labels) - 1] != '/');
    for (;;) {
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        const int row = split_row(&rows, image, sizeof image, &word, &end);
        if (!row && (rows.begin[0][0] == '#' || (n == 0 && rows.lines.line <= HEADER_LINES)))
            continue;
        CLILE_I_TRY(put_row(&rows, r, a, n, labels));
        ++n;
    }
    if (n != labels->n)
        status =
            clile_i_fail(CLILE_E_FORMAT, "DISFA+ label file %s: %lld images, AU%d.txt has %lld",
                         rows.name, (long long)n, r->table->au_ids[0], (long long)labels->n);
    else if (n == 0)
        status = clile_i_fail(CLILE_E_FORMAT,
                              "DISFA+ label file %s has no row such as \"000.jpg 2\"", rows.name);
cleanup:
    clile_i_rows_close(&rows);
    clile_i_free(path);
    return status;
}

static clile_status add_rows(reader *r, const sequence *s, const trial_labels *labels,
                             const char *folder, const clile_i_frames *frames)
{
    clile_status status = CLILE_OK;
    clile_i_table *table = r->table;
    clile_i_faces faces = {0};
    clile_i_text stem = {0};
    uint8_t *labelled = NULL;
    int32_t subject = 0;
    clile_i_text_append(&stem, "%s_%s", s->subject, s->trial);
    CLILE_I_TRY(stem.status);
    CLILE_I_TRY(clile_i_faces_read(r->request, stem.data, &faces));
    CLILE_I_TRY(
        clile_i_table_subject(table, s->subject, s->subject + strlen(s->subject), &subject));
    CLILE_I_ALLOC(labelled, frames->count);
    const int64_t before = table->n + table->misplaced;
    for (int64_t i = 0; i < labels->n; ++i) {
        const clile_i_frame *frame = clile_i_frames_find(frames, labels->frame[i]);
        ++table->counts.label_rows;
        if (frame == NULL) {
            char row[32];
            snprintf(row, sizeof row, "%03lld", (long long)labels->frame[i]);
            CLILE_I_TRY(clile_i_table_left_out(table, CLILE_I_LEFT_OUT_LABELS, folder, row));
            continue;
        }
        labelled[frame - frames->frames] = 1;
        CLILE_I_TRY(clile_i_places_add(table, folder, frame->name, subject,
                                       labels->codes + i * table->c,
                                       clile_i_places_find(&faces.landmarks, labels->frame[i]),
                                       clile_i_places_find(&faces.boxes, labels->frame[i])));
    }
    CLILE_I_TRY(clile_i_table_fit(table, folder, labels->n, frames->count,
                                  table->n + table->misplaced - before));
    for (int64_t k = 0; k < frames->count; ++k)
        if (!labelled[k])
            CLILE_I_TRY(clile_i_table_left_out(table, CLILE_I_LEFT_OUT_IMAGES, folder,
                                               frames->frames[k].name));
cleanup:
    clile_i_free(labelled);
    clile_i_text_free(&stem);
    clile_i_faces_free(&faces);
    return status;
}

static clile_status read_sequence(reader *r, const sequence *s)
{
    clile_status status = CLILE_OK;
    trial_labels labels = {0};
    clile_i_frames frames = {0};
    char *folder = NULL, *path = NULL, *label_folder = clile_i_path_join(r->labels, s->below);
    folder =
        r->images[0] != '\0' ? clile_i_path_join(r->images, s->below) : clile_i_strdup(s->below);
    path = folder != NULL ? clile_i_path_join(r->request->path, folder) : NULL;
    if (label_folder == NULL || path == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    for (int32_t a = 0; a < r->table->c; ++a) CLILE_I_TRY(read_au(r, s, label_folder, a, &labels));
    CLILE_I_TRY(clile_i_frames_list(path, r->table, &frames));
    status = add_rows(r, s, &labels, folder, &frames);
cleanup:
    clile_i_frames_free(&frames);
    clile_i_free(labels.frame);
    clile_i_free(labels.codes);
    clile_i_free(path);
    clile_i_free(folder);
    clile_i_free(label_folder);
    return status;
}

static int is_labelled(const reader *r, const char *below)
{
    for (int64_t i = 0; i < r->count; ++i)
        if (strcmp(r->sequences[i].below, below) == 0) return 1;
    return 0;
}

/* Images of trials that have no labels. */
static clile_status count_unlabelled(reader *r, const char *images, const char *subject)
{
    clile_status status = CLILE_OK;
    clile_i_names trials = {0};
    clile_i_frames frames = {0};
    char *folder = clile_i_path_join(images, subject), *below = NULL, *path = NULL;
    if (folder == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_is_folder(folder)) goto cleanup;
    CLILE_I_TRY(clile_i_folder_list(folder, &trials));
    for (int64_t t = 0; t < trials.count; ++t) {
        clile_i_free(below);
        clile_i_free(path);
        below = clile_i_path_join(subject, trials.names[t]);
        path = clile_i_path_join(folder, trials.names[t]);
        if (below == NULL || path == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        if (is_labelled(r, below)) continue;
        clile_i_frames_free(&frames);
        CLILE_I_TRY(clile_i_frames_list(path, r->table, &frames));
        const char *below_root = path + strlen(r->request->path) + 1;
        for (int64_t k = 0; k < frames.count; ++k)
            CLILE_I_TRY(clile_i_table_left_out(r->table, CLILE_I_LEFT_OUT_IMAGES, below_root,
                                               frames.frames[k].name));
    }
cleanup:
    clile_i_frames_free(&frames);
    clile_i_names_free(&trials);
    clile_i_free(path);
    clile_i_free(below);
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
    for (int64_t s = 0; s < subjects.count; ++s)
        if (is_subject(subjects.names[s]))
            CLILE_I_TRY(count_unlabelled(r, images, subjects.names[s]));
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
    for (int64_t i = 0; i < r->count; ++i) below[i] = r->sequences[i].below;
    status = clile_i_frames_root(r->request->path, r->count, below, r->table, &r->images);
cleanup:
    clile_i_free(below);
    return status;
}

static clile_status open_disfa_plus(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    reader r = {.request = request, .table = table};
    int32_t c = 0, *ids = NULL;

    CLILE_I_TRY(find_labels(&r));
    if (r.count == 0) {
        status = clile_i_fail(CLILE_E_FORMAT, "%s: no DISFA+ label files; looked for %s",
                              request->path, clile_i_layout_disfa_plus.looked_for);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_au_set_parse(request->au_set, 8, clile_i_au_set_disfa, &c, &ids));
    CLILE_I_TRY(clile_i_table_begin(table, request->path, c, ids));
    CLILE_I_TRY(find_images(&r));
    for (int64_t i = 0; i < r.count; ++i) CLILE_I_TRY(read_sequence(&r, &r.sequences[i]));
    CLILE_I_TRY(count_all_unlabelled(&r));
    CLILE_I_TRY(check_other_labels(&r));
    CLILE_I_TRY(check_faces(&r));
    status = clile_i_table_finish(table);
cleanup:
    free_reader(&r);
    clile_i_free(ids);
    return status;
}

const clile_i_layout clile_i_layout_disfa_plus = {
    .name = "disfa+",
    .looked_for = "SUBJECT/TRIAL/AUn.txt (such as SN001/A1_AU1_TrailNo_1/AU1.txt) in Labels and "
                  "the folder itself",
    .recognise = recognise,
    .open = open_disfa_plus,
};
