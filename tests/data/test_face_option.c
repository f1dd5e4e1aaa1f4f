/* The option faces: a file that says where the faces of a data set are, for every layout, in place
 * of what the data says. And the images as they are, in which a finder looks for faces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/core.h"
#include "data/scratch.h"

#include <math.h>

/* five points of a face in 24 x 24 pixels, as in manifests; moved by one pixel */
#define POINTS "11,10,17,10,14,13.42,11.52,16.94,16.48,16.94"
#define MOVED "12,10,18,10,15,13.42,12.52,16.94,17.48,16.94"
#define HEAD "image,success,x,y,w,h,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n"

static const char bp4d_labels[] = "0,1,2,4,6,7,10,12,14,15,17,23,24\n"
                                  "1,1,0,0,0,0,0,0,0,0,0,0,0\n"
                                  "2,0,1,0,0,0,0,0,0,0,0,0,0\n"
                                  "3,0,0,1,0,0,0,0,0,0,0,0,0\n";

/* Three images of each of two subjects, the first of whom has landmarks. */
static void write_bp4d(const scratch *s)
{
    static const char *const subjects[] = {"F001", "F002"};
    char name[64];
    for (int k = 0; k < 2; ++k) {
        snprintf(name, sizeof name, "AU_OCC/%s_T1.csv", subjects[k]);
        scratch_text(s, name, bp4d_labels);
        for (int frame = 1; frame <= 3; ++frame) {
            snprintf(name, sizeof name, "Sequences/%s/T1/%d.png", subjects[k], frame);
            scratch_image(s, name, 40 * frame + k);
        }
    }
    scratch_text(s, "landmarks/F001_T1.csv", "1," MOVED "\n2," MOVED "\n3," MOVED "\n");
}

static void assert_open(const scratch *s, const char *settings, clile_dataset **out)
{
    if (scratch_open(s->path, settings, out) != CLILE_OK) fail_msg("%s", clile_last_error());
}

/* Opening fails with this status and text. */
static void refused(const scratch *s, const char *faces, clile_status status, const char *text)
{
    clile_dataset *data = NULL;
    if (faces != NULL) scratch_text(s, "faces.csv", faces);
    assert_failed(scratch_open(s->path, "faces=faces.csv", &data), status, text);
    assert_null(data);
}

/* First landmark, and first number of the box; NaN: none. */
static float first_x(const clile_dataset *data, int64_t index)
{
    return data->core->table.points[10 * data->index[index]];
}

static float box_x(const clile_dataset *data, int64_t index)
{
    return data->core->table.boxes[4 * data->index[index]];
}

static void it_takes_the_place_of_the_datas_own(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *own = NULL, *given = NULL;
    clile_dataset_counts counts = {.struct_size = sizeof counts};
    (void)state;
    write_bp4d(&s);
    scratch_text(&s, "faces.csv",
                 HEAD "Sequences/F001/T1/1.png,1,,,,," POINTS "\n"
                      "Sequences/F001/T1/2.png,1,4,4,10,10,,,,,,,,,,\n"
                      "Sequences/F002/T1/1.png,0,,,,,,,,,,,,,,\n" /* no face was found */
                      "./Sequences//F002/T1/2.png,1,0,0,20,20," MOVED "\n"
                      "Sequences/F002/T1/2.png,1,,,,," POINTS "\n" /* another face of it */
                      "Sequences/F003/T1/1.png,1,,,,," POINTS "\n");
    assert_open(&s, "", &own);
    assert_open(&s, "faces=faces.csv", &given);
    assert_int_equal(clile_dataset_size(given), 5);
    assert_non_null(strstr(clile_dataset_get_notes(given), "faces: 5 of 6 rows of "));
    assert_int_equal(clile_dataset_copy_counts(given, &counts), CLILE_OK);
    assert_int_equal(counts.label_rows, 5);
    assert_int_equal(counts.rows_without_face, 1);
    assert_int_equal(counts.images_without_landmarks, 3);
    assert_int_equal(counts.images_by_box, 1);
    assert_null(strstr(clile_dataset_get_notes(given), "label rows"));
    assert_string_equal(clile_dataset_get_image_name(given, 3), "Sequences/F002/T1/2.png");
    for (int64_t i = 0; i < 3; ++i) assert_true(first_x(own, i) == 12.0f);
    assert_true(first_x(given, 0) == 11.0f && first_x(given, 3) == 12.0f);
    assert_true(box_x(given, 1) == 4.0f);
    for (int64_t i = 1; i < 5; ++i)
        if (i != 3) assert_true(isnan(first_x(given, i)));
    for (int64_t i = 0; i < 5; ++i)
        if (i != 1) assert_true(isnan(box_x(given, i)));
    clile_dataset_destroy(own);
    clile_dataset_destroy(given);
    scratch_free(&s);
}

