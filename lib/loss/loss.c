/* Eliminations by name. */
#include "loss/loss.h"

#include <string.h>

static const clile_i_elimination table[] = {
    {.name = "none"},
    {.name = "orthogonal", .needs_id_embedding = 1, .pair = clile_loss_orthogonal},
    {.name = "decorrelate", .needs_id_embedding = 1, .pair = clile_loss_decorrelate},
    {.name = "adversarial", .needs_classifier = 1},
    {.name = "mixed", .needs_deviation = 1},
};

int32_t clile_losses_api_version(void)
{
    return CLILE_LOSSES_API_VERSION;
}

int32_t clile_i_elimination_count(void)
{
    return (int32_t)(sizeof table / sizeof *table);
}

const clile_i_elimination *clile_i_elimination_at(int32_t index)
{
    return index >= 0 && index < clile_i_elimination_count() ? &table[index] : NULL;
}

const clile_i_elimination *clile_i_elimination_find(const char *name)
{
    for (int32_t i = 0; name != NULL && i < clile_i_elimination_count(); ++i)
        if (strcmp(table[i].name, name) == 0) return &table[i];
    return NULL;
}
