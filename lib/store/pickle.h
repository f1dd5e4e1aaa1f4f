/* A reader of Python pickles (the opcodes of pickletools, protocols 2 to 5) that makes a tree of
 * values and runs nothing. It knows the opcodes that torch.save needs for dictionaries of
 * tensors; any other is refused by name. A global is kept as its index in a list of allowed
 * names, a call as function and arguments; what they mean is up to the caller. */
#ifndef CLILE_I_PICKLE_H
#define CLILE_I_PICKLE_H

#include "base/base.h"

typedef enum {
    CLILE_I_PY_NONE,
    CLILE_I_PY_BOOL,      /* integer: 0 or 1 */
    CLILE_I_PY_INT,       /* integer */
    CLILE_I_PY_REAL,      /* value not kept */
    CLILE_I_PY_TEXT,      /* text, size: bytes in the pickle, not terminated */
    CLILE_I_PY_TUPLE,     /* size items */
    CLILE_I_PY_LIST,      /* size items */
    CLILE_I_PY_DICT,      /* size items: key, value, key, value, ...; collections.OrderedDict too */
    CLILE_I_PY_GLOBAL,    /* integer: index in the list of allowed names */
    CLILE_I_PY_CALL,      /* integer: the global; items are the arguments */
    CLILE_I_PY_PERSISTENT /* one item: the persistent id */
} clile_i_py_kind;

typedef struct {
    clile_i_py_kind kind;
    int64_t integer;
    const char *text;
    int64_t size;
    int32_t first, last; /* cells of the items; -1: none. Walk them with clile_i_pickle_next */
} clile_i_py;

typedef struct clile_i_pickle clile_i_pickle;

/* `globals` are the allowed ones as "module name", ended by NULL; `path` is for messages; both
 * and `data` are borrowed until close. UNSUPPORTED: an opcode or a global that is not allowed
 * (the text names it); CORRUPT: not a complete pickle. */
clile_status clile_i_pickle_read(const uint8_t *data, size_t size, const char *path,
                                 const char *const *globals, clile_i_pickle **out);
void clile_i_pickle_close(clile_i_pickle *pickle); /* NULL does nothing */
/* Values may share their items, and a container may even hold itself: count the steps when
 * walking the tree. */
const clile_i_py *clile_i_pickle_root(const clile_i_pickle *pickle);
/* The item at the cell, and the next cell: for (int32_t cell = value->first; cell >= 0;) { item =
 * clile_i_pickle_next(pickle, &cell); ... } */
const clile_i_py *clile_i_pickle_next(const clile_i_pickle *pickle, int32_t *cell);

#endif
