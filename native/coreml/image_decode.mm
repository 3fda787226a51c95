#include "image_decode.h"

#import <CoreGraphics/CoreGraphics.h>
#import <Foundation/Foundation.h>
#import <ImageIO/ImageIO.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "errors_objc.h"
#include "threads.h"
#include "unpremultiply.h"

namespace coreml {
namespace {

using OwnedType = Owned<CFTypeRef, CFRelease>;
using OwnedImage = Owned<CGImageRef, CGImageRelease>;
using OwnedSpace = Owned<CGColorSpaceRef, CGColorSpaceRelease>;
using OwnedContext = Owned<CGContextRef, CGContextRelease>;

Error undecodable(const std::string &why) { return Error{"ERR_INPUT", "the image file could not be decoded: " + why, {}, 0, {}}; }

Error unreadable(const std::string &why) { return Error{"ERR_FILE", "the image file could not be read: " + why, {}, 0, {}}; }

// As for PNG and JPEG (src/images/limits.ts): a small file may claim to be gigabytes.
constexpr int64_t maxPixels = 100'000'000;

struct Size {
  int64_t width = 0, height = 0;
};

// What the file claims; empty where there is no image in it.
Size claimedSize(CGImageSourceRef source, size_t index) {
  OwnedType owner(CGImageSourceCopyPropertiesAtIndex(source, index, nullptr));
  if (!owner) return {};
  NSDictionary *properties = (NSDictionary *)owner.get();
  return {[[properties objectForKey:(NSString *)kCGImagePropertyPixelWidth] longLongValue],
          [[properties objectForKey:(NSString *)kCGImagePropertyPixelHeight] longLongValue]};
}

// The "thumbnail" of full size is what ImageIO turns upright by the file's orientation.
OwnedImage uprightImage(CGImageSourceRef source, size_t index, Size size) {
  NSDictionary *options = @{
    (NSString *)kCGImageSourceCreateThumbnailFromImageAlways : [NSNumber numberWithBool:YES],
    (NSString *)kCGImageSourceCreateThumbnailWithTransform : [NSNumber numberWithBool:YES],
    (NSString *)kCGImageSourceThumbnailMaxPixelSize : [NSNumber numberWithLongLong:std::max(size.width, size.height)],
  };
  return OwnedImage(CGImageSourceCreateThumbnailAtIndex(source, index, (CFDictionaryRef)options));
}

Result<ImageValue> draw(CGImageRef image) {
  ImageValue value;
  value.format = PixelFormat::rgba;
  value.width = CGImageGetWidth(image);
  value.height = CGImageGetHeight(image);
  value.bytesPerRow = value.width * 4;
  value.pixels = Buffer::createZeroed(value.bytesPerRow * value.height);
  if (value.pixels == nullptr) return undecodable("no memory for its pixels");
  OwnedSpace space(CGColorSpaceCreateWithName(kCGColorSpaceSRGB));
  OwnedContext context(CGBitmapContextCreate(value.pixels->data(), value.width, value.height, 8, value.bytesPerRow, space.get(),
                                             static_cast<uint32_t>(kCGImageAlphaPremultipliedLast) | static_cast<uint32_t>(kCGBitmapByteOrder32Big)));
  if (!context) return undecodable("Core Graphics made no bitmap of its size");
  CGContextDrawImage(context.get(), CGRectMake(0, 0, static_cast<double>(value.width), static_cast<double>(value.height)), image);
  context = OwnedContext();
  unpremultiply(value.pixels->data(), value.width * value.height);
  return value;
}

Result<ImageValue> decode(NSData *data) {
  OwnedType owner(CGImageSourceCreateWithData((CFDataRef)data, nullptr));
  if (!owner) return undecodable("ImageIO does not know its format");
  auto source = (CGImageSourceRef)owner.get();
  // The picture to show of a HEIC file need not be its first; of every other file it is.
  size_t index = CGImageSourceGetPrimaryImageIndex(source);
  Size size = claimedSize(source, index);
  if (size.width > 0 && size.height > maxPixels / size.width)
    return undecodable("it is too large (" + std::to_string(size.width) + "×" + std::to_string(size.height) + "; at most 100 million pixels are decoded)");
  OwnedImage image = uprightImage(source, index, size);
  if (!image) return undecodable("ImageIO found no image in it");
  return draw(image.get());
}

template <typename Decode>
void decodeOnSharedThread(std::function<void(Result<ImageValue>)> done, Decode decodeFile) {
  runOnSharedThread([done = std::move(done), decodeFile = std::move(decodeFile)] {
    Result<ImageValue> result = undecodable("nothing came of it");
    auto failure = guarded("ERR_INPUT", "the image file", [&] { result = decodeFile(); });
    done(failure ? Result<ImageValue>(*failure) : std::move(result));
  });
}

} // namespace

void decodeImage(std::shared_ptr<Buffer> file, std::function<void(Result<ImageValue>)> done) {
  decodeOnSharedThread(std::move(done), [file = std::move(file)] {
    return decode([NSData dataWithBytesNoCopy:file->data() length:file->size() freeWhenDone:NO]);
  });
}

void decodeImageAt(std::string path, std::function<void(Result<ImageValue>)> done) {
  decodeOnSharedThread(std::move(done), [path = std::move(path)]() -> Result<ImageValue> {
    struct stat info = {};
    if (stat(path.c_str(), &info) != 0) return unreadable(std::generic_category().message(errno));
    if (!S_ISREG(info.st_mode)) return unreadable("it is no file");
    NSData *data = [NSData dataWithContentsOfFile:toNSString(path)];
    return data == nil ? Result<ImageValue>(unreadable("no permission, or no memory")) : decode(data);
  });
}

} // namespace coreml
