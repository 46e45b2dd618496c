// Does the policy object_fifo move the bytes of a product as it must, in rings that nobody overruns, compute it bit for
// bit, take the time it must, and refuse what it cannot lay out?
#include "tests/schedule/object_fifo_fixture.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::cost;
using namespace tessera::exec;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::run;
using namespace tessera::schedule;
using namespace tessera::sparsity;
using namespace tessera::verify;
using namespace tessera::object_fifo_fixture;

TEST_CASE("products are verified and bit-exact on every array, tile, buffering and type") {
  struct Shape {
    int rows, cols, m, k, n, tile_m, tile_k, tile_n;
  };
  const std::vector<Shape> shapes = {{4, 4, 128, 96, 128, 16, 32, 16}, {1, 1, 48, 40, 56, 16, 8, 8},
                                     {2, 4, 64, 64, 96, 32, 16, 8},    {4, 2, 64, 72, 48, 8, 24, 16},
                                     {3, 2, 100, 70, 50, 16, 16, 16},  {4, 1, 96, 48, 24, 8, 16, 8},
                                     {2, 1, 70, 30, 44, 32, 32, 32},   {3, 4, 24, 16, 16, 8, 8, 4}};
  int cases = 0;
  for (const Shape& s : shapes)
    for (const char* in : {"i8", "i16"})
      for (int buffering = 0; buffering < 5; ++buffering) {
        Case c;
        c.m = s.m, c.k = s.k, c.n = s.n, c.in = in;
        c.forced.tile = {s.tile_m, 1, s.tile_n, s.tile_k};
        if (buffering == 1) c.forced.buffers = {1, 1, {}, 1};
        if (buffering == 2) c.forced.buffers = {3, 2, {}, 1};
        if (buffering == 3) c.forced.weights_stationary = false, c.forced.buffers.weights = 1;
        if (buffering == 4) c.forced.weights_stationary = true, c.forced.buffers = {1, s.rows % 2 + 1, {}, 2};
        const ArraySpec array = plain(s.rows, s.cols);
        const Network network = network_of(c);
        const Program program = program_of(c, array);
        CAPTURE(s.rows, s.cols, in, buffering);
        REQUIRE(problem_of(program, array) == "");
        const FunctionalReport report = with_data(program, network, array);
        CHECK(report.elements_checked == std::int64_t{s.m} * s.n);
        CHECK(report.first == std::vector<std::string>{});
        CHECK(report.errors == std::vector<std::string>{});
        ++cases;
      }
  CHECK(cases == 80);
}

TEST_CASE("random products fit and are right, or do not fit") {
  Random random(11);
  const auto pick = [&](std::initializer_list<int> of) { return *(of.begin() + random.below(of.size())); };
  int right = 0, refused = 0;
  for (int i = 0; i < 120; ++i) {
    Case c;
    c.m = pick({1, 7, 16, 33, 64, 100}), c.k = pick({4, 8, 30, 64, 96}), c.n = pick({4, 9, 32, 50, 80});
    c.in = pick({0, 1}) == 0 ? "i8" : "i16";
    c.forced.tile = {pick({1, 4, 8, 16, 40}), 1, pick({2, 4, 8, 24}), pick({4, 8, 16, 32, 6})};
    if (pick({0, 1}) == 0) c.forced.weights_stationary = pick({0, 1}) == 1;
    if (pick({0, 1}) == 0) c.forced.buffers.input = pick({1, 2, 3, 5});
    if (pick({0, 1}) == 0) c.forced.buffers.weights = pick({1, 2, 3});
    if (pick({0, 1}) == 0) c.forced.buffers.output = pick({1, 2, 3});
    ArraySpec array = plain(pick({1, 2, 3, 4}), pick({1, 2, 3, 4}));
    array.shim.dma.iterations = pick({1, 2, 64});
    const Network network = network_of(c);
    CAPTURE(i, c.m, c.k, c.n, c.in, array.rows, array.cols);
    const auto schedule = scheduled(network, array, c.forced);
    if (!schedule) {
      CHECK(schedule.failure().code == ExitCode::does_not_fit);
      ++refused;
      continue;
    }
    CHECK(problem_of(schedule->program, array) == "");
    CHECK(with_data(schedule->program, network, array).good());
    ++right;
  }
  CHECK(right > 50);
  CHECK(refused > 10);
}

