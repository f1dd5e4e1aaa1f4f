/* Bytes of a JPEG, PNG or BMP file -> 8-bit RGB. The only file that knows stb_image. Other formats
 * go to codec.c.
 *
 * stb_image reads zeros beyond the end of a file and does not check PNG's checksums: a half-copied
 * file would become a half grey face. So each format is first walked to its end here. */
#include "image/codec.h"
#include "image/exif.h"

#include <limits.h>
#include <string.h>

/* No allocation of the decoder may exceed `most`, which follows from file and pixels (block_limit):
 * a small PNG can inflate without bound. The decoder's hooks have no argument for it, so it is
 * thread-local, like the decoder's own failure reason. */
static _Thread_local struct {
    size_t most;
    int exceeded, refused; /* a block was larger; memory ran out */
} decoder_block;

static void *decoder_malloc(size_t size)
{
    if (size > decoder_block.most) {
        decoder_block.exceeded = 1;
        return NULL;
    }
    void *block = clile_i_calloc((int64_t)size, 1);
    if (block == NULL) decoder_block.refused = 1;
    return block;
}

static void *decoder_realloc(void *old, size_t old_size, size_t size)
{
    void *block = decoder_malloc(size);
    if (block != NULL && old != NULL) {
        memcpy(block, old, old_size < size ? old_size : size);
        clile_i_free(old);
    }
    return block;
}

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ASSERT(condition) ((void)0)
#define STBI_MALLOC(size) decoder_malloc(size)
#define STBI_REALLOC_SIZED(old, old_size, size) decoder_realloc(old, old_size, size)
#define STBI_FREE(block) clile_i_free(block)
#if defined(__GNUC__)
/* reported at the end of the file, so not restored */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#if !defined(__clang__)
/* of fields that only the callback reader uses */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#endif
#include "stb_image.h"
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

typedef enum { KIND_NONE, KIND_JPEG, KIND_PNG, KIND_BMP } kind;

static const char *const kind_names[] = {"", "JPEG", "PNG", "BMP"};

static kind kind_of(const uint8_t *bytes, size_t size)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff) return KIND_JPEG;
    if (size >= 8 && memcmp(bytes, png, sizeof png) == 0) return KIND_PNG;
    if (size >= 2 && bytes[0] == 'B' && bytes[1] == 'M') return KIND_BMP;
    return KIND_NONE;
}

/* What kind of file it is, if none of these; "" if unknown. */
static const char *other_kind(const uint8_t *bytes, size_t size)
{
    static const struct {
        size_t at, length;
        const char *bytes, *name;
    } kinds[] = {
        {0, 4, "II*\0", "TIFF"},     {0, 4, "MM\0*", "TIFF"},
        {0, 4, "GIF8", "GIF"},       {0, 2, "\xff\x0a", "JPEG XL"},
        {4, 4, "JXL ", "JPEG XL"},   {4, 4, "jP  ", "JPEG 2000"},
        {0, 4, "8BPS", "Photoshop"}, {0, 4, "%PDF", "PDF"},
        {4, 4, "ftyp", "video"},     {0, 4, "\x1a\x45\xdf\xa3", "video"},
        {8, 4, "AVI ", "video"},
    };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; ++k)
        if (size >= kinds[k].at + kinds[k].length &&
            memcmp(bytes + kinds[k].at, kinds[k].bytes, kinds[k].length) == 0)
            return kinds[k].name;
    return "";
}

static uint32_t read_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t read_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* What is known about a file without decoding it. */
typedef struct {
    int64_t w, h;        /* 0: not reached */
    const char *defect;  /* NULL: the file is complete */
    int32_t orientation; /* EXIF's number; 0: not given */
    int channels;        /* of a JPEG */
    /* offset of the colour transform in a JPEG's Adobe marker; 0: no such marker */
    size_t adobe;
} survey;

/* Each scan of a JPEG costs a pass over all pixels, even if it has few bytes. More scans than any
 * encoder writes are refused. */
enum { MOST_SCANS = 4, MOST_SCANS_PROGRESSIVE = 64 };

/* T.81, B.2.4.2: a class's tables, each 16 numbers of codes and as many values as they add up
 * to, must fill the segment. A table has at most 256 values; stb_image up to 2.27 writes past
 * its end if it claims more. */
