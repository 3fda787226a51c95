#include "io_report.h"

#include <dlfcn.h>

#ifdef COREML_STANDIN
#include "control.h"
#define IO_REPORT_LIBRARY standin::ioReportLibrary()
#else
#define IO_REPORT_LIBRARY "/usr/lib/libIOReport.dylib"
#endif

namespace power {
namespace {

template <typename Function>
bool find(void *library, const char *name, Function &function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

} // namespace

const IOReport *ioReport() {
  void *library = dlopen(IO_REPORT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  static IOReport functions;
  static const bool complete = find(library, "IOReportCopyChannelsInGroup", functions.copyChannelsInGroup) &&
                               find(library, "IOReportMergeChannels", functions.mergeChannels) &&
                               find(library, "IOReportCreateSubscription", functions.createSubscription) &&
                               find(library, "IOReportCreateSamples", functions.createSamples) &&
                               find(library, "IOReportCreateSamplesDelta", functions.createSamplesDelta) &&
                               find(library, "IOReportChannelGetFormat", functions.channelGetFormat) &&
                               find(library, "IOReportChannelGetGroup", functions.channelGetGroup) &&
                               find(library, "IOReportChannelGetSubGroup", functions.channelGetSubGroup) &&
                               find(library, "IOReportChannelGetChannelName", functions.channelGetChannelName) &&
                               find(library, "IOReportChannelGetUnitLabel", functions.channelGetUnitLabel) &&
                               find(library, "IOReportSimpleGetIntegerValue", functions.simpleGetIntegerValue) &&
                               find(library, "IOReportStateGetCount", functions.stateGetCount) &&
                               find(library, "IOReportStateGetResidency", functions.stateGetResidency);
  return complete ? &functions : nullptr;
}

} // namespace power
