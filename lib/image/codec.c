/* Pictures of the formats that modules decode. A file is first walked to its end here, so that a
 * truncated one is told whatever the decoder makes of it. */
#include "image/codec.h"
#include "image/exif.h"

#include <limits.h>

static const clile_i_module_kind modules[] = {
    [CLILE_I_CODEC_WEBP] = {"codec", CLILE_I_CODEC_ENTRY, CLILE_I_CODEC_INTERFACE,
                            "install it (Debian: clile-webp; from source: libwebp-dev, then cmake "
                            "-DCLILE_WEBP=ON), or convert the picture to JPEG or PNG"},
    [CLILE_I_CODEC_HEIF] = {"codec", CLILE_I_CODEC_ENTRY, CLILE_I_CODEC_INTERFACE,
                            "install it (Debian: clile-heif; from source: libheif-dev, then cmake "
                            "-DCLILE_HEIF=ON), or convert the picture to JPEG or PNG"},
};
static const char *const module_names[] = {"", "webp", "heif"};

/* ---- what the bytes say ---- */

/* Brands of ISO/IEC 23008-12 and of AVIF, and what their files are called. */
static const char *brand_name(const uint8_t *brand)
{
    static const struct {
        const char *brand, *name;
    } brands[] = {{"heic", "HEIC"}, {"heix", "HEIC"}, {"heim", "HEIC"}, {"heis", "HEIC"},
                  {"hevc", "HEIC"}, {"hevx", "HEIC"}, {"mif1", "HEIF"}, {"msf1", "HEIF"},
                  {"avif", "AVIF"}, {"avis", "AVIF"}};
    for (size_t k = 0; k < sizeof brands / sizeof *brands; ++k)
        if (memcmp(brand, brands[k].brand, 4) == 0) return brands[k].name;
    return NULL;
}

