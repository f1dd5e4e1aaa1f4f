/* Finishes a table: puts its subjects in order, and checks that what a layout has combined makes
 * sense. */
#include "base/format.h"
#include "layout/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

clile_status clile_i_table_warn(clile_i_table *table, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    clile_i_format(text, sizeof text, format, arguments);
    va_end(arguments);
    clile_i_text_append(&table->notes, "warning: %s\n", text);
    return table->notes.status;
}

/* ---- rows and images ---- */

clile_status clile_i_table_fit(clile_i_table *table, const char *where, int64_t rows,
                               int64_t images, int64_t matched)
{
    const int64_t least = rows < images ? rows : images;
    if (least == 0) return CLILE_OK;
    table->fit.least += least;
    table->fit.matched += matched;
    /* As many rows as images, but some of each do not match: they are numbered differently. */
    if (matched == least || (rows != images && 10 * matched >= 9 * least)) return CLILE_OK;
    if (table->fit.bad++ == 0)
        clile_i_text_append(&table->fit.first, "%.200s: %lld of %lld label rows and of %lld images",
                            where, (long long)matched, (long long)rows, (long long)images);
    return table->fit.first.status;
}

/* "; left out are label rows such as ..., images such as ..." */
static void append_examples(const clile_i_table *table, clile_i_text *text)
{
    static const char *const what[2] = {"label rows", "images"};
    int found = 0;
    for (int32_t kind = 0; kind < 2; ++kind) {
        if (table->left_out_count[kind] == 0) continue;
        clile_i_text_append(text, "%s %s such as", found++ ? ", and" : "; left out are",
                            what[kind]);
        for (int32_t i = 0; i < table->left_out_count[kind] && i < 3; ++i)
            clile_i_text_append(text, "%s %.100s", i > 0 ? "," : "", table->left_out[kind][i]);
    }
}

static clile_status check_fit(clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_text examples = {0};
    if (table->not_read > 0 && table->n == 0)
        clile_i_text_append(
            &examples,
            "; %lld images such as %.400s are ignored, expected JPEG, PNG, BMP, WebP or HEIF files",
            (long long)table->not_read, table->first_not_read);
    append_examples(table, &examples);
    CLILE_I_TRY(examples.status);
    const char *text = examples.data != NULL ? examples.data : "";
    if (table->n == 0)
        status = clile_i_fail(CLILE_E_FORMAT, "%s: no image has labels%s", table->root, text);
    else if (10 * table->fit.matched < table->fit.least)
        status =
            clile_i_fail(CLILE_E_FORMAT,
                         "%s: label rows and images do not match: only %lld of %lld do; first %s%s",
                         table->root, (long long)table->fit.matched, (long long)table->fit.least,
                         table->fit.first.data, text);
    else if (table->fit.bad > 0)
        status = clile_i_table_warn(table,
                                    "label rows and images of %lld sequences may not match, look "
                                    "at a sheet of faces; first %s%s",
                                    (long long)table->fit.bad, table->fit.first.data, text);
    if (status == CLILE_OK && table->not_read > 0)
        status = clile_i_table_warn(
            table,
            "%lld images such as %.400s are ignored, expected JPEG, PNG, BMP, WebP or HEIF files",
            (long long)table->not_read, table->first_not_read);
cleanup:
    clile_i_text_free(&examples);
    return status;
}

/* ---- labels ---- */

clile_status clile_i_table_check_codes(clile_i_table *table)
{
    clile_i_text never = {0};
    int32_t count = 0;
    for (int32_t a = 0; a < table->c; ++a) {
        int64_t i = 0;
        while (i < table->n && table->labels[i * table->c + a] < 0) ++i;
        if (i < table->n) continue;
        clile_i_text_append(&never, "%s%d", count++ > 0 ? ", " : "", table->au_ids[a]);
    }
    clile_status status = never.status;
    if (status == CLILE_OK && count == table->c)
        status = clile_i_fail(CLILE_E_FORMAT, "%s: no image has a coded label", table->root);
    else if (status == CLILE_OK && count > 0)
        status = clile_i_table_warn(table, "no image is coded for AU %s", never.data);
    clile_i_text_free(&never);
    return status;
}

