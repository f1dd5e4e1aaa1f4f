/* Whether what a layout has combined makes sense: images by number or by order, folders that
 * could be mistaken for each other, files that are not labels, one person under two names. Each
 * is right, rejected or warned of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"

static clile_dataset *open_fine(const scratch *s, const char *settings)
{
    clile_dataset *dataset = NULL;
    if (scratch_open(s->path, settings, &dataset) != CLILE_OK) fail_msg("%s", clile_last_error());
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

static void expect_failure(const scratch *s, const char *settings, const char *text)
{
    clile_dataset *dataset = NULL;
    assert_failed(scratch_open(s->path, settings, &dataset), CLILE_E_FORMAT, text);
    assert_null(dataset);
}

/* ---- a program's rows of a folder of images ---- */

/* Images of these names in this order, the k-th (from 1) as grey as 10 k; rows 1..rows, present
 * in the odd ones. */
static void write_video(const scratch *s, const char *stem, int count, const char *const *names,
                        int rows)
{
    char text[1024] = "frame,success,AU01_c\n", name[128];
    for (int k = 0; k < count; ++k) {
        snprintf(name, sizeof name, "%s/%s.png", stem, names[k]);
        scratch_image(s, name, 10 * (k + 1));
    }
    for (int k = 1; k <= rows; ++k)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d,%d\n", k, k != 5, k % 2);
    snprintf(name, sizeof name, "%s.csv", stem);
    scratch_text(s, name, text);
}

