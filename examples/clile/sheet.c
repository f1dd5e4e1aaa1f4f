/* A sheet of examples: for each AU some subjects, each with an image in which the AU is present
 * beside one in which it is absent and the other labels are as alike as that subject's images
 * allow. What differs between the two should then be what the label means. Crops are the ones used
 * in training. */
#include "canvas.h"
#include "data.h"

#include <stdlib.h>
#include <string.h>

enum {
    EDGE = 12,       /* around the sheet */
    GAP = 3,         /* between the two of a pair */
    PAIR_GAP = 15,   /* between pairs */
    BAR = 5,         /* above a crop: present or absent */
    LINE = 11,       /* of small text */
    CAPTION = 24,    /* of an AU */
    ROW_GAP = 12,    /* below a row */
    HEAD = 52,       /* title and legend */
    LEAST_SIDE = 96, /* smaller crops are enlarged */
    LEAST_WIDTH = 700
};

static const colour paper = {250, 250, 248}, ink = {35, 35, 40}, pale = {232, 232, 230},
                    tick = {90, 90, 95},
                    shade[2] = {{150, 160, 175}, {226, 106, 44}}; /* absent, present */

/* ---- choice ---- */

/* Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 */
static uint64_t next_number(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* An image of the subject with this label, chosen at random among those with the highest score; -1
 * if there is none. The score is the number of other AUs with the same label as image `like`; if
 * like is -1, all images score the same. */
static int64_t pick_image(const data_summary *s, int32_t subject, int32_t c, int8_t wanted,
                          int64_t like, uint64_t *random)
{
    int64_t chosen = -1, best = -1;
    uint64_t ties = 0;
    for (int64_t i = 0; i < s->n; ++i) {
        const int8_t *labels = s->labels + i * s->c;
        int64_t score = 0;
        if (s->subject[i] != subject || labels[c] != wanted) continue;
        for (int32_t a = 0; like >= 0 && a < s->c; ++a)
            score += labels[a] == s->labels[like * s->c + a];
        if (score > best) ties = 0;
        if (score < best || next_number(random) % ++ties != 0) continue; /* reservoir of one */
        best = score;
        chosen = i;
    }
    return chosen;
}

int32_t sheet_choose(const data_summary *s, int32_t c, const sheet_request *request,
                     sheet_pair *pairs)
{
    uint64_t random = (uint64_t)request->seed * 1000003u + (uint64_t)s->au_ids[c];
    int32_t *order = malloc(((size_t)s->subjects + 1) * sizeof *order), count = 0;
    if (order == NULL) return 0;
    for (int32_t i = 0; i < s->subjects; ++i) order[i] = i;
    for (int32_t i = s->subjects - 1; i > 0; --i) {
        const int32_t j = (int32_t)(next_number(&random) % (uint64_t)(i + 1)), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    /* subjects who show both first, then those who always show the AU, then those who never do */
    for (int kind = 0; kind < 3; ++kind)
        for (int32_t i = 0; i < s->subjects && count < request->examples; ++i) {
            const int64_t at = (int64_t)order[i] * s->c + c, present = s->present[at],
                          absent = s->coded[at] - present;
            if (present + absent == 0 || kind != (present && absent ? 0 : present ? 1 : 2))
                continue;
            sheet_pair *p = &pairs[count++];
            p->subject = order[i];
            p->present = pick_image(s, p->subject, c, 1, -1, &random);
            p->absent = pick_image(s, p->subject, c, 0, p->present, &random);
        }
    free(order);
    return count;
}

/* ---- picture ---- */

typedef struct {
    const clile_dataset *data;
    const data_summary *summary;
    const sheet_request *request;
    canvas canvas;
    int64_t zoom, side; /* of a crop on the sheet */
    uint8_t *crop;      /* [size,size,3] */
} sheet;

/* As much of the end of an image's name as fits, without extension: "F001/T1/0042". */
static void short_name(const char *name, int64_t letters, char *out, size_t size)
{
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    size_t length =
        dot != NULL && (slash == NULL || dot > slash) ? (size_t)(dot - name) : strlen(name);
    const size_t most = (size_t)letters < size - 1 ? (size_t)letters : size - 1;
    const char *begin = name;
    while (length > most) { /* drop folders first, then letters */
        const char *next = memchr(begin, '/', length);
        const size_t drop = next != NULL ? (size_t)(next - begin) + 1 : length - most;
        begin += drop;
        length -= drop;
    }
    memcpy(out, begin, length);
    out[length] = '\0';
}

static int put_crop(sheet *h, int64_t x, int64_t y, int64_t image, int is_present)
{
    char name[64];
    canvas_fill(&h->canvas, x, y, h->side, BAR, shade[is_present]);
    if (image < 0) {
        canvas_fill(&h->canvas, x, y + BAR, h->side, h->side, pale);
        canvas_text(&h->canvas, 1, x + 4, y + BAR + h->side / 2, "none", tick);
        return EXIT_FINE;
    }
    const int32_t size = h->request->size;
    if (clile_dataset_copy_crop(h->data, image, size, h->crop) != CLILE_OK) return failed(NULL);
    canvas_image(&h->canvas, x, y + BAR, h->zoom, size, size, h->crop);
    short_name(clile_dataset_get_image_name(h->data, image), h->side / (GLYPH_W + 1), name,
               sizeof name);
    canvas_text(&h->canvas, 1, x, y + BAR + h->side + 3, name, tick);
    return EXIT_FINE;
}

static int put_au(sheet *h, int64_t y, int32_t c)
{
    const data_summary *s = h->summary;
    const int64_t all = (int64_t)s->subjects * s->c + c;
    sheet_pair pairs[SHEET_MOST];
    char text[160];
    snprintf(text, sizeof text, "AU%d %s", (int)s->au_ids[c], au_name(s->au_ids[c]));
    canvas_text(&h->canvas, 2, EDGE, y, text, ink);
    const int64_t beside = EDGE + (int64_t)(strlen(text) + 2) * 2 * (GLYPH_W + 1);
    snprintf(text, sizeof text, "present in %lld of %lld (%.1f %%), subjects %.0f to %.0f %%",
             (long long)s->present[all], (long long)s->coded[all],
             s->coded[all] ? 100 * summary_rate(s, s->subjects, c) : 0.0,
             s->spread[c].subjects ? 100 * s->spread[c].least : 0.0,
             s->spread[c].subjects ? 100 * s->spread[c].most : 0.0);
    canvas_text(&h->canvas, 1, beside, y + 6, text, tick);
    const int32_t count = sheet_choose(s, c, h->request, pairs);
    int code = EXIT_FINE;
    for (int32_t i = 0; i < count && code == EXIT_FINE; ++i) {
        const int64_t x = EDGE + i * (2 * h->side + GAP + PAIR_GAP);
        code = put_crop(h, x, y + CAPTION, pairs[i].present, 1);
        if (code == EXIT_FINE)
            code = put_crop(h, x + h->side + GAP, y + CAPTION, pairs[i].absent, 0);
    }
    return code;
}

static void put_head(sheet *h, const char *title)
{
    char text[256];
    int64_t x = EDGE;
    snprintf(text, sizeof text, "%.60s: %lld images of %d subjects", title,
             (long long)h->summary->n, (int)h->summary->subjects);
    canvas_text(&h->canvas, 2, EDGE, EDGE, text, ink);
    for (int present = 1; present >= 0; --present) {
        canvas_fill(&h->canvas, x, EDGE + 22, 18, GLYPH_H, shade[present]);
        canvas_text(&h->canvas, 1, x + 24, EDGE + 22, present ? "present" : "absent", ink);
        x += 84;
    }
    canvas_text(&h->canvas, 1, x, EDGE + 22,
                "pairs are of one subject, other labels as alike as possible", tick);
}

int sheet_write(const clile_dataset *data, const data_summary *s, const char *title,
                const sheet_request *request)
{
    sheet h = {.data = data, .summary = s, .request = request};
    h.zoom = request->size >= LEAST_SIDE ? 1 : (LEAST_SIDE + request->size - 1) / request->size;
    h.side = h.zoom * request->size;
    const int64_t row = CAPTION + BAR + h.side + LINE + ROW_GAP;
    const int64_t pairs = request->examples < s->subjects ? request->examples : s->subjects;
    const int64_t width = 2 * EDGE + pairs * (2 * h.side + GAP + PAIR_GAP) - PAIR_GAP;
    h.canvas.w = width > LEAST_WIDTH ? width : LEAST_WIDTH;
    h.canvas.h = HEAD + EDGE + s->c * row;
    if (h.canvas.w * h.canvas.h < INT32_MAX / 3)
        h.canvas.rgb = malloc(3 * (size_t)h.canvas.w * (size_t)h.canvas.h);
    h.crop = malloc(3 * (size_t)request->size * (size_t)request->size);
    int code = EXIT_FINE;
    if (h.canvas.rgb == NULL || h.crop == NULL) {
        fprintf(stderr, "clile: %s: no memory for a sheet of %lld x %lld pixels\n", request->path,
                (long long)h.canvas.w, (long long)h.canvas.h);
        code = EXIT_FAILED;
    } else {
        canvas_fill(&h.canvas, 0, 0, h.canvas.w, h.canvas.h, paper);
        put_head(&h, title);
    }
    for (int32_t c = 0; c < s->c && code == EXIT_FINE; ++c) code = put_au(&h, HEAD + c * row, c);
    if (code == EXIT_FINE && clile_image_write_png(request->path, (int32_t)h.canvas.h,
                                                   (int32_t)h.canvas.w, h.canvas.rgb) != CLILE_OK)
        code = failed(NULL);
    free(h.canvas.rgb);
    free(h.crop);
    return code;
}