TEST_CASE("a wrong program of a product does not pass") {
  const ArraySpec array = plain(2, 2);
  const Case c = cube(64, 16);
  const Network network = network_of(c);
  const Program good = program_of(c, array);
  const EngineMap map(array);

  Program empty_lock = good;  // one buffer too many is called empty
  for (LockInit& l : empty_lock.locks)
    if (l.role == LockRole::weights_empty) ++l.value;
  CHECK(problem_of(empty_lock, array) != "");

  Program one_address = good;  // both buffers of a ring at one place
  auto& out = one_address.engines[map.mem_channel(0, EngineKind::mm2s, 0)].transfers;
  auto& in = one_address.engines[map.mem_channel(0, EngineKind::s2mm, 0)].transfers;
  REQUIRE(out.size() >= 2);
  out[1].access.base = out[0].access.base;
  in[1].access.base = in[0].access.base;
  CHECK(problem_of(one_address, array) != "");

  Program wrong_block = good;  // another block of A
  Transfer& read = wrong_block.engines[map.shim_channel(0, EngineKind::mm2s, 0)].transfers[1];
  read.access.base -= 64;
  CHECK(problem_of(wrong_block, array) == "");  // bytes of DDR are bytes of DDR: data show it
  CHECK(with_data(wrong_block, network, array).mismatches > 0);

  Program forgets = good;  // C is not cleared for the next tile
  for (KernelCall& k : forgets.calls)
    if (k.kind == KernelKind::clear) k.acc = forgets.calls[0].acc;
  CHECK(problem_of(forgets, array).find("was not cleared") != std::string::npos);
  CHECK(with_data(forgets, network, array).mismatches > 0);

  Program shallow = good;  // some steps of k left out of every call, or of one
  for (KernelCall& k : shallow.calls)
    if (k.kind == KernelKind::gemm) k.in_c = 8;
  CHECK(problem_of(shallow, array).find("sends a tile of C with 32 steps of k; needed: 64 to 64") != std::string::npos);
  Program deep = good;
  for (KernelCall& k : deep.calls)
    if (k.kind == KernelKind::gemm && &k == &deep.calls[1]) k.in_c = 12;
  CHECK(problem_of(deep, array).find("steps of k") != std::string::npos);

  Program over_a = good;  // C written over A: as the matrices say, or only by the transfers
  over_a.product.c.address = over_a.product.a.address;
  CHECK(problem_of(over_a, array).find("c stands over a") != std::string::npos);
  Program into_a = good;
  for (Transfer& t : into_a.engines[map.shim_channel(0, EngineKind::s2mm, 0)].transfers)
    t.access.base -= good.product.c.address;
  CHECK(problem_of(into_a, array).find("legal: within c") != std::string::npos);
  Program from_c = good;
  from_c.engines[map.shim_channel(0, EngineKind::mm2s, 1)].transfers[0].access.base = good.product.c.address;
  CHECK(problem_of(from_c, array).find("legal: within a or within b") != std::string::npos);

  Program other_buffer = good;
  for (KernelCall& k : other_buffer.calls)
    if (k.kind == KernelKind::gemm) k.in = 0;
  CHECK(with_data(other_buffer, network, array).mismatches > 0);

  Program missing = good;  // the last tile of C stays in the memory tile's stream
  missing.engines[map.shim_channel(1, EngineKind::s2mm, 0)].steps.pop_back();
  CHECK(problem_of(missing, array) != "");
}

TEST_CASE("the text of a product says all of it") {
  const ArraySpec array = plain(2, 4);
  Case c = cube(64, 16);
  c.in = "i16";
  const Program program = program_of(c, array);
  const auto read = parse_program(write_program(program, array), array);
  if (!read) FAIL(describe(read.failure()));
  CHECK(program_hash(*read) == program_hash(program));
  CHECK_FALSE(read->tensors);
  CHECK(read->product.c.address == program.product.c.address);
  CHECK(read->layers[1].layer.in_type == ElementType::i16);
  Program other = program;
  other.layers[1].layer.out_type = ElementType::f32;
  CHECK(program_hash(other) != program_hash(program));
  other = program;
  other.product.b.pitch += 4;
  CHECK(program_hash(other) != program_hash(program));
  other.product.c.rows = 8;
  CHECK(problem_of(other, array).find("product: c at") != std::string::npos);
}

