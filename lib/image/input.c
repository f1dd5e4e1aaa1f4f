/* Stored crop -> network input: window, mirror, bilinear sampling, colour, damage, normalisation.
 * Runs for every image of every step, so it walks memory in order and allocates nothing. */
#include "image/image.h"
#include "image/tap.h"

#include <math.h>

/* ImageNet's channel means and deviations (torchvision's transforms.Normalize), for values in
 * [0, 1]. */
const float clile_i_input_mean[3] = {0.485f, 0.456f, 0.406f};
const float clile_i_input_deviation[3] = {0.229f, 0.224f, 0.225f};

int32_t clile_i_crop_margin(int32_t size, double share)
{
    return (int32_t)(share * size + 0.5);
}

int32_t clile_i_crop_stored(int32_t size)
{
    return size + 2 * clile_i_crop_margin(size, CLILE_I_CROP_MARGIN_USUAL);
}

/* In place on [3,plane] values in [0, 255]: (v / 255 - mean) / std. */
static void normalise(int64_t plane, float *values)
{
    for (int32_t k = 0; k < 3; ++k) {
        const float factor = 1.0f / (255.0f * clile_i_input_deviation[k]),
                    offset = -clile_i_input_mean[k] / clile_i_input_deviation[k];
        float *v = values + k * plane;
        for (int64_t i = 0; i < plane; ++i) v[i] = v[i] * factor + offset;
    }
}

/* The middle [size,size] of the stored crop as planes of floats, mirrored or not; no arithmetic. */
static void read_middle(const uint8_t *stored, int64_t margin, int32_t size, int32_t flip,
                        float *dst)
{
    const int64_t width = size + 2 * margin, plane = (int64_t)size * size;
    for (int32_t y = 0; y < size; ++y) {
        const uint8_t *row = stored + ((margin + y) * width + margin) * 3;
        float *r = dst + (int64_t)y * size, *g = r + plane, *b = g + plane;
        if (flip) {
            for (int32_t x = 0; x < size; ++x) {
                const uint8_t *pixel = row + 3 * (size - 1 - x);
                r[x] = (float)pixel[0];
                g[x] = (float)pixel[1];
                b[x] = (float)pixel[2];
            }
        } else {
            for (int32_t x = 0; x < size; ++x) {
                r[x] = (float)row[3 * x];
                g[x] = (float)row[3 * x + 1];
                b[x] = (float)row[3 * x + 2];
            }
        }
    }
}

enum { RUN = 128 }; /* output columns that are sampled together */

/* Two rows of the stored crop, sampled at the columns of a run; consecutive output rows share
 * them. */
typedef struct {
    int32_t row[2]; /* which rows are here; -1: none */
    float value[2][3][RUN];
} sampled_rows;

/* Index of sampled row `row`; if new, it replaces the one that is not `kept`. */
static int32_t sample_row(sampled_rows *rows, const uint8_t *stored, int32_t width, int32_t row,
                          int32_t kept, const clile_i_tap *columns, int32_t count)
{
    for (int32_t place = 0; place < 2; ++place)
        if (rows->row[place] == row) return place;
    const int32_t place = rows->row[0] == kept;
    float *r = rows->value[place][0], *g = rows->value[place][1], *b = rows->value[place][2];
    const uint8_t *line = stored + (int64_t)row * width * 3;
    for (int32_t i = 0; i < count; ++i) {
        const uint8_t *p = line + 3 * columns[i].before, *q = p + 3 * columns[i].step;
        const float u = columns[i].weight;
        r[i] = (float)p[0] + u * (float)(q[0] - p[0]);
        g[i] = (float)p[1] + u * (float)(q[1] - p[1]);
        b[i] = (float)p[2] + u * (float)(q[2] - p[2]);
    }
    rows->row[place] = row;
    return place;
}

/* Window, mirror and bilinear sampling. The map is separable, so the taps of a run of columns
 * serve all rows. */
static void read_window(const uint8_t *stored, int32_t width, int32_t size,
                        const clile_i_jitter *jitter, float *dst)
{
    clile_i_tap columns[RUN];
    sampled_rows rows;
    const int64_t plane = (int64_t)size * size;
    const double half = 0.5 * size, middle = 0.5 * width;
    const double scale_x = jitter->flip ? -jitter->scale : jitter->scale;

    for (int32_t first = 0; first < size; first += RUN) {
        const int32_t count = size - first < RUN ? size - first : RUN;
        for (int32_t i = 0; i < count; ++i)
            columns[i] = clile_i_tap_at(
                middle + jitter->shift_x * size + scale_x * (first + i + 0.5 - half) - 0.5, width);
        rows.row[0] = rows.row[1] = -1;
        for (int32_t y = 0; y < size; ++y) {
            const clile_i_tap row = clile_i_tap_at(
                middle + jitter->shift_y * size + jitter->scale * (y + 0.5 - half) - 0.5, width);
            const int32_t next = row.before + row.step;
            const int32_t upper =
                sample_row(&rows, stored, width, row.before, next, columns, count);
            const int32_t lower =
                sample_row(&rows, stored, width, next, row.before, columns, count);
            for (int32_t k = 0; k < 3; ++k) {
                const float *above = rows.value[upper][k], *below = rows.value[lower][k];
                float *out = dst + k * plane + (int64_t)y * size + first;
                for (int32_t i = 0; i < count; ++i)
                    out[i] = above[i] + row.weight * (below[i] - above[i]);
            }
        }
    }
}

