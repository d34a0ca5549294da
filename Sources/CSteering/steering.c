/* The header alone: a SwiftPM target needs a source file. */
#include "steering.h"
