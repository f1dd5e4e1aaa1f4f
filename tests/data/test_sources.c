/* Label sources other than the two classic folders: DISFA's numbering of images, DISFA+, FMAE's
 * JSON lines, OpenFace and Py-Feat; boxes instead of landmarks; limits on sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"
#include "store/safetensors.h"

enum { SIZE = 32 };

static void expect_open(const scratch *s, const char *name, const char *settings,
                        clile_status expected, const char *text)
{
    clile_dataset *dataset = (clile_dataset *)(uintptr_t)1;
    char path[1024];
    snprintf(path, sizeof path, "%s", name[0] != '\0' ? scratch_path(s, name) : s->path);
    assert_failed(scratch_open(path, settings, &dataset), expected, text);
    assert_null(dataset);
}

static clile_dataset *open_fine(const scratch *s, const char *name, const char *settings)
{
    clile_dataset *dataset = NULL;
    char path[1024];
    snprintf(path, sizeof path, "%s", name[0] != '\0' ? scratch_path(s, name) : s->path);
    if (scratch_open(path, settings, &dataset) != CLILE_OK) fail_msg("%s", clile_last_error());
    return dataset;
}

static void assert_notes(const clile_dataset *dataset, const char *text)
{
    const char *notes = clile_dataset_get_notes(dataset);
    if (strstr(notes, text) == NULL) fail_msg("notes \"%s\" lack \"%s\"", notes, text);
}

static void assert_no_warning(const clile_dataset *dataset)
{
    if (strstr(clile_dataset_get_notes(dataset), "warning") != NULL)
        fail_msg("%s", clile_dataset_get_notes(dataset));
}

/* by_box and without_face; the other counts have assert_counts. */
static void assert_more_counts(const clile_dataset *dataset, int64_t by_box, int64_t without_face)
{
    clile_dataset_counts counts = {.struct_size = sizeof counts};
    assert_int_equal(clile_dataset_copy_counts(dataset, &counts), CLILE_OK);
    assert_int_equal(counts.images_by_box, by_box);
    assert_int_equal(counts.rows_without_face, without_face);
}

static int grey_of(const clile_dataset *dataset, int64_t index)
{
    uint8_t crop[3 * 16 * 16];
    assert_int_equal(clile_dataset_copy_crop(dataset, index, 16, crop), CLILE_OK);
    return crop[0];
}

/* ---- DISFA: which image is the first ---- */

/* Label frames 1..5 of one subject; images first..last, as grey as their number is high. */
static void write_disfa(const scratch *s, int first, int last)
{
    char name[64];
    scratch_text(s, "ActionUnit_Labels/SN002/SN002_au1.txt", "1,0\n2,2\n3,0\n4,5\n5,0\n");
    for (int k = first; k <= last; ++k) {
        snprintf(name, sizeof name, "img/SN002/%d.png", k);
        scratch_image(s, name, 100 + k);
    }
}

