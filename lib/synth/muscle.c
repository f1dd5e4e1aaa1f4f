/* The muscles of the face as displacement fields of the skin.
 *
 * Linear muscles after K. Waters, "A muscle model for animating three-dimensional facial
 * expression", SIGGRAPH 1987: a muscle runs from its fixed end A (bone) to its insertion I in
 * the skin. Skin at P within the angle W around A-I and within the radius Rf of A is drawn
 * towards A,
 *
 *     P' = P + k a(angle) r(|P - A|) (A - P) / |A - P|,
 *     r(D) = cos(pi/2 (1 - D/Rs)) for D < Rs, cos(pi/2 (D - Rs) / (Rf - Rs)) for Rs < D < Rf,
 *     Rs = |I - A|.
 *
 * a is linear in the cosine of the angle, 1 on the axis and 0 at W; cos(pi/2 x) is computed as 1
 * - x^2. The sphincter of the mouth draws an ellipse towards its middle. Origins and insertions
 * follow the muscular basis that the FACS manual (Ekman, Friesen 1978) gives for each AU. The
 * jaw turns rigidly (Parke, Waters, "Computer Facial Animation", 1996). */
#include "synth/synth.h"

#include <math.h>

typedef struct {
    int au;
    float ax, ay, ix, iy; /* fixed end and insertion of the right-hand one; its twin is mirrored */
    float cosine;         /* of W */
    float reach;          /* Rf / Rs */
    float k;              /* face units at full contraction */
} muscle;

static const muscle muscles[] = {
    {AU1, 0.04f, -1.05f, 0.13f, -0.46f, 0.90f, 1.45f, 0.17f}, /* frontalis, pars medialis */
    {AU2, 0.52f, -1.05f, 0.46f, -0.48f, 0.86f, 1.45f, 0.16f}, /* frontalis, pars lateralis */
    /* corrugator, depressor supercilii */
    {AU4, 0.01f, -0.12f, 0.17f, -0.44f, 0.70f, 1.75f, 0.15f},
    /* its effect on the brow as a whole */
    {AU4, 0.34f, 0.05f, 0.34f, -0.44f, 0.80f, 1.35f, 0.06f},
    /* orbicularis oculi, pars orbitalis */
    {AU6, 0.46f, -0.16f, 0.47f, 0.16f, 0.45f, 1.90f, 0.09f},
    /* levator labii superioris alaeque nasi */
    {AU9, 0.07f, -0.24f, 0.13f, 0.24f, 0.92f, 1.55f, 0.065f},
    /* depressor glabellae goes with it */
    {AU9, 0.05f, -0.05f, 0.16f, -0.44f, 0.80f, 1.30f, 0.05f},
    {AU10, 0.30f, -0.08f, 0.17f, 0.48f, 0.90f, 1.40f, 0.075f}, /* levator labii superioris */
    {AU12, 0.62f, -0.02f, 0.28f, 0.58f, 0.80f, 1.32f, 0.19f},  /* zygomaticus major */
    {AU14, 0.80f, 0.50f, 0.29f, 0.58f, 0.90f, 1.40f, 0.05f},   /* buccinator */
    {AU15, 0.36f, 1.08f, 0.28f, 0.60f, 0.84f, 1.30f, 0.13f},   /* depressor anguli oris */
    {AU17, 0.05f, 0.62f, 0.06f, 0.92f, 0.60f, 1.60f, 0.08f},   /* mentalis */
    {AU20, 0.92f, 0.74f, 0.28f, 0.59f, 0.90f, 1.32f, 0.15f},   /* risorius */
    {AU25, 0.14f, 1.10f, 0.12f, 0.68f, 0.85f, 1.25f, 0.03f},   /* depressor labii */
};
enum { MUSCLES = (int)(sizeof muscles / sizeof muscles[0]) };

/* Adds the pull of one muscle on p. p is on the muscle's own side (x > 0). */
static void pull(const muscle *m, float contraction, clile_i_point p, clile_i_point *by)
{
    const float ux = m->ix - m->ax, uy = m->iy - m->ay, rs = sqrtf(ux * ux + uy * uy),
                rf = rs * m->reach;
    const float dx = p.x - m->ax, dy = p.y - m->ay, square = dx * dx + dy * dy;
    if (square >= rf * rf || square < 1e-8f) return;
    const float d = sqrtf(square), cosine = (dx * ux + dy * uy) / (d * rs);
    if (cosine <= m->cosine) return;
    const float angular = (cosine - m->cosine) / (1.0f - m->cosine);
    const float s = d < rs ? 1.0f - d / rs : (d - rs) / (rf - rs), radial = 1.0f - s * s;
    const float size =
        contraction * m->k * (1.0f - (1.0f - angular) * (1.0f - angular)) * radial / d;
    by->x -= size * dx;
    by->y -= size * dy;
}

clile_i_point clile_i_synth_move(const clile_i_face *face, clile_i_point p)
{
    clile_i_point by = {0.0f, 0.0f};
    for (int m = 0; m < MUSCLES; ++m)
        for (int side = 0; side < 2; ++side) {
            const float a = face->act[side][muscles[m].au], mirror = side ? 1.0f : -1.0f;
            clile_i_point part = {0.0f, 0.0f};
            if (a == 0.0f || mirror * p.x < -0.35f) continue;
            pull(&muscles[m], a, (clile_i_point){mirror * p.x, p.y}, &part);
            by.x += mirror * part.x;
            by.y += part.y;
        }
    /* the muscles end before the outline of the head */
    if (by.x != 0.0f || by.y != 0.0f) {
        const float hold = clile_i_smooth(0.02f, 0.30f, clile_i_synth_outline(face->who, p, NULL));
        by.x *= hold;
        by.y *= hold;
    }
    /* orbicularis oris: towards the middle of the mouth, most at the corners */
    const float u = p.x / 0.62f, v = (p.y - 0.58f) / 0.40f, r = 1.0f - u * u - v * v;
    if (r > 0.0f) by.x -= p.x * r * (0.46f * face->mean[AU23] + 0.14f * face->mean[AU24]);
    /* the jaw: its hinge is beside the ears, so the chin goes down most */
    const float open = face->mean[AU26];
    if (open > 0.0f) {
        const float t = clile_i_smooth(0.52f, 0.98f, p.y);
        by.y += 0.20f * open * t;
        by.x -= 0.05f * open * t * p.x;
    }
    return (clile_i_point){p.x + by.x, p.y + by.y};
}
