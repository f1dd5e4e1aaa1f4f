/* bf16: the upper half of a float32 (8 bits of exponent, 7 of fraction). Convolutions in bf16 are
 * oneDNN's (conv.c); this is what goes around them. */
#include "dnn/onednn.h"

#include <string.h>

/* oneDNN's word for the instructions that it uses here. */
static const char *isa_name(unsigned isa)
{
    static const struct {
        dnnl_cpu_isa_t isa;
        const char *name;
    } known[] = {{dnnl_cpu_isa_avx512_core_vnni, "AVX-512 with VNNI"},
                 {dnnl_cpu_isa_avx512_core, "AVX-512"},
                 {dnnl_cpu_isa_avx2, "AVX2"},
                 {dnnl_cpu_isa_avx, "AVX"},
                 {dnnl_cpu_isa_sse41, "SSE4.1"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
        if ((isa & (unsigned)known[i].isa) == (unsigned)known[i].isa) return known[i].name;
    return "none that it names";
}

clile_status clile_i_bf16_check(void)
{
#if defined(__x86_64__) || defined(__i386__)
    const unsigned bf16 =
        (unsigned)dnnl_cpu_isa_avx512_core_bf16 & ~(unsigned)dnnl_cpu_isa_avx512_core_vnni;
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    if ((isa & bf16) == bf16) return CLILE_OK;
    const char *found = isa_name(isa);
#else
    const char *found = "those of another architecture";
    (void)isa_name;
#endif
    return clile_i_fail(CLILE_E_UNSUPPORTED,
                        "precision=bf16: expected a processor with AVX512_BF16 or AMX, found one "
                        "where oneDNN %s uses %s; use precision=float32",
                        clile_i_dnn_version(), found);
}

int clile_i_bf16_has_amx(void)
{
#if defined(__x86_64__) || defined(__i386__)
    const unsigned amx =
        (unsigned)dnnl_cpu_isa_avx512_core_amx & ~(unsigned)dnnl_cpu_isa_avx512_core_bf16;
    return ((unsigned)dnnl_get_effective_cpu_isa() & amx) == amx;
#else
    return 0;
#endif
}

/* ---- to float32 ------------------------------------------------------------------------------ */

typedef struct {
    const uint16_t *src;
    float *dst;
} widen_job;

static void widen(int64_t begin, int64_t end, void *context)
{
    const widen_job *job = context;
    for (int64_t i = begin; i < end; ++i) {
        const uint32_t bits = (uint32_t)job->src[i] << 16;
        memcpy(&job->dst[i], &bits, sizeof bits);
    }
}

void clile_i_bf16_widen(int64_t count, const void *src, float *dst)
{
    clile_i_parallel_for(count, 65536, widen, &(widen_job){src, dst});
}

/* ---- max pooling ----------------------------------------------------------------------------- */

typedef struct {
    const clile_i_max_pool *pool;
    const int16_t *src;
    int16_t *dst;
} max_job;

/* Numbers >= 0 are ordered as their bits are. -0 is the least of all. */
static void greater(int64_t count, const int16_t *restrict src, int16_t *restrict dst)
{
    for (int64_t i = 0; i < count; ++i) dst[i] = src[i] > dst[i] ? src[i] : dst[i];
}

/* Rows of dst, each of one channel block. Pixels outside the image never win: the maximum starts
 * at 0, and every window overlaps the image. */
static void max_rows(int64_t begin, int64_t end, void *context)
{
    const max_job *job = context;
    const clile_i_max_pool *p = job->pool;
    const int64_t block = p->src.block, h = p->src.h, w = p->src.w;
    for (int64_t row = begin; row < end; ++row) {
        const int64_t plane = row / p->dst.h, oy = row % p->dst.h;
        int16_t *dst = job->dst + row * p->dst.w * block;
        memset(dst, 0, (size_t)(p->dst.w * block) * sizeof *dst);
        for (int64_t y = oy * p->stride - p->pad; y < oy * p->stride - p->pad + p->k; ++y) {
            if (y < 0 || y >= h) continue;
            const int16_t *src = job->src + (plane * h + y) * w * block;
            for (int64_t ox = 0; ox < p->dst.w; ++ox)
                for (int64_t x = ox * p->stride - p->pad; x < ox * p->stride - p->pad + p->k; ++x)
                    if (x >= 0 && x < w) greater(block, src + x * block, dst + ox * block);
        }
    }
}

void clile_i_max_pool_bf16(const clile_i_max_pool *pool, const void *src, void *dst)
{
    const int64_t row = pool->dst.w * pool->dst.block * pool->k * pool->k;
    clile_i_parallel_for(pool->dst.n * pool->dst.blocks * pool->dst.h, 1 + 500000 / row, max_rows,
                         &(max_job){pool, src, dst});
}
