/* A CSV manifest: a header and one row per face.
 *   image     path, absolute or below the folder of the manifest
 *   subject   any name
 *   AU1, ...  1 present, 0 absent; 9, -1 or nothing: not coded. AU01, au1 and AU01_c are the
 *             same column
 *   AU1_r, ...  optional: intensity, 0 (absent) to 5; 9, -1 or nothing: not coded. An AU with only
 *             this column is present from the intensity present_from
 *   x0, y0, ... x4, y4 (or x67, y67)  optional: landmarks in image pixels, all or none in a row
 *   box_x, box_y, box_w, box_h        optional: the face's box, used if a row has no landmarks
 *   success                           optional: rows with 0 are left out, and none of their other
 *                                     columns is read
 * Other columns are ignored. Files of OpenFace and Py-Feat are read by trackers.c. */
#include "layout/csv.h"

#include <string.h>

#define MANIFEST_NAME "manifest.csv"

static clile_status read_row(const clile_i_rows *rows, const clile_i_csv_header *h,
                             const clile_i_layout_request *request, clile_i_table *table)
{
    clile_i_csv_row row;
    char image[CLILE_I_PATH_SIZE];
    int32_t subject = 0, face = 1;

    ++table->rows;
    CLILE_I_RETURN_IF(clile_i_csv_has_face(rows, h, &face));
    if (!face) {
        ++table->counts.rows_without_face;
        return CLILE_OK;
    }
    CLILE_I_RETURN_IF(
        clile_i_csv_text(rows, h->image, "the image has no usable path", image, sizeof image));
    clile_i_paths_clean(image);
    if (rows->begin[h->subject] == rows->end[h->subject])
        return clile_i_rows_fail(rows, "the subject has no name");
    CLILE_I_RETURN_IF(
        clile_i_csv_read_row(rows, h, request->unknown_negative, request->present_from, &row));
    ++table->counts.label_rows;
    CLILE_I_RETURN_IF(
        clile_i_table_subject(table, rows->begin[h->subject], rows->end[h->subject], &subject));
    const int64_t before = table->n;
    CLILE_I_RETURN_IF(clile_i_places_add(table, "", image, subject, row.codes,
                                         row.has_points ? &row.landmarks : NULL,
                                         row.has_box ? row.box : NULL));
    /* or the face cannot be one, and is left out */
    return h->intensities > 0 && table->n > before
               ? clile_i_table_put_intensity(table, row.intensity)
               : CLILE_OK;
}

static clile_status read_manifest(const clile_i_layout_request *request, const char *file,
                                  const char *folder, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_rows rows = {0};
    clile_i_csv_header *h = NULL;
    int32_t more = 0;

    CLILE_I_ALLOC(h, 1);
    CLILE_I_TRY(clile_i_rows_open("manifest", file, request->max_label_bytes, &rows));
    CLILE_I_TRY(clile_i_rows_next(&rows, &more));
    if (!more) {
        status = clile_i_fail(CLILE_E_FORMAT,
                              "manifest %s is empty, expected a header image,subject,AU1,...",
                              rows.name);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_csv_read_header(&rows, h));
    CLILE_I_TRY(clile_i_csv_choose(&rows, request->au_set, h));
    CLILE_I_TRY(clile_i_csv_warn_columns(&rows, h, table));
    CLILE_I_TRY(clile_i_table_begin(table, folder, h->c, h->au));
    for (;;) {
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        CLILE_I_TRY(read_row(&rows, h, request, table));
    }
    CLILE_I_TRY(clile_i_table_check_repeats(table));
    status = clile_i_table_finish(table);
cleanup:
    clile_i_rows_close(&rows);
    clile_i_free(h);
    return status;
}

static clile_status open_csv(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    int32_t trackers = 0;
    char *file = NULL, *folder = NULL;

    const int is_folder = clile_i_path_is_folder(request->path);
    file =
        is_folder ? clile_i_path_join(request->path, MANIFEST_NAME) : clile_i_strdup(request->path);
    folder = is_folder ? clile_i_strdup(request->path) : clile_i_paths_folder(request->path);
    if (file == NULL || folder == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    if (!is_folder || !clile_i_path_exists(file))
        CLILE_I_TRY(clile_i_trackers_recognise(request->path, &trackers));
    status = trackers ? clile_i_trackers_open(request, table)
                      : read_manifest(request, file, folder, table);
cleanup:
    clile_i_free(folder);
    clile_i_free(file);
    return status;
}

static clile_status recognise(const char *path, int32_t *fits)
{
    const char *dot = strrchr(path, '.');
    if (!clile_i_path_is_folder(path)) {
        *fits = dot != NULL && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".CSV") == 0);
        return CLILE_OK;
    }
    char *file = clile_i_path_join(path, MANIFEST_NAME);
    if (file == NULL) return CLILE_E_OUT_OF_MEMORY;
    *fits = clile_i_path_exists(file);
    clile_i_free(file);
    return *fits ? CLILE_OK : clile_i_trackers_recognise(path, fits);
}

const clile_i_layout clile_i_layout_csv = {
    .looked_for = "a file *.csv, " MANIFEST_NAME
                  " in the folder, or files *.csv of OpenFace or Py-Feat in it",
    .recognise = recognise,
    .open = open_csv,
};
