/* Lines and comma-separated fields of a text in memory. */
#include "base/base.h"

#include <string.h>

int clile_i_lines_next(clile_i_lines *lines, const char **begin, const char **end)
{
    if (lines->position == 0 && lines->size >= 3 && memcmp(lines->data, "\xEF\xBB\xBF", 3) == 0)
        lines->position = 3; /* byte order mark */
    if (lines->position >= lines->size) return 0;
    const char *first = lines->data + lines->position;
    const size_t left = lines->size - lines->position;
    const char *stop = lines->data + lines->size, *last = memchr(first, '\n', left);
    if (last == NULL) last = stop;
    const char *back = memchr(first, '\r', (size_t)(last - first)); /* CR LF, or CR alone */
    if (back != NULL) last = back;
    const int two = last + 1 < stop && last[0] == '\r' && last[1] == '\n';
    lines->position += (size_t)(last - first) + (last < stop) + (size_t)two;
    ++lines->line;
    *begin = first;
    *end = last;
    return 1;
}

static int is_blank(char character)
{
    return character == ' ' || character == '\t';
}

int64_t clile_i_csv_split(const char *begin, const char *end, int64_t most,
                          const char **field_begin, const char **field_end)
{
    int64_t count = 0;
    for (;;) {
        while (begin < end && is_blank(*begin)) ++begin;
        const char *stop = begin;
        int quoted = 0;
        while (stop < end && (quoted || *stop != ',')) {
            /* A doubled quote closes and opens again, with the same result. */
            if (*stop == '"' && (quoted || *begin == '"')) quoted = !quoted;
            ++stop;
        }
        const char *last = stop;
        while (last > begin && is_blank(last[-1])) --last;
        if (count < most) {
            const int strip = last - begin >= 2 && *begin == '"' && last[-1] == '"';
            field_begin[count] = begin + strip;
            field_end[count] = last - strip;
        }
        ++count;
        if (stop == end) return count;
        begin = stop + 1;
    }
}
