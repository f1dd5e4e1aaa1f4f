/* A log sink that keeps its lines. */
#ifndef CLILE_TESTS_LOG_H
#define CLILE_TESTS_LOG_H

#include <clile/options.h>

#include <pthread.h>
#include <string.h>

enum { LOGGED_MOST = 64, LOGGED_TEXT = 2100 };

typedef struct {
    pthread_t thread; /* the only one that may call */
    int strangers;    /* calls by another */
    int count;
    int32_t level[LOGGED_MOST];
    char text[LOGGED_MOST][LOGGED_TEXT];
} logged;

static inline void keep_line(int32_t level, const char *text, void *user)
{
    logged *log = user;
    log->strangers += !pthread_equal(log->thread, pthread_self());
    if (log->count == LOGGED_MOST) return;
    log->level[log->count] = level;
    snprintf(log->text[log->count++], LOGGED_TEXT, "%s", text);
}

static inline void log_into(clile_options *options, logged *log)
{
    memset(log, 0, sizeof *log);
    log->thread = pthread_self();
    assert_int_equal(clile_options_set_log(options, keep_line, log), CLILE_OK);
}

/* Place of the first line of this level that has `text`; -1: none. */
static inline int find_line(const logged *log, int32_t level, const char *text)
{
    for (int i = 0; i < log->count; ++i)
        if (log->level[i] == level && strstr(log->text[i], text) != NULL) return i;
    return -1;
}

static inline int count_lines(const logged *log, const char *text)
{
    int count = 0;
    for (int i = 0; i < log->count; ++i) count += strstr(log->text[i], text) != NULL;
    return count;
}

static inline void assert_logged(const logged *log, int32_t level, const char *text)
{
    if (find_line(log, level, text) >= 0) return;
    for (int i = 0; i < log->count; ++i) print_error("%d %s\n", (int)log->level[i], log->text[i]);
    fail_msg("not logged: %s", text);
}

#endif
