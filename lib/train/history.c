/* The history of a run: a line of JSON for each epoch (docs/history.md). */
#include "train/history.h"

#include "data/data.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define LINE_BEGIN "{\"history\":1,\"run\":\""
enum { RUN_DIGITS = 8 };

/* ---- the epoch so far ---- */

void clile_i_epoch_add(clile_i_epoch *epoch, const clile_i_losses *losses, double seconds)
{
    epoch->total += losses->total;
    for (int i = 0; i < CLILE_I_LOSS_COUNT; ++i) epoch->term[i] += losses->term[i];
    epoch->steps += 1;
    epoch->timed += 1;
    epoch->seconds += seconds;
}

clile_status clile_i_trainer_make_run(clile_trainer *t)
{
    uint32_t crc = t->data_crc;
    CLILE_I_RETURN_IF(clile_i_options_crc(t->options, &crc));
    for (int32_t i = 0; i < clile_i_net_tensor_count(t->net); ++i) {
        const clile_i_net_tensor *tensor = clile_i_net_tensor_at(t->net, i);
        crc = clile_i_crc32(crc, tensor->data, (size_t)tensor->count * sizeof *tensor->data);
    }
    const int64_t au_count = (int64_t)(t->c + t->model->null_anchor) * t->d;
    t->run = clile_i_crc32(crc, t->au_start, (size_t)au_count * sizeof *t->au_start);
    return CLILE_OK;
}

clile_i_place clile_i_trainer_place(const clile_trainer *t)
{
    if (t->exec != NULL) return (clile_i_place){t->stage, (int32_t)(t->step / t->steps_per_epoch)};
    return t->done[1] ? (clile_i_place){1, INT32_MAX} : (clile_i_place){0, 0};
}

/* ---- a line ---- */

/* The least digits that read back to the same bits. */
static void append_number(clile_i_text *text, double value)
{
    char digits[40];
    double back;
    if (!clile_i_is_finite(value)) {
        clile_i_text_append(text, "null");
        return;
    }
    clile_i_text number = {0};
    for (int precision = 15; precision <= 17; ++precision) {
        number.size = 0;
        clile_i_text_append(&number, "%.*g", precision, value);
        if (number.status != CLILE_OK) break;
        snprintf(digits, sizeof digits, "%s", number.data);
        if (clile_i_parse_f64(digits, digits + strlen(digits), &back) && back == value) break;
    }
    if (number.status == CLILE_OK)
        clile_i_text_append(text, "%s", digits);
    else
        text->status = number.status;
    clile_i_text_free(&number);
}

static void append_real(clile_i_text *text, const char *key, double value)
{
    clile_i_text_append(text, ",\"%s\":", key);
    append_number(text, value);
}

int clile_i_history_has_term(const clile_trainer *t, int32_t stage, int32_t term)
{
    if (stage == 1) return term == CLILE_I_LOSS_bce;
    if (t->own.fn != NULL && t->own.mode != CLILE_LOSS_ADDS) return 0;
    return t->settings.term[term] != NULL;
}

double clile_i_wall_clock(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + 1e-3 * floor(1e-6 * (double)time.tv_nsec);
}

static void append_line(const clile_trainer *t, clile_i_text *text)
{
    const clile_progress *p = &t->history.told;
    const clile_i_epoch *last = &t->history.last;
    char key[64];
    clile_i_origin origin;
    clile_i_dataset_origin(t->data, &origin);
    clile_i_text_append(text, LINE_BEGIN "%08lx\",\"stage\":%d,\"epoch\":%d,\"epochs\":%d",
                        (unsigned long)t->run, (int)p->stage, (int)p->epoch, (int)p->epochs);
    clile_i_text_append(text, ",\"step\":%lld,\"steps\":%lld", (long long)p->step,
                        (long long)p->steps);
    append_real(text, "loss", p->mean_loss);
    for (int32_t i = 0; i < CLILE_I_LOSS_COUNT; ++i) {
        snprintf(key, sizeof key, "loss_%s", clile_i_loss_table[i].name);
        append_real(text, key,
                    clile_i_history_has_term(t, p->stage, i) ? last->term[i] / (double)last->steps
                                                             : NAN);
    }
    append_real(text, "learning_rate", p->learning_rate);
    append_real(text, "validation_f1", p->validation_f1);
    append_real(text, "validation_auc", p->validation_auc);
    clile_i_text_append(text, ",\"protocol\":");
    clile_i_text_append_json(text, origin.protocol);
    clile_i_text_append(text, ",\"fold\":%d", (int)origin.fold);
    append_real(text, "images_per_second", p->epoch_images_per_second);
    append_real(text, "seconds", p->epoch_seconds);
    append_real(text, "time", clile_i_wall_clock());
    clile_i_text_append(text, "}\n");
}