/* q = (x, y) of the network input, from its centre -> shift + scale R F q from the centre of the
 * crop: F mirrors x, R = (cos -sin; sin cos) turns by jitter->rotate. In any one unit of length. */
typedef struct {
    double a, b, c, d, e, f; /* x_src = a x + b y + c, y_src = d x + e y + f */
} placement;

static placement place(const clile_i_jitter *jitter, double unit)
{
    const double angle = jitter->rotate * (3.14159265358979323846 / 180.0),
                 along = jitter->scale * cos(angle), across = jitter->scale * sin(angle),
                 mirror = jitter->flip ? -1.0 : 1.0;
    return (placement){.a = mirror * along,
                       .b = -across,
                       .c = jitter->shift_x * unit,
                       .d = mirror * across,
                       .e = along,
                       .f = jitter->shift_y * unit};
}

static float limit(float value)
{
    value = value < 0.0f ? 0.0f : value;
    return value > 255.0f ? 255.0f : value;
}

/* A run of output pixels of one row, and where each is in the stored crop. */
typedef struct {
    int32_t count;
    int32_t known; /* 1: `across` is that of the row above, and all of `down` are alike */
    double x[RUN], y[RUN];
    clile_i_field_tap across[RUN], down[RUN];
    float change[RUN][4]; /* of the look */
} moved_run;

/* A place shows what was there before it moved. */
static void move_run(const clile_i_jitter *jitter, double margin, double side, moved_run *run)
{
    clile_i_spot place[RUN];
    float move[RUN][2];
    for (int32_t i = 0; i < run->count; ++i) {
        place[i] =
            (clile_i_spot){(run->x[i] + 0.5 - margin) / side, (run->y[i] + 0.5 - margin) / side};
        if (!run->known) run->across[i] = clile_i_field_tap_at(place[i].x);
        run->down[i] = run->known && i > 0 ? run->down[0] : clile_i_field_tap_at(place[i].y);
    }
    if (jitter->look != NULL) {
        clile_i_field_taps(&jitter->look->place, run->count, run->across, run->down, move);
        clile_i_look_at(jitter->look, run->count, place, move, run->change);
    }
    clile_i_field_taps(jitter->field, run->count, run->across, run->down, move);
    for (int32_t i = 0; i < run->count; ++i) {
        run->x[i] -= side * (double)move[i][0];
        run->y[i] -= side * (double)move[i][1];
    }
}

/* A window turned, or with places that move: bilinear sampling without taps that rows or columns
 * share. */
static void read_turned(const uint8_t *stored, int32_t width, int32_t size,
                        const clile_i_jitter *jitter, float *dst)
{
    const double margin = 0.5 * (width - size);
    const int64_t plane = (int64_t)size * size;
    const double half = 0.5 * size, middle = 0.5 * width - 0.5;
    const placement at = place(jitter, size);
    const int looks = jitter->field != NULL && jitter->look != NULL;
    moved_run run;
    for (int32_t first = 0; first < size; first += RUN) {
        run.count = size - first < RUN ? size - first : RUN;
        for (int32_t y = 0; y < size; ++y) {
            const double v = y + 0.5 - half, row_x = middle + at.b * v + at.c,
                         row_y = middle + at.e * v + at.f;
            float *out = dst + (int64_t)y * size + first;
            run.known = y > 0 && jitter->rotate == 0.0;
            for (int32_t i = 0; i < run.count; ++i) {
                const double u = first + i + 0.5 - half;
                run.x[i] = row_x + at.a * u;
                run.y[i] = row_y + at.d * u;
            }
            if (jitter->field != NULL) move_run(jitter, margin, size, &run);
            for (int32_t i = 0; i < run.count; ++i) {
                const clile_i_tap across = clile_i_tap_at(run.x[i], width),
                                  down = clile_i_tap_at(run.y[i], width);
                float colour[3];
                clile_i_tap_colour(stored, width, across, down, colour);
                for (int32_t k = 0; k < 3; ++k)
                    out[k * plane + i] = looks ? limit(colour[k] + run.change[i][k]) : colour[k];
            }
        }
    }
}

void clile_i_jitter_points(const clile_i_jitter *jitter, int64_t n, const float *xy, float *dst)
{
    const placement at = place(jitter, 1.0);
    const double scale = at.a * at.e - at.b * at.d; /* determinant */
    for (int64_t k = 0; k < n; ++k) {
        const double x = (double)xy[2 * k] - 0.5 - at.c, y = (double)xy[2 * k + 1] - 0.5 - at.f;
        dst[2 * k] = (float)(0.5 + (at.e * x - at.b * y) / scale);
        dst[2 * k + 1] = (float)(0.5 + (at.a * y - at.d * x) / scale);
    }
}

