/* Events: rules, persons, arguments. Random series against plain Python:
 * tests/python/test_events.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include <clile/events.h>

#include <math.h>
#include <string.h>
#include <sys/resource.h>

enum { FRAMES = 12 };
static const int32_t AUS[2] = {6, 12};

static clile_options *rules(const char *length, const char *gap)
{
    clile_options *o = NULL;
    assert_int_equal(CLILE_OK, clile_options_create(&o));
    assert_int_equal(CLILE_OK, clile_options_set(o, CLILE_OPT_EVENT_LENGTH, length));
    assert_int_equal(CLILE_OK, clile_options_set(o, CLILE_OPT_EVENT_GAP, gap));
    return o;
}

/* One series at 10 frames a second. */
static void expect(const float *p, const char *length, const char *gap, int64_t count,
                   const int64_t *wanted)
{
    double time[FRAMES];
    int64_t place[FRAMES][3] = {{0}}, found = -1;
    clile_options *o = rules(length, gap);
    for (int i = 0; i < FRAMES; ++i) time[i] = 0.1 * i;
    assert_int_equal(CLILE_OK, clile_events_find(FRAMES, time, p, o, FRAMES, &place[0][0], &found));
    assert_int_equal(found, count);
    for (int64_t i = 0; i < 3 * count; ++i) assert_int_equal(place[i / 3][i % 3], wanted[i]);
    clile_options_destroy(o);
}

static void hysteresis_gaps_and_lengths(void **state)
{
    (void)state;
    const float rising[FRAMES] = {.1f, .45f, .55f, .8f, .8f, .45f, .1f, .45f, .1f, .1f, .1f, .6f};
    expect(rising, "0", "0", 2, (const int64_t[]){1, 3, 5, 11, 11, 11});
    expect(rising, "0.2", "0", 1, (const int64_t[]){1, 3, 5}); /* the last frame lasts 0.1 s */
    expect(rising, "0", "0.4", 2, (const int64_t[]){1, 3, 5, 11, 11, 11});
    expect(rising, "0", "0.5", 1, (const int64_t[]){1, 3, 11}); /* frames 6 to 10 are 0.5 s */
    const float edge[FRAMES] = {.5f, .5f, .4f, .1f, .1f, .1f, .1f, .1f, .1f, .1f, .1f, .1f};
    expect(edge, "0", "0", 0, NULL); /* above, not at, the thresholds */
    const float hidden[FRAMES] = {.9f, NAN, .7f, NAN, NAN, .9f, .95f, .1f, .1f, .1f, .1f, .1f};
    expect(hidden, "0", "0.1", 2, (const int64_t[]){0, 0, 2, 5, 6, 6});
    expect(hidden, "0", "0.2", 1, (const int64_t[]){0, 6, 6});
    /* short pieces are joined before short events are dropped */
    const float pieces[FRAMES] = {.9f, .1f, .9f, .1f, .9f, .1f, .1f, .1f, .9f, .1f, .1f, .1f};
    expect(pieces, "0.3", "0.1", 1, (const int64_t[]){0, 0, 4});
}

static void persons_come_and_go(void **state)
{
    (void)state;
    clile_options *o = rules("0.1", "0.2");
    clile_events *e = NULL;
    clile_event event = {.struct_size = sizeof event};
    int32_t more = 0;
    assert_int_equal(CLILE_OK, clile_events_create(2, AUS, o, &e));
    /* person 9 smiles in frames 100 to 104, person -2 raises a cheek in 102 and is gone after it */
    for (int64_t k = 0; k < 12; ++k) {
        const int64_t persons[2] = {9, -2};
        const float p[4] = {0.0f, k < 5 ? 0.5f + 0.1f * (float)k : 0.1f, 0.75f, 0.0f};
        assert_int_equal(CLILE_OK,
                         clile_events_add(e, 100 + k, 0.1 * (double)k, k == 2 ? 2 : 1, persons, p));
        assert_int_equal(CLILE_OK, clile_events_take(e, &event, &more));
        assert_int_equal(more, k == 6 || k == 8); /* once more than 0.2 s have passed */
        if (!more) continue;
        assert_int_equal(event.person, k == 6 ? -2 : 9);
        assert_int_equal(event.au, k == 6 ? 6 : 12);
        assert_int_equal(event.onset_frame, k == 6 ? 102 : 100);
        assert_int_equal(event.apex_frame, k == 6 ? 102 : 104);
        assert_int_equal(event.last_frame, k == 6 ? 102 : 104);
        assert_int_equal(event.frames, k == 6 ? 1 : 5);
        assert_true(fabs(event.offset - (k == 6 ? 0.3 : 0.5)) < 1e-9);
        assert_float_equal(event.peak, k == 6 ? 0.75f : 0.9f, 1e-6f);
        assert_float_equal(event.mean, k == 6 ? 0.75f : 0.7f, 1e-5f);
    }
    assert_int_equal(CLILE_OK, clile_events_end(e));
    assert_int_equal(CLILE_OK, clile_events_take(e, &event, &more));
    assert_int_equal(more, 0);
    /* after the end time may begin anew */
    assert_int_equal(CLILE_OK, clile_events_add(e, 0, 0.0, 0, NULL, NULL));
    clile_events_destroy(e);
    clile_options_destroy(o);
}

