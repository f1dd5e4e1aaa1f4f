/* method: the systems that CL-ILE is compared with (docs/methods.md), one file each. Uses net.
 *
 * A system is a row of CLILE_I_METHODS (base/tables.h): its name, a value of the option `method`,
 * and the term of lib/loss with the loss that it has besides the BCE. lib/method/NAME.c defines
 * clile_i_method_NAME, which says
 *   neck    the nodes that it adds to the backbone (net/graph.h; nodes.h helps). Their tensors are
 *           called "NAME.something"; all else follows: memory, gradients, files, checkpoints, ONNX,
 *           and whether it runs in int8
 *   au      what the score of an AU, A_c . F + b_c, may read of the embedding F
 *   points  whether the net, or only its loss, reads the five points of a face
 *   start   what it takes from the labels before training, such as a graph of AUs
 * Branches that only training needs are heads of its term: they are thrown away afterwards. */
#ifndef CLILE_I_METHOD_H
#define CLILE_I_METHOD_H

#include "base/tables.h"
#include "net/net.h"

enum {
    CLILE_I_FIVE = 5
}; /* eye centres, nose tip, mouth corners; as clile_i_align_reduce has them */

typedef enum {
    CLILE_I_AU_FREE,   /* A_c reads all of F [embedding]; A is learned */
    CLILE_I_AU_BLOCKS, /* F is a feature of each AU, joined [c, embedding]; A_c reads its own */
    CLILE_I_AU_FIXED   /* F [c] is the scores themselves: A is the identity and is not learned */
} clile_i_au_kind;

typedef enum {
    CLILE_I_POINTS_UNUSED,
    CLILE_I_POINTS_TRAINING, /* clile_i_step's `five` */
    CLILE_I_POINTS_ALWAYS    /* value CLILE_I_VALUE_POINTS of the net, and the former */
} clile_i_points_use;

typedef struct {
    const char *name;
    const clile_i_neck *neck; /* net/graph.h; NULL: the plain encoder */
    clile_i_au_kind au;
    clile_i_points_use points;
    /* Sets tensors that are not trained, from the AUs and the labels [n, c] of the training images
     * (-1: not coded). NULL: nothing to do. */
    clile_status (*start)(clile_i_net *net, int32_t c, const int32_t *au_ids, int64_t n,
                          const int8_t *labels);
} clile_i_method;

#define CLILE_I_METHOD_DECLARATION(X, name, term, weight, embedding)                               \
    extern const clile_i_method clile_i_method_##name;
CLILE_I_METHODS(CLILE_I_METHOD_DECLARATION, )
#undef CLILE_I_METHOD_DECLARATION

/* NULL: no such name, such as "cl-ile" and "bce". */
const clile_i_method *clile_i_method_find(const char *name);
/* Whether a model of it differs from the plain encoder. NULL does not. */
int clile_i_method_has_net(const clile_i_method *method);
/* Size d of the embedding for c AUs and a value of the option `embedding`. method may be NULL, here
 * and below. */
int64_t clile_i_method_embedding(const clile_i_method *method, int32_t c, int32_t embedding);
/* What a net of it adds to the backbone. */
clile_i_net_tail clile_i_method_tail(const clile_i_method *method, int32_t c, int32_t embedding);
/* Sets to 0 what it does not learn of AU vectors [c,d], or of their gradients. */
void clile_i_method_limit(const clile_i_method *method, int64_t c, int64_t d, float *vectors);
/* Exchanges the left and the right of five points, after a face was mirrored. */
void clile_i_method_swap_sides(float *five /*[5,2]*/);

#endif
