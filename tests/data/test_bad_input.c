/* Every parser of lib/data and lib/layout against every kind of damage: status and message, with
 * file and line. Also files in data sets that are not images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/data.h"
#include "data/scratch.h"

/* Writes `text` with {NUL} as a NUL byte and {MANY} as 3000 fields ",1"; `bom` and `crlf` as
 * editors on Windows do. */
static void write_text(const scratch *s, const char *name, const char *text, int windows)
{
    clile_i_text out = {0};
    if (windows) clile_i_text_append(&out, "\xEF\xBB\xBF");
    for (const char *at = text; *at != '\0'; ++at) {
        if (strncmp(at, "{NUL}", 5) == 0) {
            clile_i_text_append(&out, "\x01");
            at += 4;
        } else if (strncmp(at, "{MANY}", 6) == 0) {
            for (int k = 0; k < 3000; ++k) clile_i_text_append(&out, ",1");
            at += 5;
        } else {
            clile_i_text_append(&out, "%s%c", windows && *at == '\n' ? "\r" : "", *at);
        }
    }
    assert_int_equal(out.status, CLILE_OK);
    for (size_t k = 0; k < out.size; ++k)
        if (out.data[k] == '\x01') out.data[k] = '\0';
    scratch_write(s, name, out.data != NULL ? out.data : "", out.size);
    clile_i_text_free(&out);
}

typedef struct {
    const char *text;
    clile_status status;
    const char *message;
} defect;

/* A parser: the file it reads, what is opened, and a correct text with two images. */
typedef struct {
    const char *name, *file, *path, *settings, *fine;
    defect defects[12];
} parser;

#define FORMAT CLILE_E_FORMAT

