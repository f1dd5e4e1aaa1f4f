#include "canvas.h"

#include <stddef.h>
#include <string.h>

void canvas_fill(canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, colour k)
{
    for (int64_t v = y < 0 ? 0 : y; v < y + h && v < c->h; ++v)
        for (int64_t u = x < 0 ? 0 : x; u < x + w && u < c->w; ++u) {
            uint8_t *p = c->rgb + 3 * (v * c->w + u);
            p[0] = k.r;
            p[1] = k.g;
            p[2] = k.b;
        }
}

void canvas_frame(canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, colour k)
{
    canvas_fill(c, x, y, w, 2, k);
    canvas_fill(c, x, y + h - 2, w, 2, k);
    canvas_fill(c, x, y, 2, h, k);
    canvas_fill(c, x + w - 2, y, 2, h, k);
}

/* Rows of a glyph from the top, the leftmost pixel being bit 4. */
static const struct {
    char letter;
    uint8_t rows[GLYPH_H];
} font[] = {
    {'0', {14, 17, 19, 21, 25, 17, 14}}, {'1', {4, 12, 4, 4, 4, 4, 14}},
    {'2', {14, 17, 1, 2, 4, 8, 31}},     {'3', {31, 2, 4, 2, 1, 17, 14}},
    {'4', {2, 6, 10, 18, 31, 2, 2}},     {'5', {31, 16, 30, 1, 1, 17, 14}},
    {'6', {6, 8, 16, 30, 17, 17, 14}},   {'7', {31, 1, 2, 4, 8, 8, 8}},
    {'8', {14, 17, 17, 14, 17, 17, 14}}, {'9', {14, 17, 17, 15, 1, 2, 12}},
    {'A', {14, 17, 17, 31, 17, 17, 17}}, {'B', {30, 17, 17, 30, 17, 17, 30}},
    {'C', {14, 17, 16, 16, 16, 17, 14}}, {'D', {30, 17, 17, 17, 17, 17, 30}},
    {'E', {31, 16, 16, 30, 16, 16, 31}}, {'F', {31, 16, 16, 30, 16, 16, 16}},
    {'G', {14, 17, 16, 23, 17, 17, 15}}, {'H', {17, 17, 17, 31, 17, 17, 17}},
    {'I', {14, 4, 4, 4, 4, 4, 14}},      {'J', {7, 2, 2, 2, 2, 18, 12}},
    {'K', {17, 18, 20, 24, 20, 18, 17}}, {'L', {16, 16, 16, 16, 16, 16, 31}},
    {'M', {17, 27, 21, 21, 17, 17, 17}}, {'N', {17, 17, 25, 21, 19, 17, 17}},
    {'O', {14, 17, 17, 17, 17, 17, 14}}, {'P', {30, 17, 17, 30, 16, 16, 16}},
    {'Q', {14, 17, 17, 17, 21, 18, 13}}, {'R', {30, 17, 17, 30, 20, 18, 17}},
    {'S', {15, 16, 16, 14, 1, 1, 30}},   {'T', {31, 4, 4, 4, 4, 4, 4}},
    {'U', {17, 17, 17, 17, 17, 17, 14}}, {'V', {17, 17, 17, 17, 17, 10, 4}},
    {'W', {17, 17, 17, 21, 21, 21, 10}}, {'X', {17, 17, 10, 4, 10, 17, 17}},
    {'Y', {17, 17, 17, 10, 4, 4, 4}},    {'Z', {31, 1, 2, 4, 8, 16, 31}},
    {'.', {0, 0, 0, 0, 0, 12, 12}},      {',', {0, 0, 0, 0, 12, 4, 8}},
    {':', {0, 12, 12, 0, 12, 12, 0}},    {'%', {24, 25, 2, 4, 8, 19, 3}},
    {'(', {2, 4, 8, 8, 8, 4, 2}},        {')', {8, 4, 2, 2, 2, 4, 8}},
    {'-', {0, 0, 0, 31, 0, 0, 0}},       {'/', {0, 1, 2, 4, 8, 16, 0}},
    {'_', {0, 0, 0, 0, 0, 0, 31}},       {'+', {0, 4, 4, 31, 4, 4, 0}},
    {'=', {0, 0, 31, 0, 31, 0, 0}},      {'#', {10, 10, 31, 10, 31, 10, 10}},
};

static void put_glyph(canvas *c, int scale, int64_t x, int64_t y, const uint8_t *rows, colour k)
{
    for (int v = 0; v < GLYPH_H; ++v)
        for (int u = 0; u < GLYPH_W; ++u)
            if (rows[v] >> (GLYPH_W - 1 - u) & 1)
                canvas_fill(c, x + (int64_t)u * scale, y + (int64_t)v * scale, scale, scale, k);
}

void canvas_text(canvas *c, int scale, int64_t x, int64_t y, const char *text, colour k)
{
    for (; *text; ++text, x += (int64_t)(GLYPH_W + 1) * scale) {
        const char letter = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
        for (size_t g = 0; g < sizeof font / sizeof font[0]; ++g)
            if (font[g].letter == letter) put_glyph(c, scale, x, y, font[g].rows, k);
    }
}

void canvas_image(canvas *c, int64_t x, int64_t y, int64_t zoom, int32_t h, int32_t w,
                  const uint8_t *rgb)
{
    for (int64_t v = 0; v < h * zoom; ++v)
        for (int64_t u = 0; u < w * zoom; ++u)
            memcpy(c->rgb + 3 * ((y + v) * c->w + x + u), rgb + 3 * (v / zoom * w + u / zoom), 3);
}
