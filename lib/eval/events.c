/* Events of action units: runs above a threshold, joined over short gaps. A series is looked at
 * once, forwards; what is kept of it is the run that is going on and the event before it, which a
 * run soon after would prolong. */
#include "base/base.h"

#include <clile/events.h>

#include <math.h>
#include <stdlib.h>

static const double CLOSE = 1e-6; /* seconds; times are equal up to this */

typedef struct {
    float enter, leave; /* as probabilities are, so that 0.4 is not above 0.4 */
    double length, gap;
} rule;

typedef struct {
    int32_t running, waiting; /* is there a run, an event before it? */
    int32_t entered;          /* the run has been above `enter` */
    clile_event run, event;
    double run_sum, event_sum; /* of probabilities */
} series;

typedef struct {
    int64_t person;
    int32_t here; /* in the frame that is being added */
    series *aus;  /* [c] */
} someone;

struct clile_events {
    int32_t c, *au_ids;
    rule rule;
    int32_t begun;
    double now, before; /* times of the last frame and of the one before it */
    int64_t count, capacity;
    someone *people;                      /* sorted by person */
    int64_t ready, taken, ready_capacity; /* events [taken..ready) of the queue */
    clile_event *queue;
    int64_t order_capacity;
    int64_t *order; /* persons of a frame, sorted */
};

/* ---- one series ---- */

/* The event before the run is over: nothing can prolong it any more. */
static void settle(clile_events *e, series *s)
{
    if (!s->waiting) return;
    s->waiting = 0;
    if (s->event.offset - s->event.onset + CLOSE < e->rule.length) return;
    s->event.mean = (float)(s->event_sum / (double)s->event.frames);
    e->queue[e->ready++] = s->event; /* there is room: reserve() */
}

static void end_run(series *s, double offset)
{
    if (!s->running) return;
    s->running = 0;
    if (!s->entered) return;
    s->run.offset = offset;
    if (!s->waiting) {
        s->event = s->run;
        s->event_sum = s->run_sum;
    } else {
        const clile_event first = s->event;
        s->event = first.peak >= s->run.peak ? first : s->run;
        s->event.onset = first.onset;
        s->event.onset_frame = first.onset_frame;
        s->event.offset = offset;
        s->event.last_frame = s->run.last_frame;
        s->event.frames = first.frames + s->run.frames;
        s->event_sum += s->run_sum;
    }
    s->waiting = 1;
}

static void begin_run(series *s, int64_t person, int32_t au, int64_t frame, double time)
{
    s->running = 1;
    s->entered = 0;
    s->run_sum = 0.0;
    s->run = (clile_event){.struct_size = sizeof s->run,
                           .au = au,
                           .person = person,
                           .onset = time,
                           .onset_frame = frame,
                           .peak = -1.0f};
}

static void step(clile_events *e, series *s, int64_t person, int32_t au, int64_t frame, double time,
                 float probability)
{
    if (!s->running && s->waiting && time - s->event.offset > e->rule.gap + CLOSE) settle(e, s);
    if (!(probability > e->rule.leave)) { /* NaN too */
        end_run(s, time);
        return;
    }
    if (!s->running) begin_run(s, person, au, frame, time);
    if (probability > s->run.peak) {
        s->run.peak = probability;
        s->run.apex = time;
        s->run.apex_frame = frame;
    }
    s->entered |= probability > e->rule.enter;
    s->run.last_frame = frame;
    ++s->run.frames;
    s->run_sum += (double)probability;
}

/* ---- persons ---- */

