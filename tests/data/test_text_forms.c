/* Text files as other programs save them: semicolons, tabs, decimal commas, UTF-16, old Mac line
 * endings. Each is read, or rejected with a message that names the cause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"

#include <clile/faces.h>

static const char tracker[] = "frame,success,AU01_c,AU12_c\n1,1,0,1\n2,1,1,0\n";

/* A data set of the layout that `file` belongs to, whose text is `text`. */
static void write_set(const scratch *s, const char *file, const char *text)
{
    scratch_image(s, "Sequences/F001/T1/1.png", 1);
    scratch_image(s, "img/SN001/1.png", 1);
    scratch_image(s, "Images/SN001/trial/1.png", 1);
    scratch_image(s, "anna/1.png", 1);
    scratch_text(s, file, text);
}

static void expect(const char *file, const char *text, const char *message)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    write_set(&s, file, text);
    if (strncmp(file, "landmarks", 9) == 0 || strncmp(file, "boxes", 5) == 0)
        scratch_text(&s, "AU_OCC/F001_T1.csv", "0,1\n1,1\n");
    if (strstr(file, "_label") != NULL)
        scratch_text(&s, "a_img_path.txt", "Sequences/F001/T1/1.png\n");
    assert_failed(scratch_open(s.path, "au_set=1", &dataset), CLILE_E_FORMAT, message);
    assert_null(dataset);
    scratch_free(&s);
}

