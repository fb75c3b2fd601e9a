#pragma once

#include <memory>

#include "storage/entry_walker.h"
#include "storage/page_tree.h"

namespace callboard::storage {

// A segment's two integer tables by their pages, without LMDB. The tree's source must
// outlive it.
class TreeSnapshot final : public SegmentSnapshot {
public:
  Status open(PageTree& tree);
  RowCursor& entries() override { return *entries_; }
  RowCursor& index() override { return *index_; }

private:
  std::unique_ptr<RowCursor> entries_;
  std::unique_ptr<RowCursor> index_;
};

} // namespace callboard::storage
