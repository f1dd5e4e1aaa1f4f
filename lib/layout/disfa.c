/* DISFA as distributed (Mavadati et al., "DISFA", IEEE Transactions on Affective Computing
 * 2013):
 *   ActionUnit_Labels/SUBJECT/SUBJECT_auN.txt   rows frame,intensity; frames from 1; intensity
 *                                               0 (absent), 1..5 (A..E)
 *   .../SUBJECT/INDEX.png                       frames of the video, counted from 0 or from 1
 *   landmarks/SUBJECT.csv, boxes/SUBJECT.csv    optional; their frame is the number in the
 *                                               image's name
 * An AU is present from intensity `present_from` on. Label frame k belongs to image k - 1 +
 * first_image, see first_image.c. */
#include "layout/layout.h"

#include <string.h>

static const char *const label_folders[] = {"ActionUnit_Labels", ""};
enum { LABEL_FOLDERS = sizeof label_folders / sizeof *label_folders };

/* One subject's labels. */
typedef struct {
    int64_t n, capacity;
    int64_t *frame; /* [n] */
    int8_t *codes;  /* [n,c] */
} subject_labels;

typedef struct {
    const clile_i_layout_request *request;
    clile_i_table *table;
    char *labels;              /* folder of the subjects' label folders */
    char *images;              /* folder of the subjects' image folders, below the path */
    char **subject;            /* [count] */
    int64_t count, taken;      /* of label_folders */
    clile_i_frames *frames;    /* [count] */
    subject_labels *labels_of; /* [count] */
    int32_t first_image;       /* 0 or 1 */
} reader;

/* The AU of a label file of `subject`, 0 when the name is none. */
static int32_t file_au(const char *name, const char *subject)
{
    const size_t size = strlen(subject);
    const char *dot = strrchr(name, '.');
    int64_t au = 0;
    if (dot == NULL || strcmp(dot, ".txt") != 0 || strncmp(name, subject, size) != 0) return 0;
    if (strncmp(name + size, "_au", 3) != 0 || !clile_i_parse_i64(name + size + 3, dot, &au))
        return 0;
    return au >= 1 && au <= 999 ? (int32_t)au : 0;
}

static int is_subject_name(const char *name)
{
    const char *digits = name;
    while ((*digits >= 'a' && *digits <= 'z') || (*digits >= 'A' && *digits <= 'Z')) ++digits;
    if (digits == name || *digits == '\0') return 0;
    while (*digits >= '0' && *digits <= '9') ++digits;
    return *digits == '\0';
}

/* *fits: 1 when folder/subject has a label file. */
static clile_status has_labels(const char *folder, const char *subject, int32_t *fits)
{
    clile_status status = CLILE_OK;
    clile_i_names files = {0};
    char *path = clile_i_path_join(folder, subject);
    *fits = 0;
    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_is_folder(path)) goto cleanup;
    CLILE_I_TRY(clile_i_folder_list(path, &files));
    for (int64_t i = 0; i < files.count && !*fits; ++i)
        *fits = file_au(files.names[i], subject) > 0;
cleanup:
    clile_i_names_free(&files);
    clile_i_free(path);
    return status;
}

static void free_subjects(reader *r)
{
    for (int64_t s = 0; r->subject != NULL && s < r->count; ++s) clile_i_free(r->subject[s]);
    for (int64_t s = 0; r->frames != NULL && s < r->count; ++s) clile_i_frames_free(&r->frames[s]);
    for (int64_t s = 0; r->labels_of != NULL && s < r->count; ++s) {
        clile_i_free(r->labels_of[s].frame);
        clile_i_free(r->labels_of[s].codes);
    }
    clile_i_free(r->subject);
    clile_i_free(r->frames);
    clile_i_free(r->labels_of);
    clile_i_free(r->labels);
    clile_i_free(r->images);
    r->subject = NULL;
    r->frames = NULL;
    r->labels_of = NULL;
    r->labels = r->images = NULL;
    r->count = 0;
}

