/* Shared by the reader and the writer of packs; docs/pack-format.md is normative. */
#ifndef CLILE_I_PACK_H
#define CLILE_I_PACK_H

#include "store/safetensors.h"

#define CLILE_I_PACK_FORMAT "clile-pack"
#define CLILE_I_PACK_VERSION "1"
/* Metadata of a pack with targets: their CRC-32 (clile_i_targets_crc). */
#define CLILE_I_PACK_TARGETS "targets_crc32"
/* Metadata of a pack with the tensor "intensity", int8 [n,c]: its CRC-32. */
#define CLILE_I_PACK_INTENSITY "intensity_crc32"
/* Metadata of a pack with the tensor "landmarks", float32 [n,68,2]: its CRC-32. */
#define CLILE_I_PACK_LANDMARKS "landmarks_crc32"

enum { CLILE_I_PACK_BLOCK = 64 }; /* images per block that this version writes */

/* The metadata's tables_crc32 covers everything except pixels, in this order, strings without
 * their NUL. */
typedef struct {
    const char *au_ids, *subjects, *images;
    int64_t n, c;
    const void *frame, *subject, *labels; /* int64 [n], int32 [n], int8 [n,c] */
} clile_i_pack_tables;

static inline uint32_t clile_i_pack_tables_crc(const clile_i_pack_tables *t)
{
    const char *texts[3] = {t->au_ids, t->subjects, t->images};
    uint32_t crc = 0;
    for (int k = 0; k < 3; ++k) {
        size_t size = 0;
        while (texts[k][size] != '\0') ++size;
        crc = clile_i_crc32(crc, texts[k], size);
    }
    crc = clile_i_crc32(crc, t->frame, (size_t)t->n * sizeof(int64_t));
    crc = clile_i_crc32(crc, t->subject, (size_t)t->n * sizeof(int32_t));
    return clile_i_crc32(crc, t->labels, (size_t)t->n * (size_t)t->c);
}

#endif
