/* A packed data set: one safetensors file with aligned crops, labels and subjects
 * (docs/pack-format.md). The file stays mapped and crops are read in place, so it may be larger
 * than memory. Opening reads everything except the pixels. */
#include "layout/pack.h"
#include "image/image.h"
#include "layout/layout.h"
#include "layout/origin.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_AUS = 999 };

typedef struct {
    const clile_i_layout_request *request;
    clile_i_st *file;
    const char *au_text, *subject_text, *image_text;
    int32_t c;
    int32_t au[MOST_AUS];         /* [c] of the file */
    int32_t chosen, at[MOST_AUS]; /* columns in use, in the wanted order */
    int64_t n, image_size, margin, block;
    const clile_i_st_tensor *images, *labels, *subject, *frame, *crc;
    const clile_i_st_tensor *intensity; /* NULL: the pack has none */
    const clile_i_st_tensor *landmarks; /* likewise */
} reader;

/* ---- the header ---- */

static clile_status check_format(const reader *r)
{
    const char *path = r->request->path, *format = clile_i_st_metadata(r->file, "format"),
               *version = NULL;
    if (format == NULL || strcmp(format, CLILE_I_PACK_FORMAT) != 0)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s is not a packed data set: its format is \"%.40s\", expected \"%s\"",
                            path, format != NULL ? format : "", CLILE_I_PACK_FORMAT);
    CLILE_I_RETURN_IF(clile_i_st_need_text(r->file, "format_version", &version));
    if (strcmp(version, CLILE_I_PACK_VERSION) != 0)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "pack %s has format version \"%.40s\", this library reads %s", path,
                            version, CLILE_I_PACK_VERSION);
    return CLILE_OK;
}

static clile_status read_au_ids(reader *r)
{
    const char *at = r->au_text, *end = at + strlen(at);
    for (;;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        int64_t au = 0;
        int bad = !clile_i_parse_i64(at, stop, &au) || au < 1 || au > MOST_AUS || r->c == MOST_AUS;
        for (int32_t a = 0; a < r->c && !bad; ++a) bad = r->au[a] == au;
        if (bad)
            return clile_i_fail(
                CLILE_E_FORMAT,
                "pack %s: au_ids, entry %d is \"%.*s\", expected numbers from 1 to %d, each once",
                r->request->path, r->c + 1, stop - at < 40 ? (int)(stop - at) : 40, at, MOST_AUS);
        r->au[r->c++] = (int32_t)au;
        if (comma == NULL) return CLILE_OK;
        at = comma + 1;
    }
}

static clile_status choose_aus(reader *r)
{
    clile_status status = CLILE_OK;
    clile_i_text have = {0};
    int32_t *ids = NULL;
    CLILE_I_RETURN_IF(clile_i_au_set_parse(r->request->au_set, r->c, r->au, &r->chosen, &ids));
    for (int32_t k = 0; k < r->chosen; ++k) {
        int32_t a = 0;
        while (a < r->c && r->au[a] != ids[k]) ++a;
        r->at[k] = a;
        if (a < r->c) continue;
        for (a = 0; a < r->c; ++a) clile_i_text_append(&have, " %d", r->au[a]);
        status =
            clile_i_fail(CLILE_E_INVALID_ARGUMENT, "pack %s: AU %d is not coded there; it has%s",
                         r->request->path, ids[k], have.data != NULL ? have.data : " none");
        goto cleanup;
    }
cleanup:
    clile_i_text_free(&have);
    clile_i_free(ids);
    return status;
}

/* ---- the tensors ---- */

