#include "explore/store/rows.h"

namespace tessera::explore {

RunRecord read_run(SQLite::Statement& row, std::string& checksum) {
  RunRecord r;
  r.key = row.getColumn(0).getString();
  r.dense = row.getColumn(1).getString() == "dense";
  r.status = row.getColumn(2).getString();
  r.reason = row.getColumn(3).getString();
  r.attempts = row.getColumn(4).getInt();
  r.seconds = row.getColumn(5).getDouble();
  r.memory_mb = row.getColumn(6).getDouble();
  r.program_hash = row.getColumn(7).getString();
  r.build = row.getColumn(8).getString();
  checksum = row.getColumn(9).getString();
  r.result = row.getColumn(10).getString();
  r.layers = row.getColumn(11).getString();
  r.config = row.getColumn(12).getString();
  return r;
}

void bind_run(SQLite::Statement& insert, const RunRecord& r) {
  insert.reset();
  insert.bind(1, r.key);
  insert.bind(2, r.dense ? "dense" : "sparse");
  insert.bind(3, r.status);
  insert.bind(4, r.reason);
  insert.bind(5, r.attempts);
  insert.bind(6, r.seconds);
  insert.bind(7, r.memory_mb);
  insert.bind(8, r.program_hash);
  insert.bind(9, r.build);
  insert.bind(10, record_checksum(r));
  insert.bind(11, r.result);
  insert.bind(12, r.layers);
  insert.bind(13, r.config);
}

}  // namespace tessera::explore
