/* Formatting independent of the program's locale: a decimal point is a point. */
#ifndef CLILE_I_FORMAT_H
#define CLILE_I_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* vsnprintf in the C locale. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 0)))
#endif
int clile_i_format(char *out, size_t size, const char *format, va_list arguments);

#endif