static clile_status need_tensor(const reader *r, const char *name, clile_i_st_type type,
                                const char *type_name, int32_t ndim, const int64_t *shape,
                                const clile_i_st_tensor **out)
{
    clile_i_text want = {0}, have = {0};
    const clile_i_st_tensor *t = clile_i_st_find(r->file, name);
    int fits = t != NULL && t->type == type && t->ndim == ndim;
    for (int32_t k = 0; k < ndim && fits; ++k) fits = t->shape[k] == shape[k];
    *out = t;
    if (fits) return CLILE_OK;
    for (int32_t k = 0; k < ndim; ++k)
        clile_i_text_append(&want, "%s%lld", k > 0 ? "," : "", (long long)shape[k]);
    for (int32_t k = 0; t != NULL && k < t->ndim; ++k)
        clile_i_text_append(&have, "%s%lld", k > 0 ? "," : "", (long long)t->shape[k]);
    if (t == NULL)
        clile_i_fail(CLILE_E_FORMAT, "pack %s: no tensor \"%s\", expected %s [%s]",
                     r->request->path, name, type_name, want.data != NULL ? want.data : "");
    else
        clile_i_fail(CLILE_E_FORMAT, "pack %s: tensor \"%s\" is %s [%s], expected %s [%s]",
                     r->request->path, name, t->dtype, have.data != NULL ? have.data : "",
                     type_name, want.data != NULL ? want.data : "");
    clile_i_text_free(&want);
    clile_i_text_free(&have);
    return CLILE_E_FORMAT;
}

static clile_status find_tensors(reader *r)
{
    const clile_i_st_tensor *images = clile_i_st_find(r->file, "images");
    r->n = images != NULL && images->ndim > 0 ? images->shape[0] : 0;
    const int64_t side = r->image_size + 2 * r->margin, pixels[4] = {r->n, side, side, 3},
                  codes[2] = {r->n, r->c};
    const int64_t blocks = r->n / r->block + (r->n % r->block != 0);
    CLILE_I_RETURN_IF(need_tensor(r, "images", CLILE_I_ST_U8, "U8", 4, pixels, &r->images));
    CLILE_I_RETURN_IF(need_tensor(r, "labels", CLILE_I_ST_I8, "I8", 2, codes, &r->labels));
    CLILE_I_RETURN_IF(need_tensor(r, "subject", CLILE_I_ST_I32, "I32", 1, &r->n, &r->subject));
    CLILE_I_RETURN_IF(need_tensor(r, "frame", CLILE_I_ST_I64, "I64", 1, &r->n, &r->frame));
    return need_tensor(r, "crc32", CLILE_I_ST_I64, "I64", 1, &blocks, &r->crc);
}

/* Compares a tensor with the CRC-32 in the metadata. */
static clile_status check_crc(const reader *r, const clile_i_st_tensor *tensor, size_t bytes,
                              const char *key)
{
    char digits[9];
    const char *text = clile_i_st_metadata(r->file, key);
    snprintf(digits, sizeof digits, "%08x", clile_i_crc32(0, tensor->data, bytes));
    if (strcmp(digits, text) == 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_CORRUPT,
                        "pack %s is damaged: CRC-32 of its tensor \"%s\" is %s, %s says %.40s",
                        r->request->path, tensor->name, digits, key, text);
}