static void put_line(const clile_trainer *t, clile_i_pb *out)
{
    clile_i_text line = {0};
    append_line(t, &line);
    if (line.status == CLILE_OK)
        clile_i_pb_raw(out, line.data, (int64_t)line.size);
    else
        out->status = line.status;
    clile_i_text_free(&line);
}

/* ---- the lines that are there ---- */

typedef struct {
    char run[RUN_DIGITS + 1];
    clile_i_place place;
} line_start;

static int take(const char **at, const char *end, const char *text)
{
    const size_t size = strlen(text);
    if ((size_t)(end - *at) < size || memcmp(*at, text, size) != 0) return 0;
    *at += size;
    return 1;
}

/* Digits, and the comma after them. */
static int take_number(const char **at, const char *end, int32_t *out)
{
    const char *comma = memchr(*at, ',', (size_t)(end - *at));
    int64_t value;
    if (comma == NULL || !clile_i_parse_i64(*at, comma, &value)) return 0;
    if (value < 1 || value > INT32_MAX) return 0;
    *out = (int32_t)value;
    *at = comma + 1;
    return 1;
}

/* Reads how a line begins; 0 if it is no line of a history. */
static int read_line(const char *at, const char *end, line_start *out)
{
    if (end == at || end[-1] != '}' || !take(&at, end, LINE_BEGIN)) return 0;
    if (end - at < RUN_DIGITS) return 0;
    memcpy(out->run, at, RUN_DIGITS);
    out->run[RUN_DIGITS] = '\0';
    at += RUN_DIGITS;
    return take(&at, end, "\",\"stage\":") && take_number(&at, end, &out->place.stage) &&
           take(&at, end, "\"epoch\":") && take_number(&at, end, &out->place.epoch);
}

static clile_status not_a_line(const char *path, int64_t number)
{
    return clile_i_fail(CLILE_E_FORMAT,
                        "%s: line %lld is not a line of a history (docs/history.md): name another "
                        "file for the history",
                        path, (long long)number);
}

int clile_i_place_is_after(clile_i_place a, clile_i_place b)
{
    return a.stage != b.stage ? a.stage > b.stage : a.epoch > b.epoch;
}

/* Bytes of the file to keep: the lines of this run up to `done`. A line that a power failure cut
 * short is the last one, without its end. */
static clile_status lines_kept(const clile_trainer *t, const char *path, const clile_i_file *file,
                               size_t *kept)
{
    const char *const begin = (const char *)file->data, *const all = begin + file->size;
    const clile_i_place done = clile_i_trainer_place(t);
    char run[RUN_DIGITS + 1];
    int64_t number = 0;
    snprintf(run, sizeof run, "%08lx", (unsigned long)t->run);
    *kept = 0;
    for (const char *at = begin, *end; at < all; at = end + 1) {
        line_start line;
        end = memchr(at, '\n', (size_t)(all - at));
        if (end == NULL) break;
        if (!read_line(at, end, &line)) return not_a_line(path, number + 1);
        ++number;
        if (done.stage == 0) break; /* a new run takes the place of any other */
        if (strcmp(line.run, run) != 0)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: line %lld is of run %s, but the checkpoint is of run %s: name "
                                "another file for the history, or remove this one",
                                path, (long long)number, line.run, run);
        if (clile_i_place_is_after(line.place, done)) break;
        *kept = (size_t)(end + 1 - begin);
    }
    /* one line without an end: ours, cut short, or something else */
    const size_t shown = strlen(LINE_BEGIN), size = file->size < shown ? file->size : shown;
    if (number == 0 && memcmp(begin, LINE_BEGIN, size) != 0) return not_a_line(path, 1);
    return CLILE_OK;
}

const clile_i_history_kind clile_i_history_lines = {lines_kept, NULL, put_line};
