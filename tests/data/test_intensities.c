/* How strong an action unit is, where the labels say so: DISFA, DISFA+, packs, joined sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"
#include "store/safetensors.h"

static const int8_t expected[3][2] = {{0, 1}, {2, -1}, {5, 3}};

static void ok(clile_status status)
{
    if (status != CLILE_OK) fail_msg("%s: %s", clile_status_name(status), clile_last_error());
}

static void refused(clile_status found, clile_status status, const char *text)
{
    if (found != status || strstr(clile_last_error(), text) == NULL)
        fail_msg("%s, \"%s\"; expected %s, \"%s\"", clile_status_name(found), clile_last_error(),
                 clile_status_name(status), text);
}

/* AUs 1 and 12 of two subjects; of the second, only frame 1 has an image. */
static void write_disfa(const scratch *s)
{
    char name[64];
    for (int subject = 2; subject <= 4; subject += 2) {
        for (int k = 0; k < (subject == 2 ? 3 : 1); ++k) {
            snprintf(name, sizeof name, "img/SN00%d/%d.png", subject, k);
            scratch_image(s, name, 100 + 10 * subject + k);
        }
        snprintf(name, sizeof name, "ActionUnit_Labels/SN00%d/SN00%d_au1.txt", subject, subject);
        scratch_text(s, name, subject == 2 ? "1,0\n2,2\n3,5\n" : "1,4\n");
        snprintf(name, sizeof name, "ActionUnit_Labels/SN00%d/SN00%d_au12.txt", subject, subject);
        scratch_text(s, name, subject == 2 ? "1,1\n2,9\n3,3\n" : "1,0\n");
    }
}

static void check(const clile_dataset *data)
{
    int8_t found[4][2];
    assert_int_equal(clile_dataset_size(data), 4);
    ok(clile_dataset_copy_intensities(data, 0, 4, &found[0][0]));
    assert_memory_equal(found, expected, sizeof expected);
    assert_memory_equal(found[3], ((const int8_t[2]){4, 0}), 2);
    ok(clile_dataset_copy_intensities(data, 2, 1, found[0]));
    assert_memory_equal(found[0], expected[2], 2);
    refused(clile_dataset_copy_intensities(data, 3, 2, found[0]), CLILE_E_INVALID_ARGUMENT,
            "clile_dataset_copy_intensities: images 3 + 2, the data set has 4");
}

