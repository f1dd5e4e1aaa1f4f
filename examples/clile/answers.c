/* Answers of `clile predict` as CSV, JSON lines or a table. The same names everywhere: AU01_p is
 * the probability, 0 to 1, AU01_c the decision, 0 or 1, AU01_r the intensity, 0 to 5, of a model
 * that knows it. Probabilities have nine digits, enough to
 * give the exact float: a printed one is above 0.5 exactly when the decision is 1. A row without
 * success has no values. */
#include "course.h"
#include "points.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longer names lose their beginning, which is folders. */
enum { NAME_WIDTH = 24 };

static void begin_csv(const answers *a)
{
    printf("frame,%s%s,success", a->with_time ? "time," : "", a->with_people ? "person" : "image");
    for (int32_t k = 0; k < a->c; ++k) {
        printf(",AU%02d_p,AU%02d_c", (int)a->au_ids[k], (int)a->au_ids[k]);
        if (a->graded) printf(",AU%02d_r", (int)a->au_ids[k]);
    }
    printf("%s%s%s", a->with_people ? ",found" : "", a->with_faces ? ",face" : "",
           a->with_boxes ? ",x,y,w,h" : "");
    for (int32_t k = 0; k < a->c && a->neutral != NULL; ++k)
        printf(",AU%02d_np,AU%02d_nc", (int)a->au_ids[k], (int)a->au_ids[k]);
    printf("\n");
}

static void print_csv(const answers *a, const answer *row)
{
    printf("%lld,", (long long)row->frame);
    if (a->with_time && !isnan(row->time)) printf("%.6f", row->time);
    if (a->with_time) printf(",");
    if (row->image) csv_text(stdout, row->image);
    if (a->with_people && row->success) printf("%lld", (long long)row->person);
    printf(",%d", row->success);
    for (int32_t k = 0; k < a->c; ++k) {
        if (row->success)
            printf(",%.9g,%d", (double)row->probability[k], (int)row->present[k]);
        else
            printf(",,");
        if (a->graded) printf(",");
        if (a->graded && row->success) printf("%.9g", (double)row->intensity[k]);
    }
    if (a->with_people) printf(",");
    if (a->with_people && row->success) printf("%d", (int)row->found);
    if (a->with_faces) printf(",%lld", (long long)row->face);
    for (int k = 0; k < 4 && a->with_boxes; ++k) {
        if (row->box)
            printf(",%.9g", (double)row->box[k]);
        else
            printf(",");
    }
    for (int32_t k = 0; k < a->c && a->neutral != NULL; ++k) {
        if (row->centred)
            printf(",%.9g,%d", (double)row->centred[k], (int)row->centred_present[k]);
        else
            printf(",,");
    }
    printf("\n");
}

static void print_json(const answers *a, const answer *row)
{
    static const char *const sides[4] = {"x", "y", "w", "h"};
    json j = {.out = stdout};
    char key[16];
    json_open(&j, NULL, '{');
    json_integer(&j, "frame", row->frame);
    if (a->with_time) json_real(&j, "time", row->time);
    if (!a->with_people) json_text(&j, "image", row->image);
    if (a->with_people && row->success) {
        json_integer(&j, "person", row->person);
        json_integer(&j, "found", row->found);
    }
    if (a->with_faces) json_integer(&j, "face", row->face);
    json_integer(&j, "success", row->success);
    for (int k = 0; k < 4 && row->box; ++k) json_real(&j, sides[k], (double)row->box[k]);
    for (int32_t k = 0; k < a->c && row->success; ++k) {
        snprintf(key, sizeof key, "AU%02d_p", (int)a->au_ids[k]);
        json_real(&j, key, (double)row->probability[k]);
        snprintf(key, sizeof key, "AU%02d_c", (int)a->au_ids[k]);
        json_integer(&j, key, row->present[k]);
        snprintf(key, sizeof key, "AU%02d_r", (int)a->au_ids[k]);
        if (row->intensity) json_real(&j, key, (double)row->intensity[k]);
    }
    for (int32_t k = 0; k < a->c && row->centred; ++k) {
        snprintf(key, sizeof key, "AU%02d_np", (int)a->au_ids[k]);
        json_real(&j, key, (double)row->centred[k]);
        snprintf(key, sizeof key, "AU%02d_nc", (int)a->au_ids[k]);
        json_integer(&j, key, row->centred_present[k]);
    }
    if (row->points > 0) {
        json_open(&j, "landmarks", '[');
        for (int32_t k = 0; k < row->points; ++k) {
            json_open(&j, NULL, '[');
            json_real(&j, NULL, (double)row->xy[2 * k]);
            json_real(&j, NULL, (double)row->xy[2 * k + 1]);
            json_close(&j, ']');
        }
        json_close(&j, ']');
    }
    if (!row->success) json_text(&j, "message", row->message ? row->message : "no face");
    json_close(&j, '}');
}

