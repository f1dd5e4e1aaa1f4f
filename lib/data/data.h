/* data: the data set, its folds, order, augmentation and batches. Uses layout and synth. */
#ifndef CLILE_I_DATA_H
#define CLILE_I_DATA_H

#include "base/base.h"
#include "image/image.h"
#include "layout/targets.h"

#include <clile/dataset.h>

/* Keeps a data set alive: a new handle to the same data. */
clile_status clile_i_dataset_retain(const clile_dataset *dataset, clile_dataset **out);
const int8_t *clile_i_dataset_labels(const clile_dataset *dataset, int64_t index); /* [c] */
/* [c] 0 to 5, -1: not coded; NULL: the data set has none */
const int8_t *clile_i_dataset_intensity(const clile_dataset *dataset, int64_t index);
/* index 0..S-1 in this part */
int32_t clile_i_dataset_subject(const clile_dataset *dataset, int64_t index);
/* Splits off the given subjects (indices of `dataset`) as `part` and the others as `rest`. Either
 * may be NULL. */
clile_status clile_i_dataset_split(const clile_dataset *dataset, int32_t count,
                                   const int32_t *subjects, clile_dataset **part,
                                   clile_dataset **rest);

/* place [size of part]: index in `whole` of each image of a part by subjects, or of all. */
void clile_i_dataset_places(const clile_dataset *part, const clile_dataset *whole, int64_t *place);

/* Further targets (targets.c): numbers and left-right partners (p, v and the mirrors). */
const clile_i_targets *clile_i_dataset_targets(const clile_dataset *dataset);
/* Points [p,2] of an image in sides of its canonical crop. (0,0) is the top left corner, (1,1) the
 * opposite one; NaN: not known. p is at least 1. If the image is used whole: errors of reading its
 * size. */
clile_status clile_i_dataset_copy_points(const clile_dataset *dataset, int64_t index, float *xy);
/* The five points [5,2] by which an image is aligned, in sides of its canonical crop. FORMAT, with
 * the image's name: it is not placed by landmarks, or is a crop of a pack, which keeps none; errors
 * of alignment. */
clile_status clile_i_dataset_copy_five(const clile_dataset *dataset, int64_t index, float *xy);
/* All landmarks [68,2] of an image in sides of its canonical crop; NaN: not known. Errors of
 * alignment. */
clile_status clile_i_dataset_copy_landmarks(const clile_dataset *dataset, int64_t index, float *xy);
/* Values [v] of an image; NaN: not known. */
void clile_i_dataset_copy_values(const clile_dataset *dataset, int64_t index, float *values);

/* What the images are (origin.c). Strings are borrowed. */
typedef struct {
    /* "bp4d", ..., "arrays", "synth"; for a pack, the layout it was packed from */
    const char *layout;
    const char *kind; /* drawn, rendered, photographs, mixed, unknown */
    const char *protocol;
    int32_t fold;                    /* the fold this is the training part of; "none", 0 */
    int64_t landmarks, boxes, crops; /* number of images placed by each; unknown for the rest */
} clile_i_origin;
void clile_i_dataset_origin(const clile_dataset *dataset, clile_i_origin *out);

/* Appends the margins of crops of `size` pixels, one for each joined data set, equal ones once:
 * "7", or "7,34". */
void clile_i_dataset_margins(const clile_dataset *dataset, int32_t size, clile_i_text *text);

/* A permutation of 0..n-1 that depends only on seed and epoch. */
void clile_i_sampler_order(int64_t n, uint64_t seed, int64_t epoch, int64_t *order);

/* ---- shapes.c, looks.c: faces that take the rest of another training subject ---- */

typedef struct clile_i_shapes clile_i_shapes;
/* How the subjects of `dataset` differ at rest, from all landmarks and the labels. Errors of
 * clile_i_dataset_copy_landmarks. */
clile_status clile_i_shapes_create(const clile_dataset *dataset, clile_i_shapes **out);
/* And how they look, from some crops of `size` pixels. Does nothing if fewer than two people have
 * landmarks. Call it once. Errors of clile_i_batch_load. */
clile_status clile_i_shapes_add_looks(clile_i_shapes *shapes, const clile_dataset *dataset,
                                      int32_t size);
