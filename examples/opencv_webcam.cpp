// opencv_webcam MODEL [VIDEO or CAMERA NUMBER] [--cascade FILE] [--out FILE.avi] [--show]: draws
// the action units of the face into a video.
//
// OpenCV's Haar cascade (Debian: opencv-data) finds the boxes of faces; without it, the whole frame
// is taken as a face. With a detector of landmarks the answers are better: pass its points to
// clile::Face::points. Keeps one frame in memory. Needs a display only for --show.
#include <clile/clile.hpp>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <opencv2/videoio.hpp>
#ifdef CLILE_EXAMPLE_HIGHGUI
#include <opencv2/highgui.hpp>
#endif

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace
{

struct Arguments {
    std::string model,
        video = "0",
        cascade = "/usr/share/opencv4/haarcascades/haarcascade_frontalface_default.xml", out;
    bool show = false;
};

bool parse(int argc, char **argv, Arguments &a)
{
    int given = 0;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--show")
            a.show = true;
        else if ((word == "--cascade" || word == "--out") && i + 1 < argc)
            (word == "--out" ? a.out : a.cascade) = argv[++i];
        else if (word.rfind("--", 0) == 0 || given == 2)
            return false;
        else
            (given++ == 0 ? a.model : a.video) = word;
    }
    return given >= 1;
}

cv::VideoCapture open_video(const std::string &name)
{
    cv::VideoCapture video;
    if (name.find_first_not_of("0123456789") == std::string::npos)
        video.open(std::atoi(name.c_str()));
    else
        video.open(name);
    if (!video.isOpened()) throw std::runtime_error("cannot open the camera or video " + name);
    return video;
}

// The largest face; empty if there is none.
cv::Rect find_face(cv::CascadeClassifier &cascade, const cv::Mat &bgr)
{
    if (cascade.empty()) return {0, 0, bgr.cols, bgr.rows};
    cv::Mat grey;
    std::vector<cv::Rect> faces;
    cv::cvtColor(bgr, grey, cv::COLOR_BGR2GRAY);
    cascade.detectMultiScale(grey, faces, 1.1, 3, 0, cv::Size(bgr.rows / 8, bgr.rows / 8));
    cv::Rect largest;
    for (const cv::Rect &face : faces)
        if (face.area() > largest.area()) largest = face;
    return largest;
}

// Draws a bar for each AU in the left margin, red if it is present.
void draw(cv::Mat &bgr, const cv::Rect &face, const std::vector<std::int32_t> &au_ids,
          const clile::Prediction &answer)
{
    const int row = std::max(8, bgr.rows / static_cast<int>(au_ids.size() + 1)),
              full = bgr.cols / 5;
    cv::rectangle(bgr, face, {255, 255, 255});
    for (std::size_t c = 0; c < au_ids.size(); ++c) {
        const int y = static_cast<int>(c) * row + row / 2;
        const cv::Scalar colour =
            answer.present[c] ? cv::Scalar(40, 40, 230) : cv::Scalar(200, 200, 200);
        cv::rectangle(
            bgr, {4, y},
            {4 + static_cast<int>(answer.probability[c] * static_cast<float>(full)), y + row / 2},
            colour, cv::FILLED);
        cv::putText(bgr, "AU" + std::to_string(au_ids[c]), {8 + full, y + row / 2},
                    cv::FONT_HERSHEY_SIMPLEX, row / 40.0, colour);
    }
}

void run(const Arguments &a)
{
    const auto model = clile::Model::load(a.model);
    const auto au_ids = model.au_ids();
    clile::Predictor predictor(model);
    cv::CascadeClassifier cascade;
    if (!cascade.load(a.cascade))
        std::fprintf(stderr, "no cascade in %s: each frame is taken as a face\n",
                     a.cascade.c_str());
    cv::VideoCapture video = open_video(a.video);
    cv::VideoWriter out;
    cv::Mat bgr;
    int frames = 0, faces = 0;
    for (; video.read(bgr); ++frames) {
        const cv::Rect face = find_face(cascade, bgr);
        if (!face.empty()) {
            const auto image = clile::pixels(bgr.data, bgr.rows, bgr.cols, CLILE_PIXELS_BGR,
                                             static_cast<std::int64_t>(bgr.step));
            const auto answer =
                predictor.run(cascade.empty() ? clile::Face::crop(image)
                                              : clile::Face::box(image, static_cast<float>(face.x),
                                                                 static_cast<float>(face.y),
                                                                 static_cast<float>(face.width),
                                                                 static_cast<float>(face.height)));
            std::printf("frame %d:", frames + 1);
            for (std::size_t c = 0; c < au_ids.size(); ++c)
                if (answer.present[c])
                    std::printf(" AU%d %.2f", static_cast<int>(au_ids[c]),
                                static_cast<double>(answer.probability[c]));
            std::printf("\n");
            draw(bgr, face, au_ids, answer);
            ++faces;
        }
        if (!a.out.empty()) {
            if (!out.isOpened() &&
                !out.open(a.out, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), 25, bgr.size()))
                throw std::runtime_error("cannot write " + a.out);
            out.write(bgr);
        }
#ifdef CLILE_EXAMPLE_HIGHGUI
        if (a.show) {
            cv::imshow("clile", bgr);
            if (cv::waitKey(1) == 27) break; // Escape
        }
#endif
    }
    if (frames == 0) throw std::runtime_error("no frame could be read from " + a.video);
    std::printf("%d frames, a face in %d of them\n", frames, faces);
}

} // namespace

int main(int argc, char **argv)
{
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        std::fprintf(stderr, "usage: opencv_webcam MODEL [VIDEO or CAMERA NUMBER, default 0] "
                             "[--cascade FILE] [--out FILE.avi] [--show]\n");
        return 2;
    }
#ifndef CLILE_EXAMPLE_HIGHGUI
    if (arguments.show) {
        std::fprintf(stderr, "--show: built without OpenCV's highgui; use --out to write a file\n");
        return 2;
    }
#endif
    try {
        run(arguments);
    } catch (const std::exception &error) { // clile::Error is one
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
