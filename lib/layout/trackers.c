/* CSV files of OpenFace 2 and Py-Feat as a source of labels. They say what a program saw, not what
 * a human coder saw.
 *   NAME.csv             OpenFace: frame (from 1), success, AU01_c, ...; AU01_r are
 *                        intensities, not labels
 *                        Py-Feat: input (an image or a video), frame (of a video, from 0), AU01,
 *                        ... probabilities
 *   NAME/00001.jpg       the frames, by the number at the end of their name; or
 *                        NAME_aligned/frame_det_00_000001.bmp,
 *                        OpenFace's own crops, to which its landmarks do not apply
 * The path of an image in Py-Feat's input is absolute or below the folder of the file. The subject
 * is part of the file's name, see clile_i_paths_subject. For images, it is in a column `subject`,
 * or else in their path. */
#include "image/image.h"
#include "layout/csv.h"

#include <string.h>

typedef struct {
    uint8_t has_points, has_box;
    clile_i_landmarks landmarks;
    float box[4];
} place;

typedef struct {
    char *stem;             /* "NAME" */
    char *images;           /* folder of frames, below the root; NULL: rows name images */
    clile_i_frames frames;  /* by number */
    clile_i_frames ordered; /* all images by name, numbered 0, 1, ... */
    int64_t rows, rows_capacity;
    int64_t *every; /* [rows] frames of all rows, with or without a face */
    int64_t n, capacity[3];
    int64_t *frame; /* [n] */
    int8_t *codes;  /* [n,c] */
    place *places;  /* [n] */
} video;

typedef struct {
    const clile_i_layout_request *request;
    clile_i_table *table;
    char *root;
    video *videos;
    int64_t count, capacity;
    clile_i_csv_kind kind; /* of all files */
    int32_t intensities, other_files;
    int64_t misordered; /* videos whose images are in a different order by number than by name */
    /* videos whose images were taken in order of names; those whose numbers have gaps */
    int64_t in_order, uneven;
    const char *first_in_order, *first_misordered;
} reader;

/* Recognises a file even if its separators are wrong. */
static clile_i_csv_kind kind_of(clile_i_rows *rows)
{
    clile_i_csv_kind kind = clile_i_csv_recognise(rows);
    if (kind != CLILE_I_CSV_MANIFEST || rows->count > 1) return kind;
    clile_i_rows_split_otherwise(rows);
    kind = clile_i_csv_recognise(rows);
    rows->count = 1;
    rows->begin[0] = rows->line_begin;
    rows->end[0] = rows->line_end;
    return kind;
}

/* Opens a file and reads its header. *trackers: whether it is from OpenFace or Py-Feat. */
static clile_status open_rows(const char *path, int64_t max_bytes, clile_i_rows *rows,
                              int32_t *trackers)
{
    int32_t more = 0;
    *trackers = 0;
    CLILE_I_RETURN_IF(clile_i_rows_open("CSV file", path, max_bytes, rows));
    CLILE_I_RETURN_IF(clile_i_rows_next(rows, &more));
    if (!more) return CLILE_OK;
    const clile_i_csv_kind kind = kind_of(rows);
    *trackers = kind != CLILE_I_CSV_MANIFEST;
    if (*trackers) rows->kind = kind == CLILE_I_CSV_OPENFACE ? "OpenFace file" : "Py-Feat file";
    return CLILE_OK;
}

static int is_csv(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && dot != name && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".CSV") == 0);
}

/* A file with an unreadable header is not a tracker's. Another layout may say what is wrong with
 * it. */
static clile_status is_tracker_file(const char *path, int32_t *fits)
{
    clile_i_rows rows = {0};
    *fits = 0;
    const clile_status status = open_rows(path, INT64_MAX, &rows, fits);
    clile_i_rows_close(&rows);
    return status == CLILE_E_OUT_OF_MEMORY ? status : CLILE_OK;
}

