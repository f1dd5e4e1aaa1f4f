/* Landmarks -> the similarity that carries the canonical crop into the photograph.
 *
 * Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991, in the plane
 * and without reflection. With points as complex numbers, w in the photograph and z in the crop, both centred,
 *
 *     crop = beta photo,  beta = sum conj(w) z / sum |w|^2  minimises  sum |z - beta w|^2,
 *
 * and the map wanted here is its inverse, photo = crop / beta. */
#include "image/image.h"

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

clile_status clile_i_align_landmarks(int32_t points, const double *xy, int32_t size, clile_i_affine *out)
{
    static const double canonical[FIVE][2] = CLILE_I_CANONICAL;
    double five[2 * FIVE], photo_x = 0.0, photo_y = 0.0, crop_x = 0.0, crop_y = 0.0;

    if (points != FIVE && points != 68)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "alignment needs 5 or 68 landmarks, there are %d", points);
    if (size < 1) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "alignment to a crop of %d pixels", size);
    for (int32_t i = 0; i < points; ++i)
        if (clile_i_align_uses(points, i) && !(clile_i_is_finite(xy[2 * i]) && clile_i_is_finite(xy[2 * i + 1])))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "landmark %d is not finite", i);
    clile_i_align_reduce(points, xy, five);

    for (int32_t k = 0; k < FIVE; ++k) {
        photo_x += five[2 * k] / (double)FIVE;
        photo_y += five[2 * k + 1] / (double)FIVE;
        crop_x += canonical[k][0] * size / (double)FIVE;
        crop_y += canonical[k][1] * size / (double)FIVE;
    }
    double re = 0.0, im = 0.0, photo_norm = 0.0, crop_norm = 0.0;
    for (int32_t k = 0; k < FIVE; ++k) {
        const double wx = five[2 * k] - photo_x, wy = five[2 * k + 1] - photo_y;
        const double zx = canonical[k][0] * size - crop_x, zy = canonical[k][1] * size - crop_y;
        re += wx * zx + wy * zy;
        im += wx * zy - wy * zx;
        photo_norm += wx * wx + wy * wy;
        crop_norm += zx * zx + zy * zy;
    }
    /* |beta| photo_norm = |sum conj(w) z| <= sqrt(photo_norm crop_norm); far below it there is no face in the points */
    const double product = re * re + im * im;
    if (!(photo_norm > 1e-12) || !(product > 1e-8 * photo_norm * crop_norm))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "the landmarks are all the same or have no shape of a face");
    const double cosine = re * photo_norm / product, sine = -im * photo_norm / product; /* 1 / beta */
    out->a = cosine;
    out->b = -sine;
    out->c = photo_x - (cosine * crop_x - sine * crop_y);
    out->d = sine;
    out->e = cosine;
    out->f = photo_y - (sine * crop_x + cosine * crop_y);
    return CLILE_OK;
}

void clile_i_align_whole(int32_t h, int32_t w, int32_t size, clile_i_affine *out)
{
    *out = (clile_i_affine){.a = (double)w / size, .e = (double)h / size};
}

clile_status clile_i_align_box(const double *box, double margin, int32_t h, int32_t w, int32_t size,
                               clile_i_affine *out)
{
    for (int32_t k = 0; k < 4; ++k)
        if (!clile_i_is_finite(box[k]))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "face box: value %d is not finite", (int)k);
    if (!(box[2] > 0.0 && box[3] > 0.0))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "face box of %g x %g pixels, expected sides above 0", box[2],
                            box[3]);
    if (!clile_i_is_within(margin, -0.5, 4.0))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "margin of a face box: expected -0.5 to 4, found %g", margin);
    if (box[0] >= w || box[1] >= h || box[0] + box[2] <= 0.0 || box[1] + box[3] <= 0.0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "face box at (%g, %g) of %g x %g pixels lies outside the image of %d x %d", box[0], box[1],
                            box[2], box[3], (int)w, (int)h);
    const double side = (1.0 + margin) * fmax(box[2], box[3]), scale = side / size;
    *out = (clile_i_affine){
        .a = scale, .c = box[0] + 0.5 * (box[2] - side), .e = scale, .f = box[1] + 0.5 * (box[3] - side)};
    return CLILE_OK;
}
