/* The report: folds, subjects, interval, text and JSON. Golden figures come from
 * golden_metrics.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "eval/report.h"
#include "eval_test.h"
#include "golden_metrics.h"
#include "metrics_data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_PART = 70 }; /* frames of fold 1; the rest is fold 2 */

static const int32_t AU_IDS[DATA_C] = {1, 2, 4, 6, 99};
static metrics_data data;

static int make_data(void **state)
{
    (void)state;
    metrics_make_frames(&data);
    return 0;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in:\n%s", part, text);
}

static clile_status add_part(clile_report *report, int32_t fold, int64_t first, int64_t count,
                             const int32_t *subject, const char *const *names)
{
    const int64_t at = first * DATA_C;
    return clile_report_add_fold(report, fold, count, data.score + at, data.present + at,
                                 data.labels + at, subject, names);
}

static clile_report *two_folds(const char *published)
{
    clile_report *report = NULL;
    assert_int_equal(clile_report_create(DATA_C, AU_IDS, published, &report), CLILE_OK);
    assert_int_equal(add_part(report, 1, 0, FIRST_PART, data.subject, NULL), CLILE_OK);
    assert_int_equal(
        add_part(report, 2, FIRST_PART, DATA_N - FIRST_PART, data.subject + FIRST_PART, NULL),
        CLILE_OK);
    return report;
}

static void summary_is_sklearns(void **state)
{
    (void)state;
    static const char *const metrics[] = {"f1", "auc", "auc_within"};
    clile_report *report = two_folds(NULL);
    for (int m = 0; m < 3; ++m) {
        double mean = 0.0, pooled = 0.0, low = 0.0, high = 0.0;
        assert_int_equal(clile_report_get_summary(report, metrics[m], &mean, &pooled, &low, &high),
                         CLILE_OK);
        assert_near(&mean, &GOLDEN_MEAN_OF_FOLDS[m], 1, 1e-12);
        assert_near(&pooled, &GOLDEN_POOLED[m], 1, 1e-12);
        assert_near(&low, &GOLDEN_INTERVAL[m], 1, 1e-12);
        assert_near(&high, &GOLDEN_INTERVAL[3 + m], 1, 1e-12);
        assert_true(low < pooled && pooled < high);
    }
    assert_int_equal(clile_report_get_summary(report, "f1", NULL, NULL, NULL, NULL), CLILE_OK);
    clile_report_destroy(report);
}

/* The slow part is computed by the first query only; later ones need no memory for it. Once a
 * fold is added, the answer is that of a report that was never queried before. */
static void figures_are_computed_once(void **state)
{
    (void)state;
    clile_report *asked = NULL, *fresh = two_folds(NULL);
    char *text = NULL, *json = NULL, *expected = NULL;
    double first[2] = {0}, again[2] = {0};
    assert_int_equal(clile_report_create(DATA_C, AU_IDS, NULL, &asked), CLILE_OK);
    assert_int_equal(add_part(asked, 1, 0, FIRST_PART, data.subject, NULL), CLILE_OK);
    assert_null(asked->summary);
    assert_int_equal(clile_report_copy_text(asked, &text), CLILE_OK);
    const clile_i_summary *kept = asked->summary;
    assert_non_null(kept);
    assert_int_equal(clile_report_get_summary(asked, "auc", NULL, NULL, &first[0], &first[1]),
                     CLILE_OK);
    clile_i_alloc_fail_at(1);
    const clile_status status =
        clile_report_get_summary(asked, "auc", NULL, NULL, &again[0], &again[1]);
    clile_i_alloc_fail_at(0);
    assert_int_equal(status, CLILE_OK);
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(clile_report_copy_json(asked, &json), CLILE_OK);
    assert_int_equal(clile_report_add_value(asked, "probe", 0.5), CLILE_OK);
    assert_ptr_equal(asked->summary, kept);
    clile_free(text);
    clile_free(json);

    assert_int_equal(
        add_part(asked, 2, FIRST_PART, DATA_N - FIRST_PART, data.subject + FIRST_PART, NULL),
        CLILE_OK);
    assert_int_equal(clile_report_add_value(fresh, "probe", 0.5), CLILE_OK);
    assert_int_equal(clile_report_copy_text(asked, &text), CLILE_OK);
    assert_int_equal(clile_report_copy_text(fresh, &expected), CLILE_OK);
    assert_string_equal(text, expected);
    clile_free(text);
    clile_free(expected);
    clile_report_destroy(asked);
    clile_report_destroy(fresh);
}

