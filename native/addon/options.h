// Reading one plain options object from JavaScript. The first wrong value is remembered as a sentence; reads
// after it return defaults, so that a parser reads straight down and asks once at the end.
#pragma once

#include <napi.h>

#include <string>

namespace saccade::addon {

class Options {
 public:
  Options(Napi::Object object, std::string name, std::string* error)
      : object_(object), name_(std::move(name)), error_(error) {}

  int Int(const char* key, int low, int high) {
    const Napi::Value value = Get(key);
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : low - 1.0;
    if (!(number >= low && number <= high) || number != static_cast<double>(static_cast<int>(number))) {
      Fail(key, "must be a whole number, " + std::to_string(low) + ".." + std::to_string(high));
      return low;
    }
    return static_cast<int>(number);
  }

  float Float(const char* key) {
    const Napi::Value value = Get(key);
    if (!value.IsNumber()) {
      Fail(key, "must be a number");
      return 0;
    }
    return value.As<Napi::Number>().FloatValue();
  }

  bool Bool(const char* key) {
    const Napi::Value value = Get(key);
    if (!value.IsBoolean()) Fail(key, "must be true or false");
    return value.IsBoolean() && value.As<Napi::Boolean>().Value();
  }

  std::string String(const char* key) {
    const Napi::Value value = Get(key);
    if (!value.IsString()) Fail(key, "must be a string");
    return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
  }

  // An array of at most `most` values; empty when there is none.
  Napi::Array Array(const char* key, uint32_t most) {
    const Napi::Value value = Get(key);
    if (value.IsArray() && value.As<Napi::Array>().Length() <= most) return value.As<Napi::Array>();
    Fail(key, "must be a list of at most " + std::to_string(most));
    return Napi::Array::New(object_.Env());
  }

  // A typed array of one type; empty and an error when there is none.
  template <class T>
  Napi::TypedArrayOf<T> Typed(const char* key, napi_typedarray_type type) {
    const Napi::Value value = Get(key);
    if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type) {
      return value.As<Napi::TypedArrayOf<T>>();
    }
    Fail(key, "must be a typed array of the right kind");
    return Napi::TypedArrayOf<T>::New(object_.Env(), 0);
  }

  Options Child(const char* key) {
    const Napi::Value value = Get(key);
    if (!value.IsObject()) Fail(key, "must be an object");
    return Options(value.IsObject() ? value.As<Napi::Object>() : Napi::Object::New(object_.Env()),
                   name_ + "." + key, error_);
  }

  bool Has(const char* key) { return !Get(key).IsUndefined(); }
  Napi::Value Get(const char* key) {
    Napi::MaybeOrValue<Napi::Value> value = object_.Get(key);
    if (!object_.Env().IsExceptionPending()) return value;
    object_.Env().GetAndClearPendingException();
    return object_.Env().Undefined();
  }

  const std::string& name() const { return name_; }
  std::string* error() const { return error_; }
  void Fail(const char* key, const std::string& what) {
    if (error_->empty()) *error_ = name_ + "." + key + " " + what;
  }

 private:
  Napi::Object object_;
  std::string name_;
  std::string* error_;
};

}  // namespace saccade::addon
