#include "sim/evaluation/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/base/random.h"
#include "sim/evaluation/data_file.h"
#include "sim/sparsity/numpy_file.h"

namespace tessera::evaluation {
namespace {

using Arrays = std::map<std::string, DataArray>;

// The array of that name, or the only one.
const DataArray* find(const Arrays& arrays, const char* name) {
  const auto it = arrays.find(name);
  if (it != arrays.end()) return &it->second;
  return arrays.size() == 1 ? &arrays.begin()->second : nullptr;
}

// Distances between neighbours of row, column and channel of an image; nullopt: of another shape.
struct ImageLayout {
  std::int64_t h, w, c;
};
std::optional<ImageLayout> layout_of(const std::vector<std::int64_t>& shape, const network::Shape& input) {
  const std::vector<std::int64_t> sides(shape.begin() + 1, shape.end());
  const std::int64_t h = input.h, w = input.w, c = input.c;
  if (c == 1 && sides == std::vector<std::int64_t>{h, w}) return ImageLayout{w, 1, 1};
  if (sides == std::vector<std::int64_t>{c, h, w}) return ImageLayout{w, 1, h * w};
  if (sides == std::vector<std::int64_t>{h, w, c}) return ImageLayout{w * c, c, 1};
  if (h * w == 1 && sides == std::vector<std::int64_t>{c}) return ImageLayout{1, 1, 1};
  return std::nullopt;
}

// Where the elements of the tensor, [h][w][c], stand in an image of the file's own dimensions; empty: of another shape.
std::vector<std::size_t> places_in(const std::vector<std::int64_t>& shape, const import::View& view) {
  import::Dims sides = view.shape();
  const std::vector<std::int64_t> given(shape.begin() + 1, shape.end());
  if (sides.size() == given.size() + 1 && sides[0] == 1) sides.erase(sides.begin());
  if (sides != given || !is_whole(view)) return {};
  const std::vector<std::size_t> places = places_of(view);
  std::vector<std::size_t> from(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) from[places[i]] = i;
  return from;
}

std::vector<std::size_t> places_in(const ImageLayout& layout, const network::Shape& input) {
  std::vector<std::size_t> from;
  for (int y = 0; y < input.h; ++y)
    for (int x = 0; x < input.w; ++x)
      for (int c = 0; c < input.c; ++c)
        from.push_back(static_cast<std::size_t>(y * layout.h + x * layout.w + c * layout.c));
  return from;
}

std::vector<std::size_t> chosen(std::int64_t count, const DatasetFiles& files) {
  std::vector<std::size_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (files.subset <= 0 || files.subset >= count) return order;
  if (files.seed != 0) Random(files.seed).shuffle(order);
  order.resize(static_cast<std::size_t>(files.subset));
  std::sort(order.begin(), order.end());
  return order;
}

class Reader {
 public:
  Reader(const DatasetFiles& files, const Normalization& normalization, const network::Shape& input,
         const import::View* view)
      : files_(files), normalization_(normalization), input_(input), view_(view) {}

  Expected<Dataset> read() {
    Expected<Arrays> images = read_data_file(files_.images);
    if (!images) take(images.failure());
    std::optional<Expected<Arrays>> own;
    if (!files_.labels.empty()) own = read_data_file(files_.labels);
    if (own && !*own) take(own->failure());
    check_normalization();
    if (!failure_.problems.empty()) return failure_;
    const DataArray* pixels = find(*images, "images");
    const DataArray* labels = own                            ? find(**own, "labels")
                              : images->count("labels") != 0 ? &images->at("labels")
                                                             : nullptr;
    if (pixels == nullptr) refuse(files_.images, "holds no array 'images'", "an array 'images', or one array alone");
    if (own && labels == nullptr)
      refuse(files_.labels, "holds no array 'labels'", "an array 'labels', or one array alone");
    if (failure_.problems.empty()) fill(*pixels, labels);
    if (!failure_.problems.empty()) return failure_;
    return std::move(set_);
  }

 private:
  void take(const Failure& failure) {
    failure_.problems.insert(failure_.problems.end(), failure.problems.begin(), failure.problems.end());
  }
  void refuse(const std::string& file, std::string what, std::string legal) {
    failure_.problems.push_back({file, "", std::move(what), std::move(legal)});
  }

  void check_normalization() {
    const auto channels = [&](const char* option, const std::vector<double>& values) {
      if (values.size() > 1 && values.size() != static_cast<std::size_t>(input_.c))
        refuse("", fmt::format("{} has {} numbers for {} channels", option, values.size(), input_.c),
               "one, or one per channel");
    };
    channels("--mean", normalization_.mean);
    channels("--std", normalization_.std);
    if (!(normalization_.scale > 0)) refuse("", fmt::format("--scale is {}", normalization_.scale), "more than 0");
    for (const double v : normalization_.std)
      if (!(v > 0)) refuse("", fmt::format("--std is {}", v), "more than 0");
  }

