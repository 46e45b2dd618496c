// How memory is handed from one buffer to the next, and where weights go.
#include <catch2/catch.hpp>

#include "sim/lower/storage.h"

using namespace tessera;
using namespace tessera::lower;

TEST_CASE("a claimed range waits for whoever used its bytes, and only for them") {
  MemoryMap memory;
  const BufferRef low = memory.claim(0, 100), high = memory.claim(100, 200);
  low->users.add(3, 7);
  high->users.add(4, 9);
  const BufferRef middle = memory.claim(50, 100);
  REQUIRE(middle->before.items().size() == 1);
  CHECK(middle->before.items()[0].engine == 3);
  CHECK(middle->before.items()[0].tasks == 7);
  // What an unused buffer still had to wait for is handed on.
  CHECK(memory.claim(60, 70)->before.items().size() == 1);
  CHECK(memory.claim(90, 110)->before.items().size() == 2);
  CHECK(memory.claim(300, 400)->before.items().empty());
}

TEST_CASE("weights go where memory lies idle for longest") {
  WeightSpace space;
  space.used(320, 640);
  space.used(640, 960);
  space.used(0, 320);
  space.open({0, 960});
  CHECK(space.places({320}) == std::vector<std::int64_t>{320});
  CHECK(space.places({320, 320}) == std::vector<std::int64_t>{320, 640});
  // At even distances, whatever their sizes, if that fits.
  CHECK(space.even_places({96, 320}) == std::vector<std::int64_t>{320, 640});
  CHECK_FALSE(space.even_places({320, 640}));
  // Scattered a large one would not fit any more: then one after the other.
  CHECK(space.places({320, 640}) == std::vector<std::int64_t>{0, 320});
  CHECK(space.holds({320, 320, 320}));
  CHECK_FALSE(space.holds({320, 320, 352}));
}

TEST_CASE("chunks that find no room together take turns in slots of equal size") {
  WeightSpace space;
  space.open({0, 1000});
  std::vector<std::int64_t> places;
  for (int k = 0; k < 6; ++k) {
    places.push_back(space.turn(320));
    space.used(places.back(), places.back() + 200);
  }
  CHECK(places == std::vector<std::int64_t>{0, 320, 640, 0, 320, 640});
}

TEST_CASE("slots of a ring follow each other, as many for each channel as for any other") {
  WeightSpace space;
  space.open({64, 1064});
  const auto places = [&](int channels) {
    std::vector<std::int64_t> list;
    for (int k = 0; k < 5; ++k) list.push_back(space.ring(300, k, channels));
    return list;
  };
  CHECK(places(1) == std::vector<std::int64_t>{64, 384, 704, 64, 384});
  CHECK(places(2) == std::vector<std::int64_t>{64, 384, 64, 384, 64});
  CHECK(places(4) == std::vector<std::int64_t>{64, 384, 704, 64, 384});  // fewer slots than channels: all of them
}
