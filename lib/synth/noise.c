/* Noise: a hash of integer coordinates, smoothly interpolated between them. */
#include "synth/paint.h"

#include <math.h>

static uint32_t hash(uint32_t seed, uint32_t x, uint32_t y)
{
    uint32_t h = seed + x * 0x9E3779B1u + y * 0x85EBCA77u; /* xxHash32's primes and final mix */
    h = (h ^ h >> 15) * 0x85EBCA77u;
    h = (h ^ h >> 13) * 0xC2B2AE3Du;
    return h ^ h >> 16;
}

float clile_i_synth_lattice(uint32_t seed, int32_t x, int32_t y)
{
    return (float)(hash(seed, (uint32_t)x, (uint32_t)y) >> 8) * (2.0f / 16777216.0f) - 1.0f;
}

float clile_i_synth_noise(uint32_t seed, float x, float y)
{
    const float fx = floorf(x), fy = floorf(y), u = x - fx, v = y - fy;
    const int32_t ix = (int32_t)fx, iy = (int32_t)fy;
    const float a = clile_i_synth_lattice(seed, ix, iy),
                b = clile_i_synth_lattice(seed, ix + 1, iy),
                c = clile_i_synth_lattice(seed, ix, iy + 1),
                d = clile_i_synth_lattice(seed, ix + 1, iy + 1);
    return a + u * (b - a) + v * (c - a + u * (a - b - c + d));
}
