/* Folders as distributed, and the messages about wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"

#define HEADER "0,1,2,4,6,7,10,12,14,15,17,23,24,28\n"
#define ROW ",1,0,9,0,1,0,1,0,1,0,1,0,9\n"

static void expect_open(const scratch *s, const char *settings, clile_status expected,
                        const char *text)
{
    clile_dataset *dataset = (clile_dataset *)(uintptr_t)1;
    assert_failed(scratch_open(s->path, settings, &dataset), expected, text);
    assert_null(dataset);
}

static void write_small_bp4d(const scratch *s, const char *images)
{
    char name[128];
    static const char *const frames[] = {"F002/T1/0007.jpg.png", "F002/T1/0009.png",
                                         "F002/T1/11.PNG",       "F001/T2/3.png",
                                         "F001/T3/1.png",        "F001/T2/notes.txt"};
    for (int k = 0; k < 6; ++k) {
        snprintf(name, sizeof name, "%s%s", images, frames[k]);
        scratch_image(s, name, 10 * k);
    }
}

static void bp4d_is_read(void **state)
{
    static const char *const homes[] = {"AUCoding/AU_OCC/", "AU_OCC/", "AUCoding/", ""};
    static const char *const images[] = {"Sequences/", "", "2D/"};
    static const int8_t row[12] = {1, 0, -1, 0, 1, 0, 1, 0, 1, 0, 1, 0};
    (void)state;
    for (int k = 0; k < 12; ++k) {
        const scratch s = scratch_make();
        char name[128];
        clile_dataset *dataset = NULL;
        write_small_bp4d(&s, images[k % 3]);
        /* frames 9 and 11 have images, 8 has none; 7 is called 0007.jpg.png, whose number is not
         * at its end */
        snprintf(name, sizeof name, "%sF002_T1.csv", homes[k / 3]);
        scratch_text(&s, name, HEADER "8" ROW "\r\n9" ROW "11" ROW);
        snprintf(name, sizeof name, "%sF001_T2.csv", homes[k / 3]);
        scratch_text(&s, name, HEADER "3,0,0,0,0,0,0,0,0,0,0,0,0,9");
        assert_int_equal(scratch_open(s.path, "layout=auto", &dataset), CLILE_OK);
        assert_int_equal(clile_dataset_size(dataset), 3);
        assert_int_equal(clile_dataset_subject_count(dataset), 2);
        assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "F001");
        assert_null(clile_dataset_get_subject_name(dataset, 2));
        snprintf(name, sizeof name, "%sF002/T1/0009.png", images[k % 3]);
        assert_string_equal(clile_dataset_get_image_name(dataset, 1), name);
        assert_null(clile_dataset_get_image_name(dataset, 3));
        assert_labels(dataset, 1, 12, row);
        assert_labels(dataset, 0, 12, (const int8_t[12]){0});
        assert_counts(dataset, 4, 1, 1, 3); /* F001/T3 has no label file */
        snprintf(name, sizeof name, "%sF002/T1/8", images[k % 3]);
        assert_string_equal(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_LABELS, 0), name);
        snprintf(name, sizeof name, "%sF001/T3/1.png", images[k % 3]);
        assert_string_equal(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_IMAGES, 0), name);
        assert_null(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_LABELS, 1));
        assert_null(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_IMAGES, -1));
        assert_null(clile_dataset_get_left_out(dataset, 2, 0));
        assert_null(clile_dataset_get_left_out(NULL, CLILE_LEFT_OUT_LABELS, 0));
        assert_int_equal(clile_dataset_crop_size(dataset), 0);
        int32_t subjects[3];
        assert_int_equal(clile_dataset_copy_subjects(dataset, 0, 3, subjects), CLILE_OK);
        assert_true(subjects[0] == 0 && subjects[1] == 1 && subjects[2] == 1);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void images_of_other_kinds_are_named(void **state)
{
    static const struct {
        /* the image of the second label row, without ending */
        const char *layout, *label_file, *labels, *image;
    } cases[] = {
        {"bp4d", "AU_OCC/F001_T1.csv", "0,1,2\n1,1,0\n2,0,1\n", "F001/T1/2"},
        {"disfa", "ActionUnit_Labels/SN001/SN001_au1.txt", "1,0\n2,3\n", "img/SN001/1"},
        {"disfa+", "Labels/SN001/A1_AU1_TrailNo_1/AU1.txt", "# 1\n# 2\n000.jpg 0\n001.jpg 3\n",
         "Images/SN001/A1_AU1_TrailNo_1/001"},
    };
    static const char *const first[] = {"F001/T1/1.jfif", "img/SN001/0.JPE",
                                        "Images/SN001/A1_AU1_TrailNo_1/000.jif"};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        clile_dataset *dataset = NULL;
        char name[128], text[256], settings[64];
        snprintf(settings, sizeof settings, "layout=%s au_set=%s", cases[k].layout,
                 k == 0 ? "1,2" : "1");
        scratch_text(&s, cases[k].label_file, cases[k].labels);
        snprintf(name, sizeof name, "%s.tiff", cases[k].image);
        scratch_text(&s, name, "II*.");
        snprintf(text, sizeof text, "%s, expected JPEG, PNG, BMP, WebP or HEIF files", name);
        assert_failed(scratch_open(s.path, settings, &dataset), CLILE_E_FORMAT, text);
        scratch_image(&s, first[k], 9); /* PNG, whatever the name */
        if (scratch_open(s.path, settings, &dataset) != CLILE_OK)
            fail_msg("%s", clile_last_error());
        assert_int_equal(clile_dataset_size(dataset), 1);
        assert_string_equal(clile_dataset_get_image_name(dataset, 0), first[k]);
        snprintf(text, sizeof text,
                 "warning: 1 images such as %s/%s are ignored, expected JPEG, PNG, BMP, WebP or "
                 "HEIF files\n",
                 s.path, name);
        if (strstr(clile_dataset_get_notes(dataset), text) == NULL)
            fail_msg("%s", clile_dataset_get_notes(dataset));
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

/* BP4D, DISFA and DISFA+ agree on what is a subject's folder. */
static void images_without_labels_are_counted_alike(void **state)
{
    static const struct {
        const char *layout, *label_file, *labels, *image, *other, *no_subject;
    } cases[] = {
        {"bp4d", "AU_OCC/F001_T1.csv", "0,1\n1,1\n", "img/F001/T1/1.png", "img/XY7/T2/5.png",
         "img/7/T2/5.png"},
        {"disfa", "SN001/SN001_au1.txt", "1,0\n", "img/SN001/0.png", "img/XY7/5.png",
         "img/7/5.png"},
        {"disfa+", "SN001/a/AU1.txt", "000.png 0\n", "img/SN001/a/000.png", "img/XY7/b/005.png",
         "img/7/b/005.png"},
        {"disfa+", "XY7/a/AU1.txt", "000.png 0\n", "img/XY7/a/000.png", "img/SN001/b/005.png",
         "img/SN/b/005.png"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        clile_dataset *dataset = NULL;
        char settings[64];
        scratch_text(&s, cases[k].label_file, cases[k].labels);
        scratch_image(&s, cases[k].image, 9);
        scratch_image(&s, cases[k].other, 9);
        scratch_image(&s, cases[k].no_subject, 9);
        snprintf(settings, sizeof settings, "layout=%s au_set=1", cases[k].layout);
        if (scratch_open(s.path, settings, &dataset) != CLILE_OK)
            fail_msg("%s", clile_last_error());
        assert_counts(dataset, 1, 0, 1, 1);
        assert_string_equal(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_IMAGES, 0),
                            cases[k].other);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void bp4d_options_choose_aus_and_unknowns(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    int32_t ids[3];
    (void)state;
    write_small_bp4d(&s, "Sequences/");
    scratch_text(&s, "AU_OCC/F002_T1.csv", HEADER "9" ROW);
    assert_int_equal(scratch_open(s.path, "au_set=28,4,1", &dataset), CLILE_OK);
    assert_int_equal(clile_dataset_copy_au_ids(dataset, ids), CLILE_OK);
    assert_true(ids[0] == 28 && ids[1] == 4 && ids[2] == 1);
    assert_labels(dataset, 0, 3, (const int8_t[3]){-1, -1, 1});
    clile_dataset_destroy(dataset);
    assert_int_equal(scratch_open(s.path, "au_set=28,4,1 unknown=negative", &dataset), CLILE_OK);
    assert_labels(dataset, 0, 3, (const int8_t[3]){0, 0, 1});
    clile_dataset_destroy(dataset);
    expect_open(&s, "au_set=1,5", CLILE_E_INVALID_ARGUMENT,
                "BP4D label file F002_T1.csv: AU 5 is not coded there; it has 1 2 4 6 7 10 12 14 "
                "15 17 23 24 28");
    expect_open(&s, "au_set=disfa", CLILE_E_INVALID_ARGUMENT, "AU 9 is not coded there");
    expect_open(&s, "au_set=1,x", CLILE_E_INVALID_ARGUMENT,
                "au_set \"1,x\": expected auto, bp4d, disfa or numbers");
    expect_open(&s, "au_set=4,1,4", CLILE_E_INVALID_ARGUMENT, "AU 4 twice");
    scratch_free(&s);
}

static void bp4d_mistakes_are_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {HEADER "9" ROW "11,1,0\n", "BP4D label file F002_T1.csv, row 3: 3 columns, header has 14"},
        {HEADER "9,1,0,9,0,1,0,1,0,1,0,1,2,9\n",
         "row 2: code \"2\" for AU 24, expected 0, 1 or 9 (not coded)"},
        {HEADER "9,,0,9,0,1,0,1,0,1,0,1,0,9\n", "row 2: code \"\" for AU 1"},
        {HEADER "x" ROW, "row 2: column 1 is \"x\", expected a frame (a whole number)"},
        {HEADER "-9" ROW, "row 2: column 1 is \"-9\""},
        {HEADER "9" ROW "9" ROW, "row 3: frame 9 already has a row"},
        {"0,1,AU2\n", "row 1: column 3 is \"AU2\", expected an AU number"},
        {"", "BP4D label file F002_T1.csv is empty"},
        {HEADER, "BP4D label file F002_T1.csv has no rows after its header"},
    };
    (void)state;
    const scratch s = scratch_make();
    write_small_bp4d(&s, "");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        scratch_text(&s, "AU_OCC/F002_T1.csv", cases[k].text);
        expect_open(&s, "layout=bp4d", CLILE_E_FORMAT, cases[k].message);
    }
    scratch_image(&s, "F002/T1/9.bmp", 1);
    expect_open(&s, "", CLILE_E_FORMAT, "0009.png and 9.bmp are the same frame");
    scratch_free(&s);
}

