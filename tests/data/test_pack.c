/* Packs: the same bits as their source, and the messages about damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/core.h"
#include "data/scratch.h"
#include "layout/pack.h"

enum { N = 70, SIDE = 40, SIZE = 32, C = 3, STORED = 36 };

static int32_t stop_at_once(int64_t done, int64_t all, void *user)
{
    *(int64_t *)user = done;
    return done < all;
}

/* crop_margin; NULL: not given */
static clile_status pack_with(const clile_dataset *dataset, const char *crop_margin,
                              const char *path, clile_count_fn progress, void *user)
{
    clile_options *options = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, "image_size", "32"), CLILE_OK);
    assert_int_equal(clile_options_set(options, "threads", "2"), CLILE_OK);
    if (crop_margin != NULL)
        assert_int_equal(clile_options_set(options, "crop_margin", crop_margin), CLILE_OK);
    const clile_status status = clile_dataset_pack(dataset, path, options, progress, user);
    clile_options_destroy(options);
    return status;
}

static clile_status pack(const clile_dataset *dataset, const char *path, clile_count_fn progress,
                         void *user)
{
    return pack_with(dataset, NULL, path, progress, user);
}

/* Noise with landmarks in every other row, so that both ways of cutting a crop are packed. */
static void write_folder(const scratch *s)
{
    uint8_t pixels[SIDE * SIDE * 3];
    clile_i_text rows = {0};
    clile_i_rng rng = clile_i_rng_make(1, 2);
    char name[64];
    clile_i_text_append(&rows, "image,subject,AU1,AU4,AU12,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n");
    for (int i = 0; i < N; ++i) {
        for (size_t k = 0; k < sizeof pixels; ++k)
            pixels[k] = (uint8_t)clile_i_rng_below(&rng, 256);
        snprintf(name, sizeof name, "f/im_%03d.png", i);
        scratch_folders(s, name);
        assert_int_equal(clile_i_image_write_png(scratch_path(s, name), SIDE, SIDE, 3, pixels),
                         CLILE_OK);
        clile_i_text_append(&rows, "%s,s%d,%d,%d,%d,%s\n", name, 12 - i % 7, i % 3 == 0,
                            i % 5 == 0 ? -1 : 0, i % 2,
                            i % 2 ? ",,,,,,,,," : "14.5,16,25,15,21,23,16,30,25,29.5");
    }
    scratch_text(s, "manifest.csv", rows.data);
    clile_i_text_free(&rows);
}

static void assert_same_batches(const clile_dataset *a, const clile_dataset *b)
{
    enum { BATCH = 16 };
    static float x[2][BATCH * 3 * SIZE * SIZE];
    const clile_i_augment augment = {
        .flip = 1, .scale = 0.2, .shift = 0.1, .brightness = 0.2, .contrast = 0.2, .rotate = 30};
    const int64_t n = clile_dataset_size(a);
    int64_t order[N];
    assert_int_equal(clile_dataset_size(b), n);
    assert_int_equal(clile_dataset_subject_count(a), clile_dataset_subject_count(b));
    for (int64_t i = 0; i < n; ++i) {
        assert_int_equal(clile_i_dataset_subject(a, i), clile_i_dataset_subject(b, i));
        assert_memory_equal(clile_i_dataset_labels(a, i), clile_i_dataset_labels(b, i), C);
        assert_string_equal(clile_dataset_get_image_name(a, i), clile_dataset_get_image_name(b, i));
    }
    clile_i_sampler_order(n, 3, 0, order);
    for (int step = 0; step < 2; ++step) {
        const clile_i_augment *how = step == 0 ? NULL : &augment;
        assert_int_equal(clile_i_batch_load(a, BATCH, order, SIZE, how, 3, step, x[0]), CLILE_OK);
        assert_int_equal(clile_i_batch_load(b, BATCH, order, SIZE, how, 3, step, x[1]), CLILE_OK);
        assert_memory_equal(x[0], x[1], sizeof x[0]);
    }
}

