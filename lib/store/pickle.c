/* The stack machine of a pickle, without the part that would run anything (pickle.h). */
#include "store/pickle.h"

#include <string.h>

/* MOST_VALUES: a checkpoint has some ten thousand. Without a limit, each byte of a pickle could
 * become a hundred in memory. */
enum { MARK = -1, NO_CELL = -1, HIGHEST_PROTOCOL = 5, MOST_VALUES = 1 << 21 };

/* The opcodes that are read, by their names in Python's pickletools. */
enum {
    OP_MARK = '(',
    OP_STOP = '.',
    OP_NONE = 'N',
    OP_NEWTRUE = 0x88,
    OP_NEWFALSE = 0x89,
    OP_BININT = 'J',
    OP_BININT1 = 'K',
    OP_BININT2 = 'M',
    OP_LONG1 = 0x8a,
    OP_BINFLOAT = 'G',
    OP_BINSTRING = 'T',
    OP_SHORT_BINSTRING = 'U',
    OP_BINUNICODE = 'X',
    OP_SHORT_BINUNICODE = 0x8c,
    OP_BINUNICODE8 = 0x8d,
    OP_EMPTY_TUPLE = ')',
    OP_TUPLE = 't',
    OP_TUPLE1 = 0x85,
    OP_TUPLE2 = 0x86,
    OP_TUPLE3 = 0x87,
    OP_EMPTY_LIST = ']',
    OP_APPEND = 'a',
    OP_APPENDS = 'e',
    OP_EMPTY_DICT = '}',
    OP_SETITEM = 's',
    OP_SETITEMS = 'u',
    OP_BINPUT = 'q',
    OP_LONG_BINPUT = 'r',
    OP_BINGET = 'h',
    OP_LONG_BINGET = 'j',
    OP_MEMOIZE = 0x94,
    OP_GLOBAL = 'c',
    OP_STACK_GLOBAL = 0x93,
    OP_REDUCE = 'R',
    OP_BUILD = 'b',
    OP_BINPERSID = 'Q',
    OP_PROTO = 0x80,
    OP_FRAME = 0x95
};

typedef struct {
    int32_t value, next;
} cell;

/* A growing array of 32-bit numbers: the stack, and the memo. */
typedef struct {
    int32_t *at;
    int64_t count, capacity;
} numbers;

struct clile_i_pickle {
    const char *path;
    const char *const *globals;
    const uint8_t *data;
    size_t size, position, opcode_at;
    clile_i_py *values;
    int64_t value_count, value_capacity;
    cell *cells;
    int64_t cell_count, cell_capacity;
    numbers stack, memo;
};

static clile_status damaged(const clile_i_pickle *p, const char *what)
{
    return clile_i_fail(CLILE_E_CORRUPT, "%s: pickle, byte %zu: %s", p->path, p->opcode_at, what);
}

/* ---- growing arrays ---- */

static clile_status check_count(const clile_i_pickle *p, int64_t count)
{
    if (count < MOST_VALUES) return CLILE_OK;
    return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: a pickle of more than %d values", p->path,
                        MOST_VALUES);
}

static clile_status push_number(const clile_i_pickle *p, numbers *list, int32_t number)
{
    CLILE_I_RETURN_IF(check_count(p, list->count));
    CLILE_I_GROW(list->at, &list->capacity, list->count + 1);
    list->at[list->count++] = number;
    return CLILE_OK;
}

static clile_status push(clile_i_pickle *p, clile_i_py value)
{
    CLILE_I_RETURN_IF(check_count(p, p->value_count));
    CLILE_I_GROW(p->values, &p->value_capacity, p->value_count + 1);
    value.first = value.last = NO_CELL;
    p->values[p->value_count] = value;
    return push_number(p, &p->stack, (int32_t)p->value_count++);
}

static clile_status add_item(clile_i_pickle *p, int32_t container, int32_t item)
{
    clile_i_py *c = &p->values[container];
    CLILE_I_RETURN_IF(check_count(p, p->cell_count));
    CLILE_I_GROW(p->cells, &p->cell_capacity, p->cell_count + 1);
    const int32_t added = (int32_t)p->cell_count++;
    p->cells[added] = (cell){item, NO_CELL};
    if (c->first == NO_CELL)
        c->first = added;
    else
        p->cells[c->last].next = added;
    c->last = added;
    ++c->size;
    return CLILE_OK;
}

