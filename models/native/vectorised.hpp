// Compile a plain loop for the vector units of newer processors as well; chosen at load time.
#pragma once

#ifndef VECTORISED
#define VECTORISED __attribute__((target_clones("default", "arch=x86-64-v3")))
#endif
