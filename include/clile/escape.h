/* clile/escape.h: names, paths and labels from data, made safe for the files they are written to.
 *
 *     clile_escape("html", clile_dataset_get_image_name(data, i), &name);
 *     fprintf(page, "<td>%s</td>", name);
 *     clile_free(name); */
#ifndef CLILE_ESCAPE_H
#define CLILE_ESCAPE_H

#include <clile/status.h>

CLILE_BEGIN

/* `text` as a part of a file of this form:
 *   "csv"   a field: quoted if need be (RFC 4180); if a spreadsheet would take it for a formula (it
 *           begins with = + - @, a tab or CR, and is not a number), an apostrophe is put in front
 *   "html"  text or a quoted attribute of HTML or SVG
 *   "md"    Markdown;  "tex"  LaTeX, no packages needed
 * In the last three, line breaks and tabs become blanks; other control characters, U+FFFE, U+FFFF
 * and bytes that are not UTF-8 become U+FFFD. `*out` is owned by the caller: clile_free.
 * INVALID_ARGUMENT: another form; OUT_OF_MEMORY. Shared (any thread). Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_escape(const char *form, const char *text, char **out);

CLILE_END

#endif