/* ---- reading and popping ---- */

static clile_status take(clile_i_pickle *p, size_t count, const uint8_t **out)
{
    if (count > p->size - p->position) return damaged(p, "the pickle is truncated");
    *out = p->data + p->position;
    p->position += count;
    return CLILE_OK;
}

/* An unsigned little-endian number of 1 to 8 bytes. */
static clile_status take_number(clile_i_pickle *p, size_t bytes, uint64_t *out)
{
    const uint8_t *at = NULL;
    CLILE_I_RETURN_IF(take(p, bytes, &at));
    *out = clile_i_load_le(at, bytes);
    return CLILE_OK;
}

/* Likewise, signed. */
static clile_status push_integer(clile_i_pickle *p, size_t bytes)
{
    uint64_t number = 0;
    CLILE_I_RETURN_IF(take_number(p, bytes, &number));
    if (bytes > 0 && bytes < 8 && number >> (8 * bytes - 1)) number |= UINT64_MAX << 8 * bytes;
    int64_t value;
    memcpy(&value, &number, sizeof value);
    return push(p, (clile_i_py){.kind = CLILE_I_PY_INT, .integer = value});
}

static clile_status push_text(clile_i_pickle *p, size_t length_bytes)
{
    uint64_t length;
    const uint8_t *at = NULL;
    CLILE_I_RETURN_IF(take_number(p, length_bytes, &length));
    if (length > SIZE_MAX) return damaged(p, "the pickle is truncated");
    CLILE_I_RETURN_IF(take(p, (size_t)length, &at));
    return push(p, (clile_i_py){
                       .kind = CLILE_I_PY_TEXT, .text = (const char *)at, .size = (int64_t)length});
}

/* Pops the value on top of the stack. */
static clile_status pop(clile_i_pickle *p, int32_t *out)
{
    if (p->stack.count == 0 || p->stack.at[p->stack.count - 1] == MARK)
        return damaged(p, "a value is missing on the stack");
    *out = p->stack.at[--p->stack.count];
    return CLILE_OK;
}

/* The container now on top, which must be of this kind. */
static clile_status top_container(const clile_i_pickle *p, int64_t stack_count,
                                  clile_i_py_kind kind, int32_t *out)
{
    *out = stack_count > 0 ? p->stack.at[stack_count - 1] : MARK;
    if (*out == MARK || p->values[*out].kind != kind)
        return damaged(p, "no container for these items");
    return CLILE_OK;
}

static clile_status find_mark(const clile_i_pickle *p, int64_t *out)
{
    for (int64_t i = p->stack.count; i > 0; --i)
        if (p->stack.at[i - 1] == MARK) {
            *out = i - 1;
            return CLILE_OK;
        }
    return damaged(p, "a mark is missing on the stack");
}

/* ---- containers ---- */

/* Makes the stack's values from `begin` up the items of `container`; the stack then ends at
 * `end`. */
static clile_status collect(clile_i_pickle *p, int32_t container, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < p->stack.count; ++i)
        CLILE_I_RETURN_IF(add_item(p, container, p->stack.at[i]));
    p->stack.count = end;
    return CLILE_OK;
}

/* Replaces the stack's values from `begin` up, and the mark at `end`, by a tuple of them. */
static clile_status make_tuple(clile_i_pickle *p, int64_t begin, int64_t end)
{
    const int64_t count = p->stack.count;
    for (int64_t i = begin; i < count; ++i)
        if (p->stack.at[i] == MARK) return damaged(p, "a mark among the items of a tuple");
    CLILE_I_RETURN_IF(push(p, (clile_i_py){.kind = CLILE_I_PY_TUPLE}));
    const int32_t tuple = p->stack.at[--p->stack.count];
    CLILE_I_RETURN_IF(collect(p, tuple, begin, end));
    return push_number(p, &p->stack, tuple);
}

static clile_status tuple_of(clile_i_pickle *p, int64_t count)
{
    if (p->stack.count < count) return damaged(p, "a value is missing on the stack");
    return make_tuple(p, p->stack.count - count, p->stack.count - count);
}

