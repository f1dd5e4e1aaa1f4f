/* Landmarks -> the similarity that maps the canonical crop into the photograph. Also checks whether
 * landmarks and boxes can belong to a face.
 *
 * Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
 * PAMI 1991, in the plane and without reflection. With points as complex numbers, w in the
 * photograph and z in the crop, both centred,
 *
 *     crop = beta photo,  beta = sum conj(w) z / sum |w|^2  minimises  sum |z - beta w|^2,
 *
 * and the map wanted here is its inverse, photo = crop / beta. What the fit leaves of the shape:
 *
 *     residue = min sum |z - beta w|^2 / sum |z|^2
 *             = 1 - |sum conj(w) z|^2 / (sum |w|^2 sum |z|^2),  0 to 1.
 *
 * The bounds were chosen on 4985 rendered faces with expressions, turned by up to
 * 30 degrees (bp4d-ict, frames-ict of the tests), and 1500 random faces of a 3-D model
 * (ICT-FaceKit) in each of 42 poses. Mirrored: x or y backwards, x and y exchanged, left and
 * right swapped.
 *
 *                                  residue   eyes    mouth        nose
 *     rendered faces               to .14    .81     .63          .28 to .77
 *     turned by 45 degrees         to .20    .52     .08          .31 to .79
 *     turned by 60                 to .33    .36    -.06          .31 to .82
 *     up or down by 40             to .33    .90     .36         -.39 to 1.22
 *     60, and up by 30             to .44    .27    -.12          .24 to .79
 *     eyes swapped                 from .68  below 0
 *     mirrored                     from .93  below 0 below 0
 *     mouth corners swapped        from .49          to -.63
 *
 * Five points stored as x0..x4,y0..y4 but read as x0,y0,...,x4,y4 often look like a face turned by
 * 45 degrees. So the other reading is tried too. For the same faces, moved and turned within an
 * image and squeezed to .35 of their width, the wrong reading has a residue of .37 or more (y
 * before x: .51). The right reading has that of the faces, .14 at most.
 *
 * eyes, mouth: cross product of the line between the two, left to right, with the line from the
 * middle of the eyes to the middle of the mouth, divided by the square of the latter; nose: how
 * far along that line the nose is (0 eyes, 1 mouth). */
#include "image/image.h"

#include "base/format.h"

#include <math.h>

enum { FIVE = 5 };

int32_t clile_i_align_uses(int32_t points, int32_t index)
{
    if (points == FIVE) return index >= 0 && index < FIVE;
    return index == 30 || (index >= 36 && index <= 48) || index == 54;
}

void clile_i_align_reduce(int32_t points, const double *xy, double *five)
{
    if (points == FIVE) {
        for (int32_t k = 0; k < 2 * FIVE; ++k) five[k] = xy[k];
        return;
    }
    for (int32_t axis = 0; axis < 2; ++axis) {
        double left = 0.0, right = 0.0;
        for (int32_t k = 0; k < 6; ++k) {
            left += xy[2 * (36 + k) + axis];
            right += xy[2 * (42 + k) + axis];
        }
        five[axis] = left / 6.0;
        five[2 + axis] = right / 6.0;
        five[4 + axis] = xy[2 * 30 + axis];
        five[6 + axis] = xy[2 * 48 + axis];
        five[8 + axis] = xy[2 * 54 + axis];
    }
}

/* ---- can it be a face? ---- */

static const double MOST_RESIDUE = 0.5, LEAST_MOUTH = -0.2, LEAST_NOSE = -0.5, MOST_NOSE = 1.5;
static const double LEAST_SIDE = 8.0; /* pixels of a crop or a box */
static const double MOST_TURN =
    -0.70711; /* cosine of 135 degrees: beyond it the face is upside down, not lying */
static const double MOST_OTHER_RESIDUE = 0.25; /* for the same numbers read another way */
static const double LEAST_INSIDE = 0.25;       /* share of a crop or box that is in the image */

#define ORDER                                                                                      \
    "expected, left and right as seen in the image: left eye, right eye, nose tip, left and "      \
    "right "                                                                                       \
    "corner of the mouth (or 68 points in Multi-PIE order), x to the right and y down"
#define PIXELS "coordinates are pixels, not fractions of the image size"

/* The fit of five points. A zero product: they have no extent. */
typedef struct {
    double photo_x, photo_y, crop_x, crop_y; /* means; the crop's in pixels of a crop of `size` */
    double re, im;                           /* sum conj(w) z */
    double photo_norm, crop_norm;
} fit;

static fit fit_five(const double *five, double size)
{
    static const double canonical[FIVE][2] = CLILE_I_CANONICAL;
    fit f = {0};
    for (int32_t k = 0; k < FIVE; ++k) {
        f.photo_x += five[2 * k] / (double)FIVE;
        f.photo_y += five[2 * k + 1] / (double)FIVE;
        f.crop_x += canonical[k][0] * size / (double)FIVE;
        f.crop_y += canonical[k][1] * size / (double)FIVE;
    }
    for (int32_t k = 0; k < FIVE; ++k) {
        const double wx = five[2 * k] - f.photo_x, wy = five[2 * k + 1] - f.photo_y;
        const double zx = canonical[k][0] * size - f.crop_x, zy = canonical[k][1] * size - f.crop_y;
        f.re += wx * zx + wy * zy;
        f.im += wx * zy - wy * zx;
        f.photo_norm += wx * wx + wy * wy;
        f.crop_norm += zx * zx + zy * zy;
    }
    return f;
}

