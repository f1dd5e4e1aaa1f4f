/* Saved evaluations: what is written reads back, and every other file is refused with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"
#include "log.h"

#include <clile/evaluation.h>

#include <math.h>

enum { C = 2, N = 4 };

static const int32_t aus[C] = {1, 12};
static const float score[N * C] = {-1.35102224f, 0.1f, 3e-39f, -0.0f, 1e30f, 0.3f, 0.5f, 0.25f};
static const float probability[N * C] = {0.2f, 0.3f, 1.0f, 0.0f, NAN, 0.123456789f, 0.5f, 0.75f};
static const float score_01[N * C] = {0.25f, 0.1f, 0.0f, 1.0f, 0.5f, 0.3f, 0.5f, 0.25f};
static const int8_t present[N * C] = {0, 1, 1, 0, 1, 0, 0, 1};
static const int8_t labels[N * C] = {1, 0, -1, 1, 0, 0, 1, -1};
static const int32_t subject[N] = {0, 2, 2, 0};
static const char *const people[3] = {"Smith, \"J\"", "not used", "-2"};
static const char *const images[N] = {"=1+1.png", "two\nlines\r\n, \"quoted\"", " blank ", "'@x"};

static clile_evaluation_part part_of(int32_t fold)
{
    return (clile_evaluation_part){.struct_size = sizeof(clile_evaluation_part),
                                   .fold = fold,
                                   .seed = fold == 1 ? 9007199254740992 : -1,
                                   .model = fold == 1 ? "+a;b.safetensors" : "",
                                   .protocol = "kfold:2"};
}

/* Two parts with the same images. */
static clile_evaluation *make(void)
{
    clile_evaluation *made = NULL;
    assert_int_equal(clile_evaluation_create(C, aus, &made), CLILE_OK);
    for (int32_t fold = 1; fold <= 2; ++fold) {
        const clile_evaluation_part part = part_of(fold);
        assert_int_equal(clile_evaluation_add_part(made, &part, N, score,
                                                   fold == 1 ? probability : NULL, present, labels,
                                                   subject, people, images),
                         CLILE_OK);
    }
    return made;
}

static void check(const clile_evaluation *e)
{
    float s[2 * N * C], p[2 * N * C];
    int8_t c[2 * N * C], y[2 * N * C];
    int32_t who[2 * N], ids[C];
    const clile_evaluation_rows to = {.struct_size = sizeof to,
                                      .score = s,
                                      .probability = p,
                                      .present = c,
                                      .labels = y,
                                      .subject = who};
    assert_int_equal(clile_evaluation_size(e), 2 * N);
    assert_int_equal(clile_evaluation_au_count(e), C);
    assert_int_equal(clile_evaluation_part_count(e), 2);
    assert_int_equal(clile_evaluation_subject_count(e), 2);
    assert_int_equal(clile_evaluation_copy_au_ids(e, ids), CLILE_OK);
    assert_memory_equal(ids, aus, sizeof aus);
    assert_int_equal(clile_evaluation_copy_rows(e, 0, 2 * N, &to), CLILE_OK);
    for (int k = 0; k < 2; ++k) {
        clile_evaluation_part part = {.struct_size = sizeof part};
        const clile_evaluation_part wanted = part_of(k + 1);
        assert_memory_equal(s + k * N * C, score, sizeof score);
        assert_memory_equal(c + k * N * C, present, sizeof present);
        assert_memory_equal(y + k * N * C, labels, sizeof labels);
        for (int i = 0; i < N * C; ++i) {
            const float found = p[k * N * C + i];
            assert_true(k == 1 || isnan(probability[i]) ? isnan(found) : found == probability[i]);
        }
        assert_int_equal(clile_evaluation_get_part(e, k, &part), CLILE_OK);
        assert_int_equal(part.fold, wanted.fold);
        assert_int_equal(part.seed, wanted.seed);
        assert_string_equal(part.model, wanted.model);
        assert_string_equal(part.protocol, wanted.protocol);
        assert_int_equal(part.first, k * N);
        assert_int_equal(part.count, N);
        for (int i = 0; i < N; ++i) {
            assert_string_equal(clile_evaluation_get_image_name(e, k * N + i), images[i]);
            assert_string_equal(clile_evaluation_get_subject_name(e, who[k * N + i]),
                                people[subject[i]]);
        }
    }
    assert_null(clile_evaluation_get_image_name(e, 2 * N));
    assert_null(clile_evaluation_get_image_name(e, -1));
    assert_null(clile_evaluation_get_subject_name(e, 2));
    clile_evaluation_part part = {.struct_size = sizeof part};
    assert_failed(clile_evaluation_get_part(e, 2, &part), CLILE_E_INVALID_ARGUMENT,
                  "index is 2, there are 2 parts");
    assert_failed(clile_evaluation_copy_rows(e, 1, 2 * N, &to), CLILE_E_INVALID_ARGUMENT,
                  "images 1 to 8, there are 8");
}

