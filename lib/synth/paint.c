/* A face to pixels: where each pixel is on the face and on the face at rest, its colour and height
 * there, the folds, and finally the light on all slopes. */
#include "synth/paint.h"

#include <math.h>

static const clile_i_colour black = {0.05f, 0.04f, 0.04f};

/* ---- where a pixel is ---- */

static void fill_grid(const clile_i_canvas *c)
{
    for (int j = 0; j < GRID_H; ++j)
        for (int i = 0; i < GRID_W; ++i) {
            const clile_i_point p = {GRID_LEFT + GRID_STEP * (float)i,
                                     GRID_TOP + GRID_STEP * (float)j};
            const clile_i_point to = clile_i_synth_move(c->face, p);
            c->moved[j][i] = (clile_i_point){to.x - p.x, to.y - p.y};
        }
}

static clile_i_point displacement(const clile_i_canvas *c, clile_i_point p)
{
    const float x = clile_i_clamp((p.x - GRID_LEFT) / GRID_STEP, 0.0f, (float)GRID_W - 1.001f);
    const float y = clile_i_clamp((p.y - GRID_TOP) / GRID_STEP, 0.0f, (float)GRID_H - 1.001f);
    const int i = (int)x, j = (int)y;
    const float u = x - (float)i, v = y - (float)j;
    const clile_i_point *r = &c->moved[j][i], *s = &c->moved[j + 1][i];
    return (clile_i_point){
        (1.0f - v) * ((1.0f - u) * r[0].x + u * r[1].x) + v * ((1.0f - u) * s[0].x + u * s[1].x),
        (1.0f - v) * ((1.0f - u) * r[0].y + u * r[1].y) + v * ((1.0f - u) * s[0].y + u * s[1].y)};
}

/* The inverse of clile_i_synth_project, by fixed-point iteration: what is seen at a pixel. */
static clile_i_point look(const clile_i_canvas *c, float px, float py)
{
    const clile_i_scene *s = c->scene;
    const float x = (px - s->shift_x) / s->scale, y = (py - s->shift_y) / s->scale;
    const clile_i_point q = {s->cosine * x + s->sine * y, s->cosine * y - s->sine * x};
    clile_i_point p = q;
    for (int i = 0; i < 2; ++i) {
        const float z = clile_i_synth_depth(c->who, p);
        p = (clile_i_point){q.x - s->yaw * z, q.y - s->pitch * z};
    }
    return p;
}

/* ---- layers, from the back to the front ---- */

static void paint_behind(const clile_i_canvas *c, clile_i_point p, float px, float py,
                         clile_i_pixel *pixel)
{
    const clile_i_person *who = c->who;
    const float size = (float)c->size, scale = c->scene->scale, x = fabsf(p.x);
    const float shade =
        0.08f * clile_i_synth_noise(c->scene->grain, 3.0f * px / size, 3.0f * py / size) -
        0.15f * py / size;
    pixel->albedo = clile_i_mix(who->wall, black, 0.15f - shade);
    if (who->hair_style >= 2) {
        const float end = who->hair_style == 3 ? 1.15f : 0.35f, u = p.x / (who->width + 0.20f),
                    v = (p.y + 0.15f) / (who->eye_y - who->top + 0.18f);
        const float g = p.y < -0.15f ? 1.0f - u * u - v * v : 1.0f - u * u;
        const float alpha = fminf(g * 0.35f, (end - p.y) * 0.7f) * scale;
        const float strand = clile_i_synth_noise(who->texture, 14.0f * p.x, 2.0f * p.y);
        clile_i_cover(pixel, clile_i_mix(who->hair, black, 0.35f + 0.2f * strand), alpha);
    }
    if (p.y > 0.55f) {
        const float neck = (0.44f + 0.05f * clile_i_smooth(0.9f, 1.5f, p.y) - x) * scale + 0.5f;
        const float under =
            0.62f - 0.30f * clile_i_smooth(who->chin, who->chin + 0.30f, p.y) + 0.3f * x;
        clile_i_cover(pixel, clile_i_mix(who->skin, black, clile_i_clamp(under, 0.15f, 0.8f)),
                      neck);
        const float shoulder = (p.y - 1.30f - 0.10f * clile_i_smooth(0.5f, 1.2f, x) +
                                0.16f * clile_i_smooth(0.1f, 0.5f, x)) *
                               scale;
        clile_i_cover(pixel, who->cloth, shoulder);
    }
    const float u = (x - who->width + 0.01f) / 0.085f, v = (p.y + 0.02f) / 0.175f,
                ear = (1.0f - u * u - v * v) * 0.04f * scale;
    if (ear > 0.0f && who->hair_style < 3)
        clile_i_cover(pixel,
                      clile_i_mix(who->skin, black,
                                  0.22f + 0.12f * clile_i_hill((clile_i_point){u, v}, 0.1f, 0.0f,
                                                               0.7f, 0.7f)),
                      ear);
}

