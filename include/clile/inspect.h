/* clile/inspect.h: lists the contents of a file of tensors without loading it.
 *
 *     static int32_t print(const clile_tensor_info *tensor, void *user)
 *     {
 *         printf("%s %s, %lld bytes\n", tensor->name, tensor->dtype, (long long)tensor->bytes);
 *         return 0;
 *     }
 *     clile_file_inspect("model.safetensors", print, NULL, NULL, NULL);
 *
 * Reads libclile's own files (models, checkpoints, packs), any other safetensors file, and
 * dictionaries of tensors written by torch.save (.pth, PyTorch 1.6 or newer; no code in them is
 * run). */
#ifndef CLILE_INSPECT_H
#define CLILE_INSPECT_H

#include <clile/status.h>

CLILE_BEGIN

enum { CLILE_FILE_SAFETENSORS = 0, CLILE_FILE_PYTORCH = 1 };

/* One tensor; only grows at the end. Strings and shape are borrowed for the call. */
typedef struct clile_tensor_info {
    uint32_t struct_size;
    int32_t ndim;
    const char *name;     /* keys of nested dictionaries are joined by dots */
    const char *dtype;    /* as in safetensors: "F32", "F16", "BF16", "I64", ... */
    const int64_t *shape; /* [ndim] */
    int64_t bytes;        /* of its elements */
} clile_tensor_info;

/* Return 0 to continue, anything else to stop with CLILE_E_CANCELLED. */
typedef int32_t (*clile_tensor_fn)(const clile_tensor_info *tensor, void *user);
typedef int32_t (*clile_metadata_fn)(const char *key, const char *value, void *user);

/* Calls metadata for each entry of a safetensors file's __metadata__, in file order, then tensor
 * for each tensor, in order of names. Either may be NULL, and so may kind (one of CLILE_FILE_...,
 * set before the first call). Does not read the values of a safetensors file's tensors. IO;
 * FORMAT, CORRUPT, UNSUPPORTED as for clile_model_import_backbone; CANCELLED. Shared. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_file_inspect(const char *path, clile_tensor_fn tensor,
                                                          clile_metadata_fn metadata, void *user,
                                                          int32_t *kind);

CLILE_END

#endif
