/* The part of the protocol buffers wire format that ONNX and TensorBoard files need (protobuf.dev,
 * "Encoding").
 *
 * A message is a sequence of fields. A field is a tag, number << 3 | wire type, and a value: a
 * varint (type 0), 8 or 4 bytes (types 1 and 5: double, float), or a length and that many bytes
 * (type 2: text, bytes, an inner message). */
#ifndef CLILE_I_PROTOBUF_H
#define CLILE_I_PROTOBUF_H

#include "base/base.h"

/* A growing array of bytes; zero-initialise it. After a failed append, later appends do nothing:
 * check `status` once, at the end. */
typedef struct {
    uint8_t *data;
    int64_t size, capacity;
    clile_status status;
} clile_i_pb;

void clile_i_pb_free(clile_i_pb *pb);
void clile_i_pb_raw(clile_i_pb *pb, const void *data, int64_t size); /* no tag */
void clile_i_pb_varint(clile_i_pb *pb, int32_t field, uint64_t value);
void clile_i_pb_f64(clile_i_pb *pb, int32_t field, double value);
void clile_i_pb_f32(clile_i_pb *pb, int32_t field, float value);
void clile_i_pb_bytes(clile_i_pb *pb, int32_t field, const void *data, int64_t size);
void clile_i_pb_text(clile_i_pb *pb, int32_t field, const char *text);
/* Wraps what is appended between begin and end in an inner message. Pass begin's result to end. */
int64_t clile_i_pb_begin(clile_i_pb *pb, int32_t field);
void clile_i_pb_end(clile_i_pb *pb, int64_t at);

#endif