static int huffman_tables_fit(const uint8_t *at, size_t size)
{
    while (size > 0) {
        size_t values = 0;
        if (size < 17) return 0;
        for (int k = 1; k <= 16; ++k) values += at[k];
        if (values > 256 || values > size - 17) return 0;
        at += 17 + values;
        size -= 17 + values;
    }
    return 1;
}

/* The segments that other standards add to a JPEG: APP1 with EXIF, of which the first counts,
 * and APP14 with Adobe's colour transform (Adobe Technical Note 5116, 18). `data` begins after
 * the length. */
static void survey_application(survey *out, uint8_t marker, const uint8_t *bytes, size_t data,
                               size_t size)
{
    if (marker == 0xe1 && size >= 6 && out->orientation == 0 &&
        memcmp(bytes + data, "Exif\0", 6) == 0)
        out->orientation = clile_i_exif_orientation(bytes + data, size);
    if (marker == 0xee && size >= 12 && memcmp(bytes + data, "Adobe", 6) == 0)
        out->adobe = data + 11;
}

/* ITU-T T.81, annex B: segments from SOI to EOI; SOS is followed by entropy-coded bytes, in
 * which 0xff is followed by 0 or a restart marker. */
static survey survey_jpeg(const uint8_t *bytes, size_t size)
{
    survey out = {.defect = "it ends before the end-of-image marker"};
    size_t at = 2;
    int scans = 0, progressive = 0;
    while (at < size) {
        if (bytes[at] != 0xff) { /* entropy-coded data, or padding between segments */
            const uint8_t *next = memchr(bytes + at, 0xff, size - at);
            if (next == NULL) break;
            at = (size_t)(next - bytes);
        }
        if (at + 1 >= size) break;
        const uint8_t marker = bytes[at + 1];
        if (marker == 0xd9) {
            out.defect = out.w > 0 ? NULL : "it has no frame header";
            break;
        }
        if (marker == 0xff) {
            at += 1;
        } else if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
            at += 2;
        } else {
            if (at + 4 > size) break;
            const size_t length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
            if (length < 2 || length > size - at - 2) break;
            const int frame =
                (marker & 0xf0) == 0xc0 && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
            if (frame && length >= 7 && out.w == 0) {
                out.h = bytes[at + 5] << 8 | bytes[at + 6];
                out.w = bytes[at + 7] << 8 | bytes[at + 8];
                out.channels = length >= 8 ? bytes[at + 9] : 0;
                progressive = marker == 0xc2;
            }
            if (marker == 0xc4 && !huffman_tables_fit(bytes + at + 4, length - 2)) {
                out.defect = "a Huffman table is invalid";
                break;
            }
            if (marker == 0xda && ++scans > (progressive ? MOST_SCANS_PROGRESSIVE : MOST_SCANS)) {
                out.defect = "it has too many scans";
                break;
            }
            if (scans == 0) survey_application(&out, marker, bytes, at + 4, length - 2);
            at += 2 + length;
        }
    }
    return out;
}

/* PNG specification, section 5: chunks of length, type, data and CRC-32 from IHDR to IEND.
 * Checksums of critical chunks (capital first letter) are verified; an eXIf chunk with a wrong
 * one is ignored. */
static survey survey_png(const uint8_t *bytes, size_t size)
{
    survey out = {.defect = "it ends before the IEND chunk"};
    size_t at = 8;
    if (size >= 24 && memcmp(bytes + 12, "IHDR", 4) == 0) {
        out.w = read_be32(bytes + 16);
        out.h = read_be32(bytes + 20);
    }
    while (size - at >= 12) {
        const size_t length = read_be32(bytes + at);
        const uint8_t *type = bytes + at + 4;
        if (length > size - at - 12) break;
        const int critical = type[0] >= 'A' && type[0] <= 'Z', exif = memcmp(type, "eXIf", 4) == 0;
        const int right = (critical || exif) &&
                          clile_i_crc32(0, type, length + 4) == read_be32(type + 4 + length);
        if (critical && !right) {
            out.defect = "a checksum does not match its data";
            break;
        }
        if (exif && right) out.orientation = clile_i_exif_orientation(type + 4, length);
        if (memcmp(type, "IEND", 4) == 0) {
            out.defect = NULL;
            break;
        }
        at += 12 + length;
    }
    return out;
}

/* A file header of 14 bytes, then BITMAPCOREHEADER (12 bytes) or BITMAPINFOHEADER (40 or more).
 * Uncompressed pixels must be inside the file. */