static void bp4d_without_images_says_where_it_looked(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    scratch_text(&s, "AU_OCC/F002_T1.csv", HEADER "9" ROW);
    expect_open(&s, "", CLILE_E_FORMAT, "no images; looked for F002/T1/FRAME.jpg");
    scratch_free(&s);
}

static void unknown_folders_are_refused(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    expect_open(&s, "", CLILE_E_FORMAT, "layout not recognised; looked for bp4d: SUBJECT_TASK.csv");
    expect_open(&s, "", CLILE_E_FORMAT, "disfa: SUBJECT/SUBJECT_auN.txt");
    expect_open(&s, "layout=bp4d", CLILE_E_FORMAT,
                "no BP4D label files; looked for SUBJECT_TASK.csv");
    expect_open(&s, "layout=disfa", CLILE_E_FORMAT, "no DISFA label files; looked for");
    expect_open(&s, "layout=csv", CLILE_E_IO, "manifest.csv");
    clile_dataset *dataset = NULL;
    assert_failed(clile_dataset_open("/nonexistent/BP4D", NULL, &dataset), CLILE_E_IO,
                  "/nonexistent/BP4D: no such folder or file");
    assert_failed(clile_dataset_open(NULL, NULL, &dataset), CLILE_E_INVALID_ARGUMENT,
                  "path is NULL");
    assert_failed(clile_dataset_open("x", NULL, NULL), CLILE_E_INVALID_ARGUMENT, "out is NULL");
    scratch_text(&s, "BP4D_train_img_path_fold1.txt", "a.jpg\n");
    expect_open(&s, "", CLILE_E_IO, "BP4D_train_label_fold1.txt");
    scratch_text(&s, "pack.safetensors", "x");
    assert_failed(clile_dataset_open(scratch_path(&s, "pack.safetensors"), NULL, &dataset),
                  CLILE_E_FORMAT, "not a safetensors file");
    scratch_free(&s);
}

