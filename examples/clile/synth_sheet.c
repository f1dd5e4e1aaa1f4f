/* The contact sheet of `clile synth`: what each AU looks like. */
#include "canvas.h"
#include "synth.h"

#include <stdlib.h>

enum { STEPS = 3, COLUMNS = SHEET_SUBJECTS * STEPS, MARGIN = 64, HEAD = 24, SCALE = 2 };
static const float step[STEPS] = {0.0f, 0.5f, 1.0f};
static const colour ink = {30, 30, 30}, paper = {250, 250, 250};

/* One face at (x, y) of the sheet. As in the data, AU 26 comes with parted lips. */
static clile_status put_face(uint64_t seed, int subject, int au, float intensity, int32_t size,
                             uint8_t *face, canvas *sheet, int64_t x, int64_t y)
{
    int32_t ids[CLILE_SYNTH_AUS];
    float all[CLILE_SYNTH_AUS] = {0};
    clile_status status = clile_synth_copy_au_ids(ids);
    if (status != CLILE_OK) return status;
    for (int k = 0; k < CLILE_SYNTH_AUS; ++k)
        if (k == au || (ids[au] == 26 && ids[k] == 25)) all[k] = intensity;
    status = clile_synth_render(seed, subject, 0, all, size, face, NULL);
    if (status == CLILE_OK) canvas_image(sheet, x, y, 1, size, size, face);
    return status;
}

int write_sheet(const char *path, uint64_t seed, int32_t size)
{
    canvas sheet = {.h = HEAD + (int64_t)CLILE_SYNTH_AUS * size,
                    .w = MARGIN + (int64_t)COLUMNS * size};
    sheet.rgb = malloc((size_t)(3 * sheet.w * sheet.h));
    uint8_t *face = malloc((size_t)size * (size_t)size * 3);
    int32_t ids[CLILE_SYNTH_AUS];
    char text[16];
    clile_status status = CLILE_OK;
    int code = EXIT_FAILED;
    if (sheet.rgb == NULL || face == NULL) {
        fprintf(stderr, "clile: %s: no memory for a picture of %lld x %lld pixels\n", path,
                (long long)sheet.w, (long long)sheet.h);
        goto cleanup;
    }
    canvas_fill(&sheet, 0, 0, sheet.w, sheet.h, paper);
    if (clile_synth_copy_au_ids(ids) != CLILE_OK) goto cleanup;
    for (int k = 0; k < COLUMNS; ++k) {
        snprintf(text, sizeof text, "%.1f", (double)step[k % STEPS]);
        canvas_text(&sheet, SCALE, MARGIN + (int64_t)k * size + size / 2 - 3 * (GLYPH_W + 1), 5,
                    text, ink);
    }
    for (int a = 0; a < CLILE_SYNTH_AUS && status == CLILE_OK; ++a) {
        const int64_t y = HEAD + (int64_t)a * size;
        snprintf(text, sizeof text, "AU%02d", (int)ids[a]);
        canvas_text(&sheet, SCALE, 8, y + size / 2 - GLYPH_H, text, ink);
        for (int k = 0; k < COLUMNS && status == CLILE_OK; ++k)
            status = put_face(seed, k / STEPS, a, step[k % STEPS], size, face, &sheet,
                              MARGIN + (int64_t)k * size, y);
    }
    if (status == CLILE_OK)
        status = clile_image_write_png(path, (int32_t)sheet.h, (int32_t)sheet.w, sheet.rgb);
    code = status == CLILE_OK ? EXIT_FINE : failed(NULL);
cleanup:
    free(face);
    free(sheet.rgb);
    return code;
}
