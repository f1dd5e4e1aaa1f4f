/* clile/inspect.h: what is inside a file of tensors, without loading it.
 *
 *     static int32_t print(const clile_tensor_info *tensor, void *user)
 *     {
 *         printf("%s %s, %lld bytes\n", tensor->name, tensor->dtype, (long long)tensor->bytes);
 *         return 0;
 *     }
 *     clile_file_inspect("model.safetensors", print, NULL, NULL, NULL);
 *
 * Reads libclile's own files (models, checkpoints, packs), any other safetensors file, and what
 * torch.save wrote of dictionaries of tensors (.pth, PyTorch 1.6 or newer; nothing of it is
 * run).
 */
#ifndef CLILE_INSPECT_H
#define CLILE_INSPECT_H

#include <clile/status.h>

CLILE_BEGIN

enum { CLILE_FILE_SAFETENSORS = 0, CLILE_FILE_PYTORCH = 1 };

/* One tensor; only grows at the end. Texts and shape are borrowed for the call. */
typedef struct clile_tensor_info {
    uint32_t struct_size;
    int32_t ndim;
    const char *name;     /* dictionaries inside dictionaries: their keys joined by points */
    const char *dtype;    /* as safetensors calls it: "F32", "F16", "BF16", "I64", ... */
    const int64_t *shape; /* [ndim] */
    int64_t bytes;        /* of its elements */
} clile_tensor_info;

/* Return 0 to go on, anything else to stop with CLILE_E_CANCELLED. */
typedef int32_t (*clile_tensor_fn)(const clile_tensor_info *tensor, void *user);
typedef int32_t (*clile_metadata_fn)(const char *key, const char *value, void *user);

/* Calls metadata for each entry of a safetensors file's __metadata__, in file order, then tensor
 * for each tensor in the order of the names. Either, and kind (one of CLILE_FILE_..., set before
 * the first call), may be NULL. The values of the tensors of a safetensors file are not looked
 * at. IO; FORMAT, CORRUPT, UNSUPPORTED as for clile_model_import_backbone; CANCELLED. Shared.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_file_inspect(const char *path, clile_tensor_fn tensor,
                                                          clile_metadata_fn metadata, void *user,
                                                          int32_t *kind);

CLILE_END

#endif
