/* A sheet of the peaks of a film: for each person a row of faces, one for each AU that was present,
 * at the moment when it was most probable. */
#include "canvas.h"
#include "course.h"

#include <stdlib.h>

enum {
    EDGE = 12,
    HEAD = 28,
    GAP = 10,
    LINE = 11, /* of small text */
    CELL = PEAK_SIDE + GAP,
    ACROSS = 8,
    CELL_H = PEAK_SIDE + 2 * LINE + GAP + 2
};

static const colour paper = {250, 250, 248}, ink = {35, 35, 40}, tick = {90, 90, 95};

static int is_shown(const strip *t)
{
    return t->has_picture && t->peak > 0.5f;
}

static int count_shown(const course *c, const someone *one)
{
    int count = 0;
    for (int32_t au = 0; au < c->c; ++au) count += is_shown(&one->strips[au]);
    return count;
}

static int rows_of(const course *c, const someone *one)
{
    const int shown = count_shown(c, one);
    return shown > 0 ? (shown + ACROSS - 1) / ACROSS : 0;
}

static void put_person(canvas *all, const course *c, const someone *one, int64_t y)
{
    char text[64];
    int at = 0;
    snprintf(text, sizeof text, "person %lld, in %lld of %lld frames%s", (long long)one->person,
             (long long)one->frames, (long long)c->frames,
             count_shown(c, one) ? "" : ", no AU was present");
    canvas_text(all, 2, EDGE, y + 4, text, ink);
    for (int32_t au = 0; au < c->c; ++au) {
        const strip *t = &one->strips[au];
        if (!is_shown(t)) continue;
        const int64_t x = EDGE + (int64_t)(at % ACROSS) * CELL,
                      top = y + HEAD + (int64_t)(at / ACROSS) * CELL_H;
        canvas_image(all, x, top, 1, PEAK_SIDE, PEAK_SIDE, t->picture);
        snprintf(text, sizeof text, "AU%d  %.2f", (int)c->au_ids[au], (double)t->peak);
        canvas_text(all, 1, x, top + PEAK_SIDE + 3, text, ink);
        snprintf(text, sizeof text, "%.2f S", t->peak_time);
        canvas_text(all, 1, x, top + PEAK_SIDE + 3 + LINE, text, tick);
        ++at;
    }
}

int film_sheet_write(const course *c, const char *path)
{
    canvas all = {2 * EDGE + HEAD, 2 * EDGE + (int64_t)ACROSS * CELL - GAP, NULL};
    for (int i = 0; i < c->people; ++i) all.h += HEAD + rows_of(c, c->one[i]) * (int64_t)CELL_H;
    all.rgb = malloc(3 * (size_t)all.h * (size_t)all.w);
    if (all.rgb == NULL) {
        fprintf(stderr, "clile: %s: no memory for a sheet of %lld x %lld pixels\n", path,
                (long long)all.w, (long long)all.h);
        return EXIT_FAILED;
    }
    canvas_fill(&all, 0, 0, all.w, all.h, paper);
    canvas_text(&all, 2, EDGE, EDGE, c->people ? "peaks of action units" : "no face was found",
                ink);
    int64_t y = EDGE + HEAD;
    for (int i = 0; i < c->people; ++i) {
        put_person(&all, c, c->one[i], y);
        y += HEAD + rows_of(c, c->one[i]) * (int64_t)CELL_H;
    }
    const clile_status status =
        clile_image_write_png(path, (int32_t)all.h, (int32_t)all.w, all.rgb);
    free(all.rgb);
    return status == CLILE_OK ? EXIT_FINE : failed(NULL);
}
