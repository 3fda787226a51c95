#include "errors_objc.h"

namespace coreml {

namespace {

std::vector<std::pair<std::string, std::string>> textOf(NSDictionary *userInfo) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (id key in userInfo) {
    id value = [userInfo objectForKey:key];
    entries.emplace_back(toString([key description]), toString([value description]));
  }
  return entries;
}

} // namespace

Error errorFrom(const char *code, const std::string &what, NSError *error) {
  if (error == nil) return Error{code, what + " failed, and Core ML gave no error", {}, 0, {}};
  std::string message = what + ": " + toString([error localizedDescription]);
  NSError *underlying = [[error userInfo] objectForKey:NSUnderlyingErrorKey];
  if ([underlying isKindOfClass:[NSError class]]) message += " (" + toString([underlying localizedDescription]) + ")";
  return Error{code, message, toString([error domain]), [error code], textOf([error userInfo])};
}

Error errorFrom(const char *code, const std::string &what, NSException *exception) {
  return Error{code, what + ": " + toString([exception name]) + ": " + toString([exception reason]), {}, 0, textOf([exception userInfo])};
}

Error osTooOld(const std::string &feature, const char *macOS, const char *iOS) {
  return Error{"ERR_OS_VERSION", feature + " needs macOS " + macOS + " or iOS " + iOS, {}, 0, {}};
}

} // namespace coreml