/* Skin colour at p0 of the face at rest: red cheeks, blotches, moles, beard. */
static clile_i_colour skin_colour(const clile_i_canvas *c, clile_i_point p0)
{
    static const clile_i_colour red = {0.75f, 0.32f, 0.30f};
    const clile_i_person *who = c->who;
    const clile_i_point q = {fabsf(p0.x), p0.y};
    const float blotch = clile_i_synth_noise(who->texture, 5.0f * p0.x, 5.0f * p0.y),
                pores = clile_i_synth_noise(who->texture + 1u, 22.0f * p0.x, 22.0f * p0.y);
    clile_i_colour k = clile_i_mix(who->skin, black, 0.03f + 0.03f * blotch + 0.025f * pores);
    k = clile_i_mix(k, red,
                    0.13f * clile_i_hill(q, 0.45f, 0.16f, 0.32f, 0.26f) +
                        0.10f * clile_i_hill(q, 0.0f, who->nose_tip, 0.16f, 0.14f));
    /* around the eyes */
    k = clile_i_mix(k, black, 0.16f * clile_i_hill(q, who->eye_x, who->eye_y, 0.26f, 0.17f));
    if (who->beard > 0.0f && p0.y > 0.3f) {
        const float jaw = clile_i_smooth(0.25f, 0.60f, p0.y + 0.55f * (q.x - 0.35f)) *
                          (1.0f - clile_i_hill(q, 0.42f, 0.30f, 0.30f, 0.30f));
        const float stubble =
            0.8f + 0.35f * clile_i_synth_noise(who->texture + 2u, 40.0f * p0.x, 40.0f * p0.y);
        k = clile_i_mix(k, who->hair, clile_i_clamp(who->beard * jaw * stubble, 0.0f, 0.9f));
    }
    for (int i = 0; i < MOLES; ++i) {
        const float dx = p0.x - who->mole[i].x, dy = p0.y - who->mole[i].y, r = who->mole_size[i];
        if (r > 0.0f && dx * dx + dy * dy < 4.0f * r * r)
            k = clile_i_mix(
                k, black,
                0.7f * clile_i_clamp((r - sqrtf(dx * dx + dy * dy)) * c->scene->scale + 0.5f, 0.0f,
                                     1.0f));
    }
    return k;
}

static void paint_hair(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel)
{
    const clile_i_person *who = c->who;
    const float side = fmaxf(0.0f, fabsf(p.x) - 0.30f),
                line = who->hairline + 3.4f * side * side +
                       0.03f * clile_i_synth_noise(who->texture + 3u, 9.0f * p.x, 0.0f);
    if (who->hair_style == 0 || p.y > fminf(line, -0.1f) + 0.05f) return;
    float slope = 1.0f;
    const float g = clile_i_synth_outline(
        who, (clile_i_point){p.x / 1.07f, who->eye_y + (p.y - who->eye_y) / 1.09f}, &slope);
    const float alpha = clile_i_clamp(
        fminf(1.07f * g / slope, 0.6f * (fminf(line, -0.1f) - p.y)) * c->scene->scale + 0.5f, 0.0f,
        1.0f);
    if (alpha <= 0.0f) return;
    const float strand = clile_i_synth_noise(who->texture, 30.0f * p.x, 6.0f * p.y);
    clile_i_cover(pixel, clile_i_mix(who->hair, black, 0.18f + 0.18f * strand), alpha);
    pixel->height += 0.015f * alpha;
    pixel->lit += alpha * (1.0f - pixel->lit);
    pixel->dark *= 1.0f - alpha;
}

