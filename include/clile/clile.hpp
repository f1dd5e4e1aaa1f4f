/* clile/clile.hpp: libclile for C++17: header-only, on top of the C interface. Needs only the
 * standard library.
 *
 *     clile::Options options{{"epochs", "20"}, {"elimination", "mixed"}};
 *     options.set(CLILE_OPT_LEARNING_RATE, 1e-3);
 *     auto all = clile::Dataset::open("BP4D", options);
 *     auto [train, test] = all.fold("bp4d", 1);
 *     clile::Model model(train.au_ids(), options);
 *     clile::Trainer(model, train, options).train();
 *     model.save("model.safetensors");
 *
 *     clile::Predictor predictor(clile::Model::load("model.safetensors"));
 *     const auto photo = clile::Image::read("photo.jpg");
 *     clile::Prediction answer = predictor.run(clile::Face::box(photo.view(), 120, 80, 200, 200));
 *
 * Failures. Every function that can fail takes a `Status *status` last. Without it, it throws
 * clile::Error, which has the status and the library's message. With it, it does not throw, as in
 * std::filesystem: `*status` is set (also to success), and after a failure the result is empty (a
 * handle for which `if (handle)` is false, an empty vector, 0). A function called on an empty
 * handle fails with INVALID_ARGUMENT. Both may be mixed. With -fno-exceptions only the second
 * works: a failure without a Status ends the program. Vectors and strings may throw std::bad_alloc.
 *
 * Ownership. Handles are move-only and may be destroyed in any order: a predictor is a snapshot of
 * its model, and a trainer keeps its model and data set alive. `get()` borrows the C handle for a C
 * function; clile::check() turns its status into an Error. Each function's contract, units, shapes
 * and thread class are in the C header of the same name. Since 0.1.
 */
#ifndef CLILE_HPP
#define CLILE_HPP

#include <clile/clile.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define CLILE_HPP_EXCEPTIONS 1
#else
#define CLILE_HPP_EXCEPTIONS 0
#endif

namespace clile
{

/* ---- failures -------------------------------------------------------------------------------- */

/* The outcome of a call: CLILE_OK, or a CLILE_E_ number and the library's message. */
struct Status {
    clile_status code = CLILE_OK;
    std::string message;
    const char *name() const noexcept { return clile_status_name(code); }
    bool ok() const noexcept { return code == CLILE_OK; }
    explicit operator bool() const noexcept { return ok(); }
};

/* what() is the library's message. */
class Error : public std::runtime_error
{
  public:
    Error(clile_status code, const std::string &message) : std::runtime_error(message), code_(code)
    {
    }
    clile_status status() const noexcept { return code_; }
    const char *name() const noexcept { return clile_status_name(code_); }

  private:
    clile_status code_;
};

/* Throws `failure`, or stores it in `*status`. */
inline bool fail(const Status &failure, Status *status)
{
    if (status) {
        *status = failure;
        return false;
    }
#if CLILE_HPP_EXCEPTIONS
    throw Error(failure.code, failure.message);
#else
    std::terminate();
#endif
}

/* Checks the status that a C function has just returned on this thread: true for CLILE_OK.
 * Otherwise throws, or fills `*status`. */
inline bool check(clile_status code, Status *status = nullptr)
{
    if (code != CLILE_OK) return fail({code, clile_last_error()}, status);
    if (status) *status = {};
    return true;
}

inline const char *version() noexcept
{
    return clile_version();
}

/* "Lid tightener" for 7; nullptr for a number that FACS does not have. */
inline const char *au_name(std::int32_t au) noexcept
{
    return clile_au_name(au);
}

/* Checks that the library in use is at least as new as the headers that the program was compiled
 * with, and has the same ABI. UNSUPPORTED if not. Every function that creates a handle calls it
 * first. */
inline bool check_version(Status *status = nullptr)
{
    if (clile_abi_version() == CLILE_ABI_VERSION && clile_version_number() >= CLILE_VERSION_NUMBER)
        return check(CLILE_OK, status);
    return fail({CLILE_E_UNSUPPORTED,
                 std::string("the library in use is libclile ") + clile_version() + " (ABI " +
                     std::to_string(clile_abi_version()) + "), the program was compiled for " +
                     std::to_string(CLILE_VERSION_MAJOR) + "." +
                     std::to_string(CLILE_VERSION_MINOR) + "." +
                     std::to_string(CLILE_VERSION_PATCH) + " (ABI " +
                     std::to_string(CLILE_ABI_VERSION) + ")"},
                status);
}

/* A C handle, owned: move-only, empty after a failure or a move. */
template <typename T, void (*destroy)(T *)> class Handle
{
  public:
    Handle() = default;
    explicit Handle(T *owned) noexcept : handle_(owned) {}
    T *get() const noexcept { return handle_.get(); }
    T *release() noexcept { return handle_.release(); }
    explicit operator bool() const noexcept { return handle_ != nullptr; }

  protected:
    struct Destroy {
        void operator()(T *handle) const noexcept { destroy(handle); }
    };
    /* Owns the handle that `create` writes. */
    template <typename Create> void make(Create &&create, Status *status)
    {
        T *made = nullptr;
        if (check_version(status) && check(create(&made), status)) handle_.reset(made);
    }
    std::unique_ptr<T, Destroy> handle_;
};

/* Takes text that the library allocated; "" after a failure. */
template <typename Copy> std::string copy_text(Copy &&copy, Status *status)
{
    char *text = nullptr;
    if (!check(copy(&text), status)) return {};
    const std::unique_ptr<char, void (*)(void *)> owned(text, clile_free);
    return text;
}

/* ---- options.h ------------------------------------------------------------------------------- */

/* Settings by key; default-constructed, all defaults. Copyable. */
class Options : public Handle<clile_options, clile_options_destroy>
{
  public:
    Options() = default;
    /* Values as text, e.g. {{"epochs", "20"}, {"threads", "1"}}; stops at the first that is
     * refused. */
    Options(std::initializer_list<std::pair<const char *, const char *>> settings,
            Status *status = nullptr)
    {
        Status local;
        if (status) *status = local;
        for (const auto &[key, value] : settings) {
            set(key, value, status);
            if (status && !status->ok()) return;
        }
    }
    Options(const Options &other) : Handle()
    {
        if (other)
            make([&](clile_options **out) { return clile_options_copy(other.get(), out); },
                 nullptr);
    }
    Options(Options &&) = default;
    Options &operator=(Options other) noexcept
    {
        handle_ = std::move(other.handle_);
        return *this;
    }
    ~Options() = default;

