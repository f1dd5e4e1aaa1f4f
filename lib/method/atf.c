/* atf: adversarial training (Zhang, Zhai, Yin, BMVC 2018). The encoder is plain; a classifier of
 * subjects that the encoder learns to mislead is its loss (lib/loss/adversarial.c). */
#include "method/method.h"

const clile_i_method clile_i_method_atf = {.name = "atf"};