/* ---- subjects ---- */

/* A name in lower case, without leading zeros, and with blanks and dashes made equal. Two spellings
 * of one name give the same result. */
static char *plain_name(const char *name)
{
    char *plain = clile_i_strdup(name), *to = plain;
    if (plain == NULL) return NULL;
    for (const char *at = name; *at != '\0'; ++at) {
        const int in_number = at > name && at[-1] >= '0' && at[-1] <= '9';
        if (*at == '0' && !in_number && at[1] >= '0' && at[1] <= '9') {
            while (at[0] == '0' && at[1] >= '0' && at[1] <= '9') ++at;
        }
        const char one = *at == ' ' || *at == '-' ? '_' : *at;
        *to++ = one >= 'A' && one <= 'Z' ? (char)(one - 'A' + 'a') : one;
    }
    *to = '\0';
    return plain;
}

typedef struct {
    char *plain;
    const char *name;
} spelling;

static int compare_spellings(const void *left, const void *right)
{
    const spelling *l = left, *r = right;
    const int order = strcmp(l->plain, r->plain);
    return order != 0 ? order : strcmp(l->name, r->name);
}

/* Warns, because a person with two names could be in both training and test. */
static clile_status check_spelling(clile_i_table *table)
{
    clile_status status = CLILE_OK;
    spelling *all = NULL;
    const int32_t count = table->subject_count;
    CLILE_I_ALLOC(all, count);
    for (int32_t s = 0; s < count; ++s) {
        all[s] = (spelling){.plain = plain_name(table->subject_names[s]),
                            .name = table->subject_names[s]};
        if (all[s].plain == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
    }
    qsort(all, (size_t)count, sizeof *all, compare_spellings);
    for (int32_t s = 1; s < count; ++s) {
        if (strcmp(all[s].plain, all[s - 1].plain) != 0) continue;
        status = clile_i_table_warn(
            table, "subjects \"%.200s\" and \"%.200s\" are counted as two, but may be the same",
            all[s - 1].name, all[s].name);
        break;
    }
cleanup:
    for (int32_t s = 0; all != NULL && s < count; ++s) clile_i_free(all[s].plain);
    clile_i_free(all);
    return status;
}

/* Warns if a tracker lost some faces. Fails if most positions are wrong, as in a file with columns
 * in another order or with fractions of the image size. */
static clile_status check_places(clile_i_table *table)
{
    const long long bad = (long long)table->misplaced, all = (long long)table->with_place;
    table->counts.label_rows -= table->misplaced + table->faceless;
    table->counts.rows_without_face += table->misplaced + table->faceless;
    if (bad == 0) return CLILE_OK;
    if (2 * bad > all)
        return clile_i_fail(
            CLILE_E_FORMAT,
            "%s: landmarks or boxes of %lld of %lld images cannot be a face's, first %s",
            table->root, bad, all, table->misplaced_first.data);
    return clile_i_table_warn(
        table,
        "%lld of %lld images are left out: their landmarks or boxes cannot be a face's, first %s",
        bad, all, table->misplaced_first.data);
}

/* An image used whole among cut-out faces teaches the wrong thing. And if a file of face positions
 * is numbered differently from the images, all other images have the positions of their
 * neighbours. */
static clile_status check_mixed(clile_i_table *table)
{
    int64_t whole = 0, first = 0;
    for (int64_t i = table->n - 1; i >= 0; --i) {
        const int has_five =
            table->points != NULL && clile_i_is_finite((double)table->points[10 * i]);
        if (has_five || (table->boxes != NULL && clile_i_is_finite((double)table->boxes[4 * i])))
            continue;
        ++whole;
        first = i;
    }
    if (whole == 0 || whole == table->n) return CLILE_OK;
    return clile_i_table_warn(
        table,
        "%lld of %lld images have neither landmarks nor a box and are used whole, while the others "
        "are cropped; first %.400s; does the file of landmarks or boxes number images differently?",
        (long long)whole, (long long)table->n, table->text + table->name[first]);
}

typedef struct {
    const char *name;
    float place[14]; /* landmarks, then box; 0: none */
    int64_t i;
} face;

static int compare_faces(const void *left, const void *right)
{
    const face *l = left, *r = right;
    int order = strcmp(l->name, r->name);
    if (order == 0) order = memcmp(l->place, r->place, sizeof l->place);
    return order != 0 ? order : (l->i > r->i) - (l->i < r->i);
}

static void put_place(const float *column, int64_t i, int64_t width, float *out)
{
    for (int64_t k = 0; column != NULL && k < width; ++k)
        out[k] = clile_i_is_finite((double)column[i * width + k]) ? column[i * width + k] : 0.0f;
}

static clile_status fail_of_two(const clile_i_table *table, const face *a, const face *b)
{
    return clile_i_fail(
        CLILE_E_FORMAT,
        "%s: %.400s has rows of subjects \"%.200s\" and \"%.200s\", expected one subject per face; "
        "give landmarks or boxes to tell people in one image apart",
        table->root, table->text + table->name[b->i], table->subject_names[table->subject[a->i]],
        table->subject_names[table->subject[b->i]]);
}

clile_status clile_i_table_check_repeats(clile_i_table *table)
{
    clile_status status = CLILE_OK;
    int64_t repeats = 0, others = 0, first = 0;
    face *all = NULL;
    char *names = NULL;
    if (table->n == 0) return CLILE_OK;
    CLILE_I_ALLOC(all, table->n);
    CLILE_I_ALLOC(names, table->text_size);
    memcpy(names, table->text, (size_t)table->text_size);
    for (int64_t i = 0; i < table->n; ++i) {
        clile_i_path_plain(names + table->name[i]);
        all[i] = (face){.name = names + table->name[i], .i = i};
        put_place(table->points, i, 10, all[i].place);
        put_place(table->boxes, i, 4, all[i].place + 10);
    }
    qsort(all, (size_t)table->n, sizeof *all, compare_faces);
    for (int64_t k = 1; k < table->n; ++k) {
        const face *a = &all[k - 1], *b = &all[k];
        if (strcmp(a->name, b->name) != 0 || memcmp(a->place, b->place, sizeof a->place) != 0)
            continue;
        if (table->subject[a->i] != table->subject[b->i]) {
            status = fail_of_two(table, a, b);
            goto cleanup;
        }
        if (repeats++ == 0) first = b->i;
        others += memcmp(table->labels + a->i * table->c, table->labels + b->i * table->c,
                         (size_t)table->c) != 0;
    }
    if (repeats > 0)
        status = clile_i_table_warn(table,
                                    "%lld rows repeat the face of another row, %lld of them with "
                                    "different labels; first %.400s",
                                    (long long)repeats, (long long)others,
                                    table->text + table->name[first]);
cleanup:
    clile_i_free(names);
    clile_i_free(all);
    return status;
}

/* ---- order ---- */

static int compare_names(const void *left, const void *right)
{
    return clile_i_natural_compare(*(char *const *)left, *(char *const *)right);
}

clile_status clile_i_table_finish(clile_i_table *table)
{
    clile_status status = CLILE_OK;
    const size_t count = (size_t)table->subject_count;
    char **sorted = NULL;
    int32_t *place = NULL;

    CLILE_I_TRY(check_places(table));
    CLILE_I_TRY(check_fit(table));
    CLILE_I_TRY(check_mixed(table));
    CLILE_I_TRY(check_spelling(table));
    CLILE_I_ALLOC(sorted, table->subject_capacity);
    CLILE_I_ALLOC(place, count);
    memcpy(sorted, table->subject_names, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_names);
    for (size_t s = 0; s < count; ++s) {
        char **found =
            bsearch(&table->subject_names[s], sorted, count, sizeof *sorted, compare_names);
        place[s] = (int32_t)(found - sorted);
    }
    for (int64_t i = 0; i < table->n; ++i) table->subject[i] = place[table->subject[i]];
    for (size_t s = 0; s < count; ++s) table->subject_order[s] = place[table->subject_order[s]];
    clile_i_free(table->subject_names);
    table->subject_names = sorted;
    sorted = NULL;
cleanup:
    clile_i_free(place);
    clile_i_free(sorted);
    return status;
}
