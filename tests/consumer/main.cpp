// A stranger's C++ program: handles and an error text. Prints the library's version.
#include <clile/clile.hpp>

#include <cstdio>
#include <cstring>

int main()
{
    clile_model *model = nullptr;
    if (clile_model_load("no-such-file.safetensors", &model) != CLILE_E_IO) return 1;
    if (std::strstr(clile_last_error(), "no-such-file.safetensors") == nullptr) return 1;
    if (clile_abi_version() != CLILE_ABI_VERSION) return 1;
    try {
        clile::Model::load("no-such-file.safetensors");
        return 1;
    } catch (const clile::Error &error) {
        if (error.status() != CLILE_E_IO) return 1;
    }
    std::printf("%s\n", clile::version());
    return 0;
}
