// TensorBoard's event files, read back record by record.
#include "train/event_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "onnx/wire.h"
#include "tests/support/temp_folder.h"

namespace burin::train {
namespace {

template <class T>
T load(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// The data of each record, with both checksums compared.
std::vector<std::string> records_of(std::string_view bytes) {
  std::vector<std::string> records;
  while (bytes.size() >= 16) {
    auto length = load<uint64_t>(bytes);
    EXPECT_EQ(load<uint32_t>(bytes.substr(8)), masked_crc(bytes.substr(0, 8)));
    EXPECT_LE(length + 16, bytes.size());
    std::string_view data = bytes.substr(12, length);
    EXPECT_EQ(load<uint32_t>(bytes.substr(12 + length)), masked_crc(data));
    records.emplace_back(data);
    bytes.remove_prefix(16 + length);
  }
  EXPECT_TRUE(bytes.empty());
  return records;
}

struct Event {
  double wall_time = 0;
  int64_t step = 0;
  std::string version;
  std::map<std::string, float> scalars;
  int64_t status = 0;  // of a session log
};

int64_t status_of(onnx::Message log) {
  int64_t status = 0;
  while (log.next()) {
    if (log.field() == 1) status = log.integer();
  }
  return status;
}

Event parse(const std::string& record) {
  Event event;
  onnx::Message message(record);
  while (message.next()) {
    if (message.field() == 1) event.wall_time = std::bit_cast<double>(message.number_bits());
    if (message.field() == 2) event.step = message.integer();
    if (message.field() == 3) event.version = message.text();
    if (message.field() == 7) event.status = status_of(message.message());
    if (message.field() != 5) continue;
    onnx::Message summary = message.message();
    while (summary.next()) {
      onnx::Message value = summary.message();
      std::string tag;
      while (value.next()) {
        if (value.field() == 1) tag = value.text();
        if (value.field() == 2) event.scalars[tag] = value.float32();
      }
    }
  }
  return event;
}

TEST(EventFile, ChecksumsAreThoseOfTheStandard) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);  // RFC 3720's check value
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(masked_crc("123456789"), ((0xe3069283u >> 15) | (0xe3069283u << 17)) + 0xa282ead8u);
}

TEST(EventFile, HoldsWhatWasAdded) {
  test::TempFolder folder;
  auto events = EventFile::create(folder.path().string(), 7);
  ASSERT_TRUE(events) << events.error().text();
  const Scalar first[] = {{"loss/training", 0.5}, {"learning_rate", 0.001}};
  const Scalar second[] = {{"loss/training", 0.25}};
  ASSERT_TRUE(events->add(10, first));
  ASSERT_TRUE(events->add(int64_t{1} << 40, second));
  auto records = records_of(test::read_file(events->path()));
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(parse(records[0]).version, "brain.Event:2");
  // SessionLog's START: TensorBoard drops what older files have from this step on.
  Event start = parse(records[1]), one = parse(records[2]), two = parse(records[3]);
  EXPECT_EQ(start.status, 1);
  EXPECT_EQ(start.step, 7);
  EXPECT_EQ(one.step, 10);
  EXPECT_GT(one.wall_time, 1.5e9);
  EXPECT_EQ(one.scalars,
            (std::map<std::string, float>{{"loss/training", 0.5f}, {"learning_rate", 0.001f}}));
  EXPECT_EQ(two.step, int64_t{1} << 40);
  EXPECT_EQ(two.scalars.at("loss/training"), 0.25f);
}

TEST(EventFile, NeedsAFolder) {
  test::TempFolder folder;
  EXPECT_FALSE(EventFile::create(folder.file("none")));
}

}  // namespace
}  // namespace burin::train
