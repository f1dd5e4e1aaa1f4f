/* JSON on a stream: commas, escapes, and null for numbers that JSON does not have. */
#include "command.h"

#include <math.h>

/* Bytes of the UTF-8 character at `p` (1..4), or 0 if it is not one (Unicode 15, table 3-7). Stops
 * at the NUL that ends the text. */
static int utf8_length(const unsigned char *p)
{
    if (p[0] < 0x80) return 1;
    const int length = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    const unsigned char low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (length == 0 || p[1] < low || p[1] > high) return 0;
    for (int i = 2; i < length; ++i)
        if (p[i] < 0x80 || p[i] > 0xBF) return 0;
    return length;
}

/* JSON is UTF-8, but file names need not be: an invalid byte becomes U+FFFD. */
static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        const int length = utf8_length(p);
        if (length == 0)
            fputs("\xEF\xBF\xBD", out);
        else if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(out, "\\u%04x", *p);
        else
            fwrite(p, 1, (size_t)length, out);
        p += length == 0 ? 1 : length;
    }
    fputc('"', out);
}

static void begin_element(json *j, const char *key)
{
    if (j->filled[j->depth]) fputc(',', j->out);
    j->filled[j->depth] = 1;
    if (key) {
        put_string(j->out, key);
        fputc(':', j->out);
    }
}

void json_open(json *j, const char *key, char bracket)
{
    begin_element(j, key);
    fputc(bracket, j->out);
    j->filled[++j->depth] = 0;
}

void json_close(json *j, char bracket)
{
    fputc(bracket, j->out);
    if (--j->depth == 0) fputc('\n', j->out);
}

void json_text(json *j, const char *key, const char *value)
{
    begin_element(j, key);
    if (value)
        put_string(j->out, value);
    else
        fputs("null", j->out);
}

void json_integer(json *j, const char *key, int64_t value)
{
    begin_element(j, key);
    fprintf(j->out, "%lld", (long long)value);
}

void json_real(json *j, const char *key, double value)
{
    begin_element(j, key);
    if (isfinite(value))
        fprintf(j->out, "%.9g", value);
    else
        fputs("null", j->out);
}

void json_raw(json *j, const char *key, const char *value)
{
    begin_element(j, key);
    fputs(value, j->out);
}
