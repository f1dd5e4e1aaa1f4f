/* Another system's table of answers, matched to the images of a data set. OpenFace:
 * github.com/TadasBaltrusaitis/OpenFace/wiki/Output-Format; Py-Feat: py-feat.org; LibreFace:
 * github.com/ihp-lab/LibreFace. */
#include "data/data.h"
#include "eval/report.h"
#include "run/run.h"
#include "store/rows.h"

#include <clile/evaluation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a column of an AU holds. PLAIN: Py-Feat's "AU12", a probability. */
typedef enum { SCORE, PROBABILITY, INTENSITY, DECISION, PLAIN, KINDS } kind;

/* Intensities go from 0 to 5, a trace is 1; Py-Feat says present from 0.5 up. */
static const double PRESENT_INTENSITY = 1.0, PRESENT_PLAIN = 0.5;

typedef struct {
    const char *name; /* of an image in the data set */
    int64_t index;
} image;

typedef struct {
    const clile_dataset *data;
    clile_i_rows rows;
    int64_t columns, at_image, at_frame, at_success; /* -1: none */
    int32_t c, au[CLILE_I_ROWS_MOST];
    int64_t at[CLILE_I_ROWS_MOST][KINDS];
    int64_t n;                  /* images of the data set */
    image *by_base;             /* [n] sorted by the last part of the name */
    int64_t *line;              /* [n] row of the file; 0: none */
    int8_t *face, *chosen;      /* [n]; [n, c] decisions */
    float *score, *probability; /* [n, c] */
    float *least;               /* [c] lowest score of all rows */
    int64_t surplus, surplus_line, faceless;
} table;

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

static int is_named(const clile_i_rows *rows, int64_t k, const char *name)
{
    const char *at = rows->begin[k];
    while (at < rows->end[k] && *name != '\0' && lower(*at) == *name) {
        ++at;
        ++name;
    }
    return at == rows->end[k] && *name == '\0';
}

static int64_t column_named(const clile_i_rows *rows, const char *const *names)
{
    for (; *names != NULL; ++names)
        for (int64_t k = 0; k < rows->count; ++k)
            if (is_named(rows, k, *names)) return k;
    return -1;
}

/* ---- header ---- */

/* The AU of a column "AU12", "AU12_r", "au_12_intensity"; 0: none, or a label. */
static int32_t column_au(const clile_i_rows *rows, int64_t k, kind *what)
{
    static const struct {
        const char *ending;
        kind what;
    } endings[] = {{"_s", SCORE},
                   {"_p", PROBABILITY},
                   {"_r", INTENSITY},
                   {"_intensity", INTENSITY},
                   {"_c", DECISION}};
    const char *begin = rows->begin[k], *end = rows->end[k], *digits = begin + 2;
    int64_t au = 0;
    if (end - begin < 3 || lower(begin[0]) != 'a' || lower(begin[1]) != 'u') return 0;
    const int apart = *digits == '_';
    digits += apart;
    const char *stop = digits;
    while (stop < end && *stop >= '0' && *stop <= '9') ++stop;
    if (!clile_i_parse_i64(digits, stop, &au) || au < 1 || au > 999) return 0;
    *what = apart ? DECISION : PLAIN; /* LibreFace's au_12 is 0 or 1 */
    if (stop == end) return (int32_t)au;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; ++i) {
        const char *ending = endings[i].ending, *at = stop;
        while (at < end && *ending != '\0' && lower(*at) == *ending) {
            ++at;
            ++ending;
        }
        *what = endings[i].what;
        if (at == end && *ending == '\0') return (int32_t)au;
    }
    return 0;
}

