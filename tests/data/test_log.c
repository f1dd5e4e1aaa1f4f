/* What opening a data set logs. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"
#include "log.h"

static logged heard;

static clile_options *quiet_options(void)
{
    clile_options *options = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    return options;
}

/* OpenFace's table: numbers of images 1..8, labels of 2..7. */
static void fill(const scratch *place)
{
    char name[64], text[512] = "frame,success,AU01_c\n";
    for (int k = 1; k <= 8; ++k) {
        snprintf(name, sizeof name, "set/anna/%d.png", k);
        scratch_text(place, name, "");
    }
    for (int k = 2; k <= 7; ++k) {
        char row[32];
        snprintf(row, sizeof row, "%d,1,%d\n", k, k % 2);
        strcat(text, row);
    }
    scratch_text(place, "set/anna.csv", text);
}

/* Each line of the notes arrives once, in order, at its level. */
static void notes_and_counts_are_told(void **state)
{
    (void)state;
    scratch place = scratch_make();
    clile_options *options = quiet_options();
    clile_dataset *data = NULL;
    fill(&place);
    log_into(options, &heard);
    if (clile_dataset_open(scratch_path(&place, "set"), options, &data) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    const char *notes = clile_dataset_get_notes(data), *begin = NULL, *end = NULL;
    clile_i_lines lines = {.data = notes, .size = strlen(notes)};
    int found = 0, warnings = 0;
    for (; clile_i_lines_next(&lines, &begin, &end); ++found) {
        char line[1024];
        const int warns = strncmp(begin, "warning: ", 9) == 0;
        snprintf(line, sizeof line, "%.*s", (int)(end - begin) - 9 * warns, begin + 9 * warns);
        assert_string_equal(heard.text[found], line);
        assert_int_equal(heard.level[found], warns ? CLILE_LOG_WARNING : CLILE_LOG_INFO);
        warnings += warns;
    }
    assert_true(found > warnings && warnings > 0);
    assert_logged(&heard, CLILE_LOG_WARNING, "both numberings fit equally well");
    assert_logged(&heard, CLILE_LOG_INFO,
                  "2 images without label row are left out, the first is anna/");
    assert_logged(&heard, CLILE_LOG_INFO, "6 images of 1 subjects, 1 AUs, layout ");
    assert_int_equal(heard.strangers, 0);
    clile_dataset_destroy(data);

    assert_int_equal(clile_options_set_log(options, NULL, NULL), CLILE_OK);
    const int before = heard.count;
    assert_int_equal(clile_dataset_open(scratch_path(&place, "set"), options, &data), CLILE_OK);
    assert_int_equal(heard.count, before);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    scratch_free(&place);
}

/* The notes of a refused folder say what was understood before the error, which the caller gets
 * as always. */
static void a_set_that_is_refused_is_told_of(void **state)
{
    (void)state;
    scratch place = scratch_make();
    clile_options *options = quiet_options();
    clile_dataset *data = NULL;
    fill(&place);
    scratch_text(&place, "set/anna.csv", "frame,success,AU01_c\n100,1,1\n101,1,0\n");
    log_into(options, &heard);
    assert_int_equal(clile_dataset_open(scratch_path(&place, "set"), options, &data),
                     CLILE_E_FORMAT);
    assert_null(data);
    assert_int_equal(count_lines(&heard, "subjects,"), 0);
    assert_true(heard.count > 0);
    assert_non_null(strstr(clile_last_error(), "set"));
    clile_options_destroy(options);
    scratch_free(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_and_counts_are_told),
        cmocka_unit_test(a_set_that_is_refused_is_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
