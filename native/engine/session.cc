#include "engine/session.h"

#include <utility>

namespace saccade::engine {

Session::Session(std::unique_ptr<Network> network, Done done, void* context)
    : network_(std::move(network)), done_(done), context_(context) {}

std::unique_ptr<Session> Session::Open(const Plan& plan, const detect::Settings& settings,
                                       const std::vector<float>& strides, const kernels::Table& table,
                                       const LoadOptions& options, Done done, void* context,
                                       std::string* error) {
  std::unique_ptr<Network> network = Network::Load(plan, table, options, error);
  if (!network) return nullptr;
  if (strides.size() != plan.outputs.size()) {
    *error = "the head has " + std::to_string(strides.size()) + " strides for " +
             std::to_string(plan.outputs.size()) + " outputs";
    return nullptr;
  }
  std::vector<detect::HeadShape> shapes;
  for (size_t i = 0; i < plan.outputs.size(); i++) {
    const Tensor& tensor = plan.tensors[static_cast<size_t>(plan.outputs[i])];
    shapes.push_back({tensor.channels, tensor.height, tensor.width, strides[i]});
  }
  std::unique_ptr<Session> session(new Session(std::move(network), done, context));
  *error = session->detector_.Prepare(settings, shapes);
  if (!error->empty()) return nullptr;
  for (size_t i = 0; i < plan.outputs.size(); i++) {
    const kernels::RealMap map = session->network_->Output(i);
    session->heads_.push_back({map.data, 1, map.Row(), static_cast<size_t>(map.channels)});
  }
  return session;
}

bool Session::StartThreads(int threads) {
  return network_->StartThreads(threads) && thread_.Start<Session, &Session::Loop>(this);
}

Session::~Session() {
  if (!thread_.started()) return;
  Abort();
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.Join();
}

void Session::Start(const Job& job) {
  {
    std::lock_guard lock(mutex_);
    job_ = job;
    waiting_ = true;
    abort_.store(false, std::memory_order_relaxed);
  }
  wake_.notify_one();
}

void Session::Loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return waiting_ || stop_; });
    if (stop_) return;
    waiting_ = false;
    lock.unlock();
    done_(context_, RunJob());
    lock.lock();
  }
}

Result Session::RunJob() {
  const Outcome outcome = network_->Run(job_.frame, abort_, job_.probe);
  if (outcome != Outcome::kDone) return {outcome, 0};
  return {outcome, detector_.Run(heads_.data(), job_.rows)};
}

}  // namespace saccade::engine
