// When do the switches keep a set of routes, and when are they written again?
#include <catch2/catch.hpp>

#include "tests/route/network.h"

using namespace tessera;

namespace {

// One link up; without arbiters there are circuits only.
arch::ArraySpec narrow(int arbiters) { return one_link_up(2, 1, arbiters); }

}  // namespace

TEST_CASE("layers whose streams find links together have one set of routes") {
  Senders s(array_of(2, 1));
  s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(2, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});
  const route::Plan plan = s.plan();
  REQUIRE(plan.sets.size() == 1);
  CHECK(plan.sets[0].first_layer == 1);
  CHECK(plan.sets[0].last_layer == 2);
  CHECK(plan.sets[0].writes.empty());
}

TEST_CASE("programs that send the same have one plan, others have their own") {
  const auto senders = [](Bytes bytes) {
    Senders s(array_of(2, 1));
    s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"}, bytes);
    s.send(2, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});
    return s;
  };
  const Senders a = senders(64), same = senders(64), longer = senders(128);
  route::KnownPlans known;
  const route::Plan& plan = known.of(a.builder.program(), a.device);
  CHECK(&known.of(same.builder.program(), same.device) == &plan);
  const route::Plan& other = known.of(longer.builder.program(), longer.device);
  CHECK(other.sets[0].cycles == longer.plan().sets[0].cycles);
  CHECK(other.sets[0].cycles != plan.sets[0].cycles);
  CHECK(&known.of(a.builder.program(), a.device) == &plan);
}

TEST_CASE("where they do not, the switches are written between the layers") {
  Senders s(narrow(0));
  s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(2, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});
  s.send(3, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  const route::Plan plan = s.plan();
  REQUIRE(plan.sets.size() == 3);
  // The memory tile sends another channel up; tile(0,0) sends the stream up instead of to its DMA: two master ports.
  // What tile(1,0) does with it was set with the design, as nothing came by there before.
  CHECK(plan.sets[0].writes.empty());
  CHECK(written(plan.sets[1]) == 3);
  // Back again the same three. tile(1,0) takes nothing then, and stays as it is.
  CHECK(written(plan.sets[2]) == 3);
}

TEST_CASE("streams of different layers share a link where that costs no time") {
  Senders s(narrow(6));
  s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(2, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});
  CHECK(s.plan().sets.size() == 1);
  // In one layer three take the link at the same time, for more than any channel takes.
  s.send(3, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(3, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});
  s.send(3, "mem(0,0).mm2s2", {"tile(1,0).s2mm1"});
  const route::Plan plan = s.plan();
  CHECK(plan.sets.size() == 2);
  CHECK(plan.sets.back().built.complete());
}

TEST_CASE("layers that take turns in a channel have one set, with packets if need be") {
  Senders s(narrow(6));
  s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(2, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(2, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});
  const route::Plan plan = s.plan();
  REQUIRE(plan.sets.size() == 1);
  CHECK(plan.sets[0].built.excess > 0);
  CHECK(plan.sets[0].built.complete());
}

TEST_CASE("a set knows what each of its routes takes on a link") {
  Senders s(narrow(0));
  const int a = s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"}, 4000);
  const int b = s.send(2, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"}, 800);
  const route::Plan plan = s.plan();
  REQUIRE(plan.sets.size() == 2);
  CHECK(plan.sets[0].cycles[static_cast<std::size_t>(a)] == 1000);
  CHECK(plan.sets[0].cycles[static_cast<std::size_t>(b)] == 0);
  CHECK(plan.sets[1].cycles[static_cast<std::size_t>(b)] == 200);
}

TEST_CASE("transfers of no layer are there at any time") {
  Senders s(narrow(0));
  const int always = s.send(-1, "shim(0).mm2s0", {"mem(0,0).s2mm0"});
  s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(2, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});
  const route::Plan plan = s.plan();
  REQUIRE(plan.sets.size() == 2);
  for (const route::RouteSet& set : plan.sets) CHECK(set.routes.front() == always);
}
