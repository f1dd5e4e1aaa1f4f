/* Formatting independent of the program's locale: a decimal point is a point. */
#ifndef CLILE_I_FORMAT_H
#define CLILE_I_FORMAT_H

#include "base/base.h"

#include <stdarg.h>
#include <stddef.h>

/* vsnprintf in the C locale. */
CLILE_I_PRINTF(3, 0)
int clile_i_format(char *out, size_t size, const char *format, va_list arguments);

#endif