  void fill(const DataArray& pixels, const DataArray* labels) {
    const std::vector<std::size_t> places = places_of_values(pixels.shape);
    if (places.empty())
      return refuse(files_.images, "holds images of the shape " + sparsity::shape_text(pixels.shape),
                    fmt::format("n x {} x {} x {} (channels, height, width){}{}, as the network reads", input_.c,
                                input_.h, input_.w, input_.c == 1 ? ", or without the channel" : "",
                                view_ == nullptr || (view_->shape().size() == 4 && !is_row(*view_))
                                    ? ""
                                    : ", or n x " + sparsity::shape_text(view_->shape())));
    if (pixels.shape[0] == 0) return refuse(files_.images, "holds no image", "at least one");
    if (labels != nullptr) check_labels(*labels, pixels.shape[0]);
    const auto bad =
        std::find_if(pixels.values.begin(), pixels.values.end(), [](float v) { return !std::isfinite(v); });
    if (bad != pixels.values.end())
      refuse(files_.images,
             fmt::format(
                 "holds a value that is no number, in image {}",
                 (bad - pixels.values.begin()) / (static_cast<std::int64_t>(pixels.values.size()) / pixels.shape[0])),
             "finite numbers");
    if (!failure_.problems.empty()) return;
    set_.shape = input_;
    for (const std::size_t i : chosen(pixels.shape[0], files_)) {
      add_image(&pixels.values[i * places.size()], places);
      if (labels != nullptr) set_.labels.push_back(static_cast<int>(labels->values[i]));
      ++set_.count;
    }
    const auto infinite =
        std::find_if(set_.images.begin(), set_.images.end(), [](float v) { return !std::isfinite(v); });
    if (infinite != set_.images.end())
      refuse(files_.images, fmt::format("holds {}, which --scale, --mean and --std make infinite", most_of(pixels)),
             "numbers that stay within those of 32 bits");
  }

  static float most_of(const DataArray& pixels) {
    return *std::max_element(pixels.values.begin(), pixels.values.end(),
                             [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  }

  void check_labels(const DataArray& labels, std::int64_t images) {
    const std::string& file = files_.labels.empty() ? files_.images : files_.labels;
    if (labels.shape.size() != 1 || labels.shape[0] != images)
      return refuse(file, "holds labels of the shape " + sparsity::shape_text(labels.shape),
                    fmt::format("({},): one for each image", images));
    for (std::size_t i = 0; i < labels.values.size(); ++i) {
      const float v = labels.values[i];
      if (v == std::floor(v) && v >= 0 && (files_.classes == 0 || v < static_cast<float>(files_.classes))) continue;
      return refuse(file, fmt::format("labels image {} with {}", i, v),
                    files_.classes == 0 ? "whole numbers from 0"
                                        : fmt::format("0 to {}, the outputs of the network", files_.classes - 1));
    }
  }

  // By elements of [h][w][c]; empty: images of another shape. The dimensions of the file's input come first: where two
  // are equal, those of its tensor, which may have them in another order, tell less.
  std::vector<std::size_t> places_of_values(const std::vector<std::int64_t>& shape) const {
    if (shape.empty()) return {};
    std::vector<std::size_t> own = view_ == nullptr ? std::vector<std::size_t>{} : places_in(shape, *view_);
    if (!own.empty()) return own;
    const std::optional<ImageLayout> layout = layout_of(shape, input_);
    return layout ? places_in(*layout, input_) : std::vector<std::size_t>{};
  }

  void add_image(const float* from, const std::vector<std::size_t>& places) {
    const auto of = [](const std::vector<double>& values, int c, double otherwise) {
      return values.empty() ? otherwise : values[values.size() == 1 ? 0 : static_cast<std::size_t>(c)];
    };
    for (std::size_t i = 0; i < places.size(); ++i) {
      const int c = static_cast<int>(i % static_cast<std::size_t>(input_.c));
      const double stored = from[places[i]];
      set_.images.push_back(static_cast<float>((stored / normalization_.scale - of(normalization_.mean, c, 0)) /
                                               of(normalization_.std, c, 1)));
    }
  }

  const DatasetFiles& files_;
  const Normalization& normalization_;
  const network::Shape& input_;
  const import::View* view_;  // null: not known
  Dataset set_;
  Failure failure_{ExitCode::bad_input, {}};
};

}  // namespace

Expected<Dataset> read_dataset(const DatasetFiles& files, const Normalization& normalization,
                               const network::Shape& input, const import::View* view) {
  return Reader(files, normalization, input, view).read();
}

}  // namespace tessera::evaluation
