/* Image and label lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"

#define ZEROS " 0 0 0 0 0 0 0 0 0 0"

/* Two folds of two subjects; the images are in `images` below the scratch folder, the lists in
 * `lists`. */
static void write_lists(const scratch *s, const char *images, const char *lists)
{
    static const char *const frames[] = {"F001/T1/2440.png", "F001/T1/2441.png", "M007/T2/1.png"};
    char name[128];
    for (int k = 0; k < 3; ++k) {
        snprintf(name, sizeof name, "%s%s", images, frames[k]);
        scratch_image(s, name, 10 * k + 10);
    }
    for (int fold = 1; fold <= 2; ++fold) {
        const char *parts[2] = {fold == 1 ? "train" : "test", fold == 1 ? "test" : "train"};
        snprintf(name, sizeof name, "%sBP4D_%s_img_path_fold%d.txt", lists, parts[0], fold);
        scratch_text(s, name, "F001/T1/9.png\r\nF001/T1/2440.png\r\nF001\\T1\\2441.png\n\n");
        snprintf(name, sizeof name, "%sBP4D_%s_label_fold%d.txt", lists, parts[0], fold);
        scratch_text(s, name, "0 0" ZEROS "\n1 9" ZEROS "\n1.000000000000000000e+00 -1" ZEROS);
        snprintf(name, sizeof name, "%sBP4D_%s_img_path_fold%d.txt", lists, parts[1], fold);
        scratch_text(s, name, "M007/T2/1.png\n");
        snprintf(name, sizeof name, "%sBP4D_%s_label_fold%d.txt", lists, parts[1], fold);
        scratch_text(s, name, "0,1" ZEROS "\n");
    }
}

static void lists_are_read(void **state)
{
    static const char *const images[] = {"", "img/", "Images/", "lists/img/"};
    static const char *const lists[] = {"", "list/", "lists/", "lists/"};
    (void)state;
    for (int k = 0; k < 4; ++k) {
        const scratch s = scratch_make();
        clile_dataset *dataset = NULL;
        char path[1024], name[128];
        uint8_t crop[3 * 16 * 16];
        write_lists(&s, images[k], lists[k]);
        snprintf(name, sizeof name, "%sBP4D_weight_fold1.txt", lists[k]);
        scratch_text(&s, name, "1 1 1 1 1 1 1 1 1 1 1 1\n");
        snprintf(name, sizeof name, "%sBP4D_train_weight_fold1.txt", lists[k]);
        scratch_text(&s, name, "1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n0.5\n");
        snprintf(path, sizeof path, "%s", k < 2 ? s.path : scratch_path(&s, "lists"));
        assert_int_equal(scratch_open(path, "", &dataset), CLILE_OK);
        assert_int_equal(clile_dataset_size(dataset), 3);
        assert_int_equal(clile_dataset_subject_count(dataset), 2);
        assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "F001");
        assert_counts(dataset, 4, 1, 0, 3);
        for (int64_t i = 0; i < 3; ++i) { /* test comes before train */
            const char *image = clile_dataset_get_image_name(dataset, i);
            const int which = image[0] == 'M' ? 2 : image[11] == '1';
            const int8_t expected[12] = {which < 2, which < 2 ? -1 : 1};
            assert_labels(dataset, i, 12, expected);
            assert_int_equal(clile_dataset_copy_crop(dataset, i, 16, crop), CLILE_OK);
            assert_int_equal(crop[0], 10 * which + 10);
        }
        clile_dataset_destroy(dataset);
        /* one list by its name; another choice of AUs */
        snprintf(name, sizeof name, "%sBP4D_train_img_path_fold1.txt", lists[k]);
        assert_int_equal(
            scratch_open(scratch_path(&s, name), "au_set=2,1 unknown=negative", &dataset),
            CLILE_OK);
        assert_int_equal(clile_dataset_size(dataset), 2);
        assert_labels(dataset, 0, 2, (const int8_t[2]){0, 1});
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void expect(const scratch *s, const char *settings, clile_status expected, const char *text)
{
    clile_dataset *dataset = NULL;
    assert_failed(scratch_open(s->path, settings, &dataset), expected, text);
    assert_null(dataset);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *name, *text, *message;
    } cases[] = {
        {"BP4D_train_label_fold1.txt", "1 9" ZEROS "\n0 0" ZEROS "\n",
         "list BP4D_train_img_path_fold1.txt has 3 lines, BP4D_train_label_fold1.txt has 2"},
        {"BP4D_train_label_fold1.txt", "0 0" ZEROS "\n1 2" ZEROS "\n0 0" ZEROS,
         "list BP4D_train_label_fold1.txt, line 2: column 2 is 2, expected 0, 1 or -1, 9"},
        {"BP4D_train_label_fold1.txt", "0 0" ZEROS "\n\n0 1\n0 0" ZEROS,
         "line 3: 2 columns, the first line has 12"},
        {"BP4D_train_label_fold1.txt", "0 0" ZEROS "\n0 a" ZEROS "\n0 0" ZEROS,
         "line 2: \"a\" is not a number"},
        {"BP4D_train_img_path_fold1.txt", "F001/T1/2440.png\nM007/T2/1.png\nF001/T1/9.png\n",
         "line 2: subject M007 is also in BP4D_test_img_path_fold1.txt"},
        {"BP4D_train_img_path_fold1.txt", "F001/T1/2440.png\n2441.png\nF001/T1/9.png\n",
         "line 2: the path names no"},
        {"BP4D_test_img_path_fold1.txt", "M007/T2/7.png\n",
         "list BP4D_test_img_path_fold1.txt, line 1: neither image M007/T2/7.png nor the next ones "
         "exist; "
         "looked in"},
        {"BP4D_test_img_path_fold1.txt", "", "has 0 lines, BP4D_test_label_fold1.txt has 1"},
        {"BP4D_test_label_fold1.txt", "0 1 1\n",
         "list BP4D_test_label_fold1.txt: 3 columns, but BP4D has 12 and DISFA 8"},
        {"BP4D_weight_fold1.txt", "1 1\n1",
         "list BP4D_weight_fold1.txt: 3 weights, the labels have 12 columns"},
        {"BP4D_train_weight_fold1.txt", "1\n-1\n",
         "list BP4D_train_weight_fold1.txt, line 2: a weight that is not"},
        {"DISFA_test_img_path_fold1.txt", "x\n", "lists of two data sets, BP4D and DISFA"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const scratch s = scratch_make();
        write_lists(&s, "", "");
        scratch_image(&s, "2441.png", 1);
        scratch_text(&s, cases[k].name, cases[k].text);
        expect(&s, "layout=list", CLILE_E_FORMAT, cases[k].message);
        scratch_free(&s);
    }
    const scratch s = scratch_make();
    expect(&s, "layout=list", CLILE_E_FORMAT,
           "no list of images; looked for NAME_img_path_foldK.txt");
    write_lists(&s, "", "");
    expect(&s, "au_set=9", CLILE_E_INVALID_ARGUMENT, "AU 9 is not among the 12 of BP4D");
    unlink(scratch_path(&s, "BP4D_test_label_fold1.txt"));
    expect(&s, "", CLILE_E_IO, "BP4D_test_label_fold1.txt");
    scratch_free(&s);
}

static void other_columns_are_named_by_au_set(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    (void)state;
    scratch_image(&s, "anna/1.png", 1);
    scratch_text(&s, "own_img_path.txt", "anna/1.png\n");
    scratch_text(&s, "own_label.txt", "0 1 -1\n");
    assert_int_equal(scratch_open(s.path, "au_set=43,5,7", &dataset), CLILE_OK);
    assert_labels(dataset, 0, 3, (const int8_t[3]){0, 1, -1});
    assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "anna");
    clile_dataset_destroy(dataset);
    expect(&s, "au_set=1,2", CLILE_E_INVALID_ARGUMENT,
           "list own_label.txt: 3 columns, au_set names 2");
    scratch_free(&s);
}

