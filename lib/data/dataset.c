/* The data set handle: opening, views, getters. */
#include "data/core.h"
#include "layout/layout.h"
#include "layout/origin.h"

#include <clile/faces.h>

#include <string.h>

clile_status clile_i_core_create(clile_i_table *table, uint8_t *pixels, int32_t h, int32_t w,
                                 const clile_options *options, clile_i_core **out)
{
    clile_status status = CLILE_OK;
    clile_i_core *core = NULL;
    int64_t cache_mb = 0;

    CLILE_I_ALLOC(core, 1);
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_MAX_PIXELS, &core->max_pixels));
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_CACHE_MB, &cache_mb));
    CLILE_I_TRY(clile_options_get_f64(options, CLILE_OPT_BOX_MARGIN, &core->box_margin));
    CLILE_I_TRY(clile_options_get_f64(options, CLILE_OPT_CROP_MARGIN, &core->crop_margin));
    if (table->pack != NULL && clile_options_is_set(options, CLILE_OPT_CROP_MARGIN))
        CLILE_I_TRY(clile_i_pack_check_margin(
            table, clile_i_crop_margin(table->pack_size, core->crop_margin)));
    core->cache_limit = cache_mb << 20;
    clile_i_refs_init(&core->refs);
    core->table = *table;
    memset(table, 0, sizeof *table);
    core->pixels = pixels;
    pixels = NULL;
    core->h = h;
    core->w = w;
    *out = core;
    core = NULL;
cleanup:
    clile_i_free(core);
    clile_i_free(pixels);
    clile_i_table_free(table);
    return status;
}

void clile_i_core_release(clile_i_core *core)
{
    if (core == NULL || clile_i_refs_release(&core->refs) > 0) return;
    for (int32_t k = 0; k < core->holders; ++k) clile_i_core_release(core->holder[k]);
    clile_i_free(core->holder);
    clile_i_free(core->holder_of);
    clile_i_free(core->holder_index);
    clile_i_crops_free(core);
    clile_i_table_free(&core->table);
    clile_i_free(core->pixels);
    clile_i_free(core);
}

/* Makes room for `most` images of the core. */
static clile_status begin_view(clile_i_core *core, int64_t most, clile_dataset **out)
{
    clile_status status = CLILE_OK;
    clile_dataset *view = NULL;
    CLILE_I_ALLOC(view, 1);
    clile_i_refs_init(&view->refs);
    CLILE_I_ALLOC(view->index, most);
    CLILE_I_ALLOC(view->subject, core->table.subject_count);
    CLILE_I_ALLOC(view->subject_of, core->table.subject_count);
    view->core = core;
    clile_i_refs_retain(&core->refs);
    *out = view;
    view = NULL;
cleanup:
    clile_dataset_destroy(view);
    return status;
}

/* Numbers the subjects with an image in this view. A part of a fold stays that part. */
static clile_status end_view(const clile_dataset *whole, clile_dataset *view)
{
    const clile_i_table *table = &view->core->table;
    for (int64_t k = 0; k < view->n; ++k) view->subject_of[table->subject[view->index[k]]] = 1;
    for (int32_t s = 0; s < table->subject_count; ++s) {
        if (view->subject_of[s]) {
            view->subject[view->subjects] = s;
            view->subject_of[s] = view->subjects++;
        } else {
            view->subject_of[s] = -1;
        }
    }
    if (whole == NULL || whole->protocol == NULL) return CLILE_OK;
    return clile_i_origin_name_part(view, whole->protocol, whole->fold, whole->tested);
}

clile_status clile_i_view_create(clile_i_core *core, const clile_dataset *whole,
                                 const uint8_t *marks, uint8_t wanted, clile_dataset **out)
{
    clile_status status = CLILE_OK;
    clile_dataset *view = NULL;
    const int64_t most = whole != NULL ? whole->n : core->table.n;

    CLILE_I_TRY(begin_view(core, most, &view));
    for (int64_t k = 0; k < most; ++k) {
        const int64_t i = whole != NULL ? whole->index[k] : k;
        const int32_t s = core->table.subject[i];
        if (marks != NULL && marks[whole != NULL ? whole->subject_of[s] : s] != wanted) continue;
        view->index[view->n++] = i;
    }
    CLILE_I_TRY(end_view(whole, view));
    *out = view;
    view = NULL;
cleanup:
    clile_dataset_destroy(view);
    return status;
}

