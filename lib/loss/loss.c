/* The tables of terms and eliminations (base/tables.h). */
#include "loss/term.h"

#include <clile/losses.h>

#define DECLARE(X, name, key, value, help) extern const clile_i_term clile_i_term_##name;
#define DECLARE_ELIMINATION(name) extern const clile_i_term clile_i_elimination_##name;
#define DECLARE_METHOD(X, name, term, weight, embedding) extern const clile_i_term clile_i_##term;
CLILE_I_LOSSES(DECLARE, )
CLILE_I_ELIMINATIONS(DECLARE_ELIMINATION)
CLILE_I_METHODS(DECLARE_METHOD, )

/* Likewise for the one of the method. */
const clile_i_term clile_i_term_method = {.any_method = 1};
/* Only a placeholder for the one that the option `elimination` names. */
const clile_i_term clile_i_term_elimination = {0};

#define ROW(X, name, key, value, help) {#name, key, &clile_i_term_##name},
const clile_i_loss_row clile_i_loss_table[CLILE_I_LOSS_COUNT] = {CLILE_I_LOSSES(ROW, )};

#define ROW_ELIMINATION(name) {#name, &clile_i_elimination_##name},
static const struct {
    const char *name;
    const clile_i_term *term;
} eliminations[] = {{"none", &clile_i_term_elimination}, CLILE_I_ELIMINATIONS(ROW_ELIMINATION)};

#define METHOD_ROW(X, name, term, weight, embedding) {#name, &clile_i_##term},
static const struct {
    const char *name;
    const clile_i_term *term;
} methods[] = {CLILE_I_METHODS(METHOD_ROW, )};

int32_t clile_losses_api_version(void)
{
    return CLILE_LOSSES_API_VERSION;
}

const clile_i_term *clile_i_elimination_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof eliminations / sizeof *eliminations; ++i)
        if (strcmp(eliminations[i].name, name) == 0) return eliminations[i].term;
    return NULL;
}

const clile_i_term *clile_i_method_term(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i)
        if (strcmp(methods[i].name, name) == 0) return methods[i].term;
    return &clile_i_term_method;
}
