/* Figures as SVG, and text in HTML and SVG. A figure can be part of a page or a file of its own;
 * both look alike, in light and in dark, because they share one list of classes (svg_style).
 *
 *     svg s;
 *     svg_open(&s, out, 1, "auc", 440, 300, "AUC of each AU", "Twelve AUs, 0.71 to 0.93.");
 *     const svg_scale x = {0.0, 1.0, 60.0, 420.0}, y = {0.0, 1.0, 260.0, 20.0};
 *     svg_axes(&s, x, y, "probability", "share present");
 *     svg_rect(&s, "mark s1", 60, 40, 120, 12);                  a bar of the first series
 *     svg_text(&s, "text end", 54, 50, "AU12");
 *     svg_close(&s);
 *
 * Units are CSS pixels of the drawing's own size; a page may scale it. Numbers that are not finite
 * are drawn as 0. Write errors show in ferror(out).
 *
 * Classes:
 *   text, quiet (smaller, grey), strong    of svg_text; with `mid` or `end`: how x is meant
 *   s1 .. s6                               series: `line s1` strokes (each series has its dashes),
 *                                          `mark s1` fills, `band s1` fills thinly,
 *                                          `whisker s1` strokes without dashes
 *   grid, axis                             of svg_line
 *   plus, minus, empty, frame              fills of cells: a value above or below zero (svg_cell),
 *                                          none; an outline */
#ifndef SVG_H
#define SVG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SVG_SERIES = 6, SVG_TICKS = 12 };

typedef struct {
    FILE *out;
    /* the open line: its points, the last one, and one too near to it */
    int points, held;
    double x, y, held_x, held_y;
} svg;

/* A value `low` lies at `from`, `high` at `to` (which may be less than `from`: y axes). */
typedef struct {
    double low, high, from, to;
} svg_scale;
/* Values outside the scale lie at its ends. */
double svg_at(svg_scale scale, double value);

/* Text or a quoted attribute: & < > " ' escaped; control characters and bytes that are not UTF-8
 * become U+FFFD, line breaks blanks. */
void markup_text(FILE *out, const char *text);
/* Bytes as base64: "data:image/png;base64," comes first if `type` is "image/png". */
void markup_data(FILE *out, const char *type, const void *bytes, size_t size);

/* The content of the <style> of a page with figures: the classes above, light, and dark where the
 * reader prefers it, on a screen. Colours differ for colour-blind readers too, and text has a
 * contrast of 4.5:1 at least. Background and text of a page: --paper and --ink. */
extern const char *const svg_style;

/* Begins a figure of w x h. alone: a file of its own. id: letters, digits, - and _, unique in the
 * page. title: its name; about: what it shows, for those who cannot see it. */
void svg_open(svg *s, FILE *out, int alone, const char *id, double w, double h, const char *title,
              const char *about);
void svg_close(svg *s);

void svg_text(svg *s, const char *classes, double x, double y, const char *text);
/* Text that runs upwards, centred at (x, y). */
void svg_text_up(svg *s, const char *classes, double x, double y, const char *text);
void svg_line(svg *s, const char *classes, double x1, double y1, double x2, double y2);
void svg_rect(svg *s, const char *classes, double x, double y, double w, double h);
/* A cell of a heat map: strength -1..1 is the sign and depth of its colour; NaN: empty. Text of
 * class `text` is readable on it. about, a tooltip, may be NULL. */
void svg_cell(svg *s, double x, double y, double w, double h, double strength, const char *about);
/* The mark of a series (0..SVG_SERIES-1): each has its shape. about as above. */
void svg_mark(svg *s, int series, double x, double y, double r, const char *about);
/* A line through points, or an area. Points closer than a third of a pixel are left out. */
void svg_line_begin(svg *s, const char *classes);
void svg_line_point(svg *s, double x, double y);
void svg_line_end(svg *s);
void svg_image(svg *s, double x, double y, double w, double h, const char *type, const void *bytes,
               size_t size, const char *about);

/* At most `most` (2..SVG_TICKS) round values within low..high; returns how many. */
int svg_ticks(double low, double high, int most, double *ticks);
/* A tick's text, with as few digits as its distance to the next needs. */
void svg_tick_text(double tick, double step, char *text, size_t size);
/* Grid, axes, ticks and names (NULL: none) of a plot with x and y scales. A scale whose `low` is
 * NaN has no ticks. */
void svg_axes(svg *s, svg_scale x, svg_scale y, const char *x_name, const char *y_name);
/* Names of the series, from (x, y) to the right, in lines of at most `w`; returns the y after it.
 * with_lines: a piece of each line beside its mark. */
double svg_legend(svg *s, double x, double y, double w, int count, const char *const *names,
                  int with_lines);
/* About how wide a text of the figure's font is, in pixels. */
double svg_text_width(const char *text);

#endif
