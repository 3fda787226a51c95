// What native/ uses of Core Video's pixel buffers.
#pragma once
#include <CoreFoundation/CoreFoundation.h>
#include <os/availability.h>
#include <stddef.h>

typedef int32_t CVReturn;
typedef uint64_t CVOptionFlags;
typedef struct __CVBuffer *CVPixelBufferRef;

enum { kCVReturnSuccess = 0, kCVReturnInvalidArgument = -6661, kCVReturnAllocationFailed = -6662, kCVReturnInvalidPixelFormat = -6680, kCVReturnInvalidSize = -6681 };
enum : OSType {
  kCVPixelFormatType_32BGRA = 0x42475241,             // 'BGRA'
  kCVPixelFormatType_32ARGB = 0x00000020,
  kCVPixelFormatType_OneComponent8 = 0x4C303038,      // 'L008'
  kCVPixelFormatType_OneComponent16Half = 0x4C303068, // 'L00h'
};
enum : CVOptionFlags { kCVPixelBufferLock_ReadOnly = 1 };

#ifdef __cplusplus
extern "C" {
#endif
typedef void (*CVPixelBufferReleaseBytesCallback)(void *releaseRefCon, const void *baseAddress);
CVReturn CVPixelBufferCreate(CFAllocatorRef allocator, size_t width, size_t height, OSType format, CFDictionaryRef attributes, CVPixelBufferRef *out);
CVReturn CVPixelBufferCreateWithBytes(CFAllocatorRef allocator, size_t width, size_t height, OSType format, void *baseAddress, size_t bytesPerRow,
                                      CVPixelBufferReleaseBytesCallback releaseCallback, void *releaseRefCon, CFDictionaryRef attributes, CVPixelBufferRef *out);
CVPixelBufferRef CVPixelBufferRetain(CVPixelBufferRef buffer);
void CVPixelBufferRelease(CVPixelBufferRef buffer);
CVReturn CVPixelBufferLockBaseAddress(CVPixelBufferRef buffer, CVOptionFlags flags);
CVReturn CVPixelBufferUnlockBaseAddress(CVPixelBufferRef buffer, CVOptionFlags flags);
void *CVPixelBufferGetBaseAddress(CVPixelBufferRef buffer);
size_t CVPixelBufferGetBytesPerRow(CVPixelBufferRef buffer);
size_t CVPixelBufferGetWidth(CVPixelBufferRef buffer);
size_t CVPixelBufferGetHeight(CVPixelBufferRef buffer);
OSType CVPixelBufferGetPixelFormatType(CVPixelBufferRef buffer);
#ifdef __cplusplus
}
#endif
