#include "net/packs.h"

struct clile_i_pack {
    clile_i_pack *next;
    int32_t users, unit;
    int64_t generation, bytes;
    clile_i_weights_layout *layout;
    void *weights;
};

struct clile_i_packs {
    clile_i_refs refs;
    clile_i_mutex *mutex;
    int64_t generation;
    clile_i_pack *first;
};

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
    clile_i_mutex_destroy(packs->mutex); /* every pack has been given back: who holds one retains these */
    clile_i_free(packs);
}

void clile_i_packs_renew(clile_i_packs *packs)
{
    clile_i_mutex_lock(packs->mutex);
    packs->generation++;
    clile_i_mutex_unlock(packs->mutex);
}

int64_t clile_i_packs_bytes(clile_i_packs *packs)
{
    int64_t bytes = 0;
    clile_i_mutex_lock(packs->mutex);
    for (const clile_i_pack *pack = packs->first; pack != NULL; pack = pack->next) bytes += pack->bytes;
    clile_i_mutex_unlock(packs->mutex);
    return bytes;
}

static void free_pack(clile_i_pack *pack)
{
    if (pack == NULL) return;
    clile_i_weights_layout_free(pack->layout);
    clile_i_free(pack->weights);
    clile_i_free(pack);
}

/* The lock is held while the weights are written, so that two threads do not write the same. */
static clile_status take_locked(clile_i_packs *packs, int32_t unit, clile_i_weights_layout *layout, int64_t bytes,
                                clile_i_pack_fill fill, void *context, clile_i_pack **out)
{
    clile_status status = CLILE_OK;
    clile_i_pack *pack = packs->first;
    while (pack != NULL && (pack->unit != unit || pack->generation != packs->generation || pack->bytes != bytes ||
                            !clile_i_weights_layout_equal(pack->layout, layout)))
        pack = pack->next;
    if (pack != NULL) {
        clile_i_weights_layout_free(layout);
        pack->users++;
        *out = pack;
        return CLILE_OK;
    }
    pack = clile_i_calloc(1, sizeof *pack);
    if (pack == NULL) {
        clile_i_weights_layout_free(layout);
        return CLILE_E_OUT_OF_MEMORY;
    }
    *pack = (clile_i_pack){.users = 1, .unit = unit, .generation = packs->generation, .bytes = bytes, .layout = layout};
    pack->weights = clile_i_calloc(bytes, 1);
    if (pack->weights == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(fill(context, pack->weights));
    pack->next = packs->first;
    packs->first = pack;
    *out = pack;
    pack = NULL;
cleanup:
    free_pack(pack);
    return status;
}

clile_status clile_i_packs_take(clile_i_packs *packs, int32_t unit, clile_i_weights_layout *layout, int64_t bytes,
                                clile_i_pack_fill fill, void *context, clile_i_pack **out)
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
    clile_i_mutex_unlock(packs->mutex);
    if (last) free_pack(pack);
}

void *clile_i_pack_weights(const clile_i_pack *pack)
{
    return pack->weights;
}
