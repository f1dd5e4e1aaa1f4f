/* The picture of an answer: the image, and beside it for each face a panel with a bar for each
 * AU. */
#include "canvas.h"
#include "predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCALE = 2, ROW = 30, HEAD = 30, EDGE = 12, BAR = 150, PANEL = 292, LEAST_HEIGHT = 240 };

static const colour paper = {250, 250, 248}, ink = {35, 35, 40}, pale = {222, 222, 220},
                    absent = {150, 160, 175}, present = {226, 106, 44}, tick = {90, 90, 95};

/* Positions from files can be any finite number. */
static int64_t pixel(float value, int64_t zoom)
{
    return (int64_t)fmin(fmax((double)value * (double)zoom, -1e6), 1e6);
}

static void put_face(canvas *c, int64_t image_w, int64_t zoom, const face *f, int number)
{
    float left = f->box[0], top = f->box[1], right = f->box[0] + f->box[2],
          bottom = f->box[1] + f->box[3];
    char text[16];
    canvas image = *c; /* stays within the image */
    if (!f->has_box && f->points == 0) return;
    for (int32_t i = 0; i < f->points && !f->has_box; ++i) {
        left = i == 0 ? f->xy[0] : fminf(left, f->xy[2 * i]);
        right = i == 0 ? f->xy[0] : fmaxf(right, f->xy[2 * i]);
        top = i == 0 ? f->xy[1] : fminf(top, f->xy[2 * i + 1]);
        bottom = i == 0 ? f->xy[1] : fmaxf(bottom, f->xy[2 * i + 1]);
    }
    const int64_t x = pixel(left, zoom), y = pixel(top, zoom);
    const int64_t w = pixel(right, zoom) - x, h = pixel(bottom, zoom) - y;
    canvas_frame(&image, x, y, w < image_w - x ? w : image_w - x, h, present);
    for (int32_t i = 0; i < f->points; ++i)
        if (pixel(f->xy[2 * i], zoom) + 2 <= image_w)
            canvas_fill(&image, pixel(f->xy[2 * i], zoom), pixel(f->xy[2 * i + 1], zoom), 2, 2,
                        paper);
    snprintf(text, sizeof text, "%d", number);
    const int64_t label_w = (int64_t)strlen(text) * (GLYPH_W + 1) * SCALE + 4,
                  label_x = x < 0 ? 0 : x;
    if (label_x + label_w > image_w) return;
    canvas_fill(&image, label_x, y < 0 ? 0 : y, label_w, GLYPH_H * SCALE + 6, present);
    canvas_text(&image, SCALE, label_x + 3, (y < 0 ? 0 : y) + 3, text, paper);
}

static void put_panel(canvas *c, int64_t x, int32_t count, const int32_t *au_ids,
                      const drawn_face *f)
{
    char text[24];
    snprintf(text, sizeof text, "FACE %d", f->number);
    canvas_text(c, SCALE, x + EDGE, EDGE, text, ink);
    for (int32_t k = 0; k < count; ++k) {
        const int64_t y = HEAD + EDGE + (int64_t)k * ROW, bar = x + EDGE + 66;
        const colour shade = f->present[k] ? present : absent;
        snprintf(text, sizeof text, "AU%02d", (int)au_ids[k]);
        canvas_text(c, SCALE, x + EDGE, y, text, ink);
        canvas_text(c, 1, x + EDGE, y + GLYPH_H * SCALE + 3, au_name(au_ids[k]), tick);
        canvas_fill(c, bar, y, BAR, GLYPH_H * SCALE, pale);
        canvas_fill(c, bar, y, (int64_t)(f->probability[k] * (float)BAR + 0.5f), GLYPH_H * SCALE,
                    shade);
        /* to the right of it: present */
        canvas_fill(c, bar + BAR / 2, y - 2, 1, GLYPH_H * SCALE + 4, tick);
        snprintf(text, sizeof text, "%.2f", (double)f->probability[k]);
        canvas_text(c, SCALE, bar + BAR + 8, y, text, f->present[k] ? ink : tick);
    }
}

int draw_answer(const char *path, int32_t h, int32_t w, const uint8_t *rgb, int32_t c,
                const int32_t *au_ids, int faces, const drawn_face *drawn)
{
    const int64_t zoom = h >= LEAST_HEIGHT ? 1 : (LEAST_HEIGHT + h - 1) / h,
                  panel_h = HEAD + 2 * EDGE + (int64_t)c * ROW;
    const int64_t image_w = zoom * w, image_h = zoom * h;
    canvas all = {image_h > panel_h ? image_h : panel_h, image_w + (int64_t)PANEL * faces, NULL};
    if (all.w <= INT32_MAX && all.h <= INT32_MAX)
        all.rgb = malloc(3 * (size_t)all.h * (size_t)all.w);
    if (all.rgb == NULL) {
        fprintf(stderr, "clile: %s: no memory for a picture of %lld x %lld pixels\n", path,
                (long long)all.w, (long long)all.h);
        return EXIT_FAILED;
    }
    canvas_fill(&all, 0, 0, all.w, all.h, paper);
    canvas_image(&all, 0, 0, zoom, h, w, rgb);
    for (int i = 0; i < faces; ++i) {
        put_face(&all, image_w, zoom, &drawn[i].face, drawn[i].number);
        put_panel(&all, image_w + (int64_t)PANEL * i, c, au_ids, &drawn[i]);
    }
    const clile_status status =
        clile_image_write_png(path, (int32_t)all.h, (int32_t)all.w, all.rgb);
    free(all.rgb);
    return status == CLILE_OK ? EXIT_FINE : failed(NULL);
}
