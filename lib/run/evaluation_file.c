/* The file of a saved evaluation: CSV with a row for each image. Columns: docs/evaluation.md. */
#include "run/evaluation.h"

#include "store/rows.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { MODEL, SEED, PROTOCOL, FOLD, SUBJECT, IMAGE, PLACES };
static const char *const place_names[PLACES] = {"model", "seed",    "protocol",
                                                "fold",  "subject", "image"};
enum { SCORE, PROBABILITY, PRESENT, LABEL, ESTIMATED, CODED, VALUES };
static const char value_letters[VALUES] = {'s', 'p', 'c', 'y', 'r', 'i'};

/* ---- writing --------------------------------------------------------------------------------- */

/* Whether a part has intensities, so that all have their columns. */
static int is_graded(const clile_report *report)
{
    for (int64_t k = 0; k < report->folds; ++k)
        if (report->fold[k].graded.value != NULL) return 1;
    return 0;
}

static void put_row(const clile_evaluation *e, int64_t part, int64_t i, int graded,
                    clile_i_text *text)
{
    const clile_report *report = e->report;
    const clile_i_graded *own = &report->fold[part].graded;
    const int64_t before = report->fold[part].first * report->c;
    const clile_i_part *from = &e->part[part];
    clile_i_text_append_csv(text, from->model);
    clile_i_text_append(text, from->seed >= 0 ? ",%lld," : ",,", (long long)from->seed);
    clile_i_text_append_csv(text, from->protocol);
    clile_i_text_append(text, ",%d,", (int)report->fold[part].fold);
    clile_i_text_append_csv(text, report->subject_names[report->subject[i]]);
    clile_i_text_append(text, ",");
    clile_i_text_append_csv(text, e->image[i]);
    for (int64_t k = i * report->c; k < (i + 1) * report->c; ++k) {
        const double probability = (double)e->probability[k];
        clile_i_text_append(text, ",%.9g", (double)report->score[k]);
        clile_i_text_append(text, clile_i_is_nan(probability) ? "," : ",%.9g", probability);
        clile_i_text_append(text, ",%d,%d", report->present[k], report->labels[k]);
        if (own->value != NULL)
            clile_i_text_append(text, ",%.9g,%d", (double)own->value[k - before],
                                own->intensity[k - before]);
        else if (graded)
            clile_i_text_append(text, ",,");
    }
    clile_i_text_append(text, "\n");
}

clile_status clile_evaluation_copy_csv(const clile_evaluation *evaluation, char **out)
{
    clile_i_text text = {0};
    CLILE_I_CHECK_NOT_NULL(evaluation);
    CLILE_I_CHECK_NOT_NULL(out);
    const clile_report *report = evaluation->report;
    if (report->folds == 0)
        return clile_i_fail(CLILE_E_STATE, "%s: the evaluation has no part yet", __func__);
    for (int k = 0; k < PLACES; ++k)
        clile_i_text_append(&text, k > 0 ? ",%s" : "%s", place_names[k]);
    const int graded = is_graded(report);
    for (int32_t a = 0; a < report->c; ++a)
        for (int k = 0; k < (graded ? VALUES : ESTIMATED); ++k)
            clile_i_text_append(&text, ",AU%02d_%c", (int)report->au_ids[a], value_letters[k]);
    clile_i_text_append(&text, "\n");
    for (int64_t part = 0; part < report->folds; ++part) {
        const clile_i_fold *fold = &report->fold[part];
        for (int64_t i = fold->first; i < fold->first + fold->count; ++i)
            put_row(evaluation, part, i, graded, &text);
    }
    const clile_status status = text.status;
    if (status == CLILE_OK)
        *out = text.data;
    else
        clile_i_text_free(&text);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

enum { PARTS_MOST = 4096 };

/* All rows of a file, in its order. */
typedef struct {
    clile_i_rows rows;
    int64_t columns, place[PLACES]; /* -1: no such column */
    int32_t c, au[CLILE_I_ROWS_MOST];
    int64_t at[CLILE_I_ROWS_MOST][VALUES]; /* columns of an AU; -1: none */
    int64_t n, parts, part_room;
    int graded;                             /* 1: there are columns of intensities */
    float *score, *probability, *estimated; /* [n,c] */
    int8_t *present, *labels, *coded;
    int8_t *has_intensity;       /* [n] */
    int64_t *line;               /* [n] row of the file */
    int32_t *of, *subject;       /* [n] its part; its place in a part */
    char **person, **image;      /* [n] */
    clile_evaluation_part *part; /* [parts], owns its texts */
} reader;

static void free_texts(char **texts, int64_t n)
{
    for (int64_t i = 0; texts != NULL && i < n; ++i) clile_i_free(texts[i]);
    clile_i_free((void *)texts);
}

static void reader_free(reader *r)
{
    if (r == NULL) return;
    free_texts(r->person, r->n);
    free_texts(r->image, r->n);
    for (int64_t k = 0; k < r->parts; ++k) {
        clile_i_free((char *)(uintptr_t)r->part[k].model);
        clile_i_free((char *)(uintptr_t)r->part[k].protocol);
    }
    void *const blocks[] = {r->score,     r->probability, r->present,       r->labels,
                            r->estimated, r->coded,       r->has_intensity, r->line,
                            r->of,        r->subject,     r->part};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; ++k) clile_i_free(blocks[k]);
    clile_i_rows_close(&r->rows);
    clile_i_free(r);
}