/* The second fold numbers the same people in another way; by name they are the same, and so are
 * all figures. */
static void subjects_are_told_apart_by_name(void **state)
{
    (void)state;
    static const char *const first_names[] = {"0", "1", "2", "3", "4", "5"};
    static const char *const second_names[] = {NULL, "5", "4", "3", "2", "1", "0"};
    int32_t renumbered[DATA_N - FIRST_PART];
    for (int i = 0; i < DATA_N - FIRST_PART; ++i) renumbered[i] = 6 - data.subject[FIRST_PART + i];
    clile_report *plain = two_folds(NULL), *named = NULL;
    assert_int_equal(clile_report_create(DATA_C, AU_IDS, NULL, &named), CLILE_OK);
    assert_int_equal(add_part(named, 1, 0, FIRST_PART, data.subject, first_names), CLILE_OK);
    assert_int_equal(add_part(named, 2, FIRST_PART, DATA_N - FIRST_PART, renumbered, second_names),
                     CLILE_OK);
    char *expected = NULL, *found = NULL;
    assert_int_equal(clile_report_copy_json(plain, &expected), CLILE_OK);
    assert_int_equal(clile_report_copy_json(named, &found), CLILE_OK);
    assert_has(found, "\"images\": 120,\n  \"subjects\": 6,");
    assert_string_equal(found, expected);
    clile_free(expected);
    clile_free(found);
    clile_report_destroy(named);
    clile_report_destroy(plain);
}

static void text_shows_every_row(void **state)
{
    (void)state;
    clile_report *report = two_folds("bp4d");
    double matrix[DATA_C * DATA_C], other[DATA_C * DATA_C];
    assert_int_equal(clile_metrics_label_correlation(DATA_N, DATA_C, data.labels, matrix),
                     CLILE_OK);
    assert_int_equal(clile_metrics_cosine_matrix(DATA_C, DATA_C, data.score, other), CLILE_OK);
    assert_int_equal(clile_report_set_correlation(report, other, matrix), CLILE_OK);
    assert_int_equal(clile_report_add_value(report, "subject probe", 0.25), CLILE_OK);
    assert_int_equal(clile_report_add_value(report, "subject probe", 0.5), CLILE_OK);
    assert_int_equal(clile_report_add_value(report, "none", NAN), CLILE_OK);
    char *text = NULL;
    assert_int_equal(clile_report_copy_text(report, &text), CLILE_OK);
    assert_has(text, "120 test images of 6 subjects\nfold 1: 70 images of 6 subjects\nfold 2: 50 "
                     "images of 6 subjects\n");
    assert_has(text, "F1 (%)                  AU1    AU2    AU4    AU6   AU99   Avg.\n"
                     "fold 1                 23.5   55.8   77.8   90.2    0.0   49.5\n");
    assert_has(text, "\npooled                 29.3   59.2   69.5   88.2    0.0   49.2\n");
    assert_has(text, "\npooled                0.619  0.830  0.908  0.967      -  0.831\n");
    assert_has(text, "95 % interval over test subjects: 42.7 to 54.6 (bootstrap, 1000 draws)");
    assert_has(text, "\n  CL-ILE               55.1   52.1   55.0   78.2      -   64.6\n");
    assert_has(text, "averages are over other AUs");
    assert_has(text, "agreement of the two (Pearson, upper triangles): 0.370\n");
    assert_has(text, "\nsubject probe       0.5\nnone                -\n");
    clile_free(text);
    clile_report_destroy(report);
}

