// What native/ uses of Metal: the devices and their names.
#pragma once
#include <Foundation/Foundation.h>

@protocol MTLDevice <NSObject>
@property(readonly) NSString *name;
@end

#ifdef __cplusplus
extern "C" {
#endif
NSArray *MTLCopyAllDevices(void);
id<MTLDevice> MTLCreateSystemDefaultDevice(void);
#ifdef __cplusplus
}
#endif