static survey survey_bmp(const uint8_t *bytes, size_t size)
{
    survey out = {.defect = "it ends before its last pixel"};
    if (size < 34) return out;
    const uint32_t header = read_le32(bytes + 14);
    uint32_t bits, compression = 0;
    if (header < 40) {
        out.w = bytes[18] | bytes[19] << 8;
        out.h = bytes[20] | bytes[21] << 8;
        bits = (uint32_t)(bytes[24] | bytes[25] << 8);
    } else {
        const int32_t w = (int32_t)read_le32(bytes + 18), h = (int32_t)read_le32(bytes + 22);
        out.w = w;
        out.h = h < 0 ? -(int64_t)h : h; /* negative: rows from the top */
        bits = (uint32_t)(bytes[28] | bytes[29] << 8);
        compression = read_le32(bytes + 30);
    }
    const int plain = compression == 0 || compression == 3; /* the decoder refuses others */
    const uint64_t row = ((uint64_t)(out.w > 0 ? out.w : 0) * bits + 31) / 32 * 4;
    if (!plain || (row <= size && read_le32(bytes + 10) + row * (uint64_t)out.h <= size))
        out.defect = NULL;
    return out;
}

/* The largest block that decoding can need: 16-bit RGBA, doubled because buffers grow by
 * doubling, with a JPEG's rounding up to whole blocks and the filter byte of each PNG row; or
 * the compressed bytes, doubled. */
static size_t block_limit(const survey *found, size_t size)
{
    const uint64_t w = (uint64_t)found->w + 64, h = (uint64_t)found->h + 64;
    const uint64_t most = 16 * w * h + 2 * (uint64_t)size + (1 << 16);
    return most > (uint64_t)PTRDIFF_MAX / 2 ? (size_t)PTRDIFF_MAX / 2 : (size_t)most;
}

/* Four channels are CMYK (transform 0) or YCCK (2), stored inverted, as Adobe does and all
 * readers expect. Without the marker they are CMYK. stb_image takes them for YCbCr and something
 * else if the marker is missing or has another value, which libjpeg reads as YCCK. So the
 * decoder gets a copy with the right marker. */
static clile_status mark_four_channels(const uint8_t *bytes, size_t size, const survey *found,
                                       uint8_t **copy, size_t *copy_size)
{
    static const uint8_t marker[16] = {0xff, 0xee, 0,   14, 'A', 'd', 'o', 'b',
                                       'e',  0,    100, 0,  0,   0,   0,   0};
    clile_status status = CLILE_OK;
    const size_t more = found->adobe == 0 ? sizeof marker : 0, start = 2; /* after SOI */
    CLILE_I_ALLOC(*copy, size + more);
    memcpy(*copy, bytes, start);
    memcpy(*copy + start, marker, more);
    memcpy(*copy + start + more, bytes + start, size - start);
    if (found->adobe != 0) (*copy)[found->adobe] = 2;
    *copy_size = size + more;
cleanup:
    return status;
}

/* Calls the decoder on a complete file. */
static clile_status decode(const char *name, kind what, const uint8_t *bytes, size_t size,
                           const survey *found, clile_i_image *out)
{
    int w = 0, h = 0, channels = 0;
    decoder_block.most = block_limit(found, size);
    decoder_block.exceeded = decoder_block.refused = 0;
    /* it can fail without setting a reason; an earlier one must not remain */
    (void)stbi__err("unknown reason", "");
    uint8_t *pixels = stbi_load_from_memory(bytes, (int)size, &w, &h, &channels, 3);
    if (pixels != NULL) {
        *out = (clile_i_image){
            .h = h, .w = w, .row_stride = (int64_t)w * 3, .rgb = pixels, .owned = pixels};
        return CLILE_OK;
    }
    const char *reason = stbi_failure_reason();
    if (decoder_block.exceeded)
        return clile_i_fail(
            CLILE_E_CORRUPT,
            "image %s: the %s file is damaged: it has more data than its %lld x %lld pixels", name,
            kind_names[what], (long long)found->w, (long long)found->h);
    /* If it is out of memory, its reason may be anything or missing. It also says "outofmem" for
     * sizes that it rejects. */
    if (decoder_block.refused || strcmp(reason, "outofmem") == 0)
        return clile_i_fail(CLILE_E_OUT_OF_MEMORY, "image %s: out of memory", name);
    return clile_i_fail(CLILE_E_CORRUPT, "image %s: the %s file cannot be decoded (%s)", name,
                        kind_names[what], reason);
}

