/* One call of each function of data sets and images. */
#include "reliability/world.h"

#define READS_ONLY "reads or copies what is there"

/* ---- data sets ---- */

static clile_dataset *opened(world *w, const char *path)
{
    clile_dataset *data = NULL;
    NEED(clile_dataset_open(path, w->options, &data));
    return data;
}

static void take_dataset(world *w, const clile_dataset *data)
{
    int8_t labels[WORLD_N][WORLD_C] = {{0}};
    if (data == NULL) return;
    const int64_t n = clile_dataset_size(data);
    TAKE(n);
    NEED(clile_dataset_copy_labels(data, 0, n, &labels[0][0]));
    TAKE(labels);
}

static void open_path(world *w, const char *path)
{
    clile_dataset *out = NULL;
    WATCH(out);
    CALL(clile_dataset_open(A(path, path), O(options, w->options), A(out, &out)));
    take_dataset(w, out);
    clile_dataset_destroy(out);
}

static void dataset_open(world *w)
{
    open_path(w, w->images);
}
static void dataset_open_pack(world *w)
{
    open_path(w, w->pack);
}

static void dataset_from_arrays(world *w)
{
    clile_dataset *out = NULL;
    WATCH(out);
    CALL(clile_dataset_from_arrays(WORLD_N, WORLD_SIZE, WORLD_SIZE, A(rgb, &w->rgb[0][0][0][0]),
                                   WORLD_C, A(au_ids, w->au_ids), A(labels, &w->labels[0][0]),
                                   A(subject, w->subject), A(out, &out)));
    take_dataset(w, out);
    clile_dataset_destroy(out);
}

static void dataset_from_intensities(world *w)
{
    clile_dataset *out = NULL;
    static int8_t intensity[WORLD_N][WORLD_C];
    for (int i = 0; i < WORLD_N; ++i)
        for (int c = 0; c < WORLD_C; ++c) intensity[i][c] = (int8_t)((i + c) % 7 - 1);
    WATCH(out);
    CALL(clile_dataset_from_intensities(WORLD_N, WORLD_SIZE, WORLD_SIZE,
                                        A(rgb, &w->rgb[0][0][0][0]), WORLD_C, A(au_ids, w->au_ids),
                                        O(labels, &w->labels[0][0]), A(intensity, &intensity[0][0]),
                                        A(subject, w->subject), A(out, &out)));
    take_dataset(w, out);
    clile_dataset_destroy(out);
}

static void dataset_fold(world *w)
{
    clile_dataset *train = NULL, *test = NULL;
    WATCH(train);
    WATCH(test);
    CALL(clile_dataset_fold(A(dataset, w->arrays), A(protocol, "kfold:3"), 1, O(train, &train),
                            O(test, &test)));
    if (w->null_argument == NULL) {
        take_dataset(w, train);
        take_dataset(w, test);
    }
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
}

static void dataset_select(world *w)
{
    static const int64_t indices[4] = {5, 0, 5, 2};
    clile_dataset *out = NULL;
    WATCH(out);
    CALL(clile_dataset_select(A(dataset, w->arrays), 4, A(indices, indices), A(out, &out)));
    take_dataset(w, out);
    clile_dataset_destroy(out);
}

/* Images that lie in files and in a pack; the crops are cached where they came from. */
static void dataset_concat(world *w)
{
    static uint8_t rgb[WORLD_N][WORLD_SIZE][WORLD_SIZE][3];
    clile_dataset *out = NULL, *images = opened(w, w->images), *pack = opened(w, w->pack);
    const clile_dataset *const datasets[2] = {images, pack};
    WATCH(out);
    CALL(clile_dataset_concat(2, A(datasets, datasets), CLILE_SUBJECTS_DISTINCT, A(out, &out)));
    if (out != NULL) {
        const int64_t n = clile_dataset_size(out);
        TAKE(n);
        NEED(clile_dataset_copy_crops(out, n < WORLD_N ? n : WORLD_N, NULL, WORLD_SIZE, 1,
                                      &rgb[0][0][0][0]));
        TAKE(rgb);
    }
    clile_dataset_destroy(images);
    clile_dataset_destroy(pack);
    clile_dataset_destroy(out);
}

