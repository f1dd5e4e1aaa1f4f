/* 8-bit PNG writer (PNG specification, second edition): IHDR, one IDAT, IEND; each row filtered
 * with Sub (5.1 there).
 */
#include "image/image.h"

#include <string.h>
#include <zlib.h>

static void write_be32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

static clile_status put_chunk(clile_i_writer *writer, const char *type, const uint8_t *data,
                              size_t size)
{
    uint8_t head[8], tail[4];
    write_be32(head, (uint32_t)size);
    memcpy(head + 4, type, 4);
    write_be32(tail, clile_i_crc32(clile_i_crc32(0, head + 4, 4), data, size));
    CLILE_I_RETURN_IF(clile_i_writer_put(writer, head, sizeof head));
    if (size > 0) CLILE_I_RETURN_IF(clile_i_writer_put(writer, data, size));
    return clile_i_writer_put(writer, tail, sizeof tail);
}

clile_status clile_i_image_write_png(const char *path, int32_t h, int32_t w, int32_t channels,
                                     const uint8_t *pixels)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    clile_status status = CLILE_OK;
    clile_i_writer *writer = NULL;
    uint8_t *raw = NULL, *packed = NULL;
    uint8_t header[13] = {0};

    if (h < 1 || w < 1 || (channels != 1 && channels != 3))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "PNG %s: %d x %d pixels in %d channels cannot be written", path, w, h,
                            channels);
    const size_t row = (size_t)w * (size_t)channels;
    const size_t raw_size = (size_t)h * (row + 1);
    if (raw_size > UINT32_MAX / 2)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "PNG %s: %d x %d pixels are too many", path, w, h);
    uLongf packed_size = compressBound((uLong)raw_size);
    CLILE_I_ALLOC(raw, raw_size);
    CLILE_I_ALLOC(packed, packed_size);

    for (int32_t y = 0; y < h; ++y) {
        const uint8_t *src = pixels + (size_t)y * row;
        uint8_t *dst = raw + (size_t)y * (row + 1);
        *dst++ = 1; /* Sub: difference to the pixel on the left */
        for (size_t i = 0; i < row; ++i)
            dst[i] = (uint8_t)(src[i] - (i < (size_t)channels ? 0 : src[i - (size_t)channels]));
    }
    if (compress2(packed, &packed_size, raw, (uLong)raw_size, 1) != Z_OK) {
        status = clile_i_fail(CLILE_E_OUT_OF_MEMORY, "PNG %s: zlib is out of memory", path);
        goto cleanup;
    }

    write_be32(header, (uint32_t)w);
    write_be32(header + 4, (uint32_t)h);
    header[8] = 8;                     /* bits */
    header[9] = channels == 3 ? 2 : 0; /* RGB or grey */
    CLILE_I_TRY(clile_i_writer_open(path, &writer));
    clile_i_writer_relax(
        writer); /* do not wait for the disk: thousands of images that are quick to make again */
    CLILE_I_TRY(clile_i_writer_put(writer, signature, sizeof signature));
    CLILE_I_TRY(put_chunk(writer, "IHDR", header, sizeof header));
    CLILE_I_TRY(put_chunk(writer, "IDAT", packed, packed_size));
    CLILE_I_TRY(put_chunk(writer, "IEND", header, 0));
    status = clile_i_writer_commit(&writer);

cleanup:
    clile_i_writer_abort(&writer);
    clile_i_free(packed);
    clile_i_free(raw);
    return status;
}
