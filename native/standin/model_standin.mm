// MLModel: compile and load; its predictions are in prediction_standin.mm. Completion handlers come on threads of the stand-in's own.
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
#include <thread>

#include "internal.h"

extern "C" NSString *__wrap_NSTemporaryDirectory(void) {
  const char *temporary = getenv("TMPDIR");
  return [NSString stringWithUTF8String:temporary == nullptr ? "/tmp" : temporary];
}

namespace standin {
namespace {

// Calls a copy of the block, and drops it then.
template <typename... Arguments>
std::function<void(Arguments...)> handlerFunction(void (^handler)(Arguments...)) {
  void (^copied)(Arguments...) = Block_copy(handler);
  return [copied](Arguments... arguments) {
    copied(arguments...);
    Block_release(copied);
  };
}

std::shared_ptr<Specification> readSpecification(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return nullptr;
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return parseSpecification(bytes);
}

// The specification's path in a package, by its Manifest.json.
std::string specificationPath(NSString *path) {
  NSData *data = [NSData dataWithContentsOfFile:[path stringByAppendingPathComponent:@"Manifest.json"]];
  if (data == nil) return [path UTF8String];
  NSDictionary *manifest = [NSJSONSerialization JSONObjectWithData:data options:0 error:nullptr];
  NSString *root = [manifest objectForKey:@"rootModelIdentifier"];
  NSDictionary *entry = [[manifest objectForKey:@"itemInfoEntries"] objectForKey:root];
  NSString *inner = [entry objectForKey:@"path"];
  if (inner == nil) return "";
  return [[[path stringByAppendingPathComponent:@"Data"] stringByAppendingPathComponent:inner] UTF8String];
}

// Writes the folder, in two halves with a pause between them; false where the disk takes no more.
bool writeCompiled(NSString *compiled, NSData *specification) {
  Settings &set = settings();
  NSFileManager *files = [NSFileManager defaultManager];
  if (![files createDirectoryAtPath:compiled withIntermediateDirectories:YES attributes:nil error:nullptr]) return false;
  auto *bytes = static_cast<const char *>([specification bytes]);
  auto length = static_cast<std::streamsize>([specification length]);
  std::ofstream file([[compiled stringByAppendingPathComponent:@"coremldata.bin"] fileSystemRepresentation], std::ios::binary);
  file.write(bytes, length / 2).flush();
  std::this_thread::sleep_for(std::chrono::milliseconds(set.compileMilliseconds - set.compileMilliseconds / 2));
  file.write(bytes + length / 2, length - length / 2);
  file.close();
  for (int i = 0; i < set.compileFiles; ++i) {
    std::ofstream([[compiled stringByAppendingPathComponent:[NSString stringWithFormat:@"part-%d", i]] fileSystemRepresentation]) << i;
  }
  return !file.fail();
}

NSURL *compile(NSURL *source, NSError **error) {
  Settings &set = settings();
  std::this_thread::sleep_for(std::chrono::milliseconds(set.compileMilliseconds / 2));
  if (set.compileError > 0) {
    *error = modelError(set.compileError - 1, @"Failed to compile: the stand-in was told to.");
    return nil;
  }
  NSFileManager *files = [NSFileManager defaultManager];
  if (![files fileExistsAtPath:[source path]]) {
    *error = modelError(MLModelErrorIO, @"A valid manifest does not exist at path.");
    return nil;
  }
  std::string specification = specificationPath([source path]);
  if (readSpecification(specification) == nullptr) {
    *error = modelError(MLModelErrorGeneric, @"Error reading protobuf spec.");
    return nil;
  }
  std::string folder = [NSTemporaryDirectory() UTF8String];
  if (!set.compileBare) folder += "/standin-compile-XXXXXX";
  if (!set.compileBare && mkdtemp(folder.data()) == nullptr) {
    *error = [NSError errorWithDomain:NSPOSIXErrorDomain code:errno userInfo:@{NSLocalizedDescriptionKey : @"No temporary folder."}];
    return nil;
  }
  NSString *name = [[[[source path] lastPathComponent] stringByDeletingPathExtension] stringByAppendingPathExtension:@"mlmodelc"];
  NSString *compiled = [string(folder) stringByAppendingPathComponent:name];
  if (!writeCompiled(compiled, [NSData dataWithContentsOfFile:string(specification)])) {
    *error = modelError(MLModelErrorIO, @"The compiled model could not be written.");
    [files removeItemAtPath:set.compileBare ? compiled : string(folder) error:nullptr];
    return nil;
  }
  return [NSURL fileURLWithPath:compiled];
}

MLModel *makeModel(const Specification *specification, MLModelConfiguration *configuration, NSError **error) {
  std::this_thread::sleep_for(std::chrono::milliseconds(settings().loadMilliseconds));
  if (settings().loadError > 0) {
    *error = modelError(settings().loadError - 1, @"Failed to build the model execution plan: the stand-in was told to.");
    return nil;
  }
  std::string function = configuration->functionName_ == nil ? "" : [configuration->functionName_ UTF8String];
  if (specification->signature(function) == nullptr) {
    *error = modelError(MLModelErrorGeneric, [NSString stringWithFormat:@"The model has no function named %@.", configuration->functionName_]);
    return nil;
  }
  MLModel *model = [[[MLModel alloc] init] autorelease];
  model->specification_ = specification;
  recordConfiguration(configuration);
  model->configuration_ = [configuration copy];
  model->description_ = [[MLModelDescription alloc] init];
  model->description_->specification_ = specification;
  model->description_->functionName_ = [configuration->functionName_ copy];
  return model;
}

// An asset must hold every weight file that its program names, by its path without "@model_path/", in the form of the file.
bool hasWeights(MLModelAsset *asset, NSError **error) {
  const std::string prefix = "@model_path/";
  for (const std::string &file : asset->specification_->weightFiles) {
    NSString *wanted = string(file.rfind(prefix, 0) == 0 ? file.substr(prefix.size()) : file);
    NSData *found = nil;
    for (NSURL *url in asset->blobMapping_) {
      if ([url scheme] == nil && [[url relativePath] isEqualToString:wanted]) found = [asset->blobMapping_ objectForKey:url];
    }
    // The header's second number is the version of the format.
    auto *header = static_cast<const uint8_t *>([found bytes]);
    if ([found length] >= 64 && header[4] == 2) continue;
    *error = modelError(MLModelErrorGeneric, [NSString stringWithFormat:@"Could not open or read the weight file %@.", wanted]);
    return false;
  }
  return true;
}

ForeignMemory memoryOf(MLModelAsset *asset) {
  ForeignMemory memory;
  auto add = [&](NSData *data) { memory.pieces.emplace_back(static_cast<const uint8_t *>([data bytes]), [data length]); };
  add(asset->specificationData_);
  for (NSURL *url in asset->blobMapping_) add([asset->blobMapping_ objectForKey:url]);
  memory.sum = memory.sumNow();
  return memory;
}

} // namespace

const Specification *keep(std::shared_ptr<Specification> specification) {
  // Never freed: descriptions point into it. A test loads few models, and each by its own path only once.
  return new std::shared_ptr<Specification>(specification), specification.get();
}

const Specification *openCompiled(NSURL *url, NSError **error) {
  static std::mutex *mutex = new std::mutex;
  static auto *known = new std::map<std::string, std::shared_ptr<Specification>>;
  std::string path = [[[url path] stringByAppendingPathComponent:@"coremldata.bin"] UTF8String];
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (![[[url path] pathExtension] isEqualToString:@"mlmodelc"] || bytes.empty()) {
    *error = modelError(MLModelErrorGeneric, @"Unable to load model: not a .mlmodelc file or damaged.");
    return nullptr;
  }
  std::lock_guard<std::mutex> lock(*mutex);
  auto &entry = (*known)[bytes];
  if (entry == nullptr) entry = parseSpecification(bytes);
  if (entry == nullptr) *error = modelError(MLModelErrorGeneric, @"Unable to load model: coremldata.bin is damaged.");
  return entry.get();
}

} // namespace standin

