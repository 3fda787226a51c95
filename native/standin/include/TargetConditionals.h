#pragma once
#ifndef TARGET_OS_IPHONE
#define TARGET_OS_IPHONE 0
#endif
#define TARGET_OS_OSX (!TARGET_OS_IPHONE)
