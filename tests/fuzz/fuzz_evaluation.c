/* A saved evaluation: what is read is in its range, has a report, and reads back as it is. */
#include "fuzz.h"

#include <clile/evaluation.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clile_evaluation *evaluation = NULL, *again = NULL;
    clile_report *report = NULL;
    char *text = NULL, *second = NULL;
    if (!FUZZ_MADE(clile_evaluation_load(fuzz_file("e.csv", data, size), &evaluation), evaluation))
        return 0;
    FUZZ_CHECK(clile_evaluation_size(evaluation) > 0);
    FUZZ_CHECK(clile_evaluation_copy_csv(evaluation, &text) == CLILE_OK);
    FUZZ_CHECK(clile_evaluation_load(fuzz_file("again.csv", text, strlen(text)), &again) ==
               CLILE_OK);
    FUZZ_CHECK(clile_evaluation_copy_csv(again, &second) == CLILE_OK);
    FUZZ_CHECK(strcmp(text, second) == 0);
    FUZZ_CHECK(clile_evaluation_copy_report(evaluation, NULL, &report) == CLILE_OK);
    clile_free(text);
    clile_free(second);
    clile_report_destroy(report);
    clile_evaluation_destroy(again);
    clile_evaluation_destroy(evaluation);
    return 0;
}
