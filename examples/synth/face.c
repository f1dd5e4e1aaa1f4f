/* One drawn face. Units: the eyes are near (-0.42, -0.25) and (0.42, -0.25), the mouth near (0, 0.55), the chin near
 * (0, 1.05); y points down. */
#include "synth.h"

#include <math.h>
#include <string.h>

const int au_numbers[AUS] = {1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24};

static colour mix(colour a, colour b, float t)
{
    return (colour){a.r + t * (b.r - a.r), a.g + t * (b.g - a.g), a.b + t * (b.b - a.b)};
}

static const colour black = {0.08f, 0.06f, 0.06f};

person person_draw(uint64_t *r)
{
    static const colour skins[] = {{0.96f, 0.80f, 0.69f},
                                   {0.88f, 0.68f, 0.53f},
                                   {0.76f, 0.55f, 0.40f},
                                   {0.56f, 0.38f, 0.27f},
                                   {0.42f, 0.28f, 0.20f}};
    static const colour hairs[] = {{0.10f, 0.08f, 0.07f}, {0.30f, 0.19f, 0.11f}, {0.55f, 0.38f, 0.20f},
                                   {0.80f, 0.66f, 0.40f}, {0.45f, 0.18f, 0.10f}, {0.6f, 0.6f, 0.6f}};
    static const colour irises[] = {
        {0.25f, 0.15f, 0.08f}, {0.25f, 0.42f, 0.62f}, {0.30f, 0.45f, 0.25f}, {0.15f, 0.10f, 0.08f}};
    person p;
    memset(&p, 0, sizeof p);
    p.width = random_uniform(r, 0.74f, 0.92f);
    p.height = random_uniform(r, 0.98f, 1.14f);
    p.eye_gap = random_uniform(r, 0.37f, 0.46f);
    p.eye_size = random_uniform(r, 0.15f, 0.20f);
    p.eye_tilt = random_uniform(r, -0.03f, 0.04f);
    p.brow_height = random_uniform(r, 0.20f, 0.30f);
    p.brow_width = random_uniform(r, 0.05f, 0.10f);
    p.brow_slope = random_uniform(r, -0.04f, 0.06f);
    p.nose_length = random_uniform(r, 0.36f, 0.50f);
    p.nose_width = random_uniform(r, 0.13f, 0.21f);
    p.mouth_width = random_uniform(r, 0.27f, 0.37f);
    p.lip = random_uniform(r, 0.06f, 0.11f);
    p.mouth_height = random_uniform(r, 0.52f, 0.60f);
    p.chin = random_uniform(r, 0.7f, 1.0f);
    for (int k = 0; k < AUS; ++k) {
        p.gain[k] = random_uniform(r, 0.7f, 1.2f);
        p.rate[k] = 0.35f * random_normal(r);
        p.rest[k] = random_uniform(r, 0.0f, 1.0f) < 0.35f ? random_uniform(r, 0.05f, 0.35f) : 0.0f;
    }
    p.skin = mix(skins[(int)random_uniform(r, 0, 4.99f)], skins[(int)random_uniform(r, 0, 4.99f)], 0.35f);
    p.hair = hairs[(int)random_uniform(r, 0, 5.99f)];
    p.iris = irises[(int)random_uniform(r, 0, 3.99f)];
    p.lips = mix(p.skin, (colour){0.70f, 0.25f, 0.25f}, random_uniform(r, 0.35f, 0.7f));
    p.wall =
        (colour){random_uniform(r, 0.35f, 0.85f), random_uniform(r, 0.35f, 0.85f), random_uniform(r, 0.35f, 0.85f)};
    p.hair_style = (int)random_uniform(r, 0, 2.99f);
    p.glasses = random_uniform(r, 0.0f, 1.0f) < 0.2f;
    return p;
}

