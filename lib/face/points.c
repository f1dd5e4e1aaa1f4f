/* The points of a face that a finder gave a box for: located in the box's crop, then again in the
 * crop that they align, in which they are surer. Where they make no face, there is none. */
#include "face/face.h"

#include <math.h>

/* A box (left, top, width, height) whose crop, with the usual box_margin, is the aligned one. */
static const double MARGIN = 0.22;
/* Of that box against the finder's: how much larger or smaller, and how far away in its sides. */
static const double MOST_SCALE = 2.0, MOST_SHIFT = 0.5;
/* Mean distance between the points of both looks, in sides of the aligned crop. */
static const double MOST_APART = 0.12;

/* The square of the crop that these points align; 0: they cannot be a face. */
static int square_of(const clile_image *image, int32_t points, const float *xy, double *square)
{
    double wide[136], five[10];
    char why[CLILE_I_WHY_SIZE];
    clile_i_affine map;
    for (int32_t k = 0; k < 2 * points; ++k) {
        wide[k] = (double)xy[k];
        if (!clile_i_is_finite(wide[k])) return 0;
    }
    clile_i_align_reduce(points, wide, five);
    if (clile_i_align_five_fault(five, why) ||
        clile_i_align_landmarks(5, five, image->h, image->w, 1, &map) != CLILE_OK)
        return 0;
    const double side = hypot(map.a, map.d);
    square[0] = map.c + 0.5 * (map.a + map.b) - 0.5 * side;
    square[1] = map.f + 0.5 * (map.d + map.e) - 0.5 * side;
    square[2] = square[3] = side;
    return 1;
}

static int is_near(const double *square, const float *box)
{
    const double side = fmax((double)box[2], (double)box[3]),
                 scale = square[2] / (1.0 + MARGIN) / side,
                 x = square[0] + 0.5 * square[2] - (double)box[0] - 0.5 * (double)box[2],
                 y = square[1] + 0.5 * square[3] - (double)box[1] - 0.5 * (double)box[3];
    return scale <= MOST_SCALE && scale >= 1.0 / MOST_SCALE && hypot(x, y) <= MOST_SHIFT * side;
}

static double apart(int32_t points, const float *a, const float *b)
{
    double sum = 0.0;
    for (int32_t k = 0; k < points; ++k)
        sum +=
            hypot((double)a[2 * k] - (double)b[2 * k], (double)a[2 * k + 1] - (double)b[2 * k + 1]);
    return sum / points;
}

clile_status clile_i_points_place(const clile_i_locator *locator, const clile_image *image,
                                  clile_found_face *face, int32_t *is_face)
{
    float first[136];
    double square[4];
    const int32_t points = locator->points;
    clile_face place = {
        .struct_size = sizeof place, .kind = CLILE_FACE_BOX, .image = image, .points = points};
    *is_face = 1;
    if (locator->locate == NULL) return CLILE_OK;
    memcpy(place.box, face->box, sizeof place.box);
    CLILE_I_RETURN_IF(locator->locate(locator->context, &place, first));
    *is_face = square_of(image, points, first, square) && is_near(square, face->box);
    if (!*is_face) return CLILE_OK;
    place.kind = CLILE_FACE_POINTS;
    place.xy = first;
    CLILE_I_RETURN_IF(locator->locate(locator->context, &place, face->xy));
    *is_face = square_of(image, points, face->xy, square) && is_near(square, face->box) &&
               apart(points, first, face->xy) <= MOST_APART * square[2];
    if (!*is_face) return CLILE_OK;
    const double side = square[2] / (1.0 + MARGIN), in = 0.5 * (square[2] - side);
    const float box[4] = {(float)(square[0] + in), (float)(square[1] + in), (float)side,
                          (float)side};
    memcpy(face->box, box, sizeof box);
    face->points = points;
    return CLILE_OK;
}
