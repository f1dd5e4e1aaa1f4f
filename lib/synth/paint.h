/* What painting a face shares: the picture before lighting, and where a pixel is. */
#ifndef CLILE_I_SYNTH_PAINT_H
#define CLILE_I_SYNTH_PAINT_H

#include "synth/synth.h"

typedef struct {
    clile_i_colour albedo;
    float height; /* face units */
    float lit;    /* 1: lit by its slope, 0: shown unlit */
    float dark;   /* of folds: 0 none */
    float gloss;
} clile_i_pixel;

/* The muscles' displacement on a grid over the face, GRID_STEP face units apart, starting at
 * (GRID_LEFT, GRID_TOP). */
enum { GRID_W = 49, GRID_H = 57 };
#define GRID_STEP 0.05f
#define GRID_LEFT (-1.2f)
#define GRID_TOP (-1.35f)

typedef struct {
    const clile_i_person *who;
    const clile_i_scene *scene;
    const clile_i_face *face;
    int32_t size;
    clile_i_pixel *pixel;           /* [size,size] */
    clile_i_point (*moved)[GRID_W]; /* [GRID_H,GRID_W] */
} clile_i_canvas;

/* Covers the pixel with a colour; alpha is clamped to 0..1. */
static inline void clile_i_cover(clile_i_pixel *pixel, clile_i_colour colour, float alpha)
{
    pixel->albedo = clile_i_mix(pixel->albedo, colour, clile_i_clamp(alpha, 0.0f, 1.0f));
}

/* noise.c: noise in -1..1, independent at each integer x and y; and smooth over one unit of
 * both. */
float clile_i_synth_lattice(uint32_t seed, int32_t x, int32_t y);
float clile_i_synth_noise(uint32_t seed, float x, float y);

/* features.c: each checks whether p (the pixel's position on the face) is in its part of the
 * face. */
void clile_i_synth_paint_brows(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel);
void clile_i_synth_paint_eyes(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel);
void clile_i_synth_paint_mouth(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel);
void clile_i_synth_paint_glasses(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel);

#endif