clile_i_codec_kind clile_i_codec_of(const uint8_t *bytes, size_t size)
{
    if (size < 12) return CLILE_I_CODEC_NONE;
    if (memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
        return CLILE_I_CODEC_WEBP;
    if (memcmp(bytes + 4, "ftyp", 4) == 0 && brand_name(bytes + 8) != NULL)
        return CLILE_I_CODEC_HEIF;
    return CLILE_I_CODEC_NONE;
}

/* Chunks of a WebP (RIFF): four letters, a little-endian size, data padded to an even size.
 * Returns a defect or NULL. */
static const char *walk_webp(const uint8_t *bytes, size_t size, int32_t *orientation)
{
    static const char *const ends = "it ends before its last chunk";
    const size_t end = (size_t)clile_i_load_le(bytes + 4, 4) + 8;
    if (end > size) return ends;
    if (end < 12) return "it ends before its first chunk";
    for (size_t at = 12; end - at >= 8;) {
        const size_t length = (size_t)clile_i_load_le(bytes + at + 4, 4);
        if (length > end - at - 8) return ends;
        if (memcmp(bytes + at, "EXIF", 4) == 0)
            *orientation = clile_i_exif_orientation(bytes + at + 8, length);
        at += 8 + length;
        if (length % 2 == 1 && at < end) ++at;
    }
    return NULL;
}

typedef struct {
    const uint8_t *data;
    size_t size;
} span;

/* Takes a box of a HEIF file off `rest`: a big-endian size, which is 0 to the end of the file and 1
 * before a longer size, and four letters. 0: there is none left; -1: it is longer than the file;
 * *box is then what is left of it. */
static int next_box(span *rest, const uint8_t **type, span *box)
{
    uint64_t length = 0, head = 8;
    if (rest->size < 8) return 0;
    for (int k = 0; k < 4; ++k) length = length << 8 | rest->data[k];
    if (length == 0) length = rest->size;
    *type = rest->data + 4;
    if (length == 1 && rest->size >= (head = 16))
        for (int k = 8; k < 16; ++k) length = length << 8 | rest->data[k];
    const int whole = length >= head && length <= rest->size;
    if (!whole) length = rest->size;
    if (head > length) head = length;
    *box = (span){rest->data + head, (size_t)(length - head)};
    *rest = (span){rest->data + length, rest->size - (size_t)length};
    return whole ? 1 : -1;
}

/* Without data if there is none. */
static span find_box(span in, const char *type)
{
    const uint8_t *its;
    span box;
    while (next_box(&in, &its, &box) == 1)
        if (memcmp(its, type, 4) == 0) return box;
    return (span){NULL, 0};
}

/* Whether the box "meta" says how a picture is turned or mirrored. */
static int has_turns(span meta)
{
    if (meta.size < 4) return 0; /* version and flags */
    const span all = {meta.data + 4, meta.size - 4};
    const span properties = find_box(find_box(all, "iprp"), "ipco");
    return find_box(properties, "irot").data != NULL || find_box(properties, "imir").data != NULL;
}

/* Programs append bytes that are no boxes to complete files. */
static const char *walk_heif(const uint8_t *bytes, size_t size, int *turned)
{
    span rest = {bytes, size}, box;
    const uint8_t *type = NULL;
    int got;
    while ((got = next_box(&rest, &type, &box)) != 0) {
        const int meta = memcmp(type, "meta", 4) == 0;
        if (got < 0)
            return meta || type == bytes + 4 || memcmp(type, "mdat", 4) == 0
                       ? "it ends inside a box"
                       : NULL;
        if (meta) *turned = has_turns(box);
    }
    return NULL;
}

/* ---- the module ---- */

clile_status clile_i_codec_check(clile_i_codec_kind kind, const clile_i_codec_module *table,
                                 const char *path)
{
    CLILE_I_RETURN_IF(clile_i_shared_check(&modules[kind], table, sizeof *table, path));
    if (table->measure == NULL || table->decode == NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: not a codec module of libclile", path);
    return CLILE_OK;
}

typedef struct {
    clile_i_codec_kind kind;
    const char *name, *format; /* of the file; "WebP" */
    void *library;             /* of clile_i_shared_open */
    const clile_i_codec_module *table;
    int32_t h, w, orientation;
    int turned; /* by the format's own means, so that EXIF does not count */
} codec;

static clile_status open_module(codec *c)
{
    clile_status status = CLILE_OK;
    clile_i_codec_entry entry = NULL;
    char *path = NULL;
    CLILE_I_TRY(clile_i_shared_open(&modules[c->kind], module_names[c->kind], &c->library, &entry,
                                    sizeof entry, &path));
    c->table = entry();
    status = clile_i_codec_check(c->kind, c->table, path);
cleanup:
    clile_i_free(path);
    if (status == CLILE_E_OUT_OF_MEMORY) return status;
    return status == CLILE_OK ? status
                              : clile_i_fail_context(status, "image %s (%s)", c->name, c->format);
}

/* A failure of the module. */
static clile_status fail(const codec *c, clile_status status, const char *message)
{
    if (status == CLILE_E_OUT_OF_MEMORY)
        return clile_i_fail(status, "image %s: out of memory", c->name);
    if (status == CLILE_E_UNSUPPORTED)
        return clile_i_fail(status, "image %s: the %s file cannot be read: %s", c->name, c->format,
                            message);
    return clile_i_fail(CLILE_E_CORRUPT, "image %s: the %s file is damaged: %s", c->name, c->format,
                        message);
}

/* Up to the size of the picture; close it even on failure. */
static clile_status open_codec(codec *c, const uint8_t *bytes, size_t size, int64_t max_pixels)
{
    char message[256] = "";
    c->format = c->kind == CLILE_I_CODEC_WEBP ? "WebP" : brand_name(bytes + 8);
    if (size > INT_MAX - 64)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "image %s is larger than 2 GiB", c->name);
    const char *defect = c->kind == CLILE_I_CODEC_WEBP ? walk_webp(bytes, size, &c->orientation)
                                                       : walk_heif(bytes, size, &c->turned);
    if (defect != NULL) return fail(c, CLILE_E_CORRUPT, defect);
    CLILE_I_RETURN_IF(open_module(c));
    const clile_status status =
        c->table->measure(bytes, size, &c->h, &c->w, &c->orientation, message, sizeof message);
    if (status != CLILE_OK) return fail(c, status, message);
    if (c->turned) c->orientation = 0;
    if (c->h < 1 || c->w < 1) return fail(c, CLILE_E_CORRUPT, "it has no pixels");
    if (c->h > max_pixels / c->w)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "image %s has %d x %d pixels, max_pixels allows %lld", c->name,
                            (int)c->w, (int)c->h, (long long)max_pixels);
    return CLILE_OK;
}

clile_status clile_i_codec_decode(clile_i_codec_kind kind, const char *name, const uint8_t *bytes,
                                  size_t size, int64_t max_pixels, clile_i_image *out)
{
    clile_status status = CLILE_OK;
    codec c = {.kind = kind, .name = name};
    char message[256] = "";
    uint8_t *rgb = NULL;
    clile_i_image image = {0};
    memset(out, 0, sizeof *out);
    CLILE_I_TRY(open_codec(&c, bytes, size, max_pixels));
    CLILE_I_ALLOC(rgb, (int64_t)c.h * c.w * 3);
    status = c.table->decode(bytes, size, max_pixels, c.h, c.w, rgb, message, sizeof message);
    if (status != CLILE_OK) {
        status = fail(&c, status, message);
        goto cleanup;
    }
    image = (clile_i_image){
        .h = c.h, .w = c.w, .row_stride = (int64_t)c.w * 3, .rgb = rgb, .owned = rgb};
    CLILE_I_TRY(clile_i_image_orient(&image, c.orientation)); /* which replaces the pixels */
    *out = image;
    rgb = NULL;
cleanup:
    clile_i_free(rgb);
    clile_i_shared_close(c.library);
    return status;
}

clile_status clile_i_codec_size(clile_i_codec_kind kind, const char *name, const uint8_t *bytes,
                                size_t size, int64_t max_pixels, int32_t *h, int32_t *w)
{
    codec c = {.kind = kind, .name = name};
    const clile_status status = open_codec(&c, bytes, size, max_pixels);
    clile_i_shared_close(c.library);
    const int lies = c.orientation >= 5; /* EXIF turns it upright */
    *h = lies ? c.w : c.h;
    *w = lies ? c.h : c.w;
    return status;
}