static clile_status read_header(table *t)
{
    static const char *const images[] = {"image",     "input", "file",       "filename",
                                         "file_name", "path",  "image_path", NULL};
    static const char *const frames[] = {"frame", "frame_idx", NULL};
    static const char *const successes[] = {"success", NULL};
    const clile_i_rows *rows = &t->rows;
    CLILE_I_RETURN_IF(clile_i_rows_check_separators(rows));
    t->columns = rows->count;
    t->at_image = column_named(rows, images);
    t->at_frame = column_named(rows, frames);
    t->at_success = column_named(rows, successes);
    for (int64_t k = 0; k < rows->count; ++k) {
        kind what = SCORE;
        int32_t a = 0;
        const int32_t au = column_au(rows, k, &what);
        if (au == 0) continue;
        while (a < t->c && t->au[a] != au) ++a;
        if (a == t->c) {
            t->au[t->c++] = au;
            for (int i = 0; i < KINDS; ++i) t->at[a][i] = -1;
        }
        if (t->at[a][what] >= 0)
            return clile_i_rows_fail(rows, "two columns \"%.*s\"",
                                     (int)(rows->end[k] - rows->begin[k]), rows->begin[k]);
        t->at[a][what] = k;
    }
    if (t->c == 0)
        return clile_i_rows_fail(
            rows, "no column of an AU, expected AU12, AU12_r, AU12_c, AU12_p, au_12 or "
                  "au_12_intensity");
    if (t->at_image < 0 && t->at_frame < 0)
        return clile_i_rows_fail(rows, "no column \"image\", \"input\", \"path\" or \"frame\" says "
                                       "which image a row is of");
    return CLILE_OK;
}

/* Drops the AUs that the data set does not have. */
static clile_status choose_aus(table *t, const clile_dataset *data)
{
    clile_status status = CLILE_OK;
    const int32_t c = clile_dataset_au_count(data);
    int32_t *ids = NULL, kept = 0;
    CLILE_I_ALLOC(ids, c);
    CLILE_I_TRY(clile_dataset_copy_au_ids(data, ids));
    for (int32_t a = 0; a < t->c; ++a) {
        int32_t k = 0;
        while (k < c && ids[k] != t->au[a]) ++k;
        if (k == c) continue;
        t->au[kept] = t->au[a];
        memmove(t->at[kept++], t->at[a], sizeof t->at[a]);
    }
    t->c = kept;
    if (kept == 0) status = clile_i_rows_fail(&t->rows, "no column of an AU that the data set has");
cleanup:
    clile_i_free(ids);
    return status;
}

/* ---- which image ---- */

static const char *base_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash != NULL ? slash + 1 : name;
}

