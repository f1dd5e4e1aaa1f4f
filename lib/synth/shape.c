/* The moving parts of the face: brows, lids and lips. Their points at rest go where the muscles
 * move the skin (muscle.c). This file adds what is not a movement of skin over bone: lids, rolled
 * and pressed lips, the gap. */
#include "synth/synth.h"

#include <math.h>

static void activate(const clile_i_person *who, const float *intensity, clile_i_face *face)
{
    for (int k = 0; k < AUS; ++k) {
        for (int s = 0; s < 2; ++s)
            face->act[s][k] =
                clile_i_clamp(who->rest[s][k] + who->gain[s][k] * intensity[k], 0.0f, 1.2f);
        face->mean[k] = 0.5f * (face->act[0][k] + face->act[1][k]);
    }
}

static void shape_brows(const clile_i_person *who, clile_i_face *face)
{
    for (int s = 0; s < 2; ++s)
        for (int i = 0; i < BROW_NODES; ++i) {
            const float t = (float)i / (BROW_NODES - 1), mirror = s ? 1.0f : -1.0f;
            const float x = who->brow_in + t * (who->brow_out - who->brow_in);
            /* highest at two thirds, then down to the temple */
            const float arch = 1.0f - (t - 0.6f) * (t - 0.6f) / 0.36f;
            const float y = who->brow_y - who->brow_arch * arch +
                            (who->brow_tilt + 0.035f) * (t - 0.5f) + 0.03f;
            face->brow[s][i] = clile_i_synth_move(face, (clile_i_point){mirror * x, y});
        }
}

float clile_i_synth_lid(float t, int upper)
{
    const float square = t * t;
    if (square >= 1.0f) return 0.0f;
    /* the upper lid is fullest towards the inner corner, the lower towards the outer */
    return (1.0f - square) * (1.0f + (upper ? -0.25f : 0.25f) * t) *
           (upper ? 1.0f : 0.92f + 0.08f * square);
}

static void shape_lids(const clile_i_person *who, clile_i_face *face)
{
    for (int s = 0; s < 2; ++s) {
        const float *a = face->act[s];
        const float up = 1.0f + 0.22f * a[AU1] + 0.20f * a[AU2] - 0.18f * a[AU4] - 0.48f * a[AU7] -
                         0.10f * a[AU9] - 0.12f * a[AU6];
        const float low = 1.0f - 0.85f * a[AU7] - 0.65f * a[AU6] - 0.35f * a[AU9] - 0.15f * a[AU12];
        face->eye_up[s] = who->eye_up * fmaxf(up, 0.28f);
        face->eye_low[s] = who->eye_low * fmaxf(low, -0.25f);
    }
}

/* The four edges of the lips at rest, at t = -1 .. 1 between the corners, in the order of
 * clile_i_face. */
static void lips_at_rest(const clile_i_person *who, float t, float *y)
{
    const float square = t * t;
    const float line =
        who->mouth_y + who->mouth_bow * square + 0.010f * (1.0f - square) * (1.0f - square);
    const float bow = (1.0f - powf(fabsf(t), 1.7f)) * (1.0f - 0.22f * expf(-square / 0.018f));
    y[0] = line - who->lip_up * bow;
    y[1] = y[2] = line;
    y[3] = line + who->lip_low * powf(1.0f - square, 0.75f);
}

/* What lip tightener, lip presser and chin raiser do to one column of the lips, and the gap; t
 * is the position between the corners. */
static void deform_column(const float *a, float t, float *y)
{
    const float square = t * t, middle = 1.0f - square;
    const float thin_top =
        clile_i_clamp(1.0f - 0.62f * a[AU23] - 0.84f * a[AU24] - 0.40f * a[AU12] - 0.35f * a[AU20] +
                          0.22f * a[AU10] - 0.35f * a[AU14] * square,
                      0.10f, 1.3f);
    const float thin_bottom =
        clile_i_clamp(1.0f - 0.58f * a[AU23] - 0.86f * a[AU24] - 0.25f * a[AU12] - 0.38f * a[AU20] -
                          0.35f * a[AU14] * square + 0.25f * a[AU17] - 0.45f * a[AU10],
                      0.09f, 1.4f);
    float top = y[1] - y[0], bottom = y[3] - y[2];
    const float press = 0.012f * a[AU24];
    const float chin = 0.095f * a[AU17] * middle;
    const float gap = a[AU25] * 0.085f + a[AU26] * 0.12f;
    const float upper =
        y[1] - 0.30f * gap * powf(middle, 0.6f) - 0.7f * chin - 0.05f * a[AU10] * middle;
    float lower =
        y[1] + 0.70f * gap * powf(middle, 0.6f) - 0.9f * chin + press - 0.05f * a[AU10] * middle;
    if (gap < 1e-4f) lower = upper;
    top *= thin_top;
    bottom *= thin_bottom;
    y[0] = upper - top;
    y[1] = upper;
    y[2] = fmaxf(lower, upper);
    y[3] = y[2] + bottom;
}

static void shape_lips(const clile_i_person *who, clile_i_face *face)
{
    enum { NODES = 33 };
    float x[NODES], y[NODES][4];
    clile_i_face closed = *face; /* the jaw opens the gap in deform_column */
    closed.mean[AU26] = 0.0f;
    for (int i = 0; i < NODES; ++i) {
        const float t = 2.0f * (float)i / (NODES - 1) - 1.0f;
        float rest[4];
        lips_at_rest(who, t, rest);
        for (int k = 0; k < 4; ++k) {
            const clile_i_point p =
                clile_i_synth_move(&closed, (clile_i_point){who->mouth_w * t, rest[k]});
            if (k == 1) x[i] = p.x;
            y[i][k] = p.y;
        }
        y[i][0] = fminf(y[i][0], y[i][1]);
        y[i][3] = fmaxf(y[i][3], y[i][2]);
        deform_column(face->mean, t, y[i]);
    }
    face->lip_left = x[0];
    face->lip_right = x[NODES - 1];
    for (int i = 0, k = 0; i < LIP_NODES; ++i) {
        const float at = x[0] + (x[NODES - 1] - x[0]) * (float)i / (LIP_NODES - 1);
        while (k < NODES - 2 && x[k + 1] < at) ++k;
        const float t = clile_i_clamp((at - x[k]) / fmaxf(x[k + 1] - x[k], 1e-4f), 0.0f, 1.0f);
        face->lip_top[i] = y[k][0] + t * (y[k + 1][0] - y[k][0]);
        face->lip_inner_top[i] = y[k][1] + t * (y[k + 1][1] - y[k][1]);
        face->lip_inner_bottom[i] = y[k][2] + t * (y[k + 1][2] - y[k][2]);
        face->lip_bottom[i] = y[k][3] + t * (y[k + 1][3] - y[k][3]);
    }
}

void clile_i_synth_shape(const clile_i_person *who, const float *intensity, clile_i_face *face)
{
    face->who = who;
    activate(who, intensity, face);
    shape_brows(who, face);
    shape_lids(who, face);
    shape_lips(who, face);
    clile_i_synth_folds(face);
}