/* Fills labels, subject and count from one folder; a count of 0 when it has none. */
static clile_status find_labels_in(reader *r, const char *folder)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    free_subjects(r);
    r->labels = clile_i_path_join(r->request->path, folder);
    if (r->labels == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_is_folder(r->labels)) return CLILE_OK;
    CLILE_I_TRY(clile_i_folder_list(r->labels, &names));
    CLILE_I_ALLOC(r->subject, names.count);
    for (int64_t i = 0; i < names.count; ++i) {
        int32_t fits = 0;
        if (is_subject_name(names.names[i]))
            CLILE_I_TRY(has_labels(r->labels, names.names[i], &fits));
        if (!fits) continue;
        r->subject[r->count] = clile_i_strdup(names.names[i]);
        if (r->subject[r->count] == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        ++r->count;
    }
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
        free_subjects(&other);
        if (status == CLILE_OK && count > 0)
            status =
                clile_i_roots_warn_labels(r->request->path, label_folders, r->taken, k, r->table);
        if (status != CLILE_OK) return status;
    }
    return CLILE_OK;
}

static clile_status recognise(const char *path, int32_t *fits)
{
    const clile_i_layout_request request = {.path = path};
    reader r = {.request = &request};
    *fits = 0;
    if (!clile_i_path_is_folder(path)) return CLILE_OK;
    const clile_status status = find_labels(&r);
    *fits = r.count > 0;
    free_subjects(&r);
    return status;
}

/* The file of AU `au`, or INVALID_ARGUMENT with the AUs that the subject has. `*out` is the
 * caller's. */
static clile_status label_path(const reader *r, const char *subject, int32_t au, char **out)
{
    clile_status status = CLILE_OK;
    clile_i_names files = {0};
    clile_i_text have = {0};
    char name[128];
    char *folder = clile_i_path_join(r->labels, subject);
    *out = NULL;
    if (folder == NULL) return CLILE_E_OUT_OF_MEMORY;
    snprintf(name, sizeof name, "%s_au%d.txt", subject, au);
    *out = clile_i_path_join(folder, name);
    if (*out == NULL) status = CLILE_E_OUT_OF_MEMORY;
    if (status == CLILE_OK && !clile_i_path_exists(*out)) {
        CLILE_I_TRY(clile_i_folder_list(folder, &files));
        for (int64_t i = 0; i < files.count; ++i)
            if (file_au(files.names[i], subject) > 0)
                clile_i_text_append(&have, " %d", file_au(files.names[i], subject));
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "DISFA labels of %s: AU %d is not coded there; it has%s", subject, au,
                              have.data != NULL ? have.data : " none");
    }
cleanup:
    if (status != CLILE_OK) {
        clile_i_free(*out);
        *out = NULL;
    }
    clile_i_text_free(&have);
    clile_i_names_free(&files);
    clile_i_free(folder);
    return status;
}

/* Room for one more frame; codes are [n,c] so that each AU's file fills a column. */
static clile_status reserve(subject_labels *labels, int32_t c)
{
    int64_t frames = labels->capacity, codes = labels->capacity;
    void *block = labels->frame;
    clile_status status = clile_i_grow(&block, &frames, labels->n + 1, sizeof *labels->frame);
    labels->frame = block;
    if (status != CLILE_OK) return status;
    block = labels->codes;
    status = clile_i_grow(&block, &codes, labels->n + 1, (size_t)c);
    labels->codes = block;
    if (status == CLILE_OK) labels->capacity = codes;
    return status;
}

static clile_status read_intensity(const clile_i_rows *rows, const reader *r, int64_t *frame,
                                   int8_t *code)
{
    int64_t intensity = 0;
    if (rows->count != 2)
        return clile_i_rows_fail(rows, "%lld columns, expected frame,intensity",
                                 (long long)rows->count);
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, 0, "a frame", frame));
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, 1, "an intensity", &intensity));
    if (intensity > 5 && intensity != 9)
        return clile_i_rows_fail(rows, "intensity %lld, expected 0 to 5 or 9 (not coded)",
                                 (long long)intensity);
    if (intensity == 9)
        *code = r->request->unknown_negative ? 0 : -1;
    else
        *code = intensity >= r->request->present_from;
    return CLILE_OK;
}

