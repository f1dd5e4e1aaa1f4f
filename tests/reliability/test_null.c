/* Passes NULL for each pointer argument of each public function. It must return INVALID_ARGUMENT
 * with a text that names the argument or, if NULL is documented as allowed, succeed. It must
 * never crash, and must leave outputs unchanged.
 *
 *     reliability_test_null --list           prints one line per function: its name and its
 *                                            pointer arguments, as in the cases */
#include "reliability/world.h"

#include <ctype.h>

/* `word` in `text`, not as a part of a longer name. */
static int names(const char *text, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; ++at) {
        const int before = at == text ? ' ' : at[-1], after = at[length];
        if (!isalnum(before) && before != '_' && !isalnum(after) && after != '_') return 1;
    }
    return 0;
}

static void null_each(world *w, const world_case *c)
{
    char arguments[WORLD_ARGUMENTS][40];
    int32_t optional[WORLD_ARGUMENTS];
    w->null_argument = NULL;
    world_run(w, c);
    if (w->status != CLILE_OK) {
        world_wrong(w, "%s: %s", c->function, w->message);
        return;
    }
    const int32_t count = w->argument_count;
    for (int32_t i = 0; i < count; ++i) {
        snprintf(arguments[i], sizeof arguments[i], "%s", w->argument[i]);
        optional[i] = w->optional[i];
    }
    for (int32_t i = 0; i < count; ++i) {
        w->null_argument = arguments[i];
        world_run(w, c);
        if (optional[i]) {
            if (w->status != CLILE_OK)
                world_wrong(w, "%s with %s NULL, which is allowed: %s", c->function, arguments[i],
                            w->message);
            continue;
        }
        if (w->status != CLILE_E_INVALID_ARGUMENT)
            world_wrong(w, "%s with %s NULL: %s (%s), expected CLILE_E_INVALID_ARGUMENT",
                        c->function, arguments[i], clile_status_name(w->status), w->message);
        if (!names(w->message, arguments[i]) || strstr(w->message, "NULL") == NULL)
            world_wrong(w, "%s with %s NULL: the text is \"%s\"", c->function, arguments[i],
                        w->message);
    }
    w->null_argument = NULL;
}

static void list(world *w, const world_case *c)
{
    world_run(w, c);
    printf("%s", c->function);
    for (int32_t i = 0; i < w->argument_count; ++i) printf(" %s", w->argument[i]);
    printf("\n");
}

static int listing;

static void null_for_each_argument(void **state)
{
    (void)state;
    static world w;
    world_make(&w);
    world_each(&w, listing ? list : null_each);
    world_destroy(&w);
    assert_int_equal(0, w.wrong);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(null_for_each_argument)};
    listing = argc > 1 && strcmp(argv[1], "--list") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
