#pragma once
#import <Foundation/Foundation.h>

namespace standin {

// The compute devices of the machine that the stand-in plays now.
NSArray *availableDevices();

} // namespace standin
