/* The table of methods, and what all of them share. */
#include "method/method.h"

#include <string.h>

#define CLILE_I_METHOD_ROW(X, name, term, weight, embedding) &clile_i_method_##name,
static const clile_i_method *const methods[] = {CLILE_I_METHODS(CLILE_I_METHOD_ROW, )};

const clile_i_method *clile_i_method_find(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i)
        if (strcmp(methods[i]->name, name) == 0) return methods[i];
    return NULL;
}

int clile_i_method_has_net(const clile_i_method *method)
{
    return method != NULL && method->neck != NULL;
}

int64_t clile_i_method_embedding(const clile_i_method *method, int32_t c, int32_t embedding)
{
    if (method == NULL || method->au == CLILE_I_AU_FREE) return embedding;
    return method->au == CLILE_I_AU_FIXED ? c : (int64_t)c * embedding;
}

clile_i_net_tail clile_i_method_tail(const clile_i_method *method, int32_t c, int32_t embedding)
{
    if (!clile_i_method_has_net(method)) return (clile_i_net_tail){0};
    return (clile_i_net_tail){.neck = method->neck,
                              .c = c,
                              .k = embedding,
                              .points = method->points == CLILE_I_POINTS_ALWAYS ? CLILE_I_FIVE : 0};
}

void clile_i_method_limit(const clile_i_method *method, int64_t c, int64_t d, float *vectors)
{
    if (method == NULL || method->au == CLILE_I_AU_FREE) return;
    const int64_t own = method->au == CLILE_I_AU_BLOCKS ? d / c : 0;
    for (int64_t k = 0; k < c; ++k)
        for (int64_t i = 0; i < d; ++i)
            if (i < k * own || i >= (k + 1) * own) vectors[k * d + i] = 0.0f;
}

void clile_i_method_swap_sides(float *five)
{
    static const int8_t partner[CLILE_I_FIVE] = {1, 0, 2, 4, 3};
    float moved[2 * CLILE_I_FIVE];
    for (int k = 0; k < CLILE_I_FIVE; ++k) {
        moved[2 * k] = five[2 * partner[k]];
        moved[2 * k + 1] = five[2 * partner[k] + 1];
    }
    memcpy(five, moved, sizeof moved);
}