static int size_shown(const clile_i_rows *rows, int64_t field)
{
    const ptrdiff_t size = rows->end[field] - rows->begin[field];
    return size < 40 ? (int)size : 40;
}

static int is_empty(const clile_i_rows *rows, int64_t field)
{
    return rows->begin[field] == rows->end[field];
}

/* AU01_s: the AU, and which of the VALUES. 0 for another name, -1 for one that only begins so. */
static int32_t column_au(const clile_i_rows *rows, int64_t field, int *which)
{
    const char *begin = rows->begin[field], *end = rows->end[field];
    int64_t au = 0;
    if (end - begin < 2 || memcmp(begin, "AU", 2) != 0) return 0;
    if (end - begin < 5 || end[-2] != '_' || !clile_i_parse_i64(begin + 2, end - 2, &au) ||
        au < 1 || au > INT32_MAX)
        return -1;
    for (*which = 0; *which < VALUES; ++*which)
        if (end[-1] == value_letters[*which]) return (int32_t)au;
    return -1;
}

static clile_status put_column(reader *r, int64_t field, int32_t au, int which)
{
    int32_t a = 0;
    while (a < r->c && r->au[a] != au) ++a;
    if (a == r->c) {
        r->au[r->c++] = au;
        for (int k = 0; k < VALUES; ++k) r->at[a][k] = -1;
    }
    if (r->at[a][which] >= 0)
        return clile_i_rows_fail(&r->rows, "two columns \"AU%02d_%c\"", (int)au,
                                 value_letters[which]);
    r->at[a][which] = field;
    return CLILE_OK;
}

static clile_status read_header(reader *r)
{
    const clile_i_rows *rows = &r->rows;
    CLILE_I_RETURN_IF(clile_i_rows_check_separators(rows));
    r->columns = rows->count;
    for (int k = 0; k < PLACES; ++k) r->place[k] = -1;
    for (int64_t field = 0; field < rows->count; ++field) {
        int which = 0, k = 0;
        const int32_t au = column_au(rows, field, &which);
        if (au < 0)
            return clile_i_rows_fail(rows,
                                     "unknown column \"%.*s\", expected AU01_s, AU01_p, AU01_c, "
                                     "AU01_y, AU01_r or AU01_i",
                                     size_shown(rows, field), rows->begin[field]);
        if (au > 0) CLILE_I_RETURN_IF(put_column(r, field, au, which));
        const size_t size = (size_t)(rows->end[field] - rows->begin[field]);
        while (k < PLACES && (strlen(place_names[k]) != size ||
                              memcmp(place_names[k], rows->begin[field], size) != 0))
            ++k;
        if (k == PLACES) continue;
        if (r->place[k] >= 0) return clile_i_rows_fail(rows, "two columns \"%s\"", place_names[k]);
        r->place[k] = field;
    }
    for (int k = FOLD; k < PLACES; ++k)
        if (r->place[k] < 0)
            return clile_i_rows_fail(
                rows, "no column \"%s\", expected those of clile eval --answers", place_names[k]);
    if (r->c == 0) return clile_i_rows_fail(rows, "no column of an AU (AU01_s, AU01_c, AU01_y)");
    for (int32_t a = 0; a < r->c; ++a)
        r->graded |= r->at[a][ESTIMATED] >= 0 || r->at[a][CODED] >= 0;
    for (int32_t a = 0; a < r->c; ++a)
        for (int k = 0; k < (r->graded ? VALUES : ESTIMATED); ++k)
            if (k != PROBABILITY && r->at[a][k] < 0)
                return clile_i_rows_fail(rows, "no column \"AU%02d_%c\"", (int)r->au[a],
                                         value_letters[k]);
    return CLILE_OK;
}

