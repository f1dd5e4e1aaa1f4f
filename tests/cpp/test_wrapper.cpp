// clile.hpp: handles, both ways to fail, progress, training from arrays. Leaves
// model.safetensors and face.bmp for predict.cpp.
#include <clile/clile.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

// A second unit with the header: nothing in it may be defined twice (tests/cpp/second_unit.cpp).
int second_unit(const clile::Model &model);

namespace
{

void require(bool fine, const char *what, int line)
{
    if (fine) return;
    std::fprintf(stderr, "line %d: %s\n", line, what);
    std::exit(1);
}
#define REQUIRE(condition) require(condition, #condition, __LINE__)

template <typename Call> void throws(clile_status expected, const char *text, Call &&call, int line)
{
    try {
        call();
    } catch (const clile::Error &error) {
        if (error.status() == expected && std::strstr(error.what(), text)) return;
        std::fprintf(stderr, "line %d: %s: %s\n", line, error.name(), error.what());
        std::exit(1);
    }
    std::fprintf(stderr, "line %d: nothing was thrown, expected \"%s\"\n", line, text);
    std::exit(1);
}
#define THROWS(status, text, ...) throws(status, text, [&] { (void)(__VA_ARGS__); }, __LINE__)

constexpr std::int32_t side = 32, subjects = 3;
constexpr std::int64_t n = 12;
const std::vector<std::int32_t> au_ids = {1, 12};

// AU 1 brightens the upper half, AU 12 the lower one.
clile::Dataset faces()
{
    std::vector<std::uint8_t> rgb(n * side * side * 3);
    std::vector<std::int8_t> labels;
    std::vector<std::int32_t> subject;
    for (std::int64_t i = 0; i < n; ++i) {
        labels.push_back(i % 2 == 0);
        labels.push_back(i / 2 % 2 == 0);
        subject.push_back(static_cast<std::int32_t>(i % subjects));
        for (std::int64_t k = 0; k < side * side * 3; ++k) {
            const bool upper = k < side * side * 3 / 2,
                       bright = labels[static_cast<std::size_t>(2 * i + (upper ? 0 : 1))] == 1;
            rgb[static_cast<std::size_t>(i * side * side * 3 + k)] =
                static_cast<std::uint8_t>((bright ? 180 : 60) + (k * 7 + i) % 23);
        }
    }
    return clile::Dataset::from_arrays(n, side, side, rgb.data(), au_ids, labels.data(),
                                       subject.data());
}

clile::Options small()
{
    clile::Options options{{"backbone", "resnet10"}, {"width", "0.0625"}, {"method", "bce"}};
    return options.set(CLILE_OPT_IMAGE_SIZE, side)
        .set(CLILE_OPT_EMBEDDING, 8)
        .set(CLILE_OPT_EPOCHS, 2)
        .set(CLILE_OPT_BATCH, 4)
        .set(CLILE_OPT_THREADS, 1);
}

void options()
{
    clile::Options defaults;
    REQUIRE(!defaults && defaults.integer("epochs") > 0 && !defaults.is_set("epochs"));
    clile::Options options{{"epochs", "7"}};
    options.set("learning_rate", 0.25).set("elimination", std::string("none")).set("batch", 4u);
    clile::Options copy = options;
    copy.set("epochs", 9);
    REQUIRE(options.integer("epochs") == 7 && copy.integer("epochs") == 9);
    REQUIRE(copy.real("learning_rate") == 0.25 && copy.text("elimination") == "none" &&
            copy.is_set("batch"));
    defaults = copy;
    REQUIRE(defaults.integer("epochs") == 9);
    THROWS(CLILE_E_INVALID_ARGUMENT, "epochs", options.set("epoch", 3));
    clile::Status status;
    options.set("epochs", 0, &status);
    REQUIRE(!status && status.code == CLILE_E_INVALID_ARGUMENT &&
            status.message.find("epochs") != std::string::npos);
    REQUIRE(options.integer("epochs") == 7);
    options.set("epochs", 8, &status);
    REQUIRE(status && status.message.empty());
    clile::Options refused({{"batch", "x"}, {"epochs", "3"}}, &status);
    REQUIRE(!status && !refused.is_set("epochs"));
}

void failures()
{
    clile::Model untrained(au_ids, small());
    untrained.save("untrained.safetensors");
    int matched = 0, others = 0;
    untrained.import_backbone("untrained.safetensors", [&](const clile_import_item &item) {
        (item.outcome == CLILE_IMPORT_MATCHED ? matched : others)++;
    });
    REQUIRE(matched == 62 && others == 1); /* au.embedding is left over */
    bool passed_on = false;
    try {
        untrained.import_backbone("untrained.safetensors",
                                  [](const clile_import_item &) { throw 7; });
    } catch (int number) {
        passed_on = number == 7;
    }
    REQUIRE(passed_on);
    THROWS(CLILE_E_IO, "no-such-file",
           untrained.import_backbone("no-such-file", clile::ImportFunction()));
    THROWS(CLILE_E_IO, "no-such-file", clile::Model::load("no-such-file"));
    clile::Status status;
    const auto model = clile::Model::load("no-such-file", &status);
    REQUIRE(!model && status.code == CLILE_E_IO && std::string(status.name()) == "CLILE_E_IO");
    REQUIRE(model.au_ids(&status).empty() && status.code == CLILE_E_INVALID_ARGUMENT);
    clile::Predictor predictor(model, {}, &status);
    REQUIRE(!predictor && status.code == CLILE_E_INVALID_ARGUMENT);
    REQUIRE(predictor.run(clile::Face::crop(clile::Image().view()), &status).probability.empty() &&
            !status);
    REQUIRE(!clile::Dataset::open("no-such-folder", {}, &status) && status.code == CLILE_E_IO);
    THROWS(CLILE_E_IO, "no-such-image", clile::Image::read("no-such-image"));
    THROWS(CLILE_E_INVALID_ARGUMENT, "size is 16", clile::Dataset::synth(1, 2, 1, 3, 16));
    REQUIRE(clile::Dataset::synth(1, 2, 1, 3, 64).size() == 6);
    THROWS(CLILE_E_INVALID_ARGUMENT, "", clile::Model(std::vector<std::int32_t>{}));
}

void data()
{
    const auto all = faces();
    REQUIRE(all.size() == n && all.au_count() == 2 && all.subject_count() == subjects &&
            all.au_ids() == au_ids);
    REQUIRE(all.labels()[0] == 1 && all.labels()[3] == 1 && all.labels()[2] == 0 &&
            all.subjects()[4] == 1);
    REQUIRE(all.subject_name(2) == std::optional<std::string>("2") && !all.subject_name(99) &&
            all.au_weights().size() == 2);
    REQUIRE(all.crop(0, side).size() == side * side * 3 && all.counts().label_rows == 0);
    THROWS(CLILE_E_INVALID_ARGUMENT, "", all.crop(n, side));
    THROWS(CLILE_E_INVALID_ARGUMENT, "", all.crop(0, 1 << 30));
    auto [train, test] = all.fold("loso", 1);
    REQUIRE(train.size() + test.size() == n && test.subject_count() == 1);
    THROWS(CLILE_E_INVALID_ARGUMENT, "bp5d", all.fold("bp5d", 1));
    const auto chosen = all.select({4, 0});
    REQUIRE(chosen.size() == 2 && chosen.image_name(0) == all.image_name(4));
    THROWS(CLILE_E_INVALID_ARGUMENT, "expected 1 or more", all.select({}));
    const auto other = faces();
    REQUIRE(clile::Dataset::concat({&all, &other}).subject_count() == 2 * subjects);
    REQUIRE(clile::Dataset::concat({&all, &other}, CLILE_SUBJECTS_BY_NAME).subject_count() ==
            subjects);
    THROWS(CLILE_E_INVALID_ARGUMENT, "expected 1 or more", clile::Dataset::concat({}));
}

void events()
{
    clile::Events events({6, 12}, {{"event_length", "0"}});
    REQUIRE(events.add(1, 0.0, {7}, {0.9f, 0.1f}).empty());
    REQUIRE(events.add(2, 1.0, {7}, {0.1f, 0.8f}).empty());
    const auto over = events.add(3, 2.0, {}, {});
    REQUIRE(over.size() == 1 && over[0].au == 6 && over[0].person == 7 && over[0].offset == 1.0);
    const auto rest = events.end();
    REQUIRE(rest.size() == 1 && rest[0].au == 12 && rest[0].apex_frame == 2);
    THROWS(CLILE_E_INVALID_ARGUMENT, "another size", events.add(4, 3.0, {7}, {0.9f}));
    THROWS(CLILE_E_INVALID_ARGUMENT, "event_leave", clile::Events({6}, {{"event_leave", "0.9"}}));
}

/* Without a film, and without a face in it: tests/face, tests/python and tests/cli have both. */
void videos(const clile::Model &model)
{
    THROWS(CLILE_E_UNSUPPORTED, "finder_none_here.so", clile::Finder::named("none_here"));
    const auto finder = clile::Finder::named("square");
    clile::Tracker tracker(model, finder, {{"find_every", "2"}});
    std::vector<std::uint8_t> grey(64 * 64, 9);
    const auto image = clile::pixels(grey.data(), 64, 64, CLILE_PIXELS_GREY);
    REQUIRE(tracker.read(image).empty());
    const clile::Neutral knows(model); /* how people differ: it needs no frame */
    const std::vector<float> first{0.2f, 0.7f};
    REQUIRE(knows.apply(1, first).size() == 2);
    clile::Neutral neutral(clile::Model(model.au_ids(), small()));
    THROWS(CLILE_E_STATE, "0 frames of person 1", neutral.apply(1, first));
    THROWS(CLILE_E_INVALID_ARGUMENT, "number of AUs", neutral.add(1, {0.5f}));
    for (int k = 0; k < CLILE_NEUTRAL_LEAST; ++k) REQUIRE(neutral.add(1, first));
    REQUIRE(std::fabs(neutral.apply(1, first)[1] - 0.1f) < 0.012f);
    clile::Status status;
    clile::Tracker none;
    REQUIRE(none.read(image, &status).empty() && status.code == CLILE_E_INVALID_ARGUMENT);
    clile::Video video("no such film", {}, &status);
    REQUIRE(!video && !status.ok());
    REQUIRE(!video.next(&status) && status.code == CLILE_E_INVALID_ARGUMENT);
    REQUIRE(!clile::Video::camera("/no/such/camera", {}, &status) && !status.ok());
}

void training()
{
    auto model = std::make_unique<clile::Model>(au_ids, small());
    auto data = std::make_unique<clile::Dataset>(faces());
    REQUIRE(!model->is_trained() && model->embedding_size() == 8 && model->image_size() == side);
    THROWS(CLILE_E_STATE, "not been trained", clile::Predictor(*model));
    clile::Trainer trainer(*model, *data, small());
    data.reset(); // the trainer keeps it

    clile::Status status;
    trainer.run(2, [](const clile_progress &) { return 1; }, &status);
    REQUIRE(status.code == CLILE_E_CANCELLED && status.message.find("step 1") != std::string::npos);
    REQUIRE(trainer.next_stage() == 2 && trainer.state().step == 1 && trainer.state().steps == 6);
    THROWS(CLILE_E_STATE, "has run already", trainer.set_history("history.jsonl"));
    THROWS(CLILE_E_STATE, "has run already", trainer.set_tensorboard("events"));
    REQUIRE(trainer.set_validation_every(0));
    THROWS(CLILE_E_INVALID_ARGUMENT, "every is -1", trainer.set_validation_every(-1));
    try { // what the function throws reaches the caller, even when a Status was passed
        trainer.run(
            2, [](const clile_progress &p) -> std::int32_t { throw static_cast<int>(p.step); },
            &status);
        REQUIRE(false);
    } catch (int step) {
        REQUIRE(step == 2);
    }
    int calls = 0;
    REQUIRE(trainer.train([&](const clile_progress &p) {
        REQUIRE(p.struct_size == sizeof p && p.stage == 2 && std::isfinite(p.loss));
        ++calls;
        return 0;
    }));
    REQUIRE(trainer.next_stage() == 0 && trainer.state().epoch == 2);
    REQUIRE(calls == 4 &&
            model->is_trained()); // two epochs of three steps, less the two that were stopped
    REQUIRE(model->card().find("# Model card") == 0);
    REQUIRE(model->set_card("# Mine") && model->card() == "# Mine");
    THROWS(CLILE_E_INVALID_ARGUMENT, "heading", model->set_card("Mine"));
    REQUIRE(model->set_card() && model->card().find("# Model card") == 0);
    REQUIRE(model->set_metadata("made by", "test") &&
            model->metadata("made by") == std::optional<std::string>("test") &&
            !model->metadata("x"));
    REQUIRE(model->json().find("resnet10") != std::string::npos &&
            model->decision().slope.size() == 2 && model->au_embedding().size() == 16);
    model->save("model.safetensors");

    clile::Options listened{{"threads", "1"}};
    int lines = 0, told = 0;
    auto sink = [&](std::int32_t level, const char *text) {
        lines += level == CLILE_LOG_DEBUG && std::strstr(text, "float32") != nullptr;
    };
    const std::function<void(std::int32_t, const char *)> function = [&](std::int32_t,
                                                                         const char *) { ++told; };
    REQUIRE(clile::Predictor(*model, listened.log(sink)) && lines == 1);
    REQUIRE(clile::Predictor(*model, clile::Options(listened)) && lines == 2);
    REQUIRE(clile::Predictor(*model, listened.log(function)) && lines == 2 && told == 1);
    REQUIRE(clile::Predictor(*model, listened.log(nullptr)) && told == 1);
    listened.log([](std::int32_t, const char *, void *user) { ++*static_cast<int *>(user); },
                 &told);
    REQUIRE(clile::Predictor(*model, listened) && told == 2);
    clile::Predictor predictor(*model, clile::Options{{"threads", "1"}});
    model.reset(); // the predictor keeps it
    const auto loaded = clile::Model::load("model.safetensors");
    const auto bytes = loaded.save_memory();
    REQUIRE(clile::Model::load_memory(bytes.data(), bytes.size()).save_memory() == bytes);
    THROWS(CLILE_E_FORMAT, "memory: ", clile::Model::load_memory(bytes.data(), 5));
    REQUIRE(second_unit(loaded) == 2);
    clile::Predictor again(loaded, clile::Options{{"threads", "1"}});
    const auto crop = faces().crop(0, side);
    const auto one = predictor.run(1, crop.data(), side, side),
               two = again.run(1, crop.data(), side, side);
    REQUIRE(one.probability.size() == 2 && one.embedding.size() == 8 &&
            one.probability == two.probability && one.embedding == two.embedding);
    float score[2];
    REQUIRE(again.run_scores(1, crop.data(), side, side, score, nullptr, nullptr) &&
            std::isfinite(score[1]));
    const auto everybody = again.run_dataset(faces());
    REQUIRE(everybody.probability.size() ==
            2 * static_cast<std::size_t>(clile_dataset_size(faces().get())));
    REQUIRE(everybody.probability[0] == one.probability[0]);
    const std::int64_t first = 0;
    float alone[8];
    clile_answers to = {};
    to.embedding = alone;
    REQUIRE(again.run_dataset(faces(), 1, &first, to) && alone[7] == one.embedding[7]);
    THROWS(CLILE_E_INVALID_ARGUMENT, "n is -1", again.run_dataset(faces(), -1, nullptr, to));
    clile::Report report(faces().au_ids());
    REQUIRE(report.add_predictor(1, again, faces()) && report.text().size() > 0);
    THROWS(CLILE_E_INVALID_ARGUMENT, "fold 1", report.add_predictor(1, again, faces()));
    events();
    videos(loaded);
    const std::vector<float> points{11, 13, 21, 13, 16, 18, 12, 24, 20, 24};
    const auto view = clile::pixels(crop.data(), side, side);
    clile::Predictor tight(loaded, clile::Options{{"threads", "1"}, {"box_margin", "0"}});
    const auto boxed = tight.run(clile::Face::box(view, 0, 0, side, side));
    for (std::size_t c = 0; c < 2; ++c)
        REQUIRE(std::fabs(boxed.probability[c] - one.probability[c]) < 1e-4f);
    const auto faces_of_one =
        again.run({clile::Face::points(view, points), clile::Face::crop(view)});
    REQUIRE(faces_of_one.embedding.size() == 16 &&
            faces_of_one.probability[3] == one.probability[1]);
    REQUIRE(loaded.point_count() == 0);
    THROWS(CLILE_E_UNSUPPORTED, "the model has no points",
           again.points(std::vector<clile::Face>{clile::Face::crop(view)}));
    REQUIRE(again.run(clile::Face::points(view, points)).probability[0] ==
            faces_of_one.probability[0]);
    REQUIRE(again.run(std::vector<clile::Face>{}).probability.empty());
    std::ofstream("faces.csv") << "a.png,11,13,21,13,16,18,12,24,20,24\n";
    std::ofstream("frames.csv") << "2,4,5,20,21\n2,1,2,24,25\n";
    auto places = clile::FaceFile::open("faces.csv");
    REQUIRE(places.expect("a.png") && places.faces("b.png", view).empty());
    REQUIRE(again.run(places.faces("a.png", view)).probability ==
            again.run(clile::Face::points(view, points)).probability);
    const auto framed = clile::FaceFile::open("frames.csv").faces(2, view);
    REQUIRE(framed.size() == 2 && again.run(framed[1]).probability ==
                                      again.run(clile::Face::box(view, 1, 2, 24, 25)).probability);
    THROWS(CLILE_E_IO, "none.csv", clile::FaceFile::open("none.csv"));
    THROWS(CLILE_E_INVALID_ARGUMENT, "face box", again.run(clile::Face::box(view, 0, 0, 0, side)));
    THROWS(CLILE_E_INVALID_ARGUMENT, "0 landmarks",
           again.run(clile::Face::points(view, {1, 2, 3})));
    THROWS(CLILE_E_INVALID_ARGUMENT, "", again.run(1, crop.data(), 0, side));
    float strided[2];
    REQUIRE(again.run_strided(1, crop.data(), side, side, 3 * side, 0, strided, nullptr, nullptr) &&
            strided[0] == one.probability[0]);
    THROWS(CLILE_E_INVALID_ARGUMENT, "row_stride is 1 bytes",
           again.run_strided(1, crop.data(), side, side, 1, 0, strided, nullptr, nullptr));
    const auto small = loaded.quantize(1, crop.data(), side, side);
    REQUIRE(small.is_quantized() && !loaded.is_quantized());
    REQUIRE(std::fabs(clile::Predictor(small).run(1, crop.data(), side, side).probability[1] -
                      one.probability[1]) < 0.1f);
    THROWS(CLILE_E_STATE, "already int8", small.quantize(1, crop.data(), side, side));

    // an uncompressed bitmap, rows from below, blue first
    std::ofstream file("face.bmp", std::ios::binary);
    unsigned char header[54] = {'B', 'M'};
    const std::uint32_t fields[] = {54 + side * side * 3, 0, 54, 40, side, side, 1 | 24u << 16, 0,
                                    side * side * 3};
    for (std::size_t i = 0; i < 9; ++i)
        for (std::size_t b = 0; b < 4; ++b)
            header[2 + 4 * i + b] = static_cast<unsigned char>(fields[i] >> (8 * b));
    file.write(reinterpret_cast<const char *>(header), sizeof header);
    for (int y = side - 1; y >= 0; --y)
        for (int x = 0; x < side; ++x)
            for (int channel = 2; channel >= 0; --channel)
                file.put(static_cast<char>(
                    crop[static_cast<std::size_t>((y * side + x) * 3 + channel)]));
    file.close();
    const auto image = clile::Image::read("face.bmp");
    REQUIRE(image.height() == side && image.width() == side &&
            std::memcmp(image.data(), crop.data(), crop.size()) == 0);
    REQUIRE(again.run(clile::Face::crop(image.view())).probability == one.probability);
}

void numbers()
{
    // one image, one AU that is present, logit 1 * 2: log(1 + exp(-2))
    const float embedding[1] = {1.0f}, ile[1] = {2.0f};
    const std::int32_t subject[1] = {0};
    const std::int8_t labels[1] = {1};
    float diff[1] = {0};
    REQUIRE(std::fabs(clile::losses::stage1(1, 1, 1, 1, embedding, ile, subject, labels, nullptr,
                                            diff, nullptr) -
                      0.126928011) < 1e-6);
    REQUIRE(std::fabs(diff[0] + 2 * 0.119202922f) < 1e-5f);
    REQUIRE(std::fabs(clile::losses::stage2(1, 1, 1, embedding, ile, labels, 0.1, nullptr,
                                            nullptr)) < 1e-6);
    REQUIRE(std::fabs(clile::losses::orthogonal(1, 1, embedding, ile, nullptr) - 1) < 1e-6);
    THROWS(CLILE_E_INVALID_ARGUMENT, "temperature",
           clile::losses::stage2(1, 1, 1, embedding, ile, labels, 0, nullptr, nullptr));

    const float score[4] = {0.9f, 0.1f, 0.4f, 0.2f};
    const std::int8_t present[4] = {1, 0, 1, 0}, truth[4] = {1, 0, 0, 0};
    const std::int32_t person[4] = {0, 0, 1, 1};
    clile::Report report({12});
    THROWS(CLILE_E_STATE, "", report.text());
    report.add_fold(1, 4, score, present, truth, person);
    const auto f1 = report.summary("f1");
    REQUIRE(std::fabs(f1.mean_of_folds - 2.0 / 3) < 1e-9 &&
            std::fabs(report.summary("auc").pooled - 1) < 1e-9);
    REQUIRE(report.text().find("12") != std::string::npos && report.json()[0] == '{');
}

/* Intensities in, intensities out. */
void intensities()
{
    const std::vector<std::int32_t> aus{1, 12};
    const std::int64_t count = 8;
    std::vector<std::uint8_t> rgb(static_cast<std::size_t>(count) * side * side * 3);
    std::vector<std::int8_t> coded(static_cast<std::size_t>(count) * 2);
    const std::vector<std::int32_t> subject{0, 1, 0, 1, 0, 1, 0, 1};
    for (std::size_t i = 0; i < rgb.size(); ++i)
        rgb[i] = static_cast<std::uint8_t>(i * 7 + i / (side * side * 3) * 20);
    for (std::size_t i = 0; i < coded.size(); ++i) coded[i] = static_cast<std::int8_t>(i % 6);
    const clile::Dataset graded = clile::Dataset::from_intensities(
        count, side, side, rgb.data(), aus, nullptr, coded.data(), subject.data());
    REQUIRE(graded.intensities() == coded);
    clile::Model model(aus, small());
    REQUIRE(!model.has_intensity());
    clile::Trainer trainer(model, graded, small());
    trainer.run(2);
    REQUIRE(model.has_intensity());
    clile::Predictor predictor(model);
    const clile::Prediction answer = predictor.run(count, rgb.data(), side, side);
    REQUIRE(answer.intensity.size() == static_cast<std::size_t>(count) * 2);
    for (const float value : answer.intensity) REQUIRE(value > 0 && value < 5);
    REQUIRE(predictor.run_dataset(graded).intensity == answer.intensity);
    clile::Report report(aus);
    REQUIRE(report.add_predictor(1, predictor, graded));
    REQUIRE(report.text().find("Intensity, PCC") != std::string::npos);
    REQUIRE(report.add_intensity(1, count, answer.intensity.data(), nullptr, coded.data()));
}

} // namespace

int main()
{
    options();
    failures();
    data();
    training();
    numbers();
    intensities();
    std::printf("%s\n", clile::version());
}
