// GNUstep's headers ask for this name; Debian ships the same declarations as Block.h.
#pragma once
#include <Block.h>
