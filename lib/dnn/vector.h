/* Eight floats at a time, in the compiler's portable vector notation, which becomes AVX2 or two SSE
 * registers. Lanes are separate channels or elements, so the bits do not depend on the choice. */
#ifndef CLILE_I_VECTOR_H
#define CLILE_I_VECTOR_H

#include "base/base.h"

#include <string.h>

enum { CLILE_I_LANES = 8 };

typedef float clile_i_v8 __attribute__((vector_size(32)));
typedef int32_t clile_i_v8i __attribute__((vector_size(32)));
typedef uint8_t clile_i_v8b __attribute__((vector_size(8)));
typedef float clile_i_v8_unaligned __attribute__((vector_size(32), aligned(4), may_alias));

/* Compiles a function for AVX2 and for the baseline; the choice is made when the library is loaded.
 * Not under sanitizers: their runtime is not ready that early. Not without glibc: musl cannot load
 * such functions. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CLILE_I_NO_CLONES
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_THREAD__) &&                  \
    !defined(__SANITIZE_ADDRESS__) && defined(__GLIBC__) && !defined(CLILE_I_NO_CLONES)
#define CLILE_I_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLILE_I_CLONES
#endif
#define CLILE_I_INLINE static inline __attribute__((always_inline))

/* `width` lanes (8, or fewer at the end) to and from memory; lanes beyond it are zero. */
#define CLILE_I_LOAD(v, pointer, width)                                                            \
    do {                                                                                           \
        if ((width) == CLILE_I_LANES) {                                                            \
            (v) = *(const clile_i_v8_unaligned *)(pointer);                                        \
        } else {                                                                                   \
            (v) = (clile_i_v8){0};                                                                 \
            memcpy(&(v), (pointer), (size_t)(width) * sizeof(float));                              \
        }                                                                                          \
    } while (0)
#define CLILE_I_STORE(pointer, v, width)                                                           \
    do {                                                                                           \
        if ((width) == CLILE_I_LANES)                                                              \
            *(clile_i_v8_unaligned *)(pointer) = (v);                                              \
        else                                                                                       \
            memcpy((pointer), &(v), (size_t)(width) * sizeof(float));                              \
    } while (0)
/* Eight numbers below 256 to and from bytes. */
#define CLILE_I_LOAD_BYTES(v, pointer, width)                                                      \
    do {                                                                                           \
        clile_i_v8b bytes_ = {0};                                                                  \
        memcpy(&bytes_, (pointer), (size_t)(width));                                               \
        (v) = __builtin_convertvector(bytes_, clile_i_v8i);                                        \
    } while (0)
#define CLILE_I_STORE_BYTES(pointer, v, width)                                                     \
    do {                                                                                           \
        const clile_i_v8b bytes_ = __builtin_convertvector((v), clile_i_v8b);                      \
        memcpy((pointer), &bytes_, (size_t)(width));                                               \
    } while (0)
/* max(v, 0), keeping NaN; and v where mask_source > 0, else 0 */
#define CLILE_I_RELU(v) ((clile_i_v8)((clile_i_v8i)(v) & ~((v) < 0.0F)))
#define CLILE_I_MASK(v, mask_source) ((clile_i_v8)((clile_i_v8i)(v) & ((mask_source) > 0.0F)))

#endif
