/* The picture of an answer: the image, and beside it for each face a panel with a bar for each AU. Everything is drawn
 * pixel by pixel; the letters are a bitmap font of the few that are needed. */
#include "predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    GLYPH_W = 5,
    GLYPH_H = 7,
    SCALE = 2,
    ROW = 22,
    HEAD = 30,
    EDGE = 12,
    BAR = 150,
    PANEL = 292,
    LEAST_HEIGHT = 240
};

typedef struct {
    uint8_t r, g, b;
} colour;

static const colour paper = {250, 250, 248}, ink = {35, 35, 40}, pale = {222, 222, 220}, absent = {150, 160, 175},
                    present = {226, 106, 44}, tick = {90, 90, 95};

typedef struct {
    int64_t h, w;
    uint8_t *rgb;
} canvas;

static void fill(canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, colour k)
{
    for (int64_t v = y < 0 ? 0 : y; v < y + h && v < c->h; ++v)
        for (int64_t u = x < 0 ? 0 : x; u < x + w && u < c->w; ++u) {
            uint8_t *p = c->rgb + 3 * (v * c->w + u);
            p[0] = k.r;
            p[1] = k.g;
            p[2] = k.b;
        }
}

/* Rows of a glyph from the top, the leftmost pixel being bit 4. */
static const struct {
    char letter;
    uint8_t rows[GLYPH_H];
} font[] = {
    {'0', {14, 17, 19, 21, 25, 17, 14}}, {'1', {4, 12, 4, 4, 4, 4, 14}},      {'2', {14, 17, 1, 2, 4, 8, 31}},
    {'3', {31, 2, 4, 2, 1, 17, 14}},     {'4', {2, 6, 10, 18, 31, 2, 2}},     {'5', {31, 16, 30, 1, 1, 17, 14}},
    {'6', {6, 8, 16, 30, 17, 17, 14}},   {'7', {31, 1, 2, 4, 8, 8, 8}},       {'8', {14, 17, 17, 14, 17, 17, 14}},
    {'9', {14, 17, 17, 15, 1, 2, 12}},   {'.', {0, 0, 0, 0, 0, 12, 12}},      {'A', {14, 17, 17, 31, 17, 17, 17}},
    {'U', {17, 17, 17, 17, 17, 17, 14}}, {'F', {31, 16, 16, 30, 16, 16, 16}}, {'C', {14, 17, 16, 16, 16, 17, 14}},
    {'E', {31, 16, 16, 30, 16, 16, 31}},
};

static void write_text(canvas *c, int64_t x, int64_t y, const char *text, colour k)
{
    for (; *text; ++text, x += (GLYPH_W + 1) * SCALE)
        for (size_t g = 0; g < sizeof font / sizeof font[0]; ++g) {
            if (font[g].letter != *text) continue;
            for (int v = 0; v < GLYPH_H; ++v)
                for (int u = 0; u < GLYPH_W; ++u)
                    if (font[g].rows[v] >> (GLYPH_W - 1 - u) & 1)
                        fill(c, x + u * SCALE, y + v * SCALE, SCALE, SCALE, k);
        }
}

/* The image, enlarged by whole steps so that a small crop can be seen. */
static void put_image(canvas *c, int64_t zoom, int32_t h, int32_t w, const uint8_t *rgb)
{
    for (int64_t y = 0; y < h * zoom; ++y)
        for (int64_t x = 0; x < w * zoom; ++x)
            memcpy(c->rgb + 3 * (y * c->w + x), rgb + 3 * (y / zoom * w + x / zoom), 3);
}

static void put_frame(canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, colour k)
{
    fill(c, x, y, w, 2, k);
    fill(c, x, y + h - 2, w, 2, k);
    fill(c, x, y, 2, h, k);
    fill(c, x + w - 2, y, 2, h, k);
}