static const parser parsers[] = {
    {"BP4D labels",
     "bp4d/AU_OCC/F001_T1.csv",
     "bp4d",
     "au_set=1,2",
     "0,1,2\n1,1,0\n2,0,9\n",
     {{"", FORMAT, "BP4D label file F001_T1.csv is empty"},
      {"0,1\n1,1\n", CLILE_E_INVALID_ARGUMENT, "F001_T1.csv: AU 2 is not coded there; it has 1"},
      {"0,1,x\n1,1,0\n", FORMAT, "F001_T1.csv, row 1: column 3 is \"x\", expected an AU number"},
      {"0,1,2\n1,1\n", FORMAT, "F001_T1.csv, row 2: 2 columns, header has 3"},
      {"0,1,2\n1,1,0,0\n", FORMAT, "F001_T1.csv, row 2: 4 columns, header has 3"},
      {"0,1,2\n1,1,7\n", FORMAT, "F001_T1.csv, row 2: code \"7\" for AU 2"},
      {"0,1,2\n1.5,1,0\n", FORMAT, "F001_T1.csv, row 2: column 1 is \"1.5\", expected a frame"},
      {"0,1,2\n99999999999999999999,1,0\n", FORMAT,
       "F001_T1.csv, row 2: column 1 is \"99999999999999999999\""},
      {"0,1,2{MANY}\n", FORMAT, "F001_T1.csv, row 1: 3003 columns, expected at most 2048"},
      {"0,1,2\n1,1,0\n1,1,0\n", FORMAT, "F001_T1.csv, row 3: frame 1 already has a row"},
      {"0,1,2\n1,{NUL}1,0\n", FORMAT, "F001_T1.csv, row 2: byte 3 is NUL"}}},
    {"landmarks",
     "bp4d/landmarks/F001_T1.csv",
     "bp4d",
     "au_set=1,2",
     "frame,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n1,9,8,16,9,12,13,9,18,15,18\n2,9,8,16,9,12,13,9,18,15,"
     "18\n",
     {{"1,9,8,16,9,12,13,9,18,15\n", FORMAT,
       "landmark file F001_T1.csv, row 1: 10 columns, expected frame and 5 or 68"},
      {"1,9,8,16,9,12,13,9,18,15,18,1\n", FORMAT, "row 1: 12 columns"},
      {"1,9,8,16,9,12,13,9,18,15,\n", FORMAT,
       "landmark file F001_T1.csv, row 1: column 11 is not a coordinate"},
      {"1,9,8,16,9,12,13,9,18,15,1e999\n", FORMAT, "row 1: column 11 is not a coordinate"},
      {"1,9,8,16,9,12,13,9,18,15,1e30\n", FORMAT, "row 1: column 11 is not a coordinate"},
      {"1,9,8,16,9,12,13,9,18,15,1\n2.5,9,8,16,9,12,13,9,18,15,1\n", FORMAT,
       "row 2: column 1 is \"2.5\", expected a frame"},
      {"2{MANY}\n", FORMAT,
       "landmark file F001_T1.csv, row 1: 3001 columns, expected at most 2048"},
      {"1,9,8,16,9,12,13,9,18,15,1\n\n1,9,8,16,9,12,13,9,18,15,1\n", FORMAT,
       "row 3: frame 1 has row 1 already"},
      {"1,9,8,16,9,12,13,9,18,15,1{NUL}\n", FORMAT,
       "landmark file F001_T1.csv, row 1: byte 27 is NUL"}}},
    {"boxes",
     "bp4d/boxes/F001_T1.csv",
     "bp4d",
     "au_set=1,2",
     "frame,x,y,w,h\n1,2,2,9,9\n2,2,2,9,9\n",
     {{"1,2,2,9\n", FORMAT, "box file F001_T1.csv, row 1: 4 columns, expected frame,x,y,w,h"},
      {"1,2,2,9,9,9\n", FORMAT, "row 1: 6 columns"},
      {"1,2,2,9,b\n", FORMAT, "box file F001_T1.csv, row 1: column 5 is not a coordinate"},
      {"1,-1e7,2,9,9\n", FORMAT, "row 1: column 2 is not a coordinate"},
      {"1,2,2,-9,9\n", FORMAT, "row 1: a box of -9 x 9 pixels, expected sides above 0"},
      {"1,2,2,9,9\n-1,2,2,9,9\n", FORMAT, "row 2: column 1 is \"-1\", expected a frame"},
      {"1{MANY}\n", FORMAT, "box file F001_T1.csv, row 1: 3001 columns"},
      {"2,2,2,9,9\n1,2,2,9,9\n2,2,2,9,9\n", FORMAT, "row 3: frame 2 has row 1 already"},
      {"{NUL}1,2,2,9,9\n", FORMAT, "box file F001_T1.csv, row 1: byte 1 is NUL"}}},
    {"DISFA labels",
     "disfa/ActionUnit_Labels/SN001/SN001_au2.txt",
     "disfa",
     "au_set=1,2",
     "1,0\n2,3\n",
     {{"", FORMAT, "DISFA label file SN001_au2.txt: 0 frames, SN001_au1.txt has 2"},
      {"1,0\n2\n", FORMAT,
       "DISFA label file SN001_au2.txt, row 2: 1 columns, expected frame,intensity"},
      {"1,0,0\n", FORMAT, "row 1: 3 columns, expected frame,intensity"},
      {"1,0\n2,x\n", FORMAT, "row 2: column 2 is \"x\", expected an intensity"},
      {"1,0\n2,99999999999999999999\n", FORMAT, "row 2: column 2 is \"99999999999999999999\""},
      {"1,0\n1,0\n", FORMAT, "row 2: frame 1, which SN001_au1.txt does not have in this row"},
      {"1{MANY}\n", FORMAT, "row 1: 3001 columns, expected at most 2048"},
      {"1,0\n2,{NUL}0\n", FORMAT, "DISFA label file SN001_au2.txt, row 2: byte 3 is NUL"}}},
    {"DISFA labels, the first AU",
     "disfa/ActionUnit_Labels/SN001/SN001_au1.txt",
     "disfa",
     "au_set=1,2",
     "1,0\n2,3\n",
     {{"1,0\n1,0\n", FORMAT, "DISFA label file SN001_au1.txt, row 2: frame 1 after frame 1"}}},
    {"DISFA+ labels",
     "plus/Labels/SN001/A1_AU1_TrailNo_1/AU1.txt",
     "plus",
     "au_set=1",
     "# a\n# b\n000.jpg     0\n001.jpg     2\n",
     {{"", FORMAT, "DISFA+ label file SN001/A1_AU1_TrailNo_1/AU1.txt has no row such as"},
      {"a\nb\n000.jpg\n", FORMAT, "AU1.txt, row 3: intensity \"\", expected 0 to 5 or 9"},
      {"000.jpg 0 0\n", FORMAT, "AU1.txt, row 1: intensity \"0 0\""},
      {"000.jpg 99999999999999999999\n", FORMAT, "row 1: intensity \"99999999999999999999\""},
      {"000.jpg 0\n000.jpg 0\n", FORMAT, "row 2: image 0 after image 0"},
      {"000.jpg 0\n99999999999999999999.jpg 0\n", FORMAT,
       "row 2: expected an image and an intensity"},
      {"000.jpg 0{MANY}\n", FORMAT, "AU1.txt, row 1: 3001 columns"},
      {"000.jpg 0\n001.jpg{NUL}0\n", FORMAT, "AU1.txt, row 2: byte 8 is NUL"}}},
    {"manifest",
     "csv/m.csv",
     "csv/m.csv",
     "",
     "image,subject,AU1,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n1.png,a,1.0,,,,,,,,,,\n2.png,b,,9,8,16,9,12,"
     "13,9,18,15,18\n",
     {{"", FORMAT, "manifest m.csv is empty"},
      {"subject,AU1\n", FORMAT, "manifest m.csv, row 1: no column \"image\""},
      {"image,subject,AU01_r\n1.png,a,3.2\n", FORMAT,
       "manifest m.csv, row 2: intensity \"3.2\" of AU 1, expected a whole number 0 to 5"},
      {"image,subject,AU1\n1.png,a\n", FORMAT, "manifest m.csv, row 2: 2 columns, header has 3"},
      {"image,subject,AU1\n1.png,a,1,1\n", FORMAT, "row 2: 4 columns, header has 3"},
      {"image,subject,AU1\n1.png,a,yes\n", FORMAT, "row 2: code \"yes\" for AU 1"},
      {"image,subject,AU1\n1.png,a,1e300\n", FORMAT, "row 2: code \"1e300\" for AU 1"},
      {"image,subject,AU1\n1.png,a,99999999999999999999\n", FORMAT,
       "row 2: code \"99999999999999999999\""},
      {"image,subject,AU1{MANY}\n", FORMAT,
       "manifest m.csv, row 1: 3003 columns, expected at most 2048"},
      {"image,subject,AU1\n1.png,a{NUL}b,1\n", FORMAT, "manifest m.csv, row 2: byte 8 is NUL"},
      {"image,subject,AU1,box_x,box_y,box_w,box_h\n1.png,a,1,1,1,x,1\n", FORMAT,
       "row 2: column 6 is not a coordinate"}}},
    {"OpenFace",
     "of/a.csv",
     "of/a.csv",
     "",
     "frame, success, AU01_r, AU01_c\n1, 1, 2.5, 1.00\n2, 1, 0.0, 0.00\n",
     {{"frame, AU01_c\n1, 1, 1\n", FORMAT, "OpenFace file a.csv, row 2: 3 columns, header has 2"},
      {"frame, AU01_c\n1, b\n", FORMAT, "OpenFace file a.csv, row 2: code \"b\" for AU 1"},
      {"frame, AU01_c\n99999999999999999999, 1\n", FORMAT,
       "row 2: column 1 is \"99999999999999999999\", expected a frame"},
      {"frame, AU01_c\n9223372036854775807, 1\n", FORMAT,
       "row 2: frame 9223372036854775807 is too large"},
      {"frame, AU01_c\n1, 1\n1, 1\n", FORMAT,
       "OpenFace file a.csv, row 3: a second row of frame 1"},
      {"frame, AU01_c\n1, {NUL}1\n", FORMAT, "OpenFace file a.csv, row 2: byte 4 is NUL"},
      {"", FORMAT, "manifest a.csv is empty"}}},
    {"list of images",
     "list/x_img_path.txt",
     "list",
     "au_set=1,2",
     "F001/1.png\nF001/2.png\n",
     {{"", FORMAT, "list x_img_path.txt has 0 lines, x_label.txt has 2"},
      {"F001/1.png\nF001/1.png\n", FORMAT,
       "list x_img_path.txt, line 2: this image already has a line"},
      {"F001/1.png\nF001/2{NUL}.png\n", FORMAT, "list x_img_path.txt, line 2: no usable path"},
      {"{NUL}\nF001/2.png\n", FORMAT, "list x_img_path.txt, line 1: no usable path"},
      {"F001/7.png\nF001/8.png\n", FORMAT,
       "list x_img_path.txt, line 1: neither image F001/7.png"}}},
    {"list of labels",
     "list/x_label.txt",
     "list",
     "au_set=1,2",
     "1 0\n0 -1\n",
     {{"", FORMAT, "list x_img_path.txt has 2 lines, x_label.txt has 0"},
      {"1 0\n0\n", FORMAT, "list x_label.txt, line 2: 1 columns, the first line has 2"},
      {"1 0\n0 0 0\n", FORMAT, "list x_label.txt, line 2: 3 columns, the first line has 2"},
      {"1 0\n0 x\n", FORMAT, "list x_label.txt, line 2: \"x\" is not a number"},
      {"1 0\n0 1e999\n", FORMAT, "list x_label.txt, line 2: \"1e999\" is not a number"},
      {"1 0\n0 3\n", FORMAT, "list x_label.txt, line 2: column 2 is 3, expected 0, 1 or -1, 9"},
      {"1{MANY}\n1{MANY}\n", FORMAT, "list x_label.txt, line 1: 3001 columns, expected at most 64"},
      {"1 {NUL}0\n0 0\n", FORMAT, "list x_label.txt, line 1: \""}}},
    {"JSON lines",
     "json/l.jsonl",
     "json/l.jsonl",
     "",
     "{\"img_path\": \"F001/1.png\", \"AUs\": [1, 999]}\n{\"img_path\": \"F001/2.png\", \"AUs\": "
     "[]}\n",
     {{"", FORMAT, "l.jsonl is empty, expected lines {\"img_path\": ..., \"AUs\": [...]}"},
      {"{\"AUs\": [1]}\n", FORMAT, "l.jsonl: line 1: no \"img_path\""},
      {"\n{\"img_path\": \"F001/1.png\"}\n", FORMAT, "l.jsonl: line 2: no \"AUs\""},
      {"{\"img_path\": \"F001/1.png\", \"AUs\": [1.5]}\n", FORMAT,
       "l.jsonl: line 1, byte 36: expected ']', found '.'"},
      {"{\"img_path\": \"F001/1.png\", \"AUs\": [0]}\n", FORMAT,
       "l.jsonl: line 1: AU 0, expected 1 to 998, or 999"},
      {"{\"img_path\": \"F001/1.png\", \"AUs\": [99999999999999999999]}\n", FORMAT,
       "l.jsonl: line 1, byte 35: expected an integer"},
      {"{\"img_path\": \"F001/1.png\", \"AUs\": [1, 1]}\n", FORMAT, "l.jsonl: line 1: AU 1 twice"},
      {"{\"img_path\": \"F001/1.png\", \"AUs\": [1], \"AUs\": [1]}\n", FORMAT,
       "l.jsonl: line 1: a key twice"},
      {"{\"img_path\": \"F001/1.png\", \"AUs\": [1]}\n{\"img_path\": \"F001/1.png\", \"AUs\": "
       "[1]}\n",
       FORMAT, "l.jsonl: line 2: this image already has a line"},
      {"{\"img_path\": \"F001/1{NUL}.png\", \"AUs\": [1]}\n", FORMAT,
       "l.jsonl: line 1, byte 20: expected a UTF-8 character"},
      {"{\"img_path\": \"F001/1.png\", \"AUs\": [1]\n", FORMAT,
       "l.jsonl: line 1, byte 37: expected '}', found the end"},
      {"[1, 2]\n", FORMAT, "l.jsonl: line 1, byte 0: expected '{', found '['"}}},
};
enum { PARSERS = sizeof parsers / sizeof *parsers };