/* Two AUs of one subject, three label frames. */
static void write_small_disfa(const scratch *s, int first_image)
{
    char name[128];
    for (int k = 0; k < 3; ++k) {
        snprintf(name, sizeof name, "img/SN002/%d.png", first_image + k);
        scratch_image(s, name, 100 + k);
    }
    scratch_text(s, "ActionUnit_Labels/SN002/SN002_au1.txt", "1,0\n2,2\n3,5\n");
    scratch_text(s, "ActionUnit_Labels/SN002/SN002_au12.txt", "1,1\r\n2,9\r\n3,3\r\n");
}

static void disfa_finds_the_first_image(void **state)
{
    (void)state;
    for (int first = 0; first < 2; ++first) {
        const scratch s = scratch_make();
        clile_dataset *dataset = NULL;
        uint8_t crop[3 * 16 * 16];
        write_small_disfa(&s, first);
        assert_int_equal(scratch_open(s.path, "au_set=1,12", &dataset), CLILE_OK);
        assert_int_equal(clile_dataset_size(dataset), 3);
        assert_labels(dataset, 0, 2, (const int8_t[2]){0, 0});
        assert_labels(dataset, 1, 2, (const int8_t[2]){1, -1});
        assert_labels(dataset, 2, 2, (const int8_t[2]){1, 1});
        assert_counts(dataset, 3, 0, 0, 3);
        for (int k = 0; k < 3; ++k) {
            assert_int_equal(clile_dataset_copy_crop(dataset, k, 16, crop), CLILE_OK);
            assert_int_equal(crop[0], 100 + k);
        }
        clile_dataset_destroy(dataset);
        assert_int_equal(scratch_open(s.path,
                                      "layout=disfa au_set=12 present_from=1 unknown=negative",
                                      &dataset),
                         CLILE_OK);
        assert_labels(dataset, 0, 1, (const int8_t[1]){1});
        assert_labels(dataset, 1, 1, (const int8_t[1]){0});
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void disfa_counts_what_is_left_out(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    (void)state;
    write_small_disfa(&s, 1);
    unlink(scratch_path(&s, "img/SN002/2.png"));
    scratch_image(&s, "img/SN002/9.png", 1);
    scratch_image(&s, "img/SN007/1.png", 1);
    scratch_image(&s, "img/SN007/2.png", 1);
    assert_int_equal(scratch_open(s.path, "au_set=1", &dataset), CLILE_OK);
    assert_int_equal(clile_dataset_size(dataset), 2);
    assert_counts(dataset, 3, 1, 3, 2);
    assert_string_equal(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_LABELS, 0),
                        "img/SN002/2");
    assert_string_equal(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_IMAGES, 0),
                        "img/SN007/1.png");
    assert_string_equal(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_IMAGES, 2),
                        "img/SN002/9.png");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void disfa_mistakes_are_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"1,0\n2,0,1\n3,0\n",
         "DISFA label file SN002_au12.txt, row 2: 3 columns, expected frame,intensity"},
        {"1,0\n2,6\n3,0\n", "row 2: intensity 6, expected 0 to 5 or 9"},
        {"1,0\n2,a\n3,0\n", "row 2: column 2 is \"a\", expected an intensity"},
        {"1,0\n3,0\n", "row 2: frame 3, which SN002_au1.txt does not have in this row"},
        {"1,0\n2,0\n", "SN002_au12.txt: 2 frames, SN002_au1.txt has 3"},
        {"1,0\n2,0\n3,0\n4,0\n", "row 4: frame 4, which SN002_au1.txt does not have"},
    };
    (void)state;
    const scratch s = scratch_make();
    write_small_disfa(&s, 0);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        scratch_text(&s, "ActionUnit_Labels/SN002/SN002_au12.txt", cases[k].text);
        expect_open(&s, "au_set=1,12", CLILE_E_FORMAT, cases[k].message);
    }
    scratch_text(&s, "ActionUnit_Labels/SN002/SN002_au1.txt", "1,0\n3,0\n2,0\n");
    expect_open(&s, "au_set=1", CLILE_E_FORMAT, "row 3: frame 2 after frame 3");
    expect_open(&s, "au_set=25", CLILE_E_INVALID_ARGUMENT,
                "DISFA labels of SN002: AU 25 is not coded there; it has 1 12");
    scratch_free(&s);
}

