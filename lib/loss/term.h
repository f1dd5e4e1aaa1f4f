/* The terms of stage 2's loss, which the trainer adds up. Each has its own file. The table of names
 * and weights is base/tables.h; docs/contributing.md shows how to add a term. */
#ifndef CLILE_I_LOSS_TERM_H
#define CLILE_I_LOSS_TERM_H

#include "base/base.h"
#include "base/tables.h"

/* A learned array besides the encoder. */
typedef struct {
    const char *name; /* in checkpoints */
    int32_t ndim;     /* 0: absent */
    int64_t shape[3], count;
    float *value, *diff; /* in the flat memory of the stage; NULL if absent */
} clile_i_head;
enum { CLILE_I_TERM_HEADS = 4 }; /* at most, of one term */

/* The batch as stage 1 and the mixed loss see it. Where halves are exchanged, an image of two
 * people is two rows, each with one person's labels. Otherwise the arrays are the batch's own and
 * image and weight are NULL. */
typedef struct {
    int32_t n;
    int32_t *image, *subject; /* [2 batch] */
    /* [2 batch] a face that took the rest of another subject: whose, and which share; NULL: none */
    int32_t *other;
    float *share;
    int8_t *labels;                   /* [2 batch, c] */
    float *weight, *embedding, *diff; /* [2 batch], [2 batch, d], [2 batch, d] */
} clile_i_person_rows;
/* Fills the rows' embeddings from those of the images [n,d]. */
void clile_i_person_rows_gather(const clile_i_person_rows *rows, int64_t d, const float *embedding);
/* Sums the rows' gradients into those of their images, diff [n,d], which is overwritten. */
void clile_i_person_rows_scatter(const clile_i_person_rows *rows, int64_t n, int64_t d,
                                 float *diff);

/* A training step as a term sees it. */
typedef struct {
    int64_t n, d, c, s; /* images of the batch, embedding size, AUs, training subjects */
    int32_t similarity; /* CLILE_SIMILARITY_... of the model's score */
    uint64_t seed;
    const clile_options *options; /* for options of the term's own */

    const float *embedding;       /* F [n,d] */
    const float *id_embedding;    /* [n,d] what to remove of F^ID; only if needs_id_embedding */
    const int8_t *labels;         /* [n,c] */
    const int32_t *subject;       /* [n] */
    const float *au_weight;       /* [c] */
    int64_t p, v;                 /* points and values to learn besides the AUs, or 0 */
    const float *points, *values; /* [n,2p], [n,v] standardised; NaN: not known */
    /* [n,10] the five points of each face, in sides of the augmented crop, and [s,10] their means
     * over the images of a subject, not augmented; NULL unless the method needs them */
    const float *five, *subject_five;
    const clile_i_person_rows *rows; /* for a loss that distinguishes whose half a face is */

    /* The score of an AU is scale * sim(F, A) + bias. */
    const float *au;    /* A [c,d] */
    const float *null;  /* null anchor [d], or NULL */
    double scale;       /* 1 unless it is learned: general BCE with cosine */
    const float *bias;  /* [c]; NULL without the general BCE */
    clile_i_head *head; /* [CLILE_I_TERM_HEADS] the term's own */
    /* [2] the subjects' deviations from A and bias (mixed.c), or NULL */
    clile_i_head *deviation;

    /* Outputs, unweighted and 0 before the call: the loss, and its gradients by the arrays above
     * and, in head[i].diff, by the term's own heads. */
    double loss;
    float *diff_embedding, *diff_au, *diff_null, *diff_bias;
    double diff_scale;
} clile_i_step;

typedef struct {
    /* 1 or 0: */
    uint8_t trains_au;          /* gives the AU vectors a gradient: may be the only term */
    uint8_t any_method;         /* 1: also with method=bce */
    uint8_t needs_id_embedding; /* needs a frozen E_ID, and so stage 1 */
    uint8_t replaces_bce;       /* an elimination that takes the general BCE's place and weight */
    uint8_t heads_unweighted;   /* the weight scales the encoder's gradient only */
    /* Each may be NULL. `heads` sets name, ndim and shape of the term's heads: it may read sizes,
     * similarity and options. `start` sets values that do not start at 0; it may also read the
     * seed. */
    void (*heads)(const clile_i_step *x);
    void (*start)(const clile_i_step *x);
    clile_status (*compute)(clile_i_step *x); /* NULL: the term is always 0 */
} clile_i_term;

/* The rows of CLILE_I_LOSSES. CLILE_I_LOSS_contra and so on are their indices. */
#define CLILE_I_LOSS_INDEX(X, name, key, value, help) CLILE_I_LOSS_##name,
enum { CLILE_I_LOSSES(CLILE_I_LOSS_INDEX, ) CLILE_I_LOSS_COUNT };
#undef CLILE_I_LOSS_INDEX
typedef struct {
    const char *name; /* "bce" */
    const char *key;  /* of the option with its weight */
    const clile_i_term *term;
} clile_i_loss_row;
extern const clile_i_loss_row clile_i_loss_table[CLILE_I_LOSS_COUNT];

/* Doubt of a classifier of subjects, which piap.c adds to (adversarial.c). */
extern const clile_i_term clile_i_term_confusion;

/* The elimination of that name, including "none"; NULL: no such name. */
const clile_i_term *clile_i_elimination_find(const char *name);
/* The loss that a method has besides the BCE; always 0 for "cl-ile" and "bce". */
const clile_i_term *clile_i_method_term(const char *name);

#endif
