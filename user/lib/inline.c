// SPDX-License-Identifier: MIT
/* The inline functions of the header once more, as symbols. */
#define SHMRING_INLINE
#include "shmring.h"