clile_status clile_i_trackers_recognise(const char *path, int32_t *fits)
{
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    char *file = NULL;
    *fits = 0;
    if (!clile_i_path_is_folder(path)) return is_tracker_file(path, fits);
    CLILE_I_TRY(clile_i_folder_list(path, &names));
    for (int64_t i = 0; i < names.count && !*fits; ++i) {
        if (!is_csv(names.names[i])) continue;
        clile_i_free(file);
        file = clile_i_path_join(path, names.names[i]);
        if (file == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        CLILE_I_TRY(is_tracker_file(file, fits));
    }
cleanup:
    clile_i_free(file);
    clile_i_names_free(&names);
    return status;
}

/* ---- one file ---- */

static void free_reader(reader *r)
{
    for (int64_t k = 0; k < r->count; ++k) {
        video *v = &r->videos[k];
        clile_i_free(v->stem);
        clile_i_free(v->images);
        clile_i_frames_free(&v->frames);
        clile_i_frames_free(&v->ordered);
        clile_i_free(v->every);
        clile_i_free(v->frame);
        clile_i_free(v->codes);
        clile_i_free(v->places);
    }
    clile_i_free(r->videos);
    clile_i_free(r->root);
}

static clile_status put_frame(video *v, int64_t frame)
{
    CLILE_I_GROW(v->every, &v->rows_capacity, v->rows + 1);
    v->every[v->rows++] = frame;
    return CLILE_OK;
}

static clile_status put_row(video *v, int32_t c, int64_t frame, const clile_i_csv_row *row)
{
    CLILE_I_GROW(v->frame, &v->capacity[0], v->n + 1);
    CLILE_I_GROW(v->codes, &v->capacity[1], (v->n + 1) * c);
    CLILE_I_GROW(v->places, &v->capacity[2], v->n + 1);
    place *p = &v->places[v->n];
    v->frame[v->n] = frame;
    memcpy(v->codes + v->n * c, row->codes, (size_t)c);
    p->has_points = row->has_points != 0;
    p->has_box = row->has_box != 0;
    p->landmarks = row->landmarks;
    memcpy(p->box, row->box, sizeof p->box);
    ++v->n;
    return CLILE_OK;
}

static clile_status subject_of(const clile_i_rows *rows, const clile_i_csv_header *h,
                               const char *path, char *subject)
{
    if (h->subject >= 0)
        return clile_i_csv_text(rows, h->subject, "the subject has no usable name", subject, 256);
    if (clile_i_paths_subject(path, subject)) return CLILE_OK;
    return clile_i_rows_fail(
        rows, "nothing names the subject: no folder in \"%.200s\", no column \"subject\"", path);
}

/* Frames are in ascending order. A second row of a frame is a second face. */
static clile_status read_frame(const clile_i_rows *rows, const clile_i_csv_header *h, int64_t *last,
                               int64_t *frame)
{
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, h->frame, "a frame", frame));
    if (*frame == INT64_MAX)
        return clile_i_rows_fail(rows, "frame %lld is too large", (long long)*frame);
    if (*frame == *last)
        return clile_i_rows_fail(rows, "a second row of frame %lld, expected one face per frame",
                                 (long long)*frame);
    if (*frame < *last)
        return clile_i_rows_fail(rows, "frame %lld after frame %lld", (long long)*frame,
                                 (long long)*last);
    *last = *frame;
    return CLILE_OK;
}

static clile_status add_named(const clile_i_rows *rows, reader *r, const clile_i_csv_header *h,
                              const char *image, const clile_i_csv_row *row)
{
    char name[256];
    int32_t subject = 0;
    ++r->table->counts.label_rows;
    if (!clile_i_paths_exists(r->root, image)) {
        return clile_i_table_left_out(r->table, CLILE_I_LEFT_OUT_LABELS, "", image);
    }
    CLILE_I_RETURN_IF(subject_of(rows, h, image, name));
    CLILE_I_RETURN_IF(clile_i_table_subject(r->table, name, name + strlen(name), &subject));
    return clile_i_places_add(r->table, "", image, subject, row->codes,
                              row->has_points ? &row->landmarks : NULL,
                              row->has_box ? row->box : NULL);
}

/* Reads a row. It names its image (Py-Feat), or the image is found later by frame number. */
static clile_status read_row(const clile_i_rows *rows, reader *r, const clile_i_csv_header *h,
                             video *v, int64_t *last)
{
    clile_i_csv_row row;
    char image[CLILE_I_PATH_SIZE] = "";
    int64_t frame = 0;
    int32_t face = 1;
    CLILE_I_RETURN_IF(clile_i_csv_has_face(rows, h, &face));
    if (h->image >= 0)
        CLILE_I_RETURN_IF(
            clile_i_csv_text(rows, h->image, "the input has no usable path", image, sizeof image));
    const int named = clile_i_image_kind_of_name(image) != CLILE_I_IMAGE_NONE;
    if (!named && h->frame < 0)
        return clile_i_rows_fail(rows, "no column \"frame\", and the input is not an image");
    if (!named) {
        CLILE_I_RETURN_IF(read_frame(rows, h, last, &frame));
        CLILE_I_RETURN_IF(put_frame(v, frame));
    }
    if (!face) {
        ++r->table->counts.rows_without_face;
        return CLILE_OK;
    }
    CLILE_I_RETURN_IF(clile_i_csv_read_row(rows, h, r->request->unknown_negative,
                                           r->request->present_from, &row));
    return named ? add_named(rows, r, h, image, &row) : put_row(v, h->c, frame, &row);
}