static void folders_and_packs_have_them(void **state)
{
    (void)state;
    const scratch s = scratch_make();
    clile_dataset *data = NULL, *packed = NULL, *one = NULL;
    clile_options *options = NULL;
    char pack[1024];
    int8_t found[4];
    write_disfa(&s);
    ok(scratch_open(s.path, "au_set=1,12", &data));
    check(data);
    ok(clile_options_create(&options));
    ok(clile_options_set(options, CLILE_OPT_IMAGE_SIZE, "32"));
    snprintf(pack, sizeof pack, "%s", scratch_path(&s, "p.safetensors"));
    ok(clile_dataset_pack(data, pack, options, NULL, NULL));
    ok(clile_dataset_open(pack, NULL, &packed));
    check(packed);
    /* columns follow the AUs that are asked for; neither threshold nor unknown changes them */
    ok(scratch_open(pack, "au_set=12 unknown=negative", &one));
    ok(clile_dataset_copy_intensities(one, 0, 4, found));
    assert_memory_equal(found, ((const int8_t[4]){1, -1, 3, 0}), 4);
    clile_dataset_destroy(one);
    ok(scratch_open(s.path, "au_set=12,1 present_from=5", &one));
    ok(clile_dataset_copy_intensities(one, 1, 1, found));
    assert_memory_equal(found, ((const int8_t[2]){-1, 2}), 2);
    clile_dataset_destroy(one);
    clile_options_destroy(options);
    clile_dataset_destroy(packed);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

static void disfa_plus_has_them(void **state)
{
    (void)state;
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    int8_t found[2];
    scratch_text(&s, "Labels/SN001/A1_AU1_TrailNo_1/AU1.txt", "000.jpg 0\n001.jpg 3\n");
    scratch_image(&s, "Images/SN001/A1_AU1_TrailNo_1/000.jpg", 100);
    scratch_image(&s, "Images/SN001/A1_AU1_TrailNo_1/001.jpg", 101);
    ok(scratch_open(s.path, "layout=disfa+ au_set=1", &data));
    ok(clile_dataset_copy_intensities(data, 0, 2, found));
    assert_memory_equal(found, ((const int8_t[2]){0, 3}), 2);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

/* Of a set without them, what is joined has -1; alone, it says so. */
static void other_labels_have_none(void **state)
{
    static const uint8_t rgb[2 * 24 * 24 * 3];
    static const int8_t labels[2][2] = {{1, 0}, {0, 1}};
    static const int32_t subject[2] = {0, 1}, ids[2] = {1, 12};
    (void)state;
    const scratch s = scratch_make();
    clile_dataset *data = NULL, *arrays = NULL, *both = NULL;
    int8_t found[6][2];
    write_disfa(&s);
    ok(scratch_open(s.path, "au_set=1,12", &data));
    ok(clile_dataset_from_arrays(2, 24, 24, rgb, 2, ids, &labels[0][0], subject, &arrays));
    refused(clile_dataset_copy_intensities(arrays, 0, 2, &found[0][0]), CLILE_E_UNSUPPORTED,
            "present or absent, not how much");
    const clile_dataset *const sets[2] = {arrays, data};
    ok(clile_dataset_concat(2, sets, CLILE_SUBJECTS_DISTINCT, &both));
    ok(clile_dataset_copy_intensities(both, 0, 6, &found[0][0]));
    for (int i = 0; i < 2; ++i)
        for (int c = 0; c < 2; ++c) assert_int_equal(found[i][c], -1);
    assert_memory_equal(found[2], expected, sizeof expected);
    clile_dataset_destroy(both);
    clile_dataset_destroy(arrays);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

/* Columns AU1_r of a manifest: with occurrence beside them, or alone. */
static void manifests_have_them(void **state)
{
    (void)state;
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    int8_t found[3][3], labels[3][3];
    for (int k = 0; k < 3; ++k) {
        char name[16];
        snprintf(name, sizeof name, "%d.png", k);
        scratch_image(&s, name, 100 + k);
    }
    scratch_text(&s, "manifest.csv",
                 "image,subject,AU1_c,AU1_r,AU12_r,AU04\n0.png,a,1,4,2,0\n1.png,b,0,,5.0,1\n"
                 "2.png,b,9,-1,1,9\n");
    ok(scratch_open(s.path, "layout=csv", &data));
    ok(clile_dataset_copy_intensities(data, 0, 3, &found[0][0]));
    ok(clile_dataset_copy_labels(data, 0, 3, &labels[0][0]));
    int32_t ids[3];
    ok(clile_dataset_copy_au_ids(data, ids));
    assert_memory_equal(ids, ((const int32_t[3]){1, 4, 12}), sizeof ids);
    assert_memory_equal(found, ((const int8_t[3][3]){{4, -1, 2}, {-1, -1, 5}, {-1, -1, 1}}), 9);
    assert_memory_equal(labels, ((const int8_t[3][3]){{1, 0, 1}, {0, 1, 1}, {-1, -1, 0}}), 9);
    clile_dataset_destroy(data);
    ok(scratch_open(s.path, "layout=csv au_set=12,1 present_from=5", &data));
    ok(clile_dataset_copy_intensities(data, 0, 3, &found[0][0]));
    ok(clile_dataset_copy_labels(data, 0, 3, &labels[0][0]));
    assert_memory_equal(found, ((const int8_t[6]){2, 4, 5, -1, 1, -1}), 6);
    assert_memory_equal(labels, ((const int8_t[6]){0, 1, 1, 0, 0, -1}), 6);
    clile_dataset_destroy(data);
    ok(scratch_open(s.path, "layout=csv au_set=4", &data)); /* an AU without */
    refused(clile_dataset_copy_intensities(data, 0, 1, &found[0][0]), CLILE_E_UNSUPPORTED,
            "not how much");
    clile_dataset_destroy(data);
    static const char *const bad[] = {"6", "-2", "2.5", "high", "1e1"};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; ++k) {
        char text[64];
        snprintf(text, sizeof text, "image,subject,AU1_r\n0.png,a,%s\n", bad[k]);
        scratch_text(&s, "manifest.csv", text);
        snprintf(text, sizeof text,
                 "row 2: intensity \"%s\" of AU 1, expected a whole number 0 to 5", bad[k]);
        refused(scratch_open(s.path, "layout=csv", &data), CLILE_E_FORMAT, text);
    }
    scratch_text(&s, "manifest.csv", "image,subject,AU1_r,AU01_r\n0.png,a,1,1\n");
    refused(scratch_open(s.path, "layout=csv", &data), CLILE_E_FORMAT,
            "two columns for the intensity of AU 1");
    scratch_free(&s);
}

/* Every intensity of three images, whatever the labels beside them; -2: not written. */
static void check_arrays(const clile_dataset *data, const int8_t labels[3][2])
{
    int8_t found[4][2];
    memset(found, -2, sizeof found);
    ok(clile_dataset_copy_labels(data, 0, 3, &found[0][0]));
    assert_memory_equal(found, labels, 6);
    memset(found, -2, sizeof found);
    ok(clile_dataset_copy_intensities(data, 0, 3, &found[0][0]));
    assert_memory_equal(found, expected, sizeof expected);
    assert_int_equal(found[3][0], -2);
}

/* Beside labels of their own, or with those that follow from them. They are the data set's own. */
static void arrays_have_them(void **state)
{
    static const uint8_t rgb[3 * 24 * 24 * 3];
    static const int8_t given[3][2] = {{1, 0}, {0, 1}, {1, -1}}, /* not those that follow */
        follow[3][2] = {{0, 0}, {1, -1}, {1, 1}};
    static const int32_t subject[3] = {0, 1, 1}, ids[2] = {1, 12};
    (void)state;
    clile_dataset *data = NULL, *part = NULL;
    int8_t coded[3][2], found[2][2];
    for (int k = 0; k < 2; ++k) {
        memcpy(coded, expected, sizeof coded);
        ok(clile_dataset_from_intensities(3, 24, 24, rgb, 2, ids, k == 0 ? &given[0][0] : NULL,
                                          &coded[0][0], subject, &data));
        memset(coded, 0, sizeof coded);
        check_arrays(data, k == 0 ? given : follow);
        memset(found, -2, sizeof found);
        ok(clile_dataset_select(data, 2, (const int64_t[]){2, 0}, &part));
        ok(clile_dataset_copy_intensities(part, 0, 2, &found[0][0]));
        assert_memory_equal(found[0], expected[2], 2);
        assert_memory_equal(found[1], expected[0], 2);
        clile_dataset_destroy(part);
        clile_dataset_destroy(data);
    }
    for (int bad = 6; bad >= -2; bad -= 8) {
        char text[64];
        coded[2][1] = (int8_t)bad;
        snprintf(text, sizeof text, "intensity[2,1] is %d, expected 0 to 5 or -1", bad);
        refused(clile_dataset_from_intensities(3, 24, 24, rgb, 2, ids, NULL, &coded[0][0], subject,
                                               &data),
                CLILE_E_INVALID_ARGUMENT, text);
    }
}

/* Writes the pack again with one change to its intensities: a value, their CRC-32, or no tensor. */
static void write_changed(const char *from, const char *to, int at, int8_t value, int good_crc)
{
    clile_i_st *st = NULL;
    clile_i_st_writer *writer = NULL;
    int8_t codes[4][2];
    char digits[9];
    ok(clile_i_st_open(from, &st));
    ok(clile_i_st_writer_create(&writer));
    memcpy(codes, clile_i_st_find(st, "intensity")->data, sizeof codes);
    if (at >= 0) codes[at / 2][at % 2] = value;
    snprintf(digits, sizeof digits, "%08x", clile_i_crc32(0, codes, sizeof codes));
    for (int64_t i = 0; i < clile_i_st_metadata_count(st); ++i) {
        const char *key, *text;
        clile_i_st_metadata_at(st, i, &key, &text);
        if (strcmp(key, "clile_crc32") == 0) continue; /* the writer's own */
        if (strcmp(key, "intensity_crc32") == 0 && good_crc) text = digits;
        ok(clile_i_st_writer_metadata(writer, key, text));
    }
    for (int64_t i = 0; i < clile_i_st_count(st); ++i) {
        const clile_i_st_tensor *t = clile_i_st_at(st, i);
        const int ours = strcmp(t->name, "intensity") == 0;
        if (ours && at < 0) continue;
        ok(clile_i_st_writer_add(writer, t->name, t->type, t->ndim, t->shape,
                                 ours ? (const void *)codes : t->data));
    }
    ok(clile_i_st_writer_write(writer, to));
    clile_i_st_writer_destroy(writer);
    clile_i_st_close(st);
}

static void damaged_packs_are_refused(void **state)
{
    (void)state;
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    clile_options *options = NULL;
    char pack[1024], other[1024];
    write_disfa(&s);
    ok(scratch_open(s.path, "au_set=1,12", &data));
    ok(clile_options_create(&options));
    ok(clile_options_set(options, CLILE_OPT_IMAGE_SIZE, "32"));
    snprintf(pack, sizeof pack, "%s", scratch_path(&s, "p.safetensors"));
    snprintf(other, sizeof other, "%s", scratch_path(&s, "o.safetensors"));
    ok(clile_dataset_pack(data, pack, options, NULL, NULL));
    clile_dataset_destroy(data);
    write_changed(pack, other, 2, 6, 1);
    refused(clile_dataset_open(other, NULL, &data), CLILE_E_FORMAT,
            "intensity[1,0] is 6, expected -1 to 5");
    write_changed(pack, other, 3, -2, 1);
    refused(clile_dataset_open(other, NULL, &data), CLILE_E_FORMAT, "intensity[1,1] is -2");
    write_changed(pack, other, 0, 4, 0);
    refused(clile_dataset_open(other, NULL, &data), CLILE_E_CORRUPT,
            "CRC-32 of its tensor \"intensity\"");
    write_changed(pack, other, -1, 0, 0);
    refused(clile_dataset_open(other, NULL, &data), CLILE_E_FORMAT, "no tensor \"intensity\"");
    clile_options_destroy(options);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_and_packs_have_them), cmocka_unit_test(disfa_plus_has_them),
        cmocka_unit_test(manifests_have_them),         cmocka_unit_test(arrays_have_them),
        cmocka_unit_test(other_labels_have_none),      cmocka_unit_test(damaged_packs_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