static int by_base(const void *left, const void *right)
{
    const image *a = left, *b = right;
    const int order = strcmp(base_of(a->name), base_of(b->name));
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

/* Whether one path ends with the other, at a folder. */
static int is_end(const char *left, const char *right)
{
    const size_t a = strlen(left), b = strlen(right);
    const char *longer = a > b ? left : right, *shorter = a > b ? right : left;
    const size_t more = a > b ? a - b : b - a;
    return strcmp(longer + more, shorter) == 0 && (more == 0 || longer[more - 1] == '/');
}

/* The number at the end of "a/b_0012.png"; -1: none. */
static int64_t number_of(const char *name)
{
    const char *base = base_of(name), *point = strrchr(base, '.');
    const char *end = point != NULL ? point : base + strlen(base), *begin = end;
    int64_t number = -1;
    while (begin > base && begin[-1] >= '0' && begin[-1] <= '9') --begin;
    return begin < end && clile_i_parse_i64(begin, end, &number) ? number : -1;
}

static clile_status ambiguous(const table *t, const char *what, int64_t first, int64_t second)
{
    return clile_i_rows_fail(&t->rows, "\"%.80s\" may be the image %.120s or %.120s", what,
                             clile_dataset_get_image_name(t->data, first),
                             clile_dataset_get_image_name(t->data, second));
}

/* *index: -1 if the data set has no such image. */
static clile_status find_path(const table *t, const char *path, int64_t *index)
{
    int64_t low = 0, high = t->n;
    *index = -1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (strcmp(base_of(t->by_base[middle].name), base_of(path)) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < t->n && strcmp(base_of(t->by_base[low].name), base_of(path)) == 0; ++low) {
        if (!is_end(t->by_base[low].name, path)) continue;
        if (*index >= 0) return ambiguous(t, path, *index, t->by_base[low].index);
        *index = t->by_base[low].index;
    }
    return CLILE_OK;
}

static clile_status find_number(const table *t, int64_t number, int64_t *index)
{
    char text[32];
    *index = -1;
    snprintf(text, sizeof text, "frame %lld", (long long)number);
    for (int64_t k = 0; k < t->n; ++k) {
        if (number_of(t->by_base[k].name) != number) continue;
        if (*index >= 0) return ambiguous(t, text, *index, t->by_base[k].index);
        *index = t->by_base[k].index;
    }
    return CLILE_OK;
}

static clile_status find_image(const table *t, int64_t *index)
{
    const clile_i_rows *rows = &t->rows;
    char path[4096];
    double frame = 0.0;
    if (t->at_image >= 0) {
        const char *end = rows->end[t->at_image],
                   *begin = clile_i_csv_name(rows->begin[t->at_image], end);
        if ((size_t)(end - begin) >= sizeof path)
            return clile_i_rows_fail(rows, "a path of %lld bytes", (long long)(end - begin));
        memcpy(path, begin, (size_t)(end - begin));
        path[end - begin] = '\0';
        for (char *at = path; *at != '\0'; ++at)
            if (*at == '\\') *at = '/';
        clile_i_path_plain(path);
        if (clile_i_image_kind_of_name(path) != CLILE_I_IMAGE_NONE || t->at_frame < 0)
            return find_path(t, path, index);
    }
    if (!clile_i_parse_f64(rows->begin[t->at_frame], rows->end[t->at_frame], &frame) ||
        frame != floor(frame) || !clile_i_is_within(frame, 0.0, 1e15))
        return clile_i_rows_fail(rows, "column %lld is not a frame number",
                                 (long long)t->at_frame + 1);
    return find_number(t, (int64_t)frame, index);
}

/* ---- values ---- */

static int is_missing(const clile_i_rows *rows, int64_t field)
{
    return rows->begin[field] == rows->end[field] || clile_i_rows_is_nan(rows, field);
}

static clile_status read_number(const table *t, int32_t a, kind what, double least, double most,
                                const char *expected, double *out)
{
    const clile_i_rows *rows = &t->rows;
    const int64_t field = t->at[a][what];
    const ptrdiff_t size = rows->end[field] - rows->begin[field];
    if (clile_i_parse_f64(rows->begin[field], rows->end[field], out) &&
        clile_i_is_within(*out, least, most))
        return CLILE_OK;
    return clile_i_rows_fail(rows, "column %lld is \"%.*s\", expected %s of AU %d",
                             (long long)field + 1, size < 40 ? (int)size : 40, rows->begin[field],
                             expected, (int)t->au[a]);
}

static clile_status read_au(table *t, int32_t a, int64_t to)
{
    const int64_t *at = t->at[a];
    double value = 0.0, score = 0.0, decision = -1.0, probability = NAN;
    int ranked = 0;
    if (at[DECISION] >= 0) {
        CLILE_I_RETURN_IF(read_number(t, a, DECISION, 0.0, 1.0, "a decision (0 or 1)", &decision));
        if (decision != 0.0 && decision != 1.0)
            return clile_i_rows_fail(&t->rows, "a decision of AU %d is %g, expected 0 or 1",
                                     (int)t->au[a], decision);
        score = decision;
    }
    if (at[PLAIN] >= 0 || at[PROBABILITY] >= 0) {
        const kind what = at[PROBABILITY] >= 0 ? PROBABILITY : PLAIN;
        CLILE_I_RETURN_IF(
            read_number(t, a, what, 0.0, 1.0, "a probability (0 to 1)", &probability));
        if (decision < 0.0)
            decision = what == PLAIN ? probability >= PRESENT_PLAIN : probability > 0.5;
        score = probability;
        ranked = 1;
    }
    if (at[INTENSITY] >= 0 && !ranked) {
        CLILE_I_RETURN_IF(read_number(t, a, INTENSITY, 0.0, 5.0, "an intensity (0 to 5)", &value));
        if (decision < 0.0) decision = value >= PRESENT_INTENSITY;
        score = value;
    }
    if (at[SCORE] >= 0) {
        CLILE_I_RETURN_IF(read_number(t, a, SCORE, -3e38, 3e38, "a score", &score));
        if (decision < 0.0)
            return clile_i_rows_fail(&t->rows, "a score of AU %d without a decision (AU%02d_c)",
                                     (int)t->au[a], (int)t->au[a]);
    }
    t->score[to] = (float)score;
    t->probability[to] = (float)probability;
    t->chosen[to] = decision == 1.0;
    if (t->score[to] < t->least[a]) t->least[a] = t->score[to];
    return CLILE_OK;
}

/* No face: success is 0, or no AU has a value. */
static clile_status has_face(const table *t, int8_t *face)
{
    const clile_i_rows *rows = &t->rows;
    double success = 1.0;
    int known = 0;
    if (t->at_success >= 0 &&
        (!clile_i_parse_f64(rows->begin[t->at_success], rows->end[t->at_success], &success) ||
         (success != 0.0 && success != 1.0)))
        return clile_i_rows_fail(rows, "success is neither 0 nor 1");
    for (int32_t a = 0; a < t->c; ++a)
        for (int k = 0; k < KINDS; ++k) known |= t->at[a][k] >= 0 && !is_missing(rows, t->at[a][k]);
    *face = success == 1.0 && known;
    return CLILE_OK;
}

static clile_status read_row(table *t)
{
    int64_t index = -1;
    CLILE_I_RETURN_IF(clile_i_rows_expect(&t->rows, t->columns));
    CLILE_I_RETURN_IF(find_image(t, &index));
    if (index < 0) {
        if (t->surplus++ == 0) t->surplus_line = t->rows.lines.line;
        return CLILE_OK;
    }
    if (t->line[index] != 0)
        return clile_i_rows_fail(&t->rows,
                                 "image %.200s was there before, in row %lld; a table has one row "
                                 "(one face) for each image",
                                 clile_dataset_get_image_name(t->data, index),
                                 (long long)t->line[index]);
    t->line[index] = t->rows.lines.line;
    CLILE_I_RETURN_IF(has_face(t, &t->face[index]));
    t->faceless += !t->face[index];
    for (int32_t a = 0; a < t->c && t->face[index]; ++a)
        CLILE_I_RETURN_IF(read_au(t, a, index * t->c + a));
    return CLILE_OK;
}

/* ---- all of it ---- */

static void table_free(table *t)
{
    if (t == NULL) return;
    void *const blocks[] = {t->by_base, t->line,        t->face, t->chosen,
                            t->score,   t->probability, t->least};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; ++k) clile_i_free(blocks[k]);
    clile_i_rows_close(&t->rows);
    clile_i_free(t);
}

