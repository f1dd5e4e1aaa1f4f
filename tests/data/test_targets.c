/* Points and values beside the labels: which row is whose, the way into the crop, parts of data
 * sets, packs, and the messages about bad files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/core.h"
#include "data/scratch.h"

#include <math.h>

enum { ROWS = 6, P = 3, V = 2 };

/* What a file of targets holds; NULL: no such tensor. */
typedef struct {
    int64_t rows, p, v;
    const float *points, *values;
    const int64_t *points_mirror;
    const int32_t *values_mirror;
} content;

static void write_targets(const scratch *s, const char *name, const content *c)
{
    clile_i_st_writer *writer = NULL;
    const int64_t points[3] = {c->rows, c->p, 2}, values[2] = {c->rows, c->v};
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    if (c->points)
        assert_int_equal(
            clile_i_st_writer_add(writer, "points", CLILE_I_ST_F32, 3, points, c->points),
            CLILE_OK);
    if (c->values)
        assert_int_equal(
            clile_i_st_writer_add(writer, "values", CLILE_I_ST_F32, 2, values, c->values),
            CLILE_OK);
    if (c->points_mirror)
        assert_int_equal(clile_i_st_writer_add(writer, "points_mirror", CLILE_I_ST_I64, 1, &c->p,
                                               c->points_mirror),
                         CLILE_OK);
    if (c->values_mirror)
        assert_int_equal(clile_i_st_writer_add(writer, "values_mirror", CLILE_I_ST_I32, 1, &c->v,
                                               c->values_mirror),
                         CLILE_OK);
    assert_int_equal(clile_i_st_writer_write(writer, scratch_path(s, name)), CLILE_OK);
    clile_i_st_writer_destroy(writer);
}

static const int64_t points_mirror[P] = {1, 0, 2};
static const int32_t values_mirror[V] = {1, 0};

/* The manifest: a face by landmarks, one that was not found, one by a box, one whose landmarks
 * cannot be a face, an image used whole, and the first again. The crop of the landmarks has its
 * corner at (4, 2) and a side of 20 pixels. */
static const char manifest[] =
    "image,subject,success,AU1,AU4,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4,box_x,box_y,box_w,box_h\n"
    "a.png,s1,1,1,0,11,10,17,10,14,13.42,11.52,16.94,16.48,16.94,,,,\n"
    "b.png,s1,0,,,,,,,,,,,,,,,,\n"
    "c.png,s2,1,0,1,,,,,,,,,,,4,4,10,10\n"
    "d.png,s2,1,0,1,9,9,9,9,9,9,9,9,9,9,,,,\n"
    "e.png,s3,1,1,1,,,,,,,,,,,,,,\n"
    "f.png,s3,1,1,0,11,10,17,10,14,13.42,11.52,16.94,16.48,16.94,,,,\n";
static const int row_of[] = {0, 2, 4, 5}; /* of the samples */

static void fill(float *points, float *values)
{
    for (int i = 0; i < ROWS; ++i)
        for (int k = 0; k < P; ++k) {
            points[2 * (i * P + k)] = (float)(4 + 5 * k + i);
            points[2 * (i * P + k) + 1] = (float)(2 + 2 * k);
            if (k < V) values[i * V + k] = (float)(10 * i + k);
        }
    points[2 * (2 * P + 1)] = points[2 * (2 * P + 1) + 1] = NAN;
    values[5 * V] = NAN;
}

static void write_folder(const scratch *s)
{
    float points[ROWS * P * 2], values[ROWS * V];
    char name[16];
    fill(points, values);
    for (int i = 0; i < ROWS; ++i) {
        snprintf(name, sizeof name, "%c.png", 'a' + i);
        scratch_image(s, name, 40 * i);
    }
    scratch_text(s, "manifest.csv", manifest);
    write_targets(s, "t.safetensors",
                  &(content){ROWS, P, V, points, values, points_mirror, values_mirror});
}