/* Outline of the head: wide at the temples, narrow at the chin. */
static void outline(const person *w, point *p, int n)
{
    for (int i = 0; i < n; ++i) {
        const float t = 6.2831853f * (float)i / (float)n, x = sinf(t), y = -cosf(t);
        const float narrow = y > 0.0f ? 1.0f - (1.0f - 0.55f * w->chin) * y * y * 0.8f : 1.0f;
        p[i] = (point){w->width * narrow * x, 0.02f + w->height * y};
    }
}

static void draw_head(canvas *c, const person *w)
{
    point head[64], hair[64];
    outline(w, head, 64);
    if (w->hair_style == 2) draw_ellipse(c, 0.0f, -0.05f, w->width * 1.22f, w->height * 1.15f, w->hair, 1.0f);
    draw_polygon(c, (point[]){{-0.3f, 0.7f}, {0.3f, 0.7f}, {0.4f, 2.0f}, {-0.4f, 2.0f}}, 4, mix(w->skin, black, 0.22f),
                 1.0f);
    for (int side = -1; side <= 1; side += 2)
        draw_ellipse(c, (float)side * w->width, -0.05f, 0.10f, 0.18f, mix(w->skin, black, 0.12f), 1.0f);
    for (int i = 0; i < 64; ++i) hair[i] = (point){head[i].x * 1.06f, head[i].y * 1.07f - 0.04f};
    draw_polygon(c, hair, 64, mix(w->skin, black, 0.25f), 0.5f);
    draw_polygon(c, head, 64, w->skin, 1.0f);
    /* hair: the part of the head above a line */
    const float line = w->hair_style == 0 ? -0.86f : -0.72f;
    int n = 0;
    for (int i = 0; i < 64; ++i)
        if (head[i].y < line) hair[n++] = (point){head[i].x * 1.07f, head[i].y * 1.09f};
    /* the points run from the top over the right, then from the left to the top: sort them by angle from left to right
     */
    point sorted[64];
    int m = 0;
    for (int i = 0; i < n; ++i)
        if (hair[i].x < 0.0f) sorted[m++] = hair[i];
    for (int i = 0; i < n; ++i)
        if (hair[i].x >= 0.0f) sorted[m++] = hair[i];
    if (m > 2) draw_polygon(c, sorted, m, w->hair, 1.0f);
}

/* Brows: AU1 lifts the inner end, AU2 the outer end, AU4 lowers and draws together. */
static void draw_brow(canvas *c, const person *w, const float *a, int side, point *landmarks)
{
    const float s = (float)side;
    const float base = -0.25f - w->brow_height;
    const point inner = {s * (w->eye_gap - 0.22f - 0.07f * a[AU4]),
                         base - w->brow_slope - 0.17f * a[AU1] + 0.14f * a[AU4]};
    const point outer = {s * (w->eye_gap + 0.24f), base + 0.06f - 0.15f * a[AU2] + 0.03f * a[AU4]};
    const point control = {s * (w->eye_gap + 0.03f), base - 0.10f - 0.10f * a[AU1] - 0.14f * a[AU2] + 0.12f * a[AU4]};
    point line[9];
    curve(inner, control, outer, 9, line);
    draw_line(c, line, 9, w->brow_width, 0.5f, mix(w->hair, black, 0.35f), 0.95f);
    for (int i = 0; i < 5; ++i) landmarks[i] = line[2 * i]; /* from the inner to the outer end */
    /* furrow between the brows; lines on the forehead */
    const point furrow[2] = {{s * 0.055f, base - 0.04f}, {s * 0.045f, base + 0.20f}};
    draw_line(c, furrow, 2, 0.035f, 0.6f, mix(w->skin, black, 0.55f), 0.9f * a[AU4]);
    const float lifted = fmaxf(a[AU1], 0.0f), outside = fmaxf(a[AU2], 0.0f);
    point wrinkle[7];
    curve((point){s * 0.02f, base - 0.26f}, (point){s * 0.16f, base - 0.30f}, (point){s * 0.30f, base - 0.24f}, 7,
          wrinkle);
    draw_line(c, wrinkle, 7, 0.03f, 0.7f, mix(w->skin, black, 0.4f), 0.7f * lifted);
    curve((point){s * 0.34f, base - 0.24f}, (point){s * 0.48f, base - 0.27f}, (point){s * 0.60f, base - 0.16f}, 7,
          wrinkle);
    draw_line(c, wrinkle, 7, 0.03f, 0.7f, mix(w->skin, black, 0.4f), 0.7f * outside);
}

