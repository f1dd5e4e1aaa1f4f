/* Who a subject is, and the scene of a frame: every number is drawn from its own stream. */
#include "synth/synth.h"

#include <math.h>

clile_i_rng clile_i_synth_rng(uint64_t seed, int64_t subject, int64_t frame, uint64_t purpose)
{
    /* Streams by the lower halves of subject and frame; the purpose is in the upper bits of the
     * seed, and the upper halves are spread over it. */
    const uint64_t who = (uint64_t)subject + 1, when = (uint64_t)frame + 1;
    const uint64_t upper = (who >> 32) * 0x9E3779B97F4A7C15u ^ (when >> 32) * 0xC2B2AE3D27D4EB4Fu;
    return clile_i_rng_make(seed ^ purpose << 56 ^ upper, who << 32 | (when & UINT32_MAX));
}

static float range(clile_i_rng *r, float low, float high)
{
    return (float)clile_i_rng_range(r, (double)low, (double)high);
}

static float normal(clile_i_rng *r)
{
    return (float)clile_i_rng_normal(r);
}

static int pick(clile_i_rng *r, int count)
{
    return (int)clile_i_rng_below(r, count);
}

static void draw_colours(clile_i_rng *r, clile_i_person *p)
{
    static const clile_i_colour skins[] = {{0.95f, 0.78f, 0.68f}, {0.90f, 0.70f, 0.57f},
                                           {0.80f, 0.60f, 0.46f}, {0.68f, 0.48f, 0.36f},
                                           {0.55f, 0.38f, 0.29f}, {0.44f, 0.30f, 0.23f}};
    static const clile_i_colour hairs[] = {
        {0.09f, 0.07f, 0.06f}, {0.14f, 0.10f, 0.08f}, {0.28f, 0.18f, 0.11f}, {0.48f, 0.33f, 0.18f},
        {0.74f, 0.58f, 0.34f}, {0.44f, 0.19f, 0.10f}, {0.58f, 0.57f, 0.56f}};
    static const clile_i_colour irises[] = {
        {0.28f, 0.17f, 0.09f}, {0.20f, 0.13f, 0.08f}, {0.30f, 0.44f, 0.60f}, {0.34f, 0.45f, 0.30f}};
    static const clile_i_colour red = {0.72f, 0.28f, 0.28f}, black = {0.05f, 0.04f, 0.04f};
    const int tone = pick(r, 6);
    p->skin = clile_i_mix(skins[tone], skins[pick(r, 6)], range(r, 0.0f, 0.3f));
    p->hair = hairs[tone >= 3 ? pick(r, 2) : pick(r, 7)];
    p->brow = clile_i_mix(p->hair, black, range(r, 0.2f, 0.5f));
    p->iris = irises[tone >= 3 ? pick(r, 2) : pick(r, 4)];
    p->lips = clile_i_mix(clile_i_mix(p->skin, black, 0.08f), red, range(r, 0.35f, 0.7f));
    p->wall = (clile_i_colour){range(r, 0.3f, 0.85f), range(r, 0.3f, 0.85f), range(r, 0.3f, 0.85f)};
    p->cloth = (clile_i_colour){range(r, 0.1f, 0.8f), range(r, 0.1f, 0.8f), range(r, 0.1f, 0.8f)};
}

static void draw_shape(clile_i_rng *r, clile_i_person *p)
{
    p->width = range(r, 0.70f, 0.84f);
    p->top = range(r, -1.26f, -1.12f);
    p->chin = range(r, 0.98f, 1.12f);
    p->taper = range(r, 0.14f, 0.34f);
    p->square = range(r, 2.1f, 3.0f);
    p->eye_x = range(r, 0.335f, 0.385f);
    p->eye_y = -0.20f;
    p->eye_w = range(r, 0.150f, 0.180f);
    p->eye_up = range(r, 0.070f, 0.095f);
    p->eye_low = range(r, 0.045f, 0.062f);
    p->eye_tilt = range(r, -0.06f, 0.12f);
    p->lid = range(r, 0.03f, 0.06f);
    p->brow_y = range(r, -0.47f, -0.40f);
    p->brow_tilt = range(r, -0.05f, 0.05f);
    p->brow_arch = range(r, 0.02f, 0.07f);
    p->brow_thick = range(r, 0.022f, 0.042f);
    p->brow_in = range(r, 0.11f, 0.17f);
    p->brow_out = range(r, 0.56f, 0.64f);
    p->nose_tip = range(r, 0.17f, 0.26f);
    p->nose_w = range(r, 0.12f, 0.18f);
    p->nose_z = range(r, 0.16f, 0.26f);
    p->bridge_w = range(r, 0.07f, 0.11f);
    p->mouth_y = range(r, 0.54f, 0.62f);
    p->mouth_w = range(r, 0.25f, 0.32f);
    p->lip_up = range(r, 0.050f, 0.080f);
    p->lip_low = range(r, 0.070f, 0.105f);
    p->mouth_bow = 0.016f * normal(r) - 0.006f;
    p->cheek = range(r, 0.02f, 0.09f);
    p->chin_z = range(r, 0.04f, 0.10f);
    p->age = range(r, 0.0f, 1.0f);
    p->age *= p->age;
}