    /* An integer, a real number, or text for any type. A wrong key or value fails and names the
     * nearest key; nothing is changed then. */
    template <typename Value>
    Options &set(const char *key, const Value &value, Status *status = nullptr)
    {
        if (!handle_) make(clile_options_create, status);
        if (!handle_) return *this;
        if constexpr (std::is_integral_v<Value>)
            check(clile_options_set_i64(get(), key, static_cast<std::int64_t>(value)), status);
        else if constexpr (std::is_floating_point_v<Value>)
            check(clile_options_set_f64(get(), key, static_cast<double>(value)), status);
        else
            check(clile_options_set(get(), key, std::string(value).c_str()), status);
        return *this;
    }
    /* Where the log goes: a function and its argument, or an object that is called with (level,
     * text), a std::function or a lambda. It is borrowed: it must outlive these options, their
     * copies and all that is made with them. It must not throw. nullptr: nowhere. The rules are
     * those of clile_log_fn. */
    Options &log(clile_log_fn function, void *user = nullptr, Status *status = nullptr)
    {
        if (!handle_) make(clile_options_create, status);
        if (handle_) check(clile_options_set_log(get(), function, user), status);
        return *this;
    }
    template <typename Sink,
              typename = decltype(std::declval<Sink &>()(std::int32_t(),
                                                         std::declval<const char *>())),
              typename = std::enable_if_t<!std::is_convertible_v<Sink &, clile_log_fn>>>
    Options &log(Sink &sink, Status *status = nullptr)
    {
        return log([](std::int32_t level, const char *text,
                      void *user) noexcept { (*static_cast<Sink *>(user))(level, text); },
                   const_cast<std::remove_const_t<Sink> *>(&sink), status);
    }
    std::int64_t integer(const char *key, Status *status = nullptr) const
    {
        std::int64_t value = 0;
        check(clile_options_get_i64(get(), key, &value), status);
        return value;
    }
    double real(const char *key, Status *status = nullptr) const
    {
        double value = 0;
        check(clile_options_get_f64(get(), key, &value), status);
        return value;
    }
    std::string text(const char *key, Status *status = nullptr) const
    {
        const char *value = nullptr;
        return check(clile_options_get_str(get(), key, &value), status) ? value : "";
    }
    bool is_set(const char *key) const noexcept { return clile_options_is_set(get(), key) != 0; }
};

/* ---- image.h --------------------------------------------------------------------------------- */

/* Pixels [height,width,3] uint8 RGB, rows tightly packed. */
class Image
{
  public:
    Image() = default;
    /* A JPEG, PNG or BMP file; WebP, HEIC and AVIF where their codecs are installed. */
    static Image read(const std::string &path, const Options &options = {},
                      Status *status = nullptr)
    {
        Image image;
        std::uint8_t *rgb = nullptr;
        if (check(clile_image_read(path.c_str(), options.get(), &image.h_, &image.w_, &rgb),
                  status))
            image.rgb_.reset(rgb);
        return image;
    }
    /* The same from bytes in memory. */
    static Image decode(const void *bytes, std::size_t size, const Options &options = {},
                        Status *status = nullptr)
    {
        Image image;
        std::uint8_t *rgb = nullptr;
        if (check(clile_image_decode(bytes, size, options.get(), &image.h_, &image.w_, &rgb),
                  status))
            image.rgb_.reset(rgb);
        return image;
    }
    const std::uint8_t *data() const noexcept { return rgb_.get(); }
    std::int32_t height() const noexcept { return h_; }
    std::int32_t width() const noexcept { return w_; }
    /* Borrowed. */
    clile_image view() const noexcept;
    explicit operator bool() const noexcept { return rgb_ != nullptr; }

  private:
    struct Free {
        void operator()(std::uint8_t *rgb) const noexcept { clile_free(rgb); }
    };
    std::unique_ptr<std::uint8_t, Free> rgb_;
    std::int32_t h_ = 0, w_ = 0;
};

/* The caller's pixels, borrowed: rows row_stride bytes apart, or 0 if tightly packed. format:
 * CLILE_PIXELS_... */
inline clile_image pixels(const std::uint8_t *data, std::int32_t h, std::int32_t w,
                          std::int32_t format = CLILE_PIXELS_RGB,
                          std::int64_t row_stride = 0) noexcept
{
    return {static_cast<std::uint32_t>(sizeof(clile_image)), format, h, w, row_stride, data};
}

inline clile_image Image::view() const noexcept
{
    return pixels(data(), h_, w_);
}

/* ---- dataset.h ------------------------------------------------------------------------------- */

class Dataset : public Handle<clile_dataset, clile_dataset_destroy>
{
  public:
    using Handle::Handle;
    struct Fold;

    static Dataset open(const std::string &path, const Options &options = {},
                        Status *status = nullptr)
    {
        Dataset data;
        data.make(
            [&](clile_dataset **out) {
                return clile_dataset_open(path.c_str(), options.get(), out);
            },
            status);
        return data;
    }
    /* Copies rgb [n,h,w,3], labels [n,c] and subject [n]; c = au_ids.size(). */
    static Dataset from_arrays(std::int64_t n, std::int32_t h, std::int32_t w,
                               const std::uint8_t *rgb, const std::vector<std::int32_t> &au_ids,
                               const std::int8_t *labels, const std::int32_t *subject,
                               Status *status = nullptr)
    {
        Dataset data;
        data.make(
            [&](clile_dataset **out) {
                return clile_dataset_from_arrays(n, h, w, rgb,
                                                 static_cast<std::int32_t>(au_ids.size()),
                                                 au_ids.data(), labels, subject, out);
            },
            status);
        return data;
    }
    /* The same with intensity [n,c]; labels may be NULL (dataset.h). */
    static Dataset from_intensities(std::int64_t n, std::int32_t h, std::int32_t w,
                                    const std::uint8_t *rgb,
                                    const std::vector<std::int32_t> &au_ids,
                                    const std::int8_t *labels, const std::int8_t *intensity,
                                    const std::int32_t *subject, Status *status = nullptr)
    {
        Dataset data;
        data.make(
            [&](clile_dataset **out) {
                return clile_dataset_from_intensities(
                    n, h, w, rgb, static_cast<std::int32_t>(au_ids.size()), au_ids.data(), labels,
                    intensity, subject, out);
            },
            status);
        return data;
    }
    /* Drawn faces (clile/synth.h): subjects x tasks x frames images of `size` pixels. */
    static Dataset synth(std::uint64_t seed, std::int32_t subjects, std::int32_t tasks,
                         std::int32_t frames, std::int32_t size, Status *status = nullptr)
    {
        Dataset data;
        data.make(
            [&](clile_dataset **out) {
                return clile_dataset_from_synth(seed, subjects, tasks, frames, size, out);
            },
            status);
        return data;
    }
    /* Joins data sets. subjects: CLILE_SUBJECTS_DISTINCT or CLILE_SUBJECTS_BY_NAME */
    static Dataset concat(const std::vector<const Dataset *> &datasets,
                          std::int32_t subjects = CLILE_SUBJECTS_DISTINCT, Status *status = nullptr)
    {
        std::vector<const clile_dataset *> all;
        for (const Dataset *one : datasets) all.push_back(one != nullptr ? one->get() : nullptr);
        all.push_back(nullptr); /* so that data() is never NULL */
        Dataset data;
        data.make(
            [&](clile_dataset **out) {
                return clile_dataset_concat(static_cast<std::int32_t>(datasets.size()), all.data(),
                                            subjects, out);
            },
            status);
        return data;
    }
    /* The images of these indices, in this order; no image is copied. */
    Dataset select(const std::vector<std::int64_t> &indices, Status *status = nullptr) const
    {
        static const std::int64_t none = 0;
        Dataset data;
        data.make(
            [&](clile_dataset **out) {
                return clile_dataset_select(get(), static_cast<std::int64_t>(indices.size()),
                                            indices.empty() ? &none : indices.data(), out);
            },
            status);
        return data;
    }
    inline Fold fold(const std::string &protocol, std::int32_t fold,
                     Status *status = nullptr) const;

