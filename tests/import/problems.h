// What import says against a file.
#pragma once
#include <string>

#include "sim/import/import.h"
#include "tests/import/model_builder.h"
#include "tests/import/temporary_folder.h"

namespace tessera::import::test {

// Empty: nothing.
inline std::string problems_of(const ModelBuilder& model, const DimensionSizes& sizes = {}) {
  const TemporaryFolder folder;
  const Expected<Imported> imported = import_onnx(model.write(folder.path, "model.onnx"), sizes);
  return imported ? "" : describe(imported.failure());
}

}  // namespace tessera::import::test
