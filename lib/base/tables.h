/* What the library grows by: a new loss is its file and one line here (docs/contributing.md).
 * Rows of the option table (options_table.h) and the tables of the rooms that own the files are
 * made from these lines. */
#ifndef CLILE_I_TABLES_H
#define CLILE_I_TABLES_H

/* clang-format off */

/* LOSS(X, name, key of its weight, default weight, help): the terms of stage 2's loss, in the
 * order in which they are added. lib/loss/NAME.c defines clile_i_term_NAME (loss/term.h). X is
 * passed on. A weight of 0 leaves the term out. */
#define CLILE_I_LOSSES(LOSS, X)                                                                                \
    LOSS(X, contra, CLILE_OPT_LAMBDA_CONTRA, "0.1", "weight of the contrastive loss of stage 2")               \
    LOSS(X, bce, CLILE_OPT_LAMBDA_BCE, "1", "weight of the BCE of stage 2; 0 is the published loss alone")     \
    LOSS(X, elimination, CLILE_OPT_LAMBDA_ID, "1", "weight of the elimination loss")

/* ELIMINATION(name): the values of the option `elimination` beside "none". lib/loss/NAME.c
 * defines clile_i_elimination_NAME (loss/term.h). */
#define CLILE_I_ELIMINATIONS(ELIMINATION)                                                                      \
    ELIMINATION(orthogonal)                                                                                    \
    ELIMINATION(decorrelate)                                                                                   \
    ELIMINATION(adversarial)                                                                                   \
    ELIMINATION(mixed)

/* clang-format on */

#endif