static void disfa_takes_the_numbering_that_fits(void **state)
{
    static const struct {
        int first, last;
        const char *settings;
        int64_t n;
        int grey; /* of the image of label frame 2 */
        const char *note, *warning;
    } cases[] = {
        {0, 4, "au_set=1", 5, 101,
         "images numbered from 0: 0 labels without image, 0 images without label; from 1: 1 "
         "labels without image, 1 images without label; taken: from 0\n",
         NULL},
        {1, 5, "au_set=1", 5, 102,
         "images numbered from 0: 1 labels without image, 1 images without label; from 1: 0 "
         "labels without image, 0 images without label; taken: from 1\n",
         NULL},
        /* an image 0 without a label does not outweigh the rest */
        {0, 6, "au_set=1", 5, 101, "taken: from 0", "warning: both numberings fit equally well"},
        {2, 4, "au_set=1", 3, 102, "taken: from 1", "warning: both numberings fit equally well"},
        {2, 4, "au_set=1 first_image=0", 3, -1, "as set: from 0", NULL},
        {1, 5, "au_set=1 first_image=0", 4, 101, "as set: from 0",
         "warning: first_image=0 fits worse than first_image=1"},
        {0, 4, "au_set=1 first_image=1", 4, 102, "as set: from 1",
         "warning: first_image=1 fits worse than first_image=0"},
        {0, 4, "au_set=1 first_image=0", 5, 101, "as set: from 0", NULL},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        write_disfa(&s, cases[k].first, cases[k].last);
        clile_dataset *dataset = open_fine(&s, "", cases[k].settings);
        assert_int_equal(clile_dataset_size(dataset), cases[k].n);
        assert_counts(dataset, 5, 5 - cases[k].n, cases[k].last - cases[k].first + 1 - cases[k].n,
                      cases[k].n);
        int64_t at = 0;
        int8_t label = 0;
        while (at < cases[k].n) {
            assert_int_equal(clile_dataset_copy_labels(dataset, at, 1, &label), CLILE_OK);
            if (label == 1) break;
            ++at;
        }
        if (cases[k].grey >= 0) assert_int_equal(grey_of(dataset, at), cases[k].grey);
        assert_notes(dataset, cases[k].note);
        if (cases[k].warning != NULL)
            assert_notes(dataset, cases[k].warning);
        else
            assert_no_warning(dataset);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

/* ---- DISFA+ ---- */

#define HEAD "# AU label\n# ----\n"

static void write_disfa_plus(const scratch *s, const char *labels, const char *images)
{
    char name[128];
    static const char *const trials[] = {
        "SN001/A1_AU1_TrailNo_1", "SN001/Y_HappyDescribed_TrailNo_2", "SN003/A1_AU1_TrailNo_1"};
    for (int k = 0; k < 3; ++k) {
        snprintf(name, sizeof name, "%s%s/AU1.txt", labels, trials[k]);
        scratch_text(s, name,
                     k == 1 ? "000.jpg 0\n001.jpg 5\n" : HEAD "000.jpg     0\r\n001.jpg     2\r\n");
        snprintf(name, sizeof name, "%s%s/AU12.txt", labels, trials[k]);
        scratch_text(s, name, HEAD "000.jpg     9\n001.jpg     1\n");
        for (int i = 0; i < 3 - k; ++i) {
            snprintf(name, sizeof name, "%s%s/%03d.png", images, trials[k], i);
            scratch_image(s, name, 50 * k + i + 1);
        }
    }
    snprintf(name, sizeof name, "%sSN004/A1_AU1_TrailNo_1/000.png", images);
    scratch_image(s, name, 1);
}

static void disfa_plus_is_read(void **state)
{
    static const char *const labels[] = {"Labels/", "Labels/", ""}, *const images[] = {"Images/",
                                                                                       "", ""};
    (void)state;
    for (int k = 0; k < 3; ++k) {
        const scratch s = scratch_make();
        write_disfa_plus(&s, labels[k], images[k]);
        clile_dataset *dataset = open_fine(&s, "", "au_set=1,12");
        assert_int_equal(clile_dataset_size(dataset), 5);
        assert_int_equal(clile_dataset_subject_count(dataset), 2);
        assert_string_equal(clile_dataset_get_subject_name(dataset, 1), "SN003");
        /* rows: 2 a trial; SN003's 001 has no image; SN001's third image and SN004's have no
         * labels */
        assert_counts(dataset, 6, 1, 2, 5);
        assert_labels(dataset, 0, 2, (const int8_t[2]){0, -1});
        assert_labels(dataset, 1, 2, (const int8_t[2]){1, 0});
        assert_int_equal(grey_of(dataset, 1), 2);
        assert_labels(dataset, 3, 2, (const int8_t[2]){1, 0});
        assert_int_equal(grey_of(dataset, 3), 52);
        clile_dataset_destroy(dataset);
        dataset = open_fine(&s, "", "layout=disfa+ au_set=12 present_from=1 unknown=negative");
        assert_labels(dataset, 0, 1, (const int8_t[1]){0});
        assert_labels(dataset, 1, 1, (const int8_t[1]){1});
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void disfa_plus_mistakes_are_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {HEAD "000.jpg 0\n002.jpg 1\n",
         "DISFA+ label file SN001/A1_AU1_TrailNo_1/AU12.txt, row 4: image 2, which AU1.txt does "
         "not have in this row"},
        {HEAD "000.jpg 0\n", "AU12.txt: 1 images, AU1.txt has 2"},
        {HEAD "000.jpg 0\n001.jpg 6\n", "row 4: intensity \"6\", expected 0 to 5 or 9 (not coded)"},
        {HEAD "000.jpg 0\n001.jpg 1.5\n", "row 4: intensity \"1.5\""},
        {HEAD "000.jpg 0\n001.jpg\n", "row 4: intensity \"\""},
        {HEAD "x\n000.jpg 0\n001.jpg 0\n",
         "row 3: expected an image and an intensity, such as \"000.jpg 2\""},
        {HEAD "000.jpg 0\nx\n001.jpg 0\n", "row 4: expected an image and an intensity"},
        {"", "AU12.txt: 0 images, AU1.txt has 2"},
    };
    const scratch s = scratch_make();
    (void)state;
    write_disfa_plus(&s, "Labels/", "Images/");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        scratch_text(&s, "Labels/SN001/A1_AU1_TrailNo_1/AU12.txt", cases[k].text);
        expect_open(&s, "", "au_set=1,12", CLILE_E_FORMAT, cases[k].message);
    }
    expect_open(&s, "", "au_set=1,25", CLILE_E_INVALID_ARGUMENT,
                "DISFA+ labels of SN001/A1_AU1_TrailNo_1: AU 25 is not coded there; it has 1 12");
    scratch_text(&s, "Labels/SN001/A1_AU1_TrailNo_1/AU1.txt", "001.jpg 0\n000.jpg 0\n");
    expect_open(&s, "", "au_set=1", CLILE_E_FORMAT, "AU1.txt, row 2: image 0 after image 1");
    scratch_free(&s);
}

/* ---- JSON lines ---- */

static void write_fmae(const scratch *s, const char *images)
{
    static const char *const names[] = {"F001_T1/frame_1.png", "F001_T2/frame_7.png",
                                        "2M07_T1/frame_3.png", "LeftVideoSN003/frame_2.png"};
    char name[128];
    for (int k = 0; k < 4; ++k) {
        snprintf(name, sizeof name, "%s%s", images, names[k]);
        scratch_image(s, name, 10 * k + 10);
    }
    scratch_text(s, "set/train1.json",
                 "\xEF\xBB\xBF{\"img_path\": \"F001_T1/frame_1.png\", \"AUs\": [4, 12]}\r\n\r\n"
                 "{\"AUs\": [999, 4, 999], \"note\": {\"a\": [1, -2.5e3, null, \"x\"]}, "
                 "\"img_path\": \"F001_T2/frame_7.png\"}\n"
                 "{\"img_path\": \"2M07_T1/frame_3.png\", \"AUs\": []}\n"
                 "{\"img_path\": \"2M07_T1/frame_4.png\", \"AUs\": [1]}\n"
                 "{\"img_path\": \"LeftVideoSN003\\/frame_2.png\", \"AUs\": [1], \"x\": true}");
}

static void json_lines_are_read(void **state)
{
    static const char *const images[] = {"set/", "set/img/", "", "img/", "faces/"};
    (void)state;
    for (int k = 0; k < 5; ++k) {
        const scratch s = scratch_make();
        write_fmae(&s, images[k]);
        char extra[64];
        snprintf(extra, sizeof extra, "%sF001_T1/frame_2.png", images[k]);
        scratch_image(&s, extra, 1); /* nobody labelled it */
        clile_dataset *dataset = open_fine(&s, "set/train1.json", "");
        int32_t ids[3];
        assert_int_equal(clile_dataset_size(dataset), 4);
        assert_int_equal(clile_dataset_copy_au_ids(dataset, ids), CLILE_OK);
        assert_true(ids[0] == 1 && ids[1] == 4 && ids[2] == 12);
        assert_labels(dataset, 0, 3, (const int8_t[3]){0, 1, 1});
        assert_labels(dataset, 1, 3, (const int8_t[3]){0, 1, 0});
        assert_labels(dataset, 2, 3, (const int8_t[3]){0, 0, 0});
        assert_labels(dataset, 3, 3, (const int8_t[3]){1, 0, 0});
        /* F001 once, though it has two tasks */
        assert_int_equal(clile_dataset_subject_count(dataset), 3);
        assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "F001");
        assert_string_equal(clile_dataset_get_subject_name(dataset, 1), "M007");
        assert_string_equal(clile_dataset_get_subject_name(dataset, 2), "SN003");
        assert_counts(dataset, 5, 1, 1, 4);
        assert_notes(dataset, "count as absent");
        for (int i = 0; i < 4; ++i) assert_int_equal(grey_of(dataset, i), 10 * i + 10);
        clile_dataset_destroy(dataset);
        dataset = open_fine(&s, "set/train1.json", "au_set=12,4 layout=jsonl");
        assert_labels(dataset, 1, 2, (const int8_t[2]){0, 1});
        clile_dataset_destroy(dataset);
        expect_open(&s, "set/train1.json", "au_set=4,7", CLILE_E_INVALID_ARGUMENT,
                    "train1.json: AU 7 is not present in any line; these are: 1 4 12");
        scratch_free(&s);
    }
}

