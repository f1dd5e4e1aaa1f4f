/* Figures as SVG: shapes, axes, legends, one style. */
#include "svg.h"

#include "command.h"

#include <math.h>
#include <string.h>

/* ---- text and numbers ---- */

void markup_text(FILE *out, const char *text)
{
    put_escaped(out, "html", text);
}

void markup_data(FILE *out, const char *type, const void *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = bytes;
    fprintf(out, "data:%s;base64,", type);
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const unsigned a = from[i], b = left > 1 ? from[i + 1] : 0u,
                       c = left > 2 ? from[i + 2] : 0u;
        fputc(digits[a >> 2], out);
        fputc(digits[(a & 3) << 4 | b >> 4], out);
        fputc(left > 1 ? digits[(b & 15) << 2 | c >> 6] : '=', out);
        fputc(left > 2 ? digits[c & 63] : '=', out);
    }
}

/* NAME="1.2" after a blank. */
static void attribute(const svg *s, const char *name, double value)
{
    if (!isfinite(value)) value = 0.0;
    value = fmin(fmax(value, -1e6), 1e6);
    value = floor(value * 100.0 + 0.5) / 100.0 + 0.0; /* no -0 */
    fprintf(s->out, " %s=\"%.10g\"", name, value);
}

static void about_text(const svg *s, const char *about)
{
    fputs("<title>", s->out);
    markup_text(s->out, about);
    fputs("</title>", s->out);
}

double svg_text_width(const char *text)
{
    double characters = 0.0;
    for (; *text; ++text) characters += ((unsigned char)*text & 0xC0) != 0x80;
    return 7.2 * characters;
}

double svg_at(svg_scale scale, double value)
{
    const double span = scale.high - scale.low;
    double share = span != 0.0 ? (value - scale.low) / span : 0.0;
    if (!(share > 0.0)) share = 0.0; /* NaN too */
    if (share > 1.0) share = 1.0;
    return scale.from + share * (scale.to - scale.from);
}

/* ---- style ---- */

/* clang-format off */
#define COLOURS(n, light_or_dark) \
    ".line.s" #n ",.whisker.s" #n "{stroke:" light_or_dark "}" \
    ".mark.s" #n ",.band.s" #n "{fill:" light_or_dark "}\n"

const char *const svg_style =
    ":root{--paper:#ffffff;--ink:#1f2328;--quiet:#59636e;--rule:#d0d7de;--link:#0550ae;"
    "color-scheme:light dark}\n"
    "svg{font-family:system-ui,-apple-system,\"Segoe UI\",\"Helvetica Neue\",Arial,sans-serif;"
    "font-size:13px}\n"
    ".paper{fill:#ffffff}.text,.strong{fill:#1f2328}.quiet{fill:#59636e;font-size:12px}"
    ".strong{font-weight:600}.mid{text-anchor:middle}.end{text-anchor:end}\n"
    ".grid{stroke:#d8dee4}.axis{stroke:#6e7781}.line{fill:none;stroke-width:2;"
    "stroke-linejoin:round}.whisker{stroke-width:1.5}.band{fill-opacity:.2}"
    ".frame{fill:none;stroke:#6e7781}\n"
    ".plus{fill:#2446d8}.minus{fill:#e23c14}.empty{fill:#eff2f5}\n"
    ".line.s2{stroke-dasharray:7 3}.line.s3{stroke-dasharray:2 3}.line.s4{stroke-dasharray:9 3 2 3}"
    ".line.s5{stroke-dasharray:12 4}.line.s6{stroke-dasharray:4 4}\n"
    COLOURS(1, "#2446d8") COLOURS(2, "#e23c14") COLOURS(3, "#0a2e1e")
    COLOURS(4, "#c9629a") COLOURS(5, "#439c36") COLOURS(6, "#580a6c")
    "@media screen and (prefers-color-scheme:dark){\n"
    ":root{--paper:#0d1117;--ink:#f0f6fc;--quiet:#9198a1;--rule:#3d444d;--link:#79b8ff}\n"
    ".paper{fill:#0d1117}.text,.strong{fill:#f0f6fc}.quiet{fill:#9198a1}.grid{stroke:#2a313c}"
    ".axis,.frame{stroke:#8b949e}.plus{fill:#649eff}.minus{fill:#d7771b}.empty{fill:#1c222b}\n"
    COLOURS(1, "#649eff") COLOURS(2, "#d7771b") COLOURS(3, "#4b7041")
    COLOURS(4, "#b47da4") COLOURS(5, "#feeb2f") COLOURS(6, "#cefeef")
    "}\n";
/* clang-format on */

/* ---- a figure ---- */

void svg_open(svg *s, FILE *out, int alone, const char *id, double w, double h, const char *title,
              const char *about)
{
    *s = (svg){.out = out};
    fputs("<svg xmlns=\"http://www.w3.org/2000/svg\"", out);
    attribute(s, "width", w);
    attribute(s, "height", h);
    fprintf(out, " viewBox=\"0 0 %.10g %.10g\" role=\"img\" aria-labelledby=\"%s-t %s-d\">\n", w, h,
            id, id);
    fprintf(out, "<title id=\"%s-t\">", id);
    markup_text(out, title);
    fprintf(out, "</title>\n<desc id=\"%s-d\">", id);
    markup_text(out, about);
    fputs("</desc>\n", out);
    if (!alone) return;
    fprintf(out, "<style>%s</style>\n", svg_style);
    svg_rect(s, "paper", 0.0, 0.0, w, h);
}