static void every_layout_takes_it(void **state)
{
    static const struct {
        const char *labels, *text, *image;
    } layouts[] = {
        {"manifest.csv", "image,subject,AU1\na/1.png,s1,1\n", "a/1.png"},
        {"m.jsonl", "{\"img_path\": \"F001/1.png\", \"AUs\": [1]}\n", "F001/1.png"},
        {"ActionUnit_Labels/SN001/SN001_au1.txt", "1,3\n", "img/SN001/0.png"},
        {"Labels/SN001/T_1/AU1.txt", "# 1\n# 2\n000.png 3\n", "Images/SN001/T_1/000.png"},
        {"list/BP4D_train_img_path_fold1.txt", "F001/T1/1.png\n", "img/F001/T1/1.png"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof layouts / sizeof layouts[0]; ++k) {
        const scratch s = scratch_make();
        clile_dataset *data = NULL;
        char rows[512];
        float five[10];
        scratch_text(&s, layouts[k].labels, layouts[k].text);
        if (k == 4) scratch_text(&s, "list/BP4D_train_label_fold1.txt", "1\n");
        scratch_image(&s, layouts[k].image, 90);
        snprintf(rows, sizeof rows, "%s%s,1,,,,,%s\n", HEAD, layouts[k].image, POINTS);
        scratch_text(&s, "points.face", rows);
        const char *path = k == 1 ? scratch_path(&s, "m.jsonl") : s.path;
        if (scratch_open(path, "faces=points.face au_set=1", &data) != CLILE_OK)
            fail_msg("%s: %s", layouts[k].labels, clile_last_error());
        assert_int_equal(clile_i_dataset_copy_five(data, 0, five), CLILE_OK);
        clile_dataset_destroy(data);
        scratch_free(&s);
    }
}

static void mistakes_are_named(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    clile_options *options = NULL;
    char path[1024];
    (void)state;
    write_bp4d(&s);
    refused(&s, NULL, CLILE_E_IO, "option faces");
    refused(&s, HEAD "a/1.png,1,,,,," POINTS "\n", CLILE_E_FORMAT, "\"a/1.png\" is no image of");
    refused(&s, HEAD "1.png,1,,,,," POINTS "\n", CLILE_E_FORMAT, "also fits other images");
    refused(&s, HEAD "F001/T1/1.png,1,,,,,,,,,,,,,,\n", CLILE_E_FORMAT,
            "neither a box nor landmarks");
    refused(&s, HEAD "F001/T1/1.png,1,,,,,x" POINTS "\n", CLILE_E_FORMAT, "row 2");
    refused(&s, "image,AU1\nF001/T1/1.png,1\n", CLILE_E_FORMAT, "a box or landmarks");
    refused(&s, HEAD "F001/T1/1.png,1,,,,,1,1,1,1,1,1,1,1,1,1\n", CLILE_E_FORMAT,
            "cannot be a face's");
    /* a pack has its crops */
    scratch_text(&s, "faces.csv", HEAD "F001/T1/1.png,1,,,,," POINTS "\n");
    assert_open(&s, "faces=faces.csv", &data);
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    snprintf(path, sizeof path, "%s", scratch_path(&s, "p.safetensors"));
    assert_int_equal(clile_dataset_pack(data, path, options, NULL, NULL), CLILE_OK);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
    assert_failed(scratch_open(path, "faces=faces.csv", &data), CLILE_E_UNSUPPORTED,
                  "the crops of a pack are cut already");
    scratch_free(&s);
}

/* ---- whole images ---- */

static void assert_image(const clile_dataset *data, int64_t index, int grey)
{
    int32_t h = 0, w = 0;
    uint8_t *rgb = NULL;
    assert_int_equal(clile_dataset_read_image(data, index, &h, &w, &rgb), CLILE_OK);
    assert_int_equal(h, 24);
    assert_int_equal(w, 24);
    for (int k = 0; k < 24 * 24 * 3; ++k) assert_int_equal(rgb[k], grey);
    clile_free(rgb);
}

static void an_image_is_read_whole(void **state)
{
    static uint8_t pixels[2][4][6][3];
    static const int32_t au = 1, subjects[2] = {0, 1};
    static const int8_t labels[2] = {1, 0};
    const scratch s = scratch_make();
    clile_dataset *data = NULL, *arrays = NULL, *both = NULL, *drawn = NULL, *pack = NULL;
    char path[1024];
    int32_t h = 0, w = 0;
    uint8_t *rgb = NULL;
    (void)state;
    write_bp4d(&s);
    assert_open(&s, "au_set=1", &data);
    assert_image(data, 1, 80);
    for (int k = 0; k < 4 * 6 * 3; ++k) (&pixels[1][0][0][0])[k] = (uint8_t)k;
    assert_int_equal(
        clile_dataset_from_arrays(2, 4, 6, &pixels[0][0][0][0], 1, &au, labels, subjects, &arrays),
        CLILE_OK);
    const clile_dataset *sets[] = {arrays, data};
    assert_int_equal(clile_dataset_concat(2, sets, CLILE_SUBJECTS_DISTINCT, &both), CLILE_OK);
    assert_int_equal(clile_dataset_read_image(both, 1, &h, &w, &rgb), CLILE_OK);
    assert_true(h == 4 && w == 6);
    assert_memory_equal(rgb, pixels[1], sizeof pixels[1]);
    clile_free(rgb);
    assert_image(both, 2 + 3, 41);
    assert_int_equal(clile_dataset_from_synth(1, 1, 1, 1, 40, &drawn), CLILE_OK);
    assert_int_equal(clile_dataset_read_image(drawn, 0, &h, &w, &rgb), CLILE_OK);
    assert_true(h == 40 && w == 40);
    clile_free(rgb);
    assert_failed(clile_dataset_read_image(data, 6, &h, &w, &rgb), CLILE_E_INVALID_ARGUMENT,
                  "the data set has 6");
    unlink(scratch_path(&s, "Sequences/F001/T1/3.png"));
    assert_failed(clile_dataset_read_image(data, 2, &h, &w, &rgb), CLILE_E_IO, "T1/3.png");
    snprintf(path, sizeof path, "%s", scratch_path(&s, "p.safetensors"));
    assert_int_equal(clile_dataset_pack(drawn, path, NULL, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_dataset_open(path, NULL, &pack), CLILE_OK);
    assert_failed(clile_dataset_read_image(pack, 0, &h, &w, &rgb), CLILE_E_UNSUPPORTED,
                  "has only its crop");
    clile_dataset_destroy(pack);
    clile_dataset_destroy(drawn);
    clile_dataset_destroy(both);
    clile_dataset_destroy(arrays);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_the_place_of_the_datas_own),
        cmocka_unit_test(every_layout_takes_it),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(an_image_is_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
