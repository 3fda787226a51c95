// Core Video's pixel buffers and the bit of Core Foundation that native/ uses.
#include <cstdlib>

#include "internal.h"

@interface StandinPixelBuffer : NSObject {
 @public
  size_t width_, height_, bytesPerRow_;
  OSType format_;
  void *base_;
  int locks_;
  CVOptionFlags lockFlags_;
  CVPixelBufferReleaseBytesCallback release_;
  void *context_;
}
@end

@implementation StandinPixelBuffer
COUNT_BIRTHS
- (void)dealloc {
  if (locks_ == 0) {
    COUNT_DEATH; // one that goes while it is locked is counted for ever
  }
  if (release_ != nullptr) release_(context_, base_);
  else std::free(base_);
  [super dealloc];
}
@end

static StandinPixelBuffer *object(CVPixelBufferRef buffer) { return (StandinPixelBuffer *)buffer; }

static size_t pixelBytes(OSType format) {
  switch (format) {
    case kCVPixelFormatType_32BGRA: return 4;
    case kCVPixelFormatType_OneComponent8: return 1;
    case kCVPixelFormatType_OneComponent16Half: return 2;
    default: return 0;
  }
}

CVReturn CVPixelBufferCreate(CFAllocatorRef, size_t width, size_t height, OSType format, CFDictionaryRef, CVPixelBufferRef *out) {
  if (pixelBytes(format) == 0) return kCVReturnInvalidPixelFormat;
  if (width == 0 || height == 0) return kCVReturnInvalidSize;
  StandinPixelBuffer *buffer = [[StandinPixelBuffer alloc] init];
  buffer->width_ = width;
  buffer->height_ = height;
  buffer->format_ = format;
  buffer->bytesPerRow_ = (width * pixelBytes(format) + 63) / 64 * 64 + 64; // padded, as IOSurfaces are
  buffer->base_ = std::calloc(height, buffer->bytesPerRow_);
  *out = (CVPixelBufferRef)buffer;
  return kCVReturnSuccess;
}

CVReturn CVPixelBufferCreateWithBytes(CFAllocatorRef, size_t width, size_t height, OSType format, void *base, size_t bytesPerRow,
                                      CVPixelBufferReleaseBytesCallback callback, void *context, CFDictionaryRef, CVPixelBufferRef *out) {
  if (pixelBytes(format) == 0) return kCVReturnInvalidPixelFormat;
  if (width == 0 || height == 0 || bytesPerRow < width * pixelBytes(format)) return kCVReturnInvalidSize;
  StandinPixelBuffer *buffer = [[StandinPixelBuffer alloc] init];
  buffer->width_ = width;
  buffer->height_ = height;
  buffer->format_ = format;
  buffer->bytesPerRow_ = bytesPerRow;
  buffer->base_ = base;
  buffer->release_ = callback;
  buffer->context_ = context;
  *out = (CVPixelBufferRef)buffer;
  return kCVReturnSuccess;
}

CVPixelBufferRef CVPixelBufferRetain(CVPixelBufferRef buffer) { return (CVPixelBufferRef)[(id)buffer retain]; }
void CVPixelBufferRelease(CVPixelBufferRef buffer) { [(id)buffer release]; }
CVReturn CVPixelBufferLockBaseAddress(CVPixelBufferRef buffer, CVOptionFlags flags) {
  object(buffer)->lockFlags_ = flags;
  __atomic_add_fetch(&object(buffer)->locks_, 1, __ATOMIC_SEQ_CST);
  return kCVReturnSuccess;
}
// To be called with the flags of the lock.
CVReturn CVPixelBufferUnlockBaseAddress(CVPixelBufferRef buffer, CVOptionFlags flags) {
  if (flags != object(buffer)->lockFlags_ || object(buffer)->locks_ == 0) return kCVReturnInvalidArgument;
  __atomic_sub_fetch(&object(buffer)->locks_, 1, __ATOMIC_SEQ_CST);
  return kCVReturnSuccess;
}
// Only while it is locked.
void *CVPixelBufferGetBaseAddress(CVPixelBufferRef buffer) { return object(buffer)->locks_ > 0 ? object(buffer)->base_ : nullptr; }
size_t CVPixelBufferGetBytesPerRow(CVPixelBufferRef buffer) { return object(buffer)->bytesPerRow_; }
size_t CVPixelBufferGetWidth(CVPixelBufferRef buffer) { return object(buffer)->width_; }
size_t CVPixelBufferGetHeight(CVPixelBufferRef buffer) { return object(buffer)->height_; }
OSType CVPixelBufferGetPixelFormatType(CVPixelBufferRef buffer) { return object(buffer)->format_; }

CFTypeRef CFRetain(CFTypeRef value) { return [(id)value retain]; }
void CFRelease(CFTypeRef value) { [(id)value release]; }
CFMutableDictionaryRef CFDictionaryCreateMutableCopy(CFAllocatorRef, CFIndex, CFDictionaryRef dictionary) {
  return (CFMutableDictionaryRef)[(NSDictionary *)dictionary mutableCopy];
}
const void *CFDictionaryGetValue(CFDictionaryRef dictionary, const void *key) { return [(NSDictionary *)dictionary objectForKey:(id)key]; }
CFIndex CFArrayGetCount(CFArrayRef array) { return (CFIndex)[(NSArray *)array count]; }
const void *CFArrayGetValueAtIndex(CFArrayRef array, CFIndex index) { return [(NSArray *)array objectAtIndex:(NSUInteger)index]; }
