// The two RAII types behind which all Objective-C memory management sits. Manual reference counting on both platforms: GNUstep's runtime on Debian has no ARC.
#pragma once
#import <Foundation/Foundation.h>

#include <string>
#include <utility>

#if __has_feature(objc_arc)
#error "compile native/ with -fno-objc-arc: its reference counting is manual"
#endif

namespace coreml {

// Owns one reference to an Objective-C object.
template <typename T>
class Retained {
 public:
  Retained() = default;
  // Takes over the reference that alloc, new or copy gave.
  static Retained adopt(T object) {
    Retained result;
    result.object_ = object;
    return result;
  }
  // Adds a reference of its own.
  static Retained retain(T object) { return adopt([object retain]); }

  Retained(const Retained &other) : object_([other.object_ retain]) {}
  Retained(Retained &&other) noexcept : object_(std::exchange(other.object_, nil)) {}
  Retained &operator=(Retained other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Retained() { [object_ release]; }

  T get() const { return object_; }
  explicit operator bool() const { return object_ != nil; }

 private:
  T object_ = nil;
};

// Owns one reference to a Core Foundation object (or a Core Video or Core Graphics one), released by `Release`.
template <typename T, auto Release>
class Owned {
 public:
  Owned() = default;
  explicit Owned(T object) : object_(object) {}
  Owned(const Owned &) = delete;
  Owned(Owned &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Owned &operator=(Owned &&other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Owned() {
    if (object_ != nullptr) Release(object_);
  }

  T get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T object_ = nullptr;
};

inline std::string toString(NSString *text) {
  const char *utf8 = [text UTF8String];
  // Text may hold NUL characters.
  return utf8 == nullptr ? std::string() : std::string(utf8, [text lengthOfBytesUsingEncoding:NSUTF8StringEncoding]);
}

// Autoreleased. Text that is no UTF-8 becomes an empty string.
inline NSString *toNSString(const std::string &text) {
  NSString *result = [[[NSString alloc] initWithBytes:text.data() length:text.size() encoding:NSUTF8StringEncoding] autorelease];
  return result == nil ? @"" : result;
}

} // namespace coreml
