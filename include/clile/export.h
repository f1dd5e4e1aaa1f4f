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

#ifdef __cplusplus
#define CLILE_BEGIN extern "C" {
#define CLILE_END }
#else
#define CLILE_BEGIN
#define CLILE_END
#endif

#endif