/* Of the first person whose number is at least this. */
static int64_t place_of(const clile_events *e, int64_t person)
{
    int64_t low = 0, high = e->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (e->people[middle].person < person)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_known(const clile_events *e, int64_t person)
{
    const int64_t at = place_of(e, person);
    return at < e->count && e->people[at].person == person;
}

/* Room for the persons who are new, and for one event of each series. */
static clile_status reserve(clile_events *e, int64_t count, const int64_t *person)
{
    int64_t added = 0;
    if (e->taken == e->ready) e->taken = e->ready = 0;
    for (int64_t i = 0; i < count; ++i) added += !is_known(e, person[i]);
    const int64_t people = e->count + added;
    if (people == 0) return CLILE_OK;
    CLILE_I_GROW(e->people, &e->capacity, people);
    CLILE_I_GROW(e->queue, &e->ready_capacity, e->ready + people * e->c);
    for (int64_t i = 0; i < count; ++i) {
        if (is_known(e, person[i])) continue;
        series *aus = clile_i_calloc(e->c, sizeof *aus);
        if (aus == NULL) return CLILE_E_OUT_OF_MEMORY; /* those with empty series change nothing */
        const int64_t at = place_of(e, person[i]);
        for (int64_t k = e->count; k > at; --k) e->people[k] = e->people[k - 1];
        e->people[at] = (someone){person[i], 0, aus};
        ++e->count;
    }
    return CLILE_OK;
}

/* Forgets those of whom nothing is going on. */
static void forget(clile_events *e)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < e->count; ++i) {
        int32_t needed = 0;
        for (int32_t k = 0; k < e->c; ++k)
            needed |= e->people[i].aus[k].running | e->people[i].aus[k].waiting;
        if (needed)
            e->people[kept++] = e->people[i];
        else
            clile_i_free(e->people[i].aus);
    }
    e->count = kept;
}

/* ---- the interface ---- */

static clile_status read_rule(const clile_options *options, rule *r)
{
    double enter = 0.0, leave = 0.0;
    CLILE_I_RETURN_IF(clile_options_get_f64(options, CLILE_OPT_EVENT_ENTER, &enter));
    CLILE_I_RETURN_IF(clile_options_get_f64(options, CLILE_OPT_EVENT_LEAVE, &leave));
    CLILE_I_RETURN_IF(clile_options_get_f64(options, CLILE_OPT_EVENT_LENGTH, &r->length));
    CLILE_I_RETURN_IF(clile_options_get_f64(options, CLILE_OPT_EVENT_GAP, &r->gap));
    r->enter = (float)enter;
    r->leave = (float)leave;
    if (leave <= enter) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "event_leave is %g, expected at most event_enter, which is %g", leave,
                        enter);
}

clile_status clile_events_create(int32_t c, const int32_t *au_ids, const clile_options *options,
                                 clile_events **out)
{
    clile_status status = CLILE_OK;
    clile_events *e = NULL;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(au_ids);
    if (c < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "c is %d, expected at least 1", (int)c);
    CLILE_I_ALLOC(e, 1);
    CLILE_I_ALLOC(e->au_ids, c);
    memcpy(e->au_ids, au_ids, (size_t)c * sizeof *au_ids);
    e->c = c;
    CLILE_I_TRY(read_rule(options, &e->rule));
    *out = e;
    e = NULL;
cleanup:
    clile_events_destroy(e);
    return status;
}

void clile_events_destroy(clile_events *events)
{
    if (events == NULL) return;
    for (int64_t i = 0; i < events->count; ++i) clile_i_free(events->people[i].aus);
    clile_i_free(events->people);
    clile_i_free(events->queue);
    clile_i_free(events->order);
    clile_i_free(events->au_ids);
    clile_i_free(events);
}

static clile_status check_time(double time, int begun, double before)
{
    if (!clile_i_is_finite(time))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "time is %g, expected a finite number", time);
    if (begun && time < before)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "time is %.6f, before that of the frame before, %.6f", time, before);
    return CLILE_OK;
}

static clile_status check_value(float probability, int64_t row, int64_t column)
{
    if (clile_i_is_nan(probability) || (probability >= 0.0f && probability <= 1.0f))
        return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "probability[%lld,%lld] is %g, expected 0 to 1, or NaN", (long long)row,
                        (long long)column, (double)probability);
}

static int by_number(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static clile_status check_frame(clile_events *e, double time, int64_t count, const int64_t *person,
                                const float *probability)
{
    if (count < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "count is %lld, expected at least 0",
                            (long long)count);
    CLILE_I_RETURN_IF(check_time(time, e->begun, e->now));
    if (count == 0) return CLILE_OK;
    for (int64_t i = 0; i < count; ++i)
        for (int32_t k = 0; k < e->c; ++k)
            CLILE_I_RETURN_IF(check_value(probability[i * e->c + k], i, k));
    CLILE_I_GROW(e->order, &e->order_capacity, count);
    memcpy(e->order, person, (size_t)count * sizeof *person);
    qsort(e->order, (size_t)count, sizeof *e->order, by_number);
    for (int64_t i = 1; i < count; ++i)
        if (e->order[i] == e->order[i - 1])
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "person %lld is given twice in a frame",
                                (long long)e->order[i]);
    return CLILE_OK;
}