static void test_what_is_written_reads_back(void **state)
{
    char *text = NULL, *again = NULL, *first = NULL, *second = NULL;
    clile_evaluation *made = make(), *loaded = NULL;
    clile_report *report = NULL;
    const scratch s = scratch_make();
    (void)state;
    check(made);
    assert_int_equal(clile_evaluation_copy_csv(made, &text), CLILE_OK);
    assert_ptr_equal(strstr(text, "model,seed,protocol,fold,subject,image,AU01_s,AU01_p,AU01_c,"
                                  "AU01_y,AU12_s,AU12_p,AU12_c,AU12_y\n"
                                  "\"'+a;b.safetensors\",9007199254740992,kfold:2,1,"
                                  "\"Smith, \"\"J\"\"\",'=1+1.png,-1.35102224,0.200000003,0,1,"),
                     text);
    assert_non_null(strstr(text, ",2,\"Smith, \"\"J\"\"\",''@x,0.5,,0,1,0.25,,1,-1\n"));
    scratch_text(&s, "e.csv", text);
    assert_int_equal(clile_evaluation_load(scratch_path(&s, "e.csv"), &loaded), CLILE_OK);
    check(loaded);
    assert_int_equal(clile_evaluation_copy_csv(loaded, &again), CLILE_OK);
    assert_string_equal(again, text);

    clile_report *by_hand = NULL; /* its report is that of the same arrays */
    assert_int_equal(clile_report_create(C, aus, "bp4d", &by_hand), CLILE_OK);
    for (int32_t fold = 1; fold <= 2; ++fold)
        assert_int_equal(
            clile_report_add_fold(by_hand, fold, N, score, present, labels, subject, people),
            CLILE_OK);
    assert_int_equal(clile_evaluation_copy_report(loaded, "bp4d", &report), CLILE_OK);
    assert_int_equal(clile_report_copy_json(report, &first), CLILE_OK);
    assert_int_equal(clile_report_copy_json(by_hand, &second), CLILE_OK);
    assert_string_equal(first, second);
    clile_free(first);
    clile_free(second);
    clile_free(text);
    clile_free(again);
    clile_report_destroy(by_hand);
    clile_report_destroy(report);
    clile_evaluation_destroy(made);
    clile_evaluation_destroy(loaded);
    scratch_free(&s);
}

static const float estimated[N * C] = {0.5f, 1.25f, 5.5f, 0.0f, 2.0f, 0.1f, 4.0f, 3.3333333f};
static const int8_t coded[N * C] = {0, 1, 5, -1, 2, 0, 4, 3};

/* Rows first .. first+count-1 of an evaluation whose images from N on, N of them, are graded. */
static void check_intensities(const clile_evaluation *e, int first, int count)
{
    float r[2 * N * C];
    int8_t i[2 * N * C];
    const clile_evaluation_rows to = {.struct_size = sizeof to, .estimated = r, .coded = i};
    memset(i, 77, sizeof i);
    assert_int_equal(clile_evaluation_copy_rows(e, first, count, &to), CLILE_OK);
    for (int k = 0; k < 2 * N * C; ++k) {
        const int at = k + (first - N) * C; /* among the graded ones */
        if (k >= count * C)
            assert_int_equal(i[k], 77);
        else if (at < 0)
            assert_true(isnan(r[k]) && i[k] == -1);
        else
            assert_true(r[k] == estimated[at] && i[k] == coded[at]);
    }
}

