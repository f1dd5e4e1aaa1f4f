/* Names from data in figures and pages of `clile`: whatever the bytes, what comes out is text of
 * XML, and numbers that are finite. */
#define _XOPEN_SOURCE 700 /* open_memstream */
#include "clile/svg.h"
#include "fuzz.h"

#include <clile/escape.h>

#include <stdlib.h>
#include <string.h>

/* What is between the tags' own signs: no sign that ends text or an attribute, valid UTF-8. */
static void check_text(const char *text, size_t size)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (const char *at = text, *end = text + size; at < end;) {
        const int length = clile_i_utf8_length(at, end);
        FUZZ_CHECK(length > 0 && (unsigned char)*at >= 0x20 && *at != 0x7F);
        FUZZ_CHECK(strchr("<>\"'", *at) == NULL);
        int known = *at != '&';
        for (int k = 0; k < 5; ++k) known |= strncmp(at, entities[k], strlen(entities[k])) == 0;
        FUZZ_CHECK(known);
        at += length;
    }
}

static void draw(FILE *out, const char *name, const double *v)
{
    const char *const names[2] = {name, "b"};
    const svg_scale x = {v[0], v[1], 60.0, 420.0}, y = {v[2], v[3], 200.0, 20.0};
    double ticks[SVG_TICKS];
    svg s;
    const int count = svg_ticks(v[0], v[1], 7, ticks);
    FUZZ_CHECK(count >= 1 && count <= SVG_TICKS);
    svg_open(&s, out, 1, "f", 440.0, 240.0, name, name);
    svg_axes(&s, x, y, name, name);
    svg_text(&s, "text", v[0], v[1], name);
    svg_cell(&s, v[0], v[1], v[2], v[3], v[4], name);
    svg_mark(&s, (int)(v[0] > 0.0) + 1, v[4], v[5], v[2], name);
    svg_line_begin(&s, "line s1");
    for (int k = 0; k < 5; ++k) svg_line_point(&s, v[k], v[k + 1]);
    svg_line_end(&s);
    svg_image(&s, v[0], v[1], v[2], v[3], "image/png", name, strlen(name), name);
    svg_legend(&s, 10.0, 220.0, 300.0, 2, names, 1);
    svg_close(&s);
}

/* Tags are closed and hold no control characters; numbers are numbers. */
static void check_figure(const char *text)
{
    int open = 0, quoted = 0;
    const char *style = strstr(text, "<style>"), *after = strstr(text, "</style>");
    FUZZ_CHECK(style != NULL && after != NULL);
    FUZZ_CHECK(strstr(after, "=\"nan") == NULL && strstr(after, "=\"-nan") == NULL &&
               strstr(after, "=\"inf") == NULL && strstr(after, "=\"-inf") == NULL);
    for (const char *at = text; *at; at = at + 1 == style ? after : at + 1) {
        if (*at == '"' && open) quoted = !quoted;
        if (*at == '<') FUZZ_CHECK(!quoted && !open++);
        if (*at == '>') FUZZ_CHECK(!quoted && open--);
    }
    FUZZ_CHECK(!open && !quoted);
    const size_t size = strlen(text);
    FUZZ_CHECK(size > 7 && strcmp(text + size - 7, "</svg>\n") == 0);
}

/* that of output.c, without what else is there */
void put_escaped(FILE *out, const char *form, const char *text)
{
    char *escaped = NULL;
    FUZZ_CHECK(clile_escape(form, text, &escaped) == CLILE_OK);
    fputs(escaped, out);
    clile_free(escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double v[6] = {0};
    char *name = malloc(size + 1), *text = NULL;
    size_t written = 0;
    FUZZ_CHECK(name != NULL);
    memcpy(name, data, size);
    name[size] = '\0';
    memcpy(v, data, size < sizeof v ? size : sizeof v);
    FILE *out = open_memstream(&text, &written);
    FUZZ_CHECK(out != NULL);
    markup_text(out, name);
    FUZZ_CHECK(fclose(out) == 0);
    check_text(text, written);
    free(text);
    text = NULL;
    out = open_memstream(&text, &written);
    FUZZ_CHECK(out != NULL);
    draw(out, name, v);
    FUZZ_CHECK(fclose(out) == 0);
    check_figure(text);
    free(text);
    free(name);
    return 0;
}
