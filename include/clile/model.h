/* clile/model.h: the deployed model: a general encoder, one embedding for each AU, and the
 * decision rule.
 *
 *     const int32_t au_ids[12] = {1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24};
 *     clile_model *model = NULL;
 *     // random weights, untrained
 *     clile_model_create(options, 12, au_ids, &model);
 *     // optional: torchvision's weights
 *     clile_model_import_backbone(model, "resnet18.safetensors");
 *     ... clile_trainer_run(...) ...
 *     clile_model_save(model, "model.safetensors");
 *     clile_model_destroy(model);
 *
 * A model holds nothing of the training subjects: the ID encoder and the identity-label
 * embeddings live in the trainer and are destroyed with it. Thread class of a model: shared for
 * reading; a trainer or an import needs it exclusively. */
#ifndef CLILE_MODEL_H
#define CLILE_MODEL_H

#include <clile/options.h>

CLILE_BEGIN

typedef struct clile_model clile_model;

/* Creates an untrained model for c AUs (1..64) with these FACS numbers (positive, all different).
 * Options: backbone, stem (auto: by the image size, see docs/method.md), width, embedding,
 * image_size, standardize (1: every crop is brought to one mean and contrast, docs/method.md),
 * similarity, null_anchor, seed. The caller owns `*out`. INVALID_ARGUMENT, OUT_OF_MEMORY. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_create(const clile_options *options, int32_t c,
                                                          const int32_t *au_ids, clile_model **out);

/* Reads a model file (safetensors). The text names file and tensor. IO, FORMAT (not a model file,
 * a tensor missing or of the wrong shape), CORRUPT (checksum), NOT_FINITE (a value in a tensor),
 * UNSUPPORTED (a newer format). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_load(const char *path, clile_model **out);

/* Loads the model for photographs that comes with the library (docs/photo-model.md), from the
 * file of clile_model_copy_default_path. Options: none yet. The caller owns `*out`. Errors of
 * clile_model_copy_default_path and clile_model_load. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_load_default(const clile_options *options,
                                                                clile_model **out);

/* The path of that model: photo.safetensors, next to the library or in share/clile of the same
 * installation, even if that was moved. The caller owns `*out`: clile_free. IO: it is not
 * installed; the text lists the places searched and says what to install. INVALID_ARGUMENT: a NULL
 * argument; OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_default_path(char **out);

/* Writes the model atomically: on failure no file is left behind and an older one stays. IO,
 * OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_save(const clile_model *model, const char *path);

/* Reads a model from the bytes of a file. They are borrowed for the call and need no alignment.
 * The text says "memory" in place of a file name. FORMAT, CORRUPT, NOT_FINITE, UNSUPPORTED as for
 * clile_model_load; INVALID_ARGUMENT: a NULL argument. The caller owns `*out`. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_load_memory(const void *bytes, size_t size,
                                                               clile_model **out);

/* The bytes that clile_model_save would write. The caller owns `*bytes` [*size]: clile_free.
 * INVALID_ARGUMENT: a NULL argument; OUT_OF_MEMORY. Both outputs are 0 on failure. Shared. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_save_memory(const clile_model *model,
                                                               uint8_t **bytes, size_t *size);

/* Writes the model as ONNX (IR 7, opset 13; docs/onnx.md), for other runtimes. Input: `input`
 * [N,3,size,size], normalised as in training, and of a model whose method looks around landmarks
 * `face_points` [N,10]. Outputs: `probability` [N,c], `embedding` [N,d], and of a model with points
 * (keep_points) `points` [N,2p]. N is free. Norms are folded. metadata_props say how to prepare a
 * photograph, and hold AU numbers and thresholds. The write is atomic. STATE: never trained, or
 * being trained; UNSUPPORTED: above 2 GiB, or an int8 model; IO, OUT_OF_MEMORY. Shared. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_export_onnx(const clile_model *model,
                                                               const char *path);

/* Imports the backbone weights of a torchvision ResNet of the same depth and width, by name
 * (docs/import.md). The file is safetensors, or a state_dict written by torch.save (.pth, PyTorch
 * 1.6 or newer; no code in it is run). float16, bfloat16 and float64 become float32. A prefix of
 * all names ("module.", "state_dict.backbone.") is found automatically. `fc` is imported only if
 * its shape fits; so are conv1 and bn1 of a model with stem=small, if the file's conv1 differs only
 * in the size of its kernel (for ImageNet's weights in small crops, create it with
 * stem=imagenet). After success the model is untrained; on failure it is unchanged.
 * Errors:
 *   - FORMAT: not such a file; a tensor missing or of another shape, or a deeper network (the
 *     text names the first tensor, what was expected and found, and counts the rest); two
 *     networks in the file
 *   - CORRUPT
 *   - UNSUPPORTED: a pickle that contains more than tensors (the text says what), or a .pth from
 *     before 1.6
 *   - NOT_FINITE
 *   - STATE: a trainer is using the model
 * Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_import_backbone(clile_model *model,
                                                                   const char *path);

/* The outcome of a tensor in an import. */
enum {
    CLILE_IMPORT_MATCHED = 0, /* imported */
    /* `fc` missing or of another shape, or a small stem where the file has another: the model keeps
     * its own */
    CLILE_IMPORT_KEPT = 1,
    CLILE_IMPORT_MISSING = 2, /* not in the file: the import fails */
    /* another shape in the file, or not a float: the import fails */
    CLILE_IMPORT_MISMATCHED = 3,
    CLILE_IMPORT_LEFT_OVER = 4, /* in the file, but not in the model */
    CLILE_IMPORT_IGNORED = 5    /* num_batches_tracked: neither inference nor training needs it */
};

