/* Folds and furrows: where each AU wrinkles the skin, after the appearance changes listed in the
 * FACS manual (Ekman, Friesen 1978; Ekman, Friesen, Hager 2002). Old faces have some of them at
 * rest. Numbers are face units. */
#include "synth/synth.h"

#include <math.h>

/* A curve from a to b, pulled towards c (quadratic Bezier), given for side 1; side 0 gets its
 * mirror image. */
static void fold(clile_i_face *face, int side, float ax, float ay, float cx, float cy, float bx,
                 float by, float width, float depth)
{
    if (depth < 0.02f || face->strokes == STROKES) return;
    clile_i_stroke *stroke = &face->stroke[face->strokes++];
    stroke->width = width;
    stroke->depth = fminf(depth, 1.2f);
    for (int i = 0; i < STROKE_POINTS; ++i) {
        const float t = (float)i / (STROKE_POINTS - 1), s = 1.0f - t, mirror = side ? 1.0f : -1.0f;
        stroke->p[i] = (clile_i_point){mirror * (s * s * ax + 2.0f * s * t * cx + t * t * bx),
                                       s * s * ay + 2.0f * s * t * cy + t * t * by};
    }
}

static void fold_forehead(clile_i_face *face)
{
    const float old = 0.22f * face->who->age;
    for (int s = 0; s < 2; ++s) {
        const float *a = face->act[s];
        for (int i = 0; i < 3; ++i) {
            const float y = -0.60f - 0.095f * (float)i, fade = 1.0f - 0.15f * (float)i;
            /* the centre: arched over the inner brows, meeting in the middle; then over the
             * outer brows */
            fold(face, s, -0.02f, y + 0.02f, 0.12f, y - 0.03f, 0.27f, y + 0.035f, 0.024f,
                 fade * (0.85f * a[AU1] + old));
            fold(face, s, 0.25f, y - 0.005f, 0.42f, y - 0.07f, 0.62f, y + 0.05f, 0.024f,
                 fade * (0.80f * a[AU2] + old));
        }
        /* glabella: an upright furrow on each side, a second beside it, one across the root of
         * the nose */
        fold(face, s, 0.04f, -0.53f, 0.062f, -0.42f, 0.045f, -0.28f, 0.026f,
             1.15f * a[AU4] + 0.45f * a[AU9] + old);
        fold(face, s, 0.085f, -0.50f, 0.115f, -0.44f, 0.10f, -0.37f, 0.020f, 0.55f * a[AU4]);
        fold(face, s, 0.0f, -0.26f, 0.04f, -0.26f, 0.08f, -0.235f, 0.020f,
             0.55f * a[AU4] + 0.9f * a[AU9]);
        /* back and side of the nose */
        for (int i = 0; i < 3; ++i) {
            const float y = -0.17f + 0.075f * (float)i;
            fold(face, s, 0.005f, y - 0.005f, 0.07f, y + 0.005f, 0.13f, y + 0.045f, 0.020f,
                 0.95f * a[AU9]);
        }
        fold(face, s, 0.10f, -0.10f, 0.145f, -0.02f, 0.16f, 0.08f, 0.022f, 0.6f * a[AU9]);
    }
}

static void fold_eyes(clile_i_face *face)
{
    const clile_i_person *who = face->who;
    const float old = 0.25f * who->age, x = who->eye_x, y = who->eye_y, in = x - who->eye_w,
                out = x + who->eye_w;
    for (int s = 0; s < 2; ++s) {
        const float *a = face->act[s], end = fminf(out + 0.165f, 0.94f * who->width);
        /* crow's feet: a fan at the outer corner */
        for (int i = -1; i <= 2; ++i) {
            const float k = (float)i;
            fold(face, s, out + 0.045f, y + 0.025f * k, out + 0.10f, y + 0.045f * k + 0.012f, end,
                 y + 0.08f * k + 0.01f, 0.018f, 0.85f * a[AU6] + old);
        }
        /* the infraorbital furrow, pushed up and deepened by the cheek */
        fold(face, s, in + 0.02f, y + 0.10f, x, y + 0.185f - 0.03f * a[AU6], out + 0.03f,
             y + 0.105f - 0.03f * a[AU6], 0.028f,
             0.22f + 0.80f * a[AU6] + 0.35f * a[AU9] + 0.15f * a[AU7] + 0.6f * old);
        /* the tightened lower lid bulges: a line close below it, and one at the inner corner */
        fold(face, s, in + 0.04f, y + 0.055f, x, y + 0.095f, out - 0.03f, y + 0.055f, 0.018f,
             0.85f * a[AU7]);
        fold(face, s, in - 0.005f, y + 0.01f, in - 0.03f, y + 0.02f, in - 0.05f, y + 0.045f, 0.018f,
             0.55f * a[AU7]);
    }
}

/* The nasolabial fold, from the wing of the nose to beside the mouth corner: the levators (9,
 * 10) make its upper part, the zygomatic (12) all of it. It follows the corner outwards and half
 * way up, not down. */
