/* A strict, pulling reader of the JSON (RFC 8259) in safetensors headers and lines of labels:
 * objects, arrays, strings and non-negative integers. Nothing nests deeper than the caller asks
 * for. */
#ifndef CLILE_I_JSON_H
#define CLILE_I_JSON_H

#include "base/base.h"

typedef struct {
    const char *path; /* for messages */
    const char *part; /* of the file, for messages; NULL: "header" */
    const char *begin, *end, *position;
    char *strings; /* room for decoded strings; end - begin bytes always suffice */
} clile_i_json;

/* FORMAT: "PATH: PART, byte N: expected EXPECTED, found ..." */
clile_status clile_i_json_fail(const clile_i_json *json, const char *expected);
/* Skips white space; takes `character` if it comes next. */
int clile_i_json_take(clile_i_json *json, char character);
clile_status clile_i_json_expect(clile_i_json *json, char character);
/* A decoded, NUL-terminated string without U+0000, kept in json->strings. */
clile_status clile_i_json_string(clile_i_json *json, const char **out);
/* 0 or digits without a leading zero, at most INT64_MAX. */
clile_status clile_i_json_size(clile_i_json *json, int64_t *out);
/* Fails if anything but white space is left. */
clile_status clile_i_json_finish(clile_i_json *json);

#endif
