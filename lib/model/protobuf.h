/* The wire format of protocol buffers, as much of it as an ONNX file needs (protobuf.dev,
 * "Encoding"). Private to model.
 *
 * A message is a run of fields; a field is a tag, number << 3 | wire type, and a value: a varint
 * (type 0) or a length and that many bytes (type 2: text, bytes, an inner message). */
#ifndef CLILE_I_PROTOBUF_H
#define CLILE_I_PROTOBUF_H

#include "base/base.h"

/* Growing bytes, all zero at first. A failed append makes all that follow do nothing: check
 * `status` once at the end.
 */
typedef struct {
    uint8_t *data;
    int64_t size, capacity;
    clile_status status;
} clile_i_pb;

void clile_i_pb_free(clile_i_pb *pb);
void clile_i_pb_varint(clile_i_pb *pb, int32_t field, uint64_t value);
void clile_i_pb_bytes(clile_i_pb *pb, int32_t field, const void *data, int64_t size);
void clile_i_pb_text(clile_i_pb *pb, int32_t field, const char *text);
/* An inner message: what is appended between begin and end. `at` of end is what begin returned. */
int64_t clile_i_pb_begin(clile_i_pb *pb, int32_t field);
void clile_i_pb_end(clile_i_pb *pb, int64_t at);

#endif
