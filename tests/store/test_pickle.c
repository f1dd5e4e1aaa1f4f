/* Pickles written out opcode by opcode (Python's pickletools.dis reads them the same way). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scratch.h"
#include "store/pickle.h"

static const char *const allowed[] = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2",
                                      "torch FloatStorage", NULL};

/* A copy of exactly its size, so that ASan sees a step beyond it. */
static clile_status read_copy(const char *text, size_t size, clile_i_pickle **out, uint8_t **copy)
{
    *copy = malloc(size + 1);
    assert_non_null(*copy);
    memcpy(*copy, text, size);
    return clile_i_pickle_read(*copy, size, "p", allowed, out);
}

static void refused(const char *text, size_t size, clile_status expected, const char *message)
{
    clile_i_pickle *pickle = NULL;
    uint8_t *copy = NULL;
    const clile_status status = read_copy(text, size, &pickle, &copy);
    if (status != expected)
        fail_msg("%s, \"%s\" was expected: %s", clile_status_name(status), message,
                 clile_last_error());
    assert_null(pickle);
    assert_error_has("p: pickle, byte ");
    assert_error_has(message);
    free(copy);
}
#define REFUSED(text, status, message) refused(text, sizeof(text) - 1, status, message)
#define CORRUPT(text, message) REFUSED(text, CLILE_E_CORRUPT, message)
#define UNSUPPORTED(text, message) REFUSED(text, CLILE_E_UNSUPPORTED, message)

/* "{'a': 1, ...}" of what was read, to `depth`. */
static void write_value(clile_i_text *out, const clile_i_pickle *pickle, const clile_i_py *v,
                        int depth)
{
    static const char *const opening[] = {"", "", "", "", "", "(", "[", "{", "", "call(", "id("};
    if (depth == 0) {
        clile_i_text_append(out, "...");
        return;
    }
    if (v->kind == CLILE_I_PY_NONE) clile_i_text_append(out, "None");
    if (v->kind == CLILE_I_PY_BOOL) clile_i_text_append(out, v->integer ? "True" : "False");
    if (v->kind == CLILE_I_PY_INT) clile_i_text_append(out, "%lld", (long long)v->integer);
    if (v->kind == CLILE_I_PY_REAL) clile_i_text_append(out, "real");
    if (v->kind == CLILE_I_PY_TEXT) clile_i_text_append(out, "'%.*s'", (int)v->size, v->text);
    if (v->kind == CLILE_I_PY_GLOBAL) clile_i_text_append(out, "%s", allowed[v->integer]);
    clile_i_text_append(out, "%s", opening[v->kind]);
    if (v->kind == CLILE_I_PY_CALL) clile_i_text_append(out, "%s: ", allowed[v->integer]);
    int64_t count = 0;
    for (int32_t cell = v->first; cell >= 0; ++count) {
        if (count > 0)
            clile_i_text_append(out, v->kind == CLILE_I_PY_DICT && count % 2 ? ": " : ", ");
        write_value(out, pickle, clile_i_pickle_next(pickle, &cell), depth - 1);
    }
    if (v->kind != CLILE_I_PY_TEXT) assert_int_equal(v->size, count);
    if (opening[v->kind][0])
        clile_i_text_append(out, "%c",
                            v->kind == CLILE_I_PY_DICT   ? '}'
                            : v->kind == CLILE_I_PY_LIST ? ']'
                                                         : ')');
}

static void gives(const char *text, size_t size, const char *expected)
{
    clile_i_pickle *pickle = NULL;
    uint8_t *copy = NULL;
    clile_i_text out = {0};
    if (read_copy(text, size, &pickle, &copy) != CLILE_OK)
        fail_msg("%s: %s", expected, clile_last_error());
    write_value(&out, pickle, clile_i_pickle_root(pickle), 6);
    assert_int_equal(out.status, CLILE_OK);
    assert_string_equal(out.data, expected);
    clile_i_text_free(&out);
    clile_i_pickle_close(pickle);
    for (size_t shorter = 0; shorter < size; ++shorter) { /* no shorter part is complete */
        uint8_t *part = NULL;
        assert_int_equal(read_copy(text, shorter, &pickle, &part), CLILE_E_CORRUPT);
        free(part);
    }
    free(copy);
}
#define GIVES(text, expected) gives(text, sizeof(text) - 1, expected)

