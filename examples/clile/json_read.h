/* JSON that the command reads: a history of training, the library's report. */
#ifndef JSON_READ_H
#define JSON_READ_H

#include <stddef.h>

typedef struct json_value {
    char kind;        /* 'n' null, 'b' true or false, 'd' number, 's' text, '[', '{' */
    double number;    /* of 'd'; 0 or 1 of 'b' */
    char *key, *text; /* key: NULL outside an object */
    struct json_value *child, *next; /* first element; next sibling */
} json_value;

/* Parses one value (RFC 8259), at most 32 deep, of `size` bytes. NULL: malformed, or out of
 * memory. */
json_value *json_parse(const char *text, size_t size);
void json_value_free(json_value *value); /* NULL does nothing */

/* An element by key or by index from 0; NULL if `value` is NULL or has none. Of equal keys the
 * last. */
const json_value *json_get(const json_value *value, const char *key);
const json_value *json_item(const json_value *value, int index);
/* NaN if there is no number. */
double json_number(const json_value *value);
/* NULL if there is no text. */
const char *json_string(const json_value *value);

#endif