TEST_CASE("every tile of A and B is read once per tile of C in its row or column") {
  for (const auto& [rows, cols] :
       {std::pair{4, 4}, std::pair{2, 1}, std::pair{4, 1}, std::pair{2, 4}, std::pair{1, 1}}) {
    const ArraySpec a = plain(rows, cols);
    const Outcome o = run_once(cube(256, 32), a, 100);
    INFO(rows << "x" << cols);
    CHECK(o.read == 256 * 256 * (256 / (32 * cols)) + 256 * 256 * (256 / (32 * rows)));
    CHECK(o.written == 256 * 256 * 4);
  }
}

TEST_CASE("what a task cannot iterate over takes further tasks") {
  ArraySpec a = plain(1, 1);
  a.shim.dma.iterations = 3;
  const Case c = cube(128, 16);
  const Program program = program_of(c, a);
  CHECK(problem_of(program, a) == "");
  const auto& reads = program.engines[EngineMap(a).shim_channel(0, EngineKind::mm2s, 0)].transfers;
  CHECK(reads.size() == 8 * 3);  // eight blocks of rows, eight tiles of C side by side in tasks of 3, 3 and 2
  CHECK(with_data(program, network_of(c), a).good());
  a.shim.dma.iterations = 2;
  CHECK(problem_of(program, a).find("iteration of 3 elements in dimension 3; legal: up to 2") != std::string::npos);
}

TEST_CASE("patterns that descriptors have no fields for take another form, further tasks, or do not fit") {
  // B has more rows than a wrap counts, A more rows of a tile or a larger distance between blocks than fields hold.
  ArraySpec a = plain(2, 2);
  Case c;
  c.m = 64, c.k = 96, c.n = 128;
  c.forced.tile = {16, 1, 16, 16};
  const Outcome wide = run_once(c, a, 1);
  for (const auto& [wrap, step] : {std::pair{95, 1 << 20}, {15, 1 << 20}, {4, 1 << 20}, {255, 200}}) {
    a.shim.dma.max_wrap = wrap;
    a.shim.dma.max_step = step;
    CAPTURE(wrap, step);
    const Program program = program_of(c, a);
    CHECK(problem_of(program, a) == "");
    CHECK(with_data(program, network_of(c), a).good());
    CHECK(run_once(c, a, 1).read == wide.read);
  }
  a.shim.dma.max_step = 20;  // words between rows of B
  const auto refused = scheduled(network_of(c), a, c.forced);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ExitCode::does_not_fit);
  CHECK(describe(refused.failure()).find("tiles of b are 96 rows of 16 bytes at a distance of 128") !=
        std::string::npos);
}

TEST_CASE("buffers follow the memory of a core") {
  const ArraySpec a = plain(4, 4);
  Case c = cube(512, 64);
  const Network network = network_of(c);
  const auto buffers = [&] { return designs::object_fifo::gemm_design(network.layers[1], c.forced, a).c_buffers; };
  CHECK(buffers() == 2);
  c.forced.tile->ci = 128;
  CHECK(buffers() == 1);
  c.forced.tile->ci = 512;
  const auto refused = scheduled(network, a, c.forced);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ExitCode::does_not_fit);
}

TEST_CASE("a product of too many calls is refused, however many they are") {
  const ArraySpec a = plain(4, 4);
  const auto refusal = [&](int size) {
    Network network = network_of(cube(64, 16));
    network.layers[0].out = network.layers[1].in = {size, 1, size};
    network.layers[1].out = {size, 1, size};
    const auto refused = scheduled(network, a, cube(64, 16).forced);
    REQUIRE_FALSE(refused);
    CHECK(refused.failure().code == ExitCode::does_not_fit);
    return describe(refused.failure());
  };
  CHECK(refusal(8192).find("1.342e+08 kernel calls are too many to simulate") != std::string::npos);
  CHECK(refusal(2000000000).find("kernel calls are too many to simulate") != std::string::npos);
}