using namespace standin;

@implementation MLModelAsset
COUNT_BIRTHS
+ (instancetype)modelAssetWithSpecificationData:(NSData *)data error:(NSError **)error {
  auto parsed = parseSpecification(std::string_view(static_cast<const char *>([data bytes]), [data length]));
  if (parsed == nullptr) {
    if (error != nullptr) *error = modelError(MLModelErrorGeneric, @"Error reading protobuf spec.");
    return nil;
  }
  MLModelAsset *asset = [[[self alloc] init] autorelease];
  leaveStaleError(error);
  asset->specification_ = keep(parsed);
  asset->specificationData_ = data;
  return asset;
}
+ (instancetype)modelAssetWithSpecificationData:(NSData *)data blobMapping:(NSDictionary *)blobs error:(NSError **)error {
  requireOS(15, "+[MLModelAsset modelAssetWithSpecificationData:blobMapping:error:]");
  MLModelAsset *asset = [self modelAssetWithSpecificationData:data error:error];
  if (asset != nil) asset->blobMapping_ = [blobs copy];
  return asset;
}
+ (instancetype)modelAssetWithURL:(NSURL *)url error:(NSError **)error {
  requireOS(15, "+[MLModelAsset modelAssetWithURL:error:]");
  const Specification *specification = openCompiled(url, error);
  if (specification == nullptr) return nil;
  MLModelAsset *asset = [[[self alloc] init] autorelease];
  asset->specification_ = specification;
  asset->weightsInFiles_ = YES;
  return asset;
}
- (void)functionNamesWithCompletionHandler:(void (^)(NSArray<NSString *> *, NSError *))handler {
  requireOS(15, "-[MLModelAsset functionNamesWithCompletionHandler:]");
  NSMutableArray *names = [[NSMutableArray alloc] init];
  for (const Signature &signature : specification_->signatures) {
    if (!signature.name.empty()) [names addObject:string(signature.name)];
  }
  auto finish = handlerFunction(handler);
  bool fails = settings().failFunctionNames;
  onOwnThread([=] {
    if (fails) finish(nil, modelError(MLModelErrorGeneric, @"The functions cannot be read: the stand-in was told to."));
    else finish(names, nil);
    [names release];
  });
}
- (void)dealloc {
  COUNT_DEATH;
  [blobMapping_ release];
  [super dealloc];
}
@end