static void landmarks_align_the_crop(void **state)
{
    /* A white square of 4 x 4 pixels where the left-hand eye is; nose, mouth and the other eye
     * by the canonical crop at 50 pixels, turned by a quarter. */
    static const double canonical[5][2] = CLILE_I_CANONICAL;
    enum { SIDE = 64, SIZE = 32 };
    static uint8_t photo[SIDE * SIDE];
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    clile_i_text rows = {0};
    uint8_t crop[3 * SIZE * SIZE];
    double xy[5][2];
    (void)state;
    for (int k = 0; k < 5; ++k) {
        xy[k][0] = 60 - 50 * canonical[k][1];
        xy[k][1] = 5 + 50 * canonical[k][0];
    }
    const int ex = (int)(xy[0][0] + 0.5), ey = (int)(xy[0][1] + 0.5);
    for (int y = ey - 2; y < ey + 2; ++y) memset(photo + y * SIDE + ex - 2, 255, 4);
    scratch_folders(&s, "F001/T1/5.png");
    assert_int_equal(
        clile_i_image_write_png(scratch_path(&s, "F001/T1/5.png"), SIDE, SIDE, 1, photo), CLILE_OK);
    scratch_text(&s, "AU_OCC/F001_T1.csv", HEADER "5" ROW);
    clile_i_text_append(&rows, "frame,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n5");
    for (int k = 0; k < 5; ++k) clile_i_text_append(&rows, ",%.4f,%.4f", xy[k][0], xy[k][1]);
    scratch_text(&s, "landmarks/F001_T1.csv", rows.data);
    assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
    assert_counts(dataset, 1, 0, 0, 0);
    assert_int_equal(clile_dataset_copy_crop(dataset, 0, SIZE, crop), CLILE_OK);
    /* centre of mass of the light */
    double sum = 0, cx = 0, cy = 0;
    for (int i = 0; i < SIZE * SIZE; ++i) {
        sum += crop[3 * i];
        cx += crop[3 * i] * (i % SIZE + 0.5);
        cy += crop[3 * i] * (i / SIZE + 0.5);
    }
    assert_true(sum > 500);
    assert_true(cx / sum > 0.35 * SIZE - 0.6 && cx / sum < 0.35 * SIZE + 0.6);
    assert_true(cy / sum > 0.40 * SIZE - 0.6 && cy / sum < 0.40 * SIZE + 0.6);
    clile_dataset_destroy(dataset);

    scratch_text(&s, "landmarks/F001_T1.csv", "frame,x0,y0\n5,1,2\n");
    expect_open(&s, "", CLILE_E_FORMAT,
                "landmark file F001_T1.csv, row 1: no columns of landmarks are known in the "
                "header \"frame,x0,y0\"; expected x,y,w,h (or ");
    scratch_text(&s, "landmarks/F001_T1.csv", "5,1,2\n");
    expect_open(
        &s, "", CLILE_E_FORMAT,
        "landmark file F001_T1.csv, row 1: 3 columns, expected frame and 5 or 68 x,y pairs");
    scratch_text(&s, "landmarks/F001_T1.csv", "5,1,2,3,4,5,6,7,8,9,nan\n");
    expect_open(&s, "", CLILE_E_FORMAT, "row 1: column 11 is not a coordinate");
    scratch_text(&s, "landmarks/F001_T1.csv", "5,1,2,3,4,5,6,7,8,9,1\n5,1,2,3,4,5,6,7,8,9,1\n");
    expect_open(&s, "", CLILE_E_FORMAT,
                "landmark file F001_T1.csv, row 2: frame 5 has row 1 already");
    scratch_text(&s, "landmarks/F001_T1.csv", "5,1,1,1,1,1,1,1,1,1,1\n");
    expect_open(&s, "", CLILE_E_FORMAT,
                "images cannot be a face's, first F001/T1/5.png: the landmarks are all the same");
    clile_i_text_free(&rows);
    scratch_free(&s);
}

