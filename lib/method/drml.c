/* drml: a region layer (Zhao, Chu, Zhang, CVPR 2016): the first map is cut into a grid, each cell
 * has its own convolution, norm and ReLU, and is added to what comes out. */
#include "method/nodes.h"

#include "net/nodes.h"

/* Cells of a side. Maps of crops whose side is a multiple of 16 can be cut into them. */
enum { GRID = 4, WINDOW = 3 };

static clile_status after(clile_i_net *net, int32_t stage, clile_i_maps *maps)
{
    static const char *const region[] = {"drml.region"}, *const norm[] = {"drml.bn"};
    const int32_t map = maps->value[0];
    const int64_t channels = maps->channels[0];
    int32_t value, cells;
    if (stage != 0) return CLILE_OK;
    clile_i_node node = clile_i_node_cells(map, GRID, WINDOW);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    node = clile_i_node_project(value, GRID * GRID, WINDOW * WINDOW * channels, channels);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, region, &value));
    node = clile_i_node_batch_norm(value, GRID * GRID, channels, 1);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, norm, &value));
    node = clile_i_node_cells(map, GRID, 1);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &cells));
    node = clile_i_node_combine(value, cells, CLILE_I_ADD);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    node = clile_i_node_uncells(value, GRID);
    node.ic = node.oc = channels;
    return clile_i_method_add(net, &node, NULL, &maps->value[0]);
}

static const clile_i_neck neck = {.after = after};

const clile_i_method clile_i_method_drml = {.name = "drml", .neck = &neck};