/* APPEND and SETITEM have their items right above the container; APPENDS and SETITEMS have a
 * mark between. */
static clile_status add_items(clile_i_pickle *p, clile_i_py_kind kind, int64_t count)
{
    int64_t begin = p->stack.count - count, end = begin;
    int32_t container = 0;
    if (count == 0) {
        CLILE_I_RETURN_IF(find_mark(p, &end));
        begin = end + 1;
    } else if (begin < 0)
        return damaged(p, "a value is missing on the stack");
    CLILE_I_RETURN_IF(top_container(p, end, kind, &container));
    for (int64_t i = begin; i < p->stack.count; ++i)
        if (p->stack.at[i] == MARK) return damaged(p, "a mark among items");
    if (kind == CLILE_I_PY_DICT && (p->stack.count - begin) % 2 != 0)
        return damaged(p, "a key without a value");
    return collect(p, container, begin, end);
}

/* ---- the memo: numbered as in Python, with no index beyond the size of the pickle ---- */

static clile_status put(clile_i_pickle *p, uint64_t index)
{
    if (p->stack.count == 0 || p->stack.at[p->stack.count - 1] == MARK)
        return damaged(p, "an empty stack, expected a value for the memo");
    if (index >= p->size) return damaged(p, "a memo index larger than the pickle");
    while ((uint64_t)p->memo.count <= index) CLILE_I_RETURN_IF(push_number(p, &p->memo, MARK));
    p->memo.at[index] = p->stack.at[p->stack.count - 1];
    return CLILE_OK;
}

static clile_status get(clile_i_pickle *p, uint64_t index)
{
    if (index >= (uint64_t)p->memo.count || p->memo.at[index] == MARK)
        return damaged(p, "a memo index without a value");
    return push_number(p, &p->stack, p->memo.at[index]);
}

/* ---- globals and calls ---- */

static clile_status push_global(clile_i_pickle *p, const char *module, size_t module_size,
                                const char *name, size_t name_size)
{
    for (int64_t i = 0; p->globals[i]; ++i) {
        const char *allowed = p->globals[i];
        if (strlen(allowed) == module_size + 1 + name_size &&
            memcmp(allowed, module, module_size) == 0 && allowed[module_size] == ' ' &&
            memcmp(allowed + module_size + 1, name, name_size) == 0)
            return push(p, (clile_i_py){.kind = CLILE_I_PY_GLOBAL, .integer = i});
    }
    return clile_i_fail(
        CLILE_E_UNSUPPORTED,
        "%s: pickle, byte %zu: it asks for %.*s.%.*s, which dictionaries of tensors do not need, "
        "and libclile runs no code in a pickle: save only the state_dict",
        p->path, p->opcode_at, (int)(module_size < 100 ? module_size : 100), module,
        (int)(name_size < 100 ? name_size : 100), name);
}

/* Two lines: module, name. */
static clile_status read_global(clile_i_pickle *p)
{
    const char *line[2];
    size_t length[2];
    for (int i = 0; i < 2; ++i) {
        line[i] = (const char *)p->data + p->position;
        const char *end = memchr(line[i], '\n', p->size - p->position);
        if (end == NULL) return damaged(p, "the pickle is truncated");
        length[i] = (size_t)(end - line[i]);
        p->position += length[i] + 1;
    }
    return push_global(p, line[0], length[0], line[1], length[1]);
}

static clile_status stack_global(clile_i_pickle *p)
{
    int32_t name = 0, module = 0;
    CLILE_I_RETURN_IF(pop(p, &name));
    CLILE_I_RETURN_IF(pop(p, &module));
    const clile_i_py *n = &p->values[name], *m = &p->values[module];
    if (n->kind != CLILE_I_PY_TEXT || m->kind != CLILE_I_PY_TEXT)
        return damaged(p, "a global whose name is not text");
    return push_global(p, m->text, (size_t)m->size, n->text, (size_t)n->size);
}

