/* How a net stores its architecture and parameters, and how a net is built. Private to net. */
#ifndef CLILE_I_GRAPH_H
#define CLILE_I_GRAPH_H

#include "net/ops.h"

struct clile_i_net {
    clile_i_refs refs;
    clile_i_net_config config;
    char *backbone;
    int64_t tensor_count, tensor_capacity;
    clile_i_net_tensor *tensors;
    int64_t node_count, node_capacity;
    clile_i_node *nodes; /* in the order they run; see op.h */
    int32_t value_count;
};

/* The maps of a backbone: after the stem [0] and after each of its layers [1..4]. */
enum { CLILE_I_STAGES = 5 };
typedef struct {
    int32_t value[CLILE_I_STAGES];
    int64_t channels[CLILE_I_STAGES];
} clile_i_maps;

/* Each function may be NULL. Both may read the config of the net. Of a backbone whose first layer
 * has no shortcut convolution, the stem's map is overwritten by layer 1. */
struct clile_i_neck {
    /* Called once the map of a stage is made. May add nodes, and put another map in its place. */
    clile_status (*after)(clile_i_net *net, int32_t stage, clile_i_maps *maps);
    /* From the maps to the embedding. NULL: the mean over the last map, and fc. */
    clile_status (*embed)(clile_i_net *net, const clile_i_maps *maps);
};

/* Values of the net that are its inputs: the image and, with points, CLILE_I_VALUE_POINTS. */
int32_t clile_i_net_inputs(const clile_i_net *net);

/* A net without nodes. Its only values are its inputs. `config` is kept, and names the net in
 * messages. Its embedding must match what the last node makes. */
clile_status clile_i_net_begin(const clile_i_net_config *config, clile_i_net **out);
/* Appends a node's tensors, without their values, and sets their index in the node. names: one for
 * each part, "layer1.0.conv1" and "layer1.0.bn1". */
clile_status clile_i_net_add_tensors(clile_i_net *net, const char *const *names,
                                     clile_i_node *node);
/* Appends a copy of the node and sets its dst and inner. INVALID_ARGUMENT: it reads a value that
 * another node has overwritten. */
clile_status clile_i_net_add(clile_i_net *net, clile_i_node *node);
/* Allocates the values of all tensors. Those that clile_i_net_init would draw are 0. */
clile_status clile_i_net_allocate(clile_i_net *net);
/* The same architecture, without values. */
clile_status clile_i_net_copy_bare(const clile_i_net *net, clile_i_net **out);

enum { CLILE_I_LEAST_SIZE = 32, CLILE_I_MOST_SIZE = 512, CLILE_I_MOST_BATCH = 4096 };
/* Shared by both executors. */
clile_status clile_i_net_check_input(int32_t batch, int32_t size);
/* Sets the layouts of the values that are the net's inputs. */
void clile_i_net_lay_out_inputs(const clile_i_net *net, int32_t batch, int32_t size,
                                clile_i_dnn_layout *layouts);
/* Count of the largest tensor. */
int64_t clile_i_net_largest(const clile_i_net *net);

#endif
