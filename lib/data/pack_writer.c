/* clile_dataset_pack: writes any data set to a pack file, block by block. */
#include "data/core.h"
#include "layout/layout.h"
#include "layout/pack.h"

#include <math.h>
#include <string.h>

/* Everything except the pixels. */
typedef struct {
    clile_i_text au_ids, subjects, images;
    int64_t *frame;    /* [n] */
    int32_t *subject;  /* [n] */
    int8_t *labels;    /* [n,c] */
    int8_t *intensity; /* [n,c], or NULL */
    float *landmarks;  /* [n,68,2] in sides of the crop, or NULL */
    clile_i_targets targets;
} tables;

static clile_status append_line(clile_i_text *text, int first, const char *what, const char *line)
{
    if (line[0] == '\0' || strchr(line, '\n') != NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "a pack cannot hold the %s \"%.80s\": it is empty or has a line break",
                            what, line);
    clile_i_text_append(text, "%s%s", first ? "" : "\n", line);
    return text->status;
}

static int64_t frame_of(const char *image)
{
    const char *slash = strrchr(image, '/');
    int64_t number = 0;
    return clile_i_frame_number(slash != NULL ? slash + 1 : image, &number) ? number : -1;
}

static clile_status fill(const clile_dataset *dataset, tables *t)
{
    clile_status status = CLILE_OK;
    const int32_t c = dataset->core->table.c;
    for (int32_t a = 0; a < c; ++a)
        clile_i_text_append(&t->au_ids, "%s%d", a > 0 ? "," : "", dataset->core->table.au_ids[a]);
    CLILE_I_TRY(t->au_ids.status);
    for (int32_t s = 0; s < dataset->subjects; ++s)
        CLILE_I_TRY(append_line(&t->subjects, s == 0, "subject",
                                clile_dataset_get_subject_name(dataset, s)));
    CLILE_I_ALLOC(t->frame, dataset->n);
    CLILE_I_ALLOC(t->subject, dataset->n);
    CLILE_I_ALLOC(t->labels, dataset->n * c);
    if (dataset->core->table.intensity != NULL) CLILE_I_ALLOC(t->intensity, dataset->n * c);
    for (int64_t i = 0; i < dataset->n; ++i) {
        const char *name = clile_dataset_get_image_name(dataset, i);
        CLILE_I_TRY(append_line(&t->images, i == 0, "image name", name));
        t->frame[i] = frame_of(name);
        t->subject[i] = clile_i_dataset_subject(dataset, i);
        memcpy(t->labels + i * c, clile_i_dataset_labels(dataset, i), (size_t)c);
        if (t->intensity != NULL)
            memcpy(t->intensity + i * c, clile_i_dataset_intensity(dataset, i), (size_t)c);
    }
cleanup:
    return status;
}

/* Points are in sides of the crop: a pack does not hold the images they were measured in. */
static clile_status fill_targets(const clile_dataset *dataset, clile_i_targets *out)
{
    clile_status status = CLILE_OK;
    const int64_t n = dataset->n;
    CLILE_I_RETURN_IF(clile_i_targets_copy_kind(clile_i_dataset_targets(dataset), out));
    if (out->p > 0) CLILE_I_ALLOC(out->points, 2 * n * out->p);
    if (out->v > 0) CLILE_I_ALLOC(out->values, n * out->v);
    for (int64_t i = 0; i < n && out->p > 0; ++i)
        CLILE_I_TRY(clile_i_dataset_copy_points(dataset, i, out->points + 2 * i * out->p));
    for (int64_t i = 0; i < n && out->v > 0; ++i)
        clile_i_dataset_copy_values(dataset, i, out->values + i * out->v);
cleanup:
    return status;
}

static clile_status fill_landmarks(const clile_dataset *dataset, float **out)
{
    clile_status status = CLILE_OK;
    float xy[CLILE_I_LANDMARKS];
    for (int64_t i = 0; i < dataset->n; ++i) {
        CLILE_I_TRY(clile_i_dataset_copy_landmarks(dataset, i, xy));
        const int known = !clile_i_is_nan((double)xy[0]);
        if (known && *out == NULL) { /* the first: none before it has any */
            CLILE_I_ALLOC(*out, dataset->n * CLILE_I_LANDMARKS);
            for (int64_t k = 0; k < i * CLILE_I_LANDMARKS; ++k) (*out)[k] = NAN;
        }
        if (*out != NULL) memcpy(*out + i * CLILE_I_LANDMARKS, xy, sizeof xy);
    }
cleanup:
    return status;
}

static void tables_free(tables *t)
{
    clile_i_free(t->landmarks);
    clile_i_targets_free(&t->targets);
    clile_i_text_free(&t->au_ids);
    clile_i_text_free(&t->subjects);
    clile_i_text_free(&t->images);
    clile_i_free(t->frame);
    clile_i_free(t->subject);
    clile_i_free(t->labels);
    clile_i_free(t->intensity);
}