static void json_lines_name_subjects(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    scratch_image(&s, "a.png", 1);
    scratch_image(&s, "b.png", 1);
    scratch_text(&s, "l.jsonl",
                 "{\"img_path\": \"a.png\", \"AUs\": [1], \"subject\": \"anna\"}\n"
                 "{\"img_path\": \"b.png\", \"AUs\": [1], \"subject\": \"b\\u0065n\"}\n");
    clile_dataset *dataset = open_fine(&s, "l.jsonl", "");
    assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "anna");
    assert_string_equal(clile_dataset_get_subject_name(dataset, 1), "ben");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* ---- OpenFace, Py-Feat ---- */

static void write_openface(const scratch *s)
{
    scratch_text(
        s, "F002_day1.csv",
        "frame, face_id, timestamp, confidence, success, AU01_r, AU12_r, AU01_c, AU12_c, AU28_c\r\n"
        "1, 0, 0.000, 0.98, 1, 3.20, 0.00, 0.00, 1.00, 0.00\r\n"
        "2, 0, 0.033, 0.98, 1, 0.00, 4.10, 1.00, 0.00, 0.00\r\n"
        "3, 0, 0.066, 0.03, 0, 0.00, 0.00, 1.00, 1.00, 0.00\r\n"
        "4, 0, 0.100, 0.98, 1, 0.00, 0.00, 0.00, 0.00, 1.00\r\n");
    scratch_text(s, "anna.csv", "frame,success,AU28_c,AU12_c,AU01_c\n7,1,0,0,1\n");
    scratch_text(s, "notes.csv", "who,when\na,b\n");
    scratch_image(s, "F002_day1/00001.png", 11);
    scratch_image(s, "F002_day1/00002.png", 12);
    scratch_image(s, "F002_day1/00003.png", 13);
    scratch_image(s, "anna_aligned/frame_det_00_000007.png", 17);
}

