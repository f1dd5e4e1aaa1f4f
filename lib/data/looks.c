/* How the training subjects look at rest: each one's mean of images with few AUs, in one shape. */
#include "data/shapes.h"

enum {
    MOST = 20, /* images of a subject in the mean, */
    PART = 4,  /* and no more than one in so many of them */
};

typedef struct {
    int64_t n;
    int64_t *order;  /* [n] images, drawn */
    int32_t *person; /* [n] who it is; -1: no landmarks */
    int64_t *aus;    /* [n] how many are present */
    int64_t *images; /* [people] with landmarks */
    int64_t *rest;   /* [people,MOST] those chosen */
    int32_t *count;  /* [people] */
} choice;

static clile_status find_candidates(const clile_dataset *dataset, const clile_i_shapes *shapes,
                                    choice *c)
{
    float xy[CLILE_I_LANDMARKS];
    clile_i_sampler_order(c->n, 0, 0, c->order);
    for (int64_t i = 0; i < c->n; ++i) {
        CLILE_I_RETURN_IF(clile_i_dataset_copy_landmarks(dataset, i, xy));
        c->person[i] = clile_i_is_nan((double)xy[0])
                           ? -1
                           : shapes->person[clile_i_dataset_subject(dataset, i)];
        if (c->person[i] < 0) continue;
        ++c->images[c->person[i]];
        for (int32_t a = 0; a < clile_dataset_au_count(dataset); ++a)
            c->aus[i] += clile_i_dataset_labels(dataset, i)[a] == 1;
    }
    return CLILE_OK;
}

/* Those with the fewest AUs, in the drawn order among equals. */
static void choose(const clile_dataset *dataset, choice *c)
{
    for (int64_t aus = 0; aus <= clile_dataset_au_count(dataset); ++aus)
        for (int64_t k = 0; k < c->n; ++k) {
            const int64_t i = c->order[k];
            const int32_t p = c->person[i];
            if (p < 0 || c->aus[i] != aus || c->count[p] == MOST) continue;
            if (c->count[p] > 0 && PART * (c->count[p] + 1) > c->images[p]) continue;
            c->rest[(int64_t)p * MOST + c->count[p]++] = i;
        }
}

static clile_status average(const clile_dataset *dataset, int32_t size, const choice *c,
                            uint8_t *crops, clile_i_shapes *shapes)
{
    float xy[CLILE_I_LANDMARKS];
    for (int64_t p = 0; p < shapes->people; ++p) {
        const int64_t *image = c->rest + p * MOST;
        float *look = shapes->look + p * CLILE_I_LOOK_SIZE;
        CLILE_I_RETURN_IF(clile_dataset_copy_crops(dataset, c->count[p], image, size,
                                                   clile_i_threads_get(), crops));
        for (int32_t i = 0; i < c->count[p]; ++i) {
            clile_i_field place;
            CLILE_I_RETURN_IF(clile_i_dataset_copy_landmarks(dataset, image[i], xy));
            for (int k = 0; k < CLILE_I_LANDMARKS; ++k) xy[k] -= shapes->mean[k];
            clile_i_shapes_spread(shapes, xy, &place);
            clile_i_look_add(crops + 3 * (int64_t)size * size * i, size, &place, CLILE_I_LOOK_SIDE,
                             look);
        }
        for (int k = 0; k < CLILE_I_LOOK_SIZE; ++k) look[k] /= (float)c->count[p];
    }
    return CLILE_OK;
}

clile_status clile_i_shapes_add_looks(clile_i_shapes *shapes, const clile_dataset *dataset,
                                      int32_t size)
{
    clile_status status = CLILE_OK;
    uint8_t *crops = NULL;
    choice c = {.n = clile_dataset_size(dataset)};
    if (shapes->people < 2) return CLILE_OK;
    CLILE_I_ALLOC(c.order, c.n);
    CLILE_I_ALLOC(c.person, c.n);
    CLILE_I_ALLOC(c.aus, c.n);
    CLILE_I_ALLOC(c.images, shapes->people);
    CLILE_I_ALLOC(c.rest, (int64_t)shapes->people * MOST);
    CLILE_I_ALLOC(c.count, shapes->people);
    CLILE_I_ALLOC(crops, MOST * 3 * (int64_t)size * size);
    CLILE_I_ALLOC(shapes->look, (int64_t)shapes->people * CLILE_I_LOOK_SIZE);
    CLILE_I_TRY(find_candidates(dataset, shapes, &c));
    choose(dataset, &c);
    status = average(dataset, size, &c, crops, shapes);
cleanup:
    clile_i_free(c.order);
    clile_i_free(c.person);
    clile_i_free(c.aus);
    clile_i_free(c.images);
    clile_i_free(c.rest);
    clile_i_free(c.count);
    clile_i_free(crops);
    return status;
}
