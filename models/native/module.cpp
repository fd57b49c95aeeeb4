// The extension module `saldopas.models.native._native`.
#include <nanobind/nanobind.h>

namespace saldopas {
void bind_plan_solver(nanobind::module_& m);
void bind_ranker(nanobind::module_& m);
}

NB_MODULE(_native, module) {
    nanobind::set_leak_warnings(false);  // objects may live until the interpreter ends
    module.doc() = "Ranking and plan search in machine code.";
    saldopas::bind_plan_solver(module);
    saldopas::bind_ranker(module);
}
