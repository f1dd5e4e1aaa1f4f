/* The reader of zip archives. Only the directory at the end of the file counts. A local header
 * is used to find where its data begin, and its name must agree. */
#include "store/zip.h"

#include <string.h>
#include <zlib.h>

enum {
    END_SIZE = 22,     /* end of central directory record */
    END64_SIZE = 56,   /* likewise for zip64 */
    LOCATOR_SIZE = 20, /* points to the zip64 record */
    ENTRY_SIZE = 46,   /* one member in the directory */
    LOCAL_SIZE = 30,   /* header in front of a member's data */
    MOST_COMMENT = 65535,
    STORED = 0,
    DEFLATED = 8,
    FLAG_ENCRYPTED = 1,
    ZIP64_EXTRA = 1
};

/* torch.save never deflates, so a limit on what a small file can become in memory costs nothing. */
static const uint64_t MOST_INFLATED = (uint64_t)1 << 30;

typedef struct {
    char *name;
    uint32_t method, crc;
    uint64_t packed, size, at; /* bytes in the file; bytes inflated; offset of the local header */
    const uint8_t *data;       /* NULL until read */
    uint8_t *inflated;         /* NULL for a stored member */
} member;

struct clile_i_zip {
    const char *path;
    const uint8_t *file;
    uint64_t file_size;
    member *members;
    int64_t count;
    uint64_t inflated; /* bytes in memory */
};

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)clile_i_load_le(p, 2);
}
static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)clile_i_load_le(p, 4);
}
static uint64_t u64(const uint8_t *p)
{
    return clile_i_load_le(p, 8);
}

static int signed_as(const uint8_t *p, char third, char fourth)
{
    return p[0] == 'P' && p[1] == 'K' && p[2] == (uint8_t)third && p[3] == (uint8_t)fourth;
}

int clile_i_zip_is(const clile_i_file *file)
{
    /* a safetensors file may also begin with these bytes, as a length, but has a brace where an
     * archive has a method */
    return file->size > LOCAL_SIZE && signed_as(file->data, 3, 4) && file->data[8] != '{';
}

/* ---- the directory ---- */

typedef struct {
    uint64_t begin, size, count;
} directory;

static clile_status find_directory(const clile_i_zip *zip, directory *out)
{
    const uint8_t *file = zip->file, *end = NULL;
    const uint64_t last = zip->file_size < END_SIZE ? 0 : zip->file_size - END_SIZE;
    for (uint64_t back = 0;
         zip->file_size >= END_SIZE && back <= last && back <= MOST_COMMENT && end == NULL;
         ++back) {
        const uint8_t *p = file + (last - back);
        if (signed_as(p, 5, 6) && u16(p + 20) == back) end = p;
    }
    if (end == NULL)
        return clile_i_fail(
            CLILE_E_CORRUPT,
            "%s: a zip archive without its directory: truncated, or something was appended to it",
            zip->path);
    uint32_t disks = u16(end + 4) | u16(end + 6);
    *out = (directory){u32(end + 16), u32(end + 12), u16(end + 10)};
    if (end - file >= LOCATOR_SIZE && signed_as(end - LOCATOR_SIZE, 6, 7)) {
        const uint64_t at = u64(end - LOCATOR_SIZE + 8);
        if (zip->file_size < END64_SIZE || at > zip->file_size - END64_SIZE ||
            !signed_as(file + at, 6, 6))
            return clile_i_fail(CLILE_E_CORRUPT,
                                "%s: no zip64 directory at byte %llu, where the archive says it is",
                                zip->path, (unsigned long long)at);
        disks = u32(file + at + 16) | u32(file + at + 20);
        *out = (directory){u64(file + at + 48), u64(file + at + 40), u64(file + at + 32)};
    }
    if (disks != 0)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: part of a split zip archive", zip->path);
    if (out->begin > zip->file_size || out->size > zip->file_size - out->begin)
        return clile_i_fail(CLILE_E_CORRUPT,
                            "%s: the zip directory ends outside the file: %llu bytes from byte "
                            "%llu, the file has %llu",
                            zip->path, (unsigned long long)out->size,
                            (unsigned long long)out->begin, (unsigned long long)zip->file_size);
    if (out->count > out->size / ENTRY_SIZE)
        return clile_i_fail(
            CLILE_E_CORRUPT, "%s: %llu members do not fit in a zip directory of %llu bytes",
            zip->path, (unsigned long long)out->count, (unsigned long long)out->size);
    return CLILE_OK;
}

/* Sizes that do not fit in 32 bits are in an extra field, in this order, each present only if
 * its 32-bit field is full. */
