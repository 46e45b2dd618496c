#include "sim/network/network.h"

namespace tessera {

const char* op_name(Op op) {
  switch (op) {
    case Op::input:
      return "input";
    case Op::conv2d:
      return "conv2d";
    case Op::maxpool:
      return "maxpool";
    case Op::avgpool:
      return "avgpool";
    case Op::add:
      return "add";
    case Op::concat:
      return "concat";
  }
  return "?";
}

}  // namespace tessera
