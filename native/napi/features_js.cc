#include "features_js.h"

#include <cstring>

#include "array_buffers.h"
#include "environment.h"
#include "errors_js.h"
#include "strided_copy.h"

namespace binding {
namespace {

using namespace coreml;

Bytes bytesFrom(const std::string &name, Napi::Value value) {
  if (!value.IsTypedArray()) refuse(value.Env(), "\"" + name + "\": expected bytes");
  return bytesOf(value.As<Napi::TypedArray>());
}

std::shared_ptr<Buffer> bufferOf(Napi::Env env, const std::string &name, size_t bytes) {
  auto buffer = Buffer::create(bytes);
  if (buffer == nullptr) fail(env, Error{"ERR_PREDICT", "\"" + name + "\": no memory for " + std::to_string(bytes) + " bytes", {}, 0, {}});
  return buffer;
}

ElementType elementTypeFrom(Napi::Env env, const std::string &name, const std::string &type) {
  for (ElementType each : {ElementType::float32, ElementType::float16, ElementType::float64, ElementType::int32, ElementType::int8}) {
    if (type == elementTypeName(each)) return each;
  }
  refuse(env, "\"" + name + "\": Core ML has no arrays of " + type);
}

std::vector<int64_t> shapeFrom(Napi::Value value) {
  auto list = value.As<Napi::Array>();
  std::vector<int64_t> shape(list.Length());
  for (uint32_t i = 0; i < shape.size(); ++i) shape[i] = list.Get(i).As<Napi::Number>().Int64Value();
  return shape;
}

PixelFormat formatFrom(Napi::Env env, const std::string &name, const std::string &format) {
  if (format == "rgba") return PixelFormat::rgba;
  if (format == "bgra") return PixelFormat::bgra;
  if (format == "gray8") return PixelFormat::gray8;
  if (format == "gray16f") return PixelFormat::gray16f;
  refuse(env, "image \"" + name + "\": unknown pixel format " + format);
}

// Core ML takes bgra: the channels are swapped in the one copy that is made anyway.
ImageValue imageFrom(const std::string &name, Napi::Object object) {
  Napi::Env env = object.Env();
  ImageValue image;
  PixelFormat given = formatFrom(env, name, object.Get("format").As<Napi::String>());
  image.format = given == PixelFormat::rgba ? PixelFormat::bgra : given;
  int64_t width = object.Get("width").As<Napi::Number>().Int64Value();
  int64_t height = object.Get("height").As<Napi::Number>().Int64Value();
  if (width <= 0 || height <= 0 || width > 65535 || height > 65535) refuse(env, "image \"" + name + "\": impossible size");
  image.width = static_cast<size_t>(width);
  image.height = static_cast<size_t>(height);
  size_t packed = image.width * bytesPerPixel(given);
  image.bytesPerRow = (packed + 63) / 64 * 64; // rows aligned for vector units
  Bytes bytes = bytesFrom(name, object.Get("bytes"));
  if (bytes.length != packed * image.height) {
    refuse(env, "image \"" + name + "\": expected " + std::to_string(packed * image.height) + " bytes, got " + std::to_string(bytes.length));
  }
  image.pixels = bufferOf(env, name, image.bytesPerRow * image.height);
  auto *source = reinterpret_cast<const uint8_t *>(bytes.data);
  auto *target = static_cast<uint8_t *>(image.pixels->data());
  for (size_t y = 0; y < image.height; ++y, source += packed, target += image.bytesPerRow) {
    if (given != PixelFormat::rgba) {
      std::memcpy(target, source, packed);
    } else {
      for (size_t x = 0; x < packed; x += 4) {
        target[x] = source[x + 2];
        target[x + 1] = source[x + 1];
        target[x + 2] = source[x];
        target[x + 3] = source[x + 3];
      }
    }
    std::memset(target + packed, 0, image.bytesPerRow - packed);
  }
  return image;
}

int64_t int64From(Napi::Value value) {
  bool lossless = true;
  int64_t number = value.As<Napi::BigInt>().Int64Value(&lossless);
  if (!lossless) refuse(value.Env(), "an integer does not fit 64 bits");
  return number;
}

// A list of strings or of bigints.
bool listFrom(Napi::Value value, std::vector<std::string> &strings, std::vector<int64_t> &integers) {
  auto list = value.As<Napi::Array>();
  bool areIntegers = list.Length() > 0 && list.Get(0u).IsBigInt();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    if (areIntegers) integers.push_back(int64From(list.Get(i)));
    else strings.push_back(list.Get(i).As<Napi::String>());
  }
  return areIntegers;
}

DictionaryValue dictionaryFrom(const std::string &name, Napi::Object object) {
  DictionaryValue dictionary;
  dictionary.integerKeys = listFrom(object.Get("keys"), dictionary.strings, dictionary.integers);
  auto values = object.Get("values").As<Napi::Float64Array>();
  dictionary.values.assign(values.Data(), values.Data() + values.ElementLength());
  if (dictionary.values.size() != dictionary.strings.size() + dictionary.integers.size()) refuse(object.Env(), "\"" + name + "\": as many keys as values are needed");
  return dictionary;
}

SequenceValue sequenceFrom(Napi::Object object) {
  SequenceValue sequence;
  sequence.integers = listFrom(object.Get("items"), sequence.strings, sequence.numbers) || object.Get("integers").ToBoolean();
  return sequence;
}

Value valueFrom(const std::string &name, Napi::Object object) {
  std::string kind = object.Get("kind").As<Napi::String>();
  if (kind == "array") return arrayFrom(name, object);
  if (kind == "image") return imageFrom(name, object);
  if (kind == "dictionary") return dictionaryFrom(name, object);
  if (kind == "sequence") return sequenceFrom(object);
  if (kind == "int64") return int64From(object.Get("value"));
  if (kind == "double") return object.Get("value").As<Napi::Number>().DoubleValue();
  if (kind == "string") return std::string(object.Get("value").As<Napi::String>());
  refuse(object.Env(), "\"" + name + "\": unknown kind of value " + kind);
}

Napi::Array toList(Napi::Env env, bool integers, const std::vector<std::string> &strings, const std::vector<int64_t> &numbers) {
  size_t count = integers ? numbers.size() : strings.size();
  Napi::Array list = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; ++i) {
    if (integers) list.Set(i, Napi::BigInt::New(env, numbers[i]));
    else list.Set(i, strings[i]);
  }
  return list;
}