/* Intensities and landmarks, if the pack has any. */
static clile_status find_optional(reader *r)
{
    const int64_t codes[2] = {r->n, r->c}, places[3] = {r->n, CLILE_I_LANDMARKS / 2, 2};
    if (clile_i_st_metadata(r->file, CLILE_I_PACK_INTENSITY) != NULL) {
        CLILE_I_RETURN_IF(
            need_tensor(r, "intensity", CLILE_I_ST_I8, "I8", 2, codes, &r->intensity));
        CLILE_I_RETURN_IF(
            check_crc(r, r->intensity, (size_t)(r->n * r->c), CLILE_I_PACK_INTENSITY));
    }
    if (clile_i_st_metadata(r->file, CLILE_I_PACK_LANDMARKS) == NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(need_tensor(r, "landmarks", CLILE_I_ST_F32, "F32", 3, places, &r->landmarks));
    return check_crc(r, r->landmarks, (size_t)r->n * CLILE_I_LANDMARKS * sizeof(float),
                     CLILE_I_PACK_LANDMARKS);
}

/* Unknown ones are NaN. No landmark is further from its crop than FURTHEST of the crop's sides. */
static clile_status put_landmarks(const reader *r, int64_t i, clile_i_table *table)
{
    static const double FURTHEST = 100.0;
    float xy[CLILE_I_LANDMARKS];
    memcpy(xy, r->landmarks->data + (size_t)i * sizeof xy, sizeof xy);
    for (int k = 0; k < CLILE_I_LANDMARKS && !clile_i_is_nan((double)xy[0]); ++k)
        if (!clile_i_is_within((double)xy[k], -FURTHEST, FURTHEST))
            return clile_i_fail(CLILE_E_FORMAT,
                                "pack %s: landmarks[%lld,%d,%d] is %g, expected %g to %g, or NaN "
                                "for a face without",
                                r->request->path, (long long)i, k / 2, k % 2, (double)xy[k],
                                -FURTHEST, FURTHEST);
    return clile_i_table_put_landmarks(table, xy);
}

static clile_status check_tables(const reader *r)
{
    const char *text = NULL;
    char digits[9];
    CLILE_I_RETURN_IF(clile_i_st_need_text(r->file, "tables_crc32", &text));
    const clile_i_pack_tables tables = {.au_ids = r->au_text,
                                        .subjects = r->subject_text,
                                        .images = r->image_text,
                                        .n = r->n,
                                        .c = r->c,
                                        .frame = r->frame->data,
                                        .subject = r->subject->data,
                                        .labels = r->labels->data};
    snprintf(digits, sizeof digits, "%08x", clile_i_pack_tables_crc(&tables));
    if (strcmp(digits, text) == 0) return CLILE_OK;
    return clile_i_fail(
        CLILE_E_CORRUPT,
        "pack %s is damaged: CRC-32 of names and labels is %s, tables_crc32 says %.40s",
        r->request->path, digits, text);
}

/* ---- from the tensors to the table ---- */

static clile_status add_subjects(const reader *r, clile_i_table *table)
{
    const char *at = r->subject_text, *end = at + strlen(at);
    for (int32_t k = 0;; ++k) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        int32_t index = 0;
        CLILE_I_RETURN_IF(clile_i_table_subject(table, at, stop, &index));
        if (index != k || at == stop)
            return clile_i_fail(CLILE_E_FORMAT, "pack %s: subjects, line %d: \"%.*s\" is %s",
                                r->request->path, k + 1, stop - at < 40 ? (int)(stop - at) : 40, at,
                                at == stop ? "empty" : "there twice");
        if (newline == NULL) return CLILE_OK;
        at = newline + 1;
    }
}

/* Copies the next line of the image names to *name, which grows. */
static clile_status next_name(const char **at, char **name, int64_t *capacity)
{
    const size_t size = strcspn(*at, "\n");
    CLILE_I_GROW(*name, capacity, (int64_t)size + 1);
    memcpy(*name, *at, size);
    (*name)[size] = '\0';
    *at += size + ((*at)[size] == '\n');
    return CLILE_OK;
}

