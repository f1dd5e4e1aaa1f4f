/* clile/export.h: visibility of the public functions; included by every other header. */
#ifndef CLILE_EXPORT_H
#define CLILE_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#if defined(CLILE_STATIC)
#define CLILE_API
#elif defined(__GNUC__)
#define CLILE_API __attribute__((visibility("default")))
#else
#define CLILE_API
#endif

/* Marks every function that returns a status: the compiler warns if the status is ignored. To
 * ignore it on purpose, a cast to void is enough in C++17, C23 and clang; gcc in older C needs
 * `if (f(...) != CLILE_OK) { }`. Define it as empty before the first header to disable the
 * warning. */
#ifndef CLILE_NODISCARD
#if (defined(__cplusplus) && __cplusplus >= 201703L) ||                                            \
    (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#define CLILE_NODISCARD [[nodiscard]]
#elif defined(__GNUC__)
#define CLILE_NODISCARD __attribute__((warn_unused_result))
#else
#define CLILE_NODISCARD
#endif
#endif

#ifdef __cplusplus
#define CLILE_BEGIN extern "C" {
#define CLILE_END }
#else
#define CLILE_BEGIN
#define CLILE_END
#endif

#endif
