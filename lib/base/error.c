/* Status names, version and the thread's error text. */
#include "base/base.h"
#include "base/format.h"

#include <string.h>

enum { ERROR_TEXT_SIZE = 1024, WORK_SIZE = 3 * 4096 }; /* room for two paths */

static _Thread_local char error_text[ERROR_TEXT_SIZE];

int32_t clile_abi_version(void)
{
    return CLILE_ABI_VERSION;
}

int32_t clile_version_number(void)
{
    return CLILE_VERSION_NUMBER;
}

#define TEXT_OF(value) #value
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *clile_version(void)
{
    return VERSION_TEXT(CLILE_VERSION_MAJOR, CLILE_VERSION_MINOR, CLILE_VERSION_PATCH);
}

const char *clile_status_name(clile_status status)
{
    switch (status) {
#define STATUS_NAME(number, name, text)                                                            \
    case number: return "CLILE_" #name;
        CLILE_STATUS_TABLE(STATUS_NAME)
#undef STATUS_NAME
        default: return "CLILE_E_UNKNOWN";
    }
}

const char *clile_last_error(void)
{
    return error_text;
}

static int continues_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80; /* UTF-8 */
}

/* Cuts the middle of a text that does not fit: the file's name is at the front and the cause at the
 * end. */
static void keep_both_ends(char *text, size_t size)
{
    static const char gap[] = " ... ";
    enum { FRONT = 400, BACK = ERROR_TEXT_SIZE - 1 - FRONT - (sizeof gap - 1) };
    if (size < ERROR_TEXT_SIZE) return;
    size_t front = FRONT, back = size - BACK;
    while (front > 0 && continues_character(text[front])) --front;
    while (back < size && continues_character(text[back])) ++back;
    memcpy(text + front, gap, sizeof gap - 1);
    memmove(text + front + sizeof gap - 1, text + back, size - back + 1);
}

/* The arguments may point into the current error text, so build the new one elsewhere first. */
static void write_error(const char *format, va_list arguments, const char *rest)
{
    char text[WORK_SIZE];
    /* rest is at most ERROR_TEXT_SIZE + 2 */
    const size_t rest_size = strlen(rest), most = sizeof text - 1 - rest_size;
    const int length = clile_i_format(text, sizeof text, format, arguments);
    size_t size = length < 0 ? 0 : (size_t)length;
    if (size > most) size = most;
    memcpy(text + size, rest, rest_size + 1);
    keep_both_ends(text, size + rest_size);
    strcpy(error_text, text);
}

clile_status clile_i_fail(clile_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_error(format, arguments, "");
    va_end(arguments);
    return status;
}

clile_status clile_i_fail_system(int error, const char *format, ...)
{
    char rest[256] = ": ";
    if (strerror_r(error, rest + 2, sizeof rest - 2) != 0) strcpy(rest, ": unknown system error");
    va_list arguments;
    va_start(arguments, format);
    write_error(format, arguments, rest);
    va_end(arguments);
    return CLILE_E_IO;
}

clile_status clile_i_fail_context(clile_status status, const char *format, ...)
{
    char rest[ERROR_TEXT_SIZE + 2] = ": ";
    strcpy(rest + 2, error_text);
    va_list arguments;
    va_start(arguments, format);
    write_error(format, arguments, rest);
    va_end(arguments);
    return status;
}
