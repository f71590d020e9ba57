// Scalars for TensorBoard: an event file, which is a sequence of TFRecords with an Event message
// each (tensorflow/core/util/event.proto, tensorflow/core/lib/io/record_writer.h).
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/diagnostic.h"

namespace burin::train {

struct Scalar {
  std::string_view tag;  // "loss/train": what stands before the slash is a group
  double value = 0;
};

class EventFile {
 public:
  // A new file FOLDER/events.out.tfevents.SECONDS.PID.burin; TensorBoard reads several in a folder
  // as one training, and drops what earlier ones hold of `first_step` and later steps: a training
  // that goes on does them again.
  static Result<EventFile> create(const std::string& folder, int64_t first_step = 0);

  // Appended at once. Fails if the disk is full.
  Result<void> add(int64_t step, std::span<const Scalar> scalars);
  const std::string& path() const { return path_; }

 private:
  Result<void> begin_session(int64_t first_step);
  Result<void> write_record(std::string_view data);

  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, &std::fclose};
};

// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), as RFC 3720 has it.
uint32_t crc32c(std::string_view bytes);
// The form in which a record stores the checksum of its length and of its data: rotated right by 15
// bits, plus 0xa282ead8.
uint32_t masked_crc(std::string_view bytes);

}  // namespace burin::train
