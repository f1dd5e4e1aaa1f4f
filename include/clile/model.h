/* clile/model.h: the model that is deployed: a general encoder, one embedding for each AU, and
 * the decision rule.
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
 * embeddings live in the trainer and are dropped with it. Thread class of a model: shared for
 * reading; a trainer or an import needs it exclusively.
 */
#ifndef CLILE_MODEL_H
#define CLILE_MODEL_H

#include <clile/options.h>

CLILE_BEGIN

typedef struct clile_model clile_model;

/* Makes an untrained model for c AUs (1..64) with these FACS numbers (positive, all different).
 * Options: backbone, width, embedding, image_size, similarity, null_anchor, seed. `*out` is
 * owned by the caller. INVALID_ARGUMENT, OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_create(const clile_options *options, int32_t c,
                                                          const int32_t *au_ids, clile_model **out);

/* Reads a model file (safetensors). IO, FORMAT (not a model file, a tensor missing or of the
 * wrong shape), CORRUPT (checksum), NOT_FINITE (a value in a tensor), UNSUPPORTED (made by a
 * newer format). The text names file and tensor. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_load(const char *path, clile_model **out);

/* Writes the model atomically: on failure nothing is left behind and an older file stays. IO,
 * OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_save(const clile_model *model, const char *path);

/* The same of the bytes of a file, which are borrowed for the call and need no alignment; the
 * text says "memory" for the file's name. FORMAT, CORRUPT, NOT_FINITE, UNSUPPORTED as above;
 * INVALID_ARGUMENT: a NULL argument. `*out` is owned by the caller. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_load_memory(const void *bytes, size_t size,
                                                               clile_model **out);

/* The bytes that clile_model_save would write: `*bytes` [*size] is owned by the caller:
 * clile_free. INVALID_ARGUMENT: a NULL argument; OUT_OF_MEMORY. Both outputs are 0 on failure.
 * Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_save_memory(const clile_model *model,
                                                               uint8_t **bytes, size_t *size);

/* Writes the model for other runtimes, as ONNX (IR 7, opset 13; docs/onnx.md), atomically: input
 * `input` [N,3,size,size], normalised as in training; outputs `probability` [N,c] and
 * `embedding` [N,d], N being free. Norms are folded; how to prepare a photograph, AU numbers and
 * thresholds are in metadata_props. STATE: never trained, or being trained; UNSUPPORTED: above 2
 * GiB, or an int8 model; IO, OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_export_onnx(const clile_model *model,
                                                               const char *path);

/* Takes the backbone weights of a torchvision ResNet of the same depth and width, by name, from
 * a safetensors file or from what torch.save wrote of a state_dict (.pth, PyTorch 1.6 or newer;
 * nothing of it is run); docs/import.md. float16, bfloat16 and float64 become float32. What all
 * names have before torchvision's ("module.", "state_dict.backbone.") is found by itself. `fc`
 * is left as it is unless its shape fits. FORMAT: not such a file, or a tensor is missing or has
 * another shape, or the network is a deeper one (the text names the first, what was expected and
 * found, and counts the rest), or two networks are in it; CORRUPT; UNSUPPORTED: a pickle that
 * asks for more than tensors (the text says for what), or the .pth of before 1.6; NOT_FINITE;
 * STATE: a trainer holds the model. The model is unchanged on failure, and untrained after
 * success. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_import_backbone(clile_model *model,
                                                                   const char *path);

/* How a tensor fared in an import. */
enum {
    CLILE_IMPORT_MATCHED = 0, /* taken */
    /* `fc`, not in the file or of another shape: the model keeps its own */
    CLILE_IMPORT_KEPT = 1,
    CLILE_IMPORT_MISSING = 2, /* not in the file: the import fails */
    /* in the file with another shape, or not as a float: the import fails */
    CLILE_IMPORT_MISMATCHED = 3,
    CLILE_IMPORT_LEFT_OVER = 4, /* in the file, and nothing of the model's */
    CLILE_IMPORT_IGNORED = 5 /* num_batches_tracked, of which inference and training need nothing */
};

/* One tensor; only grows at the end. Texts and shapes are borrowed for the call. */
typedef struct clile_import_item {
    uint32_t struct_size;
    int32_t outcome;        /* CLILE_IMPORT_... */
    const char *name;       /* torchvision's name, in the model; NULL: left over or ignored */
    const char *file_name;  /* in the file, with what stands before it; NULL: not in the file */
    const char *file_dtype; /* "F32", "F16", ... as in safetensors; NULL */
    int32_t ndim;           /* in the model */
    int32_t file_ndim;
    const int64_t *shape;      /* [ndim]; NULL */
    const int64_t *file_shape; /* [file_ndim]; NULL */
} clile_import_item;

