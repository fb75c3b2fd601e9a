#include "storage/tree_snapshot.h"

namespace callboard::storage {

Status TreeSnapshot::open(PageTree& tree) {
  const auto entries = tree.table(entries_table);
  if (!entries) return entries.error();
  const auto index = tree.table(index_table);
  if (!index) return index.error();
  if (!*entries || !*index)
    return Error{ErrorCode::corrupt_storage, tree.source().path() + " is damaged: a table is missing"};
  entries_ = tree.cursor(**entries);
  index_ = tree.cursor(**index);
  return ok_status();
}

} // namespace callboard::storage