static clile_status reduce(clile_i_pickle *p)
{
    int32_t arguments = 0, function = 0;
    CLILE_I_RETURN_IF(pop(p, &arguments));
    CLILE_I_RETURN_IF(pop(p, &function));
    const clile_i_py called = p->values[arguments];
    if (called.kind != CLILE_I_PY_TUPLE || p->values[function].kind != CLILE_I_PY_GLOBAL)
        return damaged(p, "a call of something that is not a function");
    const int64_t global = p->values[function].integer;
    if (strcmp(p->globals[global], "collections OrderedDict") == 0) {
        if (called.size != 0)
            return clile_i_fail(CLILE_E_UNSUPPORTED,
                                "%s: pickle, byte %zu: an OrderedDict made of a list", p->path,
                                p->opcode_at);
        return push(p, (clile_i_py){.kind = CLILE_I_PY_DICT});
    }
    CLILE_I_RETURN_IF(push(p, (clile_i_py){.kind = CLILE_I_PY_CALL, .integer = global}));
    clile_i_py *call = &p->values[p->value_count - 1];
    call->first = called.first; /* the tuple's own items; nothing changes them any more */
    call->last = called.last;
    call->size = called.size;
    return CLILE_OK;
}

/* A state dict carries attributes (_metadata), which are ignored. */
static clile_status build(clile_i_pickle *p)
{
    int32_t attributes = 0, object = 0;
    CLILE_I_RETURN_IF(pop(p, &attributes));
    return top_container(p, p->stack.count, CLILE_I_PY_DICT, &object);
}

static clile_status persistent(clile_i_pickle *p)
{
    int32_t id = 0;
    CLILE_I_RETURN_IF(pop(p, &id));
    CLILE_I_RETURN_IF(push(p, (clile_i_py){.kind = CLILE_I_PY_PERSISTENT}));
    return add_item(p, (int32_t)p->value_count - 1, id);
}

/* ---- the loop ---- */

/* Opcodes that make one value from what is in the pickle. */
static clile_status step_value(clile_i_pickle *p, uint8_t opcode, int *known)
{
    const uint8_t *skipped = NULL;
    uint64_t number = 0;
    switch (opcode) {
        case OP_NONE: return push(p, (clile_i_py){.kind = CLILE_I_PY_NONE});
        case OP_NEWTRUE: return push(p, (clile_i_py){.kind = CLILE_I_PY_BOOL, .integer = 1});
        case OP_NEWFALSE: return push(p, (clile_i_py){.kind = CLILE_I_PY_BOOL});
        case OP_BININT: return push_integer(p, 4);
        case OP_BININT1:
        case OP_BININT2:
            CLILE_I_RETURN_IF(take_number(p, opcode == OP_BININT1 ? 1 : 2, &number));
            return push(p, (clile_i_py){.kind = CLILE_I_PY_INT, .integer = (int64_t)number});
        case OP_LONG1:
            CLILE_I_RETURN_IF(take_number(p, 1, &number));
            if (number > 8)
                return clile_i_fail(CLILE_E_UNSUPPORTED,
                                    "%s: pickle, byte %zu: an integer of more than 64 bits",
                                    p->path, p->opcode_at);
            return push_integer(p, (size_t)number);
        case OP_BINFLOAT:
            CLILE_I_RETURN_IF(take(p, 8, &skipped));
            return push(p, (clile_i_py){.kind = CLILE_I_PY_REAL});
        case OP_SHORT_BINSTRING:
        case OP_SHORT_BINUNICODE: return push_text(p, 1);
        case OP_BINSTRING:
        case OP_BINUNICODE: return push_text(p, 4);
        case OP_BINUNICODE8: return push_text(p, 8);
        case OP_GLOBAL: return read_global(p);
        case OP_EMPTY_TUPLE: return push(p, (clile_i_py){.kind = CLILE_I_PY_TUPLE});
        case OP_EMPTY_LIST: return push(p, (clile_i_py){.kind = CLILE_I_PY_LIST});
        case OP_EMPTY_DICT: return push(p, (clile_i_py){.kind = CLILE_I_PY_DICT});
        default: *known = 0; return CLILE_OK;
    }
}

