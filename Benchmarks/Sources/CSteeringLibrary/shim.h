/* The header that the measured library ships with. */
#include "../../../Sources/CSteering/include/steering.h"
