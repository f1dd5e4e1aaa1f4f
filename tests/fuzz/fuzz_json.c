/* The JSON of a safetensors header, token by token: strings, sizes and punctuation in any order
 * and depth. */
#include "fuzz.h"

#include "store/json.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char punctuation[] = "{}[]:,";
    char *strings = clile_i_calloc((int64_t)size, 1);
    const char *text = (const char *)data;
    FUZZ_CHECK(strings != NULL);
    clile_i_json json = {
        .path = "text", .begin = text, .end = text + size, .position = text, .strings = strings};
    for (;;) {
        const char *before = json.position, *string = NULL;
        int64_t number = 0;
        int taken = 0;
        for (int k = 0; k < 6 && !taken; ++k) taken = clile_i_json_take(&json, punctuation[k]);
        if (!taken && json.position < json.end && *json.position == '"') {
            taken = clile_i_json_string(&json, &string) == CLILE_OK;
            if (taken) {
                const size_t length = strlen(string);
                FUZZ_CHECK(string >= strings && string + length + 1 == json.strings);
                for (const char *p = string; p < string + length;) {
                    const int step = clile_i_utf8_length(p, string + length);
                    FUZZ_CHECK(step > 0);
                    p += step;
                }
            }
        } else if (!taken && json.position < json.end) {
            taken = clile_i_json_size(&json, &number) == CLILE_OK;
            FUZZ_CHECK(number >= 0);
        }
        FUZZ_CHECK(json.position <= json.end && json.strings <= strings + size);
        if (!taken) break;
        FUZZ_CHECK(json.position > before);
    }
    if (clile_i_json_finish(&json) != CLILE_OK)
        FUZZ_CHECK(strstr(clile_last_error(), ": expected ") != NULL);
    clile_i_free(strings);
    return 0;
}
