/* The library's extension points. A new layout, loss, elimination or net operation is one file and
 * one line here (docs/contributing.md). The options (options_table.h) and the tables of the rooms
 * with the files are made from these lines. Add new lines before the end. */
#ifndef CLILE_I_TABLES_H
#define CLILE_I_TABLES_H

/* clang-format off */

/* LAYOUT(name, value of the option `layout`): a file in lib/layout defines clile_i_layout_NAME
 * (layout/layout.h). "auto" takes the first layout that recognises a folder. */
#define CLILE_I_LAYOUTS(LAYOUT)                                                                    \
    LAYOUT(bp4d, "bp4d")                                                                           \
    LAYOUT(disfa, "disfa")                                                                         \
    LAYOUT(disfa_plus, "disfa+")                                                                   \
    LAYOUT(csv, "csv")                                                                             \
    LAYOUT(list, "list")                                                                           \
    LAYOUT(jsonl, "jsonl")                                                                         \
    LAYOUT(pack, "pack")                                                                           \
    /* end */

/* LOSS(X, name, key of its weight, default weight, help): the terms of stage 2's loss, in the order
 * of their sum. lib/loss/NAME.c defines clile_i_term_NAME (loss/term.h). X is passed on. A weight
 * of 0 leaves the term out. */
#define CLILE_I_LOSSES(LOSS, X)                                                                    \
    LOSS(X, contra, CLILE_OPT_LAMBDA_CONTRA, "0.1",                                                \
         "weight of the contrastive loss of stage 2")                                              \
    LOSS(X, bce, CLILE_OPT_LAMBDA_BCE, "1",                                                        \
         "weight of the BCE of stage 2; 0 is the published loss alone")                            \
    LOSS(X, elimination, CLILE_OPT_LAMBDA_ID, "1", "weight of the elimination loss")               \
    LOSS(X, points, CLILE_OPT_LAMBDA_POINTS, "0.5",                                                \
         "weight of the points that the targets of the data give")                                 \
    LOSS(X, values, CLILE_OPT_LAMBDA_VALUES, "0.3",                                                \
         "weight of the values that the targets of the data give")                                 \
    LOSS(X, method, CLILE_OPT_LAMBDA_METHOD, "1",                                                  \
         "weight of the loss that a method other than cl-ile has besides the BCE")                 \
    /* end */

/* METHOD(X, name, term, weight, embedding): the values of the option `method` besides "cl-ile" and
 * "bce": systems that CL-ILE is compared with. lib/method/NAME.c defines clile_i_method_NAME
 * (method/method.h).
 * clile_i_TERM (loss/term.h) is the loss that it has besides the BCE (term_method: none), with the
 * default of its weight lambda_method. embedding: default of that option. X is passed on. */
#define CLILE_I_METHODS(METHOD, X)                                                                 \
    METHOD(X, drml, term_method, "0", "128")                                                       \
    METHOD(X, atf, elimination_adversarial, "0.1", "128")                                          \
    METHOD(X, lpnet, term_lpnet, "0.1", "128")                                                     \
    METHOD(X, piap, term_piap, "0.1", "32")                                                        \
    METHOD(X, suphcl, term_suphcl, "0.1", "32")                                                    \
    METHOD(X, augcn, term_augcn, "0.1", "128")                                                     \
    METHOD(X, srerl, term_method, "0", "32")                                                       \
    METHOD(X, megraph, term_method, "0", "32")                                                     \
    /* end */

/* ELIMINATION(name): the values of the option `elimination` besides "none". lib/loss/NAME.c defines
 * clile_i_elimination_NAME (loss/term.h). */
#define CLILE_I_ELIMINATIONS(ELIMINATION)                                                          \
    ELIMINATION(orthogonal)                                                                        \
    ELIMINATION(decorrelate)                                                                       \
    ELIMINATION(adversarial)                                                                       \
    ELIMINATION(mixed)                                                                             \
    /* end */

/* OP(NAME, name): the operations of nets. lib/net/ops/name.c defines clile_i_op_name (net/op.h),
 * known to the rest of the room as clile_i_ops[CLILE_I_OP_NAME]. */
#define CLILE_I_OPS(OP)                                                                            \
    OP(CONV_UNIT, conv_unit)                                                                       \
    OP(AVERAGE_POOL, average_pool)                                                                 \
    OP(LINEAR, linear)                                                                             \
    OP(CELLS, cells)                                                                               \
    OP(UNCELLS, uncells)                                                                           \
    OP(RESHAPE, reshape)                                                                           \
    OP(PROJECT, project)                                                                           \
    OP(MATMUL, matmul)                                                                             \
    OP(COMBINE, combine)                                                                           \
    OP(ACTIVATE, activate)                                                                         \
    OP(SOFTMAX, softmax)                                                                           \
    OP(LAYER_NORM, layer_norm)                                                                     \
    OP(STANDARDISE, standardise)                                                                   \
    OP(BATCH_NORM, batch_norm)                                                                     \
    OP(CONCAT, concat)                                                                             \
    OP(MIX, mix)                                                                                   \
    OP(MEAN, mean)                                                                                 \
    OP(GATHER, gather)                                                                             \
    OP(NEIGHBOURS, neighbours)                                                                     \
    OP(GATED, gated)                                                                               \
    /* end */

/* clang-format on */

#endif