static void test_values(void **state)
{
    (void)state;
    GIVES("\x80\2(N\x88\x89K\xffM\1\2J\xfe\xff\xff\xffG\x3f\xf0\0\0\0\0\0\0t.",
          "(None, True, False, 255, 513, -2, real)");
    GIVES("(\x8a\0\x8a\1\xff\x8a\2\0\x80\x8a\5\0\0\0\0\1\x8a\x8\xff\xff\xff\xff\xff\xff\xff\xff\x8a"
          "\x8\0\0\0\0\0\0\0\x80t.",
          "(0, -1, -32768, 4294967296, -1, -9223372036854775808)");
    GIVES("(U\1aT\2\0\0\0bcX\1\0\0\0d\x8c\1e\x8d\1\0\0\0\0\0\0\0ft.", "('a', 'bc', 'd', 'e', 'f')");
    GIVES("()K\1\x85K\1K\2\x86K\1K\2K\3\x87]]K\1a](K\1K\2et.",
          "((), (1), (1, 2), (1, 2, 3), [], [1], [1, 2])");
    GIVES("}(U\1aK\1U\1bK\2uU\1cK\3s.", "{'a': 1, 'b': 2, 'c': 3}");
    GIVES("\x80\4\x95\0\0\0\0\0\0\0\0}.", "{}");
    /* the memo, by number and by order */
    GIVES("(U\1aq\0U\1br\1\0\0\0h\0j\1\0\0\0t.", "('a', 'b', 'a', 'b')");
    GIVES("(U\1a\x94U\1b\x94h\1h\0t.", "('a', 'b', 'b', 'a')");
    /* a container that holds itself ends where the reader wants */
    GIVES("]q\0h\0a.", "[[[[[[...]]]]]]");
}

static void test_globals(void **state)
{
    (void)state;
    /* attributes are dropped */
    GIVES("ccollections\nOrderedDict\n)RU\1aK\1s}U\1xK\2sb.", "{'a': 1}");
    GIVES("(ctorch._utils\n_rebuild_tensor_v2\nU\7storagectorch\nFloatStorage\n\x86QK\3\x86Rt.",
          "(call(torch._utils _rebuild_tensor_v2: id(('storage', torch FloatStorage)), 3))");
    GIVES("\x8c\5torch\x8c\14FloatStorage\x93.", "torch FloatStorage");
    UNSUPPORTED("cos\nsystem\nU\2ls\x85R.",
                "byte 0: it asks for os.system, which dictionaries of "
                "tensors do not need, and libclile runs no code in a pickle");
    UNSUPPORTED("\x8c\10builtins\x8c\4eval\x93.", "it asks for builtins.eval");
    UNSUPPORTED("ctorch\nFloatStorag\n.", "it asks for torch.FloatStorag,");
    UNSUPPORTED("ctorch FloatStorage\n\n.", "it asks for torch FloatStorage.,");
    UNSUPPORTED("ccollections\nOrderedDict\n](K\1K\2e\x85R.", "an OrderedDict made of a list");
    UNSUPPORTED("ccollections\nOrderedDict\n)\x81.",
                "opcode 0x81, which dictionaries of tensors do not need");
    UNSUPPORTED("(i__main__\nf\n.", "opcode 0x69");
    UNSUPPORTED("I1\n.", "byte 0: opcode 0x49");
    UNSUPPORTED("\x80\6}.", "byte 0: protocol 6");
    UNSUPPORTED("\x8a\x9\1\1\1\1\1\1\1\1\1.", "an integer of more than 64 bits");
}

static void test_damage(void **state)
{
    (void)state;
    CORRUPT("", "byte 0: the pickle is truncated");
    CORRUPT(".", "the stack does not hold one value");
    CORRUPT("NN.", "the stack does not hold one value");
    CORRUPT("(.", "the stack does not hold one value");
    CORRUPT("N.N", "the end, but more bytes follow");
    CORRUPT("X\xff\xff\xff\xff"
            "ab.",
            "truncated");
    CORRUPT("\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "truncated");
    CORRUPT("ctorch\nFloat", "truncated");
    CORRUPT("t.", "a mark is missing");
    CORRUPT("N\x86.", "a value is missing");
    CORRUPT("(N\x86.", "a mark among the items of a tuple");
    CORRUPT("Na.", "no container");
    CORRUPT("}Na.", "no container");
    CORRUPT("](K\1u.", "no container");
    CORRUPT("K\1(K\2e.", "no container");
    CORRUPT("(K\2e.", "no container");
    CORRUPT("}(K\1u.", "a key without a value");
    CORRUPT("}U\1a(s.", "a mark among items");
    CORRUPT("q\0.", "an empty stack");
    CORRUPT("(q\0t.", "an empty stack");
    CORRUPT("Nr\xff\xff\xff\x7f.", "a memo index larger than the pickle");
    CORRUPT("h\0.", "a memo index without a value");
    CORRUPT("Nq\1h\0.", "a memo index without a value");
    CORRUPT("NNR.", "a call of something that is not a function");
    CORRUPT("R.", "a value is missing");
    CORRUPT("K\1)R.", "a call of something that is not a function");
    CORRUPT("K\1}b.", "no container");
    CORRUPT("NN\x93.", "a global whose name is not text");
    CORRUPT("Q.", "a value is missing");
}

/* A small file must not become much memory: "(" and millions of None. */
static void test_too_many_values(void **state)
{
    (void)state;
    enum { SIZE = 3 << 20 };
    clile_i_pickle *pickle = NULL;
    uint8_t *data = malloc(SIZE);
    assert_non_null(data);
    memset(data, 'N', SIZE);
    assert_int_equal(clile_i_pickle_read(data, SIZE, "p", allowed, &pickle), CLILE_E_UNSUPPORTED);
    assert_error_has("p: a pickle of more than 2097152 values");
    assert_null(pickle);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_globals),
        cmocka_unit_test(test_damage), cmocka_unit_test(test_too_many_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