/* One part has intensities, the other has none. */
static void test_intensities_read_back(void **state)
{
    clile_evaluation *made = NULL, *loaded = NULL;
    clile_report *report = NULL, *by_hand = NULL;
    char *text = NULL, *again = NULL, *first = NULL, *second = NULL;
    const scratch s = scratch_make();
    (void)state;
    assert_int_equal(clile_evaluation_create(C, aus, &made), CLILE_OK);
    assert_int_equal(clile_report_create(C, aus, NULL, &by_hand), CLILE_OK);
    for (int32_t fold = 1; fold <= 2; ++fold) {
        clile_evaluation_part part = part_of(fold);
        if (fold == 2) part.estimated = estimated, part.coded = coded;
        assert_int_equal(clile_evaluation_add_part(made, &part, N, score, score_01, present, labels,
                                                   subject, people, images),
                         CLILE_OK);
        assert_int_equal(
            clile_report_add_fold(by_hand, fold, N, score, present, labels, subject, people),
            CLILE_OK);
    }
    assert_int_equal(clile_report_add_intensity(by_hand, 2, N, estimated, score_01, coded),
                     CLILE_OK);
    assert_int_equal(clile_evaluation_copy_csv(made, &text), CLILE_OK);
    assert_non_null(strstr(text, ",AU01_y,AU01_r,AU01_i,AU12_s,"));
    assert_non_null(strstr(text, "0.25,0,1,,,0.1")); /* fold 1 */
    assert_non_null(strstr(text, ",5.5,5,")), assert_non_null(strstr(text, ",3.33333325,3\n"));
    scratch_text(&s, "e.csv", text);
    assert_int_equal(clile_evaluation_load(scratch_path(&s, "e.csv"), &loaded), CLILE_OK);
    assert_int_equal(clile_evaluation_copy_csv(loaded, &again), CLILE_OK);
    assert_string_equal(again, text);
    check_intensities(made, 0, 2 * N);
    check_intensities(loaded, 0, 2 * N);
    check_intensities(loaded, N - 1, 3);
    check_intensities(loaded, N + 1, 2);
    check_intensities(loaded, 1, 2);
    clile_evaluation_part got = {.struct_size = sizeof got};
    assert_int_equal(clile_evaluation_get_part(loaded, 1, &got), CLILE_OK);
    assert_true(got.estimated == NULL && got.coded == NULL);

    assert_int_equal(clile_evaluation_copy_report(loaded, NULL, &report), CLILE_OK);
    assert_int_equal(clile_report_copy_json(report, &first), CLILE_OK);
    assert_int_equal(clile_report_copy_json(by_hand, &second), CLILE_OK);
    assert_string_equal(first, second);
    assert_null(strstr(first, "\"intensity\": null"));
    assert_null(strstr(first, "\"probability\": null"));
    clile_free(first);
    clile_free(second);
    clile_free(text);
    clile_free(again);
    clile_report_destroy(by_hand);
    clile_report_destroy(report);
    clile_evaluation_destroy(made);
    clile_evaluation_destroy(loaded);
    scratch_free(&s);
}

/* Columns and rows in another order, columns of a program's own, and none of model to protocol. */
static void test_columns_are_found_by_name(void **state)
{
    clile_evaluation *e = NULL;
    clile_evaluation_part part = {.struct_size = sizeof part};
    float s[3];
    const clile_evaluation_rows to = {.struct_size = sizeof to, .score = s};
    const scratch dir = scratch_make();
    (void)state;
    scratch_text(&dir, "e.csv",
                 "\xEF\xBB\xBF"
                 "AU07_y,image,AU07_s,mine,fold,AU07_c,subject\r\n"
                 "9,b.png,2,x,3,1,anna\r\n\r\n,a.png,1.5,,1,0,ben\r\n-1,a.png,-4,,3,1,ben\r\n");
    assert_int_equal(clile_evaluation_load(scratch_path(&dir, "e.csv"), &e), CLILE_OK);
    assert_int_equal(clile_evaluation_size(e), 3);
    assert_int_equal(clile_evaluation_copy_rows(e, 0, 3, &to), CLILE_OK);
    assert_true(s[0] == 2.0f && s[1] == -4.0f && s[2] == 1.5f); /* part by part */
    assert_int_equal(clile_evaluation_get_part(e, 0, &part), CLILE_OK);
    assert_int_equal(part.fold, 3);
    assert_int_equal(part.seed, -1);
    assert_string_equal(part.model, "");
    assert_string_equal(clile_evaluation_get_image_name(e, 1), "a.png");
    clile_evaluation_destroy(e);
    scratch_free(&dir);
}