static void dataset_fold_count(world *w)
{
    int32_t folds = -7;
    WATCH(folds);
    CALL(clile_dataset_fold_count(A(dataset, w->arrays), A(protocol, "kfold:3"), A(folds, &folds)));
    if (world_ok(w)) world_need(w, folds == 3, "three folds");
}

static void dataset_numbers(world *w)
{
    int64_t size = 0;
    CALL_VALUE(size = clile_dataset_size(O(dataset, w->arrays)));
    world_need(w, size == (w->null_argument ? 0 : WORLD_N), "the size, 0 for NULL");
}

static void dataset_au_count(world *w)
{
    int32_t c = 7;
    CALL_VALUE(c = clile_dataset_au_count(O(dataset, w->arrays)));
    world_need(w, c == (w->null_argument ? 0 : WORLD_C), "c, 0 for NULL");
}

static void dataset_subject_count(world *w)
{
    int32_t s = 7;
    CALL_VALUE(s = clile_dataset_subject_count(O(dataset, w->arrays)));
    world_need(w, s == (w->null_argument ? 0 : WORLD_S), "subjects, 0 for NULL");
}

static void dataset_copy_au_ids(world *w)
{
    int32_t au_ids[WORLD_C] = {77};
    WATCH(au_ids);
    CALL(clile_dataset_copy_au_ids(A(dataset, w->arrays), A(au_ids, au_ids)));
    TAKE(au_ids);
}

static void dataset_copy_labels(world *w)
{
    int8_t labels[WORLD_N][WORLD_C] = {{7}};
    WATCH(labels);
    CALL(clile_dataset_copy_labels(A(dataset, w->arrays), 0, WORLD_N, A(labels, &labels[0][0])));
    TAKE(labels);
}

static void dataset_copy_intensities(world *w)
{
    int8_t intensity[WORLD_N][WORLD_C] = {{7}};
    WATCH(intensity);
    CALL(clile_dataset_copy_intensities(A(dataset, w->arrays), 0, WORLD_N,
                                        A(intensity, &intensity[0][0])));
    TAKE(intensity);
}

static void dataset_copy_subjects(world *w)
{
    int32_t subject[WORLD_N] = {7};
    WATCH(subject);
    CALL(clile_dataset_copy_subjects(A(dataset, w->arrays), 0, WORLD_N, A(subject, subject)));
    TAKE(subject);
}

static void dataset_get_subject_name(world *w)
{
    const char *name = NULL;
    CALL_VALUE(name = clile_dataset_get_subject_name(O(dataset, w->arrays), 1));
    world_need(w, w->null_argument ? name == NULL : strcmp(name, "1") == 0,
               "the name, NULL for NULL");
}

static void dataset_get_image_name(world *w)
{
    const char *name = NULL;
    CALL_VALUE(name = clile_dataset_get_image_name(O(dataset, w->arrays), 1));
    world_need(w, w->null_argument ? name == NULL : name != NULL, "the name, NULL for NULL");
}

/* What is left out is named in tests/data/test_layouts.c. */
static void dataset_get_left_out(world *w)
{
    const char *name = w->scratch;
    CALL_VALUE(name = clile_dataset_get_left_out(O(dataset, w->arrays), CLILE_LEFT_OUT_IMAGES, 0));
    world_need(w, name == NULL, "arrays leave nothing out, nor does NULL");
}

static void dataset_crop_size(world *w)
{
    int32_t size = -7;
    clile_dataset *pack = opened(w, w->pack);
    CALL_VALUE(size = clile_dataset_crop_size(O(dataset, pack)));
    world_need(w, size == (w->null_argument ? 0 : WORLD_SIZE), "the size of the pack, 0 for NULL");
    clile_dataset_destroy(pack);
}

