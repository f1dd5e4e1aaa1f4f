/* Growing text, and UTF-8. Formatting is in format.c, number parsing in number.c. */
#include "base/base.h"
#include "base/format.h"

#include <string.h>

/* Makes room for `more` bytes and the NUL. */
static int reserve(clile_i_text *text, size_t more)
{
    if (text->status != CLILE_OK) return 0;
    if (more >= (size_t)PTRDIFF_MAX - text->size) {
        text->status = clile_i_fail(CLILE_E_OUT_OF_MEMORY, "text: cannot grow by %zu bytes", more);
        return 0;
    }
    const size_t needed = text->size + more + 1;
    if (needed <= text->capacity) return 1;
    size_t capacity = text->capacity < 256 ? 256 : text->capacity;
    while (capacity < needed) capacity = capacity > (size_t)PTRDIFF_MAX / 2 ? needed : capacity * 2;
    char *data = clile_i_calloc((int64_t)capacity, 1);
    if (data == NULL) {
        text->status = CLILE_E_OUT_OF_MEMORY;
        return 0;
    }
    if (text->size > 0) memcpy(data, text->data, text->size);
    clile_i_free(text->data);
    text->data = data;
    text->capacity = capacity;
    return 1;
}

void clile_i_text_append_bytes(clile_i_text *text, const char *data, size_t size)
{
    if (!reserve(text, size)) return;
    memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void clile_i_text_append(clile_i_text *text, const char *format, ...)
{
    if (!reserve(text, 128)) return;
    for (int attempt = 0; attempt < 2; ++attempt) {
        va_list arguments;
        va_start(arguments, format);
        const int length =
            clile_i_format(text->data + text->size, text->capacity - text->size, format, arguments);
        va_end(arguments);
        if (length < 0) {
            text->data[text->size] = '\0';
            text->status =
                clile_i_fail(CLILE_E_INTERNAL, "text: \"%s\" cannot be formatted", format);
            return;
        }
        if ((size_t)length < text->capacity - text->size) {
            text->size += (size_t)length;
            return;
        }
        text->data[text->size] = '\0';
        if (!reserve(text, (size_t)length)) return;
    }
}

int clile_i_utf8_length(const char *begin, const char *end)
{
    const uint8_t *byte = (const uint8_t *)begin;
    const ptrdiff_t left = end - begin;
    if (left <= 0) return 0;
    if (byte[0] < 0x80) return 1;
    /* Unicode 15, table 3-7: the range of the second byte excludes overlong forms, surrogates
     * and everything beyond U+10FFFF. */
    const int length = byte[0] < 0xC2   ? 0
                       : byte[0] < 0xE0 ? 2
                       : byte[0] < 0xF0 ? 3
                       : byte[0] < 0xF5 ? 4
                                        : 0;
    if (length == 0 || left < length) return 0;
    const uint8_t low = byte[0] == 0xE0 ? 0xA0 : byte[0] == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = byte[0] == 0xED ? 0x9F : byte[0] == 0xF4 ? 0x8F : 0xBF;
    if (byte[1] < low || byte[1] > high) return 0;
    for (int i = 2; i < length; ++i)
        if (byte[i] < 0x80 || byte[i] > 0xBF) return 0;
    return length;
}

void clile_i_text_append_json(clile_i_text *text, const char *value)
{
    const char *end = value + strlen(value);
    clile_i_text_append_bytes(text, "\"", 1);
    while (value < end) {
        const int length = clile_i_utf8_length(value, end);
        const unsigned char byte = (unsigned char)*value;
        if (length == 0) /* U+FFFD: JSON is UTF-8, file names need not be */
            clile_i_text_append_bytes(text, "\xEF\xBF\xBD", 3);
        else if (byte == '"' || byte == '\\')
            clile_i_text_append(text, "\\%c", byte);
        else if (byte < 0x20)
            clile_i_text_append(text,
                                byte == '\n'   ? "\\n"
                                : byte == '\t' ? "\\t"
                                               : "\\u%04x",
                                byte);
        else
            clile_i_text_append_bytes(text, value, (size_t)length);
        value += length == 0 ? 1 : length;
    }
    clile_i_text_append_bytes(text, "\"", 1);
}

void clile_i_text_append_markdown(clile_i_text *text, const char *value)
{
    static const char markup[] = "\\`*_{}[]()#+!|~$";
    clile_i_text plain = {0};
    clile_i_text_append_utf8(&plain, value);
    if (plain.status != CLILE_OK) text->status = plain.status;
    for (size_t i = 0; i < plain.size; ++i) {
        const char byte = plain.data[i];
        if (byte == '<' || byte == '>' || byte == '&')
            clile_i_text_append(text, byte == '<' ? "&lt;" : byte == '>' ? "&gt;" : "&amp;");
        else
            clile_i_text_append(text, strchr(markup, byte) ? "\\%c" : "%c", byte);
    }
    clile_i_text_free(&plain);
}

void clile_i_text_append_utf8(clile_i_text *text, const char *value)
{
    for (const char *end = value + strlen(value); value < end;) {
        const int length = clile_i_utf8_length(value, end);
        if (length == 0 || (unsigned char)*value < 0x20)
            clile_i_text_append_bytes(text, "\xEF\xBF\xBD", 3); /* U+FFFD */
        else
            clile_i_text_append_bytes(text, value, (size_t)length);
        value += length == 0 ? 1 : length;
    }
}

static int is_digit(char character)
{
    return character >= '0' && character <= '9';
}

int clile_i_natural_compare(const char *left, const char *right)
{
    const char *l = left, *r = right;
    while (*l != '\0' && *r != '\0') {
        if (is_digit(*l) && is_digit(*r)) {
            while (*l == '0') ++l;
            while (*r == '0') ++r;
            size_t lengths[2] = {0, 0};
            while (is_digit(l[lengths[0]])) ++lengths[0];
            while (is_digit(r[lengths[1]])) ++lengths[1];
            if (lengths[0] != lengths[1]) return lengths[0] < lengths[1] ? -1 : 1;
            const int digits = strncmp(l, r, lengths[0]);
            if (digits != 0) return digits;
            l += lengths[0];
            r += lengths[0];
        } else {
            if (*l != *r) return (unsigned char)*l < (unsigned char)*r ? -1 : 1;
            ++l;
            ++r;
        }
    }
    if (*l != *r) return *l == '\0' ? -1 : 1;
    return strcmp(left, right);
}

void clile_i_text_free(clile_i_text *text)
{
    clile_i_free(text->data);
    *text = (clile_i_text){0};
}
