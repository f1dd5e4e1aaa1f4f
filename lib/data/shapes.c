/* Faces that take the resting shape and look of another training subject (our choice,
 * docs/method.md). The landmarks say how a face at rest differs from person to person; an image
 * warped by the difference of two people, with the difference of their mean faces added, shows the
 * same expression on a face that nobody has. */
#include "data/shapes.h"

#include <math.h>
#include <string.h>

#define STREAM_SHAPES ((uint64_t)0x55 << 56)

enum {
    RING = 6, /* places that do not move, along each side of a square far around the face */
    FIXED = 4 * (RING - 1),
    CONTROLS = CLILE_I_SHAPE_POINTS + FIXED,
};
static const double RING_FIRST = -0.5, ring_apart = 2.0 / 5; /* to 1.5 */
static const double REACH = 0.16;                        /* of a control, in sides of the crop */
static const double SOFTNESS = 0.02;                     /* of the interpolation */
static const double LEAST_SHARE = 0.3, MOST_SHARE = 1.2; /* of the difference of two people */

/* ---- how people differ at rest ---- */

typedef struct {
    int64_t n, c, subjects;
    double *rate;   /* [c] */
    int64_t *count; /* [subjects] images with landmarks */
    double *place,
        *label;           /* [subjects,136], [subjects,c] means; unknown labels count as the rate */
    double *gram, *slope; /* [c,c], [c,136] */
} fit;

static double label_of(const fit *f, const clile_dataset *dataset, int64_t i, int64_t a)
{
    const int8_t y = clile_i_dataset_labels(dataset, i)[a];
    return (y < 0 ? f->rate[a] : (double)y) - f->rate[a];
}

static clile_status add_means(const clile_dataset *dataset, fit *f)
{
    float xy[CLILE_I_LANDMARKS];
    for (int64_t a = 0; a < f->c; ++a) {
        int64_t coded = 0, present = 0;
        for (int64_t i = 0; i < f->n; ++i) {
            coded += clile_i_dataset_labels(dataset, i)[a] >= 0;
            present += clile_i_dataset_labels(dataset, i)[a] == 1;
        }
        f->rate[a] = coded > 0 ? (double)present / (double)coded : 0.0;
    }
    for (int64_t i = 0; i < f->n; ++i) {
        const int64_t s = clile_i_dataset_subject(dataset, i);
        CLILE_I_RETURN_IF(clile_i_dataset_copy_landmarks(dataset, i, xy));
        if (clile_i_is_nan((double)xy[0])) continue;
        ++f->count[s];
        for (int k = 0; k < CLILE_I_LANDMARKS; ++k)
            f->place[s * CLILE_I_LANDMARKS + k] += (double)xy[k];
        for (int64_t a = 0; a < f->c; ++a) f->label[s * f->c + a] += label_of(f, dataset, i, a);
    }
    for (int64_t s = 0; s < f->subjects; ++s) {
        const double share = f->count[s] > 0 ? 1.0 / (double)f->count[s] : 0.0;
        for (int k = 0; k < CLILE_I_LANDMARKS; ++k) f->place[s * CLILE_I_LANDMARKS + k] *= share;
        for (int64_t a = 0; a < f->c; ++a) f->label[s * f->c + a] *= share;
    }
    return CLILE_OK;
}

/* What each AU moves, the same for all people: least squares on differences from their means. */
static clile_status fit_slopes(const clile_dataset *dataset, fit *f)
{
    static const double RIDGE = 1e-6;
    float xy[CLILE_I_LANDMARKS];
    for (int64_t i = 0; i < f->n; ++i) {
        const int64_t s = clile_i_dataset_subject(dataset, i);
        CLILE_I_RETURN_IF(clile_i_dataset_copy_landmarks(dataset, i, xy));
        if (clile_i_is_nan((double)xy[0])) continue;
        for (int64_t a = 0; a < f->c; ++a) {
            const double y = label_of(f, dataset, i, a) - f->label[s * f->c + a];
            if (y == 0.0) continue;
            for (int64_t b = 0; b < f->c; ++b)
                f->gram[a * f->c + b] += y * (label_of(f, dataset, i, b) - f->label[s * f->c + b]);
            for (int k = 0; k < CLILE_I_LANDMARKS; ++k)
                f->slope[a * CLILE_I_LANDMARKS + k] +=
                    y * ((double)xy[k] - f->place[s * CLILE_I_LANDMARKS + k]);
        }
    }
    for (int64_t a = 0; a < f->c; ++a) f->gram[a * f->c + a] += RIDGE * (double)f->n;
    clile_i_cholesky_solve(f->c, CLILE_I_LANDMARKS, f->gram, f->slope);
    return CLILE_OK;
}

