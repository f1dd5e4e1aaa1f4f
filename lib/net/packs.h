/* Shared packed weights. Private to net. */
#ifndef CLILE_I_PACKS_H
#define CLILE_I_PACKS_H

#include "dnn/dnn.h"
#include "net/net.h"

typedef struct clile_i_pack clile_i_pack;
typedef clile_status (*clile_i_pack_fill)(void *context, void *weights);

/* Finds the weights of a unit in `layout`, or adds `bytes` bytes written by `fill`. Takes
 * ownership of `layout`, even on failure. */
clile_status clile_i_packs_take(clile_i_packs *packs, int32_t unit, clile_i_weights_layout *layout,
                                int64_t bytes, clile_i_pack_fill fill, void *context,
                                clile_i_pack **out);
void clile_i_packs_give_back(clile_i_packs *packs, clile_i_pack *pack); /* NULL pack does nothing */
void *clile_i_pack_weights(const clile_i_pack *pack);

#endif