static void begin_json(const answers *a)
{
    (void)a; /* each line has the names */
}

static void begin_table(const answers *a)
{
    if (a->with_people)
        printf("%8s %10s %6s", "frame", "time", "person");
    else
        printf("%-*s", NAME_WIDTH, "image");
    if (a->with_faces) printf(" face");
    for (int32_t k = 0; k < a->c; ++k) printf("  AU%-3d", (int)a->au_ids[k]);
    printf("   * present\n");
}

/* The columns before the AUs. */
static void print_place(const answers *a, const answer *row)
{
    char number[32];
    if (a->with_people) {
        printf("%8lld %10.3f", (long long)row->frame, row->time);
        if (row->success) printf(" %6lld", (long long)row->person);
        return;
    }
    snprintf(number, sizeof number, "frame %lld", (long long)row->frame);
    const char *name = row->image ? row->image : number;
    const size_t length = strlen(name);
    if (length > NAME_WIDTH)
        printf("..%s", name + length - NAME_WIDTH + 2);
    else
        printf("%-*s", NAME_WIDTH, name);
    if (a->with_faces) printf(" %4lld", (long long)row->face);
}

static void print_table(const answers *a, const answer *row)
{
    print_place(a, row);
    if (!row->success) {
        printf(row->message ? "  no answer\n" : "  no face\n");
        return;
    }
    /* a table has room for one of them */
    const float *probability = row->centred ? row->centred : row->probability;
    const int8_t *present = row->centred ? row->centred_present : row->present;
    for (int32_t k = 0; k < a->c; ++k)
        printf("  %.2f%c", (double)probability[k], present[k] ? '*' : ' ');
    printf("\n");
}

/* ---- the forms ---- */

static const struct {
    const char *name;
    void (*begin)(const answers *a);
    void (*row)(const answers *a, const answer *row);
    int neutral; /* has columns for it */
} forms[FORMS] = {
    {"table", begin_table, print_table, 1},  {"csv", begin_csv, print_csv, 1},
    {"json", begin_json, print_json, 1},     {"tidy", tidy_begin, tidy_row, 1},
    {"pyfeat", pyfeat_begin, pyfeat_row, 0}, {"openface", openface_begin, openface_row, 0},
};

answer_form answers_form(const char *name)
{
    int form = 0;
    while (form < FORMS && strcmp(forms[form].name, name) != 0) ++form;
    return (answer_form)form;
}

const char *answers_form_names(void)
{
    static char text[128];
    text[0] = '\0';
    for (int k = 0; k < FORMS; ++k) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s",
                 k == 0           ? ""
                 : k == FORMS - 1 ? " or "
                                  : ", ",
                 forms[k].name);
    }
    return text;
}

int answers_form_has_neutral(answer_form form)
{
    return forms[form].neutral;
}

int answers_expect_intensity(answers *a, const clile_model *model)
{
    if (!clile_model_has_intensity(model)) return EXIT_FINE;
    a->embedding = calloc((size_t)clile_model_embedding_size(model), sizeof *a->embedding);
    if (a->embedding == NULL) return out_of_memory();
    a->graded = model;
    return EXIT_FINE;
}

