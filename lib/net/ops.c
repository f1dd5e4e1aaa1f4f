#include "net/ops.h"

#define CLILE_I_OP_ENTRY(upper, lower) [CLILE_I_OP_##upper] = &clile_i_op_##lower,
const clile_i_op *const clile_i_ops[CLILE_I_OP_COUNT] = {CLILE_I_OPS(CLILE_I_OP_ENTRY)};
