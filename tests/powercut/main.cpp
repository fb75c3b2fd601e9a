#define BOOST_TEST_MODULE powercut
#include <boost/test/unit_test.hpp>