void clile_i_shapes_destroy(clile_i_shapes *shapes);         /* NULL does nothing */
int32_t clile_i_shapes_people(const clile_i_shapes *shapes); /* with landmarks */

/* What a face takes of whom. */
typedef struct {
    clile_i_field field;
    int32_t own, other; /* people */
    float shape, look;  /* shares of their difference; look may be 0 */
} clile_i_exchange;
typedef struct {
    /* probability that a face takes the shape of another subject; NULL: none does. Borrowed */
    double exchange_shapes;
    double exchange_looks; /* probability that it then takes that subject's look too */
    const clile_i_shapes *shapes;
    int32_t flip;                            /* 1: mirror with probability 1/2 */
    double scale;                            /* side drawn from [1-scale, 1+scale] */
    double shift;                            /* centre drawn from +-shift of the size, each axis */
    double brightness, contrast, saturation; /* factors drawn from [1-x, 1+x] */
    double grayscale;                        /* probability */
    /* probability; standard deviation drawn from [least, most] pixels */
    double blur, blur_least, blur_most;
    double erase, erase_area;            /* probability; largest share of the area */
    double rotate;                       /* drawn from +-rotate degrees */
    double resolution, resolution_least; /* probability; side log-uniform in [least, 0.9] */
    double noise;                        /* deviation drawn from [0, noise] */
    double gamma, tint, shade;           /* drawn from +-gamma, +-tint, +-shade, each alone */
    double jpeg;                         /* probability; quality drawn from 15..75 */
    double edge;                         /* probability; one or two sides, each up to 0.15 */
} clile_i_augment;
/* The exchange of the image in slot `slot` at `step`: returns 1, or 0: there is none, by chance or
 * because fewer than two people, or not this one, have landmarks (shapes may be NULL). Depends only
 * on the arguments. */
int32_t clile_i_shapes_draw(const clile_i_augment *augment, int32_t subject, uint64_t seed,
                            int64_t step, int64_t slot, clile_i_exchange *out);
/* The subject whose rest that image takes, and the share of it, mean of shape and look; 0, and the
 * image's own subject, without an exchange. */
float clile_i_shapes_mixture(const clile_i_augment *augment, int32_t subject, uint64_t seed,
                             int64_t step, int64_t slot, int32_t *other);
/* The look that goes with it; xy: the landmarks of the image. The shapes must outlive it. */
void clile_i_shapes_look(const clile_i_shapes *shapes, const clile_i_exchange *exchange,
                         const float *xy, clile_i_look *out);
/* Reads the augment_ options. INVALID_ARGUMENT: blur_least is above blur_most. */
clile_status clile_i_augment_from_options(const clile_options *options, clile_i_augment *out);
/* The augmentation of slot `slot` at `step`. */
clile_i_jitter clile_i_augment_draw(const clile_i_augment *augment, uint64_t seed, int64_t step,
                                    int64_t slot);
typedef struct {
    int32_t y, x, h, w;
} clile_i_rectangle;
/* Returns 1 and the rectangle to erase, or 0. */
int32_t clile_i_erase_draw(const clile_i_augment *augment, int32_t size, uint64_t seed,
                           int64_t step, int64_t slot, clile_i_rectangle *out);

/* Fills dst [n,3,size,size] from images indices[0..n-1], on this thread's team. Images are decoded
 * and aligned on first use, and cached up to cache_mb. Augments them (except erasing) unless
 * augment is NULL. The draw for slot k depends only on seed, step and k. */
clile_status clile_i_batch_load(const clile_dataset *dataset, int64_t n, const int64_t *indices,
                                int32_t size, const clile_i_augment *augment, uint64_t seed,
                                int64_t step, float *dst);
/* The same with draws for slots[0..n-1] (NULL: 0, 1, ...), as part of a larger batch, and for a
 * model with or without `standardize`. */
clile_status clile_i_batch_load_slots(const clile_dataset *dataset, int64_t n,
                                      const int64_t *indices, int32_t size, int32_t standardize,
                                      const clile_i_augment *augment, uint64_t seed, int64_t step,
                                      const int64_t *slots, float *dst);