/* Why eyes, nose and mouth are not placed as in a face; NULL: they are. */
static const char *order_fault(const double *p)
{
    const double eyes_x = p[2] - p[0], eyes_y = p[3] - p[1], mouth_x = p[8] - p[6],
                 mouth_y = p[9] - p[7];
    const double mid_x = 0.5 * (p[0] + p[2]), mid_y = 0.5 * (p[1] + p[3]);
    const double down_x = 0.5 * (p[6] + p[8]) - mid_x, down_y = 0.5 * (p[7] + p[9]) - mid_y;
    const double down = down_x * down_x + down_y * down_y;
    const double eyes = eyes_x * down_y - eyes_y * down_x,
                 mouth = mouth_x * down_y - mouth_y * down_x;
    const double nose = (p[4] - mid_x) * down_x + (p[5] - mid_y) * down_y;
    const int eyes_swapped = !(eyes > 0.0), mouth_swapped = !(mouth > LEAST_MOUTH * down);
    if (eyes_swapped && mouth_swapped) return "left and right are swapped, or an axis is reversed";
    if (eyes_swapped) return "the eyes are swapped";
    if (mouth_swapped) return "the corners of the mouth are swapped";
    return nose > LEAST_NOSE * down && nose < MOST_NOSE * down
               ? NULL
               : "the nose is not between eyes and mouth";
}

static double residue_of(const fit *f)
{
    return 1.0 - (f->re * f->re + f->im * f->im) / (f->photo_norm * f->crop_norm);
}

/* Whether the numbers make a better face when read as all x, then all y (with `swapped`: all y,
 * then all x) than as pairs. */
static int reads_better_apart(const double *five, int swapped, double residue)
{
    double other[2 * FIVE];
    for (int32_t k = 0; k < FIVE; ++k) {
        other[2 * k] = five[swapped ? FIVE + k : k];
        other[2 * k + 1] = five[swapped ? k : FIVE + k];
    }
    const fit f = fit_five(other, 1.0);
    const double found = residue_of(&f);
    return f.photo_norm > 1e-12 && found <= MOST_OTHER_RESIDUE && found < residue &&
           order_fault(other) == NULL;
}

/* Fractions of the width or height instead of pixels, in all x, all y, or single points (such as
 * 0,0 for a point that was not found). */
static const char *share_fault(const double *five)
{
    int x = 1, y = 1, point = 0;
    for (int32_t k = 0; k < FIVE; ++k) {
        const int x_share = five[2 * k] >= 0.0 && five[2 * k] <= 1.0,
                  y_share = five[2 * k + 1] >= 0.0 && five[2 * k + 1] <= 1.0;
        x &= x_share;
        y &= y_share;
        point |= x_share && y_share;
    }
    return x && y  ? "all landmarks are from 0 to 1"
           : x     ? "x of all landmarks is from 0 to 1"
           : y     ? "y of all landmarks is from 0 to 1"
           : point ? "both coordinates of some landmarks are from 0 to 1"
                   : NULL;
}

/* Writes the reason and returns 1. */
CLILE_I_PRINTF(2, 3)
static int because(char *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    clile_i_format(why, CLILE_I_WHY_SIZE, format, arguments);
    va_end(arguments);
    return 1;
}

int clile_i_align_five_fault(const double *five, char *why)
{
    for (int32_t k = 0; k < 2 * FIVE; ++k)
        if (!clile_i_is_finite(five[k])) return because(why, "a coordinate is not finite");
    const fit f = fit_five(five, 1.0);
    const double product = f.re * f.re + f.im * f.im, side = sqrt(f.photo_norm / f.crop_norm);
    const double residue = residue_of(&f);
    const char *order = order_fault(five), *shares = share_fault(five);
    if (!(f.photo_norm > 1e-12)) return because(why, "the landmarks are all the same");
    if (shares != NULL) return because(why, "%s: " PIXELS, shares);
    for (int swapped = 0; swapped < 2; ++swapped)
        if (reads_better_apart(five, swapped, residue))
            return because(why, "the numbers make a face if all %s come before all %s; " ORDER,
                           swapped ? "y" : "x", swapped ? "x" : "y");
    if (order != NULL)
        return because(why, "the landmarks are not in the order of a face (%s); " ORDER, order);
    if (!(residue <= MOST_RESIDUE))
        return because(
            why,
            "the landmarks do not have the shape of a face (residue %.2f, at most %.2f); " ORDER,
            residue, MOST_RESIDUE);
    if (f.re < MOST_TURN * sqrt(product))
        return because(
            why, "the landmarks are upside down (turned by %.0f degrees, at most 135); " ORDER,
            acos(f.re / sqrt(product)) * 57.29578);
    if (side < LEAST_SIDE)
        return because(why, "a face of %.2g pixels, expected at least %g; " PIXELS, side,
                       LEAST_SIDE);
    return 0;
}

