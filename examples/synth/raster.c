/* Anti-aliased shapes by signed distance; BMP output. */
#include "synth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static float uniform(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (float)((z ^ (z >> 31)) >> 40) / 16777216.0f;
}

float random_uniform(uint64_t *state, float low, float high)
{
    return low + (high - low) * uniform(state);
}

float random_normal(uint64_t *state)
{
    /* the sum of twelve uniforms: near enough for faces */
    float sum = -6.0f;
    for (int i = 0; i < 12; ++i) sum += uniform(state);
    return sum;
}

int canvas_create(canvas *c, int size)
{
    c->size = size;
    c->pixels = calloc((size_t)size * (size_t)size, sizeof *c->pixels);
    return c->pixels != NULL;
}

void canvas_destroy(canvas *c)
{
    free(c->pixels);
}

void canvas_clear(canvas *c, colour top, colour bottom)
{
    for (int y = 0; y < c->size; ++y) {
        const float t = (float)y / (float)c->size;
        for (int x = 0; x < c->size; ++x)
            c->pixels[y * c->size + x] = (colour){top.r + t * (bottom.r - top.r), top.g + t * (bottom.g - top.g),
                                                  top.b + t * (bottom.b - top.b)};
    }
}

point canvas_map(const canvas *c, point p)
{
    return (point){c->shift_x + c->scale * (c->cosine * p.x - c->sine * p.y),
                   c->shift_y + c->scale * (c->sine * p.x + c->cosine * p.y)};
}

static float segment_distance(point p, point a, point b, float *along)
{
    const float ex = b.x - a.x, ey = b.y - a.y, wx = p.x - a.x, wy = p.y - a.y;
    const float square = ex * ex + ey * ey;
    float t = square > 0.0f ? (wx * ex + wy * ey) / square : 0.0f;
    t = t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t;
    *along = t;
    return hypotf(wx - t * ex, wy - t * ey);
}

/* Signed distance to a polygon (Inigo Quilez): the nearest edge, negative inside. */
static float polygon_distance(point p, const point *v, int n)
{
    float least = 1e9f, along;
    int inside = 0;
    for (int i = 0, j = n - 1; i < n; j = i++) {
        const float d = segment_distance(p, v[j], v[i], &along);
        if (d < least) least = d;
        if ((v[i].y > p.y) != (v[j].y > p.y) && p.x < (v[j].x - v[i].x) * (p.y - v[i].y) / (v[j].y - v[i].y) + v[i].x)
            inside = !inside;
    }
    return inside ? -least : least;
}

static void blend(canvas *c, int x, int y, colour k, float alpha)
{
    colour *p = &c->pixels[y * c->size + x];
    if (alpha <= 0.0f) return;
    if (alpha > 1.0f) alpha = 1.0f;
    p->r += alpha * (k.r - p->r);
    p->g += alpha * (k.g - p->g);
    p->b += alpha * (k.b - p->b);
}

/* Pixel box around points with a margin, cut to the image. */
static void box(const canvas *c, const point *p, int n, float margin, int *range)
{
    float low_x = 1e9f, low_y = 1e9f, high_x = -1e9f, high_y = -1e9f;
    for (int i = 0; i < n; ++i) {
        low_x = fminf(low_x, p[i].x);
        high_x = fmaxf(high_x, p[i].x);
        low_y = fminf(low_y, p[i].y);
        high_y = fmaxf(high_y, p[i].y);
    }
    const float edge = (float)c->size;
    range[0] = (int)fmaxf(0.0f, floorf(low_x - margin));
    range[1] = (int)fminf(edge, ceilf(high_x + margin));
    range[2] = (int)fmaxf(0.0f, floorf(low_y - margin));
    range[3] = (int)fminf(edge, ceilf(high_y + margin));
}

enum { MOST_POINTS = 128 };

void draw_polygon(canvas *c, const point *p, int n, colour fill, float alpha)
{
    point v[MOST_POINTS];
    int range[4];
    for (int i = 0; i < n; ++i) v[i] = canvas_map(c, p[i]);
    box(c, v, n, 1.0f, range);
    for (int y = range[2]; y < range[3]; ++y)
        for (int x = range[0]; x < range[1]; ++x) {
            const float d = polygon_distance((point){(float)x + 0.5f, (float)y + 0.5f}, v, n);
            blend(c, x, y, fill, alpha * fminf(1.0f, fmaxf(0.0f, 0.5f - d)));
        }
}