static int read_zip64(member *m, const uint8_t *extra, uint32_t extra_size)
{
    uint64_t *const fields[] = {&m->size, &m->packed, &m->at};
    int wanted = 0;
    for (int i = 0; i < 3; ++i) wanted += *fields[i] == UINT32_MAX;
    for (uint32_t at = 0; extra_size - at >= 4;) {
        const uint32_t id = u16(extra + at), size = u16(extra + at + 2);
        if (size > extra_size - at - 4) return 0;
        const uint8_t *p = extra + at + 4, *end = p + size;
        for (int i = 0; i < 3 && id == ZIP64_EXTRA; ++i) {
            if (*fields[i] != UINT32_MAX) continue;
            if (end - p < 8) return 0;
            *fields[i] = u64(p);
            p += 8;
        }
        if (id == ZIP64_EXTRA) return 1;
        at += 4 + size;
    }
    return wanted == 0;
}

/* Reads the entry at *at and moves *at past it. */
static clile_status read_entry(clile_i_zip *zip, const directory *dir, uint64_t *at)
{
    const uint8_t *p = zip->file + dir->begin + *at;
    const uint64_t left = dir->size - *at;
    member *m = &zip->members[zip->count];
    if (left < ENTRY_SIZE || !signed_as(p, 1, 2) ||
        u16(p + 28) + u16(p + 30) + u16(p + 32) > left - ENTRY_SIZE)
        return clile_i_fail(CLILE_E_CORRUPT, "%s: entry %lld of the zip directory is damaged",
                            zip->path, (long long)zip->count);
    const uint32_t name_size = u16(p + 28), extra_size = u16(p + 30), flags = u16(p + 8);
    m->name = clile_i_calloc((int64_t)name_size + 1, 1);
    if (m->name == NULL) return CLILE_E_OUT_OF_MEMORY;
    memcpy(m->name, p + ENTRY_SIZE, name_size);
    ++zip->count;
    const char *end = m->name + name_size;
    for (const char *c = m->name; c < end;) {
        const int length = *c == '\0' ? 0 : clile_i_utf8_length(c, end);
        if (length == 0)
            return clile_i_fail(CLILE_E_CORRUPT,
                                "%s: entry %lld of the zip directory: the name is not UTF-8",
                                zip->path, (long long)zip->count - 1);
        c += length;
    }
    m->method = u16(p + 10);
    m->crc = u32(p + 16);
    m->packed = u32(p + 20);
    m->size = u32(p + 24);
    m->at = u32(p + 42);
    if (flags & FLAG_ENCRYPTED)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: the zip member %s is encrypted", zip->path,
                            m->name);
    if (m->method != STORED && m->method != DEFLATED)
        return clile_i_fail(
            CLILE_E_UNSUPPORTED,
            "%s: the zip member %s is packed by method %u, expected stored or deflated", zip->path,
            m->name, m->method);
    if (!read_zip64(m, p + ENTRY_SIZE + name_size, extra_size))
        return clile_i_fail(CLILE_E_CORRUPT,
                            "%s: the zip member %s: its zip64 sizes are missing or damaged",
                            zip->path, m->name);
    *at += ENTRY_SIZE + name_size + extra_size + u16(p + 32);
    return CLILE_OK;
}

clile_status clile_i_zip_open(const clile_i_file *file, const char *path, clile_i_zip **out)
{
    clile_status status = CLILE_OK;
    clile_i_zip *zip = NULL;
    directory dir = {0, 0, 0};
    uint64_t at = 0;
    *out = NULL;
    if (!clile_i_zip_is(file)) return clile_i_fail(CLILE_E_FORMAT, "%s: not a zip archive", path);
    CLILE_I_ALLOC(zip, 1);
    zip->path = path;
    zip->file = file->data;
    zip->file_size = file->size;
    CLILE_I_TRY(find_directory(zip, &dir));
    CLILE_I_ALLOC(zip->members, dir.count);
    for (uint64_t i = 0; i < dir.count; ++i) CLILE_I_TRY(read_entry(zip, &dir, &at));
    *out = zip;
    zip = NULL;
cleanup:
    clile_i_zip_close(zip);
    return status;
}

void clile_i_zip_close(clile_i_zip *zip)
{
    if (zip == NULL) return;
    for (int64_t i = 0; i < zip->count; ++i) {
        clile_i_free(zip->members[i].name);
        clile_i_free(zip->members[i].inflated);
    }
    clile_i_free(zip->members);
    clile_i_free(zip);
}

int64_t clile_i_zip_count(const clile_i_zip *zip)
{
    return zip->count;
}

const char *clile_i_zip_name(const clile_i_zip *zip, int64_t index)
{
    return zip->members[index].name;
}