/* Room for as many rows as the file can have: a row has a separator for each column. */
static clile_status make_room(reader *r)
{
    clile_status status = CLILE_OK;
    const int64_t most = (int64_t)r->rows.file.size / r->columns + 2;
    CLILE_I_ALLOC(r->score, most * r->c);
    CLILE_I_ALLOC(r->probability, most * r->c);
    CLILE_I_ALLOC(r->present, most * r->c);
    CLILE_I_ALLOC(r->labels, most * r->c);
    CLILE_I_ALLOC(r->estimated, most * r->c);
    CLILE_I_ALLOC(r->coded, most * r->c);
    CLILE_I_ALLOC(r->has_intensity, most);
    CLILE_I_ALLOC(r->line, most);
    CLILE_I_ALLOC(r->of, most);
    CLILE_I_ALLOC(r->subject, most);
    CLILE_I_ALLOC(r->person, most);
    CLILE_I_ALLOC(r->image, most);
cleanup:
    return status;
}

/* A field as a text of the caller's; NULL when out of memory. An absent column is "". */
static char *copy_text(const reader *r, int place)
{
    const int64_t field = r->place[place];
    if (field < 0) return clile_i_strdup("");
    const char *end = r->rows.end[field], *begin = clile_i_csv_name(r->rows.begin[field], end);
    char *text = clile_i_calloc(end - begin + 1, 1);
    if (text != NULL) memcpy(text, begin, (size_t)(end - begin));
    return text;
}

static clile_status read_part(const reader *r, clile_evaluation_part *part)
{
    const clile_i_rows *rows = &r->rows;
    int64_t fold = 0;
    *part = (clile_evaluation_part){.struct_size = sizeof *part, .seed = -1};
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, r->place[FOLD], "a fold", &fold));
    if (fold > INT32_MAX)
        return clile_i_rows_fail(rows, "fold is %lld, expected at most %d", (long long)fold,
                                 INT32_MAX);
    part->fold = (int32_t)fold;
    if (r->place[SEED] < 0 || is_empty(rows, r->place[SEED])) return CLILE_OK;
    return clile_i_rows_whole(rows, r->place[SEED], "a seed, or nothing", &part->seed);
}

