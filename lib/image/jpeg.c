/* The loss of JPEG without its bytes: YCbCr (JFIF), chroma averaged over 2 x 2 pixels, the 8 x 8
 * DCT, coefficients rounded to multiples of the standard's tables (ITU-T T.81, annex K) as libjpeg
 * scales them, and back. Entropy coding loses nothing. Runs for the input of every step, so it
 * allocates nothing. */
#include "image/image.h"

#include <math.h>
#include <string.h>

enum { N = 8, BLOCK = N * N, UNIT = 2 * N }; /* a unit is 16 x 16 pixels: 4 + 1 + 1 blocks */

static const uint8_t luma_steps[BLOCK] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
static const uint8_t chroma_steps[BLOCK] = {
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
    99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

typedef struct {
    float cosine[BLOCK], transposed[BLOCK];  /* cosine[u][x] = c(u) / 2 cos((2 x + 1) u pi / 16) */
    float step[2][BLOCK], inverse[2][BLOCK]; /* of luma, of chroma */
} tables;

static void make_tables(int32_t quality, tables *t)
{
    const int32_t scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int32_t i = 0; i < BLOCK; ++i) {
        const int32_t u = i / N, x = i % N;
        t->cosine[i] = (float)((u == 0 ? sqrt(0.125) : 0.5) *
                               cos((2 * x + 1) * u * (3.14159265358979323846 / 16.0)));
        t->transposed[N * x + u] = t->cosine[i];
        for (int32_t k = 0; k < 2; ++k) {
            int32_t step = ((k ? chroma_steps : luma_steps)[i] * scale + 50) / 100;
            step = step < 1 ? 1 : step > 255 ? 255 : step;
            t->step[k][i] = (float)step;
            t->inverse[k][i] = 1.0f / (float)step;
        }
    }
}

/* dst = a b, matrices of 8 x 8 */
static void multiply(const float *a, const float *b, float *dst)
{
    for (int32_t i = 0; i < N; ++i) {
        float row[N] = {0};
        for (int32_t k = 0; k < N; ++k)
            for (int32_t j = 0; j < N; ++j) row[j] += a[N * i + k] * b[N * k + j];
        memcpy(dst + N * i, row, sizeof row);
    }
}

/* The block at `values`, rows `stride` apart: values around 0 -> rounded coefficients -> values. */
static void round_trip(const tables *t, int32_t chroma, int32_t stride, float *values)
{
    const float *step = t->step[chroma], *inverse = t->inverse[chroma];
    float block[BLOCK], half[BLOCK];
    for (int32_t y = 0; y < N; ++y) memcpy(block + N * y, values + stride * y, N * sizeof *block);
    multiply(t->cosine, block, half);
    multiply(half, t->transposed, block);
    for (int32_t i = 0; i < BLOCK; ++i) {
        const float multiple = block[i] * inverse[i];
        block[i] = step[i] * (float)(int32_t)(multiple + (multiple < 0.0f ? -0.5f : 0.5f));
    }
    multiply(t->transposed, block, half);
    multiply(half, t->cosine, block);
    for (int32_t y = 0; y < N; ++y) memcpy(values + stride * y, block + N * y, N * sizeof *block);
}

static float limit(float value)
{
    value = value < 0.0f ? 0.0f : value;
    return value > 255.0f ? 255.0f : value;
}

typedef struct {
    float luma[UNIT * UNIT], chroma[2][BLOCK];
} unit;

/* A row of the unit from that of a plane; beyond the edge the last pixel repeats. */
static void read_row(int32_t size, int32_t left, const float *row, float *dst)
{
    const int32_t count = size - left < UNIT ? size - left : UNIT;
    memcpy(dst, row + left, (size_t)count * sizeof *dst);
    for (int32_t x = count; x < UNIT; ++x) dst[x] = row[size - 1];
}

/* Reads the unit at (left, top) of the planes; beyond the edge the last row repeats. */
static void read_unit(int32_t size, int32_t left, int32_t top, const float *planes, unit *u)
{
    const int64_t plane = (int64_t)size * size;
    float r[UNIT], g[UNIT], b[UNIT], blue[UNIT], red[UNIT];
    memset(u->chroma, 0, sizeof u->chroma);
    for (int32_t y = 0; y < UNIT; ++y) {
        const float *row = planes + (int64_t)(top + y < size ? top + y : size - 1) * size;
        float *luma = u->luma + UNIT * y;
        read_row(size, left, row, r);
        read_row(size, left, row + plane, g);
        read_row(size, left, row + 2 * plane, b);
        for (int32_t x = 0; x < UNIT; ++x) {
            luma[x] = 0.299f * r[x] + 0.587f * g[x] + 0.114f * b[x] - 128.0f;
            blue[x] = -0.168736f * r[x] - 0.331264f * g[x] + 0.5f * b[x];
            red[x] = 0.5f * r[x] - 0.418688f * g[x] - 0.081312f * b[x];
        }
        for (int32_t x = 0; x < N; ++x) {
            u->chroma[0][N * (y / 2) + x] += 0.25f * (blue[2 * x] + blue[2 * x + 1]);
            u->chroma[1][N * (y / 2) + x] += 0.25f * (red[2 * x] + red[2 * x + 1]);
        }
    }
}

static void write_unit(int32_t size, int32_t left, int32_t top, const unit *u, float *planes)
{
    const int64_t plane = (int64_t)size * size;
    const size_t bytes = (size_t)(size - left < UNIT ? size - left : UNIT) * sizeof(float);
    float r[UNIT], g[UNIT], b[UNIT];
    for (int32_t y = 0; y < UNIT && top + y < size; ++y) {
        float *row = planes + (int64_t)(top + y) * size + left;
        for (int32_t x = 0; x < UNIT; ++x) {
            const float light = u->luma[UNIT * y + x] + 128.0f,
                        blue = u->chroma[0][N * (y / 2) + x / 2],
                        red = u->chroma[1][N * (y / 2) + x / 2];
            r[x] = limit(light + 1.402f * red);
            g[x] = limit(light - 0.344136f * blue - 0.714136f * red);
            b[x] = limit(light + 1.772f * blue);
        }
        memcpy(row, r, bytes);
        memcpy(row + plane, g, bytes);
        memcpy(row + 2 * plane, b, bytes);
    }
}

void clile_i_jpeg(int32_t size, int32_t quality, float *planes)
{
    tables t;
    unit u;
    make_tables(quality, &t);
    for (int32_t top = 0; top < size; top += UNIT)
        for (int32_t left = 0; left < size; left += UNIT) {
            read_unit(size, left, top, planes, &u);
            for (int32_t y = 0; y < UNIT; y += N)
                for (int32_t x = 0; x < UNIT; x += N)
                    round_trip(&t, 0, UNIT, u.luma + UNIT * y + x);
            for (int32_t k = 0; k < 2; ++k) round_trip(&t, 1, N, u.chroma[k]);
            write_unit(size, left, top, &u, planes);
        }
}