void draw_ellipse(canvas *c, float x, float y, float rx, float ry, colour fill, float alpha)
{
    point p[40];
    for (int i = 0; i < 40; ++i) {
        const float t = 6.2831853f * (float)i / 40.0f;
        p[i] = (point){x + rx * cosf(t), y + ry * sinf(t)};
    }
    draw_polygon(c, p, 40, fill, alpha);
}

void draw_line(canvas *c, const point *p, int n, float width, float taper, colour ink, float alpha)
{
    point v[MOST_POINTS];
    int range[4];
    const float half = 0.5f * width * c->scale;
    for (int i = 0; i < n; ++i) v[i] = canvas_map(c, p[i]);
    box(c, v, n, half + 1.0f, range);
    for (int y = range[2]; y < range[3]; ++y)
        for (int x = range[0]; x < range[1]; ++x) {
            float cover = 0.0f;
            for (int i = 0; i + 1 < n; ++i) {
                float along;
                const float d = segment_distance((point){(float)x + 0.5f, (float)y + 0.5f}, v[i], v[i + 1], &along);
                const float t = 2.0f * ((float)i + along) / (float)(n - 1) - 1.0f; /* -1..1 over the whole line */
                cover = fmaxf(cover, half * (1.0f - taper * t * t) + 0.5f - d);
            }
            blend(c, x, y, ink, alpha * fminf(1.0f, cover));
        }
}

void curve(point a, point control, point b, int n, point *out)
{
    for (int i = 0; i < n; ++i) {
        const float t = (float)i / (float)(n - 1), s = 1.0f - t;
        out[i] = (point){s * s * a.x + 2 * s * t * control.x + t * t * b.x,
                         s * s * a.y + 2 * s * t * control.y + t * t * b.y};
    }
}

void canvas_shade(canvas *c, float slope_x, float slope_y, float gain, float noise, uint64_t seed)
{
    const float half = 0.5f * (float)c->size;
    for (int y = 0; y < c->size; ++y)
        for (int x = 0; x < c->size; ++x) {
            colour *p = &c->pixels[y * c->size + x];
            const float light = gain * (1.0f + slope_x * ((float)x / half - 1.0f) + slope_y * ((float)y / half - 1.0f));
            const float grain = noise * random_normal(&seed);
            p->r = p->r * light + grain;
            p->g = p->g * light + grain;
            p->b = p->b * light + grain;
        }
}

static unsigned char byte_of(float v)
{
    return (unsigned char)(v <= 0.0f ? 0.0f : v >= 1.0f ? 255.0f : 255.0f * v + 0.5f);
}

static void put32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; ++i) at[i] = (unsigned char)(v >> 8 * i);
}

int canvas_write_bmp(const canvas *c, const char *path)
{
    const uint32_t size = (uint32_t)c->size, row = (size * 3 + 3) / 4 * 4;
    unsigned char head[54] = {'B', 'M'};
    unsigned char *line = calloc(row, 1);
    FILE *file = fopen(path, "wb");
    int fine = file != NULL && line != NULL;
    put32(head + 2, 54 + row * size);
    put32(head + 10, 54);
    put32(head + 14, 40);
    put32(head + 18, size);
    put32(head + 22, size); /* positive: the bottom row comes first */
    head[26] = 1;
    head[28] = 24;
    put32(head + 34, row * size);
    fine = fine && fwrite(head, sizeof head, 1, file) == 1;
    for (int y = c->size - 1; fine && y >= 0; --y) {
        for (int x = 0; x < c->size; ++x) {
            const colour *p = &c->pixels[y * c->size + x];
            line[3 * x] = byte_of(p->b);
            line[3 * x + 1] = byte_of(p->g);
            line[3 * x + 2] = byte_of(p->r);
        }
        fine = fwrite(line, row, 1, file) == 1;
    }
    if (file && fclose(file) != 0) fine = 0;
    free(line);
    return fine;
}
