// Compile a plain loop for the vector units of newer processors as well; chosen at load time.
#pragma once

#ifndef VECTORISED
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && __GNUC__ >= 12
#define VECTORISED __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define VECTORISED
#endif
#endif