static void openface_files_are_read(void **state)
{
    const scratch s = scratch_make();
    int32_t ids[3];
    (void)state;
    write_openface(&s);
    clile_dataset *dataset = open_fine(&s, "", "");
    assert_int_equal(clile_dataset_size(dataset), 3);
    assert_int_equal(clile_dataset_copy_au_ids(dataset, ids), CLILE_OK);
    assert_true(ids[0] == 1 && ids[1] == 12 && ids[2] == 28);
    assert_labels(dataset, 0, 3, (const int8_t[3]){0, 1, 0});
    assert_labels(dataset, 1, 3, (const int8_t[3]){1, 0, 0});
    assert_labels(dataset, 2, 3, (const int8_t[3]){1, 0, 0});
    assert_int_equal(grey_of(dataset, 0), 11);
    assert_int_equal(grey_of(dataset, 2), 17);
    assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "F002");
    assert_string_equal(clile_dataset_get_subject_name(dataset, 1), "anna");
    assert_counts(dataset, 4, 1, 1, 3); /* frame 4 has no image, image 3 no row that counts */
    assert_more_counts(dataset, 0, 1);
    assert_notes(dataset,
                 "OpenFace: AUn_c are the labels; 2 columns AUn_r (intensities) are not used");
    assert_notes(dataset, "1 other CSV files in the folder are ignored");
    clile_dataset_destroy(dataset);
    dataset = open_fine(&s, "anna.csv", "au_set=12");
    assert_int_equal(clile_dataset_size(dataset), 1);
    assert_labels(dataset, 0, 1, (const int8_t[1]){0});
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* The name of a BP4D label file does not make it one. */
static void openface_files_are_told_by_their_header(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    scratch_text(&s, "F001_T1.csv", "frame,success,AU01_c,AU12_c\n1,1,0,1\n");
    scratch_image(&s, "F001_T1/00001.png", 11);
    clile_dataset *dataset = open_fine(&s, "", "");
    assert_int_equal(clile_dataset_size(dataset), 1);
    assert_labels(dataset, 0, 2, (const int8_t[2]){0, 1});
    assert_notes(dataset, "OpenFace");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* Landmarks of OpenFace (all x, then all y) align the crop as a landmark file does; they do not
 * apply to its own crops.
 */
static void openface_landmarks_align(void **state)
{
    static const float five[10] = {9, 8, 16, 9, 12, 13, 9, 18, 15, 18};
    const scratch s = scratch_make();
    clile_i_text header = {0}, row = {0}, file = {0};
    uint8_t crop[3 * SIZE * SIZE], other[3 * SIZE * SIZE], pixels[24 * 24];
    (void)state;
    for (int axis = 0; axis < 2; ++axis) {
        for (int k = 0; k < 68; ++k) {
            const int p = k >= 36 && k <= 41   ? 0
                          : k >= 42 && k <= 47 ? 1
                          : k == 30            ? 2
                          : k == 48            ? 3
                                               : 4;
            clile_i_text_append(&header, ",%c_%d", "xy"[axis], k);
            clile_i_text_append(&row, ",%g", (double)five[2 * p + axis]);
        }
        for (int k = 0; k < 68; ++k) { /* OpenFace's points in space are in other columns */
            clile_i_text_append(&header, ",%c_%d", "XY"[axis], k);
            clile_i_text_append(&row, ",-99.5");
        }
    }
    clile_i_text_append(&file, "frame,success,AU01_c%s\n1,1,1%s\n", header.data, row.data);
    for (int i = 0; i < 24 * 24; ++i) pixels[i] = (uint8_t)((i % 24) * 10 + i / 24);
    scratch_folders(&s, "of/ben/1.png");
    scratch_folders(&s, "of/aligned_aligned/1.png");
    scratch_folders(&s, "bp4d/F001/T1/1.png");
    assert_int_equal(clile_i_image_write_png(scratch_path(&s, "of/ben/1.png"), 24, 24, 1, pixels),
                     CLILE_OK);
    assert_int_equal(
        clile_i_image_write_png(scratch_path(&s, "of/aligned_aligned/1.png"), 24, 24, 1, pixels),
        CLILE_OK);
    assert_int_equal(
        clile_i_image_write_png(scratch_path(&s, "bp4d/F001/T1/1.png"), 24, 24, 1, pixels),
        CLILE_OK);
    scratch_text(&s, "of/ben.csv", file.data);
    scratch_text(&s, "of/aligned.csv", file.data);
    scratch_text(&s, "bp4d/AU_OCC/F001_T1.csv", "0,1\n1,1\n");
    scratch_text(&s, "bp4d/landmarks/F001_T1.csv", "1,9,8,16,9,12,13,9,18,15,18\n");
    clile_dataset *dataset = open_fine(&s, "of", "");
    clile_dataset *reference = open_fine(&s, "bp4d", "au_set=1");
    assert_counts(dataset, 2, 0, 0, 1);
    assert_int_equal(clile_dataset_copy_crop(reference, 0, SIZE, other), CLILE_OK);
    assert_string_equal(clile_dataset_get_image_name(dataset, 1), "ben/1.png");
    assert_int_equal(clile_dataset_copy_crop(dataset, 1, SIZE, crop), CLILE_OK);
    assert_memory_equal(crop, other, sizeof crop);
    assert_int_equal(clile_dataset_copy_crop(dataset, 0, SIZE, crop), CLILE_OK);
    assert_memory_not_equal(crop, other, sizeof crop);
    clile_dataset_destroy(reference);
    clile_dataset_destroy(dataset);
    clile_i_text_free(&header);
    clile_i_text_free(&row);
    clile_i_text_free(&file);
    scratch_free(&s);
}

static void py_feat_files_are_read(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    scratch_image(&s, "ben/a.png", 21);
    scratch_image(&s, "carl/b.png", 22);
    scratch_image(&s, "film/frame0.png", 31);
    scratch_image(&s, "film/frame1.png", 32);
    scratch_text(&s, "images.csv",
                 "FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,AU01,AU12,input,frame\n"
                 "1,2,18,16,0.49,0.5,ben/a.png,0\n,,,,1,0,./carl/b.png,1\n,,,,,,carl/"
                 "c.png,2\n,,,,1,1,carl/d.png,2\n");
    clile_dataset *dataset = open_fine(&s, "images.csv", "");
    assert_int_equal(clile_dataset_size(dataset), 2);
    assert_labels(dataset, 0, 2, (const int8_t[2]){0, 1});
    assert_labels(dataset, 1, 2, (const int8_t[2]){1, 0});
    assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "ben");
    assert_counts(dataset, 3, 1, 0, 2);
    assert_more_counts(dataset, 1, 1);
    assert_notes(dataset, "Py-Feat: AUn are probabilities; an AU is present from 0.5 up");
    clile_dataset_destroy(dataset);
    scratch_text(&s, "film.csv", "AU01,input,frame\n0.9,/x/film.mp4,0\n0.1,/x/film.mp4,1\n");
    dataset = open_fine(&s, "film.csv", "");
    assert_int_equal(clile_dataset_size(dataset), 2);
    assert_labels(dataset, 0, 1, (const int8_t[1]){1});
    assert_int_equal(grey_of(dataset, 0), 31);
    assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "film");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* The columns of a row without a face may hold anything. */