static clile_status read_sample(const reader *r, int64_t i, const char *name, clile_i_table *table)
{
    const int8_t *codes = (const int8_t *)r->labels->data + i * r->c;
    int8_t chosen[MOST_AUS];
    int32_t subject = 0;
    for (int32_t a = 0; a < r->c; ++a)
        if (codes[a] < -1 || codes[a] > 1)
            return clile_i_fail(CLILE_E_FORMAT,
                                "pack %s: labels[%lld,%d] is %d, expected 1, 0 or -1",
                                r->request->path, (long long)i, a, codes[a]);
    memcpy(&subject, r->subject->data + (size_t)i * sizeof subject, sizeof subject);
    if (subject < 0 || subject >= table->subject_count)
        return clile_i_fail(CLILE_E_FORMAT,
                            "pack %s: subject[%lld] is %d, but there are %d subjects",
                            r->request->path, (long long)i, subject, table->subject_count);
    for (int32_t k = 0; k < r->chosen; ++k) {
        chosen[k] = codes[r->at[k]];
        if (chosen[k] < 0 && r->request->unknown_negative) chosen[k] = 0;
    }
    CLILE_I_RETURN_IF(clile_i_table_add(table, "", name, subject, chosen, NULL, NULL));
    if (r->landmarks != NULL) CLILE_I_RETURN_IF(put_landmarks(r, i, table));
    if (r->intensity == NULL) return CLILE_OK;
    codes = (const int8_t *)r->intensity->data + i * r->c;
    for (int32_t a = 0; a < r->c; ++a)
        if (codes[a] < -1 || codes[a] > 5)
            return clile_i_fail(CLILE_E_FORMAT,
                                "pack %s: intensity[%lld,%d] is %d, expected -1 to 5",
                                r->request->path, (long long)i, a, codes[a]);
    for (int32_t k = 0; k < r->chosen; ++k) chosen[k] = codes[r->at[k]];
    return clile_i_table_put_intensity(table, chosen);
}

static clile_status fill_table(const reader *r, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    const char *at = r->image_text;
    int64_t names = r->n > 0, capacity = 0;
    int32_t ids[MOST_AUS];
    char *name = NULL;

    for (const char *p = at; *p != '\0'; ++p) names += *p == '\n';
    if (names != r->n)
        return clile_i_fail(CLILE_E_FORMAT, "pack %s: %lld image names for %lld images",
                            r->request->path, (long long)names, (long long)r->n);
    for (int32_t k = 0; k < r->chosen; ++k) ids[k] = r->au[r->at[k]];
    CLILE_I_TRY(clile_i_table_begin(table, r->request->path, r->chosen, ids));
    CLILE_I_TRY(add_subjects(r, table));
    for (int64_t i = 0; i < r->n; ++i) {
        CLILE_I_TRY(next_name(&at, &name, &capacity));
        CLILE_I_TRY(read_sample(r, i, name, table));
    }
    CLILE_I_TRY(
        clile_i_st_need_integer(r->file, "label_rows", 0, INT64_MAX, &table->counts.label_rows));
    CLILE_I_TRY(clile_i_st_need_integer(r->file, "labels_without_image", 0, INT64_MAX,
                                        &table->counts.labels_without_image));
    CLILE_I_TRY(clile_i_st_need_integer(r->file, "images_without_labels", 0, INT64_MAX,
                                        &table->counts.images_without_labels));
    CLILE_I_TRY(clile_i_st_need_integer(r->file, "images_without_landmarks", 0, INT64_MAX,
                                        &table->counts.images_without_landmarks));
    /* the first packs of version 0.1 have neither */
    if (clile_i_st_metadata(r->file, "images_by_box") != NULL)
        CLILE_I_TRY(clile_i_st_need_integer(r->file, "images_by_box", 0, INT64_MAX,
                                            &table->counts.images_by_box));
    if (clile_i_st_metadata(r->file, "rows_without_face") != NULL)
        CLILE_I_TRY(clile_i_st_need_integer(r->file, "rows_without_face", 0, INT64_MAX,
                                            &table->counts.rows_without_face));
    if (clile_i_st_metadata(r->file, "notes") != NULL)
        clile_i_text_append(&table->notes, "%s", clile_i_st_metadata(r->file, "notes"));
    CLILE_I_TRY(table->notes.status);
    CLILE_I_TRY(clile_i_table_finish(table));
    status = clile_i_origin_get(r->file, table);
cleanup:
    clile_i_free(name);
    return status;
}