clile_status clile_dataset_select(const clile_dataset *dataset, int64_t n, const int64_t *indices,
                                  clile_dataset **out)
{
    clile_status status = CLILE_OK;
    clile_dataset *view = NULL;

    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(indices);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    if (n < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: n is %lld, expected 1 or more", __func__,
                            (long long)n);
    CLILE_I_TRY(begin_view(dataset->core, n, &view));
    for (int64_t k = 0; k < n; ++k) {
        if (indices[k] < 0 || indices[k] >= dataset->n) {
            status = clile_i_fail(
                CLILE_E_INVALID_ARGUMENT, "%s: indices[%lld] is %lld, the data set has %lld images",
                __func__, (long long)k, (long long)indices[k], (long long)dataset->n);
            goto cleanup;
        }
        view->index[view->n++] = dataset->index[indices[k]];
    }
    CLILE_I_TRY(end_view(dataset, view));
    *out = view;
    view = NULL;
cleanup:
    clile_dataset_destroy(view);
    return status;
}

void clile_dataset_destroy(clile_dataset *dataset)
{
    if (dataset == NULL) return;
    if (clile_i_refs_release(&dataset->refs) > 0) return;
    clile_i_core_release(dataset->core);
    clile_i_free(dataset->index);
    clile_i_free(dataset->subject);
    clile_i_free(dataset->subject_of);
    clile_i_free(dataset->protocol);
    clile_i_free(dataset);
}

clile_status clile_i_dataset_retain(const clile_dataset *dataset, clile_dataset **out)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = (clile_dataset *)(uintptr_t)dataset; /* immutable except for its count */
    clile_i_refs_retain(&(*out)->refs);
    return CLILE_OK;
}

/* Logs the notes line by line, then what was left out. */
static void log_table(clile_i_log log, const clile_i_table *table)
{
    static const char warning[] = "warning: ";
    static const char *const left_out[2] = {"label rows without image are left out, the first is",
                                            "images without label row are left out, the first is"};
    const clile_i_counts *c = &table->counts;
    const int64_t count[2] = {c->labels_without_image, c->images_without_labels};
    const char *begin = NULL, *end = NULL;
    clile_i_lines lines = {.data = table->notes.data, .size = table->notes.size};
    while (lines.data != NULL && clile_i_lines_next(&lines, &begin, &end)) {
        const size_t size = (size_t)(end - begin), prefix = sizeof warning - 1;
        const int warns = size >= prefix && memcmp(begin, warning, prefix) == 0;
        if (warns) begin += prefix;
        if (begin < end)
            clile_i_log_write(log, warns ? CLILE_LOG_WARNING : CLILE_LOG_INFO, "%.*s",
                              (int)(end - begin), begin);
    }
    for (int32_t kind = 0; kind < 2; ++kind)
        if (count[kind] > 0)
            clile_i_log_write(
                log, CLILE_LOG_INFO, "%lld %s %.400s", (long long)count[kind], left_out[kind],
                table->left_out_count[kind] > 0 ? table->left_out[kind][0] : "not known");
    if (c->rows_without_face > 0)
        clile_i_log_write(log, CLILE_LOG_INFO,
                          "%lld label rows are left out: no face was found in their images",
                          (long long)c->rows_without_face);
    if (c->images_without_landmarks > 0)
        clile_i_log_write(log, CLILE_LOG_INFO, "%lld images have no landmarks, %lld of them a box",
                          (long long)c->images_without_landmarks, (long long)c->images_by_box);
}

/* The file of the option faces; NULL if it names none. */
static clile_status open_faces(const char *data, const clile_options *options,
                               clile_face_file **out)
{
    const char *name = NULL;
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_FACES, &name));
    if (name[0] == '\0') return CLILE_OK;
    char *path = clile_i_paths_below(data, name);
    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    clile_status status = clile_face_file_open(path, options, out);
    if (status != CLILE_OK && status != CLILE_E_OUT_OF_MEMORY)
        clile_i_fail_context(status, "option faces");
    clile_i_free(path);
    return status;
}

/* Opens the layout, with the positions of this file. */
static clile_status open_layout(const char *layout, const clile_i_layout_request *request,
                                clile_face_file *faces, clile_i_table *table)
{
    table->faces = faces;
    clile_status status = clile_i_layout_open(layout, request, table);
    table->faces = NULL;
    if (status != CLILE_OK || faces == NULL) return status;
    if (table->pack != NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: option faces: the crops of a pack are cut already; give it when "
                            "the folder is packed",
                            request->path);
    return clile_i_face_file_note(faces, table);
}

