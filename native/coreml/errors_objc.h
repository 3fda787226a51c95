// NSError and NSException as plain errors; every entry into Core ML goes through `guarded`.
#pragma once
#import <Foundation/Foundation.h>

#include <exception>
#include <optional>
#include <string>

#include "error.h"
#include "objc.h"

namespace coreml {

// Domain, code and user info kept. A nil error (Core ML failed without one) says so.
Error errorFrom(const char *code, const std::string &what, NSError *error);
Error errorFrom(const char *code, const std::string &what, NSException *exception);
// For a feature that this version of the operating system lacks.
Error osTooOld(const std::string &feature, const char *macOS, const char *iOS);

// Runs `body` with an autorelease pool of its own; an exception becomes an error.
template <typename Body>
std::optional<Error> guarded(const char *code, const char *what, Body &&body) {
  std::optional<Error> error;
  @autoreleasepool {
#ifdef __APPLE__
    try {
#endif
      @try {
        body();
      } @catch (NSException *exception) {
        error = errorFrom(code, what, exception);
      }
#ifdef __APPLE__
    } catch (const std::exception &exception) {
      error = Error{code, std::string(what) + ": " + exception.what(), {}, 0, {}};
    } catch (...) {
      error = Error{code, std::string(what) + ": an unknown exception", {}, 0, {}};
    }
#endif
  }
  return error;
}

} // namespace coreml
