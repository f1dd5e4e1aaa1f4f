/* A data set from memory. */
#include "data/core.h"

#include <string.h>

static clile_status check_aus(int32_t c, const int32_t *au_ids)
{
    for (int32_t a = 0; a < c; ++a) {
        if (au_ids[a] < 1 || au_ids[a] > 999)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "clile_dataset_from_arrays: au_ids[%d] is %d, expected 1 to 999", a,
                                au_ids[a]);
        for (int32_t b = 0; b < a; ++b)
            if (au_ids[a] == au_ids[b])
                return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                    "clile_dataset_from_arrays: AU %d twice in au_ids", au_ids[a]);
    }
    return CLILE_OK;
}

static clile_status fill_table(int64_t n, int32_t c, const int32_t *au_ids, const int8_t *labels,
                               const int32_t *subject, clile_i_table *table)
{
    CLILE_I_RETURN_IF(clile_i_table_begin(table, "", c, au_ids));
    for (int64_t i = 0; i < n; ++i) {
        char text[32];
        int32_t index = 0;
        if (subject[i] < 0)
            return clile_i_fail(
                CLILE_E_INVALID_ARGUMENT,
                "clile_dataset_from_arrays: subject[%lld] is %d, expected 0 or more", (long long)i,
                subject[i]);
        for (int32_t a = 0; a < c; ++a) {
            const int8_t label = labels[i * c + a];
            if (label < -1 || label > 1)
                return clile_i_fail(
                    CLILE_E_INVALID_ARGUMENT,
                    "clile_dataset_from_arrays: labels[%lld,%d] is %d, expected 1, 0 or -1",
                    (long long)i, a, label);
        }
        const int size = snprintf(text, sizeof text, "%d", subject[i]);
        CLILE_I_RETURN_IF(clile_i_table_subject(table, text, text + size, &index));
        snprintf(text, sizeof text, "%lld", (long long)i);
        CLILE_I_RETURN_IF(clile_i_table_add(table, "", text, index, labels + i * c, NULL, NULL));
    }
    return clile_i_table_finish(table);
}

clile_status clile_dataset_from_arrays(int64_t n, int32_t h, int32_t w, const uint8_t *rgb,
                                       int32_t c, const int32_t *au_ids, const int8_t *labels,
                                       const int32_t *subject, clile_dataset **out)
{
    clile_status status = CLILE_OK;
    clile_i_table table = {0};
    clile_i_core *core = NULL;
    uint8_t *pixels = NULL;
    int64_t bytes = 0;

    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_CHECK_NOT_NULL(au_ids);
    CLILE_I_CHECK_NOT_NULL(labels);
    CLILE_I_CHECK_NOT_NULL(subject);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    if (n < 1 || h < 1 || w < 1 || c < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: n %lld, h %d, w %d, c %d: each must be 1 or more", __func__,
                            (long long)n, h, w, c);
    CLILE_I_RETURN_IF(check_aus(c, au_ids));
    CLILE_I_RETURN_IF(clile_i_size_product(4, (const int64_t[]){n, h, w, 3}, &bytes));
    CLILE_I_TRY(fill_table(n, c, au_ids, labels, subject, &table));
    CLILE_I_ALLOC(pixels, bytes);
    memcpy(pixels, rgb, (size_t)bytes);
    status = clile_i_core_create(&table, pixels, h, w, NULL, &core);
    pixels = NULL; /* the core owns it now, or has freed it */
    if (status == CLILE_OK) status = clile_i_view_create(core, NULL, NULL, 0, out);
cleanup:
    clile_i_core_release(core);
    clile_i_free(pixels);
    clile_i_table_free(&table);
    return status;
}
