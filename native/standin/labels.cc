#include "labels.h"

#include "protobuf.h"

namespace standin {
namespace {

void addIntegers(const ProtobufReader &reader, std::vector<int64_t> &values) {
  if (reader.content.empty()) values.push_back(static_cast<int64_t>(reader.number));
  else reader.packed([&](uint64_t value) { values.push_back(static_cast<int64_t>(value)); });
}

// The content of the first field of that number; empty if there is none.
std::string_view part(std::string_view message, uint32_t field) {
  for (ProtobufReader reader(message); reader.next();) {
    if (reader.field == field) return reader.content;
  }
  return {};
}

// A program's value: a tensor of text or integers, or a list of such values.
void addValue(std::string_view value, Labels &labels) {
  for (ProtobufReader immediate(part(value, 3)); immediate.next();) {
    for (ProtobufReader inner(immediate.content); inner.next();) {
      if (immediate.field == 3) addValue(inner.content, labels);
      if (immediate.field != 1) continue;
      for (ProtobufReader elements(inner.content); elements.next();) {
        if (inner.field == 4) labels.strings.push_back(elements.text());
        if (inner.field == 2 || inner.field == 5) addIntegers(elements, labels.integers);
      }
    }
  }
}

// The value of an entry of a map by its key; empty if there is none.
std::string_view entry(std::string_view message, uint32_t map, std::string_view key) {
  for (ProtobufReader reader(message); reader.next();) {
    if (reader.field == map && part(reader.content, 1) == key) return part(reader.content, 2);
  }
  return {};
}

} // namespace

void readClassifierLabels(std::string_view classifier, Labels &labels) {
  for (ProtobufReader reader(classifier); reader.next();) {
    if (reader.field != 100 && reader.field != 101) continue;
    for (ProtobufReader vector(reader.content); vector.next();) {
      if (vector.field != 1) continue;
      if (reader.field == 101) addIntegers(vector, labels.integers);
      else labels.strings.push_back(vector.text());
    }
  }
}

void readProgramLabels(std::string_view block, Labels &labels) {
  std::string_view name;
  for (ProtobufReader operations(block); operations.next();) {
    if (operations.field != 3 || part(operations.content, 1) != "classify") continue;
    std::string_view binding = part(entry(operations.content, 2, "classes"), 1);
    name = part(binding, 1);
    addValue(part(binding, 2), labels);
  }
  if (name.empty()) return;
  for (ProtobufReader operations(block); operations.next();) {
    if (operations.field == 3 && part(part(operations.content, 3), 1) == name) addValue(entry(operations.content, 5, "val"), labels);
  }
}

} // namespace standin