void clile_i_synth_person(uint64_t seed, int64_t subject, clile_i_person *p)
{
    clile_i_rng stream = clile_i_synth_rng(seed, subject, -1, STREAM_PERSON), *r = &stream;
    *p = (clile_i_person){0};
    draw_shape(r, p);
    draw_colours(r, p);
    p->beard = pick(r, 4) == 0 ? range(r, 0.25f, 0.6f) : 0.0f;
    p->hair_style = p->beard > 0.0f ? pick(r, 3) : 1 + pick(r, 3);
    p->hairline = range(r, -0.92f, -0.80f);
    p->glasses = range(r, 0.0f, 1.0f) < 0.12f;
    for (int i = 0; i < MOLES; ++i) {
        p->mole[i] = (clile_i_point){range(r, -0.65f, 0.65f), range(r, -0.7f, 0.9f)};
        p->mole_size[i] = range(r, 0.0f, 1.0f) < 0.4f ? range(r, 0.012f, 0.024f) : 0.0f;
    }
    p->texture = clile_i_rng_u32(r);
    for (int k = 0; k < AUS; ++k) {
        const float gain = range(r, 0.65f, 1.15f), side = 0.10f * normal(r);
        const float rest = range(r, 0.0f, 1.0f) < 0.3f ? range(r, 0.08f, 0.35f) : 0.0f;
        /* a mouth does not hang open at rest */
        const float limit = k == AU25 || k == AU26 ? 0.4f : 1.0f;
        p->rate[k] = normal(r);
        for (int s = 0; s < 2; ++s) {
            p->gain[s][k] = gain * (1.0f + (s ? side : -side));
            p->rest[s][k] = rest * limit * (1.0f + (s ? side : -side));
        }
    }
}

void clile_i_synth_scene(uint64_t seed, int64_t subject, int64_t frame, int32_t size,
                         clile_i_scene *s)
{
    clile_i_rng stream = clile_i_synth_rng(seed, subject, frame, STREAM_SCENE), *r = &stream;
    const float roll = clile_i_clamp(0.06f * normal(r), -0.15f, 0.15f), edge = (float)size;
    s->yaw = clile_i_clamp(0.10f * normal(r), -0.25f, 0.25f);
    s->pitch = clile_i_clamp(0.06f * normal(r), -0.15f, 0.15f);
    s->cosine = cosf(roll);
    s->sine = sinf(roll);
    s->scale = edge * range(r, 0.335f, 0.375f);
    s->shift_x = edge * range(r, 0.47f, 0.53f);
    s->shift_y = edge * range(r, 0.49f, 0.53f);
    s->gaze_x = clile_i_clamp(0.02f * normal(r), -0.04f, 0.04f);
    s->gaze_y = clile_i_clamp(0.008f * normal(r), -0.016f, 0.016f);
    const float across = range(r, -0.55f, 0.55f), down = range(r, -0.75f, -0.25f);
    const float length = sqrtf(across * across + down * down + 1.0f);
    s->light[0] = across / length;
    s->light[1] = down / length;
    s->light[2] = 1.0f / length;
    s->ambient = range(r, 0.30f, 0.45f);
    s->warmth = range(r, -0.05f, 0.05f);
    s->noise = range(r, 0.004f, 0.018f);
    s->grain = clile_i_rng_u32(r);
}