static void a_manifest_is_read(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    uint8_t crop[3 * 16 * 16];
    (void)state;
    scratch_image(&s, "faces/a b.png", 50);
    scratch_image(&s, "faces/c.png", 60);
    scratch_text(&s, "manifest.csv",
                 "subject, image ,note,AU12,au04,AU01_c\r\n"
                 "p10,\"faces/a b.png\",x,1,9,0\r\np2,faces/c.png,,-1,,1\r\n\r\n");
    assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
    assert_int_equal(clile_dataset_size(dataset), 2);
    assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "p2"); /* natural order */
    assert_string_equal(clile_dataset_get_subject_name(dataset, 1), "p10");
    assert_labels(dataset, 0, 3, (const int8_t[3]){1, -1, 0});
    assert_labels(dataset, 1, 3, (const int8_t[3]){-1, -1, 1});
    int32_t ids[3];
    assert_int_equal(clile_dataset_copy_au_ids(dataset, ids), CLILE_OK);
    assert_true(ids[0] == 12 && ids[1] == 4 && ids[2] == 1);
    assert_int_equal(clile_dataset_copy_crop(dataset, 0, 16, crop), CLILE_OK);
    assert_int_equal(crop[7], 50);
    clile_dataset_destroy(dataset);
    assert_int_equal(
        scratch_open(scratch_path(&s, "manifest.csv"), "au_set=1,12 unknown=negative", &dataset),
        CLILE_OK);
    assert_labels(dataset, 1, 2, (const int8_t[2]){1, 0});
    assert_int_equal(clile_dataset_copy_crop(dataset, 1, 16, crop), CLILE_OK);
    assert_int_equal(crop[7], 60);
    clile_dataset_destroy(dataset);
    expect_open(&s, "au_set=1,2", CLILE_E_INVALID_ARGUMENT,
                "manifest manifest.csv: AU 2 is not coded there; it has 12 4 1");
    scratch_free(&s);
}