const float *answers_intensity(const answers *a, float *to)
{
    return a->graded && clile_model_estimate_intensity(a->graded, 1, a->embedding, to) == CLILE_OK
               ? to
               : NULL;
}

void answers_begin(const answers *a)
{
    forms[a->form].begin(a);
}

static void print_row(answers *a, const answer *row)
{
    forms[a->form].row(a, row);
    if (a->course != NULL) course_add(a->course, row, a->picture);
}

/* ---- beside a person's own neutral ---- */

/* Of images, the largest face of each is one person's; 0: nobody's. */
static int64_t whose(const answers *a, const answer *row)
{
    if (!row->success) return 0;
    return a->with_people ? row->person : row->face == 1;
}

static void print_centred(answers *a, answer row)
{
    float centred[MAX_AUS];
    int8_t present[MAX_AUS];
    const int64_t person = whose(a, &row);
    if (person > 0 &&
        clile_neutral_apply(a->neutral, person, row.probability, centred, present) == CLILE_OK) {
        row.centred = centred;
        row.centred_present = present;
    }
    print_row(a, &row);
}

int answers_print_kept(answers *a)
{
    static row_room room;
    answer row;
    if (a->kept == NULL) return EXIT_FINE;
    int fine = !ferror(a->kept) && fflush(a->kept) == 0;
    rewind(a->kept);
    a->picture = NULL; /* the frames are gone */
    for (int64_t i = 0; i < a->rows && fine && !ferror(stdout); ++i) {
        fine = row_read(a->kept, a->c, &room, &row);
        if (fine) print_centred(a, row);
    }
    fclose(a->kept);
    a->kept = NULL;
    if (!fine) fprintf(stderr, "clile: the file in which rows are kept: %s\n", strerror(errno));
    return fine ? EXIT_FINE : EXIT_FAILED;
}

static void put_points(answers *a, const answer *row)
{
    const points_row points = {.image = row->image,
                               .frame = row->frame,
                               .number = a->with_people ? row->person : row->face,
                               .box = row->success ? row->box : NULL,
                               .points = row->success ? row->points : 0,
                               .xy = row->xy};
    if (a->points == NULL || a->without_points) return;
    a->without_points = points_add(a->points, &points) != EXIT_FINE;
}

void answers_print(answers *a, const answer *row)
{
    if (a->share != NULL) {
        row_keep(a->share, a->c, row);
        return;
    }
    ++a->rows;
    put_points(a, row);
    if (!row->success && row->message) {
        const int64_t shown = (int64_t)(sizeof a->messages / sizeof a->messages[0]);
        if (a->failures < shown)
            snprintf(a->messages[a->failures], MESSAGE_SIZE, "%s", row->message);
        ++a->failures;
    }
    if (a->neutral == NULL) {
        print_row(a, row);
        return;
    }
    if (whose(a, row) > 0 &&
        clile_neutral_add(a->neutral, whose(a, row), row->probability) != CLILE_OK)
        failed(NULL); /* the row is printed without these columns, or beside the frames before */
    if (a->running)
        print_centred(a, *row);
    else if (a->kept != NULL)
        row_keep(a->kept, a->c, row);
}

int answers_end(const answers *a)
{
    const int64_t shown = (int64_t)(sizeof a->messages / sizeof a->messages[0]);
    if (a->form == FORM_TABLE) {
        printf("\n");
        for (int32_t k = 0; k < a->c; ++k)
            printf("AU%-3d %s\n", (int)a->au_ids[k], au_name(a->au_ids[k]));
    }
    if (a->failures == 0) return EXIT_FINE;
    fflush(stdout);
    fprintf(stderr, "clile: no answer for %lld of %lld:\n", (long long)a->failures,
            (long long)a->rows);
    for (int64_t i = 0; i < a->failures && i < shown; ++i)
        fprintf(stderr, "  %s\n", a->messages[i]);
    if (a->failures > shown) fprintf(stderr, "  and %lld more\n", (long long)(a->failures - shown));
    return EXIT_FAILED;
}
