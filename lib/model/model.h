/* model: E_G, the general AU embeddings and the decision rule; model files; the predictor. Uses
 * net and image. */
#ifndef CLILE_I_MODEL_H
#define CLILE_I_MODEL_H

#include "base/base.h"
#include "base/similarity.h"
#include "method/method.h"
#include "net/net.h"
#include "store/safetensors.h"

#include <clile/predictor.h>

enum {
    CLILE_I_MAX_AUS = 64,
    CLILE_I_MAX_METADATA = 4096,
    CLILE_I_MODEL_FORMAT = 1,
    CLILE_I_MODEL_FORMAT_INT8 = 2,   /* with "weights" */
    CLILE_I_MODEL_FORMAT_STEM = 3,   /* with "weights" and "stem" */
    CLILE_I_MODEL_FORMAT_METHOD = 4, /* with "weights", "stem" and "method" */
    /* with "weights", "stem", "standardize" and perhaps "method" */
    CLILE_I_MODEL_FORMAT_STANDARDIZE = 5
};
typedef struct {
    char *key, *value;
} clile_i_pair;

/* A head of points (points.c). Their places in sides of the crop are W F + b. All zero: no head. */
typedef struct {
    int32_t p;
    float *weight, *bias; /* [2p,d], [2p]: x and y of a point one after the other */
    int32_t *mirror;      /* [p] left-right partner, or NULL */
} clile_i_points;

/* How people differ (person.c): rows of a float [CLILE_I_PERSON_ROWS, c], in units of the score.
 * Where the noise of an AU is 0, there is no estimate. */
enum {
    CLILE_I_PERSON_ABSENT,    /* mean score of frames without the AU */
    CLILE_I_PERSON_PRESENT,   /* and with it */
    CLILE_I_PERSON_NOISE,     /* variance of one person's scores around these */
    CLILE_I_PERSON_RATE,      /* share of frames with the AU */
    CLILE_I_PERSON_SPREAD,    /* variance of the people's offsets */
    CLILE_I_PERSON_THRESHOLD, /* on scores without the person's offset */
    CLILE_I_PERSON_ROWS
};
/* How strong an AU is (levels.c): rows of a float [CLILE_I_MODEL_LEVELS, c]: a slope on the score,
 * and five thresholds. */
enum { CLILE_I_MODEL_LEVELS = 6 };
typedef struct {
    double absent, present, noise, rate, spread;
} clile_i_person_au;

struct clile_model {
    clile_i_refs refs;
    int32_t busy; /* a trainer holds it */
    int32_t trained;
    char backbone[16];
    double width;
    int32_t stem;                 /* clile_i_stem */
    int32_t standardize;          /* 1: every crop is brought to one mean and spread */
    const clile_i_method *method; /* NULL: the encoder is the plain one */
    int32_t c, d, size;           /* AUs, embedding, crop pixels */
    int32_t embedding;            /* the option: d, or with AU blocks the size of one */
    int32_t similarity;           /* CLILE_I_COSINE or CLILE_I_DOT */
    /* au_embedding has a row c for "no AU present", used in training but not in scores */
    int32_t null_anchor;
    int32_t *au_ids;       /* [c] */
    float *au_embedding;   /* [c + null_anchor, d] */
    float *slope, *offset; /* [c]: probability = s(slope * score + offset) */
    float *person;         /* [CLILE_I_PERSON_ROWS, c], or NULL */
    float *levels;         /* [CLILE_I_MODEL_LEVELS, c], or NULL */
    clile_i_points points;
    /* Predictors share encoder and packs. Once a predictor may exist, replace them but never change
     * them. */
    clile_i_net *encoder;   /* E_G; bare in an int8 model */
    clile_i_quant *quant;   /* E_G in int8, or NULL */
    clile_i_packs *packs;   /* the encoder's weights, packed for predictors */
    clile_i_pair *metadata; /* sorted by key */
    int32_t metadata_count;
};

/* Checks that there are 1 to 64 AUs, each in 1..999 and no two equal. */
clile_status clile_i_model_check_au_ids(int32_t c, const int32_t *au_ids);
/* Creates a model from these options, without weights: its encoder is all zeros, or bare if
 * int8. */
clile_status clile_i_model_create_empty(const clile_options *options, int32_t c,
                                        const int32_t *au_ids, int32_t int8, clile_model **out);
/* The option precision: 1 for bf16. UNSUPPORTED: bf16, and the processor has none. */
clile_status clile_i_model_read_precision(const clile_options *options, uint8_t *bf16);
/* UNSUPPORTED for an int8 model, which has no float32 weights. */
clile_status clile_i_model_check_float(const clile_model *model, const char *function);
/* Swaps in another encoder of the same config and its fresh packs, and hands the old ones to the
 * caller. Predictors keep what they have. Points, person and levels of the old
 * encoder are dropped. */
void clile_i_model_swap_encoder(clile_model *model, clile_i_net **encoder, clile_i_packs **packs);
/* Copies AUs, vectors, decision rule and metadata, but not the encoder. */
clile_status clile_i_model_copy_frame(const clile_model *model, clile_model **out);
/* The same with the current encoder, shared. Predictors run on such a snapshot. */
clile_status clile_i_model_snapshot(const clile_model *model, clile_model **out);
void clile_i_model_retain(const clile_model *model);

