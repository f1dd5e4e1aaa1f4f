/* clile/events.h: when an action unit begins, peaks and ends, from probabilities over time.
 *
 *     clile_events *events = NULL;
 *     clile_event event = {.struct_size = sizeof event};
 *     int32_t more = 0;
 *     clile_events_create(c, au_ids, NULL, &events);
 *     // for each frame: the persons in it, and their probabilities [count,c]
 *     clile_events_add(events, frame, time, count, person, probability);
 *     while (clile_events_take(events, &event, &more) == CLILE_OK && more)
 *         printf("AU%d %.2f %.2f %.2f\n", (int)event.au, event.onset, event.apex, event.offset);
 *     // after the last frame
 *     clile_events_end(events); // then take the rest
 *     clile_events_destroy(events);
 *
 * A run is a series of frames whose probability is above `event_leave`, at least one of them above
 * `event_enter`. Runs with no more than `event_gap` seconds between them are one event; what is
 * then shorter than `event_length` seconds is dropped. Onset: the time of the first frame. Apex:
 * that of the highest probability, the first of equals. Offset: the time of the first frame that is
 * no longer part of it; at the end of the film the last frame counts as long as the one before it.
 * A frame in which the person is not seen, or whose probability is NaN, is as one below. Times are
 * compared to a microsecond.
 *
 * Memory: 100 bytes a person and AU, for the persons of the last `event_gap` seconds, however many
 * frames. Thread class: exclusive. */
#ifndef CLILE_EVENTS_H
#define CLILE_EVENTS_H

#include <clile/options.h>

CLILE_BEGIN

typedef struct clile_events clile_events;

/* An event; only grows at the end. */
typedef struct clile_event {
    uint32_t struct_size;                        /* sizeof(clile_event), set by the caller */
    int32_t au;                                  /* its number */
    int64_t person;                              /* as it was given */
    double onset, apex, offset;                  /* seconds */
    int64_t onset_frame, apex_frame, last_frame; /* the last is part of it */
    int64_t frames;                              /* above `event_leave` */
    float peak;                                  /* the probability at the apex */
    float mean;                                  /* over those frames */
} clile_event;

/* For c AUs, at least 1. Options: event_enter, event_leave, event_length, event_gap. The caller
 * owns `*out`. INVALID_ARGUMENT: a NULL argument, c below 1, event_leave above event_enter;
 * OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_events_create(int32_t c, const int32_t *au_ids /*[c]*/,
                                                           const clile_options *options,
                                                           clile_events **out);

/* Adds a frame with the persons seen in it, each once; count may be 0. frame: any number, returned
 * in events. time: seconds, not before that of the frame before. probability: 0 to 1, or NaN.
 * person and probability may be NULL if count is 0. INVALID_ARGUMENT: anything else;
 * OUT_OF_MEMORY. After a failure the frame was not added. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_events_add(clile_events *events, int64_t frame,
                                                        double time, int64_t count,
                                                        const int64_t *person /*[count]*/,
                                                        const float *probability /*[count,c]*/);

/* Ends what is still going on; a frame added after this begins anew, at any time. INVALID_ARGUMENT:
 * NULL; OUT_OF_MEMORY, and nothing has changed. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_events_end(clile_events *events);

/* Takes the next event out: more 1 and *event, or more 0 if there is none yet. In the order in
 * which they were known to be over, which is `event_gap` after their offsets; at the same time by
 * person, then as au_ids. INVALID_ARGUMENT: a NULL argument or a wrong struct_size. Exclusive.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_events_take(clile_events *events, clile_event *event,
                                                         int32_t *more);

/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_events_destroy(clile_events *events);

/* The events of one series of one AU, at once: place [capacity,3] gets the indices 0..n-1 of the
 * onset, the apex and the last frame of each, in order; *count is how many there are, also above
 * capacity. place may be NULL if capacity is 0. time [n] does not descend; probability [n]: 0 to 1,
 * or NaN. n may be 0. INVALID_ARGUMENT: anything else; OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_events_find(int64_t n, const double *time /*[n]*/,
                                                         const float *probability /*[n]*/,
                                                         const clile_options *options,
                                                         int64_t capacity,
                                                         int64_t *place /*[capacity,3]*/,
                                                         int64_t *count);

CLILE_END

#endif