/* Positions in files may be anything that is finite. */
static int64_t pixel(float value, int64_t zoom)
{
    return (int64_t)fmin(fmax((double)value * (double)zoom, -1e6), 1e6);
}

static void put_face(canvas *c, int64_t image_w, int64_t zoom, const face *f, int number)
{
    float left = f->box[0], top = f->box[1], right = f->box[0] + f->box[2], bottom = f->box[1] + f->box[3];
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
    put_frame(&image, x, y, w < image_w - x ? w : image_w - x, h, present);
    for (int32_t i = 0; i < f->points; ++i)
        if (pixel(f->xy[2 * i], zoom) + 2 <= image_w)
            fill(&image, pixel(f->xy[2 * i], zoom), pixel(f->xy[2 * i + 1], zoom), 2, 2, paper);
    snprintf(text, sizeof text, "%d", number);
    const int64_t label_w = (int64_t)strlen(text) * (GLYPH_W + 1) * SCALE + 4, label_x = x < 0 ? 0 : x;
    if (label_x + label_w > image_w) return;
    fill(&image, label_x, y < 0 ? 0 : y, label_w, GLYPH_H * SCALE + 6, present);
    write_text(&image, label_x + 3, (y < 0 ? 0 : y) + 3, text, paper);
}

static void put_panel(canvas *c, int64_t x, int32_t count, const int32_t *au_ids, const drawn_face *f)
{
    char text[24];
    snprintf(text, sizeof text, "FACE %d", f->number);
    write_text(c, x + EDGE, EDGE, text, ink);
    for (int32_t k = 0; k < count; ++k) {
        const int64_t y = HEAD + EDGE + (int64_t)k * ROW, bar = x + EDGE + 66;
        const colour shade = f->present[k] ? present : absent;
        snprintf(text, sizeof text, "AU%02d", (int)au_ids[k]);
        write_text(c, x + EDGE, y, text, ink);
        fill(c, bar, y, BAR, GLYPH_H * SCALE, pale);
        fill(c, bar, y, (int64_t)(f->probability[k] * (float)BAR + 0.5f), GLYPH_H * SCALE, shade);
        fill(c, bar + BAR / 2, y - 2, 1, GLYPH_H * SCALE + 4, tick); /* present is to the right of it */
        snprintf(text, sizeof text, "%.2f", (double)f->probability[k]);
        write_text(c, bar + BAR + 8, y, text, f->present[k] ? ink : tick);
    }
}

int draw_answer(const char *path, int32_t h, int32_t w, const uint8_t *rgb, int32_t c, const int32_t *au_ids, int faces,
                const drawn_face *drawn)
{
    const int64_t zoom = h >= LEAST_HEIGHT ? 1 : (LEAST_HEIGHT + h - 1) / h,
                  panel_h = HEAD + 2 * EDGE + (int64_t)c * ROW;
    const int64_t image_w = zoom * w, image_h = zoom * h;
    canvas all = {image_h > panel_h ? image_h : panel_h, image_w + (int64_t)PANEL * faces, NULL};
    if (all.w <= INT32_MAX && all.h <= INT32_MAX) all.rgb = malloc(3 * (size_t)all.h * (size_t)all.w);
    if (all.rgb == NULL) {
        fprintf(stderr, "clile: %s: no memory for a picture of %lld x %lld pixels\n", path, (long long)all.w,
                (long long)all.h);
        return EXIT_FAILED;
    }
    fill(&all, 0, 0, all.w, all.h, paper);
    put_image(&all, zoom, h, w, rgb);
    for (int i = 0; i < faces; ++i) {
        put_face(&all, image_w, zoom, &drawn[i].face, drawn[i].number);
        put_panel(&all, image_w + (int64_t)PANEL * i, c, au_ids, &drawn[i]);
    }
    const clile_status status = clile_image_write_png(path, (int32_t)all.h, (int32_t)all.w, all.rgb);
    free(all.rgb);
    return status == CLILE_OK ? EXIT_FINE : failed(NULL);
}