static void rows_go_by_order_where_numbers_do_not_fit(void **state)
{
    static const struct {
        const char *names[6];
        const char *note;
        int warned;
    } cases[] = {
        {{"0004", "0005", "0006", "0007", "0008", "0009"}, "row k is used for the k-th image", 0},
        {{"0100", "0101", "0102", "0103", "0104", "0105"}, "row k is used for the k-th image", 0},
        {{"0001", "0004", "0007", "0010", "0013", "0016"}, "The numbers of 1 of them have gaps", 1},
        {{"0010", "0020", "0030", "0040", "0050", "0060"}, "The numbers of 1 of them have gaps", 1},
        {{"0001", "0002", "0003", "0005", "0006", "0007"}, "The numbers of 1 of them have gaps", 1},
        {{"0.033", "0.066", "0.100", "0.133", "0.166", "0.200"}, "the first is anna", 1},
        {{"a", "b", "c", "d", "e", "f"}, "the first is anna", 1},
        {{"0001", "0002", "0003", "0004", "0005", "0006"}, "taken: from 1", 0},
        {{"0000", "0001", "0002", "0003", "0004", "0005"}, "taken: from 0", 0},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        write_video(&s, "anna", 6, cases[k].names, 6);
        clile_dataset *dataset = open_fine(&s, "");
        assert_int_equal(clile_dataset_size(dataset), 5); /* row 5 has no face */
        assert_counts(dataset, 5, 0, 1, 5);
        for (int i = 0; i < 5; ++i) {
            uint8_t crop[3 * 16 * 16];
            const int row = i < 4 ? i + 1 : 6;
            assert_int_equal(clile_dataset_copy_crop(dataset, i, 16, crop), CLILE_OK);
            assert_int_equal(crop[0], 10 * row);
            assert_labels(dataset, i, 1, (const int8_t[1]){(int8_t)(row % 2)});
        }
        assert_notes(dataset, cases[k].note);
        if (cases[k].warned)
            assert_notes(dataset, "warning: ");
        else
            assert_no_warning(dataset);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

/* One video by number from 0, one from 1, one by order: each in its own way. */
static void videos_are_numbered_one_by_one(void **state)
{
    static const char *const from0[] = {"0", "1", "2"}, *const from1[] = {"1", "2", "3"},
                             *const from7[] = {"7", "8", "9"};
    const scratch s = scratch_make();
    uint8_t crop[3 * 16 * 16];
    (void)state;
    write_video(&s, "anna", 3, from0, 3);
    write_video(&s, "ben", 3, from1, 3);
    write_video(&s, "carl", 3, from7, 3);
    clile_dataset *dataset = open_fine(&s, "");
    assert_counts(dataset, 9, 0, 0, 9);
    for (int i = 0; i < 9; ++i) {
        assert_int_equal(clile_dataset_copy_crop(dataset, i, 16, crop), CLILE_OK);
        assert_int_equal(crop[0], 10 * (i % 3 + 1));
    }
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void orders_that_differ_are_warned_of(void **state)
{
    static const char *const names[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
    const scratch s = scratch_make();
    (void)state;
    write_video(&s, "anna", 10, names, 10);
    clile_dataset *dataset = open_fine(&s, "");
    assert_notes(dataset, "warning: the images of 1 videos have a different order by name and by "
                          "number (10 before 2)");
    clile_dataset_destroy(dataset);
    dataset = open_fine(&s, "first_image=1"); /* the caller says so */
    assert_no_warning(dataset);
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void rows_that_fit_badly_are_warned_of_or_refused(void **state)
{
    static const char *const threes[] = {"0001", "0004", "0007", "0010", "0013", "0016"};
    static const char *const far[] = {"0101", "0102", "0103", "0104"};
    scratch s = scratch_make();
    (void)state;
    write_video(&s, "anna", 6, threes, 8); /* not as many rows as images */
    clile_dataset *dataset = open_fine(&s, "");
    assert_notes(
        dataset,
        "warning: label rows and images of 1 sequences may not match, look at a sheet of "
        "faces; first anna: 3 of 8 label rows and of 6 images; left out are label rows such as "
        "anna/2");
    assert_notes(dataset, "images such as anna/0010.png");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
    s = scratch_make();
    write_video(&s, "anna", 4, far, 9);
    expect_failure(&s, "", "no image has labels; left out are label rows such as anna/1");
    scratch_free(&s);
    /* a subset of a video's frames is fine, and so are labels of a part of the images */
    s = scratch_make();
    write_video(&s, "anna", 2, threes, 8);
    dataset = open_fine(&s, "first_image=1");
    assert_no_warning(dataset);
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* `rows` label frames from 1 on, `count` images from `first` on, in one of the other layouts. */
static void write_numbered(const scratch *s, int layout, int rows, int first, int count)
{
    static const char *const files[] = {"AU_OCC/F001_T1.csv",
                                        "ActionUnit_Labels/SN001/SN001_au1.txt",
                                        "Labels/SN001/trial/AU1.txt"};
    static const char *const folders[] = {"Sequences/F001/T1", "img/SN001", "Images/SN001/trial"};
    static const char *const formats[] = {"%d,%d\n", "%d,%d\n", "%03d.png %d\n"};
    char text[4096] = "", name[128];
    if (layout == 0) strcpy(text, "0,1\n");
    for (int k = 1; k <= rows; ++k)
        snprintf(text + strlen(text), sizeof text - strlen(text), formats[layout], k, k % 2);
    scratch_text(s, files[layout], text);
    for (int k = first; k < first + count; ++k) {
        snprintf(name, sizeof name, "%s/%03d.png", folders[layout], k);
        scratch_image(s, name, k);
    }
}

static void all_numberings_are_compared(void **state)
{
    (void)state;
    for (int layout = 0; layout < 3; ++layout) {
        scratch s = scratch_make();
        clile_dataset *dataset = NULL;
        write_numbered(&s, layout, 20, 1, 20);
        dataset = open_fine(&s, "au_set=1");
        assert_no_warning(dataset);
        clile_dataset_destroy(dataset);
        scratch_free(&s);

        s = scratch_make(); /* as many, three further on */
        write_numbered(&s, layout, 40, 4, 40);
        dataset = open_fine(&s, "au_set=1");
        assert_notes(dataset, "warning: label rows and images of 1 sequences may not match");
        assert_notes(dataset, "of 40 label rows and of 40 images; left out are label rows such as");
        clile_dataset_destroy(dataset);
        scratch_free(&s);

        s = scratch_make(); /* a few at the edge */
        write_numbered(&s, layout, 20, 20, 30);
        expect_failure(&s, "au_set=1",
                       "label rows and images do not match: only 1 of 20 do; first ");
        scratch_free(&s);

        s = scratch_make(); /* a part of the frames */
        write_numbered(&s, layout, 20, 5, 4);
        dataset = open_fine(&s, "au_set=1 first_image=1");
        assert_no_warning(dataset);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void lists_without_images_are_warned_of(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    (void)state;
    scratch_image(&s, "F001/T1/1.png", 1);
    scratch_text(&s, "a_img_path.txt", "F001/T1/1.png\nF001/T1/2.png\nF001/T1/3.png\n");
    scratch_text(&s, "a_label.txt", "1\n0\n1\n");
    dataset = open_fine(&s, "au_set=1");
    assert_notes(dataset, "warning: 2 of 3 lines name an image that is not in");
    clile_dataset_destroy(dataset);
    scratch_text(&s, "l.jsonl",
                 "{\"img_path\": \"F001/T1/1.png\", \"AUs\": [1]}\n{\"img_path\": "
                 "\"F001/T1/2.png\", \"AUs\": [1]}\n"
                 "{\"img_path\": \"F001/T1/3.png\", \"AUs\": [1]}\n");
    assert_int_equal(scratch_open(scratch_path(&s, "l.jsonl"), "", &dataset), CLILE_OK);
    assert_notes(dataset, "warning: 2 of 3 lines name an image that is not in");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* ---- folders ---- */

static void another_folder_of_images_is_warned_of(void **state)
{
    static const char *const other[] = {"Sequences_cropped/F001/T1", "img_right/SN001",
                                        "Images_2/SN001/trial"};
    static const char *const taken[] = {"Sequences", "img", "Images"};
    (void)state;
    for (int layout = 0; layout < 3; ++layout) {
        const scratch s = scratch_make();
        char name[128], text[128];
        write_numbered(&s, layout, 3, 1, 3);
        for (int k = 1; k < 3; ++k) {
            snprintf(name, sizeof name, "%s/%03d.png", other[layout], k);
            scratch_image(&s, name, 200);
        }
        clile_dataset *dataset = open_fine(&s, "au_set=1");
        snprintf(text, sizeof text, "warning: images are taken from %s; ", taken[layout]);
        assert_notes(dataset, text);
        snprintf(text, sizeof text, "also has 2 images of 1 of the 1 sequences");
        assert_notes(dataset, text);
        assert_counts(dataset, 3, 0, 2, 3);
        assert_string_equal(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_IMAGES, 0),
                            strcat(strcpy(name, other[layout]), "/001.png"));
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

/* The folder that has more of the sequences, whatever its name; a link to the same images is not
 * another. */
static void the_fuller_folder_is_taken(void **state)
{
    const scratch s = scratch_make();
    char target[128], link[128];
    (void)state;
    scratch_text(&s, "AU_OCC/F001_T1.csv", "0,1\n1,1\n");
    scratch_text(&s, "AU_OCC/F002_T1.csv", "0,1\n1,0\n");
    scratch_image(&s, "a/F001/T1/1.png", 11);
    scratch_image(&s, "b/F001/T1/1.png", 21);
    scratch_image(&s, "b/F002/T1/1.png", 22);
    clile_dataset *dataset = open_fine(&s, "au_set=1");
    assert_int_equal(clile_dataset_size(dataset), 2);
    assert_notes(dataset,
                 "warning: images are taken from b; a also has 1 images of 1 of the 2 sequences");
    clile_dataset_destroy(dataset);
    unlink(scratch_path(&s, "a/F001/T1/1.png"));
    rmdir(scratch_path(&s, "a/F001/T1"));
    rmdir(scratch_path(&s, "a/F001"));
    rmdir(scratch_path(&s, "a"));
    snprintf(target, sizeof target, "%s/b", s.path);
    snprintf(link, sizeof link, "%s/c", s.path);
    assert_int_equal(symlink(target, link), 0);
    dataset = open_fine(&s, "au_set=1");
    assert_int_equal(clile_dataset_size(dataset), 2);
    assert_no_warning(dataset);
    clile_dataset_destroy(dataset);
    unlink(link);
    scratch_free(&s);
}

static void another_folder_of_labels_is_warned_of(void **state)
{
    static const struct {
        const char *file, *text, *warning;
    } cases[] = {
        {"F001_T1.csv", "0,1\n1,0\n",
         "warning: labels are taken from AU_OCC; the folder itself also has label files"},
        {"SN001/SN001_au1.txt", "1,0\n",
         "warning: labels are taken from ActionUnit_Labels; the folder itself also has label "
         "files"},
        {"SN001/trial/AU1.txt", "001.png 0\n",
         "warning: labels are taken from Labels; the folder itself also has label files"},
    };
    (void)state;
    for (int layout = 0; layout < 3; ++layout) {
        const scratch s = scratch_make();
        write_numbered(&s, layout, 3, 1, 3);
        scratch_text(&s, cases[layout].file, cases[layout].text);
        clile_dataset *dataset = open_fine(&s, "au_set=1");
        assert_notes(dataset, cases[layout].warning);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void misspelled_label_files_are_named(void **state)
{
    static const char *const names[] = {"f002_t1.csv", "F002_t1.csv", "F002_T1.CSV"};
    (void)state;
    for (int k = 0; k < 3; ++k) {
        const scratch s = scratch_make();
        char name[64], text[128];
        write_numbered(&s, 0, 3, 1, 3);
        snprintf(name, sizeof name, "AU_OCC/%s", names[k]);
        scratch_text(&s, name, "0,1\n1,1\n");
        clile_dataset *dataset = open_fine(&s, "au_set=1");
        snprintf(text, sizeof text, "warning: the label file %s is ignored", names[k]);
        assert_notes(dataset, text);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void another_root_of_a_list_is_warned_of(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    scratch_image(&s, "img/F001/T1/1.png", 1);
    scratch_image(&s, "img_cropped/F001/T1/1.png", 2);
    scratch_text(&s, "list/a_img_path.txt", "F001/T1/1.png\n");
    scratch_text(&s, "list/a_label.txt", "1\n");
    clile_dataset *dataset = open_fine(&s, "au_set=1");
    assert_notes(dataset, "warning: images are taken from ");
    assert_notes(dataset, "F001/T1/1.png is also in ");
    clile_dataset_destroy(dataset);
    unlink(scratch_path(&s, "img_cropped/F001/T1/1.png"));
    dataset = open_fine(&s, "au_set=1");
    assert_no_warning(dataset);
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void landmark_files_that_are_not_read_are_named(void **state)
{
    static const char *const cases[][2] = {
        {"landmarks/f001_t1.csv",
         "warning: landmarks/f001_t1.csv is ignored: its case differs from the label file's"},
        {"boxes/F001_T1.CSV",
         "warning: boxes/F001_T1.CSV is ignored: its case differs from the label file's"},
        {"landmarks/F001.csv",
         "warning: no file in landmarks has the name of a label file: F001.csv is ignored"},
        {"Landmarks/F001_T1.csv", "warning: the folder Landmarks is ignored, expected landmarks"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        write_numbered(&s, 0, 3, 1, 3);
        scratch_text(&s, cases[k][0], "1,9,8,16,9,12,13,9,18,15,18\n");
        clile_dataset *dataset = open_fine(&s, "au_set=1");
        assert_notes(dataset, cases[k][1]);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
    const scratch s = scratch_make();
    write_numbered(&s, 0, 3, 1, 3);
    scratch_text(&s, "boxes/F001_T1.csv", "1,1,1,9,9\n2,1,1,9,9\n3,1,1,9,9\n");
    scratch_text(&s, "boxes/F009_T1.csv", "1,1,1,9,9\n");
    clile_dataset *dataset = open_fine(&s, "au_set=1");
    assert_no_warning(dataset);
    assert_notes(dataset, "1 files in boxes have no label file, the first is F009_T1.csv");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* ---- labels and subjects ---- */

static void labels_that_are_none_are_told(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    scratch_text(&s, "manifest.csv", "image,subject,AU1,AU2\na.png,anna,9,1\nb.png,ben,,0\n");
    clile_dataset *dataset = open_fine(&s, "");
    assert_notes(dataset, "warning: no image is coded for AU 1\n");
    clile_dataset_destroy(dataset);
    expect_failure(&s, "au_set=1", "no image has a coded label");
    dataset = open_fine(&s, "au_set=1 unknown=negative");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void strange_columns_are_named(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    scratch_text(&s, "manifest.csv",
                 "image,subject,AU1,AU 2,AU4_presence,audio\na.png,anna,1,1,1,1\n");
    clile_dataset *dataset = open_fine(&s, "");
    assert_notes(dataset,
                 "warning: manifest.csv: 2 columns look like AUs but are ignored, expected AU1 or "
                 "AU01_c; the first is \"AU 2\"");
    clile_dataset_destroy(dataset);
    unlink(scratch_path(&s, "manifest.csv"));
    scratch_image(&s, "anna/1.png", 1);
    scratch_text(&s, "anna.csv", "frame,confidence,AU01_c\n1,0.9,1\n");
    scratch_text(&s, "ben.csv", "frame,success,AU01_c\n");
    dataset = open_fine(&s, "");
    assert_notes(dataset, "warning: anna.csv has no column \"success\"");
    assert_notes(dataset, "warning: ben.csv has no rows after its header");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void columns_of_a_place_that_are_not_read_are_named(void **state)
{
    static const struct {
        const char *head, *values, *warned;
    } cases[] = {
        {"bbox", "\"1,1,9,9\"", "the column \"bbox\" looks like a face position but is ignored"},
        {"Face_Rect", "1 1 9 9", "the column \"Face_Rect\""},
        {"x1,y1,w,h", "1,1,9,9", "the column \"x1\""},
        {"landmarks", "1", "the column \"landmarks\""},
        {"width,height,year", "1,1,1", NULL},
        {"x1,y1,x2,y2,bbox", "1,1,9,9,1", NULL},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        char text[256];
        snprintf(text, sizeof text, "image,subject,AU1,%s\na.png,anna,1,%s\n", cases[k].head,
                 cases[k].values);
        scratch_text(&s, "manifest.csv", text);
        clile_dataset *dataset = open_fine(&s, "");
        if (cases[k].warned != NULL)
            assert_notes(dataset, cases[k].warned);
        else
            assert_no_warning(dataset);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

/* Rows of one face; two faces of one image are fine. */
static void rows_that_repeat_a_face_are_counted(void **state)
{
    static const char *const cases[][2] = {
        {"a.png,anna,1,\na.png,anna,1,\n",
         "warning: 1 rows repeat the face of another row, 0 of them with different labels"},
        {"a.png,anna,1,\nb.png,ben,1,\n./a.png,anna,0,\n",
         "warning: 1 rows repeat the face of another row, 1 of them"},
        {"a.png,anna,1,1\na.png,anna,0,1\nx/../a.png,anna,0,1\n",
         "warning: 2 rows repeat the face of another row, 1 of"},
        {"../a.png,anna,1,\na.png,anna,1,\n", NULL},
        {"a.png,anna,1,1\na.png,ben,1,20\n", NULL},
        {"a.png,anna,1,\nx/a.png,ben,1,\n", NULL},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        char text[512] = "image,subject,AU1,x,y,w,h\n";
        for (const char *at = cases[k][0]; *at != '\0'; ++at) {
            const size_t size = strlen(text);
            if (*at == '\n' && text[size - 1] == ',')
                strcat(text, ",,,\n");
            else if (*at == '\n')
                strcat(text, ",1,9,9\n");
            else
                snprintf(text + size, sizeof text - size, "%c", *at);
        }
        scratch_text(&s, "manifest.csv", text);
        clile_dataset *dataset = open_fine(&s, "");
        if (cases[k][1] != NULL)
            assert_notes(dataset, cases[k][1]);
        else
            assert_no_warning(dataset);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

/* Folds that keep subjects apart would have such a face on both sides. */
static void a_face_of_two_people_is_refused(void **state)
{
    static const char *const cases[][3] = {
        {"manifest.csv", "image,subject,AU1\na.png,anna,1\na.png,ben,1\n",
         "a.png has rows of subjects \"anna\" and \"ben\", expected one subject per face"},
        {"manifest.csv", "image,subject,AU1\na.png,anna,1\nb.png,ben,0\nx/../a.png,ben,1\n",
         "x/../a.png has rows of subjects \"anna\" and \"ben\""},
        {"manifest.csv", "image,subject,AU1,x,y,w,h\na.png,anna,1,1,1,9,9\na.png,ben,1,1,1,9,9\n",
         "a.png has rows of subjects \"anna\" and \"ben\""},
        {"faces.csv", "input,subject,AU01\na.png,anna,1\na.png,ben,1\n",
         "a.png has rows of subjects \"anna\" and \"ben\""},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        scratch_image(&s, "a.png", 1);
        scratch_image(&s, "b.png", 1);
        scratch_text(&s, cases[k][0], cases[k][1]);
        expect_failure(&s, "layout=csv", cases[k][2]);
        scratch_free(&s);
    }
}

/* "..": names are compared without looking at the disk; a file is opened by the name given,
 * since x may be a link. */
static void names_with_dots_are_one(void **state)
{
    static const char *const names[] = {"x/../F001/a.png", "F001/y/../a.png", "F001/../F001/a.png",
                                        "./x/y/../../F001/a.png"};
    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; ++k) {
        const scratch s = scratch_make();
        char text[256], file[1024];
        clile_dataset *dataset = NULL;
        scratch_image(&s, "F001/a.png", 1);
        scratch_image(&s, "F001/b.png", 1);
        scratch_image(&s, "F001/y/c.png", 1);
        scratch_folders(&s, "x/y/z");
        snprintf(text, sizeof text, "{\"img_path\": \"%s\", \"AUs\": [1]}\n", names[k]);
        scratch_text(&s, "x.jsonl", text);
        snprintf(file, sizeof file, "%s", scratch_path(&s, "x.jsonl"));
        if (scratch_open(file, "", &dataset) != CLILE_OK) fail_msg("%s", clile_last_error());
        assert_counts(dataset, 1, 0, 1, 1); /* b.png has no label */
        assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "F001");
        clile_dataset_destroy(dataset);
        const size_t size = strlen(text);
        snprintf(text + size, sizeof text - size, "{\"img_path\": \"F001/a.png\", \"AUs\": [1]}\n");
        scratch_text(&s, "x.jsonl", text);
        assert_failed(scratch_open(file, "", &dataset), CLILE_E_FORMAT,
                      "line 2: this image already has a line");
        scratch_free(&s);
    }
    static const char *const plain[][2] = {{"a/./b//c", "a/b/c"},
                                           {"a/../b", "b"},
                                           {"../a/../b", "../b"},
                                           {"a/../../b", "../b"},
                                           {"/../a/./b/..", "/a"},
                                           {"..", ".."},
                                           {"../../x/..", "../.."},
                                           {"a/..", ""},
                                           {"...", "..."},
                                           {"a/.../b", "a/.../b"},
                                           {"", ""},
                                           {"/", "/"}};
    for (size_t k = 0; k < sizeof plain / sizeof *plain; ++k) {
        char path[32];
        snprintf(path, sizeof path, "%s", plain[k][0]);
        clile_i_path_plain(path);
        assert_string_equal(path, plain[k][1]);
    }
}

/* One image under two spellings is one image: in a manifest (above), JSON lines and lists. */
static void spellings_of_a_path_are_one(void **state)
{
    static const char *const paths[] = {"F001/a.png", "./F001/a.png", "F001//a.png", "F001/./a.png",
                                        ".//F001/././/a.png"};
    (void)state;
    for (size_t k = 0; k < sizeof paths / sizeof *paths; ++k) {
        scratch s = scratch_make();
        char text[256];
        scratch_image(&s, "F001/a.png", 1);
        scratch_image(&s, "F002/a.png", 1);
        snprintf(text, sizeof text, "{\"img_path\": \"%s\", \"AUs\": [1]}\n", paths[k]);
        scratch_text(&s, "x.jsonl", text);
        char file[1024];
        snprintf(file, sizeof file, "%s", scratch_path(&s, "x.jsonl"));
        clile_dataset *dataset = NULL;
        assert_int_equal(scratch_open(file, "", &dataset), CLILE_OK);
        assert_counts(dataset, 1, 0, 0, 1);
        assert_string_equal(clile_dataset_get_image_name(dataset, 0), paths[0]);
        clile_dataset_destroy(dataset);
        const size_t size = strlen(text);
        snprintf(text + size, sizeof text - size, "{\"img_path\": \"F001/a.png\", \"AUs\": [1]}\n");
        scratch_text(&s, "x.jsonl", text);
        assert_failed(scratch_open(file, "", &dataset), CLILE_E_FORMAT,
                      "line 2: this image already has a line");
        snprintf(text, sizeof text, "%s\nF001/a.png\n", paths[k]);
        scratch_text(&s, "BP4D_train_img_path_fold1.txt", text);
        scratch_text(&s, "BP4D_train_label_fold1.txt", "1\n0\n");
        assert_failed(
            scratch_open(scratch_path(&s, "BP4D_train_img_path_fold1.txt"), "au_set=1", &dataset),
            CLILE_E_FORMAT, "line 2: this image already has a line");
        scratch_free(&s);
    }
}

/* Boxes of three frames for three images: of all, numbered from 0, of some; no boxes at all are
 * fine, too. */
static void images_whole_among_faces_are_warned_of(void **state)
{
    static const char *const cases[][2] = {
        {"1,1,1,9,9\n2,1,1,9,9\n3,1,1,9,9\n", NULL},
        {"0,1,1,9,9\n1,1,1,9,9\n2,1,1,9,9\n",
         "warning: 1 of 3 images have neither landmarks nor a box and are used"},
        {"2,1,1,9,9\n",
         "warning: 2 of 3 images have neither landmarks nor a box and are used whole"},
        {NULL, NULL},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        write_numbered(&s, 0, 3, 1, 3);
        if (cases[k][0] != NULL) scratch_text(&s, "boxes/F001_T1.csv", cases[k][0]);
        clile_dataset *dataset = open_fine(&s, "au_set=1");
        if (cases[k][1] != NULL)
            assert_notes(dataset, cases[k][1]);
        else
            assert_no_warning(dataset);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void two_spellings_of_a_subject_are_named(void **state)
{
    static const struct {
        const char *one, *two;
        int alike;
    } cases[] = {{"anna", "Anna", 1}, {"SN01", "SN001", 1}, {"S 1", "S_1", 1}, {"S-01", "s_1", 1},
                 {"S1_1", "S11", 0},  {"F001", "M001", 0},  {"S10", "S1", 0}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        char text[256];
        snprintf(text, sizeof text, "image,subject,AU1\na.png,%s,1\nb.png,x,0\nc.png,%s,0\n",
                 cases[k].one, cases[k].two);
        scratch_text(&s, "manifest.csv", text);
        clile_dataset *dataset = open_fine(&s, "");
        if (cases[k].alike)
            assert_notes(dataset, "are counted as two, but may be the same");
        else
            assert_no_warning(dataset);
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void empty_label_files_are_refused(void **state)
{
    scratch s = scratch_make();
    (void)state;
    write_numbered(&s, 0, 3, 1, 3);
    scratch_text(&s, "AU_OCC/F002_T1.csv", "0,1\n");
    expect_failure(&s, "au_set=1", "BP4D label file F002_T1.csv has no rows after its header");
    scratch_free(&s);
    s = scratch_make();
    write_numbered(&s, 1, 3, 1, 3);
    scratch_text(&s, "ActionUnit_Labels/SN002/SN002_au1.txt", "");
    expect_failure(&s, "au_set=1", "DISFA label file SN002_au1.txt has no row frame,intensity");
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_go_by_order_where_numbers_do_not_fit),
        cmocka_unit_test(videos_are_numbered_one_by_one),
        cmocka_unit_test(orders_that_differ_are_warned_of),
        cmocka_unit_test(rows_that_fit_badly_are_warned_of_or_refused),
        cmocka_unit_test(all_numberings_are_compared),
        cmocka_unit_test(lists_without_images_are_warned_of),
        cmocka_unit_test(another_folder_of_images_is_warned_of),
        cmocka_unit_test(the_fuller_folder_is_taken),
        cmocka_unit_test(another_folder_of_labels_is_warned_of),
        cmocka_unit_test(misspelled_label_files_are_named),
        cmocka_unit_test(another_root_of_a_list_is_warned_of),
        cmocka_unit_test(landmark_files_that_are_not_read_are_named),
        cmocka_unit_test(labels_that_are_none_are_told),
        cmocka_unit_test(strange_columns_are_named),
        cmocka_unit_test(columns_of_a_place_that_are_not_read_are_named),
        cmocka_unit_test(rows_that_repeat_a_face_are_counted),
        cmocka_unit_test(a_face_of_two_people_is_refused),
        cmocka_unit_test(names_with_dots_are_one),
        cmocka_unit_test(spellings_of_a_path_are_one),
        cmocka_unit_test(images_whole_among_faces_are_warned_of),
        cmocka_unit_test(two_spellings_of_a_subject_are_named),
        cmocka_unit_test(empty_label_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