/* A data set for each parser, with two images. */
static void write_sets(const scratch *s)
{
    static const char *const images[] = {"bp4d/F001/T1/", "disfa/img/SN001/", "csv/",
                                         "of/a/",         "list/F001/",       "json/F001/"};
    char name[64];
    for (int k = 0; k < 6; ++k)
        for (int i = 1; i <= 2; ++i) {
            snprintf(name, sizeof name, "%s%d.png", images[k], i);
            scratch_image(s, name, 10 * i);
        }
    scratch_image(s, "plus/Images/SN001/A1_AU1_TrailNo_1/000.png", 1);
    scratch_image(s, "plus/Images/SN001/A1_AU1_TrailNo_1/001.png", 1);
    for (int k = 0; k < PARSERS; ++k) write_text(s, parsers[k].file, parsers[k].fine, 0);
}

static clile_status open_set(const scratch *s, const parser *p, clile_dataset **out)
{
    char path[1024];
    snprintf(path, sizeof path, "%.200s", scratch_path(s, p->path));
    return scratch_open(path, p->settings, out);
}

static void every_parser_names_every_defect(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    write_sets(&s);
    for (int k = 0; k < PARSERS; ++k) {
        const parser *p = &parsers[k];
        for (const defect *d = p->defects; d < p->defects + 12 && d->text != NULL; ++d) {
            clile_dataset *dataset = (clile_dataset *)(uintptr_t)1;
            write_text(&s, p->file, d->text, 0);
            assert_failed(open_set(&s, p, &dataset), d->status, d->message);
            assert_null(dataset);
        }
        write_text(&s, p->file, p->fine, 0);
    }
    scratch_free(&s);
}