Napi::Object ofKind(Napi::Env env, const char *kind) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", kind);
  return object;
}

Napi::Value toJavaScript(Napi::Env env, const DictionaryValue &value) {
  Napi::Object object = ofKind(env, "dictionary");
  object.Set("keys", toList(env, value.integerKeys, value.strings, value.integers));
  auto values = Napi::Float64Array::New(env, value.values.size());
  for (size_t i = 0; i < value.values.size(); ++i) values[i] = value.values[i];
  object.Set("values", values);
  return object;
}

Napi::Value toJavaScript(Napi::Env env, const SequenceValue &value) {
  Napi::Object object = ofKind(env, "sequence");
  object.Set("items", toList(env, value.integers, value.strings, value.numbers));
  return object;
}

Napi::Value toJavaScript(Napi::Env env, int64_t value) {
  Napi::Object object = ofKind(env, "int64");
  object.Set("value", Napi::BigInt::New(env, value));
  return object;
}

Napi::Value toJavaScript(Napi::Env env, double value) {
  Napi::Object object = ofKind(env, "double");
  object.Set("value", value);
  return object;
}

Napi::Value toJavaScript(Napi::Env env, const std::string &value) {
  Napi::Object object = ofKind(env, "string");
  object.Set("value", value);
  return object;
}

} // namespace