/* Eyes: AU7 brings both lids together, AU6 lifts the lower lid and wrinkles the outer corner and the cheek. */
static void draw_eye(canvas *c, const person *w, const float *a, int side, point *landmarks)
{
    const float s = (float)side, x = s * w->eye_gap, y = -0.25f, half = w->eye_size;
    const float up = w->eye_size * (0.95f - 0.50f * a[AU7]) + 0.02f * (a[AU1] + a[AU2]);
    const float down = w->eye_size * (0.70f - 0.30f * a[AU7] - 0.42f * a[AU6]);
    const point inner = {x - s * half, y + w->eye_tilt}, outer = {x + s * half, y - w->eye_tilt};
    point upper[9], lower[9], eye[18];
    curve(inner, (point){x, y - 1.5f * up}, outer, 9, upper);
    curve(inner, (point){x, y + 1.5f * down}, outer, 9, lower);
    for (int i = 0; i < 9; ++i) {
        eye[i] = upper[i];
        eye[9 + i] = lower[8 - i];
    }
    draw_polygon(c, eye, 18, (colour){0.95f, 0.95f, 0.93f}, 1.0f);
    /* the iris is cut by the lids: its polygon is clamped between them */
    point iris[24];
    const float radius = 0.085f;
    for (int i = 0; i < 24; ++i) {
        const float t = 6.2831853f * (float)i / 24.0f;
        const float place = radius * cosf(t) / half; /* -1..1 across the eye */
        const float room = 0.75f * (1.0f - place * place);
        iris[i] = (point){x + radius * cosf(t), y + fminf(room * down, fmaxf(-room * up, radius * sinf(t)))};
    }
    draw_polygon(c, iris, 24, w->iris, 1.0f);
    draw_ellipse(c, x, y - 0.2f * (up - down), 0.035f, fminf(0.035f, 0.5f * (up + down)), black, 1.0f);
    draw_line(c, upper, 9, 0.04f, 0.4f, black, 0.9f);
    draw_line(c, lower, 9, 0.02f, 0.4f, mix(w->skin, black, 0.6f), 0.8f);
    point bag[7];
    curve((point){x - s * 0.6f * half, y + 0.20f}, (point){x, y + 0.27f - 0.05f * a[AU6]},
          (point){x + s * half, y + 0.15f - 0.06f * a[AU6]}, 7, bag);
    draw_line(c, bag, 7, 0.035f, 0.6f, mix(w->skin, black, 0.45f), 0.85f * a[AU6]);
    for (int i = -1; i <= 1; ++i) {
        const point crow[2] = {{outer.x + s * 0.04f, outer.y + 0.035f * (float)i},
                               {outer.x + s * 0.13f, outer.y + 0.075f * (float)i}};
        draw_line(c, crow, 2, 0.022f, 0.5f, mix(w->skin, black, 0.5f), 0.85f * a[AU6]);
    }
    draw_line(c, (point[]){{inner.x, inner.y + 0.03f}, {inner.x + s * 0.1f, inner.y + 0.09f}}, 2, 0.02f, 0.5f,
              mix(w->skin, black, 0.5f), 0.7f * a[AU7]);
    landmarks[0] = inner;
    landmarks[1] = upper[3];
    landmarks[2] = upper[5];
    landmarks[3] = outer;
    landmarks[4] = lower[5];
    landmarks[5] = lower[3];
}