static clile_status add_number(clile_i_st_writer *writer, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return clile_i_st_writer_metadata(writer, key, text);
}

static clile_status add_metadata(clile_i_st_writer *writer, const clile_dataset *dataset,
                                 const tables *t, int32_t size, int32_t margin)
{
    const clile_i_counts *counts = &dataset->core->table.counts;
    const clile_i_pack_tables covered = {.au_ids = t->au_ids.data,
                                         .subjects = t->subjects.data,
                                         .images = t->images.data,
                                         .n = dataset->n,
                                         .c = dataset->core->table.c,
                                         .frame = t->frame,
                                         .subject = t->subject,
                                         .labels = t->labels};
    char digits[9];
    snprintf(digits, sizeof digits, "%08x", clile_i_pack_tables_crc(&covered));
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "format", CLILE_I_PACK_FORMAT));
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "format_version", CLILE_I_PACK_VERSION));
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "library", clile_version()));
    CLILE_I_RETURN_IF(add_number(writer, "image_size", size));
    if (size + 2 * margin != clile_i_crop_stored(size))
        CLILE_I_RETURN_IF(add_number(writer, "crop_margin", margin));
    CLILE_I_RETURN_IF(add_number(writer, "block_images", CLILE_I_PACK_BLOCK));
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "tables_crc32", digits));
    if (t->targets.p > 0 || t->targets.v > 0) {
        snprintf(digits, sizeof digits, "%08x", clile_i_targets_crc(dataset->n, &t->targets));
        CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, CLILE_I_PACK_TARGETS, digits));
    }
    if (t->intensity != NULL) {
        snprintf(digits, sizeof digits, "%08x",
                 clile_i_crc32(0, t->intensity, (size_t)(dataset->n * covered.c)));
        CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, CLILE_I_PACK_INTENSITY, digits));
    }
    if (t->landmarks != NULL) {
        snprintf(digits, sizeof digits, "%08x",
                 clile_i_crc32(0, t->landmarks,
                               (size_t)dataset->n * CLILE_I_LANDMARKS * sizeof *t->landmarks));
        CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, CLILE_I_PACK_LANDMARKS, digits));
    }
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "au_ids", t->au_ids.data));
    CLILE_I_RETURN_IF(clile_i_origin_put(writer, dataset));
    CLILE_I_RETURN_IF(add_number(writer, "label_rows", counts->label_rows));
    CLILE_I_RETURN_IF(add_number(writer, "labels_without_image", counts->labels_without_image));
    CLILE_I_RETURN_IF(add_number(writer, "images_without_labels", counts->images_without_labels));
    CLILE_I_RETURN_IF(
        add_number(writer, "images_without_landmarks", counts->images_without_landmarks));
    if (counts->images_by_box > 0)
        CLILE_I_RETURN_IF(add_number(writer, "images_by_box", counts->images_by_box));
    if (counts->rows_without_face > 0)
        CLILE_I_RETURN_IF(add_number(writer, "rows_without_face", counts->rows_without_face));
    if (clile_dataset_get_notes(dataset)[0] != '\0')
        CLILE_I_RETURN_IF(
            clile_i_st_writer_metadata(writer, "notes", clile_dataset_get_notes(dataset)));
    CLILE_I_RETURN_IF(clile_i_st_writer_metadata(writer, "subjects", t->subjects.data));
    return clile_i_st_writer_metadata(writer, "image_names", t->images.data);
}

/* ---- the pixels ---- */

typedef struct {
    const clile_dataset *dataset;
    int32_t size, margin;
    int64_t first, bytes; /* first image of the block; bytes of one crop */
    uint8_t *crops;       /* [block,stored,stored,3] */
    uint8_t failed[CLILE_I_PACK_BLOCK];
} block;

static clile_status render_one(const block *b, int64_t k)
{
    return clile_i_crop_render(b->dataset->core, b->dataset->index[b->first + k], b->size,
                               b->margin, b->crops + k * b->bytes);
}

static void render_part(int64_t begin, int64_t end, void *context)
{
    block *b = context;
    for (int64_t k = begin; k < end; ++k) b->failed[k] = render_one(b, k) != CLILE_OK;
}

/* Renders `count` crops in this thread's team. A failed crop is rendered again here for its error
 * message. */
static clile_status render_block(block *b, int64_t count)
{
    clile_i_parallel_for(count, 1, render_part, b);
    for (int64_t k = 0; k < count; ++k)
        if (b->failed[k]) CLILE_I_RETURN_IF(render_one(b, k));
    return CLILE_OK;
}

