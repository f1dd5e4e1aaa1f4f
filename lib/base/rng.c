/* Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
 * 2011.
 *
 * Key = seed; counter block = (counter, stream). Every draw takes one block of four words, so
 * the state besides (seed, stream) is the number of draws. */
#include "base/base.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586476925286766559;

void clile_i_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static void next_block(clile_i_rng *rng, uint32_t out[4])
{
    const uint32_t counter[4] = {(uint32_t)rng->counter, (uint32_t)(rng->counter >> 32),
                                 (uint32_t)rng->stream, (uint32_t)(rng->stream >> 32)};
    const uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)};
    clile_i_philox4x32(counter, key, out);
    ++rng->counter;
}

static uint64_t join(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

/* The upper 53 bits as a multiple of 2^-53 in [0, 1). */
static double unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

clile_i_rng clile_i_rng_make(uint64_t seed, uint64_t stream)
{
    return (clile_i_rng){.seed = seed, .stream = stream, .counter = 0};
}

uint32_t clile_i_rng_u32(clile_i_rng *rng)
{
    uint32_t block[4];
    next_block(rng, block);
    return block[0];
}

double clile_i_rng_uniform(clile_i_rng *rng)
{
    uint32_t block[4];
    next_block(rng, block);
    return unit(join(block[0], block[1]));
}

double clile_i_rng_range(clile_i_rng *rng, double low, double high)
{
    return low + (high - low) * clile_i_rng_uniform(rng);
}

/* Box-Muller. 1 - u is in (0, 1], so the logarithm is finite. */
double clile_i_rng_normal(clile_i_rng *rng)
{
    uint32_t block[4];
    next_block(rng, block);
    const double radius = sqrt(-2.0 * log(1.0 - unit(join(block[0], block[1]))));
    return radius * cos(TWO_PI * unit(join(block[2], block[3])));
}

/* Redraws the lowest 2^64 mod bound values, which leaves a multiple of bound. */
int64_t clile_i_rng_below(clile_i_rng *rng, int64_t bound)
{
    const uint64_t range = (uint64_t)bound;
    const uint64_t refused = (UINT64_MAX - range + 1) % range;
    for (;;) {
        uint32_t block[4];
        next_block(rng, block);
        const uint64_t bits = join(block[0], block[1]);
        if (bits >= refused) return (int64_t)(bits % range);
    }
}

void clile_i_rng_shuffle(clile_i_rng *rng, int64_t n, int64_t *values)
{
    for (int64_t i = n - 1; i > 0; --i) {
        const int64_t j = clile_i_rng_below(rng, i + 1);
        const int64_t value = values[i];
        values[i] = values[j];
        values[j] = value;
    }
}