static void paint_face(const clile_i_canvas *c, clile_i_point p, clile_i_pixel *pixel)
{
    const clile_i_person *who = c->who;
    const clile_i_point d = displacement(c, p),
                        e = displacement(c, (clile_i_point){p.x - d.x, p.y - d.y});
    const clile_i_point p0 = {p.x - e.x, p.y - e.y};
    float slope = 1.0f;
    const float g = clile_i_synth_outline(who, p0, &slope),
                alpha = clile_i_clamp(g / slope * c->scene->scale + 0.5f, 0.0f, 1.0f);
    /* as high outside as on the edge: the slope there is then the head's */
    pixel->height = 0.55f * sqrtf(fmaxf(g, 0.004f)) + 0.25f * clile_i_synth_depth(who, p0);
    if (alpha <= 0.0f) return;
    clile_i_pixel skin = {
        .albedo = skin_colour(c, p0), .lit = 1.0f, .gloss = 0.10f, .height = pixel->height};
    skin.height += 0.75f * clile_i_synth_nose(who, p) + clile_i_synth_relief(who, c->face, p, p0);
    const float nx = (fabsf(p0.x) - 0.46f * who->nose_w) / 0.040f,
                ny = (p0.y - who->nose_tip - 0.085f) / 0.024f;
    const float nostril = 1.0f - nx * nx - ny * ny;
    if (nostril > 0.0f) clile_i_cover(&skin, black, 0.85f * clile_i_smooth(0.0f, 0.6f, nostril));
    skin.dark += 0.30f * clile_i_hill(p0, 0.0f, who->nose_tip + 0.125f, who->nose_w, 0.05f);
    clile_i_synth_paint_mouth(c, p, &skin);
    clile_i_synth_paint_eyes(c, p, &skin);
    clile_i_synth_paint_brows(c, p, &skin);
    clile_i_cover(pixel, skin.albedo, alpha);
    pixel->height = skin.height;
    pixel->lit = alpha * skin.lit;
    pixel->dark = alpha * skin.dark;
    pixel->gloss = alpha * skin.gloss;
}

static void paint_layers(const clile_i_canvas *c)
{
    for (int32_t y = 0; y < c->size; ++y)
        for (int32_t x = 0; x < c->size; ++x) {
            clile_i_pixel *pixel = c->pixel + (int64_t)y * c->size + x;
            const float px = (float)x + 0.5f, py = (float)y + 0.5f;
            const clile_i_point p = look(c, px, py);
            paint_behind(c, p, px, py, pixel);
            paint_face(c, p, pixel);
            paint_hair(c, p, pixel);
            if (c->who->glasses) clile_i_synth_paint_glasses(c, p, pixel);
        }
}

/* ---- folds ---- */

static float distance_to(clile_i_point p, clile_i_point a, clile_i_point b, float *along)
{
    const float ex = b.x - a.x, ey = b.y - a.y, wx = p.x - a.x, wy = p.y - a.y,
                square = ex * ex + ey * ey;
    const float t = square > 0.0f ? clile_i_clamp((wx * ex + wy * ey) / square, 0.0f, 1.0f) : 0.0f;
    const float dx = wx - t * ex, dy = wy - t * ey;
    *along = t;
    return sqrtf(dx * dx + dy * dy);
}

static void carve(const clile_i_canvas *c, const clile_i_stroke *stroke)
{
    clile_i_point v[STROKE_POINTS];
    const float edge = (float)c->size, wanted = stroke->width * c->scene->scale,
                half = fmaxf(wanted, 0.9f);
    const float depth = stroke->depth * fminf(1.0f, 0.6f + 0.4f * wanted / half),
                reach = 1.8f * half + 1.0f;
    float left = edge, top = edge, right = 0.0f, bottom = 0.0f;
    for (int i = 0; i < STROKE_POINTS; ++i) {
        v[i] = clile_i_synth_project(c->who, c->scene, stroke->p[i]);
        left = fminf(left, v[i].x - reach);
        right = fmaxf(right, v[i].x + reach);
        top = fminf(top, v[i].y - reach);
        bottom = fmaxf(bottom, v[i].y + reach);
    }
    const int32_t x0 = (int32_t)fmaxf(left, 0.0f), x1 = (int32_t)fminf(right + 1.0f, edge);
    const int32_t y0 = (int32_t)fmaxf(top, 0.0f), y1 = (int32_t)fminf(bottom + 1.0f, edge);
    for (int32_t y = y0; y < y1; ++y)
        for (int32_t x = x0; x < x1; ++x) {
            float nearest = 1e9f, place = 0.0f;
            for (int i = 0; i + 1 < STROKE_POINTS; ++i) {
                float along;
                const float d = distance_to((clile_i_point){(float)x + 0.5f, (float)y + 0.5f}, v[i],
                                            v[i + 1], &along);
                if (d < nearest) {
                    nearest = d;
                    place = ((float)i + along) / (STROKE_POINTS - 1);
                }
            }
            const float middle = 2.0f * place - 1.0f, s = nearest / (1.8f * half);
            if (s >= 1.0f) continue;
            clile_i_pixel *pixel = c->pixel + (int64_t)y * c->size + x;
            const float groove = (1.0f - s * s) * (1.0f - s * s) * depth *
                                 (1.0f - 0.7f * middle * middle * middle * middle) *
                                 clile_i_clamp(pixel->lit * 2.0f - 1.0f, 0.0f, 1.0f);
            pixel->dark += 0.75f * groove;
            pixel->height -= 0.9f * stroke->width * groove;
        }
}

