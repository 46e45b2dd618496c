// Where the data of the project stands: configs/ of the data folder (base/installation.h), or what the
// environment variable TESSERA_CONFIGS names.
#pragma once
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/cost/latency_model.h"

namespace tessera::run {

std::string config_folder();

// Stems of the .json files in a folder below it ("networks"), sorted.
std::vector<std::string> config_names(const std::string& folder);

// The hardware file that a path or a name of `tessera list hardware` stands for.
Expected<std::string> hardware_file(const std::string& given);

// A latency model by name: built in, at the rates of an AIE2 core, or a library in configs/hardware/kernels.
Expected<const cost::LatencyModel*> open_latency_model(const std::string& name);
// The latency model of an array, at the rates of its cores.
Expected<const cost::LatencyModel*> latency_model_of(const arch::ArraySpec& array);
std::vector<std::string> all_latency_model_names();

// What `hardware.kernels` says, a name or the path of a library from `folder`: the library's name, under which
// open_latency_model knows it from now on.
Expected<std::string> latency_model_name(const std::string& given, const std::string& folder);
// The path that `hardware.kernels` says, empty when it says a name.
std::string kernel_library_path(const std::string& given, const std::string& folder);

}  // namespace tessera::run
