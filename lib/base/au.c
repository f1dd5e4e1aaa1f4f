/* Names of action units after Ekman, Friesen and Hager, Facial Action Coding System, 2002, as
 * published lists spell them (Py-Feat, the ROS message hri_msgs/FacialActionUnits). */
#include <clile/au.h>

/* clang-format off */
static const char *const names[] = {
    [1] = "Inner brow raiser",
    [2] = "Outer brow raiser",
    [4] = "Brow lowerer",
    [5] = "Upper lid raiser",
    [6] = "Cheek raiser",
    [7] = "Lid tightener",
    [8] = "Lips toward each other",
    [9] = "Nose wrinkler",
    [10] = "Upper lip raiser",
    [11] = "Nasolabial deepener",
    [12] = "Lip corner puller",
    [13] = "Sharp lip puller",
    [14] = "Dimpler",
    [15] = "Lip corner depressor",
    [16] = "Lower lip depressor",
    [17] = "Chin raiser",
    [18] = "Lip pucker",
    [19] = "Tongue show",
    [20] = "Lip stretcher",
    [21] = "Neck tightener",
    [22] = "Lip funneler",
    [23] = "Lip tightener",
    [24] = "Lip pressor",
    [25] = "Lips part",
    [26] = "Jaw drop",
    [27] = "Mouth stretch",
    [28] = "Lip suck",
    [29] = "Jaw thrust",
    [30] = "Jaw sideways",
    [31] = "Jaw clencher",
    [32] = "Lip bite",
    [33] = "Cheek blow",
    [34] = "Cheek puff",
    [35] = "Cheek suck",
    [36] = "Tongue bulge",
    [37] = "Lip wipe",
    [38] = "Nostril dilator",
    [39] = "Nostril compressor",
    [41] = "Lid droop",
    [42] = "Slit",
    [43] = "Eyes closed",
    [44] = "Squint",
    [45] = "Blink",
    [46] = "Wink",
};
/* clang-format on */

const char *clile_au_name(int32_t au)
{
    return au >= 0 && au < (int32_t)(sizeof names / sizeof names[0]) ? names[au] : 0;
}