static void test_files_that_are_refused(void **state)
{
#define HEAD "fold,subject,image,AU01_s,AU01_c,AU01_y\n"
#define GRADED_HEAD                                                                                \
    "fold,subject,image,AU01_s,AU01_c,AU01_y,AU01_r,AU01_i,AU12_s,AU12_c,AU12_y,AU12_r,AU12_i\n"
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"", "evaluation e.csv is empty"},
        {HEAD, "row 1: no rows after the header"},
        {"fold,subject,AU01_s,AU01_c,AU01_y\n", "row 1: no column \"image\""},
        {"fold,subject,image\n", "row 1: no column of an AU"},
        {"fold,subject,image,AU01_s,AU01_y\n", "row 1: no column \"AU01_c\""},
        {"fold,subject,image,AU01_s,AU01_c,AU01_y,AU1_s\n", "two columns \"AU01_s\""},
        {"fold,fold,subject,image,AU01_s,AU01_c,AU01_y\n", "two columns \"fold\""},
        {"fold,subject,image,AU01_q\n", "unknown column \"AU01_q\""},
        {"fold,subject,image,AUx_s\n", "unknown column \"AUx_s\""},
        {"fold;subject;image;AU01_s;AU01_c;AU01_y\n", "separated by semicolons"},
        {HEAD "1,a,b,0.5,1\n", "row 2: 5 columns, header has 6"},
        {HEAD "1,a,b,nan,1,1\n", "row 2: column 4 is \"nan\", expected a score"},
        {HEAD "1,a,b,1e39,1,1\n", "column 4 is \"1e39\""},
        {HEAD "1,a,b,,1,1\n", "column 4 is \"\""},
        {HEAD "1,a,b,0.5,2,1\n", "column 5 is \"2\", expected a decision"},
        {HEAD "1,a,b,0.5,1,3\n", "code \"3\" for AU 1"},
        {HEAD "-1,a,b,0.5,1,1\n", "column 1 is \"-1\", expected a fold"},
        {HEAD "1,a,b,0.5,1,1\n2,a,b,0.5,1,1\n1,c,b,1,1,1\n",
         "row 4: image \"b\" of fold 1 was there before, in row 2"},
        {HEAD "1,a,\"b,0.5,1,1\n", "not closed"},
        {"seed," HEAD "x,1,a,b,0.5,1,1\n", "column 1 is \"x\", expected a seed"},
        {"model," HEAD "m,1,a,b,0.5,1,1\nn,1,a,c,0.5,1,1\n",
         "row 3: fold 1 is of model \"n\", seed -1, protocol \"\", and of \"m\""},
        {"fold,subject,image,AU01_s,AU01_c,AU01_y,AU01_p\n1,a,b,0.5,1,1,1.5\n",
         "column 7 is \"1.5\", expected a probability"},
        {"fold,subject,image,AU01_s,AU01_c,AU01_y,AU01_r\n", "row 1: no column \"AU01_i\""},
        {GRADED_HEAD "1,a,b,1,1,1,x,2,1,1,1,2,2\n", "column 7 is \"x\", expected an intensity"},
        {GRADED_HEAD "1,a,b,1,1,1,inf,2,1,1,1,2,2\n", "column 7 is \"inf\""},
        {GRADED_HEAD "1,a,b,1,1,1,2,6,1,1,1,2,2\n",
         "column 8 is \"6\", expected a coded intensity, 0 to 5, or -1 (not coded)"},
        {GRADED_HEAD "1,a,b,1,1,1,2,-2,1,1,1,2,2\n", "column 8 is \"-2\""},
        {GRADED_HEAD "1,a,b,1,1,1,2,2.5,1,1,1,2,2\n", "column 8 is \"2.5\""},
        {GRADED_HEAD "1,a,b,1,1,1,2,,1,1,1,2,2\n", "row 2: AU 1: a row has an estimated and a"},
        {GRADED_HEAD "1,a,b,1,1,1,,2,1,1,1,2,2\n", "row 2: AU 1: a row has"},
        {GRADED_HEAD "1,a,b,1,1,1,2,2,1,1,1,,\n", "row 2: AU 12: a row has"},
        {GRADED_HEAD "1,a,b,1,1,1,,,1,1,1,2,2\n", "row 2: AU 12: a row has"},
        {GRADED_HEAD "1,a,b,1,1,1,2,2,1,1,1,2,2\n1,a,c,1,1,1,,,1,1,1,,\n",
         "row 3: there are no intensities, unlike row 2 of the same fold"},
        {GRADED_HEAD "1,a,b,1,1,1,,,1,1,1,,\n1,a,c,1,1,1,2,2,1,1,1,2,2\n",
         "row 3: there are intensities, unlike row 2 of the same fold"},
    };
    clile_evaluation *e = NULL;
    const scratch s = scratch_make();
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; ++k) {
        scratch_text(&s, "e.csv", cases[k].text);
        assert_failed(clile_evaluation_load(scratch_path(&s, "e.csv"), &e), CLILE_E_FORMAT,
                      cases[k].told);
        assert_null(e);
    }
    assert_failed(clile_evaluation_load(scratch_path(&s, "none.csv"), &e), CLILE_E_IO, "none.csv");
    scratch_free(&s);
}

