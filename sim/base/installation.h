// Where this program and what belongs to it stand. Nothing is fixed when it is built: the binary can be copied or
// installed anywhere.
#pragma once
#include <string>

namespace tessera {
inline namespace base {

std::string executable_path();

// The folder with configs/ and the scripts of the figures: share/tessera beside the folder of an installed binary, or
// the nearest folder above the binary with configs/hardware, which is the source tree of a build inside it.
std::string data_folder();

}  // namespace base
}  // namespace tessera