static void a_pack_gives_the_same_bits(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *folder = NULL, *packed = NULL, *parts[4] = {NULL};
    int64_t done = 0;
    uint8_t crop[3 * 40 * 40];
    float weights[2][C];
    (void)state;
    write_folder(&s);
    assert_int_equal(scratch_open(s.path, "", &folder), CLILE_OK);
    assert_int_equal(pack(folder, scratch_path(&s, "p.safetensors"), stop_at_once, &done),
                     CLILE_E_CANCELLED);
    assert_int_equal(done, CLILE_I_PACK_BLOCK);
    assert_false(clile_i_path_exists(scratch_path(&s, "p.safetensors")));
    assert_int_equal(pack(folder, scratch_path(&s, "p.safetensors"), NULL, NULL), CLILE_OK);
    /* nothing is kept: memory does not grow with the images */
    assert_int_equal(folder->core->cache_used, 0);
    assert_int_equal(scratch_open(scratch_path(&s, "p.safetensors"), "", &packed), CLILE_OK);
    assert_same_batches(folder, packed);
    assert_int_equal(packed->core->cache_used, 0);
    assert_counts(packed, N, 0, 0, N / 2);
    assert_int_equal(clile_dataset_crop_size(packed), SIZE);
    assert_int_equal(clile_dataset_copy_au_weights(folder, weights[0]), CLILE_OK);
    assert_int_equal(clile_dataset_copy_au_weights(packed, weights[1]), CLILE_OK);
    assert_memory_equal(weights[0], weights[1], sizeof weights[0]);
    for (int k = 0; k < 2; ++k)
        assert_int_equal(clile_dataset_fold(k == 0 ? folder : packed, "kfold:3", 2, &parts[2 * k],
                                            &parts[2 * k + 1]),
                         CLILE_OK);
    assert_same_batches(parts[0], parts[2]);
    assert_same_batches(parts[1], parts[3]);

    assert_failed(clile_dataset_copy_crop(packed, 0, 40, crop), CLILE_E_INVALID_ARGUMENT,
                  "p.safetensors holds crops of 32 pixels, 40 were asked for: set image_size=32");
    done = 0;
    assert_int_equal(clile_dataset_verify(packed, stop_at_once, &done), CLILE_E_CANCELLED);
    assert_int_equal(clile_dataset_verify(packed, NULL, NULL), CLILE_OK);
    assert_failed(clile_dataset_verify(folder, NULL, NULL), CLILE_E_UNSUPPORTED, "is not a pack");

    /* a part of a pack, packed again */
    assert_int_equal(pack(parts[3], scratch_path(&s, "q.safetensors"), NULL, NULL), CLILE_OK);
    clile_dataset_destroy(packed); /* its parts keep the file open */
    assert_int_equal(scratch_open(scratch_path(&s, "q.safetensors"), "layout=pack", &packed),
                     CLILE_OK);
    assert_same_batches(parts[1], packed);
    for (int k = 0; k < 4; ++k) clile_dataset_destroy(parts[k]);
    clile_dataset_destroy(packed);
    clile_dataset_destroy(folder);
    scratch_free(&s);
}

static void assert_same_crops(const clile_dataset *a, const clile_dataset *b)
{
    static uint8_t x[2][N * SIZE * SIZE * 3];
    const int64_t n = clile_dataset_size(a);
    assert_int_equal(clile_dataset_copy_crops(a, n, NULL, SIZE, 2, x[0]), CLILE_OK);
    assert_int_equal(clile_dataset_copy_crops(b, n, NULL, SIZE, 2, x[1]), CLILE_OK);
    assert_memory_equal(x[0], x[1], (size_t)n * SIZE * SIZE * 3);
}

/* The first picture of a batch whose windows reach far out. */
static void far_out(const clile_dataset *dataset, float *dst)
{
    const clile_i_augment augment = {.scale = 0.5, .shift = 0.2, .rotate = 60};
    const int64_t indices[4] = {0, 1, 2, 3};
    assert_int_equal(clile_i_batch_load(dataset, 4, indices, SIZE, &augment, 3, 1, dst), CLILE_OK);
}

/* A pack holds the margin it was made with, whichever option gave it; without the option,
 * reading uses the pack's. */