static void put_shapes(const fit *f, clile_i_shapes *shapes)
{
    double mean[CLILE_I_LANDMARKS] = {0}, all[CLILE_I_LANDMARKS] = {0};
    for (int64_t s = 0; s < f->subjects; ++s) {
        if (shapes->person[s] < 0) continue;
        float *shape = shapes->shape + (int64_t)shapes->person[s] * CLILE_I_LANDMARKS;
        for (int k = 0; k < CLILE_I_LANDMARKS; ++k) {
            double at = f->place[s * CLILE_I_LANDMARKS + k];
            all[k] += at / shapes->people;
            for (int64_t a = 0; a < f->c; ++a)
                at -= f->label[s * f->c + a] * f->slope[a * CLILE_I_LANDMARKS + k];
            shape[k] = (float)at;
            mean[k] += at / shapes->people;
        }
    }
    for (int k = 0; k < CLILE_I_LANDMARKS; ++k) shapes->mean[k] = (float)all[k];
    for (int64_t p = 0; p < shapes->people; ++p)
        for (int k = 0; k < CLILE_I_LANDMARKS; ++k)
            shapes->shape[p * CLILE_I_LANDMARKS + k] -= (float)mean[k];
}

/* ---- a smooth field between landmarks ---- */

static double nearness(const double *a, const double *b)
{
    const double x = (a[0] - b[0]) / REACH, y = (a[1] - b[1]) / REACH;
    return exp(-(x * x + y * y));
}

/* Controls: the mean landmarks, and the ring, which stays. */
static void place_controls(const clile_i_shapes *shapes, double control[][2])
{
    int next = CLILE_I_SHAPE_POINTS;
    for (int k = 0; k < CLILE_I_LANDMARKS; ++k) control[k / 2][k % 2] = (double)shapes->mean[k];
    for (int i = 0; i < RING; ++i)
        for (int j = 0; j < RING; ++j) {
            if (i > 0 && i < RING - 1 && j > 0 && j < RING - 1) continue;
            control[next][0] = RING_FIRST + ring_apart * j;
            control[next++][1] = RING_FIRST + ring_apart * i;
        }
}

static clile_status make_basis(clile_i_shapes *shapes)
{
    clile_status status = CLILE_OK;
    double(*control)[2] = NULL, *gram = NULL, *weight = NULL;
    CLILE_I_ALLOC(control, CONTROLS);
    CLILE_I_ALLOC(gram, (int64_t)CONTROLS * CONTROLS);
    CLILE_I_ALLOC(weight, (int64_t)CONTROLS * CLILE_I_SHAPE_POINTS);
    place_controls(shapes, control);
    for (int i = 0; i < CONTROLS; ++i)
        for (int j = 0; j < CONTROLS; ++j)
            gram[i * CONTROLS + j] = nearness(control[i], control[j]) + (i == j ? SOFTNESS : 0.0);
    for (int k = 0; k < CLILE_I_SHAPE_POINTS; ++k) weight[k * CLILE_I_SHAPE_POINTS + k] = 1.0;
    clile_i_cholesky_solve(CONTROLS, CLILE_I_SHAPE_POINTS, gram, weight);
    for (int node = 0; node < CLILE_I_SHAPE_NODES; ++node) {
        const double at[2] = {clile_i_field_node(node % CLILE_I_FIELD_SIDE),
                              clile_i_field_node(node / CLILE_I_FIELD_SIDE)};
        for (int k = 0; k < CLILE_I_SHAPE_POINTS; ++k) {
            double sum = 0.0;
            for (int i = 0; i < CONTROLS; ++i)
                sum += nearness(at, control[i]) * weight[i * CLILE_I_SHAPE_POINTS + k];
            shapes->basis[k * CLILE_I_SHAPE_NODES + node] = (float)sum;
        }
    }
cleanup:
    clile_i_free(control);
    clile_i_free(gram);
    clile_i_free(weight);
    return status;
}

void clile_i_shapes_spread(const clile_i_shapes *shapes, const float *move, clile_i_field *out)
{
    float x[CLILE_I_SHAPE_NODES] = {0}, y[CLILE_I_SHAPE_NODES] = {0};
    for (int k = 0; k < CLILE_I_SHAPE_POINTS; ++k) {
        const float *basis = shapes->basis + k * CLILE_I_SHAPE_NODES;
        for (int node = 0; node < CLILE_I_SHAPE_NODES; ++node) {
            x[node] += basis[node] * move[2 * k];
            y[node] += basis[node] * move[2 * k + 1];
        }
    }
    for (int node = 0; node < CLILE_I_SHAPE_NODES; ++node) {
        out->move[node][0] = x[node];
        out->move[node][1] = y[node];
    }
}

static void get_move(const clile_i_shapes *shapes, const clile_i_exchange *exchange, float *move)
{
    const float *own = shapes->shape + (int64_t)exchange->own * CLILE_I_LANDMARKS,
                *other = shapes->shape + (int64_t)exchange->other * CLILE_I_LANDMARKS;
    for (int k = 0; k < CLILE_I_LANDMARKS; ++k) move[k] = exchange->shape * (other[k] - own[k]);
}

