#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
int sysctlbyname(const char *name, void *oldValue, size_t *oldLength, void *newValue, size_t newLength);
#ifdef __cplusplus
}
#endif
