/* clile/status.h: what every function of libclile returns, and how to learn why.
 *
 *     clile_model *model = NULL;
 *     if (clile_model_load("model.safetensors", &model) != CLILE_OK) {
 *         fprintf(stderr, "%s\n", clile_last_error());
 *         return 1;
 *     }
 *
 * A function that can fail returns a clile_status: CLILE_OK (0) or a negative CLILE_E_ number.
 * The numbers are pinned for ever. The text of the last failure on the calling thread says which
 * argument or file was at fault, what was expected and what was there; a call that succeeds
 * leaves it untouched.
 */
#ifndef CLILE_STATUS_H
#define CLILE_STATUS_H

#include <clile/export.h>

CLILE_BEGIN

typedef int32_t clile_status;

/* X(number, name, text) */
#define CLILE_STATUS_TABLE(X)                                                                      \
    X(0, OK, "success")                                                                            \
    X(-1, E_INVALID_ARGUMENT, "an argument is out of its range")                                   \
    X(-2, E_OUT_OF_MEMORY, "out of memory")                                                        \
    X(-3, E_IO, "a file could not be read or written")                                             \
    X(-4, E_FORMAT, "a file is not of the expected format")                                        \
    X(-5, E_CORRUPT, "a file is of the right format but damaged")                                  \
    X(-6, E_UNSUPPORTED, "valid, but not supported by this build")                                 \
    X(-7, E_STATE, "the handle is not in a state that allows the call")                            \
    X(-8, E_CANCELLED, "stopped because the caller asked for it")                                  \
    X(-9, E_NOT_FINITE, "a value is not finite")                                                   \
    X(-10, E_BACKEND, "the compute backend (oneDNN) reported an error")                            \
    X(-11, E_INTERNAL, "a defect of libclile itself")

enum {
#define CLILE_STATUS_ENUM(number, name, text) CLILE_##name = number,
    CLILE_STATUS_TABLE(CLILE_STATUS_ENUM)
#undef CLILE_STATUS_ENUM
};

/* The ABI number, as in the shared library's name, libclile.so.N. It changes when a released
 * function is removed or changes its meaning, but not when functions are added. It is not the
 * release number. */
#define CLILE_ABI_VERSION 1

/* The ABI number of the library in use. Programs that load it themselves compare it with the
 * macro. Cannot fail. Shared (any thread). Since 0.1. */
CLILE_API int32_t clile_abi_version(void);

/* The release of these headers. CMake reads it here, and so do pkg-config and the packages. */
#define CLILE_VERSION_MAJOR 0
#define CLILE_VERSION_MINOR 1
#define CLILE_VERSION_PATCH 0

/* A release as one comparable number: 10203 for 1.2.3. */
#define CLILE_VERSION_NUMBER                                                                       \
    (CLILE_VERSION_MAJOR * 10000 + CLILE_VERSION_MINOR * 100 + CLILE_VERSION_PATCH)

/* The release number of the library in use. If it is below CLILE_VERSION_NUMBER, the library is
 * older than the headers and may lack some of their functions. Cannot fail. Shared (any thread).
 * Since 0.1. */
CLILE_API int32_t clile_version_number(void);

/* The release of the library in use as "major.minor.patch". Static string, never NULL. Shared
 * (any thread). Since 0.1. */
CLILE_API const char *clile_version(void);

/* Name of a status, e.g. "CLILE_E_IO"; "CLILE_E_UNKNOWN" for any other number. Static string.
 * Shared. Since 0.1. */
CLILE_API const char *clile_status_name(clile_status status);

/* Text of the last failure on the calling thread, "" if there was none. At most 1023 bytes; a
 * longer text is shortened in the middle. Borrowed: valid until the next libclile call on this
 * thread fails. Shared. Since 0.1. */
CLILE_API const char *clile_last_error(void);

/* Frees memory that a libclile function gave to the caller; such functions say "clile_free". NULL
 * does nothing. Shared. Since 0.1. */
CLILE_API void clile_free(void *memory);

CLILE_END

#endif
