/* suphcl: supervised hierarchical contrast (Chen et al., ACM Multimedia 2022), which is a loss
 * (lib/loss/suphcl.c) on a feature of each AU, here a linear layer over the mean of the last
 * map. */
#include "method/nodes.h"

static const clile_i_neck neck = {0};

const clile_i_method clile_i_method_suphcl = {
    .name = "suphcl", .neck = &neck, .au = CLILE_I_AU_BLOCKS};
