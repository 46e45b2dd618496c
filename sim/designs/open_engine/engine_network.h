// What the open engine computes: feature maps in DDR, and layers that read and write channel ranges of them.
// Padding, channel split, concatenation and 2x upsampling are ways of reading a map, not layers.
// Source of the form: github.com/jdominick05/ignite-xdna, graph engine of 2026-09-14 (int8, XDNA1).
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace tessera::designs::open_engine {

// A feature map in DDR: [block of 8 channels][h + 2 halo][w + 2 halo][8 channels], one byte each.
struct Map {
  std::string name;
  int h = 0, w = 0;
  int blocks = 0;  // of 8 channels, rounded up to a multiple of 4
  int halo = 0;    // pixels around the map that padding reads: 1 where a 3x3 layer reads it, 2 where a 5x5 one does
};

// A channel range of a map, as a layer reads or writes it.
struct Segment {
  int map = 0;          // index into EngineNetwork::maps
  int first_block = 0;  // of 8 channels
  int blocks = 0;
  bool up2 = false;  // every pixel is read as 2 x 2 pixels
};

enum class Window { k1, k3s1, k3s2, k5s1, pool };  // 1x1; 3x3; 3x3 stride 2; 5x5; 5x5 max pool stride 1

struct EngineLayer {
  int id = 0;  // of the network's layer that it stands for
  std::string name;
  Window window = Window::k1;
  std::vector<Segment> reads;       // one after the other in the input channels
  std::optional<Segment> residual;  // added to the output
  Segment out;
  bool activation = false;  // an integer hard-swish or ReLU after the convolution
};

struct EngineNetwork {
  std::string name;
  std::vector<Map> maps;
  std::vector<EngineLayer> layers;  // in execution order
};

}  // namespace tessera::designs::open_engine
