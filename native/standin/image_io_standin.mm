// ImageIO and Core Graphics, for one made-up kind of file that passes as HEIC: byte 0 is the index of the only image that can be had, which is the primary one,
// bytes 4…11 are "ftypheic", then width and height (16 bits each, little-endian),
// the EXIF orientation (one byte: 1 upright, 3 upside down, 6 to be turned right), and rgba pixels, not premultiplied.
#import <CoreGraphics/CoreGraphics.h>
#import <ImageIO/ImageIO.h>

#include <algorithm>
#include <cstring>

#include "internal.h"

const CFStringRef kCGImageSourceCreateThumbnailFromImageAlways = (CFStringRef) @"kCGImageSourceCreateThumbnailFromImageAlways";
const CFStringRef kCGImageSourceCreateThumbnailWithTransform = (CFStringRef) @"kCGImageSourceCreateThumbnailWithTransform";
const CFStringRef kCGImageSourceThumbnailMaxPixelSize = (CFStringRef) @"kCGImageSourceThumbnailMaxPixelSize";
const CFStringRef kCGImagePropertyPixelWidth = (CFStringRef) @"PixelWidth";
const CFStringRef kCGImagePropertyPixelHeight = (CFStringRef) @"PixelHeight";
const CFStringRef kCGColorSpaceSRGB = (CFStringRef) @"kCGColorSpaceSRGB";

@interface StandinImage : NSObject {
 @public
  size_t width_, height_;
  int orientation_;
  size_t index_;
  std::vector<uint8_t> *rgba_;
}
@end
@implementation StandinImage
COUNT_BIRTHS
- (void)dealloc {
  COUNT_DEATH;
  delete rgba_;
  [super dealloc];
}
@end

@interface StandinContext : NSObject {
 @public
  uint8_t *bytes_;
  size_t width_, height_, bytesPerRow_;
  bool isSRGB_;
}
@end
@implementation StandinContext
COUNT_BIRTHS
- (void)dealloc {
  COUNT_DEATH;
  [super dealloc];
}
@end

static constexpr size_t headerBytes = 17;

CGImageSourceRef CGImageSourceCreateWithData(CFDataRef reference, CFDictionaryRef) {
  NSData *data = (NSData *)reference;
  auto *bytes = static_cast<const uint8_t *>([data bytes]);
  if ([data length] < headerBytes || std::memcmp(bytes + 4, "ftypheic", 8) != 0) return nullptr;
  StandinImage *image = [[StandinImage alloc] init];
  image->index_ = bytes[0];
  image->width_ = bytes[12] + 256u * bytes[13];
  image->height_ = bytes[14] + 256u * bytes[15];
  image->orientation_ = bytes[16];
  image->rgba_ = new std::vector<uint8_t>(bytes + headerBytes, bytes + [data length]);
  return (CGImageSourceRef)image;
}

size_t CGImageSourceGetPrimaryImageIndex(CGImageSourceRef source) { return ((StandinImage *)source)->index_; }

CFDictionaryRef CGImageSourceCopyPropertiesAtIndex(CGImageSourceRef source, size_t index, CFDictionaryRef) {
  StandinImage *image = (StandinImage *)source;
  if (index != image->index_) return nullptr;
  NSNumber *width = [NSNumber numberWithUnsignedInteger:image->width_], *height = [NSNumber numberWithUnsignedInteger:image->height_];
  return (CFDictionaryRef)[[NSDictionary alloc] initWithObjectsAndKeys:width, (id)kCGImagePropertyPixelWidth, height, (id)kCGImagePropertyPixelHeight, nil];
}

// Every `step`-th pixel of every `step`-th row.
static CGImageRef shrunk(StandinImage *image, size_t step) {
  StandinImage *result = [[StandinImage alloc] init];
  result->width_ = (image->width_ + step - 1) / step;
  result->height_ = (image->height_ + step - 1) / step;
  result->rgba_ = new std::vector<uint8_t>(4 * result->width_ * result->height_);
  for (size_t y = 0; y < result->height_; ++y) {
    for (size_t x = 0; x < result->width_; ++x) {
      std::memcpy(result->rgba_->data() + 4 * (y * result->width_ + x), image->rgba_->data() + 4 * step * (y * image->width_ + x), 4);
    }
  }
  return (CGImageRef)result;
}

