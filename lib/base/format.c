/* printf in the C locale, even if the program has set another. */
#include "base/format.h"

#include <locale.h>
#include <stdio.h>

int clile_i_format(char *out, size_t size, const char *format, va_list arguments)
{
    const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* costs nothing for "C" */
    const locale_t previous = c_locale == (locale_t)0 ? (locale_t)0 : uselocale(c_locale);
    const int length = vsnprintf(out, size, format, arguments);
    if (c_locale != (locale_t)0) {
        uselocale(previous);
        freelocale(c_locale);
    }
    return length;
}
