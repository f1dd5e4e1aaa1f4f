/* The table of operations, made from CLILE_I_OPS (base/tables.h). Private to net. */
#ifndef CLILE_I_OPS_H
#define CLILE_I_OPS_H

#include "base/tables.h"
#include "net/op.h"

#define CLILE_I_OP_NUMBER(upper, lower) CLILE_I_OP_##upper,
typedef enum { CLILE_I_OPS(CLILE_I_OP_NUMBER) CLILE_I_OP_COUNT } clile_i_op_number;
#undef CLILE_I_OP_NUMBER

#define CLILE_I_OP_DECLARATION(upper, lower) extern const clile_i_op clile_i_op_##lower;
CLILE_I_OPS(CLILE_I_OP_DECLARATION)
#undef CLILE_I_OP_DECLARATION

extern const clile_i_op *const clile_i_ops[CLILE_I_OP_COUNT];

#endif