    std::int64_t size() const noexcept { return clile_dataset_size(get()); }
    std::int32_t au_count() const noexcept { return clile_dataset_au_count(get()); }
    std::int32_t subject_count() const noexcept { return clile_dataset_subject_count(get()); }
    std::vector<std::int32_t> au_ids(Status *status = nullptr) const
    {
        std::vector<std::int32_t> ids(static_cast<std::size_t>(au_count()));
        if (!check(clile_dataset_copy_au_ids(get(), ids.data()), status)) ids.clear();
        return ids;
    }
    /* [size,c]: 1 present, 0 absent, -1 not coded. */
    std::vector<std::int8_t> labels(Status *status = nullptr) const
    {
        std::vector<std::int8_t> labels(static_cast<std::size_t>(size()) *
                                        static_cast<std::size_t>(au_count()));
        if (!check(clile_dataset_copy_labels(get(), 0, size(), labels.data()), status))
            labels.clear();
        return labels;
    }
    /* [size,c]: 0 absent to 5, -1 not coded. */
    std::vector<std::int8_t> intensities(Status *status = nullptr) const
    {
        std::vector<std::int8_t> intensity(static_cast<std::size_t>(size()) *
                                           static_cast<std::size_t>(au_count()));
        if (!check(clile_dataset_copy_intensities(get(), 0, size(), intensity.data()), status))
            intensity.clear();
        return intensity;
    }
    /* [size]: 0..subject_count-1. */
    std::vector<std::int32_t> subjects(Status *status = nullptr) const
    {
        std::vector<std::int32_t> subjects(static_cast<std::size_t>(size()));
        if (!check(clile_dataset_copy_subjects(get(), 0, size(), subjects.data()), status))
            subjects.clear();
        return subjects;
    }
    std::vector<float> au_weights(Status *status = nullptr) const
    {
        std::vector<float> weights(static_cast<std::size_t>(au_count()));
        if (!check(clile_dataset_copy_au_weights(get(), weights.data()), status)) weights.clear();
        return weights;
    }
    /* The only crop size that a pack has; 0: any. */
    std::int32_t crop_size() const { return clile_dataset_crop_size(get()); }
    /* [side,side,3]: the crop of one image. */
    std::vector<std::uint8_t> crop(std::int64_t index, std::int32_t side,
                                   Status *status = nullptr) const
    {
        /* do not allocate for a size that the library will reject */
        const std::size_t edge = side > 0 && side <= 4096 ? static_cast<std::size_t>(side) : 0;
        std::vector<std::uint8_t> rgb(edge * edge * 3 + 1);
        const bool fine = check(clile_dataset_copy_crop(get(), index, side, rgb.data()), status);
        rgb.resize(fine ? edge * edge * 3 : 0);
        return rgb;
    }
    clile_dataset_counts counts(Status *status = nullptr) const
    {
        clile_dataset_counts counts{};
        counts.struct_size = static_cast<std::uint32_t>(sizeof counts);
        check(clile_dataset_copy_counts(get(), &counts), status);
        return counts;
    }
    /* What opening found beyond the counts, one sentence per line. */
    std::string notes() const { return clile_dataset_get_notes(get()); }
    std::string kind() const { return clile_dataset_get_kind(get()); }
    std::int32_t fold_count(const std::string &protocol, Status *status = nullptr) const
    {
        std::int32_t folds = 0;
        check(clile_dataset_fold_count(get(), protocol.c_str(), &folds), status);
        return folds;
    }
    /* Empty if out of range. kind: CLILE_LEFT_OUT_LABELS or CLILE_LEFT_OUT_IMAGES */
    std::optional<std::string> left_out(std::int32_t kind, std::int64_t index) const
    {
        return borrowed(clile_dataset_get_left_out(get(), kind, index));
    }
    std::optional<std::string> subject_name(std::int32_t subject) const
    {
        return borrowed(clile_dataset_get_subject_name(get(), subject));
    }
    std::optional<std::string> image_name(std::int64_t index) const
    {
        return borrowed(clile_dataset_get_image_name(get(), index));
    }

  private:
    static std::optional<std::string> borrowed(const char *text)
    {
        return text ? std::optional<std::string>(text) : std::nullopt;
    }
};

/* The parts of a fold. They share no subject, except with protocol "all". */
struct Dataset::Fold {
    Dataset train, test;
};

inline Dataset::Fold Dataset::fold(const std::string &protocol, std::int32_t fold,
                                   Status *status) const
{
    clile_dataset *train = nullptr, *test = nullptr;
    if (!check(clile_dataset_fold(get(), protocol.c_str(), fold, &train, &test), status)) return {};
    return {Dataset(train), Dataset(test)};
}

/* ---- model.h --------------------------------------------------------------------------------- */

/* Called for each tensor of an import; strings and shapes are borrowed for the call. */
using ImportFunction = std::function<void(const clile_import_item &)>;

class Model : public Handle<clile_model, clile_model_destroy>
{
  public:
    using Handle::Handle;
    Model() = default;
    /* p_c = s(slope_c * score_c + offset_c); present if above 0.5. */
    struct Decision {
        std::vector<float> slope, offset;
    };

