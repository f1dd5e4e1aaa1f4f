/* Numbers from text, the same in every locale; checks by bits. */
#include "base/base.h"

#include <float.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

int64_t clile_i_find_not_finite(int64_t count, const float *values)
{
    enum { RUN = 1024 };
    for (int64_t first = 0; first < count; first += RUN) { /* no branch within a run */
        const int64_t end = first + RUN < count ? first + RUN : count;
        uint32_t found = 0;
        for (int64_t i = first; i < end; ++i) {
            uint32_t bits;
            memcpy(&bits, &values[i], sizeof bits);
            found |= (uint32_t)((bits & 0x7F800000) == 0x7F800000);
        }
        for (int64_t i = first; found && i < end; ++i)
            if (!clile_i_is_finite((double)values[i])) return i;
    }
    return -1;
}

static int is_digit(char character)
{
    return character >= '0' && character <= '9';
}

int clile_i_parse_i64(const char *begin, const char *end, int64_t *out)
{
    const int negative = begin < end && *begin == '-';
    if (begin < end && (*begin == '-' || *begin == '+')) ++begin;
    if (begin == end) return 0;
    uint64_t value = 0;
    const uint64_t most = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    for (; begin < end; ++begin) {
        if (!is_digit(*begin)) return 0;
        const uint64_t digit = (uint64_t)(*begin - '0');
        if (value > (most - digit) / 10) return 0;
        value = value * 10 + digit;
    }
    *out = negative ? (value == most ? INT64_MIN : -(int64_t)value) : (int64_t)value;
    return 1;
}

/* A decimal number taken apart: (-1)^negative * digits * 10^exponent. */
typedef struct {
    int negative, exact; /* exact: `digits` holds all of them */
    uint64_t digits;
    int64_t exponent;
} decimal;

/* [+-] digits [. digits] [e [+-] digits], at least one digit before the exponent. */
static int scan_decimal(const char *begin, const char *end, decimal *out)
{
    *out = (decimal){.exact = 1};
    if (begin < end && (*begin == '-' || *begin == '+')) out->negative = *begin++ == '-';
    int seen = 0, after_point = 0;
    for (; begin < end; ++begin) {
        if (*begin == '.' && !after_point) {
            after_point = 1;
        } else if (is_digit(*begin)) {
            seen = 1;
            if (out->digits > (UINT64_MAX - 9) / 10)
                out->exact = 0;
            else
                out->digits = out->digits * 10 + (uint64_t)(*begin - '0');
            out->exponent -= after_point;
        } else {
            break;
        }
    }
    if (!seen) return 0;
    if (begin == end) return 1;
    if (*begin != 'e' && *begin != 'E') return 0;
    int64_t exponent = 0;
    if (!clile_i_parse_i64(begin + 1, end, &exponent)) return 0;
    if (exponent < -1000000 || exponent > 1000000)
        out->exact = 0;
    else
        out->exponent += exponent;
    return 1;
}

static int parse_by_libc(const char *begin, const char *end, double *out)
{
    char text[1088];
    const size_t size = (size_t)(end - begin);
    if (size >= sizeof text) return 0; /* more digits than the exact decimal of any double */
    memcpy(text, begin, size);
    text[size] = '\0';
    const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return 0;
    const locale_t previous = uselocale(c_locale);
    char *stop = NULL;
    const double value = strtod(text, &stop);
    uselocale(previous);
    freelocale(c_locale);
    if (stop != text + size || !clile_i_is_finite(value)) return 0;
    *out = value;
    return 1;
}

int clile_i_parse_f64(const char *begin, const char *end, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    decimal number;
    if (!scan_decimal(begin, end, &number)) return 0;
    /* Both factors are exact doubles, so the single rounding is correct (Clinger, PLDI 1990). */
    if (number.exact && number.digits <= (uint64_t)1 << 53 && number.exponent >= -22 &&
        number.exponent <= 22) {
        const double digits = (double)number.digits;
        const double value = number.exponent < 0 ? digits / powers[-number.exponent]
                                                 : digits * powers[number.exponent];
        *out = number.negative ? -value : value;
        return 1;
    }
    return parse_by_libc(begin, end, out);
}