static void draw_nose(canvas *c, const person *w, const float *a, point *landmarks)
{
    const float tip = -0.25f + w->nose_length, half = w->nose_width, lift = 0.03f * a[AU10];
    const colour shade = mix(w->skin, black, 0.35f);
    point side[7];
    curve((point){0.07f, -0.22f}, (point){0.05f, tip - 0.15f}, (point){half, tip + 0.02f - lift}, 7, side);
    draw_line(c, side, 7, 0.03f, 0.5f, shade, 0.6f);
    curve((point){-half, tip + 0.02f - lift}, (point){0.0f, tip + 0.10f}, (point){half, tip + 0.02f - lift}, 7, side);
    draw_line(c, side, 7, 0.04f, 0.4f, shade, 0.9f);
    for (int i = 0; i < 4; ++i) landmarks[i] = (point){0.0f, -0.24f + (tip + 0.24f) * (float)i / 3.0f};
    for (int i = 0; i < 5; ++i) landmarks[4 + i] = side[1 + i];
}

/* Mouth: AU10 lifts the upper lip, AU12 pulls the corners up and out, AU14 dimples, AU15 pulls the corners down, AU17
 * raises the chin, AU23 makes lips thin and the mouth narrow, AU24 presses them together. */
static void draw_mouth(canvas *c, const person *w, const float *a, point *landmarks)
{
    const float y = w->mouth_height - 0.04f * a[AU17];
    const float half = w->mouth_width * (1.0f + 0.28f * a[AU12] - 0.24f * a[AU23] + 0.06f * a[AU14]);
    const float corner = y - 0.13f * a[AU12] + 0.13f * a[AU15];
    const float thin = fmaxf(0.15f, 1.0f - 0.5f * a[AU23] - 0.75f * a[AU24]);
    const float upper = w->lip * thin * (1.0f + 0.3f * a[AU10]), lower = w->lip * 1.25f * thin;
    const float lift = 0.08f * a[AU10] * thin;
    const point left = {-half, corner}, right = {half, corner};
    point top[9], middle[9], low[9], bottom[9], shape[18];
    curve(left, (point){0.0f, y - 2.0f * (upper + lift)}, right, 9, top);
    curve(left, (point){0.0f, y - 2.0f * lift}, right, 9, middle);
    curve(left, (point){0.0f, y + 0.02f - 0.07f * a[AU17]}, right, 9, low);
    curve(left, (point){0.0f, y + 2.0f * lower - 0.05f * a[AU17]}, right, 9, bottom);
    for (int i = 0; i < 9; ++i) {
        shape[i] = top[i];
        shape[9 + i] = bottom[8 - i];
    }
    draw_polygon(c, shape, 18, w->lips, 1.0f);
    for (int i = 0; i < 9; ++i) {
        shape[i] = middle[i];
        shape[9 + i] = low[8 - i];
    }
    draw_polygon(c, shape, 18, lift > 0.02f ? (colour){0.9f, 0.88f, 0.85f} : black, 0.9f);
    draw_line(c, middle, 9, 0.025f + 0.025f * a[AU24], 0.3f, mix(w->lips, black, 0.65f), 0.95f);

    const colour crease = mix(w->skin, black, 0.5f);
    for (int side = -1; side <= 1; side += 2) {
        const float s = (float)side;
        point fold[7];
        curve((point){s * (w->nose_width + 0.03f), -0.25f + w->nose_length}, (point){s * (half + 0.03f), y - 0.28f},
              (point){s * (half + 0.10f), corner - 0.02f}, 7, fold);
        draw_line(c, fold, 7, 0.03f, 0.5f, crease, fminf(1.0f, 0.8f * a[AU10] + 0.35f * a[AU12]));
        draw_line(c,
                  (point[]){{s * (half + 0.05f), corner - 0.05f},
                            {s * (half + 0.075f), corner},
                            {s * (half + 0.05f), corner + 0.06f}},
                  3, 0.045f, 0.5f, crease, 0.9f * a[AU14]);
        draw_line(c, (point[]){{s * (half - 0.01f), corner + 0.03f}, {s * (half + 0.03f), corner + 0.13f}}, 2, 0.035f,
                  0.5f, crease, 0.8f * a[AU15]);
        draw_line(c, (point[]){{s * 0.5f * half, y - upper - 0.07f}, {s * 0.4f * half, y - upper - 0.02f}}, 2, 0.02f,
                  0.3f, crease, 0.8f * a[AU23]);
    }
    for (int k = -1; k <= 1; ++k) {
        const float x = 0.07f * (float)k;
        draw_line(c, (point[]){{x - 0.03f, y + 0.27f}, {x, y + 0.24f}, {x + 0.03f, y + 0.27f}}, 3, 0.03f, 0.3f, crease,
                  0.85f * a[AU17]);
    }
    point press[7];
    curve((point){-0.7f * half, y + 0.13f}, (point){0.0f, y + 0.19f}, (point){0.7f * half, y + 0.13f}, 7, press);
    draw_line(c, press, 7, 0.03f, 0.6f, crease, 0.8f * a[AU24]);

    static const int outer_top[7] = {0, 2, 3, 4, 5, 6, 8}, outer_bottom[5] = {6, 5, 4, 3, 2},
                     inner_top[5] = {0, 3, 4, 5, 8}, inner_bottom[3] = {5, 4, 3};
    for (int i = 0; i < 7; ++i) landmarks[i] = top[outer_top[i]];
    for (int i = 0; i < 5; ++i) landmarks[7 + i] = bottom[outer_bottom[i]];
    for (int i = 0; i < 5; ++i) landmarks[12 + i] = middle[inner_top[i]];
    for (int i = 0; i < 3; ++i) landmarks[17 + i] = low[inner_bottom[i]];
}

