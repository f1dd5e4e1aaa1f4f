/* The faces of `clile report`: for each AU those of which the model is most wrong and most
 * right. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 72, SHOWN = 4 };

/* An image of the data set by name. */
typedef struct {
    const char *name;
    int64_t index;
} named;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static named *sort_names(const clile_dataset *data)
{
    const int64_t n = clile_dataset_size(data);
    named *images = malloc((size_t)(n > 0 ? n : 1) * sizeof *images);
    if (images == NULL) return NULL;
    for (int64_t i = 0; i < n; ++i) images[i] = (named){clile_dataset_get_image_name(data, i), i};
    qsort(images, (size_t)n, sizeof *images, by_name);
    return images;
}

/* Which faces: what the label says, what the model says, and which first. */
typedef struct {
    const char *heading;
    int label, present, rising; /* rising: the least probability first */
} face_kind;
static const face_kind kinds[] = {
    {"Missed", 1, 0, 1}, {"False alarms", 0, 1, 0}, {"Found", 1, 1, 0}};

static double surety(const report_run *run, int64_t at)
{
    const double p = (double)run->probability[at];
    return isnan(p) ? (double)run->score[at] : p;
}

/* The next image of a kind, of somebody who was not shown yet; -1: there is none. */
static int64_t choose(const report_run *run, int32_t column, const face_kind *kind, int shown,
                      const int64_t *chosen)
{
    int64_t best = -1;
    for (int64_t i = 0; i < run->n; ++i) {
        const int64_t at = i * run->c + column;
        int before = 0;
        if (run->labels[at] != kind->label || run->present[at] != kind->present) continue;
        for (int k = 0; k < shown; ++k) before |= run->subject[chosen[k]] == run->subject[i];
        if (before) continue;
        const double sure = surety(run, at),
                     than = best < 0 ? 0.0 : surety(run, best * run->c + column);
        if (best < 0 || (kind->rising ? sure < than : sure > than)) best = i;
    }
    return best;
}

static int put_face(const report *r, FILE *out, const report_run *run, int32_t column,
                    const face_kind *kind, int64_t image, const named *names)
{
    const char *subject = clile_evaluation_get_subject_name(run->file, run->subject[image]);
    const named key = {clile_evaluation_get_image_name(run->file, image), 0},
                *found =
                    bsearch(&key, names, (size_t)clile_dataset_size(r->faces), sizeof key, by_name);
    const int32_t only = clile_dataset_crop_size(r->faces), side = only > 0 ? only : SIDE;
    uint8_t *png = NULL, *rgb = NULL;
    size_t size = 0;
    if (found == NULL) {
        fprintf(stderr, "clile: %s: image %s is not in the data set of --data\n", run->path,
                key.name);
        return EXIT_FAILED;
    }
    rgb = malloc((size_t)side * (size_t)side * 3);
    if (rgb == NULL) {
        fprintf(stderr, "clile: out of memory\n");
        return EXIT_FAILED;
    }
    const int fine = clile_dataset_copy_crop(r->faces, found->index, side, rgb) == CLILE_OK &&
                     clile_image_encode_png(side, side, rgb, &png, &size) == CLILE_OK;
    free(rgb);
    if (!fine) return failed(NULL);
    fprintf(out, "<figure><img width=\"%d\" height=\"%d\" alt=\"%s: AU%d of ", SIDE, SIDE,
            kind->heading, (int)run->au_ids[column]);
    markup_text(out, subject);
    fputs(", image ", out);
    markup_text(out, key.name);
    fputs("\" src=\"", out);
    markup_data(out, "image/png", png, size);
    fputs("\"/><figcaption><bdi>", out);
    markup_text(out, subject);
    fprintf(out, "</bdi> %.2f</figcaption></figure>\n", surety(run, image * run->c + column));
    clile_free(png);
    return EXIT_FINE;
}

static int put_au(const report *r, FILE *out, const report_run *run, int32_t column,
                  const named *names)
{
    int code = EXIT_FINE;
    fprintf(out, "<tr><th scope=\"row\">AU%d<br/><span class=\"muted\">%s</span></th>\n",
            (int)run->au_ids[column], au_name(run->au_ids[column]));
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0] && code == EXIT_FINE; ++k) {
        int64_t chosen[SHOWN];
        int shown = 0;
        fputs("<td><div class=\"faces\">\n", out);
        for (; shown < SHOWN && code == EXIT_FINE; ++shown) {
            chosen[shown] = choose(run, column, &kinds[k], shown, chosen);
            if (chosen[shown] < 0) break;
            code = put_face(r, out, run, column, &kinds[k], chosen[shown], names);
        }
        fputs(shown > 0 ? "</div></td>\n" : "none</div></td>\n", out);
    }
    fputs("</tr>\n", out);
    return code;
}

int report_faces(const report *r, FILE *out)
{
    int code = EXIT_FINE;
    named *names = sort_names(r->faces);
    if (names == NULL) {
        fprintf(stderr, "clile: out of memory\n");
        return EXIT_FAILED;
    }
    for (int k = 0; k < r->runs && code == EXIT_FINE; ++k) {
        const report_run *run = &r->run[k];
        fputs("<h3>", out);
        markup_text(out, run->name);
        fputs("</h3>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Faces, ", out);
        markup_text(out, run->name);
        fputs("\"><table class=\"sheet\"><thead><tr><th scope=\"col\">AU</th>", out);
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i)
            fprintf(out, "<th scope=\"col\">%s</th>", kinds[i].heading);
        fputs("</tr></thead><tbody>\n", out);
        for (int32_t c = 0; c < run->c && code == EXIT_FINE; ++c)
            code = put_au(r, out, run, c, names);
        fputs("</tbody></table></div>\n", out);
    }
    free(names);
    return code;
}
