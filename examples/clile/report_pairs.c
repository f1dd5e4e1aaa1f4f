/* Figures of `clile report` that are matrices: a cell for each pair of AUs. */
#include "report.h"

#include <math.h>
#include <stdlib.h>

static void draw_matrix(const report_place *to, const report_run *run, const double *cells,
                        const char *title, const char *about)
{
    const double side = 37.0, left = 46.0, top = 26.0;
    char text[96], number[16];
    svg s;
    svg_open(&s, to->out, to->alone, to->id, left + side * run->c + 6.0, top + side * run->c + 6.0,
             title, about);
    for (int32_t a = 0; a < run->c; ++a) {
        snprintf(text, sizeof text, "AU%d", (int)run->au_ids[a]);
        svg_text(&s, "quiet end", left - 5.0, top + side * (a + 0.5) + 4.0, text);
        svg_text(&s, "quiet mid", left + side * (a + 0.5), top - 8.0, text);
        for (int32_t b = 0; b < run->c; ++b) {
            const double value = cells[a * run->c + b], x = left + side * b, y = top + side * a;
            snprintf(text, sizeof text, "AU%d and AU%d: %.2f", (int)run->au_ids[a],
                     (int)run->au_ids[b], value);
            svg_cell(&s, x + 0.5, y + 0.5, side - 1.0, side - 1.0, value,
                     isnan(value) ? NULL : text);
            snprintf(number, sizeof number, "%.2f", fabs(value));
            /* .31 or −.31: a matrix of many AUs has room for no more */
            if (!isnan(value)) {
                const char *digits = number[0] == '0' ? number + 1 : "1";
                snprintf(text, sizeof text, "%s%s", value <= -0.005 ? "\xE2\x88\x92" : "", digits);
                svg_text(&s, "text mid", x + side / 2.0, y + side / 2.0 + 4.5, text);
            }
        }
    }
    svg_close(&s);
}

static void draw_phi(const report_place *to, const report *r, int k, int of_decisions)
{
    const report_run *run = &r->run[k];
    double *phi = malloc((size_t)run->c * (size_t)run->c * sizeof *phi);
    if (phi && report_phi_make(run, of_decisions, phi))
        draw_matrix(to, run, phi,
                    of_decisions ? "Correlation of the model's decisions"
                                 : "Correlation of the labels",
                    "Phi coefficient of each pair of AUs over the tested images, -1 to 1.");
    free(phi);
}

void figure_phi_labels(const report_place *to, const report *r, int run, int32_t au)
{
    (void)au;
    draw_phi(to, r, run, 0);
}

void figure_phi_model(const report_place *to, const report *r, int run, int32_t au)
{
    (void)au;
    draw_phi(to, r, run, 1);
}

static void draw_pairs(const report_place *to, const report *r, int k, int missed)
{
    const report_run *run = &r->run[k];
    double *cells = malloc((size_t)run->c * (size_t)run->c * sizeof *cells);
    if (cells) {
        report_pairs_make(run, missed, cells);
        draw_matrix(to, run, cells, missed ? "Misses by AU pair" : "False alarms by AU pair",
                    missed ? "Row: an AU that is there and not reported. Column: another AU. The "
                             "rate of misses where the other is present, less the rate where it "
                             "is absent."
                           : "Row: an AU that is reported and not there. Column: another AU. The "
                             "rate of false alarms where the other is present, less the rate "
                             "where it is absent.");
    }
    free(cells);
}

void figure_false_alarms(const report_place *to, const report *r, int run, int32_t au)
{
    (void)au;
    draw_pairs(to, r, run, 0);
}

void figure_misses(const report_place *to, const report *r, int run, int32_t au)
{
    (void)au;
    draw_pairs(to, r, run, 1);
}
