/* Options as key=value lines (checkpoints, --set), sets of AUs, names of protocols. */
#include "fuzz.h"

#include "layout/layout.h"

#include <clile/dataset.h>

#include <stdlib.h>
#include <string.h>

static clile_dataset *four_subjects(void)
{
    static clile_dataset *data;
    const uint8_t rgb[4 * 3] = {0};
    const int32_t au[1] = {1}, subject[4] = {0, 1, 2, 3};
    const int8_t labels[4] = {1, 0, 0, 1};
    if (data == NULL)
        FUZZ_CHECK(clile_dataset_from_arrays(4, 1, 1, rgb, 1, au, labels, subject, &data) ==
                   CLILE_OK);
    return data;
}

static void as_au_set(const char *text)
{
    int32_t count = 0, *ids = NULL;
    if (!FUZZ_MADE(clile_i_au_set_parse(text, 8, clile_i_au_set_disfa, &count, &ids), ids)) return;
    FUZZ_CHECK(count >= 1);
    for (int32_t k = 0; k < count; ++k) FUZZ_CHECK(ids[k] >= 1 && ids[k] <= 999);
    clile_i_free(ids);
}

static void as_protocol(const char *text, int32_t fold)
{
    clile_dataset *train = NULL, *test = NULL;
    if (!FUZZ_MADE(clile_dataset_fold(four_subjects(), text, fold, &train, &test), train)) return;
    FUZZ_CHECK(clile_dataset_size(train) > 0 && clile_dataset_size(test) > 0);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
}

/* What was read and then written reads back the same. */
static void as_options(const char *text)
{
    clile_options *options = NULL, *again = NULL;
    clile_i_text first = {0}, second = {0};
    if (!FUZZ_MADE(clile_i_options_from_text(text, &options), options)) return;
    FUZZ_CHECK(clile_i_options_to_text(options, &first) == CLILE_OK);
    FUZZ_CHECK(clile_i_options_from_text(first.data, &again) == CLILE_OK);
    FUZZ_CHECK(clile_i_options_to_text(again, &second) == CLILE_OK);
    FUZZ_CHECK(strcmp(first.data, second.data) == 0);
    clile_i_text_free(&first);
    clile_i_text_free(&second);
    clile_options_destroy(options);
    clile_options_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    FUZZ_CHECK(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    as_options(text);
    for (char *rest = text, *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
        char *value = strchr(line, '=');
        value = value != NULL ? value + 1 : line;
        as_au_set(value);
        as_protocol(value, (int32_t)(size % 5));
    }
    free(text);
    return 0;
}