static clile_status read_table(const char *path, table *t)
{
    clile_status status = CLILE_OK;
    int32_t more = 0;
    CLILE_I_TRY(clile_i_rows_open("predictions", path, INT64_MAX, &t->rows));
    t->rows.breaks = 1;
    CLILE_I_TRY(clile_i_rows_next(&t->rows, &more));
    if (!more) return clile_i_fail(CLILE_E_FORMAT, "predictions %s is empty", t->rows.name);
    CLILE_I_TRY(read_header(t));
    CLILE_I_TRY(choose_aus(t, t->data));
    t->n = clile_dataset_size(t->data);
    CLILE_I_ALLOC(t->by_base, t->n);
    CLILE_I_ALLOC(t->line, t->n);
    CLILE_I_ALLOC(t->face, t->n);
    CLILE_I_ALLOC(t->chosen, t->n * t->c);
    CLILE_I_ALLOC(t->score, t->n * t->c);
    CLILE_I_ALLOC(t->probability, t->n * t->c);
    CLILE_I_ALLOC(t->least, t->c);
    for (int64_t k = 0; k < t->n; ++k)
        t->by_base[k] = (image){clile_dataset_get_image_name(t->data, k), k};
    qsort(t->by_base, (size_t)t->n, sizeof *t->by_base, by_base);
    for (;;) {
        CLILE_I_TRY(clile_i_rows_next(&t->rows, &more));
        if (!more) break;
        CLILE_I_TRY(read_row(t));
    }
cleanup:
    return status;
}