static void dataset_get_kind(world *w)
{
    const char *kind = NULL;
    CALL_VALUE(kind = clile_dataset_get_kind(O(dataset, w->arrays)));
    world_need(w, kind != NULL && strcmp(kind, "unknown") == 0, "the kind of arrays");
}

static void dataset_get_notes(world *w)
{
    const char *notes = NULL;
    CALL_VALUE(notes = clile_dataset_get_notes(O(dataset, w->arrays)));
    world_need(w, notes != NULL && notes[0] == '\0', "no notes");
}

static void dataset_copy_au_weights(world *w)
{
    float weights[WORLD_C] = {7};
    WATCH(weights);
    CALL(clile_dataset_copy_au_weights(A(dataset, w->arrays), A(weights, weights)));
    TAKE(weights);
}

/* From an image file into the cache, which is filled by the call that succeeds. */
static void dataset_copy_crops(world *w)
{
    static uint8_t rgb[3][WORLD_SIZE][WORLD_SIZE][3];
    static const int64_t indices[3] = {2, 0, 1};
    clile_dataset *images = opened(w, w->images);
    CALL(clile_dataset_copy_crops(A(dataset, images), 3, O(indices, indices), WORLD_SIZE, 1,
                                  A(rgb, &rgb[0][0][0][0])));
    if (w->null_argument == NULL) TAKE(rgb);
    clile_dataset_destroy(images);
}

static void dataset_copy_crop(world *w)
{
    static uint8_t rgb[WORLD_SIZE][WORLD_SIZE][3];
    clile_dataset *images = opened(w, w->images);
    CALL(clile_dataset_copy_crop(A(dataset, images), 2, WORLD_SIZE, A(rgb, &rgb[0][0][0])));
    TAKE(rgb);
    clile_dataset_destroy(images);
}

static void dataset_read_image(world *w)
{
    int32_t h = -7, width = -7;
    uint8_t *rgb = NULL;
    clile_dataset *images = opened(w, w->images);
    WATCH(h);
    WATCH(width);
    WATCH(rgb);
    CALL(clile_dataset_read_image(A(dataset, images), 2, A(h, &h), A(w, &width), A(rgb, &rgb)));
    if (rgb != NULL) world_take(w, rgb, (size_t)h * (size_t)width * 3);
    clile_free(rgb);
    clile_dataset_destroy(images);
}

static void dataset_copy_counts(world *w)
{
    clile_dataset_counts counts = {.struct_size = sizeof counts};
    CALL(clile_dataset_copy_counts(A(dataset, w->arrays), A(counts, &counts)));
    TAKE(counts);
}

static int32_t count_on(int64_t done, int64_t all, void *user)
{
    (void)user;
    return done > all; /* 0: continue */
}

static void dataset_pack(world *w)
{
    clile_dataset *images = opened(w, w->images);
    CALL(clile_dataset_pack(A(dataset, images), A(path, w->scratch), O(options, w->options),
                            CALLBACK(progress, count_on), O(user, w)));
    if (w->status != CLILE_OK && w->again != CLILE_OK)
        world_need(w, !clile_i_path_exists(w->scratch), "a failed call leaves no file");
    if (world_ok(w) && w->null_argument == NULL) world_take_file(w, w->scratch);
    clile_dataset_destroy(images);
}

static void dataset_verify(world *w)
{
    clile_dataset *pack = opened(w, w->pack);
    CALL(clile_dataset_verify(A(dataset, pack), CALLBACK(progress, count_on), O(user, w)));
    clile_dataset_destroy(pack);
}

static void dataset_destroy(world *w)
{
    clile_dataset *data = opened(w, w->images);
    CALL_VALUE(clile_dataset_destroy(O(dataset, data)));
    if (w->null_argument != NULL) clile_dataset_destroy(data);
}

