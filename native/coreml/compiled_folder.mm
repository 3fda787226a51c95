#include "compiled_folder.h"

#import <Foundation/Foundation.h>
#include <unistd.h>

#include "errors_objc.h"
#include "threads.h"

namespace coreml {
namespace {

// Core ML's own folder goes once it is empty; the system's temporary folder itself is nobody's to remove.
void removeEmptyParent(NSString *path) {
  NSString *parent = [path stringByDeletingLastPathComponent];
  if ([[parent stringByStandardizingPath] isEqualToString:[NSTemporaryDirectory() stringByStandardizingPath]]) return;
  rmdir([parent fileSystemRepresentation]);
}

// Runs on a thread of its own: a model may be gigabytes on another volume.
template <typename Body>
void onFiles(const char *what, std::function<void(Result<Nothing>)> done, Body body) {
  runOnNewThread([what, done = std::move(done), body = std::move(body)] {
    Result<Nothing> result = Nothing{};
    auto failure = guarded("ERR_FILE", what, [&] {
      NSError *error = nil;
      // A manager of this thread's own: the shared one's delegate belongs to the host.
      NSFileManager *files = [[[NSFileManager alloc] init] autorelease];
      if (!body(files, &error)) result = errorFrom("ERR_FILE", what, error);
    });
    done(failure ? Result<Nothing>(*failure) : std::move(result));
  });
}

} // namespace

void moveCompiled(std::string compiled, std::string destination, std::function<void(Result<Nothing>)> done) {
  onFiles("moving the compiled model", std::move(done), [compiled = std::move(compiled), destination = std::move(destination)](NSFileManager *files, NSError **error) {
    NSString *from = toNSString(compiled);
    if (![files moveItemAtPath:from toPath:toNSString(destination) error:error]) return false;
    removeEmptyParent(from);
    return true;
  });
}

void removeCompiled(std::string compiled, std::function<void(Result<Nothing>)> done) {
  onFiles("removing the compiled model", std::move(done), [compiled = std::move(compiled)](NSFileManager *files, NSError **error) {
    NSString *path = toNSString(compiled);
    // The system may have emptied its temporary folder.
    if ([files fileExistsAtPath:path] && ![files removeItemAtPath:path error:error]) return false;
    removeEmptyParent(path);
    return true;
  });
}

} // namespace coreml
