// Every key of a run config, with its meaning and legal values.
#pragma once
#include "sim/config/rule.h"

namespace tessera::run {

config::Rule run_rule();

}  // namespace tessera::run