/* The first file determines the AUs. */
static clile_status read_header(const clile_i_rows *rows, reader *r, clile_i_csv_header *h)
{
    clile_status status = CLILE_OK;
    clile_i_text wanted = {0};
    CLILE_I_TRY(clile_i_csv_read_header(rows, h));
    if (r->table->c == 0) {
        CLILE_I_TRY(clile_i_csv_choose(rows, r->request->au_set, h));
        status = clile_i_table_begin(r->table, r->root, h->c, h->au);
        r->kind = h->kind;
        r->intensities = h->intensities;
        goto cleanup;
    }
    if (h->kind != r->kind) {
        status =
            clile_i_rows_fail(rows, "files of both OpenFace and Py-Feat; open them one by one");
        goto cleanup;
    }
    for (int32_t a = 0; a < r->table->c; ++a)
        clile_i_text_append(&wanted, "%s%d", a > 0 ? "," : "", r->table->au_ids[a]);
    CLILE_I_TRY(wanted.status);
    status = clile_i_csv_choose(rows, wanted.data, h);
cleanup:
    clile_i_text_free(&wanted);
    return status;
}

/* Lists the images of a folder in order of names, as OpenFace reads them. */
static clile_status list_in_order(const char *folder, clile_i_frames *out)
{
    clile_status status = CLILE_OK;
    if (!clile_i_path_is_folder(folder)) return CLILE_OK;
    CLILE_I_TRY(clile_i_folder_list(folder, &out->names));
    CLILE_I_ALLOC(out->frames, out->names.count);
    for (int64_t i = 0; i < out->names.count; ++i)
        if (clile_i_frames_is_image(out->names.names[i])) {
            out->frames[out->count] =
                (clile_i_frame){.number = out->count, .name = out->names.names[i]};
            ++out->count;
        }
cleanup:
    return status;
}

/* NAME or NAME_aligned, whichever has images. Original frames are better, because landmarks apply
 * to them. */