static void rows_without_a_face_are_not_read(void **state)
{
    static const char *const junk[] = {"nan", "NaN", "-nan(ind)", "1.#IND", "-1.#QNAN", "", "x"};
    char text[512];
    (void)state;
    for (size_t k = 0; k < sizeof junk / sizeof *junk; ++k) {
        const scratch s = scratch_make();
        const char *j = junk[k];
        scratch_image(&s, "film/1.png", 31);
        scratch_image(&s, "film/2.png", 32);
        scratch_image(&s, "film/3.png", 33);
        snprintf(text, sizeof text,
                 "frame,confidence,success,AU01_r,AU01_c,AU02_c\n1,1,1,0,1,0\n2,%s,0,%s,%s,%s\n3,1,"
                 "1,0,0,0\n",
                 j, j, j, j);
        scratch_text(&s, "film.csv", text);
        clile_dataset *dataset = open_fine(&s, "film.csv", "");
        assert_int_equal(clile_dataset_size(dataset), 2);
        assert_more_counts(dataset, 0, 1);
        clile_dataset_destroy(dataset);
        /* with a face it is refused, by row and column */
        snprintf(text, sizeof text, "frame,success,AU01_c\n1,1,1\n2,1,%s\n", j);
        scratch_text(&s, "film.csv", text);
        expect_open(&s, "film.csv", "", CLILE_E_FORMAT, "OpenFace file film.csv, row 3: ");
        assert_non_null(strstr(clile_last_error(), "column 3"));
        /* manifests with a column success */
        snprintf(text, sizeof text,
                 "image,subject,success,AU1\nfilm/1.png,a,1,1\nfilm/2.png,a,0,%s\n", j);
        scratch_text(&s, "m.csv", text);
        dataset = open_fine(&s, "m.csv", "");
        assert_int_equal(clile_dataset_size(dataset), 1);
        assert_more_counts(dataset, 0, 1);
        clile_dataset_destroy(dataset);
        if (j[0] != 'x') { /* Py-Feat: no score, no face */
            snprintf(text, sizeof text,
                     "input,frame,FaceScore,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,"
                     "AU01\nf.mp4,0,0.9,1,1,9,9,1\n"
                     "f.mp4,1,%s,%s,x,,%s,%s\nf.mp4,2,0.9,1,1,9,9,%s\n",
                     j, j, j, j, j);
            scratch_text(&s, "film.csv", text);
            dataset = open_fine(&s, "film.csv", "");
            assert_int_equal(clile_dataset_size(dataset), 1);
            assert_more_counts(dataset, 1, 2);
            clile_dataset_destroy(dataset);
        }
        scratch_free(&s);
    }
}

static void tracker_mistakes_are_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"frame,success,AU01_r,AU02_r\n1,1,0,0\n",
         "OpenFace file film.csv, row 1: 2 columns of intensities (AU01_r) and none of occurrence "
         "(AU01_c)"},
        {"frame,success,AU01_c\n1,1,0\n2,1,0.4\n",
         "row 3: code \"0.4\" for AU 1, expected 0, 1 or 9"},
        {"frame,success,AU01_c\n1,maybe,0\n", "row 2: success is \"maybe\", expected 0 or 1"},
        {"frame,success,AU01_c\n1,1\n", "row 2: 2 columns, header has 3"},
        {"frame,success,AU01_c\n4,1,1\n4,1,1\n", "row 3: a second row of frame 4"},
        {"frame,success,AU01_c\n4,1,1\n3,1,1\n", "row 3: frame 3 after frame 4"},
        {"frame,success,AU01_c,AU1_c\n", "row 1: two columns for AU 1"},
        {"frame,subject,AU01_c\n1,a,1\n", "row 1: a column \"subject\""},
        {"AU01,input,frame\n1.01,a.mp4,0\n", "Py-Feat file film.csv, row 2: column 1 is \"1.01\", "
                                             "expected a probability of AU 1 from 0 to 1"},
        {"AU01,input,frame\nx,a.mp4,0\n", "row 2: column 1 is \"x\""},
        {"AU01,input\n1,a.mp4\n", "row 2: no column \"frame\", and the input is not an image"},
        {"AU01,input,frame\n1,,0\n", "row 2: the input has no usable path"},
        {"AU01,input,FaceRectX\n1,a,2\n",
         "row 1: 1 of the columns facerectx, facerecty, facerectwidth, facerectheight; expected "
         "all four or none"},
        {"AU01,input,frame\n1,a.png,0\n",
         "row 2: nothing names the subject: no folder in \"a.png\""},
        {"frame,success,AU01_c\n", "no image has labels"},
    };
    const scratch s = scratch_make();
    (void)state;
    scratch_image(&s, "a.png", 1);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        scratch_text(&s, "film.csv", cases[k].text);
        expect_open(&s, "film.csv", "", CLILE_E_FORMAT, cases[k].message);
    }
    scratch_text(&s, "film.csv", "frame,success,AU01_c\n1,1,1\n");
    scratch_text(&s, "gilm.csv", "frame,success,AU02_c\n1,1,1\n");
    expect_open(&s, "", "", CLILE_E_INVALID_ARGUMENT,
                "OpenFace file gilm.csv: AU 1 is not coded there; it has 2");
    scratch_text(&s, "gilm.csv", "AU01,input,frame\n1,a.mp4,0\n");
    expect_open(&s, "", "", CLILE_E_FORMAT,
                "Py-Feat file gilm.csv, row 1: files of both OpenFace and Py-Feat");
    scratch_free(&s);
}

