/* A finder for tests: the bounding square of the bright pixels is the only face. VARIANT selects
 * a defect. */
#include "face/module.h"

#include <stdio.h>
#include <stdlib.h>

enum { GOOD, OLD, FAILS, NOT_CREATED };

static int32_t create(void **state, char *message, size_t size)
{
    if (VARIANT == NOT_CREATED) {
        snprintf(message, size, "it was told to");
        return -1;
    }
    *state = malloc(1);
    return *state == NULL;
}

static int32_t find(void *state, int32_t h, int32_t w, const uint8_t *grey, double threshold,
                    clile_i_module_add add, void *user, char *message, size_t size)
{
    int32_t left = w, top = h, right = -1, bottom = -1;
    (void)state;
    (void)threshold;
    if (VARIANT == FAILS) {
        snprintf(message, size, "it was told to");
        return -1;
    }
    for (int32_t y = 0; y < h; ++y)
        for (int32_t x = 0; x < w; ++x)
            if (grey[(int64_t)y * w + x] > 200) {
                left = x < left ? x : left;
                right = x > right ? x : right;
                top = y < top ? y : top;
                bottom = y;
            }
    const int32_t side = right - left > bottom - top ? right - left + 1 : bottom - top + 1;
    if (right < 0 || side < 80) return 0;
    return add(user, left, top, side, 1.0);
}

static void destroy(void *state)
{
    free(state);
}

const clile_i_finder_module *clile_finder_module(void);
const clile_i_finder_module *clile_finder_module(void)
{
    static const clile_i_finder_module table = {
        sizeof table, VARIANT == OLD ? 99 : CLILE_I_FINDER_INTERFACE,
        "0.0.1",      "stub",
        80,           0,
        create,       find,
        destroy};
    return &table;
}
