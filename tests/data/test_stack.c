/* Data sets open on small stacks, as in threads of other languages and on embedded systems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"

#include <clile/faces.h>

#include <pthread.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) /* frames with red zones */
enum { STACK = 1024 << 10 };
#else
enum { STACK = 64 << 10 };
#endif

static const struct {
    const char *layout, *settings, *file, *text;
    const char *file2, *text2;
    const char *image;
} cases[] = {
    {"bp4d", "au_set=1", "AU_OCC/F001_T1.csv", "0,1\n1,1\n", "landmarks/F001_T1.csv",
     "frame,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,"
     "mouth_right_x,mouth_right_y\n1,8,9,16,9,12,13,9,17,15,17\n",
     "F001/T1/1.png"},
    {"disfa", "au_set=1", "SN001/SN001_au1.txt", "1,1\n", "boxes/SN001.csv", "0,1,1,9,9\n",
     "img/SN001/0.png"},
    {"disfa+", "au_set=1", "Labels/SN001/a/AU1.txt", "000.png 1\n", NULL, NULL,
     "Images/SN001/a/000.png"},
    {"csv", "", "manifest.csv", "image,subject,AU1\nx/../F001/a.png,\"a \"\"b\"\"\",1\n", NULL,
     NULL, "F001/a.png"},
    {"csv", "", "anna.csv", "frame,success,AU01_c\n1,1,1\n", NULL, NULL, "anna/1.png"},
    {"csv", "", "faces.csv", "input,AU01\nF001/a.png,1\n", NULL, NULL, "F001/a.png"},
    {"list", "au_set=1", "BP4D_train_img_path_fold1.txt", "F001/T1/1.png\n",
     "BP4D_train_label_fold1.txt", "1\n", "F001/T1/1.png"},
    {"jsonl", "", "x.jsonl", "{\"img_path\": \"F001/a.png\", \"AUs\": [1]}\n", NULL, NULL,
     "F001/a.png"},
};

typedef struct {
    const char *path, *settings;
    clile_dataset *dataset;
    clile_status status;
    char error[256];
} job;

static void *open_one(void *context)
{
    job *j = context;
    j->status = scratch_open(j->path, j->settings, &j->dataset);
    snprintf(j->error, sizeof j->error, "%s", clile_last_error());
    return NULL;
}

static void run_on_small_stack(void *(*function)(void *), void *context)
{
    pthread_t thread;
    pthread_attr_t attributes;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    const long least = sysconf(_SC_THREAD_STACK_MIN); /* 128 KiB on arm64 */
    const size_t size = least > STACK ? (size_t)least : STACK;
    assert_int_equal(pthread_attr_setstacksize(&attributes, size), 0);
    assert_int_equal(pthread_create(&thread, &attributes, function, context), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

static void each_layout_opens(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k)
        for (int any = 0; any < 2; ++any) {
            const scratch s = scratch_make();
            char settings[64], file[1024];
            scratch_text(&s, cases[k].file, cases[k].text);
            if (cases[k].file2 != NULL) scratch_text(&s, cases[k].file2, cases[k].text2);
            scratch_image(&s, cases[k].image, 9);
            scratch_folders(&s, "x/y");
            snprintf(settings, sizeof settings, "%s layout=%s", cases[k].settings,
                     any ? "auto" : cases[k].layout);
            snprintf(file, sizeof file, "%s", scratch_path(&s, cases[k].file));
            const int by_file =
                strcmp(cases[k].layout, "list") == 0 || strcmp(cases[k].layout, "jsonl") == 0;
            job j = {.path = by_file ? file : s.path, .settings = settings};
            run_on_small_stack(open_one, &j);
            if (j.status != CLILE_OK) fail_msg("%s: %s", settings, j.error);
            assert_int_equal(clile_dataset_size(j.dataset), 1);

            char pack[1024];
            snprintf(pack, sizeof pack, "%s", scratch_path(&s, "a.safetensors"));
            assert_int_equal(clile_dataset_pack(j.dataset, pack, NULL, NULL, NULL), CLILE_OK);
            clile_dataset_destroy(j.dataset);
            job again = {.path = pack, .settings = any ? "" : "layout=pack"};
            run_on_small_stack(open_one, &again);
            if (again.status != CLILE_OK) fail_msg("%s: pack: %s", settings, again.error);
            clile_dataset_destroy(again.dataset);
            scratch_free(&s);
        }
}

/* Messages are made on the same stack. */
static void mistakes_are_named(void **state)
{
    static const char *const files[][2] = {{"AU_OCC/F001_T1.csv", "0,1\n1,x\n"},
                                           {"SN001/SN001_au1.txt", "1,x\n"},
                                           {"Labels/SN001/a/AU1.txt", "000.png x\n"},
                                           {"manifest.csv", "image,subject,AU1\na.png,anna,x\n"}};
    (void)state;
    for (size_t k = 0; k < sizeof files / sizeof *files; ++k) {
        const scratch s = scratch_make();
        scratch_text(&s, files[k][0], files[k][1]);
        scratch_image(&s, "a/F001/T1/1.png", 9);
        scratch_image(&s, "a/SN001/0.png", 9);
        scratch_image(&s, "a/SN001/a/000.png", 9);
        job j = {.path = s.path, .settings = "au_set=1"};
        run_on_small_stack(open_one, &j);
        if (strstr(j.error, "row ") == NULL) fail_msg("%s: %s", files[k][0], j.error);
        scratch_free(&s);
    }
}

static void *open_faces(void *context)
{
    job *j = context;
    clile_face_file *file = NULL;
    int64_t count = 0;
    j->status = clile_face_file_open(j->path, NULL, &file);
    if (j->status == CLILE_OK) j->status = clile_face_file_find(file, "y/../a.png", 0, &count);
    if (count != 1) j->status = CLILE_E_STATE;
    snprintf(j->error, sizeof j->error, "%s", clile_last_error());
    clile_face_file_destroy(file);
    return NULL;
}

static void face_files_open(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    scratch_text(&s, "faces.csv", "image,x,y,w,h\nx/../a.png,1,2,3,4\n");
    job j = {.path = scratch_path(&s, "faces.csv")};
    run_on_small_stack(open_faces, &j);
    if (j.status != CLILE_OK) fail_msg("%s", j.error);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_layout_opens),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(face_files_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