/* The images of one test part. */
typedef struct {
    float *score, *probability;
    int8_t *present, *labels, *all;
    int32_t *subject, *ids;
    const char **people, **images;
} part_rows;

static void part_free(const part_rows *p)
{
    void *const blocks[] = {p->score,   p->probability, p->present,        p->labels,        p->all,
                            p->subject, p->ids,         (void *)p->people, (void *)p->images};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; ++k) clile_i_free(blocks[k]);
}

/* Row i of the part, from the image of this name. */
static clile_status take(const table *t, int32_t absent, const part_rows *p, int64_t i)
{
    int64_t index = -1;
    CLILE_I_RETURN_IF(find_path(t, p->images[i], &index));
    if (t->line[index] == 0 && !absent)
        return clile_i_fail(CLILE_E_FORMAT,
                            "predictions %s has no row for the image %s; absent=1 counts such "
                            "images as images without any AU",
                            t->rows.name, p->images[i]);
    for (int32_t a = 0; a < t->c; ++a) {
        const int64_t to = i * t->c + a, from = index * t->c + a;
        p->score[to] = t->face[index] ? t->score[from] : t->least[a] - 1.0f;
        p->probability[to] = t->face[index] ? t->probability[from] : NAN;
        p->present[to] = t->chosen[from];
    }
    return CLILE_OK;
}

static clile_status add_part(const table *t, const clile_dataset *test, int32_t absent,
                             const clile_evaluation_part *part, clile_evaluation *e)
{
    clile_status status = CLILE_OK;
    part_rows p = {0};
    const int64_t n = clile_dataset_size(test);
    const int32_t c = clile_dataset_au_count(test), people = clile_dataset_subject_count(test);
    CLILE_I_ALLOC(p.score, n * t->c);
    CLILE_I_ALLOC(p.probability, n * t->c);
    CLILE_I_ALLOC(p.present, n * t->c);
    CLILE_I_ALLOC(p.labels, n * t->c);
    CLILE_I_ALLOC(p.all, n * c);
    CLILE_I_ALLOC(p.subject, n);
    CLILE_I_ALLOC(p.ids, c);
    CLILE_I_ALLOC(p.people, people);
    CLILE_I_ALLOC(p.images, n);
    CLILE_I_TRY(clile_dataset_copy_au_ids(test, p.ids));
    CLILE_I_TRY(clile_dataset_copy_labels(test, 0, n, p.all));
    CLILE_I_TRY(clile_dataset_copy_subjects(test, 0, n, p.subject));
    for (int32_t s = 0; s < people; ++s) p.people[s] = clile_dataset_get_subject_name(test, s);
    for (int64_t i = 0; i < n; ++i) {
        p.images[i] = clile_dataset_get_image_name(test, i);
        CLILE_I_TRY(take(t, absent, &p, i));
        for (int32_t k = 0; k < c; ++k)
            for (int32_t a = 0; a < t->c; ++a)
                if (p.ids[k] == t->au[a]) p.labels[i * t->c + a] = p.all[i * c + k];
    }
    status = clile_evaluation_add_part(e, part, n, p.score, p.probability, p.present, p.labels,
                                       p.subject, (const char *const *)p.people,
                                       (const char *const *)p.images);
cleanup:
    part_free(&p);
    return status;
}

