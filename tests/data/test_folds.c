/* The other numbering of the published folds, seeds, and subject files. The published parts
 * themselves are in test_dataset.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"

/* One image row for each name. */
static clile_dataset *with_subjects(const scratch *s, const char *names)
{
    clile_i_text text = {0};
    char copy[1024];
    clile_dataset *dataset = NULL;
    clile_i_text_append(&text, "image,subject,AU1\n");
    snprintf(copy, sizeof copy, "%s", names);
    for (char *rest = copy, *word; (word = strtok_r(rest, " ", &rest)) != NULL;)
        clile_i_text_append(&text, "%s.png,%s,1\n", word, word);
    scratch_text(s, "manifest.csv", text.data);
    clile_i_text_free(&text);
    assert_int_equal(scratch_open(s->path, "layout=csv", &dataset), CLILE_OK);
    return dataset;
}

/* The subjects of the test part, in their order, with blanks between; the training part must
 * have all others. */
static void assert_tested(const clile_dataset *dataset, const char *protocol, int32_t fold,
                          const char *expected)
{
    clile_dataset *train = NULL, *test = NULL;
    char names[1024] = "";
    if (clile_dataset_fold(dataset, protocol, fold, &train, &test) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    for (int32_t s = 0; s < clile_dataset_subject_count(test); ++s) {
        const size_t size = strlen(names);
        const char *name = clile_dataset_get_subject_name(test, s);
        snprintf(names + size, sizeof names - size, "%s%s", size > 0 ? " " : "", name);
        for (int32_t k = 0; k < clile_dataset_subject_count(train); ++k)
            assert_string_not_equal(clile_dataset_get_subject_name(train, k), name);
    }
    assert_string_equal(names, expected);
    assert_int_equal(clile_dataset_subject_count(train) + clile_dataset_subject_count(test),
                     clile_dataset_subject_count(dataset));
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
}

static void both_numberings_have_names(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    clile_dataset *dataset = with_subjects(&s, "F001 M011 F007");
    static const char *const parts[3] = {"F001", "M011", "F007"};
    for (int32_t fold = 1; fold <= 3; ++fold) {
        assert_tested(dataset, "bp4d", fold, parts[3 - fold]);
        assert_tested(dataset, "bp4d-parts", fold, parts[fold - 1]);
    }
    assert_failed(clile_dataset_fold(dataset, "bp4d-parts", 4, NULL, NULL),
                  CLILE_E_INVALID_ARGUMENT,
                  "fold 4 of protocol bp4d-parts: there are folds 1 to 3");
    clile_dataset_destroy(dataset);
    dataset = with_subjects(&s, "SN002 SN013 SN003");
    assert_tested(dataset, "disfa", 1, "SN003");
    assert_tested(dataset, "disfa-parts", 1, "SN002");
    assert_tested(dataset, "disfa-parts", 2, "SN013");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void a_seed_deals_otherwise(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    clile_dataset *dataset = with_subjects(&s, "a b c d e f g h i j k l");
    int32_t differing = 0;
    for (int32_t fold = 1; fold <= 3; ++fold) {
        clile_dataset *parts[4] = {NULL};
        assert_int_equal(clile_dataset_fold(dataset, "kfold:3", fold, NULL, &parts[0]), CLILE_OK);
        assert_int_equal(clile_dataset_fold(dataset, "kfold:3:1", fold, NULL, &parts[1]), CLILE_OK);
        assert_int_equal(clile_dataset_fold(dataset, "kfold:3:2", fold, NULL, &parts[2]), CLILE_OK);
        assert_int_equal(clile_dataset_fold(dataset, "kfold:3:2", fold, NULL, &parts[3]), CLILE_OK);
        for (int32_t k = 0; k < 4; ++k) {
            const char *names[4];
            for (int p = 0; p < 4; ++p) {
                assert_int_equal(clile_dataset_subject_count(parts[p]), 4);
                names[p] = clile_dataset_get_subject_name(parts[p], k);
            }
            assert_string_equal(names[0], names[1]);
            assert_string_equal(names[2], names[3]);
            differing += strcmp(names[0], names[2]) != 0;
        }
        for (int p = 0; p < 4; ++p) clile_dataset_destroy(parts[p]);
    }
    assert_true(differing > 0);
    static const char *const wrong[] = {"kfold:3:",   "kfold:3:x", "kfold:3:-1",
                                        "kfold:13:1", "kfold::1",  "kfold:3:1:1"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; ++k)
        assert_failed(clile_dataset_fold(dataset, wrong[k], 1, NULL, NULL),
                      CLILE_E_INVALID_ARGUMENT,
                      "expected kfold:K or kfold:K:SEED with K from 2 to 12 (the subjects)");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

/* "file:..." of scratch/subjects.txt with this text; borrowed until the next call. */
static const char *subject_file(const scratch *s, const char *text)
{
    static char protocol[256];
    scratch_text(s, "subjects.txt", text);
    snprintf(protocol, sizeof protocol, "file:%s/subjects.txt", s->path);
    return protocol;
}

static void a_file_of_subjects_makes_folds(void **state)
{
    const scratch s = scratch_make();
    int32_t folds = 0;
    (void)state;
    clile_dataset *dataset = with_subjects(&s, "anna ben carl dora");
    const char *protocol = subject_file(
        &s, "\xEF\xBB\xBF# who is tested when\r\n2: ben\r\n\r\n 1 : dora,\tanna\n3:carl\n1:\n");
    assert_int_equal(clile_dataset_fold_count(dataset, protocol, &folds), CLILE_OK);
    assert_int_equal(folds, 3);
    assert_tested(dataset, protocol, 1, "anna dora");
    assert_tested(dataset, protocol, 2, "ben");
    assert_tested(dataset, protocol, 3, "carl");
    assert_failed(clile_dataset_fold(dataset, protocol, 4, NULL, NULL), CLILE_E_INVALID_ARGUMENT,
                  "there are folds 1 to 3");
    /* a part of a data set may be split by the file of the whole */
    clile_dataset *train = NULL, *part = NULL;
    assert_int_equal(clile_dataset_fold(dataset, protocol, 3, &train, NULL), CLILE_OK);
    assert_tested(train, protocol, 1, "anna dora");
    assert_failed(clile_dataset_fold(train, protocol, 3, &part, &part), CLILE_E_INVALID_ARGUMENT,
                  "the data set has no subject for the test part");
    clile_dataset_destroy(train);
    protocol = subject_file(&s, "test: ben carl\ntrain: anna\ntrain: dora\n");
    assert_int_equal(clile_dataset_fold_count(dataset, protocol, &folds), CLILE_OK);
    assert_int_equal(folds, 1);
    assert_tested(dataset, protocol, 1, "ben carl");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void mistakes_in_a_file_of_subjects_are_named(void **state)
{
    static const struct {
        const char *text;
        clile_status status;
        const char *message;
    } cases[] = {
        {"1: anna ben\n2: carl anna dora\n", CLILE_E_INVALID_ARGUMENT,
         "subjects.txt, line 2: subject anna is in line 1, too"},
        {"1: anna anna\n2: ben carl dora\n", CLILE_E_INVALID_ARGUMENT,
         "line 1: subject anna is in line 1, too"},
        {"train: anna ben dora\ntest: ben carl\n", CLILE_E_INVALID_ARGUMENT,
         "line 2: subject ben is in line 1, too"},
        {"1: anna ben\n\n2: carl dora emil\n", CLILE_E_INVALID_ARGUMENT,
         "subjects.txt, line 3: the data set has no subject \"emil\""},
        {"1: anna\n2: carl dora\n", CLILE_E_INVALID_ARGUMENT,
         "subject ben of the data set is in no part"},
        {"1: anna ben\n3: carl dora\n", CLILE_E_FORMAT,
         "nobody is in part 2, there are parts to 3"},
        {"1: anna ben carl dora\n", CLILE_E_FORMAT, "has one part only"},
        {"test: anna ben carl dora\n", CLILE_E_FORMAT, "nobody is in train"},
        {"train: anna ben carl dora\n", CLILE_E_FORMAT, "has one part only"},
        {"1: anna ben\ntest: carl dora\n", CLILE_E_FORMAT,
         "line 2: numbered parts and train or test in one file"},
        {"anna ben\n", CLILE_E_FORMAT, "line 1: \"anna ben\", expected \"1: SUBJECT SUBJECT ...\""},
        {"0: anna\n", CLILE_E_FORMAT, "line 1: \"0\", expected a part: 1 to 10000, train or test"},
        {"99999999999999999999: anna\n", CLILE_E_FORMAT,
         "line 1: \"99999999999999999999\", expected a part"},
        {"one: anna\n", CLILE_E_FORMAT, "line 1: \"one\", expected a part"},
        {"# nothing\n", CLILE_E_FORMAT, "subjects.txt has no line \"1: SUBJECT ...\""},
        {"", CLILE_E_FORMAT, "subjects.txt has no line"},
    };
    const scratch s = scratch_make();
    (void)state;
    clile_dataset *dataset = with_subjects(&s, "anna ben carl dora"), *train = NULL, *test = NULL;
    int32_t folds = 0;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        const char *protocol = subject_file(&s, cases[k].text);
        assert_failed(clile_dataset_fold(dataset, protocol, 1, &train, &test), cases[k].status,
                      cases[k].message);
        assert_failed(clile_dataset_fold_count(dataset, protocol, &folds), cases[k].status,
                      cases[k].message);
        assert_true(train == NULL && test == NULL);
    }
    const char *protocol = subject_file(&s, "x");
    scratch_write(&s, "subjects.txt", "1: an\0na\n", 9);
    assert_failed(clile_dataset_fold(dataset, protocol, 1, NULL, NULL), CLILE_E_FORMAT,
                  "line 1: a NUL byte");
    assert_failed(clile_dataset_fold(dataset, "file:/nonexistent/subjects", 1, NULL, NULL),
                  CLILE_E_IO, "/nonexistent/subjects");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void folds_are_counted(void **state)
{
    static const struct {
        const char *protocol;
        int32_t folds;
    } cases[] = {{"bp4d", 3}, {"disfa-parts", 3}, {"kfold:2:7", 2}, {"loso", 3}, {"all", 1}};
    const scratch s = scratch_make();
    int32_t folds = 0;
    (void)state;
    clile_dataset *dataset = with_subjects(&s, "F001 M011 F007");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        assert_int_equal(clile_dataset_fold_count(dataset, cases[k].protocol, &folds), CLILE_OK);
        assert_int_equal(folds, cases[k].folds);
    }
    assert_failed(
        clile_dataset_fold_count(dataset, "thirds", &folds), CLILE_E_INVALID_ARGUMENT,
        "protocol \"thirds\" is unknown; there are bp4d, disfa, bp4d-parts, disfa-parts, kfold:K, "
        "kfold:K:SEED, file:PATH, loso, all");
    assert_failed(clile_dataset_fold_count(NULL, "all", &folds), CLILE_E_INVALID_ARGUMENT,
                  "dataset is NULL");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_numberings_have_names),
        cmocka_unit_test(a_seed_deals_otherwise),
        cmocka_unit_test(a_file_of_subjects_makes_folds),
        cmocka_unit_test(mistakes_in_a_file_of_subjects_are_named),
        cmocka_unit_test(folds_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