@implementation MLModel
COUNT_BIRTHS
- (void)dealloc {
  COUNT_DEATH;
  std::this_thread::sleep_for(std::chrono::milliseconds(settings().unloadMilliseconds));
  delete memory_;
  // What Apple's classes let go may go by way of an autorelease pool: where the thread has none, it stays.
  [configuration_ autorelease];
  [description_ autorelease];
  [super dealloc];
}
- (MLModelDescription *)modelDescription { return description_; }
- (MLModelConfiguration *)configuration { return configuration_; }

+ (void)compileModelAtURL:(NSURL *)url completionHandler:(void (^)(NSURL *, NSError *))handler {
  throwIf(settings().throwFromCompile, @"compiling");
  auto finish = handlerFunction(handler);
  [url retain];
  onOwnThread([=] {
    NSError *error = nil;
    NSURL *compiled = compile(url, &error);
    finish(compiled, error);
    [url release];
  });
}

+ (void)loadContentsOfURL:(NSURL *)url configuration:(MLModelConfiguration *)configuration completionHandler:(void (^)(MLModel *, NSError *))handler {
  throwIf(settings().throwFromLoad, @"loading");
  auto finish = handlerFunction(handler);
  [url retain];
  MLModelConfiguration *copy = [configuration copy];
  onOwnThread([=] {
    NSError *error = nil;
    const Specification *specification = openCompiled(url, &error);
    MLModel *model = specification == nullptr ? nil : makeModel(specification, copy, &error);
    finish(model, error);
    [url release];
    [copy release];
  });
}

+ (void)loadModelAsset:(MLModelAsset *)asset configuration:(MLModelConfiguration *)configuration completionHandler:(void (^)(MLModel *, NSError *))handler {
  throwIf(settings().throwFromLoad, @"loading");
  auto finish = handlerFunction(handler);
  [asset retain];
  MLModelConfiguration *copy = [configuration copy];
  onOwnThread([=] {
    NSError *error = nil;
    MLModel *model = asset->weightsInFiles_ || hasWeights(asset, &error) ? makeModel(asset->specification_, copy, &error) : nil;
    if (model != nil && !asset->weightsInFiles_) model->memory_ = new ForeignMemory(memoryOf(asset));
    finish(model, error);
    [asset release];
    [copy release];
  });
}

- (id<MLFeatureProvider>)predictionFromFeatures:(id<MLFeatureProvider>)input options:(MLPredictionOptions *)options error:(NSError **)error {
  return predict(self, input, nil, options, true, error);
}

- (id<MLBatchProvider>)predictionsFromBatch:(id<MLBatchProvider>)batch options:(MLPredictionOptions *)options error:(NSError **)error {
  NSMutableArray *outputs = [NSMutableArray array];
  for (NSInteger i = 0; i < [batch count]; ++i) {
    id output = predict(self, [batch featuresAtIndex:i], nil, options, true, error);
    if (output == nil) return nil;
    [outputs addObject:output];
  }
  return [[[MLArrayBatchProvider alloc] initWithFeatureProviderArray:outputs] autorelease];
}

- (void)predictionFromFeatures:(id<MLFeatureProvider>)input
                       options:(MLPredictionOptions *)options
             completionHandler:(void (^)(id<MLFeatureProvider>, NSError *))handler {
  requireOS(14, "-[MLModel predictionFromFeatures:options:completionHandler:]");
  throwIf(settings().throwFromPredict, @"an asynchronous prediction");
  predictLater(self, input, nil, options, handler);
}

- (MLState *)newState {
  requireOS(15, "-[MLModel newState]");
  return newState(self);
}

- (id<MLFeatureProvider>)predictionFromFeatures:(id<MLFeatureProvider>)input
                                     usingState:(MLState *)state
                                        options:(MLPredictionOptions *)options
                                          error:(NSError **)error {
  requireOS(15, "-[MLModel predictionFromFeatures:usingState:options:error:]");
  return predict(self, input, (StandinState *)state, options, true, error);
}

- (void)predictionFromFeatures:(id<MLFeatureProvider>)input
                    usingState:(MLState *)state
                       options:(MLPredictionOptions *)options
             completionHandler:(void (^)(id<MLFeatureProvider>, NSError *))handler {
  requireOS(15, "-[MLModel predictionFromFeatures:usingState:options:completionHandler:]");
  throwIf(settings().throwFromPredict, @"an asynchronous prediction");
  predictLater(self, input, state, options, handler);
}
@end
