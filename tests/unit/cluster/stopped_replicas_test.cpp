#include "cluster/membership/stopped_replicas.h"

#include <boost/test/unit_test.hpp>

namespace callboard::membership {
namespace {

using Groups = std::vector<GroupId>;

BOOST_AUTO_TEST_SUITE(stopped_replicas)

BOOST_AUTO_TEST_CASE(who_is_named_no_more_is_back_once) {
  StoppedReplicas replicas;
  BOOST_CHECK(replicas.heard(NodeId{2}, {}).empty());
  BOOST_CHECK(replicas.heard(NodeId{2}, {GroupId{9}, GroupId{4}}).empty());
  BOOST_CHECK(replicas.heard(NodeId{2}, {GroupId{4}, GroupId{9}}).empty());
  BOOST_CHECK((replicas.heard(NodeId{2}, {GroupId{5}, GroupId{9}}) == Groups{GroupId{4}}));
  BOOST_CHECK((replicas.heard(NodeId{2}, {}) == Groups{GroupId{5}, GroupId{9}}));
  BOOST_CHECK(replicas.heard(NodeId{2}, {}).empty());
}

BOOST_AUTO_TEST_CASE(each_node_speaks_for_itself) {
  StoppedReplicas replicas;
  BOOST_CHECK(replicas.heard(NodeId{2}, {GroupId{4}}).empty());
  BOOST_CHECK(replicas.heard(NodeId{3}, {GroupId{4}}).empty());
  BOOST_CHECK((replicas.heard(NodeId{3}, {}) == Groups{GroupId{4}}));
  BOOST_CHECK((replicas.heard(NodeId{2}, {}) == Groups{GroupId{4}}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::membership