void face_draw(canvas *c, const person *w, const float *intensity, point *landmarks)
{
    float a[AUS];
    point head[64], brow[2][5], eye[2][6];
    for (int k = 0; k < AUS; ++k) a[k] = fminf(1.2f, w->rest[k] + w->gain[k] * intensity[k]);
    draw_head(c, w);
    draw_nose(c, w, a, landmarks + 27);
    for (int i = 0; i < 2; ++i) {
        draw_eye(c, w, a, i == 0 ? -1 : 1, eye[i]);
        draw_brow(c, w, a, i == 0 ? -1 : 1, brow[i]);
    }
    draw_mouth(c, w, a, landmarks + 48);
    for (int i = 0; w->glasses && i < 2; ++i) {
        point ring[33];
        for (int k = 0; k < 33; ++k) {
            const float t = 6.2831853f * (float)k / 32.0f;
            ring[k] = (point){(i == 0 ? -1.0f : 1.0f) * w->eye_gap + 0.27f * cosf(t), -0.22f + 0.23f * sinf(t)};
        }
        draw_line(c, ring, 33, 0.035f, 0.0f, black, 0.9f);
    }
    outline(w, head, 64);
    for (int i = 0; i < 17; ++i)
        landmarks[i] = head[(48 - 2 * i + 64) % 64]; /* ear to ear over the chin, from the left of the image */
    for (int i = 0; i < 5; ++i) {
        landmarks[17 + i] = brow[0][4 - i];
        landmarks[22 + i] = brow[1][i];
    }
    static const int left[6] = {3, 2, 1, 0, 5, 4}; /* the left eye runs from its outer corner */
    for (int i = 0; i < 6; ++i) {
        landmarks[36 + i] = eye[0][left[i]];
        landmarks[42 + i] = eye[1][i];
    }
    for (int i = 0; i < LANDMARKS; ++i) landmarks[i] = canvas_map(c, landmarks[i]);
}