static clile_status find_frames(reader *r, video *v)
{
    clile_status status = CLILE_OK;
    clile_i_text folder = {0};
    char *path = NULL;
    for (int k = 0; k < 2 && v->ordered.count == 0; ++k) {
        clile_i_text_free(&folder);
        clile_i_free(path);
        clile_i_text_append(&folder, "%s%s", v->stem, k == 1 ? "_aligned" : "");
        path = folder.status == CLILE_OK ? clile_i_path_join(r->root, folder.data) : NULL;
        if (path == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        clile_i_frames_free(&v->frames);
        clile_i_frames_free(&v->ordered);
        CLILE_I_TRY(clile_i_frames_list(path, r->table, &v->frames));
        CLILE_I_TRY(list_in_order(path, &v->ordered));
        if (v->ordered.count > 0 && k == 1)
            for (int64_t i = 0; i < v->n; ++i) v->places[i].has_points = v->places[i].has_box = 0;
    }
    v->images = folder.data;
    folder = (clile_i_text){0};
cleanup:
    clile_i_free(path);
    clile_i_text_free(&folder);
    return status;
}

/* Adds a video without rows. */
static clile_status add_file(reader *r, const char *name)
{
    CLILE_I_GROW(r->videos, &r->capacity, r->count + 1);
    char *stem = clile_i_strdup(name);
    if (stem == NULL) return CLILE_E_OUT_OF_MEMORY;
    *strrchr(stem, '.') = '\0';
    r->videos[r->count++].stem = stem;
    return CLILE_OK;
}

/* Reads NAME.csv in the root, if it is a tracker's file. */
static clile_status read_file(reader *r, const char *name)
{
    clile_status status = CLILE_OK;
    clile_i_rows rows = {0};
    clile_i_csv_header *h = NULL;
    int32_t more = 0, trackers = 0;
    int64_t last = -1, n = 0;
    char *path = clile_i_path_join(r->root, name);

    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    CLILE_I_ALLOC(h, 1);
    CLILE_I_TRY(open_rows(path, r->request->max_label_bytes, &rows, &trackers));
    if (!trackers) {
        ++r->other_files;
        goto cleanup;
    }
    CLILE_I_TRY(add_file(r, name));
    video *v = &r->videos[r->count - 1];
    CLILE_I_TRY(read_header(&rows, r, h));
    CLILE_I_TRY(clile_i_csv_warn_columns(&rows, h, r->table));
    if (h->kind == CLILE_I_CSV_OPENFACE && h->subject >= 0) {
        status = clile_i_rows_fail(&rows,
                                   "a column \"subject\" without a column \"image\", expected both "
                                   "(a manifest) or neither (the file's name is the subject)");
        goto cleanup;
    }
    for (;;) {
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        CLILE_I_TRY(read_row(&rows, r, h, v, &last));
        ++n;
    }
    if (n == 0)
        CLILE_I_TRY(clile_i_table_warn(r->table, "%s has no rows after its header", rows.name));
    if (v->n > 0) status = find_frames(r, v);
cleanup:
    clile_i_rows_close(&rows);
    clile_i_free(h);
    clile_i_free(path);
    return status;
}

/* ---- all files ---- */

static clile_status add_video(reader *r, const video *v, const clile_i_frames *frames,
                              int64_t origin, int32_t first)
{
    clile_status status = CLILE_OK;
    clile_i_table *table = r->table;
    char path[512], name[256];
    uint8_t *labelled = NULL;
    int32_t subject = -1;
    int64_t matched = 0;
    snprintf(path, sizeof path, "%.255s/0", v->stem); /* as if in a folder of images */
    if (!clile_i_paths_subject(path, name))
        return clile_i_fail(CLILE_E_FORMAT, "%s/%s.csv: expected the name of a subject before .csv",
                            r->root, v->stem);
    CLILE_I_ALLOC(labelled, frames->count);
    for (int64_t i = 0; i < v->rows; ++i)
        matched += clile_i_frames_find(frames, v->every[i] - origin + first) != NULL;
    CLILE_I_TRY(clile_i_table_fit(table, v->images, v->rows, frames->count, matched));
    for (int64_t i = 0; i < v->n; ++i) {
        const int64_t number = v->frame[i] - origin + first;
        const clile_i_frame *frame = clile_i_frames_find(frames, number);
        const place *p = &v->places[i];
        ++table->counts.label_rows;
        if (frame == NULL) {
            char row[32];
            snprintf(row, sizeof row, "%lld", (long long)number);
            CLILE_I_TRY(clile_i_table_left_out(table, CLILE_I_LEFT_OUT_LABELS, v->images, row));
            continue;
        }
        labelled[frame - frames->frames] = 1;
        if (subject < 0)
            CLILE_I_TRY(clile_i_table_subject(table, name, name + strlen(name), &subject));
        CLILE_I_TRY(
            clile_i_places_add(table, v->images, frame->name, subject, v->codes + i * table->c,
                               p->has_points ? &p->landmarks : NULL, p->has_box ? p->box : NULL));
    }
    for (int64_t k = 0; k < frames->count; ++k)
        if (!labelled[k])
            CLILE_I_TRY(clile_i_table_left_out(table, CLILE_I_LEFT_OUT_IMAGES, v->images,
                                               frames->frames[k].name));
cleanup:
    clile_i_free(labelled);
    return status;
}

static clile_i_numbering numbering_of(const video *v)
{
    return (clile_i_numbering){&v->frames, v->rows, v->every};
}

/* Whether the numbers are first, first + 1, ... */
static int is_even(const clile_i_frames *frames)
{
    return frames->count > 0 &&
           frames->frames[frames->count - 1].number - frames->frames[0].number == frames->count - 1;
}

static int same_order(const video *v)
{
    if (v->frames.count != v->ordered.count) return 0;
    for (int64_t k = 0; k < v->frames.count; ++k)
        if (strcmp(v->frames.frames[k].name, v->ordered.frames[k].name) != 0) return 0;
    return 1;
}

static clile_status note_order(reader *r)
{
    if (r->misordered > 0)
        CLILE_I_RETURN_IF(clile_i_table_warn(
            r->table,
            "the images of %lld videos have a different order by name and by number (10 before 2), "
            "and the program that wrote the file may have used the order of names; using the order "
            "of numbers; the first is %s",
            (long long)r->misordered, r->first_misordered));
    if (r->in_order == 0) return CLILE_OK;
    if (r->uneven > 0)
        return clile_i_table_warn(
            r->table,
            "%lld videos have as many rows as images, but other numbers: row k is used for the "
            "k-th image in the order of names; the first is %s. The numbers of %lld of them have "
            "gaps; look at a sheet of faces",
            (long long)r->in_order, r->first_in_order, (long long)r->uneven);
    clile_i_text_append(&r->table->notes,
                        "%lld videos have as many rows as images, but other numbers: row k is used "
                        "for the k-th image in the order of names; the first is %s\n",
                        (long long)r->in_order, r->first_in_order);
    return r->table->notes.status;
}

/* A video with one row per image is matched in order of names if its frame numbers do not fit
 * exactly. */
static clile_status add_one(reader *r, const video *v, int64_t origin, int32_t first)
{
    const clile_i_numbering numbering = numbering_of(v);
    const int counts = r->request->first_image < 0 &&
                       clile_i_numbering_counts(&numbering, origin, v->ordered.count);
    if (counts && !clile_i_numbering_is_exact(&numbering, origin, first)) {
        if (r->in_order++ == 0) r->first_in_order = v->stem;
        r->uneven += !is_even(&v->frames) || !same_order(v);
        return add_video(r, v, &v->ordered, origin, 0);
    }
    if (counts && !same_order(v) && r->misordered++ == 0) r->first_misordered = v->stem;
    return add_video(r, v, &v->frames, origin, first);
}

static clile_status add_videos(reader *r)
{
    clile_status status = CLILE_OK;
    clile_i_numbering *numbering = NULL;
    int32_t first = 1;
    int64_t used = 0;
    const int64_t origin = r->kind == CLILE_I_CSV_OPENFACE ? 1 : 0;
    CLILE_I_ALLOC(numbering, r->count);
    for (int64_t k = 0; k < r->count; ++k) {
        const video *v = &r->videos[k];
        const clile_i_numbering n = numbering_of(v);
        if (v->n == 0) continue;
        if (r->request->first_image < 0 && clile_i_numbering_counts(&n, origin, v->ordered.count) &&
            !clile_i_numbering_is_exact(&n, origin, 0) &&
            !clile_i_numbering_is_exact(&n, origin, 1))
            continue; /* tells nothing */
        numbering[used++] = n;
    }
    if (used > 0)
        CLILE_I_TRY(clile_i_first_image(r->request->first_image, used, numbering, origin, r->table,
                                        &first));
    for (int64_t k = 0; k < r->count; ++k)
        if (r->videos[k].n > 0) CLILE_I_TRY(add_one(r, &r->videos[k], origin, first));
    status = note_order(r);
cleanup:
    clile_i_free(numbering);
    return status;
}

static clile_status note_source(reader *r)
{
    clile_i_text *notes = &r->table->notes;
    if (r->kind == CLILE_I_CSV_OPENFACE)
        clile_i_text_append(
            notes, "OpenFace: AUn_c are the labels; %d columns AUn_r (intensities) are not used\n",
            r->intensities);
    else
        clile_i_text_append(notes,
                            "Py-Feat: AUn are probabilities; an AU is present from 0.5 up\n");
    clile_i_text_append(notes, "these labels are a program's output, not a coder's\n");
    if (r->other_files > 0)
        clile_i_text_append(notes, "%d other CSV files in the folder are ignored\n",
                            r->other_files);
    return notes->status;
}

clile_status clile_i_trackers_open(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    reader r = {.request = request, .table = table};
    clile_i_names names = {0};
    const int folder = clile_i_path_is_folder(request->path);

    r.root = folder ? clile_i_strdup(request->path) : clile_i_paths_folder(request->path);
    if (r.root == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (folder)
        CLILE_I_TRY(clile_i_folder_list(request->path, &names));
    else
        CLILE_I_TRY(read_file(&r, clile_i_paths_name(request->path)));
    for (int64_t i = 0; i < names.count; ++i)
        if (is_csv(names.names[i])) CLILE_I_TRY(read_file(&r, names.names[i]));
    CLILE_I_TRY(note_source(&r));
    CLILE_I_TRY(add_videos(&r));
    CLILE_I_TRY(clile_i_table_check_repeats(table));
    status = clile_i_table_finish(table);
cleanup:
    clile_i_names_free(&names);
    free_reader(&r);
    return status;
}