    /* Untrained, with random weights. */
    explicit Model(const std::vector<std::int32_t> &au_ids, const Options &options = {},
                   Status *status = nullptr)
    {
        make(
            [&](clile_model **out) {
                return clile_model_create(options.get(), static_cast<std::int32_t>(au_ids.size()),
                                          au_ids.data(), out);
            },
            status);
    }
    static Model load(const std::string &path, Status *status = nullptr)
    {
        Model model;
        model.make([&](clile_model **out) { return clile_model_load(path.c_str(), out); }, status);
        return model;
    }
    /* The model for photographs that comes with the library. */
    static Model load_default(const Options &options = {}, Status *status = nullptr)
    {
        Model model;
        model.make([&](clile_model **out) { return clile_model_load_default(options.get(), out); },
                   status);
        return model;
    }
    /* The same from a file's bytes in memory. */
    static Model load_memory(const void *bytes, std::size_t size, Status *status = nullptr)
    {
        Model model;
        model.make([&](clile_model **out) { return clile_model_load_memory(bytes, size, out); },
                   status);
        return model;
    }
    /* What save() would write. */
    std::vector<std::uint8_t> save_memory(Status *status = nullptr) const
    {
        std::uint8_t *bytes = nullptr;
        std::size_t size = 0;
        if (!check(clile_model_save_memory(get(), &bytes, &size), status)) return {};
        const std::unique_ptr<std::uint8_t, void (*)(void *)> owned(bytes, clile_free);
        return {bytes, bytes + size};
    }
    bool save(const std::string &path, Status *status = nullptr) const
    {
        return check(clile_model_save(get(), path.c_str()), status);
    }
    bool import_backbone(const std::string &path, Status *status = nullptr)
    {
        return check(clile_model_import_backbone(get(), path.c_str()), status);
    }
    /* The same; `report` is called with the outcome of each tensor, even if the import fails. */
    bool import_backbone(const std::string &path, const ImportFunction &report,
                         Status *status = nullptr)
    {
        ImportCall call{&report, nullptr};
        const clile_status code = clile_model_import_backbone_report(
            get(), path.c_str(), nullptr, report ? forward : nullptr, &call);
        if (call.thrown) std::rethrow_exception(call.thrown);
        return check(code, status);
    }

    std::int32_t au_count() const noexcept { return clile_model_au_count(get()); }
    std::int32_t embedding_size() const noexcept { return clile_model_embedding_size(get()); }
    std::int32_t image_size() const noexcept { return clile_model_image_size(get()); }
    /* How many points Predictor::points finds; 0: none. */
    std::int32_t point_count() const noexcept { return clile_model_point_count(get()); }
    /* Whether predictions have intensities. */
    bool has_intensity() const noexcept { return clile_model_has_intensity(get()) != 0; }
    bool is_trained() const noexcept { return clile_model_is_trained(get()) != 0; }
    bool is_quantized() const noexcept { return clile_model_is_quantized(get()) != 0; }
    /* An int8 copy; activations are measured on n crops [n,h,w,3]. Options: threads. */
    Model quantize(std::int64_t n, const std::uint8_t *rgb, std::int32_t h, std::int32_t w,
                   const Options &options = {}, Status *status = nullptr) const
    {
        Model model;
        model.make(
            [&](clile_model **out) {
                return clile_model_quantize(get(), n, rgb, h, w, options.get(), out);
            },
            status);
        return model;
    }
    std::vector<std::int32_t> au_ids(Status *status = nullptr) const
    {
        std::vector<std::int32_t> ids(static_cast<std::size_t>(au_count()));
        if (!check(clile_model_copy_au_ids(get(), ids.data()), status)) ids.clear();
        return ids;
    }
    /* [c,d] */
    std::vector<float> au_embedding(Status *status = nullptr) const
    {
        std::vector<float> vectors(static_cast<std::size_t>(au_count()) *
                                   static_cast<std::size_t>(embedding_size()));
        if (!check(clile_model_copy_au_embedding(get(), vectors.data()), status)) vectors.clear();
        return vectors;
    }
    Decision decision(Status *status = nullptr) const
    {
        const auto c = static_cast<std::size_t>(au_count());
        Decision rule{std::vector<float>(c), std::vector<float>(c)};
        if (!check(clile_model_copy_decision(get(), rule.slope.data(), rule.offset.data()), status))
            return {};
        return rule;
    }
    /* For a model trained by a loop of your own; au_embedding is [c,d], or NULL to leave it. */
    bool set_decision(const float *au_embedding, const float *slope /*[c]*/,
                      const float *offset /*[c]*/, Status *status = nullptr)
    {
        return check(clile_model_set_decision(get(), au_embedding, slope, offset), status);
    }
    std::optional<std::string> metadata(const std::string &key) const
    {
        const char *value = clile_model_get_metadata(get(), key.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    }
    /* Markdown: what the model is, what it was trained on, what was measured, limits. */
    std::string card(Status *status = nullptr) const
    {
        return copy_text([&](char **out) { return clile_model_copy_card(get(), out); }, status);
    }
    /* "": composed from the metadata */
    bool set_card(const std::string &markdown = "", Status *status = nullptr)
    {
        return check(clile_model_set_card(get(), markdown.empty() ? nullptr : markdown.c_str()),
                     status);
    }
    bool set_metadata(const std::string &key, const std::string &value, Status *status = nullptr)
    {
        return check(clile_model_set_metadata(get(), key.c_str(), value.c_str()), status);
    }
    std::string json(Status *status = nullptr) const
    {
        return copy_text([&](char **out) { return clile_model_copy_json(get(), out); }, status);
    }

  private:
    struct ImportCall {
        const ImportFunction *function;
        std::exception_ptr thrown;
    };
    /* No exception may pass through the C code; after the first, `report` is not called again. */
    static void forward(const clile_import_item *item, void *user)
    {
        auto *call = static_cast<ImportCall *>(user);
        if (call->thrown) return;
#if CLILE_HPP_EXCEPTIONS
        try {
            (*call->function)(*item);
        } catch (...) {
            call->thrown = std::current_exception();
        }
#else
        (*call->function)(*item);
#endif
    }
};

/* ---- predictor.h ----------------------------------------------------------------------------- */

/* A face in an image, whose pixels it borrows. */
class Face
{
  public:
    /* The image is the face, cropped like the training images. */
    static Face crop(const clile_image &image) { return Face(CLILE_FACE_CROP, image); }
    /* By a detector's box, in pixels. */
    static Face box(const clile_image &image, float left, float top, float width, float height)
    {
        Face face(CLILE_FACE_BOX, image);
        const float sides[4] = {left, top, width, height};
        std::copy(sides, sides + 4, face.box_);
        return face;
    }
    /* By 5 or 68 landmarks, x0, y0, x1, ... in pixels. */
    static Face points(const clile_image &image, std::vector<float> xy)
    {
        Face face(CLILE_FACE_POINTS, image);
        face.xy_ = std::move(xy);
        return face;
    }
    /* For the C functions; borrows from this face. */
    clile_face get() const noexcept
    {
        clile_face face{};
        face.struct_size = static_cast<std::uint32_t>(sizeof face);
        face.kind = kind_;
        face.image = &image_;
        std::copy(box_, box_ + 4, face.box);
        face.points = static_cast<std::int32_t>(xy_.size() % 2 == 0 ? xy_.size() / 2 : 0);
        face.xy = xy_.data();
        return face;
    }

