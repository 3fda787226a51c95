#include "function_names.h"

#import <CoreML/CoreML.h>

#import "newer_api.h"

#include <memory>
#include <utility>

#include "errors_objc.h"
#include "os_version.h"
#include "threads.h"

namespace coreml {
namespace {

using Names = Result<std::vector<std::string>>;
using NamesDone = std::function<void(Names)>;

const char *const what = "the names of the model's functions";

Error tooOld() { return osTooOld("telling the functions of a compiled model", "15", "18"); }

void finish(NSArray<NSString *> *told, NSError *error, const NamesDone &done) {
  Names result = Error{"ERR_LOAD", what, {}, 0, {}};
  auto failure = guarded("ERR_LOAD", what, [&] {
    if (told == nil) {
      result = errorFrom("ERR_LOAD", what, error);
      return;
    }
    std::vector<std::string> names;
    for (NSString *name in told) names.push_back(toString(name));
    result = std::move(names);
  });
  done(failure ? Names(*failure) : std::move(result));
}

void start(const std::string &path, const NamesDone &done) {
  std::optional<Error> refused;
  auto failure = guarded("ERR_LOAD", what, [&] {
    IF_OS_AT_LEAST(15.0, 18.0) {
      NSError *error = nil;
      NSURL *url = [NSURL fileURLWithPath:toNSString(path) isDirectory:YES];
      // The handler holds the asset until it has run: nothing says that Core ML does.
      auto asset = Retained<MLModelAsset *>::retain([MLModelAsset modelAssetWithURL:url error:&error]);
      if (!asset) {
        refused = errorFrom("ERR_LOAD", what, error);
        return;
      }
      // A first SDK of iOS 18 had the method marked as not there.
      if (![asset.get() respondsToSelector:@selector(functionNamesWithCompletionHandler:)]) {
        refused = tooOld();
        return;
      }
      auto finished = std::make_shared<std::pair<Retained<MLModelAsset *>, NamesDone>>(asset, done);
      [asset.get() functionNamesWithCompletionHandler:^(NSArray<NSString *> *names, NSError *problem) {
        finish(names, problem, finished->second);
        finished->first = {};
      }];
    } else {
      refused = tooOld();
    }
  });
  if (!refused) refused = failure;
  if (refused) done(*refused);
}

} // namespace

void readFunctionNames(std::string compiledPath, std::function<void(Result<std::vector<std::string>>)> done) {
  runOnNewThread([compiledPath = std::move(compiledPath), done = std::move(done)] { start(compiledPath, done); });
}

} // namespace coreml
