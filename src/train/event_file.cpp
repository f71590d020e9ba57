// A record: length u64, its masked CRC u32, the data, their masked CRC u32; little-endian.
#include "train/event_file.h"

#include <unistd.h>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <protozero/pbf_writer.hpp>

namespace burin::train {

namespace {

// Fields of Event, Summary and Summary.Value.
constexpr uint32_t kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
constexpr uint32_t kValue = 1, kTag = 1, kSimpleValue = 2;
// Of SessionLog: the status of a session that begins.
constexpr uint32_t kStatus = 1;
constexpr int32_t kStart = 1;

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

template <class T>
std::string little_endian(T value) {
  std::string bytes(sizeof(T), '\0');
  for (char& byte : bytes) byte = static_cast<char>(value), value = static_cast<T>(value >> 8);
  return bytes;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0u);
  }
  return ~crc;
}

uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

Result<EventFile> EventFile::create(const std::string& folder, int64_t first_step) {
  EventFile events;
  events.path_ = folder + "/events.out.tfevents." +
                 std::to_string(static_cast<int64_t>(wall_time())) + "." +
                 std::to_string(::getpid()) + ".burin";
  events.file_.reset(std::fopen(events.path_.c_str(), "ab"));
  if (!events.file_) {
    return fail(events.path_, std::string("cannot write: ") + std::strerror(errno));
  }
  std::string event;
  protozero::pbf_writer writer(event);
  writer.add_double(kWallTime, wall_time());
  writer.add_string(kFileVersion, "brain.Event:2");
  BURIN_TRY(events.write_record(event));
  BURIN_TRY(events.begin_session(first_step));
  return events;
}

Result<void> EventFile::begin_session(int64_t first_step) {
  std::string event;
  protozero::pbf_writer writer(event);
  writer.add_double(kWallTime, wall_time());
  writer.add_int64(kStep, first_step);
  {
    protozero::pbf_writer session(writer, kSessionLog);
    session.add_enum(kStatus, kStart);
  }
  return write_record(event);
}

Result<void> EventFile::add(int64_t step, std::span<const Scalar> scalars) {
  std::string event;
  protozero::pbf_writer writer(event);
  writer.add_double(kWallTime, wall_time());
  writer.add_int64(kStep, step);
  {
    protozero::pbf_writer summary(writer, kSummary);
    for (const Scalar& scalar : scalars) {
      protozero::pbf_writer value(summary, kValue);
      value.add_string(kTag, scalar.tag.data(), scalar.tag.size());
      value.add_float(kSimpleValue, static_cast<float>(scalar.value));
    }
  }
  return write_record(event);
}

Result<void> EventFile::write_record(std::string_view data) {
  std::string length = little_endian<uint64_t>(data.size());
  std::string record = length + little_endian(masked_crc(length));
  record.append(data).append(little_endian(masked_crc(data)));
  bool written = std::fwrite(record.data(), 1, record.size(), file_.get()) == record.size();
  if (written && std::fflush(file_.get()) == 0) return {};
  return fail(path_, std::string("cannot write: ") + std::strerror(errno));
}

}  // namespace burin::train