/* ---- boxes ---- */

/* The crop that clile_i_align_box cuts out of the picture of write_picture. */
static void cut_box(const uint8_t *pixels, const double *box, double margin, uint8_t *crop)
{
    uint8_t rgb[24 * 24 * 3];
    clile_i_affine map;
    for (int i = 0; i < 3 * 24 * 24; ++i) rgb[i] = pixels[i / 3];
    const clile_i_image image = {.h = 24, .w = 24, .row_stride = 72, .rgb = rgb};
    assert_int_equal(clile_i_align_box(box, margin, 24, 24, SIZE, &map), CLILE_OK);
    assert_int_equal(clile_i_image_warp(&image, &map, SIZE, SIZE, crop), CLILE_OK);
}

static void boxes_cut_where_there_are_no_landmarks(void **state)
{
    static const double box[4] = {4, 3, 12, 14};
    static const char *const settings[] = {"au_set=1", "au_set=1 box_margin=-0.25"};
    const scratch s = scratch_make();
    uint8_t pixels[24 * 24], crop[3 * SIZE * SIZE], expected[3 * SIZE * SIZE];
    char name[64];
    (void)state;
    for (int i = 0; i < 24 * 24; ++i) pixels[i] = (uint8_t)((i % 24) * 10 + i / 24);
    for (int k = 1; k <= 3; ++k) {
        snprintf(name, sizeof name, "F001/T1/%d.png", k);
        scratch_folders(&s, name);
        assert_int_equal(clile_i_image_write_png(scratch_path(&s, name), 24, 24, 1, pixels),
                         CLILE_OK);
    }
    scratch_text(&s, "AU_OCC/F001_T1.csv", "0,1\n1,1\n2,0\n3,0\n");
    scratch_text(&s, "landmarks/F001_T1.csv", "1,9,8,16,9,12,13,9,18,15,18\n");
    scratch_text(&s, "boxes/F001_T1.csv", "frame,x,y,w,h\n2,4,3,12,14\n1,1,1,9,9\n");
    for (int k = 0; k < 2; ++k) {
        clile_dataset *dataset = open_fine(&s, "", settings[k]);
        assert_counts(dataset, 3, 0, 0, 2);
        assert_more_counts(dataset, 1, 0);
        cut_box(pixels, box, k == 0 ? 0.22 : -0.25, expected);
        assert_int_equal(clile_dataset_copy_crop(dataset, 1, SIZE, crop), CLILE_OK);
        assert_memory_equal(crop, expected, sizeof crop);
        /* by landmarks, not by its box */
        assert_int_equal(clile_dataset_copy_crop(dataset, 0, SIZE, crop), CLILE_OK);
        cut_box(pixels, (const double[4]){1, 1, 9, 9}, k == 0 ? 0.22 : -0.25, expected);
        assert_memory_not_equal(crop, expected, sizeof crop);
        clile_dataset_destroy(dataset);
    }
    /* the same box in a manifest, beside a row that has none and one outside of the image */
    scratch_text(&s, "m.csv",
                 "image,subject,AU1,box_x,box_y,box_w,box_h\nF001/T1/1.png,a,1,4,3,12,14\nF001/T1/"
                 "2.png,a,1,,,,\n"
                 "F001/T1/3.png,a,1,30,3,12,14\n");
    clile_dataset *dataset = open_fine(&s, "m.csv", "");
    assert_more_counts(dataset, 2, 0);
    cut_box(pixels, box, 0.22, expected);
    assert_int_equal(clile_dataset_copy_crop(dataset, 0, SIZE, crop), CLILE_OK);
    assert_memory_equal(crop, expected, sizeof crop);
    assert_failed(clile_dataset_copy_crop(dataset, 2, SIZE, crop), CLILE_E_FORMAT,
                  "box of image F001/T1/3.png: face box at (30, 3) of 12 x 14 pixels lies outside "
                  "the image of 24 x 24");
    clile_dataset_destroy(dataset);
    scratch_text(&s, "m.csv",
                 "image,subject,AU1,box_x,box_y,box_w,box_h\nF001/T1/1.png,a,1,4,3,0,14\n");
    expect_open(&s, "m.csv", "", CLILE_E_FORMAT,
                "row 2: a box of 0 x 14 pixels, expected sides above 0");
    scratch_text(&s, "m.csv", "image,subject,AU1,box_x,box_y\n");
    expect_open(&s, "m.csv", "", CLILE_E_FORMAT,
                "row 1: 2 of the columns box_x, box_y, box_w, box_h");
    scratch_free(&s);
}

