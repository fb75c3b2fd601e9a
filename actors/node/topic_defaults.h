#pragma once

#include "actors/node/config.h"
#include "cluster/metadata/topic_config.h"

namespace callboard {

// What a topic gets that does not set it itself, as this node is configured.
metadata::TopicConfig default_topic_config(const NodeConfig& config);

} // namespace callboard
