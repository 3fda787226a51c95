#include "compile.h"

#import <CoreML/CoreML.h>

#include "errors_objc.h"
#include "threads.h"

namespace coreml {
namespace {

void finishCompile(NSURL *compiled, NSError *error, const std::function<void(Result<std::string>)> &done) {
  Result<std::string> result = Error{"ERR_COMPILE", "compiling gave nothing", {}, 0, {}};
  auto failure = guarded("ERR_COMPILE", "compiling", [&] {
    if (compiled == nil) {
      result = errorFrom("ERR_COMPILE", "compiling", error);
    } else {
      result = toString([compiled path]);
    }
  });
  done(failure ? Result<std::string>(*failure) : std::move(result));
}

} // namespace

void compileModel(std::string path, std::function<void(Result<std::string>)> done) {
  runOnNewThread([path = std::move(path), done = std::move(done)] {
    auto failure = guarded("ERR_COMPILE", "compiling", [&] {
      auto finished = done; // a block would capture the outer variable by reference, as the lambda does
      [MLModel compileModelAtURL:[NSURL fileURLWithPath:toNSString(path)]
               completionHandler:^(NSURL *compiled, NSError *error) {
                 finishCompile(compiled, error, finished);
               }];
    });
    if (failure) done(*failure);
  });
}

} // namespace coreml