/* Of each AU, as the golden ones of [low|high][metric][au]; the last AU has no AUC. */
static void every_au_has_an_interval(void **state)
{
    (void)state;
    clile_report *report = two_folds(NULL);
    const clile_i_summary *summary = NULL;
    assert_int_equal(clile_i_summary_get("test", report, &summary), CLILE_OK);
    for (int m = 0; m < CLILE_I_METRICS; ++m)
        for (int au = 0; au < DATA_C; ++au) {
            const double low = summary->au_low[m][au], high = summary->au_high[m][au];
            const double *golden = GOLDEN_AU_INTERVAL + m * DATA_C + au;
            if (isnan(golden[0])) {
                assert_true(isnan(low) && isnan(high));
                continue;
            }
            assert_near(&low, golden, 1, 1e-12);
            assert_near(&high, golden + CLILE_I_METRICS * DATA_C, 1, 1e-12);
            assert_true(low <= summary->pooled.au[m][au] && summary->pooled.au[m][au] <= high);
        }
    assert_true(isnan(summary->au_low[CLILE_I_AUC][DATA_C - 1]));
    char *json = NULL;
    assert_int_equal(clile_report_copy_json(report, &json), CLILE_OK);
    char text[128];
    snprintf(text, sizeof text, "\"au_interval\": [[%.12g, %.12g], [", GOLDEN_AU_INTERVAL[0],
             GOLDEN_AU_INTERVAL[CLILE_I_METRICS * DATA_C]);
    assert_has(json, text);
    assert_has(json, ", [null, null]]}"); /* no AUC of the last AU */
    clile_free(json);
    clile_report_destroy(report);
}

static void json_has_every_field(void **state)
{
    (void)state;
    clile_report *report = two_folds("disfa");
    assert_int_equal(clile_report_add_value(report, "a \"b\"\n", 0.1), CLILE_OK);
    assert_int_equal(clile_report_add_value(report, "none", INFINITY), CLILE_OK);
    char *json = NULL;
    assert_int_equal(clile_report_copy_json(report, &json), CLILE_OK);
    assert_has(
        json,
        "{\n  \"format\": \"clile-report\",\n  \"version\": 1,\n  \"au\": [1, 2, 4, 6, 99],\n");
    assert_has(json, "{\"fold\": 2, \"images\": 50, \"subjects\": 6,");
    assert_has(json, "\"auc\": {\"au\": [0.619215686275, 0.829791666667, 0.908450704225, "
                     "0.966898378021, null], \"average\": 0.831089108797, \"interval\": [");
    assert_has(json, "\"values\": {\"a \\\"b\\\"\\n\": 0.1, \"none\": null}");
    assert_has(json, "\"correlation\": null,");
    assert_has(json,
               "\"published\": {\"table\": \"disfa\", \"unit\": \"percent\", \"au\": [1, 2, 4, "
               "6, 9, 12, 25, 26], \"same_aus\": false, \"rows\": [\n"
               "    {\"name\": \"DRML\", \"f1\": [17.3, 17.7,");
    clile_free(json);
    clile_report_destroy(report);
}

/* Each row's published average is the mean of its columns: catches a wrong digit. DRML's (row 0)
 * is 0.6 off as printed.
 */
static void published_averages_agree_with_their_rows(void **state)
{
    (void)state;
    static const char *const tables[] = {"bp4d", "disfa"};
    static const int32_t aus[2][12] = {{1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24},
                                       {1, 2, 4, 6, 9, 12, 25, 26}};
    static const int32_t counts[2] = {12, 8}, rows[2] = {9, 8};
    for (int t = 0; t < 2; ++t) {
        const int32_t c = counts[t];
        const float score[12] = {0};
        const int8_t zero[12] = {0};
        const int32_t subject = 0;
        clile_report *report = NULL;
        assert_int_equal(clile_report_create(c, aus[t], tables[t], &report), CLILE_OK);
        assert_int_equal(clile_report_add_fold(report, 1, 1, score, zero, zero, &subject, NULL),
                         CLILE_OK);
        char *json = NULL;
        assert_int_equal(clile_report_copy_json(report, &json), CLILE_OK);
        assert_has(json, "\"same_aus\": true");
        assert_has(json, "\"interval\": [null, null]"); /* one subject */
        int32_t seen = 0;
        for (const char *at = strstr(json, "\"rows\""); (at = strstr(at, "\"f1\": [")) != NULL;
             ++seen) {
            double sum = 0.0, value = 0.0;
            int length = 0;
            at += strlen("\"f1\": [");
            for (int32_t k = 0; k < c; ++k) {
                assert_int_equal(sscanf(at, "%lf%n", &value, &length), 1);
                sum += value;
                at += length + 2;
            }
            at = strstr(at, "\"average\": ");
            assert_int_equal(sscanf(at, "\"average\": %lf", &value), 1);
            assert_near((const double[]){sum / c}, &value, 1, seen == 0 ? 0.7 : 0.06);
        }
        assert_int_equal(seen, rows[t]);
        clile_free(json);
        clile_report_destroy(report);
    }
}