static void refuse(clile_evaluation *e, const clile_evaluation_part *part, const float *p,
                   const char *const *names, const char *told)
{
    assert_failed(
        clile_evaluation_add_part(e, part, N, score, p, present, labels, subject, people, names),
        CLILE_E_INVALID_ARGUMENT, told);
}

/* A call that fails changes nothing. */
static void test_bad_arguments(void **state)
{
    static const char *const twice[N] = {"a", "b", "a", "c"}, *const none[N] = {"a", NULL, "b"};
    static const int32_t equal[C] = {1, 1};
    clile_evaluation *e = make(), *empty = NULL;
    clile_evaluation_part part = part_of(3);
    float wrong[N * C] = {0.5f, 1.1f};
    char *text = NULL;
    clile_report *report = NULL;
    (void)state;
    refuse(e, &part, probability, twice, "images 0 and 2 are both \"a\"");
    refuse(e, &part, probability, none, "image_names[1] is NULL");
    refuse(e, &part, wrong, images, "probability[1] is 1.1");
    part.fold = -1;
    refuse(e, &part, NULL, images, "fold is -1");
    part = part_of(2);
    refuse(e, &part, NULL, images, "fold 2 was already added");
    part = part_of(3);
    part.seed = -2;
    refuse(e, &part, NULL, images, "seed is -2");
    part = part_of(3);
    part.model = NULL;
    refuse(e, &part, NULL, images, "part->model is NULL");
    part = part_of(3);
    part.coded = coded;
    refuse(e, &part, NULL, images, "part->estimated is NULL, but part->coded is not");
    part.coded = NULL, part.estimated = estimated;
    refuse(e, &part, NULL, images, "part->coded is NULL, but part->estimated is not");
    int8_t other[N * C] = {0, 0, 0, 6};
    part.coded = other;
    refuse(e, &part, NULL, images, "part->coded[1,1] is 6, expected -1 to 5");
    other[3] = -2;
    refuse(e, &part, NULL, images, "part->coded[1,1] is -2");
    other[3] = 0;
    wrong[1] = INFINITY;
    part.estimated = wrong;
    assert_failed(clile_evaluation_add_part(e, &part, N, score, NULL, present, labels, subject,
                                            people, images),
                  CLILE_E_NOT_FINITE, "part->estimated");
    part = part_of(3);
    wrong[1] = NAN; /* fails in the report, after the names were copied */
    assert_failed(clile_evaluation_add_part(e, &part, N, wrong, NULL, present, labels, subject,
                                            people, images),
                  CLILE_E_NOT_FINITE, "score");
    check(e);
    assert_int_equal(clile_evaluation_add_part(e, &part, N, score, NULL, present, labels, subject,
                                               people, images),
                     CLILE_OK);
    assert_int_equal(clile_evaluation_size(e), 3 * N);
    assert_failed(clile_evaluation_create(C, equal, &empty), CLILE_E_INVALID_ARGUMENT, "both 1");
    assert_int_equal(clile_evaluation_create(C, aus, &empty), CLILE_OK);
    assert_failed(clile_evaluation_copy_csv(empty, &text), CLILE_E_STATE, "no part");
    assert_failed(clile_evaluation_copy_report(empty, NULL, &report), CLILE_E_STATE, "no part");
    assert_failed(clile_evaluation_copy_report(e, "x", &report), CLILE_E_INVALID_ARGUMENT, "\"x\"");
    clile_evaluation_destroy(empty);
    clile_evaluation_destroy(e);
    clile_evaluation_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_reads_back),
        cmocka_unit_test(test_intensities_read_back),
        cmocka_unit_test(test_columns_are_found_by_name),
        cmocka_unit_test(test_files_that_are_refused),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
