#define BOOST_TEST_MODULE powercut
#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>
#include <cstdlib>

// A fault in the process of one cut must end that process. Boost's handlers would have
// it jump back into the runner and go on as a second one.
int main(int argc, char* argv[]) {
  setenv("BOOST_TEST_CATCH_SYSTEM_ERRORS", "no", 1);
  return boost::unit_test::unit_test_main(init_unit_test, argc, argv);
}