static void bad_reports_are_named(void **state)
{
    (void)state;
    clile_report *report = NULL;
    char *text = NULL;
    double value = 0.0;
    static const char *const names[] = {"A", NULL};
    assert_fails(clile_report_create(0, AU_IDS, NULL, &report), CLILE_E_INVALID_ARGUMENT, "c is 0");
    assert_fails(clile_report_create(2, (const int32_t[]){1, 1}, NULL, &report),
                 CLILE_E_INVALID_ARGUMENT, "au_ids[0] and au_ids[1] are both 1");
    assert_fails(clile_report_create(1, (const int32_t[]){0}, NULL, &report),
                 CLILE_E_INVALID_ARGUMENT, "au_ids[0] is 0");
    assert_fails(clile_report_create(DATA_C, AU_IDS, "affectnet", &report),
                 CLILE_E_INVALID_ARGUMENT, "unknown published table \"affectnet\"");
    assert_null(report);
    assert_int_equal(clile_report_create(DATA_C, AU_IDS, NULL, &report), CLILE_OK);
    assert_fails(clile_report_copy_text(report, &text), CLILE_E_STATE,
                 "clile_report_copy_text: the report has no fold");
    assert_fails(clile_report_copy_json(report, &text), CLILE_E_STATE, "no fold");
    assert_fails(clile_report_copy_table(report, "md", &text), CLILE_E_STATE, "no fold");
    assert_fails(clile_report_copy_table(report, "html", &text), CLILE_E_INVALID_ARGUMENT,
                 "format is \"html\", expected csv, md or tex");
    assert_fails(clile_report_get_summary(report, "f1", &value, NULL, NULL, NULL), CLILE_E_STATE,
                 "no fold");
    assert_fails(clile_report_get_summary(report, "f2", &value, NULL, NULL, NULL),
                 CLILE_E_INVALID_ARGUMENT, "\"f2\"");
    assert_fails(add_part(report, 1, 0, 0, data.subject, NULL), CLILE_E_INVALID_ARGUMENT, "n is 0");
    assert_fails(add_part(report, 1, 0, 1, (const int32_t[]){1}, names), CLILE_E_INVALID_ARGUMENT,
                 "subject_names[1], of image 0, is NULL");
    assert_fails(add_part(report, 1, 0, 1, (const int32_t[]){-1}, names), CLILE_E_INVALID_ARGUMENT,
                 "subject[0] is -1");
    data.score[3] = NAN;
    assert_fails(add_part(report, 1, 0, 5, data.subject, NULL), CLILE_E_NOT_FINITE,
                 "clile_report_add_fold: score[0,3] is nan");
    metrics_make_frames(&data);
    assert_int_equal(add_part(report, 1, 0, 5, data.subject, NULL), CLILE_OK);
    assert_fails(add_part(report, 1, 5, 5, data.subject, NULL), CLILE_E_INVALID_ARGUMENT,
                 "fold 1 was already added");
    const double matrix[DATA_C * DATA_C] = {NAN};
    assert_fails(clile_report_set_correlation(report, matrix, matrix), CLILE_E_NOT_FINITE,
                 "model[0,0] is nan");
    assert_fails(clile_report_add_value(report, NULL, 0.0), CLILE_E_INVALID_ARGUMENT,
                 "name is NULL");
    clile_report_destroy(report);
    clile_report_destroy(NULL);
}