/* Points and values, if the pack has any. */
static clile_status read_targets(const reader *r, clile_i_targets *out)
{
    char digits[9];
    const char *text = clile_i_st_metadata(r->file, CLILE_I_PACK_TARGETS);
    out->in_crop = 1;
    if (text == NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_targets_get(r->file, r->n, r->n, NULL, out));
    snprintf(digits, sizeof digits, "%08x", clile_i_targets_crc(r->n, out));
    if (strcmp(digits, text) == 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_CORRUPT,
                        "pack %s is damaged: CRC-32 of its targets is %s, " CLILE_I_PACK_TARGETS
                        " says %.40s",
                        r->request->path, digits, text);
}

/* Checks sizes against the options before reading anything. */
static clile_status check_sizes(const clile_i_layout_request *request, const clile_i_file *file)
{
    uint64_t header = 0;
    for (int k = 0; k < 8 && file->size >= 8; ++k) header |= (uint64_t)file->data[k] << (8 * k);
    if (file->size > (uint64_t)request->max_pack_bytes)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "pack %s has %zu bytes, max_pack_mb allows %lld", request->path,
                            file->size, (long long)request->max_pack_bytes);
    if (header > (uint64_t)request->max_label_bytes && header < file->size)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "pack %s has a header of %llu bytes, max_label_mb allows %lld",
                            request->path, (unsigned long long)header,
                            (long long)request->max_label_bytes);
    return CLILE_OK;
}

static clile_status open_pack(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    reader *r = NULL;
    clile_i_file file = {0};

    CLILE_I_ALLOC(r, 1);
    r->request = request;
    CLILE_I_TRY(clile_i_file_open(request->path, &file));
    CLILE_I_TRY(check_sizes(request, &file));
    CLILE_I_TRY(clile_i_st_open_file(request->path, &file, 0, &r->file));
    CLILE_I_TRY(check_format(r));
    CLILE_I_TRY(clile_i_st_need_text(r->file, "au_ids", &r->au_text));
    CLILE_I_TRY(clile_i_st_need_text(r->file, "subjects", &r->subject_text));
    CLILE_I_TRY(clile_i_st_need_text(r->file, "image_names", &r->image_text));
    CLILE_I_TRY(
        clile_i_st_need_integer(r->file, "image_size", 1, CLILE_I_CROP_LARGEST, &r->image_size));
    CLILE_I_TRY(clile_i_st_need_integer(r->file, "block_images", 1, INT32_MAX, &r->block));
    r->margin = clile_i_crop_margin((int32_t)r->image_size, CLILE_I_CROP_MARGIN_USUAL);
    if (clile_i_st_metadata(r->file, "crop_margin") != NULL)
        CLILE_I_TRY(clile_i_st_need_integer(r->file, "crop_margin", 0, CLILE_I_CROP_LARGEST / 2,
                                            &r->margin));
    CLILE_I_TRY(read_au_ids(r));
    CLILE_I_TRY(find_tensors(r));
    CLILE_I_TRY(check_tables(r));
    CLILE_I_TRY(find_optional(r));
    CLILE_I_TRY(choose_aus(r));
    CLILE_I_TRY(fill_table(r, table));
    CLILE_I_TRY(read_targets(r, &table->targets));
    table->pack = r->file;
    r->file = NULL;
    table->pack_crops = r->images->data;
    table->pack_crc = r->crc->data;
    table->pack_size = (int32_t)r->image_size;
    table->pack_margin = (int32_t)r->margin;
    table->pack_block = (int32_t)r->block;
cleanup:
    clile_i_file_close(&file); /* unless the reader has taken it */
    if (r != NULL) clile_i_st_close(r->file);
    clile_i_free(r);
    return status;
}

static clile_status recognise(const char *path, int32_t *fits)
{
    const char *dot = strrchr(path, '.');
    *fits = dot != NULL && strcmp(dot, ".safetensors") == 0 && !clile_i_path_is_folder(path);
    return CLILE_OK;
}

const clile_i_layout clile_i_layout_pack = {
    .looked_for = "a file *.safetensors", .recognise = recognise, .open = open_pack};
