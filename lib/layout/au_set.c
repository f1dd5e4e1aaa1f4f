/* Which action units. */
#include "layout/layout.h"

#include <string.h>

const int32_t clile_i_au_set_bp4d[12] = {1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24};
const int32_t clile_i_au_set_disfa[8] = {1, 2, 4, 6, 9, 12, 25, 26};

static clile_status copy_ids(int32_t n, const int32_t *source, int32_t *count, int32_t **ids)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(*ids, n);
    memcpy(*ids, source, (size_t)n * sizeof *source);
    *count = n;
cleanup:
    return status;
}

clile_status clile_i_au_set_parse(const char *text, int32_t usual_count, const int32_t *usual,
                                  int32_t *count, int32_t **ids)
{
    enum { MOST = 64 };
    const char *begin[MOST], *end[MOST];
    int32_t parsed[MOST];

    *count = 0;
    *ids = NULL;
    if (strcmp(text, "auto") == 0) return copy_ids(usual_count, usual, count, ids);
    if (strcmp(text, "bp4d") == 0) return copy_ids(12, clile_i_au_set_bp4d, count, ids);
    if (strcmp(text, "disfa") == 0) return copy_ids(8, clile_i_au_set_disfa, count, ids);

    const int64_t fields = clile_i_csv_split(text, text + strlen(text), MOST, begin, end);
    if (fields > MOST)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "au_set: %lld AUs, at most %d",
                            (long long)fields, MOST);
    for (int64_t k = 0; k < fields; ++k) {
        int64_t au = 0;
        if (!clile_i_parse_i64(begin[k], end[k], &au) || au < 1 || au > 999)
            return clile_i_fail(
                CLILE_E_INVALID_ARGUMENT,
                "au_set \"%s\": expected auto, bp4d, disfa or numbers such as 1,2,4", text);
        for (int64_t j = 0; j < k; ++j)
            if (parsed[j] == au)
                return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "au_set \"%s\": AU %d twice", text,
                                    parsed[j]);
        parsed[k] = (int32_t)au;
    }
    return copy_ids((int32_t)fields, parsed, count, ids);
}
