/* A name in a file of each form: CSV gives it back as one field that is no formula; HTML and SVG
 * have no sign of their own in it, LaTeX neither. */
#include "fuzz.h"

#include <clile/escape.h>

#include <stdlib.h>
#include <string.h>

static char *escaped(const char *form, const char *name)
{
    char *text = NULL;
    FUZZ_CHECK(clile_escape(form, name, &text) == CLILE_OK);
    return text;
}

static void check_csv(const char *name)
{
    const char *begin = NULL, *end = NULL;
    char *text = escaped("csv", name), *plain = malloc(strlen(text) + 1);
    size_t size = 0;
    double number = 0.0;
    FUZZ_CHECK(plain != NULL);
    FUZZ_CHECK(clile_i_csv_split(text, text + strlen(text), 1, &begin, &end) == 1);
    const int quoted = begin > text;
    FUZZ_CHECK(quoted || memchr(text, '\n', strlen(text)) == NULL);
    for (const char *at = begin; at < end; ++at) {
        plain[size++] = *at;
        if (*at == '"') FUZZ_CHECK(*++at == '"');
    }
    if (size > 0 && memchr("=+-@\t\r", plain[0], 6) != NULL)
        FUZZ_CHECK(clile_i_parse_f64(plain, plain + size, &number));
    const char *back = clile_i_csv_name(plain, plain + size);
    FUZZ_CHECK((size_t)(plain + size - back) == strlen(name));
    FUZZ_CHECK(memcmp(back, name, strlen(name)) == 0);
    free(plain);
    clile_free(text);
}

static void check_lines(const char *form, const char *never, const char *name)
{
    char *text = escaped(form, name);
    for (const char *at = text, *end = text + strlen(text); at < end;) {
        const int length = clile_i_utf8_length(at, end);
        FUZZ_CHECK(length > 0 && (unsigned char)*at >= 0x20);
        FUZZ_CHECK(strchr(never, *at) == NULL || (at > text && at[-1] == '\\'));
        at += length;
    }
    clile_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = malloc(size + 1);
    FUZZ_CHECK(name != NULL);
    if (size > 0) memcpy(name, data, size);
    name[size] = '\0'; /* a NUL within ends the name */
    check_csv(name);
    check_lines("html", "<>\"'", name);
    check_lines("md", "<>|`*_[]", name);
    check_lines("tex", "#$%&_~^<>|", name);
    free(name);
    return 0;
}
