/* The internals of drawn faces: a person, what a frame shows, the shape that the muscles give the
 * face, the painting.
 *
 * Face units: the origin is between nose root and tip, x to the right of the image, y down, z to
 * the viewer. The eyes are near (-0.36, -0.20) and (0.36, -0.20), the nose tip near (0, 0.21), the
 * mouth near (0, 0.58), the chin near (0, 1.06). Side 0 is the left of the image (x < 0), side 1
 * the right. For this room only. Its constants have short names to keep formulas readable. */
#ifndef CLILE_I_SYNTH_H
#define CLILE_I_SYNTH_H

#include "base/base.h"

#include <clile/synth.h>

enum { AUS = CLILE_SYNTH_AUS, LANDMARKS = CLILE_SYNTH_LANDMARKS };
/* columns */
enum { AU1, AU2, AU4, AU6, AU7, AU9, AU10, AU12, AU14, AU15, AU17, AU20, AU23, AU24, AU25, AU26 };
enum { LIP_NODES = 64, BROW_NODES = 9, STROKE_POINTS = 7, STROKES = 112, MOLES = 5 };

extern const int32_t clile_i_synth_au_ids[AUS];

typedef struct {
    float r, g, b; /* 0..1, as displayed */
} clile_i_colour;

typedef struct {
    float x, y;
} clile_i_point;

/* What is constant for one person. */
typedef struct {
    /* head: half width, y of its top and chin */
    float width, top, chin, taper, square;
    /* half width; heights of the lids at rest */
    float eye_x, eye_y, eye_w, eye_up, eye_low, eye_tilt, lid;
    float brow_y, brow_tilt, brow_arch, brow_thick, brow_in, brow_out;
    float nose_tip, nose_w, nose_z, bridge_w;
    float mouth_y, mouth_w, lip_up, lip_low, mouth_bow; /* bow: how far the corners hang */
    float cheek, chin_z, age;                           /* age 0..1: folds at rest */
    float beard;                                        /* 0..1 */
    clile_i_colour skin, hair, brow, iris, lips, wall, cloth;
    int hair_style, glasses; /* 0 bald 1 short 2 middle 3 long */
    float hairline;
    clile_i_point mole[MOLES];
    float mole_size[MOLES];
    uint32_t texture;
    /* expression at rest, and how strongly an AU shows, by side */
    float rest[2][AUS], gain[2][AUS];
    /* shift of an AU's latent variable, in standard deviations */
    float rate[AUS];
} clile_i_person;

/* Pose, gaze and light of one frame. */
typedef struct {
    float yaw, pitch, cosine, sine, scale, shift_x, shift_y; /* scale: pixels per face unit */
    float gaze_x, gaze_y;
    float light[3], ambient, warmth, noise;
    uint32_t grain;
} clile_i_scene;

/* A fold of the skin: a dark groove of `width` (face units) and `depth` (0..1) along its points. */
typedef struct {
    clile_i_point p[STROKE_POINTS];
    float width, depth;
} clile_i_stroke;

/* The face of one frame, in face units. */
typedef struct {
    const clile_i_person *who;
    float act[2][AUS];                 /* how far each muscle contracts: rest + gain intensity */
    float mean[AUS];                   /* of the two sides */
    clile_i_point brow[2][BROW_NODES]; /* middle line from the inner to the outer end */
    /* heights of the lids above and below the line of the corners */
    float eye_up[2], eye_low[2];
    float lip_left, lip_right; /* x of the corners */
    /* Heights (y) over LIP_NODES equal steps of x between the corners: upper edge, its lower
     * edge, the upper edge of the lower lip, its lower edge. */
    float lip_top[LIP_NODES], lip_inner_top[LIP_NODES], lip_inner_bottom[LIP_NODES],
        lip_bottom[LIP_NODES];
    clile_i_stroke stroke[STROKES];
    int strokes;
} clile_i_face;

/* person.c: who subject `subject` of data set `seed` is, and the scene of one frame at `size`
 * pixels. */
void clile_i_synth_person(uint64_t seed, int64_t subject, clile_i_person *out);
void clile_i_synth_scene(uint64_t seed, int64_t subject, int64_t frame, int32_t size,
                         clile_i_scene *out);
/* An independent stream of random numbers for each subject, frame (-1: for what belongs to the
 * subject) and purpose. */
enum { STREAM_PERSON = 1, STREAM_SCENE, STREAM_LABELS };
clile_i_rng clile_i_synth_rng(uint64_t seed, int64_t subject, int64_t frame, uint64_t purpose);

/* synth.c: INVALID_ARGUMENT unless 32..1024; and the rule that turns intensities into labels. */
clile_status clile_i_synth_check_size(const char *function, int32_t size);
void clile_i_synth_present(const float *intensity, int8_t *labels);

/* labels.c */
void clile_i_synth_draw_labels(uint64_t seed, int64_t subject, int64_t frame,
                               const clile_i_person *who, float *intensity);

/* muscle.c: where skin that is at p at rest moves to. */
clile_i_point clile_i_synth_move(const clile_i_face *face, clile_i_point p);

/* shape.c, folds.c: the face that the muscles make. */
/* borrows `who` */
void clile_i_synth_shape(const clile_i_person *who, const float *intensity, clile_i_face *out);
void clile_i_synth_folds(clile_i_face *face);
/* One eyelid at t, -1 (inner corner) .. 1: its height over the line between the corners, 1 in
 * the middle. */
float clile_i_synth_lid(float t, int upper);

/* skin.c: the head. Above 0 inside its outline, 0 on it; `slope` (may be NULL) gets the length
 * of the gradient. */
float clile_i_synth_outline(const clile_i_person *who, clile_i_point p, float *slope);
/* Depth of the smooth head with its nose. It shifts when the head turns. */
float clile_i_synth_depth(const clile_i_person *who, clile_i_point p);
/* The nose alone, part of the depth. */
float clile_i_synth_nose(const clile_i_person *who, clile_i_point p);
/* Height of the skin above that; p0 is where the skin is at rest. */
float clile_i_synth_relief(const clile_i_person *who, const clile_i_face *face, clile_i_point p,
                           clile_i_point p0);

/* landmarks.c */
clile_i_point clile_i_synth_project(const clile_i_person *who, const clile_i_scene *scene,
                                    clile_i_point p);
void clile_i_synth_landmarks(const clile_i_person *who, const clile_i_scene *scene,
                             const clile_i_face *face, float *xy /*[68,2]*/);

/* paint.c */
clile_status clile_i_synth_paint(const clile_i_person *who, const clile_i_scene *scene,
                                 const clile_i_face *face, int32_t size, uint8_t *rgb);

/* A smooth hill of height 1 over an ellipse around (cx, cy), 0 outside. */
static inline float clile_i_hill(clile_i_point p, float cx, float cy, float rx, float ry)
{
    const float u = (p.x - cx) / rx, v = (p.y - cy) / ry, r = 1.0f - u * u - v * v;
    return r > 0.0f ? r * r : 0.0f;
}

static inline float clile_i_clamp(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}

/* 0 below a, 1 above b, smooth between them. */
static inline float clile_i_smooth(float a, float b, float v)
{
    const float t = clile_i_clamp((v - a) / (b - a), 0.0f, 1.0f);
    return t * t * (3.0f - 2.0f * t);
}

static inline clile_i_colour clile_i_mix(clile_i_colour a, clile_i_colour b, float t)
{
    return (clile_i_colour){a.r + t * (b.r - a.r), a.g + t * (b.g - a.g), a.b + t * (b.b - a.b)};
}

#endif
