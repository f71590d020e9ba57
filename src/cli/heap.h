// How the program's heap grows.
#pragma once

namespace burin::cli {

// Lets the heap grow by steps of many megabytes, the first of them in large pages where the system
// has them, and keep what is freed. A network is compiled in some tens of megabytes within as many
// milliseconds, so page by page the faults would be a fifth of that time. Call it first; memory
// counts only when it is touched.
void grow_heap_in_large_pages();

}  // namespace burin::cli
