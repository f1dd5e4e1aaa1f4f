/* Brows, eyes, mouth and glasses, pixel by pixel. Coverage is the distance to an edge in pixels,
 * clamped to 0..1. */
#include "synth/paint.h"

#include <math.h>

static const clile_i_colour black = {0.05f, 0.04f, 0.04f};

void clile_i_synth_paint_brows(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel)
{
    const int side = p.x > 0.0f;
    const clile_i_point *node = c->face->brow[side];
    const float x = fabsf(p.x), first = fabsf(node[0].x), last = fabsf(node[BROW_NODES - 1].x);
    if (p.y < -0.85f || p.y > -0.15f || x < first - 0.04f || x > last + 0.04f) return;
    int k = 0;
    while (k < BROW_NODES - 2 && fabsf(node[k + 1].x) < x) ++k;
    const float span = fabsf(node[k + 1].x) - fabsf(node[k].x),
                s = clile_i_clamp((x - fabsf(node[k].x)) / fmaxf(span, 1e-3f), 0.0f, 1.0f);
    const float y = node[k].y + s * (node[k + 1].y - node[k].y),
                t = ((float)k + s) / (BROW_NODES - 1);
    const float thick = c->who->brow_thick * (0.75f + 0.5f * t - 0.95f * t * t);
    const float ends = fminf(x - first + 0.02f, last + 0.01f - x) / 0.03f;
    const float hair = 0.82f + 0.30f * clile_i_synth_noise(c->who->texture, 70.0f * x + 40.0f * p.y,
                                                           30.0f * p.y - 20.0f * x);
    const float cover = (thick - fabsf(p.y - y)) * c->scene->scale * 0.8f + 0.5f;
    const float alpha = clile_i_clamp(cover, 0.0f, 1.0f) * clile_i_clamp(ends, 0.0f, 1.0f) *
                        clile_i_clamp(hair, 0.0f, 1.0f);
    clile_i_cover(pixel, c->who->brow, 0.92f * alpha);
    pixel->height += 0.012f * alpha;
    pixel->gloss *= 1.0f - alpha;
}

/* Lids are curves over the line between the corners: v is the height over that line, t the
 * position along it. */
void clile_i_synth_paint_eyes(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel)
{
    static const clile_i_colour white = {0.93f, 0.91f, 0.89f};
    const clile_i_person *who = c->who;
    const int side = p.x > 0.0f;
    const float mirror = side ? 1.0f : -1.0f, scale = c->scene->scale;
    const float x = mirror * p.x - who->eye_x, t = x / who->eye_w,
                v = who->eye_y - who->eye_tilt * x - p.y;
    if (fabsf(t) > 1.25f || v > 0.25f || v < -0.16f) return;
    const float up = c->face->eye_up[side] * clile_i_synth_lid(t, 1),
                low = -c->face->eye_low[side] * clile_i_synth_lid(t, 0);
    const float inside =
        clile_i_clamp(fminf(up - v, v - low) * scale + 0.5f, 0.0f, 1.0f) * (fabsf(t) < 1.0f);
    if (inside > 0.0f) {
        const float ix = mirror * x - c->scene->gaze_x, iy = -v + 0.010f + c->scene->gaze_y,
                    r = sqrtf(ix * ix + iy * iy);
        clile_i_colour k = white;
        const float edge = clile_i_clamp((0.078f - r) * scale + 0.5f, 0.0f, 1.0f);
        k = clile_i_mix(k, clile_i_mix(who->iris, black, clile_i_smooth(0.05f, 0.08f, r)), edge);
        k = clile_i_mix(k, black, clile_i_clamp((0.034f - r) * scale + 0.5f, 0.0f, 1.0f));
        /* the lid's shadow */
        k = clile_i_mix(k, black, 0.45f * clile_i_smooth(0.045f, 0.0f, up - v));
        const float gx = ix - 0.022f, gy = iy + 0.026f;
        k = clile_i_mix(
            k, (clile_i_colour){1.0f, 1.0f, 1.0f},
            0.9f * clile_i_clamp((0.014f - sqrtf(gx * gx + gy * gy)) * scale + 0.5f, 0.0f, 1.0f));
        clile_i_cover(pixel, k, inside);
        pixel->lit *= 1.0f - 0.5f * inside;
        pixel->gloss *= 1.0f - inside;
        pixel->dark *= 1.0f - inside;
    }
    if (fabsf(t) < 1.12f) {
        const float taper = clile_i_clamp(1.15f - t * t * 0.6f, 0.0f, 1.0f);
        const float lash = 1.0f - fabsf(v - up - 0.006f) / 0.016f,
                    rim = 1.0f - fabsf(v - low + 0.006f) / 0.014f;
        clile_i_cover(pixel, black,
                      0.85f * taper * clile_i_clamp(lash * 0.016f * scale + 0.25f, 0.0f, 1.0f));
        clile_i_cover(pixel, clile_i_mix(who->skin, black, 0.65f),
                      0.55f * taper * clile_i_clamp(rim * 0.014f * scale + 0.2f, 0.0f, 1.0f));
        /* the fold of the upper lid, pulled open by raised brows and hidden by lowered ones */
        const float *a = c->face->act[side];
        const float crease =
            up + who->lid + 0.03f * (a[AU1] + a[AU2]) - 0.012f * a[AU4] + 0.012f * a[AU7];
        const float depth = clile_i_clamp(1.0f - fabsf(v - crease) / 0.018f, 0.0f, 1.0f);
        pixel->dark += 0.55f * depth * clile_i_clamp(1.2f - t * t, 0.0f, 1.0f);
    }
}