static clile_status write_blocks(clile_i_st_writer *writer, block *b, clile_count_fn progress,
                                 void *user)
{
    const int64_t n = b->dataset->n;
    for (b->first = 0; b->first < n; b->first += CLILE_I_PACK_BLOCK) {
        const int64_t count = n - b->first < CLILE_I_PACK_BLOCK ? n - b->first : CLILE_I_PACK_BLOCK;
        const size_t size = (size_t)(count * b->bytes);
        CLILE_I_RETURN_IF(render_block(b, count));
        const int64_t crc = clile_i_crc32(0, b->crops, size);
        CLILE_I_RETURN_IF(clile_i_st_writer_put(writer, "images", b->crops, size));
        CLILE_I_RETURN_IF(clile_i_st_writer_put(writer, "crc32", &crc, sizeof crc));
        if (progress != NULL && progress(b->first + count, n, user) != 0)
            return clile_i_fail(CLILE_E_CANCELLED,
                                "clile_dataset_pack: stopped after %lld of %lld images",
                                (long long)(b->first + count), (long long)n);
    }
    return CLILE_OK;
}

clile_status clile_dataset_pack(const clile_dataset *dataset, const char *path,
                                const clile_options *options, clile_count_fn progress, void *user)
{
    clile_status status = CLILE_OK;
    clile_i_st_writer *writer = NULL;
    tables t = {0};
    block *b = NULL;
    int64_t size = 0, threads = 0;
    double share = 0;

    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_IMAGE_SIZE, &size));
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_THREADS, &threads));
    int32_t margin = clile_i_core_margin(dataset->core, (int32_t)size);
    if (clile_options_is_set(options, CLILE_OPT_CROP_MARGIN)) {
        CLILE_I_TRY(clile_options_get_f64(options, CLILE_OPT_CROP_MARGIN, &share));
        margin = clile_i_crop_margin((int32_t)size, share);
    }
    const int64_t side = size + 2 * margin, n = dataset->n, c = dataset->core->table.c;
    CLILE_I_ALLOC(b, 1);
    b->dataset = dataset;
    b->size = (int32_t)size;
    b->margin = margin;
    b->bytes = side * side * 3;
    CLILE_I_ALLOC(b->crops, CLILE_I_PACK_BLOCK * b->bytes);
    CLILE_I_TRY(fill(dataset, &t));
    CLILE_I_TRY(fill_targets(dataset, &t.targets));
    CLILE_I_TRY(fill_landmarks(dataset, &t.landmarks));
    CLILE_I_TRY(clile_i_st_writer_create(&writer));
    CLILE_I_TRY(add_metadata(writer, dataset, &t, b->size, margin));
    CLILE_I_TRY(clile_i_st_writer_add(writer, "labels", CLILE_I_ST_I8, 2, (const int64_t[]){n, c},
                                      t.labels));
    if (t.intensity != NULL)
        CLILE_I_TRY(clile_i_st_writer_add(writer, "intensity", CLILE_I_ST_I8, 2,
                                          (const int64_t[]){n, c}, t.intensity));
    CLILE_I_TRY(clile_i_st_writer_add(writer, "subject", CLILE_I_ST_I32, 1, &n, t.subject));
    CLILE_I_TRY(clile_i_st_writer_add(writer, "frame", CLILE_I_ST_I64, 1, &n, t.frame));
    CLILE_I_TRY(clile_i_targets_put(writer, n, &t.targets));
    if (t.landmarks != NULL)
        CLILE_I_TRY(clile_i_st_writer_add(writer, "landmarks", CLILE_I_ST_F32, 3,
                                          (const int64_t[]){n, CLILE_I_LANDMARKS / 2, 2},
                                          t.landmarks));
    CLILE_I_TRY(clile_i_st_writer_add_later(writer, "images", CLILE_I_ST_U8, 4,
                                            (const int64_t[]){n, side, side, 3}));
    const int64_t blocks = (n + CLILE_I_PACK_BLOCK - 1) / CLILE_I_PACK_BLOCK;
    CLILE_I_TRY(clile_i_st_writer_add_later(writer, "crc32", CLILE_I_ST_I64, 1, &blocks));
    CLILE_I_TRY(clile_i_st_writer_begin(writer, path));
    const clile_i_log log = clile_i_options_log(options);
    int32_t told = 0;
    const clile_i_team before = clile_i_team_enter((int32_t)threads);
    clile_i_log_team(log, (int32_t)threads, before, &told);
    status = write_blocks(writer, b, progress, user);
    clile_i_team_leave(before);
    if (status == CLILE_OK) status = clile_i_st_writer_finish(writer);
    if (status == CLILE_OK)
        clile_i_log_write(log, CLILE_LOG_INFO, "%s: pack of %lld images written", path,
                          (long long)n);
cleanup:
    clile_i_st_writer_destroy(writer);
    tables_free(&t);
    if (b != NULL) clile_i_free(b->crops);
    clile_i_free(b);
    return status;
}
