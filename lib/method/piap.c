/* piap: attention to pixels for each AU, learnt in stages (Tang, Zeng, Zhao, Zhang, ICCV 2021). A
 * stage is one of the layers 2 to 4. With X its pixels, the attention of AU c is
 *   P_c = softmax over pixels of (X a_c + b_c),  v_c = sum_pixel P_c X
 * and the feature of an AU is linear in what its stages saw. The branch against persons is its loss
 * (lib/loss/adversarial.c). */
#include "method/nodes.h"

#include "net/nodes.h"

enum { FIRST = 2 };

/* What the AUs see of one map: [n, 1, c, channels]. */
static clile_status look(clile_i_net *net, const clile_i_maps *maps, int32_t stage, int32_t *value)
{
    char name[32];
    int32_t pixels, attention;
    clile_i_node node = clile_i_node_cells(maps->value[stage], 1, 1);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &pixels));
    snprintf(name, sizeof name, "piap.attention%d", (int)stage);
    CLILE_I_RETURN_IF(clile_i_method_project(net, name, pixels, maps->channels[stage],
                                             net->config.tail.c, &attention));
    node = clile_i_node_reshape(attention, 132, 1, net->config.tail.c, -1);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &attention));
    node = clile_i_node_softmax(attention);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &attention));
    node = clile_i_node_matmul(attention, pixels, 0, 1.0);
    return clile_i_method_add(net, &node, NULL, value);
}

static clile_status embed(clile_i_net *net, const clile_i_maps *maps)
{
    const int64_t c = net->config.tail.c, k = net->config.tail.k;
    int64_t channels = maps->channels[FIRST];
    int32_t value, more;
    CLILE_I_RETURN_IF(look(net, maps, FIRST, &value));
    for (int32_t stage = FIRST + 1; stage < CLILE_I_STAGES; ++stage) {
        CLILE_I_RETURN_IF(look(net, maps, stage, &more));
        clile_i_node both = clile_i_node_concat(value, more, 3);
        CLILE_I_RETURN_IF(clile_i_method_add(net, &both, NULL, &value));
        channels += maps->channels[stage];
    }
    clile_i_node node = clile_i_node_reshape(value, 123, c, 1, channels);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, NULL, &value));
    node = clile_i_node_project(value, c, channels, k);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, (const char *const[]){"piap.fc"}, &value));
    return clile_i_method_join(net, value);
}

static const clile_i_neck neck = {.embed = embed};

const clile_i_method clile_i_method_piap = {.name = "piap", .neck = &neck, .au = CLILE_I_AU_BLOCKS};