  private:
    Face(std::int32_t kind, const clile_image &image) : kind_(kind), image_(image) {}
    std::int32_t kind_;
    clile_image image_;
    float box_[4] = {};
    std::vector<float> xy_;
};

/* A CSV file of face positions (clile/faces.h). One thread at a time. */
class FaceFile : public Handle<clile_face_file, clile_face_file_destroy>
{
  public:
    using Handle::Handle;
    static FaceFile open(const std::string &path, const Options &options = {},
                         Status *status = nullptr)
    {
        FaceFile file;
        file.make(
            [&](clile_face_file **out) {
                return clile_face_file_open(path.c_str(), options.get(), out);
            },
            status);
        return file;
    }
    /* If several images will be looked up: all their names, before the first faces(). */
    bool expect(const std::string &name, Status *status = nullptr)
    {
        return check(clile_face_file_expect(get(), name.c_str()), status);
    }
    /* The faces of the image called `name`, by landmarks if the file has them; they borrow its
     * pixels. */
    std::vector<Face> faces(const std::string &name, const clile_image &image,
                            Status *status = nullptr)
    {
        return found(name.c_str(), 0, image, status);
    }
    /* The same by frame number. */
    std::vector<Face> faces(std::int64_t frame, const clile_image &image, Status *status = nullptr)
    {
        return found(nullptr, frame, image, status);
    }

  private:
    std::vector<Face> found(const char *name, std::int64_t frame, const clile_image &image,
                            Status *status)
    {
        std::vector<Face> faces;
        std::int64_t count = 0;
        if (!check(clile_face_file_find(get(), name, frame, &count), status)) return {};
        for (std::int64_t k = 0; k < count; ++k) {
            std::int32_t has_box = 0, points = 0;
            float box[4], xy[2 * 68];
            if (!check(clile_face_file_get(get(), k, &has_box, box, &points, xy), status))
                return {};
            faces.push_back(points > 0
                                ? Face::points(image, std::vector<float>(xy, xy + 2 * points))
                                : Face::box(image, box[0], box[1], box[2], box[3]));
        }
        return faces;
    }
};

/* Answers for n images: probability and present [n,c], embedding [n,d]; intensity [n,c], 0 to 5, is
 * empty if the model knows none. */
struct Prediction {
    std::vector<float> probability;
    std::vector<std::int8_t> present;
    std::vector<float> embedding;
    std::vector<float> intensity = {};
};

namespace detail
{
/* Of n faces with these embeddings. */
inline std::vector<float> intensity_of(const clile_model *model, std::size_t n,
                                       const std::vector<float> &embedding)
{
    if (clile_model_has_intensity(model) == 0) return {};
    std::vector<float> intensity(n * static_cast<std::size_t>(clile_model_au_count(model)));
    const clile_status status = clile_model_estimate_intensity(model, static_cast<std::int64_t>(n),
                                                               embedding.data(), intensity.data());
    return status == CLILE_OK ? intensity : std::vector<float>();
}
} // namespace detail

/* One thread at a time; create one per thread over one model. */
class Predictor : public Handle<clile_predictor, clile_predictor_destroy>
{
  public:
    Predictor() = default;
    explicit Predictor(const Model &model, const Options &options = {}, Status *status = nullptr)
        : c_(static_cast<std::size_t>(model.au_count())),
          d_(static_cast<std::size_t>(model.embedding_size())),
          p_(static_cast<std::size_t>(model.point_count()))
    {
        make(
            [&](clile_predictor **out) {
                return clile_predictor_create(model.get(), options.get(), out);
            },
            status);
    }
    /* One face, given by Face::points, Face::box or Face::crop. */
    Prediction run(const Face &face, Status *status = nullptr)
    {
        return run_faces(1, &face, status);
    }
    /* Many faces, of one image or of several; answers in the same order. */
    Prediction run(const std::vector<Face> &faces, Status *status = nullptr)
    {
        return run_faces(faces.size(), faces.data(), status);
    }
    /* The points [n,p,2] of faces, in pixels of each face's image; of models with points. */
    std::vector<float> points(const std::vector<Face> &faces, Status *status = nullptr)
    {
        const std::vector<clile_face> rows = rows_of(faces.size(), faces.data());
        std::vector<float> xy(faces.size() * p_ * 2);
        if (!check(clile_predictor_run_points(get(), static_cast<std::int64_t>(rows.size()),
                                              rows.data(), xy.data()),
                   status))
            return {};
        return xy;
    }
    std::vector<float> points(const Face &face, Status *status = nullptr)
    {
        return points(std::vector<Face>{face}, status);
    }
    /* nullptr if faces of this kind (CLILE_FACE_...) fit the model, else a sentence that says why
     * not. */
    const char *misfit(std::int32_t kind) const noexcept
    {
        return clile_predictor_get_misfit(get(), kind);
    }
    /* n crops [n,h,w,3]. */
    Prediction run(std::int64_t n, const std::uint8_t *rgb, std::int32_t h, std::int32_t w,
                   Status *status = nullptr)
    {
        Prediction answer = room(n);
        if (!run(n, rgb, h, w, answer.probability.data(), answer.present.data(),
                 answer.embedding.data(), status))
            return {};
        return graded(n, std::move(answer));
    }
    /* The same into the caller's memory, without allocating; any output may be NULL. */
    bool run(std::int64_t n, const std::uint8_t *rgb, std::int32_t h, std::int32_t w,
             float *probability, std::int8_t *present, float *embedding, Status *status = nullptr)
    {
        return check(clile_predictor_run(get(), n, rgb, h, w, probability, present, embedding),
                     status);
    }
    /* Crops that are not tightly packed: bytes from row to row and from image to image, 0 for
     * packed ones. */
    bool run_strided(std::int64_t n, const std::uint8_t *rgb, std::int32_t h, std::int32_t w,
                     std::int64_t row_stride, std::int64_t image_stride, float *probability,
                     std::int8_t *present, float *embedding, Status *status = nullptr)
    {
        return check(clile_predictor_run_strided(get(), n, rgb, h, w, row_stride, image_stride,
                                                 probability, present, embedding),
                     status);
    }
    /* Scores (similarities) instead of probabilities. */
    bool run_scores(std::int64_t n, const std::uint8_t *rgb, std::int32_t h, std::int32_t w,
                    float *score, std::int8_t *present, float *embedding, Status *status = nullptr)
    {
        return check(clile_predictor_run_scores(get(), n, rgb, h, w, score, present, embedding),
                     status);
    }
    /* Images indices[0..n-1] of a data set (NULL: 0..n-1), clile/evaluate.h; struct_size is set
     * here. */
    bool run_dataset(const Dataset &dataset, std::int64_t n, const std::int64_t *indices,
                     clile_answers answers, clile_count_fn progress = nullptr, void *user = nullptr,
                     Status *status = nullptr)
    {
        answers.struct_size = sizeof answers;
        return check(
            clile_predictor_run_dataset(get(), dataset.get(), n, indices, &answers, progress, user),
            status);
    }
    /* All images of it. */
    Prediction run_dataset(const Dataset &dataset, Status *status = nullptr)
    {
        const std::int64_t n = clile_dataset_size(dataset.get());
        Prediction answer = room(n);
        clile_answers to = {};
        to.probability = answer.probability.data();
        to.present = answer.present.data();
        to.embedding = answer.embedding.data();
        if (!run_dataset(dataset, n, nullptr, to, nullptr, nullptr, status)) return {};
        return graded(n, std::move(answer));
    }

