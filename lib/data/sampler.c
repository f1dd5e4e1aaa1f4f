/* The order of images in an epoch. */
#include "data/data.h"

/* The top byte of a random stream in lib/data says what it is for. */
#define STREAM_ORDER ((uint64_t)0x51 << 56)

void clile_i_sampler_order(int64_t n, uint64_t seed, int64_t epoch, int64_t *order)
{
    clile_i_rng rng = clile_i_rng_make(seed, STREAM_ORDER | (uint64_t)epoch);
    for (int64_t i = 0; i < n; ++i) order[i] = i;
    clile_i_rng_shuffle(&rng, n, order);
}