/* ---- images ---- */

static void image_read(world *w)
{
    int32_t h = -7, width = -7;
    uint8_t *rgb = NULL;
    WATCH(h);
    WATCH(width);
    WATCH(rgb);
    CALL(clile_image_read(A(path, w->photo), O(options, w->options), A(h, &h), A(w, &width),
                          A(rgb, &rgb)));
    if (rgb != NULL) world_take(w, rgb, (size_t)h * (size_t)width * 3);
    clile_free(rgb);
}

static void image_decode(world *w)
{
    int32_t h = -7, width = -7;
    uint8_t *rgb = NULL;
    clile_i_file file = {0};
    WATCH(h);
    WATCH(width);
    WATCH(rgb);
    assert_int_equal(clile_i_file_open(w->photo, &file), CLILE_OK);
    CALL(clile_image_decode(A(bytes, file.data), file.size, O(options, w->options), A(h, &h),
                            A(w, &width), A(rgb, &rgb)));
    if (rgb != NULL) world_take(w, rgb, (size_t)h * (size_t)width * 3);
    clile_free(rgb);
    clile_i_file_close(&file);
}

static int32_t take_path(const char *path, void *user)
{
    if (user != NULL && path[0] == '/') ++*(int32_t *)user;
    return 0;
}

static void image_walk(world *w)
{
    int32_t found = 0;
    CALL(clile_image_walk(A(folder, w->folder), A(each, take_path),
                          O(user, (found = 0, &found)))); /* a second call counts from 0 */
    if (world_ok(w)) world_take(w, &found, sizeof found);
}

static void image_write_png(world *w)
{
    CALL(clile_image_write_png(A(path, w->scratch), WORLD_SIZE, WORLD_SIZE,
                               A(rgb, &w->rgb[0][0][0][0])));
    if (world_ok(w)) world_take_file(w, w->scratch);
}

static void image_encode_png(world *w)
{
    uint8_t *png = NULL;
    size_t size = 7;
    WATCH(png);
    WATCH(size);
    CALL(clile_image_encode_png(WORLD_SIZE, WORLD_SIZE, A(rgb, &w->rgb[0][0][0][0]), A(png, &png),
                                A(size, &size)));
    if (png != NULL) world_take(w, png, size);
    clile_free(png);
}

/* ---- face files ---- */

static const char *face_rows(world *w)
{
    FILE *file = fopen(w->scratch, "wb");
    world_need(w,
               file != NULL && fputs("image,x,y,w,h\na/1.png,4,5,20,24\n", file) >= 0 &&
                   fclose(file) == 0,
               "a face file");
    return w->scratch;
}

static clile_face_file *opened_faces(world *w)
{
    clile_face_file *faces = NULL;
    NEED(clile_face_file_open(face_rows(w), NULL, &faces));
    return faces;
}

static void face_file_open(world *w)
{
    clile_face_file *out = NULL;
    const char *path = face_rows(w);
    WATCH(out);
    CALL(clile_face_file_open(A(path, path), O(options, w->options), A(out, &out)));
    clile_face_file_destroy(out);
}

static void face_file_expect(world *w)
{
    clile_face_file *faces = opened_faces(w);
    CALL(clile_face_file_expect(A(file, faces), A(image, "a/1.png")));
    clile_face_file_destroy(faces);
}

static void face_file_find(world *w)
{
    int64_t count = -7;
    clile_face_file *faces = opened_faces(w);
    WATCH(count);
    CALL(clile_face_file_find(A(file, faces), O(image, "a/1.png"), 1, A(count, &count)));
    if (w->null_argument == NULL) TAKE(count);
    clile_face_file_destroy(faces);
}

