// Computes a kernel call from the bytes in its core's own memory, and writes its result there.
#pragma once
#include <vector>

#include "models/functional/watched_memory.h"
#include "models/kernels/conv.h"

namespace tessera::models {

class KernelRunner {
 public:
  KernelRunner(const program::Program& program, TaskLog& log) : program_(program), log_(log) {}
  void run(program::EngineId core, const program::KernelCall& call, WatchedMemory& memory);

 private:
  struct Task {  // the call in progress
    TaskRef ref;
    const program::KernelCall& call;
    const network::Layer& layer;
    WatchedMemory& memory;
  };
  bool refuse(const Task& t, const std::string& why);
  bool in_memory(const Task& t, const char* what, std::int64_t address, Bytes bytes);
  void load(const Task& t, std::int64_t address, Bytes bytes, std::vector<std::uint8_t>& to);
  bool load_input(const Task& t);
  bool load_ring(const Task& t);
  void store_result(const Task& t);

  void conv(const Task& t);
  void conv_result(const Task& t, const WeightChunk& chunk);
  void add_tensors(const network::Layer& add, const std::int8_t* a, const std::int8_t* b);
  void pool(const Task& t);
  void limit(int most);
  void binary(const Task& t);
  void by_channel(const Task& t);
  void matmul(const Task& t);
  void move(const Task& t);
  void finish(const Task& t, const program::ChunkPlace& place);
  const program::ChunkPlace* chunk_of(const Task& t);
  void copy(const Task& t);
  void gemm(const Task& t);
  void clear(const Task& t);

  const program::Program& program_;
  TaskLog& log_;
  std::vector<std::uint8_t> in_, in2_, weights_;
  std::vector<std::int32_t> acc_;
  std::vector<std::int8_t> result_;
};

}  // namespace tessera::models