void svg_close(svg *s)
{
    fputs("</svg>\n", s->out);
}

void svg_text(svg *s, const char *classes, double x, double y, const char *text)
{
    fprintf(s->out, "<text class=\"%s\"", classes);
    attribute(s, "x", x);
    attribute(s, "y", y);
    fputc('>', s->out);
    markup_text(s->out, text);
    fputs("</text>\n", s->out);
}

void svg_text_up(svg *s, const char *classes, double x, double y, const char *text)
{
    fprintf(s->out, "<text class=\"%s mid\" transform=\"translate(%.10g %.10g) rotate(-90)\">",
            classes, isfinite(x) ? x : 0.0, isfinite(y) ? y : 0.0);
    markup_text(s->out, text);
    fputs("</text>\n", s->out);
}

void svg_line(svg *s, const char *classes, double x1, double y1, double x2, double y2)
{
    fprintf(s->out, "<line class=\"%s\"", classes);
    attribute(s, "x1", x1);
    attribute(s, "y1", y1);
    attribute(s, "x2", x2);
    attribute(s, "y2", y2);
    fputs("/>\n", s->out);
}

static void rect(svg *s, const char *classes, double x, double y, double w, double h)
{
    fprintf(s->out, "<rect class=\"%s\"", classes);
    attribute(s, "x", x);
    attribute(s, "y", y);
    attribute(s, "width", w > 0.0 ? w : 0.0);
    attribute(s, "height", h > 0.0 ? h : 0.0);
}

void svg_rect(svg *s, const char *classes, double x, double y, double w, double h)
{
    rect(s, classes, x, y, w, h);
    fputs("/>\n", s->out);
}

void svg_cell(svg *s, double x, double y, double w, double h, double strength, const char *about)
{
    rect(s, isnan(strength) ? "empty" : strength < 0.0 ? "minus" : "plus", x, y, w, h);
    /* deeper colours would leave the text on them too little contrast */
    if (!isnan(strength)) attribute(s, "fill-opacity", 0.55 * fmin(fabs(strength), 1.0));
    if (about == NULL) {
        fputs("/>\n", s->out);
        return;
    }
    fputc('>', s->out);
    about_text(s, about);
    fputs("</rect>\n", s->out);
}

void svg_mark(svg *s, int series, double x, double y, double r, const char *about)
{
    /* circle, square, triangle, diamond, triangle on its head, plus: about the same area */
    static const struct {
        int points;
        double xy[24];
    } shapes[SVG_SERIES] = {
        {0, {0}},
        {4, {-.89, -.89, .89, -.89, .89, .89, -.89, .89}},
        {3, {0, -1.35, 1.17, .67, -1.17, .67}},
        {4, {0, -1.25, 1.25, 0, 0, 1.25, -1.25, 0}},
        {3, {0, 1.35, 1.17, -.67, -1.17, -.67}},
        {12, {-.4, -1.2, .4,  -1.2, .4,  -.4, 1.2,  -.4, 1.2,  .4,  .4,  .4,
              .4,  1.2,  -.4, 1.2,  -.4, .4,  -1.2, .4,  -1.2, -.4, -.4, -.4}},
    };
    const int k = series >= 0 ? series % SVG_SERIES : 0, points = shapes[k].points;
    const char *name = points > 0 ? "path" : "circle";
    if (!isfinite(x) || !isfinite(y)) x = y = 0.0;
    fprintf(s->out, "<%s class=\"mark s%d\"", name, k + 1);
    if (points == 0) {
        attribute(s, "cx", x);
        attribute(s, "cy", y);
        attribute(s, "r", r);
    } else {
        for (int i = 0; i < points; ++i)
            fprintf(s->out, "%s%.2f %.2f", i == 0 ? " d=\"M" : "L", x + r * shapes[k].xy[2 * i],
                    y + r * shapes[k].xy[2 * i + 1]);
        fputs("Z\"", s->out);
    }
    if (about == NULL) {
        fputs("/>\n", s->out);
        return;
    }
    fputc('>', s->out);
    about_text(s, about);
    fprintf(s->out, "</%s>\n", name);
}

void svg_line_begin(svg *s, const char *classes)
{
    s->points = 0;
    fprintf(s->out, "<polyline class=\"%s\" points=\"", classes);
}

void svg_line_point(svg *s, double x, double y)
{
    if (!isfinite(x) || !isfinite(y)) return;
    s->held = s->points > 0 && fabs(x - s->x) < 1.0 / 3.0 && fabs(y - s->y) < 1.0 / 3.0;
    if (s->held) {
        s->held_x = x;
        s->held_y = y;
        return;
    }
    fprintf(s->out, "%s%.1f,%.1f", s->points++ > 0 ? " " : "", x, y);
    s->x = x;
    s->y = y;
}

