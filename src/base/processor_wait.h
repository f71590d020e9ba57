// What the system takes away from this process.
#pragma once

#include <optional>

namespace burin {

// Seconds that the threads of this process which still live have waited for a processor though
// they could have run, all together, since they began. Nothing where the system does not count it.
std::optional<double> processor_wait_seconds();

}  // namespace burin