/* Column a of the subject's codes; the first AU read fixes the frames, the others must have the
 * same. */
static clile_status read_au(const reader *r, const char *subject, int32_t a, subject_labels *labels)
{
    clile_status status = CLILE_OK;
    const int32_t c = r->table->c;
    clile_i_rows rows = {0};
    int32_t more = 0;
    int64_t n = 0;
    char *path = NULL;

    CLILE_I_TRY(label_path(r, subject, r->table->au_ids[a], &path));
    CLILE_I_TRY(clile_i_rows_open("DISFA label file", path, r->request->max_label_bytes, &rows));
    for (;; ++n) {
        int64_t frame = 0;
        int8_t code = 0;
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        CLILE_I_TRY(read_intensity(&rows, r, &frame, &code));
        if (a == 0) {
            if (n > 0 && frame <= labels->frame[n - 1]) {
                status = clile_i_rows_fail(&rows, "frame %lld after frame %lld", (long long)frame,
                                           (long long)labels->frame[n - 1]);
                goto cleanup;
            }
            CLILE_I_TRY(reserve(labels, c));
            labels->frame[labels->n++] = frame;
        } else if (n >= labels->n || labels->frame[n] != frame) {
            status = clile_i_rows_fail(&rows,
                                       "frame %lld, which %s_au%d.txt does not have in this place",
                                       (long long)frame, subject, r->table->au_ids[0]);
            goto cleanup;
        }
        labels->codes[n * c + a] = code;
    }
    if (n != labels->n)
        status = clile_i_fail(CLILE_E_FORMAT,
                              "DISFA label file %s: %lld frames, %s_au%d.txt has %lld", rows.name,
                              (long long)n, subject, r->table->au_ids[0], (long long)labels->n);
    else if (n == 0)
        status = clile_i_fail(CLILE_E_FORMAT, "DISFA label file %s has no row frame,intensity",
                              rows.name);
cleanup:
    clile_i_rows_close(&rows);
    clile_i_free(path);
    return status;
}

static clile_status add_subject(reader *r, int64_t s)
{
    clile_status status = CLILE_OK;
    clile_i_table *table = r->table;
    const char *name = r->subject[s];
    const clile_i_frames *frames = &r->frames[s];
    const subject_labels *labels = &r->labels_of[s];
    clile_i_faces faces = {0};
    uint8_t *labelled = NULL;
    int32_t subject = 0;
    char *folder = r->images[0] != '\0' ? clile_i_path_join(r->images, name) : clile_i_strdup(name);

    if (folder == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_faces_read(r->request, name, &faces));
    CLILE_I_TRY(clile_i_table_subject(table, name, name + strlen(name), &subject));
    CLILE_I_ALLOC(labelled, frames->count);
    const int64_t before = table->n + table->misplaced;
    for (int64_t i = 0; i < labels->n; ++i) {
        const int64_t number = labels->frame[i] - 1 + r->first_image;
        const clile_i_frame *frame = clile_i_frames_find(frames, number);
        ++table->counts.label_rows;
        if (frame == NULL) {
            char row[32];
            snprintf(row, sizeof row, "%lld", (long long)number);
            CLILE_I_TRY(clile_i_table_left_out(table, CLILE_I_LEFT_OUT_LABELS, folder, row));
            continue;
        }
        labelled[frame - frames->frames] = 1;
        CLILE_I_TRY(clile_i_places_add(table, folder, frame->name, subject,
                                       labels->codes + i * table->c,
                                       clile_i_places_find(&faces.landmarks, number),
                                       clile_i_places_find(&faces.boxes, number)));
    }
    CLILE_I_TRY(clile_i_table_fit(table, folder, labels->n, frames->count,
                                  table->n + table->misplaced - before));
    for (int64_t k = 0; k < frames->count; ++k)
        if (!labelled[k])
            CLILE_I_TRY(clile_i_table_left_out(table, CLILE_I_LEFT_OUT_IMAGES, folder,
                                               frames->frames[k].name));
cleanup:
    clile_i_free(labelled);
    clile_i_faces_free(&faces);
    clile_i_free(folder);
    return status;
}

