#include "compute_plan.h"

#include <algorithm>

#include "configuration_objc.h"
#include "errors_objc.h"
#include "os_version.h"
#include "threads.h"

namespace coreml {

using Plan = Result<std::vector<PlannedOperation>>;
using PlanDone = std::function<void(Plan)>;

namespace {

API_AVAILABLE(macos(14.4), ios(17.4))
DeviceKind kindOf(id<MLComputeDeviceProtocol> device) {
  id object = device;
  if ([object isKindOfClass:[MLCPUComputeDevice class]]) return DeviceKind::cpu;
  if ([object isKindOfClass:[MLGPUComputeDevice class]]) return DeviceKind::gpu;
  if ([object isKindOfClass:[MLNeuralEngineComputeDevice class]]) return DeviceKind::neuralEngine;
  return DeviceKind::unknown;
}

// A nil usage leaves "unknown": Core ML gives none for constants, and for ops that it folds away.
API_AVAILABLE(macos(14.4), ios(17.4))
void setDevices(MLComputePlanDeviceUsage *usage, PlannedOperation &planned) {
  if (usage == nil) return;
  planned.preferred = kindOf([usage preferredComputeDevice]);
  for (id<MLComputeDeviceProtocol> device in [usage supportedComputeDevices]) planned.supported.push_back(kindOf(device));
}

API_AVAILABLE(macos(14.4), ios(17.4))
void addBlock(MLComputePlan *plan, MLModelStructureProgramBlock *block, const std::string &function, std::vector<PlannedOperation> &operations) {
  for (MLModelStructureProgramOperation *operation in [block operations]) {
    PlannedOperation planned;
    planned.function = function;
    planned.op = toString([operation operatorName]);
    NSArray<MLModelStructureProgramNamedValueType *> *outputs = [operation outputs];
    if ([outputs count] > 0) planned.name = toString([[outputs objectAtIndex:0] name]);
    setDevices([plan computeDeviceUsageForMLProgramOperation:operation], planned);
    MLComputePlanCost *cost = [plan estimatedCostOfMLProgramOperation:operation];
    if (cost != nil) planned.cost = [cost weight];
    operations.push_back(std::move(planned));
    for (MLModelStructureProgramBlock *inner in [operation blocks]) addBlock(plan, inner, function, operations);
  }
}

API_AVAILABLE(macos(14.4), ios(17.4))
void addStructure(MLComputePlan *plan, MLModelStructure *structure, std::vector<PlannedOperation> &operations) {
  NSDictionary<NSString *, MLModelStructureProgramFunction *> *functions = [[structure program] functions];
  for (NSString *name in [[functions allKeys] sortedArrayUsingSelector:@selector(compare:)]) {
    addBlock(plan, [[functions objectForKey:name] block], toString(name), operations);
  }
  for (MLModelStructureNeuralNetworkLayer *layer in [[structure neuralNetwork] layers]) {
    PlannedOperation planned;
    planned.name = toString([layer name]);
    planned.op = toString([layer type]);
    setDevices([plan computeDeviceUsageForNeuralNetworkLayer:layer], planned);
    operations.push_back(std::move(planned));
  }
  for (MLModelStructure *model in [[structure pipeline] subModels]) addStructure(plan, model, operations);
}

void finishPlan(id loaded, NSError *error, const PlanDone &done) {
  Plan result = osTooOld("a compute plan", "14.4", "17.4");
  auto failure = guarded("ERR_LOAD", "the compute plan", [&] {
    IF_OS_AT_LEAST(14.4, 17.4) {
      if (loaded == nil) {
        result = errorFrom("ERR_LOAD", "the compute plan", error);
        return;
      }
      MLComputePlan *plan = loaded;
      std::vector<PlannedOperation> operations;
      addStructure(plan, [plan modelStructure], operations);
      result = std::move(operations);
    }
  });
  done(failure ? Plan(*failure) : std::move(result));
}

void startPlan(const std::string &path, const Configuration &settings, PlanDone done) {
  std::optional<Error> refused;
  auto failure = guarded("ERR_LOAD", "the compute plan", [&] {
    IF_OS_AT_LEAST(14.4, 17.4) {
      auto configuration = makeConfiguration(settings);
      if (!configuration.ok()) {
        refused = configuration.error();
        return;
      }
      PlanDone finished = done; // a block would capture the outer variable by reference, as the lambda does
      [MLComputePlan loadContentsOfURL:[NSURL fileURLWithPath:toNSString(path) isDirectory:YES]
                         configuration:configuration.value().get()
                     completionHandler:^(MLComputePlan *plan, NSError *error) {
                       finishPlan(plan, error, finished);
                     }];
    } else {
      refused = osTooOld("a compute plan", "14.4", "17.4");
    }
  });
  if (!refused) refused = failure;
  if (refused) done(*refused);
}

} // namespace

void loadComputePlan(std::string compiledPath, Configuration configuration, PlanDone done) {
  runOnNewThread([compiledPath = std::move(compiledPath), configuration = std::move(configuration), done = std::move(done)] {
    startPlan(compiledPath, configuration, done);
  });
}

} // namespace coreml
