/* The orientation of a photograph, from its file's EXIF data (CIPA DC-008-2019, 4.5 and 4.6.4;
 * TIFF 6.0, section 2): a header of 8 bytes, a directory of 12-byte entries at the offset the
 * header gives, and in it the tag 0x0112. */
#include "image/exif.h"

#include <string.h>

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, TYPE_LONG = 4, ENTRY_SIZE = 12 };

typedef struct {
    const uint8_t *data;
    size_t size;
    int big_endian;
} tiff;

static uint32_t read_16(const tiff *t, size_t at)
{
    const uint8_t *p = t->data + at;
    return t->big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t read_32(const tiff *t, size_t at)
{
    return t->big_endian ? read_16(t, at) << 16 | read_16(t, at + 2)
                         : read_16(t, at + 2) << 16 | read_16(t, at);
}

int32_t clile_i_exif_orientation(const uint8_t *bytes, size_t size)
{
    static const char prefix[6] = {'E', 'x', 'i', 'f', '\0', '\0'};
    tiff t = {bytes, size, 0};
    if (t.size >= sizeof prefix && memcmp(t.data, prefix, sizeof prefix) == 0) {
        t.data += sizeof prefix;
        t.size -= sizeof prefix;
    }
    if (t.size < 8) return 1;
    t.big_endian = t.data[0] == 'M';
    if (t.data[0] != t.data[1] || (t.data[0] != 'M' && t.data[0] != 'I') || read_16(&t, 2) != 42)
        return 1;
    const size_t directory = read_32(&t, 4);
    if (directory > t.size - 2) return 1;
    const size_t entries = read_16(&t, directory);
    size_t at = directory + 2;
    for (size_t k = 0; k < entries && t.size - at >= ENTRY_SIZE; ++k, at += ENTRY_SIZE) {
        if (read_16(&t, at) != TAG_ORIENTATION) continue;
        const uint32_t type = read_16(&t, at + 2), count = read_32(&t, at + 4);
        const uint32_t value = type == TYPE_SHORT  ? read_16(&t, at + 8)
                               : type == TYPE_LONG ? read_32(&t, at + 8)
                                                   : 0;
        return count == 1 && value >= 1 && value <= 8 ? (int32_t)value : 1;
    }
    return 1;
}