clile_status clile_dataset_open(const char *path, const clile_options *options, clile_dataset **out)
{
    clile_status status = CLILE_OK;
    clile_i_layout_request request = {.path = path};
    clile_i_table table = {0};
    clile_i_core *core = NULL;
    clile_face_file *faces = NULL;
    const clile_i_log log = clile_i_options_log(options);
    const char *layout = NULL, *unknown = NULL, *first_image = NULL, *kind = NULL, *targets = NULL;
    int64_t present_from = 0, label_mb = 0, pack_mb = 0;

    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_TRY(clile_options_get_str(options, CLILE_OPT_LAYOUT, &layout));
    CLILE_I_TRY(clile_options_get_str(options, CLILE_OPT_AU_SET, &request.au_set));
    CLILE_I_TRY(clile_options_get_str(options, CLILE_OPT_UNKNOWN, &unknown));
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_PRESENT_FROM, &present_from));
    CLILE_I_TRY(clile_options_get_str(options, CLILE_OPT_FIRST_IMAGE, &first_image));
    CLILE_I_TRY(clile_options_get_str(options, CLILE_OPT_DATA_KIND, &kind));
    CLILE_I_TRY(clile_options_get_str(options, CLILE_OPT_TARGETS, &targets));
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_MAX_LABEL_MB, &label_mb));
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_MAX_PACK_MB, &pack_mb));
    request.first_image = first_image[0] == 'a' ? -1 : first_image[0] - '0';
    request.max_label_bytes = label_mb << 20;
    request.max_pack_bytes = pack_mb << 20;
    request.unknown_negative = strcmp(unknown, "negative") == 0;
    request.present_from = (int32_t)present_from;
    CLILE_I_TRY(open_faces(path, options, &faces));
    status = open_layout(layout, &request, faces, &table);
    if (status == CLILE_OK) status = clile_i_targets_open(targets, path, &table);
    log_table(log, &table); /* also if opening failed: the notes may explain why */
    if (status != CLILE_OK) goto cleanup;
    CLILE_I_TRY(clile_i_origin_set_kind(kind, path, &table));
    CLILE_I_TRY(clile_i_core_create(&table, NULL, 0, 0, options, &core));
    CLILE_I_TRY(clile_i_view_create(core, NULL, NULL, 0, out));
    clile_i_log_write(log, CLILE_LOG_INFO, "%s: %lld images of %d subjects, %d AUs, layout %s",
                      path, (long long)core->table.n, (int)core->table.subject_count,
                      (int)core->table.c, core->table.layout);
cleanup:
    clile_face_file_destroy(faces);
    clile_i_core_release(core);
    clile_i_table_free(&table);
    return status;
}

int64_t clile_dataset_size(const clile_dataset *dataset)
{
    return dataset != NULL ? dataset->n : 0;
}

int32_t clile_dataset_au_count(const clile_dataset *dataset)
{
    return dataset != NULL ? dataset->core->table.c : 0;
}

int32_t clile_dataset_subject_count(const clile_dataset *dataset)
{
    return dataset != NULL ? dataset->subjects : 0;
}

clile_status clile_dataset_copy_au_ids(const clile_dataset *dataset, int32_t *au_ids)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(au_ids);
    memcpy(au_ids, dataset->core->table.au_ids, (size_t)dataset->core->table.c * sizeof *au_ids);
    return CLILE_OK;
}

static clile_status check_range(const char *function, const clile_dataset *dataset, int64_t first,
                                int64_t count)
{
    if (first >= 0 && count >= 0 && first <= dataset->n && count <= dataset->n - first)
        return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: images %lld + %lld, the data set has %lld",
                        function, (long long)first, (long long)count, (long long)dataset->n);
}

clile_status clile_dataset_copy_labels(const clile_dataset *dataset, int64_t first, int64_t count,
                                       int8_t *labels)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(labels);
    CLILE_I_RETURN_IF(check_range(__func__, dataset, first, count));
    const size_t c = (size_t)dataset->core->table.c;
    for (int64_t k = 0; k < count; ++k)
        memcpy(labels + (size_t)k * c, clile_i_dataset_labels(dataset, first + k), c);
    return CLILE_OK;
}

clile_status clile_dataset_copy_intensities(const clile_dataset *dataset, int64_t first,
                                            int64_t count, int8_t *intensity)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(intensity);
    CLILE_I_RETURN_IF(check_range(__func__, dataset, first, count));
    const size_t c = (size_t)dataset->core->table.c;
    if (dataset->core->table.intensity == NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: the labels of this data set say present or absent, not how much",
                            __func__);
    for (int64_t k = 0; k < count; ++k)
        memcpy(intensity + (size_t)k * c, clile_i_dataset_intensity(dataset, first + k), c);
    return CLILE_OK;
}

clile_status clile_dataset_copy_subjects(const clile_dataset *dataset, int64_t first, int64_t count,
                                         int32_t *subject)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(subject);
    CLILE_I_RETURN_IF(check_range(__func__, dataset, first, count));
    for (int64_t k = 0; k < count; ++k) subject[k] = clile_i_dataset_subject(dataset, first + k);
    return CLILE_OK;
}