/* What training records in the model (trained_on.c). */
typedef struct {
    const char *layout, *kind, *protocol; /* kind: drawn, rendered, photographs, unknown */
    int32_t fold;
    int64_t landmarks, boxes, crops; /* number of images placed by each */
} clile_i_trained_on;
clile_status clile_i_model_note_training(clile_model *model, const clile_i_trained_on *on);
/* At the end of training: the options that are not the defaults, and the card. (card.c) */
clile_status clile_i_model_note_card(clile_model *model, const clile_options *options);
clile_status clile_i_model_note_import(clile_model *model, const char *path);
void clile_i_model_swap_metadata(clile_model *a, clile_model *b);
/* Appends ,"trained_on":{...} */
void clile_i_model_append_training(clile_i_text *text, const clile_model *model);
/* A warning if the model was not trained on faces of this kind (CLILE_FACE_...); NULL if it was, or
 * if that is unknown. */
const char *clile_i_model_misfit(const clile_model *model, int32_t kind);

/* A model's shape is backbone, stem, width, embedding, image_size, standardize, null_anchor,
 * similarity and, if it makes another net, method (shape.c). Read it from options, write it to
 * options, or check that options that were set agree with the model (INVALID_ARGUMENT if not). */
clile_status clile_i_model_read_shape(clile_model *model, const clile_options *options);
clile_status clile_i_model_shape(const clile_model *model, clile_options *options);
/* The net that the model's shape and AUs describe. Borrows the name of its backbone. */
clile_i_net_config clile_i_model_net_config(const clile_model *model);
/* Whether its net reads the five points of a face, besides the crop. */
int clile_i_model_reads_points(const clile_model *model);
clile_status clile_i_model_check_shape(const clile_model *model, const clile_options *options);
const char *clile_i_model_similarity(const clile_model *model); /* "cosine", "dot" */

/* score [n,c] from embeddings [n,d]. */
void clile_i_model_score(const clile_model *model, int64_t n, const float *embedding, float *score);
/* p = s(slope * score + offset) and present = p > 0.5, both from the same float. Either output
 * may be NULL. */
void clile_i_model_decide(const clile_model *model, int64_t n, const float *score,
                          float *probability, int8_t *present);

/* What `run` needs of a predictor. */
typedef struct {
    const clile_model *model; /* the predictor's snapshot */
    clile_i_log log;
    int32_t threads, batch; /* batch: faces per run of the encoder */
} clile_i_predictor_view;
clile_i_predictor_view clile_i_predictor_look(const clile_predictor *predictor);
/* Any of them may be NULL. */
typedef struct {
    float *probability, *score, *embedding; /* [n,c], [n,c], [n,d] */
    int8_t *present;                        /* [n,c] */
    float *intensity;                       /* [n,c]; only of a model with levels */
    float *xy;                              /* [n,p,2] in pixels of each face's image */
} clile_i_outputs;
/* Runs n crops [n,size,size,3] of the model's size. five [n,5,2] in sides of the crop; may be NULL
 * unless clile_i_model_reads_points. */
clile_status clile_i_predictor_run(clile_predictor *predictor, int64_t n, const uint8_t *rgb,
                                   const float *five, const clile_i_outputs *out);

/* Writes all tensors of a net to a file, or reads them, as "<prefix><torchvision name>". Reading
 * needs exact names and shapes, and finite values. */
clile_status clile_i_net_put(clile_i_st_writer *writer, const char *prefix, const clile_i_net *net);
clile_status clile_i_net_get(const clile_i_st *st, const char *prefix, clile_i_net *net);
/* CLILE_E_NOT_FINITE, naming the tensor, unless every value is finite. */
clile_status clile_i_check_finite(const char *file, const char *name, int64_t count,
                                  const float *values);

/* Writes the int8 encoder to a file, or reads it (quant_file.c). */
clile_status clile_i_quant_put(clile_i_st_writer *writer, const clile_model *model);
clile_status clile_i_quant_get(const clile_i_st *st, clile_model *model);

/* points.c */
void clile_i_points_free(clile_i_points *points);
clile_status clile_i_points_create(int32_t p, int64_t d, int32_t has_mirror, clile_i_points *out);
/* Copies into a head that is all zero. */
clile_status clile_i_points_copy(const clile_i_points *points, int64_t d, clile_i_points *out);
/* xy [n,p,2] in sides of the crop from embeddings [n,d]. */
void clile_i_points_apply(const clile_i_points *points, int64_t n, int64_t d,
                          const float *embedding, float *xy);
/* Writes them to a file, or reads them from a file that may have none. The caller frees them, even
 * on failure. */
clile_status clile_i_points_put(clile_i_st_writer *writer, int64_t d, const clile_i_points *points);
clile_status clile_i_points_get(const clile_i_st *st, int64_t d, clile_i_points *out);

/* person.c: an AU of an array of the rows above. */
clile_i_person_au clile_i_person_of(const float *person, int32_t c, int32_t au);
/* The estimated offset of a person from n scores without labels, each counted weight[i] times
 * (NULL: once). noise is above 0. */
double clile_i_person_offset(const clile_i_person_au *a, int64_t n, const double *value,
                             const double *weight);
/* Writes it to a file, or reads it from one that may have none. NULL: none. */
clile_status clile_i_person_put(clile_i_st_writer *writer, int32_t c, const float *person);
clile_status clile_i_person_get(const clile_i_st *st, int32_t c, float **out);

/* levels.c: expected intensities [n,c] from scores [n,c], of a model that has levels. */
void clile_i_levels_apply(const clile_model *model, int64_t n, const float *score,
                          float *intensity);
/* Writes them to a file, or reads them from one that may have none. NULL: none. */
clile_status clile_i_levels_put(clile_i_st_writer *writer, int32_t c, const float *levels);
clile_status clile_i_levels_get(const clile_i_st *st, int32_t c, float **out);

/* Adds the model (tensors and metadata) to a file: what clile_model_save writes. */
clile_status clile_i_model_put(clile_i_st_writer *writer, const clile_model *model);

#endif
