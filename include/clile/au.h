/* clile/au.h: names of action units.
 *
 *     for (int32_t c = 0; c < clile_model_au_count(model); ++c)
 *         printf("AU%-3d %.3f  %s\n", (int)au[c], probability[c], clile_au_name(au[c])); */
#ifndef CLILE_AU_H
#define CLILE_AU_H

#include <clile/export.h>

CLILE_BEGIN

/* The English name of an action unit in FACS (Ekman, Friesen, Hager 2002): "Lid tightener" for 7.
 * It knows 1 to 39 and 43 to 46, as far as FACS has them (there is no 3), and 41 and 42 from the
 * first edition. NULL for any other number. Static string. Cannot fail. Shared (any thread).
 * Since 0.1. */
CLILE_API const char *clile_au_name(int32_t au);

CLILE_END

#endif