const char *clile_dataset_get_subject_name(const clile_dataset *dataset, int32_t subject)
{
    if (dataset == NULL || subject < 0 || subject >= dataset->subjects) return NULL;
    return dataset->core->table.subject_names[dataset->subject[subject]];
}

const char *clile_dataset_get_image_name(const clile_dataset *dataset, int64_t index)
{
    if (dataset == NULL || index < 0 || index >= dataset->n) return NULL;
    const clile_i_table *table = &dataset->core->table;
    return table->text + table->name[dataset->index[index]];
}

const char *clile_dataset_get_notes(const clile_dataset *dataset)
{
    if (dataset == NULL || dataset->core->table.notes.data == NULL) return "";
    return dataset->core->table.notes.data;
}

clile_status clile_dataset_copy_crop(const clile_dataset *dataset, int64_t index, int32_t size,
                                     uint8_t *rgb)
{
    clile_status status = CLILE_OK;
    clile_i_stored stored = {0};
    clile_i_crop_space space = {0};

    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_RETURN_IF(check_range(__func__, dataset, index, 1));
    if (size < 1 || size > CLILE_I_CROP_LARGEST)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: size %d, 1 to %d is possible", __func__,
                            size, CLILE_I_CROP_LARGEST);
    CLILE_I_TRY(clile_i_crop_get(dataset->core, dataset->index[index], size, &space, &stored));
    clile_i_crop_copy_middle(&stored, size, rgb);
cleanup:
    clile_i_free(space.bytes);
    return status;
}

clile_status clile_dataset_read_image(const clile_dataset *dataset, int64_t index, int32_t *h,
                                      int32_t *w, uint8_t **rgb)
{
    clile_status status = CLILE_OK;
    clile_i_image image = {0};
    uint8_t *out = NULL;

    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(h);
    CLILE_I_CHECK_NOT_NULL(w);
    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_RETURN_IF(check_range(__func__, dataset, index, 1));
    CLILE_I_TRY(clile_i_crop_source(dataset->core, dataset->index[index], &image));
    const int64_t row = 3 * (int64_t)image.w;
    CLILE_I_ALLOC(out, image.h * row);
    for (int64_t y = 0; y < image.h; ++y)
        memcpy(out + y * row, image.rgb + y * image.row_stride, (size_t)row);
    *h = image.h;
    *w = image.w;
    *rgb = out;
cleanup:
    clile_i_image_free(&image);
    return status;
}

int32_t clile_dataset_crop_size(const clile_dataset *dataset)
{
    return dataset != NULL ? dataset->core->table.pack_size : 0;
}

const char *clile_dataset_get_left_out(const clile_dataset *dataset, int32_t kind, int64_t index)
{
    if (dataset == NULL || (kind != CLILE_LEFT_OUT_LABELS && kind != CLILE_LEFT_OUT_IMAGES))
        return NULL;
    const clile_i_table *table = &dataset->core->table;
    return index >= 0 && index < table->left_out_count[kind] ? table->left_out[kind][index] : NULL;
}

clile_status clile_dataset_copy_counts(const clile_dataset *dataset, clile_dataset_counts *counts)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(counts);
    CLILE_I_RETURN_IF(clile_i_struct_check(
        __func__, counts, CLILE_I_STRUCT_LEAST(clile_dataset_counts, rows_without_face)));
    const clile_i_counts *c = &dataset->core->table.counts;
    const clile_dataset_counts found = {.label_rows = c->label_rows,
                                        .labels_without_image = c->labels_without_image,
                                        .images_without_labels = c->images_without_labels,
                                        .images_without_landmarks = c->images_without_landmarks,
                                        .images_by_box = c->images_by_box,
                                        .rows_without_face = c->rows_without_face};
    clile_i_struct_put(counts, &found, sizeof found);
    return CLILE_OK;
}

const int8_t *clile_i_dataset_labels(const clile_dataset *dataset, int64_t index)
{
    const clile_i_table *table = &dataset->core->table;
    return table->labels + dataset->index[index] * table->c;
}

const int8_t *clile_i_dataset_intensity(const clile_dataset *dataset, int64_t index)
{
    const clile_i_table *table = &dataset->core->table;
    return table->intensity != NULL ? table->intensity + dataset->index[index] * table->c : NULL;
}

int32_t clile_i_dataset_subject(const clile_dataset *dataset, int64_t index)
{
    return dataset->subject_of[dataset->core->table.subject[dataset->index[index]]];
}

void clile_i_dataset_places(const clile_dataset *part, const clile_dataset *whole, int64_t *place)
{
    int64_t k = 0;
    for (int64_t i = 0; i < whole->n && k < part->n; ++i)
        if (part->subject_of[whole->core->table.subject[whole->index[i]]] >= 0) place[k++] = i;
}
