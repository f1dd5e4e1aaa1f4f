/* A data set from memory. */
#include "data/core.h"

#include <string.h>

static clile_status check_aus(const char *function, int32_t c, const int32_t *au_ids)
{
    for (int32_t a = 0; a < c; ++a) {
        if (au_ids[a] < 1 || au_ids[a] > 999)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: au_ids[%d] is %d, expected 1 to 999",
                                function, a, au_ids[a]);
        for (int32_t b = 0; b < a; ++b)
            if (au_ids[a] == au_ids[b])
                return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: AU %d twice in au_ids", function,
                                    au_ids[a]);
    }
    return CLILE_OK;
}

typedef struct {
    const char *function;
    int64_t n;
    int32_t h, w;
    const uint8_t *rgb; /* [n,h,w,3] */
    int32_t c;
    const int32_t *au_ids;   /* [c] */
    const int8_t *labels;    /* [n,c]; NULL: from the intensities */
    const int8_t *intensity; /* [n,c], or NULL */
    const int32_t *subject;  /* [n] */
    int64_t present_from;    /* least intensity of a present AU */
} arrays;

/* A value of image i and column a. */
static clile_status check_code(const arrays *in, const char *name, int64_t i, int32_t a,
                               int8_t code, int8_t most, const char *expected)
{
    if (code >= -1 && code <= most) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %s[%lld,%d] is %d, expected %s",
                        in->function, name, (long long)i, a, code, expected);
}

static clile_status add_image(const arrays *in, int64_t i, int8_t *labels, clile_i_table *table)
{
    char text[32];
    int32_t index = 0;
    if (in->subject[i] < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: subject[%lld] is %d, expected 0 or more",
                            in->function, (long long)i, in->subject[i]);
    for (int32_t a = 0; a < in->c; ++a) {
        const int64_t at = i * in->c + a;
        if (in->intensity != NULL)
            CLILE_I_RETURN_IF(check_code(in, "intensity", i, a, in->intensity[at], 5,
                                         "0 to 5 or -1 (not coded)"));
        if (in->labels != NULL)
            CLILE_I_RETURN_IF(check_code(in, "labels", i, a, in->labels[at], 1, "1, 0 or -1"));
        labels[a] = in->labels != NULL      ? in->labels[at]
                    : in->intensity[at] < 0 ? -1
                                            : (int8_t)(in->intensity[at] >= in->present_from);
    }
    const int size = snprintf(text, sizeof text, "%d", in->subject[i]);
    CLILE_I_RETURN_IF(clile_i_table_subject(table, text, text + size, &index));
    snprintf(text, sizeof text, "%lld", (long long)i);
    CLILE_I_RETURN_IF(clile_i_table_add(table, "", text, index, labels, NULL, NULL));
    return in->intensity != NULL ? clile_i_table_put_intensity(table, in->intensity + i * in->c)
                                 : CLILE_OK;
}

static clile_status fill_table(const arrays *in, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    int8_t *labels = NULL;
    CLILE_I_TRY(clile_i_table_begin(table, "", in->c, in->au_ids));
    CLILE_I_ALLOC(labels, in->c);
    for (int64_t i = 0; i < in->n; ++i) CLILE_I_TRY(add_image(in, i, labels, table));
    status = clile_i_table_finish(table);
cleanup:
    clile_i_free(labels);
    return status;
}

static clile_status create(const arrays *in, clile_dataset **out)
{
    clile_status status = CLILE_OK;
    clile_i_table table = {0};
    clile_i_core *core = NULL;
    uint8_t *pixels = NULL;
    int64_t bytes = 0;

    if (in->n < 1 || in->h < 1 || in->w < 1 || in->c < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: n %lld, h %d, w %d, c %d: each must be 1 or more", in->function,
                            (long long)in->n, in->h, in->w, in->c);
    CLILE_I_RETURN_IF(check_aus(in->function, in->c, in->au_ids));
    CLILE_I_RETURN_IF(clile_i_size_product(4, (const int64_t[]){in->n, in->h, in->w, 3}, &bytes));
    CLILE_I_TRY(fill_table(in, &table));
    CLILE_I_ALLOC(pixels, bytes);
    memcpy(pixels, in->rgb, (size_t)bytes);
    status = clile_i_core_create(&table, pixels, in->h, in->w, NULL, &core);
    pixels = NULL; /* the core owns it now, or has freed it */
    if (status == CLILE_OK) status = clile_i_view_create(core, NULL, NULL, 0, out);
cleanup:
    clile_i_core_release(core);
    clile_i_free(pixels);
    clile_i_table_free(&table);
    return status;
}

clile_status clile_dataset_from_arrays(int64_t n, int32_t h, int32_t w, const uint8_t *rgb,
                                       int32_t c, const int32_t *au_ids, const int8_t *labels,
                                       const int32_t *subject, clile_dataset **out)
{
    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_CHECK_NOT_NULL(au_ids);
    CLILE_I_CHECK_NOT_NULL(labels);
    CLILE_I_CHECK_NOT_NULL(subject);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    return create(&(arrays){__func__, n, h, w, rgb, c, au_ids, labels, NULL, subject, 0}, out);
}

clile_status clile_dataset_from_intensities(int64_t n, int32_t h, int32_t w, const uint8_t *rgb,
                                            int32_t c, const int32_t *au_ids, const int8_t *labels,
                                            const int8_t *intensity, const int32_t *subject,
                                            clile_dataset **out)
{
    CLILE_I_CHECK_NOT_NULL(rgb);
    CLILE_I_CHECK_NOT_NULL(au_ids);
    CLILE_I_CHECK_NOT_NULL(intensity);
    CLILE_I_CHECK_NOT_NULL(subject);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    int64_t present_from = 0; /* there are no options here: the default, which is DISFA's */
    CLILE_I_RETURN_IF(clile_options_get_i64(NULL, CLILE_OPT_PRESENT_FROM, &present_from));
    return create(
        &(arrays){__func__, n, h, w, rgb, c, au_ids, labels, intensity, subject, present_from},
        out);
}