/* Opcodes that change the stack or the memo. */
static clile_status step_stack(clile_i_pickle *p, uint8_t opcode, int *known)
{
    const uint8_t *skipped = NULL;
    uint64_t number = 0;
    int64_t mark = 0;
    switch (opcode) {
        case OP_PROTO:
            CLILE_I_RETURN_IF(take_number(p, 1, &number));
            if (number > HIGHEST_PROTOCOL)
                return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: pickle, byte %zu: protocol %d",
                                    p->path, p->opcode_at, (int)number);
            return CLILE_OK;
        case OP_FRAME: return take(p, 8, &skipped);
        case OP_MARK: return push_number(p, &p->stack, MARK);
        case OP_TUPLE: CLILE_I_RETURN_IF(find_mark(p, &mark)); return make_tuple(p, mark + 1, mark);
        case OP_TUPLE1: return tuple_of(p, 1);
        case OP_TUPLE2: return tuple_of(p, 2);
        case OP_TUPLE3: return tuple_of(p, 3);
        case OP_APPEND: return add_items(p, CLILE_I_PY_LIST, 1);
        case OP_APPENDS: return add_items(p, CLILE_I_PY_LIST, 0);
        case OP_SETITEM: return add_items(p, CLILE_I_PY_DICT, 2);
        case OP_SETITEMS: return add_items(p, CLILE_I_PY_DICT, 0);
        case OP_BINPUT: CLILE_I_RETURN_IF(take_number(p, 1, &number)); return put(p, number);
        case OP_LONG_BINPUT: CLILE_I_RETURN_IF(take_number(p, 4, &number)); return put(p, number);
        case OP_MEMOIZE: return put(p, (uint64_t)p->memo.count);
        case OP_BINGET: CLILE_I_RETURN_IF(take_number(p, 1, &number)); return get(p, number);
        case OP_LONG_BINGET: CLILE_I_RETURN_IF(take_number(p, 4, &number)); return get(p, number);
        case OP_STACK_GLOBAL: return stack_global(p);
        case OP_REDUCE: return reduce(p);
        case OP_BUILD: return build(p);
        case OP_BINPERSID: return persistent(p);
        default: *known = 0; return CLILE_OK;
    }
}

static clile_status run(clile_i_pickle *p)
{
    const uint8_t *opcode = NULL;
    for (;;) {
        p->opcode_at = p->position;
        CLILE_I_RETURN_IF(take(p, 1, &opcode));
        if (*opcode == OP_STOP) break;
        int known = 1;
        CLILE_I_RETURN_IF(step_value(p, *opcode, &known));
        if (known) continue;
        known = 1;
        CLILE_I_RETURN_IF(step_stack(p, *opcode, &known));
        if (!known)
            return clile_i_fail(
                CLILE_E_UNSUPPORTED,
                "%s: pickle, byte %zu: opcode 0x%02x, which dictionaries of tensors do not need",
                p->path, p->opcode_at, *opcode);
    }
    if (p->stack.count != 1 || p->stack.at[0] == MARK)
        return damaged(p, "the end, but the stack does not hold one value");
    if (p->position != p->size) return damaged(p, "the end, but more bytes follow");
    return CLILE_OK;
}

clile_status clile_i_pickle_read(const uint8_t *data, size_t size, const char *path,
                                 const char *const *globals, clile_i_pickle **out)
{
    clile_status status = CLILE_OK;
    clile_i_pickle *pickle = NULL;
    *out = NULL;
    CLILE_I_ALLOC(pickle, 1);
    pickle->path = path;
    pickle->globals = globals;
    pickle->data = data;
    pickle->size = size;
    CLILE_I_TRY(run(pickle));
    *out = pickle;
    pickle = NULL;
cleanup:
    clile_i_pickle_close(pickle);
    return status;
}

void clile_i_pickle_close(clile_i_pickle *pickle)
{
    if (pickle == NULL) return;
    clile_i_free(pickle->values);
    clile_i_free(pickle->cells);
    clile_i_free(pickle->stack.at);
    clile_i_free(pickle->memo.at);
    clile_i_free(pickle);
}

const clile_i_py *clile_i_pickle_root(const clile_i_pickle *pickle)
{
    return &pickle->values[pickle->stack.at[0]];
}

const clile_i_py *clile_i_pickle_next(const clile_i_pickle *pickle, int32_t *cell_index)
{
    const cell *c = &pickle->cells[*cell_index];
    *cell_index = c->next;
    return &pickle->values[c->value];
}
