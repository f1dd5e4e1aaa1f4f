#include "net/packs.h"

/* Packed weights lie side by side in blocks. Blocks of 2 MiB and more use huge pages. Inference
 * reads all weights of a model once per image; with pages of 4 KiB, page look-ups take 5 % of
 * ResNet-50's time. */
typedef struct {
    int32_t packs; /* in use; freeing the last one frees the block */
    int64_t bytes, used;
    uint8_t *memory;
} pack_block;

struct clile_i_pack {
    clile_i_pack *next;
    pack_block *block;
    int32_t users, unit;
    int64_t bytes;
    clile_i_weights_layout *layout;
    void *weights;
};

struct clile_i_packs {
    clile_i_refs refs;
    clile_i_mutex *mutex;
    clile_i_pack *first;
    pack_block *open; /* the newest block, or NULL */
};

enum { ALIGNMENT = 64, LEAST_BLOCK = 256 << 10 };

clile_status clile_i_packs_create(clile_i_packs **out)
{
    clile_status status = CLILE_OK;
    clile_i_packs *packs = NULL;
    CLILE_I_ALLOC(packs, 1);
    clile_i_refs_init(&packs->refs);
    CLILE_I_TRY(clile_i_mutex_create(&packs->mutex));
    *out = packs;
    packs = NULL;
cleanup:
    clile_i_free(packs);
    return status;
}

void clile_i_packs_retain(clile_i_packs *packs)
{
    clile_i_refs_retain(&packs->refs);
}

void clile_i_packs_release(clile_i_packs *packs)
{
    if (packs == NULL || clile_i_refs_release(&packs->refs) > 0) return;
    /* every pack has been returned: its user retains `packs` */
    clile_i_mutex_destroy(packs->mutex);
    clile_i_free(packs);
}

static int64_t held_bytes(const clile_i_packs *packs)
{
    int64_t bytes = 0;
    for (const clile_i_pack *pack = packs->first; pack != NULL; pack = pack->next)
        bytes += pack->bytes;
    return bytes;
}

int64_t clile_i_packs_bytes(clile_i_packs *packs)
{
    clile_i_mutex_lock(packs->mutex);
    const int64_t bytes = held_bytes(packs);
    clile_i_mutex_unlock(packs->mutex);
    return bytes;
}

/* Takes room from the newest block, or from a new block as large as everything held so far. Unused
 * room is never touched and costs no memory. */
static clile_status carve(clile_i_packs *packs, clile_i_pack *pack)
{
    clile_status status = CLILE_OK;
    pack_block *block = packs->open, *fresh = NULL;
    const int64_t bytes = (pack->bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (block == NULL || block->bytes - block->used < bytes) {
        const int64_t held = held_bytes(packs), least = held > LEAST_BLOCK ? held : LEAST_BLOCK;
        CLILE_I_ALLOC(fresh, 1);
        fresh->bytes = bytes > least ? bytes : least;
        fresh->memory = clile_i_alloc_untouched(fresh->bytes);
        if (fresh->memory == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        packs->open = block = fresh;
        fresh = NULL;
    }
    pack->block = block;
    pack->weights = block->memory + block->used;
    block->used += bytes;
    ++block->packs;
cleanup:
    clile_i_free(fresh);
    return status;
}

/* Call with the lock held. */
static void free_pack(clile_i_packs *packs, clile_i_pack *pack)
{
    if (pack == NULL) return;
    pack_block *block = pack->block;
    if (block != NULL && --block->packs == 0) {
        if (packs->open == block) packs->open = NULL;
        clile_i_free(block->memory);
        clile_i_free(block);
    }
    clile_i_weights_layout_free(pack->layout);
    clile_i_free(pack);
}

/* Holds the lock while it writes the weights. Two threads must not write the same ones. */
static clile_status take_locked(clile_i_packs *packs, int32_t unit, clile_i_weights_layout *layout,
                                int64_t bytes, clile_i_pack_fill fill, void *context,
                                clile_i_pack **out)
{
    clile_status status = CLILE_OK;
    clile_i_pack *pack = packs->first;
    while (pack != NULL && (pack->unit != unit || pack->bytes != bytes ||
                            !clile_i_weights_layout_equal(pack->layout, layout)))
        pack = pack->next;
    if (pack != NULL) {
        clile_i_weights_layout_free(layout);
        ++pack->users;
        *out = pack;
        return CLILE_OK;
    }
    pack = clile_i_calloc(1, sizeof *pack);
    if (pack == NULL) {
        clile_i_weights_layout_free(layout);
        return CLILE_E_OUT_OF_MEMORY;
    }
    *pack = (clile_i_pack){.users = 1, .unit = unit, .bytes = bytes, .layout = layout};
    CLILE_I_TRY(carve(packs, pack));
    CLILE_I_TRY(fill(context, pack->weights));
    pack->next = packs->first;
    packs->first = pack;
    *out = pack;
    pack = NULL;
cleanup:
    free_pack(packs, pack);
    return status;
}

clile_status clile_i_packs_take(clile_i_packs *packs, int32_t unit, clile_i_weights_layout *layout,
                                int64_t bytes, clile_i_pack_fill fill, void *context,
                                clile_i_pack **out)
{
    clile_i_mutex_lock(packs->mutex);
    const clile_status status = take_locked(packs, unit, layout, bytes, fill, context, out);
    clile_i_mutex_unlock(packs->mutex);
    return status;
}

void clile_i_packs_give_back(clile_i_packs *packs, clile_i_pack *pack)
{
    if (pack == NULL) return;
    clile_i_mutex_lock(packs->mutex);
    const int last = --pack->users == 0;
    for (clile_i_pack **at = &packs->first; last && *at != NULL; at = &(*at)->next)
        if (*at == pack) {
            *at = pack->next;
            break;
        }
    if (last) free_pack(packs, pack);
    clile_i_mutex_unlock(packs->mutex);
}

void *clile_i_pack_weights(const clile_i_pack *pack)
{
    return pack->weights;
}