/* What the file is, and that it can be decoded at all. */
static clile_status examine(const char *name, const uint8_t *bytes, size_t size, int64_t max_pixels,
                            kind *what, survey *out)
{
    if (size == 0) return clile_i_fail(CLILE_E_FORMAT, "image %s is empty (0 bytes)", name);
    *what = kind_of(bytes, size);
    if (*what == KIND_NONE) {
        const char *other = other_kind(bytes, size);
        return clile_i_fail(CLILE_E_FORMAT,
                            "image %s is %s%s%snot a JPEG, PNG, BMP, WebP or HEIF file", name,
                            other[0] != '\0' ? "a " : "", other, other[0] != '\0' ? " file, " : "");
    }
    if (size > INT_MAX - 64)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "image %s is larger than 2 GiB", name);

    const survey found = *what == KIND_JPEG  ? survey_jpeg(bytes, size)
                         : *what == KIND_PNG ? survey_png(bytes, size)
                                             : survey_bmp(bytes, size);
    if (found.w > 0 && found.h > max_pixels / found.w)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "image %s has %lld x %lld pixels, max_pixels allows %lld", name,
                            (long long)found.w, (long long)found.h, (long long)max_pixels);
    if (found.defect != NULL || found.w < 1 || found.h < 1)
        return clile_i_fail(CLILE_E_CORRUPT, "image %s: the %s file is damaged: %s", name,
                            kind_names[*what],
                            found.defect != NULL ? found.defect : "it has no pixels");
    *out = found;
    return CLILE_OK;
}

clile_status clile_i_image_decode(const char *name, const uint8_t *bytes, size_t size,
                                  int64_t max_pixels, clile_i_image *out)
{
    kind what = KIND_NONE;
    survey found = {0};
    const clile_i_codec_kind codec = clile_i_codec_of(bytes, size);
    memset(out, 0, sizeof *out);
    if (codec != CLILE_I_CODEC_NONE)
        return clile_i_codec_decode(codec, name, bytes, size, max_pixels, out);
    CLILE_I_RETURN_IF(examine(name, bytes, size, max_pixels, &what, &found));
    uint8_t *marked = NULL;
    if (found.channels == 4 &&
        (found.adobe == 0 || (bytes[found.adobe] != 0 && bytes[found.adobe] != 2))) {
        CLILE_I_RETURN_IF(mark_four_channels(bytes, size, &found, &marked, &size));
        bytes = marked;
    }
    clile_status status = decode(name, what, bytes, size, &found, out);
    clile_i_free(marked);
    if (status == CLILE_OK) status = clile_i_image_orient(out, found.orientation);
    if (status != CLILE_OK) clile_i_image_free(out);
    return status;
}

clile_status clile_i_image_read(const char *path, int64_t max_pixels, clile_i_image *out)
{
    clile_i_file file = {0};
    memset(out, 0, sizeof *out);
    CLILE_I_RETURN_IF(clile_i_file_open(path, &file));
    const clile_status status = clile_i_image_decode(path, file.data, file.size, max_pixels, out);
    clile_i_file_close(&file);
    return status;
}

clile_status clile_i_image_size(const char *path, int64_t max_pixels, int32_t *h, int32_t *w)
{
    clile_i_file file = {0};
    kind what = KIND_NONE;
    survey found = {0};
    CLILE_I_RETURN_IF(clile_i_file_open(path, &file));
    const clile_i_codec_kind codec = clile_i_codec_of(file.data, file.size);
    clile_status status;
    if (codec != CLILE_I_CODEC_NONE) {
        status = clile_i_codec_size(codec, path, file.data, file.size, max_pixels, h, w);
    } else {
        status = examine(path, file.data, file.size, max_pixels, &what, &found);
        const int lies = found.orientation >= 5; /* EXIF turns it upright */
        *h = (int32_t)(lies ? found.w : found.h);
        *w = (int32_t)(lies ? found.h : found.w);
    }
    clile_i_file_close(&file);
    return status;
}

void clile_i_image_free(clile_i_image *image)
{
    if (image == NULL) return;
    clile_i_free(image->owned);
    memset(image, 0, sizeof *image);
}
