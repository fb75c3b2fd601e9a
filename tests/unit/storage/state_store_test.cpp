#include "storage/state_store.h"

#include "fixture.h"
#include "storage/keys.h"
#include "storage/lmdb.h"

namespace callboard::storage {
namespace {

constexpr GroupId group{9};

struct Store {
  Store() {
    install_fault_handlers();
    reopen();
  }
  void reopen() {
    store.reset();
    store = must(StateStore::open(directory.path(), group));
  }
  void apply(std::vector<StateRow> rows) {
    ++index;
    must(store->apply(std::move(rows), RaftIndex(index), Offset(static_cast<std::int64_t>(index) * 10)));
  }
  void put(const std::string& key, const std::string& value) { apply({{key, value}}); }
  std::string get(const std::string& key) const { return must(store->get(key)).value_or("(none)"); }
  std::string file() const { return directory.path() + "/groups/0000000000000009/state.mdb"; }
  // "key=value key=value", "..." behind it if there is more.
  std::string scan(const std::string& prefix, const std::string& after = "", std::size_t limit = 100) const {
    const auto found = must(store->scan(prefix, after, limit));
    std::string out;
    for (const auto& row : found.rows) out += (out.empty() ? "" : " ") + row.key + "=" + row.value.value();
    return found.more ? out + "..." : out;
  }

