// The three standard streams, which may be closed, full or gone.
#pragma once

namespace tessera::cli {

// Call first. Writing to a pipe without a reader or beyond the limit on file sizes becomes an error of that write
// instead of a signal, and no file that is opened later gets the number of a closed standard stream.
void prepare_standard_streams();

// Call last. The exit code of a process that would end with `exit_code`: another one when not all of its standard
// output could be written (`error`: errno of a write that failed before, or 0), which is said on stderr unless the
// reader went away by itself.
int end_standard_output(int exit_code, int error);

}  // namespace tessera::cli
