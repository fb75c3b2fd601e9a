#pragma once

#include "schema/rpc/translate_api.h"

namespace callboard::client {

// The promised Outcome of a call as a promised Result.
template <class Params, class Results>
auto outcome_of(capnp::Request<Params, Results> request) {
  return request.send().then(
      [](capnp::Response<Results>&& response) { return rpc::read_outcome(response.getResult()); });
}

} // namespace callboard::client
