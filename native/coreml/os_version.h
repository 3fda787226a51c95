// The one place where versions of the operating system are asked for. `@available` is always true on GNUstep, so the stand-in answers from its own switch.
#pragma once

#ifdef COREML_STANDIN
#include "control.h"
#define IF_OS_AT_LEAST(mac, ios) if (standin::osAtLeast(mac))
#else
#define IF_OS_AT_LEAST(mac, ios) if (@available(macOS mac, iOS ios, *))
#endif