Napi::Array toNumbers(Napi::Env env, const std::vector<int64_t> &values) {
  Napi::Array list = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) list.Set(i, static_cast<double>(values[i]));
  return list;
}

ArrayValue arrayFrom(const std::string &name, Napi::Object object) {
  Napi::Env env = object.Env();
  ArrayValue array;
  array.type = elementTypeFrom(env, name, object.Get("type").As<Napi::String>());
  array.shape = shapeFrom(object.Get("dims"));
  Bytes bytes = bytesFrom(name, object.Get("bytes"));
  int64_t count = elementCount(array.shape);
  if (count < 0 || static_cast<uint64_t>(count) * elementSize(array.type) != bytes.length) {
    refuse(env, "\"" + name + "\": its shape needs another number of bytes than the " + std::to_string(bytes.length) + " given");
  }
  array.bytes = Environment::of(env).allocated->find(bytes.buffer());
  if (array.bytes != nullptr && bytes.offset % elementSize(array.type) == 0) {
    array.offset = bytes.offset;
    return array;
  }
  array.bytes = bufferOf(env, name, bytes.length);
  if (bytes.length > 0) std::memcpy(array.bytes->data(), bytes.data, bytes.length);
  return array;
}

Features featuresFrom(Napi::Value value) {
  auto object = value.As<Napi::Object>();
  Napi::Array names = object.GetPropertyNames();
  Features features;
  features.reserve(names.Length());
  for (uint32_t i = 0; i < names.Length(); ++i) {
    Napi::Value key = names.Get(i);
    std::string name = key.ToString();
    features.emplace_back(name, valueFrom(name, object.Get(key).As<Napi::Object>()));
  }
  return features;
}

std::vector<std::pair<std::string, ArrayValue>> backingsFrom(Napi::Value value) {
  std::vector<std::pair<std::string, ArrayValue>> backings;
  if (!value.IsObject()) return backings;
  auto object = value.As<Napi::Object>();
  Napi::Array names = object.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    std::string name = names.Get(i).ToString();
    Napi::Object each = object.Get(name).As<Napi::Object>();
    Bytes bytes = bytesFrom(name, each.Get("bytes"));
    if (Environment::of(value.Env()).allocated->find(bytes.buffer()) == nullptr) refuse(value.Env(), "output \"" + name + "\": its memory did not come from allocate()");
    backings.emplace_back(name, arrayFrom(name, each));
  }
  return backings;
}

Napi::Value toJavaScript(Napi::Env env, const ArrayValue &value) {
  Napi::Object object = ofKind(env, "array");
  object.Set("type", elementTypeName(value.type));
  object.Set("dims", toNumbers(env, value.shape));
  object.Set("zeroCopy", value.zeroCopy);
  // Memory of allocate() is in JavaScript's hands already; it has an ArrayBuffer of its own.
  if (Environment::of(env).allocated->find(value.bytes->data()) == nullptr) object.Set("buffer", toArrayBuffer(env, value.bytes));
  return object;
}

Napi::Value toJavaScript(Napi::Env env, const ImageValue &value) {
  static const char *const names[] = {"rgba", "bgra", "gray8", "gray16f"};
  Napi::Object object = ofKind(env, "image");
  object.Set("format", names[static_cast<int>(value.format)]);
  object.Set("width", static_cast<double>(value.width));
  object.Set("height", static_cast<double>(value.height));
  object.Set("buffer", toArrayBuffer(env, value.pixels));
  return object;
}

Napi::Value toJavaScript(Napi::Env env, const Features &features) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto &[name, value] : features) {
    const std::string &key = name;
    object.Set(key, std::visit([&](const auto &content) -> Napi::Value { return toJavaScript(env, content); }, value));
  }
  return object;
}

Napi::Value toJavaScript(Napi::Env env, const Prediction &prediction) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("outputs", toJavaScript(env, prediction.outputs));
  object.Set("nanoseconds", static_cast<double>(prediction.nanoseconds));
  return object;
}

} // namespace binding