clile_status clile_events_add(clile_events *events, int64_t frame, double time, int64_t count,
                              const int64_t *person, const float *probability)
{
    clile_events *e = events;
    CLILE_I_CHECK_NOT_NULL(events);
    if (count > 0) {
        CLILE_I_CHECK_NOT_NULL(person);
        CLILE_I_CHECK_NOT_NULL(probability);
    }
    CLILE_I_RETURN_IF(check_frame(e, time, count, person, probability));
    CLILE_I_RETURN_IF(reserve(e, count, person));
    e->before = e->begun ? e->now : time;
    e->now = time;
    e->begun = 1;
    for (int64_t i = 0; i < count; ++i) e->people[place_of(e, person[i])].here = (int32_t)i + 1;
    for (int64_t i = 0; i < e->count; ++i) {
        someone *one = &e->people[i];
        const float *row = one->here ? probability + (int64_t)(one->here - 1) * e->c : NULL;
        for (int32_t k = 0; k < e->c; ++k)
            step(e, &one->aus[k], one->person, e->au_ids[k], frame, time, row ? row[k] : NAN);
        one->here = 0;
    }
    forget(e);
    return CLILE_OK;
}

clile_status clile_events_end(clile_events *events)
{
    CLILE_I_CHECK_NOT_NULL(events);
    CLILE_I_RETURN_IF(reserve(events, 0, NULL));
    const double end = events->now + (events->now - events->before);
    for (int64_t i = 0; i < events->count; ++i)
        for (int32_t k = 0; k < events->c; ++k) {
            end_run(&events->people[i].aus[k], end);
            settle(events, &events->people[i].aus[k]);
        }
    forget(events);
    events->begun = 0;
    return CLILE_OK;
}

clile_status clile_events_take(clile_events *events, clile_event *event, int32_t *more)
{
    CLILE_I_CHECK_NOT_NULL(events);
    CLILE_I_CHECK_NOT_NULL(event);
    CLILE_I_CHECK_NOT_NULL(more);
    CLILE_I_RETURN_IF(
        clile_i_struct_check("event", event, CLILE_I_STRUCT_LEAST(clile_event, mean)));
    *more = events->taken < events->ready;
    if (*more) clile_i_struct_put(event, &events->queue[events->taken++], sizeof events->queue[0]);
    return CLILE_OK;
}

/* Writes what is in the queue to place, as far as there is room. */
static void list(clile_events *e, int64_t capacity, int64_t *place, int64_t *count)
{
    for (; e->taken < e->ready; ++e->taken, ++*count) {
        const clile_event *found = &e->queue[e->taken];
        if (*count >= capacity) continue;
        place[3 * *count] = found->onset_frame;
        place[3 * *count + 1] = found->apex_frame;
        place[3 * *count + 2] = found->last_frame;
    }
}

clile_status clile_events_find(int64_t n, const double *time, const float *probability,
                               const clile_options *options, int64_t capacity, int64_t *place,
                               int64_t *count)
{
    clile_status status = CLILE_OK;
    clile_events *e = NULL;
    const int32_t au = 0;
    const int64_t person = 0;
    int64_t found = 0;
    CLILE_I_CHECK_NOT_NULL(count);
    if (n < 0 || capacity < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "n is %lld and capacity %lld, expected at least 0", (long long)n,
                            (long long)capacity);
    if (n > 0) CLILE_I_CHECK_NOT_NULL(time);
    if (n > 0) CLILE_I_CHECK_NOT_NULL(probability);
    if (capacity > 0) CLILE_I_CHECK_NOT_NULL(place);
    CLILE_I_TRY(clile_events_create(1, &au, options, &e));
    for (int64_t i = 0; i < n; ++i) {
        CLILE_I_TRY(check_time(time[i], i > 0, i > 0 ? time[i - 1] : 0.0));
        CLILE_I_TRY(check_value(probability[i], i, 0));
    }
    for (int64_t i = 0; i < n; ++i) {
        CLILE_I_TRY(clile_events_add(e, i, time[i], 1, &person, probability + i));
        list(e, capacity, place, &found);
    }
    CLILE_I_TRY(clile_events_end(e));
    list(e, capacity, place, &found);
    *count = found;
cleanup:
    clile_events_destroy(e);
    return status;
}
