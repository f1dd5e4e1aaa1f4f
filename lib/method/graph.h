/* Regions of AUs around the five points of a face, and graphs of AUs from statistics of their
 * labels. Private to method. */
#ifndef CLILE_I_METHOD_GRAPH_H
#define CLILE_I_METHOD_GRAPH_H

#include "method/nodes.h"

/* Adds what the maps of layers 3 and 4 hold around the two centres (left and right) of each AU:
 * *value is [n, c, 1, size], 3 x 3 places of each. Tensors "NAME3.centre", "NAME3.offset",
 * "NAME4.centre" and "NAME4.offset". */
clile_status clile_i_method_add_regions(clile_i_net *net, const char *name,
                                        const clile_i_maps *maps, int32_t *value, int64_t *size);
/* Sets where the centres of those are. */
void clile_i_method_set_centres(clile_i_net *net, const char *name, int32_t c,
                                const int32_t *au_ids);

/* given [c, c]: P(AU i present | AU j present), over images [n, c] where both are coded; 0 where j
 * never is. present [c]: P(AU i present); 0 where it is not coded. */
void clile_i_method_label_statistics(int32_t c, int64_t n, const int8_t *labels, double *given,
                                     double *present);

#endif
