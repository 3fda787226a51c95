// Reads protobuf wire format: fields in order, nothing else.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace standin {

class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view bytes) : bytes_(bytes) {}

  // False at the end or at damage.
  bool next() {
    if (bytes_.empty() || damaged_) return false;
    uint64_t key = varint();
    field = static_cast<uint32_t>(key >> 3);
    switch (key & 7) {
      case 0: number = varint(); break;
      case 1: number = fixed(8); break;
      case 2: {
        uint64_t length = varint();
        if (length > bytes_.size()) damaged_ = true;
        else {
          content = bytes_.substr(0, length);
          bytes_.remove_prefix(length);
        }
        break;
      }
      case 5: number = fixed(4); break;
      default: damaged_ = true;
    }
    return !damaged_;
  }

  bool damaged() const { return damaged_; }

  uint32_t field = 0;
  uint64_t number = 0;      // varint and fixed fields
  std::string_view content; // length-delimited fields

  std::string text() const { return std::string(content); }

  // Varints of a packed field.
  template <typename Each>
  void packed(Each each) const {
    ProtobufReader inner(content);
    while (!inner.bytes_.empty() && !inner.damaged_) each(inner.varint());
  }

 private:
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      auto byte = static_cast<uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    damaged_ = true;
    return 0;
  }
  uint64_t fixed(size_t size) {
    uint64_t value = 0;
    if (bytes_.size() < size) {
      damaged_ = true;
      return 0;
    }
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes_[i])) << (8 * i);
    bytes_.remove_prefix(size);
    return value;
  }

  std::string_view bytes_;
  bool damaged_ = false;
};

} // namespace standin