clile_status clile_i_shapes_create(const clile_dataset *dataset, clile_i_shapes **out)
{
    clile_status status = CLILE_OK;
    clile_i_shapes *shapes = NULL;
    fit f = {.n = clile_dataset_size(dataset),
             .c = clile_dataset_au_count(dataset),
             .subjects = clile_dataset_subject_count(dataset)};
    *out = NULL;
    CLILE_I_ALLOC(shapes, 1);
    CLILE_I_ALLOC(shapes->person, f.subjects);
    CLILE_I_ALLOC(f.rate, f.c);
    CLILE_I_ALLOC(f.count, f.subjects);
    CLILE_I_ALLOC(f.place, f.subjects * CLILE_I_LANDMARKS);
    CLILE_I_ALLOC(f.label, f.subjects * f.c);
    CLILE_I_ALLOC(f.gram, f.c * f.c);
    CLILE_I_ALLOC(f.slope, f.c * CLILE_I_LANDMARKS);
    CLILE_I_TRY(add_means(dataset, &f));
    CLILE_I_ALLOC(shapes->subject, f.subjects);
    for (int64_t s = 0; s < f.subjects; ++s) {
        if (f.count[s] > 0) shapes->subject[shapes->people] = (int32_t)s;
        shapes->person[s] = f.count[s] > 0 ? shapes->people++ : -1;
    }
    if (shapes->people > 1) {
        CLILE_I_ALLOC(shapes->shape, (int64_t)shapes->people * CLILE_I_LANDMARKS);
        CLILE_I_ALLOC(shapes->basis, (int64_t)CLILE_I_SHAPE_NODES * CLILE_I_SHAPE_POINTS);
        CLILE_I_TRY(fit_slopes(dataset, &f));
        put_shapes(&f, shapes);
        CLILE_I_TRY(make_basis(shapes));
    }
    *out = shapes;
    shapes = NULL;
cleanup:
    clile_i_free(f.rate);
    clile_i_free(f.count);
    clile_i_free(f.place);
    clile_i_free(f.label);
    clile_i_free(f.gram);
    clile_i_free(f.slope);
    clile_i_shapes_destroy(shapes);
    return status;
}

void clile_i_shapes_destroy(clile_i_shapes *shapes)
{
    if (shapes == NULL) return;
    clile_i_free(shapes->shape);
    clile_i_free(shapes->person);
    clile_i_free(shapes->subject);
    clile_i_free(shapes->basis);
    clile_i_free(shapes->look);
    clile_i_free(shapes);
}

int32_t clile_i_shapes_people(const clile_i_shapes *shapes)
{
    return shapes->people;
}

/* ---- one image ---- */

/* Who takes what of whom; without the field. */
static int32_t draw_people(const clile_i_augment *augment, int32_t subject, uint64_t seed,
                           int64_t step, int64_t slot, clile_i_exchange *out)
{
    const clile_i_shapes *shapes = augment->shapes;
    clile_i_rng rng = clile_i_rng_make(seed, STREAM_SHAPES | (uint64_t)step << 20 | (uint64_t)slot);
    if (shapes == NULL || shapes->people < 2 || shapes->person[subject] < 0) return 0;
    if (clile_i_rng_uniform(&rng) >= augment->exchange_shapes) return 0;
    out->own = shapes->person[subject];
    out->other = (int32_t)clile_i_rng_below(&rng, shapes->people);
    out->shape = (float)clile_i_rng_range(&rng, LEAST_SHARE, MOST_SHARE);
    const int looks = shapes->look != NULL && clile_i_rng_uniform(&rng) < augment->exchange_looks;
    out->look = looks ? (float)clile_i_rng_range(&rng, LEAST_SHARE, MOST_SHARE) : 0.0f;
    return out->other != out->own;
}

int32_t clile_i_shapes_draw(const clile_i_augment *augment, int32_t subject, uint64_t seed,
                            int64_t step, int64_t slot, clile_i_exchange *out)
{
    float move[CLILE_I_LANDMARKS];
    if (!draw_people(augment, subject, seed, step, slot, out)) return 0;
    get_move(augment->shapes, out, move);
    clile_i_shapes_spread(augment->shapes, move, &out->field);
    return 1;
}

float clile_i_shapes_mixture(const clile_i_augment *augment, int32_t subject, uint64_t seed,
                             int64_t step, int64_t slot, int32_t *other)
{
    clile_i_exchange exchange;
    *other = subject;
    if (!draw_people(augment, subject, seed, step, slot, &exchange)) return 0;
    *other = augment->shapes->subject[exchange.other];
    return (exchange.shape + exchange.look) / 2;
}

void clile_i_shapes_look(const clile_i_shapes *shapes, const clile_i_exchange *exchange,
                         const float *xy, clile_i_look *out)
{
    float move[CLILE_I_LANDMARKS];
    get_move(shapes, exchange, move);
    for (int k = 0; k < CLILE_I_LANDMARKS; ++k) move[k] += xy[k] - shapes->mean[k];
    clile_i_shapes_spread(shapes, move, &out->place);
    out->from = shapes->look + exchange->own * CLILE_I_LOOK_SIZE;
    out->to = shapes->look + exchange->other * CLILE_I_LOOK_SIZE;
    out->side = CLILE_I_LOOK_SIDE;
    out->share = exchange->look;
}