/* One tensor; only grows at the end. Strings and shapes are borrowed for the call. */
typedef struct clile_import_item {
    uint32_t struct_size;
    int32_t outcome;        /* CLILE_IMPORT_... */
    const char *name;       /* torchvision's name, in the model; NULL: left over or ignored */
    const char *file_name;  /* in the file, including the prefix; NULL: not in the file */
    const char *file_dtype; /* "F32", "F16", ... as in safetensors; NULL */
    int32_t ndim;           /* in the model */
    int32_t file_ndim;
    const int64_t *shape;      /* [ndim]; NULL */
    const int64_t *file_shape; /* [file_ndim]; NULL */
} clile_import_item;

typedef void (*clile_import_fn)(const clile_import_item *item, void *user);

/* As clile_model_import_backbone, but calls `report` (which may be NULL) for each tensor before
 * importing any, even if the import then fails: first the model's tensors in their order, then
 * the file's remaining ones in order of names. prefix is what comes before torchvision's names in
 * the file, "" for nothing; NULL: found automatically. Exclusive; report is called on the calling
 * thread. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_import_backbone_report(
    clile_model *model, const char *path, const char *prefix, clile_import_fn report, void *user);

/* Creates an int8 copy of a trained model (post-training quantisation): int8 convolution weights
 * with one scale per output channel, and 8-bit activations. Their ranges come from n face crops
 * [n,h,w,3] uint8 RGB, as for clile_predictor_run: use a few hundred of the training set. The same
 * crops give the same bits. The copy runs in the same predictors, about twice as fast, and its file
 * is a quarter of the size. It cannot be trained or exported as ONNX. Options: threads. STATE:
 * never trained, being trained, or already int8; INVALID_ARGUMENT: n < 1 or an image without
 * pixels; BACKEND, NOT_FINITE, OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_quantize(const clile_model *model, int64_t n,
                                                            const uint8_t *rgb, int32_t h,
                                                            int32_t w, const clile_options *options,
                                                            clile_model **out);
/* 1 for a model made by clile_model_quantize, else 0. Since 0.1. */
CLILE_API int32_t clile_model_is_quantized(const clile_model *model);

/* Number of AUs, c; 0 for NULL. Since 0.1. */
CLILE_API int32_t clile_model_au_count(const clile_model *model);
/* Size of an embedding, d; 0 for NULL. Since 0.1. */
CLILE_API int32_t clile_model_embedding_size(const clile_model *model);
/* Side of the square crop in pixels; 0 for NULL. Since 0.1. */
CLILE_API int32_t clile_model_image_size(const clile_model *model);
/* Number of points that the model finds (clile_predictor_run_points), p; 0 for a model without
 * and for NULL. Since 0.1. */
