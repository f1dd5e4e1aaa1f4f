/* How a face looks, as 24 x 24 grey values, and where in the next frame something looks like it:
 * normalised cross-correlation, which a change of brightness or contrast leaves alone. */
#include "face/face.h"

#include <math.h>

enum {
    SIDE = CLILE_I_PATCH,
    REACH = SIDE / 2, /* cells to each side */
    WIDE = 2 * SIDE,  /* what is searched: the box enlarged to twice its size */
    STEP = 2          /* cells between two places at first */
};
static const double SCALE_STEP = 1.05;

clile_status clile_i_patch_space(clile_i_warp_space *space)
{
    return clile_i_warp_space_init(space, 2 * WIDE);
}

/* Grey values [n,n] of the box, enlarged around its centre. Each is the mean of four samples, so
 * that what is seen changes smoothly with the size of the box. */
static clile_status cut(clile_i_warp_space *space, const clile_i_image *image, const float *box,
                        double enlarged, int32_t n, float *grey)
{
    uint8_t rgb[4 * WIDE * WIDE * 3];
    const int32_t fine = 2 * n;
    const double w = (double)box[2] * enlarged, h = (double)box[3] * enlarged;
    const clile_i_affine map = {w / fine, 0.0,      (double)box[0] + ((double)box[2] - w) / 2.0,
                                0.0,      h / fine, (double)box[1] + ((double)box[3] - h) / 2.0};
    CLILE_I_RETURN_IF(clile_i_image_warp_in(image, &map, fine, fine, space, rgb));
    memset(grey, 0, (size_t)n * (size_t)n * sizeof *grey);
    for (int32_t y = 0; y < fine; ++y)
        for (int32_t x = 0; x < fine; ++x) {
            const uint8_t *p = rgb + 3 * (y * fine + x);
            grey[y / 2 * n + x / 2] += (float)(77 * p[0] + 150 * p[1] + 29 * p[2]) / 1024.0f;
        }
    return CLILE_OK;
}

static void normalise(clile_i_patch *p)
{
    double sum = 0.0, squares = 0.0;
    for (int k = 0; k < SIDE * SIDE; ++k) sum += (double)p->value[k];
    const float mean = (float)(sum / (SIDE * SIDE));
    for (int k = 0; k < SIDE * SIDE; ++k) {
        p->value[k] -= mean;
        squares += (double)p->value[k] * (double)p->value[k];
    }
    /* one grey level of noise is nothing to follow */
    const float factor = squares > SIDE * SIDE ? (float)(1.0 / sqrt(squares)) : 0.0f;
    for (int k = 0; k < SIDE * SIDE; ++k) p->value[k] *= factor;
}

clile_status clile_i_patch_take(clile_i_warp_space *space, const clile_i_image *image,
                                const float *box, double enlarged, clile_i_patch *out)
{
    CLILE_I_RETURN_IF(cut(space, image, box, enlarged, SIDE, out->value));
    normalise(out);
    return CLILE_OK;
}

double clile_i_patch_alike(const clile_i_patch *a, const clile_i_patch *b)
{
    double sum = 0.0;
    for (int k = 0; k < SIDE * SIDE; ++k) sum += (double)a->value[k] * (double)b->value[k];
    return sum;
}

/* Correlation with the part of `wide` that begins at column x, row y. */
static double at(const float *wide, const clile_i_patch *patch, int x, int y)
{
    float dot = 0.0f, sum = 0.0f, squares = 0.0f;
    for (int j = 0; j < SIDE; ++j) {
        const float *row = wide + (y + j) * WIDE + x, *mine = patch->value + j * SIDE;
        float rows[3] = {0.0f, 0.0f, 0.0f};
        for (int i = 0; i < SIDE; ++i) {
            rows[0] += row[i] * mine[i];
            rows[1] += row[i];
            rows[2] += row[i] * row[i];
        }
        dot += rows[0];
        sum += rows[1];
        squares += rows[2];
    }
    const double n = SIDE * SIDE, all = (double)squares - (double)sum * (double)sum / n;
    return all > n ? (double)dot / sqrt(all) : 0.0;
}

/* Where the parabola through three values has its peak: -0.5 to 0.5. */
static double peak(double before, double middle, double after)
{
    const double bend = before - 2.0 * middle + after;
    return bend < 0.0 ? fmin(fmax(0.5 * (before - after) / bend, -0.5), 0.5) : 0.0;
}

/* The place in `wide` that is most alike: every second one, then its neighbours. In cells from
 * the middle. */
static void search(const float *wide, const clile_i_patch *patch, double *dx, double *dy)
{
    int best_x = REACH, best_y = REACH;
    double best = at(wide, patch, REACH, REACH);
    for (int step = STEP; step > 0; step = step == STEP ? 1 : 0) {
        const int from_x = step == 1 ? best_x - 1 : 0, to_x = step == 1 ? best_x + 1 : 2 * REACH,
                  from_y = step == 1 ? best_y - 1 : 0, to_y = step == 1 ? best_y + 1 : 2 * REACH;
        for (int y = from_y; y <= to_y; y += step)
            for (int x = from_x; x <= to_x; x += step) {
                if (x < 0 || y < 0 || x > 2 * REACH || y > 2 * REACH) continue;
                const double value = at(wide, patch, x, y);
                if (!(value > best)) continue;
                best = value;
                best_x = x;
                best_y = y;
            }
    }
    *dx = best_x - REACH;
    *dy = best_y - REACH;
    if (best_x > 0 && best_x < 2 * REACH)
        *dx += peak(at(wide, patch, best_x - 1, best_y), best, at(wide, patch, best_x + 1, best_y));
    if (best_y > 0 && best_y < 2 * REACH)
        *dy += peak(at(wide, patch, best_x, best_y - 1), best, at(wide, patch, best_x, best_y + 1));
}

static void scale(float *box, double factor)
{
    const double w = (double)box[2] * factor, h = (double)box[3] * factor;
    box[0] += (float)(((double)box[2] - w) / 2.0);
    box[1] += (float)(((double)box[3] - h) / 2.0);
    box[2] = (float)w;
    box[3] = (float)h;
}

clile_status clile_i_patch_follow(clile_i_warp_space *space, const clile_i_image *image,
                                  const clile_i_patch *patch, float *box, double *alike)
{
    float wide[WIDE * WIDE];
    double dx = 0.0, dy = 0.0, value[3];
    CLILE_I_RETURN_IF(cut(space, image, box, 2.0, WIDE, wide));
    search(wide, patch, &dx, &dy);
    box[0] += (float)(dx * (double)box[2] / (double)SIDE);
    box[1] += (float)(dy * (double)box[3] / (double)SIDE);
    for (int k = 0; k < 3; ++k) {
        clile_i_patch there;
        CLILE_I_RETURN_IF(clile_i_patch_take(space, image, box, pow(SCALE_STEP, k - 1), &there));
        value[k] = clile_i_patch_alike(patch, &there);
    }
    const int middle = value[1] >= value[0] && value[1] >= value[2];
    scale(box, pow(SCALE_STEP, middle                ? peak(value[0], value[1], value[2])
                               : value[0] > value[2] ? -1.0
                                                     : 1.0));
    *alike = fmax(fmax(value[0], value[1]), value[2]);
    return CLILE_OK;
}
