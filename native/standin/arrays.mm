// MLMultiArray, and the helpers that read and write its elements.
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "internal.h"

namespace standin {

NSString *string(const std::string &text) {
  return [[[NSString alloc] initWithBytes:text.data() length:text.size() encoding:NSUTF8StringEncoding] autorelease];
}

NSArray *numbers(const std::vector<int64_t> &values) {
  NSMutableArray *array = [NSMutableArray array];
  for (int64_t value : values) [array addObject:[NSNumber numberWithLongLong:value]];
  return array;
}

std::vector<int64_t> integers(NSArray *numbers) {
  std::vector<int64_t> values;
  for (NSNumber *number in numbers) values.push_back([number longLongValue]);
  return values;
}

NSRange range(const SizeBounds &bounds) {
  auto lower = static_cast<NSUInteger>(bounds.lower);
  if (bounds.upper < 0) return NSMakeRange(lower, static_cast<NSUInteger>(NSIntegerMax));
  return NSMakeRange(lower, static_cast<NSUInteger>(bounds.upper) - lower + 1);
}

size_t sizeOf(int64_t dataType) { return static_cast<size_t>(dataType & 0xff) / 8; }

std::vector<int64_t> paddedStrides(const std::vector<int64_t> &shape, int64_t padding, int64_t apart) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = apart;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
    if (i + 1 == shape.size() && shape.size() > 1) stride += padding;
  }
  return strides;
}

MLMultiArray *newArray(const std::vector<int64_t> &shape, int64_t dataType, int64_t padding, int64_t apart) {
  std::vector<int64_t> strides = paddedStrides(shape, padding, apart);
  size_t count = 1;
  if (!shape.empty()) count = static_cast<size_t>(shape[0] * strides[0]);
  size_t bytes = (count == 0 ? 1 : count) * sizeOf(dataType);
  void *memory = std::malloc(bytes);
  // What lies between the rows is no zero, so that copying it shows.
  std::memset(memory, 0xA5, bytes);
  MLMultiArray *array = [[MLMultiArray alloc] initWithDataPointer:memory
                                                            shape:numbers(shape)
                                                         dataType:(MLMultiArrayDataType)dataType
                                                          strides:numbers(strides)
                                                      deallocator:^(void *pointer) {
                                                        std::free(pointer);
                                                      }
                                                            error:nullptr];
  int64_t total = 1;
  for (int64_t size : shape) total *= size;
  setElements(array, std::vector<double>(static_cast<size_t>(total), 0.0));
  return array;
}

double fromHalf(uint16_t bits) {
  int exponent = (bits >> 10) & 31;
  int fraction = bits & 1023;
  double value = exponent == 0 ? std::ldexp(fraction, -24) : exponent == 31 ? (fraction != 0 ? NAN : INFINITY) : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -value : value;
}

// Rounds to nearest, ties to even.
uint16_t toHalf(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double size = std::fabs(value);
  if (std::isnan(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size == 0) return sign;
  int exponent;
  std::frexp(size, &exponent); // size = f × 2^exponent, ½ ≤ f < 1
  int unit = exponent - 11 < -24 ? -24 : exponent - 11;
  double steps = std::nearbyint(std::ldexp(size, -unit));
  if (unit == -24) return sign | static_cast<uint16_t>(steps); // a carry runs into the exponent by itself
  return static_cast<uint16_t>(sign | ((unit + 24) << 10) + static_cast<int>(steps));
}

namespace {

template <typename Each>
void eachIndex(const std::vector<int64_t> &shape, const std::vector<int64_t> &strides, Each each) {
  std::vector<int64_t> index(shape.size(), 0);
  int64_t total = 1;
  for (int64_t size : shape) total *= size;
  for (int64_t n = 0; n < total; ++n) {
    int64_t offset = 0;
    for (size_t i = 0; i < shape.size(); ++i) offset += index[i] * strides[i];
    each(n, offset);
    for (size_t i = shape.size(); i-- > 0;) {
      if (++index[i] < shape[i]) break;
      index[i] = 0;
    }
  }
}

double readElement(const char *bytes, int64_t dataType) {
  switch (dataType) {
    case MLMultiArrayDataTypeDouble: return *reinterpret_cast<const double *>(bytes);
    case MLMultiArrayDataTypeFloat32: return static_cast<double>(*reinterpret_cast<const float *>(bytes));
    case MLMultiArrayDataTypeFloat16: return fromHalf(*reinterpret_cast<const uint16_t *>(bytes));
    case MLMultiArrayDataTypeInt32: return *reinterpret_cast<const int32_t *>(bytes);
    default: return *reinterpret_cast<const int8_t *>(bytes);
  }
}

void writeElement(char *bytes, int64_t dataType, double value) {
  switch (dataType) {
    case MLMultiArrayDataTypeDouble: *reinterpret_cast<double *>(bytes) = value; break;
    case MLMultiArrayDataTypeFloat32: *reinterpret_cast<float *>(bytes) = static_cast<float>(value); break;
    case MLMultiArrayDataTypeFloat16: *reinterpret_cast<uint16_t *>(bytes) = toHalf(value); break;
    case MLMultiArrayDataTypeInt32: *reinterpret_cast<int32_t *>(bytes) = static_cast<int32_t>(static_cast<int64_t>(std::nearbyint(value))); break;
    default: *reinterpret_cast<int8_t *>(bytes) = static_cast<int8_t>(static_cast<int64_t>(std::nearbyint(value))); break;
  }
}

} // namespace

std::vector<double> elements(MLMultiArray *array) {
  std::vector<double> values(static_cast<size_t>([array count]));
  size_t size = sizeOf(array->dataType_);
  eachIndex(integers(array->shape_), integers(array->strides_),
            [&](int64_t n, int64_t offset) { values[static_cast<size_t>(n)] = readElement(static_cast<char *>(array->bytes_) + offset * static_cast<int64_t>(size), array->dataType_); });
  return values;
}

void setElements(MLMultiArray *array, const std::vector<double> &values) {
  size_t size = sizeOf(array->dataType_);
  eachIndex(integers(array->shape_), integers(array->strides_), [&](int64_t n, int64_t offset) {
    writeElement(static_cast<char *>(array->bytes_) + offset * static_cast<int64_t>(size), array->dataType_, values[static_cast<size_t>(n)]);
  });
}

} // namespace standin