static void every_parser_takes_texts_of_windows(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    write_sets(&s);
    for (int windows = 0; windows < 2; ++windows) {
        for (int k = 0; k < PARSERS; ++k) {
            clile_dataset *dataset = NULL;
            write_text(&s, parsers[k].file, parsers[k].fine, windows);
            if (open_set(&s, &parsers[k], &dataset) != CLILE_OK)
                fail_msg("%s: %s", parsers[k].name, clile_last_error());
            assert_int_equal(clile_dataset_size(dataset), 2);
            clile_dataset_destroy(dataset);
        }
    }
    scratch_free(&s);
}

/* ---- images ---- */

typedef struct {
    const char *name, *source; /* NULL: the file is gone when it is read */
    long keep;
    clile_status status;
    const char *message;
} bad_image;

static const bad_image bad_images[] = {
    {"2.png", NULL, 0, CLILE_E_IO, "F001/T1/2.png"},
    {"2.png", "image/rgb.png", 0, CLILE_E_FORMAT, "F001/T1/2.png is empty (0 bytes)"},
    {"2.jpg", "image/baseline.jpg", 800, CLILE_E_CORRUPT,
     "F001/T1/2.jpg: the JPEG file is damaged"},
    {"2.png", "image/rgb.png", 60, CLILE_E_CORRUPT,
     "F001/T1/2.png: the PNG file is damaged: it ends before"},
    {"2.bmp", "image/rgb.bmp", 100, CLILE_E_CORRUPT, "F001/T1/2.bmp: the BMP file is damaged"},
    {"2.jpg", "image/README.md", -1, CLILE_E_FORMAT,
     "F001/T1/2.jpg is not a JPEG, PNG, BMP, WebP or HEIF file"},
    {"2.png", "image/one.png", -1, CLILE_E_FORMAT,
     "F001/T1/2.png has 1 x 1 pixels, a face needs at least 8 x 8"},
    {"2.png", "image/huge.png", -1, CLILE_E_INVALID_ARGUMENT,
     "F001/T1/2.png has 30000 x 30000 pixels, max_pixels allows 50000000"},
    {"2.png", "image/rgb16.png", -1, CLILE_OK, ""},
    {"2.jpg", "image/cmyk.jpg", -1, CLILE_OK, ""},
};

