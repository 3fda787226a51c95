// The stand-in's arithmetic. It is no inference: each output is a documented function of all inputs, so that a test can tell right bytes from wrong ones.
//
//   x_k = the k-th input of the model's description (from 0) as a list of numbers:
//         a multiarray's elements in row-major order; an image's bytes, row by row, in the pixel buffer's own channel order (half-precision gray: its values);
//         a number itself; a string's UTF-8 bytes; a dictionary's values in the order of its sorted keys; a sequence's integers, or the lengths of its strings;
//         an optional array left out: its default value, once; another optional input left out: nothing
//   s_j = the j-th state; before the outputs are computed, s_j[i] += x_0[i mod |x_0|]
//   y_o[i] = o + Σ_k (k + 1) · x_k[i mod |x_k|] + Σ_j s_j[i mod |s_j|]     for the o-th output of the description
//
//   a multiarray holds y rounded to its type; an image holds the low byte of each y (half-precision gray: y itself); int64, double: y[0];
//   a string: class label number |y[0]| mod (number of labels); a dictionary: label number i → y[i]; a sequence: all labels.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "internal.h"

namespace standin {
namespace {

using Numbers = std::vector<double>;

Numbers pixels(CVPixelBufferRef buffer) {
  Numbers values;
  CVPixelBufferLockBaseAddress(buffer, kCVPixelBufferLock_ReadOnly);
  auto *row = static_cast<const uint8_t *>(CVPixelBufferGetBaseAddress(buffer));
  OSType format = CVPixelBufferGetPixelFormatType(buffer);
  size_t perRow = CVPixelBufferGetWidth(buffer) * (format == kCVPixelFormatType_32BGRA ? 4 : 1);
  for (size_t y = 0; y < CVPixelBufferGetHeight(buffer); ++y, row += CVPixelBufferGetBytesPerRow(buffer)) {
    for (size_t x = 0; x < perRow; ++x) {
      uint16_t half;
      if (format == kCVPixelFormatType_OneComponent16Half) {
        std::memcpy(&half, row + 2 * x, 2);
        values.push_back(fromHalf(half));
      } else {
        values.push_back(row[x]);
      }
    }
  }
  CVPixelBufferUnlockBaseAddress(buffer, kCVPixelBufferLock_ReadOnly);
  return values;
}

Numbers numbersOf(MLFeatureValue *value) {
  Numbers result;
  switch ([value type]) {
    case MLFeatureTypeMultiArray: return elements([value multiArrayValue]);
    case MLFeatureTypeImage: return pixels([value imageBufferValue]);
    case MLFeatureTypeInt64: return {static_cast<double>([value int64Value])};
    case MLFeatureTypeDouble: return {[value doubleValue]};
    case MLFeatureTypeString: {
      for (const char *byte = [[value stringValue] UTF8String]; *byte != '\0'; ++byte) result.push_back(static_cast<uint8_t>(*byte));
      return result;
    }
    case MLFeatureTypeDictionary: {
      NSDictionary *dictionary = [value dictionaryValue];
      for (id key in [[dictionary allKeys] sortedArrayUsingSelector:@selector(compare:)]) result.push_back([[dictionary objectForKey:key] doubleValue]);
      return result;
    }
    case MLFeatureTypeSequence: {
      for (NSNumber *number in [[value sequenceValue] int64Values]) result.push_back([number doubleValue]);
      for (NSString *text in [[value sequenceValue] stringValues]) result.push_back(static_cast<double>([text length]));
      return result;
    }
    default: return result;
  }
}

bool fail(NSError **error, NSInteger code, NSString *text) {
  if (error != nullptr) *error = modelError(code, text);
  return false;
}

bool shapeAllowed(const Feature &feature, const std::vector<int64_t> &shape) {
  if (!feature.shapeRange.empty()) {
    if (shape.size() != feature.shapeRange.size()) return false;
    for (size_t i = 0; i < shape.size(); ++i) {
      const SizeBounds &bounds = feature.shapeRange[i];
      if (shape[i] < bounds.lower || (bounds.upper >= 0 && shape[i] > bounds.upper)) return false;
    }
    return true;
  }
  if (feature.shape.empty() || shape == feature.shape) return true;
  return std::find(feature.enumeratedShapes.begin(), feature.enumeratedShapes.end(), shape) != feature.enumeratedShapes.end();
}

// Names that the model has not are ignored.
bool backingsAllowed(const Signature &signature, NSDictionary *backings, NSError **error) {
  for (const Feature &feature : signature.outputs) {
    MLMultiArray *backing = [backings objectForKey:string(feature.name)];
    if (backing == nil || (backing->dataType_ == (MLMultiArrayDataType)feature.dataType && shapeAllowed(feature, integers(backing->shape_)))) continue;
    return fail(error, MLModelErrorFeatureType, [NSString stringWithFormat:@"The output backing of %s is not allowed.", feature.name.c_str()]);
  }
  return true;
}

OSType formatOf(const Feature &image) {
  return image.colorSpace == 10 ? kCVPixelFormatType_OneComponent8 : image.colorSpace == 40 ? kCVPixelFormatType_OneComponent16Half : kCVPixelFormatType_32BGRA;
}

bool imageAllowed(const Feature &feature, CVPixelBufferRef buffer) {
  if (CVPixelBufferGetPixelFormatType(buffer) != formatOf(feature)) return false;
  auto width = static_cast<int64_t>(CVPixelBufferGetWidth(buffer)), height = static_cast<int64_t>(CVPixelBufferGetHeight(buffer));
  auto within = [](int64_t size, const SizeBounds &bounds) { return size >= bounds.lower && (bounds.upper < 0 || size <= bounds.upper); };
  if (width == feature.width && height == feature.height) return true;
  if (feature.hasSizeRange) return within(width, feature.widthRange) && within(height, feature.heightRange);
  return std::find(feature.enumeratedSizes.begin(), feature.enumeratedSizes.end(), std::pair(width, height)) != feature.enumeratedSizes.end();
}

bool gather(const Signature &signature, id<MLFeatureProvider> inputs, std::vector<Numbers> &all, std::vector<int64_t> &firstShape, NSError **error) {
  for (const Feature &feature : signature.inputs) {
    NSString *name = string(feature.name);
    MLFeatureValue *value = [inputs featureValueForName:name];
    if (value == nil || [value isUndefined]) {
      if (!feature.optional) return fail(error, MLModelErrorFeatureType, [NSString stringWithFormat:@"Feature %@ is required but not specified.", name]);
      all.push_back(feature.type == MLFeatureTypeMultiArray ? Numbers{feature.defaultValue} : Numbers{});
      continue;
    }
    if ([value type] != (MLFeatureType)feature.type) return fail(error, MLModelErrorFeatureType, [NSString stringWithFormat:@"Feature %@ has another type.", name]);
    if (feature.type == MLFeatureTypeSequence && ([[value sequenceValue] type] == MLFeatureTypeInt64) != feature.integers) {
      return fail(error, MLModelErrorFeatureType, [NSString stringWithFormat:@"Sequence %@ has elements of another type.", name]);
    }
    if (feature.type == MLFeatureTypeMultiArray) {
      MLMultiArray *array = [value multiArrayValue];
      std::vector<int64_t> shape = integers([array shape]);
      if (!shapeAllowed(feature, shape)) return fail(error, MLModelErrorGeneric, [NSString stringWithFormat:@"MultiArray shape of %@ is not allowed.", name]);
      if (firstShape.empty()) firstShape = shape;
    }
    if (feature.type == MLFeatureTypeImage && !imageAllowed(feature, [value imageBufferValue])) {
      return fail(error, MLModelErrorFeatureType, [NSString stringWithFormat:@"Image %@ has a size or pixel format that is not allowed.", name]);
    }
    all.push_back(numbersOf(value));
  }
  return true;
}

struct Inputs {
  std::vector<Numbers> x;
  std::vector<Numbers> states;

