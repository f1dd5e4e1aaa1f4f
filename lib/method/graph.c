#include "method/graph.h"

#include "net/nodes.h"

/* Where an AU shows: m +- aside e + below v, with m the middle of the eyes, e from the left eye to
 * the right one, and v from m to the middle of the mouth. Our choice, from FACS's descriptions. */
static const struct {
    int32_t au;
    float aside, below;
} places[] = {{1, 0.2F, -0.35F},  {2, 0.6F, -0.35F}, {4, 0.25F, -0.2F}, {5, 0.5F, -0.08F},
              {6, 0.6F, 0.3F},    {7, 0.5F, 0.08F},  {9, 0.15F, 0.35F}, {10, 0.25F, 0.75F},
              {11, 0.3F, 0.65F},  {12, 0.4F, 0.95F}, {13, 0.4F, 0.9F},  {14, 0.45F, 1.0F},
              {15, 0.4F, 1.1F},   {16, 0.2F, 1.2F},  {17, 0.12F, 1.5F}, {18, 0.15F, 1.0F},
              {20, 0.45F, 1.05F}, {22, 0.2F, 1.0F},  {23, 0.2F, 1.0F},  {24, 0.2F, 1.0F},
              {25, 0.12F, 1.05F}, {26, 0.12F, 1.4F}, {27, 0.12F, 1.4F}, {28, 0.2F, 1.05F},
              {43, 0.5F, 0.0F},   {45, 0.5F, 0.0F},  {46, 0.5F, 0.0F}};
/* of others: the middle of each half of the face */
static const float ASIDE = 0.3F, BELOW = 0.5F;

enum { FIRST = 3, PLACES = 3 };
static const double SPACING = 0.0625; /* of places, in sides of the crop */

/* Around the AUs in one map: [n, c, 1, size]. */
static clile_status look(clile_i_net *net, const char *name, const clile_i_maps *maps,
                         int32_t stage, int32_t *value)
{
    char own[48];
    const char *const names[] = {own};
    const int64_t c = net->config.tail.c;
    snprintf(own, sizeof own, "%s%d", name, (int)stage);
    clile_i_node node = clile_i_node_gather(maps->value[stage], CLILE_I_VALUE_POINTS, CLILE_I_FIVE,
                                            2 * c, PLACES, SPACING);
    CLILE_I_RETURN_IF(clile_i_method_add(net, &node, names, value));
    node = clile_i_node_reshape(*value, 123, c, 1, 2 * PLACES * PLACES * maps->channels[stage]);
    return clile_i_method_add(net, &node, NULL, value);
}

clile_status clile_i_method_add_regions(clile_i_net *net, const char *name,
                                        const clile_i_maps *maps, int32_t *value, int64_t *size)
{
    int32_t first, second;
    CLILE_I_RETURN_IF(look(net, name, maps, FIRST, &first));
    CLILE_I_RETURN_IF(look(net, name, maps, FIRST + 1, &second));
    *size = 2 * PLACES * PLACES * (maps->channels[FIRST] + maps->channels[FIRST + 1]);
    clile_i_node node = clile_i_node_concat(first, second, 3);
    return clile_i_method_add(net, &node, NULL, value);
}

/* [2 c, 5] */
static void place(int32_t c, const int32_t *au_ids, float *centre)
{
    for (int32_t i = 0; i < 2 * c; ++i, centre += CLILE_I_FIVE) {
        float aside = ASIDE, below = BELOW;
        for (size_t k = 0; k < sizeof places / sizeof *places; ++k)
            if (places[k].au == au_ids[i / 2]) aside = places[k].aside, below = places[k].below;
        if (i % 2 == 0) aside = -aside;
        centre[0] = 0.5F - aside - 0.5F * below; /* left eye, right eye, nose, mouth corners */
        centre[1] = 0.5F + aside - 0.5F * below;
        centre[2] = 0.0F;
        centre[3] = centre[4] = 0.5F * below;
    }
}

void clile_i_method_set_centres(clile_i_net *net, const char *name, int32_t c,
                                const int32_t *au_ids)
{
    for (int32_t stage = FIRST; stage <= FIRST + 1; ++stage) {
        char tensor[64];
        snprintf(tensor, sizeof tensor, "%s%d.centre", name, (int)stage);
        place(c, au_ids, clile_i_method_tensor(net, tensor)->data);
    }
}

void clile_i_method_label_statistics(int32_t c, int64_t n, const int8_t *labels, double *given,
                                     double *present)
{
    for (int32_t i = 0; i < c; ++i) {
        int64_t coded = 0, shown = 0;
        for (int64_t k = 0; k < n; ++k) {
            coded += labels[k * c + i] >= 0;
            shown += labels[k * c + i] > 0;
        }
        present[i] = coded > 0 ? (double)shown / (double)coded : 0.0;
        for (int32_t j = 0; j < c; ++j) {
            int64_t both = 0, with = 0; /* with j, where i is coded */
            for (int64_t k = 0; k < n; ++k) {
                if (labels[k * c + j] <= 0 || labels[k * c + i] < 0) continue;
                ++with;
                both += labels[k * c + i] > 0;
            }
            given[i * c + j] = with > 0 ? (double)both / (double)with : 0.0;
        }
    }
}
