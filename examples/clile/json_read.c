/* A JSON reader (RFC 8259). */
#include "json_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 32 };

typedef struct {
    const char *at, *end;
    int depth;
} reader;

static int read_value(reader *r, json_value *v);

static void skip_blanks(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        ++r->at;
}

static int take(reader *r, char sign)
{
    skip_blanks(r);
    if (r->at >= r->end || *r->at != sign) return 0;
    ++r->at;
    return 1;
}

static int take_word(reader *r, const char *word)
{
    const size_t size = strlen(word);
    if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0) return 0;
    r->at += size;
    return 1;
}

static int read_hex(reader *r, unsigned *out)
{
    unsigned value = 0;
    if (r->end - r->at < 4) return 0;
    for (int k = 0; k < 4; ++k) {
        const char *const digits = "0123456789abcdefABCDEF", c = *r->at++,
                          *found = c ? strchr(digits, c) : NULL;
        if (found == NULL) return 0;
        const int digit = (int)(found - digits);
        value = value << 4 | (unsigned)(digit < 16 ? digit : digit - 6);
    }
    *out = value;
    return 1;
}

/* After \u: one character, or a pair of surrogates; a lone one becomes U+FFFD. */
static int read_unicode(reader *r, char **to)
{
    unsigned code, low;
    if (!read_hex(r, &code)) return 0;
    if (code >= 0xD800 && code < 0xDC00 && r->end - r->at >= 6 && r->at[0] == '\\' &&
        r->at[1] == 'u') {
        const char *before = r->at;
        r->at += 2;
        if (!read_hex(r, &low)) return 0;
        if (low >= 0xDC00 && low < 0xE000)
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        else
            r->at = before;
    }
    if ((code >= 0xD800 && code < 0xE000) || code == 0) code = 0xFFFD;
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned first[] = {0, 0xC0, 0xE0, 0xF0};
    *(*to)++ = (char)(first[more] | code >> (6 * more));
    for (int k = more - 1; k >= 0; --k) *(*to)++ = (char)(0x80 | (code >> (6 * k) & 0x3F));
    return 1;
}

/* A text after its quotation mark, without NUL. */
static int read_text(reader *r, char **out)
{
    static const char signs[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *close = r->at;
    while (close < r->end && *close != '"') close += *close == '\\' ? 2 : 1;
    if (close >= r->end) return 0;
    char *text = malloc((size_t)(close - r->at) + 1), *to = text; /* no escape is shorter */
    if (text == NULL) return 0;
    while (r->at < close) {
        const char c = *r->at++;
        if ((unsigned char)c < 0x20) goto malformed;
        if (c != '\\') {
            *to++ = c;
            continue;
        }
        const char sign = *r->at++, *found = sign ? strchr(signs, sign) : NULL;
        if (found)
            *to++ = meant[found - signs];
        else if (sign != 'u' || !read_unicode(r, &to))
            goto malformed;
    }
    if (r->at != close) goto malformed;
    ++r->at;
    *to = '\0';
    *out = text;
    return 1;
malformed:
    free(text);
    return 0;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9') ++at;
    return at;
}

static int read_number(reader *r, double *out)
{
    char text[64];
    const char *at = r->at, *from;
    if (at < r->end && *at == '-') ++at;
    from = at;
    at = skip_digits(at, r->end);
    if (at == from || (*from == '0' && at - from > 1)) return 0;
    if (at < r->end && *at == '.') {
        from = ++at;
        at = skip_digits(at, r->end);
        if (at == from) return 0;
    }
    if (at < r->end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at < r->end && (*at == '+' || *at == '-')) ++at;
        from = at;
        at = skip_digits(at, r->end);
        if (at == from) return 0;
    }
    const size_t size = (size_t)(at - r->at);
    if (size >= sizeof text) return 0;
    memcpy(text, r->at, size);
    text[size] = '\0';
    *out = strtod(text, NULL);
    r->at = at;
    return 1;
}

/* The elements of an array or object after its bracket, through the closing one. */
static int read_elements(reader *r, json_value *v)
{
    json_value **next = &v->child;
    const char close = v->kind == '{' ? '}' : ']';
    if (take(r, close)) return 1;
    do {
        json_value *element = *next = calloc(1, sizeof *element);
        if (element == NULL) return 0;
        next = &element->next;
        if (v->kind == '{' && (!take(r, '"') || !read_text(r, &element->key) || !take(r, ':')))
            return 0;
        if (!read_value(r, element)) return 0;
    } while (take(r, ','));
    return take(r, close);
}

static int read_value(reader *r, json_value *v)
{
    v->kind = 'n';
    skip_blanks(r);
    if (r->at >= r->end) return 0;
    if (*r->at == '{' || *r->at == '[') {
        v->kind = *r->at++;
        if (++r->depth > DEEPEST) return 0;
        const int fine = read_elements(r, v);
        --r->depth;
        return fine;
    }
    if (*r->at == '"') {
        v->kind = 's';
        ++r->at;
        return read_text(r, &v->text);
    }
    if (take_word(r, "null")) return 1;
    v->kind = 'b';
    if (take_word(r, "false")) return 1;
    v->number = 1.0;
    if (take_word(r, "true")) return 1;
    v->kind = 'd';
    return read_number(r, &v->number);
}

json_value *json_parse(const char *text, size_t size)
{
    reader r = {text, text + size, 0};
    json_value *value = calloc(1, sizeof *value);
    if (value == NULL) return NULL;
    int fine = read_value(&r, value);
    skip_blanks(&r);
    if (fine && r.at == r.end) return value;
    json_value_free(value);
    return NULL;
}

void json_value_free(json_value *value)
{
    while (value) {
        json_value *next = value->next;
        json_value_free(value->child);
        free(value->key);
        free(value->text);
        free(value);
        value = next;
    }
}

const json_value *json_get(const json_value *value, const char *key)
{
    const json_value *found = NULL;
    if (value == NULL || value->kind != '{') return NULL;
    for (const json_value *v = value->child; v; v = v->next)
        if (v->key && strcmp(v->key, key) == 0) found = v;
    return found;
}

const json_value *json_item(const json_value *value, int index)
{
    const json_value *v = value && value->kind == '[' ? value->child : NULL;
    while (v && index-- > 0) v = v->next;
    return v;
}

double json_number(const json_value *value)
{
    return value && value->kind == 'd' ? value->number : NAN;
}

const char *json_string(const json_value *value)
{
    return value && value->kind == 's' ? value->text : NULL;
}