static void manifest_mistakes_are_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "manifest manifest.csv is empty"},
        {"image,AU1\na,1\n", "row 1: no column \"subject\""},
        {"path,subject,AU1\n", "row 1: no column \"image\""},
        {"image,subject,frame\n", "no column of an AU"},
        {"image,subject,AU1,AU01\n", "row 1: two columns for AU 1"},
        {"image,subject,AU1\na,b\n", "row 2: 2 columns, header has 3"},
        {"image,subject,AU1\na,b,1\na,b,3\n",
         "row 3: code \"3\" for AU 1, expected 0, 1 or 9, -1 or nothing (not coded)"},
        {"image,subject,AU1\n,b,1\n", "row 2: the image has no usable path"},
        {"image,subject,AU1\na,,1\n", "row 2: the subject has no name"},
        {"image,subject,AU1,x0,y0,x1\n", "row 1: landmarks x0,y0,...: an x without its y"},
        {"image,subject,AU1,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\na,b,1,1,2,3,4,5,6,7,8,9,\n",
         "row 2: column 13 is not a coordinate"},
        {"image,subject,AU1\n", "no image has labels"},
    };
    (void)state;
    const scratch s = scratch_make();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        scratch_text(&s, "manifest.csv", cases[k].text);
        expect_open(&s, "layout=csv", CLILE_E_FORMAT, cases[k].message);
    }
    scratch_free(&s);
}

