/* One call of every public function, shared by several tests: out of memory (test_oom), NULL
 * arguments (test_null).
 *
 * A case creates what it needs, then calls through CALL (a function that returns a status) or
 * CALL_VALUE (any other). Every pointer argument is written A(name, value), or O(name, value) if
 * NULL is documented as allowed. test_null passes NULL for each in turn. */
#ifndef CLILE_TESTS_WORLD_H
#define CLILE_TESTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include <clile/clile.h>
#include <clile/experimental_loss.h>

#include <string.h>

enum {
    WORLD_N = 12,
    WORLD_C = 2,
    WORLD_S = 3,
    WORLD_D = 8,
    WORLD_POINTS = 5,
    WORLD_SIZE = 32,
    WORLD_ARGUMENTS = 16,
    WORLD_WATCHED = 8
};

typedef struct world {
    /* what cases share: never changed by them */
    char folder[64];
    char images[128], pack[128], model_path[128], backbone[128], checkpoint[128], running[128],
        photo[128], scratch[128], history[128], events[128]; /* paths */
    clile_options *options;                                  /* small and quick, one thread */
    clile_dataset *arrays;
    clile_model *model; /* trained */
    uint8_t rgb[WORLD_N][WORLD_SIZE][WORLD_SIZE][3];
    int8_t labels[WORLD_N][WORLD_C], present[WORLD_N][WORLD_C];
    int32_t subject[WORLD_N], au_ids[WORLD_C];
    float embedding[WORLD_N][WORLD_D], other[WORLD_N][WORLD_D], vectors[WORLD_S][WORLD_C][WORLD_D],
        score[WORLD_N][WORLD_C];
    float ones[WORLD_N], zeros[WORLD_N];
    float landmarks[10], box[4];
    double matrix[WORLD_C][WORLD_C];
    /* how the next case is to run */
    const char *null_argument; /* name of the argument to pass as NULL, or NULL */
    int64_t fail_at;           /* the allocation of the call that fails, from 1; 0: none */
    /* set by a case: the handle may refuse with CLILE_E_STATE after a failure, as documented */
    int32_t state_allowed;
    /* what came of it */
    /* of the call; of the same call once more after memory had run out */
    clile_status status, again;
    int64_t allocations; /* that the call made */
    int32_t fired;       /* the chosen allocation was reached */
    uint32_t digest;     /* of all results */
    char message[1024], complaint[256];
    int32_t wrong; /* complaints so far */
    /* pointer arguments, in order of their use */
    const char *argument[WORLD_ARGUMENTS];
    int32_t optional[WORLD_ARGUMENTS], argument_count;
    /* outputs that a failed call must leave as they were */
    struct {
        const void *address;
        size_t size;
        const char *name;
        uint8_t before[64];
    } watched[WORLD_WATCHED];
    int32_t watched_count;
} world;

typedef struct {
    const char *function;
    void (*run)(world *w);
    const char *silent; /* why it allocates nothing (the count is held to 0), or NULL */
    /* allocations that fail one by one, 0: 400; of those after them, one in ten or fewer */
    int32_t every;
} world_case;

extern const world_case world_cases_plain[], world_cases_data[], world_cases_synth[],
    world_cases_model[], world_cases_face[], world_cases_video[], world_cases_mpi[],
    world_cases_evaluation[]; /* end with function NULL */

void world_make(world *w);
void world_destroy(world *w);
clile_trainer *world_trainer(world *w, const char *settings,
                             clile_model **model); /* fresh; settings "key=value key=value" */
/* Runs a case again with null_argument and fail_at as they are set. */
void world_run(world *w, const world_case *c);
/* Prints what is wrong and counts it: a test continues and fails at its end, so that one run
 * shows everything. */
CLILE_I_PRINTF(2, 3)
void world_wrong(world *w, const char *format, ...);
/* Calls visit(w, case) for each case of all tables. */
void world_each(world *w, void (*visit)(world *w, const world_case *c));
/* Blocks that the library and the test hold at the moment. */
int64_t world_live_blocks(void);
/* 1 when each line of tests/abi/symbols.txt has one case and each case a line; prints what is
 * missing. */
int world_table_is_complete(void);

/* ---- inside a case ---- */
int world_null(world *w, const char *name, int optional);
void world_arm(world *w);
int world_disarm(world *w, clile_status status); /* 1: memory ran out, call once more */
void world_settle(world *w, clile_status again);
void world_watch(world *w, const void *output, size_t size, const char *name);
void world_take(world *w, const void *data, size_t size); /* results go into the digest */
void world_take_file(world *w, const char *path);
int world_ok(const world *w); /* the call, or its repetition, gave results */
void world_need(world *w, int condition, const char *complaint);

#define A(name, value) (world_null(w, #name, 0) ? NULL : (value))
#define O(name, value) (world_null(w, #name, 1) ? NULL : (value))
#define CALLBACK(name, function)                                                                   \
    (world_null(w, #name, 1)                                                                       \
         ? 0                                                                                       \
         : (function)) /* ISO C keeps functions and void * apart                               \
                                                */
#define WATCH(output) world_watch(w, &(output), sizeof(output), #output)
#define TAKE(result) world_take(w, &(result), sizeof(result))
#define CALL(expression)                                                                           \
    do {                                                                                           \
        world_arm(w);                                                                              \
        const clile_status status_ = (expression);                                                 \
        if (world_disarm(w, status_)) world_settle(w, (expression));                               \
    } while (0)
#define CALL_VALUE(statement)                                                                      \
    do {                                                                                           \
        world_arm(w);                                                                              \
        statement;                                                                                 \
        world_disarm(w, CLILE_OK);                                                                 \
    } while (0)
/* What a case needs but does not test. */
#define NEED(expression) world_need(w, (expression) == CLILE_OK, #expression)

#endif