typedef void (*clile_import_fn)(const clile_import_item *item, void *user);

/* The same, and `report` (may be NULL) is told of each tensor before anything is taken, also
 * when the import then fails: those of the model in their order, then what is left of the file
 * in the order of its names. prefix: what stands before torchvision's names in the file, "" for
 * nothing; NULL: found by itself. Exclusive; report is called on the calling thread. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_import_backbone_report(
    clile_model *model, const char *path, const char *prefix, clile_import_fn report, void *user);

/* An int8 copy of a trained model (post-training quantisation): convolutions with int8 weights,
 * one scale for each output channel, and 8-bit activations whose ranges are taken from n face
 * crops [n,h,w,3] uint8 RGB as clile_predictor_run takes them (some hundred of the training set;
 * the same crops give the same bits). The copy runs in the same predictors, about twice as fast,
 * and its file is a quarter as large; it can be neither trained nor exported as ONNX. Options:
 * threads. STATE: never trained, being trained, or int8 already; INVALID_ARGUMENT: n < 1 or an
 * image without pixels; BACKEND, NOT_FINITE, OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_quantize(const clile_model *model, int64_t n,
                                                            const uint8_t *rgb, int32_t h,
                                                            int32_t w, const clile_options *options,
                                                            clile_model **out);
/* 1 for a model of clile_model_quantize, else 0. Since 0.1. */
CLILE_API int32_t clile_model_is_quantized(const clile_model *model);

/* Number of AUs, c; 0 for NULL. Since 0.1. */
CLILE_API int32_t clile_model_au_count(const clile_model *model);
/* Size of an embedding, d; 0 for NULL. Since 0.1. */
CLILE_API int32_t clile_model_embedding_size(const clile_model *model);
/* Side of the square crop in pixels; 0 for NULL. Since 0.1. */
CLILE_API int32_t clile_model_image_size(const clile_model *model);
/* 1 after stage 2 and for a trained model that was loaded, else 0. Since 0.1. */
CLILE_API int32_t clile_model_is_trained(const clile_model *model);
/* AU numbers, in the order of everything that is [c]. INVALID_ARGUMENT: a NULL argument. Shared.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_au_ids(const clile_model *model,
                                                               int32_t *au_ids /*[c]*/);
/* The embedding of each AU, which images are compared with. INVALID_ARGUMENT: a NULL argument.
 * Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_au_embedding(const clile_model *model,
                                                                     float *au_embedding /*[c,d]*/);
/* Probability of AU c = s(slope_c * score_c + offset_c), present when it is above 0.5.
 * INVALID_ARGUMENT: a NULL argument. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_decision(const clile_model *model,
                                                                 float *slope /*[c]*/,
                                                                 float *offset /*[c]*/);
/* Sets AU embeddings and decision of a model that was trained by a loop of one's own, and marks
 * it trained. slope > 0, all finite. INVALID_ARGUMENT: one that is not, a NULL argument; STATE:
 * a trainer is using the model. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_model_set_decision(clile_model *model, const float *au_embedding /*[c,d] or NULL*/,
                         const float *slope /*[c]*/, const float *offset /*[c]*/);
/* Free-form metadata kept in the file ("protocol", "fold", ...). get borrows until the next set;
 * NULL when absent. Keys 1..63 bytes, at most 4096 of them. set: INVALID_ARGUMENT: another key
 * or one that is not UTF-8, a NULL argument; OUT_OF_MEMORY. A value's bytes that are not UTF-8
 * become U+FFFD. Since 0.1. */
CLILE_API const char *clile_model_get_metadata(const clile_model *model, const char *key);
CLILE_NODISCARD CLILE_API clile_status clile_model_set_metadata(clile_model *model, const char *key,
                                                                const char *value);
/* What the model is, as JSON (backbone, sizes, parameters, AUs, decision, how it was trained).
 * `*out` is owned by the caller: clile_free. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_model_copy_json(const clile_model *model, char **out);
/* NULL does nothing. Since 0.1. */
CLILE_API void clile_model_destroy(clile_model *model);

CLILE_END

#endif