/* The mouth's inside: dark, the upper teeth in its upper part, the tongue deep down. */
static clile_i_colour inside_colour(float below, float gap, float t)
{
    static const clile_i_colour teeth = {0.90f, 0.87f, 0.80f}, tongue = {0.62f, 0.28f, 0.28f},
                                hollow = {0.16f, 0.05f, 0.05f};
    const float row = clile_i_smooth(0.050f, 0.040f, below) *
                      clile_i_smooth(0.80f, 0.65f, fabsf(t)) * clile_i_smooth(0.015f, 0.04f, gap);
    clile_i_colour k = clile_i_mix(hollow, tongue,
                                   0.7f * clile_i_smooth(0.45f, 0.9f, below / fmaxf(gap, 0.02f)) *
                                       clile_i_smooth(0.08f, 0.16f, gap));
    k = clile_i_mix(k, teeth, row * (0.92f - 0.25f * t * t));
    return k;
}

void clile_i_synth_paint_mouth(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel)
{
    const clile_i_face *f = c->face;
    const float width = f->lip_right - f->lip_left, at = (p.x - f->lip_left) / width,
                scale = c->scene->scale;
    if (p.y < 0.25f || p.y > 1.15f || at < 0.0f || at > 1.0f) return;
    const float place = at * (LIP_NODES - 1);
    const int i = place >= LIP_NODES - 1 ? LIP_NODES - 2 : (int)place;
    const float s = place - (float)i, t = 2.0f * at - 1.0f;
    const float top = f->lip_top[i] + s * (f->lip_top[i + 1] - f->lip_top[i]);
    const float upper = f->lip_inner_top[i] + s * (f->lip_inner_top[i + 1] - f->lip_inner_top[i]);
    const float lower =
        f->lip_inner_bottom[i] + s * (f->lip_inner_bottom[i + 1] - f->lip_inner_bottom[i]);
    const float bottom = f->lip_bottom[i] + s * (f->lip_bottom[i + 1] - f->lip_bottom[i]);
    const float red =
        clile_i_clamp(fminf(p.y - top, bottom - p.y) * scale * 0.8f + 0.5f, 0.0f, 1.0f);
    if (red <= 0.0f && p.y < top - 0.05f) return;
    if (red > 0.0f) {
        const int above = p.y < 0.5f * (upper + lower);
        const float r = above ? (p.y - top) / fmaxf(upper - top, 1e-3f)
                              : (p.y - lower) / fmaxf(bottom - lower, 1e-3f);
        const float q = clile_i_clamp(r, 0.0f, 1.0f), thick = above ? upper - top : bottom - lower;
        const float bulge =
            above ? (1.0f - q * q) * clile_i_smooth(0.0f, 0.3f, q) : 4.0f * q * (1.0f - q);
        clile_i_cover(pixel, clile_i_mix(c->who->lips, black, above ? 0.14f : 0.0f), 0.88f * red);
        pixel->height += red * bulge * 0.55f * fminf(thick, 0.09f);
        pixel->gloss += 0.12f * red;
        pixel->dark *= 1.0f - 0.7f * red;
    }
    const float gap = clile_i_clamp((fminf(p.y - upper, lower - p.y)) * scale + 0.5f, 0.0f, 1.0f) *
                      clile_i_clamp((lower - upper) * scale, 0.0f, 1.0f);
    if (gap > 0.0f) {
        clile_i_cover(pixel, inside_colour(p.y - upper, lower - upper, t), gap);
        pixel->lit *= 1.0f - 0.7f * gap;
        pixel->gloss *= 1.0f - gap;
        pixel->dark *= 1.0f - gap;
    }
    /* the line where the lips meet, darkest when they are pressed */
    const float closed = clile_i_clamp(1.0f - (lower - upper) * 25.0f, 0.0f, 1.0f);
    const float line =
        clile_i_clamp(1.0f - fabsf(p.y - upper) / (0.016f + 0.008f * f->mean[AU24]), 0.0f, 1.0f);
    clile_i_cover(pixel, clile_i_mix(c->who->lips, black, 0.75f), (0.45f + 0.45f * closed) * line);
    clile_i_cover(pixel, clile_i_mix(c->who->lips, black, 0.75f),
                  0.6f * (1.0f - closed) *
                      clile_i_clamp(1.0f - fabsf(p.y - lower) / 0.012f, 0.0f, 1.0f));
}

void clile_i_synth_paint_glasses(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel)
{
    const float x = fabsf(p.x), u = (x - c->who->eye_x - 0.01f) / 0.225f,
                v = (p.y - c->who->eye_y - 0.015f) / 0.165f;
    if (p.y < -0.5f || p.y > 0.2f || x > c->who->width) return;
    const float square = u * u, r = sqrtf(square + v * v),
                ring = (0.016f - 0.19f * fabsf(r - 1.0f)) * c->scene->scale + 0.5f;
    const float bar = (0.012f - fabsf(p.y - c->who->eye_y + 0.03f)) * c->scene->scale + 0.5f;
    const int on_bar = x < c->who->eye_x - 0.20f || x > c->who->eye_x + 0.22f;
    clile_i_cover(pixel, black, clile_i_clamp(ring, 0.0f, 1.0f) * 0.85f);
    if (on_bar) clile_i_cover(pixel, black, clile_i_clamp(bar, 0.0f, 1.0f) * 0.85f);
}