void svg_line_end(svg *s)
{
    if (s->points > 0 && s->held) fprintf(s->out, " %.1f,%.1f", s->held_x, s->held_y);
    s->held = 0;
    fputs("\"/>\n", s->out);
}

void svg_image(svg *s, double x, double y, double w, double h, const char *type, const void *bytes,
               size_t size, const char *about)
{
    fputs("<image", s->out);
    attribute(s, "x", x);
    attribute(s, "y", y);
    attribute(s, "width", w);
    attribute(s, "height", h);
    fputs(" href=\"", s->out);
    markup_data(s->out, type, bytes, size);
    fputs("\">", s->out);
    about_text(s, about);
    fputs("</image>\n", s->out);
}

/* ---- axes and legends ---- */

int svg_ticks(double low, double high, int most, double *ticks)
{
    static const double steps[] = {1.0, 2.0, 5.0, 10.0};
    if (most > SVG_TICKS) most = SVG_TICKS;
    if (most < 2) most = 2;
    if (!isfinite(low) || !isfinite(high) || !(high - low > 1e-12 * fmax(fabs(low), fabs(high))) ||
        !isfinite(high - low)) {
        ticks[0] = isfinite(low) ? low : 0.0;
        return 1;
    }
    const double power = pow(10.0, floor(log10((high - low) / (most - 1))));
    for (int k = 0; k < 4; ++k) {
        const double step = steps[k] * power, first = ceil(low / step - 1e-9),
                     last = floor(high / step + 1e-9);
        const int count = last >= first ? (int)(last - first) + 1 : 0;
        if (count > most || (count < 1 && k < 3)) continue;
        for (int i = 0; i < count; ++i) ticks[i] = (first + i) * step;
        return count;
    }
    ticks[0] = low;
    return 1;
}

void svg_tick_text(double tick, double step, char *text, size_t size)
{
    step = fabs(step);
    const double largest = fmax(fabs(tick), step);
    if (step > 0.0 && (step < 1e-4 || largest >= 1e6)) {
        snprintf(text, size, "%.3g", tick);
        return;
    }
    int decimals = 0;
    if (step > 0.0)
        while (decimals < 5 && fabs(step - round(step)) > 1e-6 * step) {
            step *= 10.0;
            ++decimals;
        }
    if (fabs(tick) < 1e-12) tick = 0.0;
    snprintf(text, size, "%.*f", decimals, tick);
}

void svg_axes(svg *s, svg_scale x, svg_scale y, const char *x_name, const char *y_name)
{
    double ticks[SVG_TICKS];
    char text[32];
    const double width = fabs(x.to - x.from), height = fabs(y.to - y.from);
    int count = isnan(x.low) ? 0
                             : svg_ticks(x.low, x.high,
                                         width < 150   ? 3
                                         : width < 240 ? 5
                                                       : 7,
                                         ticks);
    for (int i = 0; i < count; ++i) {
        const double at = svg_at(x, ticks[i]);
        svg_tick_text(ticks[i], count > 1 ? ticks[1] - ticks[0] : ticks[i], text, sizeof text);
        svg_line(s, "grid", at, y.from, at, y.to);
        svg_text(s, "quiet mid", at, y.from + 16.0, text);
    }
    count = isnan(y.low) ? 0 : svg_ticks(y.low, y.high, height < 150 ? 4 : 6, ticks);
    for (int i = 0; i < count; ++i) {
        const double at = svg_at(y, ticks[i]);
        svg_tick_text(ticks[i], count > 1 ? ticks[1] - ticks[0] : ticks[i], text, sizeof text);
        svg_line(s, "grid", x.from, at, x.to, at);
        svg_text(s, "quiet end", x.from - 6.0, at + 4.0, text);
    }
    svg_line(s, "axis", x.from, y.from, x.to, y.from);
    svg_line(s, "axis", x.from, y.from, x.from, y.to);
    if (x_name) svg_text(s, "quiet mid", (x.from + x.to) / 2.0, y.from + 33.0, x_name);
    if (y_name) svg_text_up(s, "quiet", x.from - 36.0, (y.from + y.to) / 2.0, y_name);
}

double svg_legend(svg *s, double x, double y, double w, int count, const char *const *names,
                  int with_lines)
{
    char classes[16];
    const double sign = with_lines ? 30.0 : 16.0;
    double at = x;
    for (int k = 0; k < count; ++k) {
        const double wide = sign + svg_text_width(names[k]) + 16.0;
        if (at > x && at + wide > x + w) {
            at = x;
            y += 19.0;
        }
        snprintf(classes, sizeof classes, "line s%d", k % SVG_SERIES + 1);
        if (with_lines) svg_line(s, classes, at, y - 4.0, at + 24.0, y - 4.0);
        svg_mark(s, k, at + (with_lines ? 12.0 : 6.0), y - 4.0, 4.0, NULL);
        svg_text(s, "text", at + sign, y, names[k]);
        at += wide;
    }
    return y + 19.0;
}
