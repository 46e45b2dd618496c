// What moves elements and computes nothing.
#include "sim/ops/operator.h"

namespace tessera::ops {

std::vector<Operator> movement_operators() {
  Operator input, constant, concat, select, pick, resize, depth_to_space, remap, transpose;
  input.op = Op::input;
  input.name = "input";
  input.inputs = 0;
  input.source = true;
  constant = input;
  constant.op = Op::constant;
  constant.name = "constant";
  concat.op = Op::concat;
  concat.name = "concat";
  concat.inputs = -1;
  select.op = Op::select;
  select.name = "select";
  select.kernel = KernelKind::select;
  select.computed = true;
  select.channels = Channels::whole;
  select.weights = Weights::channels;
  select.weight_bytes = 2;  // the channel it comes from
  pick.op = Op::pick;
  pick.name = "pick";
  pick.kernel = KernelKind::pick;
  pick.computed = true;
  pick.rows = false;
  pick.partial = select.partial = true;
  resize = pick;
  resize.partial = false;
  resize.op = Op::resize;
  resize.name = "resize";
  resize.kernel = KernelKind::resize;
  depth_to_space = resize;
  depth_to_space.op = Op::depth_to_space;
  depth_to_space.name = "depth_to_space";
  depth_to_space.kernel = KernelKind::depth_to_space;
  depth_to_space.channels = Channels::whole;
  remap = pick;
  remap.op = Op::remap;
  remap.name = "remap";
  remap.kernel = KernelKind::remap;
  transpose = depth_to_space;
  transpose.op = Op::transpose;
  transpose.name = "transpose";
  transpose.kernel = KernelKind::transpose;
  return {input, constant, concat, select, pick, resize, depth_to_space, remap, transpose};
}

}  // namespace tessera::ops
