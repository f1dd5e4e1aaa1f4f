/* Forms of `clile predict` that other programs read: one row an AU (R, ggplot2, seaborn), Py-Feat's
 * Fex, and OpenFace's columns. docs/formats.md says what each column means. */
#include "predict.h"

#include <math.h>

/* ---- what they share ---- */

enum { FEX_POINTS = 68 };

/* An empty cell is a value that is not known. */
static void cell(int known, double value)
{
    if (known)
        printf(",%.9g", value);
    else
        printf(",");
}

static void landmark_names(void)
{
    for (int k = 0; k < FEX_POINTS; ++k) printf(",x_%d", k);
    for (int k = 0; k < FEX_POINTS; ++k) printf(",y_%d", k);
}

/* All x, then all y. Five points are none of these. */
static void landmark_cells(const answer *row)
{
    const int known = row->success && row->points == FEX_POINTS;
    for (int axis = 0; axis < 2; ++axis)
        for (int k = 0; k < FEX_POINTS; ++k)
            cell(known, known ? (double)row->xy[2 * k + axis] : 0.0);
}

/* ---- one row an AU ---- */

void tidy_begin(const answers *a)
{
    printf("frame,%s%s%s,success%s%s,au,name,probability,present%s%s\n",
           a->with_time ? "time," : "", a->with_people ? "person" : "image",
           a->with_faces ? ",face" : "", a->with_people ? ",found" : "",
           a->with_boxes ? ",x,y,w,h" : "", a->graded ? ",intensity" : "",
           a->neutral ? ",neutral_probability,neutral_present" : "");
}

static void tidy_place(const answers *a, const answer *row)
{
    printf("%lld,", (long long)row->frame);
    if (a->with_time && !isnan(row->time)) printf("%.6f", row->time);
    if (a->with_time) printf(",");
    if (row->image) csv_text(stdout, row->image);
    if (a->with_people && row->success) printf("%lld", (long long)row->person);
    if (a->with_faces) printf(",%lld", (long long)row->face);
    printf(",%d", row->success);
    if (a->with_people) cell(row->success, row->found);
    for (int k = 0; k < 4 && a->with_boxes; ++k)
        cell(row->box != NULL, row->box ? (double)row->box[k] : 0.0);
}

/* Without success as many rows, so that each AU's series has the same frames. */
void tidy_row(const answers *a, const answer *row)
{
    for (int32_t k = 0; k < a->c; ++k) {
        tidy_place(a, row);
        printf(",%d,", (int)a->au_ids[k]);
        csv_text(stdout, au_name(a->au_ids[k]));
        cell(row->success, row->success ? (double)row->probability[k] : 0.0);
        cell(row->success, row->success ? row->present[k] : 0);
        if (a->graded) cell(row->success, row->success ? (double)row->intensity[k] : 0.0);
        if (a->neutral) cell(row->centred != NULL, row->centred ? (double)row->centred[k] : 0.0);
        if (a->neutral) cell(row->centred != NULL, row->centred ? row->centred_present[k] : 0);
        printf("\n");
    }
}

/* ---- Py-Feat ---- */

/* feat/utils/__init__.py of Py-Feat 2.1; its read_feat wants all of them. */
static const char fex_unknown[] = "Pitch,Roll,Yaw,X,Y,Z,anger,disgust,fear,happiness,sadness,"
                                  "surprise,neutral";

void pyfeat_begin(const answers *a)
{
    printf("frame,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore");
    landmark_names();
    for (int32_t k = 0; k < a->c; ++k) printf(",AU%02d", (int)a->au_ids[k]);
    printf(",%s,Identity,input%s\n", fex_unknown, a->with_time ? ",time" : "");
}

void pyfeat_row(const answers *a, const answer *row)
{
    const int placed = row->success && row->place != NULL;
    printf("%lld", (long long)row->frame - 1); /* Py-Feat counts from 0 */
    for (int k = 0; k < 4; ++k) cell(placed, placed ? (double)row->place[k] : 0.0);
    cell(row->success, isnan(row->score) ? 1.0 : (double)row->score);
    landmark_cells(row);
    for (int32_t k = 0; k < a->c; ++k)
        cell(row->success, row->success ? (double)row->probability[k] : 0.0);
    printf(",");
    for (const char *at = fex_unknown; *at; ++at)
        if (*at == ',') printf(",");
    printf(",");
    if (a->with_people && row->success) printf("Person_%lld", (long long)row->person);
    printf(",");
    csv_text(stdout, row->image ? row->image : a->source ? a->source : "-");
    if (a->with_time) printf(",");
    if (a->with_time && !isnan(row->time)) printf("%.6f", row->time);
    printf("\n");
}

/* ---- OpenFace ---- */

/* OpenFace's intensities end here; a model that knows none gives probabilities times this. */
static const double INTENSITIES = 5;

/* As its wiki has them (Output-Format), without gaze, pose, shape and points in space. */
void openface_begin(const answers *a)
{
    printf("frame,face_id,timestamp,confidence,success");
    landmark_names();
    for (int32_t k = 0; k < a->c; ++k) printf(",AU%02d_r", (int)a->au_ids[k]);
    for (int32_t k = 0; k < a->c; ++k) printf(",AU%02d_c", (int)a->au_ids[k]);
    printf("\n");
}

void openface_row(const answers *a, const answer *row)
{
    const int64_t number = a->with_people ? row->person : row->face;
    printf("%lld,%lld,", (long long)row->frame,
           (long long)(number > 0 ? number - 1 : 0)); /* faces count from 0, frames from 1 */
    if (!isnan(row->time)) printf("%.6f", row->time);
    printf(",%d,%d", row->success, row->success);
    landmark_cells(row);
    for (int32_t k = 0; k < a->c; ++k)
        cell(row->success, !row->success    ? 0.0
                           : row->intensity ? (double)row->intensity[k]
                                            : INTENSITIES * (double)row->probability[k]);
    for (int32_t k = 0; k < a->c; ++k) cell(row->success, row->success ? row->present[k] : 0);
    printf("\n");
}