/* All labels, and then which image belongs to which. */
static clile_status read_labels(reader *r)
{
    clile_status status = CLILE_OK;
    clile_i_numbering *numbering = NULL;
    CLILE_I_ALLOC(r->labels_of, r->count);
    CLILE_I_ALLOC(numbering, r->count);
    for (int64_t s = 0; s < r->count; ++s) {
        subject_labels *labels = &r->labels_of[s];
        for (int32_t a = 0; a < r->table->c; ++a) CLILE_I_TRY(read_au(r, r->subject[s], a, labels));
        numbering[s] =
            (clile_i_numbering){.images = &r->frames[s], .n = labels->n, .frame = labels->frame};
    }
    status = clile_i_first_image(r->request->first_image, r->count, numbering, 1, r->table,
                                 &r->first_image);
cleanup:
    clile_i_free(numbering);
    return status;
}

/* Lists the images of every labelled subject, and counts those of subjects without labels. */
static clile_status list_images(reader *r)
{
    clile_status status = CLILE_OK;
    clile_i_names subjects = {0};
    clile_i_frames extra = {0};
    char *folder = NULL;
    char *images = clile_i_path_join(r->request->path, r->images);
    if (images == NULL) return CLILE_E_OUT_OF_MEMORY;

    CLILE_I_ALLOC(r->frames, r->count);
    CLILE_I_TRY(clile_i_folder_list(images, &subjects));
    for (int64_t k = 0; k < subjects.count; ++k) {
        int64_t s = 0;
        if (!is_subject_name(subjects.names[k])) continue;
        while (s < r->count && strcmp(r->subject[s], subjects.names[k]) != 0) ++s;
        clile_i_free(folder);
        folder = clile_i_path_join(images, subjects.names[k]);
        if (folder == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        CLILE_I_TRY(clile_i_frames_list(folder, r->table, s < r->count ? &r->frames[s] : &extra));
        const char *below = folder + strlen(r->request->path) + 1;
        for (int64_t i = 0; i < extra.count; ++i)
            CLILE_I_TRY(clile_i_table_left_out(r->table, CLILE_I_LEFT_OUT_IMAGES, below,
                                               extra.frames[i].name));
        clile_i_frames_free(&extra);
    }
cleanup:
    clile_i_free(folder);
    clile_i_free(images);
    clile_i_names_free(&subjects);
    return status;
}

static clile_status open_disfa(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    reader r = {.request = request, .table = table};
    int32_t c = 0, *ids = NULL;

    CLILE_I_TRY(find_labels(&r));
    if (r.count == 0) {
        status = clile_i_fail(CLILE_E_FORMAT, "%s: no DISFA label files; looked for %s",
                              request->path, clile_i_layout_disfa.looked_for);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_au_set_parse(request->au_set, 8, clile_i_au_set_disfa, &c, &ids));
    CLILE_I_TRY(clile_i_table_begin(table, request->path, c, ids));
    CLILE_I_TRY(clile_i_frames_root(request->path, r.count, r.subject, table, &r.images));
    CLILE_I_TRY(list_images(&r));
    CLILE_I_TRY(read_labels(&r));
    for (int64_t s = 0; s < r.count; ++s) CLILE_I_TRY(add_subject(&r, s));
    CLILE_I_TRY(check_other_labels(&r));
    CLILE_I_TRY(
        clile_i_roots_check_faces(request->path, r.count, (const char *const *)r.subject, table));
    status = clile_i_table_finish(table);
cleanup:
    free_subjects(&r);
    clile_i_free(ids);
    return status;
}

const clile_i_layout clile_i_layout_disfa = {
    .name = "disfa",
    .looked_for = "SUBJECT/SUBJECT_auN.txt (such as SN001/SN001_au1.txt) in ActionUnit_Labels and "
                  "the folder itself",
    .recognise = recognise,
    .open = open_disfa,
};
