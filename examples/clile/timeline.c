/* A timeline as SVG or as a page: a panel for each person, in it a band for each AU: the mean of
 * each bin as a line, its range as an area, events as a bar below, and the picture of the peak. */
#include "course.h"
#include "svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double WIDTH = 980;
static const double LEFT = 190;  /* of the plot */
static const double RIGHT = 820; /* its right end; pictures are to the right of it */
static const double BAND = 46;   /* an AU */
static const double PLOT = 32;   /* the height of 0 to 1 in it */
static const double HEAD = 40;   /* the person's number */
static const double FOOT = 40;   /* the axis of time */

/* ---- time ---- */

/* "12.5 s", "4:05", "1:04:05" */
static void time_text(double seconds, double span, char *text, size_t size)
{
    const long long whole = (long long)floor(seconds + 0.5);
    if (span < 120.0)
        snprintf(text, size, "%.*f s", span < 10.0 ? 2 : 1, seconds);
    else if (span < 3600.0)
        snprintf(text, size, "%lld:%02lld", whole / 60, whole % 60);
    else
        snprintf(text, size, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
}

static void time_axis(svg *s, svg_scale x, double top, double bottom)
{
    static const double steps[] = {.01, .02, .05, .1,  .2,  .5,  1,    2,    5,    10,    15,
                                   30,  60,  120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000};
    const double span = x.high - x.low;
    size_t k = 0;
    while (k + 1 < sizeof steps / sizeof *steps && span / steps[k] > 10.0) ++k;
    double step = steps[k];
    while (span / step > 10.0) step *= 2.0; /* days */
    for (double t = ceil(x.low / step - 1e-9) * step + 0.0; /* no -0 */ t <= x.high + 1e-9;
         t += step) {
        char text[48];
        time_text(t, span, text, sizeof text);
        svg_line(s, "grid", svg_at(x, t), top, svg_at(x, t), bottom);
        svg_text(s, "quiet mid", svg_at(x, t), bottom + 18.0, text);
        if (!(t + step > t)) break;
    }
}

/* ---- a band ---- */

static double middle(const course *c, int64_t k)
{
    const double end = k + 1 < course_bins(c) ? c->starts[k + 1] : course_end(c);
    return (c->starts[k] + end) / 2.0;
}

/* Draws the bins a..b-1, all of which have frames. */
static void draw_run(svg *s, const course *c, const strip *t, int64_t a, int64_t b, svg_scale x,
                     svg_scale y)
{
    if (c->per_bin > 1) { /* otherwise the range is the line */
        svg_line_begin(s, "band s1");
        for (int64_t k = a; k < b; ++k)
            svg_line_point(s, svg_at(x, middle(c, k)), svg_at(y, (double)t->bins[k].high));
        for (int64_t k = b - 1; k >= a; --k)
            svg_line_point(s, svg_at(x, middle(c, k)), svg_at(y, (double)t->bins[k].low));
        svg_line_end(s);
    }
    svg_line_begin(s, "line s1");
    if (b - a == 1)
        svg_line_point(s, svg_at(x, c->starts[a]), svg_at(y, t->bins[a].sum / t->bins[a].frames));
    for (int64_t k = a; k < b; ++k)
        svg_line_point(s, svg_at(x, middle(c, k)), svg_at(y, t->bins[k].sum / t->bins[k].frames));
    svg_line_end(s);
}

static void draw_events(svg *s, const course *c, const strip *t, svg_scale x, double y)
{
    const int64_t bins = course_bins(c);
    for (int64_t a = 0; a < bins;) {
        int64_t b = a;
        while (b < bins && t->bins[b].in_event) ++b;
        if (b > a) {
            const double end = b < bins ? c->starts[b] : course_end(c),
                         from = svg_at(x, c->starts[a]);
            svg_rect(s, "mark s2", from, y, fmax(svg_at(x, end) - from, 1.0), 4.0);
        }
        a = b > a ? b : a + 1;
    }
}

static void draw_peak(svg *s, const course *c, const someone *one, int32_t au, svg_scale x,
                      svg_scale y, double top)
{
    const strip *t = &one->strips[au];
    char when[48], text[160];
    if (t->peak < 0.0f) return;
    time_text(t->peak_time, x.high - x.low, when, sizeof when);
    snprintf(text, sizeof text, "AU%d %s: %.2f at %s", (int)c->au_ids[au], au_name(c->au_ids[au]),
             (double)t->peak, when);
    svg_mark(s, 0, svg_at(x, t->peak_time), svg_at(y, (double)t->peak), 3.0, text);
    snprintf(text, sizeof text, "%.2f", (double)t->peak);
    svg_text(s, "text", RIGHT + 60.0, top + 18.0, text);
    svg_text(s, "quiet", RIGHT + 60.0, top + 34.0, when);
    if (t->has_picture && t->peak > 0.5f) { /* present */
        uint8_t *png = NULL;
        size_t size = 0;
        if (clile_image_encode_png(PEAK_SIDE, PEAK_SIDE, t->picture, &png, &size) != CLILE_OK)
            return; /* out of memory: the timeline is complete without it */
        snprintf(text, sizeof text, "face at the peak of AU%d", (int)c->au_ids[au]);
        svg_image(s, RIGHT + 10.0, top + 1.0, BAND - 4.0, BAND - 4.0, "image/png", png, size, text);
        clile_free(png);
    }
}

static void draw_band(svg *s, const course *c, const someone *one, int32_t au, svg_scale x,
                      double top)
{
    const strip *t = &one->strips[au];
    const svg_scale y = {0.0, 1.0, top + PLOT + 4.0, top + 4.0};
    const int64_t bins = course_bins(c);
    char text[32];
    snprintf(text, sizeof text, "AU%d", (int)c->au_ids[au]);
    svg_text(s, "strong", 12.0, top + 18.0, text);
    svg_text(s, "quiet", 12.0, top + 34.0, au_name(c->au_ids[au]));
    svg_line(s, "axis", LEFT, y.from, RIGHT, y.from);
    svg_line(s, "grid", LEFT, svg_at(y, 0.5), RIGHT, svg_at(y, 0.5));
    for (int64_t a = 0; a < bins;) {
        int64_t b = a;
        while (b < bins && t->bins[b].frames > 0) ++b;
        if (b > a) draw_run(s, c, t, a, b, x, y);
        a = b > a ? b : a + 1;
    }
    draw_events(s, c, t, x, y.from + 2.0);
    draw_peak(s, c, one, au, x, y, top);
}

/* ---- a panel ---- */

static double panel_height(const course *c)
{
    return HEAD + BAND * c->c + FOOT;
}

static void who(const course *c, const someone *one, char *text, size_t size)
{
    if (c->numbered)
        snprintf(text, size, "Person %lld", (long long)one->person);
    else
        snprintf(text, size, "Largest face of each image");
}

static void draw_panel(svg *s, const course *c, const someone *one, double top)
{
    const double end = fmax(course_end(c), c->begin + 1e-3);
    const svg_scale x = {c->begin, end, LEFT, RIGHT};
    char name[64], text[160];
    who(c, one, name, sizeof name);
    snprintf(text, sizeof text, "%s: in %lld of %lld frames", name, (long long)one->frames,
             (long long)c->frames);
    svg_text(s, "strong", 12.0, top + 24.0, text);
    svg_text(s, "quiet mid", RIGHT + 60.0, top + 24.0, "peak");
    time_axis(s, x, top + HEAD, top + HEAD + BAND * c->c);
    for (int32_t au = 0; au < c->c; ++au) draw_band(s, c, one, au, x, top + HEAD + BAND * au);
}

static void about(const course *c, char *text, size_t size)
{
    snprintf(text, size,
             "Probability of %d action units over %.1f seconds, 0 to 1 in each band with a line at "
             "0.5, from which an AU is present. Line: mean%s. Bars below: events. Dot: peak.",
             (int)c->c, c->frames ? course_end(c) - c->begin : 0.0,
             c->per_bin > 1 ? ", area: lowest to highest" : "");
}

/* ---- the page ---- */

static const char page_style[] =
    "body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:2em "
    "auto;max-width:1000px;padding:0 1em}\n"
    "h1{font-size:1.4em;overflow-wrap:anywhere}h2{font-size:1.1em;margin-top:2em}\n"
    "figure{margin:0;overflow-x:auto}figure svg{max-width:100%;height:auto;min-width:640px}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.2em .8em;"
    "text-align:right;border-bottom:1px solid var(--rule)}th:first-child,td:first-child{text-align:"
    "left}\n"
    "@media print{h2{break-before:page}}\n";

static void write_summary(const course *c, const someone *one, FILE *out)
{
    fputs("<table><thead><tr><th scope=\"col\">action unit</th><th scope=\"col\">events</th>"
          "<th scope=\"col\">seconds in events</th><th scope=\"col\">share of the time "
          "seen</th><th scope=\"col\">peak</th><th scope=\"col\">at</th></tr></thead><tbody>\n",
          out);
    const double seen =
        c->frames ? (course_end(c) - c->begin) * (double)one->frames / (double)c->frames : 0.0;
    for (int32_t au = 0; au < c->c; ++au) {
        const strip *t = &one->strips[au];
        char when[48];
        time_text(t->peak_time, course_end(c) - c->begin, when, sizeof when);
        fprintf(out, "<tr><td>AU%d ", (int)c->au_ids[au]);
        markup_text(out, au_name(c->au_ids[au]));
        fprintf(out,
                "</td><td>%lld</td><td>%.2f</td><td>%.0f %%</td><td>%.2f</td><td>%s</td></tr>\n",
                (long long)t->events, t->seconds,
                seen > 0.0 ? 100.0 * fmin(t->seconds / seen, 1.0) : 0.0, (double)t->peak, when);
    }
    fputs("</tbody></table>\n", out);
}

static void write_notes(const course *c, FILE *out)
{
    char text[400];
    about(c, text, sizeof text);
    fputs("<p>", out);
    markup_text(out, text);
    if (c->left_out > 0)
        fprintf(out, " Persons with few frames are left out: there are panels for %d.", PEOPLE);
    fputs("</p>\n", out);
    if (c->people == 0) fputs("<p>No face was found.</p>\n", out);
}

static void write_page(const course *c, FILE *out)
{
    char text[400], name[64];
    about(c, text, sizeof text);
    fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta "
          "name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>",
          out);
    markup_text(out, c->title);
    fprintf(out, "</title>\n<style>%s%s</style></head><body><main>\n<h1>Action units of ",
            svg_style, page_style);
    markup_text(out, c->title);
    fputs("</h1>\n", out);
    write_notes(c, out);
    for (int i = 0; i < c->people; ++i) {
        char id[32];
        svg s;
        who(c, c->one[i], name, sizeof name);
        fprintf(out, "<section><h2>%s</h2>\n<figure>\n", name);
        snprintf(id, sizeof id, "person%d", i);
        svg_open(&s, out, 0, id, WIDTH, panel_height(c), name, text);
        draw_panel(&s, c, c->one[i], 0.0);
        svg_close(&s);
        fputs("</figure>\n", out);
        write_summary(c, c->one[i], out);
        fputs("</section>\n", out);
    }
    fputs("</main></body></html>\n", out);
}

static void write_svg(const course *c, FILE *out)
{
    char text[400];
    svg s;
    about(c, text, sizeof text);
    svg_open(&s, out, 1, "timeline", WIDTH,
             HEAD + (c->people > 0 ? c->people : 1) * panel_height(c), c->title, text);
    svg_text(&s, "strong", 12.0, 24.0, c->title);
    if (c->people == 0) svg_text(&s, "text", 12.0, HEAD + 24.0, "No face was found.");
    if (c->left_out > 0)
        svg_text(&s, "quiet end", WIDTH - 12.0, 24.0, "persons with few frames are left out");
    for (int i = 0; i < c->people; ++i) draw_panel(&s, c, c->one[i], HEAD + i * panel_height(c));
    svg_close(&s);
}

void timeline_write(const course *c, FILE *out, int html)
{
    if (html)
        write_page(c, out);
    else
        write_svg(c, out);
}