TEST_CASE("kernels, clearing and bounds follow the types of a product") {
  ArraySpec a = plain(1, 1);
  a.clock_hz = 1e6;
  const std::vector<std::optional<BlockMask>> dense(2);
  for (const auto& [type, rate, width] : {std::tuple{"i8", 256, 1}, {"bf16", 128, 2}, {"i16", 64, 2}}) {
    Case c = cube(256, 32);
    c.in = type;
    const Program program = program_of(c, a);
    const std::vector<Millicycles> durations = kernel_durations(program, peak());
    for (std::size_t i = 0; i < durations.size(); ++i)
      CHECK(durations[i] ==
            (program.calls[i].kind == KernelKind::clear ? 32 * 32 * 4 / 32 : 32 * 32 * 32 / rate) * 1000);
    const Bounds compute = analytic_bounds(network_of(c), dense, a, peak(), true);
    CHECK(compute.bound_us() == Approx(256.0 * 256 * 256 / rate));
    ArraySpec narrow = a;
    narrow.ddr.read_bytes_per_cycle = 0.01;
    CHECK(analytic_bounds(network_of(c), dense, narrow, peak(), true).bound_us() ==
          Approx(2 * 256 * 256 * width / 0.01));
    narrow.ddr.write_bytes_per_cycle = 0.001;
    CHECK(analytic_bounds(network_of(c), dense, narrow, peak(), true).bound_us() == Approx(256 * 256 * 4 / 0.001));
  }
}

TEST_CASE("rings need locks, and locks count so far") {
  ArraySpec a = plain(2, 2);
  a.memtile.locks.count = 7;
  Case c = cube(64, 16);
  const auto refusal = [&] {
    const auto refused = scheduled(network_of(c), a, c.forced);
    REQUIRE_FALSE(refused);
    return describe(refused.failure());
  };
  CHECK(refusal().find("8 locks of a memory tile are needed, a pair per ring; at most 7 locks") != std::string::npos);
  a = plain(2, 2);
  a.tile.locks.max_value = 2;
  c.forced.buffers.input = 3;
  CHECK(refusal().find("3 buffers in a ring; at most 2, what a lock counts") != std::string::npos);
}

TEST_CASE("what has no form is refused before anything is scheduled") {
  const auto problems = [&](const Network& network, const ScheduleSpec& spec) {
    std::string text;
    for (const Problem& p :
         schedule_problems(network, std::vector<std::optional<BlockMask>>(network.layers.size()), peak(), spec))
      text += p.path + ": " + p.what + "\n";
    return text;
  };
  ScheduleSpec spec;
  spec.policy = "object_fifo";
  Case c = cube(64, 16);
  CHECK(problems(network_of(c), spec) == "schedule.layers.gemm.tile: is missing, and object_fifo chooses none\n");
  spec.layers["gemm"].tile = {16, 2, 16, 16};
  CHECK(problems(network_of(c), spec) == "schedule.layers.gemm.tile[1]: is 2\n");
  spec.layers["gemm"].tile = {16, 1, 16, 16};
  CHECK(problems(network_of(c), spec).empty());
  spec.layers["gemm"].cols = mapping::Axis::height;
  spec.layers["gemm"].rows = mapping::Axis::channels;
  CHECK(problems(network_of(c), spec).find("another mapping") != std::string::npos);
  c.in = "f32";
  CHECK(problems(network_of(c), {"object_fifo", SearchKind::estimate, true, {{"gemm", c.forced}}, true, {}, {}}) ==
        "hardware.kernels: has no kernel for layer gemm: a product f32 -> i32\n");
  CHECK(problems(network_of(c), {}).find("schedules int8 only; layer gemm is f32 -> i32") != std::string::npos);
  CHECK(problems(bottleneck(8, 32), spec) ==
        "schedule.layers.gemm: nothing of a bottleneck can be forced: its stages work whole rows\n");
  const json fc = {{"name", "gemm"}, {"op", "gemm"}, {"channels", 16}};
  const auto map = parse_network({{"name", "fc"}, {"input", {4, 1, 16}}, {"layers", {fc}}}, "test");
  REQUIRE(map);
  CHECK(problems(*map, {"object_fifo", SearchKind::estimate, true, {{"gemm", c.forced}}, true, {}, {}})
            .find("which fc has no form for") != std::string::npos);
  Network other = bottleneck(8, 32);
  other.layers[2].window.sh = 2;
  CHECK(problems(other, spec).find("has no form for") != std::string::npos);
  ScheduleSpec channels{"object_fifo", SearchKind::estimate, true, {{"gemm", c.forced}}, true, {}, {}};
  channels.layers["gemm"].tile = {16, 1, 16, 16};
  channels.layers["gemm"].channels.acts = 2;
  CHECK(problems(network_of(cube(64, 16)), channels).find("gemm.channels: is no choice") != std::string::npos);
}
