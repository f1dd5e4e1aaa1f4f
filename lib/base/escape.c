/* Names from data in the formats that people and programs read: CSV, HTML, Markdown, LaTeX. */
#include "base/base.h"

#include <clile/escape.h>

#include <string.h>

/* ---- CSV (RFC 4180) ---- */

/* 1 for a text that a spreadsheet would take for a formula, after any apostrophes. A plain number
 * is none, nor is "-" alone, the name of standard input. */
static int is_formula(const char *begin, const char *end)
{
    double number = 0.0;
    while (begin < end && *begin == '\'') ++begin;
    if (end - begin == 1 && *begin == '-') return 0;
    return begin < end && memchr("=+-@\t\r", *begin, 6) != NULL &&
           !clile_i_parse_f64(begin, end, &number);
}

void clile_i_text_append_csv(clile_i_text *text, const char *value)
{
    const size_t size = strlen(value);
    const int is_blank = size > 0 && (strchr(" \t", value[0]) || strchr(" \t", value[size - 1]));
    const int quoted = is_blank || strpbrk(value, ",;\"\r\n") != NULL;
    if (quoted) clile_i_text_append_bytes(text, "\"", 1);
    if (is_formula(value, value + size)) clile_i_text_append_bytes(text, "'", 1);
    for (const char *quote; (quote = strchr(value, '"')) != NULL; value = quote + 1) {
        clile_i_text_append_bytes(text, value, (size_t)(quote - value));
        clile_i_text_append_bytes(text, "\"\"", 2);
    }
    clile_i_text_append_bytes(text, value, strlen(value));
    if (quoted) clile_i_text_append_bytes(text, "\"", 1);
}

const char *clile_i_csv_name(const char *begin, const char *end)
{
    return begin < end && *begin == '\'' && is_formula(begin, end) ? begin + 1 : begin;
}

/* ---- HTML and SVG, Markdown, LaTeX: one character at a time ---- */

typedef const char *(*escape)(char ascii);

/* Control characters, those of Latin 1 too, and U+FFFE and U+FFFF, which XML forbids. */
static int is_forbidden(const unsigned char *at, int length)
{
    return *at < 0x20 || *at == 0x7F || (length == 2 && at[0] == 0xC2 && at[1] < 0xA0) ||
           (length == 3 && at[0] == 0xEF && at[1] == 0xBF && at[2] >= 0xBE);
}

/* Line breaks become blanks, what is forbidden and what is not UTF-8 U+FFFD. */
static void append_escaped(clile_i_text *text, const char *value, escape of)
{
    for (const char *end = value + strlen(value); value < end;) {
        const int length = clile_i_utf8_length(value, end);
        const unsigned char byte = (unsigned char)*value;
        const char *escaped = length == 1 ? of(*value) : NULL;
        if (byte == '\n' || byte == '\r' || byte == '\t')
            clile_i_text_append_bytes(text, " ", 1);
        else if (length == 0 || is_forbidden((const unsigned char *)value, length))
            clile_i_text_append_bytes(text, "\xEF\xBF\xBD", 3);
        else if (escaped != NULL)
            clile_i_text_append_bytes(text, escaped, strlen(escaped));
        else
            clile_i_text_append_bytes(text, value, (size_t)length);
        value += length == 0 ? 1 : length;
    }
}

static const char *of_html(char ascii)
{
    switch (ascii) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        case '"': return "&quot;";
        case '\'': return "&#39;";
        default: return NULL;
    }
}

static const char *of_md(char ascii)
{
    switch (ascii) {
        case '\\': return "\\\\";
        case '`': return "\\`";
        case '*': return "\\*";
        case '_': return "\\_";
        case '{': return "\\{";
        case '}': return "\\}";
        case '[': return "\\[";
        case ']': return "\\]";
        case '<': return "\\<";
        case '>': return "\\>";
        case '#': return "\\#";
        case '|': return "\\|";
        case '~': return "\\~";
        case '&': return "\\&";
        default: return NULL;
    }
}

static const char *of_tex(char ascii)
{
    switch (ascii) {
        case '\\': return "\\textbackslash{}";
        case '~': return "\\textasciitilde{}";
        case '^': return "\\textasciicircum{}";
        case '<': return "\\textless{}";
        case '>': return "\\textgreater{}";
        case '|': return "\\textbar{}";
        case '{': return "\\{";
        case '}': return "\\}";
        case '#': return "\\#";
        case '$': return "\\$";
        case '%': return "\\%";
        case '&': return "\\&";
        case '_': return "\\_";
        default: return NULL;
    }
}

void clile_i_text_append_html(clile_i_text *text, const char *value)
{
    append_escaped(text, value, of_html);
}

void clile_i_text_append_md(clile_i_text *text, const char *value)
{
    append_escaped(text, value, of_md);
}

void clile_i_text_append_tex(clile_i_text *text, const char *value)
{
    append_escaped(text, value, of_tex);
}

/* ---- for other programs ---- */

clile_status clile_escape(const char *form, const char *text, char **out)
{
    static const struct {
        const char *name;
        void (*append)(clile_i_text *text, const char *value);
    } forms[] = {{"csv", clile_i_text_append_csv},
                 {"html", clile_i_text_append_html},
                 {"md", clile_i_text_append_md},
                 {"tex", clile_i_text_append_tex}};
    enum { FORMS = sizeof forms / sizeof forms[0] };
    clile_i_text escaped = {0};
    size_t k = 0;
    CLILE_I_CHECK_NOT_NULL(form);
    CLILE_I_CHECK_NOT_NULL(text);
    CLILE_I_CHECK_NOT_NULL(out);
    while (k < FORMS && strcmp(forms[k].name, form) != 0) ++k;
    if (k == FORMS)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: form is \"%s\", expected csv, html, md or tex", __func__, form);
    clile_i_text_append_bytes(&escaped, "", 0); /* an empty text is one, too */
    forms[k].append(&escaped, text);
    const clile_status status = escaped.status;
    if (status == CLILE_OK)
        *out = escaped.data;
    else
        clile_i_text_free(&escaped);
    return status;
}