/* ---- light ---- */

static uint8_t to_byte(float v)
{
    return (uint8_t)(clile_i_clamp(v, 0.0f, 1.0f) * 255.0f + 0.5f);
}

/* Lambert's law with light that wraps around a little, a soft highlight (Blinn 1977), and grain. */
static void light(const clile_i_canvas *c, uint8_t *rgb)
{
    const clile_i_scene *s = c->scene;
    const clile_i_colour skin = c->who->skin;
    const int32_t n = c->size;
    /* cameras expose for the face: a dark face gets more light */
    const float exposure =
        clile_i_clamp(0.56f / (0.3f * skin.r + 0.6f * skin.g + 0.1f * skin.b), 1.0f, 1.5f);
    for (int32_t y = 0; y < n; ++y)
        for (int32_t x = 0; x < n; ++x) {
            const int64_t i = (int64_t)y * n + x;
            const clile_i_pixel *p = c->pixel + i;
            const int64_t l = x > 0 ? i - 1 : i, r = x < n - 1 ? i + 1 : i, u = y > 0 ? i - n : i,
                          d = y < n - 1 ? i + n : i;
            const float dx = clile_i_clamp(
                (c->pixel[r].height - c->pixel[l].height) * 0.5f * s->scale, -2.5f, 2.5f);
            const float dy = clile_i_clamp(
                (c->pixel[d].height - c->pixel[u].height) * 0.5f * s->scale, -2.5f, 2.5f);
            const float length = 1.0f / sqrtf(dx * dx + dy * dy + 1.0f);
            const float lambert = (-dx * s->light[0] - dy * s->light[1] + s->light[2]) * length;
            const float facing =
                fmaxf(0.0f, (-dx * s->light[0] - dy * s->light[1] + 1.0f + s->light[2]) * length *
                                0.5f * 1.05f);
            const float eighth =
                facing * facing * facing * facing * facing * facing * facing * facing;
            float shade =
                s->ambient + (1.02f - s->ambient) * fmaxf(0.0f, (lambert + 0.15f) / 1.15f);
            shade *= 1.0f - 0.62f * clile_i_clamp(p->dark, 0.0f, 1.1f);
            shade = exposure * (1.0f + p->lit * (shade * 1.12f - 1.0f));
            const float shine =
                p->gloss * eighth * eighth * (1.0f - clile_i_clamp(p->dark, 0.0f, 1.0f));
            const float grain = s->noise * (clile_i_synth_lattice(s->grain, x, y) +
                                            clile_i_synth_lattice(s->grain + 1u, x, y));
            rgb[3 * i] = to_byte(p->albedo.r * shade * (1.0f + s->warmth) + shine + grain);
            rgb[3 * i + 1] = to_byte(p->albedo.g * shade + shine + grain);
            rgb[3 * i + 2] = to_byte(p->albedo.b * shade * (1.0f - s->warmth) + shine + grain);
        }
}

clile_status clile_i_synth_paint(const clile_i_person *who, const clile_i_scene *scene,
                                 const clile_i_face *face, int32_t size, uint8_t *rgb)
{
    clile_status status = CLILE_OK;
    clile_i_canvas c = {.who = who, .scene = scene, .face = face, .size = size};
    CLILE_I_ALLOC(c.pixel, (int64_t)size * size);
    CLILE_I_ALLOC(c.moved, GRID_H);
    fill_grid(&c);
    paint_layers(&c);
    for (int i = 0; i < face->strokes; ++i) carve(&c, &face->stroke[i]);
    light(&c, rgb);
cleanup:
    clile_i_free(c.moved);
    clile_i_free(c.pixel);
    return status;
}