  private:
    static std::vector<clile_face> rows_of(std::size_t n, const Face *faces)
    {
        std::vector<clile_face> rows;
        rows.reserve(n);
        for (std::size_t i = 0; i < n; ++i) rows.push_back(faces[i].get());
        return rows;
    }
    Prediction run_faces(std::size_t n, const Face *faces, Status *status)
    {
        const std::vector<clile_face> rows = rows_of(n, faces);
        Prediction answer = room(static_cast<std::int64_t>(n));
        if (!check(clile_predictor_run_faces(get(), static_cast<std::int64_t>(n), rows.data(),
                                             answer.probability.data(), answer.present.data(),
                                             answer.embedding.data()),
                   status))
            return {};
        return graded(static_cast<std::int64_t>(n), std::move(answer));
    }
    Prediction graded(std::int64_t n, Prediction answer) const
    {
        answer.intensity =
            detail::intensity_of(clile_predictor_get_model(get()),
                                 n > 0 ? static_cast<std::size_t>(n) : 0, answer.embedding);
        return answer;
    }
    /* Does not allocate for a number of images that the library will reject. */
    Prediction room(std::int64_t n) const
    {
        const std::size_t count = n > 0 ? static_cast<std::size_t>(n) : 0;
        return {std::vector<float>(count * c_),
                std::vector<std::int8_t>(count * c_),
                std::vector<float>(count * d_),
                {}};
    }
    std::size_t c_ = 0, d_ = 0, p_ = 0;
};

/* ---- finder.h, reader.h ---------------------------------------------------------------------- */

/* Finds the faces in a photograph. One thread at a time. */
class Finder : public Handle<clile_finder, clile_finder_destroy>
{
  public:
    using Handle::Handle;
    /* The installed finder; UNSUPPORTED if there is none. */
    static Finder installed(const Options &options = {}, Status *status = nullptr)
    {
        Finder finder;
        finder.make(
            [&](clile_finder **out) { return clile_finder_create_default(options.get(), out); },
            status);
        return finder;
    }
    /* By name: "dlib". */
    static Finder named(const std::string &name, const Options &options = {},
                        Status *status = nullptr)
    {
        Finder finder;
        finder.make(
            [&](clile_finder **out) {
                return clile_finder_create_by_name(name.c_str(), options.get(), out);
            },
            status);
        return finder;
    }
    /* The largest first. */
    std::vector<clile_found_face> find(const clile_image &image, Status *status = nullptr)
    {
        std::int64_t count = 0;
        if (!check(clile_finder_find(get(), &image, &count), status)) return {};
        std::vector<clile_found_face> faces(static_cast<std::size_t>(count));
        for (std::int64_t k = 0; k < count; ++k) {
            auto &face = faces[static_cast<std::size_t>(k)];
            face.struct_size = static_cast<std::uint32_t>(sizeof face);
            if (!check(clile_finder_get(get(), k, &face), status)) return {};
        }
        return faces;
    }
};

/* A face found in a photograph, and its answers: [c], [c], [d], [c]. */
struct ReadFace {
    clile_found_face face;
    std::vector<float> probability;
    std::vector<std::int8_t> present;
    std::vector<float> embedding;
    std::vector<std::int32_t> au_ids;  /* clile_au_name has their names */
    std::vector<float> intensity = {}; /* [c]; empty: the model knows none */
};

/* Reads action units from photographs. One thread at a time. */
class Reader : public Handle<clile_reader, clile_reader_destroy>
{
  public:
    Reader() = default;
    /* With the installed finder. */
    explicit Reader(const Model &model, const Options &options = {}, Status *status = nullptr)
        : Reader(model, Finder(), options, status)
    {
    }
    /* The reader keeps the finder alive, and from now on is its only user. */
    Reader(const Model &model, const Finder &finder, const Options &options = {},
           Status *status = nullptr)
    {
        open(
            [&](clile_reader **out) {
                return clile_reader_create(model.get(), finder.get(), options.get(), out);
            },
            status);
    }
    /* With the model that comes with the library, and the installed finder. */
    static Reader installed(const Options &options = {}, Status *status = nullptr)
    {
        Reader reader;
        reader.open(
            [&](clile_reader **out) { return clile_reader_create_default(options.get(), out); },
            status);
        return reader;
    }
    /* The model that finds the points of each face; an empty one: none. */
    bool set_points_model(const Model &model, const Options &options = {}, Status *status = nullptr)
    {
        return check(clile_reader_set_points_model(get(), model.get(), options.get()), status);
    }
    /* The faces of an image file, the largest first. */
    std::vector<ReadFace> read(const std::string &path, Status *status = nullptr)
    {
        std::int64_t count = 0;
        if (!check(clile_reader_read(get(), path.c_str(), &count), status)) return {};
        return gather(count, status);
    }
    std::vector<ReadFace> read(const clile_image &image, Status *status = nullptr)
    {
        std::int64_t count = 0;
        if (!check(clile_reader_read_image(get(), &image, &count), status)) return {};
        return gather(count, status);
    }

