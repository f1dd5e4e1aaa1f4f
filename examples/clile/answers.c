/* Answers of `clile predict` as CSV, JSON lines or a table. The same names everywhere: AU01_p is
 * the probability, 0 to 1, AU01_c the decision, 0 or 1. Probabilities have nine digits, enough to
 * give the exact float: a printed one is above 0.5 exactly when the decision is 1. A row without
 * success has no values. */
#include "predict.h"

#include <math.h>
#include <string.h>

/* Longer names lose their beginning, which is folders. */
enum { NAME_WIDTH = 24 };

void answers_begin(const answers *a)
{
    if (a->form == FORM_CSV) {
        printf("frame,%s%s,success", a->with_time ? "time," : "",
               a->with_people ? "person" : "image");
        for (int32_t k = 0; k < a->c; ++k)
            printf(",AU%02d_p,AU%02d_c", (int)a->au_ids[k], (int)a->au_ids[k]);
        printf("%s%s%s\n", a->with_people ? ",found" : "", a->with_faces ? ",face" : "",
               a->with_boxes ? ",x,y,w,h" : "");
    } else if (a->form == FORM_TABLE) {
        if (a->with_people)
            printf("%8s %10s %6s", "frame", "time", "person");
        else
            printf("%-*s", NAME_WIDTH, "image");
        if (a->with_faces) printf(" face");
        for (int32_t k = 0; k < a->c; ++k) printf("  AU%-3d", (int)a->au_ids[k]);
        printf("   * present\n");
    }
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
    for (int32_t k = 0; k < a->c; ++k)
        printf("  %.2f%c", (double)row->probability[k], row->present[k] ? '*' : ' ');
    printf("\n");
}

void answers_print(answers *a, const answer *row)
{
    ++a->rows;
    if (!row->success && row->message) {
        const int64_t shown = (int64_t)(sizeof a->messages / sizeof a->messages[0]);
        if (a->failures < shown)
            snprintf(a->messages[a->failures], MESSAGE_SIZE, "%s", row->message);
        ++a->failures;
    }
    if (a->form == FORM_CSV)
        print_csv(a, row);
    else if (a->form == FORM_JSON)
        print_json(a, row);
    else
        print_table(a, row);
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
