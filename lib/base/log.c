/* Writes one line to the caller's log function. */
#include "base/base.h"
#include "base/format.h"

enum { LINE_SIZE = 2048 };
static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* `text` as one line of UTF-8. */
static void clean(const char *text, char line[LINE_SIZE])
{
    const char *end = text + strlen(text);
    size_t size = 0;
    while (text < end) {
        const unsigned char byte = (unsigned char)*text;
        const int length = byte < 0x20 || byte == 0x7F ? 0 : clile_i_utf8_length(text, end);
        const size_t most = length > 0 ? (size_t)length : sizeof replacement - 1;
        if (size + most >= LINE_SIZE) break;
        memcpy(line + size, length > 0 ? text : replacement, most);
        size += most;
        text += length > 0 ? length : 1;
    }
    line[size] = '\0';
}

void clile_i_log_write(clile_i_log log, int32_t level, const char *format, ...)
{
    char text[LINE_SIZE], line[LINE_SIZE], error[LINE_SIZE];
    if (log.fn == NULL) return;
    va_list arguments;
    va_start(arguments, format);
    clile_i_format(text, sizeof text, format, arguments);
    va_end(arguments);
    clean(text, line);
    snprintf(error, sizeof error, "%s", clile_last_error());
    log.fn(level, line, log.user);
    clile_i_fail(CLILE_OK, "%s", error); /* a call inside the log function may have failed */
}

void clile_i_log_team(clile_i_log log, int32_t asked, clile_i_team team, int32_t *told)
{
    if (team.given < asked && team.given != *told)
        clile_i_log_write(log, CLILE_LOG_WARNING, "OpenMP provides %d of the %d requested threads",
                          (int)team.given, (int)asked);
    *told = team.given;
}