CLILE_API int32_t clile_model_point_count(const clile_model *model);
/* 1 if the model says how strong an AU is, because its training data had intensities; else 0, and
 * for NULL. Shared. Since 0.1. */
CLILE_API int32_t clile_model_has_intensity(const clile_model *model);
/* Expected intensities, 0 (absent) to 5 (maximum), of the faces whose embeddings [n,d] a predictor,
 * reader or tracker gave; those have the model of clile_predictor_get_model and so on. Formula:
 * docs/method.md. INVALID_ARGUMENT: n below 0, a NULL argument; UNSUPPORTED: the model has none
 * (clile_model_has_intensity). Allocates nothing. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_model_estimate_intensity(const clile_model *model, int64_t n,
                               const float *embedding /*[n,d]*/, float *intensity /*[n,c]*/);
/* 1 after stage 2, and for a loaded model that was trained; else 0. Since 0.1. */
CLILE_API int32_t clile_model_is_trained(const clile_model *model);
/* AU numbers, in the order of every [c] array. INVALID_ARGUMENT: a NULL argument. Shared. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_au_ids(const clile_model *model,
                                                               int32_t *au_ids /*[c]*/);
/* The embedding of each AU, to which images are compared. INVALID_ARGUMENT: a NULL argument.
 * Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_au_embedding(const clile_model *model,
                                                                     float *au_embedding /*[c,d]*/);
/* Probability of AU c = s(slope_c * score_c + offset_c), present if it is above 0.5.
 * INVALID_ARGUMENT: a NULL argument. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_decision(const clile_model *model,
                                                                 float *slope /*[c]*/,
                                                                 float *offset /*[c]*/);
/* Sets AU embeddings (NULL keeps them) and decision rule of a model trained by a loop of your own,
 * and marks it as trained. slope > 0, all finite. INVALID_ARGUMENT: a value that breaks this rule,
 * another NULL argument; STATE: a trainer is using the model. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_model_set_decision(clile_model *model, const float *au_embedding /*[c,d] or NULL*/,
                         const float *slope /*[c]*/, const float *offset /*[c]*/);
/* Free-form metadata kept in the file ("protocol", "fold", ...): at most 4096 keys of 1..63 bytes.
 * get returns a string borrowed until the next set, or NULL if absent. In a value, bytes that are
 * not UTF-8 become U+FFFD. set: INVALID_ARGUMENT: another key, or one that is not UTF-8; a NULL
 * argument; OUT_OF_MEMORY. Since 0.1. */
CLILE_API const char *clile_model_get_metadata(const clile_model *model, const char *key);
CLILE_NODISCARD CLILE_API clile_status clile_model_set_metadata(clile_model *model, const char *key,
                                                                const char *value);
/* The model card, in Markdown: what the model is, what it was trained on and by which options, what
 * was measured, limits, how to cite. Composed from the metadata; names from data are escaped.
 * Training ends with it in the metadata "card", so it is in the file. A card of the user's own
 * (clile_model_set_card) is returned as it is. `*out` is owned by the caller: clile_free.
 * INVALID_ARGUMENT: NULL; OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_card(const clile_model *model, char **out);
/* Sets the card: Markdown that begins with a heading (#), or NULL: composed from the metadata as
 * they are now. Figures of an evaluation go to the metadata "evaluation" (Markdown) before that.
 * Weights do not change. INVALID_ARGUMENT: model is NULL, another text; OUT_OF_MEMORY. Exclusive.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_set_card(clile_model *model,
                                                            const char *markdown);
/* What the model is, as JSON (backbone, sizes, parameters, AUs, decision, how it was trained).
 * `*out` is owned by the caller: clile_free. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_json(const clile_model *model, char **out);
/* NULL does nothing. Since 0.1. */
CLILE_API void clile_model_destroy(clile_model *model);

CLILE_END

#endif