/* Names may hold characters that mean something in the format. */
static void tables_escape_names(void **state)
{
    static const char *const names[] = {"a,b", "say \"x\"", "two\nlines", "=1+1",
                                        "5 % of a_b & {c} #1 $ ~ ^ \\ *x* | <y>"};
    static const struct {
        const char *format, *expected[5];
    } cases[] = {
        {"csv",
         {"\n\"a,b\",,,,,,,0.5,,\n", "\n\"say \"\"x\"\"\",,,,,,,0.5,,\n",
          "\n\"two\nlines\",,,,,,,0.5,,\n", "\n'=1+1,,,,,,,0.5,,\n",
          "\n5 % of a_b & {c} #1 $ ~ ^ \\ *x* | <y>,,,,,,,0.5,,\n"}},
        {"md",
         {"\na,b: 0.5\n", "\nsay \"x\": 0.5\n", "\ntwo lines: 0.5\n", "\n=1+1: 0.5\n",
          "\n5 % of a\\_b \\& \\{c\\} \\#1 $ \\~ ^ \\\\ \\*x\\* \\| \\<y\\>: 0.5\n"}},
        {"tex",
         {"\na,b: 0.5\n", "\nsay \"x\": 0.5\n", "\ntwo lines: 0.5\n", "\n=1+1: 0.5\n",
          "\n"
          "5 \\% of a\\_b \\& \\{c\\} \\#1 \\$ \\textasciitilde{} \\textasciicircum{} "
          "\\textbackslash{} *x* \\textbar{} \\textless{}y\\textgreater{}: 0.5\n"}},
    };
    (void)state;
    clile_report *report = two_folds("bp4d");
    for (size_t k = 0; k < 5; ++k)
        assert_int_equal(clile_report_add_value(report, names[k], 0.5), CLILE_OK);
    assert_int_equal(clile_report_add_value(report, "missing", NAN), CLILE_OK);
    for (size_t f = 0; f < 3; ++f) {
        char *text = NULL;
        assert_int_equal(clile_report_copy_table(report, cases[f].format, &text), CLILE_OK);
        for (size_t k = 0; k < 5; ++k) assert_has(text, cases[f].expected[k]);
        assert_has(text, f == 0 ? "\nmissing,,,,,,,,,\n" : "\nmissing: -\n");
        assert_has(text, "CL-ILE (published)");
        if (f > 0)
            assert_has(text, "The published averages are over other AUs and cannot be compared.");
        clile_free(text);
    }
    clile_report_destroy(report);
}

static clile_status whole_report(char **text)
{
    static const double identity[DATA_C * DATA_C] = {1, 0.5, 0.25};
    clile_status status = CLILE_OK;
    clile_report *report = NULL;
    char *json = NULL;
    CLILE_I_TRY(clile_report_create(DATA_C, AU_IDS, "bp4d", &report));
    CLILE_I_TRY(add_part(report, 1, 0, FIRST_PART, data.subject, NULL));
    CLILE_I_TRY(add_part(report, 2, FIRST_PART, 50, data.subject + FIRST_PART, NULL));
    CLILE_I_TRY(clile_report_add_value(report, "value", 1.0));
    CLILE_I_TRY(clile_report_set_correlation(report, identity, identity));
    CLILE_I_TRY(clile_report_copy_json(report, &json));
    for (int k = 0; k < 3; ++k) {
        clile_free(json);
        json = NULL;
        CLILE_I_TRY(
            clile_report_copy_table(report, (const char *const[]){"csv", "md", "tex"}[k], &json));
    }
    CLILE_I_TRY(clile_report_copy_text(report, text));
cleanup:
    clile_free(json);
    clile_report_destroy(report);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    int64_t k = 1;
    char *text = NULL;
    clile_status status = CLILE_E_OUT_OF_MEMORY;
    for (; k < 1000 && status != CLILE_OK; ++k) {
        clile_i_alloc_fail_at(k);
        status = whole_report(&text);
        clile_i_alloc_fail_at(0);
        if (status == CLILE_OK) break;
        assert_fails(status, CLILE_E_OUT_OF_MEMORY, "out of memory");
        assert_null(text);
    }
    assert_int_equal(status, CLILE_OK);
    assert_in_range(k, 100, 999);
    clile_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summary_is_sklearns),
        cmocka_unit_test(figures_are_computed_once),
        cmocka_unit_test(subjects_are_told_apart_by_name),
        cmocka_unit_test(tables_escape_names),
        cmocka_unit_test(text_shows_every_row),
        cmocka_unit_test(every_au_has_an_interval),
        cmocka_unit_test(json_has_every_field),
        cmocka_unit_test(published_averages_agree_with_their_rows),
        cmocka_unit_test(bad_reports_are_named),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("eval/report", tests, make_data, NULL);
}
