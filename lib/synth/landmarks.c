/* From face units to pixels, and the 68 landmarks in Multi-PIE order. */
#include "synth/synth.h"

#include <math.h>

clile_i_point clile_i_synth_project(const clile_i_person *who, const clile_i_scene *s,
                                    clile_i_point p)
{
    const float z = clile_i_synth_depth(who, p), x = p.x + s->yaw * z, y = p.y + s->pitch * z;
    return (clile_i_point){s->shift_x + s->scale * (s->cosine * x - s->sine * y),
                           s->shift_y + s->scale * (s->sine * x + s->cosine * y)};
}

/* Where a ray from between the eyes at `angle` (0: right, pi/2: down) leaves the head at rest. */
static clile_i_point edge(const clile_i_person *who, float angle)
{
    float low = 0.2f, high = 2.0f;
    for (int i = 0; i < 20; ++i) {
        const float r = 0.5f * (low + high);
        const clile_i_point p = {r * cosf(angle), who->eye_y + r * sinf(angle)};
        if (clile_i_synth_outline(who, p, NULL) > 0.0f)
            low = r;
        else
            high = r;
    }
    return (clile_i_point){low * cosf(angle), who->eye_y + low * sinf(angle)};
}

static void place_eyes(const clile_i_person *who, const clile_i_face *face, clile_i_point *p)
{
    /* t along the eye from the inner corner, and which lid (1 upper, -1 lower, 0 corner) */
    static const float along[2][6] = {{1.0f, 0.33f, -0.33f, -1.0f, -0.33f, 0.33f},
                                      {-1.0f, -0.33f, 0.33f, 1.0f, 0.33f, -0.33f}};
    static const int lid[6] = {0, 1, 1, 0, -1, -1};
    for (int s = 0; s < 2; ++s)
        for (int i = 0; i < 6; ++i) {
            const float t = along[s][i], x = who->eye_x + who->eye_w * t,
                        line = who->eye_y - who->eye_tilt * who->eye_w * t;
            float y = line;
            if (lid[i] > 0) y -= face->eye_up[s] * clile_i_synth_lid(t, 1);
            if (lid[i] < 0) y += face->eye_low[s] * clile_i_synth_lid(t, 0);
            p[6 * s + i] = (clile_i_point){s ? x : -x, y};
        }
}

static clile_i_point lip_point(const clile_i_face *face, const float *edge_y, float t)
{
    const float at = t * (LIP_NODES - 1);
    const int i = at >= LIP_NODES - 1 ? LIP_NODES - 2 : (int)at;
    return (clile_i_point){face->lip_left + t * (face->lip_right - face->lip_left),
                           edge_y[i] + (at - (float)i) * (edge_y[i + 1] - edge_y[i])};
}

static void place_mouth(const clile_i_face *face, clile_i_point *p)
{
    static const float top[7] = {0.0f, 0.2f, 0.39f, 0.5f, 0.61f, 0.8f, 1.0f},
                       bottom[5] = {0.8f, 0.62f, 0.5f, 0.38f, 0.2f},
                       inner_top[5] = {0.06f, 0.32f, 0.5f, 0.68f, 0.94f},
                       inner_bottom[3] = {0.68f, 0.5f, 0.32f};
    for (int i = 0; i < 7; ++i)
        p[i] = lip_point(face, i == 0 || i == 6 ? face->lip_inner_top : face->lip_top, top[i]);
    for (int i = 0; i < 5; ++i) p[7 + i] = lip_point(face, face->lip_bottom, bottom[i]);
    for (int i = 0; i < 5; ++i) p[12 + i] = lip_point(face, face->lip_inner_top, inner_top[i]);
    for (int i = 0; i < 3; ++i)
        p[17 + i] = lip_point(face, face->lip_inner_bottom, inner_bottom[i]);
}

void clile_i_synth_landmarks(const clile_i_person *who, const clile_i_scene *scene,
                             const clile_i_face *face, float *xy)
{
    clile_i_point p[LANDMARKS];
    for (int i = 0; i < 17; ++i) {
        const float angle = 3.14159265f * (1.0f - (float)i / 16.0f);
        const clile_i_point rest = edge(who, angle);
        p[i] = clile_i_synth_move(face, rest);
    }
    for (int i = 0; i < 5; ++i) {
        p[17 + i] = face->brow[0][BROW_NODES - 1 - 2 * i];
        p[22 + i] = face->brow[1][2 * i];
    }
    for (int i = 0; i < 4; ++i)
        p[27 + i] = (clile_i_point){0.0f, -0.19f + (who->nose_tip + 0.19f) * (float)i / 3.0f};
    for (int i = 0; i < 5; ++i) {
        const float t = 0.5f * (float)i - 1.0f;
        p[31 + i] =
            clile_i_synth_move(face, (clile_i_point){0.8f * who->nose_w * t,
                                                     who->nose_tip + 0.11f - 0.02f * fabsf(t)});
    }
    place_eyes(who, face, p + 36);
    place_mouth(face, p + 48);
    for (int i = 0; i < LANDMARKS; ++i) {
        const clile_i_point pixel = clile_i_synth_project(who, scene, p[i]);
        xy[2 * i] = pixel.x;
        xy[2 * i + 1] = pixel.y;
    }
}