/* Whether image `index` has the targets of row `row`, its crop being that of sample `sample`. */
static void assert_targets(const clile_dataset *data, int64_t index, int sample)
{
    /* corner and side of the crop: landmarks; box with a margin of 0; whole image */
    static const float crop[4][3] = {{4, 2, 20}, {4, 4, 10}, {0, 0, 24}, {4, 2, 20}};
    float points[ROWS * P * 2], values[ROWS * V], xy[2 * P], v[V];
    const int row = row_of[sample];
    fill(points, values);
    assert_int_equal(clile_i_dataset_targets(data)->p, P);
    assert_int_equal(clile_i_dataset_targets(data)->v, V);
    assert_int_equal(clile_i_dataset_copy_points(data, index, xy), CLILE_OK);
    clile_i_dataset_copy_values(data, index, v);
    for (int k = 0; k < 2 * P; ++k) {
        const float *c = crop[sample], given = points[row * 2 * P + k];
        if (isnan(given))
            assert_true(isnan(xy[k]));
        else
            assert_float_equal(xy[k], (given - c[k % 2]) / c[2], 1e-5f);
    }
    for (int k = 0; k < V; ++k)
        assert_true(isnan(values[row * V + k]) ? isnan(v[k]) : v[k] == values[row * V + k]);
}