int64_t clile_i_zip_find(const clile_i_zip *zip, const char *name)
{
    for (int64_t i = 0; i < zip->count; ++i)
        if (strcmp(zip->members[i].name, name) == 0) return i;
    return -1;
}

/* ---- the data ---- */

/* Finds the packed bytes of a member. */
static clile_status locate(const clile_i_zip *zip, const member *m, const uint8_t **out)
{
    const size_t name_size = strlen(m->name);
    const uint8_t *p = zip->file + m->at;
    if (zip->file_size < LOCAL_SIZE || m->at > zip->file_size - LOCAL_SIZE || !signed_as(p, 3, 4))
        return clile_i_fail(
            CLILE_E_CORRUPT,
            "%s: the zip member %s is not at byte %llu, where the directory says it is", zip->path,
            m->name, (unsigned long long)m->at);
    const uint64_t begin = m->at + LOCAL_SIZE + u16(p + 26) + u16(p + 28);
    if (begin > zip->file_size || m->packed > zip->file_size - begin)
        return clile_i_fail(CLILE_E_CORRUPT,
                            "%s: the zip member %s ends outside the file: %llu bytes from byte "
                            "%llu, the file has %llu",
                            zip->path, m->name, (unsigned long long)m->packed,
                            (unsigned long long)begin, (unsigned long long)zip->file_size);
    if (u16(p + 26) != name_size || memcmp(p + LOCAL_SIZE, m->name, name_size) != 0)
        return clile_i_fail(CLILE_E_CORRUPT,
                            "%s: the zip member %s has another name before its data", zip->path,
                            m->name);
    *out = zip->file + begin;
    return CLILE_OK;
}

static clile_status inflate_member(clile_i_zip *zip, member *m, const uint8_t *packed)
{
    clile_status status = CLILE_OK;
    z_stream stream = {0};
    int begun = 0;
    /* deflate compresses at most 1032 to 1: a larger size is false, so do not allocate it */
    if (m->size / 1032 > m->packed + 1) {
        status = clile_i_fail(CLILE_E_CORRUPT,
                              "%s: the zip member %s: %llu bytes cannot inflate to %llu", zip->path,
                              m->name, (unsigned long long)m->packed, (unsigned long long)m->size);
        goto cleanup;
    }
    if (m->size > MOST_INFLATED - zip->inflated) {
        status = clile_i_fail(CLILE_E_UNSUPPORTED,
                              "%s: its deflated members (%s is one) inflate to more than %d MiB",
                              zip->path, m->name, (int)(MOST_INFLATED >> 20));
        goto cleanup;
    }
    CLILE_I_ALLOC(m->inflated, (int64_t)m->size);
    zip->inflated += m->size;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
        status = clile_i_fail(CLILE_E_OUT_OF_MEMORY,
                              "%s: out of memory to inflate the zip member %s", zip->path, m->name);
        goto cleanup;
    }
    begun = 1;
    stream.next_in = (Bytef *)(uintptr_t)packed;
    stream.avail_in = (uInt)m->packed;
    stream.next_out = m->inflated;
    stream.avail_out = (uInt)m->size;
    if (inflate(&stream, Z_FINISH) != Z_STREAM_END || stream.avail_out != 0 || stream.avail_in != 0)
        status = clile_i_fail(CLILE_E_CORRUPT,
                              "%s: the zip member %s does not inflate to its %llu bytes", zip->path,
                              m->name, (unsigned long long)m->size);
cleanup:
    if (begun) inflateEnd(&stream);
    return status;
}

clile_status clile_i_zip_read(clile_i_zip *zip, int64_t index, const uint8_t **data, size_t *size)
{
    member *m = &zip->members[index];
    const uint8_t *bytes = NULL;
    if (m->data == NULL) {
        CLILE_I_RETURN_IF(locate(zip, m, &bytes));
        if (m->method == DEFLATED && m->inflated == NULL)
            CLILE_I_RETURN_IF(inflate_member(zip, m, bytes));
        if (m->method == DEFLATED) bytes = m->inflated;
        if (m->method == STORED && m->packed != m->size)
            return clile_i_fail(CLILE_E_CORRUPT,
                                "%s: the zip member %s is stored, but its two sizes differ",
                                zip->path, m->name);
        const uint32_t crc = clile_i_crc32(0, bytes, (size_t)m->size);
        if (crc != m->crc)
            return clile_i_fail(
                CLILE_E_CORRUPT,
                "%s: the zip member %s is damaged: its CRC-32 is %08x, the archive says %08x",
                zip->path, m->name, crc, m->crc);
        m->data = bytes;
    }
    *data = m->data;
    *size = (size_t)m->size;
    return CLILE_OK;
}
