/* EXIF data alone: any bytes give an orientation, and nothing outside them is read. */
#include "fuzz.h"

#include "image/exif.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1); /* ends where the data end */
    FUZZ_CHECK(copy != NULL);
    if (size > 0) memcpy(copy, data, size);
    const int32_t orientation = clile_i_exif_orientation(copy, size);
    FUZZ_CHECK(orientation >= 1 && orientation <= 8);
    free(copy);
    return 0;
}
