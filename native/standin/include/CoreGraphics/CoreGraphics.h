// What native/ uses of Core Graphics: drawing a decoded image into a bitmap.
#pragma once
#include <CoreFoundation/CoreFoundation.h>
#include <stddef.h>

typedef struct CGImage *CGImageRef;
typedef struct CGContext *CGContextRef;
typedef struct CGColorSpace *CGColorSpaceRef;
#include <Foundation/NSGeometry.h>
typedef NSRect CGRect;
static inline CGRect CGRectMake(double x, double y, double width, double height) { return NSMakeRect(x, y, width, height); }
enum : uint32_t { kCGImageAlphaPremultipliedLast = 1, kCGBitmapByteOrder32Big = 4 << 12 };

#ifdef __cplusplus
extern "C" {
#endif
extern const CFStringRef kCGColorSpaceSRGB;
size_t CGImageGetWidth(CGImageRef image);
size_t CGImageGetHeight(CGImageRef image);
void CGImageRelease(CGImageRef image);
CGColorSpaceRef CGColorSpaceCreateWithName(CFStringRef name);
void CGColorSpaceRelease(CGColorSpaceRef space);
CGContextRef CGBitmapContextCreate(void *data, size_t width, size_t height, size_t bitsPerComponent, size_t bytesPerRow, CGColorSpaceRef space, uint32_t bitmapInfo);
void CGContextDrawImage(CGContextRef context, CGRect rect, CGImageRef image);
void CGContextRelease(CGContextRef context);
#ifdef __cplusplus
}
#endif