static void face_file_get(world *w)
{
    int64_t count = 0;
    int32_t has_box = -7, points = -7;
    float box[4] = {7}, xy[2 * 68] = {7};
    clile_face_file *faces = opened_faces(w);
    NEED(clile_face_file_find(faces, "a/1.png", 0, &count));
    WATCH(has_box);
    WATCH(points);
    WATCH(box);
    CALL(clile_face_file_get(A(file, faces), 0, A(has_box, &has_box), A(box, box),
                             A(points, &points), A(xy, xy)));
    TAKE(box);
    clile_face_file_destroy(faces);
}

static void face_file_destroy(world *w)
{
    clile_face_file *faces = opened_faces(w);
    CALL_VALUE(clile_face_file_destroy(O(file, faces)));
    if (w->null_argument != NULL) clile_face_file_destroy(faces);
}

const world_case world_cases_data[] = {
    {"clile_dataset_open", dataset_open, NULL, 0},
    {"clile_dataset_open", dataset_open_pack, NULL, 0},
    {"clile_dataset_from_arrays", dataset_from_arrays, NULL, 0},
    {"clile_dataset_from_intensities", dataset_from_intensities, NULL, 0},
    {"clile_dataset_fold", dataset_fold, NULL, 0},
    {"clile_dataset_select", dataset_select, NULL, 0},
    {"clile_dataset_concat", dataset_concat, NULL, 0},
    {"clile_dataset_fold_count", dataset_fold_count, READS_ONLY, 0},
    {"clile_dataset_size", dataset_numbers, READS_ONLY, 0},
    {"clile_dataset_au_count", dataset_au_count, READS_ONLY, 0},
    {"clile_dataset_subject_count", dataset_subject_count, READS_ONLY, 0},
    {"clile_dataset_copy_au_ids", dataset_copy_au_ids, READS_ONLY, 0},
    {"clile_dataset_copy_labels", dataset_copy_labels, READS_ONLY, 0},
    {"clile_dataset_copy_intensities", dataset_copy_intensities, READS_ONLY, 0},
    {"clile_dataset_copy_subjects", dataset_copy_subjects, READS_ONLY, 0},
    {"clile_dataset_get_subject_name", dataset_get_subject_name, READS_ONLY, 0},
    {"clile_dataset_get_image_name", dataset_get_image_name, READS_ONLY, 0},
    {"clile_dataset_get_left_out", dataset_get_left_out, READS_ONLY, 0},
    {"clile_dataset_crop_size", dataset_crop_size, READS_ONLY, 0},
    {"clile_dataset_get_kind", dataset_get_kind, READS_ONLY, 0},
    {"clile_dataset_get_notes", dataset_get_notes, READS_ONLY, 0},
    {"clile_dataset_copy_au_weights", dataset_copy_au_weights, NULL, 0},
    {"clile_dataset_copy_crop", dataset_copy_crop, NULL, 0},
    {"clile_dataset_read_image", dataset_read_image, NULL, 0},
    {"clile_dataset_copy_crops", dataset_copy_crops, NULL, 0},
    {"clile_dataset_copy_counts", dataset_copy_counts, READS_ONLY, 0},
    {"clile_dataset_pack", dataset_pack, NULL, 0},
    {"clile_dataset_verify", dataset_verify, "reads the mapped file", 0},
    {"clile_dataset_destroy", dataset_destroy, "frees", 0},
    {"clile_face_file_open", face_file_open, NULL, 0},
    {"clile_face_file_expect", face_file_expect, NULL, 0},
    {"clile_face_file_find", face_file_find, NULL, 0},
    {"clile_face_file_get", face_file_get, READS_ONLY, 0},
    {"clile_face_file_destroy", face_file_destroy, "frees", 0},
    {"clile_image_read", image_read, NULL, 0},
    {"clile_image_decode", image_decode, NULL, 0},
    {"clile_image_walk", image_walk, NULL, 0},
    {"clile_image_write_png", image_write_png, NULL, 0},
    {"clile_image_encode_png", image_encode_png, NULL, 0},
    {NULL, NULL, NULL, 0},
};