/* Landmarks and boxes in each kind of file that has them: one of three is not a face, or all. */
static void places_that_are_no_faces_are_told(void **state)
{
    static const char *const right = "9,8,16,9,12,13,9,18,15,18", *const eyes =
                                                                      "16,9,9,8,12,13,9,18,15,18";
    static const struct {
        const char *file, *head, *good, *bad, *why;
    } cases[] = {
        {"landmarks/F001_T1.csv", "frame,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n", right, eyes,
         "(the eyes are swapped)"},
        {"landmarks/F001_T1.csv", "frame,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n", right,
         ".35,.35,.65,.37,.5,.5,.4,.7,.6,.7", "from 0 to 1: coordinates are pixels, not fractions"},
        {"boxes/F001_T1.csv", "frame,x,y,w,h\n", "4,3,12,14", ".1,.1,.5,.6", "0.5 x 0.6 pixels"},
        {"m.csv", "image,subject,AU1,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n", right, eyes,
         "(the eyes are swapped)"},
        {"m.csv", "image,subject,AU1,box_x,box_y,box_w,box_h\n", "4,3,12,14", ".1,.1,.5,.6",
         "0.5 x 0.6 pixels"},
    };
    char text[512], expected[128];
    const scratch s = scratch_make();
    (void)state;
    for (int k = 1; k <= 3; ++k) {
        snprintf(text, sizeof text, "F001/T1/%d.png", k);
        scratch_image(&s, text, k);
    }
    scratch_text(&s, "AU_OCC/F001_T1.csv", "0,1\n1,1\n2,0\n3,0\n");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const int manifest = cases[k].file[0] == 'm';
        for (int bad = 1; bad <= 3; bad += 2) {
            int n = snprintf(text, sizeof text, "%s", cases[k].head);
            for (int i = 1; i <= 3; ++i)
                n += snprintf(text + n, sizeof text - (size_t)n,
                              manifest ? "F001/T1/%d.png,a,1,%s\n" : "%d,%s\n", i,
                              i == 2 || bad == 3 ? cases[k].bad : cases[k].good);
            scratch_text(&s, cases[k].file, text);
            if (bad == 3) {
                expect_open(&s, manifest ? "m.csv" : "", manifest ? "" : "au_set=1", CLILE_E_FORMAT,
                            "landmarks or boxes of 3 of 3 images cannot be a face's, first "
                            "F001/T1/1.png: ");
                expect_open(&s, manifest ? "m.csv" : "", manifest ? "" : "au_set=1", CLILE_E_FORMAT,
                            cases[k].why);
                continue;
            }
            clile_dataset *dataset =
                open_fine(&s, manifest ? "m.csv" : "", manifest ? "" : "au_set=1");
            assert_int_equal(clile_dataset_size(dataset), 2);
            snprintf(expected, sizeof expected, "warning: 1 of 3 images are left out");
            assert_non_null(strstr(clile_dataset_get_notes(dataset), expected));
            assert_non_null(strstr(clile_dataset_get_notes(dataset), "first F001/T1/2.png: "));
            assert_non_null(strstr(clile_dataset_get_notes(dataset), cases[k].why));
            clile_dataset_counts counts = {.struct_size = sizeof counts};
            assert_int_equal(clile_dataset_copy_counts(dataset, &counts), CLILE_OK);
            assert_int_equal(counts.rows_without_face, 1);
            assert_int_equal(counts.label_rows, 2);
            clile_dataset_destroy(dataset);
        }
        if (!manifest) unlink(scratch_path(&s, cases[k].file));
    }
    scratch_text(&s, "m.csv",
                 "image,subject,AU1,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n"
                 "F001/T1/1.png,a,1,909,8,916,9,912,13,909,18,915,18\n");
    clile_dataset *dataset = open_fine(&s, "m.csv", "");
    uint8_t crop[3 * SIZE * SIZE];
    assert_failed(clile_dataset_copy_crop(dataset, 0, SIZE, crop), CLILE_E_FORMAT,
                  "landmarks of image F001/T1/1.png: the face around (912.2, 13.2), a crop of");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void packs_remember_boxes(void **state)
{
    const scratch s = scratch_make();
    char path[1024];
    (void)state;
    scratch_image(&s, "a.png", 9);
    scratch_text(&s, "manifest.csv",
                 "image,subject,AU1,box_x,box_y,box_w,box_h\na.png,a,1,4,3,12,14\n");
    clile_dataset *dataset = open_fine(&s, "", "box_margin=0.5");
    snprintf(path, sizeof path, "%s", scratch_path(&s, "p.safetensors"));
    assert_int_equal(clile_dataset_pack(dataset, path, NULL, NULL, NULL), CLILE_OK);
    clile_dataset_destroy(dataset);
    clile_i_st *st = NULL;
    assert_int_equal(clile_i_st_open(path, &st), CLILE_OK);
    assert_string_equal(clile_i_st_metadata(st, "made_from"),
                        "layout=csv au_set=1 unknown=mask present_from=2 box_margin=0.5");
    clile_i_st_close(st);
    dataset = open_fine(&s, "p.safetensors", "");
    assert_counts(dataset, 1, 0, 0, 1);
    assert_more_counts(dataset, 1, 0);
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* ---- limits ---- */

static void files_above_a_limit_are_refused(void **state)
{
    enum { SOME = 3 << 20 };
    const scratch s = scratch_make();
    char *text = clile_i_calloc(SOME, 1);
    static const char *const names[] = {"big.csv", "big.jsonl", "x_img_path.txt",
                                        "AU_OCC/F001_T1.csv", "boxes/F002_T1.csv"};
    char path[1024];
    (void)state;
    assert_non_null(text);
    memset(text, '\n', SOME);
    for (int k = 0; k < 5; ++k) scratch_write(&s, names[k], text, SOME);
    scratch_text(&s, "x_label.txt", "0\n");
    scratch_image(&s, "F001/T1/1.png", 1);
    scratch_image(&s, "F002/T1/1.png", 1);
    expect_open(&s, "big.csv", "max_label_mb=2", CLILE_E_INVALID_ARGUMENT,
                "manifest big.csv has 3145728 bytes, max_label_mb allows 2097152");
    expect_open(&s, "big.jsonl", "max_label_mb=2", CLILE_E_INVALID_ARGUMENT,
                "JSON lines big.jsonl has 3145728 bytes");
    expect_open(&s, "x_img_path.txt", "max_label_mb=1", CLILE_E_INVALID_ARGUMENT,
                "list x_img_path.txt has 3145728");
    expect_open(&s, "", "max_label_mb=2", CLILE_E_INVALID_ARGUMENT,
                "BP4D label file F001_T1.csv has 3145728 bytes");
    scratch_text(&s, "AU_OCC/F001_T1.csv", "0,1\n1,1\n");
    scratch_text(&s, "AU_OCC/F002_T1.csv", "0,1\n1,1\n");
    expect_open(&s, "", "max_label_mb=2 au_set=1", CLILE_E_INVALID_ARGUMENT,
                "box file F002_T1.csv has 3145728 bytes");
    clile_dataset_destroy(open_fine(&s, "", "max_label_mb=3 au_set=1"));

    clile_dataset *dataset = open_fine(&s, "", "au_set=1"), *packed = NULL;
    snprintf(path, sizeof path, "%s", scratch_path(&s, "p.safetensors"));
    assert_int_equal(clile_dataset_pack(dataset, path, NULL, NULL, NULL), CLILE_OK);
    clile_dataset_destroy(dataset);
    /* longer than it should be, and than allowed */
    assert_int_equal(truncate(path, 5 << 20), CLILE_OK);
    assert_failed(scratch_open(path, "max_pack_mb=4", &packed), CLILE_E_INVALID_ARGUMENT,
                  "p.safetensors has 5242880 bytes, max_pack_mb allows 4194304");
    /* a header of 4 MiB in a file of 5 */
    const uint64_t header = 4 << 20;
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fwrite(&header, 1, 8, file), 8);
    fclose(file);
    assert_failed(scratch_open(path, "max_label_mb=3", &packed), CLILE_E_INVALID_ARGUMENT,
                  "has a header of 4194304 bytes, max_label_mb allows 3145728");
    assert_null(packed);
    clile_i_free(text);
    scratch_free(&s);
}

