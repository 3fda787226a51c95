#include "features_objc.h"

#include <cstring>

#include "description_objc.h"
#include "errors_objc.h"
#include "os_version.h"
#include "pixel_buffer.h"
#include "strided_copy.h"

namespace coreml {
namespace {

using FeatureResult = Result<Retained<MLFeatureValue *>>;

Error outOfMemory(const std::string &name, size_t bytes) {
  return Error{"ERR_PREDICT", "\"" + name + "\": no memory for " + std::to_string(bytes) + " bytes", {}, 0, {}};
}

FeatureResult toFeature(const std::string &name, const ArrayValue &value) {
  auto array = toMultiArray(name, value);
  if (!array.ok()) return array.error();
  return Retained<MLFeatureValue *>::retain([MLFeatureValue featureValueWithMultiArray:array.value().get()]);
}

FeatureResult toFeature(const std::string &name, const ImageValue &value) {
  auto buffer = toPixelBuffer(name, value);
  if (!buffer.ok()) return buffer.error();
  return Retained<MLFeatureValue *>::retain([MLFeatureValue featureValueWithPixelBuffer:buffer.value().get()]);
}

FeatureResult toFeature(const std::string &name, const DictionaryValue &value) {
  NSMutableDictionary *dictionary = [NSMutableDictionary dictionaryWithCapacity:value.values.size()];
  for (size_t i = 0; i < value.values.size(); ++i) {
    id key = value.integerKeys ? [NSNumber numberWithLongLong:value.integers[i]] : (id)toNSString(value.strings[i]);
    [dictionary setObject:[NSNumber numberWithDouble:value.values[i]] forKey:key];
  }
  NSError *error = nil;
  MLFeatureValue *feature = [MLFeatureValue featureValueWithDictionary:dictionary error:&error];
  if (feature == nil) return errorFrom("ERR_INPUT", "\"" + name + "\"", error);
  return Retained<MLFeatureValue *>::retain(feature);
}

FeatureResult toFeature(const std::string &, const SequenceValue &value) {
  NSMutableArray *items = [NSMutableArray arrayWithCapacity:value.numbers.size() + value.strings.size()];
  MLSequence *sequence;
  if (value.integers) {
    for (int64_t number : value.numbers) [items addObject:[NSNumber numberWithLongLong:number]];
    sequence = [MLSequence sequenceWithInt64Array:items];
  } else {
    for (const std::string &text : value.strings) [items addObject:toNSString(text)];
    sequence = [MLSequence sequenceWithStringArray:items];
  }
  return Retained<MLFeatureValue *>::retain([MLFeatureValue featureValueWithSequence:sequence]);
}

FeatureResult toFeature(const std::string &, int64_t value) { return Retained<MLFeatureValue *>::retain([MLFeatureValue featureValueWithInt64:value]); }

FeatureResult toFeature(const std::string &, double value) { return Retained<MLFeatureValue *>::retain([MLFeatureValue featureValueWithDouble:value]); }

FeatureResult toFeature(const std::string &, const std::string &value) {
  return Retained<MLFeatureValue *>::retain([MLFeatureValue featureValueWithString:toNSString(value)]);
}

DictionaryValue fromDictionary(NSDictionary *dictionary) {
  DictionaryValue value;
  for (id key in dictionary) {
    if ([key isKindOfClass:[NSNumber class]]) {
      value.integerKeys = true;
      value.integers.push_back([key longLongValue]);
    } else {
      value.strings.push_back(toString([key description]));
    }
    value.values.push_back([[dictionary objectForKey:key] doubleValue]);
  }
  return value;
}

SequenceValue fromSequence(MLSequence *sequence) {
  SequenceValue value;
  value.integers = [sequence type] == MLFeatureTypeInt64;
  if (value.integers) {
    for (NSNumber *number in [sequence int64Values]) value.numbers.push_back([number longLongValue]);
  } else {
    for (NSString *text in [sequence stringValues]) value.strings.push_back(toString(text));
  }
  return value;
}

// Core ML did not take the caller's memory: one copy brings the result there all the same.
Result<ArrayValue> copyIntoBacking(const std::string &name, MLMultiArray *array, const ArrayValue &backing) {
  std::vector<int64_t> shape = toShape([array shape]);
  if (static_cast<ElementType>([array dataType]) != backing.type || elementCount(shape) != elementCount(backing.shape)) {
    return Error{"ERR_PREDICT", "output \"" + name + "\" came with another type or number of elements than the array allocated for it", {}, 0, {}};
  }
  __block bool fits = false;
  char *target = static_cast<char *>(backing.bytes->data()) + backing.offset;
  size_t size = elementSize(backing.type);
  [array getBytesWithHandler:^(const void *bytes, NSInteger length) {
    std::vector<int64_t> strides = toShape([array strides]);
    fits = stridesFit(shape, strides, size, static_cast<size_t>(length));
    if (fits) copyFromStrided(target, bytes, shape, strides, size);
  }];
  if (!fits) return Error{"ERR_PREDICT", "output \"" + name + "\": its strides reach beyond its memory", {}, 0, {}};
  ArrayValue value = backing;
  value.shape = shape;
  return value;
}

Result<Value> fromArrayFeature(const std::string &name, MLMultiArray *array, const OutputBackings &backings) {
  if (const ArrayValue *own = backings.find(name, array)) {
    ArrayValue value = *own;
    value.zeroCopy = true;
    return Value(value);
  }
  const ArrayValue *backing = backings.find(name);
  auto value = backing != nullptr ? copyIntoBacking(name, array, *backing) : fromMultiArray(name, array);
  if (!value.ok()) return value.error();
  return Value(std::move(value.value()));
}

Result<Value> fromFeature(const std::string &name, MLFeatureValue *feature, const OutputBackings &backings) {
  switch (static_cast<NSInteger>([feature type])) {
    case MLFeatureTypeInt64: return Value(static_cast<int64_t>([feature int64Value]));
    case MLFeatureTypeDouble: return Value([feature doubleValue]);
    case MLFeatureTypeString: return Value(toString([feature stringValue]));
    case MLFeatureTypeDictionary: return Value(fromDictionary([feature dictionaryValue]));
    case MLFeatureTypeSequence: return Value(fromSequence([feature sequenceValue]));
    case MLFeatureTypeMultiArray: return fromArrayFeature(name, [feature multiArrayValue], backings);
    case MLFeatureTypeImage: {
      auto image = fromPixelBuffer(name, [feature imageBufferValue]);
      if (!image.ok()) return image.error();
      return Value(std::move(image.value()));
    }
    default: return Error{"ERR_PREDICT", "output \"" + name + "\" has a feature type that is unknown here: " + std::to_string(static_cast<long>([feature type])), {}, 0, {}};
  }
}

} // namespace

Result<Retained<MLMultiArray *>> toMultiArray(const std::string &name, const ArrayValue &value) {
  if (value.type == ElementType::int8) {
    IF_OS_AT_LEAST(26.0, 26.0) {
    } else {
      return osTooOld("\"" + name + "\": an int8 array", "26", "26");
    }
  }
  std::shared_ptr<Buffer> memory = value.bytes;
  NSError *error = nil;
  // The block's capture is what keeps the memory; when Core ML drops the block nothing but native memory is touched.
  auto array = Retained<MLMultiArray *>::adopt([[MLMultiArray alloc] initWithDataPointer:static_cast<char *>(memory->data()) + value.offset
                                                                                   shape:toNSArray(value.shape)
                                                                                dataType:static_cast<MLMultiArrayDataType>(value.type)
                                                                                 strides:toNSArray(packedStrides(value.shape))
                                                                             deallocator:^(void *) {
                                                                               (void)memory;
                                                                             }
                                                                                   error:&error]);
  if (!array) return errorFrom("ERR_INPUT", "\"" + name + "\"", error);
  return array;
}

Result<ArrayValue> fromMultiArray(const std::string &name, MLMultiArray *array) {
  ArrayValue value;
  value.type = static_cast<ElementType>([array dataType]);
  if (elementTypeName(value.type) == nullptr) {
    return Error{"ERR_PREDICT", "\"" + name + "\" has an element type that is unknown here: " + std::to_string(static_cast<int64_t>(value.type)), {}, 0, {}};
  }
  value.shape = toShape([array shape]);
  size_t size = elementSize(value.type);
  int64_t count = elementCount(value.shape);
  if (count < 0) return Error{"ERR_PREDICT", "\"" + name + "\" has an impossible shape", {}, 0, {}};
  value.bytes = Buffer::create(static_cast<size_t>(count) * size);
  if (value.bytes == nullptr) return outOfMemory(name, static_cast<size_t>(count) * size);
  Buffer *target = value.bytes.get();
  const std::vector<int64_t> *shape = &value.shape;
  __block bool fits = false;
  [array getBytesWithHandler:^(const void *bytes, NSInteger length) {
    std::vector<int64_t> strides = toShape([array strides]);
    fits = stridesFit(*shape, strides, size, static_cast<size_t>(length));
    if (fits) copyFromStrided(target->data(), bytes, *shape, strides, size);
  }];
  if (!fits) return Error{"ERR_PREDICT", "\"" + name + "\": its strides reach beyond its memory", {}, 0, {}};
  return value;
}

Result<Retained<MLDictionaryFeatureProvider *>> toProvider(const Features &features) {
  // The provider copies its dictionary, which is free of an immutable one.
  std::vector<Retained<MLFeatureValue *>> kept;
  std::vector<id> names, values;
  for (const auto &[name, value] : features) {
    const std::string &key = name;
    FeatureResult feature = std::visit([&](const auto &content) { return toFeature(key, content); }, value);
    if (!feature.ok()) return feature.error();
    kept.push_back(std::move(feature.value()));
    names.push_back(toNSString(name));
    values.push_back(kept.back().get());
  }
  NSDictionary *dictionary = [NSDictionary dictionaryWithObjects:values.data() forKeys:names.data() count:names.size()];
  NSError *error = nil;
  auto provider = Retained<MLDictionaryFeatureProvider *>::adopt([[MLDictionaryFeatureProvider alloc] initWithDictionary:dictionary error:&error]);
  if (!provider) return errorFrom("ERR_INPUT", "the inputs", error);
  return provider;
}

std::optional<Error> OutputBackings::set(const std::vector<std::pair<std::string, ArrayValue>> &backings) {
  options_ = Retained<MLPredictionOptions *>::adopt([[MLPredictionOptions alloc] init]);
  if (backings.empty()) return std::nullopt;
  NSMutableDictionary *dictionary = [NSMutableDictionary dictionaryWithCapacity:backings.size()];
  for (const auto &[name, value] : backings) {
    auto array = toMultiArray(name, value);
    if (!array.ok()) return array.error();
    [dictionary setObject:array.value().get() forKey:toNSString(name)];
    entries_.push_back(Entry{name, array.value(), value});
  }
  [options_.get() setOutputBackings:dictionary];
  return std::nullopt;
}

const ArrayValue *OutputBackings::find(const std::string &name, MLMultiArray *array) const {
  for (const Entry &entry : entries_) {
    if (entry.name == name && entry.array.get() == array) return &entry.value;
  }
  return nullptr;
}

const ArrayValue *OutputBackings::find(const std::string &name) const {
  for (const Entry &entry : entries_) {
    if (entry.name == name) return &entry.value;
  }
  return nullptr;
}

Result<Features> fromProvider(id<MLFeatureProvider> provider, const OutputBackings &backings) {
  Features outputs;
  for (NSString *name in [provider featureNames]) {
    std::string key = toString(name);
    MLFeatureValue *feature = [provider featureValueForName:name];
    if (feature == nil || [feature isUndefined]) continue;
    auto value = fromFeature(key, feature, backings);
    if (!value.ok()) return value.error();
    outputs.emplace_back(std::move(key), std::move(value.value()));
  }
  return outputs;
}

} // namespace coreml
