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

/* On every function that returns a status: the compiler warns when the status is not looked at.
 * Where it is of no use, say so: a cast to void is enough in C++17 and C23, and for clang; gcc
 * wants `if (f(...) != CLILE_OK) { }` in older C. Define it empty before the first header to do
 * without. */
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