/* Two hours at 25 frames a second, with a person in every frame and another, new one in each. */
static void memory_is_constant(void **state)
{
    (void)state;
    clile_events *e = NULL;
    clile_event event = {.struct_size = sizeof event};
    struct rusage early, late;
    int64_t taken = 0;
    int32_t more = 0;
    assert_int_equal(CLILE_OK, clile_events_create(2, AUS, NULL, &e));
    for (int64_t k = 0; k < 180000; ++k) {
        const int64_t persons[2] = {1, 2 + k};
        const float p[4] = {k % 100 < 50 ? 0.9f : 0.1f, 0.0f, 0.8f, 0.3f};
        assert_int_equal(CLILE_OK, clile_events_add(e, k, 0.04 * (double)k, 2, persons, p));
        for (more = 1; more; taken += more)
            assert_int_equal(CLILE_OK, clile_events_take(e, &event, &more));
        if (k == 1000) getrusage(RUSAGE_SELF, &early);
    }
    getrusage(RUSAGE_SELF, &late);
    assert_true(taken > 1700);
    clile_events_destroy(e);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they keep what is freed */
    assert_true(late.ru_maxrss - early.ru_maxrss < 8192); /* KiB; every person kept: 80 MiB */
#endif
}

static void refuses(clile_status status, const char *text)
{
    assert_int_equal(status, CLILE_E_INVALID_ARGUMENT);
    if (strstr(clile_last_error(), text) == NULL) fail_msg("%s", clile_last_error());
}

static void arguments(void **state)
{
    (void)state;
    clile_options *o = rules("0.1", "0.2");
    clile_events *e = NULL;
    int64_t place[3] = {0}, count = 0;
    const int64_t twice[2] = {4, 4};
    const double back[2] = {1.0, 0.5};
    const float p[4] = {0.5f, 0.5f, 0.5f, 0.5f}, wrong[2] = {0.5f, 1.5f},
                endless[2] = {INFINITY, 0.0f};
    refuses(clile_events_create(0, AUS, NULL, &e), "c is 0");
    assert_int_equal(CLILE_OK, clile_options_set(o, CLILE_OPT_EVENT_LEAVE, "0.6"));
    refuses(clile_events_create(2, AUS, o, &e), "event_leave is 0.6");
    assert_null(e);
    refuses(clile_options_set(o, CLILE_OPT_EVENT_GAP, "-1"), "event_gap");
    assert_int_equal(CLILE_OK, clile_events_create(2, AUS, NULL, &e));
    refuses(clile_events_add(e, 0, 0.0, 2, twice, p), "person 4 is given twice");
    refuses(clile_events_add(e, 0, 0.0, 1, twice, wrong), "probability[0,1] is 1.5");
    refuses(clile_events_add(e, 0, 0.0, 1, twice, endless), "probability[0,0] is inf");
    refuses(clile_events_add(e, 0, (double)NAN, 1, twice, p), "time is nan");
    refuses(clile_events_add(e, 0, 0.0, -1, twice, p), "count is -1");
    assert_int_equal(CLILE_OK, clile_events_add(e, 0, 2.0, 1, twice, p));
    refuses(clile_events_add(e, 1, 1.0, 1, twice, p), "time is 1.000000, before");
    refuses(clile_events_find(2, back, p, NULL, 1, place, &count), "time is 0.500000, before");
    refuses(clile_events_find(-1, back, p, NULL, 1, place, &count), "n is -1");
    assert_int_equal(CLILE_OK, clile_events_find(0, NULL, NULL, NULL, 0, NULL, &count));
    assert_int_equal(count, 0);
    clile_events_destroy(e);
    clile_options_destroy(o);
}

/* With too little room the count is still that of all. */
static void counts_beyond_the_room(void **state)
{
    (void)state;
    const double time[6] = {0, 1, 2, 3, 4, 5};
    const float p[6] = {.9f, .1f, .9f, .1f, .9f, .1f};
    int64_t place[2][3] = {{-1, -1, -1}, {-1, -1, -1}}, count = 0;
    assert_int_equal(CLILE_OK, clile_events_find(6, time, p, NULL, 1, &place[0][0], &count));
    assert_int_equal(count, 3);
    assert_int_equal(place[0][2], 0);
    assert_int_equal(place[1][0], -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hysteresis_gaps_and_lengths), cmocka_unit_test(persons_come_and_go),
        cmocka_unit_test(memory_is_constant),          cmocka_unit_test(arguments),
        cmocka_unit_test(counts_beyond_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