/* What was left out: lines for people. */
static clile_status write_notes(const table *t, char **out)
{
    clile_status status = CLILE_OK;
    clile_i_text text = {0};
    int64_t missing = 0;
    const int32_t c = clile_dataset_au_count(t->data);
    int32_t *ids = NULL;
    CLILE_I_ALLOC(ids, c);
    CLILE_I_TRY(clile_dataset_copy_au_ids(t->data, ids));
    clile_i_text_append_bytes(&text, "", 0);
    for (int32_t k = 0; k < c; ++k) {
        int32_t a = 0;
        while (a < t->c && t->au[a] != ids[k]) ++a;
        if (a == t->c)
            clile_i_text_append(&text, "the table has no AU%d, which the data set has\n",
                                (int)ids[k]);
    }
    for (int64_t k = 0; k < t->n; ++k) missing += t->line[k] == 0;
    if (missing > 0)
        clile_i_text_append(&text, "images without a row in the table: %lld\n", (long long)missing);
    if (t->faceless > 0)
        clile_i_text_append(&text, "rows without a face, counted as no AU present: %lld\n",
                            (long long)t->faceless);
    if (t->surplus > 0)
        clile_i_text_append(&text,
                            "rows of images that the data set does not have: %lld, the "
                            "first is row %lld\n",
                            (long long)t->surplus, (long long)t->surplus_line);
    status = text.status;
    if (status == CLILE_OK) {
        *out = text.data;
        text.data = NULL;
    }
cleanup:
    clile_i_text_free(&text);
    clile_i_free(ids);
    return status;
}

/* Adds the part of one fold; 0: the whole data set. */
static clile_status add_fold(const table *t, const char *protocol, int32_t fold, int32_t absent,
                             const char *path, clile_evaluation *e)
{
    clile_dataset *test = NULL;
    const clile_evaluation_part part = {.struct_size = sizeof part,
                                        .fold = fold,
                                        .seed = -1,
                                        .model = path,
                                        .protocol = fold > 0 ? protocol : "none"};
    clile_status status = fold > 0 ? clile_dataset_fold(t->data, protocol, fold, NULL, &test)
                                   : clile_dataset_fold(t->data, "all", 1, NULL, &test);
    if (status == CLILE_OK) status = add_part(t, test, absent, &part, e);
    clile_dataset_destroy(test);
    return status;
}

clile_status clile_evaluation_load_predictions(const char *path, const clile_dataset *dataset,
                                               const char *protocol, int32_t fold, int32_t absent,
                                               clile_evaluation **out, char **notes)
{
    clile_status status = CLILE_OK;
    clile_evaluation *made = NULL;
    table *t = NULL;
    int32_t folds = 0;
    char *told = NULL;
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(protocol);
    CLILE_I_CHECK_NOT_NULL(out);
    const int whole = strcmp(protocol, "none") == 0 || strcmp(protocol, "all") == 0;
    if (!whole) CLILE_I_RETURN_IF(clile_dataset_fold_count(dataset, protocol, &folds));
    if (fold < 0 || (fold > 0 && fold > folds))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: fold is %d, expected 0 to %d", __func__,
                            (int)fold, (int)folds);
    CLILE_I_ALLOC(t, 1);
    t->data = dataset;
    CLILE_I_TRY(read_table(path, t));
    CLILE_I_TRY(clile_evaluation_create(t->c, t->au, &made));
    for (int32_t k = 0; k <= folds; ++k)
        if (whole ? k == 0 : k > 0 && (fold == 0 || fold == k))
            CLILE_I_TRY(add_fold(t, protocol, k, absent, path, made));
    if (notes != NULL) CLILE_I_TRY(write_notes(t, &told));
    *out = made;
    made = NULL;
    if (notes != NULL) *notes = told;
cleanup:
    clile_evaluation_destroy(made);
    table_free(t);
    return status;
}
