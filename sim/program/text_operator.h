// Attributes of operators in a program's text: written where they are not the usual ones.
#pragma once
#include <string>

#include "sim/ops/operator.h"
#include "sim/program/text_line.h"

namespace tessera::program {

// " dilation=2,2 groups=4 lookup=silu,4,4", or nothing.
std::string operator_attributes(const ops::Layer& layer);
void read_operator_attributes(TextLine& line, ops::Layer& layer);

}  // namespace tessera::program