/* Combines the faces of two people. With the given probability, the lower half of image k comes
 * from image partner[k] of the batch (-1: image k is unchanged), below a soft seam across the
 * nose, with its colour matched to the cheeks above. The halves fit because crops are aligned.
 * src and dst [n,3,size,size] must differ. The draw depends only on seed, step and slot. */
void clile_i_batch_exchange_halves(int64_t n, int32_t size, double probability, uint64_t seed,
                                   int64_t step, const float *src, float *dst, int32_t *partner);
/* Its two halves, for a part of a larger batch: the partners of all n slots, and then the faces
 * dst[0..n-1] of slots[0..n-1] (NULL: 0, 1, ...), with the lower half of src[other[k]]. */
void clile_i_batch_draw_partners(int64_t n, double probability, uint64_t seed, int64_t step,
                                 int32_t *partner);
void clile_i_batch_blend(int64_t n, int32_t size, uint64_t seed, int64_t step, const int64_t *slots,
                         const int32_t *other, const float *src, float *dst);
/* Erases a rectangle of some images of dst [n,3,size,size] by setting it to 0, the mean colour.
 * Call it last: the exchange of halves must match the colours of whole faces. slots: as above. */
void clile_i_batch_erase(const clile_i_augment *augment, int64_t n, int32_t size, uint64_t seed,
                         int64_t step, const int64_t *slots, float *dst);
/* 1 if the AU shows below that seam (nose tip, mouth, chin), 0 if it shows above (brows, eyes,
 * cheeks, root of the nose). */
int32_t clile_i_au_is_lower(int32_t au_id);

/* ---- feed.c: the batches of a stage, step by step ---- */

typedef struct {
    int32_t batch, size;
    int32_t standardize; /* of the model */
    clile_i_augment augment;
    double exchange_halves; /* probability; 0: partner is NULL */
    uint64_t seed;
    /* 0: clile_i_feed_get makes the batch in the caller's team; 1: a worker thread makes the next
     * batch meanwhile */
    int32_t workers;
    /* Several processes share each step's batch of ranks * batch images, and each makes its own
     * share. The batch has `parts` parts, and the share is that of each part: slots rank * m to
     * rank * m + m - 1 of it, m = batch / parts. 0 counts as 1. */
    int32_t rank, ranks, parts;
} clile_i_feed_config;

typedef struct {
    int64_t step;
    /* of the whole batch: */
    const int64_t *indices; /* [ranks * batch] images of the data set */
    const int32_t *partner; /* [ranks * batch], as in clile_i_batch_exchange_halves */
    /* [batch,3,size,size]: this rank's share, part by part */
    const float *src;
} clile_i_batch;

/* An epoch is size / (ranks * batch) steps. Gives the same bits for any number of workers and
 * threads. Exclusive. */
typedef struct clile_i_feed clile_i_feed;
clile_status clile_i_feed_create(const clile_dataset *dataset, const clile_i_feed_config *config,
                                 int64_t steps, clile_i_feed **out);
/* The batch of step 0..steps-1, valid until the next call. Fast if `step` is one more than in the
 * last call. Errors of clile_i_batch_load, including those of the worker; IO: cannot start a
 * thread. */
clile_status clile_i_feed_get(clile_i_feed *feed, int64_t step, const clile_i_batch **out);
/* The exchange of shapes of image `place` of the whole batch of `step`, which is `image` of the
 * data set. */
int32_t clile_i_feed_exchange(const clile_i_feed *feed, int64_t step, int64_t place, int64_t image,
                              clile_i_exchange *out);
/* And whose rest it takes, by which share (clile_i_shapes_mixture). */
float clile_i_feed_mixture(const clile_i_feed *feed, int64_t step, int64_t place, int64_t image,
                           int32_t *other);
/* The augmentation of image `place` of the whole batch of `step`. */
clile_i_jitter clile_i_feed_jitter(const clile_i_feed *feed, int64_t step, int64_t place);
/* Stops the worker until the next get, keeping the batch it has made. NULL does nothing. */
void clile_i_feed_rest(clile_i_feed *feed);
void clile_i_feed_destroy(clile_i_feed *feed); /* NULL does nothing */

#endif
