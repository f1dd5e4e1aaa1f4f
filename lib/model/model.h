/* model: E_G, the general AU embeddings and the decision rule; files in and out; the predictor.
 * Uses net and image. */
#ifndef CLILE_I_MODEL_H
#define CLILE_I_MODEL_H

#include "base/base.h"
#include "base/similarity.h"
#include "net/net.h"
#include "store/safetensors.h"

#include <clile/predictor.h>

enum {
    CLILE_I_MAX_AUS = 64,
    CLILE_I_MAX_METADATA = 4096,
    CLILE_I_MODEL_FORMAT = 1,
    CLILE_I_MODEL_FORMAT_INT8 = 2
};
typedef struct {
    char *key, *value;
} clile_i_pair;

struct clile_model {
    clile_i_refs refs;
    int32_t busy; /* a trainer holds it */
    int32_t trained;
    char backbone[16];
    double width;
    int32_t c, d, size; /* AUs, embedding, crop pixels */
    int32_t similarity; /* CLILE_I_COSINE or CLILE_I_DOT */
    /* au_embedding has a row c for "no AU present"; training only, it takes no part in scores */
    int32_t null_anchor;
    int32_t *au_ids;       /* [c] */
    float *au_embedding;   /* [c + null_anchor, d] */
    float *slope, *offset; /* [c]: probability = s(slope * score + offset) */
    /* Encoder and packs are shared with predictors: never changed once one may have been made,
     * but replaced. */
    clile_i_net *encoder;   /* E_G; bare in an int8 model */
    clile_i_quant *quant;   /* E_G in int8, or NULL */
    clile_i_packs *packs;   /* its weights as predictors want them */
    clile_i_pair *metadata; /* sorted by key */
    int32_t metadata_count;
};

/* 1 to 64 numbers 1..999, all different. */
clile_status clile_i_model_check_au_ids(int32_t c, const int32_t *au_ids);
/* The model of these options without any weights: encoder all zero, or bare when int8. */
clile_status clile_i_model_create_empty(const clile_options *options, int32_t c,
                                        const int32_t *au_ids, int32_t int8, clile_model **out);
/* UNSUPPORTED for an int8 model, which has no float32 weights. */
clile_status clile_i_model_check_float(const clile_model *model, const char *function);
/* Another encoder of the same config and fresh packs, taken over from the caller, who gets the
 * old ones; predictors keep theirs. */
void clile_i_model_swap_encoder(clile_model *model, clile_i_net **encoder, clile_i_packs **packs);
/* A model of the same AUs, vectors, decision and metadata without an encoder. */
clile_status clile_i_model_copy_frame(const clile_model *model, clile_model **out);
/* That with the encoder of now, which both read: what a predictor answers from. */
clile_status clile_i_model_snapshot(const clile_model *model, clile_model **out);
void clile_i_model_retain(const clile_model *model);

/* What training says to the model (trained_on.c). */
typedef struct {
    const char *layout, *kind, *protocol; /* kind: drawn, rendered, photographs, unknown */
    int32_t fold;
    int64_t landmarks, boxes, crops; /* images whose face was placed so */
} clile_i_trained_on;
clile_status clile_i_model_note_training(clile_model *model, const clile_i_trained_on *on);
clile_status clile_i_model_note_import(clile_model *model, const char *path);
void clile_i_model_swap_metadata(clile_model *a, clile_model *b);
/* ,"trained_on":{...} */
void clile_i_model_append_training(clile_i_text *text, const clile_model *model);
/* A sentence when faces of this kind (CLILE_FACE_...) are not what the model was trained on;
 * NULL: they are, or it is not known. */
const char *clile_i_model_misfit(const clile_model *model, int32_t kind);

/* A model's shape is backbone, width, embedding, image_size, null_anchor and similarity
 * (shape.c): out of options, into options, and INVALID_ARGUMENT where options that were set say
 * something else than the model is. */
clile_status clile_i_model_read_shape(clile_model *model, const clile_options *options);
clile_status clile_i_model_shape(const clile_model *model, clile_options *options);
clile_status clile_i_model_check_shape(const clile_model *model, const clile_options *options);
const char *clile_i_model_similarity(const clile_model *model); /* "cosine", "dot" */

/* score [n,c] of embeddings [n,d]. */
void clile_i_model_score(const clile_model *model, int64_t n, const float *embedding, float *score);
/* p = s(slope * score + offset) and present = p > 0.5, from the very same float. Either output
 * may be NULL. */
void clile_i_model_decide(const clile_model *model, int64_t n, const float *score,
                          float *probability, int8_t *present);

/* A predictor as `run` sees it. */
typedef struct {
    const clile_model *model; /* its snapshot */
    clile_i_log log;
    int32_t threads, batch; /* batch: faces that go through the encoder at once */
} clile_i_predictor_view;
clile_i_predictor_view clile_i_predictor_look(const clile_predictor *predictor);
/* Any of them NULL. */
typedef struct {
    float *probability, *score, *embedding; /* [n,c], [n,c], [n,d] */
    int8_t *present;                        /* [n,c] */
} clile_i_outputs;
/* n crops [n,size,size,3] of the model's size. */
clile_status clile_i_predictor_run(clile_predictor *predictor, int64_t n, const uint8_t *rgb,
                                   const clile_i_outputs *out);

/* All tensors of a net under "<prefix><torchvision name>" into a file / out of one (exact names
 * and shapes, finite values). */
clile_status clile_i_net_put(clile_i_st_writer *writer, const char *prefix, const clile_i_net *net);
clile_status clile_i_net_get(const clile_i_st *st, const char *prefix, clile_i_net *net);
/* CLILE_E_NOT_FINITE with the tensor's name unless every value is finite. */
clile_status clile_i_check_finite(const char *file, const char *name, int64_t count,
                                  const float *values);

/* The int8 encoder into a file / out of one (quant_file.c). */
clile_status clile_i_quant_put(clile_i_st_writer *writer, const clile_model *model);
clile_status clile_i_quant_get(const clile_i_st *st, clile_model *model);

/* Adds the model itself (tensors and metadata) to a file: what clile_model_save writes. */
clile_status clile_i_model_put(clile_i_st_writer *writer, const clile_model *model);

#endif
