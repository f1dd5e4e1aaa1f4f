/* data: the data set, its folds, order, augmentation and batches. Uses layout and synth. */
#ifndef CLILE_I_DATA_H
#define CLILE_I_DATA_H

#include "base/base.h"
#include "image/image.h"

#include <clile/dataset.h>

/* Keeps a data set alive: another handle on the same. */
clile_status clile_i_dataset_retain(const clile_dataset *dataset, clile_dataset **out);
const int8_t *clile_i_dataset_labels(const clile_dataset *dataset, int64_t index); /* [c] */
/* 0..S-1 of this part */
int32_t clile_i_dataset_subject(const clile_dataset *dataset, int64_t index);
/* Part with the given subjects (indices of `dataset`), the others going to `rest`; either may be
 * NULL. */
clile_status clile_i_dataset_split(const clile_dataset *dataset, int32_t count,
                                   const int32_t *subjects, clile_dataset **part,
                                   clile_dataset **rest);

/* place [size of part]: where each image of a part by subjects, or of all, is in `whole`. */
void clile_i_dataset_places(const clile_dataset *part, const clile_dataset *whole, int64_t *place);

/* What the images are (origin.c). Texts are borrowed. */
typedef struct {
    /* "bp4d", ..., "arrays", "synth"; of a pack that which it was packed from */
    const char *layout;
    const char *kind; /* drawn, rendered, photographs, mixed, unknown */
    const char *protocol;
    int32_t fold;                    /* of which this is the training part; "none", 0 */
    int64_t landmarks, boxes, crops; /* images whose face is placed so; the rest is not known */
} clile_i_origin;
void clile_i_dataset_origin(const clile_dataset *dataset, clile_i_origin *out);

/* A permutation of 0..n-1 that depends on seed and epoch only. */
void clile_i_sampler_order(int64_t n, uint64_t seed, int64_t epoch, int64_t *order);

typedef struct {
    int32_t flip;                            /* 1: mirrored with probability 1/2 */
    double scale;                            /* side drawn from [1-scale, 1+scale] */
    double shift;                            /* centre drawn from +-shift of the size, each axis */
    double brightness, contrast, saturation; /* factors drawn from [1-x, 1+x] */
    double grayscale;                        /* probability */
    /* probability; standard deviation drawn from [least, most] pixels */
    double blur, blur_least, blur_most;
    double erase, erase_area; /* probability; largest share of the area */
} clile_i_augment;
/* Reads the augment_ options. INVALID_ARGUMENT: blur_least above blur_most. */
clile_status clile_i_augment_from_options(const clile_options *options, clile_i_augment *out);
/* What is done to slot `slot` at `step`. */
clile_i_jitter clile_i_augment_draw(const clile_i_augment *augment, uint64_t seed, int64_t step,
                                    int64_t slot);
typedef struct {
    int32_t y, x, h, w;
} clile_i_rectangle;
/* 1 and the rectangle that is erased there, or 0. */
int32_t clile_i_erase_draw(const clile_i_augment *augment, int32_t size, uint64_t seed,
                           int64_t step, int64_t slot, clile_i_rectangle *out);

/* Fills dst [n,3,size,size] from images indices[0..n-1]: decoded and aligned on first use and
 * kept while cache_mb allows, on this thread's team. Augmented (but for erasing) when augment !=
 * NULL: the draw for slot k depends on seed, step and k only. */
clile_status clile_i_batch_load(const clile_dataset *dataset, int64_t n, const int64_t *indices,
                                int32_t size, const clile_i_augment *augment, uint64_t seed,
                                int64_t step, float *dst);

/* Faces of two people in one: with the given probability the lower half of image k is taken from
 * image partner[k] of the batch (-1: image k is left alone), below a soft seam across the nose,
 * its colour matched to the cheeks above. Crops are aligned, so that the halves meet. src and
 * dst [n,3,size,size], not the same; the draw depends on seed, step and slot only. */
void clile_i_batch_exchange_halves(int64_t n, int32_t size, double probability, uint64_t seed,
                                   int64_t step, const float *src, float *dst, int32_t *partner);
/* Erases a rectangle of some images of dst [n,3,size,size]: 0, the mean colour. The last thing
 * that is done to a batch, so that the exchange of halves matches colours of whole faces. */
void clile_i_batch_erase(const clile_i_augment *augment, int64_t n, int32_t size, uint64_t seed,
                         int64_t step, float *dst);
/* 1 when the AU shows below that seam (nose tip, mouth, chin), 0 when it shows above (brows,
 * eyes, cheeks, root of the nose). */
int32_t clile_i_au_is_lower(int32_t au_id);

/* ---- feed.c: the batches of a stage, one step after the other ---- */

typedef struct {
    int32_t batch, size;
    clile_i_augment augment;
    double exchange_halves; /* probability; 0: partner is NULL */
    uint64_t seed;
    /* 0: clile_i_feed_get makes the batch in the caller's team; 1: a thread of its own has made
     * the next one meanwhile */
    int32_t workers;
} clile_i_feed_config;

typedef struct {
    int64_t step;
    const int64_t *indices; /* [batch] images of the data set */
    const float *src;       /* [batch,3,size,size] */
    const int32_t *partner; /* [batch], as of clile_i_batch_exchange_halves */
} clile_i_batch;

/* An epoch is size / batch steps. Same bits for any number of workers and threads. Exclusive. */
typedef struct clile_i_feed clile_i_feed;
clile_status clile_i_feed_create(const clile_dataset *dataset, const clile_i_feed_config *config,
                                 int64_t steps, clile_i_feed **out);
/* The batch of step 0..steps-1, valid until the next call; quick when `step` is one above that
 * of the call before. Errors of clile_i_batch_load, also when the worker met them; IO: no thread
 * could be started. */
clile_status clile_i_feed_get(clile_i_feed *feed, int64_t step, const clile_i_batch **out);
/* Ends the worker until the next get and keeps what it has made. NULL does nothing. */
void clile_i_feed_rest(clile_i_feed *feed);
void clile_i_feed_destroy(clile_i_feed *feed); /* NULL does nothing */

#endif
