/* finder_dlib_data FILE: writes the numbers of dlib's frontal face detector as the initialiser of
 * an array of bytes. Its header holds them packed, and the code that unpacks them is in a library
 * that a shared object cannot take (Debian's libdlib.a) or that brings BLAS, LAPACK and SQLite
 * (libdlib.so): they are unpacked while building. */
#include "face/dlib_alone.h"

#include <dlib/image_processing/frontal_face_detector.h>

#include <cstdio>

int main(int argc, char **argv)
{
    const std::string bytes = dlib::get_serialized_frontal_faces();
    std::FILE *file = argc == 2 && !bytes.empty() ? std::fopen(argv[1], "w") : nullptr;
    if (file == nullptr) return 1;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        std::fprintf(file, "%u,%s", static_cast<unsigned>(static_cast<unsigned char>(bytes[i])),
                     i % 32 == 31 ? "\n" : "");
    return std::fclose(file) == 0 ? 0 : 1;
}