/* ME-GraphAU's names for DISFA; its images lie in the subject's folder. */
static void disfa_lists_are_read(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    (void)state;
    scratch_image(&s, "img/SN001/0.png", 1);
    scratch_image(&s, "img/SN001/1.png", 1);
    scratch_image(&s, "img/SN001/2.png", 1); /* in no list */
    scratch_image(&s, "img/SN002/0.png", 1);
    scratch_text(&s, "list/DISFA_train_img_path_fold1.txt", "SN001/0.png\nSN001/1.png\n");
    scratch_text(&s, "list/DISFA_train_label_fold1.txt", "0 0 0 1 0 0 0 0\n0 0 0 0 0 0 1 1\n");
    scratch_text(&s, "list/DISFA_test_img_path_fold1.txt", "SN002/0.png\n");
    scratch_text(&s, "list/DISFA_test_label_fold1.txt", "1 0 0 0 0 0 0 0\n");
    scratch_text(&s, "list/DISFA_weight_fold1.txt", "1 1 1 1 1 1 1 1\n");
    assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
    assert_int_equal(clile_dataset_size(dataset), 3);
    assert_counts(dataset, 3, 0, 1, 3);
    /* test comes before train */
    assert_labels(dataset, 1, 8, (const int8_t[8]){0, 0, 0, 1, 0, 0, 0, 0});
    clile_dataset_destroy(dataset);
    scratch_text(&s, "list/DISFA_train_weight_fold1.txt", "1 1 1\n");
    expect(&s, "", CLILE_E_FORMAT,
           "list DISFA_train_weight_fold1.txt: 3 weights, the labels have 8 columns");
    unlink(scratch_path(&s, "list/DISFA_train_weight_fold1.txt"));
    scratch_text(&s, "list/DISFA_train_label_fold1.txt", "0 0 0 1 0 0 0 0\n");
    expect(&s, "", CLILE_E_FORMAT,
           "list DISFA_train_img_path_fold1.txt has 2 lines, DISFA_train_label_fold1.txt has 1");
    scratch_free(&s);
}

static void failed_allocations_leave_nothing_behind(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = NULL;
    clile_status status = CLILE_OK;
    int64_t k = 0;
    (void)state;
    write_lists(&s, "img/", "list/");
    scratch_text(&s, "list/BP4D_weight_fold1.txt", "1 1 1 1 1 1 1 1 1 1 1 1\n");
    do {
        clile_i_alloc_fail_at(++k);
        status = clile_dataset_open(s.path, NULL, &dataset);
        clile_i_alloc_fail_at(0);
        if (status != CLILE_OK && status != CLILE_E_OUT_OF_MEMORY)
            fail_msg("allocation %d: %s", (int)k, clile_last_error());
    } while (status != CLILE_OK && k < 1000);
    /* every one of the many allocations was made to fail */
    assert_true(k > 60 && k < 1000);
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(other_columns_are_named_by_au_set),
        cmocka_unit_test(disfa_lists_are_read),
        cmocka_unit_test(failed_allocations_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
