/* Draws into memory, for the pictures that `clile` writes. */
#ifndef CANVAS_H
#define CANVAS_H

#include <stdint.h>

enum { GLYPH_W = 5, GLYPH_H = 7 }; /* pixels at scale 1; a letter takes GLYPH_W + 1 */

typedef struct {
    uint8_t r, g, b;
} colour;

typedef struct {
    int64_t h, w;
    uint8_t *rgb; /* [h,w,3] */
} canvas;

/* Clipped to the canvas. */
void canvas_fill(canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, colour k);
void canvas_frame(canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, colour k);
/* Capital letters (small ones become capitals), digits and some signs; anything else is a blank. */
void canvas_text(canvas *c, int scale, int64_t x, int64_t y, const char *text, colour k);
/* The image, enlarged `zoom` times; must lie within the canvas. */
void canvas_image(canvas *c, int64_t x, int64_t y, int64_t zoom, int32_t h, int32_t w,
                  const uint8_t *rgb);

#endif
