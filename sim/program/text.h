// The text form of a program: everything in it, one thing per line, in the order a reader wants it. It can be written,
// read back without loss, edited by hand and run.
//
//   program 1
//   network "resnet50"
//   array "generic" rows=4 cols=4 memtile_rows=1 tile=2,2 memtile=6,6 shim=2,2     (s2mm,mm2s channels)
//   accounting "physical"
//   ddr bytes=25600000
//   layer 1 "conv1" op=conv2d inputs=0 in=224,224,8 out=112,112,64 window=7,7 stride=2,2 pad=3,3,2,2 relu shift=9
//   mask=0 mask 0 rows=2 cols=8 unit=1,1                        one row of hexadecimal digits per line follows,
//   leftmost
//     f0                                                 column in the highest bit
//     ff
//   (a layer that keeps its zero blocks has `zeros_kept` behind its mask, which has all blocks)
//   (general scales: a layer also has `multiplier=m,n` with n = 0 unless it is an add, or `channel_scales`)
//   chunk 0 layer=1 rows=0-3,7 cols=0:8 taps=9 bias blocks=40 indexed size=160,44,23040 ddr=4096   (bias,index,data;
//   a chunk with the multipliers of its channels has `multipliers=BYTES` behind `bias`,
//   one that is as long as others by zeros at its end `padding=BYTES`)
//   piece tensor=1 region=0:56,0:112,0:64 placement=mem(0,0) at=0 dims=6272*4,56@25088    (placement=ddr for DDR)
//   lock mem(0,0) 3 value=1 role=input_full
//   route 0 from=mem(0,0).mm2s0 to=tile(0,0).s2mm0;tile(1,0).s2mm0
//   engine tile(0,0).s2mm0
//     repeat 3                                           runs what stands before its `end` three times
//       move route=0 bd=1 mem=tile(0,0) at=1024 dims=512,7@4096 acquire=2:1 release=3:1 wait=core(0,0):12 layer=1
//            payload=activations tensor=0 region=0:7,0:8,0:64          (one line in the file; every=2,2: the region
//            counts every second row and column of the tensor)
//     end
//   engine core(0,0)
//     acquire 3:1 layer=1
//     call conv layer=1 out=0:7,0:7,0:64 in=9,9,64 ic0=0 first last at=1024 weights=8192 result=12288 chunk=0
//   engine controller                                    where the hardware has one (control.h)
//     write tile(0,0).s2mm0 bd=1 move=0 next=2 iterate=4@1024 layer=1      registers of that channel's move 0
//     write tile(0,0).s2mm0 bd=3 move=8 joined=4 layer=1                   of moves 8 to 11 end to end
//     patch shim(0).mm2s0 bd=1 layer=1
//     set shim(0).mm2s0 layer=1
//     push tile(0,0).s2mm0 bd=1 moves=8 repeat=4 token layer=1
//     await tile(0,0).s2mm0 wait=tile(0,0).s2mm0:8 layer=1
//   program end                                          a text that was cut somewhere lacks it
//
// dims: count@step+pad_before+pad_after, innermost first; @1 and padding 0 are left out. Lines that start with '#' are
// comments. Errors name line and field; all of them are found in one pass.
#pragma once
#include <string>
#include <string_view>

#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera::program {

// `array` gives the engines their names. Indices that name nothing are written as `?n`, which parsing refuses.
std::string write_program(const Program& program, const arch::ArraySpec& array);

// Fails with bad_input; `file` only names the text in problems. Grid and channels must be those of `array`.
Expected<Program> parse_program(std::string_view text, const arch::ArraySpec& array, const std::string& file = {});

}  // namespace tessera::program