static void a_sample_has_the_targets_of_its_row(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *data = NULL, *train = NULL, *test = NULL, *chosen = NULL;
    (void)state;
    write_folder(&s);
    assert_int_equal(scratch_open(s.path, "targets=t.safetensors box_margin=0", &data), CLILE_OK);
    assert_int_equal(clile_dataset_size(data), 4);
    assert_non_null(strstr(clile_dataset_get_notes(data), "targets: 3 points and 2 values an"));
    for (int i = 0; i < 4; ++i) assert_targets(data, i, i);
    for (int k = 0; k < P; ++k)
        assert_int_equal(clile_i_dataset_targets(data)->points_mirror[k], points_mirror[k]);
    for (int k = 0; k < V; ++k)
        assert_int_equal(clile_i_dataset_targets(data)->values_mirror[k], values_mirror[k]);
    assert_int_equal(clile_dataset_fold(data, "loso", 2, &train, &test), CLILE_OK);
    assert_int_equal(clile_dataset_size(train), 3);
    assert_targets(train, 0, 0);
    assert_targets(train, 1, 2);
    assert_targets(train, 2, 3);
    assert_targets(test, 0, 1);
    assert_int_equal(clile_dataset_select(train, 3, (const int64_t[]){2, 2, 1}, &chosen), CLILE_OK);
    clile_dataset_destroy(train);
    assert_targets(chosen, 0, 3);
    assert_targets(chosen, 1, 3);
    assert_targets(chosen, 2, 2);
    clile_dataset_destroy(chosen);
    clile_dataset_destroy(test);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

static void a_path_may_be_absolute_and_data_a_file(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    char settings[256], path[1024];
    (void)state;
    write_folder(&s);
    snprintf(settings, sizeof settings, "targets=%.200s box_margin=0",
             scratch_path(&s, "t.safetensors"));
    snprintf(path, sizeof path, "%s", scratch_path(&s, "manifest.csv"));
    assert_int_equal(scratch_open(path, settings, &data), CLILE_OK);
    assert_targets(data, 2, 2);
    clile_dataset_destroy(data);
    assert_int_equal(scratch_open(path, "targets=t.safetensors box_margin=0", &data), CLILE_OK);
    assert_targets(data, 1, 1);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

static void a_pack_keeps_them(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *data = NULL, *part = NULL, *packed = NULL;
    clile_options *options = NULL;
    clile_i_file file;
    (void)state;
    write_folder(&s);
    assert_int_equal(scratch_open(s.path, "targets=t.safetensors box_margin=0", &data), CLILE_OK);
    assert_int_equal(clile_dataset_select(data, 3, (const int64_t[]){3, 1, 2}, &part), CLILE_OK);
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, "image_size", "32"), CLILE_OK);
    const char *path = scratch_path(&s, "p.safetensors");
    assert_int_equal(clile_dataset_pack(part, path, options, NULL, NULL), CLILE_OK);
    path = scratch_path(&s, "p.safetensors");
    assert_int_equal(scratch_open(path, "", &packed), CLILE_OK);
    assert_targets(packed, 0, 3);
    assert_targets(packed, 1, 1);
    assert_targets(packed, 2, 2);
    assert_int_equal(clile_i_dataset_targets(packed)->points_mirror[0], 1);
    clile_dataset_destroy(packed);
    path = scratch_path(&s, "p.safetensors");
    assert_failed(scratch_open(path, "targets=t.safetensors", &packed), CLILE_E_UNSUPPORTED,
                  "a pack keeps the targets it was made with");

    /* one bit of one value changed */
    assert_int_equal(clile_i_file_open(scratch_path(&s, "p.safetensors"), &file), CLILE_OK);
    uint8_t *bytes = clile_i_calloc((int64_t)file.size, 1);
    assert_non_null(bytes);
    memcpy(bytes, file.data, file.size);
    clile_i_st *st = NULL;
    assert_int_equal(clile_i_st_open_memory(bytes, file.size, &st), CLILE_OK);
    const size_t at = (size_t)(clile_i_st_find(st, "values")->data - bytes);
    clile_i_st_close(st);
    bytes[at + 4] ^= 1;
    scratch_write(&s, "q.safetensors", bytes, file.size);
    clile_i_free(bytes);
    clile_i_file_close(&file);
    path = scratch_path(&s, "q.safetensors");
    assert_failed(scratch_open(path, "", &packed), CLILE_E_CORRUPT,
                  "is damaged: CRC-32 of its targets is");
    clile_options_destroy(options);
    clile_dataset_destroy(part);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

static void data_sets_are_joined(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *with = NULL, *without = NULL, *other = NULL, *joined = NULL, *again = NULL,
                  *none = NULL;
    float values[ROWS] = {0}, xy[2 * P], v[V];
    (void)state;
    write_folder(&s);
    write_targets(&s, "u.safetensors", &(content){.rows = ROWS, .v = 1, .values = values});
    assert_int_equal(scratch_open(s.path, "targets=t.safetensors box_margin=0", &with), CLILE_OK);
    assert_int_equal(scratch_open(s.path, "", &without), CLILE_OK);
    assert_int_equal(scratch_open(s.path, "targets=u.safetensors", &other), CLILE_OK);
    const clile_dataset *sets[] = {without, with, with};
    assert_int_equal(clile_dataset_concat(2, sets, CLILE_SUBJECTS_BY_NAME, &joined), CLILE_OK);
    assert_targets(joined, 5, 1);
    assert_targets(joined, 7, 3);
    assert_int_equal(clile_i_dataset_copy_points(joined, 0, xy), CLILE_OK);
    clile_i_dataset_copy_values(joined, 0, v);
    assert_true(isnan(xy[0]) && isnan(xy[2 * P - 1]) && isnan(v[0]) && isnan(v[V - 1]));
    sets[0] = joined; /* one that was joined before */
    assert_int_equal(clile_dataset_concat(2, sets, CLILE_SUBJECTS_BY_NAME, &again), CLILE_OK);
    assert_targets(again, 5, 1);
    assert_targets(again, 9, 1);
    sets[0] = other;
    assert_failed(clile_dataset_concat(2, sets, CLILE_SUBJECTS_BY_NAME, &none),
                  CLILE_E_INVALID_ARGUMENT, "has targets of 3 points and 2 values, others 0 and 1");
    clile_dataset_destroy(again);
    clile_dataset_destroy(joined);
    clile_dataset_destroy(other);
    clile_dataset_destroy(without);
    clile_dataset_destroy(with);
    scratch_free(&s);
}

static void lines_of_json_have_rows_and_other_layouts_none(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    float values[3] = {5, 6, 7}, v = 0;
    (void)state;
    scratch_image(&s, "F001/1.png", 9);
    scratch_image(&s, "F001/3.png", 9);
    scratch_text(&s, "l.jsonl",
                 "{\"img_path\": \"F001/1.png\", \"AUs\": [1]}\n\n"
                 "{\"img_path\": \"F001/2.png\", \"AUs\": [1]}\n"
                 "{\"img_path\": \"F001/3.png\", \"AUs\": []}\n");
    write_targets(&s, "t.safetensors", &(content){.rows = 3, .v = 1, .values = values});
    const char *path = scratch_path(&s, "l.jsonl");
    assert_int_equal(scratch_open(path, "targets=t.safetensors", &data), CLILE_OK);
    assert_int_equal(clile_dataset_size(data), 2);
    clile_i_dataset_copy_values(data, 1, &v);
    assert_true(v == 7);
    clile_dataset_destroy(data);

    scratch_text(&s, "list/x_img_path_fold1.txt", "F001/1.png\nF001/3.png\n");
    scratch_text(&s, "list/x_label_fold1.txt", "1 0\n0 1\n");
    assert_failed(scratch_open(s.path, "layout=list au_set=1,2 targets=t.safetensors", &data),
                  CLILE_E_UNSUPPORTED, "option targets: the layout list has no one file");
    scratch_free(&s);
}

static void bad_files_are_named(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    float points[ROWS * P * 2], values[ROWS * V];
    static const float shares[ROWS * P * 2] = {0.5f};
    static const int64_t outside[P] = {0, 1, 3}, one_way[P] = {1, 2, 0};
    static const int32_t one_way_v[V] = {1, 1};
    (void)state;
    write_folder(&s);
    float infinite[ROWS * V] = {0}, half[ROWS * P * 2], far[ROWS * P * 2];
    fill(points, values);
    infinite[V + 1] = -INFINITY;
    memcpy(half, points, sizeof half);
    memcpy(far, points, sizeof far);
    half[2 * (4 * P + 2)] = NAN;
    far[2 * (3 * P + 1) + 1] = 2e6f;
    const struct {
        content c;
        const char *text;
    } cases[] = {
        {{ROWS - 1, P, V, points, NULL, NULL, NULL},
         "\"points\": expected F32 [6, 1 to 4096, 2], one row per row of labels, "
         "found F32 [5, 3, 2]"},
        {{ROWS + 1, P, 1, NULL, values, NULL, NULL}, ", found F32 [7, 1]"},
        {{ROWS, 0, V, points, NULL, NULL, NULL}, "found F32 [6, 0, 2]"},
        {{ROWS, P, V, half, NULL, NULL, NULL}, "\"points\", row 4, point 2 is (nan, 6)"},
        {{ROWS, P, V, far, NULL, NULL, NULL}, "\"points\", row 3, point 1 is (12, 2e+06)"},
        {{ROWS, P, V, shares, NULL, NULL, NULL},
         "all coordinates are from 0 to 1, expected pixels"},
        {{ROWS, P, V, NULL, infinite, NULL, NULL}, "\"values\", row 1, value 1 is infinite"},
        {{ROWS, P, V, points, NULL, outside, NULL},
         "\"points_mirror\": the partner of 2 is 3, expected 0 to 2"},
        {{ROWS, P, V, points, NULL, one_way, NULL},
         "\"points_mirror\": the partner of 0 is 1, but not the other way round"},
        {{ROWS, P, V, points, values, NULL, one_way_v}, "\"values_mirror\": the partner of 0 is 1"},
        {{ROWS, P, V, NULL, values, points_mirror, NULL},
         "\"points_mirror\": expected I64 or I32 [0], one partner per entry of \"points\""},
        {{ROWS, P, V, NULL, NULL, NULL, values_mirror},
         "neither a tensor \"points\" nor one \"values\""},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; ++k) {
        write_targets(&s, "bad.safetensors", &cases[k].c);
        assert_failed(scratch_open(s.path, "targets=bad.safetensors", &data), CLILE_E_FORMAT,
                      cases[k].text);
        assert_non_null(strstr(clile_last_error(), "bad.safetensors"));
        assert_null(data);
    }
    clile_i_st_writer *writer = NULL;
    const int64_t shape[2] = {ROWS, V};
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    clile_i_st_writer_add(writer, "values", CLILE_I_ST_I32, 2, shape, values);
    clile_i_st_writer_add(writer, "valeus", CLILE_I_ST_F32, 2, shape, values);
    assert_int_equal(clile_i_st_writer_write(writer, scratch_path(&s, "bad.safetensors")),
                     CLILE_OK);
    clile_i_st_writer_destroy(writer);
    assert_failed(scratch_open(s.path, "targets=bad.safetensors", &data), CLILE_E_FORMAT,
                  "\"valeus\" is none of points");
    assert_failed(scratch_open(s.path, "targets=none.safetensors", &data), CLILE_E_IO,
                  "none.safetensors");
    assert_failed(scratch_open(s.path, "targets=a.png", &data), CLILE_E_FORMAT, "option targets");
    assert_failed(scratch_open(s.path, "targets=.", &data), CLILE_E_IO, s.path);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_has_the_targets_of_its_row),
        cmocka_unit_test(a_path_may_be_absolute_and_data_a_file),
        cmocka_unit_test(a_pack_keeps_them),
        cmocka_unit_test(data_sets_are_joined),
        cmocka_unit_test(lines_of_json_have_rows_and_other_layouts_none),
        cmocka_unit_test(bad_files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