  private:
    template <typename Create> void open(Create &&create, Status *status)
    {
        make(create, status);
        if (get() == nullptr) return;
        const clile_model *own = clile_reader_get_model(get());
        d_ = static_cast<std::size_t>(clile_model_embedding_size(own));
        au_ids_.resize(static_cast<std::size_t>(clile_model_au_count(own)));
        check(clile_model_copy_au_ids(own, au_ids_.data()), status);
    }
    std::vector<ReadFace> gather(std::int64_t count, Status *status) const
    {
        const std::size_t c = au_ids_.size();
        std::vector<ReadFace> faces;
        for (std::int64_t k = 0; k < count; ++k) {
            ReadFace read{clile_found_face{},
                          std::vector<float>(c),
                          std::vector<std::int8_t>(c),
                          std::vector<float>(d_),
                          au_ids_,
                          {}};
            read.face.struct_size = static_cast<std::uint32_t>(sizeof read.face);
            if (!check(clile_reader_get(get(), k, &read.face, read.probability.data(),
                                        read.present.data(), read.embedding.data()),
                       status))
                return {};
            read.intensity = detail::intensity_of(clile_reader_get_model(get()), 1, read.embedding);
            faces.push_back(std::move(read));
        }
        return faces;
    }
    std::size_t d_ = 0;
    std::vector<std::int32_t> au_ids_;
};

/* The faces in one photograph, with the model and the finder of this installation. For many,
 * keep a Reader. */
inline std::vector<ReadFace> read(const std::string &path, const Options &options = {},
                                  Status *status = nullptr)
{
    Reader reader = Reader::installed(options, status);
    return reader.get() == nullptr ? std::vector<ReadFace>{} : reader.read(path, status);
}

/* ---- video.h, tracker.h ---------------------------------------------------------------------- */

/* The frames of a film or a camera. One thread at a time. */
class Video : public Handle<clile_video, clile_video_destroy>
{
  public:
    Video() = default;
    /* "-": standard input. */
    explicit Video(const std::string &path, const Options &options = {}, Status *status = nullptr)
    {
        make([&](clile_video **out) { return clile_video_open(path.c_str(), options.get(), out); },
             status);
    }
    /* "0" is /dev/video0. */
    static Video camera(const std::string &device, const Options &options = {},
                        Status *status = nullptr)
    {
        Video video;
        video.make(
            [&](clile_video **out) {
                return clile_video_open_camera(device.c_str(), options.get(), out);
            },
            status);
        return video;
    }
    /* Nothing at the end, and after a failure. Its pixels are the video's, until its next call. */
    std::optional<clile_frame> next(Status *status = nullptr)
    {
        clile_frame frame{};
        std::int32_t more = 0;
        frame.struct_size = static_cast<std::uint32_t>(sizeof frame);
        if (!check(clile_video_next(get(), &frame, &more), status) || more == 0) return {};
        return frame;
    }
};

/* A face in a frame: of whom, and whether the finder saw it in this frame. */
struct TrackedFace : ReadFace {
    std::int64_t person = 0;
    bool found = false;
};

/* Frames in their order in, people and their action units out. One thread at a time. */
class Tracker : public Handle<clile_tracker, clile_tracker_destroy>
{
  public:
    Tracker() = default;
    /* With the installed finder. */
    explicit Tracker(const Model &model, const Options &options = {}, Status *status = nullptr)
        : Tracker(model, Finder(), options, status)
    {
    }
    Tracker(const Model &model, const Finder &finder, const Options &options = {},
            Status *status = nullptr)
        : d_(static_cast<std::size_t>(model.embedding_size())), au_ids_(model.au_ids(status))
    {
        make(
            [&](clile_tracker **out) {
                return clile_tracker_create(model.get(), finder.get(), options.get(), out);
            },
            status);
    }
    /* The faces in the next frame, in the order of their persons. */
    std::vector<TrackedFace> read(const clile_image &image, Status *status = nullptr)
    {
        std::int64_t count = 0;
        std::vector<TrackedFace> faces;
        if (!check(clile_tracker_read(get(), &image, &count), status)) return {};
        for (std::int64_t k = 0; k < count; ++k) {
            TrackedFace read;
            std::int32_t found = 0;
            read.face = clile_found_face{};
            read.face.struct_size = static_cast<std::uint32_t>(sizeof read.face);
            read.probability.resize(au_ids_.size());
            read.present.resize(au_ids_.size());
            read.embedding.resize(d_);
            if (!check(clile_tracker_get(get(), k, &read.person, &found, &read.face,
                                         read.probability.data(), read.present.data(),
                                         read.embedding.data()),
                       status))
                return {};
            read.found = found != 0;
            read.au_ids = au_ids_;
            read.intensity =
                detail::intensity_of(clile_tracker_get_model(get()), 1, read.embedding);
            faces.push_back(std::move(read));
        }
        return faces;
    }

  private:
    std::size_t d_ = 0;
    std::vector<std::int32_t> au_ids_;
};

/* Probabilities beside a person's own neutral. One thread at a time. */
class Neutral : public Handle<clile_neutral, clile_neutral_destroy>
{
  public:
    Neutral() = default;
    explicit Neutral(const Model &model, Status *status = nullptr)
        : c_(static_cast<std::size_t>(model.au_count()))
    {
        make([&](clile_neutral **out) { return clile_neutral_create(model.get(), out); }, status);
    }
    /* probability: [c], of one frame of a person. */
    bool add(std::int64_t person, const std::vector<float> &probability, Status *status = nullptr)
    {
        return fits(probability, status) &&
               check(clile_neutral_add(get(), person, probability.data()), status);
    }
    /* Centred: [c]; above 0.5 is present. */
    std::vector<float> apply(std::int64_t person, const std::vector<float> &probability,
                             Status *status = nullptr) const
    {
        std::vector<float> centred(probability.size());
        if (!fits(probability, status) ||
            !check(clile_neutral_apply(get(), person, probability.data(), centred.data(), nullptr),
                   status))
            return {};
        return centred;
    }

  private:
    bool fits(const std::vector<float> &probability, Status *status) const
    {
        return probability.size() == c_ ||
               fail({CLILE_E_INVALID_ARGUMENT, "probability has another number of AUs"}, status);
    }
    std::size_t c_ = 0;
};

/* ---- events.h -------------------------------------------------------------------------------- */

/* Onset, apex and offset of action units over time. One thread at a time. */
class Events : public Handle<clile_events, clile_events_destroy>
{
  public:
    Events() = default;
    explicit Events(const std::vector<std::int32_t> &au_ids, const Options &options = {},
                    Status *status = nullptr)
        : c_(au_ids.size())
    {
        make(
            [&](clile_events **out) {
                return clile_events_create(static_cast<std::int32_t>(au_ids.size()), au_ids.data(),
                                           options.get(), out);
            },
            status);
    }
    /* The events that are over with this frame. probability: [n,c] of the n persons in it. */
    std::vector<clile_event> add(std::int64_t frame, double time,
                                 const std::vector<std::int64_t> &person,
                                 const std::vector<float> &probability, Status *status = nullptr)
    {
        if (probability.size() != person.size() * c_) {
            fail({CLILE_E_INVALID_ARGUMENT, "probability has another size than persons times AUs"},
                 status);
            return {};
        }
        return taken(clile_events_add(get(), frame, time, static_cast<std::int64_t>(person.size()),
                                      person.data(), probability.data()),
                     status);
    }
    /* After the last frame: the rest. */
    std::vector<clile_event> end(Status *status = nullptr)
    {
        return taken(clile_events_end(get()), status);
    }

