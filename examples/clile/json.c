/* JSON on a stream: commas, escapes, and null for what JSON has no number for. */
#include "command.h"

#include <math.h>

static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; ++p) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(out, "\\u%04x", *p);
        else
            fputc(*p, out);
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
