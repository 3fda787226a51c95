// Errors as plain values: Objective-C++ files neither throw nor catch C++ exceptions (GNUstep's runtime terminates on them).
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace coreml {

struct Error {
  std::string code; // ERR_…, as in src/errors.ts
  std::string message;
  std::string domain; // NSError.domain, empty where no NSError is behind it
  int64_t nativeCode = 0;
  std::vector<std::pair<std::string, std::string>> userInfo;
};

// A value or the reason why there is none.
template <typename T>
class Result {
 public:
  Result(T value) : content_(std::move(value)) {}
  Result(Error error) : content_(std::move(error)) {}
  bool ok() const { return content_.index() == 0; }
  T &value() { return *std::get_if<0>(&content_); }
  const T &value() const { return *std::get_if<0>(&content_); }
  const Error &error() const { return *std::get_if<1>(&content_); }

 private:
  std::variant<T, Error> content_;
};

// For operations that give nothing but success.
struct Nothing {};

} // namespace coreml