/* ---- memory ---- */

static void failed_allocations_leave_nothing_behind(void **state)
{
    static const char *const paths[] = {"plus", "set/train1.json", "of", "box"};
    const scratch s = scratch_make();
    (void)state;
    write_disfa_plus(&s, "plus/Labels/", "plus/Images/");
    write_fmae(&s, "set/");
    scratch_image(&s, "of/ben/1.png", 1);
    scratch_text(&s, "of/ben.csv", "frame,success,AU01_c,AU12_c\n1,1,1,0\n");
    scratch_image(&s, "box/F001/T1/1.png", 1);
    scratch_text(&s, "box/AU_OCC/F001_T1.csv", "0,1,12\n1,1,0\n");
    scratch_text(&s, "box/boxes/F001_T1.csv", "1,1,1,9,9\n");
    clile_options *options = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, "au_set", "1,12"), CLILE_OK);
    for (int p = 0; p < 4; ++p) {
        char path[1024];
        clile_dataset *dataset = NULL;
        clile_status status = CLILE_OK;
        int64_t k = 0;
        snprintf(path, sizeof path, "%s", scratch_path(&s, paths[p]));
        do {
            clile_i_alloc_fail_at(++k);
            status = clile_dataset_open(path, options, &dataset);
            clile_i_alloc_fail_at(0);
            if (status != CLILE_OK && status != CLILE_E_OUT_OF_MEMORY)
                fail_msg("%s, allocation %d: %s", paths[p], (int)k, clile_last_error());
        } while (status != CLILE_OK && k < 2000);
        if (k <= 25 || k >= 2000) fail_msg("%s: %d allocations", paths[p], (int)k);
        clile_dataset_destroy(dataset);
    }
    clile_options_destroy(options);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disfa_takes_the_numbering_that_fits),
        cmocka_unit_test(disfa_plus_is_read),
        cmocka_unit_test(disfa_plus_mistakes_are_named),
        cmocka_unit_test(json_lines_are_read),
        cmocka_unit_test(json_lines_name_subjects),
        cmocka_unit_test(openface_files_are_read),
        cmocka_unit_test(openface_files_are_told_by_their_header),
        cmocka_unit_test(openface_landmarks_align),
        cmocka_unit_test(py_feat_files_are_read),
        cmocka_unit_test(rows_without_a_face_are_not_read),
        cmocka_unit_test(tracker_mistakes_are_named),
        cmocka_unit_test(boxes_cut_where_there_are_no_landmarks),
        cmocka_unit_test(places_that_are_no_faces_are_told),
        cmocka_unit_test(packs_remember_boxes),
        cmocka_unit_test(files_above_a_limit_are_refused),
        cmocka_unit_test(failed_allocations_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