  private:
    std::vector<clile_event> taken(clile_status code, Status *status)
    {
        std::vector<clile_event> events;
        clile_event event{};
        std::int32_t more = 1;
        event.struct_size = static_cast<std::uint32_t>(sizeof event);
        if (!check(code, status)) return {};
        while (check(clile_events_take(get(), &event, &more), status) && more != 0)
            events.push_back(event);
        return events;
    }
    std::size_t c_ = 0;
};

/* ---- trainer.h ------------------------------------------------------------------------------- */

/* Called after each step on the calling thread. Return 0 to continue, anything else to stop the run
 * with CLILE_E_CANCELLED. An exception stops the run too, and is rethrown, even if a Status was
 * given. */
using ProgressFunction = std::function<std::int32_t(const clile_progress &)>;

class Trainer : public Handle<clile_trainer, clile_trainer_destroy>
{
  public:
    Trainer() = default;
    Trainer(Model &model, const Dataset &train, const Options &options = {},
            Status *status = nullptr)
    {
        make(
            [&](clile_trainer **out) {
                return clile_trainer_create(model.get(), train.get(), options.get(), out);
            },
            status);
    }
    bool needs_stage1() const noexcept { return clile_trainer_needs_stage1(get()) != 0; }
    /* 1 or 2; 0 if training is finished or a step failed. */
    std::int32_t next_stage() const noexcept { return clile_trainer_next_stage(get()); }
    clile_trainer_state state(Status *status = nullptr) const
    {
        clile_trainer_state state = {};
        state.struct_size = sizeof state;
        check(clile_trainer_get_state(get(), &state), status);
        return state;
    }
    bool set_validation_every(std::int32_t epochs, Status *status = nullptr)
    {
        return check(clile_trainer_set_validation_every(get(), epochs), status);
    }
    /* The file for the history, before the first run; none: "" */
    bool set_history(const std::string &path, Status *status = nullptr)
    {
        return check(clile_trainer_set_history(get(), path.empty() ? nullptr : path.c_str()),
                     status);
    }
    /* The folder for TensorBoard, before the first run; none: "" */
    bool set_tensorboard(const std::string &folder, Status *status = nullptr)
    {
        return check(
            clile_trainer_set_tensorboard(get(), folder.empty() ? nullptr : folder.c_str()),
            status);
    }
    /* Runs one stage to its end, or continues it. */
    bool run(std::int32_t stage, const ProgressFunction &progress = nullptr,
             Status *status = nullptr)
    {
        Call call{&progress, nullptr};
        const clile_status code =
            clile_trainer_run(get(), stage, progress ? forward : nullptr, &call);
        if (call.thrown) std::rethrow_exception(call.thrown);
        return check(code, status);
    }
    /* Stage 1 if needed, then stage 2; after an interruption or a resume, what is left of them. */
    bool train(const ProgressFunction &progress = nullptr, Status *status = nullptr)
    {
        if (next_stage() == 1 && !run(1, progress, status)) return false;
        return run(2, progress, status); /* a finished or broken trainer reports it */
    }
    bool save(const std::string &path, Status *status = nullptr) const
    {
        return check(clile_trainer_save(get(), path.c_str()), status);
    }
    bool resume(const std::string &path, Status *status = nullptr)
    {
        return check(clile_trainer_resume(get(), path.c_str()), status);
    }

  private:
    struct Call {
        const ProgressFunction *function;
        std::exception_ptr thrown;
    };
    /* No exception may pass through the C code. */
    static std::int32_t forward(const clile_progress *progress, void *user)
    {
        auto *call = static_cast<Call *>(user);
#if CLILE_HPP_EXCEPTIONS
        try {
            return (*call->function)(*progress);
        } catch (...) {
            call->thrown = std::current_exception();
            return 1;
        }
#else
        return (*call->function)(*progress);
#endif
    }
};

/* ---- losses.h: the two published losses and the simplest elimination; the others by
 *   check(clile_loss_...()) */

/* Each returns the loss; arrays and gradients (each may be NULL) are those of the C function. */
namespace losses
{

inline double stage1(std::int64_t n, std::int64_t d, std::int64_t c, std::int64_t s,
                     const float *id_embedding, const float *ile, const std::int32_t *subject,
                     const std::int8_t *labels, const float *au_weight, float *diff_id_embedding,
                     float *diff_ile, Status *status = nullptr)
{
    double loss = 0;
    check(clile_loss_stage1(n, d, c, s, id_embedding, ile, subject, labels, au_weight, &loss,
                            diff_id_embedding, diff_ile),
          status);
    return loss;
}

inline double stage2(std::int64_t n, std::int64_t d, std::int64_t c, const float *embedding,
                     const float *au_embedding, const std::int8_t *labels, double temperature,
                     float *diff_embedding, float *diff_au_embedding, Status *status = nullptr)
{
    double loss = 0;
    check(clile_loss_stage2(n, d, c, embedding, au_embedding, labels, temperature, &loss,
                            diff_embedding, diff_au_embedding),
          status);
    return loss;
}

inline double orthogonal(std::int64_t n, std::int64_t d, const float *embedding,
                         const float *id_embedding, float *diff_embedding, Status *status = nullptr)
{
    double loss = 0;
    check(clile_loss_orthogonal(n, d, embedding, id_embedding, &loss, diff_embedding), status);
    return loss;
}

} // namespace losses

/* ---- metrics.h: the report; the plain functions by check(clile_metrics_...()) ---------------- */

class Report : public Handle<clile_report, clile_report_destroy>
{
  public:
    /* Averages of a metric; NaN if undefined. */
    struct Summary {
        double mean_of_folds = 0, pooled = 0, low = 0, high = 0;
    };

    /* published: "bp4d", "disfa", or NULL for no table next to the figures. */
    explicit Report(const std::vector<std::int32_t> &au_ids, const char *published = nullptr,
                    Status *status = nullptr)
    {
        make(
            [&](clile_report **out) {
                return clile_report_create(static_cast<std::int32_t>(au_ids.size()), au_ids.data(),
                                           published, out);
            },
            status);
    }
    bool add_fold(std::int32_t fold, std::int64_t n, const float *score, const std::int8_t *present,
                  const std::int8_t *labels, const std::int32_t *subject,
                  const char *const *subject_names = nullptr, Status *status = nullptr)
    {
        return check(
            clile_report_add_fold(get(), fold, n, score, present, labels, subject, subject_names),
            status);
    }
    /* Runs all images of a data set through a predictor. */
    bool add_predictor(std::int32_t fold, Predictor &predictor, const Dataset &dataset,
                       Status *status = nullptr)
    {
        return check(clile_report_add_predictor(get(), fold, predictor.get(), dataset.get(),
                                                nullptr, nullptr, nullptr),
                     status);
    }
    /* Estimated and coded intensities [n,c] of a fold that was added; probability may be NULL. */
    bool add_intensity(std::int32_t fold, std::int64_t n, const float *value,
                       const float *probability, const std::int8_t *intensity,
                       Status *status = nullptr)
    {
        return check(clile_report_add_intensity(get(), fold, n, value, probability, intensity),
                     status);
    }
    /* metric: "f1", "auc" or "auc_within". */
    Summary summary(const char *metric, Status *status = nullptr) const
    {
        Summary s;
        check(clile_report_get_summary(get(), metric, &s.mean_of_folds, &s.pooled, &s.low, &s.high),
              status);
        return s;
    }
    /* format: "csv", "md" or "tex". */
    std::string table(const char *format, Status *status = nullptr) const
    {
        return copy_text([&](char **out) { return clile_report_copy_table(get(), format, out); },
                         status);
    }
    std::string text(Status *status = nullptr) const
    {
        return copy_text([&](char **out) { return clile_report_copy_text(get(), out); }, status);
    }
    std::string json(Status *status = nullptr) const
    {
        return copy_text([&](char **out) { return clile_report_copy_json(get(), out); }, status);
    }
};

} // namespace clile

#undef CLILE_HPP_EXCEPTIONS
#endif
