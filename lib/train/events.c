/* The history as a file of TensorBoard: records of events, each with scalars of one epoch.
 *
 * A record is a length (8 bytes), its masked CRC-32C (4), the bytes, and their masked CRC-32C (4),
 * all little-endian; masked: rotated right by 15, plus 0xA282EAD8. The bytes are a message Event
 * (tensorflow/core/util/event.proto): wall_time = 1, step = 2, file_version = 3, summary = 5,
 * source_metadata = 10. Here the step is the epoch. The first record names the version and the
 * run. */
#include "train/history.h"

#include <string.h>

#define TAG_BEGIN "stage"
#define VERSION "brain.Event:2"
#define WRITER "clile "
enum { HEAD = 12, TAIL = 4, WALL_TIME = 9, RUN_DIGITS = 8 };

/* ---- CRC-32C ---- */

static uint32_t crc32c(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

static uint32_t masked_crc(const void *data, size_t size)
{
    const uint32_t crc = crc32c(data, size);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

/* ---- writing ---- */

void clile_i_events_record(clile_i_pb *out, const void *event, int64_t size)
{
    uint8_t head[HEAD], tail[TAIL];
    clile_i_store_le((uint64_t)size, 8, head);
    clile_i_store_le(masked_crc(head, 8), 4, head + 8);
    clile_i_store_le(masked_crc(event, (size_t)size), 4, tail);
    clile_i_pb_raw(out, head, HEAD);
    clile_i_pb_raw(out, event, size);
    clile_i_pb_raw(out, tail, TAIL);
}

/* Frees the event. */
static void put_record(clile_i_pb *out, clile_i_pb *event)
{
    if (event->status == CLILE_OK)
        clile_i_events_record(out, event->data, event->size);
    else
        out->status = event->status;
    clile_i_pb_free(event);
}

/* What follows wall_time in the first record. */
static void put_version(const clile_trainer *t, clile_i_pb *event)
{
    char writer[32];
    snprintf(writer, sizeof writer, WRITER "%08lx", (unsigned long)t->run);
    clile_i_pb_text(event, 3, VERSION);
    const int64_t source = clile_i_pb_begin(event, 10);
    clile_i_pb_text(event, 1, writer);
    clile_i_pb_end(event, source);
}

static void put_start(const clile_trainer *t, clile_i_pb *out)
{
    clile_i_pb event = {0};
    clile_i_pb_f64(&event, 1, clile_i_wall_clock());
    put_version(t, &event);
    put_record(out, &event);
}

/* Nothing for a value that is not known. */
static void put_scalar(clile_i_pb *event, int32_t stage, const char *name, double value)
{
    char tag[96];
    if (!clile_i_is_finite(value)) return;
    snprintf(tag, sizeof tag, TAG_BEGIN "%d/%s", (int)stage, name);
    const int64_t scalar = clile_i_pb_begin(event, 1);
    clile_i_pb_text(event, 1, tag);
    clile_i_pb_f32(event, 2, (float)value);
    clile_i_pb_end(event, scalar);
}

static void put_epoch(const clile_trainer *t, clile_i_pb *out)
{
    const clile_progress *p = &t->history.told;
    const clile_i_epoch *last = &t->history.last;
    char name[64];
    clile_i_pb event = {0};
    clile_i_pb_f64(&event, 1, clile_i_wall_clock());
    clile_i_pb_varint(&event, 2, (uint64_t)p->epoch);
    const int64_t summary = clile_i_pb_begin(&event, 5);
    put_scalar(&event, p->stage, "loss", p->mean_loss);
    for (int32_t i = 0; i < CLILE_I_LOSS_COUNT; ++i) {
        if (!clile_i_history_has_term(t, p->stage, i)) continue;
        snprintf(name, sizeof name, "loss_%s", clile_i_loss_table[i].name);
        put_scalar(&event, p->stage, name, last->term[i] / (double)last->steps);
    }
    put_scalar(&event, p->stage, "learning_rate", p->learning_rate);
    put_scalar(&event, p->stage, "validation_f1", p->validation_f1);
    put_scalar(&event, p->stage, "validation_auc", p->validation_auc);
    put_scalar(&event, p->stage, "images_per_second", p->epoch_images_per_second);
    clile_i_pb_end(&event, summary);
    put_record(out, &event);
}

/* ---- reading what is there ---- */

typedef struct {
    const uint8_t *at, *end;
} bytes;

static int take(bytes *b, const void *expected, size_t size)
{
    if ((size_t)(b->end - b->at) < size || memcmp(b->at, expected, size) != 0) return 0;
    b->at += size;
    return 1;
}

static int take_varint(bytes *b, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 63 && b->at < b->end; shift += 7) {
        const uint8_t byte = *b->at++;
        *out |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return 1;
    }
    return 0;
}

/* Takes a record. 1: *event is its bytes; 0: the end, or a record that was cut short; -1: damaged.
 */
static int take_record(bytes *file, bytes *event)
{
    const uint8_t *head = file->at;
    const size_t left = (size_t)(file->end - head);
    if (left < HEAD) return 0;
    if (clile_i_load_le(head + 8, 4) != masked_crc(head, 8)) return -1;
    const uint64_t size = clile_i_load_le(head, 8);
    if (left - HEAD < TAIL || size > left - HEAD - TAIL) return 0;
    *event = (bytes){head + HEAD, head + HEAD + size};
    if (clile_i_load_le(event->end, 4) != masked_crc(event->at, (size_t)size)) return -1;
    file->at = event->end + TAIL;
    return 1;
}

/* As put_epoch writes it: wall_time, step, summary { value { tag. */
static int read_epoch(bytes event, clile_i_place *out)
{
    uint64_t epoch, size;
    if (event.end - event.at < WALL_TIME || *event.at != (1 << 3 | 1)) return 0;
    event.at += WALL_TIME;
    if (!take(&event, "\x10", 1) || !take_varint(&event, &epoch) || epoch > INT32_MAX) return 0;
    for (int depth = 0; depth < 3; ++depth)
        if (!take(&event, depth == 0 ? "\x2A" : "\x0A", 1) || !take_varint(&event, &size)) return 0;
    if (!take(&event, TAG_BEGIN, strlen(TAG_BEGIN)) || event.at == event.end) return 0;
    if (*event.at != '1' && *event.at != '2') return 0;
    *out = (clile_i_place){*event.at - '0', (int32_t)epoch};
    return 1;
}

static clile_status damaged(const char *path, int64_t number)
{
    return clile_i_fail(CLILE_E_FORMAT,
                        "%s: record %lld is not one of libclile's, or damaged: name another folder "
                        "for TensorBoard, or remove the file",
                        path, (long long)number);
}

/* The first record: FORMAT if it is not ours, and INVALID_ARGUMENT if `resumes` and it is of
 * another run. */
static clile_status check_start(const clile_trainer *t, const char *path, bytes event, int resumes)
{
    clile_status status = CLILE_OK;
    clile_i_pb expected = {0};
    put_version(t, &expected);
    CLILE_I_TRY(expected.status);
    const size_t size = (size_t)expected.size;
    if ((size_t)(event.end - event.at) != WALL_TIME + size) {
        status = damaged(path, 1);
        goto cleanup;
    }
    const char *run = (const char *)event.end - RUN_DIGITS;
    if (memcmp(event.at + WALL_TIME, expected.data, size - RUN_DIGITS) != 0)
        status = damaged(path, 1);
    else if (resumes && memcmp(event.at + WALL_TIME, expected.data, size) != 0)
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "%s: of run %.*s, but the checkpoint is of run %08lx: name another "
                              "folder for TensorBoard, or remove this file",
                              path, RUN_DIGITS, run, (unsigned long)t->run);
cleanup:
    clile_i_pb_free(&expected);
    return status;
}

static clile_status records_kept(const clile_trainer *t, const char *path, const clile_i_file *file,
                                 size_t *kept)
{
    const clile_i_place done = clile_i_trainer_place(t);
    bytes rest = {file->data, file->data + file->size}, event;
    *kept = 0;
    for (int64_t number = 1;; ++number) {
        clile_i_place place = {0, 0};
        const int found = take_record(&rest, &event);
        if (found < 0) return damaged(path, number);
        if (found == 0) return CLILE_OK;
        if (number == 1) {
            CLILE_I_RETURN_IF(check_start(t, path, event, done.stage != 0));
            if (done.stage == 0) return CLILE_OK; /* a new run takes the place of any other */
        } else if (!read_epoch(event, &place)) {
            return damaged(path, number);
        }
        if (clile_i_place_is_after(place, done)) return CLILE_OK;
        *kept = (size_t)(rest.at - file->data);
    }
}

const clile_i_history_kind clile_i_history_events = {records_kept, put_start, put_epoch};
