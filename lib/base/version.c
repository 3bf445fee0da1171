/* SPDX-License-Identifier: BSD-3-Clause */
#include <saddle/version.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

int32_t saddle_version(void)
{
    return SADDLE_VERSION_MAJOR * 1000000 + SADDLE_VERSION_MINOR * 1000 + SADDLE_VERSION_PATCH;
}

const char *saddle_version_string(void)
{
    return TEXT(SADDLE_VERSION_MAJOR) "." TEXT(SADDLE_VERSION_MINOR) "." TEXT(SADDLE_VERSION_PATCH);
}