  double output(size_t o, size_t i) const {
    double y = static_cast<double>(o);
    for (size_t k = 0; k < x.size(); ++k) {
      if (!x[k].empty()) y += static_cast<double>(k + 1) * x[k][i % x[k].size()];
    }
    for (const Numbers &state : states) {
      if (!state.empty()) y += state[i % state.size()];
    }
    return y;
  }
};

MLFeatureValue *arrayOutput(const Feature &feature, size_t o, const Inputs &in, const std::vector<int64_t> &firstShape, MLMultiArray *backing) {
  // A flexible output has the shape of the first array, where it may have that.
  bool flexible = feature.shape.empty() || !feature.shapeRange.empty() || feature.enumeratedShapes.size() > 1;
  std::vector<int64_t> shape = flexible && shapeAllowed(feature, firstShape) ? firstShape : feature.shape;
  static std::atomic<unsigned> turn{0};
  int refuse = settings().refuseBackings;
  bool use = backing != nil && !(refuse == 1 || (refuse == 2 && turn++ % 2 == 0)) && backing->dataType_ == (MLMultiArrayDataType)feature.dataType &&
             integers(backing->shape_) == shape;
  MLMultiArray *array = use ? [[backing retain] autorelease] : [newArray(shape, feature.dataType, settings().paddingElements, settings().elementStride) autorelease];
  if (backing != nil) ++(use ? events().backingsUsed : events().backingsRefused);
  Numbers values(static_cast<size_t>([array count]));
  for (size_t i = 0; i < values.size(); ++i) values[i] = in.output(o, i);
  setElements(array, values);
  return [MLFeatureValue featureValueWithMultiArray:array];
}

MLFeatureValue *imageOutput(const Feature &feature, size_t o, const Inputs &in) {
  OSType format = formatOf(feature);
  CVPixelBufferRef buffer = nullptr;
  CVPixelBufferCreate(nullptr, static_cast<size_t>(feature.width), static_cast<size_t>(feature.height), format, nullptr, &buffer);
  size_t perRow = static_cast<size_t>(feature.width) * (format == kCVPixelFormatType_32BGRA ? 4 : 1);
  CVPixelBufferLockBaseAddress(buffer, 0);
  auto *row = static_cast<uint8_t *>(CVPixelBufferGetBaseAddress(buffer));
  size_t i = 0;
  for (int64_t y = 0; y < feature.height; ++y, row += CVPixelBufferGetBytesPerRow(buffer)) {
    for (size_t x = 0; x < perRow; ++x, ++i) {
      if (format == kCVPixelFormatType_OneComponent16Half) {
        uint16_t half = toHalf(in.output(o, i));
        std::memcpy(row + 2 * x, &half, 2);
      } else {
        row[x] = static_cast<uint8_t>(static_cast<int64_t>(in.output(o, i)) & 255);
      }
    }
  }
  CVPixelBufferUnlockBaseAddress(buffer, 0);
  MLFeatureValue *value = [MLFeatureValue featureValueWithPixelBuffer:buffer];
  CVPixelBufferRelease(buffer);
  return value;
}

MLFeatureValue *dictionaryOutput(const Feature &feature, size_t o, const Inputs &in, const Specification &specification) {
  NSMutableDictionary *dictionary = [NSMutableDictionary dictionary];
  size_t i = 0;
  if (feature.integers) {
    for (int64_t label : specification.labels.integers) [dictionary setObject:[NSNumber numberWithDouble:in.output(o, i++)] forKey:[NSNumber numberWithLongLong:label]];
  } else {
    for (const std::string &label : specification.labels.strings) [dictionary setObject:[NSNumber numberWithDouble:in.output(o, i++)] forKey:string(label)];
  }
  return [MLFeatureValue featureValueWithDictionary:dictionary error:nullptr];
}

MLFeatureValue *sequenceOutput(const Feature &feature, const Specification &specification) {
  if (feature.integers) return [MLFeatureValue featureValueWithSequence:[MLSequence sequenceWithInt64Array:numbers(specification.labels.integers)]];
  NSMutableArray *labels = [NSMutableArray array];
  for (const std::string &label : specification.labels.strings) [labels addObject:string(label)];
  return [MLFeatureValue featureValueWithSequence:[MLSequence sequenceWithStringArray:labels]];
}

size_t labelNumber(double y, size_t count) { return static_cast<size_t>(std::fabs(std::trunc(y))) % count; }

MLFeatureValue *scalarOutput(const Feature &feature, double y, const Specification &specification) {
  if (feature.type == MLFeatureTypeDouble) return [MLFeatureValue featureValueWithDouble:y];
  if (feature.type == MLFeatureTypeString) {
    const auto &labels = specification.labels.strings;
    return [MLFeatureValue featureValueWithString:labels.empty() ? @"" : string(labels[labelNumber(y, labels.size())])];
  }
  const auto &labels = specification.labels.integers;
  return [MLFeatureValue featureValueWithInt64:labels.empty() ? static_cast<int64_t>(std::trunc(y)) : labels[labelNumber(y, labels.size())]];
}

} // namespace

bool infer(const Signature &signature, const Specification &specification, id<MLFeatureProvider> inputs, NSDictionary *stateArrays, NSDictionary *backings,
           NSMutableDictionary *outputs, NSError **error) {
  Inputs in;
  std::vector<int64_t> firstShape;
  if (!gather(signature, inputs, in.x, firstShape, error)) return false;
  for (const Feature &state : signature.states) {
    MLMultiArray *array = [stateArrays objectForKey:string(state.name)];
    if (array == nil) return fail(error, MLModelErrorGeneric, @"the model has states, and the prediction uses none");
    Numbers values = elements(array);
    for (size_t i = 0; i < values.size() && !in.x.empty() && !in.x[0].empty(); ++i) values[i] += in.x[0][i % in.x[0].size()];
    setElements(array, values);
    in.states.push_back(elements(array)); // as rounded by the state's type
  }
  if (!backingsAllowed(signature, backings, error)) return false;
  for (size_t o = 0; o < signature.outputs.size(); ++o) {
    const Feature &feature = signature.outputs[o];
    NSString *name = string(feature.name);
    MLFeatureValue *value;
    switch (feature.type) {
      case MLFeatureTypeMultiArray: value = arrayOutput(feature, o, in, firstShape, [backings objectForKey:name]); break;
      case MLFeatureTypeImage: value = imageOutput(feature, o, in); break;
      case MLFeatureTypeDictionary: value = dictionaryOutput(feature, o, in, specification); break;
      case MLFeatureTypeSequence: value = sequenceOutput(feature, specification); break;
      default: value = scalarOutput(feature, in.output(o, 0), specification);
    }
    if (settings().undefinedOutputs && o + 1 == signature.outputs.size()) value = [MLFeatureValue undefinedFeatureValueWithType:(MLFeatureType)feature.type];
    [outputs setObject:value forKey:name];
  }
  return true;
}

} // namespace standin