  TemporaryDirectory directory;
  std::uint64_t index = 0;
  std::unique_ptr<StateStore> store;
};

BOOST_FIXTURE_TEST_SUITE(state_store, Store)

BOOST_AUTO_TEST_CASE(opening_makes_nothing_and_the_first_flush_makes_the_file) {
  BOOST_TEST(!std::filesystem::exists(directory.path() + "/groups"));
  BOOST_TEST(store->applied() == RaftIndex(0));
  must(store->flush()); // nothing to write
  BOOST_TEST(!std::filesystem::exists(directory.path() + "/groups"));
  put("a", "1");
  BOOST_TEST(store->dirty());
  must(store->flush());
  BOOST_TEST(!store->dirty());
  BOOST_TEST(std::filesystem::exists(file()));
}

BOOST_AUTO_TEST_CASE(what_was_flushed_is_there_again_with_its_index) {
  apply({{"a", "1"}, {"b", ""}});
  apply({{"a", "2"}, {"c", std::string(100'000, 'x')}});
  must(store->flush());
  reopen();
  BOOST_TEST(store->applied() == RaftIndex(2));
  BOOST_TEST(store->next_offset() == Offset(20));
  BOOST_TEST(get("a") == "2");
  BOOST_TEST(get("b") == "");
  BOOST_TEST(get("c") == std::string(100'000, 'x'));
  BOOST_TEST(get("d") == "(none)");
}

BOOST_AUTO_TEST_CASE(what_was_applied_but_not_flushed_is_applied_again_from_the_flushed_index_on) {
  put("a", "1");
  must(store->flush());
  put("a", "2");
  apply({{"b", "1"}, {"a", std::nullopt}});
  BOOST_TEST(store->applied() == RaftIndex(3));
  BOOST_TEST(store->flushed() == RaftIndex(1));
  reopen(); // as after kill -9
  BOOST_TEST(store->applied() == RaftIndex(1));
  BOOST_TEST(store->next_offset() == Offset(10));
  BOOST_TEST(get("a") == "1");
  BOOST_TEST(get("b") == "(none)");
}

BOOST_AUTO_TEST_CASE(the_overlay_hides_what_the_file_holds) {
  apply({{"a", "1"}, {"b", "1"}, {"c", "1"}});
  must(store->flush());
  apply({{"b", "2"}, {"c", std::nullopt}, {"d", "2"}});
  BOOST_TEST(get("b") == "2");
  BOOST_TEST(get("c") == "(none)");
  BOOST_TEST(scan("") == "a=1 b=2 d=2");
  must(store->flush());
  BOOST_TEST(scan("") == "a=1 b=2 d=2");
  reopen();
  BOOST_TEST(scan("") == "a=1 b=2 d=2");
}

BOOST_AUTO_TEST_CASE(an_entry_without_rows_moves_the_index_alone) {
  put("a", "1");
  must(store->flush());
  apply({});
  BOOST_TEST(store->dirty());
  must(store->flush());
  reopen();
  BOOST_TEST(store->applied() == RaftIndex(2));
}

BOOST_AUTO_TEST_CASE(a_scan_keeps_to_its_prefix_and_goes_on_where_it_stopped) {
  apply({{"f9", "0"}, {"g1", "1"}, {"g2", "2"}, {"g3", "3"}, {"h", "4"}});
  must(store->flush());
  apply({{"g0", "a"}, {"g2", std::nullopt}, {"g25", "b"}, {"g4", "c"}});
  BOOST_TEST(scan("g") == "g0=a g1=1 g25=b g3=3 g4=c");
  BOOST_TEST(scan("g", "", 2) == "g0=a g1=1...");
  BOOST_TEST(scan("g", "g1", 2) == "g25=b g3=3...");
  BOOST_TEST(scan("g", "g3", 2) == "g4=c");
  BOOST_TEST(scan("g", "g4", 2) == "");
  BOOST_TEST(scan("g", "g2") == "g25=b g3=3 g4=c"); // a row that is gone
  BOOST_TEST(scan("g", "", 5) == "g0=a g1=1 g25=b g3=3 g4=c");
  BOOST_TEST(scan("x") == "");
}

BOOST_AUTO_TEST_CASE(a_scan_ends_by_size_too) {
  apply({{"a", std::string(5 << 20, 'a')}, {"b", std::string(5 << 20, 'b')}, {"c", "1"}});
  must(store->flush());
  const auto first = must(store->scan("", "", 100));
  BOOST_TEST(first.rows.size() == 2U);
  BOOST_TEST(first.more);
  BOOST_TEST(scan("", "b") == "c=1");
}

BOOST_AUTO_TEST_CASE(scans_agree_with_a_map_through_any_history) {
  constexpr std::uint32_t seed = 20261124;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  std::map<std::string, std::string> model;
  for (int round = 0; round < 300; ++round) {
    std::vector<StateRow> rows;
    for (auto n = random() % 6; n > 0; --n) {
      const auto key = std::string(1, static_cast<char>('a' + random() % 3)) + std::to_string(random() % 40);
      if (random() % 3 == 0) {
        rows.push_back({key, std::nullopt});
        model.erase(key);
      } else {
        rows.push_back({key, std::to_string(random())});
        model[key] = *rows.back().value;
      }
    }
    apply(std::move(rows));
    if (random() % 4 == 0) must(store->flush());
    if (random() % 20 == 0 && !store->dirty()) reopen();
    std::string all;
    for (const auto& [key, value] : model) all += (all.empty() ? "" : " ") + key + "=" + value;
    std::string read;
    for (std::string after;;) {
      const auto part = must(store->scan("", after, 7));
      for (const auto& row : part.rows) read += (read.empty() ? "" : " ") + row.key + "=" + *row.value;
      if (!part.more) break;
      after = part.rows.back().key;
    }
    BOOST_REQUIRE_EQUAL(read, all);
  }
}

BOOST_AUTO_TEST_CASE(keys_have_bounds) {
  BOOST_TEST(store->apply({{"", "1"}}, RaftIndex(1), Offset(0)).error().code == ErrorCode::invalid_argument);
  BOOST_TEST(store->apply({{"a", "1"}, {std::string(512, 'k'), "1"}}, RaftIndex(1), Offset(0)).error().code ==
             ErrorCode::invalid_argument);
  BOOST_TEST(get("a") == "(none)");
  const std::string longest(state_key_bytes_max, 'k');
  put(longest, "1");
  must(store->flush());
  BOOST_TEST(get(longest) == "1");
  BOOST_TEST(scan("k", longest) == "");
}

BOOST_AUTO_TEST_CASE(the_overlay_has_a_bound) {
  Status last = ok_status();
  for (int i = 0; i < 80 && last; ++i)
    last = store->apply({{"k" + std::to_string(i), std::string(1 << 20, 'v')}}, RaftIndex(++index), Offset(0));
  BOOST_REQUIRE(!last);
  BOOST_TEST(last.error().code == ErrorCode::storage_full);
  must(store->flush());
  put("a", "1");
  BOOST_TEST(get("a") == "1");
}

BOOST_AUTO_TEST_CASE(the_map_grows_with_the_state) {
  for (int i = 0; i < 60; ++i) {
    put("k" + std::to_string(i), std::string(1 << 20, static_cast<char>('A' + i % 26)));
    if (i % 10 == 9) must(store->flush());
  }
  put("k3", "replaced"); // a page of before the growth
  must(store->flush());
  for (int i = 0; i < 60; ++i)
    BOOST_REQUIRE(get("k" + std::to_string(i)) ==
                  (i == 3 ? "replaced" : std::string(1 << 20, static_cast<char>('A' + i % 26))));
  reopen();
  BOOST_TEST(get("k59") == std::string(1 << 20, static_cast<char>('A' + 59 % 26)));
  put("more", "1");
  must(store->flush());
}

BOOST_AUTO_TEST_CASE(a_copy_is_a_state_of_its_own) {
  const auto copy = directory.path() + "/copy.mdb";
  BOOST_TEST(store->copy_to(copy).error().code == ErrorCode::invalid_argument);
  put("a", "1");
  must(store->flush());
  put("a", "2");
  write_file(copy, "something else");
  must(store->copy_to(copy));
  TemporaryDirectory other;
  std::filesystem::create_directories(other.path() + "/groups/0000000000000009");
  std::filesystem::copy_file(copy, other.path() + "/groups/0000000000000009/state.mdb");
  const auto copied = must(StateStore::open(other.path(), group));
  BOOST_TEST(copied->applied() == RaftIndex(1));
  BOOST_TEST(must(copied->get("a")).value() == "1");
}

BOOST_AUTO_TEST_CASE(a_half_made_file_is_made_again) {
  std::filesystem::create_directories(directory.path() + "/groups/0000000000000009");
  write_file(file() + ".new", std::string(5000, 'x'));
  reopen();
  put("a", "1");
  must(store->flush());
  BOOST_TEST(!std::filesystem::exists(file() + ".new"));
  reopen();
  BOOST_TEST(get("a") == "1");
}

BOOST_AUTO_TEST_CASE(the_state_of_another_group_is_refused) {
  put("a", "1");
  must(store->flush());
  std::filesystem::create_directories(directory.path() + "/groups/000000000000000a");
  std::filesystem::copy_file(file(), directory.path() + "/groups/000000000000000a/state.mdb");
  const auto other = StateStore::open(directory.path(), GroupId(10));
  BOOST_REQUIRE(!other);
  BOOST_TEST(other.error().code == ErrorCode::corrupt_storage);
  BOOST_TEST(other.error().message.find("is the state of group 9, not of group 10") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_of_something_else_is_refused) {
  LogFixture log;
  log.append_batches(3);
  log.log.reset();
  std::filesystem::create_directories(directory.path() + "/groups/0000000000000009");
  std::filesystem::copy_file(log.directory.path() + "/groups/0000000000000007/0000000000000001.mdb", file());
  const auto refused = StateStore::open(directory.path(), group);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == ErrorCode::corrupt_storage);
  BOOST_TEST(refused.error().message.find("is not the state of an internal partition") != std::string::npos,
             refused.error().message);
}

BOOST_AUTO_TEST_CASE(a_newer_format_is_refused_and_left_untouched) {
  put("a", "1");
  must(store->flush());
  store.reset();
  {
    auto env = must(Env::open({file(), 16 << 20, 2, true}));
    Txn txn(*env, Txn::Kind::write);
    MDB_dbi table = 0;
    const auto row = seal_row(state_header_row, bytes_of(encode_state_header({state_store_format + 1, group})));
    BOOST_REQUIRE_EQUAL(txn.open_table(meta_table, 0, table), 0);
    BOOST_REQUIRE_EQUAL(txn.put(table, bytes_of(state_header_row), bytes_of(row)), 0);
    BOOST_REQUIRE_EQUAL(txn.commit(), 0);
  }
  const auto before = read_file(file());
  const auto refused = StateStore::open(directory.path(), group);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == ErrorCode::newer_format);
  BOOST_TEST((read_file(file()) == before));
}

BOOST_AUTO_TEST_CASE(flipped_bytes_are_refused_or_do_not_matter) {
  constexpr std::uint32_t seed = 815;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  std::vector<StateRow> rows;
  for (int i = 0; i < 300; ++i) rows.push_back({"key" + std::to_string(i), std::string(50, 'v') + std::to_string(i)});
  apply(rows);
  must(store->flush());
  store.reset();
  const auto whole = read_file(file());
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    auto broken = whole;
    const auto at = random() % broken.size();
    if (round % 10 == 9)
      broken.resize(at);
    else
      broken[at] = static_cast<char>(broken[at] ^ static_cast<char>(random() % 255 + 1));
    write_file(file(), broken);
    BOOST_TEST_CONTEXT("round " << round) {
      const auto opened = StateStore::open(directory.path(), group);
      if (!opened) {
        ++refused;
        continue;
      }
      if (opened.value()->applied() == RaftIndex(0)) continue; // a damaged newest meta page: the commit before it
      for (const auto& row : rows) BOOST_REQUIRE(must(opened.value()->get(row.key)) == row.value);
    }
  }
  BOOST_TEST(refused > 100);
}

BOOST_AUTO_TEST_CASE(a_removed_state_leaves_nothing) {
  put("a", "1");
  must(store->flush());
  store.reset();
  must(StateStore::remove(directory.path(), group));
  BOOST_TEST(!std::filesystem::exists(directory.path() + "/groups/0000000000000009"));
  must(StateStore::remove(directory.path(), group)); // there is none
}

BOOST_AUTO_TEST_CASE(a_damaged_state_can_be_removed) {
  put("a", "1");
  must(store->flush());
  store.reset();
  write_file(file(), "no state");
  BOOST_TEST(!StateStore::open(directory.path(), group));
  must(StateStore::remove(directory.path(), group));
  BOOST_TEST(!std::filesystem::exists(directory.path() + "/groups/0000000000000009"));
}

BOOST_AUTO_TEST_CASE(opening_the_log_beside_it_leaves_it_and_destroying_the_log_removes_it) {
  LogFixture log;
  log.append_batches(3);
  auto beside = must(StateStore::open(log.directory.path(), log.group));
  must(beside->apply({{"a", "1"}}, RaftIndex(1), Offset(3)));
  must(beside->flush());
  log.reopen();
  beside.reset();
  beside = must(StateStore::open(log.directory.path(), log.group));
  BOOST_TEST(must(beside->get("a")).value() == "1");
  must(log.log->destroy());
  BOOST_TEST(!std::filesystem::exists(log.directory.path() + "/groups/0000000000000007"));
  must(beside->apply({{"a", "2"}}, RaftIndex(2), Offset(6))); // it learns of the end a little later
  must(beside->flush());
  beside.reset();
  must(StateStore::remove(log.directory.path(), log.group));
  BOOST_TEST(!std::filesystem::exists(log.directory.path() + "/groups/0000000000000007"));
}

BOOST_AUTO_TEST_CASE(another_replicas_state_takes_the_place_of_the_old_one_as_a_whole) {
  put("a", "old");
  put("b", "old");
  must(store->flush());
  auto replacement = must(StateStore::begin_replacement(directory.path(), group));
  must(replacement->put({{"b", "new"}, {"c", "new"}}));
  must(replacement->put({{"d", std::string(100'000, 'x')}}));
  BOOST_TEST(scan("") == "a=old b=old"); // until it is there
  must(replacement->complete(RaftIndex(70), Offset(700)));
  store.reset();
  must(replacement->take_place());
  replacement.reset();
  store = must(StateStore::open(directory.path(), group));
  BOOST_TEST(scan("", "", 2) == "b=new c=new...");
  BOOST_TEST(get("a") == "(none)");
  BOOST_TEST(get("d") == std::string(100'000, 'x'));
  BOOST_TEST(store->applied() == RaftIndex(70));
  BOOST_TEST(store->flushed_offset() == Offset(700));
  must(store->apply({{"e", "1"}}, RaftIndex(71), Offset(710)));
  must(store->flush());
  reopen();
  BOOST_TEST(get("e") == "1");
  store.reset();
  must(StateStore::remove(directory.path(), group));
  BOOST_TEST(!std::filesystem::exists(file()));
}

BOOST_AUTO_TEST_CASE(a_replacement_that_a_crash_cut_short_leaves_the_old_state_and_no_file) {
  put("a", "old");
  must(store->flush());
  auto replacement = must(StateStore::begin_replacement(directory.path(), group));
  must(replacement->put({{"a", "new"}}));
  must(replacement->complete(RaftIndex(70), Offset(700)));
  replacement.reset();
  reopen();
  BOOST_TEST(get("a") == "old");
  BOOST_TEST(store->applied() == RaftIndex(1));
  for (const auto& left : std::filesystem::directory_iterator(std::filesystem::path(file()).parent_path()))
    BOOST_TEST(left.path().string().find("incoming") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_empty_state_and_a_first_one_can_be_replacements) {
  auto replacement = must(StateStore::begin_replacement(directory.path(), group));
  must(replacement->complete(RaftIndex(5), Offset(2)));
  store.reset();
  must(replacement->take_place());
  reopen();
  BOOST_TEST(scan("") == "");
  BOOST_TEST(store->applied() == RaftIndex(5));
}

BOOST_AUTO_TEST_CASE(a_scan_is_cut_by_bytes_too) {
  for (const auto* key : {"a", "b", "c"}) put(key, std::string(1000, 'x'));
  const auto found = must(store->scan("", "", 100, 1500));
  BOOST_TEST(found.rows.size() == 2U);
  BOOST_TEST(found.more);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
