/* The head as a height field: an outline, a smooth depth with the nose on it, and the relief of
 * the soft parts. */
#include "synth/synth.h"

#include <math.h>

/* g = 1 - (x / W)^2 - |v|^n, with v from -1 (top) over 0 (eyes) to 1 (chin). Below the eyes W
 * narrows and n makes the jaw square. */
float clile_i_synth_outline(const clile_i_person *who, clile_i_point p, float *slope)
{
    const float dy = p.y - who->eye_y, below = dy > 0.0f ? 1.0f : 0.0f;
    const float height = below > 0.0f ? who->chin - who->eye_y : who->eye_y - who->top;
    const float v = fabsf(dy) / height, n = below > 0.0f ? who->square : 2.2f;
    const float narrow = 1.0f - below * who->taper * v * v, half = who->width * narrow;
    const float power = v > 0.0f ? powf(v, n - 1.0f) : 0.0f, u = p.x / half;
    if (slope != NULL) {
        const float gx = 2.0f * u / half;
        const float gy =
            n * power / height + below * 4.0f * u * u * who->taper * v / (narrow * height);
        *slope = sqrtf(gx * gx + gy * gy) + 1e-3f;
    }
    return 1.0f - u * u - power * v;
}

/* The nose: a ridge from between the brows to the tip, getting wider and higher, and the ball of
 * the tip. */
float clile_i_synth_nose(const clile_i_person *who, clile_i_point p)
{
    const float root = -0.30f, tip = who->nose_tip,
                t = clile_i_clamp((p.y - root) / (tip - root), 0.0f, 1.0f);
    const float half = who->bridge_w + t * t * (0.75f * who->nose_w - 0.5f * who->bridge_w + 0.03f),
                u = p.x / half;
    float ridge = 0.0f;
    if (p.y > root && p.y < tip + 0.10f && u * u < 1.0f) {
        const float over = p.y > tip ? 1.0f - (p.y - tip) / 0.10f : 1.0f;
        ridge = (0.25f + 0.75f * t) * (1.0f - u * u) * (1.0f - u * u) * over * over *
                (3.0f - 2.0f * over) * clile_i_smooth(root, root + 0.15f, p.y);
    }
    return who->nose_z * (ridge + 0.35f * clile_i_hill(p, 0.0f, tip, 0.8f * who->nose_w, 0.15f));
}

float clile_i_synth_depth(const clile_i_person *who, clile_i_point p)
{
    const float u = p.x / (1.15f * who->width), v = (p.y - who->eye_y) / 1.45f,
                r = 1.0f - u * u - v * v;
    return 0.7f * sqrtf(fmaxf(r, 0.0f)) + clile_i_synth_nose(who, p);
}

float clile_i_synth_relief(const clile_i_person *who, const clile_i_face *face, clile_i_point p,
                           clile_i_point p0)
{
    const int side = p.x > 0.0f;
    const float *a = face->act[side], *m = face->mean;
    const clile_i_point q = {fabsf(p0.x), p0.y}, here = {fabsf(p.x), p.y};
    const float ex = who->eye_x, ey = who->eye_y;
    float h = 0.0f;
    /* at rest, moving with the skin */
    /* brow ridge */
    h += 0.055f * clile_i_hill(q, 0.30f, who->brow_y + 0.01f, 0.40f, 0.15f);
    /* socket */
    h -= 0.110f * clile_i_hill(here, ex, ey, 0.27f, 0.22f);
    /* ball and lids */
    h += 0.075f * clile_i_hill(here, ex, ey + 0.005f, 0.21f, 0.135f);
    /* cheekbone */
    h += (0.05f + who->cheek) * clile_i_hill(q, 0.46f, 0.12f, 0.32f, 0.27f);
    /* over the teeth */
    h += 0.060f * clile_i_hill(q, 0.0f, 0.56f, 0.42f, 0.36f);
    /* chin */
    h += who->chin_z * clile_i_hill(q, 0.0f, who->chin - 0.13f, 0.26f, 0.20f);
    /* philtrum */
    h -= 0.012f * clile_i_hill(q, 0.0f, who->nose_tip + 0.18f, 0.05f, 0.14f);
    /* wings of the nose */
    h += 0.055f * clile_i_hill(q, 0.82f * who->nose_w, who->nose_tip + 0.04f, 0.085f, 0.10f);
    h -= 0.030f * clile_i_hill(here, who->nose_w + 0.07f, who->nose_tip + 0.10f, 0.10f, 0.16f);
    /* bulges of contracted or pushed-up flesh */
    h += 0.100f * a[AU6] * clile_i_hill(here, 0.44f, 0.07f, 0.25f, 0.17f);
    h += 0.090f * a[AU12] * clile_i_hill(here, 0.47f, 0.19f, 0.23f, 0.22f);
    h += 0.050f * a[AU10] * clile_i_hill(here, 0.27f, 0.22f, 0.17f, 0.17f);
    h += 0.030f * a[AU7] * clile_i_hill(here, ex, ey + 0.075f, 0.16f, 0.05f);
    h += 0.045f * a[AU4] * clile_i_hill(here, 0.12f, -0.46f, 0.11f, 0.10f);
    h += 0.030f * m[AU4] * clile_i_hill(p, 0.0f, -0.40f, 0.05f, 0.16f);
    h -= 0.050f * a[AU14] * clile_i_hill(here, 0.36f, 0.59f, 0.10f, 0.13f);
    h += 0.035f * a[AU14] * clile_i_hill(here, 0.46f, 0.58f, 0.12f, 0.18f);
    h += 0.105f * m[AU17] * clile_i_hill(p, 0.0f, 0.88f, 0.22f, 0.17f);
    h -= 0.035f * m[AU20] * clile_i_hill(here, 0.0f, 0.62f, 0.36f, 0.22f);
    h += 0.065f * m[AU24] *
         (clile_i_hill(p, 0.0f, 0.51f, 0.30f, 0.075f) + clile_i_hill(p, 0.0f, 0.69f, 0.28f, 0.08f));
    h += 0.040f * m[AU23] * clile_i_hill(p, 0.0f, 0.58f, 0.24f, 0.16f);
    h += 0.030f * a[AU15] * clile_i_hill(here, 0.36f, 0.76f, 0.12f, 0.14f);
    h -= 0.030f * m[AU26] * clile_i_hill(here, 0.40f, 0.62f, 0.16f, 0.30f);
    return h;
}
