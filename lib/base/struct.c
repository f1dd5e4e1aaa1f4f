/* Structures whose first field is `uint32_t struct_size`: one rule for all (docs/abi.md). */
#include "base/base.h"

enum { STRUCT_MOST = 4096 }; /* bytes; more is a field that was never set */

static uint32_t size_of(const void *theirs)
{
    uint32_t size = 0;
    memcpy(&size, theirs, sizeof size);
    return size;
}

clile_status clile_i_struct_check(const char *what, const void *theirs, size_t least)
{
    const uint32_t size = size_of(theirs);
    if (size >= least && size <= STRUCT_MOST) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: struct_size is %u, expected %zu to %d", what,
                        (unsigned)size, least, (int)STRUCT_MOST);
}

void clile_i_struct_get(void *ours, size_t size, const void *theirs)
{
    const uint32_t given = size_of(theirs);
    memset(ours, 0, size);
    memcpy(ours, theirs, given < size ? given : size);
}

void clile_i_struct_put(void *theirs, const void *ours, size_t size)
{
    const uint32_t given = size_of(theirs);
    memcpy(theirs, ours, given < size ? given : size);
    if (given > size) memset((char *)theirs + size, 0, given - size);
    memcpy(theirs, &given, sizeof given);
}
