/* A protocol buffers writer. The length of an inner message is known only at its end. There its
 * bytes move up by the one to five bytes of the length. */
#include "store/protobuf.h"

#include <string.h>

enum { TYPE_VARINT = 0, TYPE_F64 = 1, TYPE_BYTES = 2, TYPE_F32 = 5, VARINT_MOST = 10 };

void clile_i_pb_free(clile_i_pb *pb)
{
    clile_i_free(pb->data);
    *pb = (clile_i_pb){0};
}

/* Makes room for `size` more bytes. */
static int reserve(clile_i_pb *pb, int64_t size)
{
    if (pb->status != CLILE_OK) return 0;
    if (size <= pb->capacity - pb->size) return 1;
    const int64_t capacity = pb->size + size + pb->capacity / 2 + 256;
    uint8_t *data = clile_i_calloc(capacity, 1);
    if (data == NULL) {
        pb->status = CLILE_E_OUT_OF_MEMORY;
        return 0;
    }
    if (pb->size > 0) memcpy(data, pb->data, (size_t)pb->size);
    clile_i_free(pb->data);
    pb->data = data;
    pb->capacity = capacity;
    return 1;
}

/* Seven bits per byte, lowest first. The top bit is set if more bytes follow. */
static int32_t encode_varint(uint64_t value, uint8_t *out)
{
    int32_t size = 0;
    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

static void put_varint(clile_i_pb *pb, uint64_t value)
{
    if (reserve(pb, VARINT_MOST)) pb->size += encode_varint(value, pb->data + pb->size);
}

static void put_tag(clile_i_pb *pb, int32_t field, int32_t type)
{
    put_varint(pb, (uint64_t)field << 3 | (uint64_t)type);
}

void clile_i_pb_raw(clile_i_pb *pb, const void *data, int64_t size)
{
    if (size == 0 || !reserve(pb, size)) return;
    memcpy(pb->data + pb->size, data, (size_t)size);
    pb->size += size;
}

void clile_i_pb_varint(clile_i_pb *pb, int32_t field, uint64_t value)
{
    put_tag(pb, field, TYPE_VARINT);
    put_varint(pb, value);
}

static void put_fixed(clile_i_pb *pb, int32_t field, int32_t type, uint64_t bits, int32_t size)
{
    uint8_t bytes[8];
    clile_i_store_le(bits, (size_t)size, bytes);
    put_tag(pb, field, type);
    clile_i_pb_raw(pb, bytes, size);
}

void clile_i_pb_f64(clile_i_pb *pb, int32_t field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_fixed(pb, field, TYPE_F64, bits, 8);
}

void clile_i_pb_f32(clile_i_pb *pb, int32_t field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_fixed(pb, field, TYPE_F32, bits, 4);
}

void clile_i_pb_bytes(clile_i_pb *pb, int32_t field, const void *data, int64_t size)
{
    put_tag(pb, field, TYPE_BYTES);
    put_varint(pb, (uint64_t)size);
    clile_i_pb_raw(pb, data, size);
}

void clile_i_pb_text(clile_i_pb *pb, int32_t field, const char *text)
{
    clile_i_pb_bytes(pb, field, text, (int64_t)strlen(text));
}

int64_t clile_i_pb_begin(clile_i_pb *pb, int32_t field)
{
    put_tag(pb, field, TYPE_BYTES);
    return pb->size;
}

void clile_i_pb_end(clile_i_pb *pb, int64_t at)
{
    uint8_t length[VARINT_MOST];
    if (pb->status != CLILE_OK) return;
    const int64_t size = pb->size - at;
    const int32_t bytes = encode_varint((uint64_t)size, length);
    if (!reserve(pb, bytes)) return;
    memmove(pb->data + at + bytes, pb->data + at, (size_t)size);
    memcpy(pb->data + at, length, (size_t)bytes);
    pb->size += bytes;
}