@implementation MLMultiArray
COUNT_BIRTHS

- (instancetype)initWithShape:(NSArray *)shape dataType:(MLMultiArrayDataType)dataType error:(NSError **)error {
  [self release];
  (void)error;
  return standin::newArray(standin::integers(shape), dataType, 0);
}

- (instancetype)initWithDataPointer:(void *)dataPointer
                              shape:(NSArray *)shape
                           dataType:(MLMultiArrayDataType)dataType
                            strides:(NSArray *)strides
                        deallocator:(void (^)(void *))deallocator
                              error:(NSError **)error {
  self = [super init];
  if (dataType == COREML_INT8_DATA_TYPE) standin::requireOS(26, "MLMultiArrayDataTypeInt8");
  if (dataPointer == nullptr || [shape count] != [strides count]) {
    if (error != nullptr) *error = standin::modelError(MLModelErrorGeneric, @"the strides have another rank than the shape");
    [self release];
    return nil;
  }
  bytes_ = dataPointer;
  shape_ = [shape copy];
  strides_ = [strides copy];
  dataType_ = dataType;
  deallocator_ = Block_copy(deallocator);
  std::vector<int64_t> sizes = standin::integers(shape), steps = standin::integers(strides);
  int64_t last = 0;
  bool empty = false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    last += (sizes[i] - 1) * steps[i];
    empty = empty || sizes[i] == 0;
  }
  standin::leaveStaleError(error);
  byteLength_ = empty ? 0 : static_cast<NSInteger>((last + 1) * static_cast<int64_t>(standin::sizeOf(dataType)));
  return self;
}

- (instancetype)initWithPixelBuffer:(CVPixelBufferRef)pixelBuffer shape:(NSArray *)shape {
  CVPixelBufferRetain(pixelBuffer);
  CVPixelBufferLockBaseAddress(pixelBuffer, 0);
  std::vector<int64_t> sizes = standin::integers(shape);
  std::vector<int64_t> strides = standin::paddedStrides(sizes, 0);
  if (sizes.size() > 1) strides[sizes.size() - 2] = static_cast<int64_t>(CVPixelBufferGetBytesPerRow(pixelBuffer) / 2);
  pixelBuffer_ = pixelBuffer;
  return [self initWithDataPointer:CVPixelBufferGetBaseAddress(pixelBuffer)
                             shape:shape
                          dataType:MLMultiArrayDataTypeFloat16
                           strides:standin::numbers(strides)
                       deallocator:^(void *) {
                         CVPixelBufferUnlockBaseAddress(pixelBuffer, 0);
                         CVPixelBufferRelease(pixelBuffer);
                       }
                             error:nullptr];
}

- (void)dealloc {
  COUNT_DEATH;
  if (deallocator_ != nil) {
    deallocator_(bytes_);
    Block_release(deallocator_);
  }
  [shape_ release];
  [strides_ release];
  [super dealloc];
}

- (MLMultiArrayDataType)dataType { return dataType_; }
- (NSArray *)shape { return [[shape_ retain] autorelease]; }
- (NSArray *)strides { return [[strides_ retain] autorelease]; }
- (CVPixelBufferRef)pixelBuffer { return pixelBuffer_; }
- (NSInteger)count {
  NSInteger count = 1;
  for (NSNumber *size in shape_) count *= [size integerValue];
  return count;
}
- (NSInteger)toldLength { return byteLength_ - (standin::settings().shortMemory ? 1 : 0); }
- (void)getBytesWithHandler:(void(NS_NOESCAPE ^)(const void *, NSInteger))handler { handler(bytes_, [self toldLength]); }
// Moves to a new backing buffer with other strides, as Apple's may.
- (void)getMutableBytesWithHandler:(void(NS_NOESCAPE ^)(void *, NSInteger, NSArray<NSNumber *> *))handler {
  MLMultiArray *moved = standin::newArray(standin::integers(shape_), dataType_, standin::settings().paddingElements + ++moves_ % 3, standin::settings().elementStride);
  standin::setElements(moved, standin::elements(self));
  std::swap(bytes_, moved->bytes_);
  std::swap(byteLength_, moved->byteLength_);
  std::swap(deallocator_, moved->deallocator_);
  std::swap(strides_, moved->strides_);
  [moved release];
  handler(bytes_, [self toldLength], strides_);
}
@end
