// MLComputePlan and MLModelStructure. Operations are numbered through the whole model, inner blocks included. A "const" and every fifth operation have neither
// device usage nor cost (nil, as Core ML gives for what it folds away); of the others, even ones prefer the Neural Engine and odd ones the GPU, where the machine
// has them and the configuration allows them, else the CPU. The cost of each is 1 ÷ (number of operations).
#include <cstdlib>

#include "devices_standin.h"
#include "internal.h"

using namespace standin;

#define HELD(type, name)                                   \
  -(type)name { return [[name##_ retain] autorelease]; }

@interface StandinValueType : MLModelStructureProgramNamedValueType {
 @public
  NSString *name_;
}
@end
@interface StandinOperation : MLModelStructureProgramOperation {
 @public
  NSString *operatorName_;
  NSArray *outputs_;
  NSArray *blocks_;
  size_t number_;
}
@end
@interface StandinBlock : MLModelStructureProgramBlock {
 @public
  NSArray *operations_;
}
@end
@interface StandinFunction : MLModelStructureProgramFunction {
 @public
  MLModelStructureProgramBlock *block_;
}
@end
@interface StandinProgram : MLModelStructureProgram {
 @public
  NSDictionary *functions_;
}
@end
@interface StandinLayer : MLModelStructureNeuralNetworkLayer {
 @public
  NSString *name_;
  NSString *type_;
  NSArray *outputNames_;
  size_t number_;
}
@end
@interface StandinNetwork : MLModelStructureNeuralNetwork {
 @public
  NSArray *layers_;
}
@end
@interface StandinPipeline : MLModelStructurePipeline {
 @public
  NSArray *subModels_;
  NSArray *subModelNames_;
}
@end
@interface StandinStructure : MLModelStructure {
 @public
  id neuralNetwork_, program_, pipeline_;
}
@end
@interface StandinUsage : MLComputePlanDeviceUsage {
 @public
  NSArray *supportedComputeDevices_;
  id preferredComputeDevice_;
}
@end
@interface StandinCost : MLComputePlanCost {
 @public
  double weight_;
}
@end
@interface StandinPlan : MLComputePlan {
 @public
  MLModelStructure *modelStructure_;
  size_t count_;
  MLComputeUnits units_;
}
@end

// The classes that newer_api.h declares; what they hold is in the subclasses above.
@implementation MLModelStructureProgramNamedValueType
COUNT_BIRTHS
- (NSString *)name { return nil; }
@end
@implementation MLModelStructureProgramOperation
COUNT_BIRTHS
- (NSString *)operatorName { return nil; }
- (NSArray *)outputs { return nil; }
- (NSArray *)blocks { return nil; }
@end
@implementation MLModelStructureProgramBlock
COUNT_BIRTHS
- (NSArray *)operations { return nil; }
@end
@implementation MLModelStructureProgramFunction
COUNT_BIRTHS
- (MLModelStructureProgramBlock *)block { return nil; }
@end
@implementation MLModelStructureProgram
COUNT_BIRTHS
- (NSDictionary *)functions { return nil; }
@end
@implementation MLModelStructureNeuralNetworkLayer
COUNT_BIRTHS
- (NSString *)name { return nil; }
- (NSString *)type { return nil; }
- (NSArray *)outputNames { return nil; }
@end
@implementation MLModelStructureNeuralNetwork
COUNT_BIRTHS
- (NSArray *)layers { return nil; }
@end
@implementation MLModelStructurePipeline
COUNT_BIRTHS
- (NSArray *)subModelNames { return nil; }
- (NSArray *)subModels { return nil; }
@end
@implementation MLModelStructure
COUNT_BIRTHS
- (MLModelStructureNeuralNetwork *)neuralNetwork { return nil; }
- (MLModelStructureProgram *)program { return nil; }
- (MLModelStructurePipeline *)pipeline { return nil; }
@end
@implementation MLComputePlanDeviceUsage
COUNT_BIRTHS
- (NSArray *)supportedComputeDevices { return nil; }
- (id)preferredComputeDevice { return nil; }
@end
@implementation MLComputePlanCost
COUNT_BIRTHS
- (double)weight { return 0; }
@end

@implementation StandinValueType
HELD(NSString *, name)
- (void)dealloc {
  COUNT_DEATH;
  [name_ release];
  [super dealloc];
}
@end
@implementation StandinOperation
HELD(NSString *, operatorName)
HELD(NSArray *, outputs)
HELD(NSArray *, blocks)
- (void)dealloc {
  COUNT_DEATH;
  [operatorName_ release];
  [outputs_ release];
  [blocks_ release];
  [super dealloc];
}
@end
@implementation StandinBlock
HELD(NSArray *, operations)
- (void)dealloc {
  COUNT_DEATH;
  [operations_ release];
  [super dealloc];
}
@end
@implementation StandinFunction
HELD(MLModelStructureProgramBlock *, block)
- (void)dealloc {
  COUNT_DEATH;
  [block_ release];
  [super dealloc];
}
@end
@implementation StandinProgram
HELD(NSDictionary *, functions)
- (void)dealloc {
  COUNT_DEATH;
  [functions_ release];
  [super dealloc];
}
@end
@implementation StandinLayer
HELD(NSString *, name)
HELD(NSString *, type)
HELD(NSArray *, outputNames)
- (void)dealloc {
  COUNT_DEATH;
  [name_ release];
  [type_ release];
  [outputNames_ release];
  [super dealloc];
}
@end
@implementation StandinNetwork
HELD(NSArray *, layers)
- (void)dealloc {
  COUNT_DEATH;
  [layers_ release];
  [super dealloc];
}
@end
@implementation StandinPipeline
HELD(NSArray *, subModels)
HELD(NSArray *, subModelNames)
- (void)dealloc {
  COUNT_DEATH;
  [subModels_ release];
  [subModelNames_ release];
  [super dealloc];
}
@end
@implementation StandinStructure
HELD(MLModelStructureNeuralNetwork *, neuralNetwork)
HELD(MLModelStructureProgram *, program)
HELD(MLModelStructurePipeline *, pipeline)
- (void)dealloc {
  COUNT_DEATH;
  [neuralNetwork_ release];
  [program_ release];
  [pipeline_ release];
  [super dealloc];
}
@end
@implementation StandinUsage
HELD(NSArray *, supportedComputeDevices)
HELD(id, preferredComputeDevice)
- (void)dealloc {
  COUNT_DEATH;
  [supportedComputeDevices_ release];
  [preferredComputeDevice_ release];
  [super dealloc];
}
@end
@implementation StandinCost
- (double)weight { return weight_; }
- (void)dealloc {
  COUNT_DEATH;
  [super dealloc];
}
@end

namespace {

MLModelStructureProgramBlock *makeBlock(const std::vector<Operation> &operations, size_t &number) {
  NSMutableArray *list = [[NSMutableArray alloc] init];
  for (const Operation &each : operations) {
    StandinOperation *operation = [[StandinOperation alloc] init];
    operation->operatorName_ = [string(each.op) retain];
    operation->number_ = number++;
    StandinValueType *output = [[[StandinValueType alloc] init] autorelease];
    output->name_ = [string(each.output) retain];
    operation->outputs_ = [[NSArray alloc] initWithObjects:output, nil];
    NSMutableArray *blocks = [[NSMutableArray alloc] init];
    for (const auto &inner : each.blocks) [blocks addObject:makeBlock(inner, number)];
    operation->blocks_ = blocks;
    [list addObject:operation];
    [operation release];
  }
  StandinBlock *block = [[[StandinBlock alloc] init] autorelease];
  block->operations_ = list;
  return block;
}

MLModelStructureProgram *makeProgram(const Specification &specification, size_t &number) {
  NSMutableDictionary *functions = [[NSMutableDictionary alloc] init];
  for (const ProgramFunction &each : specification.functions) {
    StandinFunction *function = [[[StandinFunction alloc] init] autorelease];
    function->block_ = [makeBlock(each.operations, number) retain];
    [functions setObject:function forKey:string(each.name)];
  }
  StandinProgram *program = [[StandinProgram alloc] init];
  program->functions_ = functions;
  return program;
}

MLModelStructureNeuralNetwork *makeNetwork(const Specification &specification, size_t &number) {
  NSMutableArray *layers = [[NSMutableArray alloc] init];
  for (const Layer &each : specification.layers) {
    StandinLayer *layer = [[[StandinLayer alloc] init] autorelease];
    layer->name_ = [string(each.name) retain];
    layer->type_ = [string(each.type) retain];
    NSMutableArray *outputs = [[NSMutableArray alloc] init];
    for (const std::string &output : each.outputs) [outputs addObject:string(output)];
    layer->outputNames_ = outputs;
    layer->number_ = number++;
    [layers addObject:layer];
  }
  StandinNetwork *network = [[StandinNetwork alloc] init];
  network->layers_ = layers;
  return network;
}

MLModelStructure *makeStructure(const Specification &specification, size_t &number) {
  StandinStructure *structure = [[[StandinStructure alloc] init] autorelease];
  if (specification.isProgram) structure->program_ = makeProgram(specification, number);
  if (!specification.layers.empty()) structure->neuralNetwork_ = makeNetwork(specification, number);
  if (!specification.subModels.empty()) {
    StandinPipeline *pipeline = [[StandinPipeline alloc] init];
    NSMutableArray *models = [[NSMutableArray alloc] init];
    NSMutableArray *names = [[NSMutableArray alloc] init];
    for (const auto &model : specification.subModels) [models addObject:makeStructure(*model, number)];
    for (const std::string &name : specification.subModelNames) [names addObject:string(name)];
    pipeline->subModels_ = models;
    pipeline->subModelNames_ = names;
    structure->pipeline_ = pipeline;
  }
  return structure;
}

} // namespace

@implementation MLComputePlan
COUNT_BIRTHS
+ (void)loadContentsOfURL:(NSURL *)url configuration:(MLModelConfiguration *)configuration completionHandler:(void (^)(MLComputePlan *, NSError *))handler {
  requireOS(14.4, "+[MLComputePlan loadContentsOfURL:configuration:completionHandler:]");
  throwIf(settings().throwFromPlan, @"planning");
  if (settings().abortOnPackagePlan && ![[[url path] pathExtension] isEqualToString:@"mlmodelc"]) std::abort();
  NSError *error = nil;
  const Specification *specification = openCompiled(url, &error);
  if (settings().failPlan) {
    specification = nullptr;
    error = modelError(MLModelErrorGeneric, @"The plan could not be made: the stand-in was told so.");
  }
  StandinPlan *plan = nil;
  if (specification != nullptr) {
    plan = [[[StandinPlan alloc] init] autorelease];
    plan->modelStructure_ = [makeStructure(*specification, plan->count_) retain];
    plan->units_ = [configuration computeUnits];
  }
  void (^copied)(MLComputePlan *, NSError *) = Block_copy(handler);
  struct Answer {
    void (^handler)(MLComputePlan *, NSError *);
    MLComputePlan *plan;
    NSError *error;
  };
  runLater(
      1,
      [](void *context) {
        auto *answer = static_cast<Answer *>(context);
        answer->handler(answer->plan, answer->error);
        Block_release(answer->handler);
        [answer->plan release];
        [answer->error release];
        delete answer;
      },
      new Answer{copied, [plan retain], [error retain]});
}
- (MLModelStructure *)modelStructure { return nil; }
- (MLComputePlanCost *)estimatedCostOfMLProgramOperation:(MLModelStructureProgramOperation *)operation { return (void)operation, nil; }
- (MLComputePlanDeviceUsage *)computeDeviceUsageForMLProgramOperation:(MLModelStructureProgramOperation *)operation { return (void)operation, nil; }
- (MLComputePlanDeviceUsage *)computeDeviceUsageForNeuralNetworkLayer:(MLModelStructureNeuralNetworkLayer *)layer { return (void)layer, nil; }
@end

@implementation StandinPlan
HELD(MLModelStructure *, modelStructure)
- (void)dealloc {
  COUNT_DEATH;
  [modelStructure_ release];
  [super dealloc];
}
- (MLComputePlanDeviceUsage *)usageOf:(size_t)number {
  if (number % 5 == 4) return nil;
  bool engineAllowed = units_ == MLComputeUnitsAll || units_ == MLComputeUnitsCPUAndNeuralEngine;
  bool gpuAllowed = units_ == MLComputeUnitsAll || units_ == MLComputeUnitsCPUAndGPU;
  NSMutableArray *supported = [[NSMutableArray alloc] init];
  id preferred = nil;
  for (id device in availableDevices()) {
    bool isEngine = [device isKindOfClass:[MLNeuralEngineComputeDevice class]], isGPU = [device isKindOfClass:[MLGPUComputeDevice class]];
    if ((isEngine && !engineAllowed) || (isGPU && !gpuAllowed)) continue;
    [supported addObject:device];
    if (preferred == nil || (isEngine && number % 2 == 0) || (isGPU && number % 2 == 1)) preferred = device;
  }
  StandinUsage *usage = [[[StandinUsage alloc] init] autorelease];
  usage->supportedComputeDevices_ = supported;
  usage->preferredComputeDevice_ = [preferred retain];
  return usage;
}
- (MLComputePlanDeviceUsage *)computeDeviceUsageForMLProgramOperation:(MLModelStructureProgramOperation *)operation {
  if ([[operation operatorName] hasSuffix:@"const"]) return nil;
  return [self usageOf:((StandinOperation *)operation)->number_];
}
- (MLComputePlanDeviceUsage *)computeDeviceUsageForNeuralNetworkLayer:(MLModelStructureNeuralNetworkLayer *)layer {
  return [self usageOf:((StandinLayer *)layer)->number_];
}
- (MLComputePlanCost *)estimatedCostOfMLProgramOperation:(MLModelStructureProgramOperation *)operation {
  if ([self computeDeviceUsageForMLProgramOperation:operation] == nil) return nil;
  StandinCost *cost = [[[StandinCost alloc] init] autorelease];
  cost->weight_ = 1.0 / static_cast<double>(count_);
  return cost;
}
@end
