// What a slice of the trace says about its task: members of a JSON object.
#pragma once
#include <string>

#include "sim/program/program.h"
#include "sim/trace/trace_sink.h"

namespace tessera::trace {

class TaskArguments {
 public:
  TaskArguments(const program::Program& program, const program::EngineMap& map);

  const std::string& layer_name(int id) const;  // shortened
  // Of the slice of a layer: its operator and mapping, and its whole name if that was shortened.
  std::string of_layer(int id) const;
  // Of a task: a kernel call's tile of the output, mapping and bytes of weights; a transfer's bytes of memory and what
  // it moves; the channel that an operation of a controller is for.
  std::string of(const Task& task) const;
  std::string of(const Charge& charge) const;

 private:
  std::string layer(int id) const;  // as a member; empty: none
  std::string of_call(const program::KernelCall& call) const;
  std::string of_transfer(const program::Transfer& transfer) const;
  std::string of_operation(const program::ControlOp& op) const;

  const program::Program& program_;
  const program::EngineMap& map_;
  std::vector<std::string> names_, quoted_names_, mappings_;  // by layer id
};

// Bytes that a channel's task reads or writes in its memory.
Bytes bytes_of(const Task& task, const program::Program& program);

}  // namespace tessera::trace