CGImageRef CGImageSourceCreateThumbnailAtIndex(CGImageSourceRef source, size_t index, CFDictionaryRef reference) {
  standin::throwIf(standin::settings().throwFromDecode, @"ImageIO");
  StandinImage *image = (StandinImage *)source;
  if (index != image->index_) return nullptr;
  NSDictionary *options = (NSDictionary *)reference;
  if (image->rgba_->size() != image->width_ * image->height_ * 4) return nullptr; // a file cut short
  size_t longest = std::max(image->width_, image->height_);
  // Unless told otherwise, ImageIO takes the small picture that cameras put beside the large one; and it makes none beyond the size that it is given.
  if (![[options objectForKey:(id)kCGImageSourceCreateThumbnailFromImageAlways] boolValue]) return shrunk(image, longest);
  size_t most = [[options objectForKey:(id)kCGImageSourceThumbnailMaxPixelSize] unsignedIntegerValue];
  if (most < longest) return shrunk(image, (longest + most - 1) / std::max<size_t>(most, 1));
  StandinImage *result = [[StandinImage alloc] init];
  bool turn = [[options objectForKey:(id)kCGImageSourceCreateThumbnailWithTransform] boolValue];
  int orientation = turn ? image->orientation_ : 1;
  size_t width = image->width_, height = image->height_;
  result->width_ = orientation == 6 ? height : width;
  result->height_ = orientation == 6 ? width : height;
  result->rgba_ = new std::vector<uint8_t>(image->rgba_->size());
  for (size_t y = 0; y < height; ++y) {
    for (size_t x = 0; x < width; ++x) {
      size_t toX = orientation == 6 ? height - 1 - y : orientation == 3 ? width - 1 - x : x;
      size_t toY = orientation == 6 ? x : orientation == 3 ? height - 1 - y : y;
      std::memcpy(result->rgba_->data() + 4 * (toY * result->width_ + toX), image->rgba_->data() + 4 * (y * width + x), 4);
    }
  }
  return (CGImageRef)result;
}

size_t CGImageGetWidth(CGImageRef image) { return ((StandinImage *)image)->width_; }
size_t CGImageGetHeight(CGImageRef image) { return ((StandinImage *)image)->height_; }
void CGImageRelease(CGImageRef image) { [(id)image release]; }
CGColorSpaceRef CGColorSpaceCreateWithName(CFStringRef name) { return (CGColorSpaceRef)[(id)name retain]; }
void CGColorSpaceRelease(CGColorSpaceRef space) { [(id)space release]; }

CGContextRef CGBitmapContextCreate(void *data, size_t width, size_t height, size_t, size_t bytesPerRow, CGColorSpaceRef space, uint32_t bitmapInfo) {
  if (space == nullptr || bitmapInfo != (kCGImageAlphaPremultipliedLast | kCGBitmapByteOrder32Big)) return nullptr;
  StandinContext *context = [[StandinContext alloc] init];
  context->bytes_ = static_cast<uint8_t *>(data);
  context->width_ = width;
  context->height_ = height;
  context->bytesPerRow_ = bytesPerRow;
  context->isSRGB_ = [(NSString *)space isEqualToString:(NSString *)kCGColorSpaceSRGB];
  return (CGContextRef)context;
}

void CGContextDrawImage(CGContextRef reference, CGRect, CGImageRef imageReference) {
  StandinContext *context = (StandinContext *)reference;
  StandinImage *image = (StandinImage *)imageReference;
  for (size_t y = 0; y < context->height_; ++y) {
    for (size_t x = 0; x < context->width_; ++x) {
      const uint8_t *from = image->rgba_->data() + 4 * (y * image->width_ + x);
      uint8_t *to = context->bytes_ + y * context->bytesPerRow_ + 4 * x;
      for (int channel = 0; channel < 3; ++channel) {
        int colour = context->isSRGB_ ? from[channel] : 255 - from[channel]; // in another space they are other numbers
        to[channel] = static_cast<uint8_t>((colour * from[3] + 127) / 255);
      }
      to[3] = from[3];
    }
  }
}

void CGContextRelease(CGContextRef context) { [(id)context release]; }