static void fold_nasolabial(clile_i_face *face)
{
    const clile_i_person *who = face->who;
    const float old = 0.45f * who->age, wing = who->nose_w, tip = who->nose_tip;
    for (int s = 0; s < 2; ++s) {
        const float *a = face->act[s], lift = 0.05f * a[AU9] + 0.03f * a[AU10],
                    wide = 0.05f * a[AU12];
        const float corner = s ? face->lip_right : -face->lip_left;
        const float y = face->lip_inner_top[s ? LIP_NODES - 1 : 0];
        const float x = fmaxf(corner, who->mouth_w - 0.02f) + 0.075f;
        const float end = fminf(who->mouth_y - 0.10f, 0.5f * (y + who->mouth_y) - 0.08f);
        const float depth =
            0.10f + old + 0.65f * a[AU10] + 0.70f * a[AU12] + 0.25f * a[AU6] + 0.30f * a[AU9];
        fold(face, s, wing + 0.025f, tip - 0.02f - lift, wing + 0.13f + wide, tip + 0.05f - lift, x,
             end, 0.034f, fminf(depth, 0.85f));
        fold(face, s, x, end, x + 0.035f, end + 0.07f, x + 0.015f, end + 0.16f, 0.030f,
             0.5f * old + 0.55f * a[AU12] + 0.25f * a[AU20]);
        fold(face, s, wing + 0.015f, tip + 0.07f, wing + 0.055f, tip + 0.02f - lift, wing + 0.02f,
             tip - 0.09f - lift, 0.026f, 0.75f * a[AU9] + 0.45f * a[AU10]);
    }
}

static void fold_corners(clile_i_face *face)
{
    const float old = 0.18f * face->who->age;
    for (int s = 0; s < 2; ++s) {
        const float *a = face->act[s], x = s ? face->lip_right : -face->lip_left;
        const float y = face->lip_inner_top[s ? LIP_NODES - 1 : 0];
        /* the dimple: curved around the corner, with a pit at it */
        fold(face, s, x + 0.045f, y - 0.085f, x + 0.085f, y, x + 0.045f, y + 0.085f, 0.026f,
             1.0f * a[AU14]);
        fold(face, s, x + 0.005f, y - 0.02f, x + 0.025f, y, x + 0.005f, y + 0.025f, 0.024f,
             0.8f * a[AU14]);
        /* from the corners down */
        fold(face, s, x + 0.01f, y + 0.015f, x + 0.055f, y + 0.07f, x + 0.05f, y + 0.16f, 0.024f,
             0.75f * a[AU15] + old);
        /* stretched: upright folds beside the corners */
        for (int i = 0; i < 2; ++i) {
            const float u = x + 0.055f + 0.07f * (float)i;
            fold(face, s, u - 0.01f, y - 0.11f, u + 0.035f, y + 0.01f, u - 0.005f, y + 0.14f,
                 0.024f, 0.75f * a[AU20]);
        }
    }
}

static void fold_mouth(clile_i_face *face)
{
    const float *a = face->mean;
    const float half = 0.5f * (face->lip_right - face->lip_left),
                top = face->lip_top[LIP_NODES / 2];
    const float bottom = face->lip_bottom[LIP_NODES / 2], y = face->lip_inner_top[0];
    for (int s = 0; s < 2; ++s) {
        /* tightened lips: fine upright lines in the skin above and below */
        for (int i = 0; i < 3; ++i) {
            const float x = half * (0.22f + 0.30f * (float)i), k = 0.025f * (float)(i + 1),
                        u = x + 0.4f * k;
            fold(face, s, x + k, top - 0.11f, u, top - 0.07f, x, top - 0.022f, 0.016f,
                 0.70f * a[AU23]);
            fold(face, s, x, bottom + 0.022f, u, bottom + 0.06f, x + k, bottom + 0.09f, 0.016f,
                 0.5f * a[AU23]);
        }
        /* pressed lips: bulges above and below, set off by long lines, and knots at the corners */
        const float u = 0.6f * half, v = 1.05f * half, w = half + 0.02f;
        fold(face, s, 0.0f, top - 0.060f, u, top - 0.060f, v, y - 0.035f, 0.024f, 0.45f * a[AU24]);
        fold(face, s, 0.0f, bottom + 0.070f, u, bottom + 0.065f, v, y + 0.040f, 0.026f,
             0.75f * a[AU24]);
        fold(face, s, w, y - 0.045f, w + 0.025f, y, w, y + 0.05f, 0.024f, 0.6f * a[AU24]);
        /* under the lower lip: always a little; a raised chin makes it a hard arch */
        const float chin = bottom + 0.06f - 0.02f * a[AU17];
        fold(face, s, 0.0f, chin, 0.09f, chin, 0.19f, chin + 0.035f + 0.06f * a[AU17], 0.030f,
             0.22f * (1.0f - fminf(a[AU26], 1.0f)) + 0.80f * a[AU17]);
    }
    /* pits of the chin boss */
    static const clile_i_point pit[] = {{-0.10f, 0.10f},   {0.01f, 0.085f}, {0.11f, 0.11f},
                                        {-0.055f, 0.165f}, {0.06f, 0.17f},  {-0.13f, 0.19f},
                                        {0.14f, 0.20f},    {0.0f, 0.23f}};
    for (size_t i = 0; i < sizeof pit / sizeof pit[0]; ++i) {
        const float x = pit[i].x, v = bottom + pit[i].y;
        fold(face, 1, x - 0.016f, v, x, v + 0.010f, x + 0.016f, v - 0.002f, 0.019f,
             0.42f * a[AU17]);
    }
}

void clile_i_synth_folds(clile_i_face *face)
{
    face->strokes = 0;
    fold_forehead(face);
    fold_eyes(face);
    fold_nasolabial(face);
    fold_corners(face);
    fold_mouth(face);
}
