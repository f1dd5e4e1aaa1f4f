/* The contact sheet of `clile synth`: what each AU looks like. */
#include "synth.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = 3, COLUMNS = SHEET_SUBJECTS * STEPS, MARGIN = 64, HEAD = 24, SCALE = 2, GLYPH_W = 5, GLYPH_H = 7 };
static const float step[STEPS] = {0.0f, 0.5f, 1.0f};

/* Rows of a glyph from the top, the leftmost pixel being bit 4. */
static const struct {
    char letter;
    uint8_t rows[GLYPH_H];
} font[] = {
    {'0', {14, 17, 19, 21, 25, 17, 14}}, {'1', {4, 12, 4, 4, 4, 4, 14}},  {'2', {14, 17, 1, 2, 4, 8, 31}},
    {'3', {31, 2, 4, 2, 1, 17, 14}},     {'4', {2, 6, 10, 18, 31, 2, 2}}, {'5', {31, 16, 30, 1, 1, 17, 14}},
    {'6', {6, 8, 16, 30, 17, 17, 14}},   {'7', {31, 1, 2, 4, 8, 8, 8}},   {'8', {14, 17, 17, 14, 17, 17, 14}},
    {'9', {14, 17, 17, 15, 1, 2, 12}},   {'.', {0, 0, 0, 0, 0, 12, 12}},  {'A', {14, 17, 17, 31, 17, 17, 17}},
    {'U', {17, 17, 17, 17, 17, 17, 14}},
};

static void write_text(uint8_t *rgb, int64_t w, int64_t x, int64_t y, const char *text)
{
    for (; *text; ++text, x += (GLYPH_W + 1) * SCALE)
        for (size_t g = 0; g < sizeof font / sizeof font[0]; ++g) {
            if (font[g].letter != *text) continue;
            for (int v = 0; v < GLYPH_H * SCALE; ++v)
                for (int u = 0; u < GLYPH_W * SCALE; ++u)
                    if (font[g].rows[v / SCALE] >> (GLYPH_W - 1 - u / SCALE) & 1)
                        memset(rgb + 3 * ((y + v) * w + x + u), 30, 3);
        }
}

/* One cell, copied into the sheet at (x, y). AU 26 comes with parted lips, as it does in the data. */
static clile_status put_cell(uint64_t seed, int subject, int au, float intensity, int32_t size, uint8_t *cell,
                             uint8_t *rgb, int64_t w, int64_t x, int64_t y)
{
    int32_t ids[CLILE_SYNTH_AUS];
    float all[CLILE_SYNTH_AUS] = {0};
    clile_synth_copy_au_ids(ids);
    for (int k = 0; k < CLILE_SYNTH_AUS; ++k)
        if (k == au || (ids[au] == 26 && ids[k] == 25)) all[k] = intensity;
    const clile_status status = clile_synth_render(seed, subject, 0, all, size, cell, NULL);
    for (int32_t v = 0; status == CLILE_OK && v < size; ++v)
        memcpy(rgb + 3 * ((y + v) * w + x), cell + (size_t)v * (size_t)size * 3, (size_t)size * 3);
    return status;
}

int write_sheet(const char *path, uint64_t seed, int32_t size)
{
    const int64_t w = MARGIN + (int64_t)COLUMNS * size, h = HEAD + (int64_t)CLILE_SYNTH_AUS * size;
    uint8_t *rgb = malloc((size_t)(3 * w * h)), *cell = malloc((size_t)size * (size_t)size * 3);
    int32_t ids[CLILE_SYNTH_AUS];
    char text[16];
    clile_status status = CLILE_OK;
    int code = EXIT_FAILED;
    if (rgb == NULL || cell == NULL) {
        fprintf(stderr, "clile: %s: no memory for a picture of %lld x %lld pixels\n", path, (long long)w, (long long)h);
        goto cleanup;
    }
    memset(rgb, 250, (size_t)(3 * w * h));
    clile_synth_copy_au_ids(ids);
    for (int k = 0; k < COLUMNS; ++k) {
        snprintf(text, sizeof text, "%.1f", (double)step[k % STEPS]);
        write_text(rgb, w, MARGIN + (int64_t)k * size + size / 2 - 3 * (GLYPH_W + 1), 5, text);
    }
    for (int a = 0; a < CLILE_SYNTH_AUS && status == CLILE_OK; ++a) {
        const int64_t y = HEAD + (int64_t)a * size;
        snprintf(text, sizeof text, "AU%02d", (int)ids[a]);
        write_text(rgb, w, 8, y + size / 2 - GLYPH_H, text);
        for (int k = 0; k < COLUMNS && status == CLILE_OK; ++k)
            status = put_cell(seed, k / STEPS, a, step[k % STEPS], size, cell, rgb, w, MARGIN + (int64_t)k * size, y);
    }
    if (status == CLILE_OK) status = clile_image_write_png(path, (int32_t)h, (int32_t)w, rgb);
    code = status == CLILE_OK ? EXIT_FINE : failed(NULL);
cleanup:
    free(cell);
    free(rgb);
    return code;
}