/* Finds the part of the current row, or begins it. */
static clile_status find_part(reader *r, int32_t *of)
{
    clile_status status = CLILE_OK;
    clile_evaluation_part part;
    char *model = NULL, *protocol = NULL;
    CLILE_I_TRY(read_part(r, &part));
    model = copy_text(r, MODEL);
    protocol = copy_text(r, PROTOCOL);
    if (model == NULL || protocol == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    int64_t k = 0;
    while (k < r->parts && r->part[k].fold != part.fold) ++k;
    *of = (int32_t)k;
    const clile_evaluation_part *known = k < r->parts ? &r->part[k] : NULL;
    if (known != NULL) {
        if (known->seed != part.seed || strcmp(known->model, model) != 0 ||
            strcmp(known->protocol, protocol) != 0)
            status = clile_i_rows_fail(
                &r->rows,
                "fold %d is of model \"%.40s\", seed %lld, protocol \"%.40s\", and of \"%.40s\", "
                "%lld, \"%.40s\" before; a file has each fold once",
                (int)part.fold, model, (long long)part.seed, protocol, known->model,
                (long long)known->seed, known->protocol);
        goto cleanup;
    }
    if (k == PARTS_MOST) {
        status = clile_i_rows_fail(&r->rows, "more than %d folds", PARTS_MOST);
        goto cleanup;
    }
    void *grown = clile_i_grow(r->part, &r->part_room, k + 1, sizeof *r->part);
    if (grown == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    r->part = grown;
    part.model = model;
    part.protocol = protocol;
    r->part[r->parts++] = part;
    model = protocol = NULL;
cleanup:
    clile_i_free(model);
    clile_i_free(protocol);
    return status;
}

static const double FLOAT_MOST = 3.4028234663852886e38; /* the largest float */

static clile_status read_number(const clile_i_rows *rows, int64_t field, const char *what,
                                double least, double most, float *out)
{
    double value = 0.0;
    if (!clile_i_parse_f64(rows->begin[field], rows->end[field], &value) ||
        !clile_i_is_within(value, least, most))
        return clile_i_rows_fail(rows, "column %lld is \"%.*s\", expected %s", (long long)field + 1,
                                 size_shown(rows, field), rows->begin[field], what);
    *out = (float)value;
    return CLILE_OK;
}

/* The intensities of an AU; a row has both of each AU, or none. */
static clile_status read_intensity(reader *r, int32_t a)
{
    const clile_i_rows *rows = &r->rows;
    const int64_t *at = r->at[a], to = r->n * r->c + a;
    const int has = !is_empty(rows, at[ESTIMATED]);
    int64_t code = -1;
    if (a == 0) r->has_intensity[r->n] = (int8_t)has;
    if (has != r->has_intensity[r->n] || has == is_empty(rows, at[CODED]))
        return clile_i_rows_fail(
            rows, "AU %d: a row has an estimated and a coded intensity of each AU, or none",
            (int)r->au[a]);
    if (!has) return CLILE_OK;
    CLILE_I_RETURN_IF(read_number(rows, at[ESTIMATED], "an intensity (a finite number), or nothing",
                                  -FLOAT_MOST, FLOAT_MOST, &r->estimated[to]));
    if (!clile_i_parse_i64(rows->begin[at[CODED]], rows->end[at[CODED]], &code) || code < -1 ||
        code > 5)
        return clile_i_rows_fail(rows,
                                 "column %lld is \"%.*s\", expected a coded intensity, 0 to 5, or "
                                 "-1 (not coded)",
                                 (long long)at[CODED] + 1, size_shown(rows, at[CODED]),
                                 rows->begin[at[CODED]]);
    r->coded[to] = (int8_t)code;
    return CLILE_OK;
}

static clile_status read_values(reader *r)
{
    const clile_i_rows *rows = &r->rows;
    for (int32_t a = 0; a < r->c; ++a) {
        const int64_t *at = r->at[a], to = r->n * r->c + a;
        CLILE_I_RETURN_IF(read_number(rows, at[SCORE], "a score (a finite number)", -FLOAT_MOST,
                                      FLOAT_MOST, &r->score[to]));
        r->probability[to] = NAN;
        if (at[PROBABILITY] >= 0 && !is_empty(rows, at[PROBABILITY]))
            CLILE_I_RETURN_IF(read_number(rows, at[PROBABILITY],
                                          "a probability from 0 to 1, or nothing", 0.0, 1.0,
                                          &r->probability[to]));
        const char *decision = rows->begin[at[PRESENT]];
        if (rows->end[at[PRESENT]] - decision != 1 || (*decision != '0' && *decision != '1'))
            return clile_i_rows_fail(rows, "column %lld is \"%.*s\", expected a decision, 1 or 0",
                                     (long long)at[PRESENT] + 1, size_shown(rows, at[PRESENT]),
                                     decision);
        r->present[to] = *decision == '1';
        CLILE_I_RETURN_IF(clile_i_rows_code(rows, at[LABEL], r->au[a], 1, &r->labels[to]));
        if (r->graded) CLILE_I_RETURN_IF(read_intensity(r, a));
    }
    return CLILE_OK;
}

static clile_status read_row(reader *r)
{
    CLILE_I_RETURN_IF(clile_i_rows_expect(&r->rows, r->columns));
    CLILE_I_RETURN_IF(read_values(r));
    CLILE_I_RETURN_IF(find_part(r, &r->of[r->n]));
    r->line[r->n] = r->rows.lines.line;
    r->person[r->n] = copy_text(r, SUBJECT);
    r->image[r->n] = copy_text(r, IMAGE);
    ++r->n; /* from now on they are freed */
    return r->person[r->n - 1] != NULL && r->image[r->n - 1] != NULL ? CLILE_OK
                                                                     : CLILE_E_OUT_OF_MEMORY;
}

/* Moves the rows of part k to the front of `to`, and adds them. */
static clile_status add_rows(const reader *r, int32_t k, reader *to, clile_evaluation *e)
{
    const size_t c = (size_t)r->c;
    int64_t n = 0, first = 0, second = 0;
    for (int64_t i = 0; i < r->n; ++i) {
        if (r->of[i] != k) continue;
        memcpy(to->score + n * r->c, r->score + i * r->c, c * sizeof(float));
        memcpy(to->probability + n * r->c, r->probability + i * r->c, c * sizeof(float));
        memcpy(to->present + n * r->c, r->present + i * r->c, c);
        memcpy(to->labels + n * r->c, r->labels + i * r->c, c);
        memcpy(to->estimated + n * r->c, r->estimated + i * r->c, c * sizeof(float));
        memcpy(to->coded + n * r->c, r->coded + i * r->c, c);
        to->has_intensity[n] = r->has_intensity[i];
        to->person[n] = r->person[i];
        to->image[n] = r->image[i];
        to->line[n] = r->line[i];
        to->subject[n] = (int32_t)n;
        if (to->has_intensity[n] != to->has_intensity[0])
            return clile_i_fail(
                CLILE_E_FORMAT, "%s %s, row %lld: %s intensities, unlike row %lld of the same fold",
                r->rows.kind, r->rows.name, (long long)to->line[n],
                to->has_intensity[n] ? "there are" : "there are no", (long long)to->line[0]);
        ++n;
    }
    CLILE_I_RETURN_IF(clile_i_find_twice(n, (const char *const *)to->image, &first, &second));
    if (second > 0)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s %s, row %lld: image \"%s\" of fold %d was there before, in row "
                            "%lld",
                            r->rows.kind, r->rows.name, (long long)to->line[second],
                            to->image[second], (int)r->part[k].fold, (long long)to->line[first]);
    clile_evaluation_part part = r->part[k];
    if (to->has_intensity[0]) part.estimated = to->estimated, part.coded = to->coded;
    return clile_evaluation_add_part(e, &part, n, to->score, to->probability, to->present,
                                     to->labels, to->subject, (const char *const *)to->person,
                                     (const char *const *)to->image);
}

static clile_status add_parts(reader *r, clile_evaluation *e)
{
    clile_status status = CLILE_OK;
    reader *to = NULL;
    CLILE_I_ALLOC(to, 1);
    to->rows.file = r->rows.file; /* for its size */
    to->columns = r->columns;
    to->c = r->c;
    status = make_room(to);
    to->rows.file = (clile_i_file){0};
    for (int32_t k = 0; k < r->parts && status == CLILE_OK; ++k) status = add_rows(r, k, to, e);
cleanup:
    reader_free(to); /* n is 0: the texts stay */
    return status;
}

clile_status clile_evaluation_load(const char *path, clile_evaluation **out)
{
    clile_status status = CLILE_OK;
    clile_evaluation *made = NULL;
    reader *r = NULL;
    int32_t more = 0;
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_CHECK_NOT_NULL(out);
    CLILE_I_ALLOC(r, 1);
    CLILE_I_TRY(clile_i_rows_open("evaluation", path, INT64_MAX, &r->rows));
    r->rows.breaks = 1;
    CLILE_I_TRY(clile_i_rows_next(&r->rows, &more));
    if (!more) {
        status = clile_i_fail(CLILE_E_FORMAT, "evaluation %s is empty", r->rows.name);
        goto cleanup;
    }
    CLILE_I_TRY(read_header(r));
    CLILE_I_TRY(make_room(r));
    for (;;) {
        CLILE_I_TRY(clile_i_rows_next(&r->rows, &more));
        if (!more) break;
        CLILE_I_TRY(read_row(r));
    }
    if (r->n == 0) {
        status = clile_i_rows_fail(&r->rows, "no rows after the header");
        goto cleanup;
    }
    CLILE_I_TRY(clile_evaluation_create(r->c, r->au, &made));
    CLILE_I_TRY(add_parts(r, made));
    *out = made;
    made = NULL;
cleanup:
    clile_evaluation_destroy(made);
    reader_free(r);
    return status;
}