/* Reads the set in each way: one crop, a batch on the team's threads, a pack. */
static void read_set(const scratch *s, const char *settings, const bad_image *image)
{
    enum { SIDE = 32 };
    static const int64_t both[4] = {0, 1, 0, 1};
    clile_dataset *dataset = NULL;
    uint8_t crop[3 * SIDE * SIDE];
    static uint8_t crops[4 * 3 * SIDE * SIDE];
    float input[4 * 3 * SIDE * SIDE];
    char file[1024], pack[1024];
    snprintf(file, sizeof file, "%.100s/F001/T1/%s", s->path, image->name);
    snprintf(pack, sizeof pack, "%.100s/p.safetensors", s->path);
    if (scratch_open(s->path, settings, &dataset) != CLILE_OK) fail_msg("%s", clile_last_error());
    if (image->source == NULL) unlink(file);
    const clile_status expected = image->status;
    const int before = clile_i_threads_set(2);
    for (int again = 0; again < 2; ++again) { /* a failure leaves nothing in the cache */
        assert_failed(clile_dataset_copy_crop(dataset, 1, SIDE, crop), expected,
                      expected == CLILE_OK ? "" : image->message);
        assert_failed(clile_i_batch_load(dataset, 4, both, SIDE, NULL, 1, 0, input), expected,
                      expected == CLILE_OK ? "" : image->message);
        assert_failed(clile_dataset_copy_crops(dataset, 4, both, SIDE, 2, crops), expected,
                      expected == CLILE_OK ? "" : image->message);
        assert_int_equal(clile_dataset_copy_crop(dataset, 0, SIDE, crop), CLILE_OK);
    }
    clile_i_threads_set(before);
    assert_failed(clile_dataset_pack(dataset, pack, NULL, NULL, NULL), expected,
                  expected == CLILE_OK ? "" : image->message);
    assert_int_equal(clile_i_path_exists(pack), expected == CLILE_OK);
    unlink(pack);
    clile_dataset_destroy(dataset);
}

static void bad_images_fail_where_they_are_read(void **state)
{
    static const char *const settings[] = {"au_set=1", "au_set=1 cache_mb=0"};
    (void)state;
    for (size_t k = 0; k < sizeof bad_images / sizeof *bad_images; ++k) {
        const bad_image *image = &bad_images[k];
        for (int c = 0; c < 2; ++c) {
            const scratch s = scratch_make();
            char name[64];
            snprintf(name, sizeof name, "F001/T1/%s", image->name);
            scratch_image(&s, "F001/T1/1.png", 1);
            if (image->source != NULL)
                scratch_copy(&s, name, image->source, image->keep);
            else
                scratch_image(&s, name, 2);
            scratch_text(&s, "AU_OCC/F001_T1.csv", "0,1\n1,1\n2,0\n");
            read_set(&s, settings[c], image);
            scratch_free(&s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parser_names_every_defect),
        cmocka_unit_test(every_parser_takes_texts_of_windows),
        cmocka_unit_test(bad_images_fail_where_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
