/* clile_synth_faces: drawn faces with action units, for trying libclile out where no data set is at hand. */
#ifndef SYNTH_H
#define SYNTH_H

#include <stdint.h>

typedef struct {
    float r, g, b; /* 0..1 */
} colour;

typedef struct {
    float x, y;
} point;

/* ---- raster.c: an image of floats; shapes are drawn by their signed distance, with a soft edge of one pixel ---- */

typedef struct {
    int size;
    colour *pixels; /* [size][size] */
    /* face units to pixels: rotation by (cosine, sine) times scale, then shift */
    float scale, cosine, sine, shift_x, shift_y;
} canvas;

int canvas_create(canvas *c, int size);
void canvas_destroy(canvas *c);
void canvas_clear(canvas *c, colour top, colour bottom);
point canvas_map(const canvas *c, point p);
void draw_polygon(canvas *c, const point *p, int n, colour fill, float alpha);
void draw_ellipse(canvas *c, float x, float y, float rx, float ry, colour fill, float alpha);
/* A line through all points, as wide as `width` in face units, thinner towards its ends by `taper` (0..1). */
void draw_line(canvas *c, const point *p, int n, float width, float taper, colour ink, float alpha);
/* A quadratic Bezier curve from a to b, pulled towards the control point, as `n` points. */
void curve(point a, point control, point b, int n, point *out);
/* Light from one side, brightness, noise; then 24-bit BMP. 0 when the file could not be written. */
void canvas_shade(canvas *c, float slope_x, float slope_y, float gain, float noise, uint64_t seed);
int canvas_write_bmp(const canvas *c, const char *path);

/* ---- face.c ---- */

enum { AUS = 12, LANDMARKS = 68 };
extern const int au_numbers[AUS];
enum { AU1, AU2, AU4, AU6, AU7, AU10, AU12, AU14, AU15, AU17, AU23, AU24 }; /* places in au_numbers */

/* What stays the same in one person. */
typedef struct {
    float width, height, eye_gap, eye_size, eye_tilt, brow_height, brow_width, brow_slope, nose_length, nose_width,
        mouth_width, lip, mouth_height, chin;
    float rest[AUS], gain[AUS]; /* expression at rest, and how strongly an AU shows */
    float rate[AUS];            /* shift of how often an AU occurs, in standard deviations */
    colour skin, hair, iris, lips, wall;
    int hair_style, glasses;
} person;

person person_draw(uint64_t *random);
/* Draws the face with intensities 0..1 and returns its landmarks in pixels (Multi-PIE order). */
void face_draw(canvas *c, const person *who, const float *intensity, point *landmarks);

/* ---- random numbers: SplitMix64 (Steele, Lea, Flood 2014) ---- */
float random_uniform(uint64_t *state, float low, float high);
float random_normal(uint64_t *state);

#endif