static void bad_images_are_named_when_they_are_read(void **state)
{
    static const struct {
        const char *name, *source;
        long keep;
        clile_status status;
        const char *message;
    } cases[] = {
        {"absent.png", NULL, 0, CLILE_E_IO, "absent.png"},
        {"empty.png", "image/rgb.png", 0, CLILE_E_FORMAT, "empty.png is empty (0 bytes)"},
        {"cut.jpg", "image/baseline.jpg", 800, CLILE_E_CORRUPT,
         "cut.jpg: the JPEG file is damaged"},
        {"text.jpg", "image/README.md", -1, CLILE_E_FORMAT,
         "text.jpg is not a JPEG, PNG, BMP, WebP or HEIF file"},
        {"one.png", "image/one.png", -1, CLILE_E_FORMAT,
         "one.png has 1 x 1 pixels, a face needs at least 8 x 8"},
        {"huge.png", "image/huge.png", -1, CLILE_E_INVALID_ARGUMENT,
         "huge.png has 30000 x 30000 pixels, max_pixels allows 50000000"},
        {"sixteen.png", "image/rgb16.png", -1, CLILE_OK, ""},
        {"cmyk.jpg", "image/cmyk.jpg", -1, CLILE_OK, ""},
    };
    enum { CASES = sizeof cases / sizeof *cases };
    const scratch s = scratch_make();
    clile_i_text manifest = {0};
    clile_dataset *dataset = NULL;
    uint8_t crop[3 * 16 * 16];
    (void)state;
    clile_i_text_append(&manifest, "image,subject,AU1\n");
    for (int k = 0; k < CASES; ++k) {
        if (cases[k].source != NULL)
            scratch_copy(&s, cases[k].name, cases[k].source, cases[k].keep);
        clile_i_text_append(&manifest, "%s,p,1\n", cases[k].name);
    }
    scratch_text(&s, "manifest.csv", manifest.data);
    assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
    for (int k = 0; k < CASES; ++k)
        assert_failed(clile_dataset_copy_crop(dataset, k, 16, crop), cases[k].status,
                      cases[k].status == CLILE_OK ? "" : cases[k].message);
    clile_dataset_destroy(dataset);
    clile_i_text_free(&manifest);
    scratch_free(&s);
}

