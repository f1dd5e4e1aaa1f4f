/* 8-bit PNG (PNG specification, second edition): IHDR, one IDAT, IEND; each row filtered with Sub
 * (5.1 there). */
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

/* Appends a chunk at `to`; returns its end. */
static uint8_t *put_chunk(uint8_t *to, const char *type, const uint8_t *data, size_t size)
{
    write_be32(to, (uint32_t)size);
    memcpy(to + 4, type, 4);
    if (size > 0 && data != to + 8) memcpy(to + 8, data, size);
    write_be32(to + 8 + size, clile_i_crc32(0, to + 4, 4 + size));
    return to + 12 + size;
}

clile_status clile_i_image_encode_png(const char *what, int32_t h, int32_t w, int32_t channels,
                                      const uint8_t *pixels, uint8_t **out, size_t *size)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    enum { BESIDE = 8 + 25 + 12 + 12 }; /* signature, IHDR, an IDAT's own bytes, IEND */
    clile_status status = CLILE_OK;
    uint8_t *raw = NULL, *png = NULL;
    uint8_t header[13] = {0};

    if (h < 1 || w < 1 || (channels != 1 && channels != 3))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "PNG %s: %d x %d pixels in %d channels cannot be written", what, w, h,
                            channels);
    const size_t row = (size_t)w * (size_t)channels;
    const size_t raw_size = (size_t)h * (row + 1);
    if (raw_size > UINT32_MAX / 2)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "PNG %s: %d x %d pixels are too many", what, w, h);
    uLongf packed_size = compressBound((uLong)raw_size);
    CLILE_I_ALLOC(raw, raw_size);
    CLILE_I_ALLOC(png, packed_size + BESIDE);

    for (int32_t y = 0; y < h; ++y) {
        const uint8_t *src = pixels + (size_t)y * row;
        uint8_t *dst = raw + (size_t)y * (row + 1);
        *dst++ = 1; /* Sub: difference to the pixel on the left */
        for (size_t i = 0; i < row; ++i)
            dst[i] = (uint8_t)(src[i] - (i < (size_t)channels ? 0 : src[i - (size_t)channels]));
    }
    write_be32(header, (uint32_t)w);
    write_be32(header + 4, (uint32_t)h);
    header[8] = 8;                     /* bits */
    header[9] = channels == 3 ? 2 : 0; /* RGB or grey */
    memcpy(png, signature, sizeof signature);
    uint8_t *at = put_chunk(png + sizeof signature, "IHDR", header, sizeof header);
    if (compress2(at + 8, &packed_size, raw, (uLong)raw_size, 1) != Z_OK) {
        status = clile_i_fail(CLILE_E_OUT_OF_MEMORY, "PNG %s: zlib is out of memory", what);
        goto cleanup;
    }
    at = put_chunk(at, "IDAT", at + 8, packed_size);
    at = put_chunk(at, "IEND", NULL, 0);
    *size = (size_t)(at - png);
    *out = png;
    png = NULL;

cleanup:
    clile_i_free(png);
    clile_i_free(raw);
    return status;
}

clile_status clile_i_image_write_png(const char *path, int32_t h, int32_t w, int32_t channels,
                                     const uint8_t *pixels)
{
    clile_status status = CLILE_OK;
    clile_i_writer *writer = NULL;
    uint8_t *png = NULL;
    size_t size = 0;
    CLILE_I_TRY(clile_i_image_encode_png(path, h, w, channels, pixels, &png, &size));
    CLILE_I_TRY(clile_i_writer_open(path, &writer));
    clile_i_writer_relax(
        writer); /* do not wait for the disk: thousands of images that are quick to make again */
    CLILE_I_TRY(clile_i_writer_put(writer, png, size));
    status = clile_i_writer_commit(&writer);

cleanup:
    clile_i_writer_abort(&writer);
    clile_i_free(png);
    return status;
}