int clile_i_align_box_fault(const double *box, char *why)
{
    for (int32_t k = 0; k < 4; ++k)
        if (!clile_i_is_finite(box[k]))
            return because(why, "face box: value %d is not finite", (int)k);
    if (!(box[2] > 0.0 && box[3] > 0.0))
        return because(why, "face box of %g x %g pixels, expected sides above 0", box[2], box[3]);
    if (fmax(box[2], box[3]) < LEAST_SIDE)
        return because(why,
                       "face box of %g x %g pixels, expected a longer side of at least %g; " PIXELS,
                       box[2], box[3], LEAST_SIDE);
    return 0;
}

/* Share of a crop of `size`, placed by the map, that is in the image, sampled at 32 x 32 points. */
static double inside(const clile_i_affine *m, double size, int32_t h, int32_t w)
{
    enum { SIDE = 32 };
    int32_t count = 0;
    for (int32_t i = 0; i < SIDE * SIDE; ++i) {
        const double u = (i % SIDE + 0.5) / (double)SIDE * size,
                     v = (i / SIDE + 0.5) / (double)SIDE * size;
        const double x = m->a * u + m->b * v + m->c, y = m->d * u + m->e * v + m->f;
        count += x >= 0.0 && y >= 0.0 && x <= w && y <= h;
    }
    return (double)count / (double)(SIDE * SIDE);
}

/* ---- maps ---- */

clile_status clile_i_align_landmarks(int32_t points, const double *xy, int32_t h, int32_t w,
                                     int32_t size, clile_i_affine *out)
{
    double five[2 * FIVE];
    char why[CLILE_I_WHY_SIZE];

    if (points != FIVE && points != 68)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "alignment: %d landmarks, expected 5 or 68",
                            points);
    if (size < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "alignment to a crop of %d pixels", size);
    for (int32_t i = 0; i < points; ++i)
        if (clile_i_align_uses(points, i) &&
            !(clile_i_is_finite(xy[2 * i]) && clile_i_is_finite(xy[2 * i + 1])))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "landmark %d is not finite", i);
    clile_i_align_reduce(points, xy, five);
    if (clile_i_align_five_fault(five, why))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s", why);

    const fit f = fit_five(five, size);
    const double product = f.re * f.re + f.im * f.im;
    /* 1 / beta */
    const double cosine = f.re * f.photo_norm / product, sine = -f.im * f.photo_norm / product;
    *out = (clile_i_affine){.a = cosine,
                            .b = -sine,
                            .c = f.photo_x - (cosine * f.crop_x - sine * f.crop_y),
                            .d = sine,
                            .e = cosine,
                            .f = f.photo_y - (sine * f.crop_x + cosine * f.crop_y)};
    if (inside(out, size, h, w) < LEAST_INSIDE)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "the face around (%g, %g), a crop of %.3g pixels, lies outside the image of %d x %d (a "
            "quarter of it must be inside)",
            f.photo_x, f.photo_y, hypot(cosine, sine) * size, (int)w, (int)h);
    return CLILE_OK;
}

void clile_i_align_whole(int32_t h, int32_t w, int32_t size, clile_i_affine *out)
{
    *out = (clile_i_affine){.a = (double)w / size, .e = (double)h / size};
}

void clile_i_align_scale(double scale, int32_t size, clile_i_affine *crop_to_src)
{
    clile_i_affine *m = crop_to_src;
    const double shift = 0.5 * size * (1.0 - scale);
    if (scale == 1.0) return; /* the same bits */
    m->c += shift * (m->a + m->b);
    m->f += shift * (m->d + m->e);
    m->a *= scale;
    m->b *= scale;
    m->d *= scale;
    m->e *= scale;
}

clile_status clile_i_align_box(const double *box, double margin, int32_t h, int32_t w, int32_t size,
                               clile_i_affine *out)
{
    char why[CLILE_I_WHY_SIZE];
    if (clile_i_align_box_fault(box, why)) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s", why);
    if (!clile_i_is_within(margin, -0.5, 4.0))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "margin of a face box: expected -0.5 to 4, found %g", margin);
    const clile_i_affine itself = {.a = box[2], .c = box[0], .e = box[3], .f = box[1]};
    if (inside(&itself, 1.0, h, w) < LEAST_INSIDE)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "face box at (%g, %g) of %g x %g pixels lies outside the image of %d "
                            "x %d (a quarter of it must be inside); expected left, top, width, "
                            "height",
                            box[0], box[1], box[2], box[3], (int)w, (int)h);
    const double side = (1.0 + margin) * fmax(box[2], box[3]), scale = side / size;
    *out = (clile_i_affine){.a = scale,
                            .c = box[0] + 0.5 * (box[2] - side),
                            .e = scale,
                            .f = box[1] + 0.5 * (box[3] - side)};
    return CLILE_OK;
}