static void margins_are_kept(void **state)
{
    static float x[2][4 * 3 * SIZE * SIZE];
    const scratch s = scratch_make();
    clile_dataset *usual = NULL, *wide = NULL, *packed = NULL, *both = NULL;
    char path[1024];
    (void)state;
    write_folder(&s);
    snprintf(path, sizeof path, "%s", scratch_path(&s, "p.safetensors"));
    assert_int_equal(scratch_open(s.path, "", &usual), CLILE_OK);
    assert_int_equal(scratch_open(s.path, "crop_margin=0.3", &wide), CLILE_OK);
    assert_same_crops(usual, wide); /* only augmentation sees it */
    far_out(usual, x[0]);
    far_out(wide, x[1]);
    assert_memory_not_equal(x[0], x[1], sizeof x[0]);
    /* by the data set's option, and by the packing's */
    for (int how = 0; how < 2; ++how) {
        assert_int_equal(pack_with(how ? usual : wide, how ? "0.3" : NULL, path, NULL, NULL),
                         CLILE_OK);
        for (int said = 0; said < 2; ++said) {
            assert_int_equal(scratch_open(path, said ? "crop_margin=0.3" : "", &packed), CLILE_OK);
            assert_int_equal(packed->core->table.pack_margin, 10);
            assert_same_batches(wide, packed);
            assert_same_crops(usual, packed);
            assert_int_equal(clile_dataset_verify(packed, NULL, NULL), CLILE_OK);
            clile_dataset_destroy(packed);
        }
    }
    assert_failed(scratch_open(path, "crop_margin=0.0625", &packed), CLILE_E_INVALID_ARGUMENT,
                  "p.safetensors holds crops with a margin of 10 pixels, 2 were asked for: set "
                  "crop_margin=0.3125, or pack again");
    assert_int_equal(scratch_open(path, "crop_margin=0.3125", &packed), CLILE_OK);
    assert_failed(pack_with(packed, "0.5", scratch_path(&s, "q.safetensors"), NULL, NULL),
                  CLILE_E_INVALID_ARGUMENT, "a margin of 10 pixels, 16 were asked for");
    /* in a joined set each image keeps its own, cached or not */
    for (int cached = 0; cached < 2; ++cached) {
        const clile_i_augment augment = {.scale = 0.5, .shift = 0.2, .rotate = 60};
        const int64_t mixed[4] = {0, N + 1, 2, N + 3};
        if (!cached) usual->core->cache_limit = 0;
        const clile_dataset *const sets[2] = {usual, packed};
        assert_int_equal(clile_dataset_concat(2, sets, CLILE_SUBJECTS_DISTINCT, &both), CLILE_OK);
        assert_int_equal(clile_i_batch_load(both, 4, mixed, SIZE, &augment, 3, 1, x[1]), CLILE_OK);
        for (int k = 0; k < 4; ++k) {
            far_out(k % 2 ? packed : usual, x[0]);
            const int64_t at = (int64_t)k * 3 * SIZE * SIZE;
            assert_memory_equal(x[0] + at, x[1] + at, 3 * SIZE * SIZE * sizeof(float));
        }
        clile_dataset_destroy(both);
    }
    clile_dataset_destroy(packed);
    /* the usual margin is not written: such a pack is what it was before there was an option */
    clile_i_st *st = NULL;
    assert_int_equal(pack(usual, path, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_i_st_open(path, &st), CLILE_OK);
    assert_null(clile_i_st_metadata(st, "crop_margin"));
    clile_i_st_close(st);
    clile_dataset_destroy(usual);
    clile_dataset_destroy(wide);
    scratch_free(&s);
}

static void frames_aus_and_options(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    clile_i_st *st = NULL;
    int64_t frame[N];
    int32_t ids[2];
    (void)state;
    write_folder(&s);
    assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
    assert_int_equal(pack(dataset, scratch_path(&s, "p.safetensors"), NULL, NULL), CLILE_OK);
    clile_dataset_destroy(dataset);
    /* with its CRC of the whole */
    assert_int_equal(clile_i_st_open(scratch_path(&s, "p.safetensors"), &st), CLILE_OK);
    assert_int_equal(clile_i_st_copy(st, "frame", CLILE_I_ST_I64, 1, (const int64_t[]){N}, frame),
                     CLILE_OK);
    assert_int_equal(frame[0], 0);
    assert_int_equal(frame[N - 1], N - 1);
    assert_string_equal(clile_i_st_metadata(st, "made_from"),
                        "layout=csv au_set=1,4,12 unknown=mask present_from=2");
    clile_i_st_close(st);
    const char *path = scratch_path(&s, "p.safetensors");
    assert_int_equal(scratch_open(path, "au_set=12,4 unknown=negative", &dataset), CLILE_OK);
    assert_int_equal(clile_dataset_copy_au_ids(dataset, ids), CLILE_OK);
    assert_true(ids[0] == 12 && ids[1] == 4);
    assert_labels(dataset, 5, 2, (const int8_t[2]){1, 0});
    clile_dataset_destroy(dataset);
    assert_failed(scratch_open(path, "au_set=2", &dataset), CLILE_E_INVALID_ARGUMENT,
                  "AU 2 is not coded there; it has 1 4 12");
    scratch_free(&s);
}

/* ---- packs made by hand ---- */

typedef struct {
    const char *format, *version, *size, *aus, *subjects, *names, *crc;
    int8_t label;
    int32_t subject;
    int64_t side;
    const char *margin; /* NULL: not written */
} recipe;
static const recipe fine = {"clile-pack", "1", "32", "1,4,12", "a\nb", "x/1.png\ny",
                            NULL,         0,   1,    STORED,   NULL};

static void write_pack(const scratch *s, const recipe *r)
{
    static uint8_t images[2 * 44 * 44 * 3];
    const int8_t labels[2 * C] = {1, 0, -1, 0, r->label, 1};
    const int32_t subject[2] = {0, r->subject};
    const int64_t frame[2] = {1, -1}, n = 2, one = 1;
    const int64_t crc = clile_i_crc32(0, images, (size_t)(2 * r->side * r->side * 3));
    const clile_i_pack_tables tables = {r->aus, r->subjects, r->names, n,
                                        C,      frame,       subject,  labels};
    const char *zero[] = {"label_rows", "labels_without_image", "images_without_labels",
                          "images_without_landmarks"};
    clile_i_st_writer *w = NULL;
    char digits[9];
    snprintf(digits, sizeof digits, "%08x", clile_i_pack_tables_crc(&tables));
    assert_int_equal(clile_i_st_writer_create(&w), CLILE_OK);
    clile_i_st_writer_metadata(w, "format", r->format);
    clile_i_st_writer_metadata(w, "format_version", r->version);
    clile_i_st_writer_metadata(w, "image_size", r->size);
    if (r->margin != NULL) clile_i_st_writer_metadata(w, "crop_margin", r->margin);
    clile_i_st_writer_metadata(w, "block_images", "64");
    clile_i_st_writer_metadata(w, "au_ids", r->aus);
    clile_i_st_writer_metadata(w, "subjects", r->subjects);
    clile_i_st_writer_metadata(w, "image_names", r->names);
    clile_i_st_writer_metadata(w, "tables_crc32", r->crc != NULL ? r->crc : digits);
    for (int k = 0; k < 4; ++k) clile_i_st_writer_metadata(w, zero[k], "0");
    clile_i_st_writer_add(w, "images", CLILE_I_ST_U8, 4, (const int64_t[]){n, r->side, r->side, 3},
                          images);
    clile_i_st_writer_add(w, "labels", CLILE_I_ST_I8, 2, (const int64_t[]){n, C}, labels);
    clile_i_st_writer_add(w, "subject", CLILE_I_ST_I32, 1, &n, subject);
    clile_i_st_writer_add(w, "frame", CLILE_I_ST_I64, 1, &n, frame);
    clile_i_st_writer_add(w, "crc32", CLILE_I_ST_I64, 1, &one, &crc);
    assert_int_equal(clile_i_st_writer_write(w, scratch_path(s, "p.safetensors")), CLILE_OK);
    clile_i_st_writer_destroy(w);
}

static void expect(const scratch *s, const recipe *r, clile_status expected, const char *text)
{
    clile_dataset *dataset = (clile_dataset *)(uintptr_t)1;
    write_pack(s, r);
    assert_failed(scratch_open(scratch_path(s, "p.safetensors"), "", &dataset), expected, text);
    assert_null(dataset);
}

static void wrong_contents_are_named(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    recipe r;
    (void)state;
    write_pack(&s, &fine);
    assert_int_equal(scratch_open(scratch_path(&s, "p.safetensors"), "", &dataset), CLILE_OK);
    assert_int_equal(clile_dataset_verify(dataset, NULL, NULL), CLILE_OK);
    clile_dataset_destroy(dataset);
#define EXPECT(change, status, text) (r = fine, r.change, expect(&s, &r, status, text))
    EXPECT(format = "clile-model", CLILE_E_FORMAT,
           "its format is \"clile-model\", expected \"clile-pack\"");
    EXPECT(version = "2", CLILE_E_UNSUPPORTED, "has format version \"2\", this library reads 1");
    EXPECT(size = "33", CLILE_E_FORMAT,
           "tensor \"images\" is U8 [2,36,36,3], expected U8 [2,37,37,3]");
    EXPECT(size = "x", CLILE_E_FORMAT,
           "\"image_size\" is \"x\", expected an integer from 1 to 4096");
    EXPECT(size = "-1", CLILE_E_FORMAT, "\"image_size\" is \"-1\"");
    EXPECT(side = 40, CLILE_E_FORMAT, "tensor \"images\" is U8 [2,40,40,3]");
    EXPECT(margin = "4", CLILE_E_FORMAT,
           "tensor \"images\" is U8 [2,36,36,3], expected U8 [2,40,40,3]");
    EXPECT(margin = "-1", CLILE_E_FORMAT,
           "\"crop_margin\" is \"-1\", expected an integer from 0 to 2048");
    EXPECT(margin = "0.3", CLILE_E_FORMAT, "\"crop_margin\" is \"0.3\"");
    EXPECT(margin = "9999999999999999999", CLILE_E_FORMAT, "\"crop_margin\" is");
    EXPECT(aus = "1,4", CLILE_E_FORMAT, "tensor \"labels\" is I8 [2,3], expected I8 [2,2]");
    EXPECT(aus = "1,4,4", CLILE_E_FORMAT,
           "au_ids, entry 3 is \"4\", expected numbers from 1 to 999, each once");
    EXPECT(aus = "", CLILE_E_FORMAT, "au_ids, entry 1 is \"\"");
    EXPECT(subjects = "a\na", CLILE_E_FORMAT, "subjects, line 2: \"a\" is there twice");
    EXPECT(subjects = "a\n", CLILE_E_FORMAT, "subjects, line 2: \"\" is empty");
    EXPECT(names = "x", CLILE_E_FORMAT, "1 image names for 2 images");
    EXPECT(names = "x\ny\nz", CLILE_E_FORMAT, "3 image names for 2 images");
    EXPECT(label = 2, CLILE_E_FORMAT, "labels[1,1] is 2, expected 1, 0 or -1");
    EXPECT(subject = 2, CLILE_E_FORMAT, "subject[1] is 2, but there are 2 subjects");
    EXPECT(subject = -1, CLILE_E_FORMAT, "subject[1] is -1");
    EXPECT(crc = "00000000", CLILE_E_CORRUPT, "is damaged: CRC-32 of names and labels is");
#undef EXPECT
    scratch_free(&s);
}

/* Opens these bytes: any answer but a crash will do; verify notices what open does not. */
static clile_status try_bytes(const scratch *s, const uint8_t *bytes, size_t size)
{
    clile_dataset *dataset = NULL;
    uint8_t crop[3 * SIZE * SIZE];
    scratch_write(s, "d.safetensors", bytes, size);
    clile_status status = scratch_open(scratch_path(s, "d.safetensors"), "", &dataset);
    if (status == CLILE_OK) {
        for (int64_t i = 0; i < clile_dataset_size(dataset); ++i)
            if (clile_dataset_copy_crop(dataset, i, SIZE, crop) != CLILE_OK) break;
        status = clile_dataset_verify(dataset, NULL, NULL);
    }
    clile_dataset_destroy(dataset);
    return status;
}

static void damage_is_noticed(void **state)
{
    const scratch s = scratch_make();
    clile_i_file file;
    clile_dataset *dataset = NULL;
    (void)state;
    write_pack(&s, &fine);
    assert_int_equal(clile_i_file_open(scratch_path(&s, "p.safetensors"), &file), CLILE_OK);
    const size_t size = file.size;
    uint8_t *bytes = malloc(size);
    memcpy(bytes, file.data, size);
    clile_i_file_close(&file);
    uint64_t header = 0;
    memcpy(&header, bytes, 8);
    assert_int_equal(try_bytes(&s, bytes, size), CLILE_OK);
    for (size_t cut = 0; cut < size; cut += cut < 8 + header + 80 ? 1 : 397)
        if (try_bytes(&s, bytes, cut) == CLILE_OK)
            fail_msg("cut to %zu bytes and nobody noticed", cut);
    for (size_t at = 8 + (size_t)header; at < size; at += at < 8 + header + 80 ? 1 : 401) {
        bytes[at] ^= 0x41;
        if (try_bytes(&s, bytes, size) != CLILE_E_CORRUPT)
            fail_msg("byte %zu: %s", at, clile_last_error());
        bytes[at] ^= 0x41;
    }
    for (size_t at = 0; at < 8 + header; at += 3) { /* bytes of the header: must not crash */
        bytes[at] ^= 0x05;
        try_bytes(&s, bytes, size);
        bytes[at] ^= 0x05;
    }
    /* offsets out of the file: the images' end is "...]" with five digits */
    char end[16];
    snprintf(end, sizeof end, ",%d]", 8 + 16 + 8 + 2 * STORED * STORED * 3);
    char *found = NULL;
    for (size_t at = 8; at < 8 + header && found == NULL; ++at)
        if (memcmp(bytes + at, end, strlen(end)) == 0) found = (char *)bytes + at;
    assert_non_null(found);
    found[1] = '9';
    assert_int_not_equal(try_bytes(&s, bytes, size), CLILE_OK);
    assert_non_null(strstr(clile_last_error(), "tensor \"images\""));
    found[1] = end[1];

    bytes[size - 100] ^= 1; /* a pixel: opening does not read it, verify does */
    scratch_write(&s, "d.safetensors", bytes, size);
    assert_int_equal(scratch_open(scratch_path(&s, "d.safetensors"), "", &dataset), CLILE_OK);
    assert_failed(clile_dataset_verify(dataset, NULL, NULL), CLILE_E_CORRUPT,
                  "is damaged: block 0 (images 0 to 1): CRC-32 is");
    clile_dataset_destroy(dataset);
    free(bytes);
    scratch_free(&s);
}

static void what_cannot_be_packed(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    (void)state;
    scratch_text(&s, "manifest.csv", "image,subject,AU1\na.png,p,1\nb.png,p,0\n");
    scratch_image(&s, "a.png", 9);
    assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
    assert_failed(pack(dataset, scratch_path(&s, "p.safetensors"), NULL, NULL), CLILE_E_IO,
                  "b.png");
    assert_false(clile_i_path_exists(scratch_path(&s, "p.safetensors")));
    assert_failed(pack(dataset, "/no/such/folder/p", NULL, NULL), CLILE_E_IO, "/no/such/folder/p");
    assert_failed(pack(dataset, NULL, NULL, NULL), CLILE_E_INVALID_ARGUMENT, "path is NULL");
    assert_failed(pack(NULL, "x", NULL, NULL), CLILE_E_INVALID_ARGUMENT, "dataset is NULL");
    assert_failed(clile_dataset_verify(NULL, NULL, NULL), CLILE_E_INVALID_ARGUMENT,
                  "dataset is NULL");
    clile_dataset_destroy(dataset);
    scratch_text(&s, "manifest.csv", "image,subject,AU1\na.png,p\xff,1\n");
    assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
    assert_failed(pack(dataset, scratch_path(&s, "p.safetensors"), NULL, NULL),
                  CLILE_E_INVALID_ARGUMENT, "UTF-8");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void failed_allocations_leave_nothing_behind(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *folder = NULL, *packed = NULL;
    clile_status status = CLILE_OK;
    char path[1024];
    int64_t k = 0, failures = 0, fine_in_turn = 0;
    (void)state;
    scratch_text(&s, "manifest.csv", "image,subject,AU1\na.png,p,1\n");
    scratch_image(&s, "a.png", 9);
    snprintf(path, sizeof path, "%s", scratch_path(&s, "p.safetensors"));
    assert_int_equal(scratch_open(s.path, "", &folder), CLILE_OK);
    /* A render that failed for want of memory is tried again and may succeed: success must last. */
    for (k = 1; k <= 300 && fine_in_turn < 12; ++k) {
        unlink(path);
        clile_i_alloc_fail_at(k);
        status = clile_dataset_pack(folder, path, NULL, NULL, NULL);
        clile_i_alloc_fail_at(0);
        failures += status != CLILE_OK;
        fine_in_turn = status == CLILE_OK ? fine_in_turn + 1 : 0;
        assert_true(status == CLILE_OK || status == CLILE_E_OUT_OF_MEMORY);
        assert_int_equal(clile_i_path_exists(path), status == CLILE_OK);
    }
    assert_int_equal(status, CLILE_OK);
    assert_true(failures > 20);
    k = 0;
    do {
        clile_i_alloc_fail_at(++k);
        status = clile_dataset_open(path, NULL, &packed);
        clile_i_alloc_fail_at(0);
        assert_true(status == CLILE_OK || status == CLILE_E_OUT_OF_MEMORY);
    } while (status != CLILE_OK && k < 500);
    assert_true(k > 10 && k < 500);
    clile_dataset_destroy(packed);
    clile_dataset_destroy(folder);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_gives_the_same_bits),
        cmocka_unit_test(margins_are_kept),
        cmocka_unit_test(frames_aus_and_options),
        cmocka_unit_test(wrong_contents_are_named),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(what_cannot_be_packed),
        cmocka_unit_test(failed_allocations_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
