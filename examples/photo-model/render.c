#include "render.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- vectors */

typedef struct {
    float x, y, z;
} V3;

static inline V3 v3(float x, float y, float z)
{
    V3 r = {x, y, z};
    return r;
}
static inline V3 ld(const float *p)
{
    return v3(p[0], p[1], p[2]);
}
static inline V3 add(V3 a, V3 b)
{
    return v3(a.x + b.x, a.y + b.y, a.z + b.z);
}
static inline V3 sub(V3 a, V3 b)
{
    return v3(a.x - b.x, a.y - b.y, a.z - b.z);
}
static inline V3 mul(V3 a, float k)
{
    return v3(a.x * k, a.y * k, a.z * k);
}
static inline V3 had(V3 a, V3 b)
{
    return v3(a.x * b.x, a.y * b.y, a.z * b.z);
}
static inline float dot(V3 a, V3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
static inline V3 cross(V3 a, V3 b)
{
    return v3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}
static inline V3 norm(V3 a)
{
    float l = dot(a, a);
    return l > 1e-20f ? mul(a, 1.0f / sqrtf(l)) : v3(0, 0, 1);
}
static inline V3 lerp3(V3 a, V3 b, float t)
{
    return add(mul(a, 1 - t), mul(b, t));
}
static inline float clamp01(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}
static inline float smooth(float a, float b, float x)
{
    float t = clamp01((x - a) / (b - a));
    return t * t * (3 - 2 * t);
}
static inline unsigned hash(unsigned x)
{
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    x ^= x >> 16;
    return x;
}
static inline float hashf(unsigned x)
{
    return (float)(hash(x) >> 8) * (1.0f / 16777216.0f);
}

/* ------------------------------------------------------------ render state */

typedef struct {
    int tri;
    float zi, b1, b2;
} Sample; /* tri < 0: empty; zi = 1/depth */

typedef struct {
    const Scene *s;
    int W, H;           /* supersampled size */
    int x0, y0, x1, y1; /* covered box, supersampled pixels */
    float focal, cx, cy;
    Sample *buf;
    V3 *nrm;     /* vertex normals */
    float *scr;  /* nv*3: x, y, 1/depth */
    float *bump; /* composed height map */
    float *ao;   /* one value per output pixel */
    float *shadow[MAX_LIGHTS];
    V3 sh_u[MAX_LIGHTS], sh_v[MAX_LIGHTS];
    float sh_off[MAX_LIGHTS][2], sh_scale[MAX_LIGHTS];
} R;

#define SHADOW_N 256

static int two_sided(int m)
{
    return m == M_LASH || m == M_HAIR;
}
static int casts_shadow(int m)
{
    return m == M_FACE || m == M_HEAD || m == M_HAIR;
}

/* Eyelash strips: cut-out pattern along the strip (u) and away from the lid (v). */
static int lash_opaque(const Scene *s, float u, float v)
{
    float fu = u - floorf(u), fv = v - floorf(v);
    int lower = u >= 7; /* head.py moves the lower strips to the next tile */
    int row = (int)(fv * 6), col = fu > 0.5f;
    float t = fv * 6 - (float)row, p = (fu - 0.5f * (float)col) * 2;
    float n = 26 * p + 0.9f * (t - 0.5f) * (p - 0.5f) * 6;
    float k = n - floorf(n);
    unsigned id = (unsigned)floorf(n) * 977u + (unsigned)(row * 2 + col) * 131u + s->seed;
    float len = (0.55f + 0.45f * hashf(id)) * (lower ? 0.45f : 1.0f);
    float d = fabsf(k - 0.5f) * 2;
    float up = t;
    return up < len && d < s->lash_density * (lower ? 0.3f : 1.0f) * (1.0f - 0.75f * up / len);
}

static int project(R *r)
{
    const Scene *s = r->s;
    for (int i = 0; i < s->nv; ++i) {
        const float *p = s->pos + 3 * i;
        float d = s->cam_dist - p[2];
        float zi = d > 1 ? 1.0f / d : 0;
        r->scr[3 * i] = r->cx + r->focal * p[0] * zi;
        r->scr[3 * i + 1] = r->cy - r->focal * p[1] * zi;
        r->scr[3 * i + 2] = zi;
    }
    return 0;
}

static void vertex_normals(R *r)
{
    const Scene *s = r->s;
    memset(r->nrm, 0, sizeof(V3) * (size_t)s->nv);
    for (int t = 0; t < s->nt; ++t) {
        const int *k = s->tri + 3 * t;
        V3 a = ld(s->pos + 3 * k[0]);
        V3 n = cross(sub(ld(s->pos + 3 * k[1]), a), sub(ld(s->pos + 3 * k[2]), a));
        for (int j = 0; j < 3; ++j) r->nrm[k[j]] = add(r->nrm[k[j]], n);
    }
    for (int i = 0; i < s->nv; ++i) r->nrm[i] = norm(r->nrm[i]);
}

static void raster(R *r)
{
    const Scene *s = r->s;
    r->x0 = r->W;
    r->y0 = r->H;
    r->x1 = r->y1 = -1;
    for (int t = 0; t < s->nt; ++t) {
        const int *k = s->tri + 3 * t;
        const float *a = r->scr + 3 * k[0], *b = r->scr + 3 * k[1], *c = r->scr + 3 * k[2];
        if (a[2] <= 0 || b[2] <= 0 || c[2] <= 0) continue;
        /* y points down on screen, so front faces have negative area */
        float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        int m = s->mat[t];
        if (area >= 0 && !two_sided(m)) continue;
        if (fabsf(area) < 1e-9f) continue;
        float fx0 = fminf(a[0], fminf(b[0], c[0])), fx1 = fmaxf(a[0], fmaxf(b[0], c[0]));
        float fy0 = fminf(a[1], fminf(b[1], c[1])), fy1 = fmaxf(a[1], fmaxf(b[1], c[1]));
        if (fx1 < 0 || fy1 < 0 || fx0 >= (float)r->W || fy0 >= (float)r->H) continue;
        int x0 = (int)fmaxf(0, ceilf(fx0 - 0.5f)),
            x1 = (int)fminf((float)r->W - 1, floorf(fx1 - 0.5f));
        int y0 = (int)fmaxf(0, ceilf(fy0 - 0.5f)),
            y1 = (int)fminf((float)r->H - 1, floorf(fy1 - 0.5f));
        if (x0 > x1 || y0 > y1) continue;
        float inv = 1.0f / area;
        float w1dx = (c[1] - a[1]) * inv, w1dy = -(c[0] - a[0]) * inv;
        float w2dx = -(b[1] - a[1]) * inv, w2dy = (b[0] - a[0]) * inv;
        for (int y = y0; y <= y1; ++y) {
            for (int x = x0; x <= x1; ++x) {
                float px = (float)x + 0.5f - a[0], py = (float)y + 0.5f - a[1];
                float w1 = px * w1dx + py * w1dy, w2 = px * w2dx + py * w2dy, w0 = 1 - w1 - w2;
                if (w0 < 0 || w1 < 0 || w2 < 0) continue;
                float zi = w0 * a[2] + w1 * b[2] + w2 * c[2];
                Sample *q = r->buf + (size_t)y * (size_t)r->W + x;
                if (q->tri >= 0 && zi <= q->zi) continue;
                float iz = 1.0f / zi, b1 = w1 * b[2] * iz, b2 = w2 * c[2] * iz;
                if (m == M_LASH) {
                    const float *uv = s->tri_uv + 6 * t;
                    float b0 = 1 - b1 - b2;
                    if (!lash_opaque(s, b0 * uv[0] + b1 * uv[2] + b2 * uv[4],
                                     b0 * uv[1] + b1 * uv[3] + b2 * uv[5]))
                        continue;
                }
                q->tri = t;
                q->zi = zi;
                q->b1 = b1;
                q->b2 = b2;
                if (x < r->x0) r->x0 = x;
                if (x > r->x1) r->x1 = x;
                if (y < r->y0) r->y0 = y;
                if (y > r->y1) r->y1 = y;
            }
        }
    }
}

/* ------------------------------------------------------------ shadow maps */

static int shadow_map(R *r, int li)
{
    const Scene *s = r->s;
    V3 l = norm(ld(s->light_dir + 3 * li));
    V3 u = norm(cross(fabsf(l.y) < 0.9f ? v3(0, 1, 0) : v3(1, 0, 0), l)), v = cross(l, u);
    r->sh_u[li] = u;
    r->sh_v[li] = v;
    float lo[2] = {1e9f, 1e9f}, hi[2] = {-1e9f, -1e9f};
    float *uvz = malloc(sizeof(float) * 3 * (size_t)s->nv);
    float *map = malloc(sizeof(float) * SHADOW_N * SHADOW_N);
    if (!uvz || !map) {
        free(uvz);
        free(map);
        return -1;
    }
    for (int i = 0; i < SHADOW_N * SHADOW_N; ++i) map[i] = -1e9f;
    for (int i = 0; i < s->nv; ++i) {
        V3 p = ld(s->pos + 3 * i);
        uvz[3 * i] = dot(p, u);
        uvz[3 * i + 1] = dot(p, v);
        uvz[3 * i + 2] = dot(p, l);
        for (int j = 0; j < 2; ++j) {
            if (uvz[3 * i + j] < lo[j]) lo[j] = uvz[3 * i + j];
            if (uvz[3 * i + j] > hi[j]) hi[j] = uvz[3 * i + j];
        }
    }
    float ext = fmaxf(hi[0] - lo[0], hi[1] - lo[1]) + 0.5f, sc = SHADOW_N / ext;
    r->sh_off[li][0] = lo[0] - 0.25f;
    r->sh_off[li][1] = lo[1] - 0.25f;
    r->sh_scale[li] = sc;
    for (int i = 0; i < s->nv; ++i)
        for (int j = 0; j < 2; ++j) uvz[3 * i + j] = (uvz[3 * i + j] - r->sh_off[li][j]) * sc;
    for (int t = 0; t < s->nt; ++t) {
        if (!casts_shadow(s->mat[t])) continue;
        const int *k = s->tri + 3 * t;
        const float *a = uvz + 3 * k[0], *b = uvz + 3 * k[1], *c = uvz + 3 * k[2];
        float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if (area < 1e-9f && !(two_sided(s->mat[t]) && area < -1e-9f))
            continue; /* faces away from the light */
        int x0 = (int)fmaxf(0, fminf(a[0], fminf(b[0], c[0]))),
            x1 = (int)fminf(SHADOW_N - 1, fmaxf(a[0], fmaxf(b[0], c[0])));
        int y0 = (int)fmaxf(0, fminf(a[1], fminf(b[1], c[1]))),
            y1 = (int)fminf(SHADOW_N - 1, fmaxf(a[1], fmaxf(b[1], c[1])));
        float inv = 1.0f / area;
        for (int y = y0; y <= y1; ++y)
            for (int x = x0; x <= x1; ++x) {
                float px = (float)x + 0.5f - a[0], py = (float)y + 0.5f - a[1];
                float w1 = (px * (c[1] - a[1]) - py * (c[0] - a[0])) * inv;
                float w2 = (py * (b[0] - a[0]) - px * (b[1] - a[1])) * inv;
                if (w1 < 0 || w2 < 0 || w1 + w2 > 1) continue;
                float z = a[2] + w1 * (b[2] - a[2]) + w2 * (c[2] - a[2]);
                if (z > map[y * SHADOW_N + x]) map[y * SHADOW_N + x] = z;
            }
    }
    free(uvz);
    r->shadow[li] = map;
    return 0;
}

/* Fraction of light that reaches p: 5x5 percentage-closer filter. */
static float lit(const R *r, int li, V3 p, V3 n)
{
    const float *map = r->shadow[li];
    if (!map) return 1;
    V3 l = ld(r->s->light_dir + 3 * li);
    p = add(p, mul(n, 0.12f));
    float x = (dot(p, r->sh_u[li]) - r->sh_off[li][0]) * r->sh_scale[li] - 0.5f;
    float y = (dot(p, r->sh_v[li]) - r->sh_off[li][1]) * r->sh_scale[li] - 0.5f;
    float z = dot(p, norm(l)), sum = 0, wsum = 0;
    int ix = (int)floorf(x), iy = (int)floorf(y);
    float fx = x - (float)ix, fy = y - (float)iy;
    for (int j = -2; j <= 3; ++j)
        for (int i = -2; i <= 3; ++i) {
            float wx = i == -2 ? 1 - fx : i == 3 ? fx : 1, wy = j == -2 ? 1 - fy : j == 3 ? fy : 1;
            int X = ix + i, Y = iy + j;
            float w = wx * wy, v = 1;
            if (X >= 0 && Y >= 0 && X < SHADOW_N && Y < SHADOW_N)
                v = 1 - smooth(0.10f, 0.45f, map[Y * SHADOW_N + X] - z);
            sum += w * v;
            wsum += w;
        }
    float v = sum / wsum;
    return 1 - r->s->light_shadow[li] * (1 - v);
}

/* --------------------------------------------------------- occlusion, bump */

static V3 view_pos(const R *r, int x, int y, float zi)
{
    float d = 1.0f / zi;
    return v3(((float)x + 0.5f - r->cx) * d / r->focal, -((float)y + 0.5f - r->cy) * d / r->focal,
              r->s->cam_dist - d);
}

static V3 interp_normal(const R *r, const Sample *q)
{
    const int *k = r->s->tri + 3 * q->tri;
    return norm(add(add(mul(r->nrm[k[0]], 1 - q->b1 - q->b2), mul(r->nrm[k[1]], q->b1)),
                    mul(r->nrm[k[2]], q->b2)));
}

static void ambient_occlusion(R *r)
{
    const Scene *s = r->s;
    int ss = s->ss;
    float rad[2] = {0.9f, 2.4f};
    float dir[16][16][2]; /* 16 rotated spirals, picked per pixel */
    for (int k = 0; k < 16; ++k)
        for (int i = 0; i < 16; ++i) {
            float a = 6.2832f * hashf((unsigned)k + 11u) + (float)i * 2.39996f,
                  d = sqrtf(((float)(i / 2) + 0.5f) / 8.0f);
            dir[k][i][0] = d * cosf(a);
            dir[k][i][1] = d * sinf(a);
        }
    for (int y = r->y0 / ss; y <= r->y1 / ss; ++y)
        for (int x = r->x0 / ss; x <= r->x1 / ss; ++x) {
            int sx = x * ss + ss / 2, sy = y * ss + ss / 2;
            const Sample *q = r->buf + (size_t)sy * (size_t)r->W + sx;
            float out = 1;
            if (q->tri >= 0) {
                V3 p = view_pos(r, sx, sy, q->zi), n = interp_normal(r, q);
                const float(*dr)[2] = (const float(*)[2])dir[(x & 3) * 4 + (y & 3)];
                float occ = 0;
                for (int i = 0; i < 16; ++i) {
                    float R0 = rad[i & 1] * r->focal * q->zi;
                    int px = sx + (int)lrintf(R0 * dr[i][0]), py = sy + (int)lrintf(R0 * dr[i][1]);
                    if (px < 0 || py < 0 || px >= r->W || py >= r->H) continue;
                    const Sample *o = r->buf + (size_t)py * (size_t)r->W + px;
                    if (o->tri < 0 || s->mat[o->tri] == M_LASH) continue;
                    V3 e = sub(view_pos(r, px, py, o->zi), p);
                    float l2 = dot(e, e), c = dot(e, n) / sqrtf(l2 + 1e-6f) - 0.12f;
                    if (c > 0) occ += c / (1 + 0.16f * l2 * l2);
                }
                out = expf(-s->ao_strength * occ / 8.0f);
            }
            r->ao[y * s->w + x] = out;
        }
}

static void compose_bump(R *r)
{
    const Scene *s = r->s;
    int n = s->tex_n;
    memcpy(r->bump, s->bump_base, sizeof(float) * (size_t)n * (size_t)n);
    float *mixw = malloc(sizeof(float) * (size_t)n);
    if (!mixw) return;
    for (int k = 0; k < s->nwrinkle; ++k) {
        float wl = s->wr_left[k], wr = s->wr_right[k];
        if (fabsf(wl) + fabsf(wr) < 0.01f) continue;
        for (int x = 0; x < n; ++x)
            mixw[x] = wr + (wl - wr) * smooth(0.46f, 0.54f, ((float)x + 0.5f) / (float)n);
        const float *m = s->wrinkle + (size_t)k * (size_t)n * (size_t)n;
        for (int y = s->wr_row0[k]; y < s->wr_row1[k]; ++y)
            for (int x = 0; x < n; ++x) r->bump[y * n + x] += mixw[x] * m[y * n + x];
    }
    free(mixw);
}

static void tex4(const float *t, int n, float u, float v, float out[4])
{
    float x = u * (float)n - 0.5f, y = (1 - v) * (float)n - 0.5f;
    x = fminf(fmaxf(x, 0), (float)n - 1.001f);
    y = fminf(fmaxf(y, 0), (float)n - 1.001f);
    int ix = (int)x, iy = (int)y;
    float fx = x - (float)ix, fy = y - (float)iy;
    const float *p = t + ((size_t)iy * (size_t)n + (size_t)ix) * 4, *q = p + 4 * n;
    for (int c = 0; c < 4; ++c)
        out[c] =
            (p[c] * (1 - fx) + p[c + 4] * fx) * (1 - fy) + (q[c] * (1 - fx) + q[c + 4] * fx) * fy;
}

static float tex1(const float *t, int n, float u, float v)
{
    float x = u * (float)n - 0.5f, y = (1 - v) * (float)n - 0.5f;
    x = fminf(fmaxf(x, 0), (float)n - 1.001f);
    y = fminf(fmaxf(y, 0), (float)n - 1.001f);
    int ix = (int)x, iy = (int)y;
    float fx = x - (float)ix, fy = y - (float)iy;
    const float *p = t + (size_t)iy * (size_t)n + ix;
    return (p[0] * (1 - fx) + p[1] * fx) * (1 - fy) + (p[n] * (1 - fx) + p[n + 1] * fx) * fy;
}

/* Normal perturbed by the height map (surface-gradient form). */
static V3 bump_normal(const R *r, int t, float u, float v, V3 n)
{
    const Scene *s = r->s;
    float e = 1.0f / (float)s->tex_n;
    float hu = (tex1(r->bump, s->tex_n, u + e, v) - tex1(r->bump, s->tex_n, u - e, v)) / (2 * e);
    float hv = (tex1(r->bump, s->tex_n, u, v + e) - tex1(r->bump, s->tex_n, u, v - e)) / (2 * e);
    if (fabsf(hu) + fabsf(hv) < 1e-4f) return n;
    const int *k = s->tri + 3 * t;
    const float *uv = s->tri_uv + 6 * t;
    V3 a = ld(s->pos + 3 * k[0]), e1 = sub(ld(s->pos + 3 * k[1]), a),
       e2 = sub(ld(s->pos + 3 * k[2]), a);
    float du1 = uv[2] - uv[0], dv1 = uv[3] - uv[1], du2 = uv[4] - uv[0], dv2 = uv[5] - uv[1];
    float det = du1 * dv2 - du2 * dv1;
    if (fabsf(det) < 1e-12f) return n;
    V3 T = mul(sub(mul(e1, dv2), mul(e2, dv1)), 1 / det),
       B = mul(sub(mul(e2, du1), mul(e1, du2)), 1 / det);
    V3 r1 = cross(B, n), r2 = cross(n, T);
    float d = dot(T, r1);
    if (fabsf(d) < 1e-9f) return n;
    V3 g = mul(add(mul(r1, hu), mul(r2, hv)), 1 / d);
    float gl = sqrtf(dot(g, g));
    if (gl > 0.9f) g = mul(g, 0.9f / gl);
    return norm(sub(n, g));
}

/* ---------------------------------------------------------------- shading */

static V3 sh_eval(const float *c, V3 n)
{
    float b[9] = {1,
                  n.y,
                  n.z,
                  n.x,
                  n.x * n.y,
                  n.y * n.z,
                  3 * n.z * n.z - 1,
                  n.x * n.z,
                  n.x * n.x - n.y * n.y};
    V3 o = v3(0, 0, 0);
    for (int i = 0; i < 9; ++i) o = add(o, mul(ld(c + 3 * i), b[i]));
    return v3(fmaxf(o.x, 0), fmaxf(o.y, 0), fmaxf(o.z, 0));
}

/* Normalised highlight; exp() stands in for the Blinn-Phong power. */
static float spec_lobe(V3 n, V3 h, float e)
{
    float c = e * (1 - dot(n, h));
    return c < 12 ? (e + 8) * 0.04f * expf(-c) : 0;
}

static inline float pow5(float x)
{
    return x * x * x * x * x;
}
static inline float pow34(float x)
{
    float q = sqrtf(x);
    return q * sqrtf(q);
}

/* Diffuse + specular for an opaque surface.  nd: per-channel diffuse normals. */
static V3 surface(const R *r, V3 p, V3 ng, const V3 nd[3], V3 ns, V3 albedo, float ao,
                  const float wrap[3], float spec, float exp1, float exp2)
{
    const Scene *s = r->s;
    V3 view = norm(sub(v3(0, 0, s->cam_dist), p));
    V3 e0 = sh_eval(s->sh, nd[0]), e1 = sh_eval(s->sh, nd[1]);
    V3 aoc = v3(pow34(ao), ao, ao);
    V3 irr = had(v3(e0.x, e1.y, e1.z), aoc);
    V3 hi = v3(0, 0, 0);
    for (int i = 0; i < s->nlights; ++i) {
        V3 l = ld(s->light_dir + 3 * i), c = ld(s->light_rgb + 3 * i);
        float k[3], any = 0;
        for (int j = 0; j < 3; ++j) {
            k[j] = fmaxf(0, (dot(nd[j], l) + wrap[j]) / ((1 + wrap[j]) * (1 + wrap[j])));
            any += k[j];
        }
        if (any <= 0) continue;
        float sh = lit(r, i, p, ng), soft = sqrtf(ao);
        V3 shc = v3(pow34(sh), sh, sh);
        irr = add(irr, mul(had(had(c, shc), v3(k[0], k[1], k[2])), soft));
        V3 h = norm(add(l, view));
        float nl = fmaxf(0, dot(ns, l)), f = 0.028f + 0.972f * pow5(1 - fmaxf(0, dot(view, h)));
        hi = add(hi, mul(c, spec * sh * nl * f *
                                (0.65f * spec_lobe(ns, h, exp1) + 0.35f * spec_lobe(ns, h, exp2))));
    }
    float nv = fmaxf(0, dot(ns, view)), f = 0.02f + 0.07f * pow5(1 - nv);
    V3 refl = sub(mul(ns, 2 * dot(ns, view)), view);
    hi = add(hi, mul(sh_eval(s->sh, refl), spec * f * ao));
    return add(had(albedo, irr), hi);
}

static V3 plain(const R *r, V3 p, V3 n, V3 albedo, float ao, float spec, float e)
{
    const float wrap[3] = {0.15f, 0.1f, 0.1f};
    V3 nd[3] = {n, n, n};
    return surface(r, p, n, nd, n, albedo, ao, wrap, spec, e, e * 4);
}

/* Darkening of the eyeball below the lids: looks for the nearest lid sample
 * above (strong), and to the sides and below (weak). */
static float lid_shadow(const R *r, int x, int y, float zi)
{
    static const float dx[8] = {0, -0.5f, 0.5f, -1, 1, 0, -0.7f, 0.7f},
                       dy[8] = {-1, -0.85f, -0.85f, 0, 0, 1, 0.7f, 0.7f};
    static const float wt[8] = {0.30f, 0.16f, 0.16f, 0.08f, 0.08f, 0.08f, 0.04f, 0.04f};
    float unit = r->focal * zi, dark = 0;
    int maxd = (int)(0.9f * unit) + 1;
    for (int i = 0; i < 8; ++i)
        for (int d = 1; d <= maxd; ++d) {
            int X = x + (int)lrintf(dx[i] * (float)d), Y = y + (int)lrintf(dy[i] * (float)d);
            if (X < 0 || Y < 0 || X >= r->W || Y >= r->H) break;
            const Sample *o = r->buf + (size_t)Y * (size_t)r->W + X;
            if (o->tri < 0 || r->s->mat[o->tri] == M_EYE) continue;
            dark += wt[i] * expf(-((float)d / unit) / 0.28f) * 1.25f;
            break;
        }
    return 1 - fminf(0.8f, dark);
}

static V3 shade_eye(const R *r, V3 p, V3 n, float u, float v, float ao)
{
    const Scene *s = r->s;
    float dx = u - 0.5f, dy = v - 0.5f, rad = sqrtf(dx * dx + dy * dy), th = atan2f(dy, dx);
    float ir = s->iris_radius, pr = s->pupil_radius;
    V3 scl = ld(s->sclera_rgb);
    /* faint veins and a pinker rim */
    float vein = 0.5f + 0.5f * sinf(th * 9 + 30 * rad + hashf(s->seed) * 6);
    float far = smooth(ir, 0.36f, rad);
    scl = had(scl, v3(1, 1 - far * (0.10f + 0.06f * vein), 1 - far * (0.12f + 0.05f * vein)));
    float fib = 0.75f + 0.25f * sinf(th * 23 + 3 * sinf(th * 7 + (float)(s->seed % 7))) *
                            sinf(th * 11 + 1.3f);
    float t = clamp01((rad - pr) / (ir - pr));
    V3 iris = lerp3(ld(s->iris_rgb2), ld(s->iris_rgb), smooth(0.1f, 0.6f, t));
    iris = mul(iris, fib * (1 - 0.72f * smooth(0.72f, 1.0f, t)));
    float pup = smooth(pr * 0.82f, pr * 1.1f, rad), lim = smooth(ir * 0.93f, ir * 1.06f, rad);
    V3 alb = lerp3(mul(iris, pup), scl, lim);
    alb = add(alb, v3(0.002f, 0.002f, 0.002f));
    V3 col = plain(r, p, n, alb, ao, 0.5f, 60);
    /* wet highlights */
    V3 view = norm(sub(v3(0, 0, s->cam_dist), p));
    for (int i = 0; i < s->nlights; ++i) {
        V3 l = ld(s->light_dir + 3 * i), h = norm(add(l, view));
        float c = dot(n, h);
        if (c > 0.97f)
            col = add(col,
                      mul(ld(s->light_rgb + 3 * i), 1.6f * expf(-420 * (1 - c)) * lit(r, i, p, n)));
    }
    return col;
}

static V3 shade(const R *r, int x, int y, const Sample *q)
{
    const Scene *s = r->s;
    int t = q->tri, m = s->mat[t];
    const int *k = s->tri + 3 * t;
    const float *uvp = s->tri_uv + 6 * t;
    float b0 = 1 - q->b1 - q->b2;
    float u = b0 * uvp[0] + q->b1 * uvp[2] + q->b2 * uvp[4];
    float v = b0 * uvp[1] + q->b1 * uvp[3] + q->b2 * uvp[5];
    float vs = b0 * s->vshade[k[0]] + q->b1 * s->vshade[k[1]] + q->b2 * s->vshade[k[2]];
    V3 p = view_pos(r, x, y, q->zi), n = interp_normal(r, q);
    if (two_sided(m) && n.z < 0) n = mul(n, -1);
    float ao = r->ao[(y / s->ss) * s->w + x / s->ss];
    V3 col;
    switch (m) {
        case M_FACE:
        case M_HEAD:
        case M_SOCKET:
        case M_EYESOCKET: {
            float tx[4];
            int face = m == M_FACE;
            tex4(face ? s->tex0 : s->tex1, s->tex_n, face ? u : u - 1, v, tx);
            float hair = tex1(face ? s->hair_mask0 : s->hair_mask1, s->tex_n, face ? u : u - 1, v);
            V3 nb = face ? bump_normal(r, t, u, v, n) : n;
            V3 alb = v3(tx[0], tx[1], tx[2]);
            if (face) { /* creases are darker and redder */
                float cav = tex1(r->bump, s->tex_n, u, v);
                cav = cav < 0 ? fmaxf(-0.14f, cav) : 0.3f * fminf(0.1f, cav);
                alb = had(alb, v3(1 + 2.0f * cav, 1 + 2.9f * cav, 1 + 3.1f * cav));
            }
            if (m == M_SOCKET) alb = v3(0.22f, 0.05f, 0.045f);
            if (m == M_EYESOCKET) alb = had(alb, v3(0.9f, 0.6f, 0.55f));
            float sss = s->sss * (1 - hair);
            float wrap[3] = {0.42f * sss, 0.16f * sss, 0.10f * sss};
            V3 nd[3] = {norm(lerp3(nb, n, 0.55f * sss)), norm(lerp3(nb, n, 0.2f * sss)),
                        norm(lerp3(nb, n, 0.12f * sss))};
            col = surface(r, p, n, nd, nb, alb, ao, wrap, s->gloss * tx[3], 12, 55);
            break;
        }
        case M_GUMS: {
            V3 a = ld(s->gum_rgb);
            col = plain(r, p, n, a, ao, 0.6f, 40);
            break;
        }
        case M_TEETH: col = plain(r, p, n, ld(s->tooth_rgb), 0.25f + 0.75f * ao, 0.5f, 60); break;
        case M_EYE:
            col = shade_eye(r, p, n, u, v, (0.35f + 0.65f * ao) * lid_shadow(r, x, y, q->zi));
            break;
        case M_LASH: col = plain(r, p, n, ld(s->lash_rgb), 1, 0.05f, 10); break;
        default: { /* hair sheet: strands along v */
            float w = 0, a = u * 40;
            for (int o = 0; o < 3; ++o) {
                float f = a + 0.7f * sinf(v * 3 + (float)(o * 2)), fl = floorf(f), fr = f - fl;
                unsigned base = (unsigned)((int)fl + 100000) * 7u + (unsigned)o * 1013u + s->seed;
                fr = fr * fr * (3 - 2 * fr);
                w += (hashf(base) * (1 - fr) + hashf(base + 7u) * fr - 0.5f) *
                     (0.9f - 0.2f * (float)o);
                a *= 2.3f;
            }
            V3 a3 = mul(ld(s->hair_rgb), fmaxf(0.25f, 1 + 0.9f * w));
            n = norm(add(n, v3(0.35f * w, 0, 0)));
            col = plain(r, p, n, a3, 0.3f + 0.7f * ao, 0.35f, 9);
        }
    }
    return mul(col, vs);
}

/* Supersampled colour. Inside one smooth material every other sample (a checkerboard) is enough;
 * edges, eyes, teeth and lashes get all samples. */
static void resolve(R *r)
{
    const Scene *s = r->s;
    int ss = s->ss;
    for (int y = 0; y < s->h; ++y)
        for (int x = 0; x < s->w; ++x) {
            int hit = 0, used = 0, first = -1, uniform = 1;
            V3 sum = v3(0, 0, 0);
            if (x * ss + ss > r->x0 && x * ss <= r->x1 && y * ss + ss > r->y0 && y * ss <= r->y1) {
                for (int j = 0; j < ss; ++j)
                    for (int i = 0; i < ss; ++i) {
                        int t = r->buf[(size_t)(y * ss + j) * (size_t)r->W + (size_t)(x * ss) +
                                       (size_t)i]
                                    .tri;
                        int m = t < 0 ? -1 : s->mat[t];
                        if (first < 0) first = m;
                        if (m != first || m < 0 || m == M_EYE || m == M_LASH || m == M_TEETH)
                            uniform = 0;
                        hit += t >= 0;
                    }
                for (int j = 0; hit && j < ss; ++j)
                    for (int i = 0; i < ss; ++i) {
                        int X = x * ss + i, Y = y * ss + j;
                        const Sample *q = r->buf + (size_t)Y * (size_t)r->W + X;
                        if (q->tri < 0 || (uniform && ((X + Y) & 1))) continue;
                        V3 c = shade(r, X, Y, q);
                        /* keep single bright samples from dominating */
                        sum = add(sum, v3(fminf(c.x, 1.8f), fminf(c.y, 1.8f), fminf(c.z, 1.8f)));
                        ++used;
                    }
            }
            float a = (float)hit / ((float)(ss * ss)), k = used ? a / (float)used : 0;
            float *o = s->rgb + 3 * ((size_t)y * (size_t)s->w + (size_t)x);
            o[0] = o[0] * (1 - a) + sum.x * k;
            o[1] = o[1] * (1 - a) + sum.y * k;
            o[2] = o[2] * (1 - a) + sum.z * k;
            if (s->alpha) s->alpha[(size_t)y * (size_t)s->w + (size_t)x] = a;
        }
}

int ict_render(const Scene *s)
{
    R r;
    int rc = -1;
    memset(&r, 0, sizeof r);
    r.s = s;
    r.W = s->w * s->ss;
    r.H = s->h * s->ss;
    r.focal = s->focal * (float)s->ss;
    r.cx = s->cx * (float)s->ss;
    r.cy = s->cy * (float)s->ss;
    size_t np = (size_t)r.W * (size_t)r.H;
    r.buf = malloc(np * sizeof *r.buf);
    r.nrm = malloc(sizeof(V3) * (size_t)s->nv);
    r.scr = malloc(sizeof(float) * 3 * (size_t)s->nv);
    r.bump = malloc(sizeof(float) * (size_t)s->tex_n * (size_t)s->tex_n);
    r.ao = malloc(sizeof(float) * (size_t)s->w * (size_t)s->h);
    if (!r.buf || !r.nrm || !r.scr || !r.bump || !r.ao) goto out;
    for (size_t i = 0; i < np; ++i) r.buf[i].tri = -1;
    project(&r);
    vertex_normals(&r);
    raster(&r);
    for (int i = 0; i < s->nlights; ++i)
        if (s->light_shadow[i] > 0 && shadow_map(&r, i)) goto out;
    ambient_occlusion(&r);
    compose_bump(&r);
    resolve(&r);
    rc = 0;
out:
    free(r.buf);
    free(r.nrm);
    free(r.scr);
    free(r.bump);
    free(r.ao);
    for (int i = 0; i < MAX_LIGHTS; ++i) free(r.shadow[i]);
    return rc;
}

/* ---------------------------------------------------------------- baking */

void ict_bake(int nt, const int *tri, const float *tri_uv, const int *mat, int tile,
              const float *attr, int nc, int n, float *out, unsigned char *valid)
{
    for (int t = 0; t < nt; ++t) {
        if ((tile == 0 && mat[t] != M_FACE) ||
            (tile == 1 && (mat[t] < M_HEAD || mat[t] > M_EYESOCKET)))
            continue;
        float x[3], y[3];
        for (int j = 0; j < 3; ++j) {
            x[j] = (tri_uv[6 * t + 2 * j] - (float)tile) * (float)n - 0.5f;
            y[j] = (1 - tri_uv[6 * t + 2 * j + 1]) * (float)n - 0.5f;
        }
        float area = (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0]);
        if (fabsf(area) < 1e-12f) continue;
        int x0 = (int)floorf(fminf(x[0], fminf(x[1], x[2]))),
            x1 = (int)ceilf(fmaxf(x[0], fmaxf(x[1], x[2])));
        int y0 = (int)floorf(fminf(y[0], fminf(y[1], y[2]))),
            y1 = (int)ceilf(fmaxf(y[0], fmaxf(y[1], y[2])));
        for (int Y = y0 < 0 ? 0 : y0; Y <= y1 && Y < n; ++Y)
            for (int X = x0 < 0 ? 0 : x0; X <= x1 && X < n; ++X) {
                float w1 =
                    (((float)X - x[0]) * (y[2] - y[0]) - ((float)Y - y[0]) * (x[2] - x[0])) / area;
                float w2 =
                    (((float)Y - y[0]) * (x[1] - x[0]) - ((float)X - x[0]) * (y[1] - y[0])) / area;
                float w0 = 1 - w1 - w2;
                if (w0 < -1e-3f || w1 < -1e-3f || w2 < -1e-3f) continue;
                float *o = out + ((size_t)Y * (size_t)n + (size_t)X) * (size_t)nc;
                for (int c = 0; c < nc; ++c)
                    o[c] = w0 * attr[tri[3 * t] * nc + c] + w1 * attr[tri[3 * t + 1] * nc + c] +
                           w2 * attr[tri[3 * t + 2] * nc + c];
                valid[(size_t)Y * (size_t)n + (size_t)X] = 1;
            }
    }
}
