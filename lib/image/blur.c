/* Gaussian blur, as torchvision's functional.gaussian_blur computes it: a normalised kernel
 * exp(-x^2 / (2 s^2)), first along rows, then along columns, the image mirrored about its edge
 * pixels (which are not repeated). There the caller chooses the kernel length. Here it is 2 ceil(3
 * s) + 1, which leaves out 0.3 % of the weight. Runs for the input of every step, so it allocates
 * nothing. */
#include "image/image.h"

#include <math.h>

enum {
    RADIUS_MOST = 30, /* ceil(3 CLILE_I_BLUR_MOST) */
    SIZE_MOST = 4096, /* the largest crop (lib/data) */
    COLUMNS = 4,      /* blurred together: 65 KiB of stack */
    LINE = SIZE_MOST + 2 * RADIUS_MOST
};

typedef struct {
    int32_t radius;
    float weight[2 * RADIUS_MOST + 1];
} kernel;

static kernel make_kernel(double deviation, int32_t size)
{
    kernel k = {.radius = (int32_t)ceil(3.0 * deviation)};
    double value[2 * RADIUS_MOST + 1], sum = 0.0;
    if (k.radius > RADIUS_MOST) k.radius = RADIUS_MOST;
    if (k.radius > size - 1) k.radius = size - 1; /* mirroring cannot reach further */
    for (int32_t i = 0; i <= 2 * k.radius; ++i) {
        const double x = i - k.radius;
        value[i] = exp(-x * x / (2.0 * deviation * deviation));
        sum += value[i];
    }
    for (int32_t i = 0; i <= 2 * k.radius; ++i) k.weight[i] = (float)(value[i] / sum);
    return k;
}

static int32_t mirrored(int32_t i, int32_t size)
{
    return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
}

static void blur_row(const kernel *k, int32_t size, float *row)
{
    float line[LINE];
    for (int32_t i = 0; i < size + 2 * k->radius; ++i) line[i] = row[mirrored(i - k->radius, size)];
    for (int32_t x = 0; x < size; ++x) row[x] = k->weight[0] * line[x];
    for (int32_t i = 1; i <= 2 * k->radius; ++i)
        for (int32_t x = 0; x < size; ++x) row[x] += k->weight[i] * line[x + i];
}

/* Blurs `columns` columns, from the first of plane [size,size]. */
static void blur_columns(const kernel *k, int32_t size, int32_t columns, float *plane)
{
    float lines[LINE][COLUMNS];
    for (int32_t i = 0; i < size + 2 * k->radius; ++i)
        for (int32_t x = 0; x < columns; ++x)
            lines[i][x] = plane[(int64_t)mirrored(i - k->radius, size) * size + x];
    for (int32_t y = 0; y < size; ++y) {
        float sum[COLUMNS] = {0};
        for (int32_t i = 0; i <= 2 * k->radius; ++i)
            for (int32_t x = 0; x < columns; ++x) sum[x] += k->weight[i] * lines[y + i][x];
        for (int32_t x = 0; x < columns; ++x) plane[(int64_t)y * size + x] = sum[x];
    }
}

void clile_i_blur(int32_t size, double deviation, float *planes)
{
    const kernel k = make_kernel(deviation, size);
    for (int32_t channel = 0; channel < 3; ++channel) {
        float *plane = planes + (int64_t)channel * size * size;
        for (int32_t y = 0; y < size; ++y) blur_row(&k, size, plane + (int64_t)y * size);
        for (int32_t x = 0; x < size; x += COLUMNS)
            blur_columns(&k, size, size - x < COLUMNS ? size - x : COLUMNS, plane + x);
    }
}
