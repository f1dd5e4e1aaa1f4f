/* The model card: what a model is, what it was trained on, what was measured, what it is not for.
 * Markdown, composed from the model's metadata, or a text of the user's own. */
#include "model/model.h"

#include <clile/au.h>

#include <string.h>

#define KEY_CARD "card"
#define KEY_EVALUATION "evaluation"
#define COMPOSED "<!-- composed by libclile from the model's metadata -->"

static const char *known(const clile_model *model, const char *key)
{
    const char *text = clile_model_get_metadata(model, key);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* "| name | value |", if the model has it */
static void put_row(clile_i_text *out, const clile_model *model, const char *name, const char *key)
{
    const char *value = known(model, key);
    if (value == NULL) return;
    clile_i_text_append(out, "| %s | ", name);
    clile_i_text_append_markdown(out, value);
    clile_i_text_append(out, " |\n");
}

static void put_model(clile_i_text *out, const clile_model *model)
{
    clile_i_text_append(
        out,
        "# Model card: action units of a face\n\n"
        "From the crop of a face (%d x %d pixels), this model gives the probability of %d action\n"
        "units (AUs) of the Facial Action Coding System, each present or absent. %s\n\n"
        "| AU | name |\n|---|---|\n",
        (int)model->size, (int)model->size, (int)model->c,
        model->trained ? "It was made by libclile." : "It is not trained.");
    for (int32_t i = 0; i < model->c; ++i) {
        const char *name = clile_au_name(model->au_ids[i]);
        clile_i_text_append(out, "| %d | %s |\n", (int)model->au_ids[i], name ? name : "");
    }
    clile_i_text_append(out,
                        "\n## The network\n\n| | |\n|---|---|\n| encoder | %s, width %g, %s |\n"
                        "| embedding | %d |\n| score | %s with an embedding of each AU |\n",
                        model->backbone, model->width,
                        model->quant ? "8-bit integers" : "32-bit floats", (int)model->d,
                        model->similarity == CLILE_I_COSINE ? "cosine" : "dot product");
    if (model->levels != NULL)
        clile_i_text_append(out, "| intensity | from 0 to 5, expected from the score |\n");
    if (model->standardize)
        clile_i_text_append(out, "| crops | brought to one mean and contrast (standardize) |\n");
}

static void put_training(clile_i_text *out, const clile_model *model)
{
    clile_i_text_append(out, "\n## What it was trained on\n\n");
    if (!model->trained) {
        clile_i_text_append(out, "Nothing yet.\n");
        return;
    }
    clile_i_text_append(out, "| | |\n|---|---|\n");
    put_row(out, model, "images are", "data_kind");
    put_row(out, model, "layout", "layout");
    put_row(out, model, "protocol", "protocol");
    if (known(model, "fold") != NULL && strcmp(known(model, "fold"), "0") != 0)
        put_row(out, model, "fold left out", "fold");
    put_row(out, model, "people", "train_subject_count");
    put_row(out, model, "images", "train_image_count");
    put_row(out, model, "faces placed by", "alignment");
    put_row(out, model, "has it seen photographs", "photographs");
    put_row(out, model, "weights imported from", "imported");
    put_row(out, model, "people it was not trained on, for tests", "test_subjects");
    put_row(out, model, "options", "training_options");
    put_row(out, model, "licence", "licence");
    if (known(model, KEY_CARD) != NULL && known(model, KEY_CARD)[0] != '#')
        put_row(out, model, "more in", KEY_CARD);
    if (known(model, "data_kind") == NULL)
        clile_i_text_append(out, "| | unknown: the file does not say |\n");
}

static void put_figures(clile_i_text *out, const clile_model *model)
{
    const char *text = known(model, KEY_EVALUATION);
    clile_i_text_append(out, "\n## What was measured\n\n%s\n",
                        text ? text
                             : "Nothing that this file knows of. `clile card MODEL --evaluation "
                               "FILE` adds figures.");
}

static void put_limits(clile_i_text *out, const clile_model *model)
{
    const char *photographs = known(model, "photographs");
    clile_i_text_append(out,
                        "\n## Limits\n\n"
                        "* An action unit is a movement of the face. It is no emotion, and says "
                        "nothing of a person's\n  character, intent or health; do not decide about "
                        "people by it.\n"
                        "* Figures hold for people, cameras and poses like those of the test. "
                        "Others must be measured\n  again, and so must groups of people that the "
                        "data had few of.\n"
                        "* Faces must be cropped or aligned as the training images were.\n");
    if (photographs != NULL && strcmp(photographs, "yes") != 0)
        clile_i_text_append(out, strcmp(photographs, "never") == 0
                                     ? "* It has never seen a photograph of a person.\n"
                                     : "* It is unknown whether it has seen photographs.\n");
    clile_i_text_append(out, "* The licence of the training data may restrict who may use or pass "
                             "on the model (BP4D, DISFA:\n  research).\n");
}

static clile_status compose(const clile_model *model, clile_i_text *out)
{
    put_model(out, model);
    put_training(out, model);
    put_figures(out, model);
    put_limits(out, model);
    clile_i_text_append(
        out,
        "\n## How to cite\n\n"
        "The method is CL-ILE (docs/method.md of libclile has the source); the "
        "software is libclile %s.\nCite the data set as its licence asks.\n\n" COMPOSED "\n",
        clile_version());
    return out->status;
}

/* A text of the user's own, or NULL. */
static const char *own_card(const clile_model *model)
{
    const char *text = known(model, KEY_CARD);
    return text != NULL && text[0] == '#' && strstr(text, COMPOSED) == NULL ? text : NULL;
}

clile_status clile_model_copy_card(const clile_model *model, char **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    const char *own = own_card(model);
    if (own != NULL) {
        *out = clile_i_strdup(own);
        return *out != NULL ? CLILE_OK : CLILE_E_OUT_OF_MEMORY;
    }
    clile_i_text text = {0};
    const clile_status status = compose(model, &text);
    if (status != CLILE_OK)
        clile_i_text_free(&text);
    else
        *out = text.data;
    return status;
}

clile_status clile_model_set_card(clile_model *model, const char *markdown)
{
    clile_i_text text = {0};
    CLILE_I_CHECK_NOT_NULL(model);
    if (markdown != NULL && markdown[0] != '#')
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: the text begins with \"%.20s\", expected Markdown that begins "
                            "with a heading (#)",
                            __func__, markdown);
    clile_status status = markdown == NULL ? compose(model, &text) : CLILE_OK;
    if (status == CLILE_OK)
        status = clile_model_set_metadata(model, KEY_CARD, markdown ? markdown : text.data);
    clile_i_text_free(&text);
    return status;
}

clile_status clile_i_model_note_card(clile_model *model, const clile_options *options)
{
    clile_i_text text = {0};
    clile_status status = clile_i_options_append_changed(options, &text);
    /* nothing is changed: the defaults */
    if (status == CLILE_OK)
        status = clile_model_set_metadata(model, "training_options",
                                          text.size > 0 ? text.data : "defaults");
    clile_i_text_free(&text);
    /* of the weights before this training */
    if (status == CLILE_OK && known(model, KEY_EVALUATION) != NULL)
        status = clile_model_set_metadata(model, KEY_EVALUATION, "");
    return status == CLILE_OK ? clile_model_set_card(model, NULL) : status;
}
