// JavaScript classes over native objects: type-tagged, so that a method called on a wrong object is a TypeError and no crash.
#pragma once
#include <napi.h>

#include <string>
#include <utility>
#include <vector>

#include "environment.h"

namespace binding {

// `Content` is what an object of the class owns; it has `static constexpr const char *className` and `static constexpr napi_type_tag tag`.
template <typename Content>
class Handle {
 public:
  // Defines the class with these properties on its prototype. JavaScript itself cannot construct one.
  static void define(Napi::Env env, Napi::Object exports, const std::vector<Napi::PropertyDescriptor> &properties) {
    Napi::Function constructor = makeConstructor(env);
    constructor.Get("prototype").As<Napi::Object>().DefineProperties(properties);
    Environment::of(env).constructors[Content::className] = Napi::Persistent(constructor);
    exports.Set(Content::className, constructor);
  }

  static Napi::Object create(Napi::Env env, Content content) {
    Environment &environment = Environment::of(env);
    environment.constructing = true;
    Napi::Object object = environment.constructors[Content::className].New({});
    environment.constructing = false;
    auto *owned = new Content(std::move(content));
    if (napi_wrap(env, object, owned, finalize, nullptr, nullptr) != napi_ok || napi_type_tag_object(env, object, &Content::tag) != napi_ok) {
      throw Napi::Error::New(env, std::string(Content::className) + " could not be wrapped");
    }
    return object;
  }

  // Throws a TypeError for anything that is no object of this class.
  static Content &of(Napi::Env env, Napi::Value value) {
    bool same = false;
    void *content = nullptr;
    if (!value.IsObject() || napi_check_object_type_tag(env, value, &Content::tag, &same) != napi_ok || !same || napi_unwrap(env, value, &content) != napi_ok) {
      throw Napi::TypeError::New(env, std::string("expected a ") + Content::className + " of this addon");
    }
    return *static_cast<Content *>(content);
  }

  static Content &self(const Napi::CallbackInfo &info) { return of(info.Env(), info.This()); }

 private:
  static Napi::Function makeConstructor(Napi::Env env) {
    napi_value constructor;
    napi_status status = napi_define_class(env, Content::className, NAPI_AUTO_LENGTH, construct, nullptr, 0, nullptr, &constructor);
    if (status != napi_ok) throw Napi::Error::New(env);
    return Napi::Function(env, constructor);
  }

  static napi_value construct(napi_env env, napi_callback_info info) {
    if (!Environment::of(env).constructing) {
      napi_throw_type_error(env, nullptr, (std::string(Content::className) + " has no public constructor").c_str());
      return nullptr;
    }
    napi_value self;
    napi_get_cb_info(env, info, nullptr, nullptr, &self, nullptr);
    return self;
  }

  static void finalize(napi_env, void *content, void *) { delete static_cast<Content *>(content); }
};

template <Napi::Value (*method)(const Napi::CallbackInfo &)>
Napi::PropertyDescriptor methodNamed(Napi::Env env, const char *name) {
  return Napi::PropertyDescriptor::Value(name, Napi::Function::New<method>(env, name), napi_default_method);
}

} // namespace binding
