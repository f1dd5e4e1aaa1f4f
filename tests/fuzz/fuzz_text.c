/* The parts of all text files: lines, comma-separated fields, numbers. An accepted number must
 * have the value that the C library reads. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void read_number(const char *begin, const char *end)
{
    char text[1200];
    const size_t size = (size_t)(end - begin);
    double real = 0.0;
    int64_t whole = 0;
    const int is_real = clile_i_parse_f64(begin, end, &real),
              is_whole = clile_i_parse_i64(begin, end, &whole);
    if (size >= sizeof text) return;
    memcpy(text, begin, size);
    text[size] = '\0';
    if (is_real) {
        const double expected = strtod(text, NULL);
        FUZZ_CHECK(memcmp(&real, &expected, sizeof real) == 0);
    }
    if (is_whole) FUZZ_CHECK(is_real && whole == strtoll(text, NULL, 10));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 8 };
    clile_i_lines lines = {.data = (const char *)data, .size = size};
    const char *begin = NULL, *end = NULL, *field[MOST], *field_end[MOST];
    while (clile_i_lines_next(&lines, &begin, &end)) {
        FUZZ_CHECK(begin <= end && end <= (const char *)data + size);
        const int64_t fields = clile_i_csv_split(begin, end, MOST, field, field_end);
        FUZZ_CHECK(fields >= 1);
        for (int64_t k = 0; k < fields && k < MOST; ++k) {
            FUZZ_CHECK(begin <= field[k] && field[k] <= field_end[k] && field_end[k] <= end);
            read_number(field[k], field_end[k]);
        }
    }
    FUZZ_CHECK(lines.position <= size || size < 3);
    return 0;
}
