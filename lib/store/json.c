#include "store/json.h"

#include <string.h>

static void skip_white_space(clile_i_json *json)
{
    while (json->position < json->end && (*json->position == ' ' || *json->position == '\t' ||
                                          *json->position == '\n' || *json->position == '\r'))
        ++json->position;
}

clile_status clile_i_json_fail(const clile_i_json *json, const char *expected)
{
    const long long byte = json->position - json->begin;
    const char *part = json->part != NULL ? json->part : "header";
    if (json->position >= json->end)
        return clile_i_fail(CLILE_E_FORMAT, "%s: %s, byte %lld: expected %s, found the end",
                            json->path, part, byte, expected);
    const unsigned char found = (unsigned char)*json->position;
    if (found > 0x20 && found < 0x7F)
        return clile_i_fail(CLILE_E_FORMAT, "%s: %s, byte %lld: expected %s, found '%c'",
                            json->path, part, byte, expected, found);
    return clile_i_fail(CLILE_E_FORMAT, "%s: %s, byte %lld: expected %s, found the byte 0x%02X",
                        json->path, part, byte, expected, found);
}

int clile_i_json_take(clile_i_json *json, char character)
{
    skip_white_space(json);
    if (json->position >= json->end || *json->position != character) return 0;
    ++json->position;
    return 1;
}

clile_status clile_i_json_expect(clile_i_json *json, char character)
{
    const char expected[] = {'\'', character, '\'', '\0'};
    return clile_i_json_take(json, character) ? CLILE_OK : clile_i_json_fail(json, expected);
}

/* The four hexadecimal digits after \u; -1 if they are not. */
static int32_t hex_unit(const char *begin, const char *end)
{
    if (end - begin < 4) return -1;
    int32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
        const char digit = begin[i];
        int32_t value = -1;
        if (digit >= '0' && digit <= '9') value = digit - '0';
        if (digit >= 'a' && digit <= 'f') value = digit - 'a' + 10;
        if (digit >= 'A' && digit <= 'F') value = digit - 'A' + 10;
        if (value < 0) return -1;
        unit = unit * 16 + value;
    }
    return unit;
}

/* UTF-8 of a code point in 1..10FFFF. */
static void put_code_point(clile_i_json *json, uint32_t code)
{
    char *out = json->strings;
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    json->strings = out;
}

/* \uXXXX, or two of them that make a surrogate pair; position is after the 'u'. */
static clile_status read_unicode_escape(clile_i_json *json)
{
    const int32_t unit = hex_unit(json->position, json->end);
    if (unit < 0) return clile_i_json_fail(json, "four hexadecimal digits");
    if (unit == 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return clile_i_json_fail(json, "a character other than U+0000 and half a surrogate pair");
    json->position += 4;
    uint32_t code = (uint32_t)unit;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        const int pair = json->end - json->position >= 6 && json->position[0] == '\\' &&
                         json->position[1] == 'u';
        const int32_t low = pair ? hex_unit(json->position + 2, json->end) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return clile_i_json_fail(json, "the second half of a surrogate pair");
        json->position += 6;
        code = 0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
    }
    put_code_point(json, code);
    return CLILE_OK;
}

static clile_status read_escape(clile_i_json *json)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (json->position >= json->end) return clile_i_json_fail(json, "an escape");
    const char name = *json->position;
    if (name == 'u') {
        ++json->position;
        return read_unicode_escape(json);
    }
    const char *found = memchr(names, name, sizeof names - 1);
    if (found == NULL) return clile_i_json_fail(json, "an escape");
    ++json->position;
    *json->strings++ = meanings[found - names];
    return CLILE_OK;
}

clile_status clile_i_json_string(clile_i_json *json, const char **out)
{
    if (!clile_i_json_take(json, '"')) return clile_i_json_fail(json, "a string");
    *out = json->strings;
    for (;;) {
        if (json->position >= json->end) return clile_i_json_fail(json, "'\"'");
        const unsigned char byte = (unsigned char)*json->position;
        if (byte == '"') break;
        if (byte == '\\') {
            ++json->position;
            CLILE_I_RETURN_IF(read_escape(json));
            continue;
        }
        const int length = byte < 0x20 ? 0 : clile_i_utf8_length(json->position, json->end);
        if (length == 0) return clile_i_json_fail(json, "a UTF-8 character");
        memcpy(json->strings, json->position, (size_t)length);
        json->strings += length;
        json->position += length;
    }
    ++json->position;
    *json->strings++ = '\0';
    return CLILE_OK;
}

clile_status clile_i_json_size(clile_i_json *json, int64_t *out)
{
    skip_white_space(json);
    const char *begin = json->position, *end = begin;
    while (end < json->end && *end >= '0' && *end <= '9') ++end;
    const int leading_zero = end - begin > 1 && *begin == '0';
    if (leading_zero || !clile_i_parse_i64(begin, end, out))
        return clile_i_json_fail(json, "an integer from 0 to 9223372036854775807");
    json->position = end;
    return CLILE_OK;
}

clile_status clile_i_json_finish(clile_i_json *json)
{
    skip_white_space(json);
    return json->position == json->end
               ? CLILE_OK
               : clile_i_json_fail(json, json->part != NULL ? "the end" : "the end of the header");
}
