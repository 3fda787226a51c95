// Availability marks carry no meaning off Apple's platforms; the stand-in checks versions at run time instead (control.h).
#pragma once
#define API_AVAILABLE(...)
#define API_UNAVAILABLE(...)
#define API_DEPRECATED(...)
#define API_TO_BE_DEPRECATED 100000