/* v <- limit(factor v + (1 - factor) other), torchvision's _blend, on n values. */
static void blend_constant(int64_t n, float factor, float other, float *v)
{
    const float offset = (1.0f - factor) * other;
    for (int64_t i = 0; i < n; ++i) v[i] = limit(factor * v[i] + offset);
}

/* torchvision's rgb_to_grayscale */
static float grey(float r, float g, float b)
{
    return 0.2989f * r + 0.587f * g + 0.114f * b;
}

static void colour(int64_t plane, const clile_i_jitter *jitter, float *values)
{
    float *r = values, *g = r + plane, *b = g + plane;
    if (jitter->brightness != 1.0)
        blend_constant(3 * plane, (float)jitter->brightness, 0.0f, values);
    if (jitter->contrast != 1.0) {
        double sum = 0.0;
        for (int64_t i = 0; i < plane; ++i) sum += grey(r[i], g[i], b[i]);
        blend_constant(3 * plane, (float)jitter->contrast, (float)(sum / (double)plane), values);
    }
    if (jitter->saturation != 1.0) {
        const float factor = (float)jitter->saturation;
        for (int64_t i = 0; i < plane; ++i) {
            const float offset = (1.0f - factor) * grey(r[i], g[i], b[i]);
            r[i] = limit(factor * r[i] + offset);
            g[i] = limit(factor * g[i] + offset);
            b[i] = limit(factor * b[i] + offset);
        }
    }
    if (jitter->grey)
        for (int64_t i = 0; i < plane; ++i) r[i] = g[i] = b[i] = grey(r[i], g[i], b[i]);
}

static int any(const double *values, int32_t n)
{
    for (int32_t i = 0; i < n; ++i)
        if (values[i] != 0.0) return 1;
    return 0;
}

void clile_i_crop_to_input(const uint8_t *stored, int32_t margin, int32_t size,
                           const clile_i_jitter *jitter, int32_t standardize, float *dst)
{
    const int32_t width = size + 2 * margin;
    const int64_t plane = (int64_t)size * size;
    if (jitter->rotate != 0.0 || jitter->field != NULL)
        read_turned(stored, width, size, jitter, dst);
    else if (jitter->scale == 1.0 && jitter->shift_x == 0.0 && jitter->shift_y == 0.0)
        read_middle(stored, margin, size, jitter->flip, dst);
    else
        read_window(stored, width, size, jitter, dst);
    if (any(jitter->edge, 4)) clile_i_edge(size, jitter->edge, dst);
    if (jitter->gamma != 0.0 || any(jitter->tint, 3))
        clile_i_tone(size, jitter->gamma, jitter->tint, dst);
    colour(plane, jitter, dst);
    if (jitter->shade_x != 0.0 || jitter->shade_y != 0.0)
        clile_i_shade(size, jitter->shade_x, jitter->shade_y, dst);
    if (jitter->resolution > 0.0) clile_i_coarsen(size, jitter->resolution, dst);
    if (jitter->blur > 0.0) clile_i_blur(size, jitter->blur, dst);
    if (jitter->noise > 0.0) clile_i_noise(size, jitter->noise, jitter->noise_seed, dst);
    if (jitter->jpeg > 0) clile_i_jpeg(size, jitter->jpeg, dst);
    if (standardize) clile_i_standardize_planes(size, dst);
    normalise(plane, dst);
}

enum { VALUES = 256 };

typedef struct {
    const uint8_t *rgb;
    int64_t row_stride;
    int32_t size;
    float *dst;
    float table[3][VALUES]; /* normalise() of every value a pixel can have */
} pixels_job;

static void convert_rows(int64_t begin, int64_t end, void *context)
{
    const pixels_job *job = context;
    const int64_t plane = (int64_t)job->size * job->size;
    for (int64_t y = begin; y < end; ++y) {
        const uint8_t *row = job->rgb + y * job->row_stride;
        float *r = job->dst + y * job->size, *g = r + plane, *b = g + plane;
        for (int32_t x = 0; x < job->size; ++x, row += 3) {
            r[x] = job->table[0][row[0]];
            g[x] = job->table[1][row[1]];
            b[x] = job->table[2][row[2]];
        }
    }
}

void clile_i_pixels_to_input(const uint8_t *rgb, int64_t row_stride, int32_t size, float *dst)
{
    enum { GRAIN = 4096 }; /* pixels */
    pixels_job job = {.rgb = rgb, .row_stride = row_stride, .size = size, .dst = dst};
    for (int32_t i = 0; i < VALUES; ++i)
        for (int32_t k = 0; k < 3; ++k) job.table[k][i] = (float)i;
    normalise(VALUES, job.table[0]);
    clile_i_parallel_for(size, 1 + (GRAIN - 1) / size, convert_rows, &job);
}
