/* How a batch is shared out between runs of a net and threads. */
#ifndef CLILE_I_SHARE_H
#define CLILE_I_SHARE_H

#include "net/net.h"

typedef struct {
    int32_t each;  /* images of a run; divides the batch */
    int32_t lanes; /* runs at once, each on one thread; 1: one run on the whole team */
} clile_i_share;

/* The share for `batch` images of size x size and a team of threads, by what goes through their
 * caches. It depends on nothing else, so neither do the bits of an answer. */
clile_status clile_i_net_share(const clile_i_net *net, int32_t batch, int32_t size, int32_t team,
                               int int8, clile_i_share *out);

#endif