/* BP4D's size. */
static void large_manifests_open(void **state)
{
    enum { N = 150000 };
    const scratch s = scratch_make();
    clile_i_text manifest = {0};
    clile_dataset *dataset = NULL;
    (void)state;
    clile_i_text_append(&manifest, "image,subject,AU1,AU2\n");
    for (int i = 0; i < N; ++i)
        clile_i_text_append(&manifest, "%d.jpg,s%d,%d,0\n", i, i % 1000, i % 3 == 0);
    assert_int_equal(manifest.status, CLILE_OK);
    scratch_text(&s, "manifest.csv", manifest.data);
    clile_i_text_free(&manifest);
    assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
    assert_int_equal(clile_dataset_size(dataset), N);
    assert_int_equal(clile_dataset_subject_count(dataset), 1000);
    assert_string_equal(clile_dataset_get_image_name(dataset, 123456), "123456.jpg");
    assert_string_equal(clile_dataset_get_subject_name(dataset, 456), "s456");
    int32_t subject;
    assert_int_equal(clile_dataset_copy_subjects(dataset, 123456, 1, &subject), CLILE_OK);
    assert_int_equal(subject, 456);
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void failed_allocations_leave_nothing_behind(void **state)
{
    static const char *const settings[] = {"layout=bp4d", "layout=disfa au_set=1,12", "layout=csv"};
    (void)state;
    const scratch s = scratch_make();
    write_small_bp4d(&s, "Sequences/");
    scratch_text(&s, "AU_OCC/F002_T1.csv", HEADER "9" ROW);
    scratch_text(&s, "landmarks/F002_T1.csv", "9,9,8,16,9,12,13,9,18,15,18\n");
    write_small_disfa(&s, 0);
    scratch_text(&s, "manifest.csv", "image,subject,AU1\nimg/SN002/0.png,p,1\n");
    for (size_t f = 0; f < 3; ++f) {
        clile_options *options = NULL;
        clile_dataset *dataset = NULL;
        clile_status status;
        int64_t k = 1;
        char text[64];
        assert_int_equal(clile_options_create(&options), CLILE_OK);
        snprintf(text, sizeof text, "%s", settings[f]);
        for (char *rest = text, *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
            char *value = strchr(word, '=');
            *value++ = '\0';
            assert_int_equal(clile_options_set(options, word, value), CLILE_OK);
        }
        do {
            clile_i_alloc_fail_at(k++);
            status = clile_dataset_open(s.path, options, &dataset);
            clile_i_alloc_fail_at(0);
            if (status != CLILE_OK) {
                if (status != CLILE_E_OUT_OF_MEMORY)
                    fail_msg("%s, allocation %d: %s", settings[f], (int)k - 1, clile_last_error());
                assert_null(dataset);
            }
        } while (status != CLILE_OK && k < 2000);
        assert_true(k > 20 && k < 2000);
        clile_dataset_destroy(dataset);
        clile_options_destroy(options);
    }
    scratch_free(&s);
}

/* Unlabelled frames are images with a row in which nothing is coded: training may guess. */
static void an_image_of_which_nothing_is_coded_stays(void **state)
{
    static const struct {
        const char *file, *text, *more, *more_text, *images[2];
    } layouts[] = {
        {"manifest.csv", "image,subject,AU1,AU2\na.png,s,1,0\nb.png,s,9,\n", NULL, NULL, {NULL}},
        {"AU_OCC/F001_T1.csv",
         "0,1,2\n1,1,0\n2,9,9\n",
         NULL,
         NULL,
         {"Sequences/F001/T1/1.png", "Sequences/F001/T1/2.png"}},
        {"ActionUnit_Labels/SN001/SN001_au1.txt",
         "1,3\n2,9\n",
         "ActionUnit_Labels/SN001/SN001_au2.txt",
         "1,0\n2,9\n",
         {"img/SN001/0.png", "img/SN001/1.png"}},
        {"list/BP4D_train_img_path_fold1.txt",
         "F001/T1/1.png\nF001/T1/2.png\n",
         "list/BP4D_train_label_fold1.txt",
         "1 0\n9 -1\n",
         {"img/F001/T1/1.png", "img/F001/T1/2.png"}},
    };
    (void)state;
    for (size_t k = 0; k < sizeof layouts / sizeof *layouts; ++k) {
        const scratch s = scratch_make();
        clile_dataset *dataset = NULL;
        scratch_text(&s, layouts[k].file, layouts[k].text);
        if (layouts[k].more != NULL) scratch_text(&s, layouts[k].more, layouts[k].more_text);
        for (int i = 0; i < 2; ++i)
            if (layouts[k].images[i] != NULL) scratch_image(&s, layouts[k].images[i], 50);
        if (scratch_open(s.path, "au_set=1,2", &dataset) != CLILE_OK)
            fail_msg("%s: %s", layouts[k].file, clile_last_error());
        assert_int_equal(clile_dataset_size(dataset), 2);
        assert_labels(dataset, 0, 2, (const int8_t[]){1, 0});
        assert_labels(dataset, 1, 2, (const int8_t[]){-1, -1});
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bp4d_is_read),
        cmocka_unit_test(images_of_other_kinds_are_named),
        cmocka_unit_test(images_without_labels_are_counted_alike),
        cmocka_unit_test(bp4d_options_choose_aus_and_unknowns),
        cmocka_unit_test(bp4d_mistakes_are_named),
        cmocka_unit_test(bp4d_without_images_says_where_it_looked),
        cmocka_unit_test(unknown_folders_are_refused),
        cmocka_unit_test(an_image_of_which_nothing_is_coded_stays),
        cmocka_unit_test(disfa_finds_the_first_image),
        cmocka_unit_test(disfa_counts_what_is_left_out),
        cmocka_unit_test(disfa_mistakes_are_named),
        cmocka_unit_test(landmarks_align_the_crop),
        cmocka_unit_test(a_manifest_is_read),
        cmocka_unit_test(manifest_mistakes_are_named),
        cmocka_unit_test(bad_images_are_named_when_they_are_read),
        cmocka_unit_test(large_manifests_open),
        cmocka_unit_test(failed_allocations_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
