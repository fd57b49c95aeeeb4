// The extension module `saldopas.models.native._native`.
#include <nanobind/nanobind.h>

NB_MODULE(_native, module) { module.doc() = "Ranking and plan search in machine code."; }