static void other_separators_are_named(void **state)
{
    static const char *const cases[][3] = {
        {"AU_OCC/F001_T1.csv", "0;1;2\n1;1;0\n",
         "BP4D label file F001_T1.csv, row 1: the columns are separated by semicolons, expected "
         "commas"},
        {"AU_OCC/F001_T1.csv", "0\t1\t2\n1\t1\t0\n",
         "row 1: the columns are separated by tabs, expected commas"},
        {"AU_OCC/F001_T1.csv", "0,1\n1;1\n",
         "row 2: the columns are separated by semicolons, expected commas"},
        {"AU_OCC/F001_T1.csv", "0,1,2\n1;1,0;0,0\n",
         "row 2: column 1 is \"1;1\", expected a frame (a whole number); the row has semicolons, "
         "expected commas between columns"},
        {"ActionUnit_Labels/SN001/SN001_au1.txt", "1;0\n",
         "DISFA label file SN001_au1.txt, row 1: the columns are separated by semicolons, expected "
         "commas"},
        {"Labels/SN001/trial/AU1.txt", "1.png 0\n2.png 1\n3.png;2\n",
         "SN001/trial/AU1.txt, row 3: the columns are separated by semicolons, expected blanks or "
         "commas"},
        {"manifest.csv", "image;subject;AU1\na.png;anna;1\n",
         "manifest manifest.csv, row 1: the columns are separated by semicolons, expected commas"},
        {"manifest.csv", "image\tsubject\tAU1\na.png\tanna\t1\n",
         "row 1: the columns are separated by tabs"},
        {"anna.csv", "frame;success;AU01_c\n1;1;0\n",
         "OpenFace file anna.csv, row 1: the columns are separated by semicolons, expected commas"},
        {"anna.csv", "frame;input;AU01;AU12\n0;v.mp4;0,5;0,25\n",
         "Py-Feat file anna.csv, row 1: the columns are separated by semicolons, expected commas"},
        {"landmarks/F001_T1.csv", "1;1;1;2;2;3;3;4;4;5;5\n",
         "landmark file F001_T1.csv, row 1: the columns are separated by semicolons, expected "
         "commas"},
        {"boxes/F001_T1.csv", "1;1,5;1;20;20\n",
         "the row has semicolons, expected commas between columns and points"},
        {"a_label.txt", "1;0\n",
         "list a_label.txt, line 1: \"1;0\" is not a number; the line has semicolons"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k)
        expect(cases[k][0], cases[k][1], cases[k][2]);
}

/* A second tracker file with other separators is an error: it is not ignored as unrelated. */
static void one_of_two_files_with_semicolons_is_refused(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    (void)state;
    scratch_image(&s, "anna/1.png", 1);
    scratch_image(&s, "anna/2.png", 2);
    scratch_text(&s, "anna.csv", tracker);
    scratch_text(&s, "ben.csv", "frame;success;AU01_c;AU12_c\n1;1;0;1\n");
    assert_failed(scratch_open(s.path, "", &dataset), CLILE_E_FORMAT,
                  "OpenFace file ben.csv, row 1: the columns are separated by semicolons");
    scratch_free(&s);
}

static void decimal_commas_are_named(void **state)
{
    (void)state;
    expect("anna.csv", "input,frame,AU01,AU12\nv.mp4,0,0,5,0\n",
           "row 2: 5 columns, header has 4 (a decimal comma makes two columns of a number)");
    expect("anna.csv", "input,frame,AU01,AU12\nv.mp4,0,\"0,5\",0\n",
           "expected a probability of AU 1 from 0 to 1; column 3 has a decimal comma, expected a "
           "point");
}

static void subject_files_name_semicolons(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL, *train = NULL;
    char protocol[1100];
    int32_t folds = 0;
    (void)state;
    scratch_image(&s, "anna/1.png", 1);
    scratch_image(&s, "ben/1.png", 1);
    scratch_text(&s, "manifest.csv", "image,subject,AU1\nanna/1.png,anna,0\nben/1.png,ben,1\n");
    scratch_text(&s, "folds.txt", "1: anna;ben\n");
    assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
    snprintf(protocol, sizeof protocol, "file:%s", scratch_path(&s, "folds.txt"));
    assert_failed(clile_dataset_fold_count(dataset, protocol, &folds), CLILE_E_INVALID_ARGUMENT,
                  "no subject \"anna;ben\"; the line has semicolons, expected blanks or commas");
    scratch_write(&s, "folds.txt",
                  "\xFF\xFE"
                  "1\0:\0",
                  6);
    assert_failed(clile_dataset_fold(dataset, protocol, 1, &train, NULL), CLILE_E_FORMAT,
                  "folds.txt is UTF-16 text, expected UTF-8");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void utf16_is_refused(void **state)
{
    static const char *const files[] = {
        "AU_OCC/F001_T1.csv", "ActionUnit_Labels/SN001/SN001_au1.txt", "Labels/SN001/trial/AU1.txt",
        "manifest.csv", "a_label.txt"};
    (void)state;
    for (size_t k = 0; k < sizeof files / sizeof *files; ++k)
        for (int big = 0; big < 2; ++big)
            expect(files[k], big ? "\xFE\xFF" : "\xFF\xFE", "is UTF-16 text");
}

static void line_ends_of_all_systems_are_read(void **state)
{
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    (void)state;
    for (int k = 0; k < 3; ++k) {
        const scratch s = scratch_make();
        clile_dataset *dataset = NULL;
        char text[256];
        scratch_image(&s, "anna/1.png", 1);
        scratch_image(&s, "anna/2.png", 2);
        snprintf(text, sizeof text,
                 "\xEF\xBB\xBF"
                 "Frame, SUCCESS ,au01_C%s1,1,0%s2,1,1%s",
                 ends[k], ends[k], ends[k]);
        scratch_text(&s, "anna.csv", text);
        if (scratch_open(s.path, "", &dataset) != CLILE_OK)
            fail_msg("line end %d: %s", k, clile_last_error());
        assert_int_equal(clile_dataset_size(dataset), 2);
        assert_labels(dataset, 0, 1, (const int8_t[1]){0});
        assert_labels(dataset, 1, 1, (const int8_t[1]){1});
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

/* As clile and other programs write them: a quote in a field is doubled. */
static void doubled_quotes_are_one(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    (void)state;
    scratch_image(&s, "the \"F\", no. 1.png", 1);
    scratch_image(&s, "\".png", 1);
    scratch_text(&s, "manifest.csv",
                 "\"image\",\"subject\",\"AU1\"\n"
                 "\"the \"\"F\"\", no. 1.png\",\"Mary \"\"M\"\"\",\"1\"\n"
                 "\"\"\".png\" ,\"\"\"\"\"\",0\r\n");
    if (scratch_open(s.path, "", &dataset) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_counts(dataset, 2, 0, 0, 2);
    assert_string_equal(clile_dataset_get_image_name(dataset, 0), "the \"F\", no. 1.png");
    assert_string_equal(clile_dataset_get_image_name(dataset, 1), "\".png");
    assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "\"\"");
    assert_string_equal(clile_dataset_get_subject_name(dataset, 1), "Mary \"M\"");
    uint8_t crop[3 * 16 * 16];
    assert_int_equal(clile_dataset_copy_crop(dataset, 0, 16, crop), CLILE_OK);
    clile_dataset_destroy(dataset);

    scratch_text(&s, "manifest.csv",
                 "input,frame,subject,AU01\n\"the \"\"F\"\", no. 1.png\",0,anna,1\n");
    if (scratch_open(s.path, "", &dataset) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_string_equal(clile_dataset_get_image_name(dataset, 0), "the \"F\", no. 1.png");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* A line break in a field, or a quote that was forgotten. */
static void open_quotes_are_refused(void **state)
{
    (void)state;
    expect("manifest.csv", "image,subject,AU1\n\"a\nb.png\",anna,1\n",
           "row 2: the quote before column 1 is not closed in the row");
    expect("manifest.csv", "image,subject,AU1\na.png,\"anna,1\n",
           "row 2: the quote before column 2 is not closed in the row");
    expect("AU_OCC/F001_T1.csv", "0,1\n1,\"1\n",
           "row 2: the quote before column 2 is not closed in the row");
    expect("landmarks/F001_T1.csv", "\"frame\n\"",
           "row 1: the quote before column 1 is not closed");
    expect("boxes/F001_T1.csv", "1,2,3,4,\"5\n", "row 1: the quote before column 5 is not closed");
}

/* A row is found by its name in a file of faces, however quotes and ".." spell it. */
static void names_of_faces_are_compared_plainly(void **state)
{
    static const char *const images[] = {"the \"F\".png", "y/../the \"F\".png", "a/b/c.png",
                                         "a/x/../b/c.png", "./a//b/c.png"};
    const scratch s = scratch_make();
    clile_face_file *file = NULL;
    int64_t count = 0;
    (void)state;
    scratch_text(&s, "faces.csv",
                 "image,x,y,w,h\n\"the \"\"F\"\".png\",1,2,30,40\nz/../a/./b//c.png,5,6,70,80\n");
    assert_int_equal(clile_face_file_open(scratch_path(&s, "faces.csv"), NULL, &file), CLILE_OK);
    for (size_t k = 0; k < sizeof images / sizeof *images; ++k) {
        float box[4], xy[136];
        int32_t has_box = 0, points = 0;
        assert_int_equal(clile_face_file_find(file, images[k], 0, &count), CLILE_OK);
        if (count != 1) fail_msg("%s: %d rows", images[k], (int)count);
        assert_int_equal(clile_face_file_get(file, 0, &has_box, box, &points, xy), CLILE_OK);
        assert_true(box[0] == (k < 2 ? 1.0f : 5.0f));
    }
    /* two spellings of one image, not two images that one row fits */
    assert_int_equal(clile_face_file_expect(file, "a/b/c.png"), CLILE_OK);
    assert_int_equal(clile_face_file_expect(file, "a/x/../b/c.png"), CLILE_OK);
    if (clile_face_file_find(file, "a/b/c.png", 0, &count) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    assert_int_equal(clile_face_file_find(file, "other/c.png", 0, &count), CLILE_OK);
    assert_int_equal(count, 0);
    clile_face_file_destroy(file);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_separators_are_named),
        cmocka_unit_test(one_of_two_files_with_semicolons_is_refused),
        cmocka_unit_test(decimal_commas_are_named),
        cmocka_unit_test(subject_files_name_semicolons),
        cmocka_unit_test(utf16_is_refused),
        cmocka_unit_test(line_ends_of_all_systems_are_read),
        cmocka_unit_test(doubled_quotes_are_one),
        cmocka_unit_test(open_quotes_are_refused),
        cmocka_unit_test(names_of_faces_are_compared_plainly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
